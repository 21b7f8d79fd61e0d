package sourcetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"conversation_exporter/conversation"
)

// directory holds that queues, channels and agents are told, each once, and that
// who has a session is one of the agents.
func directory(t *testing.T, s System) {
	src := s.Source(t)
	s.Open(t, 30)
	sessions := list(t, src)
	queues, channels, agents := directoryOf(t, src)
	seen := make(map[string]bool)
	once := func(key string) {
		if seen[key] {
			t.Errorf("%s is told twice", key)
		}
		seen[key] = true
	}
	ids := make([]int64, 0, len(queues))
	for _, q := range queues {
		once(fmt.Sprint("queue ", q.ID))
		ids = append(ids, q.ID)
		if q.Name == "" || q.Mode == "" || q.Mode != conversation.Label(q.Mode) {
			t.Errorf("queue = %+v", q)
		}
	}
	for _, a := range agents {
		once("agent " + a.ID)
		if a.ID == "" || a.ID != conversation.Label(a.ID) || a.Presence == conversation.PresenceUnknown {
			t.Errorf("agent = %+v", a)
		}
		for _, id := range a.Queues {
			if !slices.Contains(ids, id) {
				t.Errorf("agent %s is of the queue %d, which is not listed", a.ID, id)
			}
		}
	}
	for _, c := range channels {
		if c.Kind == "" || c.Name != conversation.Label(c.Name) || !c.UpTold {
			t.Errorf("channel = %+v", c)
		}
		noCanary(t, fmt.Sprintf("%+v", c.Today))
	}
	for i := range sessions {
		if agent := sessions[i].Agent; agent != "" && len(agents) > 0 && !seen["agent "+agent] {
			t.Errorf("session %d is with %s, who is not listed", sessions[i].ID, agent)
		}
	}
}

// directoryOf reads what the system has of queues, channels and agents.
func directoryOf(t *testing.T, src conversation.Source) (queues []conversation.Queue, channels []conversation.Channel, agents []conversation.Agent) {
	t.Helper()
	var errs [3]error
	queues, errs[0] = src.Queues(t.Context())
	channels, errs[1] = src.Channels(t.Context())
	agents, errs[2] = src.Agents(t.Context())
	for _, err := range errs {
		if err != nil && !errors.Is(err, conversation.ErrUnsupported) {
			t.Fatal(err)
		}
	}
	return queues, channels, agents
}

// directoryFailure holds that a failure is told and not remembered, and that what a
// system hangs on ends with the context.
func directoryFailure(t *testing.T, s System) {
	src := s.Source(t)
	s.Open(t, 3)
	list(t, src)
	directoryOf(t, src)
	calls := func(ctx context.Context) map[string]error {
		_, queues := src.Queues(ctx)
		_, channels := src.Channels(ctx)
		_, agents := src.Agents(ctx)
		return map[string]error{"queues": queues, "channels": channels, "agents": agents}
	}
	s.Advance(time.Hour)
	s.Fail(true)
	for what, err := range calls(t.Context()) {
		if err == nil {
			t.Errorf("the %s of a system that fails are told", what)
			continue
		}
		noCanary(t, err.Error())
	}
	s.Fail(false)
	s.Advance(time.Hour)
	directoryOf(t, src)
	s.Advance(time.Hour)
	s.Hang(true)
	defer s.Hang(false)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	for what, err := range calls(ctx) {
		if !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, conversation.ErrUnsupported) {
			t.Errorf("the %s of a system that hangs: %v, want the deadline to be why", what, err)
		}
	}
}
