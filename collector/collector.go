// Package collector turns what sources tell into metrics: a scrape is one pass
// over each target, whose result is rendered by groups of families. It names no
// vendor; it knows only package conversation.
package collector

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Collector scrapes a set of targets.
type Collector struct {
	targets  []*Target
	families []described
}

// New makes a Collector of targets.
func New(targets ...*Target) *Collector {
	var all []described
	for _, g := range groups() {
		all = append(all, describe(g.name, g.families())...)
	}
	return &Collector{targets: targets, families: append(all, describe("", healthFamilies())...)}
}

// Request is what a scrape asks for.
type Request struct {
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

// Scrape makes a pass over every target at once and returns what they told, as
// a prometheus.Collector that holds finished values. It returns by the deadline,
// which the context of every call to a source carries.
func (c *Collector) Scrape(ctx context.Context, r Request) prometheus.Collector {
	s := scrape{families: c.families, views: make([]*view, len(c.targets))}
	var wg sync.WaitGroup
	for i, t := range c.targets {
		wg.Go(func() {
			bounded, cancel := context.WithDeadline(ctx, r.deadline(t))
			defer cancel()
			s.views[i] = t.read(bounded, t.wanted(r.Groups))
		})
	}
	wg.Wait()
	return s
}

// On lists the groups that are on for at least one target.
func (c *Collector) On() []string {
	var names []string
	for _, g := range groups() {
		if slices.ContainsFunc(c.targets, func(t *Target) bool { return slices.Contains(t.opts.Groups, g.name) }) {
			names = append(names, g.name)
		}
	}
	return names
}

// Panics is how many panics were contained since the start: faults of the
// exporter, of which the log tells.
func (c *Collector) Panics() float64 {
	var n uint64
	for _, t := range c.targets {
		n += t.panics.Load()
	}
	return float64(n)
}

// Close gives back what the sources took, all at once, until the context ends.
func (c *Collector) Close(ctx context.Context) error {
	errs := make([]error, len(c.targets))
	var wg sync.WaitGroup
	for i, t := range c.targets {
		wg.Go(func() {
			if err := t.opts.Source.Close(ctx); err != nil {
				errs[i] = fmt.Errorf("closing target %s: %w", t.opts.Name, err)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

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
