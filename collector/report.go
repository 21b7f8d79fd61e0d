package collector

import (
	"slices"
	"strings"
	"time"

	"github.com/go-kit/log/level"

	"conversation_exporter/conversation"
)

// distinct is a list of what went wrong, each once.
type distinct struct {
	all  []error
	keys []string
}

// add adds problems that are not in the list yet. One that several lists met, as
// when signing in fails, is told as the first has met it.
func (d *distinct) add(problems []error) {
	for _, err := range problems {
		key := conversation.Key(err)
		if !slices.ContainsFunc(d.keys, func(known string) bool { return key == known || strings.HasSuffix(key, ": "+known) }) {
			d.all, d.keys = append(d.all, err), append(d.keys, key)
		}
	}
}

// problems returns what went wrong in a pass, each once. Where nothing else tells
// why the target is down, it is why it did not tell what it is.
func (v *view) problems() []error {
	var d distinct
	for _, o := range v.outcomes {
		d.add(o.problems)
		d.add(o.warnings)
	}
	d.add(v.notes)
	if len(d.all) == 0 && !v.up && v.problem != nil {
		d.add([]error{v.problem})
	}
	return d.all
}

// remindAfter is how often a problem that lasts is logged again.
const remindAfter = time.Hour

// forgetAfter is how long a problem is remembered that is over. One that comes back
// within that time and goes again, as where time is tight, is not logged each time.
// Of more than manyProblems those that are over are not remembered.
const (
	forgetAfter  = 10 * time.Minute
	manyProblems = 100
)

// report writes a line for each problem that is new, one an hour for each that
// lasts, and one when all are over. What a pass did not read it says nothing of.
// It keeps the failure for the status, and tells how far a long reading is.
func (t *Target) report(v *view) {
	now := make(map[string]bool)
	for _, problem := range v.problems() {
		key := conversation.Key(problem)
		now[key] = true
		t.logged[key] = t.tell(v, problem, t.logged[key])
	}
	if failure := v.failure(); failure != nil {
		t.last.fail(failure, t.logged[conversation.Key(failure)].since, v.end)
	}
	failing := false
	for key, was := range t.logged {
		switch {
		case now[key], !includes(v.groups, was.groups):
			failing = failing || was.over.IsZero()
		case was.over.IsZero():
			was.over, was.back = v.end, false
			t.logged[key] = was
		case v.end.Sub(was.over) >= forgetAfter, len(t.logged) > manyProblems:
			delete(t.logged, key)
		}
	}
	if t.failing && !failing {
		t.failing = false
		level.Info(t.opts.Logger).Log("msg", "reading works again", "target", t.opts.Name)
	}
	t.reportBacklog(v)
}

// tell logs a problem where that is due, and returns what is to be remembered of
// it. One that has come back is logged once it is met in two passes in a row.
func (t *Target) tell(v *view, problem error, was logged) logged {
	log := level.Warn(t.opts.Logger)
	if v.tallies == nil {
		log = level.Error(t.opts.Logger)
	}
	switch {
	case was.since.IsZero(), was.back:
		was = logged{groups: v.groups, since: v.end, last: v.end}
		log.Log("msg", "reading failed", "target", t.opts.Name, "err", problem)
		t.failing = true
	case !was.over.IsZero():
		was.over, was.back, was.since = time.Time{}, true, v.end
	case v.end.Sub(was.last) >= remindAfter:
		was.last = v.end
		log.Log("msg", "reading still fails", "target", t.opts.Name, "since", was.since.UTC().Format(time.RFC3339), "err", problem)
		t.failing = true
	}
	return was
}

// failure is the first of what failed in a pass; nil where nothing did. A limit
// that was reached, a warning and a lack are no failures.
func (v *view) failure() error {
	for _, o := range v.outcomes {
		if o.success {
			continue
		}
		for _, err := range o.problems {
			if isFault(err, o.timedOut) {
				return err
			}
		}
		if len(o.problems) > 0 {
			return o.problems[0] // The time was over before anything was told.
		}
	}
	if !v.up && v.problem != nil && len(v.problems()) == 1 {
		return v.problem
	}
	return nil
}

// logged is when a problem began and when it was logged last, and the groups
// that were read when it did.
type logged struct {
	groups      []string
	since, last time.Time
	// over is when it was first met no more; zero while it lasts.
	over time.Time
	// back is true in the first pass that meets it again.
	back bool
}
