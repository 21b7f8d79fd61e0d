package collector

import (
	"errors"
	"testing"
	"time"

	"conversation_exporter/conversation"
)

// What a message decides that was the last before we looked is no event, whether
// it counts when it is read or when it is settled (R20).
func TestR20WhatWasDecidedBeforeWeLooked(t *testing.T) {
	s := newStory()
	s.open(1, nil)
	s.customer(1)
	s.end(1, conversation.ClosedByAgent)
	s.sessions = append(s.sessions, session(1, "whatsapp"))
	s.customer(1)
	s.open(2, nil)
	s.customer(2)
	s.deliver(2, s.sending(2), "send_fail")
	s.is(t, 0, map[string]string{
		`closed_sessions_total{reason="agent",awaiting="agent"}`: "0", `closed_sessions_total{reason="agent",awaiting="customer"}`: "0",
		`message_failures_total{reason="send_fail"}`: "0", `messages_total{sender="agent"}`: "0",
	})
	// What comes next counts.
	s.deliver(2, s.sending(2), "send_fail")
	s.is(t, time.Minute, map[string]string{`message_failures_total{reason="send_fail"}`: "1", `messages_total{sender="agent"}`: "1"})
}

// The baseline of a viewer lies above what any list has shown, also that of the
// closed sessions of another one (R19).
func TestR19TheMarkIsTheHighestOfAllLists(t *testing.T) {
	l := newLedger(true)
	l.sweep([]conversation.Session{{ID: 1, LastMessage: 900, Closed: true, ShownBy: conversation.NewViewerSet("a")}}, start())
	l.marks.swept.Viewers = map[string]int64{"b": 100}
	l.marks.baseline(&listing{sessions: []conversation.Session{{ID: 2, LastMessage: 500, ShownBy: conversation.NewViewerSet("b")}}}, start())
	if got := l.marks.of["b"].id; got != 900 {
		t.Errorf("the mark is %d, want 900", got)
	}
}

// A window of a session that was forgotten and returns is lost if it ends after
// the session was seen last, and not if it had ended before (R25).
func TestR25AWindowOfASessionThatReturns(t *testing.T) {
	for name, tc := range map[string]struct {
		ends time.Duration // after the session was seen last
		want string
	}{"ended before": {-30 * time.Second, "0"}, "ended since": {30 * time.Minute, "1"}} {
		s := newStory()
		s.is(t, 0, nil)
		s.open(4, nil)
		s.customer(4)
		s.agent(4)
		s.is(t, time.Minute, nil)
		was := s.leave(4)
		end := s.clock.now().Add(tc.ends)
		s.is(t, time.Minute, nil)
		s.is(t, time.Hour, nil)
		if n := len(s.target.ledger.entries); n != 0 {
			t.Fatalf("%d sessions are remembered", n)
		}
		was.Window = conversation.Window{Has: true, End: end}
		s.sessions = append(s.sessions, was)
		s.add(4, conversation.Record{At: end.Add(-24 * time.Hour), Kind: conversation.KindMessage, Sender: conversation.SenderCustomer})
		s.is(t, time.Minute, nil)
		if got := sample(t, s.scrape(), "reply_windows_lost_total", nil); got != tc.want {
			t.Errorf("%s: %s windows lost, want %s", name, got, tc.want)
		}
	}
}

// A window that was lost at the last reading of a session, long after it was seen, does
// not count again when the session returns (R25).
func TestR25AWindowThatWasLostUnseen(t *testing.T) {
	s := newStory()
	s.is(t, 0, nil)
	window := conversation.Window{Has: true, End: s.clock.now().Add(2 * time.Hour)}
	s.open(4, func(listed *conversation.Session) { listed.Window = window })
	s.customer(4)
	s.is(t, time.Minute, nil)
	was := s.leave(4)
	s.is(t, 4*time.Hour, map[string]string{`reply_windows_lost_total`: "1"})
	s.is(t, time.Minute, nil)
	if n := len(s.target.ledger.entries); n != 0 {
		t.Fatalf("%d sessions are remembered", n)
	}
	// The marks rise to it where it has to go.
	if stone := s.target.ledger.tombstones[4]; stone.seen < window.End.Unix() {
		t.Errorf("what is left is of %d, and the window ended at %d", stone.seen, window.End.Unix())
	}
	was.Window = window
	s.sessions = append(s.sessions, was)
	s.is(t, time.Minute, map[string]string{`reply_windows_lost_total`: "1"})
}

// An automatic closing loses a window before it ends (R33). It does not count again, and
// what is left of the session hides no window of others (R25).
func TestR25AWindowThatWasLostBeforeItsEnd(t *testing.T) {
	s := newStory()
	s.is(t, 0, nil)
	window := conversation.Window{Has: true, End: s.clock.now().Add(24 * time.Hour)}
	s.open(4, func(listed *conversation.Session) { listed.Window = window })
	s.customer(4)
	s.is(t, time.Minute, nil)
	was := s.leave(4)
	s.add(4, conversation.Record{Kind: conversation.KindClosed, Reason: conversation.ClosedByTimeout})
	s.is(t, 2*time.Hour, map[string]string{`reply_windows_lost_total`: "1"})
	s.is(t, time.Minute, nil)
	stone, ok := s.target.ledger.tombstones[4]
	if now := s.clock.now().Unix(); !ok || stone.seen > now || stone.lost != window.End.Unix() {
		t.Errorf("what is left at %d: %+v", now, stone)
	}
	// A source may tell more of its records again than it is asked for.
	e := s.target.ledger.entry(&was, s.clock.now())
	if at := int64(e.floorAt); at != stone.lost {
		t.Errorf("windows count that end after %d, want %d", at, stone.lost)
	}
}

// Whose lists were read, so that a mark is set, and how high it is (R19).
func TestR19WhoHasAMark(t *testing.T) {
	shown := func(id, last int64, by string) conversation.Session {
		return conversation.Session{ID: id, LastMessage: last, ShownBy: conversation.NewViewerSet(by)}
	}
	sessions := []conversation.Session{shown(1, 900, "a"), shown(2, 500, "b")}
	for name, tc := range map[string]struct {
		cover  conversation.Coverage
		viewer string
		marked bool
	}{
		"read":                      {conversation.Coverage{}, "a", true},
		"another one failed":        {conversation.Coverage{Failed: []string{"b"}}, "a", true},
		"failed":                    {conversation.Coverage{Failed: []string{"a"}}, "a", false},
		"cut below its top":         {conversation.Coverage{Cut: []conversation.CutViewer{{Name: "a"}}}, "a", true},
		"cut before its top":        {conversation.Coverage{Cut: []conversation.CutViewer{{Name: "c"}}}, "c", false},
		"no session, yet all of it": {conversation.Coverage{Cut: []conversation.CutViewer{{Name: "a"}}}, "c", true},
	} {
		m := newMarks()
		m.swept.Viewers = map[string]int64{tc.viewer: 700}
		m.baseline(&listing{sessions: sessions, cover: tc.cover}, start())
		if of, marked := m.of[tc.viewer]; marked != tc.marked || marked && of.id != 900 {
			t.Errorf("%s: marked %t at %d, want %t at 900", name, marked, of.id, tc.marked)
		}
	}
}

// The lowest mark of those who showed a session first counts, once and for all (R19).
func TestR19TheFloorOfASession(t *testing.T) {
	m := newMarks()
	m.of = map[string]mark{"a": {id: 300, at: 3}, "b": {id: 100, at: 1}, "c": {id: 200, at: 2}, "d": {id: 50, at: 1}}
	e := &entry{shownBy: conversation.NewViewerSet("x")}
	m.raise(e)
	if e.is(hasFloor) {
		t.Errorf("nobody of those who show it has a mark, yet its floor is %d", e.floor)
	}
	for _, by := range []*conversation.ViewerSet{conversation.NewViewerSet("a", "b", "c"), conversation.NewViewerSet("a"), conversation.NewViewerSet("d")} {
		e.shownBy = by
		m.raise(e)
		if e.floor != 100 || e.floorAt != 1 {
			t.Errorf("the floor is %d of %d, want 100 of 1", e.floor, e.floorAt)
		}
	}
}

// What was counted when it was settled does not count again either (R25).
func TestR25AFailureOfASessionThatReturns(t *testing.T) {
	s := newStory()
	s.is(t, 0, nil)
	s.open(4, nil)
	s.customer(4)
	s.deliver(4, s.sending(4), "send_fail")
	s.is(t, time.Minute, map[string]string{`message_failures_total{reason="send_fail"}`: "1"})
	was := s.leave(4)
	s.is(t, time.Minute, nil)
	s.is(t, time.Hour, nil)
	s.sessions = append(s.sessions, was)
	s.customer(4)
	s.is(t, time.Minute, map[string]string{`message_failures_total{reason="send_fail"}`: "1", `messages_total{sender="customer"}`: "2"})
}

// Where there are too many, those go that were seen longest ago (R25).
func TestR25TheOldestTombstonesGo(t *testing.T) {
	l := newLedger(true)
	l.limit = 10
	for id := range int64(20) {
		l.tombstones[id+1] = tombstone{counted: 100 + id, seen: id}
	}
	l.trim()
	if _, newest := l.tombstones[20]; !newest || len(l.tombstones) != 9 || l.marks.forgotten != 110 {
		t.Errorf("%d tombstones, the newest among them: %t; the marks rise to %d, want 110", len(l.tombstones), newest, l.marks.forgotten)
	}
}

// A state that is sure beats whatever was known; of one that is not, nothing is
// remembered (R8).
func TestR8StatesThatWereSure(t *testing.T) {
	b := newBench()
	b.sessions = []conversation.Session{session(1, "sms")}
	for i, step := range []struct {
		told conversation.State
		sure bool
		want string
	}{
		{conversation.StateAutomated, true, "automated"},
		{conversation.StateAssigned, true, "assigned"},
		{conversation.StateArchived, false, "assigned"},
		{conversation.StateQueued, true, "queued"},
		{conversation.StateAssigned, false, "assigned"},
		{conversation.StateArchived, false, "archived"},
	} {
		b.sessions[0].State, b.sessions[0].StateSure = step.told, step.sure
		if v, _ := value(t, b.scrape(), "conversation_open_sessions", `state="`+step.want+`"`); v != "1" {
			t.Errorf("step %d: not %s", i, step.want)
		}
	}
}

// The newest message of the closed sessions may be that of all (R19).
func TestR19TheMarkOfAQuietNight(t *testing.T) {
	m := newMarks()
	m.swept.Viewers = map[string]int64{"a": 950, "b": 40}
	m.baseline(&listing{sessions: []conversation.Session{{ID: 1, LastMessage: 900}, {ID: 2, LastMessage: 20}}}, start())
	if m.of["a"].id != 950 || m.of["b"].id != 950 {
		t.Errorf("the marks are %v, want 950", m.of)
	}
}

// What was counted of a session that returns and goes unread is remembered still (R25).
func TestR25ATombstoneOutlivesAReturn(t *testing.T) {
	l := newLedger(true)
	l.tombstones[4] = tombstone{counted: 100, seen: 5}
	l.forget(4, l.entry(&conversation.Session{ID: 4}, start()))
	if got := l.tombstones[4].counted; got != 100 {
		t.Errorf("counted up to %d, want 100", got)
	}
}

// A session is forgotten after an hour, not before, and not while records of it
// are to be read or to be settled (R24, R23).
func TestR23R24WhenASessionIsForgotten(t *testing.T) {
	for name, tc := range map[string]struct {
		before func(*story)
		want   map[string]string
	}{
		"read":     {func(s *story) { s.leave(4) }, map[string]string{`messages_total{sender="customer"}`: "1"}},
		"swept":    {func(s *story) { s.messageErr = errors.New("down"); s.end(4, conversation.ClosedByAgent) }, map[string]string{`closed_sessions_total{reason="agent",awaiting="agent"}`: "1"}},
		"unproved": {func(s *story) { s.messageErr = errors.New("down"); s.leave(4) }, map[string]string{`message_failures_total{reason="send_fail"}`: "1"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStory()
			s.is(t, 0, nil)
			s.open(4, nil)
			s.customer(4)
			reply := int64(0)
			if name == "unproved" {
				reply = s.sending(4)
			}
			s.is(t, time.Minute, nil)
			tc.before(s)
			s.is(t, time.Second, nil)
			seen := time.Unix(0, s.target.ledger.entries[4].seen)
			s.is(t, seen.Add(time.Hour-time.Second).Sub(s.clock.now()), nil)
			if s.target.ledger.entries[4] == nil {
				t.Error("it is forgotten within the hour")
			}
			s.is(t, time.Second, nil)
			if forgotten := s.target.ledger.entries[4] == nil; forgotten != (name == "read") {
				t.Errorf("after an hour: forgotten %t", forgotten)
			}
			s.messageErr = nil
			s.deliver(4, reply, "send_fail")
			s.is(t, time.Second, tc.want)
		})
	}
}

// Where a session has passed to another owner, a viewer that failed says nothing
// of it any more, nor where it was closed (R26).
func TestR26WhatAFailedViewerDoesNotHold(t *testing.T) {
	for name, change := range map[string]func(*conversation.Session){
		"another state": func(s *conversation.Session) { s.State = conversation.StateQueued },
		"another queue": func(s *conversation.Session) { s.Queue = conversation.Queue{ID: 4, Name: "Billing"} },
	} {
		b := newBench()
		s := session(1, "sms")
		s.Queue, s.ShownBy = conversation.Queue{ID: 3, Name: "Support"}, conversation.NewViewerSet("a")
		b.sessions = []conversation.Session{s}
		b.scrape()
		b.cover = conversation.Coverage{Read: 1, Failed: []string{"a"}}
		change(&b.sessions[0])
		b.sessions[0].ShownBy = conversation.NewViewerSet("b")
		b.scrape()
		b.sessions = nil
		c := b.scrape()
		for _, state := range []string{"assigned", "queued"} {
			if v, _ := value(t, c, "conversation_open_sessions", `queue="Billing"`, `state="`+state+`"`); v == "1" {
				t.Errorf("%s: it is held as %s", name, state)
			}
			if v, _ := value(t, c, "conversation_open_sessions", `queue="Support"`, `state="`+state+`"`); v == "1" {
				t.Errorf("%s: it is held as %s", name, state)
			}
		}
	}
	s := newStory()
	s.is(t, 0, nil)
	s.open(4, nil)
	s.customer(4)
	s.is(t, time.Minute, nil)
	s.end(4, conversation.ClosedByAgent)
	s.is(t, time.Minute, nil)
	s.cover = conversation.Coverage{Failed: []string{viewer}, Problems: []error{errors.New("down")}}
	s.is(t, time.Second, map[string]string{`open_sessions{state="assigned"}`: "0"})
}

// One viewer of several is enough, whichever of them it is (R26).
func TestR26OneOfThoseWhoShowedItIsEnough(t *testing.T) {
	for name, tc := range map[string]struct {
		first, then conversation.Coverage
		step        time.Duration
		held        string
	}{
		"the first of two failed":             {conversation.Coverage{}, conversation.Coverage{Failed: []string{"a", "z"}}, time.Minute, "1"},
		"none of two failed":                  {conversation.Coverage{}, conversation.Coverage{Failed: []string{"y", "z"}}, time.Minute, "0"},
		"cut, and another one has shown it":   {conversation.Coverage{Cut: []conversation.CutViewer{{Name: "c"}}}, conversation.Coverage{Cut: []conversation.CutViewer{{Name: "c"}}}, time.Minute, "1"},
		"cut, in the round that has shown it": {conversation.Coverage{}, conversation.Coverage{Cut: []conversation.CutViewer{{Name: "a", Since: start()}}}, 2 * time.Hour, "1"},
		"cut, in the round after it":          {conversation.Coverage{}, conversation.Coverage{Cut: []conversation.CutViewer{{Name: "a", Since: start().Add(1)}}}, 2 * time.Hour, "0"},
	} {
		b := newBench()
		s := session(1, "sms")
		s.ShownBy = conversation.NewViewerSet("a", "b", "c")
		b.sessions = []conversation.Session{s}
		b.scrape()
		if tc.first.Cut != nil {
			b.cover, b.sessions[0].ShownBy = tc.first, conversation.NewViewerSet("b")
			b.scrape()
		}
		b.cover, b.sessions = tc.then, nil
		for range 3 {
			b.clock.advance(tc.step)
			b.scrape()
		}
		if v, _ := value(t, b.scrape(), "conversation_open_sessions", `state="assigned"`); v != tc.held {
			t.Errorf("%s: %s sessions, want %s", name, v, tc.held)
		}
	}
}
