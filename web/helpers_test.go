package web

import (
	"context"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"conversation_exporter/collector"
	"conversation_exporter/conversation"
)

// fakeRequests are the metrics of the requests to some targets.
type fakeRequests struct{ *prometheus.CounterVec }

func newFakeRequests(targets ...string) fakeRequests {
	f := fakeRequests{prometheus.NewCounterVec(prometheus.CounterOpts{Name: "conversation_api_requests_total", Help: "x"}, []string{"target"})}
	for _, name := range targets {
		f.WithLabelValues(name)
	}
	return f
}

func (fakeRequests) Of(target string) prometheus.Collector { return newFakeRequests(target) }

// fakeClock stands still until it is told to go on.
type fakeClock struct {
	mu  sync.Mutex
	now time.Time
}

func newFakeClock() *fakeClock {
	return &fakeClock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
}

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *fakeClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// fakeSource is a system that tells what a test wants.
type fakeSource struct {
	// open is OpenSessions; nil means that there are none.
	open   func(ctx context.Context) ([]conversation.Session, conversation.Coverage, error)
	queues func() []conversation.Queue
	// info may panic; the AcceptedAt that it leaves zero is now, but for refused.
	info    func() conversation.Info
	refused bool
	now     func() time.Time
	calls   atomic.Int64
}

func (f *fakeSource) OpenSessions(ctx context.Context) ([]conversation.Session, conversation.Coverage, error) {
	f.calls.Add(1)
	if f.open == nil {
		return nil, conversation.Coverage{Read: 1}, ctx.Err()
	}
	return f.open(ctx)
}

func (f *fakeSource) ClosedSessions(_ context.Context, since conversation.Mark) ([]conversation.Session, conversation.Mark, conversation.Coverage, error) {
	return nil, since, conversation.Coverage{}, conversation.ErrUnsupported
}

func (*fakeSource) Lookup(context.Context, []int64) ([]conversation.Session, error) {
	return nil, conversation.ErrUnsupported
}

func (f *fakeSource) Messages(context.Context, []conversation.Want) iter.Seq2[conversation.Thread, error] {
	return func(yield func(conversation.Thread, error) bool) {
		yield(conversation.Thread{}, conversation.ErrUnsupported)
	}
}

func (f *fakeSource) Queues(ctx context.Context) ([]conversation.Queue, error) {
	f.calls.Add(1)
	if f.queues == nil {
		return nil, ctx.Err()
	}
	return f.queues(), ctx.Err()
}

func (f *fakeSource) Channels(context.Context) ([]conversation.Channel, error) {
	f.calls.Add(1)
	return nil, conversation.ErrUnsupported
}

func (f *fakeSource) Agents(context.Context) ([]conversation.Agent, error) {
	f.calls.Add(1)
	return nil, conversation.ErrUnsupported
}

func (f *fakeSource) Info(context.Context) (conversation.Info, error) {
	f.calls.Add(1)
	info := conversation.Info{System: "fake", Version: "1.0", States: fakeStates()}
	if f.info != nil {
		info = f.info()
	}
	if !f.refused && info.AcceptedAt.IsZero() {
		info.AcceptedAt = time.Now()
		if f.now != nil {
			info.AcceptedAt = f.now()
		}
	}
	return info, nil
}

func (*fakeSource) Close(context.Context) error { return nil }

func fakeStates() []conversation.State {
	return []conversation.State{conversation.StateArriving, conversation.StateQueued, conversation.StateAssigned, conversation.StateAutomated}
}

// oneSession tells of a single session, so that a test sees that data came
// through.
func oneSession(context.Context) ([]conversation.Session, conversation.Coverage, error) {
	s := conversation.Session{ID: 1, Channel: "livechat", Origin: conversation.OriginRegular, State: conversation.StateQueued, StateSure: true}
	return []conversation.Session{s}, conversation.Coverage{Read: 1}, nil
}

// oneSessionSample is what oneSession becomes.
func oneSessionSample(target string) string {
	return `conversation_open_sessions{channel="livechat",origin="regular",queue="(none)",state="queued",target="` + target + `"} 1` + "\n"
}

// target makes a target that reads the group of the sessions.
func target(name string, source conversation.Source) *collector.Target {
	return collector.NewTarget(collector.Options{Name: name, Source: source, Groups: []string{"sessions"}, Timeout: time.Minute})
}

// newHandler makes a Handler with the defaults of the flags.
func newHandler(t *testing.T, opts Options, targets ...*collector.Target) *Handler {
	t.Helper()
	opts.Collector = collector.New(targets...)
	if opts.TelemetryPath == "" {
		opts.TelemetryPath = DefaultTelemetryPath
	}
	if opts.TimeoutOffset == 0 {
		opts.TimeoutOffset = 500 * time.Millisecond
	}
	if opts.Version == "" {
		opts.Version = "1.2.3"
	}
	h, err := New(opts)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return h
}

// site is a Handler behind a real socket, and a client that follows nothing and
// unpacks nothing.
type site struct {
	*httptest.Server
	handler *Handler
	client  *http.Client
}

func newSite(t *testing.T, opts Options, targets ...*collector.Target) *site {
	t.Helper()
	h := newHandler(t, opts, targets...)
	s := &site{Server: httptest.NewServer(h), handler: h}
	transport := &http.Transport{DisableCompression: true}
	s.client = &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		s.Close()
	})
	return s
}

// response is a whole answer.
type response struct {
	status int
	header http.Header
	body   string
}

// do makes a request. header holds names and values by turns.
func (s *site) do(ctx context.Context, method, route string, header ...string) (response, error) {
	req, err := http.NewRequestWithContext(ctx, method, s.URL+route, nil)
	if err != nil {
		return response{}, err
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return response{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return response{resp.StatusCode, resp.Header, string(body)}, err
}

func (s *site) get(t *testing.T, route string, header ...string) response {
	t.Helper()
	r, err := s.do(t.Context(), http.MethodGet, route, header...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// wantLines checks that each line is in the body.
func wantLines(t *testing.T, body string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains("\n"+body, "\n"+strings.TrimSuffix(line, "\n")+"\n") {
			t.Errorf("the line %q is not in\n%s", line, withoutRuntime(body))
		}
	}
}

// withoutRuntime leaves out what every Go program exports.
func withoutRuntime(body string) string {
	var kept []string
	for line := range strings.Lines(body) {
		if strings.Contains(line, "conversation") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}

// health is a sample of the group of the sessions.
func health(name, target, value string) string {
	return "conversation_scrape_collector_" + name + `{collector="sessions",target="` + target + `"} ` + value
}
