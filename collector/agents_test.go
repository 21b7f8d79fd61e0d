package collector

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/common/expfmt"

	"conversation_exporter/conversation"
)

func TestAgents(t *testing.T) {
	has := func(id int64, agent string, state conversation.State) conversation.Session {
		s := session(id, "sms")
		s.Agent, s.State = agent, state
		return s
	}
	two := []conversation.Agent{agent("1001", there, 1), agent("1002", away, 1)}
	for name, tc := range map[string]struct {
		sessions []conversation.Session
		agents   []conversation.Agent
		agentErr error
		listErr  error
		cover    conversation.Coverage
		names    bool
		want     string
		health   string
	}{
		"each agent's sessions, and 0 for who has none": {
			agents:   two,
			sessions: []conversation.Session{has(1, "1001", conversation.StateAssigned), has(2, "1001", conversation.StateArchived), has(3, "", conversation.StateQueued)},
			want: `agent_present{agent="1001"} 1
agent_present{agent="1002"} 0
agent_sessions{agent="1001"} 2
agent_sessions{agent="1002"} 0
`,
			health: "1 0 0",
		},
		"while it is not known who has a session, nobody is said to have none": {
			agents: two, sessions: []conversation.Session{has(1, "1001", conversation.StateAssigned), has(2, "", conversation.StateAssigned)},
			want: `agent_present{agent="1001"} 1
agent_present{agent="1002"} 0
agent_sessions{agent="(unknown)"} 1
agent_sessions{agent="1001"} 1
`,
			health: "1 1 0",
		},
		"who has a session and is in no list is shown": {
			sessions: []conversation.Session{has(1, "1009", conversation.StateAssigned)},
			want:     "agent_sessions{agent=\"1009\"} 1\n",
			health:   "1 0 0",
		},
		"unknown presence is absent": {
			agents: []conversation.Agent{agent("1001", unknown)}, agentErr: conversation.ErrPart,
			want: "agent_sessions{agent=\"1001\"} 0\n", health: "1 1 0",
		},
		"while a viewer cannot be read, nobody is said to have none": {
			agents: two, sessions: []conversation.Session{has(1, "1001", conversation.StateAssigned)},
			cover: conversation.Coverage{Read: 1, Failed: []string{"extension 1002"}, Problems: []error{errors.New("extension 1002: no permission")}},
			want:  "agent_present{agent=\"1001\"} 1\nagent_present{agent=\"1002\"} 0\nagent_sessions{agent=\"1001\"} 1\n", health: "0 1 0",
		},
		"without sessions presence remains": {
			agents: two, listErr: errors.New("no permission"),
			want:   "agent_present{agent=\"1001\"} 1\nagent_present{agent=\"1002\"} 0\n",
			health: "0 1 0",
		},
		"nothing at all": {agentErr: errors.New("down"), listErr: errors.New("down"), health: "0 0 0"},
		"names where they are wanted, with the number where two are equal": {
			names:  true,
			agents: []conversation.Agent{{ID: "1001", Name: "Kim", Presence: there}, {ID: "1002", Name: "Kim", Presence: there}, {ID: "1003", Name: "Lee", Presence: there}, {ID: "1004", Presence: there}},
			want: `agent_present{agent="1004"} 1
agent_present{agent="Kim (1001)"} 1
agent_present{agent="Kim (1002)"} 1
agent_present{agent="Lee"} 1
agent_sessions{agent="1004"} 0
agent_sessions{agent="Kim (1001)"} 0
agent_sessions{agent="Kim (1002)"} 0
agent_sessions{agent="Lee"} 0
`,
			health: "1 0 0",
		},
		"a name that looks like what another is called makes no double series": {
			names: true,
			agents: []conversation.Agent{
				{ID: "1001", Name: "1002", Presence: there},
				{ID: "1002", Name: "(unknown)", Presence: there},
				{ID: "1003", Name: "Kim", Presence: there},
				{ID: "1004", Name: "Kim", Presence: there},
				{ID: "1000", Name: "Kim (1003)", Presence: there},
			},
			want: `agent_present{agent="(unknown) (1002)"} 1
agent_present{agent="1002 (1001)"} 1
agent_present{agent="1003"} 1
agent_present{agent="Kim (1003)"} 1
agent_present{agent="Kim (1004)"} 1
agent_sessions{agent="(unknown) (1002)"} 0
agent_sessions{agent="1002 (1001)"} 0
agent_sessions{agent="1003"} 0
agent_sessions{agent="Kim (1003)"} 0
agent_sessions{agent="Kim (1004)"} 0
`,
			health: "1 0 0",
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(groupAgents)
			b.sessions, b.agents, b.agentErr, b.err = tc.sessions, tc.agents, tc.agentErr, tc.listErr
			b.target.opts.AgentNames, b.cover = tc.names, tc.cover
			got := samplesOf(t, b, "conversation_agent_sessions", "conversation_agent_present")
			if got != tc.want {
				t.Errorf("got\n%swant\n%s", got, tc.want)
			}
			if got := verdict(t, b, groupAgents); got != tc.health {
				t.Errorf("success, partial and timeout are %s, want %s", got, tc.health)
			}
		})
	}
}

// The name of an agent is somebody's: it shows nowhere unless it is asked for.
func TestNamesOfAgentsAreAskedFor(t *testing.T) {
	b := newBench(groupSessions, groupQueues, groupChannels, groupAgents)
	b.queues = []conversation.Queue{queue(1, "Support")}
	b.agents = []conversation.Agent{{ID: "1001", Name: "canary", Presence: there, Queues: []int64{1}}}
	text, err := testutil.CollectAndFormat(b.scrape(), expfmt.TypeTextPlain)
	if err != nil || strings.Contains(string(text)+fmt.Sprintf("%+v", b.collector.Status())+b.logs.String(), "canary") {
		t.Errorf("an agent's name is shown, or %v", err)
	}
}
