package collector

import (
	"context"
	"errors"
	"slices"

	"conversation_exporter/conversation"
)

// readMessages reads what the group "messages" shows: the sessions that were
// closed, and the records of those that have changed.
func (t *Target) readMessages(ctx context.Context, v *view) outcome {
	list := t.listing(ctx, v)
	o := list.outcome(groupMessages)
	if list.failed != nil {
		return o
	}
	begun := t.opts.Now()
	swept := t.sweep(ctx, list)
	o.problems = slices.Concat(o.problems, swept.problems)
	o.success = o.success && swept.success
	o.partial = o.partial || swept.partial
	o.timedOut = o.timedOut || swept.timedOut
	if !errors.Is(ctx.Err(), context.Canceled) {
		t.ledger.marks.baseline(list, begun)
	}
	read := t.readThreads(ctx, v, list)
	if read.unsupported {
		return read
	}
	o.problems = slices.Concat(o.problems, read.problems)
	o.success = o.success && read.success
	o.timedOut = o.timedOut || read.timedOut
	o.partial = o.partial || read.partial || t.ledger.leftOut > 0
	o.took = t.opts.Now().Sub(begun)
	return o
}

// sweep reads the sessions that were closed since the last sweep (R23).
func (t *Target) sweep(ctx context.Context, list *listing) outcome {
	now := t.opts.Now()
	marks := &t.ledger.marks
	if since := now.Sub(marks.sweptAt); since >= 0 && since < sweepEvery {
		return outcome{success: true}
	}
	var cover conversation.Coverage
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
	swept := (&listing{cover: cover, failed: err}).outcome(groupMessages)
	swept.partial = !cover.Complete() || err != nil
	if err == nil && !swept.timedOut {
		marks.sweptAt = now
	}
	t.ledger.sweep(list.closed, now)
	return swept
}

// readThreads reads the records of the sessions that have changed, those first
// whose customer matters most, as far as the time goes.
func (t *Target) readThreads(ctx context.Context, v *view, list *listing) outcome {
	o := outcome{success: true}
	wants := t.ledger.wants(t.opts.Now(), list.cover)
	v.pending = len(wants)
	if len(wants) == 0 {
		t.behind = false
		return o
	}
	first := make(map[int64]bool)
	for i := range wants {
		if wants[i].After == 0 {
			first[wants[i].Session] = true
		}
	}
	err := t.contain("reading the messages", func() error {
		for thread, err := range t.opts.Source.Messages(ctx, wants) {
			if err != nil {
				o.problems = append(o.problems, err)
				continue
			}
			t.ledger.read(&thread)
			v.pending--
			if thread.Skipped > 0 {
				o.partial = true
				t.skip(thread, first[thread.Session])
			}
		}
		return nil
	})
	if err != nil {
		o.problems = append(o.problems, err)
	}
	for _, err := range o.problems {
		o.unsupported = o.unsupported || errors.Is(err, conversation.ErrUnsupported)
		o.timedOut = o.timedOut || errors.Is(err, context.DeadlineExceeded)
	}
	o.timedOut = o.timedOut || errors.Is(ctx.Err(), context.DeadlineExceeded)
	o.success = !slices.ContainsFunc(o.problems, func(err error) bool { return isFault(err, o.timedOut) })
	o.partial = o.partial || v.pending > 0
	t.behind = v.pending > 0 && o.timedOut
	return o
}

// skip counts the records that were passed over, unless they are history (R29).
func (t *Target) skip(thread conversation.Thread, first bool) {
	e := t.ledger.entries[thread.Session]
	if e == nil || !e.is(hasFloor) || first && len(thread.Records) > 0 && thread.Records[0].ID <= e.floor {
		return
	}
	t.counts.skipped += float64(thread.Skipped)
}
