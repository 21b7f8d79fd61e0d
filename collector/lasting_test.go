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

// What a pass has told does not change while the next one is made.
func TestAFinishedViewStays(t *testing.T) {
	s := newStory()
	s.open(1, nil)
	s.customer(1)
	told := s.scrape()
	s.clock.advance(time.Minute)
	s.customer(1)
	s.scrape()
	holds(t, told, map[string]string{`last_inbound_message_timestamp_seconds{channel="whatsapp"}`: "1.772442e+09"})
}

// A list may be a moment ahead of the records; then the session is pending until
// they come, or until it is clear that they never will (R27, R32).
func TestR32AListThatIsAheadOfTheRecords(t *testing.T) {
	s := newStory()
	s.is(t, 0, nil)
	s.open(4, waits)
	s.customer(4)
	s.is(t, time.Minute, nil)
	s.agent(4)
	s.is(t, time.Minute, nil)
	s.at(4).LastMessage = s.next + 1
	s.is(t, time.Minute, map[string]string{`scrape_pending_sessions`: "1", `scrape_collector_partial{collector="messages"}`: "1"})
	s.customer(4)
	s.is(t, time.Minute, map[string]string{
		`scrape_pending_sessions`: "0", `unanswered_sessions{queue="Support",state="queued",age="lt_5m"}`: "1", `messages_total{sender="customer"}`: "2",
	})
	s.at(4).LastMessage = s.next + 1 // It was deleted and never comes.
	for range maxTries {
		s.is(t, time.Minute, nil)
	}
	s.is(t, time.Minute, map[string]string{`scrape_pending_sessions`: "0"})
}

// A lost window does not count again when its tombstone had to go (R25).
func TestR25ALostWindowOfAnEvictedTombstone(t *testing.T) {
	s := newStory()
	s.target.ledger.limit = 3
	s.is(t, 0, nil)
	s.open(4, func(listed *conversation.Session) {
		listed.Window = conversation.Window{Has: true, End: start().Add(24 * time.Hour)}
	})
	s.customer(4)
	s.is(t, time.Minute, nil)
	was := *s.at(4)
	was.Window.End = start().Add(24 * time.Hour)
	s.at(4).Window.End = start().Add(24 * time.Hour)
	s.is(t, 24*time.Hour+2*time.Minute, map[string]string{`reply_windows_lost_total`: "1"})
	s.sessions = nil
	for id := int64(10); id < 16; id++ {
		s.sessions = nil
		s.open(id, nil)
		s.customer(id)
		s.is(t, time.Hour, nil)
		s.is(t, time.Hour, nil)
	}
	if _, ok := s.target.ledger.tombstones[4]; ok {
		t.Fatal("the tombstone is still there")
	}
	s.sessions = []conversation.Session{was}
	s.is(t, time.Minute, map[string]string{`reply_windows_lost_total`: "1"})
}

// A session that is gone is read at once, even if it was read a moment after it
// was listed last (R24).
func TestR24AtOnceMeansAtOnce(t *testing.T) {
	s := newStory()
	s.is(t, 0, nil)
	s.open(4, nil)
	s.customer(4)
	s.slow = 2 * time.Second
	s.is(t, time.Minute, nil)
	s.leave(4)
	s.asks()
	s.is(t, time.Minute, nil)
	if got := s.asks(); len(got) != 1 {
		t.Errorf("read %v, want session 4", got)
	}
}

// The first event of a place that is new comes after its zeros.
func TestAPlaceThatIsNewBeginsWithZeros(t *testing.T) {
	s := newStory()
	s.is(t, 0, nil)
	s.open(4, waits)
	s.customer(4)
	s.clock.advance(time.Minute)
	for i, want := range []string{"0", "1", "1"} {
		holds(t, s.scrape(), map[string]string{`started_sessions_total{queue="Support",origin="regular"}`: want})
		if i == 0 {
			holds(t, s.target.lateScrape(s.collector), map[string]string{`messages_total{sender="customer"}`: "0"})
		}
	}
}

// lateScrape is what a scrape is told for which there was no time.
func (t *Target) lateScrape(c *Collector) scrape {
	return scrape{families: c.families, views: []*view{t.late([]string{groupMessages})}}
}

// What a sweep could not read is missing until the next one, and said so.
func TestR23WhatASweepLeftOutIsSaidUntilTheNextOne(t *testing.T) {
	s := newStory()
	s.is(t, 0, nil)
	s.sweepCover = conversation.Coverage{Failed: []string{"x"}, Problems: []error{errors.New("x")}}
	partial := map[string]string{`scrape_collector_partial{collector="messages"}`: "1", `scrape_collector_success{collector="messages"}`: "0"}
	s.is(t, time.Minute, partial)
	s.sweepCover = conversation.Coverage{}
	s.is(t, 10*time.Second, partial)
	s.is(t, time.Minute, map[string]string{`scrape_collector_partial{collector="messages"}`: "0", `scrape_collector_success{collector="messages"}`: "1"})
}

// A fault in one group leaves the other's values (lesson 17).
func TestLesson17AFaultInTheMessagesLeavesTheSessions(t *testing.T) {
	s := newStory()
	s.open(4, waits)
	s.customer(4)
	s.is(t, 0, nil)
	s.customer(4)
	s.clock.advance(time.Minute)
	s.target.ledger.inbound = nil // So that taking note of a message is a fault.
	s.is(t, time.Minute, map[string]string{
		`scrape_collector_success{collector="messages"}`: "0", `open_sessions{queue="Support",state="queued"}`: "1", `scrape_collector_success{collector="sessions"}`: "1",
	})
}

// A fault beside the records of a session leaves nothing of the group that might
// be wrong: what was to be read is not known (lesson 17).
func TestLesson17AFaultInTheGroupLeavesItsGaugesOut(t *testing.T) {
	for name, damage := range map[string]func(*ledger){
		"in the marks":                  func(l *ledger) { l.marks.of = nil },
		"in the choice of what to read": func(l *ledger) { l.inbound = nil },
	} {
		t.Run(name, func(t *testing.T) {
			s := newStory()
			s.open(4, waits)
			s.customer(4)
			s.open(5, nil)
			s.sending(5)
			s.is(t, 0, map[string]string{
				`unread_messages{queue="Support"}`: "1", `last_inbound_message_timestamp_seconds`: "1.772442e+09", `sending_oldest_timestamp_seconds`: "1.772442e+09",
				`scrape_pending_sessions`: "0", `messages_total{sender="customer"}`: "0",
			})
			whole := *s.target.ledger
			damage(s.target.ledger)
			s.is(t, 10*time.Second, map[string]string{
				`scrape_collector_success{collector="messages"}`: "0", `scrape_collector_partial{collector="messages"}`: "0", `scrape_pending_sessions`: "",
				`unanswered_sessions`: "", `unanswered_oldest_timestamp_seconds`: "", `queued_oldest_timestamp_seconds`: "", `unread_messages`: "",
				`last_inbound_message_timestamp_seconds`: "", `sending_oldest_timestamp_seconds`: "", `messages_total{sender="customer"}`: "0",
				`open_sessions{queue="Support",state="queued"}`: "1", `scrape_collector_success{collector="sessions"}`: "1",
			})
			if s.collector.Panics() == 0 {
				t.Error("there was no fault")
			}
			s.target.ledger.marks.of, s.target.ledger.inbound = whole.marks.of, whole.inbound
			s.is(t, 10*time.Second, map[string]string{`scrape_collector_success{collector="messages"}`: "1", `unread_messages{queue="Support"}`: "1", `scrape_pending_sessions`: "0"})
		})
	}
}

// A system that had nobody to show at first may have no messages all the same; that
// is not forgotten while there is nobody again, or when it does not answer.
func TestMessagesThatAreNotSupportedThoughNobodyWasThere(t *testing.T) {
	nothing := map[string]string{
		`scrape_collector_success{collector="messages"}`: "", `scrape_collector_partial{collector="messages"}`: "", `scrape_pending_sessions`: "",
		`messages_total`: "", `messages_skipped_total`: "", `unread_messages`: "", `unanswered_sessions`: "", `closed_sessions_total`: "",
		`last_inbound_message_timestamp_seconds`: "", `scrape_collector_success{collector="sessions"}`: "1",
	}
	s := newStory()
	s.is(t, 0, map[string]string{`scrape_collector_success{collector="messages"}`: "1"})
	unsupported := fmt.Errorf("message/query: %w", conversation.ErrUnsupported)
	s.open(4, waits)
	s.customer(4)
	s.messageErr = unsupported
	s.is(t, time.Minute, nothing)
	s.is(t, time.Minute, nothing)
	s.leave(4)
	s.is(t, 25*time.Hour, nothing)
	if n := len(s.target.ledger.entries); n != 0 {
		t.Fatalf("%d sessions are still remembered", n)
	}
	s.is(t, time.Minute, nothing)
	s.open(5, waits)
	s.customer(5)
	s.messageErr = errors.New("message/query: no answer")
	s.is(t, time.Minute, nothing)
	s.messageErr = unsupported
	s.is(t, time.Minute, nothing)
	if n := strings.Count(s.logs.String(), `msg="reading failed" target=desk err="`+unsupported.Error()); n != 1 || strings.Contains(s.logs.String(), "works again") {
		t.Errorf("the log says it %d times: %s", n, s.logs)
	}
	s.messageErr = nil
	s.is(t, time.Minute, map[string]string{`scrape_collector_success{collector="messages"}`: "1", `unread_messages`: "1", `messages_total{sender="customer"}`: "1"})
}

// A system without messages is no failure, yet the log says it once; one that had
// them and has them no more has failed.
func TestMessagesThatAreNotSupportedAreSaid(t *testing.T) {
	s := newStory()
	s.open(4, waits)
	s.customer(4)
	s.messageErr = fmt.Errorf("message/query: %w", conversation.ErrUnsupported)
	s.is(t, 0, nil)
	s.is(t, time.Minute, nil)
	if n := strings.Count(s.logs.String(), "message/query"); n != 1 {
		t.Errorf("the log says it %d times: %s", n, s.logs)
	}
	s.messageErr = nil
	s.is(t, time.Minute, map[string]string{`scrape_collector_success{collector="messages"}`: "1"})
	s.messageErr = fmt.Errorf("message/query: %w", conversation.ErrUnsupported)
	s.customer(4)
	s.is(t, time.Minute, map[string]string{`scrape_collector_success{collector="messages"}`: "0", `messages_total{sender="customer"}`: "0"})
}

// Reading to the deadline leaves time for counting.
func TestReadingLeavesTimeForCounting(t *testing.T) {
	s := newStory()
	until, ok := time.Time{}, false
	s.messageDuring = func(ctx context.Context) { until, ok = ctx.Deadline() }
	s.open(4, waits)
	s.customer(4)
	arrived := time.Now()
	s.collector.Scrape(t.Context(), Request{Arrived: arrived, Limit: 10 * time.Second})
	if left := arrived.Add(10 * time.Second).Sub(until); !ok || left < leastCounting/2 {
		t.Errorf("%s are left for counting", left)
	}
}
