package collector

import (
	"cmp"
	"math"
	"slices"
	"time"

	"conversation_exporter/conversation"
)

const (
	// maxNew and maxFirst bound the records of one session in one pass (R29).
	maxNew   = 500
	maxFirst = 200
	// askGone and askStuck are how often the records of a session are read that is
	// not listed any more (R24), or whose message is stuck (R13).
	askGone  = 5 * time.Minute
	askStuck = 10 * time.Minute
	// maxTries is how often a session is read whose records end before the message
	// that was listed.
	maxTries = 3
)

// countable is an event and what it is counted under.
type countable struct {
	conversation.Event
	channel string
	queue   conversation.Queue
	origin  conversation.Origin
}

// sweep takes note of sessions that were closed. An open row with a newer
// message beats the row of the closed list: the session was reopened between. Of
// two statuses the later one counts, and that is the one that is told here.
func (l *ledger) sweep(sessions []conversation.Session, now time.Time) {
	for i := range sessions {
		s := &sessions[i]
		l.marks.see(s.LastMessage)
		if e := l.entries[s.ID]; e != nil && !s.ByStatus && e.pass == l.pass && !e.is(isClosed) && e.listed > s.LastMessage {
			continue
		}
		if len(l.entries) >= l.limit && l.entries[s.ID] == nil {
			l.leftOut++
			continue
		}
		l.show(l.entry(s, now), s, conversation.Coverage{})
	}
}

// wants returns which sessions are to be read, those first whose customer
// matters most (R28, R31). Of those that need no reading it decides what the
// listing and the clock alone decide: who has them, and lost windows (R33).
//
// Those that are needed are still to be read; the others are read again, although nothing
// says that they have changed.
func (l *ledger) wants(now time.Time, cover conversation.Coverage) (needed, others []conversation.Want) {
	var list, again []wanted
	for id, e := range l.entries {
		l.marks.raise(e)
		switch {
		case l.asks(e, now, cover):
			list = append(list, wanted{Want: e.want(id), urgency: e.urgency(now, e.pass == l.pass)})
			continue
		case e.pass == l.pass && e.known() && e.settled():
			l.fold(e, nil, conversation.Seen{Now: now})
		}
		if why := l.asksAgain(e, now); why != notAgain {
			again = append(again, wanted{Want: e.want(id), urgency: urgency{int(why), int64(e.asked)}})
		}
	}
	slices.SortFunc(list, wanted.compare)
	for i := range list {
		needed = append(needed, list[i].Want)
	}
	for _, w := range within(again) {
		others = append(others, w.Want)
	}
	return needed, others
}

// asks reports whether the records of a session are to be read in this pass.
func (l *ledger) asks(e *entry, now time.Time, cover conversation.Coverage) bool {
	// A clock that was set back must not keep anything waiting.
	asked := now.Sub(time.Unix(int64(e.asked), 0)).Abs()
	switch {
	case !e.known(), !e.settled():
		return true
	case e.open != nil && asked >= askStuck:
		return true // A message is stuck.
	case e.pass == l.pass, e.is(isClosed | byStatus), e.is(wasAsked) && asked < askGone:
		return false
	default:
		missed, _ := l.missed(e, now, cover)
		return !missed // It is gone, which does not mean that it is closed.
	}
}

// want says which records of a session are to be read.
func (e *entry) want(id int64) conversation.Want {
	w := conversation.Want{
		Session: id, After: e.facts.Last, Listed: e.listed, Floor: max(e.floor, e.counted),
		Campaign: e.is(isCampaign), Limit: maxNew,
	}
	if !e.is(hasFloor) {
		w.Floor = math.MaxInt64 // Nothing of it counts yet.
	}
	if e.open != nil && e.open.sending.ID > 0 {
		// From before the message that is under way, even if it is the first of all.
		w.After = e.open.sending.ID - 1
		if e.facts.Last > 0 {
			w.After = min(w.After, e.facts.Last)
		}
	}
	if e.is(byStatus) {
		w.Listed = 0
	}
	if e.firstUnread > 0 && w.After > 0 {
		w.After = max(min(w.After, e.firstUnread-1), 1)
	}
	if w.After <= 0 {
		w.After, w.Limit, w.Queued = 0, maxFirst, e.state.state() == conversation.StateQueued
	}
	return w
}

// wanted is a want and how soon it matters.
type wanted struct {
	conversation.Want
	urgency
}

// urgency is the place of a session in the order of reading (R31): its class,
// and within that what comes first.
type urgency struct {
	class int
	then  int64
}

func (e *entry) urgency(now time.Time, listed bool) urgency {
	const queued, windowed, open, rest = 0, 1, 2, 3
	end := int64(e.told)
	switch {
	case e.is(isClosed), !listed:
		return urgency{rest, e.listed}
	case e.state.state() == conversation.StateQueued:
		return urgency{queued, e.listed}
	case e.is(hasWindow) && end > now.Unix():
		return urgency{windowed, end}
	default:
		return urgency{open, e.listed} // The longest silent has the oldest message.
	}
}

func (w wanted) compare(than wanted) int {
	return cmp.Or(cmp.Compare(w.class, than.class), cmp.Compare(w.then, than.then), cmp.Compare(w.Session, than.Session))
}

// read applies what was read of one session in one step (R32).
func (l *ledger) read(t *conversation.Thread) {
	e := l.entries[t.Session]
	if e == nil {
		return
	}
	l.floorOf(e, t.Records)
	l.fold(e, t.Records, conversation.Seen{FromStart: t.FromStart, Now: t.ReadAt})
	if e.is(byStatus) {
		e.receipts(t.Records)
		e.wrote(t.Records)
		e.read, e.tries = e.listed, 0
		e.set(askAgain, false)
		e.asked = seconds(t.ReadAt.Unix())
		return
	}
	// Where the records end before what was listed, they may be a moment behind; or
	// that message is gone for good.
	if e.tries++; e.shown().Last >= e.listed || e.tries >= maxTries {
		e.read, e.tries = e.listed, 0
	}
	e.asked = seconds(t.ReadAt.Unix())
	e.set(wasAsked, e.pass != l.pass)
	if e.pass != l.pass && e.shown().Closed() {
		e.set(isClosed, true)
	}
}

// passOver takes the records of a session as read that could not be folded.
func (l *ledger) passOver(id int64) {
	if e := l.entries[id]; e != nil {
		e.read = e.listed
	}
}

// fold folds records of a session, and keeps for counting what counts.
func (l *ledger) fold(e *entry, records []conversation.Record, seen conversation.Seen) {
	state := e.state.state()
	seen.Told, seen.Listed, seen.Closed, seen.Campaign = true, e.listed, e.is(isClosed), e.is(isCampaign)
	seen.Window, seen.ListedAt = windowOf(int64(e.told), e.is(hasWindow)), time.Unix(0, e.seen)
	if e.is(isSure) {
		seen.Owner = conversation.OwnerOf(state)
		seen.Auto = l.queues[e.queue].AutoPickUp
	}
	if e.is(byStatus) {
		e.lends(&seen)
		l.pickUp(e)
	}
	folded := conversation.Fold(e.facts, records, seen)
	for _, event := range folded.Events {
		if event.Told && l.countsTold(e, &event) || !event.Told && e.counts(&event) {
			l.count(e, event)
		}
	}
	sending := folded.Sending
	if e.open != nil && e.open.sending.ID > 0 && (len(records) == 0 || records[0].ID > e.open.sending.ID) {
		sending = e.open.sending // It was not among what was read.
	}
	if e.facts, e.open = folded.Settled, nil; folded.Shown != folded.Settled || sending.ID > 0 {
		e.open = &unsettled{shown: folded.Shown, sending: sending}
	}
	e.counted = max(e.counted, folded.Shown.Last)
	if channel, at := l.channels[e.channel], folded.Shown.Inbound.Unix(); at > l.inbound[channel] {
		l.inbound[channel] = at
	}
	if e.is(byStatus) {
		return
	}
	if e.waited = 0; state == conversation.StateQueued {
		e.waited = e.queue
	}
}

// counts reports whether an event is new and not from before we looked (R19, R20).
func (e *entry) counts(event *conversation.Event) bool {
	switch {
	case !e.is(hasFloor):
		return false
	case event.Kind == conversation.EventWindowLost:
		return event.End > int64(e.floorAt)
	case event.Kind.Settled():
		return event.Record > e.floor
	default:
		return event.Record > max(e.counted, e.floor)
	}
}

// count keeps an event until it is counted, with the queue that the session was
// listed in; a pick-up with the queue that it waited in (R10).
func (l *ledger) count(e *entry, event conversation.Event) {
	queue := e.queue
	if event.Kind == conversation.EventPickedUp && event.Moved <= e.counted && e.waited != 0 {
		queue = e.waited
	}
	l.events = append(l.events, countable{Event: event, channel: l.channels[e.channel], queue: l.queues[queue], origin: e.origin()})
}
