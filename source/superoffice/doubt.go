package superoffice

import (
	"context"
	"errors"
	"time"
)

// doubts are those of a pass that a call was refused with.
type doubts struct {
	// on is true until the first call was made anew.
	on bool
	// proven is when a pass was last proved in such a way.
	proven time.Time
	// flying counts the calls under way, landed is closed when the next of them ends.
	flying int
	landed chan struct{}
	// old is true where the pass was accepted for a while and never in doubt before;
	// refused counts the calls that were refused with it.
	old     bool
	refused int
}

// begin begins a doubt.
func (d *doubts) begin(old bool) {
	d.on, d.old, d.refused = true, old && d.proven.IsZero(), 1
}

// end notes that the pass, or another one, was proved.
func (d *doubts) end(now time.Time) {
	if d.on {
		d.on, d.proven = false, now
	}
}

// sure reports whether so many calls were refused that credentials which held before
// do not any more.
func (d *doubts) sure() bool {
	const enough = 3
	return d.on && d.old && d.refused >= enough
}

// land notes that a call has ended.
func (d *doubts) land() {
	d.flying--
	if d.landed != nil {
		close(d.landed)
		d.landed = nil
	}
}

// next is closed when the next call ends.
func (d *doubts) next() <-chan struct{} {
	if d.landed == nil {
		d.landed = make(chan struct{})
	}
	return d.landed
}

// errStale is what a call ends with that would carry what another call was refused
// with meanwhile.
var errStale = errors.New("what signs in is in doubt")

// carrying begins a call with a pass. still says whether it may be sent when it is its
// turn, ended is for when its answer is there.
func (s *signIn) carrying(p pass) (still func() error, ended func()) {
	sent := false
	still = func() error {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.current == nil || s.current.number != p.number {
			return errStale
		}
		if !sent {
			sent = true
			s.doubts.flying++
		}
		return nil
	}
	return still, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if sent {
			s.doubts.land()
		}
	}
}

// reject notes that a call refused a pass, and reports whether it is in doubt by that:
// nothing is sent with it any more then, until its first call was made anew.
func (s *signIn) reject(p pass) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.Now()
	switch {
	case s.current == nil || s.current.number != p.number:
		s.doubts.refused++
		return true
	case now.Before(s.doubts.proven.Add(youngest)):
		return false
	}
	s.doubts.begin(now.Sub(s.current.issuedAt) >= youngest)
	s.current, s.held = nil, s.current
	return true
}

// condemned reports whether enough calls were refused with what is configured that
// its first call need not be made anew: that would be one more try with a wrong
// password. It waits for those that are under way, but not for one that hangs.
func (s *signIn) condemned(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, sameTry)
	defer cancel()
	for {
		s.mu.Lock()
		configured := s.doubts.on && s.held != nil && !s.held.issued()
		sure, flying, landed := s.doubts.sure(), s.doubts.flying, s.doubts.next()
		s.mu.Unlock()
		if !configured || flying == 0 {
			return configured && sure
		}
		select {
		case <-landed:
		case <-ctx.Done():
			return false
		}
	}
}

// holding gives the pass that is held, if it was issued for these secrets and has not
// come to its end.
func (s *signIn) holding(with secrets, now time.Time) (pass, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held == nil || !s.held.issued() || s.held.with != with || !now.Before(s.held.end(s.usedAt)) {
		return pass{}, false
	}
	return *s.held, true
}
