package yeastar

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	simyeastar "conversation_exporter/simulator/yeastar"
	"conversation_exporter/source/httpapi"
)

// listOnce makes one pass and returns its error as text.
func listOnce(s *Source) string {
	if _, _, err := s.OpenSessions(context.Background()); err != nil {
		return err.Error()
	}
	return ""
}

// eventually waits for what a goroutine does beside the calls.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for range 1000 {
		if is() {
			return
		}
		time.Sleep(2 * time.Millisecond)
	}
	t.Errorf("%s: did not happen", what)
}

func TestOneSignInServesAllCallers(t *testing.T) {
	p := newPBX(t)
	s := p.source(t, nil)
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if text := listOnce(s); text != "" {
				t.Error(text)
			}
		})
	}
	wg.Wait()
	if n := p.Yeastar.Requests(pathGetToken); n != 1 {
		t.Errorf("%d sign-ins for 50 callers, want 1", n)
	}
}

func TestLesson23ATokenThatDiesIsReplacedOnce(t *testing.T) {
	p := newPBX(t)
	s := p.source(t, nil)
	read(t, s)
	p.Yeastar.RevokeTokens()
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if text := listOnce(s); text != "" {
				t.Error(text)
			}
		})
	}
	wg.Wait()
	if n := p.Yeastar.Requests(pathGetToken); n != 2 {
		t.Errorf("%d sign-ins, want the first and one more", n)
	}
}

func TestATokenIsRefreshedBeforeItsEnd(t *testing.T) {
	p := newPBX(t)
	s := p.source(t, nil)
	read(t, s)
	p.World.Advance(24 * time.Minute)
	read(t, s)
	if n := p.Yeastar.Requests(pathRefreshToken); n != 0 {
		t.Errorf("%d refreshes with more than 5 minutes left", n)
	}
	p.World.Advance(2 * time.Minute)
	read(t, s)
	eventually(t, "refreshing", func() bool { return p.Yeastar.Requests(pathRefreshToken) == 1 })
	// Far beyond the life of the first token, and of its refresh token.
	for range 200 {
		p.World.Advance(20 * time.Minute)
		read(t, s)
	}
	if n := p.Yeastar.Requests(pathGetToken); n > 1+200/6 {
		t.Errorf("%d sign-ins in 66 hours", n)
	}
	if n := p.Yeastar.LiveTokens(); n > 2 {
		t.Errorf("%d tokens in use", n)
	}
}

func TestARefreshThatFailsFallsBackToASignIn(t *testing.T) {
	for _, code := range []int{-2, -1, 10004, 40002} {
		p := newPBX(t)
		s := p.source(t, nil)
		read(t, s)
		p.World.Advance(40 * time.Minute)
		p.Yeastar.Inject(simyeastar.Fault{Endpoint: pathRefreshToken, Code: code, Times: 1})
		read(t, s)
		if n := p.Yeastar.Requests(pathGetToken); n != 2 {
			t.Errorf("code %d: %d sign-ins, want 2", code, n)
		}
	}
}

// A sign-in outlives the scrape that began it: its token would be lost, and the
// PBX allows 8.
func TestASignInOutlivesItsScrape(t *testing.T) {
	p := newPBX(t)
	s := p.source(t, nil)
	p.Yeastar.Set(func(sw *simyeastar.Switches) { sw.Latency = 300 * time.Millisecond })
	for range 3 {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		_, _, err := s.OpenSessions(ctx)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error = %v", err)
		}
	}
	p.Yeastar.Set(func(sw *simyeastar.Switches) { sw.Latency = 0 })
	read(t, s)
	if n := p.Yeastar.Requests(pathGetToken); n != 1 {
		t.Errorf("%d sign-ins, want 1", n)
	}
}

func TestCloseGivesTheTokenBack(t *testing.T) {
	p := newPBX(t)
	s := p.source(t, nil)
	must(t, s.Close(context.Background())) // Nothing was taken yet.
	s = p.source(t, nil)
	read(t, s)
	if n := p.Yeastar.LiveTokens(); n != 1 {
		t.Fatalf("%d tokens in use, want 1", n)
	}
	must(t, s.Close(context.Background()))
	if n := p.Yeastar.LiveTokens(); n != 0 {
		t.Errorf("%d tokens in use after closing, want 0", n)
	}
	if text := listOnce(s); text != errClosed.Error() {
		t.Errorf("a pass after closing: %q", text)
	}
	if n := p.Yeastar.Requests(pathGetToken); n != 1 {
		t.Errorf("%d sign-ins, want 1", n)
	}
}

func TestCloseTakesATokenThatIsStillComing(t *testing.T) {
	p := newPBX(t)
	s := p.source(t, nil)
	p.Yeastar.Set(func(sw *simyeastar.Switches) { sw.Latency = 200 * time.Millisecond })
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if _, _, err := s.OpenSessions(ctx); err == nil {
		t.Fatal("no error")
	}
	must(t, s.Close(context.Background()))
	if n := p.Yeastar.LiveTokens(); n != 0 {
		t.Errorf("%d tokens in use after closing, want 0", n)
	}
}

func TestASecretThatCannotBeRead(t *testing.T) {
	p := newPBX(t)
	s := p.source(t, func(o *Options) {
		o.Secret = func() (httpapi.Secret, error) { return httpapi.Secret{}, errors.New("reading the secret file: gone") }
	})
	if text := listOnce(s); text != "reading the secret file: gone" {
		t.Errorf("error = %q", text)
	}
	if n := p.Yeastar.Requests(pathGetToken); n != 0 {
		t.Errorf("%d sign-ins without a secret", n)
	}
}

// A fault in a sign-in has no scrape to end with it; the next one tries again.
func TestAPanicWhileSigningInIsContained(t *testing.T) {
	p := newPBX(t)
	broken := true
	s := p.source(t, func(o *Options) {
		o.Secret = func() (httpapi.Secret, error) {
			if broken {
				panic("canary")
			}
			return httpapi.NewSecret(p.ClientSecret()), nil
		}
	})
	if text := listOnce(s); text != "signing in: a fault of the exporter: string" {
		t.Errorf("error = %q", text)
	}
	broken = false
	if text := listOnce(s); text != "" {
		t.Errorf("after the fault: %s", text)
	}
}

// A pass asks for several things; one failed sign-in is enough for all of them.
func TestAPassTriesToSignInOnce(t *testing.T) {
	for _, code := range []int{2, -2, 70082} {
		p := newPBX(t)
		p.Yeastar.FailEndpoint(pathGetToken, code)
		s := p.source(t, nil)
		for pass := range 3 {
			listOnce(s)
			_, _ = s.Queues(context.Background())
			_, _ = s.Info(context.Background())
			if n := p.Yeastar.Requests(pathGetToken); n != pass+1 {
				t.Errorf("code %d: %d sign-ins in %d passes", code, n, pass+1)
			}
			p.World.Advance(time.Minute)
		}
		p.Yeastar.FailEndpoint(pathGetToken, 0)
		if text := listOnce(s); text != "" {
			t.Errorf("code %d: after the PBX is well again: %s", code, text)
		}
	}
}
