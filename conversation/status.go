package conversation

// The fold of a session that a status leads: no record tells how it came from a bot
// or into a queue, so what the list shows is itself the move (R14 to R17).

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

// lead gives the present stretch the owner that the listing showed. Where a bot had
// the session, that is a hand-over (R16). A queue in which nobody has picked it up
// keeps a session until it is closed.
func (f *folding) lead() {
	known, owner := f.facts.Owner, f.seen.Owner
	if f.seen.Closed && known == OwnerQueue && f.seen.Reason == "" && owner != OwnerPeople {
		return
	}
	if known == OwnerAutomation && owner != OwnerAutomation {
		f.emit(Event{Kind: EventHandedOver, Record: f.facts.Last, Told: true})
		f.facts.HandedOver = max(f.facts.HandedOver, f.seen.Automated)
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
	if f.first && r.ID >= f.records[f.period].ID && f.seen.Owner != OwnerUnknown && f.seen.Owner != OwnerAutomation && !f.facts.is(apiWrote) {
		f.emit(Event{Kind: EventHandedOver, Record: r.ID})
	}
	f.facts.set(apiWrote, true)
}

// closing is the end of a session of which no record tells.
func (f *folding) closing() Event {
	e := Event{Kind: EventClosed, Record: f.facts.Last, Told: f.seen.ByStatus, Reason: ClosedOtherwise, Awaiting: f.facts.Awaiting()}
	f.told(&e)
	return e
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
