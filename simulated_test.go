package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"conversation_exporter/collector"
	"conversation_exporter/config"
	"conversation_exporter/simulator"
	"conversation_exporter/simulator/world"
)

// hasty is the world's clock for who must not wait for it: it stands while a pass
// is made, so that waiting before a retry would never end.
type hasty struct{ *world.Clock }

// Sleep does not.
func (hasty) Sleep(ctx context.Context, _ time.Duration) error { return ctx.Err() }

// exporter is how a simulated system is read.
type exporter struct {
	// target is the name of the target, keys are more lines of its block.
	target string
	keys   []string
	groups []string
	// serve is the system, if it is not the simulator as it is.
	serve http.Handler
}

// of makes the exporter of a system: it asks all viewers, as often as it is
// scraped, on the clock of the world.
func (e exporter) of(t testing.TB, sim *simulator.Simulator) *collector.Collector {
	t.Helper()
	if e.serve == nil {
		e.serve = sim.Yeastar
	}
	server := httptest.NewServer(e.serve)
	t.Cleanup(server.Close)
	lines := append([]string{"requests_per_second: 0", "min_interval: 0s"}, e.keys...)
	text := "targets:\n  " + e.target + ":\n    " + strings.Join(lines, "\n    ") + "\n    yeastar:\n      url: " + server.URL +
		"\n      client_id: " + sim.ClientID() + "\n      client_secret: " + sim.ClientSecret() + "\n      viewers:\n        extensions: all\n"
	cfg, err := config.Parse(e.target+".yml", []byte(text), config.Options{Collectors: e.groups})
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
	return collector.New(collector.NewTarget(collector.Options{
		Name: e.target, Source: source, Groups: e.groups, Timeout: time.Minute, Now: sim.World.Now,
	}))
}
