package yeastar

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"sync"
	"testing"
	"time"

	"conversation_exporter/conversation"
	"conversation_exporter/simulator/world"
)

// slowList is a list of which a pass gets so many pages before its time is over.
type slowList struct {
	fakeList
	gate    sync.Mutex
	allowed int
	asked   []string
	late    chan struct{}
}

func (l *slowList) serve(endpoint string, q url.Values) string {
	if endpoint != pathSearch {
		return l.answer(endpoint, q)
	}
	l.gate.Lock()
	l.allowed--
	over, late := l.allowed < 0, l.late
	if !over {
		l.asked = append(l.asked, q.Get("first_msg_id"))
	}
	l.gate.Unlock()
	if over {
		<-late
	}
	return l.answer(endpoint, q)
}

// pass reads the list with time for so many pages.
func (l *slowList) pass(t *testing.T, s *Source, pages int) ([]conversation.Session, conversation.Coverage) {
	t.Helper()
	l.gate.Lock()
	l.allowed, l.asked, l.late = pages, nil, make(chan struct{})
	l.gate.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	sessions, cover, err := s.OpenSessions(ctx)
	close(l.late)
	must(t, err)
	return sessions, cover
}

func TestR35AListThatWasCutGoesOnWhereItWasLeft(t *testing.T) {
	list := &slowList{fakeList: fakeList{messages: numbered(95)}}
	w := world.New(world.Options{Start: start(), Still: true})
	s := newStub(t, list.serve).source(t, func(o *Options) { o.PageSize = 10; o.Clock = w.Clock() })
	seen := make(map[int64]bool)
	for i, want := range []string{"[ 86 76 66]", "[56 46 36 26]", "[16 6 ]"} {
		sessions, cover := list.pass(t, s, 4)
		if i == 1 {
			// A session of those that were read moves up, and one that was not.
			list.mu.Lock()
			list.messages[90], list.messages[2] = 1_000_091, 1_000_003
			list.mu.Unlock()
		}
		for _, session := range sessions {
			seen[session.ID] = true
		}
		if got := fmt.Sprint(list.asked); got != want {
			t.Errorf("pass %d asked for the cursors %s, want %s", i+1, got, want)
		}
		if len(cover.Cut) != 1 || cover.Cut[0].Name != "extension 1001" || cover.TimedOut != (i < 2) {
			t.Errorf("pass %d: coverage = %+v", i+1, cover)
		}
		// Once the round is over, what it has not shown since its start is gone.
		if since := cover.Cut[0].Since; since.IsZero() != (i < 2) || i == 2 && !since.Equal(start()) {
			t.Errorf("pass %d: what counts began at %s", i+1, since)
		}
		w.Advance(time.Minute)
	}
	for id := int64(1); id <= 95; id++ {
		if !seen[id] {
			t.Errorf("session %d was not seen in the three passes", id)
		}
	}
	if _, cover := list.pass(t, s, 100); !cover.Complete() {
		t.Errorf("with time for all of it: coverage = %+v", cover)
	}
}

// A viewer that hangs makes no progress, so nothing is held for it for ever.
func TestR26AListThatHangsMakesNoProgress(t *testing.T) {
	list := &slowList{fakeList: fakeList{messages: numbered(25)}}
	w := world.New(world.Options{Start: start(), Still: true})
	s := newStub(t, list.serve).source(t, func(o *Options) {
		o.PageSize = 10
		o.Clock = w.Clock()
		o.Viewers = Viewers{Extensions: []string{"1001", "1002"}}
		o.Concurrency = 1
	})
	list.pass(t, s, 100)
	// One deadline may come while an answer is under way; two in a row are a viewer
	// that hangs.
	for pass, want := range []time.Time{start(), start().Add(2 * time.Minute)} {
		w.Advance(time.Minute)
		s.turnAt[viewer{number: "1002"}] = w.Now() // It comes last.
		_, cover := list.pass(t, s, 4)             // Enough for the first, none for the second.
		if len(cover.Cut) != 1 || !cover.Cut[0].Since.Equal(want) {
			t.Errorf("pass %d: coverage = %+v, want it to count since %s", pass+1, cover, want)
		}
	}
}

// Sessions that jump to the top while a list is read, whose second look is then
// cut, are seen in the next pass all the same.
func TestR35ACutSecondLookForgetsNothing(t *testing.T) {
	list := &slowList{fakeList: fakeList{messages: numbered(60)}}
	w := world.New(world.Options{Start: start(), Still: true})
	asked := 0
	var mu sync.Mutex
	s := newStub(t, func(endpoint string, q url.Values) string {
		mu.Lock()
		if endpoint == pathSearch {
			if asked++; asked == 3 {
				list.mu.Lock()
				for id := 1; id <= 25; id++ {
					list.messages[id] = int64(1_000_000 + id + 1)
				}
				list.mu.Unlock()
			}
		}
		mu.Unlock()
		return list.serve(endpoint, q)
	}).source(t, func(o *Options) { o.PageSize = 10; o.Clock = w.Clock() })
	seen := make(map[int64]bool)
	for _, pages := range []int{6, 100} {
		sessions, cover := list.pass(t, s, pages)
		for _, session := range sessions {
			seen[session.ID] = true
		}
		if cover.Complete() {
			t.Errorf("with %d pages: coverage = %+v", pages, cover)
		}
		w.Advance(time.Minute)
	}
	if len(seen) != 60 {
		t.Errorf("%d sessions were seen in the round, want 60", len(seen))
	}
}

// Viewers that hang must not take all the time of every pass.
func TestAFewViewersThatHangLeaveTheOthers(t *testing.T) {
	hang := make(chan struct{})
	stub := newStub(t, func(endpoint string, q url.Values) string {
		if endpoint != pathSearch {
			return `{"errcode":0}`
		}
		no := q.Get("user_no")
		if no == "1003" || no == "1007" {
			<-hang
		}
		return fmt.Sprintf(`{"errcode":0,"list":[{"id":%s,"type":"sms","last_msg_id":%s}]}`, no, no)
	})
	defer close(hang)
	numbers := make([]string, 20)
	for i := range numbers {
		numbers[i] = strconv.Itoa(1001 + i)
	}
	w := world.New(world.Options{Start: start(), Still: true})
	s := stub.source(t, func(o *Options) { o.Viewers = Viewers{Extensions: numbers}; o.Concurrency = 2; o.Clock = w.Clock() })
	for pass := range 6 {
		ctx, cancel := context.WithTimeout(context.Background(), 150*time.Millisecond)
		sessions, _, err := s.OpenSessions(ctx)
		cancel()
		if pass > 0 && (err != nil || len(sessions) == 0) {
			t.Errorf("pass %d: %d sessions, error %v", pass+1, len(sessions), err)
		}
		w.Advance(time.Minute)
	}
}

// A viewer that answers in between has not been silent twice in a row.
func TestAnAnswerEndsTheRowOfMisses(t *testing.T) {
	s := newStub(t, func(string, url.Values) string { return `{"errcode":0}` }).source(t, nil)
	v := viewer{number: "1001"}
	if s.missed(v, true) {
		t.Error("once is no row")
	}
	s.leave(v, listing{rows: []row{{id: 1}}, cut: true, timedOut: true, err: context.DeadlineExceeded}, leftOff{cursor: 5})
	if s.missed(v, true) {
		t.Error("an answer between two misses makes no row of them")
	}
	if !s.missed(v, true) {
		t.Error("twice in a row is one")
	}
}
