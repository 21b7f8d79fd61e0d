package main

import (
	"context"
	"fmt"
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
	// superoffice is true for the CRM of the simulator, and not its PBX.
	superoffice bool
	// system are more lines of the system's own block.
	system []string
	// serve is the system, if it is not the simulator as it is.
	serve http.Handler
}

// block is the system's own block of a simulator: of the PBX all viewers are asked.
func (e exporter) block(sim *simulator.Simulator, host string) string {
	lines := []string{
		"yeastar:", "url: " + host, "client_id: " + sim.ClientID(), "client_secret: " + sim.ClientSecret(), "viewers: {extensions: all}",
	}
	if e.superoffice {
		crm := sim.SuperOffice
		lines = []string{"superoffice:", "url: " + host + superoffice.Base, fmt.Sprintf("basic_auth: {username: %q, password: %q}", crm.User(), crm.Password())}
	}
	return strings.Join(append(lines, e.system...), "\n      ")
}

// of makes the exporter of a system, which it asks as often as it is scraped, on
// the clock of the world.
func (e exporter) of(t testing.TB, sim *simulator.Simulator) *collector.Collector {
	t.Helper()
	return collector.New(e.open(t, sim))
}

// open makes the target.
func (e exporter) open(t testing.TB, sim *simulator.Simulator) *collector.Target {
	t.Helper()
	if e.serve == nil {
		e.serve = sim.Yeastar
		if e.superoffice {
			e.serve = sim.SuperOffice
		}
	}
	server := httptest.NewServer(e.serve)
	t.Cleanup(server.Close)
	lines := append([]string{"requests_per_second: 0", "min_interval: 0s"}, e.keys...)
	lines = append(lines, e.block(sim, server.URL))
	text := "targets:\n  " + e.target + ":\n    " + strings.Join(lines, "\n    ") + "\n"
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
