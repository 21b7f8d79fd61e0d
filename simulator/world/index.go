package world

import (
	"slices"
	"sort"
	"strings"
)

// Every session stands on exactly one shelf: where it is, open or closed. What a
// viewer sees is the union of a few shelves. A record always gives a session
// the highest message id of the world, so a shelf stays in order when sessions
// are put at its end, and a page costs a search and a walk, never a sorting.

type place struct {
	kind   placeKind
	id     int // queue id or index of the agent
	closed bool
}

type placeKind uint8

const (
	placeQueue placeKind = iota
	placeAgent
	placeAPI
)

type row struct {
	id int64 // last message id of the session when it was put here
	s  *session
}

// live tells whether the session still stands in this row.
func (r row) live() bool { return r.s.LastMessageID == r.id && !r.s.gone }

type shelf struct {
	rows  []row
	stale int
}

func (sh *shelf) put(s *session) {
	sh.rows = append(sh.rows, row{id: s.LastMessageID, s: s})
}

// forget notes that one row is no longer live and tidies up once most are not.
func (sh *shelf) forget() {
	sh.stale++
	if sh.stale < 64 || sh.stale*2 < len(sh.rows) {
		return
	}
	sh.rows = slices.DeleteFunc(sh.rows, func(r row) bool { return !r.live() })
	sh.stale = 0
}

// cut gives how many rows, counted from the oldest, lie below the cursor.
func (sh *shelf) cut(cursor int64, inclusive bool) int {
	if cursor <= 0 {
		return len(sh.rows)
	}
	return sort.Search(len(sh.rows), func(i int) bool {
		if inclusive {
			return sh.rows[i].id > cursor
		}
		return sh.rows[i].id >= cursor
	})
}

// Choice narrows a list by a property that a session has or has not.
type Choice int

// The choices of a filter.
const (
	Any Choice = iota
	Only
	Without
)

func (c Choice) fits(has bool) bool {
	return c == Any || (c == Only) == has
}

// Query asks for a part of what a viewer sees, the newest activity first.
type Query struct {
	Viewer Viewer
	// Cursor is a message id to go on from; 0 starts with the newest.
	Cursor int64
	// Inclusive tells that the session whose last message is the cursor belongs
	// to the answer.
	Inclusive bool
	// Limit is how many sessions to give at most.
	Limit    int
	Closed   Choice
	Archived Choice
	Campaign Choice
	PickedUp Choice
	// Search is a part of the customer's name or number; empty fits all.
	Search string
}

func (q *Query) fits(s *session) bool {
	return q.Campaign.fits(s.Campaign) &&
		q.PickedUp.fits(s.MemberID != 0) &&
		q.Archived.fits(s.IsArchivedBy(q.Viewer)) &&
		(q.Search == "" || strings.Contains(s.Customer.Number, q.Search) || strings.Contains(s.Customer.Name, q.Search))
}

// List gives the sessions that a viewer sees, in descending order of their last
// message id. A viewer that does not exist is ErrNotFound.
func (w *World) List(q Query) ([]Session, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	shelves, err := w.shelves(q.Viewer, q.Closed)
	if err != nil {
		return nil, err
	}
	next := make([]int, len(shelves))
	for i, sh := range shelves {
		next[i] = sh.cut(q.Cursor, q.Inclusive)
	}
	list := make([]Session, 0, min(max(q.Limit, 0), 128))
	for len(list) < q.Limit {
		s := newest(shelves, next)
		if s == nil {
			break
		}
		if q.fits(s) {
			list = append(list, s.copy())
		}
	}
	return list, nil
}

// newest takes the row with the highest id that is still ahead of the walk.
func newest(shelves []*shelf, next []int) *session {
	best := -1
	for i, sh := range shelves {
		for next[i] > 0 && !sh.rows[next[i]-1].live() {
			next[i]--
		}
		if next[i] > 0 && (best < 0 || sh.rows[next[i]-1].id > shelves[best].rows[next[best]-1].id) {
			best = i
		}
	}
	if best < 0 {
		return nil
	}
	next[best]--
	return shelves[best].rows[next[best]].s
}

// shelves gives those that a viewer sees.
func (w *World) shelves(v Viewer, closed Choice) ([]*shelf, error) {
	var places []place
	if v == API {
		places = []place{{kind: placeAPI}}
	} else {
		index, ok := w.agentIndex[string(v)]
		if !ok {
			return nil, ErrNotFound
		}
		places = append(places, place{kind: placeAgent, id: index})
		for _, q := range w.queues {
			if memberOf(q, string(v)) != 0 {
				places = append(places, place{kind: placeQueue, id: q.ID})
			}
		}
	}
	shelves := make([]*shelf, 0, 2*len(places))
	for _, p := range places {
		for _, c := range [...]bool{false, true} {
			p.closed = c
			if sh := w.index[p]; sh != nil && closed.fits(c) {
				shelves = append(shelves, sh)
			}
		}
	}
	return shelves, nil
}

// shelve moves a session to where it belongs, after a record gave it a new id.
func (w *World) shelve(s *session) {
	if s.shelf != nil {
		s.shelf.forget()
	}
	p := w.placeOf(s)
	sh := w.index[p]
	if sh == nil {
		sh = &shelf{}
		w.index[p] = sh
	}
	sh.put(s)
	s.shelf = sh
}

func (w *World) placeOf(s *session) place {
	switch {
	case s.API:
		return place{kind: placeAPI, closed: s.Closed}
	case s.Extension != "":
		return place{kind: placeAgent, id: w.agentIndex[s.Extension], closed: s.Closed}
	default:
		return place{kind: placeQueue, id: s.QueueID, closed: s.Closed}
	}
}

// Viewers gives everyone who sees a session, extensions before the API.
func (w *World) Viewers(id int64) ([]Viewer, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.sessions[id]
	if s == nil {
		return nil, ErrNotFound
	}
	return w.viewers(s), nil
}

func (w *World) viewers(s *session) []Viewer {
	switch {
	case s.API:
		return []Viewer{API}
	case s.Extension != "":
		return []Viewer{Viewer(s.Extension)}
	}
	var seenBy []Viewer
	if q := w.queue(s.QueueID); q != nil {
		for _, m := range q.Members {
			seenBy = append(seenBy, Viewer(m.Number))
		}
	}
	return seenBy
}
