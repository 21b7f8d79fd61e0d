package superoffice

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"testing"

	"conversation_exporter/source/httpapi"
)

// What the configuration accepts must be able to sign, and what it refuses is told
// as what it is.
func TestAPrivateKeyIsToldWhatItIs(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	t.Setenv("GODEBUG", "rsa1024min=0") // Else no such key can be made.
	short, err := rsa.GenerateKey(rand.Reader, 512)
	must(t, err)
	t.Setenv("GODEBUG", "")
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	ec, err := x509.MarshalECPrivateKey(curve)
	must(t, err)
	_, cert := certificate(t)
	block := func(name string, headers map[string]string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: name, Headers: headers, Bytes: der}))
	}
	der := x509.MarshalPKCS1PrivateKey(key)
	plain := block("RSA PRIVATE KEY", nil, der)
	for name, row := range map[string]struct {
		text string
		want error
	}{
		"behind a certificate":      {cert + plain, nil},
		"before a certificate":      {plain + cert, nil},
		"a certificate alone":       {cert, errNoKey},
		"too short":                 {block("RSA PRIVATE KEY", nil, x509.MarshalPKCS1PrivateKey(short)), errShortKey},
		"encrypted":                 {block("ENCRYPTED PRIVATE KEY", nil, der), errEncrypted},
		"encrypted in the old way":  {block("RSA PRIVATE KEY", map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-256-CBC,00"}, der), errEncrypted},
		"of an elliptic curve":      {block("EC PRIVATE KEY", nil, ec), errNotRSA},
		"PEM of something else yet": {block("PRIVATE KEY", nil, []byte(canary)), errKey},
	} {
		if err := CheckPrivateKey(httpapi.NewSecret(row.text)); !errors.Is(err, row.want) {
			t.Errorf("%s: error %v, want %v", name, err, row.want)
		}
	}
}
