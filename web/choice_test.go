package web

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"conversation_exporter/collector"
	"conversation_exporter/conversation"
)

// TestChoiceOfGroups shows which metrics come of which parameters, and whether
// the target is read.
func TestChoiceOfGroups(t *testing.T) {
	const (
		own      = "conversation_exporter_build_info{"
		runtime  = "go_goroutines "
		up       = `conversation_up{target="a"} 1`
		success  = "conversation_scrape_collector_success{"
		sessions = "conversation_open_sessions{"
	)
	all := []string{own, runtime, up, success, sessions}
	cases := []struct {
		query string
		want  []string
	}{
		{"", all},
		{"collect[]=sessions", []string{up, success, sessions}},
		{"collect%5B%5D=sessions", []string{up, success, sessions}},
		{"collect[]=sessions&collect[]=sessions", []string{up, success, sessions}},
		{"collect[]=sessions&collect[]=exporter", all},
		{"collect[]=exporter", []string{own, runtime}},
		{"exclude[]=exporter", []string{up, success, sessions}},
		{"exclude[]=exporter&exclude[]=exporter", []string{up, success, sessions}},
		{"exclude[]=sessions", []string{own, runtime, up}},
		{"exclude[]=sessions&exclude[]=exporter", []string{up}},
		{"collect[]=sessions&name[]=conversation_up", []string{up}},
		{"collect[]=exporter&name[]=conversation_up", nil},
		{"collect[]=exporter&name[]=go_goroutines", []string{runtime}},
		{"exclude[]=exporter&name[]=go_goroutines", nil},
		{"collect[]=sessions&exclude=x&other[]=y", []string{up, success, sessions}},
		{"exclude[]=agents", all},
		{"exclude[]=agents&exclude[]=exporter", []string{up, success, sessions}},
	}
	for _, c := range cases {
		source := &fakeSource{open: oneSession}
		r := newSite(t, Options{}, target("a", source)).get(t, "/metrics?"+c.query)
		if r.status != http.StatusOK {
			t.Errorf("%q: the status is %d: %s", c.query, r.status, r.body)
		}
		reads := false
		for _, part := range all {
			wanted := strings.Contains(strings.Join(c.want, "\n"), part)
			if got := strings.Contains("\n"+r.body, "\n"+part); got != wanted {
				t.Errorf("%q: has %s: %t", c.query, part, got)
			}
			reads = reads || wanted && part != own && part != runtime
		}
		if got := source.calls.Load() > 0; got != reads {
			t.Errorf("%q reads the target: %t", c.query, got)
		}
	}
}

// TestBadChoices shows what is told to who asks for what cannot be.
func TestBadChoices(t *testing.T) {
	const menu = "there are sessions, exporter.\n"
	cases := map[string]string{
		"collect[]=queue":                         `there is no group "queue"; ` + menu,
		"exclude[]=queue":                         `there is no group "queue"; ` + menu,
		"collect[]=":                              `there is no group ""; ` + menu,
		"collect[]=sessions&collect[]=Sessions":   `there is no group "Sessions"; ` + menu,
		"collect[]=sessions,exporter":             `there is no group "sessions,exporter"; ` + menu,
		"collect[]=%0a%3Cscript%3E":               `there is no group "\n<script>"; ` + menu,
		"collect[]=" + strings.Repeat("x", 1000):  `there is no group "` + strings.Repeat("x", 40) + `"; ` + menu,
		"collect[]=sessions&exclude[]=exporter":   "use either collect[] or exclude[], not both; " + menu,
		"collect[]=%zz":                           "the parameters are not written as a URL has them; " + menu,
		"collect[]=sessions;exclude[]=exporter":   "the parameters are not written as a URL has them; " + menu,
		"exclude[]=x&name[]=conversation_up":      `there is no group "x"; ` + menu,
		"collect[]=sessions&exclude[]=&name[]=go": "use either collect[] or exclude[], not both; " + menu,
	}
	source := &fakeSource{open: oneSession}
	s := newSite(t, Options{}, target("a", source))
	for query, want := range cases {
		if r := s.get(t, "/metrics?"+query); r.status != http.StatusBadRequest || r.body != want || !strings.HasPrefix(r.header.Get("Content-Type"), textPlain) {
			t.Errorf("%q: %d %q, want 400 %q", query, r.status, r.body, want)
		}
	}
	if n := source.calls.Load(); n != 0 {
		t.Errorf("bad choices read the target %d times", n)
	}
	off := newSite(t, Options{}, collector.NewTarget(collector.Options{Name: "a", Source: source, Timeout: time.Minute}))
	want := "the group sessions is off for every target: name it in a target's key collectors or, for targets without that key, switch it on by --collector.sessions; there is only exporter.\n"
	if r := off.get(t, "/metrics?collect[]=sessions"); r.status != http.StatusBadRequest || r.body != want {
		t.Errorf("what is off everywhere: %d %q, want 400 %q", r.status, r.body, want)
	}
	for _, query := range []string{"exclude[]=exporter", "exclude[]=sessions"} {
		if r := off.get(t, "/metrics?"+query); r.status != http.StatusOK || !strings.Contains(r.body, `conversation_up{target="a"} 1`) {
			t.Errorf("%s, which leaves the health: %d %s", query, r.status, r.body)
		}
	}
}

// TestTooManyScrapes shows that one scrape too many is refused at once, that
// other pages are not, and that there is room again when one has ended.
func TestTooManyScrapes(t *testing.T) {
	const limit = 3
	entered, release := make(chan struct{}, 2*limit), make(chan struct{})
	source := func() *fakeSource {
		return &fakeSource{open: func(ctx context.Context) ([]conversation.Session, conversation.Coverage, error) {
			entered <- struct{}{}
			<-release
			return oneSession(ctx)
		}}
	}
	s := newSite(t, Options{MaxRequests: limit}, target("a", source()))
	answers := make(chan int, limit)
	for range limit {
		go func() {
			r, err := s.do(t.Context(), http.MethodGet, "/metrics", timeoutHeader, "100")
			if err != nil {
				t.Error(err)
			}
			answers <- r.status
		}()
	}
	<-entered
	// The others may still be on their way.
	for inside := 0; inside < limit; {
		s.handler.gate.mu.Lock()
		inside = s.handler.gate.inside
		s.handler.gate.mu.Unlock()
	}
	for _, route := range []string{"/metrics", "/metrics?collect[]=exporter", "/metrics?collect[]=junk"} {
		if r := s.get(t, route); r.status != http.StatusServiceUnavailable || r.body != "3 scrapes are in flight already: scrape less often, or raise --web.max-requests.\n" {
			t.Errorf("%s: %d %q, want 503", route, r.status, r.body)
		}
	}
	for _, route := range []string{"/", "/-/healthy", "/-/ready"} {
		if r := s.get(t, route); r.status != http.StatusOK {
			t.Errorf("%s: %d, want 200", route, r.status)
		}
	}
	close(release)
	for range limit {
		if status := <-answers; status != http.StatusOK {
			t.Errorf("a scrape in flight has the status %d", status)
		}
	}
	if r := s.get(t, "/metrics"); r.status != http.StatusOK {
		t.Errorf("afterwards: %d, want 200", r.status)
	}
}

func TestMaxRequestsIsChecked(t *testing.T) {
	_, err := New(Options{Collector: collector.New(), TelemetryPath: DefaultTelemetryPath, MaxRequests: -1})
	if err == nil || err.Error() != "--web.max-requests is -1 and must be at least 0; 0 means no limit" {
		t.Errorf("error = %v", err)
	}
}

// The metrics of requests need no pass, and come to who asks for them by name.
func TestRequestMetricsByName(t *testing.T) {
	requests := newFakeRequests("a")
	fake := &fakeSource{open: oneSession}
	s := newSite(t, Options{Requests: requests}, target("a", fake))
	r := s.get(t, "/metrics?name[]=conversation_api_requests_total")
	wantLines(t, r.body, `conversation_api_requests_total{target="a"} 0`)
	if fake.calls.Load() != 0 {
		t.Error("the target was read")
	}
}
