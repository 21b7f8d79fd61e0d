package world

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Session gives a copy of one session, open or closed.
func (w *World) Session(id int64) (Session, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.sessions[id]
	if s == nil {
		return Session{}, false
	}
	return s.copy(), true
}

// OpenSessions gives copies of all open sessions, in the order of their ids.
func (w *World) OpenSessions() []Session {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []Session
	for _, s := range w.sessions {
		if !s.Closed {
			list = append(list, s.copy())
		}
	}
	slices.SortFunc(list, func(a, b Session) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

// States counts the open sessions by their state. Every state is there.
func (w *World) States() map[State]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	counts := map[State]int{Queued: 0, Assigned: 0, Automated: 0, Shared: 0, Archived: 0}
	for _, s := range w.sessions {
		if !s.Closed {
			counts[w.state(s)]++
		}
	}
	return counts
}

// State is the state of one open session; a closed or unknown one has none.
func (w *World) State(id int64) (State, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.sessions[id]
	if s == nil || s.Closed {
		return "", false
	}
	return w.state(s), true
}

func (w *World) state(s *session) State {
	q := w.queue(s.QueueID)
	switch {
	case s.API:
		return Automated
	case q != nil && s.MemberID == 0 && q.Mode == ModeNone:
		return Shared
	case q != nil && s.MemberID == 0:
		return Queued
	}
	for _, v := range w.viewers(s) {
		if !s.IsArchivedBy(v) {
			return Assigned
		}
	}
	return Archived
}

// Windows counts the open sessions with a reply window by what is left of it:
// how many windows are over, and how many more end within the given time.
func (w *World) Windows(within time.Duration) (over, soon int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.clock.Now()
	for _, s := range w.sessions {
		end, has := s.WindowEnd()
		switch {
		case s.Closed || !has:
		case !end.After(now):
			over++
		case end.Before(now.Add(within)):
			soon++
		}
	}
	return over, soon
}

// Opened is how many sessions were ever opened, reopenings not counted.
func (w *World) Opened() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.opened
}

// Kept is how many sessions the world holds, open and closed.
func (w *World) Kept() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.sessions)
}

// Queues gives copies of all queues.
func (w *World) Queues() []Queue {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := make([]Queue, 0, len(w.queues))
	for _, q := range w.queues {
		list = append(list, *cloneQueue(*q))
	}
	return list
}

// SetMode changes how sessions of a queue find their agent, from now on.
func (w *World) SetMode(queueID int, mode Mode) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	q := w.queue(queueID)
	if q == nil {
		return fmt.Errorf("set the mode of queue %d: %w", queueID, ErrNotFound)
	}
	q.Mode = mode
	return nil
}

func (w *World) queue(id int) *Queue {
	for _, q := range w.queues {
		if q.ID == id {
			return q
		}
	}
	return nil
}

// memberOf gives the id of an agent's membership; 0 without one.
func memberOf(q *Queue, number string) int {
	if q == nil {
		return 0
	}
	for _, m := range q.Members {
		if m.Number == number {
			return m.ID
		}
	}
	return 0
}

func cloneQueue(q Queue) *Queue {
	q.Members = slices.Clone(q.Members)
	return &q
}

// Sight is an open session and who sees it.
type Sight struct {
	Session
	Viewers []Viewer
}

// Sights gives all open sessions and who sees them, in the order of their ids,
// and the instant at which that is so.
func (w *World) Sights() ([]Sight, time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := make([]Sight, 0, len(w.sessions))
	for _, s := range w.sessions {
		if !s.Closed {
			list = append(list, Sight{Session: s.copy(), Viewers: w.viewers(s)})
		}
	}
	slices.SortFunc(list, func(a, b Sight) int { return cmp.Compare(a.ID, b.ID) })
	return list, w.clock.Now()
}
