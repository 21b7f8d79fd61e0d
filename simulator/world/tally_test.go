package world

import "time"

// tally counts what happens in a world, as its records tell it.
type tally struct {
	counts map[string]int
	lives  map[int64]*life
	modes  map[int]Mode
}

// life is what was told of one session so far.
type life struct {
	queue             int // where it waits; 0 where it does not
	started, campaign bool
	handed, closed    bool // handed over by a bot; closed
	last              Record
}

func newTally(queues []Queue) *tally {
	t := &tally{counts: map[string]int{}, lives: map[int64]*life{}, modes: map[int]Mode{}}
	for _, q := range queues {
		t.modes[q.ID] = q.Mode
	}
	return t
}

func (t *tally) see(r Record) {
	l := t.lives[r.Session]
	if l == nil {
		l = &life{}
		t.lives[r.Session] = l
	}
	if l.last.ID != 0 && l.last.At.Equal(r.At) {
		t.counts["two records in a second"]++
	}
	switch r.Kind {
	case KindMessage:
		t.message(l, r)
	case KindTransferred, KindQueued:
		t.move(l, r)
	case KindPickedUp:
		l.queue = 0
	case KindClosed:
		if l.queue != 0 {
			t.counts["closed while it waits by "+string(r.Reason)]++
		}
		l.closed = true
		t.counts["closed by "+string(r.Reason)]++
	}
	l.last = r
}

func (t *tally) message(l *life, r Record) {
	switch {
	case !l.started && r.Template:
		l.campaign = true
	case !l.started && r.Side == SideAgent:
		t.counts["an agent first"]++
	case l.closed && r.Side == SideCustomer:
		t.counts["reopened by the customer"]++
	case l.closed:
		t.counts["reopened by an agent"]++
	}
	if l.last.ID != 0 && r.Side == SideCustomer && l.last.Kind == KindMessage && l.last.Side == SideCustomer {
		t.counts["two messages of the customer"]++
	}
	if l.campaign && l.started && r.Side == SideCustomer {
		t.counts["a campaign answered"]++
	}
	if r.Side == SideAgent && l.queue != 0 && t.modes[l.queue] == ModeAuto {
		t.counts["picked up by a reply"]++
		l.queue = 0
	}
	l.started, l.closed = true, false
}

func (t *tally) move(l *life, r Record) {
	from := map[Side]string{SideAgent: "an agent", SideAPI: "a bot", SideSystem: "the system"}[r.Side]
	l.queue = r.ToQueue
	switch {
	case r.Kind == KindQueued:
		t.counts["to a queue by "+from]++
	case r.To == string(API):
		t.counts["to a bot by "+from]++
		if l.handed {
			t.counts["back to a bot"]++
		}
	default:
		t.counts["to an agent by "+from]++
	}
	l.handed = l.handed || r.Side == SideAPI
}

// everythingThatHappens are the names of all that a lively world must show.
func everythingThatHappens() []string {
	return []string{
		"two records in a second", "closed while it waits by customer", "closed while it waits by timeout",
		"closed by agent", "closed by customer", "closed by timeout", "an agent first", "reopened by the customer", "reopened by an agent",
		"two messages of the customer", "a campaign answered", "picked up by a reply",
		"to a queue by an agent", "to a queue by a bot", "to a queue by the system",
		"to an agent by an agent", "to an agent by a bot", "to a bot by an agent", "back to a bot",
		"a reply failed", "failed and tried again", "failed and not tried again", "a late reply failed", "a window lost",
		"sending for ten minutes", "sending for an hour", "failed template",
	}
}

// look counts what only the records at an instant tell: deliveries and windows.
func (t *tally) look(w *World) {
	now := w.Now()
	var all []int64
	for id := range t.lives {
		all = append(all, id)
	}
	for _, thread := range w.Threads(all, 0, 1000) {
		end, has := thread.Session.WindowEnd()
		answered := false
		for i, r := range thread.Records {
			old := now.Sub(r.At)
			switch {
			case r.Delivery == Sending && old > time.Hour:
				t.counts["sending for an hour"]++
			case r.Delivery == Sending && old > 10*time.Minute:
				t.counts["sending for ten minutes"]++
			case r.Delivery == Failed && r.Template:
				t.counts["failed template"]++
			case r.Delivery == Failed && r.Failure == failTooLate:
				t.counts["a late reply failed"]++
			case r.Delivery == Failed:
				t.counts["a reply failed"]++
				if i > 0 && thread.Records[i-1].Side == r.Side && thread.Records[i-1].Kind == KindMessage {
					t.counts["failed and tried again"]++
				}
				if i == 0 && now.Sub(r.At) > time.Hour {
					t.counts["failed and not tried again"]++
				}
			}
			answered = answered || r.Kind == KindMessage && r.Side != SideCustomer && r.Delivery == Sent && r.At.After(thread.Session.LastInbound)
		}
		if has && !thread.Session.Closed && end.Before(now) && !answered && !thread.Session.API && !thread.Session.LastInbound.IsZero() {
			t.counts["a window lost"]++
		}
	}
}
