package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"conversation_exporter/simulator"
	"conversation_exporter/simulator/world"
)

// pbxOf is a simulated PBX in which nothing happens by itself, with its address.
type pbxOf struct {
	*simulator.Simulator
	url string
}

func newPBX(t testing.TB, sessions int) pbxOf {
	t.Helper()
	sim := simulator.New(simulator.Options{World: world.Options{Start: time.Now(), Still: true}})
	if err := sim.World.Prefill(sessions, 0); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sim.Yeastar)
	t.Cleanup(server.Close)
	return pbxOf{sim, server.URL}
}

// block is the PBX as a target of a configuration. more is added to the target.
func (p pbxOf) block(name, more string) string {
	return "  " + name + ":\n    requests_per_second: 0\n    min_interval: 0s\n" + more + "    yeastar:\n      url: " + p.url +
		"\n      client_id: " + p.ClientID() + "\n      client_secret: " + p.ClientSecret() + "\n      viewers:\n        extensions: all\n"
}

// rewrite changes a configuration file.
func rewrite(t testing.TB, path string, blocks ...string) {
	t.Helper()
	if err := os.WriteFile(path, []byte("targets:\n"+strings.Join(blocks, "")), 0o600); err != nil {
		t.Fatal(err)
	}
}

// post sends a POST without a body.
func (p *program) post(t testing.TB, path string) (status int, body string) {
	t.Helper()
	return p.send(t, http.MethodPost, path)
}

// logged waits until the log has a text so many times.
func (p *program) logged(t *testing.T, text string, times int) {
	t.Helper()
	for range 2000 {
		if strings.Count(p.stderr.String(), text) >= times {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("%q is not logged %d times: %s", text, times, p.stderr.String())
}

// hangUp sends SIGHUP to this process, which has several programs at most.
func hangUp(t *testing.T) {
	t.Helper()
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
}

// wantSamples checks which samples there are, without the prefix of their names.
func wantSamples(t *testing.T, metrics string, samples map[string]bool) {
	t.Helper()
	for sample, want := range samples {
		if got := strings.Contains(metrics, "\nconversation_"+sample); got != want {
			t.Errorf("there is %s: %t", sample, got)
		}
	}
}
