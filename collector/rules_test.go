package collector

import (
	"errors"
	"math"
	"testing"
	"time"

	"conversation_exporter/conversation"
)

// A sweep that fails is made again at the next pass, however soon that comes;
// one that was made is not, until 50 seconds are over (R23).
func TestR23WhenTheNextSweepIsMade(t *testing.T) {
	s := newStory()
	for i, step := range []struct {
		after time.Duration
		err   error
		want  int
	}{
		{0, nil, 1},
		{49 * time.Second, nil, 1},
		{time.Second, nil, 2},
		{50 * time.Second, errors.New("down"), 3},
		{time.Second, errors.New("down"), 4},
		{time.Second, nil, 5},
		{49 * time.Second, nil, 5},
		// A clock that was set back must not keep the lists from being read.
		{-time.Hour, nil, 6},
	} {
		s.sweepErr = step.err
		s.is(t, step.after, nil)
		if s.sweeps != step.want {
			t.Errorf("after step %d: %d sweeps, want %d", i, s.sweeps, step.want)
		}
	}
}

// An open row with a newer message is that of a session which was opened again
// since it was told as closed (R23).
func TestR23AnOpenRowThatIsNewerBeatsAClosedOne(t *testing.T) {
	for reopens, open := range map[bool]string{true: "1", false: "0"} {
		s := newStory()
		s.is(t, 0, nil)
		s.open(4, nil)
		s.customer(4)
		s.is(t, time.Minute, nil)
		was := *s.at(4)
		s.end(4, conversation.ClosedByAgent)
		s.sessions = append(s.sessions, was)
		if reopens {
			s.customer(4)
		}
		s.is(t, time.Minute, map[string]string{`open_sessions{state="assigned"}`: open, `closed_sessions_total{reason="agent",awaiting="agent"}`: "1"})
	}
}

// In a queue of mode auto the first reply picks up, without a record (R10).
func TestR10TheFirstReplyPicksUp(t *testing.T) {
	for auto, want := range map[bool]string{true: "1", false: "0"} {
		s := newStory()
		queue := conversation.Queue{ID: 3, Name: "Support", AutoPickUp: auto}
		s.is(t, 0, nil)
		s.open(4, func(listed *conversation.Session) { listed.State, listed.Queue = conversation.StateQueued, queue })
		s.customer(4)
		s.is(t, time.Minute, nil)
		s.agent(4)
		s.at(4).State = conversation.StateAssigned
		s.is(t, time.Minute, map[string]string{`pickup_seconds_count{queue="Support"}`: want})
	}
}

// Where a session was listed last without waiting there, a pick-up counts under
// the queue that it is found in (R10).
func TestR10APickUpFromAQueueThatNoListingShowed(t *testing.T) {
	s := newStory()
	s.queues = []conversation.Queue{{ID: 3, Name: "Support"}, {ID: 4, Name: "Billing"}}
	s.is(t, 0, nil)
	s.open(4, waits)
	s.customer(4)
	s.pickUp(4)
	s.is(t, time.Minute, map[string]string{`pickup_seconds_count{queue="Support"}`: "1"})
	// It moves after it was listed, and before it is read.
	s.at(4).LastMessage = s.agent(4)
	s.add(4, conversation.Record{Kind: conversation.KindQueued, To: conversation.ToQueue})
	s.is(t, time.Minute, nil)
	s.at(4).LastMessage, s.at(4).Queue = 0, conversation.Queue{ID: 4, Name: "Billing"}
	s.pickUp(4)
	s.is(t, time.Minute, map[string]string{`pickup_seconds_count{queue="Support"}`: "1", `pickup_seconds_count{queue="Billing"}`: "1"})
}

// A state that is not sure tells nothing of who has the session (R6).
func TestR6AStateThatIsNotSureTellsNoOwner(t *testing.T) {
	s := newStory()
	s.is(t, 0, nil)
	s.open(4, waits)
	s.customer(4)
	s.is(t, time.Minute, nil)
	s.at(4).State, s.at(4).StateSure = conversation.StateAssigned, false
	s.customer(4)
	s.is(t, time.Minute, map[string]string{`open_sessions{queue="Support",state="assigned"}`: "1"})
	s.leave(4)
	s.add(4, conversation.Record{Kind: conversation.KindClosed, Reason: conversation.ClosedByCustomer})
	s.is(t, time.Minute, map[string]string{`closed_sessions_total{queue="Support",reason="abandoned",awaiting="agent"}`: "1"})
}

// Sessions that were closed come after all that are open (R31).
func TestR31TheClosedAreReadLast(t *testing.T) {
	s := newStory()
	s.is(t, 0, nil)
	s.open(1, nil)
	s.customer(1)
	s.end(1, conversation.ClosedByAgent)
	s.open(2, nil)
	s.customer(2)
	s.open(3, waits)
	s.customer(3)
	s.is(t, time.Minute, nil)
	if got := s.asks(); len(got) != 3 || got[0] != 3 || got[1] != 2 || got[2] != 1 {
		t.Errorf("read %v, want 3, 2 and 1", got)
	}
}

// A session that is gone is read at once, though it was read a moment before,
// and then every 5 minutes (R24).
func TestR24WhenASessionThatIsGoneIsRead(t *testing.T) {
	s := newStory()
	s.is(t, 0, nil)
	s.open(4, nil)
	s.customer(4)
	s.is(t, time.Minute, nil)
	s.leave(4)
	for i, step := range []struct {
		after time.Duration
		read  bool
	}{{time.Second, true}, {time.Second, false}, {299*time.Second - time.Second, false}, {time.Second, true}, {299 * time.Second, false}, {time.Second, true}} {
		s.asked = nil
		s.is(t, step.after, nil)
		if got := len(s.asked) == 1; got != step.read {
			t.Errorf("after step %d: read %t, want %t", i, got, step.read)
		}
	}
}

// A message that is stuck is looked at every ten minutes (R13), from before it.
func TestR13WhenAStuckMessageIsLookedAt(t *testing.T) {
	s := newStory()
	s.is(t, 0, nil)
	s.open(4, nil)
	s.customer(4)
	reply := s.sending(4)
	s.is(t, 0, nil)
	for i, step := range []struct {
		after time.Duration
		read  bool
	}{{10*time.Minute - time.Second, true}, {time.Second, true}, {10*time.Minute - time.Second, false}, {time.Second, true}, {time.Second, false}} {
		s.asked = nil
		s.is(t, step.after, nil)
		if got := len(s.asked) == 1; got != step.read {
			t.Errorf("after step %d: read %t, want %t", i, got, step.read)
		}
		if len(s.asked) == 1 && s.asked[0].After != reply-1 {
			t.Errorf("after step %d: read beyond %d, want from before %d", i, s.asked[0].After, reply)
		}
	}
}

// More than can be read in a pass came after a message that is under way: what
// was not read again is still under way (R13).
func TestR13AMessageUnderWayThatIsNotReadAgain(t *testing.T) {
	s := newStory()
	s.is(t, 0, nil)
	s.open(4, nil)
	s.customer(4)
	s.sending(4)
	s.is(t, 0, map[string]string{`sending_oldest_timestamp_seconds`: "1.772442e+09"})
	for range 600 {
		s.customer(4)
	}
	s.is(t, 20*time.Minute, map[string]string{`sending_oldest_timestamp_seconds`: "1.772442e+09", `scrape_collector_partial{collector="messages"}`: "1"})
}

// Until it is known what a session is measured against, no more of it is read
// than its last answer needs (R19, R29).
func TestR29WithoutABaselineNoHistoryIsRead(t *testing.T) {
	s := newStory()
	s.sweepErr = errors.New("down")
	s.open(4, nil)
	s.customer(4)
	s.is(t, 0, nil)
	if len(s.asked) != 1 || s.asked[0].Floor != math.MaxInt64 {
		t.Errorf("asked %+v", s.asked)
	}
}

// What is passed over of a session that began after the mark is no history (R29).
func TestR29AFirstReadThatPassesOverNewRecords(t *testing.T) {
	s := newStory()
	s.is(t, 0, nil)
	s.open(4, nil)
	for range 300 {
		s.customer(4)
	}
	s.is(t, time.Minute, map[string]string{`messages_skipped_total`: "100", `messages_total{sender="customer"}`: "200"})
}

// The oldest of several is shown, in whatever order they come (R1, R10, R13).
func TestR1R10R13TheOldestOfSeveral(t *testing.T) {
	s := newStory()
	s.is(t, 0, nil)
	for id, ago := range map[int64]time.Duration{1: time.Minute, 2: 3 * time.Minute, 3: 2 * time.Minute} {
		at := s.clock.now().Add(-ago)
		s.open(id, waits)
		s.add(id, conversation.Record{At: at, Kind: conversation.KindMessage, Sender: conversation.SenderCustomer})
		s.open(10+id, nil)
		s.add(10+id, conversation.Record{
			At: at, Kind: conversation.KindMessage, Sender: conversation.SenderAgent, Human: true, Delivery: conversation.DeliverySending,
		})
	}
	const oldest = "1.77244182e+09"
	s.is(t, 0, map[string]string{
		`unanswered_oldest_timestamp_seconds{queue="Support",state="queued"}`: oldest, `queued_oldest_timestamp_seconds{queue="Support"}`: oldest,
		`sending_oldest_timestamp_seconds`: oldest,
	})
}

// The end of a window is that of the customer's last message as far as that is
// read; else it is what the listing told (R12).
func TestR12TheEndOfAWindowOfReadMessages(t *testing.T) {
	s := newStory()
	s.open(4, func(listed *conversation.Session) {
		listed.Window = conversation.Window{Has: true, End: start().Add(24*time.Hour + 30*time.Second)}
	})
	s.customer(4)
	s.is(t, 0, map[string]string{`reply_window_next_expiry_timestamp_seconds{awaiting="agent"}`: "1.7725284e+09"})
	s.clock.advance(time.Hour)
	s.customer(4)
	s.at(4).Window.End = start().Add(25*time.Hour + 30*time.Second)
	c := s.collector.Scrape(t.Context(), Request{Arrived: time.Now(), Groups: []string{groupSessions}})
	holds(t, c, map[string]string{`reply_window_next_expiry_timestamp_seconds{awaiting="unknown"}`: "1.77253203e+09"})
	s.is(t, 0, map[string]string{`reply_window_next_expiry_timestamp_seconds{awaiting="agent"}`: "1.772532e+09"})
}

// What came between the listing and the reading is listed later, and is not read
// again then (R28).
func TestR28WhatWasReadBeforeItIsListed(t *testing.T) {
	s := newStory()
	s.is(t, 0, nil)
	s.open(4, nil)
	s.at(4).LastMessage = s.customer(4)
	s.customer(4)
	s.is(t, time.Minute, map[string]string{`unread_messages`: "2"})
	s.at(4).LastMessage = s.next
	s.asked = nil
	s.is(t, time.Minute, map[string]string{`unread_messages`: "2", `scrape_pending_sessions`: "0"})
	if len(s.asked) != 0 {
		t.Errorf("read again: %+v", s.asked)
	}
}

// A session whose entry into the queue is not known takes no part in the oldest (R10).
func TestR10AnEntryThatIsNotKnown(t *testing.T) {
	s := newStory()
	for id := range int64(3) {
		s.open(id+1, waits)
		for range []int{250, 1, 250}[id] {
			s.customer(id + 1)
		}
		s.clock.advance(time.Minute)
	}
	s.is(t, 0, map[string]string{`queued_oldest_timestamp_seconds{queue="Support"}`: "1.77244206e+09"})
}

// Whoever has it, a customer may wait in every state in which people have a
// session (R7), and not where he was handed over before he wrote (R3).
func TestR3R7WhoMayBeUnanswered(t *testing.T) {
	for _, state := range []conversation.State{conversation.StateQueued, conversation.StateAssigned, conversation.StateShared, conversation.StateArchived} {
		s := newStory()
		s.is(t, 0, nil)
		s.open(4, func(listed *conversation.Session) { listed.State = state })
		s.customer(4)
		s.is(t, time.Minute, map[string]string{`unanswered_sessions{state="` + string(state) + `",age="lt_5m"}`: "1", `unread_messages`: "1"})
	}
	s := newStory()
	s.is(t, 0, nil)
	s.open(4, waits)
	s.add(4, conversation.Record{Kind: conversation.KindQueued, To: conversation.ToQueue, ByBot: true})
	s.is(t, time.Minute, map[string]string{`unanswered_sessions{state="queued",age="lt_5m"}`: "0", `bot_handovers_total{queue="Support"}`: "1"})
}
