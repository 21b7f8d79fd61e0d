package main

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"conversation_exporter/simulator"
	"conversation_exporter/simulator/world"
)

// still is a simulated PBX at the present in which nothing happens by itself.
func still(t *testing.T) (sim *simulator.Simulator, url string) {
	t.Helper()
	sim = simulator.New(simulator.Options{World: world.Options{Start: time.Now(), Still: true}})
	server := httptest.NewServer(sim.Yeastar)
	t.Cleanup(server.Close)
	return sim, server.URL
}

// targetBlock is a target of a configuration; inner is added to its block
// yeastar, and secret is empty for the right one.
func targetBlock(name, url, secret, inner string) string {
	if secret == "" {
		secret = "canary-secret"
	}
	return fmt.Sprintf("  %s:\n    timeout: 5s\n    requests_per_second: 0\n    collectors: [sessions, messages]\n    yeastar:\n      url: %s\n      client_id: canary-client\n      client_secret: %s\n%s", name, url, secret, inner)
}

// noCanary expects that nothing secret and nobody's data was written.
func noCanary(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		for _, canary := range []string{"canary", "+999", "access_token"} {
			if strings.Contains(strings.ToLower(text), canary) {
				t.Errorf("%q leaked: %s", canary, text)
			}
		}
	}
}

func TestOnceWritesTheMetricsOfEveryTarget(t *testing.T) {
	sim, url := still(t)
	if _, err := sim.World.Open(world.Opening{QueueID: world.QueueSupport}); err != nil {
		t.Fatal(err)
	}
	file := write(t, "good.yml", "targets:\n"+targetBlock("office", url, "", "")+targetBlock("branch", url, "", ""))
	code, stdout, stderr := once("--once", "--config.file="+file)
	if code != 0 {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	for _, want := range []string{
		`conversation_up{target="office"} 1`, `conversation_up{target="branch"} 1`,
		`conversation_open_sessions{channel="whatsapp",origin="regular",queue="Support",state="queued",target="office"} 1`,
		`conversation_scrape_collector_success{collector="messages",target="branch"} 1`,
		`conversation_api_requests_total{endpoint="get_token",target="office"} 1`,
		`conversation_messages_total{channel="whatsapp",sender="customer",target="office"} 0`,
		"# TYPE conversation_first_response_seconds histogram",
	} {
		if !strings.Contains(stdout, want+"\n") {
			t.Errorf("the output does not have %s", want)
		}
	}
	for _, other := range []string{"go_goroutines", "conversation_exporter_", "level="} {
		if strings.Contains(stdout, other) {
			t.Errorf("the output has %s, which is not of the targets", other)
		}
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	if _, err := parser.TextToMetricFamilies(strings.NewReader(stdout)); err != nil {
		t.Errorf("the output is not in the text format: %v", err)
	}
	if n := sim.Yeastar.LiveTokens(); n != 0 {
		t.Errorf("%d tokens were not given back", n)
	}
	noCanary(t, stdout, stderr)
}

func TestTheExitCodeOfOnce(t *testing.T) {
	sim, url := still(t)
	good := targetBlock("good", url, "", "")
	for name, tc := range map[string]struct {
		targets string
		prepare func()
		code    int
		// stdout and stderr are each a part of it.
		stdout, stderr string
	}{
		"all is well":        {good, func() {}, 0, `conversation_up{target="good"} 1`, ""},
		"one target is down": {good + targetBlock("bad", "http://127.0.0.1:9", "", ""), func() {}, 1, `conversation_up{target="bad"} 0`, "connection refused"},
		"a wrong secret":     {targetBlock("bad", url, "wrong", ""), func() {}, 1, `conversation_up{target="bad"} 0`, "the PBX refuses the credentials"},
		"one group fails": {
			good, func() { sim.Yeastar.FailEndpoint("message/query", 10005) }, 1,
			`conversation_scrape_collector_success{collector="messages",target="good"} 0`, "give it the permission",
		},
		"no time": {strings.Replace(good, "5s", "200ms", 1), func() { sim.Yeastar.Set(latency(time.Second)) }, 1, `conversation_up{target="good"} 0`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := sim.World.Open(world.Opening{QueueID: world.QueueSupport}); err != nil {
				t.Fatal(err)
			}
			tc.prepare()
			defer sim.Yeastar.ClearFaults()
			defer sim.Yeastar.Set(latency(0))
			code, stdout, stderr := once("--once", "--config.file="+write(t, "config.yml", "targets:\n"+tc.targets))
			if code != tc.code || !strings.Contains(stdout, tc.stdout+"\n") || !strings.Contains(stderr, tc.stderr) {
				t.Errorf("exit code %d, want %d\nstdout: %s\nstderr: %s", code, tc.code, stdout, stderr)
			}
			noCanary(t, stdout, stderr)
		})
	}
}

// full is an output that has no room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

func TestOnceTellsThatItsOutputTookNothing(t *testing.T) {
	sim, url := still(t)
	file := write(t, "good.yml", "targets:\n"+targetBlock("office", url, "", ""))
	var stderr output
	code := run([]string{"--once", "--config.file=" + file}, full{}, &stderr, make(chan os.Signal))
	const want = `msg="the targets were read, but their metrics were not written" err="no space left on device"`
	if log := stderr.String(); code != 1 || !strings.Contains(log, want) || strings.Count(log, "level=error") != 1 {
		t.Errorf("exit code %d: %s", code, log)
	}
	if n := sim.Yeastar.LiveTokens(); n != 0 {
		t.Errorf("%d tokens were not given back", n)
	}
}

// The token of an exporter that runs is not to be taken, and not to be lost.
func TestOnceLeavesTheTokenFileAlone(t *testing.T) {
	sim, url := still(t)
	tokens := filepath.Join(t.TempDir(), "tokens.json")
	file := write(t, "good.yml", "targets:\n"+targetBlock("office", url, "", "      token_file: "+tokens+"\n"))
	p := start(t, "--config.file="+file)
	p.get(t, "/metrics")
	before, err := os.ReadFile(tokens)
	if err != nil {
		t.Fatal(err)
	}
	for _, flag := range []string{"--once", "--config.check-online"} {
		signedIn := sim.Yeastar.Requests("get_token")
		if code, stdout, stderr := once(flag, "--config.file="+file); code != 0 {
			t.Errorf("%s: exit code %d: %s%s", flag, code, stdout, stderr)
		}
		if n := sim.Yeastar.Requests("get_token") - signedIn; n != 1 {
			t.Errorf("%s: %d sign-ins, want one of its own", flag, n)
		}
		if after, err := os.ReadFile(tokens); err != nil || string(after) != string(before) {
			t.Errorf("%s: the token file was written: %v", flag, err)
		}
	}
	if n := sim.Yeastar.LiveTokens(); n != 1 {
		t.Errorf("%d tokens, want that of the exporter that runs", n)
	}
	p.stop(t)
}

func TestASignalEndsOnceInOrder(t *testing.T) {
	for _, flag := range []string{"--once", "--config.check-online"} {
		sim, url := still(t)
		file := write(t, "good.yml", "targets:\n"+strings.Replace(targetBlock("office", url, "", ""), "5s", "100s", 1))
		p := &program{signals: make(chan os.Signal, 2), code: make(chan int, 1)}
		signedIn := make(chan struct{})
		go func() {
			defer close(signedIn)
			for sim.Yeastar.Requests("system/information") == 0 {
				time.Sleep(time.Millisecond)
			}
		}()
		sim.Yeastar.Inject(hang("system/information"))
		go func() { p.code <- run([]string{flag, "--config.file=" + file}, &p.stdout, &p.stderr, p.signals) }()
		<-signedIn
		p.signals <- syscall.SIGINT
		if code := <-p.code; code != 1 {
			t.Errorf("%s: exit code %d after a signal, want 1", flag, code)
		}
		if n := sim.Yeastar.LiveTokens(); n != 0 {
			t.Errorf("%s: %d tokens were not given back: %s", flag, n, p.stderr.String())
		}
		if text := p.stdout.String(); strings.Contains(text, "conversation_up") || strings.Contains(text, "office:") {
			t.Errorf("%s: half a result was written: %s", flag, text)
		}
		if flag == "--once" && !strings.Contains(p.stderr.String(), `msg="the targets were not read" err="reading the targets: `) {
			t.Errorf("%s: log = %s", flag, p.stderr.String())
		}
		if !strings.Contains(p.stderr.String(), "a second signal exits at once") {
			t.Errorf("%s: log = %s", flag, p.stderr.String())
		}
	}
}

func TestOnceOnTheDemo(t *testing.T) {
	code, stdout, stderr := once("--demo", "--once")
	if code != 0 || !strings.Contains(stdout, `conversation_up{target="demo-pbx"} 1`) || !strings.Contains(stdout, `conversation_up{target="demo-desk"} 1`) {
		t.Errorf("exit code %d\nstdout: %s\nstderr: %s", code, stdout, stderr)
	}
	noCanary(t, stdout, stderr)
}

// A check that is run again and again is no way to get the address blocked, beside
// an exporter that has failed too.
func TestSafetyOfSignInOfChecksAgainAndAgain(t *testing.T) {
	for _, flag := range []string{"--once", "--config.check-online"} {
		sim, url := still(t)
		file := write(t, "wrong.yml", "targets:\n"+targetBlock("office", url, "wrong", "      token_file: tokens.json\n"))
		p := start(t, "--config.file="+file)
		p.get(t, "/metrics")
		for i := range 6 {
			code, stdout, stderr := once(flag, "--config.file="+file)
			said := strings.Contains(strings.Join(strings.Fields(stdout+stderr), " "), "3 sign-ins failed within 10 minutes, and after 5 the PBX blocks this address")
			if code != 1 || said != (i >= 2) {
				t.Errorf("%s, run %d: exit code %d: %s%s", flag, i+1, code, stdout, stderr)
			}
			noCanary(t, stdout, stderr)
		}
		p.stop(t)
		if n := sim.Yeastar.Requests("get_token"); n != 3 {
			t.Errorf("%s: %d tries, want that of the exporter and two more", flag, n)
		}
	}
}
