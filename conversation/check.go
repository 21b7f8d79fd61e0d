package conversation

import (
	"context"
	"time"
)

// Checker is what a Source may be besides: one that can tell, before anybody relies
// on it, what works and how to mend what does not.
type Checker interface {
	// Check signs in once, and never a second time; calls each endpoint once that
	// the groups of metrics need, for at most limit each; gives back what it took;
	// and tells how each step went, in their order. Afterwards the source is closed.
	Check(ctx context.Context, limit time.Duration, groups ...string) []Finding
}

// Finding is how one step of a check went. Like an error it holds nothing secret
// and nobody's data.
type Finding struct {
	// What was tried, such as an endpoint.
	What string
	// Verdict is how it went.
	Verdict Verdict
	// Meaning says what that means; it may be empty where all is well.
	Meaning string
	// Remedy says what to do; it is empty where there is nothing to do.
	Remedy string
}

// Verdict is how one step of a check went, in words for people.
type Verdict string

// The verdicts.
const (
	// VerdictOK: it works.
	VerdictOK Verdict = "ok"
	// VerdictNote: it works, and there is something that one should know.
	VerdictNote Verdict = "note"
	// VerdictUnavailable: the system has no such thing, which is needed.
	VerdictUnavailable Verdict = "not available"
	// VerdictFailed: it does not work.
	VerdictFailed Verdict = "failed"
	// VerdictUntried: it could not be tried, because of what failed before.
	VerdictUntried Verdict = "not tried"
)

// Works reports whether what was tried can be relied on.
func (v Verdict) Works() bool { return v == VerdictOK || v == VerdictNote }
