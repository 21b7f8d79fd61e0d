package httpapi

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestRequestOnTheWire shows what the other side is sent.
func TestRequestOnTheWire(t *testing.T) {
	var got *http.Request
	var body string
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got, body = r, string(text)
		answer(`{"errcode":7}`)(w, r)
	})
	query := url.Values{
		"access_token": {canary}, "empty": {""}, "twice": {"1", "2"}, "name": {"Anna & Bo=Co;?#%41+ü 漢"}, "a b&c": {"\r\n\x00"},
	}
	cases := []struct {
		name, base string
		req        Request
		path, body string
		kind       string
	}{
		{"plain", "", Request{Method: http.MethodGet, Path: searchPath}, "/" + searchPath, "", ""},
		{"query", "", Request{Method: http.MethodGet, Path: searchPath, Query: query}, "/" + searchPath, "", ""},
		{"base path", "/SuperOffice/api/v1", Request{Method: http.MethodGet, Path: searchPath}, "/SuperOffice/api/v1/" + searchPath, "", ""},
		{"base path with a slash", "/openapi/", Request{Method: http.MethodGet, Path: searchPath, Query: query}, "/openapi/" + searchPath, "", ""},
		{"base path with a space", "/a%20b", Request{Method: http.MethodGet, Path: searchPath}, "/a b/" + searchPath, "", ""},
		{"base query and fragment are left out", "/x?access_token=old#f", Request{Method: http.MethodGet, Path: searchPath}, "/x/" + searchPath, "", ""},
		{
			"body", "",
			Request{Method: http.MethodPost, Path: searchPath, Query: query, Body: map[string]any{"username": "ü<", "n": 1}},
			"/" + searchPath, `{"n":1,"username":"ü\u003c"}`, "application/json",
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var out struct{ ErrCode int }
			if _, err := newClient(t, Config{BaseURL: s.URL + c.base, UserAgent: "conversation_exporter/1.2"}).Do(t.Context(), c.req, &out); err != nil {
				t.Fatal(err)
			}
			if out.ErrCode != 7 {
				t.Errorf("the answer was decoded into %+v", out)
			}
			sent, err := url.ParseQuery(got.URL.RawQuery)
			if err != nil {
				t.Fatal(err)
			}
			if want := c.req.Query; len(want)+len(sent) > 0 && !reflect.DeepEqual(sent, want) {
				t.Errorf("the query is %q, want %q", sent, want)
			}
			if got.Method != c.req.Method || got.URL.Path != c.path || body != c.body {
				t.Errorf("got %s %s with the body %q; want %s %s with %q", got.Method, got.URL.Path, body, c.req.Method, c.path, c.body)
			}
			headers := map[string]string{
				"User-Agent": "conversation_exporter/1.2", "Accept": "application/json", "Content-Type": c.kind,
				"Referer": "", "Authorization": "", "Cookie": "",
			}
			for name, want := range headers {
				if value := got.Header.Get(name); value != want {
					t.Errorf("the header %s is %q, want %q", name, value, want)
				}
			}
		})
	}
}

// TestOnlyListedCallsAreMade shows that anything else does not even open a
// connection: some systems delete by GET.
func TestOnlyListedCallsAreMade(t *testing.T) {
	s := newServer(t, answer("{}"))
	c := newClient(t, Config{BaseURL: s.URL, Routes: []Route{{Method: http.MethodGet, Path: searchPath}, {Method: http.MethodPost, Path: "get_token"}}})
	refused := []Route{
		{Method: http.MethodPost, Path: searchPath},
		{Method: http.MethodHead, Path: searchPath},
		{Method: http.MethodDelete, Path: searchPath},
		{Method: "get", Path: searchPath},
		{Method: "", Path: searchPath},
		{Method: http.MethodGet, Path: "get_token"},
		{Method: http.MethodGet, Path: "message_session/delete"},
		{Method: http.MethodGet, Path: searchPath + "/"},
		{Method: http.MethodGet, Path: "/" + searchPath},
		{Method: http.MethodGet, Path: searchPath + "?id=1"},
		{Method: http.MethodGet, Path: "message_session/../" + searchPath},
		{Method: http.MethodGet, Path: strings.ToUpper(searchPath)},
		{Method: http.MethodGet, Path: ""},
	}
	for _, r := range refused {
		_, err := c.Do(t.Context(), Request{Method: r.Method, Path: r.Path, Query: url.Values{"access_token": {canary}}}, new(any))
		e := asError(t, err)
		if e.Reason != ReasonRefused || e.Sent || err.Error() != r.Path+": "+r.Method+" is not on the list of calls that only read" {
			t.Errorf("%s %s: got %#v", r.Method, r.Path, e)
		}
		checkNoCanary(t, err)
	}
	if n := s.connections.Load(); n != 0 {
		t.Errorf("calls that are not on the list opened %d connections", n)
	}
	if err := get(t.Context(), c); err != nil || s.requests.Load() != 1 {
		t.Errorf("the listed call: %v, %d requests; want none and 1", err, s.requests.Load())
	}
}

// TestLesson03NoPasswordInBaseURLErrors is about an address that was not checked
// before it came here.
func TestLesson03NoPasswordInBaseURLErrors(t *testing.T) {
	for _, base := range []string{"http://user:" + canaryCore + "@host:port", "http://host/%zz" + canaryCore, canaryCore + "\x7f://"} {
		_, err := New(Config{BaseURL: base})
		if err == nil || err.Error() != "the base URL cannot be parsed" {
			t.Errorf("got %v, want that the base URL cannot be parsed", err)
		}
		checkNoCanary(t, err)
	}
}

// TestBodyThatIsNoJSON is about a request that cannot be made at all.
func TestBodyThatIsNoJSON(t *testing.T) {
	s := newServer(t, answer("{}"))
	_, err := newClient(t, Config{BaseURL: s.URL}).Do(t.Context(), Request{Method: http.MethodPost, Path: searchPath, Body: make(chan int)}, new(any))
	if e := asError(t, err); e.Sent || e.Reason != ReasonConnection || s.connections.Load() != 0 {
		t.Errorf("got %#v and %d connections", e, s.connections.Load())
	}
}

// TestCapIsInclusive shows that an answer of just the cap is read.
func TestCapIsInclusive(t *testing.T) {
	for size, reason := range map[int]Reason{63: "", 64: "", 65: ReasonTooLarge, 100_000: ReasonTooLarge} {
		s := newServer(t, answer(`"`+strings.Repeat("x", size-2)+`"`))
		var out string
		_, err := newClient(t, Config{BaseURL: s.URL, MaxBody: 64}).Do(t.Context(), Request{Method: http.MethodGet, Path: searchPath}, &out)
		switch {
		case reason == "" && (err != nil || len(out) != size-2):
			t.Errorf("%d bytes below a cap of 64: %v, %d decoded", size, err, len(out))
		case reason != "" && asError(t, err).Reason != reason:
			t.Errorf("%d bytes above a cap of 64: %v", size, err)
		}
	}
}

// TestEndlessAnswerIsLeft shows that no more is read than the cap asks for: the
// server learns that nobody listens.
func TestEndlessAnswerIsLeft(t *testing.T) {
	const most = 64 << 20
	left := make(chan bool, 1)
	s := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
		piece := []byte(strings.Repeat(" ", 1<<16))
		for range most / len(piece) {
			if _, err := w.Write(piece); err != nil {
				left <- true
				return
			}
		}
		left <- false
	})
	e := asError(t, get(t.Context(), newClient(t, Config{BaseURL: s.URL, MaxBody: 1 << 10})))
	if e.Reason != ReasonTooLarge || !<-left {
		t.Errorf("an answer of %d bytes was read to its end: %v", most, e)
	}
}

// TestServersThatHangUpAfterEachAnswer shows that every call succeeds, whether
// or not the server says that it will hang up.
func TestServersThatHangUpAfterEachAnswer(t *testing.T) {
	for name, header := range map[string]string{"told": "Connection: close\r\n", "untold": ""} {
		t.Run(name, func(t *testing.T) {
			address := rawServer(t, func(conn net.Conn) {
				if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
					fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\n%sContent-Length: 2\r\n\r\n{}", header)
				}
			})
			c := newClient(t, Config{BaseURL: "http://" + address})
			for range 50 {
				if err := get(t.Context(), c); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// TestLesson05FailuresLeaveNothingBehind makes many calls that fail, and then
// counts the descriptors and goroutines that are left.
func TestLesson05FailuresLeaveNothingBehind(t *testing.T) {
	refused := refusedAddress(t)
	cut := rawServer(t, afterRequest(write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")))
	silent := rawServer(t, func(conn net.Conn) { io.Copy(io.Discard, conn) })
	broken := newServer(t, echo(http.StatusInternalServerError, "text/html", "<html>"))
	large := newServer(t, answer(strings.Repeat(" ", 1<<16)))
	plain := newServer(t, answer("{}"))
	before, running := descriptors(t), runtime.NumGoroutine()
	for name, base := range map[string]string{
		"refused": "http://" + refused, "cut": "http://" + cut, "blackhole": "http://" + silent, "500": broken.URL,
		"too large": large.URL, "not TLS": "https://" + addressOf(t, plain.URL),
	} {
		c := newClient(t, Config{BaseURL: base, Concurrency: 20, MaxBody: 64})
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				for range 25 {
					ctx, cancel := t.Context(), context.CancelFunc(func() {})
					if name == "blackhole" {
						ctx, cancel = context.WithTimeout(ctx, time.Millisecond)
					}
					if err := get(ctx, c); err == nil {
						t.Errorf("%s: the call succeeded", name)
					}
					cancel()
				}
			})
		}
		wg.Wait()
		c.CloseIdle()
	}
	// The servers learn of a closed connection a moment later.
	for wait := 0; descriptors(t) > before+5 || runtime.NumGoroutine() > running+5; wait++ {
		if wait == 1000 {
			t.Fatalf("%d descriptors and %d goroutines are left, %d and %d were before", descriptors(t), runtime.NumGoroutine(), before, running)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// descriptors counts the open files of the process.
func descriptors(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/dev/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// TestRedirectHostShowsNothingOfTheRequest is about servers that put into the
// host of a redirect what does not belong there.
func TestRedirectHostShowsNothingOfTheRequest(t *testing.T) {
	for location, want := range map[string]string{
		"https://pbx.example.com:8088/x?access_token=" + canary: "https://pbx.example.com:8088",
		"https://[2001:db8::1]/":                                "https://[2001:db8::1]",
		"https://" + canary + ".example.com/":                   "a place it does not name",
		"https://" + strings.Repeat("a.", 200) + "com/":         "a place it does not name",
		"https://pbx%20of%20Kim/":                               "a place it does not name",
		"ftp://pbx.example.com/":                                "a place it does not name",
	} {
		s := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", location)
			w.WriteHeader(http.StatusFound)
		})
		_, err := newClient(t, Config{BaseURL: s.URL}).Do(t.Context(), Request{Method: http.MethodGet, Path: searchPath, Query: map[string][]string{"access_token": {canary}}}, new(any))
		text := asError(t, err).Text
		if !strings.HasPrefix(text, "the address sends us on to "+want+",") && asError(t, err).Reason == ReasonRedirect {
			t.Errorf("%s: %s", location, text)
		}
		checkNoCanary(t, err)
	}
}

// A page of the same host is no other address: url would be what it is.
func TestARedirectWithinTheHostIsToldAsALogin(t *testing.T) {
	for _, location := range []string{"/login.aspx?token=" + canary, "page"} {
		s := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", location)
			w.WriteHeader(http.StatusFound)
		})
		_, err := newClient(t, Config{BaseURL: s.URL}).Do(t.Context(), Request{Method: http.MethodGet, Path: searchPath}, new(any))
		const want = "the address sends us on to another page of the same host, such as that of a login or a single sign-on, and redirects are never followed: check the way to sign in, and the path in url"
		if got := asError(t, err); got.Text != want || got.Reason != ReasonRedirect {
			t.Errorf("%s: %v", location, err)
		}
		checkNoCanary(t, err)
	}
}

// Another call may have told meanwhile that this one would be refused.
func TestACallThatIsNotToBeMadeAnyMoreIsNotSent(t *testing.T) {
	s := newServer(t, func(w http.ResponseWriter, _ *http.Request) { t.Error("it was sent"); w.WriteHeader(http.StatusOK) })
	c := newClient(t, Config{BaseURL: s.URL})
	over := errors.New("over")
	for range 3 { // It gives its place back.
		if _, err := c.Do(t.Context(), Request{Method: http.MethodGet, Path: searchPath, Still: func() error { return over }}, new(any)); !errors.Is(err, over) {
			t.Errorf("error %v", err)
		}
	}
}
