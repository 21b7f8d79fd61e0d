package main

import (
	"context"
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"conversation_exporter/collector"
	"conversation_exporter/config"
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
	server := httptest.NewServer(sim.Yeastar)
	t.Cleanup(server.Close)
	text := "targets:\n  quiet:\n    requests_per_second: 0\n    min_interval: 0s\n    yeastar:\n      url: " + server.URL +
		"\n      client_id: " + sim.ClientID() + "\n      client_secret: " + sim.ClientSecret() + "\n      viewers:\n        extensions: all\n"
	cfg, err := config.Parse("quiet.yml", []byte(text), config.Options{Collectors: []string{"sessions", "messages"}})
	if err != nil {
		t.Fatal(err)
	}
	source, err := cfg.Targets[0].Open(config.Runtime{UserAgent: "test", Clock: hasty{sim.World.Clock()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := source.Close(context.Background()); err != nil {
			t.Log(err)
		}
	})
	return &quiet{Simulator: sim, collector: collector.New(collector.NewTarget(collector.Options{
		Name: "quiet", Source: source, Groups: []string{"sessions", "messages"}, Timeout: time.Minute, Now: sim.World.Now,
	}))}
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
