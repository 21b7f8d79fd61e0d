package collector

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"conversation_exporter/conversation"
)

// beside is what a pass reads beside the sessions: queues, channels and agents.
// It is read at the same time, so that neither waits for the other.
type beside struct {
	queues   told[conversation.Queue]
	channels told[conversation.Channel]
	agents   told[conversation.Agent]
	// labels are those of the pass, once they are known.
	labels labels
}

// told is one list as a source told it. What stands beside an error is as much as
// is known.
type told[T any] struct {
	list []T
	err  error
	took time.Duration
}

// readBeside begins to read what the groups need, and returns what waits for it.
func (t *Target) readBeside(ctx context.Context, groups []string) (wait func() *beside) {
	b := &beside{}
	var all sync.WaitGroup
	ctx, done := shorten(ctx, t.countingTime)
	if slices.Contains(groups, groupQueues) || slices.Contains(groups, groupAgents) {
		all.Go(func() {
			if slices.Contains(groups, groupQueues) {
				b.queues = ask(ctx, t, "listing the queues", t.opts.Source.Queues)
			}
			b.agents = ask(ctx, t, "listing the agents", t.opts.Source.Agents)
		})
	}
	if slices.Contains(groups, groupChannels) {
		all.Go(func() { b.channels = ask(ctx, t, "listing the channels", t.opts.Source.Channels) })
	}
	return func() *beside {
		all.Wait()
		done()
		return b
	}
}

// ask reads one list.
func ask[T any](ctx context.Context, t *Target, doing string, read func(context.Context) ([]T, error)) (out told[T]) {
	begun := t.opts.Now()
	out.err = t.contain(doing, func() (err error) {
		out.list, err = read(ctx)
		return err
	})
	out.took = t.opts.Now().Sub(begun)
	return out
}

// agree makes the queues of a pass one list, where they were told twice: to those who
// listed the sessions, and a moment before or after that. The former say which there
// are; what was told of each stays, for the group was judged by that.
func (b *beside) agree(list *listing) {
	switch {
	case b.queues.list == nil:
	case list.queues == nil:
		list.queues = b.queues.list
	default:
		one := slices.Clone(list.queues)
		for i := range one {
			id := one[i].ID
			if told := slices.IndexFunc(b.queues.list, func(q conversation.Queue) bool { return q.ID == id }); told >= 0 {
				one[i] = b.queues.list[told]
			}
		}
		b.queues.list = one
	}
}

// nothing reports whether nothing of the list is known.
func (l told[T]) nothing() bool { return l.err != nil && (l.list == nil || l.unsupported()) }

// unsupported reports whether the system has no such thing.
func (l told[T]) unsupported() bool { return errors.Is(l.err, conversation.ErrUnsupported) }

// outcome is how the reading of the list went, as that of a group of which nothing is
// exported beside an error.
func (l told[T]) outcome(group string) outcome {
	o := outcome{group: group, success: l.err == nil, took: l.took}
	if l.err != nil {
		o.problems = []error{l.err}
		o.timedOut = errors.Is(l.err, context.DeadlineExceeded)
		o.unsupported = l.unsupported()
	}
	return o
}

// with adds to an outcome how the agents were read, without whom the rest of the
// group is exported all the same.
func (o outcome) with(agents told[conversation.Agent]) outcome {
	o.took = max(o.took, agents.took)
	if agents.err == nil || agents.unsupported() {
		return o
	}
	return o.part(agents.err)
}

// part adds to an outcome why a part of the group could not be read, each reason once.
func (o outcome) part(why error) outcome {
	d := distinct{}
	d.add(o.problems)
	for _, err := range reasons(why) {
		o.success = o.success && !isFault(err, false)
		d.add([]error{err})
	}
	o.timedOut = o.timedOut || errors.Is(why, context.DeadlineExceeded)
	o.problems, o.partial = d.all, true
	return o
}

// reasons are the errors that an error was joined of. One that wraps them says something
// too, and stays whole.
func reasons(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{err}
}
