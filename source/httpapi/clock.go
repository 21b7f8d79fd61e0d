package httpapi

import (
	"context"
	"time"
)

// Clock is where the sources take the time from. It drives token life, pauses,
// caches and the rate limit, so that a simulated week runs in seconds; the
// deadlines of requests use real time.
type Clock interface {
	// Now is the present instant.
	Now() time.Time
	// Sleep waits for d or until the context ends, whose error it then returns.
	Sleep(ctx context.Context, d time.Duration) error
}

// SystemClock is the Clock of the machine.
type SystemClock struct{}

// Now implements Clock.
func (SystemClock) Now() time.Time { return time.Now() }

// Sleep implements Clock.
func (SystemClock) Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
