package collector

import (
	"context"
	"sync"
	"time"
)

// stretch is a context whose deadline moves on while waiters with later ones
// join. It carries no values: a pass is nobody's request.
type stretch struct {
	done chan struct{}

	mu    sync.Mutex
	until time.Time
	timer *time.Timer
	err   error
}

var _ context.Context = (*stretch)(nil)

// newStretch makes a context that ends at an instant.
func newStretch(until time.Time) *stretch {
	s := &stretch{done: make(chan struct{}), until: until}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.timer = time.AfterFunc(time.Until(until), s.expire)
	return s
}

// extend moves the deadline to a later instant. It is false where the context
// has ended already.
func (s *stretch) extend(until time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return false
	}
	if until.After(s.until) {
		s.until = until
		s.timer.Reset(time.Until(until))
	}
	return true
}

// expire ends the context if its deadline has come: a timer that was reset may
// still fire once.
func (s *stretch) expire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil && !time.Now().Before(s.until) {
		s.finish(context.DeadlineExceeded)
	}
}

// end ends the context now.
func (s *stretch) end(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.finish(err)
	}
}

// finish needs s.mu.
func (s *stretch) finish(err error) {
	s.err = err
	s.timer.Stop()
	close(s.done)
}

// Deadline implements context.Context.
func (s *stretch) Deadline() (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.until, true
}

// Done implements context.Context.
func (s *stretch) Done() <-chan struct{} { return s.done }

// Err implements context.Context.
func (s *stretch) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Value implements context.Context.
func (*stretch) Value(any) any { return nil }
