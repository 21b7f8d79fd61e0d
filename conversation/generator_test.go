package conversation

import (
	"math/rand/v2"
	"slices"
)

// tale is a session of which all is true: what happened, and what a listing
// would have shown after each record.
//
// Some differences between a reading at once and one in parts lie in the rules
// themselves: a listing shows only the stretch that it was taken in. The tales
// avoid them. Every stretch begins with a record that tells its owner (R6), or
// with a message while people have it, where the next move follows at once if
// there is a window to lose (R33); every queue has a pick-up, so that a move into
// it tells that it waits; only the last stretch may be of a queue in which the
// first reply picks up (R10); and only where there is no window may the closing
// lack its record, since nobody can tell when it was (R11).
type tale struct {
	rng      *rand.Rand
	records  []Record
	moments  []moment
	windowed bool
	campaign bool
	// arrivals is when the delivery of each record became final, in Unix seconds.
	arrivals []int64
	// unrecorded is a closing at the end that has no record.
	unrecorded bool
}

// moment is what is true after a record.
type moment struct {
	// owner is who has the session or, once it is closed, had it.
	owner  Owner
	closed bool
	auto   bool
	// told is true where a record told the owner.
	told    bool
	inbound int64
}

// newTale makes up a session. Where deliveries take their time, each of them is
// final before ten minutes.
func newTale(rng *rand.Rand, slow bool) *tale {
	s := &tale{rng: rng, windowed: rng.IntN(2) == 0, campaign: rng.IntN(4) == 0}
	s.begin()
	for range rng.IntN(25) {
		if s.now().closed && !s.reopen() {
			break
		}
		s.next(s.anything())
	}
	if !s.now().closed && rng.IntN(3) == 0 {
		s.assisted()
	}
	if !s.now().closed {
		switch rng.IntN(5) {
		case 0:
			s.close()
		case 1:
			s.unrecorded = !s.windowed
		}
	}
	s.deliver(slow)
	return s
}

func (s *tale) now() moment { return s.moments[len(s.moments)-1] }

// pause is the time until the next record: often none, sometimes days.
func (s *tale) pause() int64 {
	switch s.rng.IntN(12) {
	case 0, 1:
		return 0
	case 2:
		return s.rng.Int64N(3 * day)
	case 3:
		return day - 2 + s.rng.Int64N(5) // around the end of a window
	case 4, 5:
		return s.rng.Int64N(2 * hour)
	default:
		return s.rng.Int64N(5 * minute)
	}
}

// add puts a record behind the others, at once or after a pause.
func (s *tale) add(pause int64, e entry, then moment) {
	r := Record(e)
	id, at := int64(7), int64(0)
	if n := len(s.records); n > 0 {
		id = s.records[n-1].ID + 1 + s.rng.Int64N(3)
		at = s.records[n-1].At.Unix() - epoch + pause
	}
	r.ID, r.At = id, instant(at)
	if r.Kind == KindMessage && r.Sender == SenderCustomer {
		then.inbound = r.At.Unix()
	}
	s.records, s.moments = append(s.records, r), append(s.moments, then)
}

// next adds a record after a pause of any length.
func (s *tale) next(e entry, then moment) { s.add(s.pause(), e, then) }

func (s *tale) begin() {
	if s.rng.IntN(2) == 0 {
		s.next(s.move(moment{}))
		return
	}
	opening := at(0).customer()
	if s.rng.IntN(4) == 0 {
		opening = at(0).agent()
	}
	s.next(opening, moment{owner: OwnerPeople})
	if s.windowed {
		e, then := s.move(s.now())
		s.add(s.rng.Int64N(5), e, then)
	}
}

// reopen lets a closed session begin anew, or reports that it stays closed.
func (s *tale) reopen() bool {
	if s.rng.IntN(3) == 0 {
		return false
	}
	then := moment{owner: OwnerPeople, inbound: s.now().inbound}
	if s.rng.IntN(3) == 0 {
		s.next(at(0).api(), s.now()) // which opens nothing
	}
	opening := at(0).customer()
	if s.rng.IntN(4) == 0 {
		opening = at(0).agent()
	}
	s.next(opening, then)
	if s.windowed {
		e, then := s.move(s.now())
		s.add(s.rng.Int64N(5), e, then)
	}
	return true
}

// move is a record that tells the new owner.
func (s *tale) move(m moment) (entry, moment) {
	m.told = true
	var e entry
	switch s.rng.IntN(3) {
	case 0:
		m.owner, e = OwnerQueue, at(0).queued()
	case 1:
		m.owner, e = OwnerPeople, at(0).toAgent()
	default:
		m.owner, e = OwnerAutomation, at(0).toBot()
	}
	e.ByBot = s.rng.IntN(6) == 0
	return e, m
}

// anything is what may happen in an open session, and what is true then.
func (s *tale) anything() (entry, moment) {
	m := s.now()
	switch s.rng.IntN(16) {
	case 0, 1, 2, 3, 4:
		return at(0).customer(), m
	case 5, 6, 7, 8:
		e := at(0).agent()
		e.Template = s.rng.IntN(4) == 0
		return e, m
	case 9, 10:
		return at(0).api(), m
	case 11:
		return at(0).note(), m
	case 12:
		m.closed = true
		return s.closing(), m
	case 13:
		m.owner, m.told = OwnerPeople, true
		return at(0).pickedUp(), m
	default:
		return s.move(m)
	}
}

func (s *tale) closing() entry {
	return at(0).closed([]CloseReason{ClosedByAgent, ClosedByCustomer, ClosedByTimeout}[s.rng.IntN(3)])
}

func (s *tale) close() {
	m := s.now()
	m.closed = true
	s.next(s.closing(), m)
}

// assisted moves the session into a queue in which the first reply picks it up.
func (s *tale) assisted() {
	m := s.now()
	m.owner, m.told, m.auto = OwnerQueue, true, true
	s.next(at(0).queued(), m)
	for range s.rng.IntN(5) {
		m = s.now()
		e := at(0).customer()
		switch s.rng.IntN(3) {
		case 0:
			m.owner, e = OwnerPeople, at(0).agent()
		case 1:
			e = at(0).api()
		}
		s.next(e, m)
	}
}

// deliver decides what becomes of our messages, and when.
func (s *tale) deliver(slow bool) {
	s.arrivals = make([]int64, len(s.records))
	for i := range s.records {
		r := &s.records[i]
		if r.Kind != KindMessage || r.Sender == SenderCustomer {
			continue
		}
		switch s.rng.IntN(4) {
		case 0:
			r.Delivery, r.Failure = DeliveryFailed, "other"
		case 1, 2:
			r.Delivery = DeliverySent
		}
		if slow && r.Delivery != DeliveryUntold && s.rng.IntN(2) == 0 {
			s.arrivals[i] = r.At.Unix() + s.rng.Int64N(settleAfter)
		}
	}
}

// told are the first n records as the system tells them at an instant.
func (s *tale) told(n int, now int64) []Record {
	out := slices.Clone(s.records[:n])
	for i := range out {
		if now < s.arrivals[i] {
			out[i].Delivery, out[i].Failure = DeliverySending, ""
		}
	}
	return out
}

// seen is a reading of the first n records, listed after the first of them or
// after more. One that is blind was told nothing of the owner.
func (s *tale) seen(listed int, now int64) Seen {
	v := Seen{FromStart: true, Campaign: s.campaign, Now: instant(now - epoch)}
	m := s.moments[listed-1]
	v.Told, v.Listed, v.Owner, v.Auto = true, s.records[listed-1].ID, m.owner, m.auto
	v.Closed = m.closed || s.unrecorded && listed == len(s.records) && now == s.end()
	v.ListedAt = v.Now
	if s.windowed && m.inbound != 0 {
		end := m.inbound + replyWindow + s.rng.Int64N(3) - 1
		v.Window = Window{Has: true, End: instant(max(end, now) - epoch)}
	}
	return v
}

// end is a time at which everything is settled.
func (s *tale) end() int64 { return s.records[len(s.records)-1].At.Unix() + 3*day }

// cut is a reading of the first n records.
type cut struct {
	n    int
	now  int64
	seen Seen
}

// cuts are some readings of the tale, with the listing of their moment or of one
// since the reading before; the last of them sees everything.
func (s *tale) cuts() []cut {
	var out []cut
	last := 0
	for n := 1; n < len(s.records); n++ {
		if s.rng.IntN(3) != 0 {
			continue
		}
		now := s.records[n-1].At.Unix()
		now += s.rng.Int64N(s.records[n].At.Unix() - now + 1)
		listed := n
		if l := max(last, 1) + s.rng.IntN(n-max(last, 1)+1); s.like(l, n) {
			listed = l
		}
		c := cut{n, now, s.seen(listed, now)}
		if m := s.moments[n-1]; listed == n && m.told && !m.auto && !s.windowed {
			switch s.rng.IntN(6) {
			case 0:
				c.seen.Told = false
			case 1:
				c.seen.Owner = OwnerUnknown
			}
		}
		out, last = append(out, c), n
	}
	return append(out, cut{len(s.records), s.end(), s.seen(len(s.records), s.end())})
}

// like reports whether a listing of before will do: it showed the same mode of
// the queue and, where there are windows, that there is one.
func (s *tale) like(listed, n int) bool {
	m := s.moments[listed-1]
	return m.auto == s.moments[n-1].auto && (!s.windowed || m.inbound != 0)
}

// wild makes up records that no system would tell, in any order, some twice.
func wild(rng *rand.Rand) []Record {
	senders := []Sender{"", SenderCustomer, SenderCustomer, SenderAgent, SenderAgent, SenderBot, SenderAPI}
	reasons := []CloseReason{"", ClosedByAgent, ClosedByCustomer, ClosedByTimeout, ClosedAbandoned, ClosedAsTicket}
	var out []Record
	id := int64(0)
	for range rng.IntN(20) {
		id += 1 + rng.Int64N(2)
		r := Record{ID: id, At: instant(rng.Int64N(2 * day)), Kind: KindMessage}
		if rng.IntN(2) == 0 {
			r.Kind = Kind(rng.IntN(int(KindClosed) + 1))
		}
		r.Sender, r.Reason = senders[rng.IntN(len(senders))], reasons[rng.IntN(len(reasons))]
		r.Human = r.Sender == SenderAgent || rng.IntN(8) == 0
		r.ByBot, r.ToBot, r.Template = rng.IntN(4) == 0, rng.IntN(3) == 0, rng.IntN(4) == 0
		r.To = []Destination{ToUntold, ToQueue, ToAgent, ToAPI}[rng.IntN(4)]
		r.Delivery = []Delivery{DeliveryUntold, DeliverySending, DeliverySent, DeliveryFailed}[rng.IntN(4)]
		out = append(out, r)
	}
	return out
}

// wildSeen is any reading of such records.
func wildSeen(rng *rand.Rand) Seen {
	v := Seen{
		Told: rng.IntN(4) != 0, Listed: rng.Int64N(35), Owner: Owner(rng.IntN(int(OwnerPeople) + 1)),
		Auto: rng.IntN(3) == 0, Closed: rng.IntN(4) == 0, Campaign: rng.IntN(3) == 0, FromStart: rng.IntN(2) == 0,
		Now: instant(rng.Int64N(2 * day)),
	}
	v.ListedAt = v.Now
	if rng.IntN(2) == 0 {
		v.Window = Window{Has: true, End: instant(rng.Int64N(3 * day))}
	}
	return v
}
