package web

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"

	"github.com/go-kit/log"
	"github.com/prometheus/client_golang/prometheus"

	"conversation_exporter/conversation"
)

const (
	textPlain   = "text/plain; charset=utf-8"
	classicText = "text/plain; version=0.0.4; charset=utf-8"
	openMetrics = "application/openmetrics-text; version=1.0.0; charset=utf-8"
)

// TestRoutes shows what each route answers to GET and HEAD.
func TestRoutes(t *testing.T) {
	source := &fakeSource{open: oneSession}
	s := newSite(t, Options{}, target("a", source))
	cases := []struct {
		route, kind, contains string
		reads                 bool
	}{
		{"/metrics", classicText, oneSessionSample("a"), true},
		{"/metrics?x=y", classicText, oneSessionSample("a"), true},
		{"/", "text/html; charset=utf-8", "<h1>conversation_exporter</h1>", false},
		{"/?x=y", "text/html; charset=utf-8", "<h1>conversation_exporter</h1>", false},
		{"/probe?target=a", classicText, oneSessionSample("a"), true},
		{"/sd", "application/json", `"__param_target":"a"`, false},
		{"/-/healthy", textPlain, "conversation_exporter is healthy.\n", false},
		{"/-/ready", textPlain, "conversation_exporter is ready.\n", false},
	}
	for _, c := range cases {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			before := source.calls.Load()
			r, err := s.do(t.Context(), method, c.route)
			if err != nil {
				t.Fatal(err)
			}
			if kind := r.header.Get("Content-Type"); r.status != http.StatusOK || !strings.HasPrefix(kind, c.kind) {
				t.Errorf("%s %s: got %d, %s; want 200, %s", method, c.route, r.status, kind, c.kind)
			}
			if r.header.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%s %s: the browser may guess the kind", method, c.route)
			}
			if method == http.MethodHead && r.body != "" || method == http.MethodGet && !strings.Contains(r.body, c.contains) {
				t.Errorf("%s %s: the body is\n%s", method, c.route, withoutRuntime(r.body))
			}
			if reads := source.calls.Load() != before; reads != (c.reads && method == http.MethodGet) {
				t.Errorf("%s %s reads the target: %t", method, c.route, reads)
			}
		}
	}
}

// TestUnknownPaths shows that what does not exist is not found, by any method,
// and sends nobody elsewhere.
func TestUnknownPaths(t *testing.T) {
	source := &fakeSource{}
	s := newSite(t, Options{}, target("a", source))
	routes := []string{
		"/metrics/", "/metrics/x", "/METRICS", "/metricsx", "/-/x", "/-/", "/-", "/-/healthy/", "/-/ready/x", "/-/reload/", "/probe/", "/probe/a", "/sd/", "/sdx",
		"//", "//metrics", "/./metrics", "/x/../metrics", "/../", "/metrics//", "/index.html", "/favicon.ico", "/status.css", "/debug/pprof/", "/%2e%2e/metrics",
	}
	for _, route := range routes {
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodDelete} {
			r, err := s.do(t.Context(), method, route)
			if err != nil {
				t.Fatal(err)
			}
			if r.status != http.StatusNotFound || r.header.Get("Location") != "" {
				t.Errorf("%s %s: got %d to %q, want 404", method, route, r.status, r.header.Get("Location"))
			}
			if method != http.MethodHead && r.body != "There is no such page; there are /, /metrics, /probe, /sd, /-/healthy, /-/ready, /-/reload.\n" {
				t.Errorf("%s %s says %q", method, route, r.body)
			}
		}
	}
	if n := source.calls.Load(); n != 0 {
		t.Errorf("unknown paths read the target %d times", n)
	}
}

// What is listed where a page is missing are those that there are.
func TestUnknownPathsListThePages(t *testing.T) {
	r := newSite(t, Options{TelemetryPath: "/m", Profiling: true}).get(t, "/metrics")
	if want := "There is no such page; there are /, /m, /probe, /sd, /-/healthy, /-/ready, /-/reload, /debug/pprof/.\n"; r.status != http.StatusNotFound || r.body != want || r.header.Get("Content-Type") != textPlain {
		t.Errorf("got %d %q, want %q", r.status, r.body, want)
	}
}

func TestWrongMethods(t *testing.T) {
	source := &fakeSource{}
	s := newSite(t, Options{}, target("a", source))
	for _, route := range []string{"/metrics", "/probe?target=a", "/sd", "/", "/-/healthy", "/-/ready"} {
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions, "BREW"} {
			r, err := s.do(t.Context(), method, route)
			if err != nil {
				t.Fatal(err)
			}
			if allow := r.header.Get("Allow"); r.status != http.StatusMethodNotAllowed || allow != "GET, HEAD" {
				t.Errorf("%s %s: got %d with Allow %q, want 405 with GET, HEAD", method, route, r.status, allow)
			}
		}
	}
	if n := source.calls.Load(); n != 0 {
		t.Errorf("wrong methods read the target %d times", n)
	}
}

func TestTelemetryPath(t *testing.T) {
	for _, route := range []string{"/metrics", "/m", "/-", "/-metrics", "/a/b.txt", "/métriques", "/debug"} {
		s := newSite(t, Options{TelemetryPath: route}, target("a", &fakeSource{open: oneSession}))
		wantLines(t, s.get(t, route).body, oneSessionSample("a"))
		if r := s.get(t, "/"); !strings.Contains(r.body, `<a href="`) || r.status != http.StatusOK {
			t.Errorf("%s: the status page has the status %d", route, r.status)
		}
		for _, gone := range []string{"/metrics", route + "/", route + "/x"} {
			if r := s.get(t, gone); gone != route && r.status != http.StatusNotFound {
				t.Errorf("with the metrics at %s, %s has the status %d", route, gone, r.status)
			}
		}
	}
	const notPlain, taken = "must begin with / and be plain, such as /metrics", "is taken by another page; choose one such as /metrics"
	for route, want := range map[string]string{
		"": notPlain, "metrics": notPlain, "/a b": notPlain, "/{x}": notPlain, "/{x...}": notPlain, "/m?x": notPlain, "/m#x": notPlain,
		"/metrics/": notPlain, "//": notPlain, "//host/metrics": notPlain, "/a//b": notPlain, "/a/../b": notPlain, "/./m": notPlain,
		"/%2d/ready": notPlain, "http://host/metrics": notPlain,
		"/": taken, "/-/ready": taken, "/-/metrics": taken, "/probe": taken, "/sd": taken, "/debug/pprof": taken, "/debug/pprof/x": taken,
	} {
		want = fmt.Sprintf("the telemetry path %q %s", route, want)
		if _, err := New(Options{TelemetryPath: route}); err == nil || err.Error() != want {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// TestExpositionFormats shows that the scraper gets the form that it asks for.
func TestExpositionFormats(t *testing.T) {
	s := newSite(t, Options{}, target("a", &fakeSource{open: oneSession}))
	cases := []struct {
		accept, encoding, kind, ending string
	}{
		{"", "", classicText, "\n"},
		{"text/plain;version=0.0.4", "", classicText, "\n"},
		{"application/openmetrics-text;version=1.0.0,text/plain;q=0.5", "", openMetrics, "# EOF\n"},
		{"", "gzip", classicText, "\n"},
		{"application/openmetrics-text;version=1.0.0", "gzip", openMetrics, "# EOF\n"},
	}
	for _, c := range cases {
		r := s.get(t, "/metrics", "Accept", c.accept, "Accept-Encoding", c.encoding)
		body := r.body
		if got := r.header.Get("Content-Encoding"); got != c.encoding {
			t.Fatalf("the encoding is %q, want %q", got, c.encoding)
		}
		if c.encoding == "gzip" {
			z, err := gzip.NewReader(strings.NewReader(r.body))
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(z)
			if err != nil {
				t.Fatal(err)
			}
			body = string(text)
		}
		if kind := r.header.Get("Content-Type"); !strings.HasPrefix(kind, c.kind) || !strings.HasSuffix(body, c.ending) {
			t.Errorf("Accept %q: got the kind %s and the end %q", c.accept, kind, body[max(0, len(body)-20):])
		}
		if strings.Contains(body, "# EOF") != (c.kind == openMetrics) {
			t.Errorf("Accept %q: the end of OpenMetrics is there: %t", c.accept, c.kind != openMetrics)
		}
		if c.kind == classicText {
			wantLines(t, body, oneSessionSample("a"))
		} else {
			wantLines(t, body, strings.Replace(oneSessionSample("a"), "} 1", "} 1.0", 1))
		}
	}
}

// TestOwnMetrics shows the exporter's own metrics, and that what is told of them
// for the documentation is what is exported.
func TestOwnMetrics(t *testing.T) {
	body := newSite(t, Options{}).get(t, "/metrics").body
	own, err := Metrics()
	if err != nil || len(own) != 5 {
		t.Fatalf("own metrics = %+v, %v", own, err)
	}
	for _, m := range own {
		wantLines(t, body, "# TYPE "+m.Name+" "+m.Type, "# HELP "+m.Name+" "+m.Help)
		for _, label := range m.Labels {
			if !strings.Contains(body, m.Name+"{") || !strings.Contains(body, label+`="`) {
				t.Errorf("%s has no label %s", m.Name, label)
			}
		}
	}
	wantLines(t, body, "conversation_exporter_config_last_reload_successful 1", "conversation_exporter_invalid_timeout_headers_total 0", `promhttp_metric_handler_errors_total{cause="gathering"} 0`)
	for _, name := range []string{"conversation_exporter_build_info{", "go_goroutines ", "go_info{", "process_start_time_seconds ", "process_open_fds "} {
		if !strings.Contains(body, "\n"+name) {
			t.Errorf("%s is not exported", name)
		}
	}
	if strings.Contains(body, "conversation_up") {
		t.Error("without a target there is a metric of one")
	}
}

// TestNameFilter shows that a scraper may choose metrics by name.
func TestNameFilter(t *testing.T) {
	source := &fakeSource{open: oneSession}
	s := newSite(t, Options{}, target("a", source))
	want := `# HELP conversation_up 1 if at least one call with valid credentials succeeded in this pass, else 0. Absent where another scrape's pass left no time for one.
# TYPE conversation_up gauge
conversation_up{target="a"} 1
`
	if r := s.get(t, "/metrics?name[]=conversation_up"); r.status != http.StatusOK || r.body != want {
		t.Errorf("got %d with\n%s\nwant\n%s", r.status, r.body, want)
	}
	r := s.get(t, "/metrics?name[]=conversation_up&name[]=conversation_exporter_invalid_timeout_headers_total")
	wantLines(t, r.body, `conversation_up{target="a"} 1`, "conversation_exporter_invalid_timeout_headers_total 0")
	if strings.Contains(r.body, "go_") {
		t.Errorf("got more than was asked for:\n%s", r.body)
	}
	before := source.calls.Load()
	s.get(t, "/metrics?name[]=go_goroutines")
	if source.calls.Load() != before {
		t.Error("a scrape that names no metric of a target reads it")
	}
	if r := s.get(t, "/metrics?name[]=no_such_metric"); r.status != http.StatusOK || r.body != "" {
		t.Errorf("a name that does not exist gives %d with\n%s", r.status, r.body)
	}
}

// TestOneBadSampleDoesNotTakeTheRest is about a value that cannot be exported:
// the rest is there, and the log has one line about it.
func TestOneBadSampleDoesNotTakeTheRest(t *testing.T) {
	bad := &fakeSource{open: oneSession, info: func() conversation.Info {
		return conversation.Info{System: "\xff\xfe", States: fakeStates()}
	}}
	var logged bytes.Buffer
	s := newSite(t, Options{Logger: log.NewLogfmtLogger(log.NewSyncWriter(&logged))}, target("bad", bad), target("good", &fakeSource{open: oneSession}))
	r := s.get(t, "/metrics")
	wantLines(t, r.body, oneSessionSample("bad"), oneSessionSample("good"), `conversation_target_info{system="fake",target="good",version="1.0"} 1`)
	if r.status != http.StatusOK {
		t.Errorf("the status is %d, want 200", r.status)
	}
	if text := logged.String(); strings.Count(text, "\n") != 1 || !strings.HasPrefix(text, `level=error msg="writing metrics failed" err="`) {
		t.Errorf("logged\n%s\nwant one line", text)
	}
	if r := s.get(t, "/metrics?name[]=promhttp_metric_handler_errors_total"); !strings.Contains(r.body, `{cause="gathering"} 1`) {
		t.Errorf("the failure is not counted:\n%s", r.body)
	}
}

// TestErrorLogKeepsToOneLine shows that several errors do not break a line.
func TestErrorLogKeepsToOneLine(t *testing.T) {
	var logged bytes.Buffer
	(&errorLog{logger: log.NewLogfmtLogger(&logged), answer: &answer{}}).Println("error gathering metrics:", prometheus.MultiError{io.EOF, http.ErrAbortHandler, fmt.Errorf("two\nlines")})
	want := `level=error msg="writing metrics failed" err="error gathering metrics: EOF; net/http: abort Handler; two; lines"` + "\n"
	if got := logged.String(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// gone is a scraper that hangs up after so many bytes.
type gone struct {
	*httptest.ResponseRecorder
	left int
}

func (g *gone) Write(text []byte) (int, error) {
	if g.left -= len(text); g.left < 0 {
		return 0, syscall.EPIPE
	}
	return g.ResponseRecorder.Write(text)
}

// A scraper that leaves is one line of the log, however many metrics it misses.
func TestAScraperThatLeavesIsOneLineOfTheLog(t *testing.T) {
	for _, route := range []string{"/metrics", "/probe?target=a"} {
		var logged bytes.Buffer
		h := newHandler(t, Options{Logger: log.NewLogfmtLogger(&logged)}, target("a", &fakeSource{open: oneSession}))
		for range 2 {
			logged.Reset()
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, route, http.NoBody)
			h.ServeHTTP(&gone{httptest.NewRecorder(), 300}, r)
			want := `level=warn msg="the scraper left before it had all of the metrics" err="broken pipe"` + "\n"
			if got := logged.String(); got != want {
				t.Errorf("%s: logged %q, want %q", route, got, want)
			}
		}
	}
}
