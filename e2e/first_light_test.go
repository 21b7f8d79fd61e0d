package e2e

import (
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// simulatorConfig is what the simulator prints: the configuration to read it.
func startSimulator(t testing.TB, args ...string) (config string) {
	t.Helper()
	p := run(t, binary(t, "SIMULATOR"), append([]string{"--listen-address=127.0.0.1:0"}, args...)...)
	p.expect(t, `msg="?(world is ready|serving)`)
	p.expect(t, `client_secret: (\S+)`)
	out := p.output()
	start := strings.Index(out, "targets:\n")
	var lines []string
	for line := range strings.Lines(out[start:]) {
		if strings.HasPrefix(line, "targets:") || strings.HasPrefix(line, " ") {
			lines = append(lines, strings.TrimSuffix(line, "\n"))
		}
	}
	return strings.Join(lines, "\n") + "\n"
}

// startExporter runs the exporter on a configuration and returns its address.
func startExporter(t testing.TB, config string, args ...string) (*process, string) {
	t.Helper()
	args = append([]string{"--web.listen-address=127.0.0.1:0", "--config.file=" + write(t, "conversation_exporter.yml", config)}, args...)
	p := run(t, binary(t, "EXPORTER"), args...)
	return p, "http://" + p.expect(t, `msg="Listening on" address=(\S+)`)
}

// sum adds the samples of a metric whose line has all the given parts.
func sum(t testing.TB, exposition, name string, parts ...string) int {
	t.Helper()
	total := 0
lines:
	for line := range strings.Lines(exposition) {
		if !strings.HasPrefix(line, name+"{") {
			continue
		}
		for _, part := range parts {
			if !strings.Contains(line, part) {
				continue lines
			}
		}
		fields := strings.Fields(line)
		n, err := strconv.Atoi(fields[len(fields)-1])
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		total += n
	}
	return total
}

// all adds the extensions to the viewers, as the simulator's lasting sessions
// lie with everybody, and takes the brake off that spares a real PBX.
func all(config string) string {
	return strings.Replace(config, "  demo:\n", "  demo:\n    requests_per_second: 0\n", 1) + "      viewers:\n        extensions: all\n"
}

func TestSixLinesOfConfigurationReadAPBX(t *testing.T) {
	config := startSimulator(t, "--still", "--sessions=1000")
	if n := strings.Count(config, "\n"); n > 6 {
		t.Errorf("the configuration has %d lines:\n%s", n, config)
	}
	p, address := startExporter(t, all(config))
	metrics := mustGet(t, address+"/metrics")
	for state, want := range map[string]int{"queued": 100, "shared": 50, "automated": 150, "archived": 50, "assigned": 650} {
		if got := sum(t, metrics, "conversation_open_sessions", `state="`+state+`"`); got != want {
			t.Errorf("%d sessions are %s, want %d", got, state, want)
		}
	}
	for _, want := range []string{`conversation_up{target="demo"} 1`, `conversation_scrape_collector_partial{collector="sessions",target="demo"} 0`} {
		if !strings.Contains(metrics, want) {
			t.Errorf("/metrics does not have %s", want)
		}
	}
	check(t, metrics)
	page := mustGet(t, address+"/")
	if !strings.Contains(page, "1000 open") {
		t.Errorf("the status page does not show the sum: %s", page)
	}
	if code := p.terminate(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
	for _, canary := range []string{"canary", "+999"} {
		if strings.Contains(strings.ToLower(metrics+page+p.output()), canary) {
			t.Errorf("%q leaked", canary)
		}
	}
}

// check lets promtool judge an exposition, the library's own metrics included.
func check(t *testing.T, exposition string) {
	t.Helper()
	cmd := exec.Command(binary(t, "PROMTOOL"), "check", "metrics")
	cmd.Stdin = strings.NewReader(exposition)
	if out, err := cmd.CombinedOutput(); err != nil || len(out) != 0 {
		t.Errorf("promtool check metrics: %v\n%s", err, out)
	}
}

func TestTheDemoShowsItself(t *testing.T) {
	p := run(t, binary(t, "EXPORTER"), "--demo", "--web.listen-address=127.0.0.1:0")
	address := p.expect(t, `Open (http://\S+/) in a browser`)
	eventually(t, "the first pass", func() error {
		if page := mustGet(t, address); !strings.Contains(page, "2 targets: 2 ok") {
			return fmt.Errorf("the page is:\n%s", page)
		}
		return nil
	})
	first := mustGet(t, address+"metrics")
	check(t, first)
	for _, state := range []string{"queued", "assigned", "automated", "shared", "archived"} {
		if sum(t, first, "conversation_open_sessions", `state="`+state+`"`) == 0 {
			t.Errorf("no session is %s", state)
		}
	}
	// It is lively: something changes while one watches.
	eventually(t, "a change", func() error {
		now := mustGet(t, address+"metrics")
		for _, state := range []string{"queued", "assigned", "automated"} {
			part := `state="` + state + `"`
			if sum(t, now, "conversation_open_sessions", part) != sum(t, first, "conversation_open_sessions", part) {
				return nil
			}
		}
		return fmt.Errorf("nothing changed")
	})
	if code := p.terminate(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// The PBX allows 8 tokens at a time, so nine runs in a row show that each gave
// its own back.
func TestEachRunGivesItsTokenBack(t *testing.T) {
	config := startSimulator(t, "--still", "--sessions=20")
	for i := range 9 {
		p, address := startExporter(t, all(config))
		if metrics := mustGet(t, address+"/metrics"); !strings.Contains(metrics, `conversation_up{target="demo"} 1`) {
			t.Fatalf("run %d: %s", i+1, p.output())
		}
		if code := p.terminate(t); code != 0 {
			t.Errorf("run %d: exit code %d", i+1, code)
		}
	}
}

// A mistyped secret is told in one sentence and does not get the address blocked.
func TestAMistypedSecret(t *testing.T) {
	config := startSimulator(t, "--still", "--sessions=20")
	wrong, address := startExporter(t, strings.Replace(config, "client_secret: canary-secret", "client_secret: canary-secrte", 1))
	for range 20 {
		metrics := mustGet(t, address+"/metrics")
		if !strings.Contains(metrics, `conversation_up{target="demo"} 0`) || strings.Contains(metrics, "conversation_open_sessions{") {
			t.Fatalf("with a wrong secret: %s", metrics)
		}
	}
	const sentence = "the PBX refuses the credentials: check client_id and the secret against Integrations > API"
	if n := strings.Count(wrong.output(), sentence); n != 1 {
		t.Errorf("the log tells it %d times: %s", n, wrong.output())
	}
	if page := mustGet(t, address+"/"); !strings.Contains(page, strings.ReplaceAll(sentence, ">", "&gt;")) {
		t.Errorf("the status page does not tell it: %s", page)
	}
	if strings.Contains(wrong.output(), "secrte") {
		t.Error("the secret was logged")
	}
	_, good := startExporter(t, config)
	if metrics := mustGet(t, good+"/metrics"); !strings.Contains(metrics, `conversation_up{target="demo"} 1`) {
		t.Errorf("the address was blocked: %s", metrics)
	}
}

func TestARealPrometheusScrapesIt(t *testing.T) {
	config := startSimulator(t, "--still", "--sessions=1000")
	_, address := startExporter(t, all(config))
	own := freeAddress(t)
	rules, err := filepath.Abs("../dashboards/rules/conversation.rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	settings := "global:\n  scrape_interval: 1s\n  scrape_timeout: 1s\n  evaluation_interval: 1s\nrule_files: ['" + rules + "']\nscrape_configs:\n  - job_name: conversation\n    static_configs:\n      - targets: ['" +
		strings.TrimPrefix(address, "http://") + "']\n"
	run(t, binary(t, "PROMETHEUS"), "--config.file="+write(t, "prometheus.yml", settings), "--storage.tsdb.path="+t.TempDir(), "--web.listen-address="+own)
	for query, want := range map[string]string{
		`up{job="conversation"}`:                                          "1",
		`conversation_up`:                                                 "1",
		`sum(conversation_open_sessions)`:                                 "1000",
		`sum(conversation_open_sessions{state="queued"})`:                 "100",
		`min(conversation_scrape_collector_success)`:                      "1",
		`sum(conversation_scrape_pending_sessions)`:                       "0",
		`sum(conversation_unanswered_sessions{state="queued"})`:           "100",
		`count(conversation_messages_total{sender="customer"} == 0)`:      "4",
		`count(conversation_response_seconds_bucket{le="+Inf"}) > bool 0`: "1",
		`min(queue:conversation_pickup_limit:seconds)`:                    "300",
		`count(conversation_exporter_build_info)`:                         "1",
		`time() - conversation_scrape_timestamp_seconds < bool 10`:        "1",
		`conversation_exporter_invalid_timeout_headers_total`:             "0",
		`changes(conversation_scrape_timestamp_seconds[30s]) > bool 1`:    "1",
	} {
		eventually(t, query, func() error {
			got, err := instant("http://"+own, query)
			if err == nil && got != want {
				err = fmt.Errorf("it is %q, want %s", got, want)
			}
			return err
		})
	}
}

// instant asks a Prometheus for the one value of an expression now.
func instant(base, query string) (string, error) {
	results, err := ask(base, query)
	if err == nil && len(results) != 1 {
		err = fmt.Errorf("%d results", len(results))
	}
	if err != nil {
		return "", err
	}
	return results[0], nil
}

// A PBX that does not answer costs a scrape no more than its own timeout.
func TestAPBXThatHangs(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") // It accepts, and nobody ever answers.
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	config := "targets:\n  hung:\n    timeout: 1s\n    yeastar:\n      url: http://" + listener.Addr().String() + "\n      client_id: id\n      client_secret: canary-secret\n"
	p, address := startExporter(t, config)
	begun := time.Now()
	metrics := mustGet(t, address+"/metrics")
	if took := time.Since(begun); took > 20*time.Second {
		t.Errorf("the scrape took %s", took)
	}
	for _, want := range []string{`conversation_up{target="hung"} 0`, `conversation_scrape_collector_timeout{collector="sessions",target="hung"} 1`} {
		if !strings.Contains(metrics, want) {
			t.Errorf("/metrics does not have %s: %s", want, metrics)
		}
	}
	if code := p.terminate(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
}
