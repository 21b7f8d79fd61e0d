package yeastar

import (
	"cmp"
	"slices"
	"time"

	"conversation_exporter/simulator/figures"
	"conversation_exporter/simulator/world"
)

// TruthOptions say what of a world is counted, and how.
type TruthOptions struct {
	// Queues are the world's queues.
	Queues []world.Queue
	// AgentsDestination tells that people write through the API.
	AgentsDestination bool
	// After is the last record that does not count, made at Since; Until is when
	// the counting ended. They are the mark of an exporter and its last pass.
	After        int64
	Since, Until time.Time
}

// Truth counts what happened in a world by the same rules as Expect, whether
// anybody was shown it or not, so that a test can tell how much the API never
// showed. The records are all that were made, from the first of each session on,
// with the deliveries that they have in the end; the sessions are theirs, as they
// are in the end. Who had a session is then no question of what was seen. One
// thing is not in the records: whether a session that was closed, and that an
// agent opened again before it was ever moved, had been in a queue of mode auto. It
// is taken as an agent's from the start, unless its pick-up was its last.
func Truth(records []world.Record, sessions map[int64]world.Session, o TruthOptions) Totals {
	bySession := make(map[int64][]world.Record)
	for _, r := range records {
		bySession[r.Session] = append(bySession[r.Session], r)
	}
	counts := figures.NewCounts()
	for id, list := range bySession {
		session, ok := sessions[id]
		if !ok {
			continue
		}
		slices.SortFunc(list, func(a, b world.Record) int { return cmp.Compare(a.ID, b.ID) })
		h := &history{records: list, settled: len(list), start: true, campaign: session.Campaign, agents: o.AgentsDestination}
		h.divide(newKnowledge(h, &session, o))
		place := Place{Channel: string(session.Medium)}
		for _, e := range h.events(labels{place: place, from: func(int) Place { return place }}) {
			if e.id > o.After {
				e.add(counts)
			}
		}
		_, has := session.WindowEnd()
		for _, v := range h.windows(outlook{at: o.Until, fresh: true, has: has}) {
			if v.decided && v.lost && v.end.After(o.Since) {
				counts.Lost[place]++
			}
		}
	}
	return counts.Totals()
}

// knowledge is a witness who knows all: who had the session after each record.
type knowledge struct {
	after map[int64]keeper
	modes map[int]world.Mode
	first int64
	// agents tells that people write through the API.
	agents bool
}

// keeper is who has a session: the API, a queue where it waits or was picked up
// from, or else an agent.
type keeper struct {
	api, picked bool
	queue       int
}

func newKnowledge(h *history, s *world.Session, o TruthOptions) *knowledge {
	k := &knowledge{after: make(map[int64]keeper), modes: make(map[int]world.Mode), first: h.records[0].ID, agents: o.AgentsDestination}
	for _, q := range o.Queues {
		k.modes[q.ID] = q.Mode
	}
	have := k.home(h, s)
	closed := false
	for i := range h.records {
		switch r := &h.records[i]; {
		case r.Kind == world.KindQueued:
			have = keeper{queue: r.ToQueue}
		case r.Kind == world.KindTransferred:
			have = keeper{api: r.To == string(world.API)}
		case r.Kind == world.KindPickedUp:
			have.picked = true
		case r.Kind == world.KindClosed:
		case closed && h.customer(i):
			have.picked = false
		case closed && h.human(i):
			have = keeper{} // the agent who opens it again has it
		case h.human(i) && k.auto(have.queue):
			have.picked = true
		}
		closed = h.records[i].Kind == world.KindClosed || closed && !h.customer(i) && !h.human(i)
		k.after[h.records[i].ID] = have
	}
	return k
}

// home is who had a session at first: as it is now, if it was never moved, else
// by the record that moved it first.
func (k *knowledge) home(h *history, s *world.Session) keeper {
	move := h.earliest(-1, len(h.records), func(i int) bool {
		return h.records[i].Kind == world.KindQueued || h.records[i].Kind == world.KindTransferred || i > 0 && h.starts(i) && h.human(i)
	})
	if move < 0 {
		return keeper{api: s.API, queue: s.QueueID}
	}
	if r := &h.records[move]; r.Kind != world.KindMessage {
		return keeper{api: r.Side == world.SideAPI, queue: r.FromQueue}
	}
	taken := h.earliest(-1, move, func(i int) bool { return h.human(i) && h.records[i].At.Equal(s.PickedUp) })
	for id, mode := range k.modes {
		if taken >= 0 && mode == world.ModeAuto {
			return keeper{queue: id} // whichever it was
		}
	}
	return keeper{}
}

func (k *knowledge) had(from, _ int64) (holder, int) {
	have := k.after[max(from, k.first)]
	switch {
	case have.api && !k.agents:
		return holderAutomation, 0
	case have.queue != 0 && !have.picked && k.modes[have.queue] != world.ModeNone:
		return holderQueue, have.queue
	default:
		return holderPeople, have.queue
	}
}

func (k *knowledge) left(_, _, _ int64) (holder, int) { return holderUnknown, 0 }

func (k *knowledge) auto(queue int) bool { return k.modes[queue] == world.ModeAuto }
