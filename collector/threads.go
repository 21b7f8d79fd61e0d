package collector

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"conversation_exporter/conversation"
)

// reading is the reading of the messages in one pass, and how it goes.
type reading struct {
	outcome
	target *Target
	view   *view
	// before is how the sessions stood that are read.
	before map[int64]standing
	// ended are those whose records end with a closing that no status has told.
	ended []conversation.Thread
	// threads counts the sessions that were read.
	threads int
}

// readThreads reads the records of the sessions that have changed, those first
// whose customer matters most, as far as the time goes; then those that are read
// again although nothing says that they have.
func (t *Target) readThreads(ctx context.Context, v *view, list *listing) outcome {
	needed, again := t.ledger.wants(t.opts.Now(), list.cover)
	r := &reading{target: t, view: v, before: make(map[int64]standing, len(needed)+len(again)), outcome: outcome{success: true}}
	t.starved, t.behind = false, false
	if v.pending = len(needed) + t.ledger.leftOut; len(needed)+len(again) > 0 {
		v.progress.read(len(needed) + len(again))
		until, done := shorten(ctx, t.countingTime)
		defer done()
		r.read(until, needed, true)
		r.judge(until)
		t.behind = v.pending > 0 && r.timedOut
		t.starved = t.behind && v.pending == len(needed)+t.ledger.leftOut
		r.readAgain(until, again)
	}
	r.partial = r.partial || v.pending > 0
	t.clockless(v, &r.outcome)
	if v.pending > 0 {
		v.read = t.ledger.readSessions()
	}
	return r.outcome
}

// judge says how the reading went, by its problems and the time.
func (r *reading) judge(until context.Context) {
	for _, err := range r.problems {
		r.unsupported = r.unsupported || errors.Is(err, conversation.ErrUnsupported)
		r.timedOut = r.timedOut || errors.Is(err, context.DeadlineExceeded)
	}
	r.timedOut = r.timedOut || errors.Is(until.Err(), context.DeadlineExceeded)
	r.success = !slices.ContainsFunc(r.problems, func(err error) bool { return isFault(err, r.timedOut) })
}

// read reads the records of sessions.
func (r *reading) read(ctx context.Context, wants []conversation.Want, needed bool) {
	if len(wants) == 0 {
		return
	}
	t := r.target
	for i := range wants {
		r.before[wants[i].Session] = t.ledger.standing(&wants[i], needed)
	}
	err := t.contain("reading the messages", func() error {
		for thread, err := range t.opts.Source.Messages(ctx, wants) {
			if err != nil {
				r.problems = append(r.problems, err)
				continue
			}
			r.threads++
			r.view.progress.one()
			if t.ledger.endsUntold(&thread) {
				r.ended = append(r.ended, thread)
				continue
			}
			r.take(&thread)
		}
		return r.takeEnded(ctx)
	})
	if err != nil {
		r.problems = append(r.problems, err)
	}
}

// rotationLife is how long ago a session may have been read at most of which nobody
// tells whether somebody has written, for its numbers to pass for the present ones.
const rotationLife = 10 * time.Minute

// readAgain reads sessions again in half of the time that is left: it is no failure if
// that is not enough for all of them, as long as each has its turn now and then.
func (r *reading) readAgain(ctx context.Context, wants []conversation.Want) {
	t := r.target
	problems, read := r.problems, r.threads
	r.problems = nil
	half, done := shorten(ctx, func(left time.Duration) time.Duration { return left / 2 })
	defer done()
	r.read(half, wants, false)
	for _, err := range r.problems {
		if late := errors.Is(err, context.DeadlineExceeded); !late {
			r.success = r.success && !isFault(err, false)
			problems = append(problems, err)
		}
	}
	r.problems = problems
	t.behind = t.behind || r.threads-read < len(wants) && half.Err() != nil
	if n := t.ledger.late(t.opts.Now()); n > 0 {
		r.partial = true
		r.problems = append(r.problems, &conversation.LossError{
			Doing: "reading sessions in rotation", Of: fmt.Sprintf("(%d were not read for %s: allow more requests_per_second, or the scrape more time)", n, rotationLife),
			Cause: conversation.ErrAssumed,
		})
	}
}

// late counts the sessions whose turn in the rotation has not come for too long.
func (l *ledger) late(now time.Time) int {
	n := 0
	for _, e := range l.entries {
		if l.asksAgain(e, now) == inRotation && e.known() && now.Sub(time.Unix(int64(e.asked), 0)) >= rotationLife {
			n++
		}
	}
	return n
}

// standing is how a session stood before its records were read: whether it needed
// that, whether it was the first time, and up to which record it was known.
type standing struct {
	needed, first bool
	last          int64
}

func (l *ledger) standing(want *conversation.Want, needed bool) standing {
	s := standing{needed: needed, first: want.After == 0}
	if e := l.entries[want.Session]; e != nil {
		s.last = e.facts.Last
	}
	return s
}

// take takes note of what was read of one session.
func (r *reading) take(thread *conversation.Thread) {
	t, was := r.target, r.before[thread.Session]
	if err := t.contain("taking note of a session's messages", func() error { t.ledger.read(thread); return nil }); err != nil {
		r.problems = append(r.problems, err)
		t.ledger.passOver(thread.Session)
	} else {
		t.readOnce = true
	}
	if e := t.ledger.entries[thread.Session]; was.needed && (e == nil || e.known()) {
		r.view.pending--
	}
	if thread.Skipped > 0 && !(len(thread.Records) > 0 && thread.Records[0].ID <= was.last) {
		r.partial = true
		t.skip(thread, was.first)
	}
}
