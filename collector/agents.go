package collector

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"conversation_exporter/conversation"
)

// groupAgents is the group that tells of each agent.
const groupAgents = "agents"

// unknownAgent is the label of sessions of which it is not known who has them.
const unknownAgent = "(unknown)"

// maxAgents is how many agents have a label of their own, lest a target make ever more
// series.
const maxAgents = 1000

// errManyAgents is told where there are more.
var errManyAgents = errors.New("there are more than 1,000 agents: those beyond have no series of their own")

// agentFamilies is the group "agents".
func agentFamilies() []family {
	return []family{
		{
			name: "conversation_agent_sessions", kind: prometheus.GaugeValue, stage: StageStable,
			help: "Open sessions in the states assigned and archived by who has them: the number by which the system knows the agent, or the name with agent_names. " +
				"\"(unknown)\" are those of which that is not known; while there are any, or while a list could not be read whole, agents who have none are absent. " +
				"\"(other)\" are those of agents beyond the first 1,000.",
			labels: []string{"agent"},
			samples: func(v *view, emit emit) {
				for agent, n := range v.agentSessions {
					emit(float64(n), agent)
				}
			},
		},
		{
			name: "conversation_agent_present", kind: prometheus.GaugeValue, stage: StageStable,
			help:   "1 while the agent is there for customers as the system itself tells it, and reachable where it tells that too, else 0. Absent where that could not be read, and of agents beyond the first 1,000.",
			labels: []string{"agent"},
			samples: func(v *view, emit emit) {
				for agent, present := range v.agentPresent {
					emit(truth(present), agent)
				}
			},
		},
	}
}

// readAgents reads what the group "agents" shows.
func (t *Target) readAgents(ctx context.Context, v *view) outcome {
	b := v.besides()
	list := t.listing(ctx, v)
	o := list.outcome(groupAgents).with(b.agents)
	if list.failed != nil {
		o.partial = len(b.agents.list) > 0
	}
	if len(b.agents.list) > maxAgents {
		o.warnings, o.partial = append(slices.Clone(o.warnings), errManyAgents), true
	}
	return o
}

// showAgents makes the numbers of who has the open sessions and to whom he offers them,
// and of how they were listed; list is nil where they could not be.
func (t *Target) showAgents(v *view, b *beside, sessions []conversation.Session, list *listing) {
	t.showTransfers(v, b, sessions, list)
	if !v.has(groupAgents) {
		return // With many sessions that is work for nothing.
	}
	labels := agentLabels(b.agents.list, t.opts.AgentNames)
	b.showPresence(v, labels)
	if list != nil {
		v.showLoad(sessions, labels, list.cover.Complete())
	}
}

// showPresence makes the group's numbers that need no sessions.
func (b *beside) showPresence(v *view, labels map[string]string) {
	v.agentPresent = make(map[string]bool)
	for _, a := range b.agents.list {
		if a.Presence != conversation.PresenceUnknown && labels[a.ID] != other {
			v.agentPresent[labels[a.ID]] = a.Presence == conversation.PresencePresent
		}
	}
}

// showLoad counts each agent's sessions. Who has none in a list that is not whole may
// have some that nobody could show, so that is said of nobody then.
func (v *view) showLoad(sessions []conversation.Session, labels map[string]string, whole bool) {
	v.agentSessions = make(map[string]int)
	for i := range sessions {
		s := &sessions[i]
		if s.State != conversation.StateAssigned && s.State != conversation.StateArchived {
			continue
		}
		label, ok := labels[s.Agent]
		switch {
		case s.Agent == "":
			label = unknownAgent
		case !ok:
			label = conversation.Label(s.Agent)
			if _, shown := v.agentSessions[label]; !shown && len(v.agentSessions) >= maxAgents {
				label = other
			}
		}
		v.agentSessions[label]++
	}
	if v.agentSessions[unknownAgent] > 0 {
		v.lacks(groupAgents)
		whole = false
	}
	if !whole {
		return
	}
	for _, label := range labels {
		v.agentSessions[label] += 0
	}
}

// agentLabels gives each agent a label of his own: the id or, where names are
// wanted, the name, with the id appended where it would not tell him from another. Those
// beyond the limit share one.
func agentLabels(agents []conversation.Agent, names bool) map[string]string {
	labels, taken, bearers := make(map[string]string, len(agents)), map[string]bool{unknownAgent: true, other: true}, make(map[string]int)
	for _, a := range agents {
		bearers[conversation.Label(a.Name)]++
		taken[conversation.Label(a.ID)] = true // Somebody's number is nobody else's name.
	}
	ordered := slices.SortedFunc(slices.Values(agents), func(a, b conversation.Agent) int { return cmp.Compare(a.ID, b.ID) })
	for i, a := range ordered {
		if i >= maxAgents {
			labels[a.ID] = other
			continue
		}
		id, name := conversation.Label(a.ID), conversation.Label(a.Name)
		label := name
		switch {
		case !names || name == "":
			label = id
		case bearers[name] > 1 || taken[name]:
			label = conversation.Label(name + " (" + id + ")")
		}
		if label != id && taken[label] {
			label = id
		}
		taken[label] = true
		labels[a.ID] = label
	}
	return labels
}
