package collector

import (
	"context"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"conversation_exporter/conversation"
)

// groupQueues is the group that tells of the queues and who is there for them.
const groupQueues = "queues"

// queueFamilies is the group "queues".
func queueFamilies() []family {
	return slices.Concat(staffFamilies(), deskFamilies())
}

// staffFamilies are those of the group that tell who is there.
func staffFamilies() []family {
	return []family{
		{
			name: "conversation_queue_info", kind: prometheus.GaugeValue, stage: StageStable,
			help:   "Always 1. The queue and how its sessions come to an agent, in the system's own word, such as manual, auto, none or pickup. Absent while the system has not told that.",
			labels: []string{"queue", "assignment_mode"},
			samples: func(v *view, emit emit) {
				for name, q := range v.queues {
					if q.mode != "" {
						emit(1, name, q.mode)
					}
				}
			},
		},
		{
			name: "conversation_queue_agents", kind: prometheus.GaugeValue, stage: StageStable,
			help: "Agents of the queue by presence: present (there for customers as the system itself tells it, and reachable where it tells that too) or away. An agent of several queues " +
				"counts in each, so do not add queues up. Absent for a queue whose agents' presence could not be read.",
			labels: []string{"queue", "presence"},
			samples: func(v *view, emit emit) {
				for name, q := range v.queues {
					q.agents.emit(emit, name)
				}
			},
		},
		{
			name: "conversation_agents", kind: prometheus.GaugeValue, stage: StageStable,
			help:   "Agents of all queues by presence (present, away), each once. Absent where that of one of them could not be read.",
			labels: []string{"presence"},
			samples: func(v *view, emit emit) {
				v.agents.emit(emit)
			},
		},
	}
}

// deskFamilies are those of the group that not every system tells.
func deskFamilies() []family {
	return []family{
		{
			name: "conversation_queue_open", kind: prometheus.GaugeValue, stage: StageStable,
			help:   "1 while the queue is within its opening hours, or has none, else 0. Absent where the system does not tell, or could not be asked.",
			labels: []string{"queue"},
			samples: func(v *view, emit emit) {
				for name, q := range v.queues {
					if q.open != conversation.OpeningUntold {
						emit(truth(q.open == conversation.OpeningOpen), name)
					}
				}
			},
		},
		{
			name: "conversation_queue_warning_threshold_seconds", kind: prometheus.GaugeValue, stage: StageStable,
			help: "The limits that an administrator has set in the system itself: after how long it warns agents or managers (level) of a session that " +
				"nobody has picked up (event new_session) or a message without an answer (new_message). Absent where it warns nobody, or does not tell.",
			labels: []string{"queue", "event", "level"},
			samples: func(v *view, emit emit) {
				for name, q := range v.queues {
					emitLimits(emit, name, q.limits)
				}
			},
		},
		{
			name: "conversation_transfers_pending", kind: prometheus.GaugeValue, stage: StageStable,
			help: "Open sessions that an agent offers to a colleague who has not accepted yet. Absent where the system does not tell that, or has " +
				"not told it of a session of the queue; while a list could not be read whole; and where the open sessions are not listed, that is, without the groups sessions, messages and agents.",
			labels: []string{"queue"},
			samples: func(v *view, emit emit) {
				for name, q := range v.queues {
					if q.transfers.known {
						emit(float64(q.transfers.pending), name)
					}
				}
			},
		},
	}
}

// emitLimits sends the limits of a queue that are set.
func emitLimits(emit emit, name string, l conversation.Limits) {
	for _, limit := range [...]struct {
		event, level string
		after        time.Duration
	}{
		{"new_session", "agent", l.NewSessionAgent},
		{"new_session", "manager", l.NewSessionManager},
		{"new_message", "agent", l.NewMessageAgent},
		{"new_message", "manager", l.NewMessageManager},
	} {
		if limit.after > 0 {
			emit(limit.after.Seconds(), name, limit.event, limit.level)
		}
	}
}

// queueFacts is what is shown of the queues of one label.
type queueFacts struct {
	mode      string
	open      conversation.Opening
	limits    conversation.Limits
	agents    headcount
	transfers transfers
}

// transfers counts the sessions that are offered to a colleague; known is false where
// that of one of them is not.
type transfers struct {
	pending int
	known   bool
}

// headcount counts agents by presence.
type headcount struct {
	present, away int
	// known is false where the presence of one of them is not.
	known bool
}

func (h *headcount) add(p conversation.Presence) {
	switch p {
	case conversation.PresencePresent:
		h.present++
	case conversation.PresenceAway:
		h.away++
	default:
		h.known = false
	}
}

func (h headcount) emit(emit emit, labels ...string) {
	if h.known {
		emit(float64(h.present), append(labels, string(conversation.PresencePresent))...)
		emit(float64(h.away), append(labels, string(conversation.PresenceAway))...)
	}
}

// readQueues reads what the group "queues" shows.
func (t *Target) readQueues(_ context.Context, v *view) outcome {
	b := v.besides()
	if b.queues.nothing() {
		return b.queues.outcome(groupQueues)
	}
	o := outcome{group: groupQueues, success: true, took: b.queues.took}
	if b.queues.err != nil {
		o = o.part(b.queues.err)
	}
	o = o.with(b.agents)
	hours := slices.ContainsFunc(b.queues.list, func(q conversation.Queue) bool { return q.Open != conversation.OpeningUntold })
	for i, q := range b.queues.list {
		// Where the system has no presence at all, none of it is missing, nor are opening
		// hours. Those of queues without a label of their own are nowhere shown.
		o.partial = o.partial || q.Mode == "" || !q.AgentsTold && !b.agents.unsupported() || hours && i < maxQueues && q.Open == conversation.OpeningUntold
	}
	return o
}

// showQueues makes the group's numbers, but for the transfers. Queues that share a label
// show the facts of the first, and their agents together.
func (b *beside) showQueues(v *view, l labels) {
	b.labels = l
	if b.queues.nothing() {
		return
	}
	// Agents who are missing altogether are not none.
	known := b.agents.err == nil || len(b.agents.list) > 0
	v.queues, v.agents = make(map[string]queueFacts, len(b.queues.list)), headcount{known: known}
	members := make(map[int64][]conversation.Presence)
	for _, a := range b.agents.list {
		if len(a.Queues) > 0 {
			v.agents.add(a.Presence)
		}
		for _, id := range a.Queues {
			members[id] = append(members[id], a.Presence)
		}
	}
	for _, q := range b.queues.list {
		name := l.place("", q).queue
		facts, ok := v.queues[name]
		if !ok {
			facts = queueFacts{mode: q.Mode, open: q.Open, limits: q.Limits, agents: headcount{known: known}}
		}
		for _, presence := range members[q.ID] {
			facts.agents.add(presence)
		}
		facts.agents.known = facts.agents.known && q.AgentsTold
		v.agents.known = v.agents.known && q.AgentsTold
		v.queues[name] = facts
	}
}

// showTransfers counts the sessions that are offered to a colleague, by queue. Which
// those are is not known while a list is not whole.
func (t *Target) showTransfers(v *view, b *beside, sessions []conversation.Session, list *listing) {
	if v.queues == nil || !v.has(groupQueues) {
		return
	}
	counts := make(map[string]transfers, len(v.queues))
	for name := range v.queues {
		counts[name] = transfers{known: true}
	}
	for i := range sessions {
		s := &sessions[i]
		name := b.labels.place("", s.Queue).queue
		n, ok := counts[name]
		n.known = n.known || !ok
		switch {
		case s.Transfer == conversation.TransferPending:
			n.pending++
			t.offers = true
		case s.Transfer == conversation.TransferNone:
			t.offers = true
		case s.State == conversation.StateAssigned || s.State == conversation.StateArchived:
			n.known = false // Only who has a session can offer it.
		}
		counts[name] = n
	}
	whole := list != nil && list.cover.AllViewers()
	for name, n := range counts {
		n.known = n.known && whole && t.offers
		facts := v.queues[name]
		facts.transfers = n
		v.queues[name] = facts
		if !n.known && t.offers && lists(v.groups) {
			v.lacks(groupQueues)
		}
	}
}

// lists reports whether a pass over some groups lists the open sessions.
func lists(groups []string) bool {
	return slices.ContainsFunc(groups, func(g string) bool { return g == groupSessions || g == groupMessages || g == groupAgents })
}
