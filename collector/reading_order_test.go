package collector

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"conversation_exporter/conversation"
)

// Where the messages cannot be read, what depends on them is absent.
func TestMessagesThatCannotBeRead(t *testing.T) {
	s := newStory()
	s.open(4, waits)
	s.customer(4)
	s.messageErr = errors.New("message/query: no permission")
	s.is(t, 0, map[string]string{
		`scrape_collector_success{collector="messages"}`: "0", `scrape_collector_partial{collector="messages"}`: "1", `scrape_pending_sessions`: "1",
		`unanswered_sessions`: "", `unread_messages`: "", `queued_oldest_timestamp_seconds`: "", `scrape_collector_success{collector="sessions"}`: "1",
		`open_sessions{queue="Support",state="queued"}`: "1", `messages_total{sender="customer"}`: "0",
	})
	if !strings.Contains(s.logs.String(), "message/query: no permission") {
		t.Errorf("the log does not tell why: %s", s.logs)
	}
	s.messageErr = nil
	s.is(t, time.Minute, map[string]string{`scrape_collector_success{collector="messages"}`: "1", `unanswered_sessions{queue="Support",state="queued",age="lt_5m"}`: "1"})
	// A system that has no such thing shows nothing of the group, nor its health.
	s = newStory()
	s.open(4, waits)
	s.customer(4)
	s.messageErr = fmt.Errorf("message/query: %w", conversation.ErrUnsupported)
	s.is(t, 0, map[string]string{
		`scrape_collector_success{collector="messages"}`: "", `messages_total`: "", `scrape_pending_sessions`: "", `unread_messages`: "",
		`open_sessions{queue="Support",state="queued"}`: "1", `scrape_collector_success{collector="sessions"}`: "1",
	})
}

// A list that fails leaves the counters as they stood.
func TestCountersSurviveAFailure(t *testing.T) {
	s := newStory()
	s.is(t, 0, nil)
	s.open(4, nil)
	s.customer(4)
	s.is(t, time.Minute, nil)
	s.err = errors.New("down")
	s.is(t, time.Minute, map[string]string{`messages_total{sender="customer"}`: "1", `unread_messages`: "", `scrape_collector_success{collector="messages"}`: "0"})
	s.err, s.sweepErr = nil, errors.New("no closed list")
	s.is(t, time.Minute, map[string]string{
		`messages_total{sender="customer"}`: "1", `unread_messages`: "1", `scrape_collector_success{collector="messages"}`: "0",
		`scrape_collector_partial{collector="messages"}`: "1", `scrape_collector_success{collector="sessions"}`: "1",
	})
	// A scrape whose time was over before a pass could serve it carries them too.
	late := s.target.late([]string{groupMessages})
	holds(t, scrape{families: s.collector.families, views: []*view{late}}, map[string]string{`messages_total{sender="customer"}`: "1"})
}

// Records in the future are dropped, and counted once (R34).
func TestR34RecordsInTheFuture(t *testing.T) {
	s := newStory()
	s.is(t, 0, map[string]string{`records_dropped_total{reason="future"}`: "0"})
	s.open(4, nil)
	s.customer(4)
	s.add(4, conversation.Record{At: s.clock.now().Add(time.Hour), Kind: conversation.KindMessage, Sender: conversation.SenderCustomer})
	s.is(t, time.Minute, map[string]string{`records_dropped_total{reason="future"}`: "1", `messages_total{sender="customer"}`: "1", `unread_messages`: "1"})
	s.is(t, 2*time.Hour, map[string]string{`records_dropped_total{reason="future"}`: "1", `messages_total{sender="customer"}`: "1"})
}

// The value of a counter does not depend on who looks how often.
func TestCountersDoNotDependOnTheScrapes(t *testing.T) {
	tell := func(s *story, look func()) {
		s.is(t, 0, nil)
		for id := int64(1); id <= 8; id++ {
			s.open(id, waits)
			s.customer(id)
			s.clock.advance(30 * time.Second)
			look()
			s.pickUp(id)
			s.agent(id)
			look()
			s.clock.advance(20 * time.Second)
			s.customer(id)
			look()
			s.agent(id)
			s.end(id, conversation.ClosedByAgent)
			look()
		}
	}
	want := map[string]string{
		`messages_total{sender="customer"}`: "16", `messages_total{sender="agent"}`: "16", `response_seconds_count{queue="Support"}`: "16",
		`first_response_seconds_sum{queue="Support"}`: "240", `pickup_seconds_count{queue="Support"}`: "8", `started_sessions_total{queue="Support",origin="regular"}`: "8",
		`closed_sessions_total{queue="Support",reason="agent",awaiting="customer"}`: "8",
	}
	for name, look := range map[string]func(*story){
		"never until the end": func(*story) {},
		"always, by two":      func(s *story) { s.scrape(); s.scrape() },
		"and run away":        func(s *story) { s.cancelled(t); s.scrape(); s.cancelled(t) },
		"with failures": func(s *story) {
			s.messageErr = errors.New("down")
			s.scrape()
			s.messageErr, s.most = nil, 1
			s.scrape()
			s.most = 0
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStory()
			tell(s, func() { look(s) })
			s.is(t, time.Minute, nil)
			s.is(t, time.Minute, want)
		})
	}
}

// A session that a failed viewer showed keeps its facts (R26), and what happened
// meanwhile is counted when it returns.
func TestR26AViewerFailsAndReturns(t *testing.T) {
	s := newStory()
	s.is(t, 0, nil)
	s.open(4, waits)
	s.customer(4)
	s.is(t, time.Minute, nil)
	was := s.sessions
	s.sessions, s.cover = nil, conversation.Coverage{Failed: []string{viewer}, Problems: []error{errors.New("down")}}
	s.is(t, time.Minute, map[string]string{
		`unanswered_sessions{queue="Support",state="queued",age="lt_5m"}`: "1", `scrape_collector_partial{collector="messages"}`: "1",
		`scrape_collector_success{collector="messages"}`: "0", `unread_messages{queue="Support"}`: "1",
	})
	s.sessions = was
	s.pickUp(4)
	s.agent(4)
	was, s.sessions = s.sessions, nil
	s.is(t, 10*time.Minute, map[string]string{`open_sessions{queue="Support",state="queued"}`: "1"})
	s.is(t, time.Minute, nil)
	s.is(t, time.Minute, map[string]string{`open_sessions{queue="Support",state="queued"}`: "0", `response_seconds_count{queue="Support"}`: "0"})
	s.sessions, s.cover = was, conversation.Coverage{}
	s.is(t, time.Hour, map[string]string{`response_seconds_count{queue="Support"}`: "1", `messages_total{sender="customer"}`: "1", `pickup_seconds_count{queue="Support"}`: "1"})
}

// A window that ends with the customer unanswered is lost once (R33).
func TestR33AWindowIsLostOnce(t *testing.T) {
	s := newStory()
	s.is(t, 0, nil)
	s.open(4, func(listed *conversation.Session) {
		listed.Window = conversation.Window{Has: true, End: start().Add(24 * time.Hour)}
	})
	s.customer(4)
	s.is(t, 23*time.Hour, map[string]string{
		`reply_windows_lost_total`: "0", `reply_window_sessions{awaiting="agent",remaining="1h_4h"}`: "1",
		`reply_window_next_expiry_timestamp_seconds{awaiting="agent"}`: "1.7725284e+09",
	})
	s.is(t, time.Hour+time.Minute, map[string]string{`reply_windows_lost_total`: "0"})
	s.at(4).Window.End = s.clock.now()
	s.is(t, time.Second, map[string]string{`reply_windows_lost_total`: "1", `reply_window_sessions{awaiting="agent",remaining="expired"}`: "1"})
	s.agent(4)
	s.is(t, time.Minute, map[string]string{`reply_windows_lost_total`: "1", `response_seconds_count`: "1"})
}

// What ended before the first pass is not counted (R19, R20).
func TestR20AWindowThatEndedBeforeWeLooked(t *testing.T) {
	for name, tc := range map[string]struct {
		asked time.Duration
		want  string
	}{
		"before":       {-25 * time.Hour, "0"},
		"at the mark":  {-24 * time.Hour, "0"},
		"a bit later":  {-24*time.Hour + time.Second, "1"},
		"in some time": {-23 * time.Hour, "1"},
	} {
		s := newStory()
		s.open(4, func(listed *conversation.Session) {
			listed.Window = conversation.Window{Has: true, End: start().Add(tc.asked + 24*time.Hour)}
		})
		s.add(4, conversation.Record{At: start().Add(tc.asked), Kind: conversation.KindMessage, Sender: conversation.SenderCustomer})
		s.is(t, 0, map[string]string{`reply_windows_lost_total`: "0"})
		s.is(t, 2*time.Hour, nil)
		if got := sample(t, s.scrape(), "reply_windows_lost_total", nil); got != tc.want {
			t.Errorf("%s: %s windows lost, want %s", name, got, tc.want)
		}
	}
}

// A pick-up counts under the queue that the session left (R10).
func TestR10APickUpCountsUnderTheQueueThatItLeft(t *testing.T) {
	s := newStory()
	s.queues = []conversation.Queue{{ID: 3, Name: "Support"}, {ID: 4, Name: "Billing"}}
	s.is(t, 0, nil)
	s.open(4, waits)
	s.customer(4)
	s.is(t, time.Minute, nil)
	s.pickUp(4)
	s.add(4, conversation.Record{Kind: conversation.KindQueued, To: conversation.ToQueue})
	s.at(4).State, s.at(4).Queue = conversation.StateQueued, conversation.Queue{ID: 4, Name: "Billing"}
	s.is(t, time.Minute, map[string]string{
		`pickup_seconds_sum{queue="Support"}`: "60", `pickup_seconds_count{queue="Billing"}`: "0", `transfers_total{queue="Billing",to="queue"}`: "1",
	})
	// Moved and then picked up: under the queue in which it was found.
	s.add(4, conversation.Record{Kind: conversation.KindQueued, To: conversation.ToQueue})
	s.at(4).Queue = conversation.Queue{ID: 3, Name: "Support"}
	s.clock.advance(30 * time.Second)
	s.pickUp(4)
	s.is(t, time.Minute, map[string]string{`pickup_seconds_sum{queue="Support"}`: "90", `pickup_seconds_count{queue="Billing"}`: "0"})
}

// A system that is so slow that listing takes all the time gets to its messages
// too: the pass after one that read none of them leaves more.
func TestMessagesComeToTheirTurnWhereListingTakesAllTheTime(t *testing.T) {
	b := newStory()
	b.open(1, nil)
	b.customer(1)
	b.target.behind, b.target.starved = true, true
	limit := 4 * time.Second
	var listing time.Duration
	b.during = func(ctx context.Context) {
		until, _ := ctx.Deadline()
		listing = time.Until(until)
	}
	b.collector.Scrape(context.Background(), Request{Arrived: time.Now(), Limit: limit})
	if listing > limit*35/100 {
		t.Errorf("listing had %s of %s", listing, limit)
	}
	if b.target.starved || len(b.asked) != 1 {
		t.Errorf("starved %t, asked for %d sessions", b.target.starved, len(b.asked))
	}
	b.open(2, nil)
	b.customer(2)
	b.messageDuring = func(ctx context.Context) { <-ctx.Done() }
	b.messageErr = context.DeadlineExceeded
	b.collector.Scrape(context.Background(), Request{Arrived: time.Now(), Limit: 200 * time.Millisecond})
	if !b.target.starved {
		t.Error("a pass that had no time for any message is not known as such")
	}
}

// What was read is counted before the deadline: the more there is, the more time is
// kept for that.
func TestTheTimeForCountingGrowsWithTheSessions(t *testing.T) {
	b := newBench()
	for sessions, want := range map[int]time.Duration{0: leastCounting, 20_000: 600 * time.Millisecond, 10_000_000: 5 * time.Second} {
		b.target.size = sessions
		if got := b.target.countingTime(20 * time.Second); got != want {
			t.Errorf("%d sessions: %s, want %s", sessions, got, want)
		}
	}
}
