package superoffice

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// The claims of the vendor's tokens begin with this.
const claims = "http://schemes.superoffice.net/identity/"

// The states of a tenant in which its API works.
const (
	stateRunning    = "Running"
	stateMaintained = "OnlineMaintenance"
)

// stateLife is how long the answer about a tenant's state may be kept, and
// defaultTolerance by how much a signed timestamp may be off. The vendor gives no
// figures.
const (
	stateLife        = 10 * time.Minute
	defaultTolerance = 5 * time.Minute
	jwtLife          = 5 * time.Minute
)

// loginHost is where one signs in to the cloud.
func (s *Server) loginHost() string { return s.o.Environment + domain }

// LoginURL is where one signs in to the cloud, and APIURL the API of the tenant;
// on the premises there are none.
func (s *Server) LoginURL() string { return "https://" + s.loginHost() }

// APIURL is the root of the tenant's API in the cloud, without the version.
func (s *Server) APIURL() string { return "https://" + s.Host() + "/" + s.o.Customer + "/api" }

// Host is where the tenant is at the moment.
func (s *Server) Host() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.host
}

// Move moves the tenant to another host of the cloud, such as
// "online5.superoffice.com". The one before answers 421 from then on.
func (s *Server) Move(host string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.host = strings.ToLower(host)
}

// SystemUser is the system user's token, Customer the tenant's name.
func (s *Server) SystemUser() string { return s.o.SystemUser }

// Customer is the name of the tenant.
func (s *Server) Customer() string { return s.o.Customer }

// ClientID is the application's id, and ClientSecret its secret.
func (s *Server) ClientID() string { return s.o.ClientID }

// ClientSecret is the application's secret, which is also its SO-AppToken.
func (s *Server) ClientSecret() string { return s.o.ClientSecret }

// RefreshToken is what OAuth gives access tokens for.
func (s *Server) RefreshToken() string { return s.o.RefreshToken }

// state tells where a tenant is, and how it is.
func (s *Server) state(c *call) reply {
	if !strings.EqualFold(c.id, s.o.Customer) {
		return notFound("Customer", c.id)
	}
	name, host := c.switches.State, c.switches.StateHost
	if name == "" {
		name = stateRunning
	}
	if host == "" {
		host = s.Host()
	}
	endpoint := "https://" + host + "/" + s.o.Customer
	return ok(struct {
		ContextIdentifier, Endpoint, State string
		IsRunning                          bool
		ValidUntil                         time.Time
		API                                string `json:"Api"`
		Version                            string
	}{
		s.o.Customer, endpoint, name, name == stateRunning || name == stateMaintained,
		c.now.Add(stateLife).UTC().Truncate(time.Second), endpoint + "/api", release,
	}, "")
}

// outcome is what a system user's sign-in answers.
type outcome struct {
	IsSuccessful bool
	Token        *string
	ErrorMessage *string
	ErrorCode    int
}

// The codes of a sign-in that failed, as far as the vendor tells them.
const (
	codeContext   = 3
	codeTimestamp = 6
	codeSignature = 7
	codeApp       = 2
)

// authenticate signs a system user in.
func (s *Server) authenticate(c *call) reply {
	var ask struct{ SignedSystemToken, ApplicationToken, ContextIdentifier, ReturnTokenType string }
	if json.Unmarshal(c.content, &ask) != nil {
		return reply{status: http.StatusBadRequest, body: framework{Message: "The request is invalid."}}
	}
	code, text := s.checkSystemUser(c, ask.ApplicationToken, ask.ContextIdentifier, ask.SignedSystemToken)
	if code != 0 {
		s.tokens.denied()
		status := c.switches.SignInStatus
		if status == 0 {
			status = http.StatusOK
		}
		return reply{status: status, body: outcome{ErrorMessage: &text, ErrorCode: code}}
	}
	token, err := s.keys.jwt(s.claims(c, s.tokens.newTicket(s.world.Now())), c.switches)
	if err != nil {
		return failed(http.StatusInternalServerError, "SoException", "", err.Error())
	}
	return ok(outcome{IsSuccessful: true, Token: &token}, "")
}

// checkSystemUser checks the application, the tenant and the signature.
func (s *Server) checkSystemUser(c *call, app, customer, signed string) (code int, text string) {
	token, stamp, signature, ok := cutSigned(signed)
	switch {
	case !same(app, s.o.ClientSecret):
		return codeApp, "The application token is not known"
	case !strings.EqualFold(customer, s.o.Customer):
		return codeContext, "The context identifier is not known"
	case !ok || token != s.o.SystemUser || c.switches.ConsentRevoked || !s.keys.signed(token+"."+stamp, signature):
		return codeSignature, "InvalidSignature"
	}
	at, err := time.Parse("200601021504", stamp)
	tolerance := c.switches.TimestampTolerance
	if tolerance == 0 {
		tolerance = defaultTolerance
	}
	// The minute of the stamp has up to 60 seconds.
	if late := c.now.Sub(at); err != nil || late > tolerance+time.Minute || late < -tolerance {
		return codeTimestamp, "InvalidTimestamp"
	}
	return 0, ""
}

// cutSigned takes a signed token apart from behind: the token itself may have dots.
func cutSigned(signed string) (token, stamp string, signature []byte, ok bool) {
	last := strings.LastIndexByte(signed, '.')
	if last < 0 {
		return "", "", nil, false
	}
	middle := strings.LastIndexByte(signed[:last], '.')
	if middle < 0 {
		return "", "", nil, false
	}
	signature, err := base64.StdEncoding.DecodeString(signed[last+1:])
	return signed[:middle], signed[middle+1 : last], signature, err == nil
}

// claims are what a token of the vendor says.
func (s *Server) claims(c *call, ticket string) map[string]any {
	out := map[string]any{
		"iss": s.LoginURL(), "aud": s.o.ClientID, "sub": "canary-system-user",
		"iat": c.now.Unix(), "nbf": c.now.Unix(), "exp": c.now.Add(jwtLife).Unix(),
		claims + "ctx": s.o.Customer, claims + "associateid": "1", claims + "webapi_url": s.APIURL() + "/",
		claims + "netserver_url": "https://" + s.Host() + "/" + s.o.Customer + "/Remote/Services88/",
		claims + "serial":        "1234567890", claims + "system_token": s.o.SystemUser,
	}
	if ticket != "" && !c.switches.JWTNoTicket {
		out[claims+"ticket"] = ticket
	}
	return out
}

// oauth gives a new access token for the refresh token. The values may also be in
// the address, as in the vendor's samples.
func (s *Server) oauth(c *call) reply {
	id, secret, basic := c.BasicAuth()
	if basic {
		id, _ = url.QueryUnescape(id)
		secret, _ = url.QueryUnescape(secret)
	} else {
		id, secret = c.query.Get("client_id"), c.query.Get("client_secret")
	}
	problem := func(status int, word string) reply {
		s.tokens.denied()
		return reply{status: status, body: map[string]string{"error": word}}
	}
	switch {
	case !same(id, s.o.ClientID) || !same(secret, s.o.ClientSecret):
		return problem(http.StatusUnauthorized, "invalid_client")
	case c.query.Get("grant_type") != "refresh_token":
		return problem(http.StatusBadRequest, "unsupported_grant_type")
	case c.switches.ConsentRevoked || !same(c.query.Get("refresh_token"), s.o.RefreshToken):
		return problem(http.StatusBadRequest, "invalid_grant")
	}
	token, err := s.keys.jwt(s.claims(c, ""), c.switches)
	if err != nil {
		return failed(http.StatusInternalServerError, "SoException", "", err.Error())
	}
	return ok(map[string]any{
		"token_type": "Bearer", "access_token": s.tokens.newAccess(s.o.Customer, s.world.Now()),
		"expires_in": int(accessLife / time.Second), "id_token": token,
	}, "")
}

// discovery tells where what is in the cloud's sign-in.
func (s *Server) discovery(*call) reply {
	root := s.LoginURL() + "/login"
	return ok(map[string]any{
		"issuer": s.LoginURL(), "authorization_endpoint": root + "/common/oauth/authorize",
		"token_endpoint": root + "/common/oauth/tokens", "jwks_uri": root + "/.well-known/jwks",
		"scopes_supported": []string{"openid"}, "response_types_supported": []string{"code", "id_token"},
		"grant_types_supported":                 []string{"implicit", "authorization_code", "refresh_token"},
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "client_secret_basic"},
		"id_token_signing_alg_values_supported": []string{"RS256"}, "subject_types_supported": []string{"public"},
	}, "")
}

func (s *Server) jwks(*call) reply {
	list, err := s.keys.list()
	if err != nil {
		return failed(http.StatusInternalServerError, "SoException", "", err.Error())
	}
	return ok(map[string]any{"keys": list}, "")
}
