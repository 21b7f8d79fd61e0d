package yeastar

import (
	"time"

	"conversation_exporter/simulator/world"
)

// StateKey is what waits are told by.
type StateKey struct {
	Place
	State world.State
}

// UnansweredKey is what unanswered sessions are counted by.
type UnansweredKey struct {
	StateKey
	Age string
}

// Gauges are the gauges of the messages. What there is none of is absent from
// the maps.
type Gauges struct {
	// QueuedOldest is when the session entered its queue that waits longest.
	QueuedOldest map[Place]time.Time
	Unanswered   map[UnansweredKey]int
	// UnansweredOldest is the clock of the customer who waits longest.
	UnansweredOldest map[StateKey]time.Time
	Unread           map[Place]int
	// LastInbound is the newest message of a customer that was ever shown, and
	// SendingOldest the oldest message that is still being sent, by channel.
	LastInbound, SendingOldest map[string]time.Time
}

func newGauges() Gauges {
	return Gauges{
		QueuedOldest: make(map[Place]time.Time), Unanswered: make(map[UnansweredKey]int), UnansweredOldest: make(map[StateKey]time.Time),
		Unread: make(map[Place]int), LastInbound: make(map[string]time.Time), SendingOldest: make(map[string]time.Time),
	}
}

// messages adds to what is expected of the lists all that the records tell: of
// each session whose turn it is, then the gauges and the counters.
func (e *Expected) messages(r *reader) {
	a := r.audited()
	counts := a.log.audit.counts.clone()
	last := len(a.log.passes) - 1
	for id, s := range a.log.stories {
		have := &s.past
		if last >= have.done && a.stirs(s, have, last) {
			again := s.past.clone() // the last pass may go on
			have = &again
			a.follow(s, have, last+1, counts)
		}
		if _, _, ok := a.log.complete(s, last); !ok {
			continue
		}
		a.sending(s, &e.Gauges)
		expected, listed := e.Sessions[id]
		if listed && (expected.Held || s.reaches(last, expected.last)) {
			h, _ := a.history(s, have, last)
			e.Sessions[id] = face(h, expected)
		}
	}
	e.Counted = *counts
	for medium, at := range a.log.inbound {
		e.Gauges.LastInbound[string(medium)] = at
	}
}

// reaches tells whether a session's records are known up to a message.
func (s *story) reaches(p int, message int64) bool {
	_, high, ok := s.reach(p)
	return message == 0 || ok && high >= message
}

// face completes what is expected of a session by what its records tell.
func face(h *history, e ExpectedSession) ExpectedSession {
	end := len(h.records)
	e.Awaiting = awaitingCustomer
	if last := h.latest(end, h.customer); last >= 0 && e.HasWindow {
		day := h.records[last].At.Add(world.ReplyWindow)
		if h.records[last].ID > e.last || e.told.agrees(day) {
			e.WindowEnd = day
			e.WindowOver = e.told.over && h.records[last].ID <= e.last
		}
	}
	if e.State == world.Automated {
		return e // nobody is owed an answer
	}
	if clock, runs := h.clock(end); runs {
		e.Awaiting, e.Clock, e.Unread = awaitingAgent, clock, h.unread(end)
	}
	if entered, known := h.entered(end); known && e.State == world.Queued {
		e.Entered = entered
	}
	return e
}

// sending is the part of a session in sending_oldest: what is being sent by what
// was shown last, as long as the session is remembered.
func (a *auditor) sending(s *story, g *Gauges) {
	if a.now.Sub(a.log.lastSeen(s)) >= noteLife {
		return
	}
	for i := range s.lines {
		l := &s.lines[i]
		if l.Kind == world.KindMessage && l.tellings[len(l.tellings)-1].delivery == world.Sending {
			earliest(g.SendingOldest, string(s.medium), l.At)
		}
	}
}

// earliest keeps the earlier of two times.
func earliest[K comparable](m map[K]time.Time, key K, at time.Time) {
	if have, ok := m[key]; !ok || at.Before(have) {
		m[key] = at
	}
}

// add adds one session to the gauges of the messages.
func (g *Gauges) add(s ExpectedSession, now time.Time) {
	if !s.Entered.IsZero() {
		earliest(g.QueuedOldest, s.Place, s.Entered)
	}
	if s.Awaiting != awaitingAgent {
		return
	}
	key := StateKey{s.Place, s.State}
	g.Unanswered[UnansweredKey{key, ageClass(now.Sub(s.Clock))}]++
	earliest(g.UnansweredOldest, key, s.Clock)
	g.Unread[s.Place] += s.Unread
}

// ageClass names how long a customer has waited; lower bounds belong to their
// class.
func ageClass(age time.Duration) string {
	classes := [...]struct {
		from time.Duration
		name string
	}{
		{24 * time.Hour, "ge_24h"},
		{4 * time.Hour, "4h_24h"},
		{time.Hour, "1h_4h"},
		{15 * time.Minute, "15m_1h"},
		{5 * time.Minute, "5m_15m"},
	}
	for _, c := range classes {
		if age >= c.from {
			return c.name
		}
	}
	return "lt_5m"
}
