package yeastar

import (
	"time"

	"conversation_exporter/simulator/figures"
	"conversation_exporter/simulator/world"
)

// messages adds to what is expected of the lists all that the records tell: of
// each session whose turn it is, then the gauges and the counters.
func (e *Expected) messages(r *reader) {
	a := r.audited()
	counts := a.log.audit.counts.Clone()
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
			figures.Earliest(g.SendingOldest, string(s.medium), l.At)
		}
	}
}

// add adds one session to the gauges of the messages.
func (s *ExpectedSession) add(g *Gauges, now time.Time) {
	if !s.Entered.IsZero() {
		figures.Earliest(g.QueuedOldest, s.Place, s.Entered)
	}
	if s.Awaiting == awaitingAgent {
		g.Wait(StateKey{Place: s.Place, State: s.State}, s.Clock, now, s.Unread)
	}
}
