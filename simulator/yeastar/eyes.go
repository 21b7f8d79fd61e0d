package yeastar

import (
	"slices"

	"conversation_exporter/simulator/world"
)

// eyes are a witness who knows what the lists have shown by a pass.
type eyes struct {
	*auditor
	story   *story
	past    *past
	pass    int
	records []world.Record
}

// had asks the lists of open sessions. Of those that differ the last one counts.
func (e *eyes) had(from, before int64) (holder, int) { return e.showed(from, from, before, false) }

// left asks the lists of closed sessions.
func (e *eyes) left(began, from, before int64) (holder, int) {
	return e.showed(began, from, before, true)
}

// showed gives what the lists said for sure of a stretch when the last record was
// between two.
func (e *eyes) showed(began, from, before int64, closed bool) (holder, int) {
	for i, sh := range slices.Backward(e.story.showings) {
		if sh.pass > e.pass || sh.row.closed != closed || sh.row.last < from || sh.row.last >= before || !e.taken(i, began) {
			continue
		}
		if who := e.shows(sh); who != holderUnknown {
			return who, sh.row.queue
		}
	}
	return holderUnknown, 0
}

// taken tells whether a showing was noted for good for the stretch that began with
// a record: one that another showing has replaced before the session was read, or
// before the stretch was settled, is forgotten (R6).
func (e *eyes) taken(i int, began int64) bool {
	if i+1 == len(e.story.showings) || e.story.showings[i+1].pass > e.pass {
		return true
	}
	until := e.story.showings[i+1].pass - 1
	_, _, ok := e.log.complete(e.story, until)
	if began == 0 && len(e.records) > 0 && e.story.starts(e.records[0].ID) {
		began = e.records[0].ID // The start of a session begins a stretch like any other.
	}
	return ok && (e.past == nil || began <= e.past.settledBy(until))
}

// changed tells whether a record between two ids gives the session to somebody
// else, or closes it.
func (e *eyes) changed(after, before int64) bool {
	return slices.ContainsFunc(e.records, func(r world.Record) bool {
		return r.Kind != world.KindMessage && r.ID > after && r.ID < before
	})
}

func (e *eyes) auto(queue int) bool {
	return queue != 0 && e.log.modeAt(queue, e.log.passes[e.pass].at) == world.ModeAuto
}

// pickedFrom is the queue under which a pick-up counts (R10): the one in which
// the session waited when it was listed last before, unless it was moved since.
func (e *eyes) pickedFrom(record int64, found int) int {
	queue := found
	for i, sh := range e.story.showings {
		if sh.pass > e.pass || sh.row.closed || sh.row.last >= record || !e.taken(i, 0) {
			continue
		}
		queue = found
		if sh.row.queue != 0 && sh.row.member == 0 && !e.changed(sh.row.last, record) {
			queue = sh.row.queue
		}
	}
	return queue
}

// shows is who has a session by what the lists of one pass have shown of it. A
// state that is not sure shows nothing (R6, R8).
func (a *auditor) shows(sh showing) holder {
	p := &a.log.passes[sh.pass]
	switch r := sh.row; {
	case r.queue != 0 && r.member == 0:
		if a.log.modeAt(r.queue, p.at) == world.ModeNone {
			return holderPeople // nobody ever picks it up
		}
		return holderQueue
	case r.queue == 0 && r.api && !r.extension && !a.options.AgentsDestination:
		if a.sure(p, r.closed) {
			return holderAutomation
		}
		return holderUnknown
	default:
		return holderPeople
	}
}

// sure tells whether a pass has read every viewer, and knew of all of them.
func (a *auditor) sure(p *pass, closed bool) bool {
	unlisted := p.open
	if closed {
		unlisted = p.closed
	}
	if unlisted.queues || unlisted.extensions && a.options.AllExtensions {
		return false
	}
	for v := range a.viewers {
		if p.waiting[list{v, closed}] || closed && (!p.swept[v] || p.strayed[v]) || !closed && !p.whole[v] {
			return false
		}
	}
	return true
}

// labels are those under which a session counts that is read in a pass.
func (a *auditor) labels(s *story, h *history, p int) labels {
	sh, _ := s.listed(p)
	e := &eyes{auditor: a, story: s, pass: p, records: h.records}
	l := labels{place: a.place(s.medium, sh.row.queue), origin: originRegular}
	if s.campaign {
		l.origin = originCampaign
	}
	l.from = func(i int) Place { return a.place(s.medium, e.pickedFrom(h.records[i].ID, sh.row.queue)) }
	return l
}
