package httpapi

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"
)

// What a call is told whose turn did not come before the time was over.
const (
	notAsked = "not asked, as the system did not answer in time: look whether the system hangs or is overloaded, or allow it more time (scrape_timeout of Prometheus, or timeout)"
	noTime   = "the time was over before this was asked: allow the scrape more time, or raise requests_per_second"
)

// texts makes calls at once and counts what they are told.
func texts(t *testing.T, c *Client, calls int, limit time.Duration) map[string]int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	told := make(map[string]int)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range calls {
		wg.Go(func() {
			text := ""
			if err := get(ctx, c); err != nil {
				text = asError(t, err).Text
			}
			mu.Lock()
			defer mu.Unlock()
			told[text]++
		})
	}
	wg.Wait()
	return told
}

// More requests a second are of no use against a system that hangs.
func TestCallsThatAHangingSystemKeepsFromTheirTurnSaySo(t *testing.T) {
	var mu sync.Mutex
	hangs := true
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		h := hangs
		mu.Unlock()
		if h {
			<-r.Context().Done()
			return
		}
		answer("{}")(w, r)
	})
	c := newClient(t, Config{BaseURL: s.URL, Concurrency: 2})
	if got := texts(t, c, 5, silentAfter+200*time.Millisecond); got[noAnswer] != 2 || got[notAsked] != 3 {
		t.Errorf("told %v, want that 2 had no answer and 3 were not asked for that", got)
	}
	// So it is until it answers.
	if got := texts(t, c, 1, 0); got[notAsked] != 1 {
		t.Errorf("told %v after it has hung", got)
	}
	mu.Lock()
	hangs = false
	mu.Unlock()
	if got := texts(t, c, 1, time.Minute); got[""] != 1 {
		t.Errorf("told %v, want an answer", got)
	}
	if got := texts(t, c, 1, 0); got[noTime] != 1 {
		t.Errorf("told %v after it has answered", got)
	}
}

// Where everything is answered and there is too much to ask, the rate is why.
func TestCallsThatTheRateKeepsFromTheirTurnSaySo(t *testing.T) {
	s := newServer(t, answer("{}"))
	c := newClient(t, Config{BaseURL: s.URL, Concurrency: 2, RequestsPerSecond: 0.4})
	if got := texts(t, c, 4, silentAfter+200*time.Millisecond); got[""] != 1 || got[noTime] != 3 {
		t.Errorf("told %v, want 1 answer and 3 for whom there was no time", got)
	}
}

// Why a call had no turn may differ from pass to pass, and is one failure.
func TestACallWithoutATurnIsOneFailureWhateverTheReason(t *testing.T) {
	c := newClient(t, Config{BaseURL: "http://127.0.0.1:9"})
	ctx, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	rate := asError(t, get(ctx, c))
	c.silence.since = time.Now().Add(-time.Minute)
	silent := asError(t, get(ctx, c))
	if rate.Text != noTime || silent.Text != notAsked || rate.Key() != silent.Key() {
		t.Errorf("%q has the key %q, %q has %q", rate.Text, rate.Key(), silent.Text, silent.Key())
	}
}

// A system that has answered by http:// speaks it: what breaks then is no port of
// HTTPS.
func TestAConnectionThatBreaksLaterIsNoPortOfHTTPS(t *testing.T) {
	first := true
	var mu sync.Mutex
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if first {
			first = false
			answer("{}")(w, r)
			return
		}
		panic(http.ErrAbortHandler)
	})
	c := newClient(t, Config{BaseURL: s.URL})
	for _, want := range []string{"", brokeOff} {
		if got := texts(t, c, 1, time.Minute); got[want] != 1 {
			t.Errorf("told %v, want %q", got, want)
		}
	}
}
