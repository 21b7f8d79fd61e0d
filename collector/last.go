package collector

import (
	"strings"
	"sync"
	"time"

	"conversation_exporter/conversation"
)

// Failure is the last failure of a target, in words.
type Failure struct {
	// Text says what failed and, where it is known, the remedy.
	Text string
	// Since is when it was first met, Last when it was met last.
	Since, Last time.Time
	// Over is true where no pass has met it since.
	Over bool
	key  string
}

// lastView keeps what the last passes told, for readers beside the passes.
type lastView struct {
	mu sync.Mutex
	lastFacts
}

// lastFacts are what a lastView keeps. The views do not change.
type lastFacts struct {
	// newest is the view of the last pass, whatever that read; groups is that of the
	// last pass that read the group.
	newest *view
	groups map[string]*view
	// failure is the last one; nil where there was none.
	failure *Failure
	// under is how far the pass under way is; nil where none is.
	under *progress
}

// begin takes note of a pass that begins.
func (l *lastView) begin(at time.Time) *progress {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.under = &progress{since: at}
	return l.under
}

// over takes note that no pass is under way any more.
func (l *lastView) over() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.under = nil
}

// set keeps the view of a pass, but for its counters, which take room that nobody
// here needs.
func (l *lastView) set(v *view) {
	kept := *v
	kept.counts, kept.progress = nil, nil
	l.mu.Lock()
	defer l.mu.Unlock()
	l.newest = &kept
	// Who has taken the old map goes on with that.
	groups := make(map[string]*view, len(l.groups)+len(v.groups))
	for name, known := range l.groups {
		groups[name] = known
	}
	for _, name := range v.groups {
		groups[name] = &kept
	}
	l.groups = groups
}

// fail keeps a failure in the place of the one before.
func (l *lastView) fail(err error, since, now time.Time) {
	const longest = 1000 // A source may quote what a system says.
	text := err.Error()
	if len(text) > longest {
		text = strings.ToValidUTF8(text[:longest], "") + " …"
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failure = &Failure{Text: text, Since: since, Last: now, key: conversation.Key(err)}
}

// facts returns what is kept.
func (l *lastView) facts() lastFacts {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lastFacts
}

// problems returns what went wrong where each group was read last, each once.
func (l lastFacts) problems() []error {
	var d distinct
	for _, g := range groups() {
		v := l.groups[g.name]
		if v == nil {
			continue
		}
		for _, o := range v.outcomes {
			if o.group == g.name {
				d.add(o.problems)
				d.add(o.warnings)
			}
		}
		if g.name == groupMessages {
			d.add(v.notes)
		}
	}
	if n := l.newest; len(d.all) == 0 && !n.up && n.problem != nil {
		d.add([]error{n.problem})
	}
	return d.all
}
