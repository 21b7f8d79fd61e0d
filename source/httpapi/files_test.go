package httpapi

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	promconfig "github.com/prometheus/common/config"
)

// What takes the place of a file must neither stop a request for ever, as a FIFO
// would, nor fill the memory; once the file is back, requests go on.
func TestAFileThatBecomesSomethingElseFailsUntilItIsBack(t *testing.T) {
	const told = "a file that the settings name is not a regular file, or too long: check tls_config and http_headers"
	a := newAuthority(t)
	authority, err := os.ReadFile(a.file)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile := files(t, a.sign(t, leaf{client: true}))
	both := func(cert, key string) TransportConfig {
		c := trusting(a)
		c.TLS.CertFile, c.TLS.KeyFile = cert, key
		return c
	}
	for name, tc := range map[string]struct {
		text     func() ([]byte, error)
		settings func(file string) TransportConfig
	}{
		"header": {func() ([]byte, error) { return []byte(" value\r\n"), nil }, func(file string) TransportConfig {
			c := trusting(a)
			c.Headers = headerFile(file).Headers
			return c
		}},
		"CA file":   {func() ([]byte, error) { return authority, nil }, caFile},
		"cert file": {func() ([]byte, error) { return os.ReadFile(certFile) }, func(file string) TransportConfig { return both(file, keyFile) }},
		"key file":  {func() ([]byte, error) { return os.ReadFile(keyFile) }, func(file string) TransportConfig { return both(certFile, file) }},
	} {
		for kind, put := range map[string]func(path string) error{
			"FIFO":      func(path string) error { return syscall.Mkfifo(path, 0o600) },
			"directory": func(path string) error { return os.Mkdir(path, 0o700) },
			"too long":  func(path string) error { return os.WriteFile(path, bytes.Repeat([]byte("x"), maxTLSFile+1), 0o600) },
			"device":    func(path string) error { return os.Symlink(os.DevNull, path) },
		} {
			t.Run(name+" "+kind, func(t *testing.T) {
				var value string
				s := newTLSServer(t, a.sign(t, leaf{}), func(w http.ResponseWriter, r *http.Request) {
					value = r.Header.Get("X-Key")
					answer("{}")(w, r)
				})
				file := filepath.Join(t.TempDir(), "file")
				good := func() {
					text, err := tc.text()
					if err == nil {
						_ = os.RemoveAll(file)
						err = os.WriteFile(file, text, 0o600)
					}
					if err != nil {
						t.Fatal(err)
					}
				}
				good()
				client := newClient(t, Config{BaseURL: s.URL, Transport: tc.settings(file)})
				ask := func() error {
					done := make(chan error, 1)
					go func() { done <- get(t.Context(), client) }()
					select {
					case err := <-done:
						return err
					case <-time.After(10 * time.Second):
						if w, err := os.OpenFile(file, os.O_WRONLY|syscall.O_NONBLOCK, 0); err == nil {
							w.Close() // So that the reader goes on.
						}
						t.Fatal("the request hangs")
						return nil
					}
				}
				if err := ask(); err != nil {
					t.Fatal(err)
				}
				if err := os.Remove(file); err != nil {
					t.Fatal(err)
				}
				if err := put(file); err != nil {
					t.Fatal(err)
				}
				if e := asError(t, ask()); e.Text != told || e.Sent {
					t.Errorf("got %#v, want %q, not sent", e, told)
				}
				good()
				if err := ask(); err != nil {
					t.Errorf("the file is back: %v", err)
				}
				if name == "header" && value != "value" {
					t.Errorf("the header is %q", value)
				}
			})
		}
	}
}

// A body goes with the headers, and the caller's own request stays as it is.
func TestHeadersAreAddedToEachRequest(t *testing.T) {
	file := filepath.Join(t.TempDir(), "value")
	if err := os.WriteFile(file, []byte("c\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var got []string
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		got = append(got, strings.Join(r.Header.Values("X-Key"), ","))
		answer("{}")(w, r)
	})
	client := newClient(t, Config{BaseURL: s.URL, Transport: TransportConfig{Headers: &promconfig.Headers{Headers: map[string]promconfig.Header{
		"x-key": {Values: []string{"a"}, Secrets: []promconfig.Secret{"b"}, Files: []string{file}},
	}}}})
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		if _, err := client.Do(t.Context(), Request{Method: method, Path: searchPath, Body: "x"}, new(any)); err != nil {
			t.Fatal(err)
		}
	}
	if strings.Join(got, " ") != "a,b,c a,b,c" {
		t.Errorf("headers %q", got)
	}
}
