package collector

import (
	"time"

	"conversation_exporter/conversation"
)

const (
	// windowJitter is by how much the end of a window may differ from what is
	// remembered without being another window (R12).
	windowJitter = 60 * time.Second
	// holdTime and holdPasses are how long a session stays in the gauges that only
	// a viewer could show which failed, whichever is longer (R26).
	holdTime   = 5 * time.Minute
	holdPasses = 2
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
	// pass counts the passes, so that an entry tells when it was shown last.
	pass uint64
	sets conversation.ViewerSets
}

// entry is what is remembered of one session: how it was last shown.
type entry struct {
	channel string
	queue   conversation.Queue
	origin  conversation.Origin
	// state is what was exported, sure the last state that was sure; empty if
	// none was.
	state, sure conversation.State
	awaiting    conversation.Awaiting
	// window is the end of the reply window; zero where there is none.
	window  time.Time
	shownBy *conversation.ViewerSet
	seen    time.Time
	pass    uint64
}

func newLedger() *ledger { return &ledger{entries: make(map[int64]entry)} }

// settle replaces in a pass's sessions what jitters or could not be known by
// what is remembered of them, and remembers the rest. It returns them with those
// sessions that are held because a viewer could not show them (R26).
func (l *ledger) settle(sessions []conversation.Session, now time.Time, cover conversation.Coverage) []conversation.Session {
	l.pass++
	for i := range sessions {
		l.settleOne(&sessions[i], now, cover)
	}
	full := len(l.entries) > maxEntries
	for id, e := range l.entries {
		if e.pass == l.pass {
			continue
		}
		missed, held := l.missed(e, now, cover)
		switch {
		case held:
			sessions = append(sessions, e.session(id))
		case !missed && cover.AllViewers(), full, now.Sub(e.seen) >= entryLife:
			delete(l.entries, id)
		}
	}
	return sessions
}

func (l *ledger) settleOne(s *conversation.Session, now time.Time, cover conversation.Coverage) {
	// Without its monotonic part, an instant follows a clock that is set.
	s.Window.End, s.ListedAt = s.Window.End.Round(0), s.ListedAt.Round(0)
	e := l.entries[s.ID]
	s.State = settleState(s.State, s.StateSure, e.sure)
	if s.StateSure {
		e.sure = s.State
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
	before := e.shownBy
	if e.queue.ID != s.Queue.ID || e.state != s.State {
		before = nil // It has another owner, so those who saw it then do not see it now.
	}
	e.channel, e.queue, e.origin, e.state, e.awaiting = s.Channel, s.Queue, s.Origin, s.State, s.Awaiting
	e.shownBy = l.shown(s.ShownBy, before, cover)
	e.seen, e.pass = now, l.pass
	l.entries[s.ID] = e
}

// shown returns who showed a session last: those who do so now, and of those who
// did before, under the same owner, the ones that could not be read now.
func (l *ledger) shown(now, before *conversation.ViewerSet, cover conversation.Coverage) *conversation.ViewerSet {
	for _, name := range cover.Failed {
		if before.Has(name) {
			now = l.sets.With(now, name)
		}
	}
	for _, cut := range cover.Cut {
		if before.Has(cut.Name) {
			now = l.sets.With(now, cut.Name)
		}
	}
	return now
}

// session gives the session as it was last shown.
func (e entry) session(id int64) conversation.Session {
	return conversation.Session{
		ID: id, Channel: e.channel, Queue: e.queue, Origin: e.origin, State: e.state, Awaiting: e.awaiting,
		Window: conversation.Window{Has: !e.window.IsZero(), End: e.window}, ListedAt: e.seen, ShownBy: e.shownBy,
	}
}

// missed reports whether a viewer that showed the session was not read in full,
// and whether the session is held for that: a list that the deadline cut holds
// what its round has shown, any other loss holds for a while.
func (l *ledger) missed(e entry, now time.Time, cover conversation.Coverage) (missed, held bool) {
	for _, cut := range cover.Cut {
		if e.shownBy.Has(cut.Name) {
			missed = true
			held = held || !e.seen.Before(cut.Since)
		}
	}
	for _, name := range cover.Failed {
		missed = missed || e.shownBy.Has(name)
	}
	recent := now.Sub(e.seen) <= holdTime || l.pass-e.pass <= holdPasses
	return missed, held || missed && recent
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
