package collector

import (
	"slices"
	"time"

	"conversation_exporter/conversation"
)

const (
	// holdTime and holdPasses are how long a session stays in the gauges that only
	// a viewer could show which failed, whichever is longer (R26).
	holdTime   = 5 * time.Minute
	holdPasses = 2
	// entryLife is how long a session is remembered that is no longer listed (R24).
	entryLife = time.Hour
	// unreadLife is how long one is whose records cannot be read.
	unreadLife = 24 * time.Hour
	// maxEntries is how many sessions are remembered, maxTombstones of how many
	// that were forgotten so much stays that they do not count again (R25).
	maxEntries    = 150_000
	maxTombstones = 50_000
	// maxNames bounds the channels, and the queues, that are told apart at all: no
	// system has a hundredth of it.
	maxNames = 1 << 15
)

// ledger is what is remembered of each session between passes. It has no lock of
// its own.
type ledger struct {
	entries map[int64]*entry
	// pass counts the passes, so that an entry tells when it was shown last.
	pass uint32
	sets conversation.ViewerSets
	// channels and queues are what entries refer to by index; the first of
	// each is none.
	channels   []string
	channelIDs map[string]uint16
	queues     []conversation.Queue
	queueIDs   map[int64]uint16
	marks      marks
	tombstones map[int64]tombstone
	// messages is true where records are read: then what is no longer listed is
	// followed to its end.
	messages bool
	// limit is maxEntries, but in tests.
	limit int
	// timesUnproved is true while the instants of listings may be of another time zone.
	timesUnproved bool
	// leftOut counts the sessions of the last pass that there is no room for.
	leftOut int
	// events are what was read and is not counted yet.
	events []countable
	// inbound is the newest message of a customer, by channel, in Unix seconds.
	inbound map[string]int64
}

func newLedger(messages bool) *ledger {
	return &ledger{
		entries: make(map[int64]*entry), channels: make([]string, 1), channelIDs: make(map[string]uint16),
		queues: make([]conversation.Queue, 1), queueIDs: make(map[int64]uint16),
		tombstones: make(map[int64]tombstone), inbound: make(map[string]int64), messages: messages, limit: maxEntries,
		marks: newMarks(),
	}
}

// list takes note of the open sessions of a pass. It replaces in them what
// jitters or could not be known by what is remembered of them.
func (l *ledger) list(sessions []conversation.Session, now time.Time, cover conversation.Coverage) {
	l.pass++
	l.timesUnproved = cover.TimesUnproved
	oldest := l.room(sessions)
	for i := range sessions {
		s := &sessions[i]
		if e := l.entries[s.ID]; e != nil || recency(s) >= oldest {
			l.show(l.entry(s, now), s, cover)
		}
	}
}

// room returns the oldest last message that a session may have for which there
// is room: those that are silent longest are left out.
func (l *ledger) room(sessions []conversation.Session) int64 {
	l.leftOut = max(0, len(sessions)-l.limit)
	if l.leftOut == 0 {
		return 0
	}
	ids := make([]int64, 0, len(sessions))
	for i := range sessions {
		ids = append(ids, recency(&sessions[i]))
	}
	slices.Sort(ids)
	oldest := ids[l.leftOut]
	for i := range sessions {
		if e := l.entries[sessions[i].ID]; e != nil && recency(&sessions[i]) < oldest {
			l.forget(sessions[i].ID, e)
		}
	}
	return oldest
}

// entry returns what is remembered of a session, which is made where there is
// nothing.
func (l *ledger) entry(s *conversation.Session, now time.Time) *entry {
	e := l.entries[s.ID]
	if e == nil {
		e = &entry{read: unread}
		if t, ok := l.tombstones[s.ID]; ok {
			e.counted, e.floor, e.floorAt = t.counted, t.counted, seconds(max(t.seen, t.lost))
			delete(l.tombstones, s.ID)
		}
		l.entries[s.ID] = e
	}
	e.seen, e.pass = now.UnixNano(), l.pass
	e.set(wasAsked, false)
	return e
}

// show takes note of how a session was listed.
func (l *ledger) show(e *entry, s *conversation.Session, cover conversation.Coverage) {
	// Without its monotonic part, an instant follows a clock that is set.
	s.Window.End, s.ListedAt = s.Window.End.Round(0), s.ListedAt.Round(0)
	away := s.State == conversation.StateArchived
	// Whom an agent has taken no bot has, even where a view was missing.
	sure := s.StateSure || s.ByStatus && !s.Started.IsZero()
	if people := s.Queue.ID != 0 || s.Agent != ""; away && people && !s.ByStatus && e.sure.state() == conversation.StateAutomated {
		sure = true // Who has put it away is not sure, and a bot has not.
	}
	s.State = settleState(s.State, sure, e.sure.state())
	state := codeOf(s.State)
	if s.StateSure {
		e.sure = state
	}
	before := e.shownBy
	queue := l.queue(s.Queue)
	if e.queue != queue || e.state != state {
		before = nil // It has another owner, so those who saw it then do not see it now.
	}
	e.shownBy = l.shown(s.ShownBy, before, cover)
	e.channel, e.queue, e.state = l.channel(s.Channel), queue, state
	e.set(isCampaign, s.Origin == conversation.OriginCampaign)
	// Whether all have put it away may not be sure, yet people have it.
	e.set(isSure, s.StateSure || away && s.State != conversation.StateAutomated)
	e.set(isClosed, s.Closed)
	if e.set(byStatus, s.ByStatus); s.ByStatus {
		e.lead(s)
		return
	}
	e.listed = s.LastMessage
	e.tell(s.Window, s.ListedAt)
}

// channel returns the number of a channel's name.
func (l *ledger) channel(name string) uint16 {
	id, ok := l.channelIDs[name]
	if !ok && len(l.channels) < maxNames {
		id = uint16(len(l.channels)) // #nosec G115 -- bounded by maxNames
		l.channels = append(l.channels, name)
		l.channelIDs[name] = id
	}
	return id
}

// queue returns the number of a queue, whose name and mode are as told last.
func (l *ledger) queue(q conversation.Queue) uint16 {
	if q.ID == 0 {
		return 0
	}
	id, ok := l.queueIDs[q.ID]
	switch {
	case ok:
		l.queues[id] = q
	case len(l.queues) < maxNames:
		id = uint16(len(l.queues)) // #nosec G115 -- bounded by maxNames
		l.queues = append(l.queues, q)
		l.queueIDs[q.ID] = id
	}
	return id
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

// settle gives the listed sessions what is known of them, leaves out those that
// a closed list has shown closed since, and adds those that are held because a
// viewer could not show them (R26). What has been gone for long is forgotten.
func (l *ledger) settle(sessions []conversation.Session, now time.Time, cover conversation.Coverage) []conversation.Session {
	sessions = slices.DeleteFunc(sessions, func(s conversation.Session) bool {
		e := l.entries[s.ID]
		return e != nil && e.is(isClosed)
	})
	for i := range sessions {
		if e := l.entries[sessions[i].ID]; e != nil {
			sessions[i].Awaiting, sessions[i].Window = e.awaiting(sessions[i].State), e.window()
		} else if sessions[i].State == conversation.StateAutomated {
			sessions[i].Awaiting = conversation.AwaitingCustomer // R2
		}
	}
	for id, e := range l.entries {
		if e.pass == l.pass {
			continue
		}
		missed, held := l.missed(e, now, cover)
		switch {
		case held:
			sessions = append(sessions, l.session(id, e))
		case l.over(e, missed, now, cover):
			l.forget(id, e)
		}
	}
	l.trim()
	return sessions
}

// awaiting is whose turn it is in a session in the given state. It is not known
// while the records are not read up to what was listed (R27).
func (e *entry) awaiting(state conversation.State) conversation.Awaiting {
	switch {
	case state == conversation.StateAutomated:
		return conversation.AwaitingCustomer // R2: nobody is owed an answer.
	case e.word.awaiting() != conversation.AwaitingUnknown:
		return e.word.awaiting() // R14: the status decides.
	case !e.known():
		return conversation.AwaitingUnknown
	default:
		return e.shown().Awaiting()
	}
}

// over reports whether a session that is not listed need not be remembered any
// longer. One that has records to be read or settled is.
func (l *ledger) over(e *entry, missed bool, now time.Time, cover conversation.Coverage) bool {
	switch old := now.Sub(time.Unix(0, e.seen)) >= entryLife; {
	case !l.messages:
		return old || !missed && cover.AllViewers()
	default:
		return old && e.known() && e.settled() || now.Sub(time.Unix(0, e.seen)) >= unreadLife
	}
}

// session gives the session as it was last shown.
func (l *ledger) session(id int64, e *entry) conversation.Session {
	return conversation.Session{
		ID: id, Channel: l.channels[e.channel], Queue: l.queues[e.queue], Origin: e.origin(), State: e.state.state(), Awaiting: e.awaiting(e.state.state()),
		LastMessage: e.listed, Window: e.window(), ListedAt: time.Unix(0, e.seen), ShownBy: e.shownBy,
	}
}

// missed reports whether a viewer that showed the session was not read in full,
// and whether the session is held for that: a list that the deadline cut holds
// what its round has shown, any other loss holds for a while.
func (l *ledger) missed(e *entry, now time.Time, cover conversation.Coverage) (missed, held bool) {
	if e.is(isClosed) {
		return false, false
	}
	seen := time.Unix(0, e.seen)
	for _, cut := range cover.Cut {
		if e.shownBy.Has(cut.Name) {
			missed = true
			held = held || !seen.Before(cut.Since)
		}
	}
	for _, name := range cover.Failed {
		missed = missed || e.shownBy.Has(name)
	}
	recent := now.Sub(seen).Abs() <= holdTime || l.pass-e.pass <= holdPasses
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
