package yeastar

import (
	"math"
	"slices"
	"time"

	"conversation_exporter/simulator/world"
)

// holder is who has a session for a stretch of time.
type holder int

const (
	holderUnknown holder = iota
	holderAutomation
	// holderQueue is a queue in which the session waits.
	holderQueue
	// holderPeople is an agent, or all agents of a queue without pick-up.
	holderPeople
)

// witness is what can be said of a session beside its records.
type witness interface {
	// had tells who had the session, and in which queue, when its last record was
	// one of those from the first id up to before the second.
	had(from, before int64) (holder, int)
	// left tells the same of the stretch that began with the record of an id, for a
	// session that was found closed by the record of the next id, and had not been
	// closed again by one of the last.
	left(began, from, before int64) (holder, int)
	// auto tells whether the first message of one of our people takes a session
	// out of the queue.
	auto(queue int) bool
}

// history is a session's records and what they mean. Every question is answered
// by a look at all of them: nothing is carried on from one record to the next.
type history struct {
	// records are in the order of their ids. One with the id of the record before
	// it is a closing that has no record of its own.
	records []world.Record
	// settled is how many of them, from the first, are settled.
	settled int
	// start tells that the first is the first of the session.
	start bool
	// campaign and agents are what a session and an exporter are configured with.
	campaign, agents bool
	stretches        []stretchOfRecords
}

// stretchOfRecords is the time between two records that move a session.
type stretchOfRecords struct {
	// from is the record that begins it; to the one that ends it, or how many
	// records there are.
	from, to int
	// by is who has it by the record that begins it.
	by, holder holder
	// taken tells that it begins with a message that took it out of its queue.
	taken bool
}

func (h *history) customer(i int) bool {
	r := &h.records[i]
	return r.Kind == world.KindMessage && r.Side == world.SideCustomer
}

// human tells whether a record is a message of one of our people (R9).
func (h *history) human(i int) bool {
	r := &h.records[i]
	return r.Kind == world.KindMessage && (r.Side == world.SideAgent || r.Side == world.SideAPI && h.agents)
}

// answers is rule R5.
func (h *history) answers(i int) bool {
	r := &h.records[i]
	return h.human(i) && r.Delivery != world.Failed && !(h.campaign && r.Template)
}

func (h *history) closing(i int) bool { return h.records[i].Kind == world.KindClosed }

// latest gives the last of the records before one for which something is true,
// or -1.
func (h *history) latest(before int, is func(int) bool) int {
	for i := before - 1; i >= 0; i-- {
		if is(i) {
			return i
		}
	}
	return -1
}

// earliest gives the first of the records between two for which something is
// true, or -1.
func (h *history) earliest(after, before int, is func(int) bool) int {
	for i := after + 1; i < before; i++ {
		if is(i) {
			return i
		}
	}
	return -1
}

// divide finds the stretches and who had the session in each.
func (h *history) divide(w witness) {
	current := -1
	begin := func(i int, by holder, taken bool) {
		if current >= 0 {
			h.stretches[current].to = i
		}
		h.stretches = append(h.stretches, stretchOfRecords{from: i, to: len(h.records), by: by, taken: taken})
		current = len(h.stretches) - 1
	}
	for i := range h.records {
		switch r := &h.records[i]; {
		case r.Kind == world.KindClosed:
			if current >= 0 {
				h.stretches[current].to = i
			}
			current = -1
		case r.Kind == world.KindTransferred || r.Kind == world.KindQueued || r.Kind == world.KindPickedUp:
			begin(i, h.named(i), false)
		case i == 0 || current < 0 && (h.customer(i) || h.human(i)):
			begin(i, holderUnknown, false)
		case current >= 0 && h.human(i) && h.waits(w, h.stretches[current], i):
			begin(i, holderPeople, true)
		}
	}
	for k := range h.stretches {
		h.stretches[k].holder = h.holderOf(w, h.stretches[k])
	}
}

// named is who has a session by the word of a record that moves it.
func (h *history) named(i int) holder {
	switch r := &h.records[i]; {
	case r.Kind == world.KindQueued:
		return holderQueue
	case r.Kind == world.KindPickedUp:
		return holderPeople
	case r.To == "":
		return holderUnknown
	case r.To == string(world.API) && !h.agents:
		return holderAutomation
	default:
		return holderPeople
	}
}

// waits tells whether a session is waiting, before a record of a stretch, in a
// queue of which the first message of our people takes it. A stretch that began
// with a start, a reopening or a move into such a queue began by waiting, whoever
// had it when it was listed (R10).
func (h *history) waits(w witness, s stretchOfRecords, before int) bool {
	if who, queue := w.had(h.lowest(s), h.records[before].ID); who != holderUnknown {
		return who == holderQueue && w.auto(queue)
	}
	begun := s.from > 0 || h.start
	moved := h.records[s.from].Kind == world.KindTransferred
	if !begun || moved || s.by != holderUnknown && s.by != holderQueue {
		return false
	}
	end := h.earliest(before, len(h.records), func(i int) bool { return h.records[i].Kind != world.KindMessage })
	if end < 0 {
		end = len(h.records)
	}
	who, queue := w.had(h.records[before].ID, h.edge(end))
	if who == holderUnknown && end < len(h.records) && h.closing(end) {
		who, queue = w.left(h.lowest(s), h.records[end].ID, h.edge(h.nextClosing(end)))
	}
	return who != holderUnknown && who != holderAutomation && w.auto(queue)
}

// holderOf is rule R6: what was seen while the session was open, else the
// record that begins the stretch, else what was seen when it was closed.
func (h *history) holderOf(w witness, s stretchOfRecords) holder {
	if who, _ := w.had(h.lowest(s), h.edge(s.to)); who != holderUnknown {
		return who
	}
	if s.by != holderUnknown || s.to == len(h.records) || !h.closing(s.to) {
		return s.by
	}
	who, _ := w.left(h.lowest(s), h.records[s.to].ID, h.edge(h.nextClosing(s.to)))
	return who
}

// nextClosing gives the closing that follows one, or how many records there are.
func (h *history) nextClosing(i int) int {
	if next := h.earliest(i, len(h.records), h.closing); next >= 0 {
		return next
	}
	return len(h.records)
}

// lowest is the id from which on a stretch reaches. What came before the first
// record that is known belongs to it.
func (h *history) lowest(s stretchOfRecords) int64 {
	if s.from == 0 {
		return 0
	}
	return h.records[s.from].ID
}

// edge is the first id that is no longer before a record.
func (h *history) edge(i int) int64 {
	switch {
	case i == len(h.records):
		return math.MaxInt64
	case h.unrecorded(i):
		return h.records[i].ID + 1
	default:
		return h.records[i].ID
	}
}

// unrecorded tells whether a closing has no record of its own.
func (h *history) unrecorded(i int) bool { return i > 0 && h.records[i-1].ID == h.records[i].ID }

// before gives the stretch that a record meets, or that lasts after the last
// record; false after a closing.
func (h *history) before(i int) (stretchOfRecords, bool) {
	for _, s := range slices.Backward(h.stretches) {
		if s.from < i {
			return s, s.to >= i
		}
	}
	return stretchOfRecords{}, false
}

func (h *history) holderBefore(i int) holder {
	if s, ok := h.before(i); ok {
		return s.holder
	}
	return holderUnknown
}

// handsOver is rule R3: whether a record is a bot's giving the session away.
func (h *history) handsOver(i int) bool {
	r := &h.records[i]
	moves := r.Kind == world.KindQueued || r.Kind == world.KindTransferred && r.To != string(world.API)
	if !moves || h.agents {
		return false
	}
	s, ok := h.before(i)
	if r.Side == world.SideAPI || !ok {
		return r.Side == world.SideAPI
	}
	wrote := h.earliest(s.from-1, i, func(j int) bool {
		return h.records[j].Kind == world.KindMessage && h.records[j].Side == world.SideAPI
	})
	return s.holder == holderAutomation || wrote >= 0
}

// calm is the last good reply or closing before a record (R1).
func (h *history) calm(i int) int {
	return h.latest(i, func(j int) bool { return h.answers(j) || h.closing(j) })
}

// clock is when the customer's wait began that lasts before a record, and false
// where he does not wait for one of our people (R1, R2, R3).
func (h *history) clock(i int) (time.Time, bool) {
	first := h.earliest(h.calm(i), i, h.customer)
	if first < 0 || h.holderBefore(i) == holderAutomation {
		return time.Time{}, false
	}
	at := h.records[first].At
	if over := h.latest(i, h.handsOver); over > h.calm(i) && h.records[over].At.After(at) {
		at = h.records[over].At
	}
	return at, true
}

// unread counts the customer's messages that wait with the clock.
func (h *history) unread(i int) int {
	n := 0
	for j := h.calm(i) + 1; j < i; j++ {
		if h.customer(j) {
			n++
		}
	}
	return n
}

// entered is when a session came into the queue in which it waits before a
// record (R10), and false where that is not known.
func (h *history) entered(i int) (time.Time, bool) {
	closed := h.latest(i, h.closing)
	at := h.latest(i, func(j int) bool { return h.records[j].Kind == world.KindQueued })
	if at <= closed {
		if closed < 0 && !h.start {
			return time.Time{}, false
		}
		at = h.earliest(closed, i, h.customer)
	}
	if at < 0 {
		return time.Time{}, false
	}
	return h.records[at].At, true
}

// responds tells whether a record is a settled reply that ends a wait (R4), and
// how long that was.
func (h *history) responds(i int) (time.Duration, bool) {
	since, waits := h.clock(i)
	if i >= h.settled || !waits || !h.answers(i) {
		return 0, false
	}
	return max(h.records[i].At.Sub(since), 0), true
}

// respondsFirst tells whether a reply is the first since the start or the
// reopening, to a customer who wrote before our people did.
func (h *history) respondsFirst(i int) bool {
	closed := h.latest(i, h.closing)
	if closed < 0 && !h.start {
		return false
	}
	first := h.earliest(closed, i, func(j int) bool { return h.customer(j) || h.human(j) })
	earlier := h.earliest(closed, i, func(j int) bool {
		_, ok := h.responds(j)
		return ok
	})
	return first >= 0 && h.customer(first) && earlier < 0
}

// starts is rule R22.
func (h *history) starts(i int) bool {
	if i == 0 {
		return h.start
	}
	closed := h.latest(i, h.closing)
	speaks := func(j int) bool { return h.customer(j) || h.human(j) }
	return closed >= 0 && speaks(i) && h.earliest(closed, i, speaks) < 0
}

// ended tells whether the records end closed.
func (h *history) ended() bool {
	closed := h.latest(len(h.records), h.closing)
	return closed >= 0 && h.earliest(closed, len(h.records), func(j int) bool { return h.customer(j) || h.human(j) }) < 0
}

// picks tells whether a record takes the session out of its queue (R10).
func (h *history) picks(i int) bool {
	return h.records[i].Kind == world.KindPickedUp ||
		slices.ContainsFunc(h.stretches, func(s stretchOfRecords) bool { return s.from == i && s.taken })
}
