package collector

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"conversation_exporter/conversation"
)

// read are the sessions that were read in the last pass.
func (d *desk) read() []int64 {
	ids := d.asks()
	slices.Sort(ids)
	return ids
}

// Of sessions that a status leads those are read whose status differs, or in which
// somebody has written; once more where that was just as they were listed (R28).
func TestR28WhatHasChangedByItsStatus(t *testing.T) {
	d := newDesk()
	d.is(t, 0, nil)
	for id := int64(1); id <= 3; id++ {
		d.arrive(id)
		d.writes(id)
	}
	for i, step := range []struct {
		doing string
		do    func()
		after time.Duration
		want  []int64
	}{
		{"all are new", func() {}, time.Minute, []int64{1, 2, 3}},
		{"nothing", func() {}, time.Minute, nil},
		{"one writes", func() { d.writes(2) }, time.Minute, []int64{2}},
		{"nothing", func() {}, time.Minute, nil},
		{"one is taken", func() { d.taken(3) }, time.Minute, []int64{3}},
		{"the turn is another", func() { d.chats[3].Awaiting = conversation.AwaitingCustomer }, time.Minute, []int64{3}},
		{"one writes just now", func() { d.clock.advance(time.Minute); d.writes(1) }, time.Second, []int64{1}},
		{"that is read once more", func() {}, 20 * time.Second, []int64{1}},
		{"and then no more", func() {}, 20 * time.Second, nil},
	} {
		step.do()
		d.is(t, step.after, map[string]string{`scrape_pending_sessions`: "0"})
		if got := d.read(); !slices.Equal(got, step.want) {
			t.Errorf("%d, %s: read %v, want %v", i, step.doing, got, step.want)
		}
		d.asked = nil
	}
}

// Where nobody tells when somebody last wrote, all are read in turn, two hundred in a
// pass (R28).
func TestR28Rotation(t *testing.T) {
	d := newDesk()
	d.silent = true
	d.is(t, 0, nil)
	for id := int64(1); id <= 250; id++ {
		d.arrive(id)
		d.writes(id)
	}
	d.is(t, time.Minute, map[string]string{`scrape_pending_sessions`: "0", `unread_messages{queue="Support"}`: "250"})
	read := make(map[int64]int)
	for i := range 5 {
		d.writes(250)
		d.is(t, time.Minute, map[string]string{`scrape_collector_partial{collector="messages"}`: "0"})
		got := d.read()
		if len(got) != 200 {
			t.Fatalf("pass %d: read %d sessions, want 200", i, len(got))
		}
		for _, id := range got {
			read[id]++
		}
	}
	for id := range d.chats {
		if read[id] < 2 {
			t.Errorf("session %d was read %d times in five passes", id, read[id])
		}
	}
}

// Whether customers have read is looked at once a minute, fifty sessions in a pass; what
// else is read of them counts once.
func TestR28WhatCustomersHaveRead(t *testing.T) {
	d := newDesk()
	d.is(t, 0, nil)
	d.clock.advance(time.Second)
	for id := int64(1); id <= 60; id++ {
		d.arrive(id)
		d.writes(id)
		d.taken(id)
		d.answers(id)
		d.answers(id)
	}
	unread := func(n int) map[string]string {
		return map[string]string{
			`customer_unread_messages{queue="Support"}`: strconv.Itoa(n), `messages_total{sender="agent"}`: "120",
			`messages_skipped_total`: "0", `scrape_pending_sessions`: "0",
		}
	}
	d.is(t, 30*time.Second, unread(120))
	for id := range d.chats {
		d.reads(id)
	}
	d.is(t, 30*time.Second, unread(120))
	d.is(t, 30*time.Second, unread(20))
	if got := len(d.read()); got != 50 {
		t.Errorf("%d sessions were read again, want 50", got)
	}
	d.is(t, 10*time.Second, unread(0))
	d.asked = nil
	d.is(t, 5*time.Minute, unread(0))
	if got := d.read(); got != nil {
		t.Errorf("%v were read again, although everything is read", got)
	}
	// From before the oldest that he has not read, which was read before.
	d.answers(7)
	d.is(t, time.Minute, nil)
	d.answers(7)
	d.is(t, 5*time.Minute, map[string]string{`customer_unread_messages{queue="Support"}`: "2"})
	d.reads(7)
	d.answers(7)
	d.is(t, time.Minute, map[string]string{`customer_unread_messages{queue="Support"}`: "1"})
}

// Sessions that are read again only in case are no failure when there is no time for
// them, until their turn has not come for ten minutes.
func TestR28WhereTheRotationIsLate(t *testing.T) {
	d := newDesk()
	d.silent = true
	d.is(t, 0, nil)
	d.clock.advance(time.Second)
	d.arrive(1)
	d.writes(1)
	d.is(t, time.Minute, nil)
	how := func(partial string) map[string]string {
		return map[string]string{
			`scrape_collector_success{collector="messages"}`: "1", `scrape_collector_partial{collector="messages"}`: partial,
			`scrape_collector_timeout{collector="messages"}`: "0", `scrape_pending_sessions`: "0",
		}
	}
	d.messageErr = context.DeadlineExceeded
	d.is(t, 9*time.Minute, how("0"))
	d.is(t, time.Minute, how("1"))
	if told := d.collector.Status()[0].Problems; len(told) != 1 || !strings.Contains(told[0], "1 were not read for 10m0s: allow more requests_per_second") {
		t.Errorf("told %q", told)
	}
	d.messageErr = nil
	d.is(t, time.Minute, how("0"))
	d.messageErr = errors.New("no answer")
	d.is(t, time.Minute, map[string]string{`scrape_collector_success{collector="messages"}`: "0"})
}

// A session of which the list tells when somebody last wrote is never late.
func TestR28NothingIsLateThatIsTold(t *testing.T) {
	d := newDesk()
	d.is(t, 0, nil)
	d.arrive(1)
	d.writes(1)
	d.is(t, time.Minute, nil)
	d.clock.advance(time.Hour)
	d.arrive(2) // Something is read.
	d.writes(2)
	d.is(t, time.Minute, map[string]string{`scrape_collector_partial{collector="messages"}`: "0", `unread_messages{queue="Support"}`: "2"})
}

// Where the list does not tell when anybody last wrote, the messages do; where they do
// not either, nobody knows which session ends first.
func TestIdleTimeWithoutActivity(t *testing.T) {
	d := newDesk()
	d.silent = true
	d.is(t, 0, nil)
	d.clock.advance(time.Second)
	d.arrive(1)
	d.writes(1)
	d.taken(1)
	const end = `idle_next_expiry_timestamp_seconds{awaiting="agent"}`
	d.is(t, time.Minute, map[string]string{end: "1.772443201e+09"})
	d.writes(1) // 9:01:01
	d.is(t, time.Minute, map[string]string{end: "1.772443261e+09", `scrape_pending_sessions`: "0"})
	d.arrive(2)
	d.add(2, conversation.Record{})
	d.taken(2)
	d.is(t, time.Minute, map[string]string{end: ""})
}

// Receipts and the rotation have their turns beside each other: neither starves where
// there is not enough time.
func TestR28EachKindHasItsTurn(t *testing.T) {
	var list []wanted
	for i := range int64(300) {
		list = append(list, wanted{Want: conversation.Want{Session: i}, urgency: urgency{int(inRotation), 300 - i}})
	}
	for i := range int64(60) {
		list = append(list, wanted{Want: conversation.Want{Session: 1000 + i}, urgency: urgency{int(forReceipts), i}})
	}
	list = append(list, wanted{Want: conversation.Want{Session: 5000}, urgency: urgency{int(missedPerhaps), 9}})
	var got []int64
	for _, w := range within(list) {
		got = append(got, w.Session)
	}
	if len(got) != 251 || !slices.Equal(got[:5], []int64{5000, 299, 1000, 298, 1001}) {
		t.Errorf("%d sessions, first %v", len(got), got[:5])
	}
}
