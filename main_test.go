package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// output collects what a program writes while it runs.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// program is the exporter under test, running in this process.
type program struct {
	stdout, stderr output
	signals        chan os.Signal
	code           chan int
	// url is where it listens.
	url string
}

// start runs the program until the test ends and waits until it listens.
func start(t *testing.T, args ...string) *program {
	t.Helper()
	p := &program{signals: make(chan os.Signal, 2), code: make(chan int, 1)}
	args = append([]string{"--web.listen-address=127.0.0.1:0"}, args...)
	go func() { p.code <- run(args, &p.stdout, &p.stderr, p.signals) }()
	t.Cleanup(func() { p.stop(t) })
	listening := regexp.MustCompile(`msg="Listening on" address=(\S+)|"address":"([^"]+)".*"Listening on"`)
	for range 12000 {
		if m := listening.FindStringSubmatch(p.stderr.String()); m != nil {
			p.url = "http://" + m[1] + m[2]
			return p
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("the program does not listen: %s", p.stderr.String())
	return nil
}

// stop ends the program as an operator would and expects the exit code 0.
func (p *program) stop(t *testing.T) {
	t.Helper()
	if p.code == nil {
		return
	}
	p.signals <- syscall.SIGTERM
	if code := <-p.code; code != 0 {
		t.Errorf("exit code %d after SIGTERM: %s", code, p.stderr.String())
	}
	p.code = nil
}

// get fetches a page of the program.
func (p *program) get(t *testing.T, path string, headers ...string) (status int, body string) {
	t.Helper()
	return p.send(t, http.MethodGet, path, headers...)
}

// send makes a request without a body.
func (p *program) send(t testing.TB, method, path string, headers ...string) (status int, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, p.url+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// once runs the program to its end.
func once(args ...string) (code int, stdout, stderr string) {
	var out, err output
	code = run(args, &out, &err, make(chan os.Signal))
	return code, out.String(), err.String()
}

// write makes a file in a folder of the test's own.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const goodConfig = "targets:\n  office:\n    yeastar:\n      url: http://127.0.0.1:9\n      client_id: id\n      client_secret: canary-secret\n"

func TestCommandLine(t *testing.T) {
	good, bad := write(t, "good.yml", goodConfig), write(t, "bad.yml", strings.ReplaceAll(goodConfig, "url:", "uri:"))
	fleet := write(t, "fleet.yml", goodConfig+"target_files: [targets/*.yml]\n")
	nothing := write(t, "nothing.yml", "target_files: [targets/*.yml]\n")
	webBad := write(t, "web.yml", "tls_server_config:\n  cert_file: absent.pem\n  key_file: absent.key\n")
	for name, tc := range map[string]struct {
		args           []string
		code           int
		stdout, stderr string // each a part of it
	}{
		"help":                     {[]string{"--help"}, 0, "--config.file", ""},
		"version":                  {[]string{"--version"}, 0, "conversation_exporter, version", ""},
		"an unknown flag":          {[]string{"--colector.sessions"}, 1, "", "conversation_exporter: unknown long flag '--colector.sessions'; the nearest is --collector.sessions; --help lists the flags\n"},
		"a group that is none":     {[]string{"--no-collector.nope"}, 1, "", "unknown long flag '--no-collector.nope'; there are --collector.disable-defaults, --collector.sessions, --collector.messages, --collector.queues, --collector.channels, --collector.agents; --help lists the flags\n"},
		"half the name of a flag":  {[]string{"--log"}, 1, "", "unknown long flag '--log'; there are --log.level, --log.format; --help lists the flags\n"},
		"a flag like no other":     {[]string{"--interval=5s"}, 1, "", "unknown long flag '--interval'; there are --help, --version, --config.file, --config.check, --config.check-online, "},
		"a letter that is no flag": {[]string{"-v"}, 1, "", "unknown short flag '-v'; there are --help, --version, "},
		"an argument too many":     {[]string{"config.yml"}, 1, "", "unexpected config.yml"},
		"a level that is none":     {[]string{"--log.level=loud"}, 1, "", "must be one of debug,info,warn,error"},
		"an offset that is none":   {[]string{"--timeout-offset=soon"}, 1, "", "invalid duration"},
		"an offset below zero":     {[]string{"--timeout-offset=-1s", "--config.file=" + good, "--web.listen-address=256.0.0.1:1"}, 1, "", "--timeout-offset is -1s and must be at least 0s; 0s means that the whole time of the scraper may be used"},
		"check a bad offset":       {[]string{"--timeout-offset=-1ms", "--config.check", "--config.file=" + good}, 1, "", "--timeout-offset is -1ms and must be at least 0s"},
		"a demo with a file":       {[]string{"--demo", "--config.file=x.yml"}, 1, "", "--demo brings its own configuration"},
		"a demo to be checked":     {[]string{"--demo", "--config.check"}, 1, "", "--demo brings its own configuration"},
		"two checks at once":       {[]string{"--config.check", "--config.check-online"}, 1, "", "--config.check opens no connection, and --config.check-online checks all that it does and then the targets: leave one of them out"},
		"once and a check":         {[]string{"--once", "--config.check"}, 1, "", "--once reads the targets, and --config.check and --config.check-online only check: leave one of them out"},
		"once and an online check": {[]string{"--once", "--config.check-online"}, 1, "", "leave one of them out; --help lists the flags"},
		"once with a bad file":     {[]string{"--once", "--config.file=" + bad}, 1, "", "bad.yml:4: targets.office.yeastar.uri: "},
		"a path that is taken":     {[]string{"--config.file=" + good, "--web.telemetry-path=/"}, 1, "", "is taken by another page"},
		"no file":                  {[]string{"--config.file=absent.yml"}, 1, "", "err=\"absent.yml: the file cannot be read: no such file or directory; --config.file names the file to read\""},
		"check good":               {[]string{"--config.check", "--config.file=" + good}, 0, "good.yml is good: 1 target(s)\n", ""},
		"check bad":                {[]string{"--config.check", "--config.file=" + bad}, 1, "", `bad.yml:4: targets.office.yeastar.uri: `},
		"check a glob for nothing": {[]string{"--config.check", "--log.level=error", "--config.file=" + fleet}, 0, "fleet.yml is good: 1 target(s)\n", "the configuration may not say what was meant: " + fleet + ":7: target_files[0]: no file matches this glob"},
		"check globs for nothing":  {[]string{"--config.check", "--config.file=" + nothing}, 1, "", nothing + ":1: target_files[0]: no file matches this glob, and there is no target at all"},
		"start with bad":           {[]string{"--config.file=" + bad}, 1, "", `bad.yml:4: targets.office.yeastar.uri: `},
		"check a bad path":         {[]string{"--config.check", "--config.file=" + good, "--web.telemetry-path=metrics"}, 1, "", "must begin with /"},
		"check a bad address":      {[]string{"--config.check", "--config.file=" + good, "--web.listen-address=office"}, 1, "", "--web.listen-address: address office: missing port in address: write host:port, or :port"},
		"no group at all":          {[]string{"--config.file=" + good, "--collector.disable-defaults", "--web.listen-address=256.0.0.1:1"}, 1, "", "no group of metrics is switched on"},
		"check a bad web file":     {[]string{"--config.check", "--config.file=" + good, "--web.config.file=" + webBad}, 1, "", "--web.config.file: "},
		"an address that is taken": {[]string{"--config.file=" + good, "--web.listen-address=256.0.0.1:1"}, 1, "", "listening failed"},
		"no socket from systemd":   {[]string{"--config.file=" + good, "--web.systemd-socket"}, 1, "", "start the exporter by its socket unit"},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := once(tc.args...)
			if code != tc.code || !strings.Contains(stdout, tc.stdout) || !strings.Contains(stderr, tc.stderr) {
				t.Errorf("exit code %d, want %d\nstdout: %s\nstderr: %s", code, tc.code, stdout, stderr)
			}
			if strings.Contains(stdout+stderr, "canary") {
				t.Error("the secret was printed")
			}
		})
	}
}

func TestGroupsAreChosenByFlags(t *testing.T) {
	for args, want := range map[string]string{
		"":                             "sessions messages queues channels",
		"--no-collector.sessions":      "messages queues channels",
		"--collector.agents":           "sessions messages queues channels agents",
		"--collector.disable-defaults": "",
		"--collector.disable-defaults --collector.sessions": "sessions",
	} {
		app, o := flags(io.Discard, io.Discard)
		if _, err := app.Parse(strings.Fields(args)); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(o.groups(), " "); got != want {
			t.Errorf("%q: %q, want %q", args, got, want)
		}
	}
}

func TestLogFormats(t *testing.T) {
	p := start(t, "--config.file="+write(t, "good.yml", goodConfig), "--log.format=json")
	p.get(t, "/metrics", "X-Prometheus-Scrape-Timeout-Seconds", "2")
	p.stop(t)
	for line := range strings.Lines(p.stderr.String()) {
		if !strings.HasPrefix(line, "{") || strings.Count(line, `"caller"`) != 1 || strings.Count(line, `"ts"`) != 1 {
			t.Errorf("line = %s", line)
		}
	}
	if n := strings.Count(p.stderr.String(), "connection refused"); n != 1 {
		t.Errorf("the failure is told %d times: %s", n, p.stderr.String())
	}
	if strings.Contains(p.stderr.String(), "canary") {
		t.Error("the secret was logged")
	}
}

func TestShutdown(t *testing.T) {
	p := start(t, "--config.file="+write(t, "good.yml", goodConfig))
	if status, body := p.get(t, "/-/ready"); status != http.StatusOK {
		t.Errorf("ready: %d %s", status, body)
	}
	p.stop(t)
	if !strings.Contains(p.stderr.String(), "msg=stopped") {
		t.Errorf("log = %s", p.stderr.String())
	}
}

// The demo is what a newcomer sees first.
func TestDemo(t *testing.T) {
	p := start(t, "--demo")
	for range 1000 {
		if _, body := p.get(t, "/"); strings.Contains(body, "2 targets: 2 ok") {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	status, page := p.get(t, "/")
	for _, want := range []string{"demo-pbx", "read in full", "whatsapp", "Support", "queued", "next ends", "Longest wait for a pick-up", "Next window to close unanswered", "demo-desk", "superoffice", "Orders", "2 targets: 2 ok"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page (%d) does not show %q: %s", status, want, page)
		}
	}
	status, metrics := p.get(t, "/metrics")
	for _, want := range []string{
		`conversation_up{target="demo-pbx"} 1`,
		`conversation_scrape_collector_success{collector="sessions",target="demo-pbx"} 1`,
		`conversation_scrape_collector_partial{collector="sessions",target="demo-pbx"} 0`,
		`conversation_target_info{system="yeastar",target="demo-pbx",version="83.`,
		`conversation_open_sessions{channel="whatsapp",origin="regular",queue="Support",state="queued",target="demo-pbx"} `,
		`conversation_reply_window_sessions{awaiting="agent",channel="whatsapp",queue="Support",remaining="lt_15m",target="demo-pbx"} `,
		`conversation_scrape_collector_success{collector="messages",target="demo-pbx"} 1`,
		`conversation_scrape_pending_sessions{target="demo-pbx"} 0`,
		`conversation_unanswered_oldest_timestamp_seconds{channel="whatsapp",queue="Support",state="assigned",target="demo-pbx"} `,
		`conversation_messages_total{channel="whatsapp",sender="customer",target="demo-pbx"} `,
		`conversation_response_seconds_bucket{channel="whatsapp",queue="Support",target="demo-pbx",le="300"} `,
		`conversation_up{target="demo-desk"} 1`,
		`conversation_target_info{system="superoffice",target="demo-desk",version="10.`,
		`conversation_scrape_collector_success{collector="sessions",target="demo-desk"} 1`,
		`conversation_scrape_collector_partial{collector="sessions",target="demo-desk"} 0`,
		`conversation_scrape_collector_partial{collector="queues",target="demo-desk"} 0`,
		`conversation_open_sessions{channel="chat",origin="regular",queue="Support",state="assigned",target="demo-desk"} `,
		`conversation_queue_open{queue="Returns",target="demo-desk"} `,
		`conversation_queue_warning_threshold_seconds{event="new_session",level="agent",queue="Support",target="demo-desk"} 180`,
		`conversation_transfers_pending{queue="Support",target="demo-desk"} `,
		`conversation_queue_agents{presence="present",queue="Support",target="demo-desk"} `,
		`conversation_exporter_build_info{`,
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("/metrics (%d) does not have %s", status, want)
		}
	}
	if !strings.Contains(p.stdout.String(), "Open "+p.url+"/ in a browser") {
		t.Errorf("stdout = %s", p.stdout.String())
	}
	everything := strings.ToLower(page + metrics + p.stdout.String() + p.stderr.String())
	for _, canary := range []string{"canary", "+999", "access_token"} {
		if strings.Contains(everything, canary) {
			t.Errorf("%q leaked", canary)
		}
	}
	if promtool := os.Getenv("PROMTOOL"); promtool != "" {
		checkMetrics(t, promtool, metrics)
	}
}

func TestOpenMetrics(t *testing.T) {
	p := start(t, "--config.file="+write(t, "good.yml", goodConfig))
	_, text := p.get(t, "/metrics", "Accept", "application/openmetrics-text;version=1.0.0")
	if !strings.HasSuffix(text, "# EOF\n") || !strings.Contains(text, "conversation_exporter_invalid_timeout_headers_total 0") {
		t.Errorf("not OpenMetrics: %s", text)
	}
}

func TestEveryAddressIsServed(t *testing.T) {
	p := start(t, "--config.file="+write(t, "good.yml", goodConfig), "--web.listen-address=127.0.0.2:0")
	for _, url := range p.listeningOn(t, 2) {
		p.url = url
		if status, _ := p.get(t, "/-/healthy"); status != http.StatusOK {
			t.Errorf("%s: %d", url, status)
		}
	}
}

// A connection on which nothing is asked must not cost the token: the PBX allows 8.
func TestAnIdleConnectionDoesNotCostTheToken(t *testing.T) {
	revoked := make(chan struct{}, 1)
	pbx := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/del_token") {
			revoked <- struct{}{}
		}
		_, _ = w.Write([]byte(`{"errcode":0,"access_token":"T","refresh_token":"R"}`))
	}))
	defer pbx.Close()
	p := start(t, "--config.file="+write(t, "good.yml", strings.ReplaceAll(goodConfig, "http://127.0.0.1:9", pbx.URL)))
	p.get(t, "/metrics")
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	p.stop(t)
	select {
	case <-revoked:
	default:
		t.Errorf("the token was not given back: %s", p.stderr.String())
	}
}

// A second signal ends the program at once, even while a scrape hangs.
func TestASecondSignalExitsAtOnce(t *testing.T) {
	hung := hangingServer(t)
	text := strings.ReplaceAll(goodConfig, "http://127.0.0.1:9", hung.URL)
	p := start(t, "--config.file="+write(t, "hung.yml", text))
	scraped := make(chan struct{})
	go func() {
		defer close(scraped)
		resp, err := http.Get(p.url + "/metrics")
		if err == nil {
			resp.Body.Close()
		}
		http.DefaultClient.CloseIdleConnections()
	}()
	<-hung.reached
	p.signals <- syscall.SIGTERM
	for range 1000 {
		if strings.Contains(p.stderr.String(), "shutting down") {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	if status, _ := p.get(t, "/-/ready"); status != http.StatusServiceUnavailable {
		t.Errorf("ready while shutting down: %d, want 503", status)
	}
	if status, _ := p.get(t, "/metrics"); status != http.StatusServiceUnavailable {
		t.Errorf("a scrape while shutting down: %d, want 503", status)
	}
	if status, _ := p.get(t, "/-/healthy"); status != http.StatusOK {
		t.Errorf("healthy while shutting down: %d, want 200", status)
	}
	p.signals <- syscall.SIGTERM
	if code := <-p.code; code != 1 {
		t.Errorf("exit code %d after a second signal, want 1", code)
	}
	p.code = nil
	hung.release()
	<-scraped
	for range 1000 { // What the process would take with it must end before the test does.
		if strings.Contains(p.stderr.String(), "msg=stopped") {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Errorf("the program did not end: %s", p.stderr.String())
}
