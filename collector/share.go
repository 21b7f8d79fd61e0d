package collector

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// sharing lets scrapes of a target that overlap share one pass, and one that
// comes soon after a pass take over what it read. Thus a second Prometheus, or a
// stranger at the door, costs the system nothing.
type sharing struct {
	mu  sync.Mutex
	run *run
	// last is the last pass that may be taken over.
	last *view
}

// run is a pass under way. view may be read once done is closed.
type run struct {
	ctx     *stretch
	groups  []string
	waiters int
	done    chan struct{}
	view    *view
}

// read returns what a pass told: one that has just ended, one under way that
// reads the groups that are wanted, or a new one. It returns by the deadline of
// its own context.
func (t *Target) read(ctx context.Context, wanted []string) *view {
	for {
		v, r, joined := t.join(ctx, wanted)
		switch {
		case v != nil:
			return v
		case joined:
			return t.wait(ctx, r, wanted)
		}
		// The one under way reads something else, or has run out of time; there is
		// one pass at a time.
		select {
		case <-r.done:
		case <-ctx.Done():
			return t.late(wanted)
		}
	}
}

// join returns a finished pass that serves, or the one under way, which it
// begins where there is none. It tells whether the caller is among its waiters.
func (t *Target) join(ctx context.Context, wanted []string) (v *view, r *run, joined bool) {
	t.share.mu.Lock()
	defer t.share.mu.Unlock()
	now := t.opts.Now()
	if v := t.share.last; v != nil && now.Sub(v.end) < t.opts.MinInterval && !now.Before(v.end) && includes(v.groups, wanted) {
		return v.only(wanted), nil, false
	}
	if ctx.Err() != nil {
		return t.late(wanted), nil, false
	}
	until, _ := ctx.Deadline()
	if r = t.share.run; r != nil {
		if includes(r.groups, wanted) && r.ctx.extend(until) {
			r.waiters++
			joined = true
		}
		return nil, r, joined
	}
	r = &run{ctx: newStretch(until), groups: wanted, waiters: 1, done: make(chan struct{})}
	t.share.run = r
	go t.carryOut(r) //nolint:contextcheck // A pass is nobody's request; its own context ends with its last waiter.
	return nil, r, true
}

// carryOut makes the pass and publishes it.
func (t *Target) carryOut(r *run) {
	v := &view{}
	err := t.contain("reading the target", func() error {
		v = t.pass(r.ctx, r.groups)
		return nil
	})
	if err != nil {
		v = t.late(r.groups)
		v.fail(err)
	}
	t.share.mu.Lock()
	t.share.run = nil
	if r.ctx.Err() == nil {
		// What a deadline has cut short serves only those who set it.
		t.share.last = v
	}
	t.share.mu.Unlock()
	r.view = v
	close(r.done)
	r.ctx.end(context.Canceled)
}

// wait waits for a pass. Where this waiter's time is over first, and it was the
// last one, the pass ends too and is given a moment to tell what it has.
func (t *Target) wait(ctx context.Context, r *run, wanted []string) *view {
	select {
	case <-r.done:
		return r.view.only(wanted)
	case <-ctx.Done():
	}
	t.share.mu.Lock()
	r.waiters--
	alone := r.waiters == 0
	t.share.mu.Unlock()
	if !alone {
		return t.late(wanted)
	}
	r.ctx.end(ctx.Err())
	moment := time.NewTimer(partingTime)
	defer moment.Stop()
	select {
	case <-r.done:
		return r.view.only(wanted)
	case <-moment.C:
		return t.late(wanted)
	}
}

// partingTime is how long a pass that was cut short may take to tell what it has.
const partingTime = 50 * time.Millisecond

// late is what a scrape tells whose time was over before a pass could serve it.
func (t *Target) late(wanted []string) *view {
	v := &view{target: t.opts.Name, groups: wanted, started: t.opts.Now(), end: t.opts.Now(), problem: errLate}
	for _, name := range wanted {
		v.outcomes = append(v.outcomes, outcome{group: name, timedOut: true})
	}
	return v
}

// errLate is why such a scrape tells nothing.
var errLate = errors.New("another scrape's pass took all the time: scrape less often, or allow more time")

// only leaves out the groups that are not wanted.
func (v *view) only(wanted []string) *view {
	if slices.Equal(v.groups, wanted) {
		return v
	}
	part := *v
	part.groups = wanted
	part.outcomes = slices.DeleteFunc(slices.Clone(v.outcomes), func(o outcome) bool { return !slices.Contains(wanted, o.group) })
	if !slices.Contains(wanted, groupSessions) {
		part.tallies = nil
	}
	return &part
}

// includes reports whether all that is wanted is among the groups.
func includes(groups, wanted []string) bool {
	return !slices.ContainsFunc(wanted, func(g string) bool { return !slices.Contains(groups, g) })
}
