package yeastar

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"conversation_exporter/simulator/world"
	"conversation_exporter/source/httpapi"
)

// hostile is a PBX whose every answer the test writes. It counts requests.
type hostile struct {
	*httptest.Server
	mu    sync.Mutex
	count map[string]int
	world *world.World
}

const goodToken = `{"errcode":0,"access_token":"T%d","access_token_expire_time":1800,"refresh_token":"R","refresh_token_expire_time":86400}`

func newHostile(t *testing.T, answer func(n int, endpoint, token string) (int, string)) *hostile {
	t.Helper()
	h := &hostile{count: make(map[string]int), world: world.New(world.Options{Start: start(), Still: true})}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		endpoint := r.URL.Path[len(apiRoot)+1:]
		h.mu.Lock()
		h.count[endpoint]++
		n := h.count[endpoint]
		h.mu.Unlock()
		status, body := answer(n, endpoint, r.URL.Query().Get("access_token"))
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *hostile) n(endpoint string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.count[endpoint]
}

func (h *hostile) source(t *testing.T, change func(*Options)) *Source {
	t.Helper()
	opts := Options{
		URL: h.URL, ClientID: "id", UserAgent: "test", Jitter: noWait, Clock: h.world.Clock(), Viewers: Viewers{API: true, QueueMembers: true},
		Secret: func() (httpapi.Secret, error) { return httpapi.NewSecret("secret"), nil },
	}
	if change != nil {
		change(&opts)
	}
	s, err := New(opts)
	must(t, err)
	t.Cleanup(func() { s.client.CloseIdle() })
	return s
}

// passes makes passes as the collector does, for so long and so often.
func (h *hostile) passes(s *Source, during, every time.Duration) (last string) {
	for end := h.world.Now().Add(during); h.world.Now().Before(end); h.world.Advance(every) {
		last = listOnce(s)
		_, _ = s.Queues(context.Background())
		_, _ = s.Info(context.Background())
	}
	return last
}

// A PBX, or a proxy before it, that does not serve refresh_token must not keep
// the exporter down until the refresh token's end: get_token still works.
func TestHostileARefreshThatNeverAnswersFallsBackToASignIn(t *testing.T) {
	for name, refresh := range map[string]struct {
		status int
		body   string
	}{
		"HTTP 404":     {404, "no"},
		"HTTP 502":     {502, "bad gateway"},
		"a web page":   {200, "<html>login</html>"},
		"no errcode":   {200, "{}"},
		"another kind": {200, `{"errcode":0,"access_token":7}`},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHostile(t, func(n int, endpoint, _ string) (int, string) {
				switch endpoint {
				case pathGetToken:
					return 200, fmt.Sprintf(goodToken, n)
				case pathRefreshToken:
					return refresh.status, refresh.body
				}
				return 200, `{"errcode":0}`
			})
			s := h.source(t, nil)
			h.passes(s, 2*time.Hour, time.Minute)
			if text := listOnce(s); text != "" {
				t.Errorf("after 2 hours, with %d sign-ins and %d refreshes: %s", h.n(pathGetToken), h.n(pathRefreshToken), text)
			}
		})
	}
}

// No tries of the sign-in, of whatever kind, more than 4 within 10 minutes.
func TestHostileSafetyOfSignInAtMostFourFailuresInTenMinutes(t *testing.T) {
	for name, tc := range map[string]struct {
		answer func(n int, endpoint, token string) (int, string)
		every  time.Duration
	}{
		"70004 whose block is over in a second": {func(_ int, endpoint, _ string) (int, string) {
			return 200, `{"errcode":70004,"block_expire_time":1}`
		}, 15 * time.Second},
		"a proxy that answers 504 for the PBX": {func(_ int, endpoint, _ string) (int, string) { return 504, "" }, 15 * time.Second},
		"HTTP 403 for wrong credentials":       {func(_ int, endpoint, _ string) (int, string) { return 403, "" }, 15 * time.Second},
		"three failures, a success, a dead token, and again": {func(n int, endpoint, token string) (int, string) {
			switch {
			case endpoint == pathGetToken && n%4 != 0:
				return 200, `{"errcode":-2}`
			case endpoint == pathGetToken:
				return 200, fmt.Sprintf(goodToken, n)
			case endpoint == pathSearch && n%3 == 0:
				return 200, `{"errcode":10004}`
			}
			return 200, `{"errcode":0}`
		}, 15 * time.Second},
		"a refresh token whose answers are lost": {func(n int, endpoint, token string) (int, string) {
			switch endpoint {
			case pathGetToken:
				return 200, strings.Replace(fmt.Sprintf(goodToken, n), "1800", "60", 1)
			case pathRefreshToken:
				return 200, `{"errcode":`
			}
			return 200, `{"errcode":0}`
		}, 15 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			failed := 0
			var mu sync.Mutex
			h := newHostile(t, func(n int, endpoint, token string) (int, string) {
				status, body := tc.answer(n, endpoint, token)
				if (endpoint == pathGetToken || endpoint == pathRefreshToken) && !strings.Contains(body, "access_token") {
					mu.Lock()
					failed++
					mu.Unlock()
				}
				return status, body
			})
			s := h.source(t, nil)
			last := h.passes(s, 10*time.Minute, tc.every)
			mu.Lock()
			defer mu.Unlock()
			if failed > failuresAllowed {
				t.Errorf("%d failed tries in 10 minutes; last: %s", failed, last)
			}
		})
	}
}

// A token that works here and not there must not be replaced at every pass: the
// PBX allows 8, each for 30 minutes.
func TestHostileTokensAreNotBurned(t *testing.T) {
	for name, tc := range map[string]func(n int, endpoint, token string) (int, string){
		"10004 from the session list alone": func(n int, endpoint, token string) (int, string) {
			if endpoint == pathSearch {
				return 200, `{"errcode":10004}`
			}
			return 200, `{"errcode":0}`
		},
		"10004 every other time": func(n int, endpoint, token string) (int, string) {
			if endpoint == pathSearch && n%2 == 0 {
				return 200, `{"errcode":10004}`
			}
			return 200, `{"errcode":0}`
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHostile(t, func(n int, endpoint, token string) (int, string) {
				if endpoint == pathGetToken || endpoint == pathRefreshToken {
					return 200, fmt.Sprintf(goodToken, n)
				}
				return tc(n, endpoint, token)
			})
			s := h.source(t, nil)
			last := h.passes(s, 25*time.Minute, 15*time.Second)
			if n := h.n(pathGetToken); n > tokensAllowed {
				t.Errorf("%d tokens taken in 25 minutes, of the 8 that the PBX allows; given back: %d; last: %s", n, h.n(pathDelToken), last)
			}
		})
	}
}

// Answers of get_token that are lost on the way leave a token behind each.
func TestHostileLostAnswersBurnTokens(t *testing.T) {
	for name, lost := range map[string]struct {
		status int
		body   string
	}{"cut short": {200, `{"errcode":0,"access_token":`}, "HTTP 504": {504, ""}} {
		t.Run(name, func(t *testing.T) {
			issued := 0
			var mu sync.Mutex
			h := newHostile(t, func(n int, endpoint, token string) (int, string) {
				if endpoint == pathGetToken {
					mu.Lock()
					issued++
					mu.Unlock()
					return lost.status, lost.body
				}
				return 200, `{"errcode":0}`
			})
			s := h.source(t, nil)
			last := h.passes(s, 30*time.Minute, 15*time.Second)
			mu.Lock()
			defer mu.Unlock()
			if issued > tokensAllowed {
				t.Errorf("%d tokens taken and lost within the 30 minutes that they live; last: %s", issued, last)
			}
		})
	}
}

// Closing ends in time, whatever the sign-in is busy with.
func TestHostileCloseEndsInTimeWhileTheSecretIsRead(t *testing.T) {
	h := newHostile(t, func(n int, endpoint, token string) (int, string) { return 200, `{"errcode":0}` })
	release := make(chan struct{})
	s := h.source(t, func(o *Options) {
		o.Secret = func() (httpapi.Secret, error) { <-release; return httpapi.NewSecret("x"), nil }
	})
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
	defer cancel()
	_, _, _ = s.OpenSessions(ctx)
	closed := make(chan struct{})
	go func() { _ = s.Close(ctx); close(closed) }()
	select {
	case <-closed:
	case <-time.After(time.Second):
		t.Error("Close did not return a second after its context had ended")
	}
	close(release)
	<-closed
}

// A corrected secret that meets 60002 waits 5 minutes, not the rest of the hour
// that the wrong one had earned.
func TestHostileAPauseBelongsToItsReason(t *testing.T) {
	secret := "wrong"
	h := newHostile(t, func(n int, endpoint, token string) (int, string) {
		if endpoint == pathGetToken && secret == "wrong" {
			return 200, `{"errcode":-1}`
		}
		if endpoint == pathGetToken {
			return 200, `{"errcode":60002}`
		}
		return 200, `{"errcode":0}`
	})
	s := h.source(t, func(o *Options) {
		o.Secret = func() (httpapi.Secret, error) { return httpapi.NewSecret(secret), nil }
	})
	h.passes(s, 131*time.Minute, time.Minute) // the pause is now 60 minutes
	secret = "right"
	if text := listOnce(s); !strings.Contains(text, "waits until 11:16") {
		t.Errorf("at %s: %s", h.world.Now().Format("15:04"), text)
	}
}

// Nobody closes the target, so nobody is told so.
func TestHostileAWaiterIsNotToldThatTheTargetIsClosed(t *testing.T) {
	h := newHostile(t, func(n int, endpoint, token string) (int, string) {
		if endpoint == pathGetToken {
			return 200, fmt.Sprintf(goodToken, n)
		}
		return 200, `{"errcode":10004}`
	})
	var texts sync.Map
	for range 50 {
		s := h.source(t, nil)
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() { texts.Store(listOnce(s), true) })
		}
		wg.Wait()
	}
	texts.Range(func(text, _ any) bool {
		if strings.Contains(text.(string), "being closed") {
			t.Errorf("%s", text)
		}
		return true
	})
}

func TestHostileOddTokenAnswers(t *testing.T) {
	for _, life := range []string{"0", "1", "-5", "9223372036854775807", `""`, "null", "1766000000", `"1800"`} {
		h := newHostile(t, func(n int, endpoint, token string) (int, string) {
			if endpoint == pathGetToken || endpoint == pathRefreshToken {
				return 200, fmt.Sprintf(`{"errcode":0,"access_token":"T%d","access_token_expire_time":%s,"refresh_token":"R","refresh_token_expire_time":%s}`, n, life, life)
			}
			return 200, `{"errcode":0}`
		})
		s := h.source(t, nil)
		if last := h.passes(s, time.Hour, time.Minute); last != "" && life != "1" {
			t.Errorf("life %s: %s", life, last)
		}
		if n := h.n(pathGetToken); n > 2*tokensAllowed {
			t.Errorf("life %s: %d sign-ins in an hour", life, n)
		}
	}
}

// A panic in Secret is told and nothing hangs; Close twice is no matter.
func TestHostilePanicInSecret(t *testing.T) {
	h := newHostile(t, func(n int, endpoint, token string) (int, string) { return 200, `{"errcode":0}` })
	s := h.source(t, func(o *Options) { o.Secret = func() (httpapi.Secret, error) { panic("canary") } })
	for range 5 {
		if text := listOnce(s); !strings.Contains(text, "fault of the exporter") || strings.Contains(text, "canary") {
			t.Error(text)
		}
	}
	must(t, s.Close(context.Background()))
	must(t, s.Close(context.Background()))
}

// The same on the simulator, with its limit of 8 tokens.
func TestHostileTokensAreNotBurnedOnTheSimulator(t *testing.T) {
	p := newPBX(t)
	p.Yeastar.FailEndpoint(pathSearch, 10004)
	s := p.source(t, func(o *Options) { o.Viewers = Viewers{API: true} })
	most := 0
	for range 40 {
		listOnce(s)
		_, _ = s.Info(context.Background())
		most = max(most, p.Yeastar.LiveTokens())
		p.World.Advance(15 * time.Second)
	}
	if most > tokensAllowed {
		t.Errorf("%d tokens in use at once within 10 minutes", most)
	}
}
