package superoffice

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"encoding/xml"
	"fmt"
	"math/big"
	"sync"
)

// keyBits is how long keys are.
const keyBits = 2048

// keys are made when they are first needed, each by itself: that takes a moment, and
// most tests need none.
type keys struct {
	// app is the application's, issuer the vendor's, by which it signs its tokens, and
	// foreign nobody's.
	app, issuer, foreign func() (*rsa.PrivateKey, error)
}

func newKeys() *keys {
	made := func() (*rsa.PrivateKey, error) {
		key, err := rsa.GenerateKey(rand.Reader, keyBits)
		if err != nil {
			return nil, fmt.Errorf("make a key: %w", err)
		}
		return key, nil
	}
	return &keys{app: sync.OnceValues(made), issuer: sync.OnceValues(made), foreign: sync.OnceValues(made)}
}

// PrivateKeyPEM is the application's private key, with which it signs the system
// user's token, in the form that it is mostly converted to.
func (s *Server) PrivateKeyPEM() ([]byte, error) {
	k, err := s.keys.app()
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(k)}), nil
}

// PrivateKeyXML is the same key in the form in which the vendor delivers it.
func (s *Server) PrivateKeyXML() ([]byte, error) {
	k, err := s.keys.app()
	if err != nil {
		return nil, err
	}
	text := func(n *big.Int) string { return base64.StdEncoding.EncodeToString(n.Bytes()) }
	out, err := xml.Marshal(struct {
		XMLName                                      xml.Name `xml:"RSAKeyValue"`
		Modulus, Exponent, P, Q, DP, DQ, InverseQ, D string
	}{
		Modulus: text(k.N), Exponent: text(big.NewInt(int64(k.E))), P: text(k.Primes[0]), Q: text(k.Primes[1]),
		DP: text(k.Precomputed.Dp), DQ: text(k.Precomputed.Dq), InverseQ: text(k.Precomputed.Qinv), D: text(k.D),
	})
	if err != nil {
		return nil, fmt.Errorf("write a key: %w", err)
	}
	return out, nil
}

// keyID names the vendor's key in its list.
const keyID = "canary-key-1"

// raw is the encoding of tokens.
func raw(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// jwt makes a signed token of claims.
func (k *keys) jwt(claims map[string]any, sw Switches) (string, error) {
	header := map[string]string{"typ": "JWT", "alg": "RS256", "kid": keyID}
	if sw.JWTUnsigned {
		header = map[string]string{"typ": "JWT", "alg": "none"}
	}
	first, err := json.Marshal(header)
	if err != nil {
		return "", fmt.Errorf("write a token: %w", err)
	}
	second, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("write a token: %w", err)
	}
	text := raw(first) + "." + raw(second)
	if sw.JWTUnsigned {
		return text + ".", nil
	}
	owner := k.issuer
	if sw.JWTForeignKey {
		owner = k.foreign
	}
	key, err := owner()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	return text + "." + raw(signature), nil
}

// signed tells whether the application signed a text.
func (k *keys) signed(text string, signature []byte) bool {
	app, err := k.app()
	if err != nil {
		return false
	}
	sum := sha256.Sum256([]byte(text))
	return rsa.VerifyPKCS1v15(&app.PublicKey, crypto.SHA256, sum[:], signature) == nil
}

// jwk is one key of the vendor's list.
type jwk struct {
	Kty string `json:"kty"`
	Use string `json:"use"`
	Alg string `json:"alg"`
	Kid string `json:"kid"`
	N   string `json:"n"`
	E   string `json:"e"`
}

func (k *keys) list() ([]jwk, error) {
	issuer, err := k.issuer()
	if err != nil {
		return nil, err
	}
	public := &issuer.PublicKey
	return []jwk{{Kty: "RSA", Use: "sig", Alg: "RS256", Kid: keyID, N: raw(public.N.Bytes()), E: raw(big.NewInt(int64(public.E)).Bytes())}}, nil
}
