package collector

import (
	"math"
	"time"

	"conversation_exporter/conversation"
)

// What is special of sessions that a status leads: the list tells whose turn it is and
// when anybody last wrote, but no message's id; and no record tells of the way into a
// queue, of a pick-up, or who had the session.

// word is what the status of a session says beyond its state: whose turn it is, or how
// it was closed; 0 where it says neither.
type word uint8

const (
	wordAgent word = iota + 1
	wordCustomer
	wordTicket
	wordAbandoned
)

// wordOf is what a listed session's status says.
func wordOf(s *conversation.Session) word {
	switch {
	case s.CloseReason == conversation.ClosedAsTicket:
		return wordTicket
	case s.CloseReason == conversation.ClosedAbandoned:
		return wordAbandoned
	case s.Closed:
		return 0 // Who had it says more.
	case s.Awaiting == conversation.AwaitingAgent:
		return wordAgent
	case s.Awaiting == conversation.AwaitingCustomer:
		return wordCustomer
	default:
		return 0
	}
}

// awaiting is whose turn it is.
func (w word) awaiting() conversation.Awaiting {
	switch w {
	case wordAgent, wordAbandoned:
		return conversation.AwaitingAgent
	case wordCustomer:
		return conversation.AwaitingCustomer
	default:
		return conversation.AwaitingUnknown
	}
}

// reason is how the session was closed; empty where the status does not say so.
func (w word) reason() conversation.CloseReason {
	switch w {
	case wordTicket:
		return conversation.ClosedAsTicket
	case wordAbandoned:
		return conversation.ClosedAbandoned
	default:
		return ""
	}
}

// freshness is within how much of a listing somebody must have written for the listing
// to have told it before the message itself was there to be read (R28).
const freshness = 2 * time.Second

// lead takes note of what the status of a session tells.
func (e *entry) lead(s *conversation.Session) {
	at := conversation.InstantOf(s.ListedAt)
	e.word = wordOf(s)
	e.version(s)
	fresh := !s.LastActivity.IsZero() && s.ListedAt.Sub(s.LastActivity).Abs() <= freshness
	e.set(askAgain, e.is(askAgain) || e.is(isFresh) && !fresh)
	e.set(isFresh, fresh)
	e.set(isSilent, s.LastActivity.IsZero() && !s.Closed)
	e.set(sawOpen, e.is(sawOpen) || !s.Closed)
	if s.Closed {
		e.told = seconds(s.Ended.Unix())
	}
	e.waitsOrNot(s, at)
	if s.State == conversation.StateAutomated && !s.Closed {
		e.automated = at
	}
}

// statusBits are those of a version that the status takes: for the state (3), the word
// (2) and whether the session is closed (1).
const statusBits = 6

// version makes the number that changes whenever somebody has written, or the status
// is another one, as far as that was told (R28). The later activity has the higher one.
func (e *entry) version(s *conversation.Session) {
	activity := e.activity()
	if !s.LastActivity.IsZero() {
		activity = conversation.InstantOf(s.LastActivity)
	}
	status := int64(e.state)
	switch e.word {
	case wordAgent:
		status |= 1 << 3
	case wordCustomer:
		status |= 2 << 3
	}
	if s.Closed {
		status |= 1 << 5
	}
	e.listed = activity.Unix()<<statusBits | status
}

// activity is when anybody last wrote, as far as a listing ever told it.
func (e *entry) activity() conversation.Instant {
	if !e.is(byStatus) {
		return 0
	}
	return conversation.Instant(e.listed >> statusBits) // #nosec G115 -- version made it of one
}

// wrote takes the last message for when anybody last wrote, where no list tells that.
func (e *entry) wrote(records []conversation.Record) {
	if !e.is(isSilent) {
		return
	}
	last := e.activity()
	for i := range records {
		if r := &records[i]; r.Kind == conversation.KindMessage {
			last = max(last, conversation.InstantOf(r.At))
		}
	}
	e.listed = last.Unix()<<statusBits | e.listed&(1<<statusBits-1)
}

// waitsOrNot takes note of when the session came into its queue and whether somebody
// has taken it (R16): it came there after the last listing that showed it elsewhere.
func (e *entry) waitsOrNot(s *conversation.Session, at conversation.Instant) {
	e.request(conversation.InstantOf(s.Requested))
	started := conversation.InstantOf(s.Started)
	untold := started == 0 && e.state.state() == conversation.StateAssigned
	switch {
	case untold:
		started = e.started // Its pick-up counts once it is told when that was.
	case started == 0:
		e.set(sawWaiting, true)
		e.set(pickUpDue, false)
	case e.sameStart(started):
		started = e.started
	case e.state.state() != conversation.StateAutomated:
		e.set(pickUpDue, true)
	}
	e.started = started
	switch waits := e.state.state() == conversation.StateQueued; {
	case waits:
		e.waited = e.queue
		if e.entered == 0 {
			e.entered = at
			e.set(sawEntry, true)
		}
	case untold:
		// The pick-up is measured from when it came.
	case !e.is(pickUpDue):
		e.entered = max(e.entered, at)
		e.set(sawEntry, false)
	}
}

// sameStart reports whether a listing tells the pick-up that is known. Its time may move
// with the skew of the clocks that it is corrected by.
func (e *entry) sameStart(started conversation.Instant) bool {
	const jitter = 60
	from, to := min(started, e.started), max(started, e.started)
	return from != 0 && to-from <= jitter && (to == from || !e.is(sawWaiting))
}

// request takes note of when the customer asked for the session. That may be told no
// more, as where it turns out to be of another time zone.
func (e *entry) request(at conversation.Instant) {
	if at != 0 && e.is(sawEntry) || at == 0 && e.requested != 0 && e.entered == e.requested {
		e.entered = 0
		e.set(sawEntry, false)
	}
	e.requested = at
	e.entered = max(e.entered, e.requested)
}

// since is when the session came into its queue. Where nothing but a listing tells that
// it is there, that is when its customer began to wait for an answer, or that listing.
func (e *entry) since() conversation.Instant {
	if since, waits := e.shown().Clock(); e.is(sawEntry) && waits && since < e.entered.Unix() {
		return conversation.InstantOf(time.Unix(since, 0))
	}
	return e.entered
}

// pickUp is the pick-up of the session that is still to be counted, if there is one.
// The instant of it is the list's, and so is the queue that the session left (R16).
func (l *ledger) pickUp(e *entry) {
	if !e.is(pickUpDue) {
		return
	}
	counts := e.is(hasFloor) && (e.is(sawWaiting) || !l.timesUnproved && e.started.Unix() > int64(e.floorAt))
	since := e.since()
	queue := e.queue
	if e.waited != 0 {
		queue = e.waited
	}
	if counts && since != 0 {
		l.events = append(l.events, countable{
			Event:   conversation.Event{Kind: conversation.EventPickedUp, Told: true, Seconds: max(e.started.Unix()-since.Unix(), 0)},
			channel: l.channels[e.channel], queue: l.queues[queue], origin: e.origin(),
		})
	}
	e.set(pickUpDue|sawWaiting, false)
	e.waited = 0
	switch {
	case e.is(isClosed):
	case e.state.state() == conversation.StateQueued:
		e.entered = max(e.entered, e.started) // It was put back since.
	default:
		e.entered = max(e.entered, conversation.InstantOf(time.Unix(0, e.seen)))
	}
}

// lends gives to a fold what the status of the session tells: the list was made of it,
// so it holds for every record that was there then. Who fills in a form is on the way
// to people; nobody owes him anything if he ends there.
func (e *entry) lends(seen *conversation.Seen) {
	seen.Listed, seen.Auto = math.MaxInt64, false
	seen.Led = conversation.Led{
		ByStatus: true, Requested: e.requested, Automated: e.automated, Taken: e.is(pickUpDue), Reason: e.word.reason(), Awaiting: e.word.awaiting(),
	}
	if !e.is(isSure) {
		// Whom an agent has taken people have; else he is who he was when that was sure.
		switch state := e.state.state(); {
		case e.started != 0 && state != conversation.StateAutomated:
			seen.Owner = conversation.OwnerPeople
		case state == conversation.StateAutomated && e.sure == e.state:
			seen.Owner = conversation.OwnerAutomation
		}
		return
	}
	if e.state.state() != conversation.StateArriving {
		return
	}
	if seen.Owner = conversation.OwnerPeople; seen.Closed {
		seen.Owner = conversation.OwnerAutomation
	}
}

// countsTold reports whether something counts that the list tells and no record: it
// was seen to happen, or its instant is after we began to look (R21).
func (l *ledger) countsTold(e *entry, event *conversation.Event) bool {
	if !e.is(hasFloor) {
		return false
	}
	var at int64
	switch event.Kind {
	case conversation.EventStarted:
		at = e.requested.Unix()
	case conversation.EventClosed:
		if e.is(sawOpen) {
			return true
		}
		at = int64(e.told)
	default:
		return true // A hand-over is told by two listings.
	}
	return !l.timesUnproved && at > int64(e.floorAt)
}

// floorOf sets what a session is measured against where no list tells of messages: its
// records up to the instant at which we began to look or, while the system's times may
// be of another zone, all that its first reading has (R21).
func (l *ledger) floorOf(e *entry, records []conversation.Record) {
	if !e.is(byStatus) || !e.is(hasFloor) || l.marks.tellsMessages() {
		return
	}
	for i := range records {
		r := &records[i]
		if l.timesUnproved && e.facts.Last == 0 || r.At.Unix() <= int64(e.floorAt) {
			e.floor = max(e.floor, r.ID)
		}
	}
}

// receipts takes note of what the customer has not read of the records of a reading,
// which begin before the oldest of them that was known.
func (e *entry) receipts(records []conversation.Record) {
	e.firstUnread, e.customerUnread = 0, 0
	for i := range records {
		if records[i].ReadByCustomer != conversation.ReceiptUnread {
			continue
		}
		if e.firstUnread == 0 {
			e.firstUnread = records[i].ID
		}
		if e.customerUnread < ^uint16(0) {
			e.customerUnread++
		}
	}
}

// recency orders sessions by how long they have been silent.
func recency(s *conversation.Session) int64 {
	switch {
	case !s.ByStatus:
		return s.LastMessage
	case !s.LastActivity.IsZero():
		return s.LastActivity.Unix()
	default:
		return s.Requested.Unix()
	}
}
