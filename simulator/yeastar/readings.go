package yeastar

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"conversation_exporter/simulator/figures"
	"conversation_exporter/simulator/world"
)

// audit is what was made of all passes that are over: counting them once is
// enough, for what was shown in them stays as it is.
type audit struct {
	// options are what the exporter is configured with for whom it was made.
	options string
	counts  *Counts
}

// past is what earlier readings of a session have left.
type past struct {
	// done is how many passes were looked at.
	done int
	// row is what the lists said at the last reading.
	row row
	// counted are the things that were counted (R18).
	counted map[deed]bool
	// fixed are the deliveries of the records that are settled (R13).
	fixed map[int64]telling
	// judged are the windows that were decided, by the customer's message (R33), lost is
	// when the last of them ended that was lost.
	judged map[int64]bool
	lost   time.Time
	// ended are the records after which the session was found closed without a
	// record that says so (R11).
	ended []int64
	// next is when time alone may decide something.
	next time.Time
	// read and settledTo are the last record that was read, and that was settled: what
	// they decide was decided then (R18), with what was known then.
	read, settledTo int64
	// track has how far each reading has settled the session, by pass.
	track []settling
	// unsettled tells that a message was young and under way at the last reading:
	// then only another answer tells more.
	unsettled bool
}

func (p *past) clone() past {
	c := *p
	c.counted, c.fixed, c.judged, c.ended = maps.Clone(p.counted), maps.Clone(p.fixed), maps.Clone(p.judged), slices.Clone(p.ended)
	return c
}

// sendingTime is how long a message that is still being sent may yet fail.
const sendingTime = 10 * time.Minute

// mark is what lies at or before it is not counted (R19).
type mark struct {
	message int64
	at      time.Time
}

// mark gives the mark that a session has in a pass: the lowest of those of the
// viewers that showed it first, or the first that one of them got later.
func (c *chronicle) mark(s *story, p int) (mark, bool) {
	best := -1
	for _, v := range s.first {
		set, ok := c.marks[v]
		switch {
		case !ok || set > p:
		case best < 0, best > s.began && set < best:
			best = set
		case best <= s.began && set <= s.began && c.passes[set].top < c.passes[best].top:
			best = set
		}
	}
	if best < 0 {
		return mark{}, false
	}
	m := mark{message: max(c.passes[best].top, s.grave.last), at: c.passes[best].at}
	if s.grave.at.After(m.at) {
		m.at = s.grave.at
	}
	return m, true
}

// listed gives the last showing up to a pass.
func (s *story) listed(p int) (showing, bool) {
	for _, sh := range slices.Backward(s.showings) {
		if sh.pass <= p {
			return sh, true
		}
	}
	return showing{}, false
}

// reach gives from where to where the records were shown without a gap by a
// pass, up to the newest of them.
func (s *story) reach(p int) (low, high int64, ok bool) {
	var parts []answer
	for _, a := range s.answers {
		if a.pass <= p && !s.stuck[a.pass] {
			parts = append(parts, a)
			if !ok || a.high > high {
				low, high, ok = a.low, a.high, true
			}
		}
	}
	for grown := true; grown; {
		grown = false
		for _, a := range slices.Backward(parts) {
			if a.high >= low && a.low < low {
				low, grown = a.low, true
			}
		}
	}
	return low, high, ok
}

// complete tells from where to where a session's records are known by a pass,
// and whether that is from what is needed to the last message that was listed.
// Only then is the pass a reading of the session.
func (c *chronicle) complete(s *story, p int) (low, high int64, ok bool) {
	sh, shown := s.listed(p)
	if !shown || sh.row.last == 0 {
		return 0, 0, shown
	}
	low, high, ok = s.reach(p)
	if !ok || high < sh.row.last {
		return 0, 0, false
	}
	m, marked := c.mark(s, p)
	return low, high, !marked || low <= m.message || s.starts(low)
}

// known gives a session's records as they had been shown by a pass, if that is
// a reading of it.
func (c *chronicle) known(s *story, p int) ([]world.Record, bool) {
	low, high, ok := c.complete(s, p)
	if !ok {
		return nil, false
	}
	from, _ := s.find(low)
	var records []world.Record
	for i := from; i < len(s.lines) && s.lines[i].ID <= high; i++ {
		for _, t := range slices.Backward(s.lines[i].tellings) {
			if t.pass <= p && !s.stuck[t.pass] {
				r := s.lines[i].Record
				r.Delivery, r.Failure = t.delivery, t.failure
				records = append(records, r)
				break
			}
		}
	}
	return records, true
}

// starts tells whether a record is the first of its session.
func (s *story) starts(id int64) bool {
	i, ok := s.find(id)
	return ok && !s.lines[i].At.After(s.opened)
}

// auditor reads a chronicle as a certain exporter must.
type auditor struct {
	*reader
	log *chronicle
}

// audited gives the chronicle with everything counted up to before the last
// pass, which may not be over.
func (r *reader) audited() *auditor {
	a := &auditor{reader: r, log: r.notes.log}
	o := r.options
	options := fmt.Sprint(o.QueueMembers, o.API, o.Extensions, o.AllExtensions, o.AgentsDestination)
	if a.log.audit == nil || a.log.audit.options != options {
		a.log.audit = &audit{options: options, counts: figures.NewCounts()}
		for _, s := range a.log.stories {
			s.past = past{done: s.began}
		}
	}
	over := len(a.log.passes)
	if over > 0 && !a.log.passes[over-1].at.Before(r.now) {
		over--
	}
	for id, s := range a.log.stories {
		a.follow(s, &s.past, over, a.log.audit.counts)
		if at, ok := a.forgotten(s); ok {
			a.log.graves[id] = s.rest(at)
			delete(a.log.stories, id)
		}
	}
	return a
}

// forgotten tells whether nobody will ask for a session any more, and when it
// was shown last: an hour ago, or a day where records of it are missing.
func (a *auditor) forgotten(s *story) (time.Time, bool) {
	const lost = 24 * time.Hour
	at := a.log.lastSeen(s)
	if n := len(s.answers); n > 0 && a.log.passes[s.answers[n-1].pass].at.After(at) {
		at = a.log.passes[s.answers[n-1].pass].at
	}
	if a.now.Sub(at) < noteLife {
		return at, false
	}
	_, _, ok := a.log.complete(s, len(a.log.passes)-1)
	return at, ok || a.now.Sub(at) > lost
}

// rest is what remains of a session that is forgotten.
func (s *story) rest(at time.Time) grave {
	g := grave{last: s.grave.last, at: at}
	if s.past.lost.After(at) {
		g.at = s.past.lost
	}
	if n := len(s.lines); n > 0 {
		g.last = max(g.last, s.lines[n-1].ID)
	}
	return g
}

// follow counts what the passes up to before one tell of a session.
func (a *auditor) follow(s *story, have *past, before int, into *Counts) {
	for p := have.done; p < before; p++ {
		if a.stirs(s, have, p) {
			a.read(s, have, p, into)
		}
		have.done = p + 1
	}
}

// stirs tells whether a pass may tell anything that the reading before it did
// not: another reading of the same would give the same.
func (a *auditor) stirs(s *story, have *past, p int) bool {
	if s.answeredIn(p) {
		return true
	}
	sh, _ := s.listed(p)
	due := !have.next.IsZero() && !a.log.passes[p].at.Before(have.next)
	return !have.unsettled && s.shownIn(p) && (due || sh.row != have.row)
}

func (s *story) shownIn(p int) bool {
	_, ok := slices.BinarySearch(s.seen, p)
	return ok
}

func (s *story) answeredIn(p int) bool {
	_, ok := slices.BinarySearchFunc(s.answers, p, func(a answer, p int) int { return a.pass - p })
	return ok && !s.stuck[p]
}

// read counts what is new at one pass, if that is a reading of the session.
func (a *auditor) read(s *story, have *past, p int, into *Counts) {
	h, ok := a.history(s, have, p)
	if !ok {
		return
	}
	have.settle(h)
	sh, _ := s.listed(p)
	have.row, have.next, have.unsettled = sh.row, time.Time{}, h.settled < len(h.records)
	marked, counts := a.log.mark(s, p)
	l := a.labels(s, h, p)
	for _, e := range h.events(l) {
		decided := have.read
		if e.kind.settles() {
			decided = have.settledTo
		}
		// A closing without a record of its own has the id of the last one.
		late := e.kind == deedClosing && e.id == decided
		if counts && e.id > marked.message && (e.id > decided || late) && !have.counted[e.deed] {
			have.counted[e.deed] = true
			e.add(into)
		}
	}
	have.read, have.settledTo = h.lastOf(len(h.records), have.read), h.lastOf(h.settled, have.settledTo)
	have.track = append(slices.Clip(have.track), settling{p, have.settledTo})
	for _, v := range h.windows(a.outlook(s, h, p)) {
		switch {
		case have.judged[v.message]:
		case v.decided:
			have.judged[v.message] = true
			if v.lost && v.end.After(have.lost) {
				have.lost = v.end
			}
			if counts && v.lost && v.end.After(marked.at) {
				into.Lost[l.place]++
			}
		case !v.due.IsZero() && (have.next.IsZero() || v.due.Before(have.next)):
			have.next = v.due
		}
	}
}

// lastOf is the id of the last of the first n records, if that is later.
func (h *history) lastOf(n int, before int64) int64 {
	if n == 0 {
		return before
	}
	return max(before, h.records[n-1].ID)
}

// history puts together what a session's records mean at one pass.
func (a *auditor) history(s *story, have *past, p int) (*history, bool) {
	records, ok := a.log.known(s, p)
	if !ok {
		return nil, false
	}
	if have.counted == nil {
		have.counted, have.fixed, have.judged = make(map[deed]bool), make(map[int64]telling), make(map[int64]bool)
	}
	for i := range records {
		if fixed, ok := have.fixed[records[i].ID]; ok {
			records[i].Delivery, records[i].Failure = fixed.delivery, fixed.failure
		}
	}
	h := &history{records: records, campaign: s.campaign, agents: a.options.AgentsDestination}
	h.start = len(records) > 0 && s.starts(records[0].ID)
	for _, id := range have.ended {
		h.end(id)
	}
	if sh, _ := s.listed(p); sh.row.closed && !h.ended() && len(records) > 0 && records[len(records)-1].ID == sh.row.last {
		have.ended = append(have.ended, sh.row.last)
		h.end(sh.row.last)
	}
	h.settled = len(h.records)
	if first := h.earliest(-1, len(h.records), func(i int) bool {
		return h.sending(i) && a.log.passes[p].at.Sub(h.records[i].At) < sendingTime
	}); first >= 0 {
		h.settled = first
	}
	h.divide(&eyes{auditor: a, story: s, past: have, pass: p, records: h.records})
	return h, true
}

// end puts a closing after a record that has none of its own.
func (h *history) end(id int64) {
	i := h.latest(len(h.records), func(i int) bool { return h.records[i].ID == id })
	if i >= 0 {
		h.records = slices.Insert(h.records, i+1, world.Record{
			ID: id, Session: h.records[i].Session, At: h.records[i].At, Kind: world.KindClosed, Side: world.SideSystem,
		})
	}
}

func (h *history) sending(i int) bool {
	return h.records[i].Kind == world.KindMessage && h.records[i].Delivery == world.Sending
}

// outlook is what a pass knows of a session's windows (R12).
func (a *auditor) outlook(s *story, h *history, p int) outlook {
	told := s.told(p, a.log.passes)
	o := outlook{at: a.log.passes[p].at, fresh: s.shownIn(p) || s.answeredIn(p), has: told.has}
	last := h.latest(len(h.records), h.customer)
	sh, _ := s.listed(p)
	if last < 0 || h.records[last].ID > sh.row.last || told.agrees(h.records[last].At.Add(world.ReplyWindow)) {
		return o
	}
	var kept windowNote
	for _, seen := range s.seen {
		if seen <= p {
			kept = kept.told(s.told(seen, a.log.passes))
		}
	}
	o.end = kept.end
	return o
}

// told is a session's window as it was told last by a pass.
func (s *story) told(p int, passes []pass) windowNote {
	i, ok := slices.BinarySearch(s.seen, p)
	if !ok {
		i--
	}
	if i < 0 {
		return windowNote{}
	}
	sh, _ := s.listed(p)
	at := passes[s.seen[i]].at
	return windowTold(expire(&world.Session{Medium: s.medium, LastInbound: sh.row.inbound}, at), at)
}
