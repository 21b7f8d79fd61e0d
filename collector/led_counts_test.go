package collector

import (
	"context"
	"testing"
	"time"

	"conversation_exporter/conversation"
)

// A pick-up counts under the queue that was left, and only where an agent has the
// session: that of a bot has a start, too (R16).
func TestR16WhereAPickUpCounts(t *testing.T) {
	d := newDesk()
	d.queues = append(d.queues, conversation.Queue{ID: 4, Name: "Sales", Channel: "chat"})
	d.is(t, 0, nil)
	d.clock.advance(time.Second)
	d.arrive(1)
	d.writes(1)
	d.is(t, time.Minute, nil)
	d.taken(1)
	d.chats[1].Queue = d.queues[1]
	d.is(t, time.Minute, map[string]string{`pickup_seconds_count{queue="Support"}`: "1", `pickup_seconds_count{queue="Sales"}`: "0"})
	d.arrive(2)
	d.bot(2)
	d.chats[2].Started = d.clock.now()
	d.is(t, time.Minute, map[string]string{`pickup_seconds_count{queue="Support"}`: "1"})
	// The clock of the system moves, and with it what is told of the same pick-up.
	d.chats[1].Started = d.chats[1].Started.Add(3 * time.Second)
	d.is(t, time.Minute, map[string]string{`pickup_seconds_count{queue="Support"}`: "1", `pickup_seconds_count{queue="Sales"}`: "0"})
	d.chats[1].Started = d.clock.now()
	d.is(t, time.Minute, map[string]string{`pickup_seconds_count{queue="Sales"}`: "1"})
	// One that waits although somebody once took it waits since then, however late we look.
	d.arrive(3)
	d.clock.advance(time.Minute)
	d.chats[3].Started = d.clock.now()
	d.is(t, 10*time.Minute, map[string]string{`queued_oldest_timestamp_seconds{queue="Support"}`: "1.772442361e+09"})
}

// What a list tells of a session that was never seen before it happened counts if it was
// after we began to look, and if that is known (R21).
func TestR21WhatNobodySawHappen(t *testing.T) {
	for name, tc := range map[string]struct {
		unproved bool
		want     string
	}{"the times are right": {false, "1"}, "they may be of another zone": {true, "0"}} {
		t.Run(name, func(t *testing.T) {
			d := newDesk()
			d.unproved = tc.unproved
			old := d.arrive(9)
			old.late = true
			d.ends(9, "", "")
			old.late = false
			d.told[9] = true
			d.is(t, 0, nil)
			d.told[9] = false // The server shows it late: it is older than our first look.
			d.clock.advance(time.Second)
			d.arrive(1)
			d.clock.advance(10 * time.Second)
			d.taken(1)
			d.arrive(2)
			d.clock.advance(10 * time.Second)
			d.ends(2, "", conversation.ClosedAbandoned)
			d.is(t, time.Minute, map[string]string{
				`pickup_seconds_count{queue="Support"}`: tc.want, `closed_sessions_total{reason="abandoned",awaiting="agent"}`: tc.want,
				`closed_sessions_total{reason="other",awaiting="customer"}`: "0", `closed_sessions_total{reason="other",awaiting="agent"}`: "0",
			})
		})
	}
}

// A session that is closed between its listing and its reading is asked for its status,
// which says better how it was closed (R17).
func TestR17ClosedWhileItIsRead(t *testing.T) {
	d := newDesk()
	d.is(t, 0, nil)
	d.clock.advance(time.Second)
	d.arrive(1)
	d.writes(1)
	d.taken(1)
	d.messageDuring = func(context.Context) {
		if !d.chats[1].Closed {
			d.ends(1, conversation.ClosedByAgent, conversation.ClosedAsTicket)
		}
	}
	d.is(t, time.Minute, map[string]string{
		`closed_sessions_total{reason="ticket",awaiting="agent"}`: "1", `closed_sessions_total{reason="agent",awaiting="agent"}`: "0",
		`open_sessions{state="assigned"}`: "0", `scrape_pending_sessions`: "0", `scrape_collector_partial{collector="messages"}`: "0",
	})
	if d.lookups != 1 {
		t.Errorf("%d look-ups, want 1", d.lookups)
	}
	d.is(t, time.Minute, map[string]string{`closed_sessions_total{reason="ticket",awaiting="agent"}`: "1"})
}
