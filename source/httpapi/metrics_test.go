package httpapi

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
)

// checkFamily compares the samples of one metric; each line of want is a sample
// without the metric's name.
func checkFamily(t *testing.T, m *Metrics, name, want string) {
	t.Helper()
	var b strings.Builder
	for _, described := range Exported() {
		if described.Name == name && want != "" {
			b.WriteString("# HELP " + name + " " + described.Help + "\n# TYPE " + name + " " + described.Type + "\n")
		}
	}
	for line := range strings.Lines(want) {
		if line = strings.TrimSpace(line); line != "" {
			b.WriteString(name + line + "\n")
		}
	}
	if err := testutil.CollectAndCompare(m, strings.NewReader(b.String()), name); err != nil {
		t.Error(err)
	}
}

func TestMetricsStartAtZero(t *testing.T) {
	m := NewMetrics()
	newClient(t, Config{BaseURL: "http://x.invalid", Metrics: m, Target: "a", Routes: []Route{{Method: http.MethodGet, Path: "x/list"}, {Method: http.MethodPost, Path: "get_token"}, {Method: http.MethodGet, Path: "get_token"}}})
	newClient(t, Config{BaseURL: "http://x.invalid", Metrics: m, Target: "b", Routes: []Route{{Method: http.MethodGet, Path: "x/list"}}})
	checkFamily(t, m, "conversation_api_requests_total", `
		{endpoint="get_token",target="a"} 0
		{endpoint="x/list",target="a"} 0
		{endpoint="x/list",target="b"} 0`)
	for _, name := range []string{"conversation_api_request_failures_total", "conversation_api_request_duration_seconds", "conversation_api_clock_skew_seconds"} {
		checkFamily(t, m, name, "")
	}
}

func TestMetricsOfOneTarget(t *testing.T) {
	m := NewMetrics()
	srv := newServer(t, answer("{}"))
	client := func(target string) *Client { return newClient(t, Config{BaseURL: srv.URL, Metrics: m, Target: target}) }
	first := client("a")
	for _, c := range []*Client{first, client("a"), client("b")} {
		if err := get(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	const name = "conversation_api_requests_total"
	samples := func(target, want string) {
		t.Helper()
		text := ""
		if want != "" {
			text = "# HELP " + name + " " + requestsMetric().Help + "\n# TYPE " + name + " counter\n" + name + want + "\n"
		}
		if err := testutil.CollectAndCompare(m.Of(target), strings.NewReader(text), name); err != nil {
			t.Error(err)
		}
	}
	samples("a", `{endpoint="message_session/search",target="a"} 2`)
	samples("b", `{endpoint="message_session/search",target="b"} 1`)
	samples("c", "")
	// A client that outlives its target brings nothing back.
	m.Forget("a")
	if err := get(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	samples("a", "")
	checkFamily(t, m, name, `{endpoint="message_session/search",target="b"} 1`)
	client("a")
	samples("a", `{endpoint="message_session/search",target="a"} 0`)
}

func TestMetricsAreWellFormed(t *testing.T) {
	m := NewMetrics()
	srv := newServer(t, answer("{}"))
	if err := get(t.Context(), newClient(t, Config{BaseURL: srv.URL, Metrics: m, Target: "a"})); err != nil {
		t.Fatal(err)
	}
	var problems []promlint.Problem
	problems, err := testutil.CollectAndLint(m)
	if err != nil || len(problems) > 0 {
		t.Errorf("%v %v", problems, err)
	}
}

// TestFailuresAreCountedByReason makes each kind of failure once, and counts.
func TestFailuresAreCountedByReason(t *testing.T) {
	plain := newServer(t, answer("{}"))
	for _, tc := range []struct {
		reason Reason
		url    string // of the server that answer makes where it is empty
		answer http.HandlerFunc
	}{
		{ReasonConnection, "http://" + refusedAddress(t), nil},
		{ReasonTLS, "https://" + addressOf(t, plain.URL), nil},
		{ReasonRedirect, "", echo(307, "text/html", "")},
		{ReasonHTTP4xx, "", echo(404, "text/html", "")},
		{ReasonHTTP5xx, "", echo(500, "text/html", "")},
		{ReasonThrottled, "", throttled("90")},
		{ReasonAuth, "", echo(401, "text/html", "")},
		{ReasonDecode, "", answer("<html>")},
		{ReasonTooLarge, "", answer(strings.Repeat(" ", 65))},
		{"errcode_3", "", answer(`{"errcode":3}`)},
	} {
		t.Run(string(tc.reason), func(t *testing.T) {
			m := NewMetrics()
			if tc.url == "" {
				tc.url = newServer(t, tc.answer).URL
			}
			c := newClient(t, Config{BaseURL: tc.url, Metrics: m, Target: "a", MaxBody: 64, Clock: newFakeClock()})
			for range 2 {
				if err := judged(t.Context(), c, Request{Method: http.MethodPost}); err == nil {
					t.Fatal("the call succeeded")
				}
			}
			made := "2"
			if tc.reason == ReasonThrottled {
				made = "1" // The second was held back.
			}
			checkFamily(t, m, "conversation_api_requests_total", `{endpoint="message_session/search",target="a"} `+made)
			checkFamily(t, m, "conversation_api_request_failures_total", `{endpoint="message_session/search",reason="`+string(tc.reason)+`",target="a"} `+made)
		})
	}
}

// TestEachAttemptCounts shows that retries are requests like any other.
func TestEachAttemptCounts(t *testing.T) {
	m := NewMetrics()
	srv := newServer(t, series(answer(`{"errcode":2}`), echo(500, "text/html", ""), answer("{}")))
	if err := judged(t.Context(), newClient(t, Config{BaseURL: srv.URL, Metrics: m, Target: "a"}), Request{Method: http.MethodGet}); err != nil {
		t.Fatal(err)
	}
	checkFamily(t, m, "conversation_api_requests_total", `{endpoint="message_session/search",target="a"} 3`)
	checkFamily(t, m, "conversation_api_request_failures_total", `
		{endpoint="message_session/search",reason="errcode_2",target="a"} 1
		{endpoint="message_session/search",reason="http_5xx",target="a"} 1`)
	if n := testutil.CollectAndCount(m, "conversation_api_request_duration_seconds"); n != 1 {
		t.Errorf("there are %d histograms, want 1", n)
	}
}

// TestCallsThatNobodyWaitsForAreNoFailures tells a caller who leaves from a
// deadline, and both from calls that were never sent.
func TestCallsThatNobodyWaitsForAreNoFailures(t *testing.T) {
	for _, end := range []error{context.Canceled, context.DeadlineExceeded} {
		m, crowd := NewMetrics(), newCrowd()
		c := newClient(t, Config{BaseURL: newServer(t, crowd.ServeHTTP).URL, Metrics: m, Target: "a", Concurrency: 1})
		ctx, failed := newEndable(t, end), make(chan error)
		go func() { failed <- get(ctx, c) }()
		<-crowd.arrived
		waiting := newEndable(t, end)
		waiting.end()
		if get(waiting, c) == nil {
			t.Error("a call that never got its place succeeded")
		}
		ctx.end()
		if <-failed == nil {
			t.Error("a call that was left succeeded")
		}
		close(crowd.release)
		want, histograms := "", 0
		if end == context.DeadlineExceeded { //nolint:errorlint // It is one of two.
			want, histograms = `{endpoint="message_session/search",reason="timeout",target="a"} 1`, 1
		}
		checkFamily(t, m, "conversation_api_requests_total", `{endpoint="message_session/search",target="a"} 1`)
		checkFamily(t, m, "conversation_api_request_failures_total", want)
		if n := testutil.CollectAndCount(m, "conversation_api_request_duration_seconds"); n != histograms {
			t.Errorf("%v: there are %d histograms, want %d", end, n, histograms)
		}
	}
}

// TestLesson25ClockSkew shows whose clock counts: that of a good answer, and of
// no web page in front of the system.
func TestLesson25ClockSkew(t *testing.T) {
	clock := newFakeClock()
	dated := func(status int, date string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Date"] = nil
			if date != "" {
				w.Header().Set("Date", date)
			}
			w.WriteHeader(status)
			w.Write([]byte("{}"))
		}
	}
	at := func(d time.Duration) string { return clock.Now().Add(d).Format(http.TimeFormat) }
	m := NewMetrics()
	for _, tc := range []struct {
		status     int
		date, want string
	}{
		{200, "", ""},
		{200, "yesterday", ""},
		{502, at(time.Hour), ""},
		{200, at(0), `{target="a"} 0`},
		{200, at(2 * time.Hour), `{target="a"} 7200`},
		{200, at(-2 * time.Hour), `{target="a"} -7200`},
		{200, "", `{target="a"} -7200`},
		{404, at(0), `{target="a"} -7200`},
	} {
		srv := newServer(t, dated(tc.status, tc.date))
		_ = get(t.Context(), newClient(t, Config{BaseURL: srv.URL, Clock: clock, Metrics: m, Target: "a"}))
		checkFamily(t, m, "conversation_api_clock_skew_seconds", tc.want)
	}
}

// TestR34TheSkewIsThatOfTheLastGoodAnswer shows what a source corrects its times by.
func TestR34TheSkewIsThatOfTheLastGoodAnswer(t *testing.T) {
	clock := newFakeClock()
	status, date := 200, ""
	srv := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Date"] = nil
		if date != "" {
			w.Header().Set("Date", date)
		}
		w.WriteHeader(status)
		w.Write([]byte("{}"))
	})
	c := newClient(t, Config{BaseURL: srv.URL, Clock: clock})
	at := func(d time.Duration) string { return clock.Now().Add(d).Format(http.TimeFormat) }
	for _, tc := range []struct {
		status int
		date   string
		want   time.Duration
		told   bool
	}{
		{200, "", 0, false},
		{404, at(time.Hour), 0, false},
		{200, at(-time.Minute), -time.Minute, true},
		{200, at(time.Hour), time.Hour, true},
		{502, at(0), time.Hour, true},
		{200, "yesterday", time.Hour, true},
		{200, at(0), 0, true},
	} {
		status, date = tc.status, tc.date
		_ = get(t.Context(), c)
		if skew, told := c.Skew(); skew != tc.want || told != tc.told {
			t.Errorf("after %d with the date %q the skew is %s, %t; want %s, %t", tc.status, tc.date, skew, told, tc.want, tc.told)
		}
	}
}
