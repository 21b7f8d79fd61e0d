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
	"conversation_exporter/simulator/superoffice"
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
	// chats tells that it is SuperOffice that is read.
	chats bool
	// serve is the system, if it is not the simulator as it is.
	serve http.Handler
}

// of makes the exporter of a system: it asks all viewers, as often as it is
// scraped, on the clock of the world.
func (e exporter) of(t testing.TB, sim *simulator.Simulator) *collector.Collector {
	t.Helper()
	return collector.New(e.open(t, sim))
}

// open makes the target.
func (e exporter) open(t testing.TB, sim *simulator.Simulator) *collector.Target {
	t.Helper()
	if e.serve == nil {
		e.serve = sim.Yeastar
	}
	server := httptest.NewServer(e.serve)
	t.Cleanup(server.Close)
	lines := append([]string{"requests_per_second: 0", "min_interval: 0s"}, e.keys...)
	system := "\n    yeastar:\n      url: " + server.URL +
		"\n      client_id: " + sim.ClientID() + "\n      client_secret: " + sim.ClientSecret() + "\n      viewers:\n        extensions: all\n"
	if e.chats {
		system = "\n    superoffice:\n      url: " + server.URL + superoffice.Base + "\n      basic_auth: { username: " + sim.SuperOffice.User() +
			", password: " + sim.SuperOffice.Password() + " }\n      time_zone: " + sim.SuperOffice.Zone().String() + "\n      idle_timeout: 20m\n"
	}
	text := "targets:\n  " + e.target + ":\n    " + strings.Join(lines, "\n    ") + system
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
	return collector.NewTarget(collector.Options{
		Name: e.target, Source: source, Groups: e.groups, Timeout: time.Minute, Now: sim.World.Now,
	})
}
