package main

import (
	"context"
	"fmt"
	"testing"
	"time"

	"conversation_exporter/collector"
	"conversation_exporter/simulator"
	"conversation_exporter/simulator/world"
)

// quiet is a simulated system in which nothing happens by itself, and an exporter
// that reads it with everything on.
type quiet struct {
	*simulator.Simulator
	collector *collector.Collector
}

func newQuiet(t testing.TB, sessions int) *quiet {
	t.Helper()
	sim := simulator.New(simulator.Options{World: world.Options{Still: true, Start: time.Date(2026, time.March, 2, 6, 0, 0, 0, time.UTC)}})
	if err := sim.World.Prefill(sessions, 0); err != nil {
		t.Fatal(err)
	}
	return &quiet{sim, exporter{target: "quiet", groups: []string{"sessions", "messages"}}.of(t, sim)}
}

// messageRequests makes a pass and counts the requests for messages in it.
func (q *quiet) messageRequests() int {
	count := func() int { return q.Yeastar.Requests("message/query") + q.Yeastar.Requests("message/get") }
	before := count()
	q.collector.Scrape(context.Background(), collector.Request{Arrived: time.Now()})
	return count() - before
}

// Of 10,000 open sessions 100 have changed: two requests of 50, and none where
// nothing has.
func TestR30ASteadyPassReadsOnlyWhatChanged(t *testing.T) {
	const sessions, batch = 10_000, 50
	q := newQuiet(t, sessions)
	if got, least := q.messageRequests(), sessions/batch; got < least || got > least*11/10 {
		t.Errorf("the first pass made %d requests for messages, want %d or a few more", got, least)
	}
	for _, changed := range []int{0, 1, batch, 100, 101} {
		t.Run(fmt.Sprint(changed, " changed"), func(t *testing.T) {
			q.World.Advance(time.Minute)
			for i := range changed {
				if err := q.World.CustomerWrites(int64(1 + i*7)); err != nil {
					t.Fatal(err)
				}
			}
			if got, want := q.messageRequests(), (changed+batch-1)/batch; got != want {
				t.Errorf("%d requests for messages, want %d", got, want)
			}
			if got := q.messageRequests(); got != 0 {
				t.Errorf("another pass made %d requests for messages", got)
			}
		})
	}
}
