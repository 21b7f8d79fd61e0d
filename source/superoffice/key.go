package superoffice

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"encoding/xml"
	"errors"
	"math/big"
	"strings"
	"time"

	"conversation_exporter/source/httpapi"
)

// errKey is what a text ends with that is no private key. It does not quote the text.
var errKey = errors.New("the private key is neither PEM nor the XML of an RSA key: take the file that SuperOffice delivers")

// These are what other texts end with that cannot sign.
var (
	errEncrypted = errors.New("the private key is encrypted: write it without a password, such as with openssl pkey, into a file that only the exporter may read")
	errNoKey     = errors.New("the PEM holds no private key: take the file that SuperOffice delivers, not its certificate or public key")
	errNotRSA    = errors.New("the private key is not that of RSA: take the file that SuperOffice delivers")
	errShortKey  = errors.New("the private key cannot sign: it is too short")
)

// CheckPrivateKey reports why a text cannot be the private key of a system user. A
// key may be read and yet be too short to sign, so it signs something.
func CheckPrivateKey(text httpapi.Secret) error {
	_, err := signToken(httpapi.NewSecret(""), text, time.Time{})
	return err
}

// signToken signs the token of a system user: token, minute and signature, with dots
// between them (vendor's page "Sign system user token").
func signToken(token, key httpapi.Secret, now time.Time) (string, error) {
	private, err := parseKey(key.Reveal())
	if err != nil {
		return "", err
	}
	text := token.Reveal() + "." + now.UTC().Format("200601021504")
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, private, crypto.SHA256, sum[:])
	if err != nil {
		return "", errShortKey
	}
	return text + "." + base64.StdEncoding.EncodeToString(signature), nil
}

// parseKey reads an RSA key: PEM, in either of its forms, or XML.
func parseKey(text string) (*rsa.PrivateKey, error) {
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "<") {
		return parseXML(text)
	}
	block, rest := pem.Decode([]byte(text))
	if block == nil {
		return nil, errKey
	}
	for !strings.HasSuffix(block.Type, "PRIVATE KEY") { // A certificate may come before it.
		if block, rest = pem.Decode(rest); block == nil {
			return nil, errNoKey
		}
	}
	if _, encrypted := block.Headers["DEK-Info"]; encrypted || strings.HasPrefix(block.Type, "ENCRYPTED") {
		return nil, errEncrypted
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	switch key, ok := parsed.(*rsa.PrivateKey); {
	case ok:
		return key, nil
	case err == nil, block.Type == "EC PRIVATE KEY":
		return nil, errNotRSA
	default:
		return nil, errKey
	}
}

// parseXML reads a key as .NET writes it, in which the vendor delivers it.
func parseXML(text string) (*rsa.PrivateKey, error) {
	var parts struct {
		XMLName  xml.Name `xml:"RSAKeyValue"`
		Modulus  string
		Exponent string
		P, Q, D  string
	}
	if err := xml.Unmarshal([]byte(text), &parts); err != nil {
		return nil, errKey
	}
	var numbers [5]*big.Int
	for i, part := range []string{parts.Modulus, parts.Exponent, parts.P, parts.Q, parts.D} {
		raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(part), ""))
		if err != nil || len(raw) == 0 {
			return nil, errKey
		}
		numbers[i] = new(big.Int).SetBytes(raw)
	}
	if !numbers[1].IsInt64() || numbers[1].Int64() > 1<<31-1 {
		return nil, errKey
	}
	key := &rsa.PrivateKey{
		PublicKey: rsa.PublicKey{N: numbers[0], E: int(numbers[1].Int64())},
		Primes:    []*big.Int{numbers[2], numbers[3]}, D: numbers[4],
	}
	if err := key.Validate(); err != nil {
		return nil, errKey
	}
	key.Precompute()
	return key, nil
}
