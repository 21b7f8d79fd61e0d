package collector

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"conversation_exporter/conversation"
)

func TestQueues(t *testing.T) {
	for name, tc := range map[string]struct {
		queues   []conversation.Queue
		agents   []conversation.Agent
		queueErr error
		agentErr error
		want     string
		health   string
	}{
		"an agent of two queues counts in each, and once in all": {
			queues: []conversation.Queue{queue(1, "Support"), {ID: 2, Name: "Sales", Mode: "auto", AgentsTold: true}},
			agents: []conversation.Agent{agent("1001", there, 1, 2), agent("1002", away, 1)},
			want: `agents{presence="away"} 1
agents{presence="present"} 1
queue_agents{presence="away",queue="Sales"} 0
queue_agents{presence="away",queue="Support"} 1
queue_agents{presence="present",queue="Sales"} 1
queue_agents{presence="present",queue="Support"} 1
queue_info{assignment_mode="auto",queue="Sales"} 1
queue_info{assignment_mode="manual",queue="Support"} 1
`,
			health: "1 0 0",
		},
		"who is in no queue is no agent of the queues": {
			queues: []conversation.Queue{queue(1, "Support")},
			agents: []conversation.Agent{agent("1001", there)},
			want: `agents{presence="away"} 0
agents{presence="present"} 0
queue_agents{presence="away",queue="Support"} 0
queue_agents{presence="present",queue="Support"} 0
queue_info{assignment_mode="manual",queue="Support"} 1
`,
			health: "1 0 0",
		},
		"a queue with an agent of unknown presence is absent, and so is the sum": {
			queues:   []conversation.Queue{queue(1, "Support"), queue(2, "Sales")},
			agents:   []conversation.Agent{agent("1001", there, 1), agent("1002", unknown, 2)},
			agentErr: fmt.Errorf("listing the agents: %w", conversation.ErrPart),
			want: `queue_agents{presence="away",queue="Support"} 0
queue_agents{presence="present",queue="Support"} 1
queue_info{assignment_mode="manual",queue="Sales"} 1
queue_info{assignment_mode="manual",queue="Support"} 1
`,
			health: "1 1 0",
		},
		"a queue whose agents are not told is absent": {
			queues: []conversation.Queue{queue(1, "Support"), {ID: 2, Name: "Sales", Mode: "auto"}},
			agents: []conversation.Agent{agent("1001", there, 1)},
			want: `queue_agents{presence="away",queue="Support"} 0
queue_agents{presence="present",queue="Support"} 1
queue_info{assignment_mode="auto",queue="Sales"} 1
queue_info{assignment_mode="manual",queue="Support"} 1
`,
			health: "1 1 0",
		},
		"a mode that was not told is absent": {
			queues: []conversation.Queue{{ID: 1, Name: "Support", AgentsTold: true}},
			want: `agents{presence="away"} 0
agents{presence="present"} 0
queue_agents{presence="away",queue="Support"} 0
queue_agents{presence="present",queue="Support"} 0
`,
			health: "1 1 0",
		},
		"queues of one name add up, and show the mode of the first": {
			queues: []conversation.Queue{queue(1, "Support"), {ID: 2, Name: "Support", Mode: "auto", AgentsTold: true}},
			agents: []conversation.Agent{agent("1001", there, 1), agent("1002", there, 2)},
			want: `agents{presence="away"} 0
agents{presence="present"} 2
queue_agents{presence="away",queue="Support"} 0
queue_agents{presence="present",queue="Support"} 2
queue_info{assignment_mode="manual",queue="Support"} 1
`,
			health: "1 0 0",
		},
		"without permission for the agents the queues are shown": {
			queues: []conversation.Queue{queue(1, "Support")}, agentErr: errors.New("extension/list: no permission"),
			want:   "queue_info{assignment_mode=\"manual\",queue=\"Support\"} 1\n",
			health: "0 1 0",
		},
		"a system without presence lacks nothing": {
			queues: []conversation.Queue{queue(1, "Support")}, agentErr: conversation.ErrUnsupported,
			want:   "queue_info{assignment_mode=\"manual\",queue=\"Support\"} 1\n",
			health: "1 0 0",
		},
		"agents that come too late leave the queues": {
			queues: []conversation.Queue{queue(1, "Support")}, agentErr: context.DeadlineExceeded,
			want:   "queue_info{assignment_mode=\"manual\",queue=\"Support\"} 1\n",
			health: "0 1 1",
		},
		"queues that cannot be read are absent": {
			queueErr: errors.New("message_queue/list: no permission"), agents: []conversation.Agent{agent("1001", there)},
			health: "0 0 0",
		},
		"a system without queues has no such group": {queueErr: conversation.ErrUnsupported, health: "absent absent absent"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(groupQueues)
			b.queues, b.agents, b.queueErr, b.agentErr = tc.queues, tc.agents, tc.queueErr, tc.agentErr
			got := samplesOf(t, b, "conversation_queue_info", "conversation_queue_agents", "conversation_agents")
			if got != tc.want {
				t.Errorf("got\n%swant\n%s", got, tc.want)
			}
			if got := verdict(t, b, groupQueues); got != tc.health {
				t.Errorf("success, partial and timeout are %s, want %s", got, tc.health)
			}
		})
	}
}

func TestQueuesBeyondTheLimitShareALabel(t *testing.T) {
	b := newBench(groupQueues)
	for id := int64(1); id <= maxQueues+2; id++ {
		b.queues = append(b.queues, queue(id, fmt.Sprint("queue ", id)))
		b.agents = append(b.agents, agent(strconv.FormatInt(1000+id, 10), there, id))
	}
	s := b.scrape()
	if v, _ := value(t, s, "conversation_queue_agents", `queue="(other)"`, `presence="present"`); v != "2" {
		t.Errorf("agents of the queues that share a label: %q, want 2", v)
	}
	if n := testutil.CollectAndCount(s, "conversation_queue_info"); n != maxQueues+1 {
		t.Errorf("%d queues are shown, want %d", n, maxQueues+1)
	}
}
