package main

import (
	"context"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"conversation_exporter/collector"
	"conversation_exporter/config"
	"conversation_exporter/simulator"
	"conversation_exporter/simulator/world"
	"conversation_exporter/web"
)

// stubPBX signs everybody in and answers the rest as a test says: it is given
// the endpoint and the query.
func stubPBX(t *testing.T, answer func(endpoint string, query url.Values) string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		endpoint := strings.TrimPrefix(r.URL.Path, "/openapi/v1.0/")
		text := `{"errcode":0,"access_token":"T","access_token_expire_time":1800,"refresh_token":"R","refresh_token_expire_time":86400}`
		if !strings.HasSuffix(endpoint, "_token") {
			text = answer(endpoint, r.URL.Query())
		}
		_, _ = w.Write([]byte(text))
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// rig is the whole path from a PBX to the text of a scrape, but for the flags.
type rig struct{ handler http.Handler }

// newRig reads the PBX at an address. inner is added to its block yeastar.
func newRig(t *testing.T, address, inner string) rig {
	t.Helper()
	text := "targets:\n  pbx:\n    min_interval: 0s\n    requests_per_second: 0\n    page_size: 2\n    yeastar:\n      url: " + address +
		"\n      client_id: id\n      client_secret: secret\n" + inner
	return rigOf(t, text, nil)
}

// simulated reads a simulated PBX in which nothing happens by itself.
func simulated(t *testing.T) (*simulator.Simulator, rig) {
	t.Helper()
	sim := simulator.New(simulator.Options{World: world.Options{Start: time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC), Still: true}})
	server := httptest.NewServer(sim.Yeastar)
	t.Cleanup(server.Close)
	text := "targets:\n  pbx:\n    min_interval: 0s\n    requests_per_second: 0\n    yeastar:\n      url: " + server.URL +
		"\n      client_id: " + sim.ClientID() + "\n      client_secret: " + sim.ClientSecret() + "\n"
	return sim, rigOf(t, text, sim.World.Clock())
}

// rigOf reads the only target of a configuration; clock is every clock, the
// machine's where it is nil.
func rigOf(t *testing.T, text string, clock *world.Clock) rig {
	t.Helper()
	cfg, err := config.Parse("lesson.yml", []byte(text), config.Options{Collectors: []string{"sessions"}})
	if err != nil {
		t.Fatal(err)
	}
	runtime, now := config.Runtime{UserAgent: "test"}, time.Now
	if clock != nil {
		runtime.Clock, now = clock, clock.Now
	}
	source, err := cfg.Targets[0].Open(runtime)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := source.Close(context.Background()); err != nil {
			t.Log(err)
		}
	})
	c := collector.New(collector.NewTarget(collector.Options{Name: "pbx", Source: source, Groups: []string{"sessions"}, Timeout: time.Minute, Now: now}))
	handler, err := web.New(web.Options{Collector: c, TelemetryPath: web.DefaultTelemetryPath, Version: "1"})
	if err != nil {
		t.Fatal(err)
	}
	return rig{handler}
}

// scrape returns the exposition; it must come with the status 200.
func (r rig) scrape(t *testing.T) exposition {
	t.Helper()
	w := httptest.NewRecorder()
	r.handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", http.NoBody))
	if w.Code != http.StatusOK {
		t.Fatalf("the status is %d, want 200:\n%s", w.Code, w.Body)
	}
	return exposition{w.Body.String()}
}

// exposition is the text of one scrape.
type exposition struct{ text string }

// samples returns the lines of a metric.
func (e exposition) samples(metric string) []string {
	var lines []string
	for line := range strings.Lines(e.text) {
		if strings.HasPrefix(line, metric+"{") || strings.HasPrefix(line, metric+" ") {
			lines = append(lines, strings.TrimSuffix(line, "\n"))
		}
	}
	return lines
}

// wants checks that samples are there, without their metrics' first word.
func (e exposition) wants(t *testing.T, samples ...string) {
	t.Helper()
	for _, s := range samples {
		if !strings.Contains(e.text, "\nconversation_"+s+"\n") {
			t.Errorf("%s is not in\n%s", s, strings.Join(append(e.samples("conversation_open_sessions"), e.samples("conversation_up")...), "\n"))
		}
	}
}

// sum adds up the samples of a metric in which a text stands.
func (e exposition) sum(t *testing.T, metric, part string) float64 {
	t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	sum := 0.0
	for _, line := range e.samples(metric) {
		if !strings.Contains(line, part) {
			continue
		}
		families, err := parser.TextToMetricFamilies(strings.NewReader(line + "\n"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			sum += f.GetMetric()[0].GetUntyped().GetValue()
		}
	}
	return sum
}

// plain checks that no sample has an instant of its own, or a value that would
// poison a sum, and that only counters are called so.
func (e exposition) plain(t *testing.T, when string) {
	t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(e.text))
	if err != nil {
		t.Fatalf("%s: %v", when, err)
	}
	seen := 0
	for name, f := range families {
		if !strings.HasPrefix(name, "conversation_") {
			continue
		}
		if isCounter := f.GetType().String() == "COUNTER"; isCounter != strings.HasSuffix(name, "_total") {
			t.Errorf("%s: %s is a %s", when, name, f.GetType())
		}
		for _, m := range f.GetMetric() {
			seen++
			if m.TimestampMs != nil {
				t.Errorf("%s: %s has an instant of its own", when, name)
			}
			value := m.GetGauge().GetValue() + m.GetCounter().GetValue()
			if math.IsNaN(value) || math.IsInf(value, 0) || strings.HasSuffix(name, "_total") && value < 0 {
				t.Errorf("%s: %s is %v", when, name, value)
			}
		}
	}
	if seen < 5 {
		t.Errorf("%s: only %d samples", when, seen)
	}
}
