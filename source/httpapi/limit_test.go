package httpapi

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// fakeClock stands still but for those who sleep, whose time passes at once.
type fakeClock struct {
	mu    sync.Mutex
	now   time.Time
	slept []time.Duration
	// refuse is what Sleep returns instead of letting time pass.
	refuse error
}

func newFakeClock() *fakeClock {
	return &fakeClock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
}

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *fakeClock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.slept = append(c.slept, d)
	if c.refuse != nil && d > 0 {
		return c.refuse
	}
	c.now = c.now.Add(max(d, 0))
	return ctx.Err()
}

func (c *fakeClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// TestRateLimitFollowsTheClock shows how long each of a row of calls waits.
func TestRateLimitFollowsTheClock(t *testing.T) {
	const s = time.Second
	cases := []struct {
		name string
		rate float64
		// pause passes before the last three calls.
		pause time.Duration
		want  []time.Duration
	}{
		{"no limit", 0, 0, nil},
		{"a negative rate is no limit", -1, 0, nil},
		{"two a second", 2, 0, []time.Duration{0, 0, s / 2, s / 2, s / 2, s / 2}},
		{"one in two seconds", 0.5, 0, []time.Duration{0, 2 * s, 2 * s, 2 * s, 2 * s, 2 * s}},
		{"a broken number", 2.5, 0, []time.Duration{0, 0, 400 * time.Millisecond, 400 * time.Millisecond, 400 * time.Millisecond, 400 * time.Millisecond}},
		{"a long rest saves up no more than a second's calls", 2, time.Hour, []time.Duration{0, 0, s / 2, 0, 0, s / 2}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			clock := newFakeClock()
			srv := newServer(t, answer("{}"))
			client := newClient(t, Config{BaseURL: srv.URL, RequestsPerSecond: c.rate, Clock: clock})
			for i := range 6 {
				if i == 3 {
					clock.advance(c.pause)
				}
				if err := get(t.Context(), client); err != nil {
					t.Fatal(err)
				}
			}
			for i := range clock.slept {
				// The limiter counts in floating point.
				clock.slept[i] = clock.slept[i].Round(time.Millisecond)
			}
			if !slices.Equal(clock.slept, c.want) {
				t.Errorf("the calls waited %v, want %v", clock.slept, c.want)
			}
		})
	}
}

// TestCancelledWaitGivesItsPlaceBack shows that a call which left while it
// waited for the rate costs the next one neither time nor its only place.
func TestCancelledWaitGivesItsPlaceBack(t *testing.T) {
	clock := newFakeClock()
	srv := newServer(t, answer("{}"))
	client := newClient(t, Config{BaseURL: srv.URL, RequestsPerSecond: 1, Concurrency: 1, Clock: clock})
	if err := get(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	for _, end := range []error{context.Canceled, context.DeadlineExceeded} {
		clock.refuse = end
		e := asError(t, get(t.Context(), client))
		if e.Reason != ReasonTimeout || e.Sent || !errors.Is(e, end) {
			t.Errorf("a wait that ended gave %#v, want reason timeout, not sent, and %v", e, end)
		}
	}
	clock.refuse = nil
	if err := get(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	if want := []time.Duration{0, time.Second, time.Second, time.Second}; !slices.Equal(clock.slept, want) {
		t.Errorf("the calls waited %v, want %v", clock.slept, want)
	}
	if n := srv.requests.Load(); n != 2 {
		t.Errorf("the server had %d requests, want 2", n)
	}
}

// TestAnswersAreStampedByTheClock shows that the time of an answer is that of
// the injected clock when the answer was whole.
func TestAnswersAreStampedByTheClock(t *testing.T) {
	clock := newFakeClock()
	srv := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		clock.advance(time.Minute)
		answer("{}")(w, r)
	})
	client := newClient(t, Config{BaseURL: srv.URL, Clock: clock})
	before := clock.Now()
	at, err := client.Do(t.Context(), Request{Method: http.MethodGet, Path: searchPath}, new(any))
	if err != nil {
		t.Fatal(err)
	}
	if want := before.Add(time.Minute); !at.Equal(want) {
		t.Errorf("the answer has the time %v, want %v", at, want)
	}
}

// crowd is a server whose handlers all wait, and that counts how many do.
type crowd struct {
	mu           sync.Mutex
	inside, most int
	arrived      chan struct{}
	release      chan struct{}
}

func newCrowd() *crowd {
	return &crowd{arrived: make(chan struct{}, 100), release: make(chan struct{})}
}

func (c *crowd) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.enter(1)
	defer c.enter(-1)
	c.arrived <- struct{}{}
	<-c.release
	answer("{}")(w, r)
}

func (c *crowd) enter(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inside += n
	c.most = max(c.most, c.inside)
}

// TestConcurrencyIsBounded sends many calls at once, and lets one answer for
// each that arrives.
func TestConcurrencyIsBounded(t *testing.T) {
	for want, concurrency := range map[int]int{1: 0, 3: 3, 5: 5} {
		c := newCrowd()
		client := newClient(t, Config{BaseURL: newServer(t, c.ServeHTTP).URL, Concurrency: concurrency})
		const calls = 30
		var wg sync.WaitGroup
		for range calls {
			wg.Go(func() {
				if err := get(t.Context(), client); err != nil {
					t.Error(err)
				}
			})
		}
		for range want {
			<-c.arrived
		}
		for range calls - want {
			c.release <- struct{}{}
			<-c.arrived
		}
		close(c.release)
		wg.Wait()
		if got := c.most; got != want {
			t.Errorf("with a concurrency of %d, %d calls were under way at once, want %d", concurrency, got, want)
		}
	}
}

// TestWaitForAPlaceEndsWithTheContext fills every place; a call that waits for
// one leaves when its context ends, and later calls find every place free.
func TestWaitForAPlaceEndsWithTheContext(t *testing.T) {
	c := newCrowd()
	srv := newServer(t, c.ServeHTTP)
	client := newClient(t, Config{BaseURL: srv.URL, Concurrency: 2})
	var wg sync.WaitGroup
	call := func() {
		wg.Go(func() {
			if err := get(t.Context(), client); err != nil {
				t.Error(err)
			}
		})
	}
	for range 2 {
		call()
		<-c.arrived
	}
	for _, end := range []error{context.Canceled, context.DeadlineExceeded} {
		ctx := newEndable(t, end)
		failed := make(chan error)
		go func() { failed <- get(ctx, client) }()
		ctx.end()
		e := asError(t, <-failed)
		if e.Reason != ReasonTimeout || e.Sent || !errors.Is(e, end) {
			t.Errorf("got %#v, want reason timeout, not sent, and %v", e, end)
		}
	}
	close(c.release)
	wg.Wait()
	c.release = make(chan struct{})
	for range 2 {
		call()
		<-c.arrived
	}
	close(c.release)
	wg.Wait()
	if n := srv.requests.Load(); n != 4 {
		t.Errorf("the server had %d requests, want 4", n)
	}
}

func TestSystemClock(t *testing.T) {
	clock := SystemClock{}
	before := time.Now()
	if now := clock.Now(); now.Before(before) || now.After(time.Now()) {
		t.Errorf("Now tells %v, which is not the present", now)
	}
	for _, d := range []time.Duration{-time.Hour, 0, time.Millisecond} {
		if err := clock.Sleep(t.Context(), d); err != nil {
			t.Errorf("Sleep(%v): %v", d, err)
		}
	}
	for _, end := range []error{context.Canceled, context.DeadlineExceeded} {
		ctx := newEndable(t, end)
		slept := make(chan error)
		go func() { slept <- clock.Sleep(ctx, 24*time.Hour) }()
		ctx.end()
		if err := <-slept; !errors.Is(err, end) {
			t.Errorf("a sleep whose context ended returned %v, want %v", err, end)
		}
		for _, d := range []time.Duration{0, 24 * time.Hour} {
			if err := clock.Sleep(ctx, d); !errors.Is(err, end) {
				t.Errorf("Sleep(%v) in a context that has ended returned %v, want %v", d, err, end)
			}
		}
	}
}

// TestLesson22AThrottleStopsThoseWhoWaitForTheirTurn is about calls that wait for
// the rate limit while another is told to stand back.
func TestLesson22AThrottleStopsThoseWhoWaitForTheirTurn(t *testing.T) {
	var asked atomic.Int64
	s := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.Header().Set("Retry-After", "60")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	c := newClient(t, Config{BaseURL: s.URL, Concurrency: 4, RequestsPerSecond: 4})
	for range 4 {
		c.limit.Allow() // Its burst is used up.
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if err := get(ctx, c); err == nil {
				t.Error("no error")
			}
		})
	}
	wg.Wait()
	if n := asked.Load(); n != 1 {
		t.Errorf("%d requests reached a server that wants to be left alone", n)
	}
}
