package conversation

// The fold of a session that a status leads: no record tells how it came from a bot
// or into a queue, so what the list shows is itself the move (R14 to R17).

// Led is what a pass shows of a session that a status leads, beside what Seen has for
// every session. The zero Led is that of a session that its records tell of.
type Led struct {
	// ByStatus is true for such a session, as Session.ByStatus says.
	ByStatus bool
	// Requested is when the customer asked for the session, Automated the last listing
	// that showed it with a bot; 0 where that is not so.
	Requested, Automated Instant
	// Taken is true where an agent has taken the session since a listing showed it last.
	Taken bool
	// Reason and Awaiting are those that the list of closed sessions told, if it did.
	Reason   CloseReason
	Awaiting Awaiting
}

// periods finds, among records in order, the first one since the last closing after
// which the session was open again, and the closing that ends them; -1 for none.
func periods(records []Record) (period, final int) {
	final = -1
	for i := range records {
		switch r := &records[i]; {
		case r.Kind == KindClosed && final < 0:
			final = i
		case final >= 0 && opens(r):
			period, final = final+1, -1
		}
	}
	return period, final
}

// Ending is the id of the closing that records in order end with, 0 where they do not.
func Ending(records []Record) int64 {
	if _, final := periods(records); final >= 0 {
		return records[final].ID
	}
	return 0
}

// request begins the clock of a customer who has asked for a conversation and not
// written yet (R15).
func (f *folding) request() {
	if f.seen.ByStatus && f.seen.Requested != 0 {
		f.facts.Unanswered = f.seen.Requested
		f.facts.set(byRequest, true)
	}
}

// take lets who has taken a session have it: what came after the listing before that
// happened with people, and not in the queue or with the bot that it was listed with.
func (f *folding) take() {
	if !f.seen.ByStatus || !f.seen.Taken {
		return
	}
	switch f.facts.Owner {
	case OwnerAutomation:
		f.handOver()
		f.facts.Owner = OwnerPeople
	case OwnerQueue:
		f.facts.Owner = OwnerPeople
	}
}

// handOver is one that two listings show.
func (f *folding) handOver() {
	f.emit(Event{Kind: EventHandedOver, Record: f.facts.Last, Told: true})
	f.facts.HandedOver = max(f.facts.HandedOver, f.seen.Automated)
}

// lead gives the present stretch the owner that the listing showed. Where a bot had
// the session, that is a hand-over (R16). A queue in which nobody has picked it up
// keeps a session until it is closed.
func (f *folding) lead() {
	known, owner := f.facts.Owner, f.seen.Owner
	if f.seen.Closed && known == OwnerQueue && f.seen.Reason == "" {
		return
	}
	if known == OwnerAutomation && owner != OwnerAutomation {
		f.handOver()
	}
	f.facts.Owner = owner
}

// bot folds a message of a bot: until then the bot had the session (R16). In one that
// is met for the first time it shows a hand-over, unless a bot has it now.
func (f *folding) bot(r *Record) {
	f.facts.HandedOver = max(f.facts.HandedOver, InstantOf(r.At))
	if f.facts.Owner == OwnerAutomation {
		return
	}
	if f.first && r.ID >= f.records[f.period].ID && f.seen.Owner != OwnerUnknown && !f.facts.is(apiWrote) {
		f.emit(Event{Kind: EventHandedOver, Record: r.ID})
	}
	f.facts.set(apiWrote, true)
}

// had gives a session that is closed before anybody told who had it to the bot who has
// it now: it was opened again since.
func (f *folding) had() {
	if f.seen.ByStatus && f.facts.Owner == OwnerUnknown && f.seen.Owner == OwnerAutomation {
		f.facts.Owner = OwnerAutomation
	}
}

// late reports whether the first record of a session comes after it has been counted
// without one; what opens it again counts.
func (f *folding) late() bool {
	if f.fresh {
		return f.facts.is(startTold)
	}
	f.facts.set(startTold, false)
	return false
}

// closing is the end of a session of which no record tells.
func (f *folding) closing() Event {
	e := Event{Kind: EventClosed, Record: f.facts.Last, Told: f.seen.ByStatus, Reason: ClosedOtherwise, Awaiting: f.facts.Awaiting()}
	f.told(&e)
	return e
}

// ended counts a closing that a record tells, unless it has been counted without one.
func (f *folding) ended(e Event) {
	if f.last {
		f.told(&e)
	}
	if !f.facts.is(startTold) {
		f.emit(e)
	}
}

// told gives a closing what the list of closed sessions told of it (R17).
func (f *folding) told(e *Event) {
	if !f.seen.ByStatus || !f.seen.Closed {
		return
	}
	if f.seen.Reason != "" {
		e.Reason = f.seen.Reason
	}
	if f.seen.Awaiting == AwaitingAgent || f.seen.Awaiting == AwaitingCustomer {
		e.Awaiting = f.seen.Awaiting
	}
}

// shut closes the session, in which nobody has written if it is wordless. One that was
// a bot's is that again when it is opened again.
func (f *folding) shut(wordless bool) {
	keeps := f.seen.ByStatus && f.bots && f.facts.Owner == OwnerAutomation
	f.facts.close()
	f.facts.set(startTold, wordless)
	if keeps {
		f.facts.Owner = OwnerAutomation
	}
}
