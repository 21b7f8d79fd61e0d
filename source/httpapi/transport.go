package httpapi

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"

	promconfig "github.com/prometheus/common/config"
)

// errPin is what a handshake ends with where the certificate is another one.
var errPin = errors.New("the server's certificate is not the one whose SHA-256 is configured")

// TransportConfig is how a system is reached: the TLS, proxy and header
// settings known from Prometheus, under the same keys, and a certificate pin for
// boxes whose generic certificate no CA check can pass. Redirects are not among
// the settings: they are never followed.
type TransportConfig struct {
	TLS         promconfig.TLSConfig   `yaml:"tls_config,omitempty"`
	Proxy       promconfig.ProxyConfig `yaml:",inline"`
	Headers     *promconfig.Headers    `yaml:"http_headers,omitempty"`
	EnableHTTP2 *bool                  `yaml:"enable_http2,omitempty"`
	// CertificateSHA256 is the SHA-256 of the server's certificate in DER form,
	// in hexadecimal digits, colons allowed. When it is set, it alone is checked.
	CertificateSHA256 string `yaml:"certificate_sha256,omitempty"`
}

// SetDirectory makes the file names of the settings relative to dir.
func (c *TransportConfig) SetDirectory(dir string) {
	c.TLS.SetDirectory(dir)
	c.Headers.SetDirectory(dir)
}

// Validate reports the first setting that cannot work. It opens no connection.
func (c *TransportConfig) Validate() error {
	if err := c.TLS.Validate(); err != nil {
		return err
	}
	if err := c.Proxy.Validate(); err != nil {
		return err
	}
	if c.Headers != nil {
		if err := c.Headers.Validate(); err != nil {
			return err
		}
	}
	_, err := c.pin()
	return err
}

// pin decodes the certificate fingerprint; it is nil where none is set.
func (c *TransportConfig) pin() ([]byte, error) {
	if c.CertificateSHA256 == "" {
		return nil, nil
	}
	sum, err := hex.DecodeString(strings.ReplaceAll(c.CertificateSHA256, ":", ""))
	if err != nil || len(sum) != sha256.Size {
		return nil, errors.New("certificate_sha256 must be 64 hexadecimal digits, the SHA-256 of the server's certificate")
	}
	return sum, nil
}

// What becomes of a connection after its request.
const (
	keepConnections = true
	newConnections  = false
)

// roundTripper builds a transport. Certificate and CA files are read again at each
// request, so that a renewed file is used without a restart; see readFile for why
// that is not left to the library.
//
// Some servers close each connection after its answer, and not all of them say
// so: the next request may then go into a connection that is already gone. Go
// repeats a GET on a new connection by itself, as long as no byte of an answer
// came, so reading keeps its connections: where the server does too, that saves
// a handshake a request. Anything else Go does not repeat, and it must not be
// repeated: such a request, of which there are few, gets a new connection each.
func (c *TransportConfig) roundTripper(keep bool, dial promconfig.DialContextFunc) (http.RoundTripper, error) {
	pin, err := c.pin()
	if err != nil {
		return nil, err
	}
	newTLS := func(ctx context.Context, cfg *promconfig.TLSConfig, opts ...promconfig.TLSConfigOption) (*tls.Config, error) {
		conf, err := promconfig.NewTLSConfigWithContext(ctx, cfg, opts...)
		if err == nil && pin != nil {
			pinCertificate(conf, pin)
		}
		return conf, err
	}
	options := []promconfig.HTTPClientOption{promconfig.WithNewTLSConfigFunc(newTLS), promconfig.WithSecretManager(tlsFiles{})}
	if dial != nil {
		options = append(options, promconfig.WithDialContextFunc(dial))
	}
	if !keep {
		options = append(options, promconfig.WithKeepAlivesDisabled())
	}
	rt, err := promconfig.NewRoundTripperFromConfig(promconfig.HTTPClientConfig{
		TLSConfig:   byReference(c.TLS),
		ProxyConfig: c.Proxy,
		EnableHTTP2: c.EnableHTTP2 == nil || *c.EnableHTTP2,
	}, "source", options...)
	if err != nil {
		return nil, fmt.Errorf("building the HTTP transport: %w", err)
	}
	if c.Headers != nil && len(c.Headers.Headers) > 0 {
		rt = &headers{headers: c.Headers.Headers, next: rt}
	}
	return rt, nil
}

// pinCertificate replaces every check of the chain by one comparison.
func pinCertificate(conf *tls.Config, pin []byte) {
	// VerifyConnection below checks the one certificate that is allowed.
	conf.InsecureSkipVerify = true
	conf.VerifyConnection = func(state tls.ConnectionState) error {
		if len(state.PeerCertificates) == 0 {
			return errPin
		}
		sum := sha256.Sum256(state.PeerCertificates[0].Raw)
		if subtle.ConstantTimeCompare(sum[:], pin) != 1 {
			return pinError{state.PeerCertificates[0]}
		}
		return nil
	}
}
