package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/go-kit/log/level"

	"conversation_exporter/collector"
	"conversation_exporter/config"
	"conversation_exporter/web"
)

// settleTime is how long the answer to a reload waits for the targets that were
// replaced to end. They end beside it where they need longer.
const settleTime = 3 * time.Second

// errDemo is what a reload of the demo ends with.
var errDemo = errors.New("the demo brings its own configuration, and there is no file to read anew")

// fleet is the targets, and what the configuration says of each. It is the
// web.Configuration.
type fleet struct {
	options   *options
	runtime   config.Runtime
	logs      logs
	collector *collector.Collector
	// turn holds one token, which a reload takes while it is under way.
	turn chan struct{}
	// members are the targets by name; only whoever has the turn touches them.
	members map[string]member

	mu   sync.Mutex
	last web.Reading
}

// member is one target and what it was made of.
type member struct {
	block  config.Target
	target *collector.Target
}

func newFleet(o *options, rt config.Runtime, l logs) *fleet {
	return &fleet{options: o, runtime: rt, logs: l, collector: collector.New(), turn: make(chan struct{}, 1)}
}

// start reads the configuration and makes its targets. wait returns when all that
// runs beside them has ended.
func (f *fleet) start(ctx context.Context) (wait func(), err error) {
	var cfg *config.Config
	wait = func() {}
	if f.options.demo {
		cfg, wait, err = demo(ctx, f.options.reading())
	} else {
		cfg, err = config.Load(f.options.configFile, f.options.reading())
	}
	if err != nil {
		return wait, err
	}
	_, err = f.become(ctx, cfg)
	f.noteReading(cfg, err)
	return wait, err
}

// reading is how the configuration is read.
func (o *options) reading() config.Options {
	names := make([]string, 0, len(collector.Groups()))
	for _, g := range collector.Groups() {
		names = append(names, g.Name)
	}
	return config.Options{ExpandEnv: o.expandEnv, Collectors: names}
}

// Last implements web.Configuration.
func (f *fleet) Last() web.Reading {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.last
}

// noteReading keeps how the configuration was read; cfg may be nil where there is an
// error.
func (f *fleet) noteReading(cfg *config.Config, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err != nil {
		f.last.Failure, f.last.FailedAt = err, time.Now()
		return
	}
	f.last = web.Reading{At: time.Now(), Warnings: cfg.Warnings}
}

// Reload implements web.Configuration. One reload is under way at a time; who
// comes meanwhile waits, and then reads what the file says by then.
func (f *fleet) Reload(ctx context.Context) (changes string, err error) {
	if f.options.demo {
		level.Warn(f.logs.own).Log("msg", "nothing was reloaded", "err", errDemo)
		return "", errDemo
	}
	select {
	case f.turn <- struct{}{}:
		defer func() { <-f.turn }()
	case <-ctx.Done():
		return "", fmt.Errorf("waiting for the reload before: %w", ctx.Err())
	}
	cfg, err := config.Load(f.options.configFile, f.options.reading())
	var d difference
	if err == nil {
		d, err = f.become(ctx, cfg)
	}
	if errors.Is(err, collector.ErrClosed) {
		return "", err // The program is ending, and the file may be good.
	}
	f.noteReading(cfg, err)
	if err != nil {
		f.logs.refuse("the configuration was not reloaded, and the one before stays", err)
		return "", err
	}
	level.Info(f.logs.own).Log("msg", "the configuration was reloaded", "targets", len(f.members),
		"added", d.added, "changed", d.changed, "removed", d.removed)
	f.settle(ctx, d.closed)
	changes = fmt.Sprintf("conversation_exporter has read its configuration: %d target(s), of which %d added and %d changed; %d removed.",
		len(f.members), d.added, d.changed, d.removed)
	return strings.Join(append([]string{changes}, doubts(cfg.Warnings)...), "\n"), nil
}

// settle waits a moment for what was replaced to end.
func (f *fleet) settle(ctx context.Context, closed <-chan struct{}) {
	moment := time.NewTimer(settleTime)
	defer moment.Stop()
	select {
	case <-closed:
	case <-moment.C:
		level.Info(f.logs.own).Log("msg", "a target that was replaced takes its time to close")
	case <-ctx.Done():
	}
}

// difference is what a configuration has changed. closed is closed when the
// targets have ended that were changed or removed.
type difference struct {
	added, changed, removed int
	closed                  <-chan struct{}
}

// become makes the targets of a configuration those that are scraped: all of
// them, or, where one cannot be made, none. Those of which it says the same as
// before stay as they are.
func (f *fleet) become(ctx context.Context, cfg *config.Config) (difference, error) {
	var d difference
	var errs []error
	next := make(map[string]member, len(cfg.Targets))
	targets := make([]*collector.Target, 0, len(cfg.Targets))
	for _, block := range cfg.Targets {
		m, known := f.members[block.Name]
		if !known || !m.block.Same(block) {
			target, err := f.open(block)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			m = member{block, target}
			if known {
				d.changed++
			} else {
				d.added++
			}
		}
		next[block.Name] = m
		targets = append(targets, m.target)
	}
	err := errors.Join(errs...)
	if err == nil {
		d.closed, err = f.collector.Replace(ctx, targets...)
	}
	if err != nil {
		for _, block := range cfg.Targets {
			f.forget(block.Name, f.members)
		}
		return d, err
	}
	for name := range f.members {
		f.forget(name, next)
	}
	d.removed = len(f.members) + d.added - len(next)
	f.members = next
	f.warn(cfg)
	return d, nil
}

// open makes a target. It opens no connection.
func (f *fleet) open(block config.Target) (*collector.Target, error) {
	source, err := block.Open(f.runtime)
	if err != nil {
		return nil, fmt.Errorf("%s: targets.%s: %w", f.options.configFile, block.Name, err)
	}
	return collector.NewTarget(collector.Options{
		Name: block.Name, Source: source, Groups: f.groups(block), AgentNames: block.AgentNames,
		Timeout: block.Timeout, MinInterval: block.MinInterval, Logger: f.logs.own,
	}), nil
}

// groups are those that a target is read for.
func (f *fleet) groups(block config.Target) []string {
	if block.Collectors != nil {
		return block.Collectors
	}
	return f.options.groups()
}

// forget leaves out the requests to a target that there is not.
func (f *fleet) forget(name string, members map[string]member) {
	if _, ok := members[name]; !ok {
		f.runtime.Metrics.Forget(name)
	}
}

// doubtful is what is said of each warning of the configuration.
const doubtful = "the configuration may not say what was meant"

// doubts are warnings of the configuration as lines for people.
func doubts(warnings []string) []string {
	lines := make([]string, 0, len(warnings))
	for _, text := range warnings {
		lines = append(lines, doubtful+": "+text)
	}
	return lines
}

// warn logs what is no mistake, but may not be what was meant. Those who check the
// configuration are told of its warnings with the result.
func (f *fleet) warn(cfg *config.Config) {
	if !f.options.check && !f.options.checkOnline {
		for _, text := range cfg.Warnings {
			level.Warn(f.logs.own).Log("msg", doubtful, "warning", text)
		}
	}
	for _, block := range cfg.Targets {
		if len(f.groups(block)) == 0 {
			level.Warn(f.logs.own).Log("msg", "no group of metrics is switched on, so only the health of the scrape is exported", "target", block.Name)
		}
	}
}

// hear reloads the configuration at each SIGHUP, until the context ends.
func (f *fleet) hear(ctx context.Context, hangups <-chan os.Signal) {
	for {
		select {
		case <-hangups:
			// What comes of it is in the log, and in the metrics.
			_, _ = f.Reload(ctx)
		case <-ctx.Done():
			return
		}
	}
}
