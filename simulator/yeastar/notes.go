package yeastar

import (
	"slices"
	"strconv"
	"sync"
	"time"

	"conversation_exporter/simulator/world"
)

// notes are what the API has shown so far. They know of the world no more than
// a client can know that had every whole answer; Expect reads them.
type notes struct {
	mu       sync.Mutex
	sessions map[int64]*note
	lists    map[world.Viewer]*listNote
	mode     map[int]modeNote
	places   map[world.Viewer]map[spot]Known
	tidyAt   int // number of sessions at which the old ones are dropped
	// directory is what was told of queues, extensions and channels.
	directory *directory
	// log is the whole course of what was shown, for what is counted.
	log *chronicle
}

// note is what was shown of one session.
type note struct {
	// session is the session as it was shown last.
	session world.Session
	at      time.Time
	views   []sighting
	// stretches are the owners that it was seen with, the present one last.
	stretches []stretch
	window    windowNote
}

// sighting is when one viewer's list showed a session last.
type sighting struct {
	viewer   world.Viewer
	at       time.Time
	archived bool
}

// stretch is a time in which a session was shown with one owner.
type stretch struct {
	from     time.Time
	owner    owner
	archived bool
}

// owner is who has a session, as far as it is shown: a queue where it waits,
// else the one viewer who shows it.
type owner struct {
	queue, member int
	viewer        world.Viewer
}

// listNote is how far one viewer's list was read.
type listNote struct {
	begun time.Time // when a page without cursor was given last
	whole time.Time // when the walk began that last came to the end
	last  time.Time // when a page was given last
}

// modeNote is a queue's mode as it was told last.
type modeNote struct {
	mode world.Mode
	at   time.Time
}

// spot is a place by the queue's id.
type spot struct {
	medium world.Medium
	queue  int
}

// firstTidy is from how many sessions on old notes are dropped.
const firstTidy = 1024

func newNotes() *notes {
	return &notes{
		sessions: make(map[int64]*note), lists: make(map[world.Viewer]*listNote),
		mode: make(map[int]modeNote), places: make(map[world.Viewer]map[spot]Known), tidyAt: firstTidy,
		directory: newDirectory(), log: newChronicle(),
	}
}

// wholeList tells whether a list is of all open sessions of its viewer: only of
// such a list it says something that a session is not in it.
func wholeList(q world.Query) bool {
	return q.Closed != world.Only && q.Archived == world.Any && q.Campaign == world.Any && q.PickedUp == world.Any && q.Search == ""
}

// page notes one page of a viewer's list.
func (n *notes) page(q world.Query, rows []world.Session, now time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	list := n.lists[q.Viewer]
	if list == nil {
		list = &listNote{}
		n.lists[q.Viewer] = list
	}
	list.last = now
	if q.Cursor == 0 {
		list.begun = now
	}
	if !follows(q, rows) {
		list.begun = time.Time{} // Nobody can tell any more what was left out.
	}
	if len(rows) < q.Limit && !list.begun.IsZero() {
		list.whole = list.begun
	}
	for i := range rows {
		if !rows[i].Closed {
			n.show(&rows[i], q.Viewer, now)
		}
	}
	n.tidy(now)
	n.log.open(q, rows, now, len(rows) < q.Limit && list.begun.Equal(now))
	n.log.at(now).open = n.directory.roll.unlisted(now)
}

// follows tells whether a page is what comes after its cursor, and not a part of
// what was shown before it.
func follows(q world.Query, rows []world.Session) bool {
	return q.Cursor == 0 || !slices.ContainsFunc(rows, func(r world.Session) bool { return r.LastMessageID > q.Cursor })
}

// asks notes what is asked for, whatever comes of it.
func (n *notes) asks(c *call, now time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.directory.roll.asks(c.endpoint)
	switch c.endpoint {
	case "message_session/search":
		n.log.asked(list{world.Viewer(c.params.viewer()), c.params.values.Get("is_closed") == "1"}, now)
	case "message/get":
		if id, err := strconv.ParseInt(c.params.values.Get("id"), 10, 64); err == nil {
			n.log.wanted(id, true, now)
		}
	}
}

// came notes that a page of one session's records came.
func (n *notes) came(id int64, now time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.log.wanted(id, false, now)
}

// closedPage notes one page of a viewer's list of closed sessions.
func (n *notes) closedPage(q world.Query, rows []world.Session, now time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.log.closed(q, rows, now)
	n.log.at(now).closed = n.directory.roll.unlisted(now)
}

// thread notes the records of a session that one answer has shown, in any order
// and with their deliveries as they were then.
func (n *notes) thread(id int64, records []world.Record, now time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.log.thread(id, records, now)
}

func (n *notes) show(s *world.Session, v world.Viewer, now time.Time) {
	entry := n.sessions[s.ID]
	if entry == nil {
		entry = &note{}
		n.sessions[s.ID] = entry
	}
	entry.session, entry.at = *s, now
	entry.see(sighting{viewer: v, at: now, archived: s.IsArchivedBy(v)})
	if present := stretchOf(s, v, now); !entry.lately(present) {
		entry.stretches = append(entry.stretches, present)
	}
	entry.window = entry.window.told(windowTold(expire(s, now), now))
	if n.places[v] == nil {
		n.places[v] = make(map[spot]Known)
	}
	at := spot{s.Medium, s.QueueID}
	known := n.places[v][at]
	known.Campaign = known.Campaign || s.Campaign
	known.Window = known.Window || entry.window.has
	n.places[v][at] = known
}

// see replaces what a viewer showed before.
func (e *note) see(s sighting) {
	for i := range e.views {
		if e.views[i].viewer == s.viewer {
			e.views[i] = s
			return
		}
	}
	e.views = append(e.views, s)
}

// stretchOf is how a session shows itself in a viewer's list. While it waits,
// nobody's putting it away matters.
func stretchOf(s *world.Session, v world.Viewer, now time.Time) stretch {
	st := stretch{from: now, owner: owner{queue: s.QueueID, member: s.MemberID}}
	if !st.waits() {
		st.owner.viewer, st.archived = v, s.IsArchivedBy(v)
	}
	return st
}

// lately tells whether a session was last shown with this owner already.
func (e *note) lately(present stretch) bool {
	if len(e.stretches) == 0 {
		return false
	}
	last := e.stretches[len(e.stretches)-1]
	return last.owner == present.owner && last.archived == present.archived
}

// modes notes what was told of queues.
func (n *notes) modes(queues []world.Queue, now time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, q := range queues {
		n.mode[q.ID] = modeNote{mode: q.Mode, at: now}
	}
	n.log.told(queues, now)
}

// noteLife is how long a session is remembered that is no longer shown.
const noteLife = time.Hour

// tidy drops what was shown too long ago to matter. It looks only when there
// are twice as many sessions as were left the last time.
func (n *notes) tidy(now time.Time) {
	if len(n.sessions) < n.tidyAt {
		return
	}
	for id, entry := range n.sessions {
		if now.Sub(entry.at) > noteLife {
			delete(n.sessions, id)
		}
	}
	n.tidyAt = max(firstTidy, 2*len(n.sessions))
}

// windowNote is a reply window as it was told.
type windowNote struct {
	// has tells that there is one; over that the API said it had ended.
	has, over bool
	end       time.Time
}

// jitter is by how much an end may differ and still be the same window's.
const jitter = 60 * time.Second

// windowTold is a window as one answer tells it: the clock at the answer and the
// seconds that expire says are left.
func windowTold(expire int64, now time.Time) windowNote {
	switch {
	case expire < 0:
		return windowNote{}
	case expire == 0:
		return windowNote{has: true, over: true, end: now}
	default:
		return windowNote{has: true, end: now.Add(time.Duration(expire) * time.Second)}
	}
}

// told is rule R12 where messages are not read: an end is kept while a new one
// differs by less than a minute, and where the API says that it is over.
func (w windowNote) told(present windowNote) windowNote {
	switch {
	case present.over && w.has && w.end.Before(present.end):
		present.end = w.end
	case present.has && !present.over && w.has && !w.over && present.end.Sub(w.end).Abs() < jitter:
		return w
	}
	return present
}

// agrees is the other half of rule R12: whether a window as one answer tells it
// may end a day after a message.
func (w windowNote) agrees(end time.Time) bool {
	if w.over {
		return !end.After(w.end.Add(jitter))
	}
	return w.has && w.end.Sub(end).Abs() <= jitter
}
