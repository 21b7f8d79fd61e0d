package superoffice

import (
	"context"
	"encoding/base64"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"conversation_exporter/conversation"
)

// answers grants what a text says.
func answers(status int, text string) func(*testing.T, *cloud) {
	return func(_ *testing.T, c *cloud) {
		c.grant = func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			fmt.Fprint(w, text)
		}
	}
}

// claiming grants tokens of the system user with other claims.
func claiming(change func(map[string]any)) func(*testing.T, *cloud) {
	return func(t *testing.T, c *cloud) {
		change(c.claims)
		c.grant = c.systemUser(t, func() string { return jwt(t, c.vendor, "RS256", c.claims) })
	}
}

// Whatever the cloud answers to a sign-in that does not lead to a call, five of them
// in ten minutes would be too many, and a refusal is tried once (design, section 8).
func TestASignInThatDoesNotSucceedIsNotTriedFiveTimesInTenMinutes(t *testing.T) {
	const tenantClaim = "http://schemes.superoffice.net/identity/ctx"
	for name, row := range map[string]struct {
		system bool
		set    func(*testing.T, *cloud)
		most   int
		told   string
	}{
		"403":                 {false, answers(403, ""), 1, "does not give a token for this request (HTTP 403): check online.client_id"},
		"400 invalid_request": {false, answers(400, `{"error":"invalid_request"}`), 1, "does not give a token for this request (HTTP 400): check online.client_id"},
		"400, a page":         {false, answers(400, "<html>"), 1, "does not give a token for this request (HTTP 400): check online.client_id"},
		"a newline":           {false, answers(200, `{"token_type":"Bearer","access_token":"canary\nx","expires_in":3600}`), 4, "no token that can be used: check online.environment"},
		"no token":            {false, answers(200, `{}`), 4, "no token that can be used: check online.environment"},
		"404":                 {false, answers(404, ""), 4, "check online.environment"},
		"system user, 400":    {true, answers(400, ""), 1, "does not give a ticket for this request (HTTP 400): check online.client_secret"},
		"null":                {true, answers(200, `{"IsSuccessful":true,"Token":null}`), 4, "signature does not hold"},
		"a foreign key": {true, func(t *testing.T, c *cloud) {
			c.grant = c.systemUser(t, func() string { return jwt(t, c.key, "RS256", c.claims) })
		}, 4, "check the clock of this machine"},
		"no end": {true, claiming(func(m map[string]any) { delete(m, "exp") }), 4, "check the clock of this machine"},
		"another tenant": {
			true, claiming(func(m map[string]any) { m[tenantClaim] = "Cust99999" }), 4,
			"another tenant's: check online.customer, and that the system user token is one of this tenant",
		},
		"the wrong host for ever": {
			false, func(_ *testing.T, c *cloud) { c.grant, c.host = c.refresh, "never.superoffice.com" }, 1,
			"the tenant is not at this host any more, and the cloud does not tell another one: it is asked again each minute; see status.superoffice.com if this lasts (HTTP 421)",
		},
		"a call that is not there": {false, func(_ *testing.T, c *cloud) {
			c.grant = c.refresh
			c.fail = func(*http.Request) int { return http.StatusNotFound }
		}, 1, "look for a newer version of the exporter"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCloud(t)
			row.set(t, c)
			with := withRefreshToken
			if row.system {
				with = c.withSystemUser
			}
			src := c.online(t, with)
			for range 60 {
				_, _, err := src.OpenSessions(t.Context())
				if err == nil || !strings.Contains(err.Error(), row.told) || strings.Contains(err.Error(), " url") {
					t.Fatalf("error %v", err)
				}
				noCanary(t, err)
				c.clock.advance(10 * time.Second)
			}
			if c.issued > row.most {
				t.Errorf("%d sign-ins in ten minutes", c.issued)
			}
			if n := c.asked("GET /api/state"); n > 10 {
				t.Errorf("asked %d times where the tenant lives", n)
			}
		})
	}
}

// Only the first call is made anew with a token that did not get through, until it does.
func TestATokenWhoseFirstCallFailsIsKept(t *testing.T) {
	for name, status := range map[string]int{"by a refusal of the host": 421, "by a page that is not there": 404, "by a failure": 503} {
		c := newCloud(t)
		c.grant = c.refresh
		broken := true
		c.fail = func(*http.Request) int {
			if broken {
				return status
			}
			return 0
		}
		src := c.online(t, withRefreshToken)
		for range 3 {
			if _, _, err := src.OpenSessions(t.Context()); err == nil {
				t.Errorf("%s: there is no error", name)
			}
			c.clock.advance(3 * time.Minute)
		}
		c.do(func() { broken = false })
		c.clock.advance(10 * time.Minute)
		read(t, src)
		if c.issued != 1 {
			t.Errorf("%s: %d sign-ins", name, c.issued)
		}
	}
}

func TestATenantIsComparedWithoutCase(t *testing.T) {
	c := newCloud(t)
	claiming(func(m map[string]any) { m["http://schemes.superoffice.net/identity/ctx"] = "CUST12345" })(t, c)
	read(t, c.online(t, c.withSystemUser))
}

// However short a life is told, a sign-in for each call would be too many.
func TestTokensThatHardlyLiveAreUsedForAMinute(t *testing.T) {
	for _, life := range []int{1, 3, 60} {
		c := newCloud(t)
		c.grant = func(w http.ResponseWriter, _ *http.Request) {
			token := fmt.Sprintf("8A:x%d", c.issued)
			c.authorization = "Bearer " + token
			fmt.Fprintf(w, `{"token_type":"Bearer","access_token":"%s","expires_in":%d}`, token, life)
		}
		src := c.online(t, withRefreshToken)
		for range 120 {
			_, err := src.get(t.Context(), asked{path: pathColumns}, &columnNames{})
			must(t, err)
			c.clock.advance(time.Second)
		}
		if c.issued != 2 {
			t.Errorf("a life of %d s: %d sign-ins in two minutes", life, c.issued)
		}
	}
}

// One list may not be for the user while others are: that is no reason for a new token.
func TestAListThatIsRefusedAloneBringsNoNewTokens(t *testing.T) {
	c := newCloud(t)
	c.grant = c.refresh
	src := c.online(t, withRefreshToken)
	c.fail = func(r *http.Request) int {
		if strings.HasSuffix(r.URL.Path, "/ChatSession") {
			return http.StatusUnauthorized
		}
		return 0
	}
	for range 60 {
		if _, _, err := src.OpenSessions(t.Context()); err == nil || !strings.Contains(err.Error(), "give the user the rights") {
			t.Fatalf("error %v", err)
		}
		if queues, err := src.Queues(t.Context()); err != nil || len(queues) == 0 {
			t.Fatalf("queues %v, error %v", queues, err)
		}
		c.clock.advance(time.Minute)
	}
	if c.issued > 2 { // It lives for an hour.
		t.Errorf("%d sign-ins in an hour", c.issued)
	}
}

// A password that is changed while the exporter runs is tried once more, and no call
// that waits for its turn is made with it, however long ago it was accepted.
func TestAPasswordThatIsChangedIsHardlyTried(t *testing.T) {
	for _, since := range []time.Duration{10 * time.Second, time.Hour} {
		s := newStub(t)
		src := s.source(t, func(o *Options) { o.Concurrency = 1 })
		read(t, src)
		s.clock.advance(since)
		s.do(func() { s.authorization = "Basic changed" })
		before := s.wrong()
		for range 9 {
			var wg sync.WaitGroup
			for _, call := range []func() error{
				func() error { _, _, err := src.OpenSessions(t.Context()); return err },
				func() error { _, err := src.Queues(t.Context()); return err },
				func() error { _, err := src.Agents(t.Context()); return err },
				func() error { _, err := src.Lookup(t.Context(), []int64{1, 2, 3}); return err },
			} {
				wg.Go(func() {
					if err := call(); err == nil || !strings.Contains(err.Error(), "refuses the credentials: check basic_auth or authorization; a changed secret or block is tried at once, and where only SuperOffice was mended, a restart of the exporter") {
						t.Errorf("error %v", err)
					}
				})
			}
			wg.Wait()
			s.clock.advance(time.Minute)
		}
		if n := s.wrong() - before; n != 2 {
			t.Errorf("%d tries in nine minutes, %s after the sign-in", n, since)
		}
	}
}

// What is under way at once cannot be called back, but then it is enough.
func TestCallsThatAreRefusedTogetherAreNotTriedOnceMore(t *testing.T) {
	s := newStub(t)
	src := s.source(t, nil)
	read(t, src)
	s.clock.advance(time.Hour)
	var together sync.WaitGroup
	together.Add(4)
	inner := s.Config.Handler
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/Messages") {
			together.Done()
			together.Wait()
		}
		inner.ServeHTTP(w, r)
	})
	s.do(func() { s.authorization = "Basic changed" })
	before := s.wrong()
	var wants []conversation.Want
	for i := range int64(4) {
		wants = append(wants, conversation.Want{Session: i + 1})
	}
	if _, errs := gather(t, src, wants...); len(errs) != 1 {
		t.Errorf("errors %v", errs)
	}
	if n := s.wrong() - before; n != 4 {
		t.Errorf("%d tries", n)
	}
}

// Keys by which nobody could verify in time are not used (160 KB took half a minute).
func TestKeysThatAreTooLargeAreNotUsed(t *testing.T) {
	for bits, good := range map[int]bool{8192: true, 8208: false, 160 << 13: false} {
		n := new(big.Int).Lsh(big.NewInt(1), uint(bits))
		text := fmt.Sprintf(`{"keys":[{"kty":"RSA","n":"%s","e":"AQAB"}]}`, base64.RawURLEncoding.EncodeToString(n.Sub(n, big.NewInt(59)).Bytes()))
		resp := &http.Response{Body: http.NoBody}
		resp.Body = readCloser{strings.NewReader(text)}
		if err := boundKeys(resp); (err == nil) != good {
			t.Errorf("%d bits: error %v", bits, err)
		}
	}
	c := newCloud(t)
	c.grant = c.systemUser(t, func() string { return jwt(t, c.vendor, "RS256", c.claims) })
	src := c.online(t, c.withSystemUser)
	n := new(big.Int).Lsh(big.NewInt(1), 160<<13)
	key := *c.vendor
	key.N = n.Sub(n, big.NewInt(59))
	c.grant = c.systemUser(t, func() string {
		signed := strings.Split(jwt(t, c.vendor, "RS256", c.claims), ".")
		return signed[0] + "." + signed[1] + "." + base64.RawURLEncoding.EncodeToString(append([]byte{1}, make([]byte, 160<<10-1)...))
	})
	c.publish = &key.PublicKey
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if _, _, err := src.OpenSessions(ctx); err == nil || !strings.Contains(err.Error(), "the keys are larger, or more, than those of a signature should be") {
		t.Errorf("error %v", err)
	}
}

// readCloser is a text as a body.
type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }

// A host that a tenant has left may fail in other ways than by telling so.
func TestATenantWhoseHostFailsIsLookedUpAgain(t *testing.T) {
	newRunning := func(t *testing.T) (*cloud, *Source) {
		c := newCloud(t)
		c.grant = c.refresh
		src := c.online(t, withRefreshToken)
		read(t, src)
		c.clock.advance(2 * time.Minute)
		return c, src
	}
	for name, status := range map[string]int{"a failure": 503, "a redirect": 302} {
		t.Run(name, func(t *testing.T) {
			c, src := newRunning(t)
			c.left = status
			c.do(func() { c.host, c.api = "online5.superoffice.com", "https://online5.superoffice.com/Cust12345/api" })
			read(t, src)
			if c.issued != 1 {
				t.Errorf("%d sign-ins", c.issued)
			}
		})
	}
	t.Run("no tenant that runs", func(t *testing.T) {
		c, src := newRunning(t)
		c.do(func() { c.running, c.fail = false, func(*http.Request) int { return 502 } })
		before := c.asked("GET /api/state")
		for range 12 {
			if _, _, err := src.OpenSessions(t.Context()); err == nil || !strings.Contains(err.Error(), `its state is "Suspended": see status.superoffice.com`) {
				t.Errorf("error %v", err)
			}
			c.clock.advance(10 * time.Second)
		}
		if n := c.asked("GET /api/state") - before; n != 2 {
			t.Errorf("looked %d times in two minutes", n)
		}
	})
	t.Run("one that fails where it is", func(t *testing.T) {
		c, src := newRunning(t)
		c.do(func() { c.fail = func(*http.Request) int { return 502 } })
		before := c.asked("GET /api/state")
		for range 12 {
			if _, _, err := src.OpenSessions(t.Context()); err == nil || !strings.Contains(err.Error(), "the server failed (HTTP 502): look whether SuperOffice is being restarted, as the cloud is at night") {
				t.Errorf("error %v", err)
			}
			c.clock.advance(10 * time.Second)
		}
		if n := c.asked("GET /api/state") - before; n != 2 {
			t.Errorf("looked %d times in two minutes", n)
		}
	})
}

// The log names the keys that the target has, as the check does.
func TestALogOfTheCloudNamesNoURL(t *testing.T) {
	c := newCloud(t)
	c.grant = c.refresh
	src := c.online(t, withRefreshToken)
	read(t, src)
	c.tls.Close()
	c.clock.advance(time.Hour)
	for range 2 {
		_, _, err := src.OpenSessions(t.Context())
		if err == nil || !strings.HasSuffix(err.Error(), "(connection refused): check online.environment, and whether a firewall or a proxy is in between") {
			t.Errorf("error %v", err)
		}
		c.clock.advance(time.Minute)
	}
}
