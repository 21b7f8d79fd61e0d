package httpapi

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"net"
	"time"
)

// Certificate is what is told of a certificate that was refused, so that a person
// can compare it, and pin it.
type Certificate struct {
	// SHA256 is its fingerprint, as certificate_sha256 takes it.
	SHA256 string
	// Names are hosts and addresses that it is for, a few at the most.
	Names []string
	// From and Until are when it is valid.
	From, Until time.Time
}

// mostNames bounds how many names are told of a certificate.
const mostNames = 3

// pinError is what a handshake ends with where the certificate is another one
// than the configured one.
type pinError struct{ shown *x509.Certificate }

// Error implements error.
func (pinError) Error() string { return errPin.Error() }

// Is makes it known as errPin.
func (pinError) Is(target error) bool { return target == errPin }

// refusedCertificate finds the certificate that a handshake failed for; nil where
// there is none, or where it was that of a proxy.
func refusedCertificate(err error) *Certificate {
	var (
		op     *net.OpError
		verify *tls.CertificateVerificationError
		pin    pinError
	)
	switch {
	case errors.As(err, &op) && op.Op == "proxyconnect":
		return nil
	case errors.As(err, &pin):
		return certificateOf(pin.shown)
	case errors.As(err, &verify) && len(verify.UnverifiedCertificates) > 0:
		return certificateOf(verify.UnverifiedCertificates[0])
	}
	return nil
}

// certificateOf takes from a certificate what may be shown. Whoever answers chooses the
// names in it, so only those that look like hosts are.
func certificateOf(cert *x509.Certificate) *Certificate {
	sum := sha256.Sum256(cert.Raw)
	c := &Certificate{SHA256: hex.EncodeToString(sum[:]), From: cert.NotBefore, Until: cert.NotAfter}
	for _, ip := range cert.IPAddresses {
		c.add(ip.String())
	}
	for _, name := range cert.DNSNames {
		c.add(name)
	}
	return c
}

func (c *Certificate) add(name string) {
	if len(c.Names) < mostNames && hostPattern(name) {
		c.Names = append(c.Names, name)
	}
}
