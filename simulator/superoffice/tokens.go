package superoffice

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// How long what is issued lasts, as the vendor says: a ticket from its last use on.
const (
	accessLife = 3600 * time.Second
	ticketLife = 6 * time.Hour
)

// tokens are the sign-ins to the API.
type tokens struct {
	mu      sync.Mutex
	made    int
	access  map[string]time.Time // when they end
	tickets map[string]time.Time // when they were used last
	good    int
	bad     int
}

func newTokens() *tokens {
	return &tokens{access: make(map[string]time.Time), tickets: make(map[string]time.Time)}
}

// next makes a text that nobody guesses, with a mark in front.
func (t *tokens) next(mark string) string {
	t.made++
	sum := sha256.Sum256([]byte(mark + strconv.Itoa(t.made)))
	return mark + hex.EncodeToString(sum[:])[:32]
}

// newAccess issues an access token of a tenant.
func (t *tokens) newAccess(customer string, now time.Time) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	token := t.next("8A:" + customer + ".canarytoken")
	t.access[token] = now.Add(accessLife)
	t.good++
	return token
}

// newTicket issues a ticket.
func (t *tokens) newTicket(now time.Time) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	ticket := t.next("7T:canaryticket")
	t.tickets[ticket] = now
	t.good++
	return ticket
}

// denied counts a sign-in that failed.
func (t *tokens) denied() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.bad++
}

func (t *tokens) hasAccess(token string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return now.Before(t.access[token])
}

// hasTicket tells whether a ticket is valid, which then lasts longer.
func (t *tokens) hasTicket(ticket string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	used, ok := t.tickets[ticket]
	if !ok || now.Sub(used) >= ticketLife {
		delete(t.tickets, ticket)
		return false
	}
	t.tickets[ticket] = now
	return true
}

// SignIns is how many access tokens and tickets were ever issued.
func (s *Server) SignIns() int {
	s.tokens.mu.Lock()
	defer s.tokens.mu.Unlock()
	return s.tokens.good
}

// Denied is how many sign-ins failed, requests with a wrong password among them.
func (s *Server) Denied() int {
	s.tokens.mu.Lock()
	defer s.tokens.mu.Unlock()
	return s.tokens.bad
}

// LiveTokens tells how many access tokens and tickets are valid at this instant.
func (s *Server) LiveTokens() int {
	s.tokens.mu.Lock()
	defer s.tokens.mu.Unlock()
	now, n := s.world.Now(), 0
	for _, end := range s.tokens.access {
		if now.Before(end) {
			n++
		}
	}
	for _, used := range s.tokens.tickets {
		if now.Sub(used) < ticketLife {
			n++
		}
	}
	return n
}

// RevokeTokens ends all access tokens and tickets.
func (s *Server) RevokeTokens() {
	s.tokens.mu.Lock()
	defer s.tokens.mu.Unlock()
	clear(s.tokens.access)
	clear(s.tokens.tickets)
}

// Ticket issues a ticket, as a login to the CRM does, for "Authorization: SOTicket".
func (s *Server) Ticket() string { return s.tokens.newTicket(s.world.Now()) }

// authorized checks the credentials of a request. Basic is for the premises alone,
// Bearer for the cloud alone, and there a ticket needs the application's secret.
func (s *Server) authorized(c *call) bool {
	scheme, value, _ := strings.Cut(c.Header.Get("Authorization"), " ")
	now := s.world.Now()
	switch strings.ToLower(scheme) {
	case "basic":
		if s.o.Cloud {
			return false
		}
		given, err := base64.StdEncoding.DecodeString(value)
		if err != nil || !same(string(given), s.o.User+":"+s.o.Password) {
			s.tokens.denied()
			return false
		}
		return true
	case "soticket":
		return (!s.o.Cloud || same(c.Header.Get("SO-AppToken"), s.o.ClientSecret)) && s.tokens.hasTicket(value, now)
	case "bearer":
		return s.o.Cloud && s.tokens.hasAccess(value, now)
	default:
		return false
	}
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// askWho asks for credentials.
func (s *Server) askWho(c *call) reply {
	r := failed(http.StatusUnauthorized, "SoSecurityException", http.StatusText(http.StatusUnauthorized), "Authentication failed")
	if c.switches.BareUnauthorized {
		r = reply{status: http.StatusUnauthorized, kind: typeText}
	}
	if !s.o.Cloud {
		r.extra = http.Header{"Www-Authenticate": {`Basic realm="SuperOffice"`}}
	}
	return r
}
