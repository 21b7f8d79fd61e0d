package superoffice

import (
	"net/http"
	"strings"
)

// handler answers a request.
type handler func(*call) reply

// route is one endpoint: its path after the root in small letters, where {id}
// stands for any part, and who answers it.
type route struct {
	endpoint  string
	parts     []string
	get, post handler
	// open tells that no credentials are needed, login that it is one of those of
	// the cloud that stand before the tenants.
	open, login bool
}

func (r *route) method(name string) handler {
	switch name {
	case http.MethodGet:
		return r.get
	case http.MethodPost:
		return r.post
	default:
		return nil
	}
}

// unknown is the endpoint that requests to all other paths are counted under.
const unknown = "(unknown)"

func (s *Server) allRoutes() []route {
	routes := []route{
		{endpoint: "api", get: s.version, open: true},
		{endpoint: "ChatSession", get: s.listSessions},
		{endpoint: "ChatSession/{id}", get: s.getSession},
		{endpoint: "ChatSession/{id}/Messages", get: s.getMessages},
		{endpoint: "Archive/ChatSession", get: s.listSessions, post: s.listSessions},
		{endpoint: "Archive/ChatSession$metadata", get: s.metadata},
		{endpoint: "Archive/ChatSession/$metadata", get: s.metadata},
		{endpoint: "Archive/Dynamic", get: s.listDynamic, post: s.listDynamic},
		{endpoint: "MDOList/chatchannel", get: s.listChannels},
		{endpoint: "MDOList/chatsessionstatus", get: s.listStatuses},
		{endpoint: "MDOList/chatuser", get: s.listUsers},
		{endpoint: "MDOList/ejuser", get: s.listUsers},
		{endpoint: "ChatTopic/{id}", get: s.getTopic},
		{endpoint: "ChatTopic/{id}/IsOpen", get: s.isOpen},
		{endpoint: "Agents/Chat/GetChatPresence", get: describe, post: s.presence},
		{endpoint: "User/currentPrincipal", get: s.principal},
		{endpoint: "api/state/{customer}", get: s.state, open: true, login: true},
		{endpoint: "Login/api/PartnerSystemUser/Authenticate", post: s.authenticate, open: true, login: true},
		{endpoint: "login/common/oauth/tokens", post: s.oauth, open: true, login: true},
		{endpoint: "login/.well-known/openid-configuration", get: s.discovery, open: true, login: true},
		{endpoint: "login/.well-known/jwks", get: s.jwks, open: true, login: true},
	}
	for i := range routes {
		routes[i].parts = strings.Split(strings.ToLower(routes[i].endpoint), "/")
	}
	return routes
}

// find finds the endpoint of a request. Case does not matter, and the API may be
// under any path.
func (s *Server) find(c *call) {
	c.endpoint = unknown
	parts := strings.Split(strings.Trim(c.URL.Path, "/"), "/")
	lower := strings.Split(strings.ToLower(strings.Trim(c.URL.Path, "/")), "/")
	login := s.o.Cloud && c.host == s.loginHost()
	if !login {
		root := -1
		for i, part := range lower {
			if part == "api" && (i+1 == len(lower) || lower[i+1] == "v1") {
				root = i
				break
			}
		}
		if root < 0 {
			return
		}
		c.base = strings.Join(append([]string{""}, parts[:root]...), "/")
		if root+1 == len(lower) {
			parts, lower = parts[root:], lower[root:]
		} else {
			parts, lower = parts[root+2:], lower[root+2:]
		}
	}
	for i := range s.routes {
		if id, fits := s.routes[i].fits(parts, lower); fits && s.routes[i].login == login {
			c.route, c.endpoint, c.id = &s.routes[i], s.routes[i].endpoint, id
			return
		}
	}
}

func (r *route) fits(parts, lower []string) (id string, ok bool) {
	if len(lower) != len(r.parts) {
		return "", false
	}
	for i, part := range r.parts {
		switch {
		case strings.HasPrefix(part, "{"):
			id = parts[i]
		case part != lower[i]:
			return "", false
		}
	}
	return id, true
}

// wrongHost is what hosts of the cloud answer that the tenant is not on.
func (s *Server) wrongHost(c *call) (reply, bool) {
	if !s.o.Cloud || c.host == s.loginHost() && !strings.HasPrefix(strings.ToLower(c.URL.Path), "/"+strings.ToLower(s.o.Customer)+"/") {
		return reply{}, false
	}
	if c.host != s.Host() {
		return reply{
			status: http.StatusMisdirectedRequest, reason: "Misdirected Request", kind: typeText,
			text: "Wrong subdomain used to access tenant",
		}, true
	}
	if !strings.EqualFold(c.base, "/"+s.o.Customer) {
		return nothingThere(c), true
	}
	return reply{}, false
}

// describe is what the address of an agent's method shows to whoever only looks
// at it: the method is not run.
func describe(c *call) reply {
	return ok(map[string]string{"POST": "Runs " + c.endpoint}, "")
}
