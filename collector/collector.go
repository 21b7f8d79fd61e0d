// Package collector turns what sources tell into metrics: a scrape is one pass
// over each target, whose result is rendered by groups of families. It names no
// vendor; it knows only package conversation.
package collector

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Collector scrapes a set of targets, which may be replaced while it does.
type Collector struct {
	families []described
	// panics counts those of all targets that there ever were, so that it never
	// falls.
	panics atomic.Uint64

	mu sync.Mutex
	// targets are in the order of their names. The slice is replaced, never
	// changed, so that a scrape may go on with the one that it took.
	targets []*Target
	// leaving are those that were replaced and are not closed yet.
	leaving map[*Target]bool
	closed  bool
}

// New makes a Collector of targets.
func New(targets ...*Target) *Collector {
	c := &Collector{leaving: make(map[*Target]bool)}
	for _, g := range groups() {
		c.families = append(c.families, describe(g.name, g.families())...)
	}
	c.families = append(c.families, describe("", healthFamilies())...)
	c.adopt(targets)
	return c
}

// Request is what a scrape asks for.
type Request struct {
	// Target is the name of the only target that is wanted; empty for all.
	Target string
	// Arrived is when the request arrived; the time runs from here.
	Arrived time.Time
	// Limit is how long the scraper allows; 0 where it did not say, and each
	// target's own timeout counts.
	Limit time.Duration
	// Groups are the groups that are wanted, of those that are on; nil for all.
	Groups []string
}

// deadline is when the answer for a target must be ready.
func (r Request) deadline(target *Target) time.Time {
	if r.Limit > 0 {
		return r.Arrived.Add(r.Limit)
	}
	return r.Arrived.Add(target.opts.Timeout)
}

// Scrape makes a pass over every target that is wanted at once and returns what
// they told, as a prometheus.Collector that holds finished values. It returns by
// the deadline, which the context of every call to a source carries.
func (c *Collector) Scrape(ctx context.Context, r Request) prometheus.Collector {
	targets := c.all()
	if r.Target != "" {
		targets = slices.DeleteFunc(slices.Clone(targets), func(t *Target) bool { return t.opts.Name != r.Target })
	}
	views := make([]*view, len(targets))
	var wg sync.WaitGroup
	for i, t := range targets {
		wg.Go(func() { views[i] = c.read(ctx, t, r) })
	}
	wg.Wait()
	return scrape{families: c.families, views: slices.DeleteFunc(views, func(v *view) bool { return v == nil })}
}

// read reads a target. Where that was replaced meanwhile it reads the one that
// took its place, and returns nil where none did.
func (c *Collector) read(ctx context.Context, t *Target, r Request) *view {
	bounded, cancel := context.WithDeadline(ctx, r.deadline(t))
	defer cancel()
	for t != nil {
		if v := t.read(bounded, t.wanted(r.Groups)); v != nil {
			return v
		}
		next := c.find(t.opts.Name)
		if next == t {
			return nil // The end has come for all of them.
		}
		t = next
	}
	return nil
}

// On lists the groups that are on for at least one target.
func (c *Collector) On() []string { return groupsOf(c.all()) }

// OnFor lists the groups that are on for the target of that name; ok is false
// where there is none.
func (c *Collector) OnFor(name string) (groups []string, ok bool) {
	t := c.find(name)
	if t == nil {
		return nil, false
	}
	return groupsOf([]*Target{t}), true
}

func groupsOf(targets []*Target) []string {
	var names []string
	for _, g := range groups() {
		if slices.ContainsFunc(targets, func(t *Target) bool { return slices.Contains(t.opts.Groups, g.name) }) {
			names = append(names, g.name)
		}
	}
	return names
}

// Panics is how many panics were contained since the start: faults of the
// exporter, of which the log tells.
func (c *Collector) Panics() float64 { return float64(c.panics.Load()) }

// scrape is the finished result of a pass over each target.
type scrape struct {
	families []described
	views    []*view
}

// Describe implements prometheus.Collector.
func (s scrape) Describe(ch chan<- *prometheus.Desc) {
	for _, f := range s.families {
		ch <- f.desc
	}
}

// Collect implements prometheus.Collector.
func (s scrape) Collect(ch chan<- prometheus.Metric) {
	for _, f := range s.families {
		for _, v := range s.views {
			f.collect(v, ch)
		}
	}
}
