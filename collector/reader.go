package collector

import (
	"context"
	"errors"
	"slices"
	"time"

	"conversation_exporter/conversation"
)

// sweepEvery is how often the closed sessions are read at most (R23).
const sweepEvery = 50 * time.Second

// readMessages reads what the group "messages" shows: the sessions that were
// closed, and the records of those that have changed.
func (t *Target) readMessages(ctx context.Context, v *view) outcome {
	list := t.listing(ctx, v)
	o := list.outcome(groupMessages)
	if list.failed != nil {
		return o
	}
	begun := t.opts.Now()
	v.progress.enter(phaseSweeping)
	swept := t.sweep(ctx, list)
	o.problems = slices.Concat(o.problems, swept.problems)
	o.success = o.success && swept.success
	o.partial = o.partial || swept.partial
	o.timedOut = o.timedOut || swept.timedOut
	if !errors.Is(ctx.Err(), context.Canceled) {
		t.ledger.marks.baseline(list, begun)
	}
	looked := t.lookUp(ctx, list)
	read := t.readThreads(ctx, v, list)
	v.progress.enter(phaseBeside)
	if read.unsupported && !t.readOnce {
		t.lacking = read.problems
	}
	if t.lacking != nil && !t.readOnce {
		// The system has no such thing. That is no failure, yet somebody should know.
		v.notes = slices.Concat(t.lacking, read.problems)
		return outcome{unsupported: true}
	}
	t.lacking, v.messages = nil, true
	for _, part := range []outcome{looked, read} {
		o.problems = slices.Concat(o.problems, part.problems)
		o.success = o.success && part.success
		o.timedOut = o.timedOut || part.timedOut
		o.partial = o.partial || part.partial
	}
	o.partial = o.partial || t.ledger.leftOut > 0
	o.took = t.opts.Now().Sub(begun)
	return o
}

// sweep reads the sessions that were closed since the last sweep (R23).
func (t *Target) sweep(ctx context.Context, list *listing) outcome {
	now := t.opts.Now()
	marks := &t.ledger.marks
	if since := now.Sub(marks.sweptAt); since >= 0 && since < sweepEvery {
		return t.swept // What it could not read is still missing.
	}
	var cover conversation.Coverage
	// The closed sessions must not take what the messages need.
	ctx, done := shorten(ctx, func(left time.Duration) time.Duration { return left / 2 })
	defer done()
	err := t.contain("listing the closed sessions", func() (err error) {
		list.closed, marks.swept, cover, err = t.opts.Source.ClosedSessions(ctx, marks.swept)
		return err
	})
	switch {
	case errors.Is(err, conversation.ErrUnsupported):
		return outcome{success: true}
	case err != nil && len(cover.Problems) == 0:
		cover.Problems = []error{err}
	}
	if errors.Is(err, context.DeadlineExceeded) {
		cover.TimedOut = true // Nothing failed: there was no time.
	}
	swept := (&listing{cover: cover}).outcome(groupMessages)
	swept.success = swept.success && (err == nil || cover.TimedOut)
	swept.partial = !cover.Complete() || err != nil
	if err == nil && !swept.timedOut {
		marks.sweptAt, t.swept = now, swept
	}
	t.ledger.sweep(list.closed, now)
	return swept
}

// readThreads reads the records of the sessions that have changed, those first
// whose customer matters most, as far as the time goes.
func (t *Target) readThreads(ctx context.Context, v *view, list *listing) outcome {
	o := outcome{success: true}
	wants, needed := t.ledger.wants(t.opts.Now(), list.cover)
	t.starved = false
	v.pending = needed + t.ledger.leftOut
	if len(wants) == 0 {
		t.behind = false
		t.clockless(v, &o)
		return o
	}
	before := make(map[int64]standing, len(wants))
	for i := range wants {
		before[wants[i].Session] = t.ledger.standing(&wants[i], i < needed)
	}
	var ended []conversation.Thread
	v.progress.read(len(wants))
	until, done := shorten(ctx, t.countingTime)
	defer done()
	err := t.contain("reading the messages", func() error {
		for thread, err := range t.opts.Source.Messages(until, wants) {
			if err != nil {
				o.problems = append(o.problems, err)
				continue
			}
			v.progress.one()
			if t.ledger.endsUntold(&thread) {
				ended = append(ended, thread)
				continue
			}
			t.take(v, &o, &thread, before[thread.Session])
		}
		return t.takeEnded(until, v, ended, func(thread *conversation.Thread) { t.take(v, &o, thread, before[thread.Session]) })
	})
	if err != nil {
		o.problems = append(o.problems, err)
	}
	for _, err := range o.problems {
		o.unsupported = o.unsupported || errors.Is(err, conversation.ErrUnsupported)
		o.timedOut = o.timedOut || errors.Is(err, context.DeadlineExceeded)
	}
	o.timedOut = o.timedOut || errors.Is(until.Err(), context.DeadlineExceeded)
	o.success = !slices.ContainsFunc(o.problems, func(err error) bool { return isFault(err, o.timedOut) })
	o.partial = o.partial || v.pending > 0
	t.behind = v.pending > 0 && o.timedOut
	t.starved = t.behind && v.pending == needed+t.ledger.leftOut
	t.clockless(v, &o)
	if v.pending > 0 {
		v.read = t.ledger.readSessions()
	}
	return o
}

// shorten brings the deadline forward, if there is one, by what is kept of the
// time that is left. Where that is nothing the context is the same: another one with
// its deadline might end a moment before it.
func shorten(ctx context.Context, kept func(left time.Duration) time.Duration) (context.Context, context.CancelFunc) {
	until, ok := ctx.Deadline()
	if !ok {
		return ctx, func() {}
	}
	keep := kept(time.Until(until))
	if keep <= 0 {
		return ctx, func() {}
	}
	return context.WithDeadline(ctx, until.Add(-keep))
}

const (
	// leastCounting is how much of its time a pass keeps for counting what it read,
	// more where the last counting took longer, or where there is much to count.
	leastCounting = 100 * time.Millisecond
	perSession    = 30 * time.Microsecond
)

// countingTime is what reading messages leaves of its time: what is read must be
// counted before the deadline too, or the scrape is told nothing at all.
func (t *Target) countingTime(left time.Duration) time.Duration {
	const share = 4 // At most a quarter of what is left.
	return min(max(leastCounting, 3*t.counting, time.Duration(t.size)*perSession), left/share)
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
func (t *Target) take(v *view, o *outcome, thread *conversation.Thread, was standing) {
	if err := t.contain("taking note of a session's messages", func() error { t.ledger.read(thread); return nil }); err != nil {
		o.problems = append(o.problems, err)
		t.ledger.passOver(thread.Session)
	} else {
		t.readOnce = true
	}
	if e := t.ledger.entries[thread.Session]; was.needed && (e == nil || e.known()) {
		v.pending--
	}
	if thread.Skipped > 0 && !(len(thread.Records) > 0 && thread.Records[0].ID <= was.last) {
		o.partial = true
		t.skip(thread, was.first)
	}
}

// skip counts the records that were passed over, unless they are history (R29).
func (t *Target) skip(thread *conversation.Thread, first bool) {
	e := t.ledger.entries[thread.Session]
	if e == nil || !e.is(hasFloor) || first && len(thread.Records) > 0 && thread.Records[0].ID <= e.floor {
		return
	}
	t.counts.skipped += float64(thread.Skipped)
}
