package collector

import (
	"sync/atomic"
	"time"

	"github.com/go-kit/log/level"
)

// phase is what a pass is at.
type phase int32

// The phases of a pass, in order.
const (
	phaseListing phase = iota
	phaseSweeping
	phaseReading
	phaseBeside
	phaseCounting
)

// progress is how far the pass under way is, for those who look at it meanwhile.
// A nil one takes note of nothing.
type progress struct {
	since time.Time
	phase atomic.Int32
	// done counts the sessions whose messages were read, of those that are wanted.
	done, wanted atomic.Int64
}

// enter begins a phase.
func (p *progress) enter(at phase) {
	if p != nil {
		p.phase.Store(int32(at))
	}
}

// read begins the reading of the messages of so many sessions.
func (p *progress) read(sessions int) {
	if p != nil {
		p.wanted.Store(int64(sessions))
		p.enter(phaseReading)
	}
}

// one takes note of a session whose messages were read.
func (p *progress) one() {
	if p != nil {
		p.done.Add(1)
	}
}

// Progress is how far the pass under way is.
type Progress struct {
	// Since is when the pass began.
	Since time.Time
	// Phase says what it is at, such as "reading messages".
	Phase string
	// Read counts the sessions whose messages were read in this pass, of those that
	// are to be read. Both are 0 before that.
	Read, Of int
}

// status tells it in words. signedIn is true where the system is known to accept
// our credentials, so that signing in takes no time worth telling.
func (p *progress) status(signedIn bool) *Progress {
	if p == nil {
		return nil
	}
	s := &Progress{Since: p.since, Read: int(p.done.Load()), Of: int(p.wanted.Load())}
	switch phase(p.phase.Load()) {
	case phaseListing:
		s.Phase = "listing the open sessions"
		if !signedIn {
			s.Phase = "signing in and listing the open sessions"
		}
	case phaseSweeping:
		s.Phase = "listing the closed sessions"
	case phaseReading:
		s.Phase = "reading messages"
	case phaseBeside:
		s.Phase = "reading queues, channels and agents"
	case phaseCounting:
		s.Phase = "counting"
	}
	return s
}

// backlogEvery is how often at most the log is told how far a long reading is.
const backlogEvery = time.Minute

// toldOf is what the log was told of messages that are still to be read.
type toldOf struct {
	at   time.Time
	open bool
}

// reportBacklog writes how far the reading of the messages is where one pass is
// not enough for it, as after a start on a large system, and one line when all
// are read. A session that failed is told as a failure, not here: it may stay
// pending for ever.
func (t *Target) reportBacklog(v *view) {
	told := &t.toldOf
	remaining := v.pending - t.ledger.leftOut
	switch {
	case !v.messages:
	case t.behind && remaining > 0:
		if !told.at.IsZero() && v.end.Sub(told.at).Abs() < backlogEvery {
			return
		}
		told.at, told.open = v.end, true
		level.Info(t.opts.Logger).Log("msg", "messages are still to be read", "target", t.opts.Name, "sessions_read", v.read, "sessions_remaining", remaining)
	case told.open && remaining <= 0:
		told.open = false
		level.Info(t.opts.Logger).Log("msg", "all messages are read", "target", t.opts.Name, "sessions_read", t.ledger.readSessions())
	}
}

// readSessions counts the sessions whose records are read up to what was listed.
func (l *ledger) readSessions() int {
	n := 0
	for _, e := range l.entries {
		if e.known() {
			n++
		}
	}
	return n
}
