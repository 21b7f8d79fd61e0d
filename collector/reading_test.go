package collector

import (
	"errors"
	"fmt"
	"slices"
	"strings"
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
