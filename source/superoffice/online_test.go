package superoffice

import (
	"cmp"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	promconfig "github.com/prometheus/common/config"

	"conversation_exporter/source/httpapi"
)

// cloud is SuperOffice Cloud: the host of an environment, and those of tenants, of
// which one is the right one.
type cloud struct {
	*stub
	// host is where the tenant lives now, api what the environment says of it.
	host, api string
	running   bool
	state     int
	// issued counts the sign-ins; token is what calls need, grant what the sign-in
	// answers with.
	issued int
	grant  func(w http.ResponseWriter, r *http.Request)
	key    *rsa.PrivateKey
	// vendor signs what the cloud issues, claims are what it says.
	vendor *rsa.PrivateKey
	claims map[string]any
	// publish is what the cloud publishes in place of the key of vendor.
	publish *rsa.PublicKey
	// left is what a host answers where the tenant is not; 0 for 421.
	left int
	ca   string
	tls  *httptest.Server
}

// certificate makes a certificate of a CA of its own for the hosts of the cloud.
func certificate(t *testing.T) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"*.superoffice.com", "evil.example.com"}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func newCloud(t *testing.T) *cloud {
	t.Helper()
	c := &cloud{stub: newStub(t), host: "online2.superoffice.com", api: "https://online2.superoffice.com/Cust12345/api", running: true}
	var err error
	c.key, err = rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	c.vendor, err = rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	c.claims = map[string]any{
		"http://schemes.superoffice.net/identity/ticket": "7T:" + canary, "http://schemes.superoffice.net/identity/ctx": "Cust12345",
		"iss": "https://online.superoffice.com", "exp": start().Add(time.Hour).Unix(),
	}
	cert, ca := certificate(t)
	c.ca = ca
	c.tls = httptest.NewUnstartedServer(c)
	c.tls.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	c.tls.StartTLS()
	t.Cleanup(c.tls.Close)
	return c
}

// online makes a Source that reads the tenant.
func (c *cloud) online(t *testing.T, change func(*Online)) *Source {
	t.Helper()
	return c.source(t, func(o *Options) {
		secret := func() (httpapi.Secret, error) { return httpapi.NewSecret("app-" + canary), nil }
		o.URL, o.Authorization = "", nil
		o.Online = &Online{Environment: EnvironmentOnline, Customer: "Cust12345", ClientID: "app", ClientSecret: secret}
		change(o.Online)
		o.Transport.TLS = promconfig.TLSConfig{CA: c.ca}
		o.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, c.tls.Listener.Addr().String())
		}
	})
}

func withRefreshToken(o *Online) {
	o.RefreshToken = func() (httpapi.Secret, error) { return httpapi.NewSecret("refresh-" + canary), nil }
}

func (c *cloud) withSystemUser(o *Online) {
	o.SystemUserToken = func() (httpapi.Secret, error) { return httpapi.NewSecret("App-" + canary), nil }
	o.PrivateKey = func() (httpapi.Secret, error) {
		return httpapi.NewSecret(string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(c.key)}))), nil
	}
}

// ServeHTTP implements http.Handler.
func (c *cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Host == "online.superoffice.com" {
		c.serveLogin(w, r)
		return
	}
	c.mu.Lock()
	host, left := c.host, c.left
	c.mu.Unlock()
	if r.Host != host {
		w.WriteHeader(cmp.Or(left, http.StatusMisdirectedRequest))
		return
	}
	r.URL.Path = strings.Replace(r.URL.Path, "/Cust12345/api/v1/", "/so/api/v1/", 1)
	c.stub.ServeHTTP(w, r)
}

// serveLogin answers as the host of the environment.
func (c *cloud) serveLogin(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests = append(c.requests, r.Method+" "+r.URL.Path)
	w.Header().Set("Date", c.clock.Now().UTC().Format(http.TimeFormat))
	w.Header().Set("Content-Type", "application/json")
	switch r.URL.Path {
	case "/api/state/Cust12345":
		if c.state != 0 {
			w.WriteHeader(c.state)
			return
		}
		fmt.Fprintf(w, `{"ContextIdentifier":"Cust12345","Endpoint":"x","State":"Suspended","IsRunning":%t,"ValidUntil":"%s","Api":"%s","Version":"Release_10.5"}`,
			c.running, c.clock.Now().Add(10*time.Minute).UTC().Format(time.RFC3339), c.api)
	case "/login/common/oauth/tokens", "/Login/api/PartnerSystemUser/Authenticate":
		c.issued++
		c.grant(w, r)
	case "/login/.well-known/openid-configuration":
		fmt.Fprint(w, `{"issuer":"https://online.superoffice.com","jwks_uri":"https://online.superoffice.com/login/.well-known/jwks","id_token_signing_alg_values_supported":["RS256"]}`)
	case "/login/.well-known/jwks":
		fmt.Fprintf(w, `{"keys":[{"kty":"RSA","use":"sig","kid":"k1","alg":"RS256","n":"%s","e":"AQAB"}]}`, base64.RawURLEncoding.EncodeToString(cmp.Or(c.publish, &c.vendor.PublicKey).N.Bytes()))
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// refresh grants access tokens that differ, to those who have the refresh token.
func (c *cloud) refresh(w http.ResponseWriter, r *http.Request) {
	if r.ParseForm() != nil || r.Form.Get("grant_type") != "refresh_token" || r.Form.Get("refresh_token") != "refresh-"+canary || r.Form.Get("client_secret") != "app-"+canary || r.URL.RawQuery != "" {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"error":"invalid_grant","error_description":"%s"}`, canary)
		return
	}
	token := fmt.Sprintf("8A:Cust12345.%s%d", canary, c.issued)
	c.authorization = "Bearer " + token
	fmt.Fprintf(w, `{"token_type":"Bearer","access_token":"%s","expires_in":3600,"id_token":"x"}`, token)
}

// The vendor lists redirect_uri for a refresh, the protocol does not: it is sent where it
// is configured.
func TestARefreshCarriesTheRedirectURIWhereItIsSet(t *testing.T) {
	for _, uri := range []string{"", "https://localhost/done?a=b&c"} {
		c := newCloud(t)
		c.grant = func(w http.ResponseWriter, r *http.Request) {
			c.refresh(w, r)
			if got, sent := r.PostForm.Get("redirect_uri"), r.PostForm.Has("redirect_uri"); got != uri || sent != (uri != "") {
				t.Errorf("redirect_uri is %q, want %q", got, uri)
			}
		}
		src := c.online(t, func(o *Online) { withRefreshToken(o); o.RedirectURI = uri })
		if _, _, err := src.OpenSessions(t.Context()); err != nil || c.issued != 1 {
			t.Errorf("%d sign-ins, error %v", c.issued, err)
		}
	}
}

// jwt signs claims.
func jwt(t *testing.T, key *rsa.PrivateKey, algorithm string, claims map[string]any) string {
	t.Helper()
	part := func(v any) string {
		text, err := json.Marshal(v)
		must(t, err)
		return base64.RawURLEncoding.EncodeToString(text)
	}
	text := part(map[string]any{"alg": algorithm, "kid": "k1", "typ": "JWT"}) + "." + part(claims)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	must(t, err)
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// systemUser grants tickets to those whose signature holds.
func (c *cloud) systemUser(t *testing.T, token func() string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) {
		var in map[string]string
		_ = json.NewDecoder(r.Body).Decode(&in)
		parts := strings.Split(in["SignedSystemToken"], ".")
		if len(parts) != 3 || in["ApplicationToken"] != "app-"+canary || in["ContextIdentifier"] != "Cust12345" || in["ReturnTokenType"] != "JWT" {
			t.Errorf("asked with %v", in)
			return
		}
		sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
		signature, _ := base64.StdEncoding.DecodeString(parts[2])
		good := rsa.VerifyPKCS1v15(&c.key.PublicKey, crypto.SHA256, sum[:], signature) == nil
		if !good || parts[0] != "App-"+canary || parts[1] != c.clock.Now().UTC().Format("200601021504") {
			fmt.Fprintf(w, `{"IsSuccessful":false,"Token":null,"ErrorMessage":"%s"}`, canary)
			return
		}
		c.authorization = "SOTicket 7T:" + canary
		fmt.Fprintf(w, `{"IsSuccessful":true,"Token":"%s"}`, token())
	}
}

func TestAJWTThatDoesNotHoldIsNotUsed(t *testing.T) {
	for name, token := range map[string]func(t *testing.T, c *cloud) string{
		"signed by another": func(t *testing.T, c *cloud) string { return jwt(t, c.key, "RS256", c.claims) },
		"not signed":        func(t *testing.T, c *cloud) string { return jwt(t, c.vendor, "none", c.claims) },
		"another algorithm": func(t *testing.T, c *cloud) string { return jwt(t, c.vendor, "HS256", c.claims) },
		"expired": func(t *testing.T, c *cloud) string {
			c.claims["exp"] = start().Add(-time.Hour).Unix()
			return jwt(t, c.vendor, "RS256", c.claims)
		},
		"another tenant's": func(t *testing.T, c *cloud) string {
			c.claims["http://schemes.superoffice.net/identity/ctx"] = "Cust99999"
			return jwt(t, c.vendor, "RS256", c.claims)
		},
		"no ticket": func(t *testing.T, c *cloud) string {
			delete(c.claims, "http://schemes.superoffice.net/identity/ticket")
			return jwt(t, c.vendor, "RS256", c.claims)
		},
		"no JWT": func(*testing.T, *cloud) string { return canary },
	} {
		t.Run(name, func(t *testing.T) {
			c := newCloud(t)
			c.grant = c.systemUser(t, func() string { return token(t, c) })
			_, _, err := c.online(t, c.withSystemUser).OpenSessions(t.Context())
			if err == nil || c.asked("GET MDOList") != 0 {
				t.Errorf("error %v, asked %v", err, c.requests)
			}
			noCanary(t, err)
		})
	}
}

func TestCredentialsGoNowhereBesideSuperOffice(t *testing.T) {
	for _, api := range []string{
		"http://online2.superoffice.com/Cust12345/api", "https://evil.example.com/api", "https://superoffice.com.evil.example.com/api",
		"https://evilsuperoffice.com/api", "https://user:pw@online2.superoffice.com/api", "https://online2.superoffice.com:8443/api", "https://.superoffice.com/api", "", "canary",
	} {
		c := newCloud(t)
		c.grant, c.api, c.host = c.refresh, api, "evil.example.com"
		_, _, err := c.online(t, withRefreshToken).OpenSessions(t.Context())
		if err == nil || len(c.headers) != 0 {
			t.Errorf("%s: error %v, called %v", api, err, c.headers)
		}
		noCanary(t, err)
	}
}

func TestThePrivateKeyIsReadInEachForm(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	number := func(n *big.Int) string { return base64.StdEncoding.EncodeToString(n.Bytes()) }
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	elliptical, err := x509.MarshalPKCS8PrivateKey(other)
	must(t, err)
	for name, row := range map[string]struct {
		text string
		good bool
	}{
		"PKCS #1": {string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})), true},
		"PKCS #8": {string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})), true},
		"XML": {fmt.Sprintf("\n<RSAKeyValue><Modulus>%s</Modulus>\n<Exponent>AQAB</Exponent><P>%s</P><Q>%s</Q><DP>x</DP><D>%s</D></RSAKeyValue>",
			number(key.N), number(key.Primes[0]), number(key.Primes[1]), number(key.D)), true},
		"XML of a public key": {"<RSAKeyValue><Modulus>" + number(key.N) + "</Modulus><Exponent>AQAB</Exponent></RSAKeyValue>", false},
		"XML that is none":    {"<html>canary</html>", false},
		"another kind":        {string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: elliptical})), false},
		"no key":              {canary, false},
	} {
		if err := CheckPrivateKey(httpapi.NewSecret(row.text)); (err == nil) != row.good {
			t.Errorf("%s: error %v", name, err)
		} else {
			noCanary(t, err)
		}
	}
}
