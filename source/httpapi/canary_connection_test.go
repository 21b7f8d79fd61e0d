package httpapi

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// unresolvable is a name below .invalid, which no name server may know. Its
// first label is longer than a name allows, so that none is even asked.
var unresolvable = strings.Repeat("x", 64) + ".invalid"

// The sentences about connections that break. perhapsTLS is told as long as
// nothing was ever answered at an address of http://.
const (
	brokeOff   = "the connection was closed before the answer was whole: look whether the system restarts or is overloaded, and at what stands in front of it"
	noAnswer   = "no answer in time: look whether the system hangs or is overloaded, or allow it more time (scrape_timeout of Prometheus, or timeout)"
	perhapsTLS = "; it may be a port of HTTPS, and url says http://: write https:// in url, or the port of HTTP"
)

// hung takes a request and answers only when the caller has left; end is called
// once the request is there.
func hung(end func(), before string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		if before != "" {
			io.WriteString(w, before)
			http.NewResponseController(w).Flush()
		}
		end()
		<-r.Context().Done()
	}
}

// TestLesson01NoTokenWhenTheCallIsEnded is about deadlines and callers that
// leave, while nothing has been sent, while the answer is awaited, and in the
// middle of it.
func TestLesson01NoTokenWhenTheCallIsEnded(t *testing.T) {
	const left = "nobody waits for the answer any more"
	ends := []struct {
		err          error
		text, before string
	}{
		{context.DeadlineExceeded, noAnswer, "the time was over before this was asked: allow the scrape more time, or raise requests_per_second"},
		{context.Canceled, left, left},
	}
	for _, end := range ends {
		for name, before := range map[string]string{"awaiting": "", "in the body": `{"errcode":0,`} {
			t.Run(end.err.Error()+" "+name, func(t *testing.T) {
				for _, method := range []string{http.MethodGet, http.MethodPost} {
					ctx := newEndable(t, end.err)
					s := newServer(t, hung(ctx.end, before))
					c := newClient(t, Config{BaseURL: s.URL})
					_, err := c.Do(ctx, Request{Method: method, Path: searchPath, Query: map[string][]string{"access_token": {canary}}, Body: canary}, new(any))
					e := asError(t, err)
					if e.Text != end.text || e.Reason != ReasonTimeout || !e.Sent || !errors.Is(err, end.err) {
						t.Errorf("%s: got %#v, want the text %q, reason timeout, sent, and %v", method, e, end.text, end.err)
					}
					checkNoCanary(t, err)
				}
			})
		}
		t.Run(end.err.Error()+" before the call", func(t *testing.T) {
			ctx := newEndable(t, end.err)
			ctx.end()
			s := newServer(t, answer("{}"))
			f := failing{
				start:  func(*testing.T) (Config, string) { return Config{BaseURL: s.URL}, "" },
				reason: ReasonTimeout, text: end.before,
			}
			f.checkIn(t, ctx, end.err)
			if n := s.connections.Load(); n != 0 {
				t.Errorf("%d connections were opened for a call that was over before it began", n)
			}
			if e := Expired(ctx, searchPath, end.text); e.Text != end.text || e.Sent || !errors.Is(e, end.err) {
				t.Errorf("Expired tells %#v, want the text %q, not sent, and %v", e, end.text, end.err)
			}
		})
	}
}

// withClient is the start of a case that needs no server but an address.
func withClient(url func(t *testing.T) string) func(*testing.T) (Config, string) {
	return func(t *testing.T) (Config, string) {
		text := url(t)
		return Config{BaseURL: text}, addressOf(t, text)
	}
}

// afterRequest reads one whole request by hand and then goes on by hand.
func afterRequest(next func(net.Conn)) func(net.Conn) {
	return func(conn net.Conn) {
		req, err := http.ReadRequest(bufio.NewReader(conn))
		if err != nil {
			return
		}
		io.Copy(io.Discard, req.Body)
		next(conn)
	}
}

// write is what a raw server says before it hangs up.
func write(text string) func(net.Conn) {
	return func(conn net.Conn) { io.WriteString(conn, text) }
}

// TestLesson01NoTokenInConnectionErrors is about connections that are not made,
// break, or carry something else than HTTP.
func TestLesson01NoTokenInConnectionErrors(t *testing.T) {
	const (
		hungUp    = "the connection was closed before the answer was whole" + perhapsTLS
		junk      = "the other side does not speak HTTP as expected" + perhapsTLS
		junkChunk = "the other side does not speak HTTP as expected: check scheme and port in url"
	)
	raw := func(talk func(net.Conn)) func(*testing.T) (Config, string) {
		return withClient(func(t *testing.T) string { return "http://" + rawServer(t, afterRequest(talk)) })
	}
	cases := []failing{
		{
			name:   "refused port",
			start:  withClient(func(t *testing.T) string { return "http://" + refusedAddress(t) }),
			reason: ReasonConnection, text: "connecting to ADDRESS failed (connection refused): look whether the system is up, and check host and port in url",
		},
		{
			name:   "unresolvable name",
			start:  withClient(func(*testing.T) string { return "http://" + unresolvable }),
			reason: ReasonConnection, text: "the name ADDRESS does not resolve: check the host in url",
		},
		{
			name:   "impossible port",
			start:  withClient(func(*testing.T) string { return "http://127.0.0.1:99999" }),
			reason: ReasonConnection, text: unsendable,
		},
		{
			name:   "unknown scheme",
			start:  withClient(func(*testing.T) string { return "gopher://127.0.0.1" }),
			reason: ReasonConnection, text: unsendable,
		},
		{name: "closed without a word", start: raw(write("")), reason: ReasonConnection, text: hungUp, sent: true},
		{name: "cut in the head", start: raw(write("HTTP/1.1 200 OK\r\nContent-Type: " + canary)), reason: ReasonConnection, text: hungUp, sent: true},
		{name: "cut in the body", start: raw(write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"" + canary)), reason: ReasonConnection, text: brokeOff, sent: true},
		{name: "cut in a chunk", start: raw(write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n" + canary)), reason: ReasonConnection, text: brokeOff, sent: true},
		{name: "reset", start: raw(reset), reason: ReasonConnection, text: hungUp, sent: true},
		{name: "junk", start: raw(write(canary + "\r\n\r\n" + canary)), reason: ReasonConnection, text: junk, sent: true},
		{name: "junk for a status", start: raw(write("HTTP/1.1 " + canary + "\r\n\r\n")), reason: ReasonConnection, text: junk, sent: true},
		{name: "junk for a header", start: raw(write("HTTP/1.1 200 OK\r\n" + canary + "\r\n\r\n")), reason: ReasonConnection, text: junk, sent: true},
		{name: "junk for a chunk", start: raw(write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + canary + "\r\n")), reason: ReasonConnection, text: junkChunk, sent: true},
		{name: "junk for a redirect", start: raw(write("HTTP/1.1 302 Found\r\nLocation: http://%zz/" + canaryCore + "\r\n\r\n")), reason: ReasonConnection, text: junk, sent: true},
		{name: "a TLS alert", start: raw(write("\x15\x03\x03\x00\x02\x02\x46")), reason: ReasonConnection, text: junk, sent: true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.check(t) })
	}
}

// reset ends the connection in the hard way.
func reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
}

// TestLesson01NoTokenInStreamErrors is about HTTP/2, where a stream breaks and
// the connection stays.
func TestLesson01NoTokenInStreamErrors(t *testing.T) {
	abort := func(before string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			if r.ProtoMajor != 2 {
				t.Errorf("the request came by %s, want HTTP/2", r.Proto)
			}
			if before != "" {
				io.WriteString(w, before)
				http.NewResponseController(w).Flush()
			}
			panic(http.ErrAbortHandler)
		}
	}
	for name, before := range map[string]string{"before the answer": "", "in the answer": `{"` + canaryCore} {
		f := failing{
			start: func(t *testing.T) (Config, string) {
				a := newAuthority(t)
				s := newStoppedServer(t, abort(before))
				s.EnableHTTP2 = true
				s.TLS = &tls.Config{Certificates: []tls.Certificate{a.sign(t, leaf{})}}
				s.StartTLS()
				return Config{BaseURL: s.URL, Transport: trusting(a)}, ""
			},
			reason: ReasonConnection, text: brokeOff, sent: true,
		}
		t.Run(name, func(t *testing.T) { f.check(t) })
	}
}

// TestLesson24RedirectsAreNotFollowed shows that nobody but the configured host
// hears of a token, whatever the host answers.
func TestLesson24RedirectsAreNotFollowed(t *testing.T) {
	const told = "the address sends us on to %, and redirects are never followed: if that is right, set url to it"
	const toldHere = "the address sends us on to another page of the same host, such as that of a login or a single sign-on, and redirects are never followed: check the way to sign in, and the path in url"
	other := newServer(t, answer("{}"))
	withPort := strings.Replace(other.URL, "http://", "http://"+canaryCore+":"+canaryCore+"@", 1)
	cases := []struct {
		name, location, names string
	}{
		{"same host", "/login?access_token=" + canaryCore, ""},
		{"loop", "/" + searchPath + "?access_token=" + canaryCore, ""},
		{"other host", other.URL + "/" + canaryCore + "?t=" + canaryCore + "#" + canaryCore, other.URL},
		{"other host with user", withPort + "/", other.URL},
		{"other host, our scheme", "//" + addressOf(t, other.URL) + "/" + canaryCore, other.URL},
		{"nowhere", "", "a place it does not name"},
		{"no host", "mailto:" + canaryCore, "a place it does not name"},
	}
	statuses := []int{http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect}
	for _, c := range cases {
		text := strings.ReplaceAll(told, "%", c.names)
		if c.names == "" {
			text = toldHere
		}
		for _, status := range statuses {
			f := failing{
				start: served(func(w http.ResponseWriter, _ *http.Request) {
					if c.location != "" {
						w.Header().Set("Location", c.location)
					}
					w.WriteHeader(status)
					io.WriteString(w, canary)
				}),
				reason: ReasonRedirect, text: text, sent: true,
			}
			t.Run(c.name+" "+http.StatusText(status), func(t *testing.T) { f.check(t) })
		}
	}
	if n := other.connections.Load(); n != 0 {
		t.Errorf("the redirect's target had %d connections, want none", n)
	}
}
