package httpapi

import (
	"context"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// proxy is a forward proxy that also tunnels. It knows every name as the one
// server behind it, so that names of these tests need no name server.
type proxy struct {
	*countingServer
	// behind is the address that everything is forwarded to.
	behind string
	// refuse is the status that a request is refused with; 0 lets it through.
	refuse int

	mu     sync.Mutex
	seen   []string
	header http.Header
}

func newProxy(t *testing.T, behind string) *proxy {
	t.Helper()
	p := &proxy{behind: behind}
	p.countingServer = newServer(t, p.serve)
	return p
}

func (p *proxy) serve(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.seen, p.header = append(p.seen, r.Method+" "+r.URL.Host+r.URL.Path), r.Header.Clone()
	p.mu.Unlock()
	switch {
	case p.refuse != 0:
		w.WriteHeader(p.refuse)
	case r.Method == http.MethodConnect:
		p.tunnel(w, r.Context())
	default:
		p.forward(w, r)
	}
}

func (p *proxy) forward(w http.ResponseWriter, r *http.Request) {
	onward, err := http.NewRequestWithContext(r.Context(), r.Method, "http://"+p.behind+r.URL.RequestURI()[strings.Index(r.URL.RequestURI(), "/"):], r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	rt := &http.Transport{DisableKeepAlives: true}
	resp, err := rt.RoundTrip(onward)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer resp.Body.Close()
	w.WriteHeader(resp.StatusCode)
	io.Copy(w, resp.Body)
}

func (p *proxy) tunnel(w http.ResponseWriter, ctx context.Context) { //nolint:revive // A handler's writer comes first.
	var dialer net.Dialer
	server, err := dialer.DialContext(ctx, "tcp", p.behind)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer server.Close()
	client, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer client.Close()
	io.WriteString(client, "HTTP/1.1 200 Connection established\r\n\r\n")
	done := make(chan struct{})
	go func() {
		defer close(done)
		io.Copy(server, client)
		server.Close()
	}()
	io.Copy(client, server)
	client.Close()
	<-done
}

// log is what the proxy was asked.
func (p *proxy) log() (seen string, header http.Header) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.seen, ", "), p.header
}

// TestProxy sends calls through a proxy. What is behind TLS stays hidden from it.
func TestProxy(t *testing.T) {
	a := newAuthority(t)
	plain := newServer(t, answer("{}"))
	secure := newTLSServer(t, a.sign(t, leaf{host: "pbx.invalid"}), answer("{}"))
	cases := []struct {
		name, scheme, settings, seen string
		direct                       bool
	}{
		{name: "plain", scheme: "http", settings: "proxy_url: http://PROXY", seen: "GET pbx.invalid/" + searchPath},
		{name: "tunnel", scheme: "https", settings: "proxy_url: http://PROXY", seen: "CONNECT pbx.invalid:443"},
		{name: "with user", scheme: "https", settings: "proxy_url: http://user:pass@PROXY", seen: "CONNECT pbx.invalid:443"},
		{name: "other host is excepted", scheme: "http", settings: "proxy_url: http://PROXY\nno_proxy: crm.invalid", seen: "GET pbx.invalid/" + searchPath},
		{name: "connect header", scheme: "https", settings: "proxy_url: http://PROXY\nproxy_connect_header: {X-Key: [abc]}", seen: "CONNECT pbx.invalid:443"},
		{name: "excepted", scheme: "http", settings: "proxy_url: http://PROXY\nno_proxy: 127.0.0.1", direct: true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			behind := plain
			if c.scheme == "https" {
				behind = secure
			}
			p := newProxy(t, addressOf(t, behind.URL))
			base := c.scheme + "://pbx.invalid"
			if c.direct {
				base = behind.URL
			}
			conf := settings(t, "tls_config: {ca_file: "+a.file+"}\n"+strings.ReplaceAll(c.settings, "PROXY", addressOf(t, p.URL)))
			client := newClient(t, Config{BaseURL: base, Transport: conf})
			req := Request{Method: http.MethodGet, Path: searchPath, Query: map[string][]string{"access_token": {canary}}}
			if _, err := client.Do(t.Context(), req, new(any)); err != nil {
				t.Fatal(err)
			}
			seen, header := p.log()
			if seen != c.seen {
				t.Errorf("the proxy saw %q, want %q", seen, c.seen)
			}
			if c.name == "connect header" && header.Get("X-Key") != "abc" {
				t.Errorf("the proxy had the headers %v", header)
			}
			if want := "Basic " + base64.StdEncoding.EncodeToString([]byte("user:pass")); c.name == "with user" && header.Get("Proxy-Authorization") != want {
				t.Errorf("the proxy had the headers %v, want %s", header, want)
			}
		})
	}
}

// TestProxyFromEnvironment shows that the environment counts only where it is
// asked for.
func TestProxyFromEnvironment(t *testing.T) {
	p := newProxy(t, addressOf(t, newServer(t, answer("{}")).URL))
	t.Setenv("HTTP_PROXY", p.URL)
	base := "http://" + unresolvable
	if err := get(t.Context(), newClient(t, Config{BaseURL: base, Transport: settings(t, "proxy_from_environment: true")})); err != nil {
		t.Error(err)
	}
	if err := get(t.Context(), newClient(t, Config{BaseURL: base})); err == nil {
		t.Error("the proxy of the environment was used though nobody asked for it")
	}
	if n := p.requests.Load(); n != 1 {
		t.Errorf("the proxy had %d requests, want 1", n)
	}
}

// TestLesson01NoTokenInProxyErrors is about proxies that fail. Their own
// password is a secret too.
func TestLesson01NoTokenInProxyErrors(t *testing.T) {
	by := func(scheme string, address func(t *testing.T) string) func(*testing.T) (Config, string) {
		return func(t *testing.T) (Config, string) {
			at := address(t)
			conf := settings(t, "proxy_url: http://user:"+canaryCore+"@"+at)
			return Config{BaseURL: scheme + "://pbx.invalid", Transport: conf}, at
		}
	}
	refusing := func(status int) func(*testing.T) string {
		return func(t *testing.T) string {
			p := newProxy(t, "")
			p.refuse = status
			return addressOf(t, p.URL)
		}
	}
	nowhere := func(*testing.T) string { return unresolvable + ":3128" }
	cases := []failing{
		{name: "refused port, plain", start: by("http", refusedAddress), reason: ReasonConnection, text: "connecting to the proxy ADDRESS failed (connection refused): look whether the proxy is up, and check proxy_url"},
		{name: "refused port, tunnel", start: by("https", refusedAddress), reason: ReasonConnection, text: "connecting to the proxy ADDRESS failed (connection refused): look whether the proxy is up, and check proxy_url"},
		{name: "unresolvable", start: by("http", nowhere), reason: ReasonConnection, text: "the name " + unresolvable + " does not resolve: check the host in proxy_url"},
		{name: "credentials, plain", start: by("http", refusing(407)), reason: ReasonAuth, text: "the proxy asks for credentials (HTTP 407): write them into proxy_url", sent: true},
		{name: "credentials, tunnel", start: by("https", refusing(407)), reason: ReasonConnection, text: unsendable},
		{name: "no way, tunnel", start: by("https", refusing(502)), reason: ReasonConnection, text: unsendable},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.check(t) })
	}
}
