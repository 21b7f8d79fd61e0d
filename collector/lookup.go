package collector

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"conversation_exporter/conversation"
)

// A session that a status leads is over when its status says so, not when it is no
// longer listed (R24). So those that have gone from the list are looked up by their
// ids, and those whose records end with a closing before any list told of it.

// gone returns the sessions that are no longer listed and of which nobody knows
// whether they are over: at once, and then every five minutes.
func (l *ledger) gone(now time.Time, cover conversation.Coverage) []int64 {
	var ids []int64
	for id, e := range l.entries {
		if !e.is(byStatus) || e.is(isClosed) || e.pass == l.pass {
			continue
		}
		if e.is(wasAsked) && now.Sub(time.Unix(int64(e.asked), 0)).Abs() < askGone {
			continue
		}
		if missed, _ := l.missed(e, now, cover); !missed {
			ids = append(ids, id)
		}
	}
	// Those that were never looked up come first, and of the others the longest ago.
	slices.SortFunc(ids, func(a, b int64) int {
		return cmp.Or(cmp.Compare(l.lookedAt(a), l.lookedAt(b)), cmp.Compare(a, b))
	})
	return ids
}

// lookUp asks what has become of the sessions that are gone from the list.
func (t *Target) lookUp(ctx context.Context, list *listing) outcome {
	o := outcome{success: true}
	now := t.opts.Now()
	ids := t.ledger.gone(now, list.cover)
	if len(ids) == 0 {
		return o
	}
	// What is known by now of the others matters more.
	ctx, done := shorten(ctx, func(left time.Duration) time.Duration { return left * 3 / 4 })
	defer done()
	ids = t.ledger.fewAgain(ids)
	found, err := t.find(ctx, ids)
	var failed *conversation.LookupError
	switch {
	case err == nil:
	case errors.As(err, &failed):
		ids = failed.Asked // The others come first in the next pass.
	default:
		ids = nil
	}
	for _, id := range ids {
		t.ledger.looked(id, now)
	}
	for i := range found {
		t.ledger.looked(found[i].ID, now)
		if found[i].Closed {
			t.over(list, &found[i], now)
		}
	}
	if err != nil {
		o.problems, o.partial = []error{err}, true
		o.timedOut = errors.Is(err, context.DeadlineExceeded)
		o.success = !isFault(err, o.timedOut)
	}
	return o
}

// maxAgain is how many sessions are looked up in a pass that were before.
const maxAgain = 50

// fewAgain leaves of the sessions, those first that were never looked up, as many of
// the others as a pass may look up.
func (l *ledger) fewAgain(ids []int64) []int64 {
	for i, id := range ids {
		if l.lookedAt(id) != 0 {
			return ids[:min(i+maxAgain, len(ids))]
		}
	}
	return ids
}

// lookedAt is when it was asked last what has become of a session, 0 for never.
func (l *ledger) lookedAt(id int64) uint32 {
	if e := l.entries[id]; e.is(wasAsked) {
		return e.asked
	}
	return 0
}

// looked notes when it was asked what has become of a session.
func (l *ledger) looked(id int64, now time.Time) {
	if e := l.entries[id]; e != nil {
		e.asked = seconds(now.Unix())
		e.set(wasAsked, true)
	}
}

// find looks sessions up. Where the system has no such thing, nothing is found.
func (t *Target) find(ctx context.Context, ids []int64) (found []conversation.Session, err error) {
	err = t.contain("looking sessions up", func() (err error) {
		found, err = t.opts.Source.Lookup(ctx, ids)
		return err
	})
	if errors.Is(err, conversation.ErrUnsupported) {
		err = nil
	}
	if err != nil {
		err = fmt.Errorf("asking what has become of sessions: %w", err)
	}
	// An answer that nobody asked for says nothing of who was asked for.
	asked := make(map[int64]bool, len(ids))
	for _, id := range ids {
		asked[id] = true
	}
	found = slices.DeleteFunc(found, func(s conversation.Session) bool { return !asked[s.ID] })
	return found, err
}

// over takes note of a session that is over by its status.
func (t *Target) over(list *listing, s *conversation.Session, now time.Time) {
	t.ledger.show(t.ledger.entry(s, now), s, conversation.Coverage{})
	list.closed = append(list.closed, *s)
}

// endsUntold reports whether new records of a session end with a closing while its
// status still says that it is open.
func (l *ledger) endsUntold(t *conversation.Thread) bool {
	e := l.entries[t.Session]
	return e != nil && e.is(byStatus) && !e.is(isClosed) && conversation.Ending(t.Records) > e.facts.Last
}

// takeEnded asks for the status of sessions whose records end with a closing: it may
// say better how they were closed (R17). Where it still says that they are open, or
// cannot be learned, they are read again in the next pass, a few times. One that does
// not exist any more is over.
func (r *reading) takeEnded(ctx context.Context) error {
	t, threads := r.target, r.ended
	if len(threads) == 0 {
		return nil
	}
	r.ended = nil
	ids := make([]int64, 0, len(threads))
	for i := range threads {
		ids = append(ids, threads[i].Session)
	}
	found, err := t.find(ctx, ids)
	told := make(map[int64]*conversation.Session, len(found))
	for i := range found {
		told[found[i].ID] = &found[i]
	}
	now := t.opts.Now()
	for i := range threads {
		thread := &threads[i]
		e, s := t.ledger.entries[thread.Session], told[thread.Session]
		switch {
		case s != nil && s.Closed:
			t.over(r.view.list, s, now)
		case s == nil && err == nil:
			e.set(isClosed, true)
		default:
			e.read = unread
			if e.tries++; e.tries < maxTries {
				continue
			}
		}
		r.take(thread)
	}
	return err
}

// clockless counts the sessions whose status says that their customer is owed an
// answer, while no record says since when (R14): they are pending.
func (t *Target) clockless(v *view, o *outcome) {
	n := 0
	for _, e := range t.ledger.entries {
		if e.pass == t.ledger.pass && !e.is(isClosed) && e.clockless() {
			n++
		}
	}
	v.pending += n
	o.partial = o.partial || n > 0
}

func (e *entry) clockless() bool {
	return e.is(byStatus) && e.known() && e.word == wordAgent && mayWait(e.state.state()) && e.shown().Unanswered == 0
}
