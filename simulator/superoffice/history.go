package superoffice

import (
	"slices"
	"time"
)

// latest gives the last of the messages before one for which something is true,
// or -1.
func (s *story) latest(before int, is func(line) bool) int {
	for i := before - 1; i >= 0; i-- {
		if is(s.lines[i]) {
			return i
		}
	}
	return -1
}

// earliest gives the first of the messages between two for which something is true,
// or -1.
func (s *story) earliest(after, before int, is func(line) bool) int {
	for i := after + 1; i < before; i++ {
		if is(s.lines[i]) {
			return i
		}
	}
	return -1
}

func (k lineKind) of(l line) bool { return l.kind == k }

// answersOrEnds is what a customer's wait begins after (R1).
func answersOrEnds(l line) bool { return l.kind == lineHuman || l.kind == lineEnding }

// asked is when the customer asked what is unanswered before a message: his first
// message after the last answer and the last ending. Who has written nothing asked
// when he came, unless he has been answered or the chat was over meanwhile (R15).
func (s *story) asked(i int) (time.Time, bool) {
	if first := s.earliest(s.latest(i, answersOrEnds), i, lineCustomer.of); first >= 0 {
		return s.lines[first].at, true
	}
	if s.latest(i, func(l line) bool { return answersOrEnds(l) || l.kind == lineReopened }) >= 0 {
		return time.Time{}, false
	}
	return s.now.requested, !s.now.requested.IsZero()
}

// clock is when a wait for one of our people began that lasts before a message. Who
// was a bot's waits from when it gave him away, as far as that was seen (R3, R16).
func (s *story) clock(i int) (time.Time, bool) {
	at, asked := s.asked(i)
	if !asked {
		return at, false
	}
	if bot := s.latest(i, lineBot.of); bot > s.latest(i, answersOrEnds) {
		at = later(at, s.lines[bot].at)
	}
	if seen, ok := s.seen(func(g sight) bool { return g.sure && g.state() == stateAutomated }); ok {
		at = later(at, seen.at)
	}
	return at, true
}

// unread counts the customer's messages that wait with the clock.
func (s *story) unread() int {
	n := 0
	for _, l := range s.lines[s.latest(len(s.lines), answersOrEnds)+1:] {
		if l.kind == lineCustomer {
			n++
		}
	}
	return n
}

// starts is rule R22: the first message, and what takes up again what was over.
func (s *story) starts(i int) bool {
	speaks := func(l line) bool {
		return l.kind == lineReopened || l.kind == lineCustomer || l.kind == lineHuman
	}
	over := s.latest(i, lineEnding.of)
	switch l := s.lines[i]; {
	case i == 0 || l.kind == lineReopened:
		return true
	default:
		return over >= 0 && speaks(l) && s.earliest(over, i, speaks) < 0
	}
}

// stretch is the message that began what lasts before one, -1 before the first.
func (s *story) stretch(i int) int {
	for i--; i >= 0; i-- {
		if s.starts(i) {
			return i
		}
	}
	return -1
}

// ending gives the message that ended the stretch in which a message is, -1 for none:
// what comes after it, as that the chat was deleted, ends nothing.
func (s *story) ending(i int) int {
	return s.earliest(max(s.stretch(i)-1, -1), i, lineEnding.of)
}

// first tells whether a reply is the first since the start or the reopening.
func (s *story) first(i int) bool {
	return s.earliest(s.latest(i, lineEnding.of), i, lineHuman.of) < 0
}

// seen gives the last listing before the present one that shows something.
func (s *story) seen(is func(sight) bool) (sight, bool) {
	for _, g := range slices.Backward(s.sights) {
		if g.pass < s.now.pass && is(g) {
			return g, true
		}
	}
	return sight{}, false
}

// entered is when a chat came into the queue in which it is shown: not before it was
// asked for, and not before it was last shown elsewhere (R16).
func (s *story) entered(elsewhere func(sight) bool) time.Time {
	// The status tells where it was, even where nothing tells whether a bot had it.
	if seen, ok := s.seen(func(g sight) bool { return g.status != 0 && elsewhere(g) }); ok {
		return later(s.now.requested, seen.at)
	}
	return s.now.requested
}

// state is rule R14 for what a listing shows.
func (g sight) state() string {
	switch {
	case g.status >= 1 && g.status <= 3:
		return stateArriving
	case g.status == 4 || g.status == 11 || g.status == 0 && g.started.IsZero():
		return stateQueued
	case g.botTold && g.bot || !g.botTold && g.started.IsZero():
		return stateAutomated
	case g.over && g.started.IsZero():
		return stateArriving // It ended in a form.
	default:
		return stateAssigned
	}
}

// state is that of a chat as it is known: where it cannot be told, the last one that
// was, unless that was in a queue, or an agent is told to have taken it.
func (s *story) state() string {
	state := s.now.state()
	if s.now.sure || !s.now.started.IsZero() {
		return state
	}
	if last, ok := s.seen(func(g sight) bool { return g.sure }); ok && (last.state() == stateAutomated || last.state() == stateAssigned) {
		return last.state()
	}
	return state
}
