// Package yeastar serves a world in the dialect of the Yeastar P-Series API
// v1.0, as the vendor's developer guide describes it. What the guide leaves
// open is a switch.
package yeastar

import (
	"encoding/json"
	"net"
	"net/http"
	"slices"
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
}

// Server is the API of one PBX. It is an http.Handler and may be changed while
// it serves.
type Server struct {
	world    *world.World
	routes   map[string]route
	tokens   *tokens
	id       string
	secret   string
	started  time.Time
	mu       sync.Mutex
	switches Switches
	faults   []Fault
	requests map[string]int
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
		switches: o.Switches.clone(), requests: make(map[string]int),
	}
	s.routes = map[string]route{
		"get_token":              {method: http.MethodPost, open: true, answer: s.getToken},
		"refresh_token":          {method: http.MethodPost, open: true, answer: s.refreshToken},
		"del_token":              {method: http.MethodGet, answer: s.delToken},
		"message_session/list":   {method: http.MethodGet, answer: s.listSessions},
		"message_session/search": {method: http.MethodGet, answer: s.searchSessions},
		"message_queue/list":     {method: http.MethodGet, answer: s.listQueues},
		"message_queue/query":    {method: http.MethodGet, answer: s.queryQueues},
		"message_queue/get":      {method: http.MethodGet, answer: s.getQueue},
		"extension/list":         {method: http.MethodGet, answer: s.listExtensions},
		"system/information":     {method: http.MethodGet, answer: s.information},
	}
	return s
}

// ServeHTTP answers one request, with status 200 whatever it says.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := s.newCall(r)
	if !pause(r.Context(), c.switches.Latency) {
		return
	}
	// The clock is read once more: it went on while the answer was held back.
	c.now = s.world.Now()
	s.write(w, c, s.answer(c))
}

// newCall counts the request and takes the switches as they are now.
func (s *Server) newCall(r *http.Request) *call {
	c := &call{Request: r, endpoint: s.endpoint(r.URL.Path), address: r.RemoteAddr, params: newParams(r.URL.Query())}
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		c.address = host
	}
	c.token = c.params.values.Get("access_token")
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
	if !ok || to.method != c.Method {
		return failure(codeNoInterface)
	}
	if until, blocked := s.tokens.blockedUntil(c.address, c.now); blocked {
		return failure(codeIPBlocked).with("block_expire_time", until.Unix())
	}
	if !to.open && !s.tokens.valid(c.token, c.now) {
		return failure(codeTokenExpired)
	}
	if code, failing := s.fault(c); failing {
		return failure(code)
	}
	return to.answer(c)
}

// write sends the reply. Whatever spoils bodies or connections belongs here.
func (s *Server) write(w http.ResponseWriter, c *call, answer reply) {
	body, err := answer.encode(c.switches)
	if err != nil {
		body, _ = json.Marshal(failure(codeInternal).fields)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Date", c.now.UTC().Format(http.TimeFormat))
	if c.switches.CloseConnections {
		h.Set("Connection", "close")
	}
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(body) // a client that has gone is none of our business
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
