package conversation

import (
	"cmp"
	"slices"
	"time"
)

const (
	// settleAfter is how long a message may be under way before it is taken as
	// delivered (R13, R18), in seconds.
	settleAfter = 10 * 60
	// maxAhead is how many seconds a record may lie in the future (R34).
	maxAhead = 60
)

// Seen is what a pass shows of a session, beside its records.
type Seen struct {
	// Told is false where no listing has shown the session; then only Now, Campaign
	// and FromStart count. Of a session that is not listed any more the last listing
	// that showed it counts.
	Told bool
	// Listed is the id of the last message that the listing showed.
	Listed int64
	// Owner is who has the session, OwnerUnknown where that is not sure. Of a
	// closed session it is who had it at the closing.
	Owner Owner
	// Auto is true where the first reply picks the session up from its queue.
	Auto bool
	// Closed is true for a session of the list of closed ones.
	Closed bool
	// Window is the reply window as the listing told it, ListedAt when it did.
	Window   Window
	ListedAt time.Time
	// Led is what the status tells of a session that one leads.
	Led
	// Campaign is true for a session that a campaign began.
	Campaign bool
	// FromStart is true where the first record is the first of the session.
	FromStart bool
	// Now is our clock at the reading.
	Now time.Time
}

// Folded is what a reading comes to.
type Folded struct {
	// Settled is what is certain: the facts up to the first message that is still
	// under way and young. Shown is everything, as if it will arrive. They are
	// equal where nothing is under way.
	Settled, Shown Facts
	// Sending is the oldest record whose message is under way, however old; its ID
	// is 0 where there is none.
	Sending Sending
	// Events are what is to be counted, in the order of the records, after those of
	// the dropped ones. Those of records beyond Settled.Last come again at the next
	// reading.
	Events []Event
}

// Sending is a message that is still under way.
type Sending struct {
	ID int64
	// At is when it was sent, in Unix seconds.
	At int64
}

// before reports whether a message was sent before another one.
func (s Sending) before(other Sending) bool {
	return s.At < other.At || s.At == other.At && s.ID < other.ID
}

// Fold reads the records of one session: it takes what was settled before, and
// the records since, in any order; those that are known already are passed over. It
// knows no clock but seen's. Folding a history at once or in parts gives the same
// facts and, together, the same events.
func Fold(before Facts, records []Record, seen Seen) Folded {
	f := folding{facts: before, seen: seen, windowed: before.Window != 0, current: -1, fresh: before.Last == 0 && seen.FromStart}
	if seen.Told {
		f.windowed = seen.Window.Has
	}
	var out Folded
	f.records, out.Sending = f.prepare(records)
	f.first, f.bots = before == Facts{}, before.Owner == OwnerAutomation
	f.period, f.final = periods(f.records)
	f.take()
	f.observe()
	settled := f.settled()
	for i := range f.records[:settled] {
		f.step(i)
	}
	out.Settled, f.unsettled = f.listed(), settled < len(f.records)
	for i := settled; i < len(f.records); i++ {
		f.step(i)
	}
	f.end()
	out.Shown, out.Events = f.facts, f.events
	switch {
	case !f.unsettled:
		out.Settled = f.facts
	case out.Settled.Inbound == out.Shown.Inbound:
		out.Settled.Window = out.Shown.Window
	}
	return out
}

// folding is a fold under way.
type folding struct {
	facts   Facts
	records []Record
	seen    Seen
	events  []Event
	// stretch is the record that began the stretch of which the listing tells the
	// owner; -1 for the one that began before these records, nowhere for none.
	// current is the same of the stretch that is folded now.
	stretch, current int
	// observed is true once what the listing showed is applied.
	observed bool
	// windowed is true where the session has reply windows.
	windowed bool
	// fresh is true until the first record of a session that is read from its start.
	fresh bool
	// moved is the last record that moved the session.
	moved int64
	// first is true where nothing was known of the session. period is the first record
	// of the time since the last closing that was followed by a reopening, final the
	// closing that ends the records, -1 where they do not end so, and last is true
	// while that one is folded.
	first, last   bool
	period, final int
	// bots is true where a listing before has shown the session with a bot.
	bots bool
	// later is true once the customer has written after the listing.
	later bool
	// unsettled is true beyond the first message that is under way.
	unsettled bool
	// dropped is the last record that lies in the future.
	dropped int64
}

// nowhere is no stretch.
const nowhere = -2

// prepare puts the records in order, each once, and leaves out what is known and
// what lies in the future (R34). Of all of them it finds the oldest message that
// is under way.
func (f *folding) prepare(records []Record) ([]Record, Sending) {
	list := make([]Record, 0, len(records))
	var sending Sending
	for _, r := range records {
		if r.ID <= 0 {
			continue
		}
		if way := (Sending{ID: r.ID, At: r.At.Unix()}); r.Sending() && !f.ahead(&r) && (sending.ID == 0 || way.before(sending)) {
			sending = way
		}
		if r.ID > f.facts.Last {
			list = append(list, r)
		}
	}
	slices.SortStableFunc(list, func(a, b Record) int { return cmp.Compare(a.ID, b.ID) })
	list = slices.CompactFunc(list, func(a, b Record) bool { return a.ID == b.ID })
	list = slices.DeleteFunc(list, func(r Record) bool {
		if !f.ahead(&r) {
			return false
		}
		f.dropped = r.ID
		f.emit(Event{Kind: EventDropped, Record: r.ID})
		return true
	})
	return list, sending
}

// ahead reports whether a record lies too far in the future (R34).
func (f *folding) ahead(r *Record) bool { return r.At.Unix()-f.seen.Now.Unix() > maxAhead }

// settled is how many records come before the first message that is under way and
// young (R13).
func (f *folding) settled() int {
	for i := range f.records {
		if r := &f.records[i]; r.Sending() && f.seen.Now.Unix()-r.At.Unix() < settleAfter {
			return i
		}
	}
	return len(f.records)
}

// listed is what is known by now. A listing that came later than all of that tells the
// owner, as the next reading takes it.
func (f folding) listed() Facts {
	if !f.observed && !f.facts.Closed() {
		f.own(f.current)
	}
	return f.facts
}

// step folds one record.
func (f *folding) step(i int) {
	r := &f.records[i]
	f.last = i == f.final
	if r.ID > f.seen.Listed {
		f.observed = f.observed || f.apply()
	}
	f.expire(r)
	begin, _ := begins(r, f.facts.Closed(), f.fresh)
	if f.fresh || f.facts.Closed() && opens(r) {
		if !f.late() {
			f.emit(Event{Kind: EventStarted, Record: r.ID})
		}
		f.facts.set(isClosed|apiWrote, false)
		f.facts.set(firstDue|whole, true)
		if f.fresh {
			f.request()
		}
	}
	f.fresh = false
	if begin {
		f.current, f.facts.began = i, r.ID
		f.facts.set(served, false)
	}
	switch r.Kind {
	case KindMessage:
		if begin {
			f.own(i)
		}
		f.message(r)
	case KindQueued, KindTransferred:
		f.move(r, i)
	case KindPickedUp:
		f.pickUp(r)
		f.own(i)
	case KindClosed:
		f.close(r)
	case KindOther, KindReopened:
		if begin {
			f.own(i)
		}
	}
	f.facts.Last = r.ID
}

// message folds something that was said.
func (f *folding) message(r *Record) {
	if r.Sender != "" {
		f.emit(Event{Kind: EventMessage, Record: r.ID, Sender: r.Sender})
	}
	if r.Template {
		f.emit(Event{Kind: EventTemplate, Record: r.ID})
	}
	if r.Delivery == DeliveryFailed {
		f.emit(Event{Kind: EventFailed, Record: r.ID, Failure: r.Failure})
	}
	switch {
	case r.Sender == SenderCustomer:
		f.asks(r)
	case r.Human:
		f.replies(r)
	case f.seen.ByStatus && r.Sender == SenderBot:
		f.bot(r)
	case r.Sender == SenderAPI, r.Sender == SenderBot:
		f.facts.set(apiWrote, true)
	}
}

// asks folds a message of the customer (R1, R10, R12).
func (f *folding) asks(r *Record) {
	at := InstantOf(r.At)
	if f.facts.Unanswered == 0 || f.facts.is(byRequest) {
		f.facts.Unanswered = at
		f.facts.set(byRequest, false)
	}
	if f.facts.Entered == 0 && f.facts.is(whole) && !f.seen.ByStatus {
		f.facts.Entered = at
	}
	f.facts.Unread++
	f.window(at)
	f.later = r.ID > f.seen.Listed
}

// replies folds a message of one of our people (R4, R5, R10).
func (f *folding) replies(r *Record) {
	if f.facts.Owner == OwnerQueue && f.facts.is(autoPickUp) {
		f.pickUp(r)
	}
	f.facts.set(served, true)
	if f.facts.Unanswered == 0 && !(r.Template && f.seen.Campaign) {
		f.facts.set(firstDue, false) // We wrote first, even if in vain.
	}
	if !r.Answers(f.seen.Campaign) {
		return
	}
	if since, waits := f.facts.Clock(); waits {
		seconds := max(r.At.Unix()-since, 0)
		f.emit(Event{Kind: EventResponse, Record: r.ID, Seconds: seconds})
		if f.facts.is(firstDue) {
			f.emit(Event{Kind: EventFirstResponse, Record: r.ID, Seconds: seconds})
		}
	}
	f.facts.set(firstDue|byRequest, false)
	f.facts.Unanswered, f.facts.HandedOver, f.facts.Unread = 0, 0, 0
}

// move folds a transfer or a move into a queue (R3, R6, R10).
func (f *folding) move(r *Record, i int) {
	bot := r.ByBot || f.facts.Owner == OwnerAutomation || f.facts.is(apiWrote) && !f.seen.ByStatus
	to, owner := r.To, OwnerPeople
	switch {
	case r.Kind == KindQueued:
		to, owner = ToQueue, OwnerQueue
		f.facts.Entered = InstantOf(r.At)
	case to == ToUntold && i == f.stretch && f.seen.Owner == OwnerAutomation:
		to, owner = ToAPI, OwnerAutomation
	case to == ToUntold:
		to, owner = ToAgent, OwnerUnknown
	case r.ToBot:
		owner = OwnerAutomation
	}
	if bot && to != ToAPI {
		f.emit(Event{Kind: EventHandedOver, Record: r.ID})
		f.facts.HandedOver = InstantOf(r.At)
	} else {
		f.emit(Event{Kind: EventTransferred, Record: r.ID, To: to})
	}
	f.moved = r.ID
	f.facts.Owner = owner
	f.facts.set(autoPickUp, false)
	f.facts.set(apiWrote, f.seen.ByStatus && f.facts.is(apiWrote))
	f.own(i)
}

// pickUp folds a pick-up (R10).
func (f *folding) pickUp(r *Record) {
	if f.facts.Entered != 0 {
		f.emit(Event{Kind: EventPickedUp, Record: r.ID, Seconds: max(r.At.Unix()-f.facts.Entered.Unix(), 0), Moved: f.moved})
	}
	f.moved = r.ID
	f.facts.Owner = OwnerPeople
	f.facts.set(apiWrote|autoPickUp, false)
}

// close folds a closing (R11). One by the time limit loses an open window too (R33).
func (f *folding) close(r *Record) {
	if f.facts.Closed() {
		return
	}
	f.had()
	f.moved = r.ID
	reason := r.Reason
	if reason == ClosedByTimeout && f.undecided() {
		f.decide(r.ID)
	}
	if f.facts.Owner == OwnerQueue && (reason == ClosedByCustomer || reason == ClosedByTimeout) {
		reason = ClosedAbandoned
	}
	f.ended(Event{Kind: EventClosed, Record: r.ID, Reason: reason, Awaiting: f.facts.Awaiting()})
	f.shut(false)
}

// end applies what the listing and the clock say beyond the records.
func (f *folding) end() {
	if !f.observed {
		f.apply()
	}
	if f.seen.Told && f.seen.Closed && !f.facts.Closed() && f.facts.Last <= f.seen.Listed {
		if f.seen.ByStatus && f.facts.Last == 0 {
			f.emit(Event{Kind: EventStarted, Told: true}) // Nobody ever wrote.
		}
		f.emit(f.closing())
		f.shut(f.seen.ByStatus && f.facts.Last == 0)
	}
	if f.seen.Told && !f.later {
		f.facts.Tell(f.seen.Window, f.seen.ListedAt)
	}
	if f.undecided() && f.seen.Now.Unix()-f.facts.Window.Unix() > windowJitter {
		f.decide(f.facts.Last)
	}
	f.facts.Last = max(f.facts.Last, f.dropped)
}

// emit adds an event; those that a delivery decides wait until it is settled.
func (f *folding) emit(e Event) {
	if !f.unsettled || !e.Kind.Settled() {
		f.events = append(f.events, e)
	}
}
