// Package sourcetest is the conformance suite for sources: what every
// implementation of conversation.Source must do, shown against a simulated
// system. A source's own test gives it a System and calls Run.
package sourcetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"conversation_exporter/conversation"
)

// System is a simulated system under the control of the suite. Its clock stands
// unless Advance moves it, and nothing happens in it by itself.
type System interface {
	// Source makes a source that reads the system with good credentials.
	Source(t *testing.T) conversation.Source
	// Stranger makes one whose credentials are wrong; its secret is Canary.
	Stranger(t *testing.T) conversation.Source
	// Open begins so many sessions and returns their ids.
	Open(t *testing.T, n int) []int64
	// Write lets the customer of a session write so many messages.
	Write(t *testing.T, id int64, n int)
	// Close ends a session.
	Close(t *testing.T, id int64)
	// Viewer is the name of a viewer that shows some of the sessions; empty where one
	// list shows all of them.
	Viewer() string
	// FailViewer makes the list of that viewer unreadable, or readable again.
	FailViewer(fails bool)
	// Fail makes every answer a failure, or ends that.
	Fail(fails bool)
	// Hang makes the system answer nothing, or ends that.
	Hang(hangs bool)
	// Slow holds every answer back by so much of real time.
	Slow(d time.Duration)
	// SignIns counts the tries to sign in so far.
	SignIns() int
	// Held counts what was taken from the system, such as tokens, and not given back.
	Held() int
	// Advance moves the clock.
	Advance(d time.Duration)
}

// Canary is part of every secret and of every customer's name and number in the
// simulated system; it must show nowhere.
const Canary = "canary"

// Run holds a source against the door's contract. Each part gets a fresh system.
func Run(t *testing.T, system func(t *testing.T) System) {
	t.Helper()
	for _, part := range []struct {
		name string
		run  func(t *testing.T, s System)
	}{
		{"an empty system has no sessions, which is no error", empty},
		{"every session is told once, with what it needs", complete},
		{"sessions that end are not told any more", ending},
		{"many callers at once are told the same", together},
		{"a viewer that fails leaves the others, and is named", failedViewer},
		{"a system that fails is an error, and up again afterwards", failure},
		{"a context that ends ends the call", deadline},
		{"sessions that end are told as closed, once", closedOnce},
		{"a viewer that fails tells later what was closed", closedViewer},
		{"records are told from the start, and without a gap", threads},
		{"at the limit of records the rest is passed over", limit},
		{"the first wants are served first", priority},
		{"a system that fails tells no records, and why, each reason once", messageFailure},
		{"a context that ends ends the reading", messageDeadline},
		{"who takes no more records leaves nothing behind", leaving},
		{"wrong credentials are tried once", stranger},
		{"queues, channels and agents are told, each once", directory},
		{"a directory that fails is an error, and told again afterwards", directoryFailure},
		{"what the system is, is told even while it fails", identity},
		{"closing gives back what was taken", closing},
	} {
		t.Run(part.name, func(t *testing.T) { part.run(t, system(t)) })
	}
}

// list reads the sessions and expects that nothing was lost.
func list(t *testing.T, src conversation.Source) []conversation.Session {
	t.Helper()
	sessions, cover, err := src.OpenSessions(t.Context())
	if err != nil || !cover.Complete() {
		t.Fatalf("listing: coverage %+v, error %v", cover, err)
	}
	return sessions
}

func idsOf(sessions []conversation.Session) []int64 {
	ids := make([]int64, 0, len(sessions))
	for _, s := range sessions {
		ids = append(ids, s.ID)
	}
	slices.Sort(ids)
	return ids
}

func empty(t *testing.T, s System) {
	if sessions := list(t, s.Source(t)); len(sessions) != 0 {
		t.Errorf("%d sessions", len(sessions))
	}
}

func complete(t *testing.T, s System) {
	src := s.Source(t)
	want := s.Open(t, 250)
	slices.Sort(want)
	sessions := list(t, src)
	if got := idsOf(sessions); !slices.Equal(got, want) {
		t.Fatalf("told %d sessions, want %d, each once", len(got), len(want))
	}
	info, err := src.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	queues, err := src.Queues(t.Context())
	if err != nil && !errors.Is(err, conversation.ErrUnsupported) {
		t.Fatal(err)
	}
	for _, session := range sessions {
		switch {
		case session.Channel == "" || session.Channel != conversation.Label(session.Channel):
			t.Errorf("session %d has the channel %q", session.ID, session.Channel)
		case !slices.Contains(info.States, session.State) || !session.StateSure:
			t.Errorf("session %d has the state %q, sure %t", session.ID, session.State, session.StateSure)
		case session.Origin != conversation.OriginRegular && session.Origin != conversation.OriginCampaign:
			t.Errorf("session %d has the origin %q", session.ID, session.Origin)
		case session.ShownBy == nil || session.ListedAt.IsZero():
			t.Errorf("session %d does not tell by whom and when it was shown", session.ID)
		case session.Window.Has && session.Window.End.IsZero():
			t.Errorf("session %d has a window without an end", session.ID)
		case session.Queue.ID != 0 && !slices.ContainsFunc(queues, func(q conversation.Queue) bool { return sameQueue(q, session.Queue) }):
			t.Errorf("session %d is in the queue %+v, which is not listed", session.ID, session.Queue)
		}
		noCanary(t, fmt.Sprintf("%+v", session))
	}
	noCanary(t, fmt.Sprintf("%+v %+v", queues, info))
}

// sameQueue compares what a session tells of its queue.
func sameQueue(q, of conversation.Queue) bool {
	return q.ID == of.ID && q.Name == of.Name && q.Mode == of.Mode && q.AutoPickUp == of.AutoPickUp
}

func noCanary(t *testing.T, text string) {
	t.Helper()
	if strings.Contains(strings.ToLower(text), Canary) {
		t.Errorf("a secret or a customer shows in %q", text)
	}
}

func ending(t *testing.T, s System) {
	src := s.Source(t)
	ids := s.Open(t, 3)
	list(t, src)
	s.Close(t, ids[1])
	s.Advance(time.Minute)
	if got := idsOf(list(t, src)); slices.Contains(got, ids[1]) || len(got) != 2 {
		t.Errorf("told %v after %d had ended", got, ids[1])
	}
}

func together(t *testing.T, s System) {
	src := s.Source(t)
	s.Open(t, 30)
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			sessions, cover, err := src.OpenSessions(t.Context())
			if err != nil || !cover.Complete() || len(sessions) != 30 {
				t.Errorf("%d sessions, coverage %+v, error %v", len(sessions), cover, err)
			}
			if _, err := src.Info(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := s.SignIns(); n > 1 {
		t.Errorf("%d sign-ins for ten callers", n)
	}
}

// oneList skips a part about several viewers where there is one list.
func oneList(t *testing.T, s System) {
	t.Helper()
	if s.Viewer() == "" {
		t.Skip("one list shows all sessions")
	}
}

func failedViewer(t *testing.T, s System) {
	oneList(t, s)
	src := s.Source(t)
	s.Open(t, 40)
	showed := 0
	for _, session := range list(t, src) {
		if session.ShownBy.Has(s.Viewer()) {
			showed++
		}
	}
	if showed == 0 {
		t.Fatalf("%s shows nothing, so that nothing can be lost", s.Viewer())
	}
	s.FailViewer(true)
	sessions, cover, err := src.OpenSessions(t.Context())
	if err != nil || len(sessions) == 0 {
		t.Fatalf("%d sessions, error %v", len(sessions), err)
	}
	if !slices.Equal(cover.Failed, []string{s.Viewer()}) || cover.Complete() || len(cover.Problems) == 0 {
		t.Errorf("coverage = %+v, want %s to have failed, and why", cover, s.Viewer())
	}
	s.FailViewer(false)
	s.Advance(time.Minute)
	list(t, src)
}

func failure(t *testing.T, s System) {
	src := s.Source(t)
	s.Open(t, 5)
	before := list(t, src)
	s.Fail(true)
	s.Advance(time.Minute)
	asked, err := src.Info(t.Context())
	sessions, _, listErr := src.OpenSessions(t.Context())
	if listErr == nil || len(sessions) != 0 {
		t.Errorf("%d sessions of a system that fails, error %v", len(sessions), listErr)
	}
	noCanary(t, fmt.Sprint(err, listErr))
	after, _ := src.Info(t.Context())
	if after.AcceptedAt.After(asked.AcceptedAt) {
		t.Error("a system that fails has accepted our credentials")
	}
	s.Fail(false)
	s.Advance(time.Hour)
	if again := list(t, src); len(again) != len(before) {
		t.Errorf("%d sessions after the failure, want %d", len(again), len(before))
	}
}

func deadline(t *testing.T, s System) {
	src := s.Source(t)
	s.Open(t, 5)
	list(t, src)
	s.Hang(true)
	defer s.Hang(false)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	sessions, cover, err := src.OpenSessions(ctx)
	if err == nil || len(sessions) != 0 || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%d sessions, coverage %+v, error %v; want the deadline to be why", len(sessions), cover, err)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, _, err := src.OpenSessions(gone); err == nil {
		t.Error("a context that had ended made no error")
	}
}

func stranger(t *testing.T, s System) {
	src := s.Stranger(t)
	s.Open(t, 5)
	for range 20 {
		sessions, _, err := src.OpenSessions(t.Context())
		if err == nil || len(sessions) != 0 {
			t.Fatalf("%d sessions with wrong credentials", len(sessions))
		}
		noCanary(t, err.Error())
		if _, _, _, err := src.ClosedSessions(t.Context(), conversation.Mark{}); err == nil {
			t.Fatal("closed sessions were told to a stranger")
		}
		if got, errs := gather(t.Context(), t, src, []conversation.Want{{Session: 1, Limit: 200}}); len(got) != 0 || len(errs) != 1 {
			t.Fatalf("a stranger got %d threads, errors %v", len(got), errs)
		}
		info, _ := src.Info(t.Context())
		if !info.AcceptedAt.IsZero() {
			t.Fatal("wrong credentials were accepted")
		}
		s.Advance(time.Second)
	}
	if n := s.SignIns(); n > 1 {
		t.Errorf("%d tries with wrong credentials in 20 seconds", n)
	}
}

func identity(t *testing.T, s System) {
	src := s.Source(t)
	s.Fail(true)
	info, err := src.Info(t.Context())
	if err == nil || info.System == "" || len(info.States) == 0 || info.Version != "" {
		t.Errorf("before any answer: %+v, error %v", info, err)
	}
	s.Fail(false)
	s.Advance(time.Hour)
	list(t, src)
	if info, err = src.Info(t.Context()); err != nil || info.Version == "" || info.AcceptedAt.IsZero() {
		t.Errorf("with answers: %+v, error %v", info, err)
	}
	version := info.Version
	s.Fail(true)
	s.Advance(time.Hour)
	if info, _ = src.Info(t.Context()); info.Version != version {
		t.Errorf("the version was %q and is %q while the system fails", version, info.Version)
	}
}

func closing(t *testing.T, s System) {
	src := s.Source(t)
	s.Open(t, 5)
	list(t, src)
	for range 2 { // Closing what is closed is no matter.
		if err := src.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if n := s.Held(); n != 0 {
		t.Errorf("%d things were not given back", n)
	}
	if _, _, err := src.OpenSessions(t.Context()); err == nil {
		t.Error("a closed source lists sessions")
	}
	if got, errs := gather(t.Context(), t, src, []conversation.Want{{Session: 1, Limit: 200}}); len(got) != 0 || len(errs) != 1 {
		t.Errorf("a closed source tells %d threads, errors %v", len(got), errs)
	}
	if n := s.Held(); n != 0 {
		t.Errorf("a closed source took %d things", n)
	}
}
