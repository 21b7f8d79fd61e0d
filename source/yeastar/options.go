package yeastar

import (
	"time"

	"conversation_exporter/source/httpapi"
)

// Destinations that a session can be routed to through the PBX's API.
const (
	// DestinationAutomation means that what the API has is answered by a program.
	DestinationAutomation = "automation"
	// DestinationAgents means that people answer through the API.
	DestinationAgents = "agents"
)

// Options say how one PBX is read. The zero value of a number means its default.
type Options struct {
	// URL is scheme, host and port of the PBX.
	URL string
	// ClientID is the application's Client ID.
	ClientID string
	// Secret gives the application's Client Secret; it is asked at each sign-in.
	Secret func() (httpapi.Secret, error)
	// TokenFile is where the token outlives a crash; empty for nowhere.
	TokenFile string
	// OwnTokens leaves the tokens in TokenFile to the program whose file it is, and
	// the file as it is. Only the failed sign-ins in it count; those of this Source
	// are kept beside it.
	OwnTokens bool
	// Viewers are those whose sessions are listed.
	Viewers Viewers
	// APIDestination is DestinationAutomation or DestinationAgents.
	APIDestination string
	// SignIns remembers what was tried. Sources that share one count together; nil
	// means a memory of its own.
	SignIns *SignIns
	// PageSize is how many sessions are asked for at once; 100 by default.
	PageSize int
	// MaxPages bounds the pages of one viewer's list; 1,000 by default.
	MaxPages int
	// Concurrency bounds the requests under way at once; 4 by default.
	Concurrency int
	// RequestsPerSecond bounds the rate of requests; 0 means no limit.
	RequestsPerSecond float64
	// Transport is how the PBX is reached.
	Transport httpapi.TransportConfig
	// UserAgent is sent with every request; the PBX refuses an empty one.
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

// Viewers are the entities whose lists of sessions are read. A session is shown
// only to those concerned, so the union of the lists is what can be known.
type Viewers struct {
	// QueueMembers adds the members of every message queue.
	QueueMembers bool
	// API adds what the PBX routes to its API.
	API bool
	// Extensions adds extensions by number.
	Extensions []string
	// AllExtensions adds every extension of the PBX.
	AllExtensions bool
}
