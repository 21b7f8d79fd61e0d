package httpapi

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	promconfig "github.com/prometheus/common/config"
)

// trusting are the settings that trust one authority.
func trusting(a *authority) TransportConfig {
	return TransportConfig{TLS: promconfig.TLSConfig{CAFile: a.file}}
}

// The sentences about certificates.
const (
	unknownAuthority = "the certificate is signed by an authority that is not known here: set tls_config.ca_file, or certificate_sha256 for a generic certificate"
	otherHost        = "the certificate is for another host: set tls_config.server_name, or certificate_sha256 for a generic certificate"
	notValid         = "the certificate is not valid (expired, not yet valid or misused): renew it, or check this machine's clock"
	otherPin         = "the server's certificate is not the one whose SHA-256 is configured: if it was renewed on purpose, set the new certificate_sha256"
)

// TestLesson01NoTokenInHandshakeErrors is about TLS that does not come to pass:
// the token must not even be sent.
func TestLesson01NoTokenInHandshakeErrors(t *testing.T) {
	a, stranger := newAuthority(t), newAuthority(t)
	noRequest := func(w http.ResponseWriter, _ *http.Request) {
		t.Error("the request was sent though the handshake failed")
		w.WriteHeader(http.StatusTeapot)
	}
	by := func(cert tls.Certificate, settings TransportConfig) func(*testing.T) (Config, string) {
		return func(t *testing.T) (Config, string) {
			s := newTLSServer(t, cert, noRequest)
			return Config{BaseURL: s.URL, Transport: settings}, addressOf(t, s.URL)
		}
	}
	good := a.sign(t, leaf{})
	cases := []failing{
		{name: "unknown authority", start: by(stranger.sign(t, leaf{}), trusting(a)), reason: ReasonTLS, text: unknownAuthority},
		{name: "authority of the system", start: by(good, TransportConfig{}), reason: ReasonTLS, text: unknownAuthority},
		{name: "self-signed", start: by(selfSigned(t), trusting(a)), reason: ReasonTLS, text: notValid},
		{name: "wrong host", start: by(a.sign(t, leaf{host: "other.invalid"}), trusting(a)), reason: ReasonTLS, text: otherHost},
		{name: "expired", start: by(a.sign(t, leaf{expired: true}), trusting(a)), reason: ReasonTLS, text: notValid},
		{name: "for clients only", start: by(a.sign(t, leaf{client: true}), trusting(a)), reason: ReasonTLS, text: notValid},
		{name: "wrong pin", start: by(good, TransportConfig{CertificateSHA256: fingerprint(stranger.sign(t, leaf{}))}), reason: ReasonTLS, text: otherPin},
		{
			name: "wrong pin beside the right authority", reason: ReasonTLS, text: otherPin,
			start: by(good, TransportConfig{TLS: promconfig.TLSConfig{CAFile: a.file}, CertificateSHA256: fingerprint(selfSigned(t))}),
		},
		{
			name: "plain port spoken TLS to", reason: ReasonTLS, text: "the port speaks plain HTTP: write http:// in url, or the HTTPS port",
			start: withClient(func(t *testing.T) string { return "https://" + addressOf(t, newServer(t, noRequest).URL) }),
		},
		{
			name: "port of something else spoken TLS to", reason: ReasonTLS, text: "the port does not speak TLS: check scheme and port in url",
			start: withClient(func(t *testing.T) string {
				return "https://" + rawServer(t, func(conn net.Conn) {
					io.WriteString(conn, "220 "+canary+"\r\n")
					io.Copy(io.Discard, conn)
				})
			}),
		},
		{
			name: "closed in the handshake", reason: ReasonConnection, text: brokeOff,
			start: withClient(func(t *testing.T) string { return "https://" + rawServer(t, readHello) }),
		},
		{
			name: "alert", reason: ReasonTLS, text: "the other side refused the handshake (handshake failure): check tls_config, or what the other side asks of a client",
			start: withClient(func(t *testing.T) string {
				return "https://" + rawServer(t, func(conn net.Conn) {
					readHello(conn)
					io.WriteString(conn, "\x15\x03\x03\x00\x02\x02\x28")
					io.Copy(io.Discard, conn)
				})
			}),
		},
		{
			name: "a handshake of its own", reason: ReasonTLS,
			text: "the other side does not speak TLS as expected: check the port in url, and min_version and max_version in tls_config where they are set",
			start: withClient(func(t *testing.T) string {
				return "https://" + rawServer(t, func(conn net.Conn) {
					readHello(conn)
					io.WriteString(conn, "\x16\x03\x03\x00\x04\x0e\x00\x00\x00")
					io.Copy(io.Discard, conn)
				})
			}),
		},
		{name: "no version in common", start: oldServer(a), reason: ReasonTLS, text: "the other side refused the handshake (protocol version not supported): check tls_config, or what the other side asks of a client"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.check(t) })
	}
}

// readHello reads the whole of a client's first record.
func readHello(conn net.Conn) {
	head := make([]byte, 5)
	if _, err := io.ReadFull(conn, head); err == nil {
		io.CopyN(io.Discard, conn, int64(head[3])<<8|int64(head[4]))
	}
}

// oldServer speaks no newer TLS than 1.2, to a client that wants 1.3.
func oldServer(a *authority) func(*testing.T) (Config, string) {
	return func(t *testing.T) (Config, string) {
		s := newStoppedServer(t, answer("{}"))
		s.TLS = &tls.Config{Certificates: []tls.Certificate{a.sign(t, leaf{})}, MaxVersion: tls.VersionTLS12}
		s.StartTLS()
		settings := trusting(a)
		settings.TLS.MinVersion = promconfig.TLSVersion(tls.VersionTLS13)
		return Config{BaseURL: s.URL, Transport: settings}, ""
	}
}

// TestLesson01NoTokenToATLSPortSpokenPlainTo is about the one mistake of this
// kind in which the token does reach the wire.
func TestLesson01NoTokenToATLSPortSpokenPlainTo(t *testing.T) {
	a := newAuthority(t)
	failing{
		start: withClient(func(t *testing.T) string {
			return "http://" + addressOf(t, newTLSServer(t, a.sign(t, leaf{}), answer("{}")).URL)
		}),
		reason: ReasonHTTP4xx, text: "there is no such API at this address (HTTP 400)" + perhapsTLS, sent: true,
	}.check(t)
}

// TestLesson01NoTokenInFileErrors is about files that vanish or spoil while the
// exporter runs.
func TestLesson01NoTokenInFileErrors(t *testing.T) {
	const gone = "a file that the settings name cannot be read: check tls_config and http_headers"
	cases := []struct {
		name, text string
		reason     Reason
		settings   func(file string) TransportConfig
		spoil      func(file string) error
	}{
		{"CA file gone", gone, ReasonTLS, caFile, os.Remove},
		{"CA file spoilt", unsendable, ReasonConnection, caFile, func(file string) error { return os.WriteFile(file, []byte(canary), 0o600) }},
		{"header file gone", gone, ReasonTLS, headerFile, os.Remove},
		{"header file with a line break", unsendable, ReasonConnection, headerFile, func(file string) error { return os.WriteFile(file, []byte(canary+"\n"+canary), 0o600) }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			a := newAuthority(t)
			s := newTLSServer(t, a.sign(t, leaf{}), answer("{}"))
			text, err := os.ReadFile(a.file)
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), "file")
			if err := os.WriteFile(file, text, 0o600); err != nil {
				t.Fatal(err)
			}
			client := newClient(t, Config{BaseURL: s.URL, Transport: c.settings(file)})
			if err := c.spoil(file); err != nil {
				t.Fatal(err)
			}
			e := asError(t, get(t.Context(), client))
			if e.Reason != c.reason || e.Text != c.text || e.Sent {
				t.Errorf("got %#v, want %s, %q, not sent", e, c.reason, c.text)
			}
			checkNoCanary(t, e)
		})
	}
}

func caFile(file string) TransportConfig {
	return TransportConfig{TLS: promconfig.TLSConfig{CAFile: file}}
}

func headerFile(file string) TransportConfig {
	return TransportConfig{Headers: &promconfig.Headers{Headers: map[string]promconfig.Header{"X-Key": {Files: []string{file}}}}}
}
