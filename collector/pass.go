package collector

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"conversation_exporter/conversation"
)

// view is what one pass knows of a target. The families look at it and at
// nothing else; once it is made it does not change.
type view struct {
	target string
	// groups are those that the pass read.
	groups []string
	info   conversation.Info
	up     bool
	// started and end are when the pass began and ended.
	started, end time.Time
	// tallies are the sessions by place; nil where they could not be read.
	tallies map[place]*tally
	// folded counts the queues that share one label.
	folded   int
	outcomes []outcome
	// began is false where a scrape's time was over before a pass could serve it.
	began bool
	// problem is why the system did not tell what it is.
	problem error
	// list is what the groups read, until it is counted.
	list *listing
}

// listing is what a source told of the open sessions.
type listing struct {
	sessions []conversation.Session
	queues   []conversation.Queue
	cover    conversation.Coverage
}

// outcome is how the reading of one group went.
type outcome struct {
	group                      string
	success, partial, timedOut bool
	took                       time.Duration
	problems, warnings         []error
}

// Options say what a target is and how it is read.
type Options struct {
	// Name is the target's name in the configuration and in labels.
	Name string
	// Source is the door to the target.
	Source conversation.Source
	// Groups are the names of the groups that are on.
	Groups []string
	// MinInterval is how soon after a pass a scrape makes another one; 0 means at
	// once.
	MinInterval time.Duration
	// Timeout bounds a pass that no scraper gives a deadline to.
	Timeout time.Duration
	// Now is the clock; time.Now where it is nil.
	Now func() time.Time
	// Logger takes one line per failure and one when it is over.
	Logger log.Logger
}

// Target reads one target, one pass at a time.
type Target struct {
	opts  Options
	share sharing
	// panics counts those that were contained.
	panics atomic.Uint64
	// lateAt is when the log was last told of a scrape that came too late.
	lateAt atomic.Pointer[time.Time]
	// The pass under way alone touches these.
	ledger *ledger
	known  *known
	logged map[string]logged
	last   lastView
}

// NewTarget makes a Target. It opens no connection.
func NewTarget(opts Options) *Target {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Logger == nil {
		opts.Logger = log.NewNopLogger()
	}
	return &Target{
		opts:   opts,
		ledger: newLedger(), known: newKnown(), logged: make(map[string]logged),
	}
}

// wanted returns which of the groups that are on a scrape asks for.
func (t *Target) wanted(names []string) []string {
	if names == nil {
		return t.opts.Groups
	}
	return slices.DeleteFunc(slices.Clone(t.opts.Groups), func(g string) bool { return !slices.Contains(names, g) })
}

// pass reads the target once; sharing sees to it that there is one at a time. It
// returns by the context's deadline, as far as the source keeps to it.
func (t *Target) pass(ctx context.Context, wanted []string) *view {
	v := &view{target: t.opts.Name, groups: wanted, began: true, started: t.opts.Now()}
	for _, g := range groups() {
		if slices.Contains(wanted, g.name) {
			v.outcomes = append(v.outcomes, g.read(t, ctx, v))
		}
	}
	t.readInfo(ctx, v)
	if err := t.contain("counting the sessions", func() error { t.tally(v); return nil }); err != nil {
		v.fail(err)
	}
	v.end = t.opts.Now()
	if !errors.Is(ctx.Err(), context.Canceled) {
		// A pass that nobody waits for any more says nothing of the target.
		t.report(v)
		if includes(v.groups, t.opts.Groups) {
			t.last.set(v)
		}
	}
	return v
}

// readSessions reads what the group "sessions" shows.
func (t *Target) readSessions(ctx context.Context, v *view) outcome {
	begun := t.opts.Now()
	o := outcome{group: groupSessions}
	var list listing
	failed := t.contain("listing the open sessions", func() (err error) {
		list.sessions, list.cover, err = t.opts.Source.OpenSessions(ctx)
		return err
	})
	if failed == nil {
		t.addQueues(ctx, &list)
		v.list = &list
	} else if len(list.cover.Problems) == 0 {
		list.cover.Problems = []error{failed}
	}
	o.problems, o.warnings = list.cover.Problems, list.cover.Warnings
	o.timedOut = list.cover.TimedOut || errors.Is(failed, context.DeadlineExceeded)
	o.success = failed == nil && len(list.cover.Failed) == 0 && !slices.ContainsFunc(o.problems, func(err error) bool { return isFault(err, o.timedOut) })
	o.partial = failed == nil && !list.cover.Complete()
	o.took = t.opts.Now().Sub(begun)
	return o
}

// isFault tells an error from a limit that was reached: a list that was cut short
// is partial, but nothing failed.
func isFault(err error, timedOut bool) bool {
	for _, limit := range []error{conversation.ErrPageLimit, conversation.ErrPart, conversation.ErrAssumed} {
		if errors.Is(err, limit) {
			return false
		}
	}
	return !(timedOut && errors.Is(err, context.DeadlineExceeded))
}

// addQueues adds the queues that exist to what was listed. A failure that the
// listing met too is told once.
func (t *Target) addQueues(ctx context.Context, list *listing) {
	err := t.contain("listing the queues", func() (err error) {
		list.queues, err = t.opts.Source.Queues(ctx)
		return err
	})
	if err == nil || errors.Is(err, conversation.ErrUnsupported) {
		return
	}
	list.queues = nil
	if !slices.ContainsFunc(list.cover.Problems, func(known error) bool { return known.Error() == err.Error() }) {
		list.cover.Problems = append(slices.Clone(list.cover.Problems), err)
	}
}

// readInfo reads what the system is, and whether it accepted our credentials in
// this pass.
func (t *Target) readInfo(ctx context.Context, v *view) {
	v.problem = t.contain("reading the version", func() (err error) {
		v.info, err = t.opts.Source.Info(ctx)
		return err
	})
	v.up = !v.info.AcceptedAt.IsZero() && !v.info.AcceptedAt.Before(v.started)
}

// tally counts the sessions that were listed, as of now, by place.
func (t *Target) tally(v *view) {
	if v.list == nil {
		return
	}
	list := v.list
	v.list = nil
	now := t.opts.Now()
	sessions := t.ledger.settle(list.sessions, now, list.cover)
	l := t.known.learn(sessions, list.queues, now)
	tallies := make(map[place]*tally)
	for _, s := range sessions {
		at := l.place(s)
		if tallies[at] == nil {
			tallies[at] = newTally()
		}
		tallies[at].count(s, now)
		t.known.remember(at, s)
	}
	t.known.forget(now, l, tallies)
	t.known.fill(tallies, v.info.States)
	v.tallies, v.folded = tallies, l.folded
}

// contain turns a panic into an error, so that one source's fault leaves the
// other targets alone.
func (t *Target) contain(doing string, read func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = conversation.NewPanicError(doing, p)
		}
		var fault *conversation.PanicError
		if errors.As(err, &fault) {
			t.panics.Add(1)
			level.Error(t.opts.Logger).Log("msg", "panic", "target", t.opts.Name, "err", fault, "stack", fault.Stack)
		}
	}()
	return read()
}

// problems returns what went wrong in a pass. Where nothing else tells why the
// target is down, it is why it did not tell what it is.
func (v *view) problems() []error {
	var all []error
	for _, o := range v.outcomes {
		all = slices.Concat(all, o.problems, o.warnings)
	}
	if len(all) == 0 && !v.up && v.problem != nil {
		all = append(all, v.problem)
	}
	return all
}

// fail withdraws what was read, after a fault while it was counted.
func (v *view) fail(err error) {
	v.tallies, v.list = nil, nil
	for i := range v.outcomes {
		o := &v.outcomes[i]
		o.success, o.partial, o.problems = false, false, append(o.problems, err)
	}
}

// remindAfter is how often a problem that lasts is logged again.
const remindAfter = time.Hour

// report writes a line for each problem that is new, one an hour for each that
// lasts, and one when all are over. What a pass did not read it says nothing of.
func (t *Target) report(v *view) {
	log := level.Warn(t.opts.Logger)
	if v.tallies == nil {
		log = level.Error(t.opts.Logger)
	}
	now := make(map[string]bool)
	for _, problem := range v.problems() {
		key := conversation.Key(problem)
		now[key] = true
		was, known := t.logged[key]
		switch {
		case !known:
			was = logged{groups: v.groups, since: v.end, last: v.end}
			log.Log("msg", "reading failed", "target", t.opts.Name, "err", problem)
		case v.end.Sub(was.last) >= remindAfter:
			was.last = v.end
			log.Log("msg", "reading still fails", "target", t.opts.Name, "since", was.since.UTC().Format(time.RFC3339), "err", problem)
		}
		t.logged[key] = was
	}
	before := len(t.logged)
	for key, was := range t.logged {
		if !now[key] && includes(v.groups, was.groups) {
			delete(t.logged, key)
		}
	}
	if before > 0 && len(t.logged) == 0 {
		level.Info(t.opts.Logger).Log("msg", "reading works again", "target", t.opts.Name)
	}
}

// logged is when a problem began and when it was logged last, and the groups
// that were read when it did.
type logged struct {
	groups      []string
	since, last time.Time
}
