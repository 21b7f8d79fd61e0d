package yeastar

import "time"

// roll is what a client knows of whom it has to ask: the members of the queues, and the
// extensions. It takes them as told for a while, and asks again.
type roll struct {
	queues, extensions rollCall
	// open are the queues of the list whose members were not told since.
	open map[int]bool
}

// rollCall is how one list of them was told last.
type rollCall struct {
	told time.Time
	// vain is true once it was asked for and was not told whole since.
	vain bool
}

// unlisted tells of which lists a client does not know that nobody is missing, although
// it has asked: whoever there is now may have a session that nobody else shows.
type unlisted struct{ queues, extensions bool }

// asks notes that the list of the queues or of the extensions is asked for, whatever comes of it.
func (r *roll) asks(endpoint string) {
	switch endpoint {
	case "message_queue/list":
		r.queues.vain, r.open = true, nil
	case "extension/list":
		r.extensions.vain = true
	}
}

// listed notes the queues of a list that was told whole.
func (r *roll) listed(rows []queueInfo, now time.Time) {
	r.open = make(map[int]bool, len(rows))
	for _, q := range rows {
		r.open[q.ID] = true
	}
	r.detailed(nil, now)
}

// detailed notes the queues whose members were told.
func (r *roll) detailed(list []queueInfo, now time.Time) {
	for _, q := range list {
		if q.Members != nil {
			delete(r.open, q.ID)
		}
	}
	if r.open != nil && len(r.open) == 0 {
		r.queues = rollCall{told: now}
	}
}

// unlisted tells what is not known at an instant.
func (r *roll) unlisted(now time.Time) unlisted {
	return unlisted{queues: r.queues.missing(now), extensions: r.extensions.missing(now)}
}

// missing tells whether what was told is too old, and nothing came in its place.
func (c rollCall) missing(now time.Time) bool { return c.vain && !now.Before(c.told.Add(modeLife)) }
