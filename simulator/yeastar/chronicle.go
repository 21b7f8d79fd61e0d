package yeastar

import (
	"cmp"
	"slices"
	"time"

	"conversation_exporter/simulator/world"
)

// chronicle is what the API has shown of conversations, pass by pass. The clock
// stands during a pass, so a pass is an instant. Where the other notes know the
// present, it keeps all that was shown, for the counters are made of its course.
type chronicle struct {
	passes  []pass
	stories map[int64]*story
	// marks has the pass that set the mark of a viewer (R19).
	marks  map[world.Viewer]int
	sweeps map[world.Viewer]*sweep
	modes  map[int][]modeNote
	// inbound is the newest message of a customer, by medium.
	inbound map[world.Medium]time.Time
	graves  map[int64]grave
	// audit is what was made of all this up to now; nil until anybody asks.
	audit  *audit
	tidyAt int
}

// pass is one instant at which the API has shown anything.
type pass struct {
	at time.Time
	// top is the highest message id that any list has shown.
	top int64
	// begun and whole are the viewers whose list of open sessions was begun, and
	// read from its begin to its end; swept those whose closed sessions were begun,
	// strayed those of which a page of these was not what comes after its cursor.
	begun, whole, swept, strayed map[world.Viewer]bool
	// waiting are the lists of which a page was asked for that did not come.
	waiting map[list]bool
	// open and closed tell whom those did not know who went through the lists of open
	// and of closed sessions.
	open, closed unlisted
}

// list is one viewer's list of open or of closed sessions.
type list struct {
	viewer world.Viewer
	closed bool
}

// sweep is how far a viewer's closed sessions were read (R23).
type sweep struct {
	// mark is what was the first row when the list was last read to its end.
	mark int64
	// first is the first row in the walk that is under way.
	first           int64
	marked, walking bool
}

// grave is what remains of a session that was forgotten (R25). Windows that ended by
// an instant have been counted.
type grave struct {
	last int64
	at   time.Time
}

// story is all that was shown of one session.
type story struct {
	id       int64
	medium   world.Medium
	campaign bool
	opened   time.Time
	// began is the pass that showed it first, first the viewers who did.
	began int
	first []world.Viewer
	grave grave
	// seen are the passes in which a list showed it; showings those that showed
	// anything new.
	seen     []int
	showings []showing
	answers  []answer
	lines    []line
	past     past
	// stuck are the passes in which more of its records was asked for and did not come:
	// a client has no use for the part that they have shown.
	stuck map[int]bool
}

// showing is a session as the lists have shown it from one pass on.
type showing struct {
	pass int
	row  row
}

// row is what the lists say about who has a session. Of several rows that with
// the newest message counts.
type row struct {
	last          int64
	queue, member int
	closed        bool
	// api and extension tell who showed it, away that all of them put it away.
	api, extension, away bool
	// inbound is what expire is told by: the customer's last message.
	inbound time.Time
}

// doubtful tells whether it depends on who else was read what a row means.
func (r *row) doubtful() bool { return r.queue == 0 && r.api && !r.extension || r.away }

// answer is the part of a session's records that one pass has shown, from the
// oldest to the newest. A client pages back from the newest record without a
// gap, so nothing is missing in between.
type answer struct {
	pass      int
	low, high int64
}

// line is one record, and what was told of its delivery.
type line struct {
	world.Record
	tellings []telling
}

// telling is the delivery of a record from one pass on.
type telling struct {
	pass     int
	delivery world.Delivery
	failure  string
}

func newChronicle() *chronicle {
	return &chronicle{
		stories: make(map[int64]*story), marks: make(map[world.Viewer]int), sweeps: make(map[world.Viewer]*sweep),
		modes: make(map[int][]modeNote), inbound: make(map[world.Medium]time.Time), graves: make(map[int64]grave), tidyAt: firstTidy,
	}
}

// at gives the pass of an instant, which is the last one or a new one.
func (c *chronicle) at(now time.Time) *pass {
	if n := len(c.passes); n > 0 && c.passes[n-1].at.Equal(now) {
		return &c.passes[n-1]
	}
	c.passes = append(c.passes, pass{
		at: now, begun: make(map[world.Viewer]bool), whole: make(map[world.Viewer]bool), swept: make(map[world.Viewer]bool), strayed: make(map[world.Viewer]bool),
		waiting: make(map[list]bool),
	})
	return &c.passes[len(c.passes)-1]
}

// open keeps one page of a list of open sessions. The list is whole if it was
// begun at this instant and the page is its last.
func (c *chronicle) open(q world.Query, rows []world.Session, now time.Time, whole bool) {
	p := c.at(now)
	delete(p.waiting, list{q.Viewer, false})
	if q.Cursor == 0 {
		p.begun[q.Viewer] = true
	}
	// A look beyond a short page may show that it was not the last.
	p.whole[q.Viewer] = (p.whole[q.Viewer] || whole) && follows(q, rows)
	for i := range rows {
		p.top = max(p.top, rows[i].LastMessageID)
		if !rows[i].Closed {
			c.see(&rows[i], q.Viewer)
		}
	}
	c.baseline(q.Viewer)
	c.tidy(now)
}

// asked keeps that a page of a list is asked for, whatever comes of it.
func (c *chronicle) asked(l list, now time.Time) { c.at(now).waiting[l] = true }

// wanted keeps whether a page of a session's records is asked for and has not come.
func (c *chronicle) wanted(id int64, missing bool, now time.Time) {
	st := c.stories[id]
	if st == nil {
		return
	}
	c.at(now)
	if st.stuck == nil {
		st.stuck = make(map[int]bool)
	}
	if p := len(c.passes) - 1; missing {
		st.stuck[p] = true
	} else {
		delete(st.stuck, p)
	}
}

// closed keeps one page of a list of closed sessions. The first such page of a
// viewer sets his mark and shows nothing; later ones show what is above it.
func (c *chronicle) closed(q world.Query, rows []world.Session, now time.Time) {
	p := c.at(now)
	delete(p.waiting, list{q.Viewer, true})
	s := c.sweeps[q.Viewer]
	if s == nil {
		s = &sweep{}
		c.sweeps[q.Viewer] = s
	}
	if q.Cursor == 0 {
		p.swept[q.Viewer] = true
		s.walking, s.first = true, 0
		if len(rows) > 0 {
			s.first = rows[0].LastMessageID
		}
	}
	// Whoever comes down to his mark has all above it, whatever he was shown twice.
	down := s.marked && len(rows) > 0 && rows[len(rows)-1].LastMessageID <= s.mark
	if !follows(q, rows) && !down {
		p.strayed[q.Viewer] = true
	}
	end := !s.marked || len(rows) < q.Limit
	for i := range rows {
		p.top = max(p.top, rows[i].LastMessageID)
		switch {
		case !s.marked:
		case rows[i].LastMessageID <= s.mark:
			end = true
		default:
			c.see(&rows[i], q.Viewer)
		}
	}
	if end && s.walking {
		s.mark, s.marked, s.walking = max(s.mark, s.first), true, false
	}
	c.baseline(q.Viewer)
}

// baseline sets a viewer's mark once both his lists were begun in one pass.
func (c *chronicle) baseline(v world.Viewer) {
	last := len(c.passes) - 1
	if _, ok := c.marks[v]; !ok && c.passes[last].begun[v] && c.passes[last].swept[v] {
		c.marks[v] = last
	}
}

// see keeps one row of a list.
func (c *chronicle) see(s *world.Session, v world.Viewer) {
	p := len(c.passes) - 1
	st := c.stories[s.ID]
	if st == nil {
		st = &story{id: s.ID, began: p, grave: c.graves[s.ID], past: past{done: p}}
		c.stories[s.ID] = st
		delete(c.graves, s.ID)
	}
	st.medium, st.campaign, st.opened = s.Medium, s.Campaign, s.Opened
	if st.began == p && !slices.Contains(st.first, v) {
		st.first = append(st.first, v)
	}
	present := row{
		last: s.LastMessageID, queue: s.QueueID, member: s.MemberID, closed: s.Closed,
		api: v == world.API, extension: v != world.API, away: s.IsArchivedBy(v), inbound: s.LastInbound,
	}
	if n := len(st.seen); n == 0 || st.seen[n-1] != p {
		st.seen = append(st.seen, p)
		st.compact()
		st.showings = append(st.showings, showing{pass: p, row: present})
		return
	}
	have := &st.showings[len(st.showings)-1].row
	if present.last == have.last && present.closed == have.closed {
		present.api, present.extension, present.away = present.api || have.api, present.extension || have.extension, present.away && have.away
	}
	if present.last >= have.last {
		*have = present
	}
}

// compact drops the last showing if it said no more than the one before it.
func (s *story) compact() {
	if n := len(s.showings); n >= 2 && s.showings[n-1].row == s.showings[n-2].row && !s.showings[n-1].row.doubtful() {
		s.showings = s.showings[:n-1]
	}
}

// thread keeps what one answer has shown of a session's records. Records of
// sessions that no list has shown are nobody's business.
func (c *chronicle) thread(id int64, records []world.Record, now time.Time) {
	st := c.stories[id]
	if st == nil || len(records) == 0 {
		return
	}
	c.at(now)
	p := len(c.passes) - 1
	part := answer{pass: p, low: records[0].ID, high: records[0].ID}
	for _, r := range records {
		part.low, part.high = min(part.low, r.ID), max(part.high, r.ID)
		st.keep(r, p)
		if customer := r.Kind == world.KindMessage && r.Side == world.SideCustomer; customer && r.At.After(c.inbound[st.medium]) {
			c.inbound[st.medium] = r.At
		}
	}
	if n := len(st.answers); n > 0 && st.answers[n-1].pass == p {
		have := &st.answers[n-1]
		have.low, have.high = min(have.low, part.low), max(have.high, part.high)
		return
	}
	st.answers = append(st.answers, part)
}

// keep notes one record as it was shown in a pass.
func (s *story) keep(r world.Record, p int) {
	told := telling{pass: p, delivery: r.Delivery, failure: r.Failure}
	i, ok := s.find(r.ID)
	if !ok {
		s.lines = slices.Insert(s.lines, i, line{Record: r, tellings: []telling{told}})
		return
	}
	l := &s.lines[i]
	last := l.tellings[len(l.tellings)-1]
	if last.delivery != told.delivery || last.failure != told.failure || s.stuck[last.pass] {
		l.tellings = append(l.tellings, told)
	}
}

// find gives where a record is among the lines, or would be.
func (s *story) find(id int64) (int, bool) {
	return slices.BinarySearchFunc(s.lines, id, func(l line, id int64) int { return cmp.Compare(l.ID, id) })
}

// told keeps the modes that queues have from now on.
func (c *chronicle) told(queues []world.Queue, now time.Time) {
	for _, q := range queues {
		have := c.modes[q.ID]
		if n := len(have); n == 0 || have[n-1].mode != q.Mode {
			c.modes[q.ID] = append(have, modeNote{mode: q.Mode, at: now})
		}
	}
}

// modeAt is the mode of a queue as it had been told by an instant; empty where
// it had not.
func (c *chronicle) modeAt(queue int, at time.Time) world.Mode {
	for _, m := range slices.Backward(c.modes[queue]) {
		if !m.at.After(at) {
			return m.mode
		}
	}
	return ""
}

// tidy drops what has long been over, while nobody asks for the counters. When
// somebody does, that is left to the audit, which counts first.
func (c *chronicle) tidy(now time.Time) {
	if c.audit != nil || len(c.stories) < c.tidyAt {
		return
	}
	for id, st := range c.stories {
		if now.Sub(c.lastSeen(st)) > noteLife {
			delete(c.stories, id)
		}
	}
	c.tidyAt = max(firstTidy, 2*len(c.stories))
}

// lastSeen is when a list showed a session last.
func (c *chronicle) lastSeen(s *story) time.Time {
	return c.passes[s.seen[len(s.seen)-1]].at
}
