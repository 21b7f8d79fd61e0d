package conversation

// begins reports whether a record begins a stretch, given that the session was
// closed before it, and whether it is closed after it (R6). first is true for
// the first record of a session that is read from its start.
func begins(r *Record, closed, first bool) (begin, nowClosed bool) {
	closed = closed && !first
	switch {
	case r.Kind == KindClosed:
		return !closed, true
	case r.Kind == KindQueued, r.Kind == KindTransferred, r.Kind == KindPickedUp:
		return true, closed
	case closed && opens(r):
		return true, false
	default:
		return first, closed
	}
}

// opens reports whether a record opens a closed session (R22).
func opens(r *Record) bool {
	return r.Kind == KindReopened || r.Kind == KindMessage && (r.Sender == SenderCustomer || r.Human)
}

// observe finds the stretch of which the listing tells the owner (R6): the one
// that contains the listed last message or, for a closed session, the one that
// its last closing ended.
func (f *folding) observe() {
	f.stretch = nowhere
	if !f.seen.Told || f.seen.Owner == OwnerUnknown {
		return
	}
	present, left, ended := -1, -1, false
	if f.seen.Listed != 0 && f.seen.Listed < f.facts.began {
		present = nowhere // It is of a stretch before.
	}
	closed := f.facts.Closed()
	for i := range f.records {
		r := &f.records[i]
		if r.ID > f.seen.Listed {
			break
		}
		var begin bool
		begin, closed = begins(r, closed, f.fresh && i == 0)
		if begin && r.Kind == KindClosed {
			left, ended = present, true
		}
		if begin {
			present = i
		}
	}
	switch {
	case f.seen.Closed && ended && closed:
		f.stretch = left
	case f.seen.Closed || !closed:
		f.stretch = present
	}
	if !f.facts.Closed() {
		f.own(-1)
	}
}

// own gives the stretch that began with record i the owner that the listing
// showed. The row of a closed session tells only what nothing else has told.
// Where the first reply picks up, people may have what began by waiting; only a
// transfer never leads into a queue.
func (f *folding) own(i int) {
	if i != f.stretch {
		return
	}
	if f.seen.ByStatus {
		f.lead()
		return
	}
	known, owner := f.facts.Owner, f.seen.Owner
	began := i >= 0 && known == OwnerUnknown && f.records[i].Kind != KindTransferred
	switch {
	case f.seen.Auto && owner != OwnerAutomation && (known == OwnerQueue || began):
		owner = OwnerQueue
	case f.seen.Closed && known != OwnerUnknown:
		return
	}
	f.give(owner)
}

// give is who has the session from now on. Where the first reply picks up, it waits no
// more once one was read, be it before anybody told that or since the listing.
func (f *folding) give(owner Owner) {
	if f.seen.Auto && owner == OwnerQueue && f.facts.is(served) {
		owner = OwnerPeople
	}
	f.facts.Owner = owner
	f.facts.set(autoPickUp, f.seen.Auto && owner == OwnerQueue)
}

// apply gives the stretch of the listed last message the owner that an open
// session's listing showed, once the records up to there are folded: it beats
// what the records say. It returns true.
func (f *folding) apply() bool {
	if f.current == f.stretch && !f.seen.Closed && !f.facts.Closed() {
		f.give(f.seen.Owner)
	}
	return true
}
