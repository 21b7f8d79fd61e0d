package web

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-kit/log"

	"conversation_exporter/collector"
	"conversation_exporter/conversation"
)

// hanging is a system that answers only when the scrape ends, with its error.
type hanging struct {
	fakeSource
	// inside is told of each call: when it came, and when it must end.
	inside chan call
	// left is told why each call ended.
	left chan error
}

type call struct{ at, deadline time.Time }

func newHanging() *hanging {
	h := &hanging{inside: make(chan call, 10), left: make(chan error, 10)}
	h.refused = true
	h.open = func(ctx context.Context) ([]conversation.Session, conversation.Coverage, error) {
		deadline, _ := ctx.Deadline()
		h.inside <- call{time.Now(), deadline}
		<-ctx.Done()
		h.left <- ctx.Err()
		return nil, conversation.Coverage{}, ctx.Err()
	}
	return h
}

// TestLesson10HungTargetLeavesTheOthers shows that a target which hangs costs
// neither the answer nor the other targets' data, and that the time begins with
// the request.
func TestLesson10HungTargetLeavesTheOthers(t *testing.T) {
	cases := []struct {
		header string
		limit  time.Duration
		counts string
	}{
		{"0.3", 270 * time.Millisecond, "0"},
		{"1", 900 * time.Millisecond, "0"},
		{"", 300 * time.Millisecond, "0"},
		{"-1", 300 * time.Millisecond, "1"},
		{"junk", 300 * time.Millisecond, "1"},
	}
	for _, c := range cases {
		t.Run("header "+c.header, func(t *testing.T) {
			t.Parallel()
			hung := newHanging()
			slow := collector.NewTarget(collector.Options{Name: "slow", Source: hung, Groups: []string{"sessions"}, Timeout: 300 * time.Millisecond})
			s := newSite(t, Options{}, slow, target("quick", &fakeSource{open: oneSession}))
			before := time.Now()
			r := s.get(t, "/metrics", timeoutHeader, c.header)
			seen := <-hung.inside
			if earliest, latest := before.Add(c.limit), seen.at.Add(c.limit); seen.deadline.Before(earliest) || seen.deadline.After(latest) {
				t.Errorf("the target had until %v after the request was sent, want %v", seen.deadline.Sub(before), c.limit)
			}
			if took := time.Since(before); took < c.limit || took > c.limit+20*time.Second {
				t.Errorf("the answer came after %v, want about %v", took, c.limit)
			}
			if err := <-hung.left; !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("the target's call ended by %v, want the deadline", err)
			}
			if r.status != http.StatusOK {
				t.Errorf("the status is %d, want 200", r.status)
			}
			wantLines(t, r.body,
				health("success", "slow", "0"), health("timeout", "slow", "1"), health("partial", "slow", "0"), `conversation_up{target="slow"} 0`,
				health("success", "quick", "1"), health("timeout", "quick", "0"), `conversation_up{target="quick"} 1`, oneSessionSample("quick"),
				"conversation_exporter_invalid_timeout_headers_total "+c.counts,
			)
			if strings.Contains(r.body, `queue="(none)",state="queued",target="slow"`) {
				t.Error("a target that told nothing shows sessions")
			}
		})
	}
}

// TestLesson13WaitingForAnotherScrapeIsPartOfTheTime shows that a scrape which
// overlaps with a longer one answers in its own time.
func TestLesson13WaitingForAnotherScrapeIsPartOfTheTime(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	source := &fakeSource{open: func(ctx context.Context) ([]conversation.Session, conversation.Coverage, error) {
		close(entered)
		<-release
		return oneSession(ctx)
	}}
	s := newSite(t, Options{}, target("a", source))
	first := make(chan response)
	go func() {
		r, err := s.do(t.Context(), http.MethodGet, "/metrics", timeoutHeader, "100")
		if err != nil {
			t.Error(err)
		}
		first <- r
	}()
	<-entered
	second := s.get(t, "/metrics", timeoutHeader, "0.3")
	wantLines(t, second.body, health("success", "a", "0"), health("timeout", "a", "1"))
	close(release)
	wantLines(t, (<-first).body, health("success", "a", "1"), health("timeout", "a", "0"), oneSessionSample("a"))
}

// TestScraperThatLeavesCancelsTheReading shows that nothing goes on for nobody.
func TestScraperThatLeavesCancelsTheReading(t *testing.T) {
	hung := newHanging()
	s := newSite(t, Options{}, target("a", hung))
	ctx, leave := context.WithCancel(t.Context())
	answered := make(chan error)
	go func() {
		_, err := s.do(ctx, http.MethodGet, "/metrics", timeoutHeader, "100")
		answered <- err
	}()
	<-hung.inside
	leave()
	if err := <-hung.left; !errors.Is(err, context.Canceled) {
		t.Errorf("the reading ended by %v, want that it was cancelled", err)
	}
	if err := <-answered; !errors.Is(err, context.Canceled) {
		t.Errorf("the scraper got %v", err)
	}
	// The scrape that was left must not keep the exporter from draining.
	s.handler.Drain(t.Context())
}

// TestLesson17PanicStaysInItsTarget shows that a source which panics costs only
// its own data, and that no trace of it reaches the scraper.
func TestLesson17PanicStaysInItsTarget(t *testing.T) {
	const secret = "cAnArY7Qz"
	list := func(context.Context) ([]conversation.Session, conversation.Coverage, error) { panic(secret) }
	cases := []struct {
		name   string
		source *fakeSource
		want   []string
	}{
		{"listing", &fakeSource{open: list}, []string{health("success", "bad", "0"), health("timeout", "bad", "0"), `conversation_up{target="bad"} 1`}},
		{
			"listing, by a fault of the runtime",
			&fakeSource{open: func(context.Context) ([]conversation.Session, conversation.Coverage, error) {
				short := strings.Split(secret, "")
				short[len(short)+len(secret)] = secret
				return nil, conversation.Coverage{}, nil
			}},
			[]string{health("success", "bad", "0")},
		},
		{"queues", &fakeSource{open: oneSession, queues: func() []conversation.Queue { panic(secret) }}, []string{health("success", "bad", "0"), oneSessionSample("bad")}},
		{
			"info",
			&fakeSource{open: oneSession, info: func() conversation.Info { panic(secret) }},
			[]string{health("success", "bad", "1"), oneSessionSample("bad"), `conversation_up{target="bad"} 0`},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var logged bytes.Buffer
			bad := collector.NewTarget(collector.Options{
				Name: "bad", Source: c.source, Groups: []string{"sessions"}, Timeout: time.Minute, Logger: log.NewLogfmtLogger(log.NewSyncWriter(&logged)),
			})
			s := newSite(t, Options{}, bad, target("good", &fakeSource{open: oneSession}))
			for range 2 {
				r := s.get(t, "/metrics")
				if r.status != http.StatusOK {
					t.Fatalf("the status is %d, want 200", r.status)
				}
				wantLines(t, r.body, append(c.want, health("success", "good", "1"), oneSessionSample("good"))...)
				noTrace(t, r.body, secret)
			}
			page := s.get(t, "/")
			noTrace(t, page.body, secret)
			if c.want[0] == health("success", "bad", "0") && !strings.Contains(page.body, "a fault of the exporter") {
				t.Errorf("the status page does not tell of the panic:\n%s", page.body)
			}
			if text := logged.String(); !strings.Contains(text, "level=error msg=panic target=bad") || strings.Contains(text, secret) {
				t.Errorf("the log must tell of the panic, but not its value:\n%s", text)
			}
		})
	}
}

// noTrace checks that a body has no stack trace and nothing of a panic's value.
func noTrace(t *testing.T, body, secret string) {
	t.Helper()
	for _, mark := range []string{"goroutine", "panic(", "runtime/", ".go:", "\t/", secret} {
		if text := withoutRuntime(body); strings.Contains(text, mark) {
			t.Errorf("%q is in\n%s", mark, text)
		}
	}
}

// TestBadTimeoutHeadersAreCounted shows that each is counted once, in time for
// the answer that it came with.
func TestBadTimeoutHeadersAreCounted(t *testing.T) {
	s := newSite(t, Options{})
	for _, c := range []struct{ header, want string }{
		{"", "0"}, {"10", "0"}, {"abc", "1"}, {"NaN", "2"}, {"0", "3"}, {"0.001", "3"}, {"-Inf", "4"}, {"", "4"},
	} {
		r := s.get(t, "/metrics", timeoutHeader, c.header)
		wantLines(t, r.body, "conversation_exporter_invalid_timeout_headers_total "+c.want)
	}
	for _, route := range []string{"/", "/-/healthy", "/-/ready"} {
		s.get(t, route, timeoutHeader, "abc")
	}
	wantLines(t, s.get(t, "/metrics").body, "conversation_exporter_invalid_timeout_headers_total 4")
}

// TestDrain shuts the exporter down under a scrape.
func TestDrain(t *testing.T) {
	entered, release := make(chan struct{}, 10), make(chan struct{})
	source := &fakeSource{open: func(ctx context.Context) ([]conversation.Session, conversation.Coverage, error) {
		entered <- struct{}{}
		<-release
		return oneSession(ctx)
	}}
	s := newSite(t, Options{}, target("a", source))
	answered := make(chan response)
	for range 2 {
		go func() {
			r, err := s.do(t.Context(), http.MethodGet, "/metrics", timeoutHeader, "100")
			if err != nil {
				t.Error(err)
			}
			answered <- r
		}()
	}
	<-entered
	// The second scrape is inside the gate, waiting for the first one's pass.
	waitForInside(t, s.handler, 2)
	over, end := context.WithCancel(t.Context())
	end()
	s.handler.Drain(over)
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		s.handler.Drain(t.Context())
	}()
	const leaving = "conversation_exporter is shutting down.\n"
	for _, c := range []struct {
		route  string
		status int
		body   string
	}{
		{"/metrics", http.StatusServiceUnavailable, leaving},
		{"/metrics?name[]=conversation_up", http.StatusServiceUnavailable, leaving},
		{"/-/ready", http.StatusServiceUnavailable, leaving},
		{"/-/healthy", http.StatusOK, "conversation_exporter is healthy.\n"},
	} {
		r := s.get(t, c.route, timeoutHeader, "junk")
		if r.status != c.status || r.body != c.body || !strings.HasPrefix(r.header.Get("Content-Type"), textPlain) {
			t.Errorf("%s: got %d %q, want %d %q", c.route, r.status, r.body, c.status, c.body)
		}
	}
	if r := s.get(t, "/"); r.status != http.StatusOK {
		t.Errorf("the status page has the status %d, want 200", r.status)
	}
	select {
	case <-drained:
		t.Error("Drain returned while scrapes were in flight")
	default:
	}
	close(release)
	for range 2 {
		r := <-answered
		if r.status != http.StatusOK {
			t.Errorf("a scrape in flight got %d, want 200", r.status)
		}
		wantLines(t, r.body, oneSessionSample("a"), "conversation_exporter_invalid_timeout_headers_total 0")
	}
	<-drained
	s.handler.Drain(t.Context())
	if r := s.get(t, "/-/ready"); r.status != http.StatusServiceUnavailable {
		t.Errorf("after the drain, ready has the status %d, want 503", r.status)
	}
}

// waitForInside waits until n scrapes are in flight.
func waitForInside(t *testing.T, h *Handler, n int) {
	t.Helper()
	for range 2000 {
		h.gate.mu.Lock()
		inside := h.gate.inside
		h.gate.mu.Unlock()
		if inside == n {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("%d scrapes did not arrive", n)
}

// TestDrainWithNobodyInside shows that nothing is waited for.
func TestDrainWithNobodyInside(t *testing.T) {
	h := newHandler(t, Options{})
	h.Drain(t.Context())
	h.Drain(t.Context())
	if h.gate.enter(ofAll) == entered {
		t.Error("a scrape was let in after the drain")
	}
}

// TestEveryDrainIsTold shows that whoever waits learns when the last scrape
// leaves, also if somebody else waits too.
func TestEveryDrainIsTold(t *testing.T) {
	var g gate
	for _, page := range []string{ofAll, "a"} {
		if g.enter(page) != entered {
			t.Fatal("an open gate let nobody in")
		}
	}
	first, second := g.close(), g.close()
	g.leave(ofAll)
	select {
	case <-first:
		t.Error("the gate told that nobody is inside while one was")
	case <-second:
		t.Error("the gate told that nobody is inside while one was")
	default:
	}
	g.leave("a")
	<-first
	<-second
}
