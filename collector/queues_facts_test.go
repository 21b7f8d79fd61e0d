package collector

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"conversation_exporter/conversation"
)

// What a system tells of its queues beside who is there: opening hours and limits.
func TestQueueFacts(t *testing.T) {
	settled := func(id int64, name string, open conversation.Opening, l conversation.Limits) conversation.Queue {
		q := queue(id, name)
		q.Open, q.Limits = open, l
		return q
	}
	none := conversation.Limits{}
	for name, tc := range map[string]struct {
		queues   []conversation.Queue
		queueErr error
		want     string
		health   string
	}{
		"a queue is open or closed": {
			queues: []conversation.Queue{settled(1, "Support", conversation.OpeningOpen, none), settled(2, "Sales", conversation.OpeningClosed, none)},
			want: `queue_open{queue="Sales"} 0
queue_open{queue="Support"} 1
`,
			health: "1 0 0",
		},
		"a system without opening hours lacks nothing": {
			queues: []conversation.Queue{queue(1, "Support")}, health: "1 0 0",
		},
		"opening hours that one queue does not tell are missing": {
			queues: []conversation.Queue{settled(1, "Support", conversation.OpeningOpen, none), queue(2, "Sales")},
			want:   "queue_open{queue=\"Support\"} 1\n",
			health: "1 1 0",
		},
		"each limit has its event and its level": {
			queues: []conversation.Queue{settled(1, "Support", conversation.OpeningUntold, conversation.Limits{
				NewSessionAgent: time.Minute, NewSessionManager: 2 * time.Minute, NewMessageAgent: 3 * time.Minute, NewMessageManager: 4 * time.Minute,
			})},
			want: `queue_warning_threshold_seconds{event="new_message",level="agent",queue="Support"} 180
queue_warning_threshold_seconds{event="new_message",level="manager",queue="Support"} 240
queue_warning_threshold_seconds{event="new_session",level="agent",queue="Support"} 60
queue_warning_threshold_seconds{event="new_session",level="manager",queue="Support"} 120
`,
			health: "1 0 0",
		},
		"a limit of 0 is none": {
			queues: []conversation.Queue{settled(1, "Support", conversation.OpeningUntold, conversation.Limits{NewMessageManager: time.Hour})},
			want:   "queue_warning_threshold_seconds{event=\"new_message\",level=\"manager\",queue=\"Support\"} 3600\n",
			health: "1 0 0",
		},
		"queues of one name show the facts of the first": {
			queues: []conversation.Queue{
				settled(1, "Support", conversation.OpeningClosed, conversation.Limits{NewSessionAgent: time.Minute}),
				settled(2, "Support", conversation.OpeningOpen, conversation.Limits{NewSessionAgent: time.Hour, NewMessageAgent: time.Hour}),
			},
			want: `queue_open{queue="Support"} 0
queue_warning_threshold_seconds{event="new_session",level="agent",queue="Support"} 60
`,
			health: "1 0 0",
		},
		"what is told beside an error is shown": {
			queues:   []conversation.Queue{settled(1, "Support", conversation.OpeningOpen, none), queue(2, "Sales")},
			queueErr: errors.New("ChatTopic/{id}/IsOpen: HTTP 500"),
			want:     "queue_open{queue=\"Support\"} 1\n",
			health:   "0 1 0",
		},
		"what is told when the time is over is shown": {
			queues:   []conversation.Queue{settled(1, "Support", conversation.OpeningOpen, none)},
			queueErr: fmt.Errorf("reading opening hours: %w", context.DeadlineExceeded),
			want:     "queue_open{queue=\"Support\"} 1\n",
			health:   "0 1 1",
		},
		"a part that only the system left out is no failure, but beside one it is": {
			queues:   []conversation.Queue{settled(1, "Support", conversation.OpeningOpen, none)},
			queueErr: errors.Join(errors.New("ChatTopic/{id}: HTTP 500"), conversation.ErrPart),
			want:     "queue_open{queue=\"Support\"} 1\n",
			health:   "0 1 0",
		},
		"a list of which the system told a part has not failed": {
			queues:   []conversation.Queue{settled(1, "Support", conversation.OpeningOpen, none)},
			queueErr: conversation.ErrPart,
			want:     "queue_open{queue=\"Support\"} 1\n",
			health:   "1 1 0",
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(groupQueues)
			b.queues, b.queueErr = tc.queues, tc.queueErr
			if got := samplesOf(t, b, "conversation_queue_open", "conversation_queue_warning_threshold_seconds"); got != tc.want {
				t.Errorf("got\n%swant\n%s", got, tc.want)
			}
			if got := verdict(t, b, groupQueues); got != tc.health {
				t.Errorf("success, partial and timeout are %s, want %s", got, tc.health)
			}
		})
	}
}

func TestTransfersPending(t *testing.T) {
	const (
		untold  = conversation.TransferUntold
		nobody  = conversation.TransferNone
		pending = conversation.TransferPending
	)
	id := int64(0)
	of := func(queue conversation.Queue, state conversation.State, transfer conversation.Transfer) conversation.Session {
		id++
		s := in(session(id, "chat"), queue.ID, queue.Name)
		s.State, s.Transfer = state, transfer
		return s
	}
	support, sales := queue(1, "Support"), queue(2, "Sales")
	const assigned, queued = conversation.StateAssigned, conversation.StateQueued
	for name, tc := range map[string]struct {
		queues   []conversation.Queue
		sessions []conversation.Session
		cover    conversation.Coverage
		listErr  error
		want     string
		health   string
	}{
		"those who have not accepted yet are counted, and 0 where there is none": {
			sessions: []conversation.Session{of(support, assigned, pending), of(support, assigned, pending), of(support, assigned, nobody)},
			want:     "transfers_pending{queue=\"Sales\"} 0\ntransfers_pending{queue=\"Support\"} 2\n",
			health:   "1 0 0",
		},
		"a system that never tells has no such thing": {
			sessions: []conversation.Session{of(support, assigned, untold), of(sales, queued, untold)},
			health:   "1 0 0",
		},
		"a session that does not tell makes its queue absent": {
			sessions: []conversation.Session{of(support, assigned, pending), of(support, assigned, untold), of(sales, assigned, nobody)},
			want:     "transfers_pending{queue=\"Sales\"} 0\n",
			health:   "1 1 0",
		},
		"so does one that is put away": {
			sessions: []conversation.Session{of(support, conversation.StateArchived, untold), of(sales, assigned, pending)},
			want:     "transfers_pending{queue=\"Sales\"} 1\n",
			health:   "1 1 0",
		},
		"a session that nobody has cannot be offered": {
			sessions: []conversation.Session{of(support, queued, untold), of(support, conversation.StateAutomated, untold), of(sales, assigned, pending)},
			want:     "transfers_pending{queue=\"Sales\"} 1\ntransfers_pending{queue=\"Support\"} 0\n",
			health:   "1 0 0",
		},
		"queues of one name add up": {
			queues:   []conversation.Queue{queue(1, "Support"), queue(2, "Support")},
			sessions: []conversation.Session{of(support, assigned, pending), of(queue(2, "Support"), assigned, pending)},
			want:     "transfers_pending{queue=\"Support\"} 2\n",
			health:   "1 0 0",
		},
		"a queue that the list does not have is shown with its sessions": {
			sessions: []conversation.Session{of(queue(7, "New"), assigned, pending), of(queue(7, "New"), assigned, nobody)},
			want:     "transfers_pending{queue=\"New\"} 1\ntransfers_pending{queue=\"Sales\"} 0\ntransfers_pending{queue=\"Support\"} 0\n",
			health:   "1 0 0",
		},
		"while the list is not whole nothing is said": {
			sessions: []conversation.Session{of(support, assigned, pending)},
			cover:    conversation.Coverage{Cut: []conversation.CutViewer{{Name: viewer}}},
			health:   "1 1 0",
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(groupSessions, groupQueues)
			b.queues, b.sessions, b.cover, b.err = tc.queues, tc.sessions, tc.cover, tc.listErr
			if b.queues == nil {
				b.queues = []conversation.Queue{support, sales}
			}
			if got := samplesOf(t, b, "conversation_transfers_pending"); got != tc.want {
				t.Errorf("got\n%swant\n%s", got, tc.want)
			}
			if got := verdict(t, b, groupQueues); got != tc.health {
				t.Errorf("success, partial and timeout are %s, want %s", got, tc.health)
			}
		})
	}
}

// Once a session has told it, no session at all is 0; a list that fails is not.
func TestTransfersPendingOfAQuietNight(t *testing.T) {
	b := newBench(groupSessions, groupQueues)
	b.queues = []conversation.Queue{queue(1, "Support")}
	pending := func() string { t.Helper(); return samplesOf(t, b, "conversation_transfers_pending") }
	if got := pending(); got != "" {
		t.Errorf("before the system has told it of any session: %s", got)
	}
	one := in(session(1, "chat"), 1, "Support")
	one.Transfer = conversation.TransferPending
	b.sessions = []conversation.Session{one}
	if got := pending(); got != "transfers_pending{queue=\"Support\"} 1\n" {
		t.Errorf("got %s", got)
	}
	b.sessions = nil
	b.clock.advance(time.Minute)
	if got := pending(); got != "transfers_pending{queue=\"Support\"} 0\n" {
		t.Errorf("without a session: %s", got)
	}
	b.err = errors.New("ChatSession: HTTP 500")
	if got, health := pending(), verdict(t, b, groupQueues); got != "" || health != "1 1 0" {
		t.Errorf("without the list: %s, %s", got, health)
	}
	// Who asks for the queues alone is told nothing of the sessions, and misses none.
	c := b.collector.Scrape(context.Background(), Request{Arrived: time.Now(), Groups: []string{groupQueues}})
	if v, ok := value(t, c, "conversation_transfers_pending"); ok {
		t.Errorf("the queues alone tell of transfers: %s", v)
	}
	if v, _ := value(t, c, "conversation_scrape_collector_partial", `collector="queues"`); v != "0" {
		t.Errorf("partial of the queues alone is %s", v)
	}
}

// What could not be told of the queues is missing in their group: of the sessions
// nothing is.
func TestWhatQueuesDoNotTellIsNotMissingInTheSessions(t *testing.T) {
	b := newBench(groupSessions, groupQueues)
	b.sessions = []conversation.Session{in(session(1, "chat"), 1, "Support")}
	b.queues, b.queueErr = []conversation.Queue{queue(1, "Support"), queue(2, "Sales")}, errors.New("ChatTopic/{id}/IsOpen: HTTP 500")
	if got := samplesOf(t, b, "conversation_queue_info"); got != "queue_info{assignment_mode=\"manual\",queue=\"Sales\"} 1\nqueue_info{assignment_mode=\"manual\",queue=\"Support\"} 1\n" {
		t.Errorf("got %s", got)
	}
	if got := verdict(t, b, groupSessions); got != "1 0 0" {
		t.Errorf("success, partial and timeout of the sessions are %s", got)
	}
	if got := verdict(t, b, groupQueues); got != "0 1 0" {
		t.Errorf("success, partial and timeout of the queues are %s", got)
	}
	if got := b.collector.Status()[0].Problems; len(got) != 1 {
		t.Errorf("problems: %q", got)
	}
}

// Presence that cannot be read fails the list of queues and that of agents, and is
// told once.
func TestPresenceThatCannotBeReadIsToldOnce(t *testing.T) {
	b := newBench(groupQueues)
	presence := errors.New("reading who is there: HTTP 500")
	b.queues = []conversation.Queue{{ID: 1, Name: "Support", Mode: "pickup", Open: conversation.OpeningOpen}}
	b.queueErr, b.agentErr = errors.Join(errors.New("reading opening hours: HTTP 500"), presence), presence
	want := `queue_info{assignment_mode="pickup",queue="Support"} 1
queue_open{queue="Support"} 1
`
	if got := samplesOf(t, b, "conversation_queue_info", "conversation_queue_open", "conversation_queue_agents", "conversation_agents"); got != want {
		t.Errorf("got\n%s", got)
	}
	if got := b.collector.Status()[0].Problems; len(got) != 2 || got[0] != "reading opening hours: HTTP 500" || got[1] != presence.Error() {
		t.Errorf("problems: %q", got)
	}
}

// Of what is told twice in a pass, that counts by which the group was judged.
func TestTheFactsOfAPassAreThoseItWasJudgedBy(t *testing.T) {
	open, untold := queue(1, "Support"), queue(1, "Support")
	open.Open = conversation.OpeningOpen
	b := &beside{queues: told[conversation.Queue]{list: []conversation.Queue{open}}}
	list := &listing{queues: []conversation.Queue{untold, queue(2, "New")}}
	b.agree(list)
	if got := b.queues.list; len(got) != 2 || got[0].Open != conversation.OpeningOpen || got[1].ID != 2 {
		t.Errorf("queues = %+v", got)
	}
	if list.queues[0].Open != conversation.OpeningUntold {
		t.Error("the source's own list was changed")
	}
}
