package config

import (
	"encoding/base64"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // time_zone must be known on machines without a list of zones too.

	promconfig "github.com/prometheus/common/config"

	"conversation_exporter/source/httpapi"
	"conversation_exporter/source/superoffice"
)

// superofficeBlock is how one SuperOffice is reached and signed in to: an
// installation at url, or a tenant of the cloud.
type superofficeBlock struct {
	URL           string                  `yaml:"url"`
	BasicAuth     *basicAuthBlock         `yaml:"basic_auth"`
	Authorization *authorizationBlock     `yaml:"authorization"`
	Online        *onlineBlock            `yaml:"online"`
	TimeZone      string                  `yaml:"time_zone"`
	IdleTimeout   time.Duration           `yaml:"idle_timeout"`
	Transport     httpapi.TransportConfig `yaml:",inline"`
}

// basicAuthBlock signs in with a user and a password.
type basicAuthBlock struct {
	Username     string         `yaml:"username"`
	Password     httpapi.Secret `yaml:"password"`
	PasswordFile string         `yaml:"password_file"`
}

// authorizationBlock signs in with the header Authorization.
type authorizationBlock struct {
	Type            string         `yaml:"type"`
	Credentials     httpapi.Secret `yaml:"credentials"`
	CredentialsFile string         `yaml:"credentials_file"`
}

// onlineBlock is a tenant of SuperOffice Cloud.
type onlineBlock struct {
	Environment         string         `yaml:"environment"`
	Customer            string         `yaml:"customer"`
	ClientID            string         `yaml:"client_id"`
	ClientSecret        httpapi.Secret `yaml:"client_secret"`
	ClientSecretFile    string         `yaml:"client_secret_file"`
	RefreshToken        httpapi.Secret `yaml:"refresh_token"`
	RefreshTokenFile    string         `yaml:"refresh_token_file"`
	RedirectURI         string         `yaml:"redirect_uri"`
	SystemUserToken     httpapi.Secret `yaml:"system_user_token"`
	SystemUserTokenFile string         `yaml:"system_user_token_file"`
	PrivateKeyFile      string         `yaml:"private_key_file"`
}

// setDefaults fills in what holds where the file is silent.
func (a *authorizationBlock) setDefaults() { a.Type = "SOTicket" }

// setDefaults fills in what holds where the file is silent.
func (o *onlineBlock) setDefaults() { o.Environment = superoffice.EnvironmentOnline }

// check implements system.
func (b *superofficeBlock) check(p place, c checks) {
	if p.has("online") {
		for _, key := range []string{"url", "basic_auth", "authorization"} {
			if p.has(key) {
				p.key(key).fail("stands beside online, which tells where SuperOffice is and how to sign in; keep only one of the two")
			}
		}
		if p.has("certificate_sha256") {
			p.key("certificate_sha256").fail("stands beside online, where the login and the tenant are different hosts, each with a certificate of its own; remove it, or set tls_config.ca_file if something in between shows its own")
		}
		if b.Online != nil {
			b.Online.check(p.key("online"), c.dir)
		}
	} else {
		b.checkOnsite(p, c.dir)
	}
	if p.has("time_zone") {
		if _, err := time.LoadLocation(b.TimeZone); err != nil || b.TimeZone == "" || b.TimeZone == "Local" {
			p.key("time_zone").fail("must be the name of a time zone, such as Europe/Oslo")
		}
	}
	const longest = 7 * 24 * time.Hour
	if p.has("idle_timeout") && (b.IdleTimeout <= 0 || b.IdleTimeout > longest) {
		p.key("idle_timeout").fail("must be above 0s and at most %.0fh", longest.Hours())
	}
	b.Transport.SetDirectory(c.dir)
	checkTransport(&b.Transport, p)
}

// checkOnsite notes what is wrong with the address of an installation, and how it is
// signed in to.
func (b *superofficeBlock) checkOnsite(p place, dir string) {
	checkRoot(b.URL, p.key("url"))
	basic, other := p.has("basic_auth"), p.has("authorization")
	switch {
	case basic && other:
		p.key("authorization").fail("stands beside basic_auth; keep only one of the two")
	case !basic && !other:
		p.add(nil, "basic_auth or authorization is missing; for SuperOffice Cloud, set online in place of url")
	}
	if a := b.BasicAuth; a != nil {
		at := p.key("basic_auth")
		if a.Username == "" || strings.Contains(a.Username, ":") || flawOf(a.Username) != "" {
			at.key("username").fail("is missing, or holds a colon, or white space or a control character that no name has")
		}
		a.PasswordFile = checkSecret(at, dir, "password", a.PasswordFile)
	}
	if a := b.Authorization; a != nil {
		at := p.key("authorization")
		switch {
		case strings.EqualFold(a.Type, "basic"):
			at.key("type").fail("must not be Basic; use basic_auth for that")
		case !regexp.MustCompile(`^[A-Za-z0-9-]{1,32}$`).MatchString(a.Type):
			at.key("type").fail("must be the word before the credentials in the header, such as SOTicket")
		}
		a.CredentialsFile = checkSecret(at, dir, "credentials", a.CredentialsFile)
	}
}

// check notes what is wrong with a tenant of the cloud.
func (o *onlineBlock) check(p place, dir string) {
	if all := []string{superoffice.EnvironmentOnline, superoffice.EnvironmentStage, superoffice.EnvironmentDevelopment}; !slices.Contains(all, o.Environment) {
		p.key("environment").fail("must be one of %s", strings.Join(all, ", "))
	}
	if !regexp.MustCompile(`^[A-Za-z0-9]{1,64}$`).MatchString(o.Customer) {
		p.key("customer").fail("must be the id of the tenant, such as Cust12345")
	}
	if o.ClientID == "" {
		p.key("client_id").fail("is missing; it is the Client ID of the application")
	}
	if flaw := flawOf(o.ClientID); flaw != "" {
		p.key("client_id").fail("the Client ID %s", flaw)
	}
	o.ClientSecretFile = checkSecret(p, dir, "client_secret", o.ClientSecretFile)
	if at, err := url.Parse(o.RedirectURI); p.has("redirect_uri") && (err != nil || at.Scheme == "" || flawOf(o.RedirectURI) != "") {
		p.key("redirect_uri").fail("must be the address with which the refresh token was issued, such as https://localhost/done")
	}
	refresh := p.has("refresh_token") || p.has("refresh_token_file")
	system := p.has("system_user_token") || p.has("system_user_token_file") || p.has("private_key_file")
	if system && !refresh && p.has("redirect_uri") {
		p.key("redirect_uri").fail("goes with a refresh token alone; remove it")
	}
	switch {
	case refresh && system:
		p.add(nil, "both refresh_token and the system user are set; keep only one of the two ways to sign in")
	case refresh:
		o.RefreshTokenFile = checkSecret(p, dir, "refresh_token", o.RefreshTokenFile)
	case system:
		o.SystemUserTokenFile = checkSecret(p, dir, "system_user_token", o.SystemUserTokenFile)
		o.checkKey(p, dir)
	default:
		p.add(nil, "refresh_token_file is missing, or system_user_token_file and private_key_file; one of the two ways to sign in is needed")
	}
}

// checkKey notes a file that holds no private key.
func (o *onlineBlock) checkKey(p place, dir string) {
	at := p.key("private_key_file")
	if o.PrivateKeyFile == "" {
		at.fail("is missing; put the private key in a file, PEM or the XML of SuperOffice, and name the file here")
		return
	}
	o.PrivateKeyFile = promconfig.JoinDir(dir, o.PrivateKeyFile)
	checkPath(o.PrivateKeyFile, at, func(path string) error {
		text, err := readSecret(path)
		if err != nil {
			return err
		}
		return superoffice.CheckPrivateKey(httpapi.NewSecret(text))
	})
}

// checkRoot notes what the address of an installation must not have.
func checkRoot(text string, p place) {
	if text == "" {
		p.fail("is missing; it is the address of the installation, such as https://crm.example.com/SuperOffice")
		return
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || (u.Scheme != "http" && u.Scheme != "https") || !validHost(u):
		p.fail("must be http:// or https://, a host and, if need be, a port and a path")
	case u.User != nil:
		p.fail("must have no user name or password; they belong in basic_auth")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		p.fail("must have no query and no fragment")
	case strings.HasSuffix(strings.ToLower(strings.TrimRight(u.Path, "/")), "/api/v1"), strings.HasSuffix(strings.ToLower(strings.TrimRight(u.Path, "/")), "/api"):
		p.fail("must end before /api, which the exporter adds itself")
	case strings.HasSuffix(strings.TrimRight(strings.ToLower(u.Hostname()), "."), ".superoffice.com"):
		p.fail("is an address of SuperOffice Cloud, where the host of a tenant changes; set online in place of it")
	}
}

// options is the block in the words of the source.
func (b *superofficeBlock) options(t Target, rt Runtime) superoffice.Options {
	o := superoffice.Options{
		URL:               b.URL,
		IdleTimeout:       b.IdleTimeout,
		PageSize:          t.PageSize,
		MaxPages:          t.MaxPages,
		Concurrency:       t.Concurrency,
		RequestsPerSecond: t.RequestsPerSecond,
		Transport:         b.Transport,
		UserAgent:         rt.UserAgent,
		Clock:             rt.Clock,
		Target:            t.Name,
		Metrics:           rt.Metrics,
	}
	if b.TimeZone != "" {
		o.TimeZone, _ = time.LoadLocation(b.TimeZone) // The check loaded it before.
	}
	switch {
	case b.Online != nil:
		o.Online = b.Online.options()
	case b.BasicAuth != nil:
		o.Authorization = b.BasicAuth.header()
	case b.Authorization != nil:
		o.Authorization = b.Authorization.header()
	}
	return o
}

// header gives the value of the header.
func (a *basicAuthBlock) header() func() (httpapi.Secret, error) {
	password, name := secretOf(a.Password, a.PasswordFile), a.Username
	return func() (httpapi.Secret, error) {
		secret, err := password()
		if err != nil {
			return secret, err
		}
		return httpapi.NewSecret("Basic " + base64.StdEncoding.EncodeToString([]byte(name+":"+secret.Reveal()))), nil
	}
}

// header gives the value of the header.
func (a *authorizationBlock) header() func() (httpapi.Secret, error) {
	credentials, word := secretOf(a.Credentials, a.CredentialsFile), a.Type
	return func() (httpapi.Secret, error) {
		secret, err := credentials()
		if err != nil {
			return secret, err
		}
		return httpapi.NewSecret(word + " " + secret.Reveal()), nil
	}
}

// options is the block in the words of the source.
func (o *onlineBlock) options() *superoffice.Online {
	online := &superoffice.Online{
		Environment: o.Environment, Customer: o.Customer, ClientID: o.ClientID, ClientSecret: secretOf(o.ClientSecret, o.ClientSecretFile),
	}
	if o.PrivateKeyFile == "" {
		online.RefreshToken, online.RedirectURI = secretOf(o.RefreshToken, o.RefreshTokenFile), o.RedirectURI
		return online
	}
	online.SystemUserToken = secretOf(o.SystemUserToken, o.SystemUserTokenFile)
	online.PrivateKey = fileKey(filepath.Clean(o.PrivateKeyFile))
	return online
}
