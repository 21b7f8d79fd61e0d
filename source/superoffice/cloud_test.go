package superoffice

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"conversation_exporter/conversation"
	sim "conversation_exporter/simulator/superoffice"
)

// These tests sign in to the simulated cloud: real TLS on loopback under the names of the
// cloud, its own token endpoints, and its own keys.

// schemesOf are both ways to sign in to a tenant.
func schemesOf(t *testing.T, c *crm) map[string]func(*Options) {
	t.Helper()
	return map[string]func(*Options){
		"refresh token": func(*Options) {}, "system user": c.asSystemUser(t, false), "system user, the key in XML": c.asSystemUser(t, true),
	}
}

func TestCloudIsReadByEachWayToSignIn(t *testing.T) {
	c := newTenantOf(t)
	ids := c.kinds(t)
	for name, with := range schemesOf(t, c) {
		t.Run(name, func(t *testing.T) {
			src := c.source(t, with)
			before := c.SuperOffice.SignIns()
			sessions := read(t, src)
			c.expectKinds(t, ids, sessions)
			c.expectTimes(t, sessions[ids["owed"]])
			noCanary(t, readAll(t, src, ids["owed"]))
			info, err := src.Info(t.Context())
			if err != nil || info.Version == "" || info.AcceptedAt.IsZero() {
				t.Errorf("%+v, error %v", info, err)
			}
			if n := c.SuperOffice.SignIns() - before; n != 1 {
				t.Errorf("%d sign-ins", n)
			}
		})
	}
	if c.SuperOffice.Denied() != 0 || c.refused != 0 {
		t.Errorf("%d sign-ins and %d calls were refused", c.SuperOffice.Denied(), c.refused)
	}
}

func TestCloudAccessTokensAreRenewedBeforeTheyEnd(t *testing.T) {
	c := newTenantOf(t)
	src := c.source(t, nil)
	read(t, src)
	for _, step := range []struct {
		after   time.Duration
		signIns int
	}{{58 * time.Minute, 1}, {90 * time.Second, 2}, {30 * time.Second, 2}, {2 * time.Hour, 3}} {
		c.World.Advance(step.after)
		read(t, src)
		if n := c.SuperOffice.SignIns(); n != step.signIns {
			t.Errorf("%d sign-ins after %s more, want %d", n, step.after, step.signIns)
		}
	}
	if c.refused != 0 {
		t.Errorf("%d calls were made with a token that had ended", c.refused)
	}
	// One that ends early is replaced once, when its first call was refused too.
	c.SuperOffice.RevokeTokens()
	c.World.Advance(2 * time.Minute)
	read(t, src)
	if n := c.SuperOffice.SignIns(); n != 4 || c.refused != 2 {
		t.Errorf("%d sign-ins, %d calls refused", n, c.refused)
	}
}

func TestCloudTicketsLastSixHoursFromTheirLastUse(t *testing.T) {
	c := newTenantOf(t)
	src := c.source(t, c.asSystemUser(t, false))
	for range 5 {
		read(t, src)
		c.World.Advance(6*time.Hour - time.Second)
	}
	read(t, src)
	if n := c.SuperOffice.SignIns(); n != 1 || c.refused != 0 {
		t.Errorf("%d tickets, %d calls refused", n, c.refused)
	}
	c.World.Advance(6 * time.Hour)
	read(t, src)
	if n := c.SuperOffice.SignIns(); n != 2 || c.refused != 0 {
		t.Errorf("%d tickets after six hours of silence, %d calls refused", n, c.refused)
	}
}

func TestCloudTicketsGoWithTheApplicationsSecretAndNowhereElse(t *testing.T) {
	c := newTenantOf(t)
	src := c.source(t, c.asSystemUser(t, false))
	readAll(t, src, 1)
	for i, h := range c.headers {
		login := strings.Contains(c.asked[i], "ogin/") || strings.Contains(c.asked[i], "/api/state/")
		if has := h.Get(headerAppToken) != "" || h.Get(headerAuthorized) != ""; has == login {
			t.Errorf("%s was asked with %v", c.asked[i], h)
		}
	}
}

func TestCloudHostsMoveAndAreFollowed(t *testing.T) {
	c := newTenantOf(t)
	ids := c.kinds(t)
	for name, with := range schemesOf(t, c) {
		t.Run(name, func(t *testing.T) {
			src := c.source(t, with)
			c.expectKinds(t, ids, read(t, src))
			signIns, looks := c.SuperOffice.SignIns(), c.SuperOffice.Requests("api/state/{customer}")
			for _, host := range []string{"online5.superoffice.com", "online9.superoffice.com", "online2.superoffice.com"} {
				c.World.Advance(time.Minute)
				c.SuperOffice.Move(host)
				c.expectKinds(t, ids, read(t, src))
				if threads, errs := gather(t, src, conversation.Want{Session: ids["owed"]}); len(errs) != 0 || len(threads) != 1 {
					t.Errorf("errors %v", errs)
				}
			}
			if s, l := c.SuperOffice.SignIns()-signIns, c.SuperOffice.Requests("api/state/{customer}")-looks; s != 0 || l != 3 {
				t.Errorf("signed in %d times more, looked %d times", s, l)
			}
		})
	}
}

func TestCloudThatMovesBeforeTheFirstCallIsFollowed(t *testing.T) {
	c := newTenantOf(t)
	ids := c.kinds(t)
	// It has moved since it told where it is.
	c.set(func(sw *sim.Switches) { sw.StateHost = "online3.superoffice.com" })
	src := c.source(t, nil)
	if _, _, err := src.OpenSessions(t.Context()); err == nil || !strings.Contains(err.Error(), "HTTP 421") {
		t.Errorf("error %v", err)
	}
	c.set(func(sw *sim.Switches) { sw.StateHost = "" })
	c.World.Advance(time.Minute)
	c.expectKinds(t, ids, read(t, src))
}

// Where the environment still tells the old host, it is not asked over and over.
func TestCloudWhoseStateIsBehindIsAskedNowAndThenOnly(t *testing.T) {
	c := newTenantOf(t)
	ids := c.kinds(t)
	src := c.source(t, nil)
	read(t, src)
	c.set(func(sw *sim.Switches) { sw.StateHost = "online2.superoffice.com" })
	c.SuperOffice.Move("online5.superoffice.com")
	c.World.Advance(time.Minute)
	before := c.SuperOffice.Requests("api/state/{customer}")
	for range 5 {
		if _, _, err := src.OpenSessions(t.Context()); err == nil || !strings.Contains(err.Error(), "HTTP 421") {
			t.Errorf("error %v", err)
		}
	}
	if n := c.SuperOffice.Requests("api/state/{customer}") - before; n != 1 {
		t.Errorf("looked %d times", n)
	}
	c.set(func(sw *sim.Switches) { sw.StateHost = "" })
	c.World.Advance(time.Minute)
	c.expectKinds(t, ids, read(t, src))
}

// A tenant that cannot be looked up is read on where it was.
func TestCloudWhoseStateCannotBeToldIsReadOn(t *testing.T) {
	c := newTenantOf(t)
	ids := c.kinds(t)
	src := c.source(t, nil)
	read(t, src)
	lift := c.SuperOffice.Inject(sim.Fault{Kind: sim.HTML, Endpoint: "api/state/{customer}"})
	for range 3 {
		c.World.Advance(15 * time.Minute)
		c.expectKinds(t, ids, read(t, src))
	}
	lift()
	c.World.Advance(time.Minute)
	c.expectKinds(t, ids, read(t, src))
}

func TestCloudThatPointsElsewhereIsNotFollowed(t *testing.T) {
	for _, host := range []string{"canary.invalid", "superoffice.com.canary.invalid", "evilsuperoffice.com", "online2.superoffice.com:8443", "user@online2.superoffice.com"} {
		c := newTenantOf(t)
		c.set(func(sw *sim.Switches) { sw.StateHost = host })
		_, _, err := c.source(t, nil).OpenSessions(t.Context())
		if err == nil || !strings.Contains(err.Error(), "the credentials are not sent there") {
			t.Errorf("%s: error %v", host, err)
		}
		noCanary(t, err)
		if n := len(c.requests("/api/v1/")); n != 0 || c.SuperOffice.SignIns() != 0 {
			t.Errorf("%s: %d calls, %d sign-ins", host, n, c.SuperOffice.SignIns())
		}
	}
}

func TestCloudTenantsInEachState(t *testing.T) {
	c := newTenantOf(t)
	ids := c.kinds(t)
	for state, running := range map[string]bool{"Running": true, "OnlineMaintenance": true, "OfflineMaintenance": false, "Suspended": false, "Deleted": false, "MigrationPending": false} {
		t.Run(state, func(t *testing.T) {
			defer c.set(func(sw *sim.Switches) { sw.State = "" })
			src := c.source(t, nil)
			c.expectKinds(t, ids, read(t, src))
			c.set(func(sw *sim.Switches) { sw.State = state })
			c.World.Advance(20 * time.Minute)
			signIns := c.SuperOffice.SignIns()
			if running {
				c.expectKinds(t, ids, read(t, src))
				return
			}
			looked := c.SuperOffice.Requests("api/state/{customer}")
			for range 3 {
				for range 5 { // Every call of a pass wants to know.
					if _, _, err := src.OpenSessions(t.Context()); err == nil || !strings.Contains(err.Error(), state) {
						t.Errorf("error %v", err)
					}
				}
				c.World.Advance(time.Minute)
			}
			if n := c.SuperOffice.Requests("api/state/{customer}") - looked; n != 3 {
				t.Errorf("looked %d times in three passes", n)
			}
			if c.SuperOffice.SignIns() != signIns {
				t.Error("signed in to a tenant that is not there")
			}
			c.set(func(sw *sim.Switches) { sw.State = "" })
			c.World.Advance(time.Minute)
			c.expectKinds(t, ids, read(t, src))
		})
	}
}

func TestCloudTokensThatMustNotBeTrustedAreNotUsed(t *testing.T) {
	c := newTenantOf(t)
	for name, set := range map[string]func(*sim.Switches){
		"signed by another": func(sw *sim.Switches) { sw.JWTForeignKey = true },
		"not signed":        func(sw *sim.Switches) { sw.JWTUnsigned = true },
		"without a ticket":  func(sw *sim.Switches) { sw.JWTNoTicket = true },
	} {
		t.Run(name, func(t *testing.T) {
			c.set(set)
			src := c.source(t, c.asSystemUser(t, false))
			before := len(c.requests("/api/v1/"))
			_, _, err := src.OpenSessions(t.Context())
			if n := len(c.requests("/api/v1/")) - before; err == nil || n != 0 {
				t.Errorf("error %v, and %d calls", err, n)
			}
			noCanary(t, err)
			c.set(func(sw *sim.Switches) { *sw = sim.Switches{} })
			c.World.Advance(time.Minute)
			read(t, src)
		})
	}
}

// A refusal is tried once and then after a pause, whichever way the cloud refuses.
func TestCloudThatRefusesIsAskedAfterPausesOnly(t *testing.T) {
	c := newTenantOf(t)
	for name, row := range map[string]struct {
		set    func(*sim.Switches)
		system bool
	}{
		"revoked, refresh token":       {set: func(sw *sim.Switches) { sw.ConsentRevoked = true }},
		"revoked, system user":         {set: func(sw *sim.Switches) { sw.ConsentRevoked = true }, system: true},
		"revoked, system user, as 401": {set: func(sw *sim.Switches) { sw.ConsentRevoked, sw.SignInStatus = true, 401 }, system: true},
		"revoked, system user, as 403": {set: func(sw *sim.Switches) { sw.ConsentRevoked, sw.SignInStatus = true, 403 }, system: true},
		"a clock that is not tolerated": {set: func(sw *sim.Switches) {
			sw.TimestampTolerance, sw.ClockSkew, sw.DateSkew = time.Second, time.Hour, -time.Hour
		}, system: true},
	} {
		t.Run(name, func(t *testing.T) {
			c.set(row.set)
			before := c.SuperOffice.Denied()
			src := c.source(t, func(o *Options) {
				if row.system {
					c.asSystemUser(t, false)(o)
				}
			})
			for range 9 {
				if _, _, err := src.OpenSessions(t.Context()); err == nil || !strings.Contains(err.Error(), "refuses the credentials") {
					t.Errorf("error %v", err)
				} else {
					noCanary(t, err)
				}
				c.World.Advance(time.Minute)
			}
			if n := c.SuperOffice.Denied() - before; n != 1 {
				t.Errorf("%d tries in nine minutes", n)
			}
			c.set(func(sw *sim.Switches) { *sw = sim.Switches{} })
			c.World.Advance(2 * time.Minute)
			read(t, src)
		})
	}
}

// The token of a system user is signed by the clock of the cloud, which tells it.
func TestCloudSignsByTheClockOfTheCloud(t *testing.T) {
	c := newTenantOf(t)
	c.set(func(sw *sim.Switches) { sw.ClockSkew, sw.TimestampTolerance = 3*time.Hour, time.Second })
	read(t, c.source(t, c.asSystemUser(t, false)))
	if c.SuperOffice.Denied() != 0 {
		t.Errorf("%d refusals", c.SuperOffice.Denied())
	}
}

// What goes wrong where one signs in is no refusal: it is tried again with the next pass.
func TestCloudWhoseSignInFailsIsTriedAgain(t *testing.T) {
	endpoints := map[string][]string{
		"refresh token": {"api/state/{customer}", "login/common/oauth/tokens"},
		"system user":   {"api/state/{customer}", "Login/api/PartnerSystemUser/Authenticate", "login/.well-known/openid-configuration", "login/.well-known/jwks"},
	}
	c := newTenantOf(t)
	schemes := schemesOf(t, c)
	for scheme, list := range endpoints {
		for _, endpoint := range list {
			for name, f := range map[string]sim.Fault{
				"page": {Kind: sim.HTML}, "page with 200": {Kind: sim.HTML, Status: 200}, "empty": {Kind: sim.Empty}, "empty object": {Kind: sim.EmptyObject}, "garbage": {Kind: sim.Garbage},
				"reset": {Kind: sim.Reset}, "truncated": {Kind: sim.Truncated}, "wrong types": {Kind: sim.WrongTypes}, "wrong shapes": {Kind: sim.WrongShapes},
				"refused": {Status: 500}, "redirected": {Kind: sim.Redirect, Location: "https://elsewhere.invalid/"},
			} {
				t.Run(fmt.Sprintf("%s, %s, %s", scheme, endpoint, name), func(t *testing.T) {
					src := c.source(t, schemes[scheme])
					f.Endpoint = endpoint
					lift := c.SuperOffice.Inject(f)
					if _, _, err := src.OpenSessions(t.Context()); err == nil {
						t.Error("there is no error")
					} else {
						noCanary(t, err)
						if strings.Contains(err.Error(), "refuses the credentials") {
							t.Errorf("error %v", err)
						}
					}
					lift()
					c.World.Advance(time.Minute)
					read(t, src)
				})
			}
		}
	}
}
