package httpapi

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// bounded records the bounds that a wait is picked from, and waits that long.
type bounded struct {
	mu     sync.Mutex
	bounds []time.Duration
}

func (b *bounded) pick(bound time.Duration) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.bounds = append(b.bounds, bound)
	return bound
}

// series answers with one handler after the other, the last for all that follow.
func series(handlers ...http.HandlerFunc) http.HandlerFunc {
	var n atomic.Int64
	return func(w http.ResponseWriter, r *http.Request) {
		i := int(n.Add(1)) - 1
		handlers[min(i, len(handlers)-1)](w, r)
	}
}

// hangUp closes the connection instead of an answer.
func hangUp(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

func throttled(after string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if after != "" {
			w.Header().Set("Retry-After", after)
		}
		w.WriteHeader(http.StatusTooManyRequests)
	}
}

// errBusy is what a judge in these tests says.
var errBusy = errors.New("busy")

// judged is a call whose answer {"errcode":2} means that the system is busy, and
// {"errcode":3} that it refuses.
func judged(ctx context.Context, c *Client, req Request) error {
	var out struct {
		ErrCode int
		Fields  []string
	}
	req.Path = searchPath
	req.Judge = func() Verdict {
		if out.ErrCode == 0 && len(out.Fields) > 0 {
			return Verdict{Err: errors.New("the answers were mixed"), Reason: "mixed"}
		}
		if out.ErrCode != 0 {
			return Verdict{Err: errBusy, Reason: Reason("errcode_" + strconv.Itoa(out.ErrCode)), Retry: out.ErrCode == 2}
		}
		return Verdict{}
	}
	_, err := c.Do(ctx, req, &out)
	return err
}

// TestRetries shows what is repeated, how often, and after which waits.
func TestRetries(t *testing.T) {
	const ms = time.Millisecond
	good, busy, refusing := answer(`{"errcode":0}`), answer(`{"errcode":2,"fields":["x"]}`), answer(`{"errcode":3}`)
	broken, moved, missing := echo(502, "text/html", "<html>"), echo(302, "text/html", ""), echo(404, "text/html", "")
	cases := []struct {
		name     string
		req      Request
		handlers []http.HandlerFunc
		requests int64
		waits    []time.Duration
		reason   Reason // of the failure that is told; empty for success
	}{
		{"good", Request{}, []http.HandlerFunc{good}, 1, nil, ""},
		{"5xx passes", Request{}, []http.HandlerFunc{broken, good}, 2, []time.Duration{200 * ms}, ""},
		{"a connection breaks twice", Request{}, []http.HandlerFunc{hangUp, hangUp, good}, 3, []time.Duration{200 * ms, 400 * ms}, ""},
		{"5xx stays", Request{}, []http.HandlerFunc{broken}, 3, []time.Duration{200 * ms, 400 * ms}, ReasonHTTP5xx},
		{"a judge says busy, and the next answer is not mixed with that", Request{}, []http.HandlerFunc{busy, good}, 2, []time.Duration{200 * ms}, ""},
		{"a judge says busy for ever", Request{}, []http.HandlerFunc{busy}, 3, []time.Duration{200 * ms, 400 * ms}, "judge"},
		{"a judge refuses", Request{}, []http.HandlerFunc{refusing}, 1, nil, "judge"},
		{"a POST is made once", Request{Method: http.MethodPost}, []http.HandlerFunc{broken, good}, 1, nil, ReasonHTTP5xx},
		{"a GET that does more than read is made once", Request{Once: true}, []http.HandlerFunc{broken, good}, 1, nil, ReasonHTTP5xx},
		{"3xx", Request{}, []http.HandlerFunc{moved, good}, 1, nil, ReasonRedirect},
		{"4xx", Request{}, []http.HandlerFunc{missing, good}, 1, nil, ReasonHTTP4xx},
		{"not JSON", Request{}, []http.HandlerFunc{answer("<html>"), good}, 1, nil, ReasonDecode},
		{"too large", Request{}, []http.HandlerFunc{answer(strings.Repeat(" ", 99)), good}, 1, nil, ReasonTooLarge},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			clock, jitter, srv := newFakeClock(), &bounded{}, newServer(t, series(tc.handlers...))
			c := newClient(t, Config{BaseURL: srv.URL, Clock: clock, Jitter: jitter.pick, MaxBody: 64})
			if tc.req.Method == "" {
				tc.req.Method = http.MethodGet
			}
			err := judged(t.Context(), c, tc.req)
			switch {
			case tc.reason == "" && err != nil, tc.reason == "judge" && !errors.Is(err, errBusy):
				t.Errorf("got %v", err)
			case tc.reason != "" && tc.reason != "judge" && asError(t, err).Reason != tc.reason:
				t.Errorf("got %v, want reason %s", err, tc.reason)
			}
			if n := srv.requests.Load(); n != tc.requests || !slices.Equal(jitter.bounds, tc.waits) || !slices.Equal(clock.slept, tc.waits) {
				t.Errorf("%d requests after waits of %v of at most %v, want %d after %v", n, clock.slept, jitter.bounds, tc.requests, tc.waits)
			}
		})
	}
}

// TestARetryThatDoesNotFitIsNotMade shows that the failure is told at once
// where the wait would take all the time that is left.
func TestARetryThatDoesNotFitIsNotMade(t *testing.T) {
	clock, srv := newFakeClock(), newServer(t, echo(500, "text/html", ""))
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	for wait, requests := range map[time.Duration]int64{time.Second: 3, waitLongest + 1: 1, 2 * time.Hour: 1} {
		srv.requests.Store(0)
		c := newClient(t, Config{BaseURL: srv.URL, Clock: clock, Jitter: func(time.Duration) time.Duration { return wait }})
		if e := asError(t, get(ctx, c)); e.Reason != ReasonHTTP5xx || srv.requests.Load() != requests {
			t.Errorf("with waits of %v: %v after %d requests, want %d", wait, e, srv.requests.Load(), requests)
		}
	}
	soon, cancelSoon := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancelSoon()
	if fits(soon, 25*time.Second) || !fits(soon, time.Second) || !fits(t.Context(), waitLongest) || fits(t.Context(), waitLongest+1) {
		t.Error("a wait fits that is longer than the time, or does not fit although it is shorter")
	}
}

// TestAWaitForARetryEndsWithTheContext is about callers that leave meanwhile.
func TestAWaitForARetryEndsWithTheContext(t *testing.T) {
	srv := newServer(t, echo(500, "text/html", ""))
	ctx := newEndable(t, context.Canceled)
	c := newClient(t, Config{BaseURL: srv.URL, Jitter: func(time.Duration) time.Duration {
		ctx.end()
		return 20 * time.Second
	}})
	if e := asError(t, get(ctx, c)); e.Reason != ReasonHTTP5xx || srv.requests.Load() != 1 {
		t.Errorf("got %v after %d requests", e, srv.requests.Load())
	}
}

// TestRetriesDoNotMultiply shows that against a system that is down one call is
// repeated and no other, and that this ends with the first success.
func TestRetriesDoNotMultiply(t *testing.T) {
	down := atomic.Bool{}
	down.Store(true)
	srv := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		if down.Load() {
			hangUp(w, r)
		}
		answer("{}")(w, r)
	})
	c := newClient(t, Config{BaseURL: srv.URL, Clock: newFakeClock()})
	for range 50 {
		if get(t.Context(), c) == nil {
			t.Fatal("a call to a system that is down succeeded")
		}
	}
	if n := srv.requests.Load(); n != 50+retries {
		t.Errorf("50 calls to a system that is down made %d requests, want %d", n, 50+retries)
	}
	for range 2 {
		down.Store(false)
		if err := get(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		// On a connection that was used before, Go itself would repeat the call once more.
		c.CloseIdle()
		srv.requests.Store(0)
		down.Store(true)
		if get(t.Context(), c) == nil || srv.requests.Load() != 1+retries {
			t.Errorf("after a success, a call made %d requests, want %d", srv.requests.Load(), 1+retries)
		}
	}
}

// TestEachAttemptIsLimited shows that a retry takes its turn like any call.
func TestEachAttemptIsLimited(t *testing.T) {
	clock, srv := newFakeClock(), newServer(t, echo(500, "text/html", ""))
	c := newClient(t, Config{BaseURL: srv.URL, Clock: clock, RequestsPerSecond: 1, Concurrency: 1})
	if get(t.Context(), c) == nil {
		t.Fatal("the call succeeded")
	}
	if want := []time.Duration{0, 0, time.Second, 0, time.Second}; !slices.Equal(clock.slept, want) {
		t.Errorf("the attempts waited %v, want %v", clock.slept, want)
	}
}

func TestFullJitter(t *testing.T) {
	for range 1000 {
		if d := fullJitter(retryBase); d < 0 || d >= retryBase {
			t.Fatalf("a wait of %v is not below %v", d, retryBase)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	at := func(t time.Time) string { return t.Format(http.TimeFormat) }
	for _, c := range []struct {
		after, date string
		want        time.Duration
	}{
		{"7", "", 7 * time.Second},
		{" 7 ", "", 7 * time.Second},
		{"0", "", 0},
		{"3600", "", time.Hour},
		{"3601", "", time.Hour},
		{"18446744073709551615", "", time.Hour},
		{at(now.Add(20 * time.Second)), "", 20 * time.Second},
		{at(now.Add(-20 * time.Second)), "", 0},
		{at(now.AddDate(50, 0, 0)), "", time.Hour},
		// The server's clock is two hours ahead, and its date is of that clock.
		{at(now.Add(2*time.Hour + 5*time.Second)), at(now.Add(2 * time.Hour)), 5 * time.Second},
		{at(now.Add(5 * time.Second)), "yesterday", 5 * time.Second},
		{"", "", throttleAssumed},
		{"-1", "", throttleAssumed},
		{"1.5", "", throttleAssumed},
		{"soon", "", throttleAssumed},
	} {
		h := http.Header{}
		h.Set("Retry-After", c.after)
		h.Set("Date", c.date)
		if got := retryAfter(h, now); got != c.want {
			t.Errorf("Retry-After %q at %q is %v, want %v", c.after, c.date, got, c.want)
		}
	}
}

// TestLesson22AThrottleThatFitsIsWaitedFor shows that a call which has the time
// for it does as it is told.
func TestLesson22AThrottleThatFitsIsWaitedFor(t *testing.T) {
	for _, after := range []string{"7", "Sun, 01 Mar 2026 12:00:07 GMT"} {
		clock, jitter := newFakeClock(), &bounded{}
		srv := newServer(t, series(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Date", "Sun, 01 Mar 2026 12:00:00 GMT")
			throttled(after)(w, r)
		}, answer("{}")))
		c := newClient(t, Config{BaseURL: srv.URL, Clock: clock, Jitter: jitter.pick})
		if err := get(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		if want := []time.Duration{7*time.Second + retryBase}; !slices.Equal(clock.slept, want) || srv.requests.Load() != 2 {
			t.Errorf("%d requests after waits of %v, want 2 after %v", srv.requests.Load(), clock.slept, want)
		}
	}
}

// TestLesson22AThrottleStopsTheStorm shows that where the wait does not fit, all
// calls fail at once until it is over, and none of them is sent.
func TestLesson22AThrottleStopsTheStorm(t *testing.T) {
	clock := newFakeClock()
	srv := newServer(t, series(throttled("90"), answer("{}")))
	c := newClient(t, Config{BaseURL: srv.URL, Clock: clock})
	e := asError(t, get(t.Context(), c))
	if e.Reason != ReasonThrottled || e.Status != http.StatusTooManyRequests || !e.Sent {
		t.Errorf("the first call: %#v", e)
	}
	want := searchPath + ": the server wants no calls until 12:01:30 UTC (HTTP 429): lower requests_per_second"
	for range 20 {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			_, err := c.Do(t.Context(), Request{Method: method, Path: searchPath}, new(any))
			if e := asError(t, err); e.Reason != ReasonThrottled || e.Sent || err.Error() != want {
				t.Errorf("a later call: %v, sent %t; want %s", err, e.Sent, want)
			}
		}
		clock.advance(time.Second)
	}
	if n := srv.requests.Load(); n != 1 || len(clock.slept) != 0 {
		t.Errorf("%d requests and waits of %v while the server wanted none", n, clock.slept)
	}
	// With 30 seconds left the wait fits again, but not for what others wait for.
	clock.advance(40 * time.Second)
	if _, err := c.Do(t.Context(), Request{Method: http.MethodPost, Path: searchPath}, new(any)); asError(t, err).Reason != ReasonThrottled {
		t.Errorf("a POST at the end: %v", err)
	}
	if err := get(t.Context(), c); err != nil || srv.requests.Load() != 2 || !slices.Equal(clock.slept, []time.Duration{30 * time.Second}) {
		t.Errorf("at the end: %v, %d requests, waits of %v", err, srv.requests.Load(), clock.slept)
	}
}

// TestLesson22AThrottleWithoutEnd shows that a server which says nothing but 429
// gets no more than the retries, whatever it says of the time.
func TestLesson22AThrottleWithoutEnd(t *testing.T) {
	for after, waited := range map[string]time.Duration{"0": 0, "": 2 * throttleAssumed, "soon": 2 * throttleAssumed, "1": 2 * time.Second} {
		clock, srv := newFakeClock(), newServer(t, throttled(after))
		before := clock.Now()
		e := asError(t, get(t.Context(), newClient(t, Config{BaseURL: srv.URL, Clock: clock})))
		if took := clock.Now().Sub(before); e.Reason != ReasonThrottled || srv.requests.Load() != 1+retries || took != waited {
			t.Errorf("Retry-After %q: %v after %d requests and %v, want %d and %v", after, e, srv.requests.Load(), took, 1+retries, waited)
		}
	}
}

// TestAShorterThrottleDoesNotCount shows that an answer which comes late does
// not take back what was asked for before.
func TestAShorterThrottleDoesNotCount(t *testing.T) {
	var th throttle
	now := newFakeClock().Now()
	for _, after := range []string{"60", "1"} {
		th.ask(&http.Response{StatusCode: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {after}}}, now)
	}
	th.ask(&http.Response{StatusCode: http.StatusServiceUnavailable, Header: http.Header{"Retry-After": {"90"}}}, now)
	if left := th.left(now); left != time.Minute {
		t.Errorf("%v are left, want a minute", left)
	}
}

// TestThrottledWhileWaitingForAPlace is about a call that stands in line when
// another one is told to stand back.
func TestThrottledWhileWaitingForAPlace(t *testing.T) {
	arrived, release := make(chan struct{}, 9), make(chan struct{})
	srv := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-release
		throttled("90")(w, r)
	})
	c := newClient(t, Config{BaseURL: srv.URL, Clock: newFakeClock(), Concurrency: 1})
	failed := make(chan error, 2)
	go func() { failed <- get(t.Context(), c) }()
	<-arrived
	go func() { failed <- get(t.Context(), c) }()
	close(release)
	for range 2 {
		if e := asError(t, <-failed); e.Reason != ReasonThrottled {
			t.Errorf("got %v", e)
		}
	}
	if n := srv.requests.Load(); n != 1 {
		t.Errorf("the server had %d requests, want 1", n)
	}
}

// TestServersThatDropConnections shows that neither kind of call fails where the
// server closes a connection when the next request arrives on it, and that what
// must not be repeated is not.
func TestServersThatDropConnections(t *testing.T) {
	address := rawServer(t, func(conn net.Conn) {
		in := bufio.NewReader(conn)
		if _, err := http.ReadRequest(in); err == nil {
			fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
			_, _ = in.ReadByte()
		}
	})
	m := NewMetrics()
	c := newClient(t, Config{BaseURL: "http://" + address, Metrics: m, Target: "t"})
	for range 50 {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			if _, err := c.Do(t.Context(), Request{Method: method, Path: searchPath}, new(any)); err != nil {
				t.Fatal(err)
			}
		}
	}
	checkFamily(t, m, "conversation_api_request_failures_total", "")
}
