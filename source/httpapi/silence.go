package httpapi

import (
	"sync"
	"time"
)

// silentAfter is how long nothing was answered where a system counts as silent.
// One that takes so long for each answer is slow whatever the rate of requests.
const silentAfter = time.Second

// silence finds out whether a system leaves calls without an answer. It goes by
// real time, as the deadlines of requests do.
type silence struct {
	mu sync.Mutex
	// waiting are the calls under way, by when they began.
	waiting map[*call]time.Time
	// since is when the first call began that had no answer in time; zero where
	// none was since the last answer, which came at the instant answered.
	since, answered time.Time
}

// began notes that a call is under way.
func (s *silence) began(c *call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting == nil {
		s.waiting = make(map[*call]time.Time)
	}
	s.waiting[c] = time.Now()
}

// ended notes how a call ended. A failure is an answer too if it has a status or
// says what is wrong with the answer; a call that nobody waits for tells nothing.
func (s *silence) ended(c *call, e *Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	began := s.waiting[c]
	delete(s.waiting, c)
	switch {
	case e == nil || e.Status != 0 || e.Reason == ReasonDecode || e.Reason == ReasonTooLarge:
		s.since, s.answered = time.Time{}, time.Now()
	case e.Reason == ReasonTimeout && !abandoned(e) && (s.since.IsZero() || began.Before(s.since)):
		s.since = began
	}
}

// left forgets a call that has ended in whatever way.
func (s *silence) left(c *call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.waiting, c)
}

// on reports whether the system is silent: calls wait, or have waited in vain, and
// for a while it has answered none.
func (s *silence) on() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := s.since
	for _, began := range s.waiting {
		if first.IsZero() || began.Before(first) {
			first = began
		}
	}
	if s.answered.After(first) && !first.IsZero() {
		first = s.answered
	}
	return !first.IsZero() && time.Since(first) >= silentAfter
}
