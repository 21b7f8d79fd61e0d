package yeastar

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"conversation_exporter/conversation"
	"conversation_exporter/simulator"
	"conversation_exporter/simulator/world"
	"conversation_exporter/source/httpapi"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start is where the virtual clocks of these tests begin.
func start() time.Time { return time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC) }

// pbx is a simulated PBX in which nothing happens by itself, and a way to it.
type pbx struct {
	*simulator.Simulator
	url string
}

func newPBX(t *testing.T) pbx {
	t.Helper()
	sim := simulator.New(simulator.Options{World: world.Options{Start: start(), Still: true}})
	server := httptest.NewServer(sim.Yeastar)
	t.Cleanup(server.Close)
	return pbx{sim, server.URL}
}

// source makes a Source that reads the PBX with the viewers of its queues and
// the API, unless change says otherwise.
func (p pbx) source(t *testing.T, change func(*Options)) *Source {
	t.Helper()
	opts := Options{
		URL: p.url, ClientID: p.ClientID(), UserAgent: "test", Jitter: noWait, Clock: p.World.Clock(),
		Secret:  func() (httpapi.Secret, error) { return httpapi.NewSecret(p.ClientSecret()), nil },
		Viewers: Viewers{QueueMembers: true, API: true},
	}
	if change != nil {
		change(&opts)
	}
	s, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.client.CloseIdle() })
	return s
}

// open begins a session and fails the test where the world refuses it.
func (p pbx) open(t *testing.T, o world.Opening) int64 {
	t.Helper()
	id, err := p.World.Open(o)
	must(t, err)
	return id
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// read lists the open sessions and expects that nothing was left out.
func read(t *testing.T, s *Source) []conversation.Session {
	t.Helper()
	sessions, cover, err := s.OpenSessions(context.Background())
	must(t, err)
	if !cover.Complete() {
		t.Fatalf("coverage = %+v, want all", cover)
	}
	return sessions
}

// noWait lets retries follow at once.
func noWait(time.Duration) time.Duration { return 0 }

// states gives the state of each session by its id.
func states(sessions []conversation.Session) map[int64]conversation.State {
	m := make(map[int64]conversation.State, len(sessions))
	for _, s := range sessions {
		m[s.ID] = s.State
	}
	return m
}

// stub is a PBX that signs everybody in and answers the rest as the test says.
type stub struct {
	*httptest.Server
	mu       sync.Mutex
	searches []url.Values
}

// newStub serves answer, which gets the endpoint and the query of each request
// but for those of the sign-in.
func newStub(t *testing.T, answer func(endpoint string, query url.Values) string) *stub {
	t.Helper()
	s := &stub{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		endpoint := r.URL.Path[len(apiRoot)+1:]
		switch endpoint {
		case pathGetToken:
			_, _ = w.Write([]byte(`{"errcode":0,"access_token":"T","access_token_expire_time":1800,"refresh_token":"R","refresh_token_expire_time":86400}`))
			return
		case pathDelToken:
			_, _ = w.Write([]byte(`{"errcode":0}`))
			return
		case pathSearch:
			s.mu.Lock()
			s.searches = append(s.searches, r.URL.Query())
			s.mu.Unlock()
		}
		_, _ = w.Write([]byte(answer(endpoint, r.URL.Query())))
	}))
	t.Cleanup(s.Close)
	return s
}

// requests returns the queries of the session searches so far.
func (s *stub) requests() []url.Values {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]url.Values(nil), s.searches...)
}

// source makes a Source that asks the stub for one extension's sessions.
func (s *stub) source(t *testing.T, change func(*Options)) *Source {
	t.Helper()
	opts := Options{
		URL: s.URL, ClientID: "id", UserAgent: "test", Jitter: noWait, Viewers: Viewers{Extensions: []string{"1001"}},
		Secret: func() (httpapi.Secret, error) { return httpapi.NewSecret("secret"), nil },
	}
	if change != nil {
		change(&opts)
	}
	src, err := New(opts)
	must(t, err)
	t.Cleanup(func() { src.client.CloseIdle() })
	return src
}
