package httpapi

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestARefusedCertificateIsShown(t *testing.T) {
	a, stranger := newAuthority(t), newAuthority(t)
	for name, tc := range map[string]struct {
		cert     tls.Certificate
		settings TransportConfig
		names    []string
	}{
		"unknown authority": {stranger.sign(t, leaf{}), trusting(a), []string{"127.0.0.1"}},
		"wrong host":        {a.sign(t, leaf{host: "other.invalid"}), trusting(a), []string{"other.invalid"}},
		"no host at all":    {a.sign(t, leaf{host: "not a host"}), trusting(a), nil},
		"expired":           {a.sign(t, leaf{expired: true}), trusting(a), []string{"127.0.0.1"}},
		"wrong pin":         {selfSigned(t), TransportConfig{CertificateSHA256: strings.Repeat("0", 64)}, []string{"box.invalid"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newTLSServer(t, tc.cert, answer("{}"))
			e := asError(t, get(t.Context(), newClient(t, Config{BaseURL: s.URL, Transport: tc.settings})))
			parsed, err := x509.ParseCertificate(tc.cert.Certificate[0])
			if err != nil {
				t.Fatal(err)
			}
			c := e.Certificate
			if c == nil || c.SHA256 != fingerprint(tc.cert) || !slices.Equal(c.Names, tc.names) || !c.Until.Equal(parsed.NotAfter) || !c.From.Equal(parsed.NotBefore) {
				t.Errorf("certificate = %+v, want %s for %v", c, fingerprint(tc.cert), tc.names)
			}
		})
	}
}

func TestNoCertificateIsShownForOtherFailures(t *testing.T) {
	s := newServer(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	if e := asError(t, get(t.Context(), newClient(t, Config{BaseURL: s.URL}))); e.Certificate != nil {
		t.Errorf("certificate = %+v", e.Certificate)
	}
}
