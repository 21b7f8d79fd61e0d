package collector

import (
	"testing"
	"time"

	"conversation_exporter/conversation"
)

// What every message metric says, from the first word to the closing.
func TestMessagesTellAStory(t *testing.T) {
	s := newStory()
	s.is(t, 0, map[string]string{"messages_total": "", "scrape_pending_sessions": "0"})
	s.open(7, waits)
	s.customer(7)
	s.clock.advance(20 * time.Second)
	s.customer(7)
	s.is(t, 40*time.Second, map[string]string{
		`unanswered_sessions{queue="Support",state="queued",age="lt_5m"}`:        "1",
		`unanswered_sessions{queue="Support",state="queued",age="ge_24h"}`:       "0",
		`unanswered_sessions{queue="Support",state="assigned",age="lt_5m"}`:      "0",
		`unanswered_oldest_timestamp_seconds{queue="Support",state="queued"}`:    "1.772442e+09",
		`queued_oldest_timestamp_seconds{queue="Support"}`:                       "1.772442e+09",
		`unread_messages{queue="Support"}`:                                       "2",
		`last_inbound_message_timestamp_seconds{channel="whatsapp"}`:             "1.77244202e+09",
		`messages_total{sender="customer"}`:                                      "2",
		`messages_total{sender="bot"}`:                                           "0",
		`started_sessions_total{queue="Support",origin="regular"}`:               "1",
		`closed_sessions_total{queue="Support",reason="agent",awaiting="agent"}`: "0",
		`message_failures_total{reason="send_fail"}`:                             "0",
		`pickup_seconds_count{queue="Support"}`:                                  "0",
		`scrape_collector_success{collector="messages"}`:                         "1",
		`scrape_collector_partial{collector="messages"}`:                         "0",
	})
	s.pickUp(7)
	s.clock.advance(15 * time.Second)
	s.agent(7)
	s.is(t, 5*time.Second, map[string]string{
		`unanswered_sessions{state="queued",age="lt_5m"}`:   "0",
		`unanswered_sessions{state="assigned",age="lt_5m"}`: "0",
		`unanswered_oldest_timestamp_seconds`:               "",
		`queued_oldest_timestamp_seconds`:                   "",
		`unread_messages{queue="Support"}`:                  "0",
		`messages_total{sender="agent"}`:                    "1",
		`pickup_seconds_sum{queue="Support"}`:               "60",
		`first_response_seconds_sum{queue="Support"}`:       "75",
		`response_seconds_count{queue="Support"}`:           "1",
		`response_seconds_bucket{queue="Support",le="120"}`: "1",
		`response_seconds_bucket{queue="Support",le="60"}`:  "0",
	})
	s.customer(7)
	s.is(t, 5*time.Minute, map[string]string{`unanswered_sessions{state="assigned",age="5m_15m"}`: "1"})
	s.end(7, conversation.ClosedByAgent)
	s.is(t, time.Minute, map[string]string{
		`open_sessions{state="assigned"}`:                                           "0",
		`unanswered_sessions{state="assigned",age="5m_15m"}`:                        "0",
		`closed_sessions_total{queue="Support",reason="agent",awaiting="agent"}`:    "1",
		`closed_sessions_total{queue="Support",reason="agent",awaiting="customer"}`: "0",
		`response_seconds_count{queue="Support"}`:                                   "1",
	})
}

// What was before the first pass is not counted, yet it is known who waits (R19).
func TestR19ARestartIsNoBurst(t *testing.T) {
	s := newStory()
	s.open(1, waits)
	s.customer(1)
	s.open(2, nil)
	s.customer(2)
	s.clock.advance(time.Minute)
	s.agent(2)
	s.customer(2)
	s.is(t, time.Minute, map[string]string{
		`messages_total{sender="customer"}`:                                "0",
		`started_sessions_total{origin="regular",queue="Support"}`:         "0",
		`response_seconds_count{queue="(none)"}`:                           "0",
		`unanswered_sessions{queue="Support",state="queued",age="lt_5m"}`:  "1",
		`unanswered_sessions{queue="(none)",state="assigned",age="lt_5m"}`: "1",
		`unread_messages{queue="(none)"}`:                                  "1",
	})
	// The reply counts although the question came before the baseline (R20), but it
	// is not the first of the session, which was not read from its start.
	s.agent(2)
	s.is(t, time.Minute, map[string]string{
		`messages_total{sender="agent"}`:               "1",
		`response_seconds_sum{queue="(none)"}`:         "60",
		`first_response_seconds_count{queue="(none)"}`: "0",
	})
}

// Nights are quiet: no session is open, many are closed.
func TestR19AQuietNightHasABaseline(t *testing.T) {
	s := newStory()
	for id := int64(1); id <= 5; id++ {
		s.open(id, nil)
		s.customer(id)
		s.end(id, conversation.ClosedByAgent)
	}
	s.is(t, time.Minute, map[string]string{`closed_sessions_total{reason="agent"}`: ""})
	s.is(t, time.Minute, map[string]string{`closed_sessions_total{reason="agent"}`: "", `messages_total`: ""})
	s.open(9, nil)
	s.customer(9)
	s.is(t, time.Minute, map[string]string{`messages_total{sender="customer"}`: "1"})
}

// A cancelled first pass sets no baseline.
func TestR19ACancelledPassSetsNoMark(t *testing.T) {
	s := newStory()
	s.open(1, nil)
	s.customer(1)
	s.cancelled(t)
	if s.target.ledger.marks.exist() || s.target.published.Load() != nil {
		t.Error("a cancelled pass has set a mark")
	}
	s.is(t, time.Minute, map[string]string{`messages_total{sender="customer"}`: "0"})
}

// A visitor who comes and goes between two passes is counted (R23).
func TestR23WhoComesAndGoesIsCounted(t *testing.T) {
	s := newStory()
	s.is(t, 0, nil)
	s.clock.advance(10 * time.Second)
	s.open(4, waits)
	s.customer(4)
	s.clock.advance(30 * time.Second)
	s.end(4, conversation.ClosedByCustomer)
	s.is(t, 20*time.Second, map[string]string{
		`started_sessions_total{queue="Support",origin="regular"}`:                   "1",
		`closed_sessions_total{queue="Support",reason="abandoned",awaiting="agent"}`: "1",
		`open_sessions{queue="Support",state="queued"}`:                              "0",
	})
	// The same row again is no second closing.
	s.is(t, time.Minute, map[string]string{`closed_sessions_total{queue="Support",reason="abandoned",awaiting="agent"}`: "1"})
}

// The closed lists are swept at most every 50 seconds (R23).
func TestR23TheSweepIsNotMadeAtEveryPass(t *testing.T) {
	s := newStory()
	for range 11 {
		s.is(t, 10*time.Second, nil)
	}
	if s.sweeps != 3 {
		t.Errorf("%d sweeps in 110 seconds, want 3", s.sweeps)
	}
}

// Gone is not closed: only a record is (R24).
func TestR24GoneIsNotClosed(t *testing.T) {
	s := newStory()
	s.is(t, 0, nil)
	s.open(4, nil)
	s.customer(4)
	s.is(t, time.Minute, nil)
	s.leave(4)
	s.is(t, time.Minute, map[string]string{`closed_sessions_total{reason="agent",awaiting="agent"}`: "0", `open_sessions{state="assigned"}`: "0"})
	if len(s.asked) != 1 || s.asked[0].Session != 4 {
		t.Errorf("a session that is gone is not read at once: %v", s.asked)
	}
	s.asked = nil
	s.is(t, time.Minute, nil)
	if len(s.asked) != 0 {
		t.Errorf("it is read again after a minute: %v", s.asked)
	}
	s.add(4, conversation.Record{Kind: conversation.KindClosed, Reason: conversation.ClosedByAgent})
	s.is(t, 4*time.Minute, map[string]string{`closed_sessions_total{reason="agent",awaiting="agent"}`: "1"})
	s.asked = nil
	s.is(t, 6*time.Minute, nil)
	if len(s.asked) != 0 {
		t.Errorf("a session that a record has closed is read again: %v", s.asked)
	}
}

// What is forgotten leaves so much that it does not count again (R25).
func TestR25ForgottenIsNotNew(t *testing.T) {
	s := newStory()
	s.is(t, 0, nil)
	s.open(4, nil)
	s.customer(4)
	s.agent(4)
	s.is(t, time.Minute, map[string]string{`messages_total{sender="customer"}`: "1"})
	was := s.leave(4)
	s.is(t, time.Minute, nil)
	s.is(t, time.Hour, nil)
	if len(s.target.ledger.entries) != 0 || len(s.target.ledger.tombstones) != 1 {
		t.Fatalf("%d entries, %d tombstones", len(s.target.ledger.entries), len(s.target.ledger.tombstones))
	}
	s.sessions = append(s.sessions, was)
	s.customer(4)
	s.is(t, time.Minute, map[string]string{
		`messages_total{sender="customer"}`:                 "2",
		`messages_total{sender="agent"}`:                    "1",
		`started_sessions_total{origin="regular"}`:          "1",
		`unanswered_sessions{state="assigned",age="lt_5m"}`: "1",
		`response_seconds_count`:                            "1",
	})
}

// A tombstone that has to go raises the marks to it (R25).
func TestR25AnEvictedTombstoneRaisesTheMarks(t *testing.T) {
	s := newStory()
	s.target.ledger.limit = 10
	s.is(t, 0, nil)
	for id := int64(1); id <= 10; id++ {
		s.open(id, nil)
		s.customer(id)
	}
	s.is(t, time.Minute, map[string]string{`messages_total{sender="customer"}`: "10"})
	old := s.sessions
	s.sessions = nil
	for id := int64(11); id <= 20; id++ {
		s.open(id, nil)
		s.customer(id)
	}
	s.is(t, time.Minute, map[string]string{`messages_total{sender="customer"}`: "20"})
	s.sessions = nil
	s.is(t, time.Minute, nil)
	s.is(t, time.Hour, nil)
	if n := len(s.target.ledger.tombstones); n > 10 {
		t.Errorf("%d tombstones, the bound is 10", n)
	}
	s.sessions = old
	s.is(t, time.Minute, map[string]string{`messages_total{sender="customer"}`: "20"})
}

// Passes without messages move no counter, and tell what they do not know (R27).
func TestR27PassesWithoutMessages(t *testing.T) {
	s := newStory()
	s.open(4, func(listed *conversation.Session) {
		listed.Window = conversation.Window{Has: true, End: start().Add(3 * time.Hour)}
	})
	s.customer(4)
	s.is(t, 0, map[string]string{`reply_window_sessions{awaiting="agent",remaining="1h_4h"}`: "1", `reply_window_sessions{awaiting="unknown"}`: ""})
	s.agent(4)
	s.clock.advance(time.Minute)
	c := s.collector.Scrape(t.Context(), Request{Arrived: time.Now(), Groups: []string{groupSessions}})
	holds(t, c, map[string]string{
		`reply_window_sessions{awaiting="unknown",remaining="1h_4h"}`: "1", `messages_total`: "", `scrape_pending_sessions`: "",
		`scrape_collector_success{collector="messages"}`: "",
	})
	if got := s.target.published.Load().counters[conversation.EventMessage][series{"whatsapp", "agent"}]; got != 0 {
		t.Errorf("a pass without messages counted %v", got)
	}
	s.is(t, time.Minute, map[string]string{`messages_total{sender="agent"}`: "1", `reply_window_sessions{awaiting="customer",remaining="1h_4h"}`: "1"})
}

// Messages alone bring their own list.
func TestMessagesAloneAreReadToo(t *testing.T) {
	s := newStory()
	s.open(4, waits)
	s.customer(4)
	c := s.collector.Scrape(t.Context(), Request{Arrived: time.Now(), Groups: []string{groupMessages}})
	holds(t, c, map[string]string{
		`open_sessions`: "", `unanswered_sessions{state="queued",age="lt_5m"}`: "1",
		`scrape_collector_success{collector="messages"}`: "1", `scrape_collector_success{collector="sessions"}`: "",
	})
}
