package web

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// fakeConfiguration is one whose reload does what a test wants.
type fakeConfiguration struct {
	reload func() (string, error)
	calls  atomic.Int64
	last   atomic.Pointer[Reading]
}

func (f *fakeConfiguration) Reload(context.Context) (string, error) {
	f.calls.Add(1)
	changes, err := f.reload()
	f.last.Store(&Reading{At: time.Unix(1700000000, 5e8), Failure: err})
	return changes, err
}

func (f *fakeConfiguration) Last() Reading { return *f.last.Load() }

func TestReload(t *testing.T) {
	var fails error
	c := &fakeConfiguration{reload: func() (string, error) { return "All is new.", fails }}
	s := newSite(t, Options{Configuration: c})
	reload := func(method string) response {
		r, err := s.do(t.Context(), method, "/-/reload")
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete, http.MethodOptions} {
		if r := reload(method); r.status != http.StatusMethodNotAllowed || r.header.Get("Allow") != http.MethodPost {
			t.Errorf("%s: %d with Allow %q", method, r.status, r.header.Get("Allow"))
		}
	}
	if n := c.calls.Load(); n != 0 {
		t.Errorf("wrong methods reloaded %d times", n)
	}
	const at = "conversation_exporter_config_last_reload_success_timestamp_seconds 1.7000000005e+09"
	if r := reload(http.MethodPost); r.status != http.StatusOK || r.body != "All is new.\n" {
		t.Errorf("got %d %s", r.status, r.body)
	}
	wantLines(t, s.get(t, "/metrics").body, "conversation_exporter_config_last_reload_successful 1", at)
	fails = errors.New("a.yml:1: x\na.yml:2: y")
	if r := reload(http.MethodPost); r.status != http.StatusInternalServerError || r.body != "The configuration stays as it is:\na.yml:1: x\na.yml:2: y\n" {
		t.Errorf("got %d %s", r.status, r.body)
	}
	wantLines(t, s.get(t, "/metrics").body, "conversation_exporter_config_last_reload_successful 0", at)
	before := c.calls.Load()
	s.handler.Drain(t.Context())
	if r := reload(http.MethodPost); r.status != http.StatusServiceUnavailable || r.body != shuttingDown+"\n" || c.calls.Load() != before {
		t.Errorf("while draining: %d %s", r.status, r.body)
	}
}

// A reload that the end of the program overtakes is not the fault of the file.
func TestAReloadThatTheEndOvertakes(t *testing.T) {
	var h *Handler
	c := &fakeConfiguration{reload: func() (string, error) { h.Drain(context.Background()); return "", errors.New("closed") }}
	s := newSite(t, Options{Configuration: c})
	h = s.handler
	if r, err := s.do(t.Context(), http.MethodPost, "/-/reload"); err != nil || r.status != http.StatusServiceUnavailable {
		t.Errorf("got %d %s, %v", r.status, r.body, err)
	}
}

func TestProfilesAreThereOnlyIfSwitchedOn(t *testing.T) {
	for _, on := range []bool{false, true} {
		s := newSite(t, Options{Profiling: on})
		for route, part := range map[string]string{"/debug/pprof/": "goroutine", "/debug/pprof/goroutine?debug=1": "goroutine profile", "/debug/pprof/cmdline": "", "/debug/pprof/symbol": "num_symbols"} {
			r := s.get(t, route)
			if on && (r.status != http.StatusOK || !strings.Contains(r.body, part)) || !on && r.status != http.StatusNotFound {
				t.Errorf("switched on %t, %s: %d", on, route, r.status)
			}
		}
	}
}
