package collector

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"conversation_exporter/conversation"
)

// A source that answers when nobody waits any more must find nobody to harm. On
// the test's own clock, a goroutine that outlives its pass would keep the test
// from ending.
func TestLesson09AnAnswerAfterTheDeadlineHarmsNobody(t *testing.T) {
	for name, late := range map[string]time.Duration{
		"at once": 0, "within the moment of grace": partingTime / 2, "after it": partingTime + time.Millisecond, "much later": time.Minute,
	} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench()
			b.sessions = []conversation.Session{session(1, "sms")}
			b.during = func(ctx context.Context) { <-ctx.Done(); time.Sleep(late) }
			for i := range 200 {
				s := b.collector.Scrape(context.Background(), Request{Arrived: time.Now(), Limit: time.Second})
				before := bare(t, s)
				if i%2 == 0 {
					// The next scrape comes while the late one is still under way.
					b.collector.Scrape(context.Background(), Request{Arrived: time.Now(), Limit: time.Second})
				}
				time.Sleep(5 * time.Minute)
				synctest.Wait()
				if after := bare(t, s); after != before {
					t.Fatalf("%s, run %d: what a scraper was told has changed from\n%s\nto\n%s", name, i, before, after)
				}
			}
			b.during = nil
			if v, _ := value(t, b.scrape(), "conversation_open_sessions", `state="assigned"`); v != "1" {
				t.Errorf("%s: after 200 late answers %q sessions are shown, want 1", name, v)
			}
			if b.collector.Panics() != 0 || strings.Contains(b.logs.String(), "panic") {
				t.Errorf("%s: %v panics: %s", name, b.collector.Panics(), b.logs)
			}
		})
	}
}

// A count of what is open may fall, so it must not be sold as a counter.
func TestLesson25WhatMayFallIsNoCounter(t *testing.T) {
	for _, m := range Metrics() {
		if counter := m.Type == "counter"; counter != strings.HasSuffix(m.Name, "_total") || counter && m.Group == groupSessions {
			t.Errorf("%s is a %s", m.Name, m.Type)
		}
	}
}
