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

// skip counts the records that were passed over, unless they are history (R29).
func (t *Target) skip(thread *conversation.Thread, first bool) {
	e := t.ledger.entries[thread.Session]
	if e == nil || !e.is(hasFloor) || first && len(thread.Records) > 0 && thread.Records[0].ID <= e.floor {
		return
	}
	t.counts.skipped += float64(thread.Skipped)
}
