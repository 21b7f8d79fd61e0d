package collector

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"conversation_exporter/conversation"
)

// groupQueues is the group that tells of the queues and who is there for them.
const groupQueues = "queues"

// queueFamilies is the group "queues".
func queueFamilies() []family {
	return []family{
		{
			name: "conversation_queue_info", kind: prometheus.GaugeValue, stage: StageStable,
			help:   "Always 1. The queue and how its sessions come to an agent, in the system's own word, such as manual, auto or none. Absent while the system has not told that.",
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
			help: "Agents of the queue by presence: present (available, and reachable by a client or a telephone) or away. An agent of several queues " +
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

// queueFacts is what is shown of the queues of one label.
type queueFacts struct {
	mode   string
	agents headcount
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
	o := b.queues.outcome(groupQueues)
	if b.queues.err != nil {
		return o
	}
	o = o.with(b.agents)
	for _, q := range b.queues.list {
		// Where the system has no presence at all, none of it is missing.
		o.partial = o.partial || q.Mode == "" || !q.AgentsTold && !b.agents.unsupported()
	}
	return o
}

// showQueues makes the group's numbers. Queues that share a label show the mode of
// the first, and their agents together.
func (b *beside) showQueues(v *view, l labels) {
	if b.queues.err != nil {
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
			facts = queueFacts{mode: q.Mode, agents: headcount{known: known}}
		}
		for _, presence := range members[q.ID] {
			facts.agents.add(presence)
		}
		facts.agents.known = facts.agents.known && q.AgentsTold
		v.agents.known = v.agents.known && q.AgentsTold
		v.queues[name] = facts
	}
}
