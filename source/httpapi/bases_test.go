package httpapi

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
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
