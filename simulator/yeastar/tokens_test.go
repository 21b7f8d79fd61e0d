package yeastar

import (
	"testing"
	"time"
)

func TestTokenFields(t *testing.T) {
	p := newPBX(t)
	b := p.login(DefaultClientSecret)
	if b.code() != codeSuccess || b["access_token_expire_time"] != 1800.0 || b["refresh_token_expire_time"] != 86400.0 ||
		b.text("access_token") == b.text("refresh_token") || len(b.text("refresh_token")) != 32 {
		t.Errorf("%v", b)
	}
}

func TestLoginRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		content string
		code    int
		fields  []string
	}{
		"wrong secret": {`{"username":"canary-client","password":"x"}`, codeFailure, []string{"username or password"}},
		"wrong id":     {`{"username":"x","password":"canary-secret"}`, codeFailure, []string{"username or password"}},
		"nothing":      {`{}`, codeParameter, []string{"username", "password"}},
		"no secret":    {`{"username":"canary-client"}`, codeParameter, []string{"password"}},
		"no JSON":      {`username=x`, codeSyntax, nil},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPBX(t)
			b := p.post("get_token", c.content)
			rows := b.rows("invalid_param_list")
			if b.code() != c.code || len(rows) != len(c.fields) {
				t.Fatalf("%v", b)
			}
			for i, field := range c.fields {
				if rows[i]["field"] != field {
					t.Errorf("%v", rows)
				}
			}
		})
	}
}

func TestTokensExpireOnTheVirtualClock(t *testing.T) {
	p := signedIn(t)
	p.world.Advance(accessLife - time.Second)
	if got := p.get("system/information").code(); got != codeSuccess {
		t.Errorf("a second before its end: %d", got)
	}
	p.world.Advance(time.Second)
	if got := p.get("system/information").code(); got != codeTokenExpired {
		t.Errorf("at its end: %d", got)
	}
}

func TestEightTokens(t *testing.T) {
	p := newPBX(t)
	var first body
	for i := range 8 {
		b := p.login(DefaultClientSecret)
		if b.code() != codeSuccess {
			t.Fatalf("token %d: %v", i+1, b)
		}
		if i == 0 {
			first = b
		}
	}
	if got := p.login(DefaultClientSecret).code(); got != codeLimit || p.server.LiveTokens() != 8 {
		t.Errorf("the ninth: %d with %d live ones", got, p.server.LiveTokens())
	}
	p.token = first.text("access_token")
	if got := p.get("del_token").code(); got != codeSuccess || p.server.LiveTokens() != 7 {
		t.Errorf("revoking: %d, %d live ones", got, p.server.LiveTokens())
	}
	if got := p.get("system/information").code(); got != codeTokenExpired {
		t.Errorf("a revoked token: %d", got)
	}
	if got := p.login(DefaultClientSecret).code(); got != codeSuccess {
		t.Errorf("after one was given back: %d", got)
	}
	p.world.Advance(accessLife)
	if got := p.login(DefaultClientSecret).code(); got != codeSuccess || p.server.LiveTokens() != 1 {
		t.Errorf("after all had expired: %d, %d live ones", got, p.server.LiveTokens())
	}
}

func TestRefresh(t *testing.T) {
	for _, keep := range []bool{false, true} {
		p := newPBX(t)
		p.server.Set(func(sw *Switches) { sw.RefreshKeepsToken = keep })
		old := p.login(DefaultClientSecret)
		refresh := func(token string) body { return p.post("refresh_token", `{"refresh_token":"`+token+`"}`) }
		fresh := refresh(old.text("refresh_token"))
		if fresh.code() != codeSuccess || fresh.text("access_token") == old.text("access_token") ||
			fresh.text("refresh_token") == old.text("refresh_token") {
			t.Fatalf("%v", fresh)
		}
		if got := refresh(old.text("refresh_token")).code(); got != codeTokenExpired {
			t.Errorf("a used refresh token: %d", got)
		}
		p.token = fresh.text("access_token")
		if got := p.get("system/information").code(); got != codeSuccess {
			t.Errorf("the new token: %d", got)
		}
		p.token = old.text("access_token")
		if valid := p.get("system/information").code() == codeSuccess; valid != keep {
			t.Errorf("keep %t: the old token is valid: %t", keep, valid)
		}
		p.world.Advance(accessLife)
		if fresh = refresh(fresh.text("refresh_token")); fresh.code() != codeSuccess {
			t.Errorf("refreshing an expired token: %v", fresh)
		}
		p.world.Advance(refreshLife)
		if got := refresh(fresh.text("refresh_token")).code(); got != codeTokenExpired {
			t.Errorf("an expired refresh token: %d", got)
		}
		if got := refresh("").code(); got != codeParameter {
			t.Errorf("no refresh token: %d", got)
		}
	}
}

func TestFiveBadLoginsBlock(t *testing.T) {
	p := signedIn(t)
	for i := range 5 {
		if got := p.login("wrong").code(); got != codeFailure {
			t.Fatalf("bad login %d: %d", i+1, got)
		}
	}
	until := p.world.Now().Add(10 * time.Minute)
	b := p.login(DefaultClientSecret)
	if b.code() != codeIPBlocked || b["block_expire_time"] != float64(until.Unix()) {
		t.Errorf("%v, want a block until %d", b, until.Unix())
	}
	if got := p.get("system/information").code(); got != codeIPBlocked {
		t.Errorf("with a token from before: %d", got)
	}
	p.world.Advance(10*time.Minute - time.Second)
	if got := p.login(DefaultClientSecret).code(); got != codeIPBlocked {
		t.Errorf("a second before the end of the block: %d", got)
	}
	p.world.Advance(time.Second)
	if got := p.login(DefaultClientSecret).code(); got != codeSuccess {
		t.Errorf("after the block: %d", got)
	}
}

func TestBadLoginsThatDoNotBlock(t *testing.T) {
	for name, between := range map[string]func(*pbx){
		"far apart":       func(p *pbx) { p.world.Advance(4 * time.Minute) },
		"with a good one": func(p *pbx) { p.login(DefaultClientSecret); p.server.RevokeTokens() },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPBX(t)
			for range 12 {
				if got := p.login("wrong").code(); got != codeFailure {
					t.Fatalf("code %d", got)
				}
				between(p)
			}
		})
	}
}

func TestRevokeTokens(t *testing.T) {
	p := signedIn(t)
	p.server.RevokeTokens()
	if got := p.get("system/information").code(); got != codeTokenExpired || p.server.LiveTokens() != 0 {
		t.Errorf("code %d, %d live tokens", got, p.server.LiveTokens())
	}
}
