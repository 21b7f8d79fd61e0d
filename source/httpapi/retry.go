package httpapi

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// retries is how often a call is repeated at the most.
	retries = 2
	// retryBase is the longest wait before the first retry; it doubles.
	retryBase = 200 * time.Millisecond
	// waitLongest bounds a wait that the server asks for, however much time
	// there is: nobody should have to guess what a scrape is waiting for.
	waitLongest = 30 * time.Second
	// throttleAssumed is how long a server is left alone that asks for fewer
	// calls and does not say for how long.
	throttleAssumed = time.Second
	// throttleLongest bounds what a server may ask for. A slip of its clock must
	// not silence a target for days.
	throttleLongest = time.Hour
)

// Verdict is how an attempt went. The zero value means that it went well.
type Verdict struct {
	// Err is what the caller is told; nil where the attempt went well.
	Err error
	// Reason is what the failure is counted under.
	Reason Reason
	// Retry is true where the system may answer better in a moment.
	Retry bool
}

// verdict is what follows from a failure of the transport. The server's failures
// and broken connections pass; a deadline that is over does not come back, and a
// certificate does not mend itself.
func (e *Error) verdict() Verdict {
	v := Verdict{Err: e, Reason: e.Reason}
	switch e.Reason {
	case ReasonConnection, ReasonHTTP5xx:
		v.Retry = true
	case ReasonThrottled:
		// One that was not sent has already been told to wait for longer than it can.
		v.Retry = e.Sent
	}
	return v
}

// fullJitter picks a wait up to a bound, so that calls which failed together do
// not come again together.
func fullJitter(bound time.Duration) time.Duration {
	return rand.N(bound) //nolint:gosec // Nobody gains by foretelling it.
}

// again decides whether a call is repeated after so many attempts, and waits as
// long as that takes. Only reading is repeated.
func (c *Client) again(ctx context.Context, req Request, v Verdict, attempts int) bool {
	if !v.Retry || !req.reads || c.tired.Load() {
		return false
	}
	if attempts > retries {
		// The others need not find out for themselves: against a system that is
		// down, every call would be made three times. Any success ends this.
		c.tired.Store(true)
		return false
	}
	wait := c.throttle.left(c.clock.Now()) + c.jitter(retryBase<<(attempts-1))
	return fits(ctx, wait) && c.clock.Sleep(ctx, wait) == nil
}

// fits reports whether a wait ends before the context does.
func fits(ctx context.Context, wait time.Duration) bool {
	deadline, ok := ctx.Deadline()
	return wait <= waitLongest && (!ok || wait < time.Until(deadline))
}

// throttle is the time until which a system wants no calls.
type throttle struct {
	mu    sync.Mutex
	until time.Time
}

// left is how long the system still wants to be left alone; 0 where it does not.
func (t *throttle) left(now time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return max(t.until.Sub(now), 0)
}

// ask notes what an answer says, which is a 429 or is nothing to us. A later
// answer does not shorten what an earlier one asked for.
func (t *throttle) ask(resp *http.Response, now time.Time) {
	if resp.StatusCode != http.StatusTooManyRequests {
		return
	}
	until := now.Add(retryAfter(resp.Header, now))
	t.mu.Lock()
	defer t.mu.Unlock()
	if until.After(t.until) {
		t.until = until
	}
}

// retryAfter reads Retry-After, which is a number of seconds or a date. A date
// is of the server's clock, so it is compared with the server's own Date.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if seconds, err := strconv.ParseUint(text, 10, 64); err == nil {
		return time.Duration(min(seconds, uint64(throttleLongest/time.Second))) * time.Second
	}
	if date, err := http.ParseTime(text); err == nil {
		if theirs, err := http.ParseTime(h.Get("Date")); err == nil {
			now = theirs
		}
		return min(max(date.Sub(now), 0), throttleLongest)
	}
	return throttleAssumed
}

// standBack waits until the system may be called. Where that is too late for
// this call, it says so at once. So it does where the call is not reading: others
// wait for a sign-in, and its deadline is not theirs.
func (c *Client) standBack(ctx context.Context, call *call) *Error {
	for {
		now := c.clock.Now()
		wait := c.throttle.left(now)
		if wait == 0 {
			return nil
		}
		if !call.reading || !fits(ctx, wait) {
			return &Error{
				Endpoint: call.endpoint, Reason: ReasonThrottled,
				Text: fmt.Sprintf("the server wants no calls until %s (HTTP 429): lower requests_per_second", now.Add(wait).UTC().Format("15:04:05 UTC")),
			}
		}
		if err := c.clock.Sleep(ctx, wait+c.jitter(retryBase)); err != nil {
			return call.failure(ctx, err)
		}
	}
}

// abandoned reports whether a failure means no more than that nobody waits.
func abandoned(err error) bool { return errors.Is(err, context.Canceled) }

// forget takes back what an attempt has decoded, lest the next one's answer be
// mixed with it. What says how it is to be decoded has a method Forget, and keeps that.
func forget(out any) {
	if own, ok := out.(interface{ Forget() }); ok {
		own.Forget()
		return
	}
	if v := reflect.ValueOf(out); v.Kind() == reflect.Pointer && !v.IsNil() {
		v.Elem().SetZero()
	}
}
