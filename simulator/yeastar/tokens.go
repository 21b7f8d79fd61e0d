package yeastar

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"sync"
	"time"
)

// What the vendor's pages "Get Access Token" and "Refresh Access Token" say,
// and, for the block, what clients report.
const (
	accessLife   = 1800 * time.Second
	refreshLife  = 86400 * time.Second
	maxTokens    = 8
	maxBadLogins = 5
	blockTime    = 10 * time.Minute
)

// tokens are the sign-ins to the PBX.
type tokens struct {
	mu      sync.Mutex
	made    int
	grants  []grant
	logins  map[string][]time.Time // failed ones, by address
	blocked map[string]time.Time
}

// grant is one sign-in: a pair of tokens.
type grant struct {
	access, refresh       string
	accessEnd, refreshEnd time.Time
	calls                 int // with the access token, while they are limited
}

func newTokens() *tokens {
	return &tokens{logins: make(map[string][]time.Time), blocked: make(map[string]time.Time)}
}

// token makes the next one: 32 characters with a mark in front.
func (t *tokens) token() string {
	const mark = "canarytoken"
	t.made++
	sum := sha256.Sum256([]byte(strconv.Itoa(t.made)))
	return mark + hex.EncodeToString(sum[:])[:32-len(mark)]
}

func (t *tokens) newGrant(now time.Time) grant {
	return grant{
		access: t.token(), refresh: t.token(),
		accessEnd: now.Add(accessLife), refreshEnd: now.Add(refreshLife),
	}
}

// live counts the access tokens that are valid, and forgets dead sign-ins.
func (t *tokens) live(now time.Time) int {
	kept, count := t.grants[:0], 0
	for _, g := range t.grants {
		if now.Before(g.accessEnd) {
			count++
		}
		if now.Before(g.accessEnd) || now.Before(g.refreshEnd) {
			kept = append(kept, g)
		}
	}
	t.grants = kept
	return count
}

// valid tells whether an access token is accepted, and counts the call where a
// token bears only so many of them; 0 means any number.
func (t *tokens) valid(access string, now time.Time, calls int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range t.grants {
		g := &t.grants[i]
		if access == "" || g.access != access || !now.Before(g.accessEnd) {
			continue
		}
		if calls > 0 {
			g.calls++
			if g.calls > calls {
				g.accessEnd = now
				return false
			}
		}
		return true
	}
	return false
}

func (t *tokens) blockedUntil(address string, now time.Time) (time.Time, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	until, ok := t.blocked[address]
	if ok && !now.Before(until) {
		delete(t.blocked, address)
		return time.Time{}, false
	}
	return until, ok
}

// bad notes a failed login; the fifth within the time of a block starts one.
func (t *tokens) bad(address string, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	recent := []time.Time{now}
	for _, at := range t.logins[address] {
		if now.Sub(at) < blockTime {
			recent = append(recent, at)
		}
	}
	t.logins[address] = recent
	if len(recent) >= maxBadLogins {
		t.blocked[address] = now.Add(blockTime)
		delete(t.logins, address)
	}
}

// good makes a new sign-in, if there is room for one.
func (t *tokens) good(address string, now time.Time, sw Switches) (grant, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.logins, address)
	if sw.LoginKillsTokens {
		t.grants = nil
	}
	limit := maxTokens
	if sw.TokenLimit > 0 {
		limit = sw.TokenLimit
	}
	if t.live(now) >= limit {
		return grant{}, false
	}
	g := t.newGrant(now)
	t.grants = append(t.grants, g)
	return g, true
}

// renew replaces both tokens of a sign-in. It takes no room of its own.
func (t *tokens) renew(refresh string, now time.Time, keepOld bool) (grant, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, old := range t.grants {
		if refresh == "" || old.refresh != refresh || !now.Before(old.refreshEnd) {
			continue
		}
		g := t.newGrant(now)
		t.grants[i] = g
		if keepOld {
			t.grants = append(t.grants, grant{access: old.access, accessEnd: old.accessEnd})
		}
		return g, true
	}
	return grant{}, false
}

func (t *tokens) revoke(access string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, g := range t.grants {
		if g.access == access {
			t.grants = append(t.grants[:i], t.grants[i+1:]...)
			return
		}
	}
}

// LiveTokens tells how many access tokens are valid at this instant.
func (s *Server) LiveTokens() int {
	s.tokens.mu.Lock()
	defer s.tokens.mu.Unlock()
	return s.tokens.live(s.world.Now())
}

// RevokeTokens ends all sign-ins, as a new Client Secret does.
func (s *Server) RevokeTokens() {
	s.tokens.mu.Lock()
	defer s.tokens.mu.Unlock()
	s.tokens.grants = nil
}

func (s *Server) getToken(c *call) reply {
	var login struct {
		Username string `json:"username"`
		Password string `json:"password"`
	}
	if json.Unmarshal(c.content, &login) != nil {
		return failure(codeSyntax)
	}
	var missing []invalid
	if login.Username == "" {
		missing = append(missing, invalid{Field: "username", Validation: "required"})
	}
	if login.Password == "" {
		missing = append(missing, invalid{Field: "password", Validation: "required"})
	}
	if len(missing) > 0 {
		return invalidParams(missing)
	}
	same := subtle.ConstantTimeCompare([]byte(login.Username), []byte(s.id)) &
		subtle.ConstantTimeCompare([]byte(login.Password), []byte(s.secret))
	if same != 1 {
		s.tokens.bad(c.address, c.now)
		return failure(codeFailure).with("invalid_param_list", []invalid{{Field: "username or password", Value: "error"}})
	}
	g, ok := s.tokens.good(c.address, c.now, c.switches)
	if !ok {
		return failure(codeLimit)
	}
	return granted(g)
}

func (s *Server) refreshToken(c *call) reply {
	var body struct {
		Token string `json:"refresh_token"`
	}
	if json.Unmarshal(c.content, &body) != nil {
		return failure(codeSyntax)
	}
	if body.Token == "" {
		return invalidParams([]invalid{{Field: "refresh_token", Validation: "required"}})
	}
	g, ok := s.tokens.renew(body.Token, c.now, c.switches.RefreshKeepsToken)
	if !ok {
		return failure(codeTokenExpired)
	}
	return granted(g)
}

func granted(g grant) reply {
	return success().
		with("access_token", g.access).with("access_token_expire_time", int(accessLife/time.Second)).
		with("refresh_token", g.refresh).with("refresh_token_expire_time", int(refreshLife/time.Second))
}

func (s *Server) delToken(c *call) reply {
	s.tokens.revoke(c.token)
	return success()
}
