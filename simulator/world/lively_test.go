package world

import (
	"testing"
	"time"
)

// A world that is as busy as a small office shows everything in a week, and a
// demo in a day and a quarter.
func TestEverythingHappensInALivelyWorld(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		arrivals float64
		looks    int // every 15 hours
	}{"demo": {DefaultArrivals, 2}, "office": {1.5, 11}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var seen *tally
			w := New(Options{Seed: 2, Arrivals: c.arrivals, Observe: func(r Record) { seen.see(r) }})
			seen = newTally(w.Queues())
			for range c.looks {
				w.Advance(15 * time.Hour)
				seen.look(w)
			}
			for _, what := range everythingThatHappens() {
				t.Logf("%s: %d", what, seen.counts[what])
				if seen.counts[what] == 0 {
					t.Errorf("%s: not once", what)
				}
			}
			if w.people.slips != 0 {
				t.Errorf("%d operations were refused", w.people.slips)
			}
		})
	}
}
