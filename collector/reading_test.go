package collector

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"conversation_exporter/conversation"
)

// asks returns whose records were wanted last, in their order.
func (s *story) asks() (ids []int64) {
	for _, w := range s.asked {
		ids = append(ids, w.Session)
	}
	s.asked = nil
	return ids
}

// A reply under way answers for the time being; what it decides is counted once
// it is settled (R13, R18).
func TestR13AReplyUnderWay(t *testing.T) {
	for name, tc := range map[string]struct {
		failure         string
		responses, lost string
		unanswered      string
	}{
		"arrives":      {"", "1", "0", "0"},
		"fails":        {"send_fail", "0", "1", "1"},
		"never ends":   {"-", "1", "0", "0"},
		"a new reason": {"other", "0", "1", "1"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStory()
			s.is(t, 0, nil)
			s.open(4, nil)
			s.customer(4)
			s.is(t, time.Minute, nil)
			reply := s.sending(4)
			const sent = "1.77244206e+09"
			s.is(t, 10*time.Second, map[string]string{
				`messages_total{sender="agent"}`: "1", `response_seconds_count`: "0", `unanswered_sessions{state="assigned",age="lt_5m"}`: "0",
				`sending_oldest_timestamp_seconds`: sent, `scrape_pending_sessions`: "0", `scrape_collector_partial{collector="messages"}`: "0",
			})
			s.asks()
			s.is(t, 5*time.Minute, map[string]string{`response_seconds_count`: "0"})
			if got := s.asks(); !slices.Equal(got, []int64{4}) {
				t.Errorf("a session whose message is under way is not read again: %v", got)
			}
			if tc.failure != "-" {
				s.deliver(4, reply, tc.failure)
			}
			s.is(t, 5*time.Minute, map[string]string{
				`response_seconds_count`: tc.responses, `message_failures_total{reason="` + orSendFail(tc.failure) + `"}`: tc.lost,
				`unanswered_sessions{state="assigned",age="5m_15m"}`: tc.unanswered, `messages_total{sender="agent"}`: "1",
			})
			s.is(t, time.Minute, map[string]string{`response_seconds_count`: tc.responses, `messages_total{sender="agent"}`: "1"})
		})
	}
}

func orSendFail(reason string) string {
	if reason == "" || reason == "-" {
		return "send_fail"
	}
	return reason
}

// A message that is stuck is looked at every ten minutes, for sending_oldest alone.
func TestR13AMessageThatIsStuck(t *testing.T) {
	s := newStory()
	s.is(t, 0, nil)
	s.open(4, nil)
	s.customer(4)
	reply := s.sending(4)
	s.is(t, time.Minute, nil)
	s.is(t, 10*time.Minute, map[string]string{`response_seconds_count`: "1", `sending_oldest_timestamp_seconds`: "1.772442e+09"})
	s.asks()
	s.is(t, 5*time.Minute, map[string]string{`sending_oldest_timestamp_seconds`: "1.772442e+09"})
	if got := s.asks(); got != nil {
		t.Errorf("it is read again within ten minutes: %v", got)
	}
	// Something else that happens in the session does not make it forget.
	s.customer(4)
	s.is(t, time.Minute, map[string]string{`sending_oldest_timestamp_seconds`: "1.772442e+09"})
	s.deliver(4, reply, "send_fail")
	s.is(t, 11*time.Minute, map[string]string{`sending_oldest_timestamp_seconds`: "", `message_failures_total{reason="send_fail"}`: "0", `response_seconds_count`: "1"})
	s.asks()
	s.is(t, 11*time.Minute, nil)
	if got := s.asks(); got != nil {
		t.Errorf("a session without anything under way is read: %v", got)
	}
}

// Only what has changed is read, in either direction (R28).
func TestR28OnlyWhatHasChangedIsRead(t *testing.T) {
	s := newStory()
	for id := int64(1); id <= 5; id++ {
		s.open(id, nil)
		s.customer(id)
	}
	s.is(t, 0, nil)
	if got := s.asks(); len(got) != 5 {
		t.Errorf("the first pass read %v", got)
	}
	s.is(t, time.Minute, nil)
	if got := s.asks(); got != nil {
		t.Errorf("nothing has changed, yet %v were read", got)
	}
	s.agent(2)
	s.at(4).LastMessage = 900 // A message was deleted.
	s.is(t, time.Minute, nil)
	got := s.asks()
	if slices.Sort(got); !slices.Equal(got, []int64{2, 4}) {
		t.Errorf("read %v, want 2 and 4", got)
	}
	s.is(t, time.Minute, nil)
	if got := s.asks(); got != nil {
		t.Errorf("read again: %v", got)
	}
}

// How far back is asked (R29).
func TestR29HowFarBack(t *testing.T) {
	s := newStory()
	s.open(1, waits)
	first := s.customer(1)
	s.open(2, func(listed *conversation.Session) { listed.Origin = conversation.OriginCampaign })
	last := s.customer(2)
	s.is(t, 0, nil)
	want := []conversation.Want{
		{Session: 1, Listed: first, Floor: last, Queued: true, Limit: 200},
		{Session: 2, Listed: last, Floor: last, Campaign: true, Limit: 200},
	}
	if !slices.Equal(s.asked, want) {
		t.Errorf("the first reading asks for %+v\nwant %+v", s.asked, want)
	}
	again := s.customer(1)
	s.is(t, time.Minute, nil)
	want = []conversation.Want{{Session: 1, After: first, Listed: again, Floor: last, Limit: 500}}
	if !slices.Equal(s.asked, want) {
		t.Errorf("a later reading asks for %+v\nwant %+v", s.asked, want)
	}
}

// Beyond the limits records are passed over, which is said (R29).
func TestR29TooManyNewRecords(t *testing.T) {
	s := newStory()
	s.is(t, 0, nil)
	s.open(1, nil)
	s.customer(1)
	s.is(t, time.Minute, map[string]string{`messages_skipped_total`: "0"})
	for range 620 {
		s.customer(1)
	}
	s.is(t, time.Minute, map[string]string{
		`messages_total{sender="customer"}`: "501", `messages_skipped_total`: "121", `scrape_collector_partial{collector="messages"}`: "1",
		`scrape_collector_success{collector="messages"}`: "1", `scrape_pending_sessions`: "0",
	})
	s.is(t, time.Minute, map[string]string{`messages_skipped_total`: "121", `scrape_collector_partial{collector="messages"}`: "0"})
}

// History that is passed over is not new (R29).
func TestR29HistoryIsNotSkipped(t *testing.T) {
	s := newStory()
	s.open(1, nil)
	for range 300 {
		s.customer(1)
	}
	s.is(t, 0, map[string]string{`messages_skipped_total`: "0", `scrape_collector_partial{collector="messages"}`: "1", `unread_messages`: "200"})
}

// The customer who matters first is read first (R31).
func TestR31TheOrderOfReading(t *testing.T) {
	s := newStory()
	ends := func(in time.Duration) func(*conversation.Session) {
		return func(listed *conversation.Session) {
			listed.Window = conversation.Window{Has: true, End: start().Add(in)}
		}
	}
	for id, change := range []func(*conversation.Session){1: nil, 2: ends(5 * time.Hour), 3: nil, 4: ends(time.Hour), 5: waits, 6: ends(-time.Hour), 7: waits} {
		if id > 0 {
			s.open(int64(id), change)
			s.customer(int64(id))
		}
	}
	s.customer(1) // The longest silent of the others is 3.
	s.most = 3
	s.is(t, 0, map[string]string{`scrape_pending_sessions`: "4"})
	if got, want := s.asks(), []int64{5, 7, 4, 2}; !slices.Equal(got, want) {
		t.Errorf("read %v, want %v", got, want)
	}
	s.most = 0
	s.is(t, time.Minute, nil)
	if got, want := s.asks(), []int64{2, 3, 6, 1}; !slices.Equal(got, want) {
		t.Errorf("then read %v, want %v", got, want)
	}
}

// A cold start that does not fit into one deadline: what matters first is there,
// the rest is absent and said to be pending.
func TestR32AColdStartInParts(t *testing.T) {
	s := newStory()
	for id := int64(1); id <= 40; id++ {
		s.open(id, nil)
		s.customer(id)
	}
	s.open(50, waits)
	s.customer(50)
	s.most = 10
	s.is(t, time.Minute, map[string]string{
		`scrape_pending_sessions`: "31", `scrape_collector_partial{collector="messages"}`: "1", `scrape_collector_success{collector="messages"}`: "1",
		`scrape_collector_timeout{collector="messages"}`: "1", `open_sessions{queue="(none)",state="assigned"}`: "40",
		`unanswered_sessions{queue="Support",state="queued",age="lt_5m"}`: "1", `unanswered_sessions{queue="Support",state="queued",age="ge_24h"}`: "0",
		// Nine of forty are read: a lower bound, and no zero that might be untrue.
		`unanswered_sessions{queue="(none)",state="assigned",age="lt_5m"}`: "9", `unanswered_sessions{queue="(none)",state="assigned",age="ge_24h"}`: "",
	})
	for range 3 {
		s.is(t, time.Second, nil)
	}
	s.is(t, time.Second, map[string]string{
		`scrape_pending_sessions`: "0", `scrape_collector_partial{collector="messages"}`: "0",
		`unanswered_sessions{queue="(none)",state="assigned",age="lt_5m"}`: "40", `unanswered_sessions{queue="(none)",state="assigned",age="ge_24h"}`: "0",
		`messages_total{sender="customer"}`: "0",
	})
}

// What was known of a session in which somebody has written since is left out until it
// is read: it may hold no more (R27).
func TestR27WhatIsKnownNoMore(t *testing.T) {
	s := newStory()
	s.is(t, 0, nil)
	s.open(1, nil)
	s.customer(1)
	s.is(t, time.Minute, map[string]string{`unread_messages{queue="(none)"}`: "1", `unanswered_sessions{queue="(none)",state="assigned",age="lt_5m"}`: "1"})
	s.agent(1)
	s.messageErr = errors.New("no answer")
	s.is(t, time.Minute, map[string]string{`unread_messages{queue="(none)"}`: "", `unanswered_sessions{queue="(none)",state="assigned",age="lt_5m"}`: ""})
}

// A session whose records cannot be folded is passed over: it is told once, and does not
// stay pending for ever (R32).
func TestR32WhatCannotBeFoldedIsPassedOver(t *testing.T) {
	s := newStory()
	s.is(t, 0, nil)
	s.open(1, nil)
	s.customer(1)
	s.is(t, time.Minute, nil)
	s.customer(1)
	s.during = func(context.Context) {
		s.target.ledger.entries[1].queue, s.target.ledger.queues = 0, s.target.ledger.queues[:0] // A fault of the exporter.
	}
	queues := s.target.ledger.queues
	s.is(t, time.Minute, map[string]string{`scrape_collector_success{collector="messages"}`: "0", `scrape_pending_sessions`: "0"})
	s.during, s.target.ledger.queues = nil, queues
	s.asked = nil
	s.is(t, time.Minute, map[string]string{`scrape_collector_success{collector="messages"}`: "1", `scrape_pending_sessions`: "0"})
	if ids := s.asks(); ids != nil {
		t.Errorf("asked for %v again", ids)
	}
}
