package collector

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"conversation_exporter/conversation"
)

func in(s conversation.Session, id int64, name string) conversation.Session {
	s.Queue = conversation.Queue{ID: id, Name: name}
	return s
}

// Where the list of queues cannot be read, queues that nobody has seen for an
// hour must go all the same.
func TestHostileQueuesThatCannotBeListedAreForgotten(t *testing.T) {
	b := newBench()
	b.queueErr = errors.New("no permission")
	for i := range 2000 {
		b.sessions = []conversation.Session{in(session(int64(i+1), "sms"), int64(i+1), fmt.Sprintf("Queue %d", i+1))}
		b.scrape()
		b.clock.advance(time.Minute)
	}
	b.sessions = []conversation.Session{in(session(9999, "sms"), 2001, "Queue 2001")}
	c := b.scrape()
	if n := len(b.target.known.queues); n > 61 {
		t.Errorf("%d queues are remembered, want those of the last hour", n)
	}
	if n := len(b.target.known.places); n > 2*61 {
		t.Errorf("%d places are remembered, want those of queues that were known within the hour", n)
	}
	if v, ok := value(t, c, "conversation_open_sessions", `queue="Queue 2001"`); !ok || v == "0" {
		t.Errorf("the one queue that is there has no label of its own: %q %t", v, ok)
	}
}

// Channels that are gone must make room for those that are there.
func TestHostileChannelsThatAreGone(t *testing.T) {
	b := newBench()
	for i := range 40 {
		b.sessions = []conversation.Session{session(int64(i+1), fmt.Sprintf("ch%d", i))}
		b.scrape()
		b.clock.advance(24 * time.Hour)
	}
	b.sessions = []conversation.Session{session(100, "whatsapp")}
	if v, ok := value(t, b.scrape(), "conversation_open_sessions", `channel="whatsapp"`, `state="assigned"`); !ok {
		t.Errorf("whatsapp has no label after 40 days in which 40 other channels came and went: %q", v)
	}
}

// Thousands of passes with ever new ids, names and failures.
func TestHostileSoak(t *testing.T) {
	for name, tc := range map[string]struct {
		cover    conversation.Coverage
		queueErr error
	}{
		"healthy":        {conversation.Coverage{Read: 1}, nil},
		"a viewer fails": {conversation.Coverage{Read: 1, Failed: []string{"x"}, Problems: []error{errors.New("x")}}, nil},
		"no queue list":  {conversation.Coverage{Read: 1}, errors.New("x")},
	} {
		b := newBench()
		id := int64(0)
		for i := range 200 {
			b.cover, b.queueErr = tc.cover, tc.queueErr
			b.cover.Problems = nil
			if len(tc.cover.Failed) > 0 {
				b.cover.Problems = []error{fmt.Errorf("problem %d", i)}
			}
			b.sessions, b.queues = nil, []conversation.Queue{}
			for j := range 20 {
				id++
				q := int64(i + j + 1)
				b.queues = append(b.queues, conversation.Queue{ID: q, Name: fmt.Sprintf("Q%d", q)})
				b.sessions = append(b.sessions, windowed(in(session(id, fmt.Sprintf("c%d", i%30)), q, fmt.Sprintf("Q%d", q)), b.clock.now().Add(time.Hour)))
			}
			if tc.queueErr != nil {
				b.queues = nil
			}
			b.scrape()
			b.logs.Reset()
			b.clock.advance(time.Minute)
		}
		// Of each pass 20 queues are new, and 60 passes make the hour.
		k := b.target.known
		for what, n := range map[string]int{
			"sessions": len(b.target.ledger.entries) / 20, "queues": len(k.queues) / 2, "places": len(k.places) / 40,
			"channels": len(k.channels) * 3, "windowed channels": len(k.windowed) * 3, "problems": len(b.target.logged) * 5, // Of 10 minutes.
		} {
			if n > 65 {
				t.Errorf("%s: %s are not bounded: %d", name, what, n)
			}
		}
	}
}

// A ledger has an upper bound.
func TestHostileTheLedgerIsBounded(t *testing.T) {
	b := newBench()
	b.cover = conversation.Coverage{Read: 1, Failed: []string{"x"}}
	id := int64(0)
	for range 30 {
		b.sessions = nil
		for range 10_000 {
			id++
			b.sessions = append(b.sessions, session(id, "sms"))
		}
		b.scrape()
		b.clock.advance(time.Minute)
	}
	if n := len(b.target.ledger.entries); n > 150_000 {
		t.Errorf("%d sessions are remembered, the bound of the design is 150,000", n)
	}
}

// A time-out that is not the scrape's own is a failure.
func TestHostileATimeOutOfTheNetworkIsAFault(t *testing.T) {
	b := newBench()
	b.cover = conversation.Coverage{Read: 1, Problems: []error{fmt.Errorf("listing the message queues: %w", context.DeadlineExceeded)}}
	c := b.scrape()
	success, _ := value(t, c, "conversation_scrape_collector_success")
	timeout, _ := value(t, c, "conversation_scrape_collector_timeout")
	if success != "0" || timeout != "0" {
		t.Errorf("success %s, timeout %s, though the scrape had time left", success, timeout)
	}
}

func TestHostileReservedLabels(t *testing.T) {
	b := newBench()
	b.sessions = []conversation.Session{session(1, "sms"), in(session(2, "sms"), 5, "(none)"), in(session(3, "sms"), 6, "")}
	v, _ := value(t, b.scrape(), "conversation_open_sessions", `queue="(none)"`, `state="assigned"`)
	if v != "1" {
		t.Errorf(`queue="(none)" is %s, want the one session without a queue`, v)
	}
}
