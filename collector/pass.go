package collector

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"conversation_exporter/conversation"
)

// view is what one pass knows of a target. The families look at it and at
// nothing else; once it is made it does not change.
type view struct {
	target string
	info   conversation.Info
	up     bool
	// started and end are when the pass began and ended.
	started, end time.Time
	// tallies are the sessions by place; nil where they could not be read.
	tallies map[place]*tally
	// folded counts the queues that share one label.
	folded   int
	outcomes []outcome
}

// outcome is how the reading of one group went.
type outcome struct {
	group                      string
	success, partial, timedOut bool
	took                       time.Duration
	problems                   []error
}

// Options say what a target is and how it is read.
type Options struct {
	// Name is the target's name in the configuration and in labels.
	Name string
	// Source is the door to the target.
	Source conversation.Source
	// Groups are the names of the groups that are on.
	Groups []string
	// Timeout bounds a pass that no scraper gives a deadline to.
	Timeout time.Duration
	// Now is the clock; time.Now where it is nil.
	Now func() time.Time
	// Logger takes one line per failure and one when it is over.
	Logger log.Logger
}

// Target reads one target, one pass at a time.
type Target struct {
	opts Options
	// turn is held by the pass under way, which alone touches what is below it.
	turn   chan struct{}
	ledger *ledger
	known  *known
	told   map[string]bool
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
		opts: opts, turn: make(chan struct{}, 1),
		ledger: newLedger(), known: newKnown(), told: make(map[string]bool),
	}
}

// pass reads the target once. It returns by the context's deadline.
func (t *Target) pass(ctx context.Context) *view {
	v := &view{target: t.opts.Name, started: t.opts.Now()}
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		// Another scrape's pass took all of this one's time.
		v.end = t.opts.Now()
		for _, name := range t.opts.Groups {
			v.outcomes = append(v.outcomes, outcome{group: name, timedOut: true, took: v.end.Sub(v.started)})
		}
		return v
	}
	if slices.Contains(t.opts.Groups, groupSessions) {
		v.outcomes = append(v.outcomes, t.readSessions(ctx, v))
	} else {
		t.readInfo(ctx, v)
	}
	v.end = t.opts.Now()
	if !errors.Is(ctx.Err(), context.Canceled) {
		// A pass that nobody waits for any more says nothing of the target.
		t.report(v)
		t.last.set(v)
	}
	return v
}

// readSessions reads what the group "sessions" shows.
func (t *Target) readSessions(ctx context.Context, v *view) outcome {
	begun := t.opts.Now()
	o := outcome{group: groupSessions}
	var (
		sessions []conversation.Session
		cover    conversation.Coverage
	)
	failed := t.contain("listing the open sessions", func() (err error) {
		sessions, cover, err = t.opts.Source.OpenSessions(ctx)
		return err
	})
	queues := t.readQueues(ctx)
	t.readInfo(ctx, v)

	o.problems = cover.Problems
	if failed != nil {
		o.problems = []error{failed}
	} else {
		t.tally(v, sessions, queues, cover)
	}
	o.timedOut = cover.TimedOut || slices.ContainsFunc(o.problems, func(err error) bool { return errors.Is(err, context.DeadlineExceeded) })
	o.success = failed == nil && cover.Failed == 0 && !slices.ContainsFunc(o.problems, isFault)
	o.partial = failed == nil && !cover.Complete()
	o.took = t.opts.Now().Sub(begun)
	return o
}

// isFault tells an error from a limit that was reached: a list that the deadline
// or max_pages cut short is partial, but nothing failed.
func isFault(err error) bool {
	return !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, conversation.ErrPageLimit)
}

// readQueues returns the queues that exist, or nil where that cannot be told.
// A failure shows in the sessions too, whose labels come from the same list.
func (t *Target) readQueues(ctx context.Context) (queues []conversation.Queue) {
	err := t.contain("listing the queues", func() (err error) {
		queues, err = t.opts.Source.Queues(ctx)
		return err
	})
	if err != nil {
		return nil
	}
	return queues
}

// readInfo reads what the system is, and whether it accepted our credentials in
// this pass.
func (t *Target) readInfo(ctx context.Context, v *view) {
	err := t.contain("reading the version", func() (err error) {
		v.info, err = t.opts.Source.Info(ctx)
		return err
	})
	if err != nil {
		level.Debug(t.opts.Logger).Log("msg", "the system did not tell its version", "target", t.opts.Name, "err", err)
	}
	v.up = !v.info.AcceptedAt.IsZero() && !v.info.AcceptedAt.Before(v.started)
}

// tally counts the sessions, as of now, by place.
func (t *Target) tally(v *view, sessions []conversation.Session, queues []conversation.Queue, cover conversation.Coverage) {
	now := t.opts.Now()
	t.ledger.settle(sessions, now, cover.Failed+cover.Cut == 0)
	l := t.known.learn(sessions, queues)
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
// other targets alone. The value of a panic may hold anything, so only the
// runtime's own are put into words.
func (t *Target) contain(doing string, read func() error) (err error) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		var fault runtime.Error
		if e, ok := p.(error); ok && errors.As(e, &fault) {
			err = fmt.Errorf("%s: a fault of the exporter: %w", doing, fault)
		} else {
			err = fmt.Errorf("%s: a fault of the exporter: %T", doing, p)
		}
		level.Error(t.opts.Logger).Log("msg", "panic", "target", t.opts.Name, "err", err, "stack", string(debug.Stack()))
	}()
	return read()
}

// report writes a line for each problem that is new and one when all are over.
func (t *Target) report(v *view) {
	now := make(map[string]bool)
	for _, o := range v.outcomes {
		for _, problem := range o.problems {
			text := problem.Error()
			now[text] = true
			if !t.told[text] {
				level.Warn(t.opts.Logger).Log("msg", "reading failed", "target", t.opts.Name, "collector", o.group, "partial", o.partial, "err", text)
			}
		}
	}
	if len(now) == 0 && len(t.told) > 0 {
		level.Info(t.opts.Logger).Log("msg", "reading works again", "target", t.opts.Name)
	}
	t.told = now
}
