package superoffice

import (
	"sync"
	"time"
)

// twice remembers how dates were first read that lie in the hour which is there twice
// when the clocks go back. A date of the first of the two could as well be of the second
// one once that has come: a chat would become an hour younger, and its pick-up one that
// was never seen before.
type twice struct {
	mu    sync.Mutex
	known map[dated]time.Time
	// since is when the first of them was read.
	since time.Time
}

// dated is a date of a session as it was written.
type dated struct {
	session int64
	text    string
}

// twiceLife is how long such dates are remembered: longer than a chat is open.
const twiceLife = 30 * 24 * time.Hour

// first returns what a date was read as first, which is t where it never was.
func (w *twice) first(d dated, t, now time.Time) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	if known, ok := w.known[d]; ok {
		return known
	}
	if w.known == nil || now.Sub(w.since).Abs() > twiceLife {
		w.known, w.since = make(map[dated]time.Time), now
	}
	w.known[d] = t
	return t
}

// isTwice reports whether the clocks of a zone show the same at another instant too.
func isTwice(t time.Time, zone *time.Location) bool {
	local := t.In(zone)
	_, own := local.Zone()
	for _, near := range []time.Duration{-12 * time.Hour, 12 * time.Hour} {
		_, offset := local.Add(near).Zone()
		if _, there := local.Add(time.Duration(own-offset) * time.Second).Zone(); offset != own && there == offset {
			return true
		}
	}
	return false
}
