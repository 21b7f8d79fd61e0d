package collector

import (
	"context"
	"errors"
	"slices"
	"sync"
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
	// tallies are the sessions by place; nil where they could not be read. backlogs
	// are what is owed there; nil where no messages were read.
	tallies  map[place]*tally
	backlogs map[place]*backlog
	// inbound and sending are instants by channel, in Unix seconds.
	inbound, sending map[string]int64
	// counts are the counters as they stood; nil until there is a baseline.
	counts *counts
	// messages is true where the group "messages" was read, as far as that went.
	messages bool
	// queues are what is shown of the queues by label, agents those of all of them;
	// nil and not known where they could not be read.
	queues map[string]queueFacts
	agents headcount
	// channelsUp and traffic are what is shown of the channels.
	channelsUp map[channelName]bool
	// channelsLapsed are those whose subscription is over.
	channelsLapsed map[channelName]bool
	traffic        map[channelName]traffic
	// agentSessions and agentPresent are what is shown of each agent, by label.
	agentSessions map[string]int
	agentPresent  map[string]bool
	// pending counts the sessions whose records are still to be read, read those
	// whose records are; it is 0 where nothing is pending.
	pending, read int
	// folded counts the queues that share one label.
	folded   int
	outcomes []outcome
	// began is false where a scrape's time was over before a pass could serve it.
	began bool
	// notes are what an operator should know of what the system does not have.
	notes []error
	// problem is why the system did not tell what it is.
	problem error
	// list is what was listed, until it is counted.
	list *listing
	// besides waits for what is read beside the sessions; nil once that is counted.
	besides func() *beside
	// progress is how far the pass is.
	progress *progress
}

// has reports whether a group was read, or tried.
func (v *view) has(group string) bool {
	return slices.ContainsFunc(v.outcomes, func(o outcome) bool { return o.group == group })
}

// listing is what a source told of the open sessions.
type listing struct {
	sessions []conversation.Session
	// closed are those of the closed sessions that were told in the same pass.
	closed []conversation.Session
	queues []conversation.Queue
	cover  conversation.Coverage
	// failed is why nothing could be listed.
	failed error
	took   time.Duration
}

// outcome is how the reading of one group went.
type outcome struct {
	group                      string
	success, partial, timedOut bool
	// unsupported is true where the system has no such thing.
	unsupported        bool
	took               time.Duration
	problems, warnings []error
}

// Options say what a target is and how it is read.
type Options struct {
	// Name is the target's name in the configuration and in labels.
	Name string
	// Source is the door to the target.
	Source conversation.Source
	// Groups are the names of the groups that are on.
	Groups []string
	// AgentNames is true where agents are called by their names in labels.
	AgentNames bool
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
	// panics counts those that were contained; it is the collector's.
	panics *atomic.Uint64
	// left is closed when the target is read no more, ended when it is closed too.
	left, ended chan struct{}
	// follows are closed when those have ended that had the name before this one. Each
	// ends after those that it follows itself.
	follows []<-chan struct{}
	// lateAt is when the log was last told of a scrape that came too late.
	lateAt atomic.Pointer[time.Time]
	// The pass under way alone touches these.
	ledger *ledger
	known  *known
	counts *counts
	logged map[string]logged
	// failing is true from a line of a problem to the one that says that all are over.
	failing bool
	// swept is how the last sweep of the closed sessions went.
	swept outcome
	// counting is how long the last counting took, size how many sessions were listed
	// last.
	counting time.Duration
	size     int
	// readOnce is true once the messages of a session were read: the system has such
	// a thing.
	readOnce bool
	// lacking is how the system told that it has no messages; nil where it has them,
	// or nobody knows yet.
	lacking []error
	// offers is true once the system told of a session whether it is offered to a
	// colleague: it has such a thing.
	offers bool
	// behind is true while there was not enough time to read all messages, starved
	// where there was none for any of them.
	behind, starved bool
	// toldOf is what the log was told of messages that are still to be read.
	toldOf toldOf
	last   lastView
	// published is a copy of counts for those beside the pass.
	published atomic.Pointer[counts]
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
		opts: opts, panics: new(atomic.Uint64), left: make(chan struct{}), ended: make(chan struct{}),
		ledger: newLedger(slices.Contains(opts.Groups, groupMessages)), known: newKnown(), counts: newCounts(), logged: make(map[string]logged),
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
	v.progress = t.last.begin(v.started)
	defer t.last.over()
	v.besides = sync.OnceValue(t.readBeside(ctx, wanted))
	for _, g := range groups() {
		if !slices.Contains(wanted, g.name) {
			continue
		}
		var o outcome
		if err := t.contain("reading the group "+g.name, func() error { o = g.read(t, ctx, v); return nil }); err != nil {
			o = outcome{group: g.name, problems: []error{err}}
		}
		if !o.unsupported {
			v.outcomes = append(v.outcomes, o)
		}
	}
	t.readInfo(ctx, v)
	v.besides()
	v.progress.enter(phaseCounting)
	begun := time.Now()
	if err := t.contain("counting the sessions", func() error { t.tally(v); return nil }); err != nil {
		v.fail(err)
	}
	t.counting = time.Since(begun)
	v.counts = t.published.Load()
	v.end = t.opts.Now()
	if !errors.Is(ctx.Err(), context.Canceled) {
		// A pass that nobody waits for any more says nothing of the target.
		t.report(v)
		t.last.set(v)
	}
	return v
}

// listing lists the open sessions, once a pass.
func (t *Target) listing(ctx context.Context, v *view) *listing {
	if v.list != nil {
		return v.list
	}
	v.progress.enter(phaseListing)
	begun := t.opts.Now()
	list := &listing{}
	v.list = list
	ctx, done := shorten(ctx, t.timeForMessages(v))
	defer done()
	list.failed = t.contain("listing the open sessions", func() (err error) {
		list.sessions, list.cover, err = t.opts.Source.OpenSessions(ctx)
		return err
	})
	if list.failed == nil {
		t.addQueues(ctx, list)
		now := t.opts.Now()
		list.failed = t.contain("taking note of the open sessions", func() error {
			t.ledger.list(list.sessions, now, list.cover)
			return nil
		})
	}
	if list.failed != nil && len(list.cover.Problems) == 0 {
		list.cover.Problems = []error{list.failed}
	}
	t.size = len(list.sessions)
	list.took = t.opts.Now().Sub(begun)
	v.progress.enter(phaseBeside)
	return list
}

// timeForMessages is what listing leaves of its time while messages are still to
// be read: a list that always takes all of it would leave none. Where the last pass
// had no time for any of them, it is more.
func (t *Target) timeForMessages(v *view) func(left time.Duration) time.Duration {
	share := 0.4
	if t.starved {
		share = 0.7
	}
	return func(left time.Duration) time.Duration {
		if !t.behind || !slices.Contains(v.groups, groupMessages) {
			return 0
		}
		return time.Duration(float64(left) * share)
	}
}

// readSessions reads what the group "sessions" shows.
func (t *Target) readSessions(ctx context.Context, v *view) outcome {
	return t.listing(ctx, v).outcome(groupSessions)
}

// outcome is how the listing went, as that of a group.
func (list *listing) outcome(group string) outcome {
	o := outcome{group: group, took: list.took, problems: list.cover.Problems, warnings: list.cover.Warnings}
	o.timedOut = list.cover.TimedOut || errors.Is(list.failed, context.DeadlineExceeded)
	o.success = list.failed == nil && len(list.cover.Failed) == 0 && !slices.ContainsFunc(o.problems, func(err error) bool { return isFault(err, o.timedOut) })
	o.partial = list.failed == nil && !list.cover.Complete()
	return o
}

// isFault tells an error from a limit that was reached: a list that was cut short
// is partial, but nothing failed.
func isFault(err error, timedOut bool) bool {
	for _, limit := range []error{conversation.ErrPageLimit, conversation.ErrPart, conversation.ErrAssumed, conversation.ErrLeftOut} {
		if errors.Is(err, limit) {
			return false
		}
	}
	return !(timedOut && errors.Is(err, context.DeadlineExceeded))
}

// addQueues adds the queues that exist to what was listed. Which there are is all that
// is of interest here: an error beside them leaves out nothing of the sessions, and the
// group of the queues tells it. A failure that the listing met too is told once.
func (t *Target) addQueues(ctx context.Context, list *listing) {
	err := t.contain("listing the queues", func() (err error) {
		read := t.opts.Source.Queues
		if namer, ok := t.opts.Source.(conversation.QueueNamer); ok {
			read = namer.QueueNames
		}
		list.queues, err = read(ctx)
		return err
	})
	if err == nil || list.queues != nil || errors.Is(err, conversation.ErrUnsupported) {
		return
	}
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

// fail withdraws what was read, after a fault while it was counted.
func (v *view) fail(err error) {
	v.tallies, v.backlogs, v.sending, v.inbound, v.list, v.besides = nil, nil, nil, nil, nil, nil
	v.queues, v.agents, v.channelsUp, v.traffic, v.agentSessions, v.agentPresent = nil, headcount{}, nil, nil, nil, nil
	v.channelsLapsed = nil
	for i := range v.outcomes {
		o := &v.outcomes[i]
		o.success, o.partial, o.problems = false, false, append(o.problems, err)
	}
}

// lacks says that the exported values of a group leave something out.
func (v *view) lacks(group string) {
	for i := range v.outcomes {
		if v.outcomes[i].group == group {
			v.outcomes[i].partial = true
		}
	}
}
