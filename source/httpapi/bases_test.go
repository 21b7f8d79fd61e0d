package httpapi

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	promconfig "github.com/prometheus/common/config"
)

func TestARequestGoesToAnotherAddressOnlyWhereThatIsAllowed(t *testing.T) {
	var got []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.URL.EscapedPath()+"?"+r.URL.RawQuery+" "+r.Header.Get("Authorization")+r.Header.Get("Accept-Language"))
		_, _ = w.Write([]byte(`{}`))
	}))
	t.Cleanup(s.Close)
	there, err := url.Parse(s.URL + "/Cust1/api/v1/")
	if err != nil {
		t.Fatal(err)
	}
	c := newClient(t, Config{
		BaseURL: "https://nowhere.invalid", Routes: []Route{{Method: http.MethodGet, Path: "Session/{id}"}},
		Bases: func(base *url.URL) bool { return base.Host == there.Host }, Header: http.Header{"Accept-Language": {"en"}},
	})
	req := Request{
		Method: http.MethodGet, Path: "Session/{id}", ID: "a/1", Base: there,
		Header: map[string]Secret{"Authorization": NewSecret("Bearer x")}, Query: url.Values{"$filter": {"id gt 1+1"}},
	}
	var out struct{}
	if _, err := c.Do(context.Background(), req, &out); err != nil {
		t.Fatal(err)
	}
	if want := "/Cust1/api/v1/Session/a%2F1?$filter=id%20gt%201%2B1 Bearer xen"; len(got) != 1 || got[0] != want {
		t.Errorf("got %q, want %q", got, want)
	}
	other := *there
	other.Host = "other.example.com"
	req.Base = &other
	if _, err := c.Do(context.Background(), req, &out); asError(t, err).Reason != ReasonRefused || len(got) != 1 {
		t.Errorf("another host: %v", err)
	}
}

// One base that has answered says nothing of the scheme of another one, nor does the
// scheme of the configured one.
func TestWhetherAPortMayBeOneOfHTTPSIsToldOfEachAddress(t *testing.T) {
	answering := func(status int) *url.URL {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = w.Write([]byte(`{}`))
		}))
		t.Cleanup(s.Close)
		u, err := url.Parse(s.URL)
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	good, bad := answering(http.StatusOK), answering(http.StatusBadRequest)
	secure := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadRequest) }))
	t.Cleanup(secure.Close)
	byTLS, err := url.Parse(secure.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, configured := range []string{"https://nowhere.invalid", "http://nowhere.invalid"} {
		c := newClient(t, Config{
			BaseURL: configured, Routes: []Route{{Method: http.MethodGet, Path: "x"}}, Bases: func(*url.URL) bool { return true },
			Transport: TransportConfig{TLS: promconfig.TLSConfig{InsecureSkipVerify: true}},
		})
		ask := func(base *url.URL) error {
			var out struct{}
			_, err := c.Do(context.Background(), Request{Method: http.MethodGet, Path: "x", Base: base}, &out)
			return err
		}
		for i, step := range []struct {
			base *url.URL
			says bool
		}{{bad, true}, {byTLS, false}, {good, false}, {bad, true}} {
			err := ask(step.base)
			if says := err != nil && strings.Contains(err.Error(), "port of HTTPS"); says != step.says {
				t.Errorf("%s, step %d: %v", configured, i, err)
			}
		}
	}
}

func TestAPostThatOnlyReadsIsRepeated(t *testing.T) {
	for _, reads := range []bool{true, false} {
		calls := 0
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			calls++
			w.WriteHeader(http.StatusBadGateway)
		}))
		c := newClient(t, Config{BaseURL: s.URL, Routes: []Route{{Method: http.MethodPost, Path: "presence", Reads: reads}}})
		var out struct{}
		if _, err := c.Do(context.Background(), Request{Method: http.MethodPost, Path: "presence"}, &out); err == nil {
			t.Error("a failure is no error")
		}
		if want := map[bool]int{true: retries + 1, false: 1}[reads]; calls != want {
			t.Errorf("one that only reads (%t) was made %d times, want %d", reads, calls, want)
		}
		s.Close()
	}
}
