package simulator

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"time"
)

// Certificate is what a simulator shows who speaks TLS with it. Its times are
// those of the real clock, by which clients judge it.
type Certificate struct {
	leaf  []byte // DER
	key   *ecdsa.PrivateKey
	caPEM []byte
}

// boxName is the common name in the certificates that PBXes come with. It is
// not the name of any host.
const boxName = "UCCPBX"

// validity is for how long, before and after the present, certificates hold.
const validity = 24 * time.Hour

// SelfSigned makes a certificate as the boxes have it: signed by itself, in the
// name UCCPBX, and for no host or address at all. Only a pin can check it.
func SelfSigned() (*Certificate, error) {
	now := time.Now()
	return newCertificate(&x509.Certificate{
		Subject: pkix.Name{CommonName: boxName}, NotBefore: now.Add(-validity), NotAfter: now.Add(validity),
	}, nil)
}

// Issued makes a certificate for the loopback addresses and localhost, issued by
// a CA of its own, which a client has to trust.
func Issued() (*Certificate, error) {
	now := time.Now()
	return issued(now.Add(-validity), now.Add(validity))
}

// Expired makes one that is like Issued, but has ended an hour ago.
func Expired() (*Certificate, error) {
	end := time.Now().Add(-time.Hour)
	return issued(end.Add(-validity), end)
}

// IssuedFor is like Issued, but for names, such as "*.superoffice.com": those of a
// cloud that a test plays on the loopback address.
func IssuedFor(names ...string) (*Certificate, error) {
	now := time.Now()
	return issued(now.Add(-validity), now.Add(validity), names...)
}

func issued(from, to time.Time, names ...string) (*Certificate, error) {
	now := time.Now()
	ca, err := newCertificate(&x509.Certificate{
		Subject: pkix.Name{CommonName: "Canary CA"}, NotBefore: now.Add(-3 * validity), NotAfter: now.Add(3 * validity),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, nil)
	if err != nil {
		return nil, err
	}
	return newCertificate(&x509.Certificate{
		Subject: pkix.Name{CommonName: "localhost"}, NotBefore: from, NotAfter: to,
		DNSNames: append([]string{"localhost"}, names...), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}, ca)
}

// newCertificate completes a template. Without an issuer it signs itself.
func newCertificate(template *x509.Certificate, issuer *Certificate) (*Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	if !template.IsCA {
		template.KeyUsage = x509.KeyUsageDigitalSignature
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	}
	c := &Certificate{key: key}
	parent, signer := template, key
	if issuer != nil {
		if parent, err = x509.ParseCertificate(issuer.leaf); err != nil {
			return nil, fmt.Errorf("read the issuer: %w", err)
		}
		signer = issuer.key
	}
	if c.leaf, err = x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer); err != nil {
		return nil, fmt.Errorf("sign a certificate: %w", err)
	}
	root := c.leaf
	if issuer != nil {
		root = issuer.leaf
	}
	c.caPEM = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root})
	return c, nil
}

// CAPEM is the certificate that a client has to trust for this one, in PEM: the
// CA's, or the certificate itself where it signs itself.
func (c *Certificate) CAPEM() []byte { return c.caPEM }

// SHA256 is the pin: the SHA-256 of the certificate, in hexadecimal digits.
func (c *Certificate) SHA256() string {
	sum := sha256.Sum256(c.leaf)
	return hex.EncodeToString(sum[:])
}

// ServerConfig is what a server needs to show the certificate. It offers
// HTTP/1.1 alone, because the faults of connections need one of their own.
func (c *Certificate) ServerConfig() *tls.Config {
	return &tls.Config{
		MinVersion:   tls.VersionTLS12,
		NextProtos:   []string{"http/1.1"},
		Certificates: []tls.Certificate{{Certificate: [][]byte{c.leaf}, PrivateKey: c.key}},
	}
}

// Transport gives a client's transport that trusts the certificate and takes every
// name for one address, where the servers of all those names are played.
func (c *Certificate) Transport(address string) *http.Transport {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(c.caPEM)
	return &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			var dialer net.Dialer
			return dialer.DialContext(ctx, network, address)
		},
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
	}
}
