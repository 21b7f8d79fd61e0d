package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"conversation_exporter/collector"
)

// ofTarget are the samples of a target in an exposition, without how long things
// took and when.
func ofTarget(body, name string) []string {
	var lines []string
	for line := range strings.Lines(body) {
		if strings.Contains(line, `target="`+name+`"`) && !strings.Contains(line, "_duration_") && !strings.Contains(line, "_scrape_timestamp_") {
			lines = append(lines, line)
		}
	}
	slices.Sort(lines)
	return lines
}

func TestAProbeTellsOfOneTargetWhatMetricsTell(t *testing.T) {
	s := newSite(t, Options{Requests: newFakeRequests("a", "b")}, target("a", &fakeSource{open: oneSession}), target("b", &fakeSource{}))
	all := s.get(t, "/metrics").body
	for _, name := range []string{"a", "b"} {
		r := s.get(t, "/probe?target="+name)
		if r.status != http.StatusOK {
			t.Fatalf("%s: %d %s", name, r.status, r.body)
		}
		want, got := ofTarget(all, name), ofTarget(r.body, name)
		if !slices.Equal(got, want) || len(got) < 5 {
			t.Errorf("the probe tells of %s\n%s\nwant\n%s", name, strings.Join(got, ""), strings.Join(want, ""))
		}
		for line := range strings.Lines(r.body) {
			if !strings.HasPrefix(line, "#") && !strings.Contains(line, `target="`+name+`"`) {
				t.Errorf("the probe of %s has %s", name, line)
			}
		}
	}
}

func TestAProbeReadsItsTargetOnly(t *testing.T) {
	a, b := &fakeSource{open: oneSession}, &fakeSource{open: oneSession}
	s := newSite(t, Options{}, target("a", a), target("b", b))
	s.get(t, "/probe?target=a")
	if a.calls.Load() == 0 || b.calls.Load() != 0 {
		t.Errorf("a was asked %d times, b %d times", a.calls.Load(), b.calls.Load())
	}
}

func TestAProbeMayChooseGroups(t *testing.T) {
	s := newSite(t, Options{Requests: newFakeRequests("a")}, target("a", &fakeSource{open: oneSession}))
	const up, sessions, requests = `conversation_up{target="a"} 1`, "conversation_open_sessions{", "conversation_api_requests_total{"
	for query, want := range map[string][]string{
		"collect[]=sessions":                    {up, sessions, requests},
		"exclude[]=sessions":                    {up, requests},
		"name[]=conversation_up":                {up},
		"collect[]=sessions&collect[]=sessions": {up, sessions, requests},
		"exclude[]=agents":                      {up, sessions, requests},
		"exclude[]=exporter":                    {up, sessions, requests},
	} {
		r := s.get(t, "/probe?target=a&"+query)
		for _, part := range []string{up, sessions, requests} {
			if got := strings.Contains(r.body, part); got != slices.Contains(want, part) || r.status != http.StatusOK {
				t.Errorf("%s: %d, has %s: %t", query, r.status, part, got)
			}
		}
	}
}

// One scrape job asks every target for the same: those that have none of it tell of
// their health, and are not refused.
func TestAProbeForGroupsThatAreOffForItsTarget(t *testing.T) {
	queues := collector.NewTarget(collector.Options{Name: "b", Source: &fakeSource{open: oneSession}, Groups: []string{"queues"}, Timeout: time.Minute})
	a := &fakeSource{open: oneSession}
	s := newSite(t, Options{Requests: newFakeRequests("a", "b")}, target("a", a), queues)
	const success = "conversation_scrape_collector_success{collector=\"%s\",target=\"%s\"} 1\n"
	for _, c := range []struct {
		query, target string
		has           []string // the groups whose success is told
	}{
		{"collect[]=queues", "a", nil},
		{"collect[]=queues", "b", []string{"queues"}},
		{"collect[]=sessions&collect[]=queues", "a", []string{"sessions"}},
		{"collect[]=sessions&collect[]=queues", "b", []string{"queues"}},
		{"exclude[]=queues", "a", []string{"sessions"}},
		{"exclude[]=queues&exclude[]=agents", "b", nil},
	} {
		r := s.get(t, "/probe?target="+c.target+"&"+c.query)
		if r.status != http.StatusOK {
			t.Errorf("%s of %s: %d %s", c.query, c.target, r.status, r.body)
			continue
		}
		wantLines(t, r.body, `conversation_up{target="`+c.target+`"} 1`, `conversation_api_requests_total{target="`+c.target+`"} 0`)
		for _, group := range []string{"sessions", "queues"} {
			if got := strings.Contains(r.body, fmt.Sprintf(success, group, c.target)); got != slices.Contains(c.has, group) {
				t.Errorf("%s of %s tells of %s: %t", c.query, c.target, group, got)
			}
		}
	}
	const none = "there is no group \"queue\"; there are sessions, queues.\n"
	if r := s.get(t, "/probe?target=a&collect[]=queue"); r.status != http.StatusBadRequest || r.body != none {
		t.Errorf("an unknown group: %d %s", r.status, r.body)
	}
}

func TestAProbeThatCannotBe(t *testing.T) {
	s := newSite(t, Options{}, target("a", &fakeSource{}), target("b", &fakeSource{}))
	const menu = "there are a, b.\n"
	for query, want := range map[string]struct {
		status int
		text   string
	}{
		"":                             {http.StatusBadRequest, "Name the target: /probe?target=NAME; " + menu},
		"?target=":                     {http.StatusBadRequest, "Name the target: /probe?target=NAME; " + menu},
		"?Target=a":                    {http.StatusBadRequest, "Name the target: /probe?target=NAME; " + menu},
		"?target=a&target=b":           {http.StatusBadRequest, "Name one target only; " + menu},
		"?target=a&target=a":           {http.StatusBadRequest, "Name one target only; " + menu},
		"?target=%zz":                  {http.StatusBadRequest, "The parameters are not written as a URL has them; " + menu},
		"?target=a;x":                  {http.StatusBadRequest, "The parameters are not written as a URL has them; " + menu},
		"?target=c":                    {http.StatusNotFound, "There is no such target; " + menu},
		"?target=A":                    {http.StatusNotFound, "There is no such target; " + menu},
		"?target=http://u:canary@x/":   {http.StatusNotFound, "There is no such target; " + menu},
		"?target=a&collect[]=queue":    {http.StatusBadRequest, "there is no group \"queue\"; there is only sessions.\n"},
		"?target=a&collect[]=messages": {http.StatusBadRequest, "the group messages is off for every target: name it in a target's key collectors or, for targets without that key, switch it on by --collector.messages; there is only sessions.\n"},
		"?target=a&exclude[]=queue":    {http.StatusBadRequest, "there is no group \"queue\"; there is only sessions.\n"},
		"?target=a&collect[]=exporter": {http.StatusBadRequest, "the exporter's own metrics are not among those of a target; there is only sessions.\n"},
	} {
		if r := s.get(t, "/probe"+query); r.status != want.status || r.body != want.text || r.header.Get("Content-Type") != textPlain {
			t.Errorf("%s: got %d %s, want %d %s", query, r.status, r.body, want.status, want.text)
		}
	}
	var many []*collector.Target
	for i := range 500 {
		many = append(many, target(fmt.Sprintf("t%03d", i), &fakeSource{}))
	}
	if r := newSite(t, Options{}, many...).get(t, "/probe?target=x"); len(r.body) > 300 || !strings.HasSuffix(r.body, "t018, t019 and 480 more, which /sd lists.\n") {
		t.Errorf("with 500 targets: %s", r.body)
	}
}

// A probe goes through a gate as /metrics does, and has the same time.
func TestAProbeHasAGateAndTheDeadlineOfMetrics(t *testing.T) {
	hung := newHanging()
	s := newSite(t, Options{MaxRequests: 1}, target("hung", hung), target("quick", &fakeSource{open: oneSession}))
	answer := make(chan response)
	before := time.Now()
	go func() {
		r, _ := s.do(t.Context(), http.MethodGet, "/probe?target=hung", timeoutHeader, "1")
		answer <- r
	}()
	seen := <-hung.inside
	if left := seen.deadline.Sub(before); left < 900*time.Millisecond || left > 20*time.Second {
		t.Errorf("the target had %v, want 0.9 s", left)
	}
	const full = "1 scrapes of this target are in flight already: scrape less often, or raise --web.max-requests.\n"
	if r := s.get(t, "/probe?target=hung"); r.status != http.StatusServiceUnavailable || r.body != full {
		t.Errorf("one too many: %d %s", r.status, r.body)
	}
	r := <-answer
	wantLines(t, r.body, health("timeout", "hung", "1"), `conversation_up{target="hung"} 0`)
	s.get(t, "/probe?target=quick", timeoutHeader, "junk")
	wantLines(t, s.get(t, "/metrics?collect[]=exporter").body, "conversation_exporter_invalid_timeout_headers_total 1")
	s.handler.Drain(t.Context())
	for _, query := range []string{"?target=quick", "?target=none", ""} {
		if r := s.get(t, "/probe"+query); r.status != http.StatusServiceUnavailable || r.body != shuttingDown+"\n" {
			t.Errorf("%q while draining: %d %s", query, r.status, r.body)
		}
	}
}

// A target that a reload takes away while it is probed is not a success.
func TestAProbeOfATargetThatGoesIsNotFound(t *testing.T) {
	hung := newHanging()
	s := newSite(t, Options{}, target("a", hung), target("b", &fakeSource{}))
	answer := make(chan response)
	go func() { r, _ := s.do(t.Context(), http.MethodGet, "/probe?target=a"); answer <- r }()
	<-hung.inside
	if _, err := s.handler.opts.Collector.Replace(t.Context(), target("b", &fakeSource{})); err != nil {
		t.Fatal(err)
	}
	if r := <-answer; r.status != http.StatusNotFound || r.body != "There is no such target; there is only b.\n" {
		t.Errorf("got %d %s", r.status, r.body)
	}
}

func TestMetricsWithoutTheTargets(t *testing.T) {
	source := &fakeSource{open: oneSession}
	s := newSite(t, Options{NoTargets: true, Requests: newFakeRequests("a")}, target("a", source))
	for _, route := range []string{"/metrics", "/metrics?collect[]=exporter", "/metrics?exclude[]=sessions"} {
		r := s.get(t, route)
		wantLines(t, r.body, "conversation_exporter_panics_total 0")
		if strings.Contains(r.body, `target="`) || source.calls.Load() != 0 {
			t.Errorf("%s tells of a target, which was asked %d times:\n%s", route, source.calls.Load(), withoutRuntime(r.body))
		}
	}
	const away = "the group sessions is not on this page, because of --no-web.metrics-targets: ask /probe?target=NAME for one target; there is only exporter.\n"
	if r := s.get(t, "/metrics?collect[]=sessions"); r.status != http.StatusBadRequest || r.body != away {
		t.Errorf("a group: %d %s", r.status, r.body)
	}
	wantLines(t, s.get(t, "/probe?target=a&collect[]=sessions").body, oneSessionSample("a"))
}

// TestOneDeadTargetCostsAFleetNothing is on a clock of its own: with a target
// that never answers, the probes of all others take no time, and /metrics has
// the others by its deadline.
func TestOneDeadTargetCostsAFleetNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const others = 499
		dead := newHanging()
		fleet := []*collector.Target{target("dead", dead)}
		for i := range others {
			fleet = append(fleet, target(fmt.Sprintf("t%03d", i), &fakeSource{open: oneSession}))
		}
		h := newHandler(t, Options{}, fleet...)
		begun := time.Now()
		go func() {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/probe?target=dead", http.NoBody)
			r.Header.Set(timeoutHeader, "60")
			h.ServeHTTP(httptest.NewRecorder(), r)
		}()
		synctest.Wait()
		for i := range others {
			name := fmt.Sprintf("t%03d", i)
			wantLines(t, answered(t, h, "/probe?target="+name, "60"), oneSessionSample(name), `conversation_up{target="`+name+`"} 1`)
		}
		if took := time.Since(begun); took != 0 {
			t.Errorf("the probes of the others took %v", took)
		}
		body := answered(t, h, "/metrics", "10")
		if took := time.Since(begun); took > 9550*time.Millisecond {
			t.Errorf("/metrics took %v of the scraper's 10 s", took)
		}
		if n := strings.Count(body, `state="queued",target="t`); n != others {
			t.Errorf("/metrics tells of %d targets, want %d", n, others)
		}
		time.Sleep(time.Minute) // The probe of the dead one ends before the test does.
	})
}

// TestTargetsThatHangTakeNoPlaceFromOthers has more of them than the limit of the
// flag's default: the probe of a healthy one is answered at once, and so is
// /metrics. The probes of each have that limit for themselves, and a shutdown waits
// for all.
func TestTargetsThatHangTakeNoPlaceFromOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit, dead = 40, 60
		fleet := []*collector.Target{target("healthy", &fakeSource{open: oneSession})}
		for i := range dead {
			fleet = append(fleet, target(fmt.Sprintf("dead%02d", i), newHanging()))
		}
		h := newHandler(t, Options{MaxRequests: limit}, fleet...)
		probe := func(name string) *httptest.ResponseRecorder {
			w, r := httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/probe?target="+name, http.NoBody)
			r.Header.Set(timeoutHeader, "60")
			h.ServeHTTP(w, r)
			return w
		}
		begun := time.Now()
		for i := range dead {
			go probe(fmt.Sprintf("dead%02d", i))
		}
		for range limit - 1 {
			go probe("dead00")
		}
		synctest.Wait()
		if w := probe("healthy"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), oneSessionSample("healthy")) {
			t.Errorf("the healthy target: %d %s", w.Code, w.Body)
		}
		wantLines(t, answered(t, h, "/metrics?collect[]=exporter", "60"), "conversation_exporter_panics_total 0")
		const full = "40 scrapes of this target are in flight already: scrape less often, or raise --web.max-requests.\n"
		if w := probe("dead00"); w.Code != http.StatusServiceUnavailable || w.Body.String() != full {
			t.Errorf("one probe too many of one target: %d %s", w.Code, w.Body)
		}
		if took := time.Since(begun); took != 0 {
			t.Errorf("the answers took %v", took)
		}
		h.Drain(t.Context())
		if took := time.Since(begun); took < 59*time.Second || len(h.gate.pages) != 0 {
			t.Errorf("the shutdown waited for %v, and the gate still counts %v", took, h.gate.pages)
		}
	})
}
