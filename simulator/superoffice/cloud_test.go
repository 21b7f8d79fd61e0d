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
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// signedToken signs the system user's token as an application does.
func (c *crm) signedToken(at time.Time) string {
	c.t.Helper()
	text, err := c.server.PrivateKeyPEM()
	c.must(err)
	block, _ := pem.Decode(text)
	key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	c.must(err)
	message := c.server.SystemUser() + "." + at.UTC().Format("200601021504")
	sum := sha256.Sum256([]byte(message))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	c.must(err)
	return message + "." + base64.StdEncoding.EncodeToString(signature)
}

// signIn signs the system user in.
func (c *crm) signIn(app, customer, signed string) received {
	c.t.Helper()
	c.host = "online.superoffice.com"
	defer func() { c.host = c.server.Host() }()
	content, err := json.Marshal(map[string]string{
		"SignedSystemToken": signed, "ApplicationToken": app, "ContextIdentifier": customer, "ReturnTokenType": "JWT",
	})
	c.must(err)
	c.header.Set("Content-Type", "application/json")
	return c.send(http.MethodPost, "/Login/api/PartnerSystemUser/Authenticate", string(content))
}

// claimsOf reads a token and checks it against the vendor's list of keys.
func (c *crm) claimsOf(token string) (claims map[string]any, valid bool) {
	c.t.Helper()
	c.host = "online.superoffice.com"
	defer func() { c.host = c.server.Host() }()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		c.t.Fatalf("%d parts", len(parts))
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	c.must(err)
	c.must(json.Unmarshal(payload, &claims))
	var list struct{ Keys []map[string]string }
	c.must(json.Unmarshal([]byte(c.send(http.MethodGet, "/login/.well-known/jwks", "").text), &list))
	n, err := base64.RawURLEncoding.DecodeString(list.Keys[0]["n"])
	c.must(err)
	e, err := base64.RawURLEncoding.DecodeString(list.Keys[0]["e"])
	c.must(err)
	public := &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	c.must(err)
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	return claims, rsa.VerifyPKCS1v15(public, crypto.SHA256, sum[:], signature) == nil
}

func TestCloudSignInOfASystemUser(t *testing.T) {
	c := cloud(t)
	answer := c.signIn(DefaultClientSecret, DefaultCustomer, c.signedToken(c.world.Now())).object(t)
	token, _ := answer["Token"].(string)
	if !yes(answer["IsSuccessful"]) || token == "" {
		t.Fatalf("%v", answer)
	}
	claims, valid := c.claimsOf(token)
	ticket, _ := claims["http://schemes.superoffice.net/identity/ticket"].(string)
	if !valid || !strings.HasPrefix(ticket, "7T:") || claims["http://schemes.superoffice.net/identity/ctx"] != DefaultCustomer {
		t.Fatalf("valid: %t, %v", valid, claims)
	}
	if got := claims["http://schemes.superoffice.net/identity/webapi_url"]; got != "https://online2.superoffice.com/Cust00001/api/" {
		t.Errorf("webapi_url is %v", got)
	}
	c.header.Set("Authorization", "SOTicket "+ticket)
	if got := c.get("ChatSession").code; got != 401 {
		t.Errorf("a ticket without the application's secret: %d", got)
	}
	c.header.Set("SO-AppToken", DefaultClientSecret)
	if got := c.get("ChatSession").code; got != 200 {
		t.Errorf("a ticket with it: %d", got)
	}
	c.header.Set("Authorization", basic(DefaultUser, DefaultPassword))
	if got := c.get("ChatSession").code; got != 401 {
		t.Errorf("Basic: %d", got)
	}
	if c.server.SignIns() != 1 || c.server.Denied() != 0 || c.server.LiveTokens() != 1 {
		t.Errorf("%d sign-ins, %d denied, %d tokens", c.server.SignIns(), c.server.Denied(), c.server.LiveTokens())
	}
}

func TestCloudSignInIsRefused(t *testing.T) {
	c := cloud(t)
	good := c.signedToken(c.world.Now())
	for name, r := range map[string]struct{ app, customer, signed, want string }{
		"another application": {"x", DefaultCustomer, good, "application token"},
		"another tenant":      {DefaultClientSecret, "Cust99999", good, "context identifier"},
		"no signature":        {DefaultClientSecret, DefaultCustomer, DefaultSystemUser, "InvalidSignature"},
		"a wrong signature":   {DefaultClientSecret, DefaultCustomer, good[:len(good)-8] + "AAAAAAA=", "InvalidSignature"},
		"a clock too late":    {DefaultClientSecret, DefaultCustomer, c.signedToken(c.world.Now().Add(-7 * time.Minute)), "InvalidTimestamp"},
		"a clock too early":   {DefaultClientSecret, DefaultCustomer, c.signedToken(c.world.Now().Add(7 * time.Minute)), "InvalidTimestamp"},
	} {
		t.Run(name, func(t *testing.T) {
			answer := c.signIn(r.app, r.customer, r.signed).object(t)
			message, _ := answer["ErrorMessage"].(string)
			if !no(answer["IsSuccessful"]) || answer["Token"] != nil || !strings.Contains(message, r.want) {
				t.Errorf("%v", answer)
			}
		})
	}
	if c.server.SignIns() != 0 || c.server.Denied() != 6 {
		t.Errorf("%d sign-ins, %d denied", c.server.SignIns(), c.server.Denied())
	}
	c.server.Set(func(sw *Switches) { sw.SignInStatus = 401 })
	if got := c.signIn("x", DefaultCustomer, good).code; got != 401 {
		t.Errorf("with the switch: %d", got)
	}
	c.server.Set(func(sw *Switches) { sw.ConsentRevoked, sw.SignInStatus = true, 0 })
	if got := c.signIn(DefaultClientSecret, DefaultCustomer, good).object(t); !no(got["IsSuccessful"]) {
		t.Errorf("revoked: %v", got)
	}
}

func TestUnknown19ToleranceOfTheTimestamp(t *testing.T) {
	c := cloud(t)
	c.server.Set(func(sw *Switches) { sw.TimestampTolerance = time.Hour })
	answer := c.signIn(DefaultClientSecret, DefaultCustomer, c.signedToken(c.world.Now().Add(-50*time.Minute))).object(t)
	if !yes(answer["IsSuccessful"]) {
		t.Errorf("%v", answer)
	}
}

func TestCloudTokensThatMustNotBeTrusted(t *testing.T) {
	for name, set := range map[string]func(*Switches){
		"foreign":   func(sw *Switches) { sw.JWTForeignKey = true },
		"unsigned":  func(sw *Switches) { sw.JWTUnsigned = true },
		"no ticket": func(sw *Switches) { sw.JWTNoTicket = true },
	} {
		c := cloud(t)
		c.server.Set(set)
		token, _ := c.signIn(DefaultClientSecret, DefaultCustomer, c.signedToken(c.world.Now())).object(t)["Token"].(string)
		claims, valid := c.claimsOf(token)
		if _, has := claims["http://schemes.superoffice.net/identity/ticket"]; valid != (name == "no ticket") || has == (name == "no ticket") {
			t.Errorf("%s: valid %t, ticket %t", name, valid, has)
		}
	}
}

// refresh asks OAuth for an access token.
func (c *crm) refresh(query string, form url.Values) received {
	c.t.Helper()
	c.host = "online.superoffice.com"
	defer func() { c.host = c.server.Host() }()
	c.header.Set("Content-Type", "application/x-www-form-urlencoded")
	return c.send(http.MethodPost, "/login/common/oauth/tokens"+query, form.Encode())
}

func TestCloudRefreshesAccessTokens(t *testing.T) {
	c := cloud(t)
	values := url.Values{
		"grant_type": {"refresh_token"}, "client_id": {DefaultClientID}, "client_secret": {DefaultClientSecret},
		"refresh_token": {DefaultRefreshToken}, "redirect_uri": {"https://canary.invalid"},
	}
	answer := c.refresh("", values).object(t)
	token, _ := answer["access_token"].(string)
	_, again := answer["refresh_token"]
	if answer["token_type"] != "Bearer" || answer["expires_in"] != 3600.0 || answer["id_token"] == "" || again || !strings.HasPrefix(token, "8A:Cust00001.") {
		t.Fatalf("%v", answer)
	}
	if got := c.refresh("?"+values.Encode(), nil).code; got != 200 {
		t.Errorf("in the address: %d", got)
	}
	c.header.Set("Authorization", basic(DefaultClientID, DefaultClientSecret))
	if got := c.refresh("", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {DefaultRefreshToken}}).code; got != 200 {
		t.Errorf("with client_secret_basic: %d", got)
	}
	c.header.Set("Authorization", "Bearer "+token)
	for _, step := range []struct {
		after time.Duration
		want  int
	}{{3599 * time.Second, 200}, {time.Second, 401}} {
		c.world.Advance(step.after)
		if got := c.get("ChatSession").code; got != step.want {
			t.Errorf("after %s more: %d", step.after, got)
		}
	}
	c.header.Del("Authorization")
	for name, want := range map[string]string{"client_secret": "invalid_client", "refresh_token": "invalid_grant", "grant_type": "unsupported_grant_type"} {
		wrong := url.Values{}
		for k, v := range values {
			wrong[k] = v
		}
		wrong.Set(name, "x")
		if got := c.refresh("", wrong); got.code < 400 || !strings.Contains(got.text, want) {
			t.Errorf("a wrong %s: %d %s", name, got.code, got.text)
		}
	}
}

func TestCloudTellsWhereATenantIs(t *testing.T) {
	c := cloud(t)
	state := func() received {
		c.host = "online.superoffice.com"
		defer func() { c.host = c.server.Host() }()
		return c.send(http.MethodGet, "/api/state/Cust00001", "")
	}
	got := state().object(t)
	if got["Api"] != "https://online2.superoffice.com/Cust00001/api" || !yes(got["IsRunning"]) || got["State"] != "Running" || got["ValidUntil"] != "2026-02-02T08:05:00Z" {
		t.Errorf("%v", got)
	}
	c.header.Set("Authorization", "Bearer "+c.server.tokens.newAccess(DefaultCustomer, c.world.Now()))
	c.server.Move("online5.superoffice.com")
	c.host = "online2.superoffice.com"
	if got := c.get("ChatSession"); got.code != http.StatusMisdirectedRequest || got.text != "Wrong subdomain used to access tenant" {
		t.Errorf("the host before: %d %s", got.code, got.text)
	}
	c.host = "online.superoffice.com"
	if got := c.get("ChatSession"); got.code != http.StatusMisdirectedRequest {
		t.Errorf("the host of the sign-in: %d", got.code)
	}
	if got := state().object(t); got["Api"] != "https://online5.superoffice.com/Cust00001/api" {
		t.Errorf("%v", got)
	}
	if got := c.get("ChatSession").code; got != 200 {
		t.Errorf("the new host: %d", got)
	}
	c.root = "/Cust99999"
	if got := c.get("ChatSession").code; got != 404 {
		t.Errorf("another tenant: %d", got)
	}
	c.root = "/Cust00001"
	c.server.Set(func(sw *Switches) { sw.State, sw.StateHost = "OfflineMaintenance", "canary.invalid" })
	if got := c.get("ChatSession"); got.code != 503 || !strings.Contains(got.text, "<html>") {
		t.Errorf("in maintenance: %d %s", got.code, got.text)
	}
	if got := state().object(t); !no(got["IsRunning"]) || got["Endpoint"] != "https://canary.invalid/Cust00001" {
		t.Errorf("%v", got)
	}
}

func TestCloudDiscovery(t *testing.T) {
	c := cloud(t)
	c.host = "online.superoffice.com"
	got := c.send(http.MethodGet, "/login/.well-known/openid-configuration", "").object(t)
	if got["token_endpoint"] != "https://online.superoffice.com/login/common/oauth/tokens" || got["jwks_uri"] != "https://online.superoffice.com/login/.well-known/jwks" {
		t.Errorf("%v", got)
	}
}

func TestPrivateKeyInTheVendorsForm(t *testing.T) {
	c := cloud(t)
	text, err := c.server.PrivateKeyXML()
	c.must(err)
	for _, part := range []string{"<RSAKeyValue><Modulus>", "<Exponent>AQAB</Exponent>", "<InverseQ>", "<D>"} {
		if !strings.Contains(string(text), part) {
			t.Errorf("no %s", part)
		}
	}
}
