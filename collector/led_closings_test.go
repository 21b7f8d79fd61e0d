package collector

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"conversation_exporter/conversation"
)

// How a session was closed: the status beats the record (R17).
func TestR17Closings(t *testing.T) {
	for name, tc := range map[string]struct {
		waits    bool
		by, told conversation.CloseReason
		want     string
	}{
		"agent":                    {false, conversation.ClosedByAgent, "", `reason="agent",awaiting="agent"`},
		"customer":                 {false, conversation.ClosedByCustomer, "", `reason="customer",awaiting="agent"`},
		"time-out":                 {false, conversation.ClosedByTimeout, "", `reason="timeout",awaiting="agent"`},
		"ticket":                   {false, conversation.ClosedByAgent, conversation.ClosedAsTicket, `reason="ticket",awaiting="agent"`},
		"ticket without a record":  {false, "", conversation.ClosedAsTicket, `reason="ticket",awaiting="agent"`},
		"abandoned":                {true, "", conversation.ClosedAbandoned, `reason="abandoned",awaiting="agent"`},
		"time-out while it waited": {true, conversation.ClosedByTimeout, "", `reason="abandoned",awaiting="agent"`},
		"nobody says":              {false, "", "", `reason="other",awaiting="agent"`},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk()
			d.is(t, 0, nil)
			d.arrive(1)
			d.writes(1)
			if !tc.waits {
				d.taken(1)
			}
			d.is(t, time.Minute, nil)
			d.ends(1, tc.by, tc.told)
			d.is(t, time.Minute, map[string]string{`closed_sessions_total{queue="Support",` + tc.want + `}`: "1", `open_sessions{state="assigned"}`: "0"})
			d.is(t, time.Minute, map[string]string{`closed_sessions_total{queue="Support",` + tc.want + `}`: "1"})
			d.is(t, 2*time.Hour, map[string]string{`closed_sessions_total{queue="Support",` + tc.want + `}`: "1"})
		})
	}
}

// A visitor who never wrote comes and goes between two passes.
func TestR23WhoLeavesWithoutAWord(t *testing.T) {
	d := newDesk()
	d.is(t, 0, nil)
	d.clock.advance(10 * time.Second)
	d.arrive(1)
	d.clock.advance(20 * time.Second)
	d.ends(1, "", conversation.ClosedAbandoned)
	d.is(t, time.Minute, map[string]string{
		`closed_sessions_total{queue="Support",reason="abandoned",awaiting="agent"}`: "1", `started_sessions_total{queue="Support",origin="regular"}`: "1",
	})
}

// A closing record comes before the status: that is asked for, since it may say better
// how the session was closed (R17).
func TestR17ARecordBeforeItsStatus(t *testing.T) {
	during := func(d *desk, told conversation.CloseReason, late bool) {
		d.is(t, 0, nil)
		d.arrive(1)
		d.writes(1)
		d.taken(1)
		d.messageDuring = nil
		d.is(t, time.Minute, nil)
		d.writes(1) // so that it is read
		d.chats[1].late = true
		d.ends(1, conversation.ClosedByAgent, told)
		d.chats[1].late = late
	}
	d := newDesk()
	during(d, conversation.ClosedAsTicket, true)
	d.lookUpErr = errors.New("no answer")
	d.is(t, time.Minute, map[string]string{`closed_sessions_total{reason="ticket",awaiting="agent"}`: "0", `scrape_collector_success{collector="messages"}`: "0"})
	d.lookUpErr = nil
	d.is(t, time.Minute, map[string]string{`closed_sessions_total{reason="agent",awaiting="agent"}`: "0", `scrape_collector_partial{collector="messages"}`: "1"})
	d.chats[1].late = false
	d.is(t, time.Minute, map[string]string{`closed_sessions_total{reason="ticket",awaiting="agent"}`: "1", `closed_sessions_total{reason="agent",awaiting="agent"}`: "0"})
	// A status that never comes.
	d = newDesk()
	during(d, "", true)
	d.chats[1].Awaiting = conversation.AwaitingCustomer // That is its status, and not who was awaited.
	d.is(t, time.Minute, map[string]string{`closed_sessions_total{reason="agent",awaiting="agent"}`: "0"})
	d.is(t, time.Minute, nil)
	d.is(t, time.Minute, map[string]string{`closed_sessions_total{reason="agent",awaiting="agent"}`: "1"})
	d.chats[1].late = false
	d.is(t, time.Minute, map[string]string{`closed_sessions_total{reason="agent",awaiting="agent"}`: "1"})
	// One that does not exist any more is over.
	d = newDesk()
	during(d, "", true)
	d.messageDuring = func(context.Context) { d.chats[1].vanished = true }
	d.is(t, time.Minute, map[string]string{`closed_sessions_total{reason="agent",awaiting="agent"}`: "1"})
}

// A session that was closed and opened again between two passes counts for both, by
// its records: it is open, so its status says nothing of the closing (R17, R22).
func TestR17ClosedAndOpenedAgain(t *testing.T) {
	d := newDesk()
	d.is(t, 0, nil)
	d.arrive(1)
	d.writes(1)
	d.taken(1)
	d.is(t, time.Minute, nil)
	d.add(1, conversation.Record{Kind: conversation.KindClosed, Reason: conversation.ClosedByTimeout})
	d.clock.advance(time.Second)
	d.add(1, conversation.Record{Kind: conversation.KindReopened})
	d.writes(1)
	d.is(t, time.Minute, map[string]string{
		`closed_sessions_total{reason="timeout",awaiting="agent"}`: "1", `started_sessions_total{queue="Support",origin="regular"}`: "1",
		`open_sessions{state="assigned"}`: "1", `unread_messages{queue="Support"}`: "1", `scrape_pending_sessions`: "0",
	})
	if d.lookups != 0 {
		t.Errorf("%d look-ups of a session that is open", d.lookups)
	}
}

// Gone is not closed: the status is asked for at once, and then every five minutes (R24).
func TestR24WhatIsGoneIsLookedUp(t *testing.T) {
	d := newDesk()
	d.is(t, 0, nil)
	d.arrive(1)
	d.writes(1)
	d.is(t, time.Minute, nil)
	c := d.chats[1]
	d.chats = map[int64]*chat{} // It is neither listed nor found.
	d.is(t, time.Minute, map[string]string{`open_sessions{state="queued"}`: "0", `closed_sessions_total{reason="other",awaiting="agent"}`: "0"})
	if d.lookups != 1 {
		t.Fatalf("%d sessions were looked up, want 1", d.lookups)
	}
	d.is(t, time.Minute, nil)
	d.is(t, 5*time.Minute, nil)
	if d.lookups != 2 {
		t.Errorf("%d look-ups in six minutes, want 2", d.lookups)
	}
	c.CloseReason, c.Closed, c.Ended = conversation.ClosedAbandoned, true, d.clock.now()
	d.chats[1], d.told[1] = c, true // Only its id tells.
	d.is(t, 5*time.Minute, map[string]string{`closed_sessions_total{reason="abandoned",awaiting="agent"}`: "1"})
	d.is(t, 5*time.Minute, nil)
	if d.lookups != 3 {
		t.Errorf("%d look-ups, want no more after 3", d.lookups)
	}
}

// Who was not asked for is none of what became of those who were (R24).
func TestR24ALookUpThatAnswersWithAnother(t *testing.T) {
	d := newDesk()
	d.is(t, 0, nil)
	d.clock.advance(time.Second)
	for _, id := range []int64{1, 2} {
		d.arrive(id)
		d.writes(id)
		d.taken(id)
	}
	d.ends(2, conversation.ClosedByAgent, "")
	d.told[2], d.astray = true, 2 // No list shows it.
	d.is(t, time.Minute, nil)
	d.chats[1].vanished = true
	d.is(t, time.Minute, map[string]string{`closed_sessions_total{reason="agent",awaiting="agent"}`: "0"})
	d.is(t, time.Minute, map[string]string{`closed_sessions_total{reason="agent",awaiting="agent"}`: "0"})
}

// A look-up that fails is told, and is tried again.
func TestR24ALookUpThatFails(t *testing.T) {
	d := newDesk()
	d.is(t, 0, nil)
	d.arrive(1)
	d.is(t, time.Minute, nil)
	d.chats, d.lookUpErr = map[int64]*chat{}, errors.New("no answer")
	d.is(t, time.Minute, map[string]string{`scrape_collector_success{collector="messages"}`: "0", `scrape_collector_partial{collector="messages"}`: "1"})
	if told := d.collector.Status()[0].Problems; len(told) == 0 || !strings.Contains(told[0], "no answer") {
		t.Errorf("told %q", told)
	}
	d.lookUpErr = nil
	d.is(t, time.Minute, map[string]string{`scrape_collector_success{collector="messages"}`: "1", `scrape_collector_partial{collector="messages"}`: "0"})
	if d.lookups != 1 {
		t.Errorf("%d look-ups, want 1", d.lookups)
	}
}

// The messages of a session that was closed are told only later: it has been counted.
func TestR22MessagesThatComeLate(t *testing.T) {
	d := newDesk()
	d.is(t, 0, nil)
	d.clock.advance(time.Second)
	d.arrive(1)
	d.ends(1, "", "")
	want := map[string]string{`started_sessions_total{queue="Support",origin="regular"}`: "1", `closed_sessions_total{reason="other",awaiting="customer"}`: "1"}
	d.is(t, time.Minute, want)
	d.writes(1)
	d.add(1, conversation.Record{Kind: conversation.KindClosed, Reason: conversation.ClosedByAgent})
	d.told[1] = false
	want[`messages_total{sender="customer"}`], want[`closed_sessions_total{reason="agent",awaiting="agent"}`] = "1", "0"
	d.is(t, time.Minute, want)
	// Opened again, it counts again.
	c := d.chats[1]
	c.Closed, c.Ended = false, time.Time{}
	d.add(1, conversation.Record{Kind: conversation.KindReopened})
	d.writes(1)
	d.taken(1)
	want[`started_sessions_total{queue="Support",origin="regular"}`], want[`messages_total{sender="customer"}`] = "2", "2"
	d.is(t, time.Minute, want)
	d.ends(1, conversation.ClosedByAgent, "")
	want[`closed_sessions_total{reason="agent",awaiting="agent"}`] = "1"
	d.is(t, time.Minute, want)
}

// Many that are gone are looked up at once, and then few in a pass (R24).
func TestR24ManyThatAreGone(t *testing.T) {
	d := newDesk()
	d.is(t, 0, nil)
	for id := int64(1); id <= 130; id++ {
		d.arrive(id)
	}
	d.is(t, time.Minute, nil)
	d.chats = map[int64]*chat{}
	for i, want := range []int{130, 130, 180, 230, 260, 260} {
		d.is(t, map[bool]time.Duration{true: 5 * time.Minute, false: time.Minute}[i == 2], nil)
		if d.lookups != want {
			t.Errorf("pass %d: %d look-ups, want %d", i, d.lookups, want)
		}
	}
}
