// Package yeastar serves a world in the dialect of the Yeastar P-Series API
// v1.0, as the vendor's developer guide describes it. What the guide leaves
// open is a switch.
package yeastar

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"conversation_exporter/simulator/world"
)

// Root is the path that all endpoints are under.
const Root = "/openapi/v1.0/"

// The default credentials, marked as canaries.
const (
	DefaultClientID     = "canary-client"
	DefaultClientSecret = "canary-secret" // #nosec G101 -- made to be found when it leaks
)

// Options are what a server starts with.
type Options struct {
	// ClientID is the application's id; DefaultClientID by default.
	ClientID string
	// ClientSecret is the application's secret; DefaultClientSecret by default.
	ClientSecret string
	// Switches say how the points are decided that the vendor leaves open.
	Switches Switches
	// Seed decides which requests a fault hits that hits a share of them.
	Seed uint64
	// Forgetful keeps no note of what was shown, which Expect needs: for worlds
	// that are too large, or run too long, to be compared with anything.
	Forgetful bool
}

// Server is the API of one PBX. It is an http.Handler and may be changed while
// it serves.
type Server struct {
	world   *world.World
	routes  map[string]route
	tokens  *tokens
	id      string
	secret  string
	started time.Time
	seed    uint64
	notes   *notes // nil in a forgetful server

	mu         sync.Mutex
	switches   Switches
	faults     []*injected
	injections uint64
	served     map[string]bool // connections, while the next request drops them
	requests   map[string]int
}

// route is one endpoint: its method, whether it needs a token, what it answers.
type route struct {
	method string
	open   bool
	answer func(*call) reply
}

// call is one request on its way through the server.
type call struct {
	*http.Request
	endpoint string
	address  string // of the client, without its port
	switches Switches
	now      time.Time
	params   params
	token    string
	content  []byte
	// shown notes what the answer shows, once it is sure to go out whole.
	shown func()
}

// New makes a server over a world.
func New(w *world.World, o Options) *Server {
	if o.ClientID == "" {
		o.ClientID = DefaultClientID
	}
	if o.ClientSecret == "" {
		o.ClientSecret = DefaultClientSecret
	}
	s := &Server{
		world: w, tokens: newTokens(), id: o.ClientID, secret: o.ClientSecret, started: w.Now(),
		switches: o.Switches.clone(), requests: make(map[string]int), seed: o.Seed,
	}
	if !o.Forgetful {
		s.notes = newNotes()
	}
	s.routes = map[string]route{
		"get_token":              {method: http.MethodPost, open: true, answer: s.getToken},
		"refresh_token":          {method: http.MethodPost, open: true, answer: s.refreshToken},
		"del_token":              {method: http.MethodGet, answer: s.delToken},
		"message_session/list":   {method: http.MethodGet, answer: s.listSessions},
		"message_session/search": {method: http.MethodGet, answer: s.searchSessions},
		"message_session/get":    {method: http.MethodGet, answer: s.getSession},
		"message_session/query":  {method: http.MethodGet, answer: s.querySessions},
		"message/get":            {method: http.MethodGet, answer: s.getMessages},
		"message/query":          {method: http.MethodGet, answer: s.queryMessages},
		"message_queue/list":     {method: http.MethodGet, answer: s.listQueues},
		"message_queue/query":    {method: http.MethodGet, answer: s.queryQueues},
		"message_queue/get":      {method: http.MethodGet, answer: s.getQueue},
		"message_channel/list":   {method: http.MethodGet, answer: s.listChannels},
		"extension/list":         {method: http.MethodGet, answer: s.listExtensions},
		"system/information":     {method: http.MethodGet, answer: s.information},
	}
	return s
}

// ServeHTTP takes one request through all that may happen to it, in the order
// in which it happens: on the way, in the PBX, and on the way back.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := s.newCall(r)
	if s.dropped(w, c) {
		return
	}
	wait := c.switches.Latency
	if f, ok := s.fault(c, Latency); ok {
		wait += f.Wait
	}
	if !pause(r.Context(), wait) {
		return
	}
	// The clock is read once more: it went on while the answer was held back.
	c.now = s.world.Now()
	if f, ok := s.fault(c, frontKinds()...); ok {
		c.obstruct(w, f)
		return
	}
	body := c.encode(s.answer(c))
	if f, ok := s.fault(c, backKinds()...); ok {
		c.spoil(r.Context(), w, f, body)
		return
	}
	if c.shown != nil {
		c.shown()
	}
	// The status is 200 whatever the answer says.
	c.send(w, response{status: http.StatusOK, kind: typeJSON, body: body})
}

// Ignore takes a request that gets no answer, as if the server fell silent.
func (s *Server) Ignore(r *http.Request) { s.newCall(r) }

// newCall counts the request, notes what it asks for, and takes the switches as they
// are now.
func (s *Server) newCall(r *http.Request) *call {
	c := &call{Request: r, endpoint: s.endpoint(r.URL.Path), address: r.RemoteAddr, params: newParams(r.URL.Query())}
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		c.address = host
	}
	c.token = c.params.values.Get("access_token")
	// The body is read to its end, whatever becomes of the request: only then
	// does the server notice that a client leaves.
	const limit = 64 << 10
	c.content, _ = io.ReadAll(io.LimitReader(r.Body, limit)) // what is missing is found missing
	if s.notes != nil {
		s.notes.asks(c, s.world.Now())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests[c.endpoint]++
	c.switches = s.switches.clone()
	return c
}

// unknown is the endpoint that requests to all other paths are counted under.
const unknown = "(unknown)"

func (s *Server) endpoint(path string) string {
	if len(path) > len(Root) && path[:len(Root)] == Root {
		if _, ok := s.routes[path[len(Root):]]; ok {
			return path[len(Root):]
		}
	}
	return unknown
}

// answer goes through the checks in the order in which the PBX makes them: who
// calls, how, what for, with which token.
func (s *Server) answer(c *call) reply {
	if list := c.switches.AllowedIPs; len(list) > 0 && !slices.Contains(list, c.address) {
		return failure(codeIPForbidden)
	}
	if c.UserAgent() == "" {
		return failure(codeParameter)
	}
	to, ok := s.routes[c.endpoint]
	if !ok || to.method != c.Method || c.tooOld() {
		return failure(codeNoInterface)
	}
	if until, blocked := s.tokens.blockedUntil(c.address, c.now); blocked {
		return failure(codeIPBlocked).with("block_expire_time", until.Add(c.switches.ClockSkew).Unix())
	}
	if !to.open && !s.tokens.valid(c.token, c.now, c.switches.TokenCalls) {
		return failure(codeTokenExpired)
	}
	if f, ok := s.fault(c, Refuse); ok {
		return failure(f.Code)
	}
	return to.answer(c)
}

// tooOld tells whether the firmware that the switches pretend does not know the
// endpoint yet.
func (c *call) tooOld() bool {
	return c.switches.OldFirmware && strings.HasPrefix(c.endpoint, "message") ||
		c.switches.MessagesUnsupported && strings.HasPrefix(c.endpoint, "message/")
}

// encode gives the body of an answer.
func (c *call) encode(answer reply) []byte {
	body, err := answer.encode(c.switches)
	if err != nil {
		body, _ = json.Marshal(failure(codeInternal).fields)
	}
	return body
}

// Requests tells how often an endpoint was asked for, such as
// "message_session/search", whatever came of it.
func (s *Server) Requests(endpoint string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests[endpoint]
}

// ClientID is the application's id that get_token accepts.
func (s *Server) ClientID() string { return s.id }

// ClientSecret is the application's secret that get_token accepts.
func (s *Server) ClientSecret() string { return s.secret }
