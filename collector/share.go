package collector

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/go-kit/log/level"
)

// sharing lets scrapes of a target that overlap share one pass, and one that
// comes soon after a pass take over what it read. Thus a second Prometheus, or a
// stranger at the door, costs the system nothing.
type sharing struct {
	mu  sync.Mutex
	run *run
	// fresh are the last passes that may be taken over, the newest last, but for those
	// of which a newer one has read all.
	fresh []*view
}

// manyFresh is how many passes that read different groups there may be within
// min_interval. The next one reads all that they did, so that whoever plays with
// the choice of groups costs the system little.
const manyFresh = 4

// keepFresh leaves out the passes that are too old to be taken over. s.mu is held.
func (s *sharing) keepFresh(now time.Time, life time.Duration) {
	s.fresh = slices.DeleteFunc(s.fresh, func(v *view) bool { return now.Sub(v.end) >= life || now.Before(v.end) })
}

// keep adds a pass to those that may be taken over. s.mu is held.
func (s *sharing) keep(v *view) {
	s.fresh = append(slices.DeleteFunc(s.fresh, func(old *view) bool { return includes(v.groups, old.groups) }), v)
}

// serving returns the newest pass that read all that is wanted, or nil. s.mu is held.
func (s *sharing) serving(wanted []string) *view {
	for _, v := range slices.Backward(s.fresh) {
		if includes(v.groups, wanted) {
			return v.only(wanted)
		}
	}
	return nil
}

// run is a pass under way. It has the deadline of the scrape that began it; what
// it told may be read once done is closed.
type run struct {
	groups  []string
	waiters int
	end     context.CancelFunc
	done    chan struct{}
	view    *view
	// cut is true where the deadline ended the pass.
	cut bool
}

// read returns what a pass told: one that has just ended, one under way that
// reads the groups that are wanted, or a new one. It returns by the deadline of
// its own context, or a moment later where a pass tells what it had; and nil at
// once where the target is read no more.
func (t *Target) read(ctx context.Context, wanted []string) *view {
	for {
		v, r, began := t.join(ctx, wanted)
		switch {
		case v != nil || r == nil:
			return v
		case r.serves(wanted):
			if v := t.wait(ctx, r, wanted, began); v != nil {
				return v
			}
			continue // It was cut short, and there is time for one of our own.
		}
		// The one under way reads something else; there is one pass at a time.
		select {
		case <-r.done:
		case <-t.left:
		case <-ctx.Done():
			return t.late(wanted)
		}
	}
}

// serves reports whether a pass reads all that is wanted.
func (r *run) serves(wanted []string) bool { return includes(r.groups, wanted) }

// join returns a finished pass that serves, or the one under way, which it
// begins where there is none. The caller is among the waiters of one that serves.
// It returns neither where the target is read no more.
func (t *Target) join(ctx context.Context, wanted []string) (v *view, r *run, began bool) {
	t.share.mu.Lock()
	defer t.share.mu.Unlock()
	if t.hasLeft() {
		return nil, nil, false
	}
	t.share.keepFresh(t.opts.Now(), t.opts.MinInterval)
	if v := t.share.serving(wanted); v != nil {
		return v, nil, false
	}
	if r = t.share.run; r == nil {
		if ctx.Err() != nil {
			return t.late(wanted), nil, false
		}
		r, began = t.begin(ctx, wanted), true
	}
	if r.serves(wanted) {
		r.waiters++
	}
	return nil, r, began
}

// begin starts a pass with the deadline of a scrape, which may leave it to
// others. t.share.mu is held.
func (t *Target) begin(ctx context.Context, wanted []string) *run {
	if len(t.share.fresh) >= manyFresh {
		wanted = t.wanted(nil)
	}
	until, _ := ctx.Deadline()
	own, end := context.WithDeadline(context.WithoutCancel(ctx), until)
	r := &run{groups: wanted, end: end, done: make(chan struct{})}
	t.share.run = r
	go t.carryOut(own, r)
	return r
}

// carryOut makes the pass and publishes it.
func (t *Target) carryOut(ctx context.Context, r *run) {
	defer r.end()
	var v *view
	t.await(ctx)
	err := t.contain("reading the target", func() error {
		v = t.pass(ctx, r.groups)
		return nil
	})
	if err != nil {
		v = &view{target: t.opts.Name, groups: r.groups, started: t.opts.Now(), end: t.opts.Now(), began: true, counts: t.published.Load()}
		for _, name := range r.groups {
			v.outcomes = append(v.outcomes, outcome{group: name})
		}
		v.fail(err)
		t.last.set(v)
	}
	t.share.mu.Lock()
	t.share.run = nil
	if r.cut = ctx.Err() != nil; !r.cut {
		// What was cut short serves only those who had no more time.
		t.share.keep(v)
	}
	t.share.mu.Unlock()
	r.view = v
	close(r.done)
}

// wait waits for a pass. It returns nil where the pass was cut short while this
// waiter has time left, or where the target is read no more. Where this waiter is
// the last to leave, the pass ends too, and is given a moment to tell what it has.
func (t *Target) wait(ctx context.Context, r *run, wanted []string, began bool) *view {
	select {
	case <-r.done:
		if t.hasLeft() || r.cut && !began && ctx.Err() == nil {
			return nil
		}
		return r.view.only(wanted)
	case <-t.left:
		return nil
	case <-ctx.Done():
	}
	t.share.mu.Lock()
	r.waiters--
	alone := r.waiters == 0
	if own := began && errors.Is(ctx.Err(), context.DeadlineExceeded); alone && !own {
		// Its own deadline ends a pass by itself. Anything else does it here, under
		// the lock, so that nobody joins what is ending.
		r.end()
	}
	t.share.mu.Unlock()
	if !alone && !began {
		return t.late(wanted)
	}
	moment := time.NewTimer(partingTime)
	defer moment.Stop()
	select {
	case <-r.done:
		return r.view.only(wanted)
	case <-moment.C:
		if began {
			return t.lateFor(wanted, errSlow)
		}
		return t.late(wanted)
	}
}

// partingTime is how long a pass that was cut short may take to tell what it has.
const partingTime = 50 * time.Millisecond

// late is what a scrape tells whose time was over before a pass could serve it.
func (t *Target) late(wanted []string) *view { return t.lateFor(wanted, errLate) }

func (t *Target) lateFor(wanted []string, why error) *view {
	v := &view{target: t.opts.Name, groups: wanted, started: t.opts.Now(), end: t.opts.Now(), counts: t.published.Load()}
	if last := t.lateAt.Load(); last == nil || v.end.Sub(*last) >= remindAfter {
		t.lateAt.Store(&v.end)
		level.Warn(t.opts.Logger).Log("msg", "a scrape was told nothing", "target", t.opts.Name, "err", t.whyLate(why))
	}
	for _, name := range wanted {
		v.outcomes = append(v.outcomes, outcome{group: name, timedOut: true})
	}
	return v
}

// errLate, errSlow and errFollows are why such a scrape tells nothing.
var (
	errSlow    = errors.New("its own pass did not end in time: allow the scrape more time")
	errLate    = errors.New("another scrape's pass took all the time: scrape less often, or allow more time")
	errFollows = errors.New("the target that had this name until a reload is still being closed")
)

// whyLate tells which of them it is.
func (t *Target) whyLate(otherwise error) error {
	for _, ended := range t.follows {
		select {
		case <-ended:
		default:
			return errFollows
		}
	}
	return otherwise
}

// only leaves out the groups that are not wanted.
func (v *view) only(wanted []string) *view {
	if slices.Equal(v.groups, wanted) {
		return v
	}
	part := *v
	part.groups = wanted
	part.outcomes = slices.DeleteFunc(slices.Clone(v.outcomes), func(o outcome) bool { return !slices.Contains(wanted, o.group) })
	return &part
}

// includes reports whether all that is wanted is among the groups.
func includes(groups, wanted []string) bool {
	return !slices.ContainsFunc(wanted, func(g string) bool { return !slices.Contains(groups, g) })
}
