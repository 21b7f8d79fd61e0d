package yeastar

import (
	"maps"
	"testing"
	"time"

	"conversation_exporter/simulator/figures"
	"conversation_exporter/simulator/world"
)

func TestR1ExpectedClocks(t *testing.T) {
	queue := world.Opening{QueueID: support}
	for name, c := range map[string]struct {
		opening world.Opening
		act     func(l *live, id int64)
		awaits  string
		clock   int // seconds after the opening
		unread  int
	}{
		"the first message": {queue, func(l *live, id int64) {
			l.after(5)
			l.must(l.world.CustomerWrites(id))
		}, "agent", 0, 2},
		"answered": {queue, func(l *live, id int64) {
			l.after(5)
			l.must(l.world.AgentWrites(id, "1001"))
		}, "customer", 0, 0},
		"after the answer": {queue, func(l *live, id int64) {
			l.must(l.world.AgentWrites(id, "1001"))
			l.after(7)
			l.must(l.world.CustomerWrites(id))
			l.after(5)
			l.must(l.world.CustomerWrites(id))
		}, "agent", 7, 2},
		"an answer that failed": {queue, func(l *live, id int64) {
			l.after(5)
			l.must(l.world.AgentWrites(id, "1001"))
			l.fates[l.last(id)] = world.Failed
			l.must(l.world.CustomerWrites(id))
		}, "agent", 0, 2},
		"R5: an answer under way": {queue, func(l *live, id int64) {
			l.after(5)
			l.must(l.world.AgentWrites(id, "1001"))
			l.fates[l.last(id)] = world.Sending
		}, "customer", 0, 0},
		"closed and opened again": {queue, func(l *live, id int64) {
			l.after(5)
			l.must(l.world.Close(id, world.ByAgent))
			l.after(700)
			l.must(l.world.CustomerWrites(id))
		}, "agent", 705, 1},
		"R2: a bot has it": {world.Opening{API: true}, func(l *live, id int64) {
			l.after(5)
			l.must(l.world.CustomerWrites(id))
		}, "customer", 0, 0},
		"R3: a bot had it": {world.Opening{API: true}, func(l *live, id int64) {
			l.after(5)
			l.must(l.world.APIWrites(id))
			l.after(5)
			l.must(l.world.CustomerWrites(id))
			l.after(5)
			l.must(l.world.HandOver(id, support))
		}, "agent", 15, 2},
		"R3: a bot had it, and the customer wrote since": {world.Opening{API: true}, func(l *live, id int64) {
			l.after(5)
			l.must(l.world.HandOver(id, support))
			l.after(5)
			l.must(l.world.CustomerWrites(id))
		}, "agent", 5, 2},
		"R3: a bot had written first": {world.Opening{API: true, Outbound: true}, func(l *live, id int64) {
			l.after(5)
			l.must(l.world.HandOver(id, support))
			l.after(5)
			l.must(l.world.CustomerWrites(id))
		}, "agent", 10, 1},
		"R3: given to a bot": {queue, func(l *live, id int64) {
			l.after(5)
			l.must(l.world.TransferToAPI(id))
		}, "customer", 0, 0},
		"a transfer changes nothing": {queue, func(l *live, id int64) {
			l.after(5)
			l.must(l.world.TransferToExtension(id, "1002"))
		}, "agent", 0, 1},
		"nobody has written": {world.Opening{Extension: "1001", Outbound: true}, func(*live, int64) {}, "customer", 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLive(t)
			l.pass()
			l.after(60)
			began := l.world.Now()
			id := l.open(c.opening)
			c.act(l, id)
			l.after(10)
			got := l.pass().Sessions[id]
			clock := time.Time{}
			if c.awaits == "agent" {
				clock = began.Add(time.Duration(c.clock) * time.Second)
			}
			if got.Awaiting != c.awaits || !got.Clock.Equal(clock) || got.Unread != c.unread {
				t.Errorf("awaiting %s since %s, %d unread; want %s since %s, %d", got.Awaiting, got.Clock, got.Unread, c.awaits, clock, c.unread)
			}
		})
	}
}

func TestExpectedGaugesOfTheUnanswered(t *testing.T) {
	l := newLive(t)
	l.pass()
	start := l.after(10)
	l.open(world.Opening{QueueID: support})
	l.after(10)
	l.open(world.Opening{QueueID: support})
	direct := l.open(world.Opening{Extension: "1001", Medium: world.SMS})
	l.must(l.world.CustomerWrites(direct))
	put := l.open(world.Opening{Extension: "1001"})
	l.must(l.world.Archive(put, "1001"))
	l.open(world.Opening{QueueID: community})
	l.open(world.Opening{API: true})
	l.world.AdvanceTo(start.Add(15 * time.Minute))
	e := l.pass()
	whatsApp, waits := Place{Channel: "whatsapp", Queue: "(none)"}, Place{Channel: "whatsapp", Queue: "Support"}
	shared, sms := Place{Channel: "whatsapp", Queue: "Community"}, Place{Channel: "sms", Queue: "(none)"}
	if want := (map[UnansweredKey]int{
		{StateKey: StateKey{Place: waits, State: world.Queued}, Age: "15m_1h"}: 1, {StateKey: StateKey{Place: waits, State: world.Queued}, Age: "5m_15m"}: 1,
		{StateKey: StateKey{Place: sms, State: world.Assigned}, Age: "5m_15m"}: 1, {StateKey: StateKey{Place: whatsApp, State: world.Archived}, Age: "5m_15m"}: 1, {StateKey: StateKey{Place: shared, State: world.Shared}, Age: "5m_15m"}: 1,
	}); !maps.Equal(e.Gauges.Unanswered, want) {
		t.Errorf("unanswered: %v", e.Gauges.Unanswered)
	}
	later := start.Add(10 * time.Second)
	if want := (map[StateKey]time.Time{
		{Place: waits, State: world.Queued}: start, {Place: sms, State: world.Assigned}: later, {Place: whatsApp, State: world.Archived}: later, {Place: shared, State: world.Shared}: later,
	}); !maps.EqualFunc(e.Gauges.UnansweredOldest, want, time.Time.Equal) {
		t.Errorf("the oldest: %v", e.Gauges.UnansweredOldest)
	}
	if want := (map[Place]int{waits: 2, sms: 2, whatsApp: 1, shared: 1}); !maps.Equal(e.Gauges.Unread, want) {
		t.Errorf("unread: %v", e.Gauges.Unread)
	}
	if want := (map[Place]time.Time{waits: start}); !maps.EqualFunc(e.Gauges.QueuedOldest, want, time.Time.Equal) {
		t.Errorf("queued: %v", e.Gauges.QueuedOldest)
	}
	if want := (map[string]time.Time{"whatsapp": later, "sms": later}); !maps.EqualFunc(e.Gauges.LastInbound, want, time.Time.Equal) {
		t.Errorf("the last inbound: %v", e.Gauges.LastInbound)
	}
	if len(e.Gauges.SendingOldest) != 0 {
		t.Errorf("being sent: %v", e.Gauges.SendingOldest)
	}
}

func TestAgesHaveInclusiveLowerBounds(t *testing.T) {
	for age, want := range map[time.Duration]string{
		0: "lt_5m", 5*time.Minute - time.Second: "lt_5m", 5 * time.Minute: "5m_15m", 15 * time.Minute: "15m_1h", time.Hour: "1h_4h",
		4*time.Hour - time.Second: "1h_4h", 4 * time.Hour: "4h_24h", 24 * time.Hour: "ge_24h", 1000 * time.Hour: "ge_24h",
	} {
		if got := figures.AgeClass(age); got != want {
			t.Errorf("%s is %s, want %s", age, got, want)
		}
	}
}

func TestR10ExpectedEntries(t *testing.T) {
	l := newLive(t)
	l.pass()
	l.after(10)
	id := l.open(world.Opening{API: true})
	l.after(10)
	l.must(l.world.HandOver(id, support))
	entered := l.world.Now()
	l.after(10)
	l.must(l.world.CustomerWrites(id))
	if got := l.pass().Sessions[id].Entered; !got.Equal(entered) {
		t.Errorf("handed over: %s, want %s", got, entered)
	}
	l.must(l.world.PickUp(id, member))
	l.after(10)
	if got := l.pass().Sessions[id].Entered; !got.IsZero() {
		t.Errorf("picked up: %s", got)
	}
	l.must(l.world.Close(id, world.ByAgent))
	entered = l.after(700)
	l.must(l.world.CustomerWrites(id))
	l.after(10)
	if got := l.pass().Sessions[id].Entered; !got.Equal(entered) {
		t.Errorf("opened again: %s, want %s", got, entered)
	}
}

// Whose turn it is is not known before the messages are read.
func TestExpectedOfWhatIsPending(t *testing.T) {
	l := newLive(t)
	l.pass()
	l.after(10)
	id := l.open(world.Opening{QueueID: support})
	if got := l.pass().Sessions[id].Awaiting; got != "agent" {
		t.Errorf("read: %s", got)
	}
	l.after(10)
	l.must(l.world.CustomerWrites(id))
	if got := l.server.Expect(l.options).Sessions[id].Awaiting; got != "unknown" {
		t.Errorf("before the pass: %s", got)
	}
	l.lists()
	e := l.server.Expect(l.options)
	if got := e.Sessions[id]; got.Awaiting != "unknown" || len(e.Gauges.Unanswered) != 0 || len(e.Gauges.QueuedOldest) != 0 {
		t.Errorf("not read: %+v", got)
	}
	if got := e.Windows[WindowKey{Place{Channel: "whatsapp", Queue: "Support"}, "unknown", "ge_4h"}]; got != 1 {
		t.Errorf("windows: %v", e.Windows)
	}
}

func TestR12ExpectedEndsWhereMessagesAreRead(t *testing.T) {
	l := newLive(t)
	l.pass()
	start := l.after(10)
	id := l.open(world.Opening{QueueID: support})
	l.world.Advance(30*time.Second + 300*time.Millisecond)
	l.pass()
	l.must(l.world.CustomerWrites(id))
	agent, customer := WindowKey{Place{Channel: "whatsapp", Queue: "Support"}, "agent", "ge_4h"}, ExpiryKey{Place{Channel: "whatsapp", Queue: "Support"}, "customer"}
	e := l.pass()
	// The end is the second message's, though that was within a minute of the first.
	if end := start.Add(30*time.Second + world.ReplyWindow); !e.Sessions[id].WindowEnd.Equal(end) || e.Windows[agent] != 1 {
		t.Errorf("%+v, want %s", e.Sessions[id], end)
	}
	l.after(10)
	l.must(l.world.AgentWrites(id, "1001"))
	if e := l.pass(); e.NextExpiry[customer].IsZero() || len(e.NextExpiry) != 1 || len(e.Windows) != 1 {
		t.Errorf("answered: %v, %v", e.Windows, e.NextExpiry)
	}
	l.world.AdvanceTo(start.Add(30*time.Second + world.ReplyWindow))
	if e := l.pass(); e.Windows[WindowKey{customer.Place, "customer", "expired"}] != 1 || len(e.NextExpiry) != 0 {
		t.Errorf("over: %v, %v", e.Windows, e.NextExpiry)
	}
}

// A message that is newer than the listed one has its day.
func TestR12ExpectedEndsOfHeldSessions(t *testing.T) {
	l := newLive(t)
	l.pass()
	l.after(10)
	id := l.open(world.Opening{API: true})
	l.pass()
	wrote := l.after(200)
	l.must(l.world.CustomerWrites(id))
	l.thread(id)
	l.options.Failing = []world.Viewer{world.API}
	got := l.server.Expect(l.options).Sessions[id]
	if !got.Held || got.Awaiting != "customer" || !got.WindowEnd.Equal(wrote.Add(world.ReplyWindow)) {
		t.Errorf("%+v", got)
	}
}

func TestR12WindowsThatAgree(t *testing.T) {
	now := time.Date(2026, time.May, 1, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		expire int64
		end    time.Duration
		agrees bool
	}{
		"exactly":             {1000, 1000 * time.Second, true},
		"a minute late":       {1000, 1060 * time.Second, true},
		"more":                {1000, 1061 * time.Second, false},
		"a minute early":      {1000, 940 * time.Second, true},
		"more than that":      {1000, 939 * time.Second, false},
		"over":                {0, -time.Hour, true},
		"over in a minute":    {0, time.Minute, true},
		"over, but much left": {0, 61 * time.Second, false},
		"none":                {-1, 0, false},
	} {
		if got := windowTold(c.expire, now).agrees(now.Add(c.end)); got != c.agrees {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// The gauge follows what is shown; the rest takes a message for delivered after
// ten minutes.
func TestR13ExpectedSendingMessages(t *testing.T) {
	l := newLive(t)
	l.pass()
	l.after(10)
	id := l.open(world.Opening{QueueID: support})
	l.after(10)
	l.must(l.world.AgentWrites(id, "1001"))
	record, sent := l.last(id), l.world.Now()
	l.fates[record] = world.Sending
	check := func(when string, open bool, awaits string, sends bool) {
		t.Helper()
		e := l.pass()
		if at, ok := e.Gauges.SendingOldest["whatsapp"]; ok != sends || ok && !at.Equal(sent) {
			t.Errorf("%s: sending since %s", when, at)
		}
		if got, ok := e.Sessions[id]; ok != open || got.Awaiting != awaits {
			t.Errorf("%s: %+v", when, got)
		}
	}
	check("at once", true, "customer", true)
	l.after(599)
	check("at 9:59", true, "customer", true)
	l.after(1)
	check("at 10:00", true, "customer", true)
	l.fates[record] = world.Failed
	check("too late, in the same pass", true, "agent", false)
	l.fates[record] = world.Sending
	check("not so", true, "customer", true)
	l.after(1)
	l.fates[record] = world.Failed
	check("too late", true, "customer", false)
	l.fates[record] = world.Sending
	l.after(1)
	l.must(l.world.Close(id, world.ByAgent))
	check("closed", false, "", true)
	l.world.Advance(noteLife - time.Second)
	check("for almost an hour", false, "", true)
	l.after(1)
	check("forgotten", false, "", false)
}
