package httpapi

import (
	"context"
	"errors"
	"io"
	stdlog "log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// searchPath is a call that is on the list of every client in these tests.
const searchPath = "message_session/search"

// newClient makes a client that may GET and POST searchPath, and closes its
// connections when the test ends.
func newClient(t *testing.T, cfg Config) *Client {
	t.Helper()
	if cfg.Routes == nil {
		cfg.Routes = []Route{{Method: http.MethodGet, Path: searchPath}, {Method: http.MethodPost, Path: searchPath}}
	}
	if cfg.UserAgent == "" {
		cfg.UserAgent = "conversation_exporter/test"
	}
	if cfg.Jitter == nil {
		cfg.Jitter = noWait
	}
	c, err := New(cfg)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	t.Cleanup(c.CloseIdle)
	return c
}

// noWait lets retries follow at once.
func noWait(time.Duration) time.Duration { return 0 }

// get makes the plainest call.
func get(ctx context.Context, c *Client) error {
	var out struct{}
	_, err := c.Do(ctx, Request{Method: http.MethodGet, Path: searchPath}, &out)
	return err
}

// asError is the *Error that every failure must be.
func asError(t *testing.T, err error) *Error {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("got the error %#v, want an *Error", err)
	}
	return e
}

// countingServer is an HTTP server that counts what reaches it.
type countingServer struct {
	*httptest.Server
	connections, requests atomic.Int64
}

func newServer(t *testing.T, h http.HandlerFunc) *countingServer {
	t.Helper()
	s := newStoppedServer(t, h)
	s.Start()
	return s
}

// newStoppedServer is for those who have something to set before the start.
func newStoppedServer(t *testing.T, h http.HandlerFunc) *countingServer {
	t.Helper()
	s := &countingServer{}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		h(w, r)
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.connections.Add(1)
		}
	}
	// Failed handshakes are what many tests are about.
	s.Config.ErrorLog = stdlog.New(io.Discard, "", 0)
	t.Cleanup(s.Close)
	return s
}

// rawServer talks to each connection by hand. It closes the connection when
// talk returns, and waits for all of them when the test ends.
func rawServer(t *testing.T, talk func(net.Conn)) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer conn.Close()
				talk(conn)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		wg.Wait()
	})
	return l.Addr().String()
}

// refusedAddress is an address at which nobody listens.
func refusedAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// addressOf is the host and port of a URL.
func addressOf(t *testing.T, text string) string {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

// endable is a context that ends when it is told to and not by a clock, so that
// a test knows how far the request had come.
type endable struct {
	context.Context
	done chan struct{}
	err  error
	once sync.Once
}

func newEndable(t *testing.T, err error) *endable {
	return &endable{Context: t.Context(), done: make(chan struct{}), err: err}
}

func (e *endable) end() { e.once.Do(func() { close(e.done) }) }

func (e *endable) Done() <-chan struct{} { return e.done }

func (e *endable) Err() error {
	select {
	case <-e.done:
		return e.err
	default:
		return nil
	}
}

// answer writes a JSON answer.
func answer(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, text)
	}
}
