package web

import (
	"strings"
	"time"
)

// notesTold is how many lines of a note the page has: a fleet may have a mistake in
// each of its files.
const notesTold = 20

// failedData is a reload that failed.
type failedData struct {
	At   instantData
	Why  []string
	More int
}

// doubtsData is what the configuration may not mean.
type doubtsData struct {
	Lines []string
	More  int
}

// note puts on the page how the configuration was read last.
func (d *pageData) note(last Reading, now time.Time) {
	d.ReadAt = at(last.At, now)
	if last.Failure != nil {
		d.Failed = &failedData{At: at(last.FailedAt, now)}
		d.Failed.Why, d.Failed.More = firstOf(strings.Split(last.Failure.Error(), "\n"))
	}
	if len(last.Warnings) > 0 {
		d.Doubts = &doubtsData{}
		d.Doubts.Lines, d.Doubts.More = firstOf(last.Warnings)
	}
}

// firstOf are as many lines as a note has, and how many more there are.
func firstOf(lines []string) (first []string, more int) {
	n := min(len(lines), notesTold)
	return lines[:n], len(lines) - n
}
