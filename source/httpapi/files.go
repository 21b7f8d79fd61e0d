package httpapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"syscall"

	promconfig "github.com/prometheus/common/config"
)

const (
	// maxHeaderFile bounds what is read of a file with the value of a header,
	// maxTLSFile what is read of one with certificates or a key: the authorities of a
	// whole system are a quarter of a megabyte.
	maxHeaderFile = 64 << 10
	maxTLSFile    = 4 << 20
)

// errFile is what a file ends with that cannot be what the settings name.
var errFile = errors.New("not a regular file, or too long")

// readFile reads a file of the settings. Whatever lies there is opened without
// waiting, and refused unless it is a regular file: a FIFO would let nobody go on,
// as no deadline ends the opening of a file.
func readFile(path string, most int64) (string, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return "", err
	}
	defer f.Close() //nolint:errcheck // Nothing was written.
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s: %w", path, errFile)
	}
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	switch {
	case err != nil:
		return "", err
	case int64(len(text)) > most:
		return "", fmt.Errorf("%s: %w", path, errFile)
	}
	return strings.TrimSpace(string(text)), nil
}

// tlsFiles is where the library fetches what it would read from files by itself.
type tlsFiles struct{}

// Fetch implements the library's SecretManager; a reference is the path of a file.
func (tlsFiles) Fetch(_ context.Context, path string) (string, error) {
	return readFile(path, maxTLSFile)
}

// byReference lets the files of the settings be fetched by tlsFiles. References of
// the user's own have no meaning here.
func byReference(cfg promconfig.TLSConfig) promconfig.TLSConfig {
	cfg.CARef, cfg.CAFile = cfg.CAFile, ""
	cfg.CertRef, cfg.CertFile = cfg.CertFile, ""
	cfg.KeyRef, cfg.KeyFile = cfg.KeyFile, ""
	return cfg
}

// headers adds the configured headers to each request.
type headers struct {
	headers map[string]promconfig.Header
	next    http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (h *headers) RoundTrip(req *http.Request) (*http.Response, error) {
	full := req.Clone(req.Context())
	for name, values := range h.headers {
		for _, v := range values.Values {
			full.Header.Add(name, v)
		}
		for _, v := range values.Secrets {
			full.Header.Add(name, string(v))
		}
		for _, path := range values.Files {
			v, err := readFile(path, maxHeaderFile)
			if err != nil {
				if req.Body != nil {
					_ = req.Body.Close() // As the interface demands.
				}
				return nil, fmt.Errorf("reading the value of a header: %w", err)
			}
			full.Header.Add(name, v)
		}
	}
	return h.next.RoundTrip(full)
}

// CloseIdleConnections closes the connections that are not in use.
func (h *headers) CloseIdleConnections() {
	if c, ok := h.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}
