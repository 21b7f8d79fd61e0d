package web

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"conversation_exporter/conversation"
)

// TestLesson12TheAnswerComesBeforeTheScraperLeaves scrapes a target that hangs,
// on a clock of the test's own, so that a busy machine changes nothing: a source
// that keeps to its deadline leaves the scraper a tenth of its time, or half a
// second. One that does not is left a moment later.
func TestLesson12TheAnswerComesBeforeTheScraperLeaves(t *testing.T) {
	obeys := func(ctx context.Context) { <-ctx.Done() }
	// The answer comes long after everybody has left.
	ignores := func(context.Context) { time.Sleep(10 * time.Minute) }
	for _, c := range []struct {
		header string
		hang   func(context.Context)
		margin time.Duration
	}{
		{"0.1", obeys, 10 * time.Millisecond},
		{"0.5", obeys, 50 * time.Millisecond},
		{"1", obeys, 100 * time.Millisecond},
		{"2", obeys, 200 * time.Millisecond},
		{"5", obeys, 500 * time.Millisecond},
		{"10", obeys, 500 * time.Millisecond},
		{"60", obeys, 500 * time.Millisecond},
		{"1", ignores, 50 * time.Millisecond},
		{"2", ignores, 150 * time.Millisecond},
		{"10", ignores, 450 * time.Millisecond},
		{"60", ignores, 450 * time.Millisecond},
	} {
		synctest.Test(t, func(t *testing.T) {
			hung := &fakeSource{refused: true, open: func(ctx context.Context) ([]conversation.Session, conversation.Coverage, error) {
				c.hang(ctx)
				return nil, conversation.Coverage{}, context.DeadlineExceeded
			}}
			h := newHandler(t, Options{}, target("slow", hung), target("quick", &fakeSource{open: oneSession}))
			leaves, err := time.ParseDuration(c.header + "s")
			if err != nil {
				t.Fatal(err)
			}
			for i := range 20 {
				before := time.Now()
				body := answered(t, h, "/metrics", c.header)
				if left := leaves - time.Since(before); left < c.margin {
					t.Fatalf("header %s, run %d: the answer came %v before the scraper leaves, want at least %v", c.header, i, left, c.margin)
				}
				wantLines(t, body, health("success", "slow", "0"), health("timeout", "slow", "1"), oneSessionSample("quick"))
				time.Sleep(11 * time.Minute) // What is late ends before the next scrape.
			}
		})
	}
}

// answered hands a request to the handler itself, without a network, and
// expects the status 200.
func answered(t *testing.T, h http.Handler, route, timeout string) string {
	t.Helper()
	w, r := httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, route, http.NoBody)
	r.Header.Set(timeoutHeader, timeout)
	h.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Fatalf("the status is %d, want 200", w.Code)
	}
	return w.Body.String()
}

// TestLesson24AScrapeNamesNoAddress shows that nothing of a request decides
// where the exporter goes: the targets are those of the configuration.
func TestLesson24AScrapeNamesNoAddress(t *testing.T) {
	s := newSite(t, Options{}, target("a", &fakeSource{open: oneSession}))
	reached := make(chan struct{}, 10)
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached <- struct{}{} }))
	defer other.Close()
	host := strings.TrimPrefix(other.URL, "http://")
	for route, want := range map[string]int{
		"/metrics?target=" + other.URL:              http.StatusOK,
		"/metrics?url=" + other.URL + "&module=all": http.StatusOK,
		"/probe?target=" + other.URL:                http.StatusNotFound,
		"/probe?target=" + host:                     http.StatusNotFound,
		"/probe?target=a&url=" + other.URL:          http.StatusOK,
	} {
		r := s.get(t, route, "X-Forwarded-Host", host)
		if r.status != want || strings.Contains(r.body, host) {
			t.Errorf("%s: got %d, want %d, without the address:\n%s", route, r.status, want, withoutRuntime(r.body))
		}
		if want == http.StatusOK {
			wantLines(t, r.body, oneSessionSample("a"))
		}
	}
	if n := len(reached); n != 0 {
		t.Errorf("%d requests reached an address that is in no configuration", n)
	}
}
