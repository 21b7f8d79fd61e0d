package yeastar

import (
	"strings"
	"testing"
	"time"
)

func TestSafetyOfSignInWithManyTargetsBehindOneAddress(t *testing.T) {
	g := newGate(t)
	fleet := g.fleet(t, NewSignIns(), 500, always("wrong"))
	for range 60 {
		if n := scrape(t, fleet); n != 0 {
			t.Fatalf("%d got in", n)
		}
		g.world.Advance(30 * time.Second)
	}
	if n := g.safe(t); n < failuresAllowed || n > 3*failuresAllowed {
		t.Errorf("%d tries in half an hour", n)
	}
}

func TestManyTargetsBehindOneAddressAllGetIn(t *testing.T) {
	g := newGate(t)
	fleet := g.fleet(t, NewSignIns(), 500, always("right"))
	for range 8 {
		if n := scrape(t, fleet); n != len(fleet) {
			t.Fatalf("%d of %d got in at %s", n, len(fleet), g.world.Now())
		}
		g.world.Advance(10 * time.Minute)
	}
	if g.safe(t) != 0 || g.atOnce > failuresAllowed {
		t.Errorf("%d failed, %d at once", g.safe(t), g.atOnce)
	}
}

// Some wrong ones among many right ones keep those out for a while, and not for
// good; those that were in stay in.
func TestAFewWrongTargetsDoNotKeepTheOthersOut(t *testing.T) {
	g := newGate(t)
	m := NewSignIns()
	old := g.source(t, m, "old", g.right, nil)
	read(t, old)
	fleet := g.fleet(t, m, 100, func(i int) string { return map[bool]string{true: "wrong", false: "right"}[i < 10] })
	// The wrong ones come first.
	for _, s := range fleet[:10] {
		listOnce(s)
	}
	if n := g.safe(t); n != failuresOfNew {
		t.Errorf("%d tries, want %d", n, failuresOfNew)
	}
	if text := listOnce(fleet[50]); !strings.Contains(text, "waits until 09:10:00 UTC: 3 sign-ins failed within 10 minutes") ||
		!strings.Contains(text, "the last one: of another Client ID at this address: get_token: the PBX refuses the credentials") {
		t.Errorf("error = %q", text)
	}
	// One that was in loses its token, and gets a new one all the same.
	g.forget()
	if text := listOnce(old); text != "" {
		t.Errorf("one that was accepted before: %s", text)
	}
	in := 0
	for range 51 {
		in = scrape(t, fleet)
		g.world.Advance(time.Minute)
	}
	if g.safe(t); in != 90 {
		t.Errorf("%d of 90 got in within 50 minutes", in)
	}
}

// A restarted PBX knows no token any more, and refuses every refresh token. That
// must not use up what the sign-ins need.
func TestAPBXThatForgetsEveryTokenLetsAllInAgain(t *testing.T) {
	g := newGate(t)
	fleet := g.fleet(t, NewSignIns(), 100, always("right"))
	scrape(t, fleet)
	for _, silence := range []time.Duration{time.Minute, 26 * time.Minute, time.Hour} {
		g.forget()
		g.world.Advance(silence)
		if n := scrape(t, fleet); n != len(fleet) {
			t.Errorf("after %s: %d of %d got in again", silence, n, len(fleet))
		}
		eventually(t, "refreshing", func() bool {
			for _, s := range fleet {
				s.tokens.mu.Lock()
				busy := s.tokens.running != nil
				s.tokens.mu.Unlock()
				if busy {
					return false
				}
			}
			return true
		})
	}
	if n := g.safe(t); n == 0 {
		t.Error("no refresh token was tried, so this shows nothing")
	}
}
