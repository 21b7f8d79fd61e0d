package collector

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-kit/log/level"
)

const (
	// leaveTime is how long a target that was replaced may take to give back what
	// it took, cutTime how much of that its pass under way may take to end.
	leaveTime = 5 * time.Second
	cutTime   = 2 * time.Second
)

// ErrClosed is what a Collector answers to new targets after its end.
var ErrClosed = errors.New("the targets are closed already")

// errHangs is what a source ends with that does not even end when told to.
var errHangs = errors.New("closing takes too long, and goes on beside the rest")

// all returns the targets as they are now. Nobody may change the slice.
func (c *Collector) all() []*Target {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.targets
}

// find returns the target of that name, or nil.
func (c *Collector) find(name string) *Target {
	targets := c.all()
	if i, ok := slices.BinarySearchFunc(targets, name, byName); ok {
		return targets[i]
	}
	return nil
}

func byName(t *Target, name string) int { return cmp.Compare(t.opts.Name, name) }

// Names lists the targets, in order.
func (c *Collector) Names() []string {
	targets := c.all()
	names := make([]string, 0, len(targets))
	for _, t := range targets {
		names = append(names, t.opts.Name)
	}
	return names
}

// Replace makes these the targets, at once for all scrapes to come. One that was
// among them before goes on with all that it knows. The others end: their pass
// is cut, and their sources are closed beside this call, within a few seconds.
// closed is closed when all have ended. A target that takes the place of another
// one of its name is not read before that has ended. After Close nothing is
// replaced, and the error is ErrClosed.
func (c *Collector) Replace(ctx context.Context, targets ...*Target) (closed <-chan struct{}, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, ErrClosed
	}
	before := c.targets
	c.adopt(targets)
	done := make(chan struct{})
	waiting := make([]<-chan struct{}, 0, len(before))
	for _, t := range before {
		if slices.Contains(targets, t) {
			continue
		}
		c.leaving[t] = true
		t.leave()
		go c.end(context.WithoutCancel(ctx), t)
		waiting = append(waiting, t.ended)
	}
	go func() {
		defer close(done)
		for _, ended := range waiting {
			<-ended
		}
	}()
	return done, nil
}

// adopt takes the targets over. Those that are new count with the rest from now
// on, and wait for whom they follow. c.mu is held, but at the start.
func (c *Collector) adopt(targets []*Target) {
	next := slices.Clone(targets)
	slices.SortStableFunc(next, func(a, b *Target) int { return cmp.Compare(a.opts.Name, b.opts.Name) })
	for _, t := range next {
		i, ok := slices.BinarySearchFunc(c.targets, t.opts.Name, byName)
		switch {
		case ok && c.targets[i] == t:
			continue
		case ok:
			t.follows = append(t.follows, c.targets[i].ended)
		}
		for leaving := range c.leaving {
			if leaving.opts.Name == t.opts.Name {
				t.follows = append(t.follows, leaving.ended)
			}
		}
		t.panics = &c.panics
	}
	c.targets = next
}

// end closes a target that was replaced. It has limits of its own, since nobody
// waits for it for long.
func (c *Collector) end(ctx context.Context, t *Target) {
	t.await(ctx) // For those before it there is a limit too.
	bounded, cancel := context.WithTimeout(ctx, leaveTime)
	defer cancel()
	if err := t.close(bounded); err != nil {
		level.Warn(t.opts.Logger).Log("msg", "closing a target failed", "target", t.opts.Name, "err", err)
	}
	c.mu.Lock()
	delete(c.leaving, t)
	c.mu.Unlock()
	close(t.ended)
}

// Close gives back what the sources took, all at once, until the context ends.
// It waits for those too that were replaced a moment ago.
func (c *Collector) Close(ctx context.Context) error {
	c.mu.Lock()
	targets := c.targets
	if c.closed {
		targets = nil
	}
	c.closed = true
	leaving := make([]*Target, 0, len(c.leaving))
	for t := range c.leaving {
		leaving = append(leaving, t)
	}
	c.mu.Unlock()
	results := make(chan error, len(targets))
	for _, t := range targets {
		t.leave()
		go func() {
			err := t.close(ctx)
			if err != nil {
				err = fmt.Errorf("closing target %s: %w", t.opts.Name, err)
			}
			results <- err
		}()
	}
	errs := make([]error, 0, len(targets))
	for range targets {
		errs = append(errs, <-results)
	}
	for _, t := range leaving {
		select {
		case <-t.ended:
		case <-ctx.Done():
		}
	}
	return errors.Join(errs...)
}

// leave ends the target for all scrapes: its pass is cut, and none begins.
func (t *Target) leave() {
	t.share.mu.Lock()
	defer t.share.mu.Unlock()
	close(t.left)
	if t.share.run != nil {
		t.share.run.end()
	}
}

// hasLeft reports whether the target is read no more.
func (t *Target) hasLeft() bool {
	select {
	case <-t.left:
		return true
	default:
		return false
	}
}

// close waits a moment for the pass that was cut, and gives back what the source
// took. It returns by the end of the context, also where the source does not.
func (t *Target) close(ctx context.Context) error {
	t.share.mu.Lock()
	run := t.share.run
	t.share.mu.Unlock()
	if run != nil {
		moment := time.NewTimer(cutTime)
		defer moment.Stop()
		select {
		case <-run.done:
		case <-moment.C:
		case <-ctx.Done():
		}
	}
	result := make(chan error, 1)
	go func() {
		result <- t.contain("closing the target", func() error { return t.opts.Source.Close(ctx) })
	}()
	select {
	case err := <-result:
		return err
	case <-ctx.Done():
	}
	parting := time.NewTimer(partingTime)
	defer parting.Stop()
	select {
	case err := <-result:
		return err
	case <-parting.C:
		return errHangs
	}
}

// await waits until the targets whose name this one took over have ended, as they
// may share what outlives a program, such as a file with a token.
func (t *Target) await(ctx context.Context) {
	for _, ended := range t.follows {
		select {
		case <-ended:
		case <-ctx.Done():
			return
		}
	}
}
