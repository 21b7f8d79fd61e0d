package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"conversation_exporter/collector"
)

// checkWidth is how wide the lines of the online check are at the most, unless a
// single word is longer.
const checkWidth = 80

// checkOnline is --config.check-online: it checks every target and tells, for
// people, how each step went. The exit code is 0 where all that is needed works,
// and could be told. Once nobody reads it any more the check ends, in order.
func checkOnline(ctx context.Context, c *collector.Collector, r reading) int {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w := &teller{to: r.stdout, failed: cancel}
	_ = reportGood(w, r.options, len(c.Names())) // The teller knows.
	code := checkAll(ctx, c, w)
	if w.err != nil {
		return r.logs.refuse("the result was not written, so the check was ended", w.err)
	}
	return code
}

// teller writes until that fails for the first time. Then it says so, and writes
// nothing more.
type teller struct {
	to     io.Writer
	failed func()
	err    error
}

// Write implements io.Writer.
func (t *teller) Write(text []byte) (n int, err error) {
	if t.err != nil {
		return 0, t.err
	}
	if n, t.err = t.to.Write(text); t.err != nil {
		t.failed()
	}
	return n, t.err
}

// checkAll checks every target and writes what was found.
func checkAll(ctx context.Context, c *collector.Collector, w io.Writer) int {
	checked, good := 0, 0
	c.Check(ctx, func(target collector.Checked) {
		if ctx.Err() != nil {
			return // Nobody waits for the rest, and it would tell nothing true.
		}
		writeChecked(w, target)
		checked++
		if target.Works() {
			good++
		}
	})
	switch {
	case ctx.Err() != nil:
		fmt.Fprintf(w, "\nThe check was ended after %d target(s).\n", checked)
		return 1
	case good < checked:
		fmt.Fprintf(w, "\n%d of %d target(s) cannot be read as configured.\n", checked-good, checked)
		return 1
	}
	fmt.Fprintf(w, "\nAll that is needed works: %d target(s).\n", checked)
	return 0
}

// writeChecked writes what was found of one target: a line for each step and,
// below it, what it means and what to do.
func writeChecked(w io.Writer, target collector.Checked) {
	state := "all that is needed works"
	if !target.Works() {
		state = "cannot be read as configured"
	}
	fmt.Fprintf(w, "\n%s: %s\n", target.Target, state)
	for _, f := range target.Findings {
		verdict := string(f.Verdict)
		if !f.Verdict.Works() {
			verdict = strings.ToUpper(verdict) // It must not be overlooked among many.
		}
		fmt.Fprintf(w, "  %-15s%s\n", verdict, f.What)
		if f.Meaning != "" {
			writeWrapped(w, "      ", f.Meaning)
		}
		if f.Remedy != "" {
			writeWrapped(w, "      -> ", f.Remedy)
		}
	}
}

// writeWrapped writes a text in lines that fit, the first after a lead and the
// others below its end.
func writeWrapped(w io.Writer, lead, text string) {
	line := lead
	for _, word := range strings.Fields(text) {
		if len(line) > len(lead) && len(line)+1+len(word) > checkWidth {
			fmt.Fprintln(w, line)
			line = strings.Repeat(" ", len(lead))
		}
		if len(line) > len(lead) {
			line += " "
		}
		line += word
	}
	fmt.Fprintln(w, line)
}
