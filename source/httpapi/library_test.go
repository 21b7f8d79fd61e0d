package httpapi

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

const tokenPath = "login/common/oauth/tokens"

// librarian makes a client whose libraries may ask one host for tokens.
func librarian(t *testing.T, m *Metrics, handler http.HandlerFunc) (client *http.Client, host string) {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	allowed, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	c := newClient(t, Config{
		BaseURL: s.URL, Metrics: m, Target: "t", Routes: []Route{{Method: http.MethodPost, Path: tokenPath}},
		Bases: func(base *url.URL) bool { return base.Host == allowed.Host },
	})
	return c.Library(), s.URL
}

// post makes a call as a library does.
func post(t *testing.T, client *http.Client, where string) (*http.Response, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, where, strings.NewReader("grant_type=refresh_token"))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err == nil {
		t.Cleanup(func() { _ = resp.Body.Close() })
	}
	return resp, err
}

func TestALibraryCallsWhatIsOnTheList(t *testing.T) {
	status := http.StatusOK
	client, host := librarian(t, nil, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.URL.Path != "/"+tokenPath || string(body) != "grant_type=refresh_token" || r.UserAgent() == "" {
			t.Errorf("got %s with %q", r.URL.Path, body)
		}
		if status == http.StatusFound {
			w.Header().Set("Location", "https://elsewhere.example.com/")
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "answer")
	})
	for _, status = range []int{http.StatusOK, http.StatusBadRequest, http.StatusUnauthorized} {
		resp, err := post(t, client, host+"/"+tokenPath)
		if err != nil {
			t.Fatalf("HTTP %d: %v", status, err)
		}
		if body, _ := io.ReadAll(resp.Body); resp.StatusCode != status || string(body) != "answer" {
			t.Errorf("got HTTP %d with %q, want %d", resp.StatusCode, body, status)
		}
	}
	for _, row := range []struct {
		status int
		reason Reason
	}{{http.StatusFound, ReasonRedirect}, {http.StatusBadGateway, ReasonHTTP5xx}, {http.StatusTooManyRequests, ReasonThrottled}} {
		status = row.status
		if _, err := post(t, client, host+"/"+tokenPath); asError(t, err).Reason != row.reason {
			t.Errorf("HTTP %d: %v", status, err)
		}
	}
}

func TestALibraryIsKeptFromEverythingElse(t *testing.T) {
	client, host := librarian(t, nil, func(http.ResponseWriter, *http.Request) { t.Error("a call was made") })
	for _, where := range []string{host + "/login/other", host + "/" + tokenPath + "?a=canary", "http://other.example.com/" + tokenPath} {
		_, err := post(t, client, where)
		if e := asError(t, err); e.Reason != ReasonRefused || strings.Contains(e.Error(), "canary") {
			t.Errorf("%s: %v", where, err)
		}
	}
}

func TestALibraryIsGivenNoAnswerAboveAMebibyte(t *testing.T) {
	size := 1 << 20
	client, host := librarian(t, nil, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("a", size))
	})
	if _, err := post(t, client, host+"/"+tokenPath); err != nil {
		t.Errorf("%d bytes: %v", size, err)
	}
	size++
	if _, err := post(t, client, host+"/"+tokenPath); err == nil || asError(t, err).Reason != ReasonTooLarge {
		t.Errorf("%d bytes: %v", size, err)
	}
}
