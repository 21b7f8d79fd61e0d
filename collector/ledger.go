package collector

import (
	"time"

	"conversation_exporter/conversation"
)

const (
	// windowJitter is by how much the end of a window may differ from what is
	// remembered without being another window (R12).
	windowJitter = 60 * time.Second
	// entryLife is how long a session is remembered that is no longer listed.
	entryLife = time.Hour
	// maxEntries is beyond how many sessions those go first that were not listed
	// any more.
	maxEntries = 150_000
)

// ledger is what is remembered of each session between passes. It has no lock of
// its own.
type ledger struct {
	entries map[int64]entry
	// pass counts the passes, so that an entry tells whether it was in the last.
	pass uint64
}

// entry is what is remembered of one session.
type entry struct {
	// window is the end of the reply window; zero where there is none.
	window time.Time
	// state is the last state that was sure; empty if none was.
	state conversation.State
	seen  time.Time
	pass  uint64
}

func newLedger() *ledger { return &ledger{entries: make(map[int64]entry)} }

// settle replaces in a pass's sessions what jitters or could not be known by
// what is remembered of them, and remembers the rest. complete says that a
// session that is not listed is no longer open.
func (l *ledger) settle(sessions []conversation.Session, now time.Time, complete bool) {
	l.pass++
	for i := range sessions {
		s := &sessions[i]
		// Without its monotonic part, an instant follows a clock that is set.
		s.Window.End, s.ListedAt = s.Window.End.Round(0), s.ListedAt.Round(0)
		e := l.entries[s.ID]
		s.State = settleState(s.State, s.StateSure, e.state)
		if s.StateSure {
			e.state = s.State
		}
		if s.State == conversation.StateAutomated {
			s.Awaiting = conversation.AwaitingCustomer // R2: nobody is owed an answer.
		}
		if s.Window.Has {
			s.Window.End = settleWindow(s.Window.End, e.window, s.ListedAt)
			e.window = s.Window.End
		} else {
			e.window = time.Time{}
		}
		e.seen, e.pass = now, l.pass
		l.entries[s.ID] = e
	}
	full := len(l.entries) > maxEntries
	for id, e := range l.entries {
		if gone := e.pass != l.pass; gone && (complete || full || now.Sub(e.seen) >= entryLife) {
			delete(l.entries, id)
		}
	}
}

// settleState keeps the last sure state of a session whose present one could not
// be told (R8). A session that has left its queue cannot still wait in it.
func settleState(told conversation.State, sure bool, last conversation.State) conversation.State {
	if sure {
		return told
	}
	switch last {
	case conversation.StateAutomated, conversation.StateAssigned, conversation.StateArchived:
		return last
	default:
		return told
	}
}

// settleWindow keeps the end of a window that is told anew at every pass, a
// little earlier or later each time (R12). The system's own word that a window
// is over beats an end that we remember to be still to come.
func settleWindow(told, last, listed time.Time) time.Time {
	if last.IsZero() {
		return told
	}
	if over := !told.After(listed); over {
		if last.Before(told) {
			return last
		}
		return told
	}
	if told.Sub(last).Abs() < windowJitter {
		return last
	}
	return told
}
