package collector

import (
	"strings"
	"testing"
	"time"

	"conversation_exporter/conversation"
)

func TestOpenSessions(t *testing.T) {
	b := newBench()
	support := conversation.Queue{ID: 3, Name: "Support"}
	waiting := session(1, "whatsapp")
	waiting.Queue, waiting.State = support, conversation.StateQueued
	alsoWaiting := waiting
	alsoWaiting.ID = 2
	campaign := session(3, "sms")
	campaign.Origin, campaign.State = conversation.OriginCampaign, conversation.StateAutomated
	b.sessions = []conversation.Session{waiting, alsoWaiting, campaign, session(4, "sms")}
	b.queues = []conversation.Queue{support}
	b.expect(t, `
# HELP conversation_open_sessions Open sessions that the system shows, to the configured viewers where it has such, each once, by channel, queue, origin (regular, campaign) and state (arriving, queued, assigned, automated, shared, archived). The sum is all that is open and shown.
# TYPE conversation_open_sessions gauge
conversation_open_sessions{channel="sms",origin="campaign",queue="(none)",state="assigned",target="desk"} 0
conversation_open_sessions{channel="sms",origin="campaign",queue="(none)",state="automated",target="desk"} 1
conversation_open_sessions{channel="sms",origin="campaign",queue="(none)",state="queued",target="desk"} 0
conversation_open_sessions{channel="sms",origin="regular",queue="(none)",state="assigned",target="desk"} 1
conversation_open_sessions{channel="sms",origin="regular",queue="(none)",state="automated",target="desk"} 0
conversation_open_sessions{channel="sms",origin="regular",queue="(none)",state="queued",target="desk"} 0
conversation_open_sessions{channel="whatsapp",origin="regular",queue="Support",state="assigned",target="desk"} 0
conversation_open_sessions{channel="whatsapp",origin="regular",queue="Support",state="automated",target="desk"} 0
conversation_open_sessions{channel="whatsapp",origin="regular",queue="Support",state="queued",target="desk"} 2
`, "conversation_open_sessions")

	// What is known and empty is 0; what was never seen is absent.
	b.sessions = nil
	s := b.scrape()
	if v, ok := value(t, s, "conversation_open_sessions", `channel="whatsapp"`, `state="queued"`); v != "0" || !ok {
		t.Errorf("a known place with nothing in it: %q, %t; want 0", v, ok)
	}
	if _, ok := value(t, s, "conversation_open_sessions", `channel="facebook"`); ok {
		t.Error("a channel that was never seen is exported")
	}
}

func TestReplyWindows(t *testing.T) {
	b := newBench()
	b.queues = []conversation.Queue{}
	at := start()
	for i, left := range []time.Duration{
		-time.Hour, 0, // over
		time.Second, 15*time.Minute - time.Second, // less than 15 minutes
		15 * time.Minute, // the lower bound belongs to the class
		30*time.Minute - time.Second,
		30 * time.Minute,
		time.Hour,
		4*time.Hour - time.Second,
		4 * time.Hour, 23 * time.Hour,
	} {
		b.sessions = append(b.sessions, windowed(session(int64(i+1), "whatsapp"), at.Add(left)))
	}
	automated := windowed(session(100, "whatsapp"), at.Add(time.Second))
	automated.State = conversation.StateAutomated
	b.sessions = append(b.sessions, automated, session(101, "whatsapp"), session(102, "sms"))
	b.expect(t, `
# HELP conversation_reply_window_next_expiry_timestamp_seconds Unix time at which the next reply window that is still open ends. Absent when none is open. Without messages it is the system's own seconds left added to our clock, kept while a new value differs by less than 60 seconds.
# TYPE conversation_reply_window_next_expiry_timestamp_seconds gauge
conversation_reply_window_next_expiry_timestamp_seconds{awaiting="unknown",channel="whatsapp",queue="(none)",target="desk"} 1.772442001e+09
# HELP conversation_reply_window_sessions Open sessions that have a reply window and no automation, by whose turn it is (agent, customer, unknown while messages are not read) and the time left at the end of the pass, lower bound inclusive.
# TYPE conversation_reply_window_sessions gauge
conversation_reply_window_sessions{awaiting="unknown",channel="whatsapp",queue="(none)",remaining="15m_30m",target="desk"} 2
conversation_reply_window_sessions{awaiting="unknown",channel="whatsapp",queue="(none)",remaining="1h_4h",target="desk"} 2
conversation_reply_window_sessions{awaiting="unknown",channel="whatsapp",queue="(none)",remaining="30m_1h",target="desk"} 1
conversation_reply_window_sessions{awaiting="unknown",channel="whatsapp",queue="(none)",remaining="expired",target="desk"} 2
conversation_reply_window_sessions{awaiting="unknown",channel="whatsapp",queue="(none)",remaining="ge_4h",target="desk"} 2
conversation_reply_window_sessions{awaiting="unknown",channel="whatsapp",queue="(none)",remaining="lt_15m",target="desk"} 2
`, "conversation_reply_window_sessions", "conversation_reply_window_next_expiry_timestamp_seconds")
}

func TestTheNextExpiryIsAbsentWhenNoWindowIsOpen(t *testing.T) {
	b := newBench()
	b.sessions = []conversation.Session{windowed(session(1, "whatsapp"), start())}
	if v, ok := value(t, b.scrape(), "conversation_reply_window_next_expiry_timestamp_seconds"); ok {
		t.Errorf("the next expiry is %s, want none", v)
	}
	if v, _ := value(t, b.scrape(), "conversation_reply_window_sessions", `remaining="expired"`); v != "1" {
		t.Errorf("%s windows are over, want 1", v)
	}
}

// A channel that never had a window shows no windows at all.
func TestChannelsWithoutWindowsShowNone(t *testing.T) {
	b := newBench()
	b.sessions = []conversation.Session{session(1, "sms")}
	if v, ok := value(t, b.scrape(), "conversation_reply_window_sessions"); ok {
		t.Errorf("windows on a channel without: %s", v)
	}
}

// The system tells seconds left at every pass anew, so that the end wanders by
// the time the answer took; the exported instant must stand still (R12).
func TestR12TheEndOfAWindowDoesNotJitter(t *testing.T) {
	b := newBench()
	end := start().Add(time.Hour)
	for _, tc := range []struct {
		told, want time.Duration
	}{
		{0, 0},
		{time.Second, 0},
		{-2 * time.Second, 0},
		{59 * time.Second, 0},
		{60 * time.Second, 60 * time.Second},   // another window
		{2 * time.Minute, 2 * time.Minute},     // the customer wrote again
		{121 * time.Second, 120 * time.Second}, // and now that one stands still
		{-5 * time.Minute, -5 * time.Minute},
	} {
		b.sessions = []conversation.Session{windowed(session(1, "whatsapp"), end.Add(tc.told))}
		b.scrape()
		got := b.target.ledger.entries[1].window().End
		if want := end.Add(tc.want); !got.Equal(want) {
			t.Errorf("told %s: the end is %s, want %s", tc.told, got.Sub(end), tc.want)
		}
		b.clock.advance(time.Second)
	}
}

// An instant that was reckoned before the machine's clock was set must not stay.
func TestR12TheEndOfAWindowFollowsAClockThatIsSet(t *testing.T) {
	l := newLedger(false)
	before := time.Now()
	first := []conversation.Session{windowed(session(1, "whatsapp"), before.Add(time.Hour))}
	settled(l, first, before, whole())
	// The wall clock is set on by two hours; the monotonic part knows nothing of it.
	later := time.Now()
	told := later.Add(time.Hour)
	shifted := time.Unix(told.Unix(), int64(told.Nanosecond())).Add(2 * time.Hour)
	second := []conversation.Session{windowed(session(1, "whatsapp"), shifted)}
	settled(l, second, later, whole())
	if got := second[0].Window.End; got.Sub(before.Round(0)) < 2*time.Hour || strings.Contains(first[0].Window.End.String(), "m=") {
		t.Errorf("the end is %s after the clock was set on", got)
	}
}

// The system's own word that a window is over is trusted (R12).
func TestR12AWindowThatIsOverIsOver(t *testing.T) {
	b := newBench()
	b.sessions = []conversation.Session{windowed(session(1, "whatsapp"), start().Add(30*time.Second))}
	b.scrape()
	b.clock.advance(10 * time.Second)
	b.sessions = []conversation.Session{windowed(session(1, "whatsapp"), b.clock.now())}
	s := b.scrape()
	if v, _ := value(t, s, "conversation_reply_window_sessions", `remaining="expired"`); v != "1" {
		t.Errorf("%s windows are over, want 1 although one of 20 seconds was remembered", v)
	}
	// Its end does not wander on with our clock.
	for range 5 {
		b.clock.advance(10 * time.Minute)
		b.sessions = []conversation.Session{windowed(session(1, "whatsapp"), b.clock.now())}
		b.scrape()
	}
	if got := b.target.ledger.entries[1].window().End; !got.Equal(start().Add(10 * time.Second)) {
		t.Errorf("the end of the window wandered to %s", got)
	}
}

func TestR2NobodyIsOwedAnAnswerWhileAutomated(t *testing.T) {
	sessions := []conversation.Session{{ID: 1, State: conversation.StateAutomated, StateSure: true, Awaiting: conversation.AwaitingUnknown}}
	settled(newLedger(false), sessions, start(), whole())
	if got := sessions[0].Awaiting; got != conversation.AwaitingCustomer {
		t.Errorf("awaiting = %s, want customer", got)
	}
}

func TestR8TheLastKnownStateStaysWhileAViewerFails(t *testing.T) {
	for _, tc := range []struct{ last, told, want conversation.State }{
		{conversation.StateAutomated, conversation.StateAssigned, conversation.StateAutomated},
		{conversation.StateArchived, conversation.StateAssigned, conversation.StateArchived},
		{conversation.StateAssigned, conversation.StateArchived, conversation.StateAssigned},
		{conversation.StateQueued, conversation.StateAssigned, conversation.StateAssigned},
		{conversation.StateShared, conversation.StateArchived, conversation.StateArchived},
		{"", conversation.StateAssigned, conversation.StateAssigned},
	} {
		l := newLedger(false)
		if tc.last != "" {
			settled(l, []conversation.Session{{ID: 1, State: tc.last, StateSure: true}}, start(), whole())
		}
		for range 2 { // What is unsure is not remembered.
			unsure := []conversation.Session{{ID: 1, State: tc.told}}
			settled(l, unsure, start(), part())
			if got := unsure[0].State; got != tc.want {
				t.Errorf("last %q, told %s: %s, want %s", tc.last, tc.told, got, tc.want)
			}
		}
	}
}

// What people have put away is not a bot's again where a view is missing (R8).
func TestR8WhatPeopleHaveNoBotHas(t *testing.T) {
	for name, tc := range map[string]struct {
		session conversation.Session
		want    conversation.State
	}{
		"in a queue":           {conversation.Session{Queue: conversation.Queue{ID: 5}}, conversation.StateArchived},
		"shown by an agent":    {conversation.Session{Agent: "1001"}, conversation.StateArchived},
		"shown by nobody else": {conversation.Session{}, conversation.StateAutomated},
	} {
		l := newLedger(false)
		settled(l, []conversation.Session{{ID: 1, State: conversation.StateAutomated, StateSure: true}}, start(), whole())
		tc.session.ID, tc.session.State = 1, conversation.StateArchived
		sessions := []conversation.Session{tc.session}
		settled(l, sessions, start(), part())
		if got := sessions[0].State; got != tc.want {
			t.Errorf("%s: %s, want %s", name, got, tc.want)
		}
	}
}

// settled lets a ledger take note of a listing, and returns what it makes of it.
func settled(l *ledger, sessions []conversation.Session, now time.Time, cover conversation.Coverage) []conversation.Session {
	l.list(sessions, now, cover)
	return l.settle(sessions, now, cover)
}

// whole is a listing that lost nothing, part one that lost a viewer.
func whole() conversation.Coverage { return conversation.Coverage{Read: 1} }

func part() conversation.Coverage { return conversation.Coverage{Failed: []string{"a"}} }

func TestTheLedgerForgets(t *testing.T) {
	l := newLedger(false)
	both := []conversation.Session{{ID: 1, State: conversation.StateAssigned, StateSure: true}, {ID: 2, State: conversation.StateAssigned, StateSure: true}}
	one := both[:1]
	settled(l, both, start(), whole())
	settled(l, one, start(), part())
	if len(l.entries) != 2 {
		t.Error("a session that a partial listing does not show was forgotten")
	}
	settled(l, one, start().Add(entryLife), part())
	if len(l.entries) != 1 {
		t.Error("a session that nothing showed for an hour is still remembered")
	}
	settled(l, both, start(), whole())
	settled(l, one, start(), whole())
	if len(l.entries) != 1 {
		t.Error("a session that a whole listing does not show is still remembered")
	}
}

func TestLesson25ThePairsOfADeletedQueueGoAfterAnHour(t *testing.T) {
	b := newBench()
	returns := conversation.Queue{ID: 4, Name: "Returns"}
	s := session(1, "sms")
	s.Queue = returns
	b.sessions, b.queues = []conversation.Session{s}, []conversation.Queue{returns}
	b.scrape()
	b.sessions = nil
	there := func() bool {
		_, ok := value(t, b.scrape(), "conversation_open_sessions", `queue="Returns"`)
		return ok
	}
	b.clock.advance(48 * time.Hour)
	if !there() {
		t.Error("the pair of an empty queue that exists is gone")
	}
	b.queues = []conversation.Queue{}
	if !there() {
		t.Error("the pair of a deleted queue went at once")
	}
	b.clock.advance(pairLife - time.Second)
	if !there() {
		t.Error("the pair of a deleted queue went within the hour")
	}
	b.queues, b.queueErr = nil, conversation.ErrUnsupported
	if !there() {
		t.Error("the pair went while the queues could not be read")
	}
	b.queues, b.queueErr = []conversation.Queue{}, nil
	b.clock.advance(time.Second)
	if there() {
		t.Error("the pair of a deleted queue is there after an hour")
	}
}

func TestQueuesOfOneNameAddUp(t *testing.T) {
	b := newBench()
	a, c := session(1, "sms"), session(2, "sms")
	a.Queue, c.Queue = conversation.Queue{ID: 1, Name: "Support"}, conversation.Queue{ID: 2, Name: " Support\x00 "}
	b.sessions = []conversation.Session{a, c}
	if v, _ := value(t, b.scrape(), "conversation_open_sessions", `queue="Support"`, `state="assigned"`); v != "2" {
		t.Errorf("%s sessions in the two queues of one name, want 2", v)
	}
}

func TestLesson18TheQueuesBeyondTheLimitShareALabel(t *testing.T) {
	b := newBench()
	for id := range int64(maxQueues + 10) {
		q := conversation.Queue{ID: 1000 - id, Name: "queue " + strings.Repeat("x", int(id))}
		if id > 120 {
			q.Name = "late " + strings.Repeat("y", int(id-120))
		}
		s := session(id+1, "sms")
		s.Queue = q
		b.sessions, b.queues = append(b.sessions, s), append(b.queues, q)
	}
	s := b.scrape()
	if v, _ := value(t, s, "conversation_open_sessions", `queue="(other)"`, `state="assigned"`); v != "10" {
		t.Errorf("%s sessions in (other), want those of the 10 highest ids", v)
	}
	if v, _ := value(t, s, "conversation_scrape_folded_queues"); v != "10" {
		t.Errorf("%s queues are folded, want 10", v)
	}
	if _, ok := value(t, s, "conversation_open_sessions", `queue="queue x"`); ok {
		t.Error("the second highest id kept its name")
	}
}

func TestLesson18TheChannelsBeyondTheLimitShareALabel(t *testing.T) {
	b := newBench()
	for i := range 2 * maxChannels {
		b.sessions = append(b.sessions, session(int64(i+1), "channel "+strings.Repeat("x", i)))
	}
	for range 2 {
		s := b.scrape()
		if v, _ := value(t, s, "conversation_open_sessions", `channel="(other)"`, `state="assigned"`); v != "16" {
			t.Errorf("%s sessions in (other), want 16", v)
		}
		if v, _ := value(t, s, "conversation_open_sessions", `channel="channel"`, `state="assigned"`); v == "" {
			t.Error("the first channel lost its name")
		}
	}
}
