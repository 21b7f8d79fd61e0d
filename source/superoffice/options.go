package superoffice

import (
	"context"
	"net"
	"time"

	"conversation_exporter/source/httpapi"
)

// Environments of SuperOffice Cloud, each a host of its own.
const (
	// EnvironmentOnline is production, EnvironmentStage and EnvironmentDevelopment
	// are for trying things out.
	EnvironmentOnline      = "online"
	EnvironmentStage       = "qaonline"
	EnvironmentDevelopment = "sod"
)

// Options say how one SuperOffice is read. The zero value of a number means its
// default. Either URL or Online is set.
type Options struct {
	// URL is scheme, host and path of an installation of one's own.
	URL string
	// Authorization gives the value of the header by which such an installation is
	// signed in to, such as Basic or SOTicket with what follows; it is asked at each
	// sign-in.
	Authorization func() (httpapi.Secret, error)
	// Online is a tenant of SuperOffice Cloud.
	Online *Online
	// TimeZone is that of session dates without an offset. Where it is nil, dates are
	// asked for in UTC.
	TimeZone *time.Location
	// IdleTimeout is after how long of silence the system closes a session; 0 where
	// that is not known.
	IdleTimeout time.Duration
	// PageSize is how many sessions are asked for at once; 100 by default.
	PageSize int
	// MaxPages bounds the pages of one list; 1,000 by default.
	MaxPages int
	// Concurrency bounds the requests under way at once; 4 by default.
	Concurrency int
	// RequestsPerSecond bounds the rate of requests; 0 means no limit.
	RequestsPerSecond float64
	// Transport is how the system is reached.
	Transport httpapi.TransportConfig
	// Dial makes connections in place of the network's own way, for tests.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// UserAgent is sent with every request.
	UserAgent string
	// Clock drives token life, pauses and caches; the machine's by default.
	Clock httpapi.Clock
	// Jitter picks the wait before a retry, up to a bound; at random by default.
	Jitter func(bound time.Duration) time.Duration
	// Target is the name under which Metrics counts.
	Target string
	// Metrics counts the requests; nil means that nobody wants to know.
	Metrics *httpapi.Metrics
}

// Online says how a tenant of SuperOffice Cloud is signed in to: with a refresh
// token, or as its system user with SystemUserToken and PrivateKey. Each secret is
// asked for at each sign-in; those of the other way are nil.
type Online struct {
	// Environment is one of the environments.
	Environment string
	// Customer is the tenant's id, such as Cust12345.
	Customer string
	// ClientID and ClientSecret are the application's.
	ClientID     string
	ClientSecret func() (httpapi.Secret, error)
	// RefreshToken was issued once to a person who signed in.
	RefreshToken func() (httpapi.Secret, error)
	// RedirectURI is sent with the refresh token where it is set.
	RedirectURI string
	// SystemUserToken was issued once to the application, PrivateKey signs it; it is
	// PEM, or the XML in which the vendor delivers it.
	SystemUserToken, PrivateKey func() (httpapi.Secret, error)
}
