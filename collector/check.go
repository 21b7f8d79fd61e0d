package collector

import (
	"context"
	"sync"

	"conversation_exporter/conversation"
)

// checksAtOnce bounds how many targets are checked at the same time.
const checksAtOnce = 8

// Checked is how the online check of one target went.
type Checked struct {
	// Target is the target's name.
	Target string
	// Findings are its steps, in their order.
	Findings []conversation.Finding
}

// Works reports whether all that is needed works.
func (c Checked) Works() bool {
	for _, f := range c.Findings {
		if !f.Verdict.Works() {
			return false
		}
	}
	return true
}

// Check checks every target, some at the same time, and tells of each in their
// order. Each call to a system may take the timeout of its target. Afterwards the
// sources are closed: no scrape can follow.
func (c *Collector) Check(ctx context.Context, tell func(Checked)) {
	targets := c.all()
	results := make([]chan Checked, len(targets))
	for i := range results {
		results[i] = make(chan Checked, 1)
	}
	slots := make(chan struct{}, checksAtOnce)
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() {
		for i, t := range targets {
			slots <- struct{}{}
			wg.Go(func() {
				defer func() { <-slots }()
				results[i] <- t.check(ctx)
			})
		}
	})
	for _, result := range results {
		tell(<-result)
	}
}

// check checks one target.
func (t *Target) check(ctx context.Context) Checked {
	checked := Checked{Target: t.opts.Name}
	if ctx.Err() != nil {
		return checked // A sign-in that nobody waits for any more must not begin.
	}
	err := t.contain("checking the target", func() error {
		if checker, ok := t.opts.Source.(conversation.Checker); ok {
			checked.Findings = checker.Check(ctx, t.opts.Timeout, t.opts.Groups...)
			return nil
		}
		checked.Findings = t.checkInfo(ctx)
		return nil
	})
	if err != nil {
		checked.Findings = append(checked.Findings, conversation.Finding{What: "the target", Verdict: conversation.VerdictFailed, Meaning: err.Error()})
	}
	return checked
}

// checkInfo is the check of a source that has none of its own: it asks what the
// system is, and closes the source.
func (t *Target) checkInfo(ctx context.Context) []conversation.Finding {
	limited, cancel := context.WithTimeout(ctx, t.opts.Timeout)
	defer cancel()
	version := conversation.Finding{What: "version", Verdict: conversation.VerdictOK}
	if _, err := t.opts.Source.Info(limited); err != nil {
		version.Verdict, version.Meaning = conversation.VerdictFailed, err.Error()
	}
	findings := []conversation.Finding{version}
	closing, done := context.WithTimeout(context.WithoutCancel(ctx), t.opts.Timeout)
	defer done()
	if err := t.opts.Source.Close(closing); err != nil {
		findings = append(findings, conversation.Finding{What: "closing", Verdict: conversation.VerdictNote, Meaning: err.Error()})
	}
	return findings
}
