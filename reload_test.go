package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"conversation_exporter/collector"
	"conversation_exporter/config"
	"conversation_exporter/conversation"
	"conversation_exporter/web"
)

// What the file says nothing new of goes on with its ledger, its token and its
// counters. What it does not name any more gives its token back, and leaves no
// metric behind.
func TestLesson07AReloadEndsTheOldAndKeepsTheRest(t *testing.T) {
	kept, changed, removed, added := newPBX(t, 3), newPBX(t, 3), newPBX(t, 3), newPBX(t, 3)
	file := filepath.Join(t.TempDir(), "fleet.yml")
	rewrite(t, file, kept.block("kept", ""), changed.block("changed", ""), removed.block("removed", ""))
	p := start(t, "--config.file="+file)
	p.get(t, "/metrics")
	if err := kept.World.CustomerWrites(1); err != nil {
		t.Fatal(err)
	}
	const counter = `messages_total{channel="whatsapp",sender="customer",target="kept"} 1`
	_, metrics := p.get(t, "/metrics")
	wantSamples(t, metrics, map[string]bool{
		counter: true, `up{target="removed"} 1`: true, `up{target="added"}`: false, "exporter_config_last_reload_successful 1\n": true,
	})
	rewrite(t, file, "  # The order means nothing, nor do comments.\n", added.block("added", ""), changed.block("changed", "    timeout: 20s\n"), kept.block("kept", ""))
	status, answer := p.post(t, "/-/reload")
	if want := "conversation_exporter has read its configuration: 3 target(s), of which 1 added and 1 changed; 1 removed.\n"; status != http.StatusOK || answer != want {
		t.Fatalf("the reload: %d %s", status, answer)
	}
	for name, tc := range map[string]struct {
		pbx             pbxOf
		signIns, tokens int
	}{
		"kept": {kept, 1, 1}, "changed": {changed, 1, 0}, "removed": {removed, 1, 0}, "added": {added, 0, 0},
	} {
		if signIns, tokens := tc.pbx.Yeastar.Requests("get_token"), tc.pbx.Yeastar.LiveTokens(); signIns != tc.signIns || tokens != tc.tokens {
			t.Errorf("%s after the reload: %d sign-ins and %d tokens, want %d and %d", name, signIns, tokens, tc.signIns, tc.tokens)
		}
	}
	_, metrics = p.get(t, "/metrics")
	wantSamples(t, metrics, map[string]bool{
		counter: true, `up{target="added"} 1`: true, `up{target="changed"} 1`: true,
		`api_requests_total{endpoint="get_token",target="kept"} 1`:    true,
		`api_requests_total{endpoint="get_token",target="changed"} 2`: true,
	})
	if strings.Contains(metrics, `target="removed"`) {
		t.Errorf("there are metrics of what was removed: %s", metrics)
	}
	before := removed.Yeastar.Requests("message_session/search")
	p.get(t, "/metrics")
	if removed.Yeastar.Requests("message_session/search") != before {
		t.Error("what was removed is still read")
	}
	if n := strings.Count(p.stderr.String(), `msg="the configuration was reloaded" targets=3 added=1 changed=1 removed=1`); n != 1 {
		t.Errorf("the reload is logged %d times: %s", n, p.stderr.String())
	}
	p.stop(t)
	for name, pbx := range map[string]pbxOf{"kept": kept, "changed": changed, "added": added} {
		if n := pbx.Yeastar.LiveTokens(); n != 0 {
			t.Errorf("%s has %d tokens after the end", name, n)
		}
	}
}

// A file that is bad changes nothing, also where the rest of it is good.
func TestAReloadIsAllOrNothing(t *testing.T) {
	pbx := newPBX(t, 3)
	file := filepath.Join(t.TempDir(), "fleet.yml")
	rewrite(t, file, pbx.block("a", ""))
	p := start(t, "--config.file="+file)
	_, before := p.get(t, "/metrics")
	stamp := (exposition{before}).samples("conversation_exporter_config_last_reload_success_timestamp_seconds")
	if len(stamp) != 1 {
		t.Fatalf("there are %d timestamps", len(stamp))
	}
	rewrite(t, file, pbx.block("b", ""), strings.Replace(pbx.block("c", ""), "client_id:", "client_di:", 1))
	_, _, reasons := once("--config.check", "--config.file="+file)
	if status, answer := p.post(t, "/-/reload"); status != http.StatusInternalServerError || answer != "The configuration stays as it is:\n"+reasons || !strings.Contains(reasons, "targets.c.yeastar.client_di") {
		t.Errorf("the reload: %d %s", status, answer)
	}
	_, metrics := p.get(t, "/metrics")
	wantSamples(t, metrics, map[string]bool{
		`up{target="a"} 1`: true, `up{target="b"}`: false, `api_requests_total{endpoint="get_token",target="b"}`: false,
		"exporter_config_last_reload_successful 0\n": true, strings.TrimPrefix(stamp[0], "conversation_") + "\n": true,
	})
	if status, _ := p.get(t, "/-/ready"); status != http.StatusOK {
		t.Errorf("ready: %d", status)
	}
	if n, reasons := strings.Count(p.stderr.String(), "level=error"), strings.Count(reasons, "\n"); n != reasons {
		t.Errorf("%d lines of the log tell of %d mistakes: %s", n, reasons, p.stderr.String())
	}
	rewrite(t, file, pbx.block("b", ""))
	if status, answer := p.post(t, "/-/reload"); status != http.StatusOK {
		t.Errorf("the next reload: %d %s", status, answer)
	}
	_, metrics = p.get(t, "/metrics")
	wantSamples(t, metrics, map[string]bool{`up{target="a"}`: false, `up{target="b"} 1`: true, "exporter_config_last_reload_successful 1\n": true, strings.TrimPrefix(stamp[0], "conversation_"): false})
	if strings.Contains(p.stderr.String(), pbx.ClientSecret()) {
		t.Error("the secret was logged")
	}
}

func TestReloadBySignal(t *testing.T) {
	pbx := newPBX(t, 3)
	file := filepath.Join(t.TempDir(), "fleet.yml")
	rewrite(t, file, pbx.block("a", ""))
	p := start(t, "--config.file="+file)
	rewrite(t, file, pbx.block("b", ""))
	hangUp(t)
	p.logged(t, "the configuration was reloaded", 1)
	_, metrics := p.get(t, "/metrics")
	wantSamples(t, metrics, map[string]bool{`up{target="a"}`: false, `up{target="b"} 1`: true})
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	hangUp(t)
	p.logged(t, "the configuration was not reloaded", 1)
	_, metrics = p.get(t, "/metrics")
	wantSamples(t, metrics, map[string]bool{`up{target="b"} 1`: true, "exporter_config_last_reload_successful 0\n": true})
}

func TestTheDemoIsNotReloaded(t *testing.T) {
	p := start(t, "--demo")
	if status, answer := p.post(t, "/-/reload"); status != http.StatusInternalServerError || !strings.Contains(answer, "the demo brings its own configuration") {
		t.Errorf("the reload: %d %s", status, answer)
	}
	hangUp(t)
	p.logged(t, "nothing was reloaded", 2)
	_, metrics := p.get(t, "/metrics")
	wantSamples(t, metrics, map[string]bool{`up{target="demo-pbx"} 1`: true, "exporter_config_last_reload_successful 1\n": true})
}

// A target that hangs is no reason to keep it, nor to wait for it.
func TestAReloadRemovesATargetThatHangs(t *testing.T) {
	hung, pbx := hangingServer(t), newPBX(t, 3)
	file := filepath.Join(t.TempDir(), "fleet.yml")
	block := strings.TrimPrefix(strings.ReplaceAll(strings.ReplaceAll(goodConfig, "http://127.0.0.1:9", hung.URL), "office", "hung"), "targets:\n")
	rewrite(t, file, pbx.block("a", ""), block)
	p := start(t, "--config.file="+file)
	var wg sync.WaitGroup
	var all, one string
	var status int
	wg.Go(func() { _, all = p.get(t, "/metrics", "X-Prometheus-Scrape-Timeout-Seconds", "120") })
	wg.Go(func() { status, one = p.get(t, "/probe?target=hung", "X-Prometheus-Scrape-Timeout-Seconds", "120") })
	<-hung.reached
	rewrite(t, file, pbx.block("a", ""))
	if status, answer := p.post(t, "/-/reload"); status != http.StatusOK {
		t.Errorf("the reload: %d %s", status, answer)
	}
	wg.Wait()
	wantSamples(t, all, map[string]bool{`up{target="a"} 1`: true, `up{target="hung"}`: false})
	if status != http.StatusNotFound {
		t.Errorf("the probe: %d %s", status, one)
	}
}

// stuck is a system that answers nothing, and that cannot even be left: each call
// ends with its context, and no sooner.
type stuck struct{ conversation.Source }

func (stuck) Info(ctx context.Context) (conversation.Info, error) {
	<-ctx.Done()
	return conversation.Info{}, ctx.Err()
}

func (stuck) OpenSessions(ctx context.Context) ([]conversation.Session, conversation.Coverage, error) {
	<-ctx.Done()
	return nil, conversation.Coverage{}, ctx.Err()
}

func (stuck) Close(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

// TestAReloadWaitsAMomentOnly is on a clock of its own: scrapes that wait for a
// target end with the reload that takes it away, the answer to which comes after
// settleTime though the target takes longer to close.
func TestAReloadWaitsAMomentOnly(t *testing.T) {
	file := write(t, "fleet.yml", goodConfig)
	synctest.Test(t, func(t *testing.T) {
		var log output
		o := &options{configFile: file, groups: func() []string { return nil }}
		f := newFleet(o, config.Runtime{UserAgent: "test", Metrics: config.NewMetrics(), SignIns: config.NewSignIns()}, newLogs(&log, o))
		hung := collector.NewTarget(collector.Options{Name: "hung", Source: stuck{}, Groups: []string{"sessions"}, Timeout: time.Minute})
		if _, err := f.collector.Replace(t.Context(), hung); err != nil {
			t.Fatal(err)
		}
		f.members = map[string]member{"hung": {target: hung}}
		handler, err := web.New(web.Options{Collector: f.collector, Configuration: f, TelemetryPath: web.DefaultTelemetryPath})
		if err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		took := func(method, route string) (status int, after time.Duration) {
			w, r := httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), method, route, http.NoBody)
			r.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", "120")
			handler.ServeHTTP(w, r)
			return w.Code, time.Since(begun)
		}
		for route, want := range map[string]int{"/metrics": http.StatusOK, "/probe?target=hung": http.StatusNotFound} {
			go func() {
				if status, after := took(http.MethodGet, route); status != want || after != 0 {
					t.Errorf("%s: %d after %v, want %d at once", route, status, after, want)
				}
			}()
		}
		synctest.Wait()
		if status, after := took(http.MethodPost, "/-/reload"); status != http.StatusOK || after != settleTime {
			t.Errorf("the reload: %d after %v, want %v: %s", status, after, settleTime, log.String())
		}
		if names := f.collector.Names(); !slices.Equal(names, []string{"office"}) {
			t.Errorf("the targets are %v", names)
		}
		bounded, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := f.collector.Close(bounded); err != nil {
			t.Error(err)
		}
		if after := time.Since(begun); after != 5*time.Second {
			t.Errorf("the target was given up after %v, want 5 s", after)
		}
	})
}

// A SIGHUP while the program ends neither kills it nor starts anything.
func TestAHangUpWhileShuttingDown(t *testing.T) {
	hung := hangingServer(t)
	file := write(t, "hung.yml", strings.ReplaceAll(goodConfig, "http://127.0.0.1:9", hung.URL))
	p := start(t, "--config.file="+file)
	var wg sync.WaitGroup
	wg.Go(func() { p.get(t, "/metrics", "X-Prometheus-Scrape-Timeout-Seconds", "120") })
	<-hung.reached
	p.signals <- syscall.SIGTERM
	p.logged(t, "shutting down", 1)
	for p.drains(t) != http.StatusServiceUnavailable {
		time.Sleep(5 * time.Millisecond)
	}
	hangUp(t)
	if status, _ := p.post(t, "/-/reload"); status != http.StatusServiceUnavailable {
		t.Errorf("a reload: %d, want 503", status)
	}
	hung.release()
	if code := <-p.code; code != 0 {
		t.Errorf("exit code %d", code)
	}
	p.code = nil
	wg.Wait()
	if strings.Contains(p.stderr.String(), "reloaded") {
		t.Errorf("log = %s", p.stderr.String())
	}
}

// drains is the status of the page that tells whether scrapes are taken.
func (p *program) drains(t *testing.T) int {
	t.Helper()
	status, _ := p.get(t, "/-/ready")
	return status
}

// Reloads, scrapes of all and probes at once: what stays is always there, is
// signed in to once, and no token is left behind.
func TestLesson08ReloadsUnderScrapes(t *testing.T) {
	steady, moving := newPBX(t, 3), newPBX(t, 3)
	file := filepath.Join(t.TempDir(), "fleet.yml")
	rewrite(t, file, steady.block("steady", ""), moving.block("moving", ""))
	p := start(t, "--config.file="+file, "--web.max-requests=0")
	var stop atomic.Bool
	var wg sync.WaitGroup
	for _, route := range []string{"/metrics", "/metrics", "/probe?target=steady", "/probe?target=steady", "/probe?target=moving", "/sd", "/"} {
		wg.Go(func() {
			for !stop.Load() {
				status, body := p.get(t, route)
				if strings.Contains(route, "moving") {
					continue // It comes and goes.
				}
				if status != http.StatusOK || !strings.Contains(body, "steady") || strings.HasPrefix(route, "/m") && !strings.Contains(body, `conversation_up{target="steady"} 1`) {
					t.Errorf("%s: %d\n%s", route, status, body)
				}
			}
		})
	}
	for round := range 15 {
		blocks := []string{steady.block("steady", "")}
		if round%3 != 0 {
			blocks = append(blocks, moving.block("moving", fmt.Sprintf("    timeout: %ds\n", 10+round%2)))
		}
		rewrite(t, file, blocks...)
		var reloads sync.WaitGroup
		for range 2 {
			reloads.Go(func() {
				if status, answer := p.post(t, "/-/reload"); status != http.StatusOK {
					t.Errorf("the reload: %d %s", status, answer)
				}
			})
		}
		reloads.Wait()
	}
	stop.Store(true)
	wg.Wait()
	if n := steady.Yeastar.Requests("get_token"); n != 1 {
		t.Errorf("the steady target was signed in to %d times", n)
	}
	p.stop(t)
	if s, m := steady.Yeastar.LiveTokens(), moving.Yeastar.LiveTokens(); s != 0 || m != 0 {
		t.Errorf("%d and %d tokens were left behind", s, m)
	}
	if strings.Contains(p.stderr.String(), "level=error") {
		t.Errorf("log = %s", p.stderr.String())
	}
}
