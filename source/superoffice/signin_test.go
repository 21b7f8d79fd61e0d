package superoffice

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"conversation_exporter/conversation"
	"conversation_exporter/source/httpapi"
)

// wrong counts the requests that the server refused.
func (s *stub) wrong() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range s.headers {
		if h.Get("Authorization") != s.authorization {
			n++
		}
	}
	return n
}

func TestWrongCredentialsAreTriedOnceHoweverManyAsk(t *testing.T) {
	s := newStub(t)
	value := "Basic wrong-" + canary
	src := s.source(t, func(o *Options) {
		o.Authorization = func() (httpapi.Secret, error) { return httpapi.NewSecret(value), nil }
	})
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			_, _, err := src.OpenSessions(t.Context())
			if err == nil || !strings.Contains(err.Error(), "basic_auth") {
				t.Errorf("error %v", err)
			}
			noCanary(t, err)
		})
	}
	wg.Wait()
	for range 20 {
		s.clock.advance(time.Second)
		if _, _, _, err := src.ClosedSessions(t.Context(), conversation.Mark{}); err == nil {
			t.Fatal("a stranger was let in")
		}
		if _, errs := gather(t, src, conversation.Want{Session: 1}); len(errs) != 1 {
			t.Fatalf("errors %v", errs)
		}
		if info, _ := src.Info(t.Context()); !info.AcceptedAt.IsZero() {
			t.Fatal("wrong credentials were accepted")
		}
	}
	if n := s.wrong(); n != 1 {
		t.Errorf("%d tries with wrong credentials", n)
	}
	// The pauses are 10, 20, 40 and then 60 minutes.
	for _, pause := range []time.Duration{10, 20, 40, 60, 60} {
		before := s.wrong()
		s.clock.advance(pause*time.Minute - time.Minute)
		_, _, _ = src.OpenSessions(t.Context())
		if s.wrong() != before {
			t.Errorf("tried again before %d minutes were over", pause)
		}
		s.clock.advance(time.Minute)
		_, _, _ = src.OpenSessions(t.Context())
		if s.wrong() != before+1 {
			t.Errorf("%d tries after %d minutes, want one", s.wrong()-before, pause)
		}
	}
	// A changed secret is tried at once.
	value = "Basic " + canary
	read(t, src)
}

func TestA401LaterSignsInOnceMore(t *testing.T) {
	s := newStub(t)
	value := "Basic " + canary
	src := s.source(t, func(o *Options) {
		o.Authorization = func() (httpapi.Secret, error) { return httpapi.NewSecret(value), nil }
	})
	read(t, src)
	s.clock.advance(time.Hour)
	s.do(func() { s.authorization = "Basic changed" })
	value = "Basic changed"
	read(t, src)
	// A call that is refused while others are not is no reason to sign in again and again.
	s.do(func() {
		s.fail = func(r *http.Request) int {
			if strings.HasSuffix(r.URL.Path, "/ChatSession") {
				return http.StatusUnauthorized
			}
			return 0
		}
	})
	before := s.asked("GET MDOList")
	for range 5 {
		if _, _, err := src.OpenSessions(t.Context()); err == nil {
			t.Error("a refusal is no error")
		}
	}
	if n := s.asked("GET MDOList") - before; n > 1 {
		t.Errorf("signed in %d times more", n)
	}
}

func TestAClosedSourceAsksNothing(t *testing.T) {
	s := newStub(t)
	src := s.source(t, nil)
	read(t, src)
	for range 2 {
		must(t, src.Close(context.Background()))
	}
	before := len(s.requests)
	if _, _, err := src.OpenSessions(t.Context()); !errors.Is(err, errClosed) {
		t.Errorf("error %v", err)
	}
	if _, errs := gather(t, src, conversation.Want{Session: 1}); len(errs) != 1 || len(s.requests) != before {
		t.Errorf("errors %v", errs)
	}
}

func TestChannelsAreUnsupported(t *testing.T) {
	if _, err := newStub(t).source(t, nil).Channels(t.Context()); !errors.Is(err, conversation.ErrUnsupported) {
		t.Errorf("error %v", err)
	}
}

func TestOnlyCallsThatReadAreOnTheList(t *testing.T) {
	for _, o := range []Options{{}, {Online: &Online{}}, {Online: &Online{RefreshToken: func() (httpapi.Secret, error) { return httpapi.Secret{}, nil }}}} {
		for _, r := range routes(o) {
			reads := r.Method == http.MethodGet || r.Path == pathPresence
			signsIn := r.Path == pathToken || r.Path == pathSystemUser
			if reads == signsIn || r.Reads != (r.Path == pathPresence) {
				t.Errorf("%+v is on the list", r)
			}
		}
	}
}
