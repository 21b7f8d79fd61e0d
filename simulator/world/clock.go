package world

import (
	"context"
	"sync"
	"time"
)

// Clock is the virtual clock of a world. Only the world moves it, and only
// forward; everything that is served from the world reads it.
type Clock struct {
	mu    sync.Mutex
	now   time.Time
	moved chan struct{} // closed at the next move; nil while nobody sleeps
}

// NewClock gives a clock that stands at the given instant.
func NewClock(at time.Time) *Clock {
	// Round drops the monotonic reading, which would make equal instants differ.
	return &Clock{now: at.Round(0).UTC()}
}

// Now is the present instant of the clock, in UTC.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Sleep waits until the clock has moved on by d, or until the context ends,
// whose error it then returns. Nothing but the world's advance wakes it.
func (c *Clock) Sleep(ctx context.Context, d time.Duration) error {
	until := c.Now().Add(d)
	for {
		c.mu.Lock()
		if !c.now.Before(until) {
			c.mu.Unlock()
			return ctx.Err()
		}
		if c.moved == nil {
			c.moved = make(chan struct{})
		}
		moved := c.moved
		c.mu.Unlock()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-moved:
		}
	}
}

// set moves the clock to an instant; an earlier one than the present is ignored.
func (c *Clock) set(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !at.After(c.now) {
		return
	}
	c.now = at
	if c.moved != nil {
		close(c.moved)
		c.moved = nil
	}
}
