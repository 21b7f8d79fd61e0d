package collector

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"conversation_exporter/conversation"
)

// namer is a source that can tell its queues without their facts.
type namer struct {
	*fake
	slow chan struct{}
}

func (n *namer) Queues(ctx context.Context) ([]conversation.Queue, error) {
	close(n.slow)
	return nil, ctx.Err()
}

func (n *namer) QueueNames(context.Context) ([]conversation.Queue, error) { return n.queues, nil }

func TestWhoListsSessionsAsksForTheNamesOfQueuesAlone(t *testing.T) {
	b := newBench(groupSessions)
	b.queues = []conversation.Queue{queue(1, "Support")}
	n := &namer{b.fake, make(chan struct{})}
	b.target.opts.Source = n
	if got := verdict(t, b, groupSessions); got != "1 0 0" {
		t.Errorf("success, partial and timeout are %s", got)
	}
	select {
	case <-n.slow:
		t.Error("the facts of the queues were asked for")
	default:
	}
	if list := b.target.ledger; list == nil || b.target.known.queues[1].name != "Support" {
		t.Errorf("known are %v", b.target.known.queues)
	}
}

// What is left out because there is much of it is missing, and no fault.
func TestWhatIsLeftOutForItsNumberIsNoFailure(t *testing.T) {
	b := newBench(groupQueues)
	b.queues, b.queueErr = []conversation.Queue{queue(1, "Support")}, fmt.Errorf("opening hours: %w", conversation.ErrLeftOut)
	if got := verdict(t, b, groupQueues); got != "1 1 0" {
		t.Errorf("success, partial and timeout are %s", got)
	}
}

// Opening hours are not missed of queues that have no label of their own.
func TestQueuesBeyondTheLimitNeedNoOpeningHours(t *testing.T) {
	b := newBench(groupQueues)
	for id := range int64(maxQueues + 1) {
		q := queue(id+1, fmt.Sprint("Q", id+1))
		if q.AgentsTold = true; id < maxQueues {
			q.Open = conversation.OpeningOpen
		}
		b.queues = append(b.queues, q)
	}
	if got := verdict(t, b, groupQueues); got != "1 0 0" {
		t.Errorf("success, partial and timeout are %s", got)
	}
	b.queues[0].Open = conversation.OpeningUntold
	if got := verdict(t, b, groupQueues); got != "1 1 0" {
		t.Errorf("where one is missing, success, partial and timeout are %s", got)
	}
}

func TestAgentsBeyondTheLimitShareOneLabel(t *testing.T) {
	b := newBench(groupAgents)
	for i := range maxAgents + 500 {
		id := fmt.Sprintf("%05d", i)
		b.agents = append(b.agents, agent(id, there))
		s := session(int64(i+1), "chat")
		s.Agent = id
		b.sessions = append(b.sessions, s)
	}
	got := samplesOf(t, b, "conversation_agent_sessions", "conversation_agent_present")
	if n := strings.Count(got, "\n"); n != 2*maxAgents+1 || !strings.Contains(got, "agent_sessions{agent=\"(other)\"} 500\n") || strings.Contains(got, `present{agent="(other)"`) {
		t.Errorf("%d series", n)
	}
	if got := verdict(t, b, groupAgents); got != "1 1 0" || !strings.Contains(b.logs.String(), errManyAgents.Error()) {
		t.Errorf("success, partial and timeout are %s, the log has %q", got, b.logs)
	}
	// Those whom no list names are bounded too.
	b.agents = nil
	if n := strings.Count(samplesOf(t, b, "conversation_agent_sessions"), "\n"); n != maxAgents+1 {
		t.Errorf("%d series of agents that are in no list", n)
	}
}

// Those who had their turn in a look-up that failed let the others go first.
func TestR24WhatWasAskedForInVainComesAfterTheOthers(t *testing.T) {
	d := newDesk()
	d.is(t, 0, nil)
	for id := range int64(4) {
		d.arrive(id + 1)
	}
	d.is(t, time.Minute, nil)
	d.chats, d.lookUpErr = map[int64]*chat{}, &conversation.LookupError{Asked: []int64{1, 3}, Cause: errors.New("no answer")}
	d.is(t, time.Minute, nil)
	if ids := d.target.ledger.gone(d.clock.now().Add(time.Minute), conversation.Coverage{Read: 1}); !slices.Equal(ids, []int64{2, 4}) {
		t.Errorf("next are %v, want those that had no turn", ids)
	}
	if ids := d.target.ledger.gone(d.clock.now().Add(askGone), conversation.Coverage{Read: 1}); !slices.Equal(ids, []int64{2, 4, 1, 3}) {
		t.Errorf("after five minutes next are %v", ids)
	}
}
