package httpapi

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	promconfig "github.com/prometheus/common/config"
	"go.yaml.in/yaml/v3"
)

// settings reads the settings as a configuration file has them.
func settings(t *testing.T, text string) TransportConfig {
	t.Helper()
	var c TransportConfig
	if err := yaml.Unmarshal([]byte(text), &c); err != nil {
		t.Fatal(err)
	}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	return c
}

// colons writes a fingerprint as openssl does.
func colons(sum string) string {
	var pairs []string
	for i := 0; i < len(sum); i += 2 {
		pairs = append(pairs, strings.ToUpper(sum[i:i+2]))
	}
	return strings.Join(pairs, ":")
}

// TestHandshakesThatSucceed shows what makes each kind of certificate pass.
func TestHandshakesThatSucceed(t *testing.T) {
	a := newAuthority(t)
	good, otherName, expired, generic := a.sign(t, leaf{}), a.sign(t, leaf{host: "pbx.invalid"}), a.sign(t, leaf{expired: true}), selfSigned(t)
	ca := "tls_config: {ca_file: " + a.file + "}\n"
	inline, err := os.ReadFile(a.file)
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name     string
		cert     tls.Certificate
		settings TransportConfig
	}{
		{"ca_file", good, settings(t, ca)},
		{"ca", good, TransportConfig{TLS: promconfig.TLSConfig{CA: string(inline)}}},
		{"server_name", otherName, settings(t, "tls_config: {ca_file: "+a.file+", server_name: pbx.invalid}")},
		{"insecure_skip_verify, unknown authority", good, settings(t, "tls_config: {insecure_skip_verify: true}")},
		{"insecure_skip_verify, generic", generic, settings(t, "tls_config: {insecure_skip_verify: true}")},
		{"pin", good, settings(t, "certificate_sha256: "+fingerprint(good))},
		{"pin in upper case", good, settings(t, "certificate_sha256: "+strings.ToUpper(fingerprint(good)))},
		{"pin with colons", good, settings(t, "certificate_sha256: "+colons(fingerprint(good)))},
		{"pin, generic", generic, settings(t, "certificate_sha256: "+fingerprint(generic))},
		{"pin, other host", otherName, settings(t, "certificate_sha256: "+fingerprint(otherName))},
		{"pin, expired", expired, settings(t, "certificate_sha256: "+fingerprint(expired))},
		{"pin beside an authority that has nothing to do with it", generic, settings(t, ca+"certificate_sha256: "+fingerprint(generic))},
		{"pin beside another server_name", good, settings(t, "tls_config: {server_name: no.invalid}\ncertificate_sha256: "+fingerprint(good))},
		{"no HTTP/2", good, settings(t, ca+"enable_http2: false")},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := newTLSServer(t, c.cert, answer("{}"))
			if err := get(t.Context(), newClient(t, Config{BaseURL: s.URL, Transport: c.settings})); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestPinHoldsOnEveryConnection shows that the certificate is compared each time
// that a client connects anew, not only at first.
func TestPinHoldsOnEveryConnection(t *testing.T) {
	a := newAuthority(t)
	old, renewed := a.sign(t, leaf{}), a.sign(t, leaf{})
	var current atomic.Pointer[tls.Certificate]
	current.Store(&old)
	s := newStoppedServer(t, answer("{}"))
	s.TLS = &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		return &tls.Config{Certificates: []tls.Certificate{*current.Load()}}, nil
	}}
	s.StartTLS()
	c := newClient(t, Config{BaseURL: s.URL, Transport: TransportConfig{CertificateSHA256: fingerprint(old)}})
	for range 2 {
		if err := get(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		c.CloseIdle()
	}
	current.Store(&renewed)
	e := asError(t, get(t.Context(), c))
	if e.Reason != ReasonTLS || e.Text != otherPin || e.Sent {
		t.Errorf("after the certificate was renewed: got %#v", e)
	}
}

// TestHTTP2 shows which protocol a server that speaks both is asked by.
func TestHTTP2(t *testing.T) {
	a := newAuthority(t)
	for text, want := range map[string]string{"": "HTTP/2.0", "enable_http2: true": "HTTP/2.0", "enable_http2: false": "HTTP/1.1"} {
		var proto string
		s := newStoppedServer(t, func(w http.ResponseWriter, r *http.Request) {
			proto = r.Proto
			answer("{}")(w, r)
		})
		s.EnableHTTP2 = true
		s.TLS = &tls.Config{Certificates: []tls.Certificate{a.sign(t, leaf{})}}
		s.StartTLS()
		c := newClient(t, Config{BaseURL: s.URL, Transport: settings(t, "tls_config: {ca_file: "+a.file+"}\n"+text)})
		if err := get(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		if proto != want {
			t.Errorf("%q: the request came by %s, want %s", text, proto, want)
		}
	}
}

// TestClientCertificate is about servers that want one.
func TestClientCertificate(t *testing.T) {
	a, stranger := newAuthority(t), newAuthority(t)
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	config := &tls.Config{Certificates: []tls.Certificate{a.sign(t, leaf{})}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool, MaxVersion: tls.VersionTLS12}
	ours, theirs := trusting(a), trusting(a)
	ours.TLS.CertFile, ours.TLS.KeyFile = files(t, a.sign(t, leaf{client: true}))
	theirs.TLS.CertFile, theirs.TLS.KeyFile = files(t, stranger.sign(t, leaf{client: true}))
	pinned := ours
	pinned.TLS.CAFile, pinned.CertificateSHA256 = "", fingerprint(config.Certificates[0])
	cases := []struct {
		name     string
		settings TransportConfig
		text     string
	}{
		{"right", ours, ""},
		{"right, with a pin", pinned, ""},
		{"none", trusting(a), "the other side refused the handshake (handshake failure): check tls_config, or what the other side asks of a client"},
		{"of another authority", theirs, "the other side refused the handshake (unknown certificate authority): check tls_config, or what the other side asks of a client"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			address := rawServer(t, func(conn net.Conn) {
				server := tls.Server(conn, config)
				if server.Handshake() != nil {
					// What the client sent meanwhile must not reset the connection.
					io.Copy(io.Discard, conn)
					return
				}
				afterRequest(write("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"))(server)
			})
			err := get(t.Context(), newClient(t, Config{BaseURL: "https://" + address, Transport: c.settings}))
			if c.text == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if e := asError(t, err); e.Reason != ReasonTLS || e.Sent || e.Text != c.text {
				t.Errorf("got %#v, want reason tls, not sent, and %q", e, c.text)
			}
		})
	}
}

// TestRenewedAuthorityIsTakenUp shows that a CA file may be replaced while the
// exporter runs.
func TestRenewedAuthorityIsTakenUp(t *testing.T) {
	before, after := newAuthority(t), newAuthority(t)
	s := newTLSServer(t, after.sign(t, leaf{}), answer("{}"))
	c := newClient(t, Config{BaseURL: s.URL, Transport: trusting(before)})
	if e := asError(t, get(t.Context(), c)); e.Text != unknownAuthority {
		t.Fatalf("before: %v", e)
	}
	text, err := os.ReadFile(after.file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(before.file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := get(t.Context(), c); err != nil {
		t.Errorf("after: %v", err)
	}
}

// TestHeadersAreSent shows the three ways to give a header.
func TestHeadersAreSent(t *testing.T) {
	var got http.Header
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		got = r.Header.Clone()
		answer("{}")(w, r)
	})
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte("from a file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	text := "http_headers:\n  X-Value: {values: [one, two]}\n  X-Secret: {secrets: [three]}\n  X-File: {files: [" + file + "]}\n"
	if err := get(t.Context(), newClient(t, Config{BaseURL: s.URL, Transport: settings(t, text)})); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"X-Value": "one,two", "X-Secret": "three", "X-File": "from a file", "User-Agent": "conversation_exporter/test"} {
		if value := strings.Join(got.Values(name), ","); value != want {
			t.Errorf("the header %s is %q, want %q", name, value, want)
		}
	}
}

func TestSetDirectory(t *testing.T) {
	c := settings(t, "tls_config: {ca_file: ca.pem, cert_file: /abs/cert.pem, key_file: keys/key.pem}\nhttp_headers: {X: {files: [x]}}")
	c.SetDirectory("/etc/exporter")
	for got, want := range map[string]string{
		c.TLS.CAFile: "/etc/exporter/ca.pem", c.TLS.CertFile: "/abs/cert.pem", c.TLS.KeyFile: "/etc/exporter/keys/key.pem",
		c.Headers.Headers["X"].Files[0]: "/etc/exporter/x",
	} {
		if got != want {
			t.Errorf("got the path %s, want %s", got, want)
		}
	}
	empty := TransportConfig{}
	empty.SetDirectory("/etc/exporter")
	if empty.TLS.CAFile != "" || empty.Headers != nil {
		t.Errorf("a directory made files out of nothing: %+v", empty.TLS)
	}
}

// TestValidate shows the sentence for each setting that cannot work.
func TestValidate(t *testing.T) {
	const badPin = "certificate_sha256 must be 64 hexadecimal digits, the SHA-256 of the server's certificate"
	proxied := promconfig.ProxyConfig{ProxyURL: promconfig.URL{URL: &url.URL{Scheme: "http", Host: "proxy"}}}
	header := func(name string) TransportConfig {
		return TransportConfig{Headers: &promconfig.Headers{Headers: map[string]promconfig.Header{name: {Values: []string{canary}}}}}
	}
	cases := []struct {
		name     string
		settings TransportConfig
		want     string
	}{
		{"nothing", TransportConfig{}, ""},
		{"two authorities", TransportConfig{TLS: promconfig.TLSConfig{CA: canary, CAFile: "f"}}, "at most one of ca, ca_file & ca_ref must be configured"},
		{"certificate without key", TransportConfig{TLS: promconfig.TLSConfig{Cert: canary}}, "exactly one of key or key_file must be configured when a client certificate is configured"},
		{"key without certificate", TransportConfig{TLS: promconfig.TLSConfig{Key: canary}}, "exactly one of cert or cert_file must be configured when a client key is configured"},
		{"no_proxy alone", TransportConfig{Proxy: promconfig.ProxyConfig{NoProxy: "a"}}, "if no_proxy is configured, proxy_url must also be configured"},
		{
			"connect header alone",
			TransportConfig{Proxy: promconfig.ProxyConfig{ProxyConnectHeader: promconfig.ProxyHeader{"X": {canary}}}},
			"if proxy_connect_header is configured, proxy_url or proxy_from_environment must also be configured",
		},
		{
			"two proxies",
			TransportConfig{Proxy: promconfig.ProxyConfig{ProxyURL: proxied.ProxyURL, ProxyFromEnvironment: true}},
			"if proxy_from_environment is configured, proxy_url must not be configured",
		},
		{"proxy", TransportConfig{Proxy: proxied}, ""},
		{"header", header("X-Key"), ""},
		{"reserved header", header("user-agent"), `setting header "User-Agent" is not allowed`},
		{"authorization header", header("authorization"), `setting header "Authorization" is not allowed`},
		{"pin", TransportConfig{CertificateSHA256: strings.Repeat("0f", 32)}, ""},
		{"pin too short", TransportConfig{CertificateSHA256: strings.Repeat("0f", 31)}, badPin},
		{"pin too long", TransportConfig{CertificateSHA256: strings.Repeat("0f", 33)}, badPin},
		{"pin by SHA-1", TransportConfig{CertificateSHA256: strings.Repeat("0f", 20)}, badPin},
		{"pin with other letters", TransportConfig{CertificateSHA256: strings.Repeat("0g", 32)}, badPin},
		{"pin of colons", TransportConfig{CertificateSHA256: ":"}, badPin},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			err := c.settings.Validate()
			if got := textOf(err); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			checkNoCanary(t, err)
			if c.want == badPin {
				if _, err := New(Config{BaseURL: "http://host", Transport: c.settings}); textOf(err) != badPin {
					t.Errorf("New: got %v, want %q", err, badPin)
				}
			}
		})
	}
}

func textOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestNewRefusesBadFiles shows that what Validate cannot see is found when the
// client is made.
func TestNewRefusesBadFiles(t *testing.T) {
	spoilt := filepath.Join(t.TempDir(), "spoilt.pem")
	if err := os.WriteFile(spoilt, []byte(canary), 0o600); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(t.TempDir(), "missing.pem")
	for file, want := range map[string]string{
		missing: "building the HTTP transport: unable to read CA cert: ",
		spoilt:  "building the HTTP transport: unable to use specified CA cert ",
	} {
		_, err := New(Config{BaseURL: "https://host", Transport: caFile(file)})
		if !strings.HasPrefix(textOf(err), want) || !strings.Contains(textOf(err), file) {
			t.Errorf("got %v, want %q and the name of the file", err, want)
		}
		checkNoCanary(t, err)
	}
}
