package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-kit/log"
	toolkit "github.com/prometheus/exporter-toolkit/web"

	"conversation_exporter/collector"
	"conversation_exporter/simulator"
	"conversation_exporter/web"
)

// certify writes a new certificate and its key where web.yml looks for them,
// and returns who trusts it.
func certify(t *testing.T, dir string) *x509.CertPool {
	t.Helper()
	c, err := simulator.Issued()
	if err != nil {
		t.Fatal(err)
	}
	shown := c.ServerConfig().Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(shown.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{
		"cert.pem": {Type: "CERTIFICATE", Bytes: shown.Certificate[0]},
		"key.pem":  {Type: "PRIVATE KEY", Bytes: key},
	} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(c.CAPEM()) {
		t.Fatal("the CA is not PEM")
	}
	return roots
}

// webFile writes a web.yml that switches TLS on, and what a test adds.
func webFile(t *testing.T, dir, add string) (flag string) {
	t.Helper()
	path := filepath.Join(dir, "web.yml")
	if err := os.WriteFile(path, []byte("tls_server_config:\n  cert_file: cert.pem\n  key_file: key.pem\n"+add), 0o600); err != nil {
		t.Fatal(err)
	}
	return "--web.config.file=" + path
}

// ask makes one request on a connection of its own.
func ask(t *testing.T, url string, roots *x509.CertPool, prepare func(*http.Request)) (*http.Response, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if prepare != nil {
		prepare(req)
	}
	transport := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
	defer transport.CloseIdleConnections()
	resp, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp, err
}

func TestTLS(t *testing.T) {
	for add, protocol := range map[string]string{"": "HTTP/2.0", "http_server_config:\n  http2: false\n": "HTTP/1.1"} {
		dir := t.TempDir()
		roots := certify(t, dir)
		p := start(t, "--config.file="+write(t, "good.yml", goodConfig), webFile(t, dir, add))
		secure := strings.Replace(p.url, "http:", "https:", 1)
		for _, route := range []string{"/metrics", "/", "/-/ready"} {
			resp, err := ask(t, secure+route, roots, nil)
			if err != nil || resp.StatusCode != http.StatusOK || resp.Proto != protocol || resp.TLS == nil {
				t.Errorf("%s with %q: %+v, %v; want %s", route, add, resp, err, protocol)
			}
		}
		var unknown x509.UnknownAuthorityError
		if _, err := ask(t, secure+"/metrics", x509.NewCertPool(), nil); !errors.As(err, &unknown) {
			t.Errorf("who does not know the CA: %v", err)
		}
		if status, body := p.get(t, "/metrics"); status != http.StatusBadRequest || strings.Contains(body, "conversation_") {
			t.Errorf("without TLS: %d %s", status, body)
		}
		p.stop(t)
	}
}

// A certificate is renewed by whoever made it, and nobody restarts the exporter.
func TestARenewedCertificateIsShown(t *testing.T) {
	dir := t.TempDir()
	first := certify(t, dir)
	p := start(t, "--config.file="+write(t, "good.yml", goodConfig), webFile(t, dir, ""))
	ready := strings.Replace(p.url, "http:", "https:", 1) + "/-/ready"
	if _, err := ask(t, ready, first, nil); err != nil {
		t.Fatal(err)
	}
	second := certify(t, dir)
	if _, err := ask(t, ready, second, nil); err != nil {
		t.Errorf("who trusts the new one alone: %v", err)
	}
	if _, err := ask(t, ready, first, nil); err == nil {
		t.Error("the old one is still shown")
	}
}

// authFile writes a web.yml with one user, whose password is "demo".
func authFile(t *testing.T) (flag string) {
	t.Helper()
	return "--web.config.file=" + write(t, "web.yml", "basic_auth_users:\n  prometheus: $2a$04$.JUy.OIIoXye8QbbhUI6NuJi5nHRwU3Zjxd3wbFuWNwvbF2I9Xe0C\n")
}

func TestBasicAuthentication(t *testing.T) {
	p := start(t, "--config.file="+write(t, "good.yml", goodConfig), authFile(t))
	for _, tc := range []struct {
		user, password string
		want           int
	}{
		{"prometheus", "demo", http.StatusOK},
		{"prometheus", "demo", http.StatusOK}, // The toolkit remembers who was right.
		{"prometheus", "Demo", http.StatusUnauthorized},
		{"prometheus", "", http.StatusUnauthorized},
		{"Prometheus", "demo", http.StatusUnauthorized},
		{"", "demo", http.StatusUnauthorized},
		{"", "", http.StatusUnauthorized},
	} {
		for _, route := range []string{"/metrics?collect[]=exporter", "/", "/-/ready", "/-/healthy", "/absent"} {
			resp, err := ask(t, p.url+route, nil, func(r *http.Request) {
				if tc.user+tc.password != "" {
					r.SetBasicAuth(tc.user, tc.password)
				}
			})
			want := tc.want
			if want == http.StatusOK && route == "/absent" {
				want = http.StatusNotFound
			}
			if err != nil || resp.StatusCode != want {
				t.Errorf("%s as %q, %q: %v, %v; want %d", route, tc.user, tc.password, resp, err, want)
			}
		}
	}
	if strings.Contains(p.stderr.String(), "Demo") {
		t.Error("a password was logged")
	}
}

// listeningOn waits until so many addresses are listened on.
func (p *program) listeningOn(t *testing.T, n int) []string {
	t.Helper()
	addresses := regexp.MustCompile(`msg="Listening on" address=(\S+)`)
	var urls []string
	for range 1000 {
		urls = nil
		for _, m := range addresses.FindAllStringSubmatch(p.stderr.String(), -1) {
			urls = append(urls, "http://"+m[1])
		}
		if len(urls) == n {
			return urls
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("log = %s", p.stderr.String())
	return nil
}

// The toolkit wraps the handler of a server once per listener; with one server
// for all, the race detector would fail this.
func TestManyAddressesWithAuthentication(t *testing.T) {
	const addresses = 8
	args := []string{"--config.file=" + write(t, "good.yml", goodConfig), authFile(t)}
	for range addresses - 1 {
		args = append(args, "--web.listen-address=127.0.0.1:0")
	}
	p := start(t, args...)
	var wg sync.WaitGroup
	for _, url := range p.listeningOn(t, addresses) {
		for i := range 4 {
			wg.Go(func() {
				password, want := "demo", http.StatusOK
				if i%2 == 1 {
					password, want = "wrong", http.StatusUnauthorized
				}
				resp, err := ask(t, url+"/-/ready", nil, func(r *http.Request) { r.SetBasicAuth("prometheus", password) })
				if err != nil || resp.StatusCode != want {
					t.Errorf("%s: %v, %v; want %d", url, resp, err, want)
				}
			})
		}
	}
	wg.Wait()
}

// Who opens a connection and sends half a request must not hold it for ever.
func TestAHalfSentHeaderIsClosed(t *testing.T) {
	handler, err := web.New(web.Options{Collector: collector.New(), TelemetryPath: web.DefaultTelemetryPath})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	none, no := "", false
	s := serving{handler: handler, options: &options{}, logs: logs{own: log.NewNopLogger()}, headerLimit: 100 * time.Millisecond}
	server := s.server(context.Background())
	served := make(chan error)
	go func() {
		served <- toolkit.Serve(l, server, &toolkit.FlagConfig{WebConfigFile: &none, WebSystemdSocket: &no}, slog.New(slog.DiscardHandler))
	}()
	for _, half := range []string{"", "G", "GET /metrics HTTP/1.1\r\n", "GET /metrics HTTP/1.1\r\nHost: x\r\nX-Slow: "} {
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(conn, half)
		if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(conn)
		var late net.Error
		if strings.Contains(string(answer), "200") || errors.As(err, &late) && late.Timeout() {
			t.Errorf("%q: answered %q, %v", half, answer, err)
		}
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	}
	if resp, err := ask(t, "http://"+l.Addr().String()+"/metrics", nil, nil); err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("a whole request: %v, %v", resp, err)
	}
	if err := server.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		t.Error(err)
	}
}

// What a scraper, or somebody who plays one, sends as its timeout.
func TestJunkInTheTimeoutHeader(t *testing.T) {
	p := start(t, "--config.file="+write(t, "good.yml", goodConfig))
	const header = "X-Prometheus-Scrape-Timeout-Seconds"
	bad := 0
	for _, tc := range []struct {
		values []string
		good   bool
	}{
		{nil, true},
		{[]string{""}, true},
		{[]string{"10"}, true},
		{[]string{" 10 "}, true}, // HTTP itself takes the spaces off.
		{[]string{"0x1p3"}, true},
		{[]string{"1e99"}, true},
		{[]string{"10", "junk"}, true}, // The first counts.
		{[]string{"junk", "10"}, false},
		{[]string{"10, 10"}, false},
		{[]string{"10s"}, false},
		{[]string{"-10"}, false},
		{[]string{"0"}, false},
		{[]string{"NaN"}, false},
		{[]string{"-Inf"}, false},
		{[]string{"\xff\xfe"}, false},
		{[]string{"%00"}, false},
		{[]string{strings.Repeat("9", 100_000)}, false},
	} {
		if !tc.good {
			bad++
		}
		resp, err := ask(t, p.url+"/metrics", nil, func(r *http.Request) { r.Header[header] = tc.values })
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Errorf("%.40q: %v, %v", tc.values, resp, err)
		}
		_, metrics := p.get(t, "/metrics?collect[]=exporter")
		if want := fmt.Sprintf("\nconversation_exporter_invalid_timeout_headers_total %d\n", bad); !strings.Contains(metrics, want) {
			t.Fatalf("%.40q: not %s", tc.values, want)
		}
	}
}

// A file may lie on a disk that does not answer. The end does not wait for it.
func TestTheEndDoesNotWaitForWhatHangs(t *testing.T) {
	hung := make(chan struct{})
	defer close(hung)
	if within(time.Millisecond, func() { <-hung }) {
		t.Error("what hangs has ended")
	}
	if !within(time.Minute, func() {}) {
		t.Error("what ends has not ended")
	}
}
