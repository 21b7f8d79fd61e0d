// Package superoffice serves the chats of a world in the dialect of the
// SuperOffice WebAPI, as the vendor's documentation describes it: on the premises
// or in the vendor's cloud. What the documentation leaves open is a switch.
package superoffice

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"conversation_exporter/simulator/world"
)

// Base is the path that the API of an installation on the premises is under in
// the examples. The server answers under any.
const Base = "/SuperOffice"

// The default credentials, marked as canaries.
const (
	DefaultUser         = "canary-monitor"
	DefaultPassword     = "canary-password"        // #nosec G101 -- made to be found when it leaks
	DefaultClientID     = "canary-application"     // of the cloud
	DefaultClientSecret = "canary-client-secret"   // #nosec G101 -- as above
	DefaultSystemUser   = "Canary App-canarysyst"  // the system user's token
	DefaultRefreshToken = "canary-refresh-token-1" // #nosec G101 -- as above
)

// What a tenant of the cloud is called by default.
const (
	DefaultEnvironment = "online"
	DefaultCustomer    = "Cust00001"
)

// domain is what all names of the cloud end in.
const domain = ".superoffice.com"

// Options are what a server starts with.
type Options struct {
	// Cloud makes it a tenant of the vendor's cloud, with the hosts, the tokens and
	// the sign-in of that; else it is an installation on the premises.
	Cloud bool
	// User and Password are for Basic, on the premises alone.
	User, Password string
	// Environment and Customer say which cloud and whose tenant.
	Environment, Customer string
	// ClientID and ClientSecret are the application's in the cloud.
	ClientID, ClientSecret string
	// SystemUser is the system user's token, RefreshToken the one of OAuth.
	SystemUser, RefreshToken string
	// Zone is the time zone of the server; the world's by default.
	Zone *time.Location
	// Switches say how the points are decided that the vendor leaves open.
	Switches Switches
	// Seed decides which requests a fault hits that hits a share of them.
	Seed uint64
}

// Server is the API of one installation or tenant. It is an http.Handler and may
// be changed while it serves.
type Server struct {
	world  *world.World
	desk   *world.Desk
	o      Options
	people *people
	routes []route
	tokens *tokens
	keys   *keys

	mu         sync.Mutex
	switches   Switches
	faults     []*injected
	injections uint64
	invented   int64 // how many rows were, that do not exist
	requests   map[string]int
	host       string // where the tenant is in the cloud
	notes      notes
}

// call is one request on its way through the server.
type call struct {
	*http.Request
	endpoint string
	route    *route
	id       string // the part of the path that is {id}
	base     string // the path before /api
	host     string // without its port, in small letters
	switches Switches
	now      time.Time // of the server's own clock
	query    url.Values
	content  []byte
}

// New makes a server over the chats of a world.
func New(w *world.World, o Options) *Server {
	for _, d := range [...]struct {
		field *string
		value string
	}{
		{&o.User, DefaultUser},
		{&o.Password, DefaultPassword},
		{&o.Environment, DefaultEnvironment},
		{&o.Customer, DefaultCustomer},
		{&o.ClientID, DefaultClientID},
		{&o.ClientSecret, DefaultClientSecret},
		{&o.SystemUser, DefaultSystemUser},
		{&o.RefreshToken, DefaultRefreshToken},
	} {
		if *d.field == "" {
			*d.field = d.value
		}
	}
	if o.Zone == nil {
		o.Zone = w.Zone()
	}
	s := &Server{
		world: w, desk: w.Desk(), o: o, people: newPeople(w.Agents()), tokens: newTokens(), keys: newKeys(),
		switches: o.Switches.clone(), requests: make(map[string]int), host: o.Environment + "2" + domain,
	}
	s.routes = s.allRoutes()
	return s
}

// ServeHTTP takes one request through all that may happen to it, in the order
// in which it happens: on the way, in the server, and on the way back.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := s.newCall(r)
	wait := c.switches.Latency
	if f, ok := s.fault(c, Latency); ok {
		wait += f.Wait
	}
	if !pause(r.Context(), wait) {
		return
	}
	// The clock is read once more: it went on while the answer was held back.
	c.now = s.world.Now().Add(c.switches.ClockSkew)
	if f, ok := s.fault(c, frontKinds()...); ok {
		c.obstruct(w, f)
		return
	}
	said := s.answer(c)
	answer := said.response()
	if f, ok := s.fault(c, backKinds()...); ok {
		c.spoil(r.Context(), w, f, answer)
		return
	}
	if said.told != nil {
		said.told()
	}
	c.send(w, answer)
}

// newCall counts the request and takes the switches as they are now.
func (s *Server) newCall(r *http.Request) *call {
	c := &call{Request: r, host: strings.ToLower(r.Host), query: make(url.Values)}
	if host, _, err := net.SplitHostPort(c.host); err == nil {
		c.host = host
	}
	// The body is read to its end, whatever becomes of the request: only then
	// does the server notice that a client leaves.
	const limit = 64 << 10
	c.content, _ = io.ReadAll(io.LimitReader(r.Body, limit)) // what is missing is found missing
	c.addQuery(r.URL.RawQuery)
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		c.addQuery(string(c.content))
	}
	s.find(c)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests[c.endpoint]++
	c.switches = s.switches.clone()
	return c
}

// addQuery takes parameters over by their names in small letters: case does not
// matter to the server.
func (c *call) addQuery(text string) {
	values, _ := url.ParseQuery(text) // what can be read of it
	for name, list := range values {
		name = strings.ToLower(name)
		c.query[name] = append(c.query[name], list...)
	}
}

// answer goes through the checks in the order in which the server makes them:
// which host, what for, who.
func (s *Server) answer(c *call) reply {
	if r, wrong := s.wrongHost(c); wrong {
		return r
	}
	if c.route == nil {
		return nothingThere(c)
	}
	if c.route.method(c.Method) == nil {
		return wrongMethod(c)
	}
	if c.route.login {
		if f, ok := s.fault(c, Refuse); ok {
			return refusal(f)
		}
		return c.route.method(c.Method)(c)
	}
	if s.o.Cloud && c.switches.down() {
		return reply{status: http.StatusServiceUnavailable, kind: typeHTML, text: "<html><body><h1>Maintenance</h1></body></html>\n"}
	}
	if !c.route.open && !s.authorized(c) {
		return s.askWho(c)
	}
	if f, ok := s.fault(c, Refuse); ok {
		return refusal(f)
	}
	return c.route.method(c.Method)(c)
}

// Requests tells how often an endpoint was asked for, such as
// "ChatSession/{id}/Messages", whatever came of it.
func (s *Server) Requests(endpoint string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests[endpoint]
}

// User and Password are what Basic accepts on the premises.
func (s *Server) User() string { return s.o.User }

// Password is the password of User.
func (s *Server) Password() string { return s.o.Password }

// Zone is the time zone of the server.
func (s *Server) Zone() *time.Location { return s.o.Zone }

// reply is what is answered. Without a kind it is the body in JSON.
type reply struct {
	status int
	reason string // the vendor's own reason phrase
	body   any
	kind   string
	text   string
	extra  http.Header
	// told notes what the answer shows.
	told func()
}

// ok answers a body.
func ok(body any, reason string) reply {
	return reply{status: http.StatusOK, body: body, reason: reason}
}

// response encodes a reply.
func (r reply) response() response {
	out := response{status: r.status, reason: r.reason, kind: r.kind, body: []byte(r.text), extra: r.extra}
	if r.kind != "" || r.status == http.StatusNoContent {
		return out
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(r.body); err != nil {
		return response{status: http.StatusInternalServerError, kind: typeText, body: []byte("the answer cannot be encoded\n")}
	}
	out.kind, out.body = typeJSON, bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	return out
}

// failed answers an error as the vendor does: a body that tells it once more.
func failed(status int, kind, reason, message string) reply {
	return reply{status: status, reason: reason, body: struct {
		Error        bool
		ErrorType    string
		ErrorMessage string
		ErrorSource  string
	}{true, kind, message, "SuperOffice.Services.Implementation"}}
}

// notFound says that there is no such thing.
func notFound(what, id string) reply {
	return failed(http.StatusNotFound, "SoNotFoundException", what+" Not Found", what+" id "+id+" not found")
}

// invalid says that the request is wrong.
func invalid(message string) reply {
	return failed(http.StatusBadRequest, "ArgumentException", "Bad Request", message)
}

// refusal answers what a fault says.
func refusal(f Fault) reply {
	status := f.status(http.StatusInternalServerError)
	return failed(status, "SoException", http.StatusText(status), "canary: this went wrong")
}

// framework is what the framework under the API answers by itself.
type framework struct {
	Message       string
	MessageDetail string `json:",omitempty"`
}

func nothingThere(c *call) reply {
	return reply{status: http.StatusNotFound, body: framework{"No HTTP resource was found that matches the request URI.", "No route is at " + c.URL.Path}}
}

func wrongMethod(c *call) reply {
	return reply{status: http.StatusMethodNotAllowed, body: framework{Message: "The requested resource does not support http method '" + c.Method + "'."}}
}
