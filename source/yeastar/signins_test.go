package yeastar

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func always(secret string) func(int) string { return func(int) string { return secret } }

func TestSafetyOfSignInUnderScrapesEverySecond(t *testing.T) {
	g := newGate(t)
	s := g.source(t, nil, "id", "wrong", nil)
	for range 3600 {
		if text := listOnce(s); text == "" {
			t.Fatal("no error")
		}
		g.world.Advance(time.Second)
	}
	if n := g.safe(t); n != 3 {
		t.Errorf("%d tries in an hour, want those of the minutes 0, 10 and 30", n)
	}
}

// A reload makes new Sources. A refused secret gets no more tries by that.
func TestSafetyOfSignInUnderReloads(t *testing.T) {
	g := newGate(t)
	m := NewSignIns()
	var tries []int
	for i := range 3 * 60 * 4 {
		s := g.source(t, m, "id", "wrong", func(o *Options) { o.PageSize = 100 + i })
		if text := listOnce(s); !strings.HasPrefix(text, "signing in waits until") {
			t.Fatalf("error = %q", text)
		}
		must(t, s.Close(context.Background()))
		if n := g.safe(t); len(tries) < n {
			tries = append(tries, i/4)
		}
		g.world.Advance(15 * time.Second)
	}
	if got, want := fmt.Sprint(tries), "[0 10 30 70 130]"; got != want {
		t.Errorf("tried in the minutes %s, want %s", got, want)
	}
}

// A changed secret gets its try, and a changed Client ID, but all of them
// together are no more than the address bears.
func TestSafetyOfSignInUnderReloadsWithEverNewSecrets(t *testing.T) {
	for name, change := range map[string]func(i int) (who, secret string){
		"secrets":    func(i int) (string, string) { return "id", fmt.Sprint("wrong", i) },
		"Client IDs": func(i int) (string, string) { return fmt.Sprint("id", i), "wrong" },
	} {
		g := newGate(t)
		m := NewSignIns()
		for i := range 30 {
			who, secret := change(i)
			listOnce(g.source(t, m, who, secret, nil))
			g.world.Advance(20 * time.Second)
		}
		if n := g.safe(t); n != failuresAllowed {
			t.Errorf("%s: %d tries in 10 minutes, want %d", name, n, failuresAllowed)
		}
		text := listOnce(g.source(t, m, "other", g.right, nil))
		if n := g.safe(t); text != "" || n != failuresAllowed {
			t.Errorf("%s: after the time is over: %s", name, text)
		}
	}
}

func TestAChangedSecretGetsItsTryAfterAReload(t *testing.T) {
	g := newGate(t)
	m := NewSignIns()
	listOnce(g.source(t, m, "id", "wrong", nil))
	read := g.source(t, m, "id", g.right, nil)
	if text := listOnce(read); text != "" {
		t.Errorf("after the secret was mended: %s", text)
	}
	// The wrong one that comes back has not become better.
	if text := listOnce(g.source(t, m, "id", "wrong", nil)); !strings.HasPrefix(text, "signing in waits until 09:10:00 UTC: "+refusedText) || g.safe(t) != 1 {
		t.Errorf("error = %q after %d tries", text, g.safe(t))
	}
}

// Nothing ends a block but its time.
func TestABlockedAddressOutlivesAReload(t *testing.T) {
	g := newGate(t)
	m := NewSignIns()
	g.code = codeAddressBlock
	listOnce(g.source(t, m, "id", g.right, nil))
	g.code = 0
	before := g.calls
	for i := range 11 {
		s := g.source(t, m, fmt.Sprint("id", i), g.right, func(o *Options) { o.URL = strings.ToUpper(o.URL) })
		if text := listOnce(s); !strings.Contains(text, "waits until 09:11:00 UTC") || !strings.Contains(text, "errcode 70004") {
			t.Errorf("error = %q", text)
		}
		must(t, s.Close(context.Background()))
		g.world.Advance(time.Minute)
	}
	if g.calls != before {
		t.Errorf("%d calls while the address is blocked", g.calls-before)
	}
	if text := listOnce(g.source(t, m, "id", g.right, nil)); text != "" {
		t.Errorf("after the block: %s", text)
	}
}

// One refused refresh token is enough to know that.
func TestARefusedRefreshTokenSparesTheOthers(t *testing.T) {
	g := newGate(t)
	fleet := g.fleet(t, NewSignIns(), 5, always("right"))
	scrape(t, fleet)
	g.forget()
	g.world.Advance(time.Hour)
	for _, s := range fleet {
		read(t, s)
	}
	if n := g.safe(t); n != 1 {
		t.Errorf("%d refresh tokens were tried, want 1", n)
	}
}

// A secret that was accepted and is not any more is one that was refused.
func TestARotatedSecretLosesItsPlace(t *testing.T) {
	g := newGate(t)
	m := NewSignIns()
	s := g.source(t, m, "id", "right", nil)
	read(t, s)
	g.right = "another"
	g.forget()
	listOnce(s)
	g.world.Advance(5 * time.Minute)
	listOnce(g.source(t, m, "other", "wrong", nil))
	g.world.Advance(5 * time.Minute)
	if text := listOnce(s); g.safe(t) != 2 || !strings.HasPrefix(text, "signing in waits until 09:15:00 UTC: 1 sign-in failed") || !strings.Contains(text, "this address; a changed secret is tried at once; the last one") {
		t.Errorf("%d tries; error = %q", g.safe(t), text)
	}
}

// Nor does a later answer shorten it.
func TestABlockIsNotShortened(t *testing.T) {
	g := newGate(t)
	s := g.source(t, nil, "id", g.right, nil)
	for _, seconds := range []int64{3600, 60} {
		err := s.tokens.blocked(&codeError{endpoint: pathSearch, code: codeAddressBlock, blockExpire: seconds})
		if !strings.HasPrefix(err.Error(), "signing in waits until 10:00:00 UTC") {
			t.Errorf("error = %v", err)
		}
	}
}

// Tries under way may all turn out to be failures, so others wait for them, but
// no longer than their scrape allows.
func TestSignInsWaitForTheirTurn(t *testing.T) {
	g := newGate(t)
	g.hold = make(chan struct{})
	m := NewSignIns()
	fleet := g.fleet(t, m, 20, always("right"))
	for _, s := range fleet {
		if _, _, err := s.OpenSessions(within(t, 20*time.Millisecond)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error = %v", err)
		}
	}
	eventually(t, "the first tries", func() bool { g.mu.Lock(); defer g.mu.Unlock(); return g.underWay == failuresAllowed })
	// One that is closed while it waits makes no try.
	last := g.source(t, m, "last", "wrong", nil)
	_, _, _ = last.OpenSessions(within(t, time.Millisecond))
	must(t, last.Close(within(t, 5*time.Second)))
	done := make(chan int)
	go func() { done <- scrape(t, fleet) }()
	close(g.hold)
	if n := <-done; n != len(fleet) || g.safe(t) != 0 || g.atOnce != failuresAllowed {
		t.Errorf("%d of %d got in, %d failed, %d at once", n, len(fleet), g.safe(t), g.atOnce)
	}
}

// Those that wait are told so when the tries ahead of them fail.
func TestSignInsThatWaitAreToldOfFailures(t *testing.T) {
	g := newGate(t)
	g.hold = make(chan struct{})
	fleet := g.fleet(t, NewSignIns(), 20, always("wrong"))
	done := make(chan int)
	go func() { done <- scrape(t, fleet) }()
	eventually(t, "the first tries", func() bool { g.mu.Lock(); defer g.mu.Unlock(); return g.underWay == failuresAllowed })
	close(g.hold)
	if n := <-done; n != 0 || g.safe(t) != failuresAllowed {
		t.Errorf("%d got in, %d failed", n, g.safe(t))
	}
}

// Two targets of one application take their tokens from the same 8.
func TestTokensCountByApplication(t *testing.T) {
	g := newGate(t)
	m := NewSignIns()
	good := 0
	for range 10 {
		if listOnce(g.source(t, m, "id", g.right, nil)) == "" {
			good++
		}
	}
	if text := listOnce(g.source(t, m, "id", g.right, nil)); good != tokensAllowed || !strings.Contains(text, "6 tokens were asked for within 30 minutes") {
		t.Errorf("%d got in; error = %q", good, text)
	}
	if text := listOnce(g.source(t, m, "other", g.right, nil)); text != "" {
		t.Errorf("another application: %s", text)
	}
}

// What is under way may bring a token as well.
func TestTokensUnderWayCount(t *testing.T) {
	g := newGate(t)
	m := NewSignIns()
	var fleet []*Source
	for i := range 9 {
		s := g.source(t, m, "id", g.right, nil)
		if i < 4 {
			read(t, s)
		} else {
			fleet = append(fleet, s)
		}
	}
	g.hold = make(chan struct{})
	done := make(chan int)
	go func() { done <- scrape(t, fleet) }()
	eventually(t, "the next tries", func() bool { g.mu.Lock(); defer g.mu.Unlock(); return g.underWay == tokensAllowed-4 })
	time.Sleep(20 * time.Millisecond)
	close(g.hold)
	if n := <-done; n != tokensAllowed-4 || g.signedIn != tokensAllowed {
		t.Errorf("%d got in, %d tokens were issued", n, g.signedIn)
	}
}

// A token that was given back is none of the 8, so reloads do not use them up.
func TestReloadsDoNotUseUpTheTokens(t *testing.T) {
	g := newGate(t)
	m := NewSignIns()
	last := g.source(t, m, "id", g.right, nil)
	read(t, last)
	for range 30 {
		next := g.source(t, m, "id", g.right, nil)
		read(t, next)
		must(t, last.Close(context.Background()))
		last = next
		g.world.Advance(20 * time.Second)
	}
}

func TestWhatTheSignInsRememberIsBounded(t *testing.T) {
	g := newGate(t)
	m := NewSignIns()
	for i := range 200 {
		secret := map[bool]string{true: "wrong", false: g.right}[i%2 == 0]
		path, use := keeping(t)
		_ = path
		s := g.source(t, m, fmt.Sprint("id", i), secret, func(o *Options) {
			use(o)
			o.URL = strings.Replace(o.URL, "127.0.0.1", fmt.Sprintf("127.0.0.%d", 1+i%2), 1)
		})
		listOnce(s)
		must(t, s.Close(context.Background()))
		g.world.Advance(time.Minute)
	}
	m.mu.Lock()
	n := 0
	for _, a := range m.addresses {
		n += len(a.clients)
	}
	if len(m.kept) != 0 || n > 200 {
		t.Errorf("%d files, %d applications", len(m.kept), n)
	}
	m.mu.Unlock()
	g.world.Advance(acceptedMemory + time.Hour)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sweep(g.world.Now())
	if len(m.addresses)+len(m.handed)+len(m.kept) != 0 {
		t.Errorf("a day later there are %d addresses, %d tokens and %d files", len(m.addresses), len(m.handed), len(m.kept))
	}
}

func TestTheAddressOfAPBX(t *testing.T) {
	for _, same := range [][]string{
		{"https://pbx.example.com", "https://PBX.example.com:443", "HTTPS://pbx.example.com./", "http://pbx.example.com:443", "https://pbx.example.com:0443"},
		{"http://pbx.example.com", "https://pbx.example.com:80"},
		{"https://192.0.2.1:8088", "http://192.0.2.1:8088/"},
		{"https://[2001:db8::1]:8088", "https://[2001:DB8:0:0::1]:8088"},
		{"https://other.example.com"},
	} {
		for _, url := range same {
			if got, want := pbxAddress(url), pbxAddress(same[0]); got != want {
				t.Errorf("%s is %s, want %s", url, got, want)
			}
		}
	}
	seen := map[string]string{}
	for _, url := range []string{"https://a", "http://a", "https://b", "https://a:8088", "https://[::1]"} {
		if other, twice := seen[pbxAddress(url)]; twice {
			t.Errorf("%s and %s are the same", url, other)
		}
		seen[pbxAddress(url)] = url
	}
}

// A fault in the middle of a try must not keep its place for ever.
func TestAPanicInATryGivesItsPlaceBack(t *testing.T) {
	g := newGate(t)
	m := NewSignIns()
	for i := range failuresAllowed {
		s := g.source(t, m, fmt.Sprint("id", i), g.right, nil)
		s.tokens.client = nil // The call panics.
		if text := listOnce(s); !strings.Contains(text, "fault of the exporter") {
			t.Errorf("error = %q", text)
		}
	}
	if text := listOnce(g.source(t, m, "id", g.right, nil)); !strings.Contains(text, "4 sign-ins failed within 10 minutes") {
		t.Errorf("error = %q", text)
	}
	g.world.Advance(failureWindow)
	if text := listOnce(g.source(t, m, "id", g.right, nil)); text != "" {
		t.Errorf("10 minutes later: %s", text)
	}
}
