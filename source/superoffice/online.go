package superoffice

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"conversation_exporter/source/httpapi"
)

const (
	// accessLife is how long an access token lives that does not tell it, renewBefore
	// how long before its end it is not used any more.
	accessLife  = time.Hour
	renewBefore = time.Minute
	// ticketLife is how long the ticket of a system user lives after each use.
	ticketLife = 6 * time.Hour
)

// recorder makes the calls of a library and remembers what the last one failed with:
// libraries put such errors into words, with what the server said among them.
type recorder struct {
	http.RoundTripper
	failed *httpapi.Error
}

// RoundTrip implements http.RoundTripper.
func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := r.RoundTripper.RoundTrip(req)
	r.failed = nil
	if errors.As(err, &r.failed); err == nil && strings.HasSuffix(req.URL.Path, pathOpenIDKeys) {
		if r.failed = boundKeys(resp); r.failed != nil {
			return nil, r.failed
		}
	}
	return resp, err
}

// library returns a client for one step of a library.
func library(client *httpapi.Client) (*http.Client, *recorder) {
	calls := client.Library()
	r := &recorder{RoundTripper: calls.Transport}
	calls.Transport = r
	return calls, r
}

// told gives the error of the client behind that of a library, else one of our words.
func (r *recorder) told(endpoint, text string) error {
	if r.failed != nil {
		return r.failed
	}
	return &httpapi.Error{Endpoint: endpoint, Reason: httpapi.ReasonDecode, Sent: true, Text: text}
}

// refreshScheme signs in with a refresh token (vendor's page "Authorization code
// flow"), which stays the same and lives until it is revoked.
type refreshScheme struct {
	client *httpapi.Client
	login  *url.URL
	online *Online
}

// secrets implements scheme.
func (r refreshScheme) secrets() (secrets, error) {
	return readSecrets(r.online.ClientSecret, r.online.RefreshToken)
}

// keys implements scheme.
func (refreshScheme) keys() string { return "online.client_id, its secret and the refresh token" }

// signIn implements scheme.
func (r refreshScheme) signIn(ctx context.Context, with secrets) (pass, error) {
	calls, recorded := library(r.client)
	if r.online.RedirectURI != "" {
		calls.Transport = redirected{calls.Transport, r.online.RedirectURI}
	}
	app := oauth2.Config{
		ClientID: r.online.ClientID, ClientSecret: with[0].Reveal(), Scopes: []string{oidc.ScopeOpenID},
		Endpoint: oauth2.Endpoint{TokenURL: r.login.JoinPath(pathToken).String(), AuthStyle: oauth2.AuthStyleInParams},
	}
	source := app.TokenSource(context.WithValue(ctx, oauth2.HTTPClient, calls), &oauth2.Token{RefreshToken: with[1].Reveal()})
	token, err := source.Token()
	var refused *oauth2.RetrieveError
	switch {
	case errors.As(err, &refused):
		// The answer's own words are not passed on. Only these words of the protocol
		// mean the credentials for sure.
		e := credentialsError{endpoint: pathToken, keys: r.keys()}
		switch code := refused.ErrorCode; {
		case code == "invalid_grant", code == "invalid_client", code == "unauthorized_client", refused.Response.StatusCode == http.StatusUnauthorized: //nolint:misspell // So it is spelt.
		default:
			e.text = fmt.Sprintf("the cloud does not give a token for this request (HTTP %d)", refused.Response.StatusCode)
		}
		return pass{}, e
	case refusedWith(recorded.told("", ""), http.StatusForbidden):
		return pass{}, credentialsError{pathToken, r.keys(), "the cloud does not give a token for this request (HTTP 403)"}
	case err != nil, !printable(token.AccessToken):
		return pass{}, remedied(recorded.told(pathToken, "the answer has no token that can be used"), true)
	}
	life := time.Duration(token.ExpiresIn) * time.Second
	if life <= 0 || life > 366*24*time.Hour {
		life = accessLife
	}
	return pass{
		header: map[string]httpapi.Secret{headerAuthorized: httpapi.NewSecret("Bearer " + token.AccessToken)},
		life:   life - min(renewBefore, life/4),
	}, nil
}

// printable reports whether a text can be the value of a header.
func printable(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' })
}

// redirected adds to the form of a request the parameter redirect_uri, which the vendor
// lists for a refresh and the protocol does not know there.
type redirected struct {
	http.RoundTripper
	uri string
}

// RoundTrip implements http.RoundTripper.
func (r redirected) RoundTrip(req *http.Request) (*http.Response, error) {
	added := req.Clone(req.Context())
	if err := added.ParseForm(); err != nil {
		return nil, fmt.Errorf("adding redirect_uri: %w", err)
	}
	added.PostForm.Set("redirect_uri", r.uri)
	form := added.PostForm.Encode()
	added.Body, added.GetBody, added.ContentLength = io.NopCloser(strings.NewReader(form)), nil, int64(len(form))
	return r.RoundTripper.RoundTrip(added)
}

// readSecrets reads the secrets of a scheme.
func readSecrets(read ...func() (httpapi.Secret, error)) (s secrets, err error) {
	for i := range read {
		if s[i], err = read[i](); err != nil {
			return s, err
		}
	}
	return s, nil
}

// systemUserScheme signs in as the system user of a tenant (vendor's page "System
// user flow"): the application signs its token, gets a JWT whose signature is
// verified, and takes the ticket from it.
type systemUserScheme struct {
	client *httpapi.Client
	login  *url.URL
	online *Online
	clock  httpapi.Clock
}

// secrets implements scheme.
func (u systemUserScheme) secrets() (secrets, error) {
	return readSecrets(u.online.ClientSecret, u.online.SystemUserToken, u.online.PrivateKey)
}

// keys implements scheme.
func (systemUserScheme) keys() string {
	return "online.client_secret, the system user token and the private key"
}

// systemUserAnswer is what the sign-in of a system user answers.
type systemUserAnswer struct {
	IsSuccessful scalar
	// The token is too long for a scalar.
	Token string
}

// signIn implements scheme.
func (u systemUserScheme) signIn(ctx context.Context, with secrets) (pass, error) {
	now := u.clock.Now()
	if skew, told := u.client.Skew(); told {
		now = now.Add(skew)
	}
	signed, err := signToken(with[1], with[2], now)
	if err != nil {
		return pass{}, err
	}
	var out systemUserAnswer
	_, err = u.client.Do(ctx, httpapi.Request{Method: http.MethodPost, Path: pathSystemUser, Base: u.login, Body: map[string]string{
		"SignedSystemToken": signed, "ApplicationToken": with[0].Reveal(), "ContextIdentifier": u.online.Customer, "ReturnTokenType": "JWT",
	}}, &out)
	switch successful, told := out.IsSuccessful.flag(); {
	case err == nil && !told:
		return pass{}, remedied(odd(pathSystemUser, "the answer does not tell whether it is a token").Err, true)
	case refusedWith(err, http.StatusBadRequest), refusedWith(err, http.StatusUnauthorized), refusedWith(err, http.StatusForbidden), err == nil && !successful:
		e := credentialsError{endpoint: pathSystemUser, keys: u.keys() + ", and that the tenant's administrator has approved the application"}
		if refusedWith(err, http.StatusBadRequest) {
			e.text = "the cloud does not give a ticket for this request (HTTP 400)"
		}
		return pass{}, e
	case err != nil:
		return pass{}, remedied(err, true)
	}
	ticket, err := u.ticketOf(ctx, out.Token, now)
	if err != nil {
		// What was issued is lost by that, whatever it is.
		return pass{}, pauseError{remedied(err, true)}
	}
	return pass{
		header: map[string]httpapi.Secret{headerAuthorized: httpapi.NewSecret("SOTicket " + ticket), headerAppToken: with[0]},
		life:   ticketLife, sliding: true,
	}, nil
}

// ticketOf verifies a JWT by the keys that the environment publishes, and takes the
// ticket from it. Whom it was issued for and by is not documented, so its tenant is
// what is compared.
func (u systemUserScheme) ticketOf(ctx context.Context, token string, now time.Time) (string, error) {
	calls, recorded := library(u.client)
	issuer := u.login.JoinPath("login").String()
	ctx = oidc.InsecureIssuerURLContext(oidc.ClientContext(ctx, calls), issuer)
	provider, err := oidc.NewProvider(ctx, issuer)
	if err != nil {
		return "", recorded.told(pathOpenID, "the answer is not the metadata of OpenID Connect")
	}
	verified, err := provider.VerifierContext(ctx, &oidc.Config{
		SkipClientIDCheck: true, SkipIssuerCheck: true, SupportedSigningAlgs: []string{oidc.RS256}, Now: func() time.Time { return now },
	}).Verify(ctx, token)
	if err != nil {
		return "", recorded.told(pathSystemUser, "the token's signature does not hold, or it has expired: check the clock of this machine, and whether a proxy is in between; nothing of the token is used")
	}
	var claims struct {
		Ticket string `json:"http://schemes.superoffice.net/identity/ticket"`
		Tenant string `json:"http://schemes.superoffice.net/identity/ctx"`
	}
	switch err := verified.Claims(&claims); {
	case err != nil || !printable(claims.Ticket):
		return "", recorded.told(pathSystemUser, "the token has no ticket that can be used: check that the system user token is one of this application")
	case claims.Tenant != "" && !strings.EqualFold(claims.Tenant, u.online.Customer):
		return "", recorded.told(pathSystemUser, "the token is another tenant's: check online.customer, and that the system user token is one of this tenant")
	}
	return claims.Ticket, nil
}
