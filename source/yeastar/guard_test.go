package yeastar

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"conversation_exporter/simulator/world"
	"conversation_exporter/source/httpapi"
)

// A mistyped secret must not get the address blocked: the PBX does that after 5
// failures within 10 minutes.
func TestSafetyOfSignInWithAWrongSecret(t *testing.T) {
	p := newPBX(t)
	s := p.source(t, func(o *Options) {
		o.Secret = func() (httpapi.Secret, error) { return httpapi.NewSecret("canary-wrong"), nil }
	})
	want := "signing in waits until 09:10:00 UTC: " + refusedText + " (errcode -1)"
	var tries []int
	for minute := range 6 * 60 {
		text := listOnce(s)
		if text == "" || strings.Contains(text, "canary") {
			t.Fatalf("minute %d: error = %q", minute, text)
		}
		if minute == 0 && text != want {
			t.Errorf("error = %q, want %q", text, want)
		}
		if n := p.Yeastar.Requests(pathGetToken); len(tries) < n {
			tries = append(tries, minute)
		}
		p.World.Advance(time.Minute)
	}
	// Pauses of 10, 20, 40 and then 60 minutes.
	if got, want := fmt.Sprint(tries), "[0 10 30 70 130 190 250 310]"; got != want {
		t.Errorf("tried in the minutes %s, want %s", got, want)
	}
}

func TestAChangedSecretEndsThePause(t *testing.T) {
	p := newPBX(t)
	secret := "wrong"
	s := p.source(t, func(o *Options) {
		o.Secret = func() (httpapi.Secret, error) { return httpapi.NewSecret(secret), nil }
	})
	listOnce(s)
	secret = p.ClientSecret()
	if text := listOnce(s); text != "" {
		t.Errorf("after the secret was mended: %s", text)
	}
}

// Even somebody who tries one wrong secret after another is not blocked.
func TestSafetyOfSignInWithEverNewSecrets(t *testing.T) {
	p := newPBX(t)
	n := 0
	s := p.source(t, func(o *Options) {
		o.Secret = func() (httpapi.Secret, error) { n++; return httpapi.NewSecret(fmt.Sprint("wrong ", n)), nil }
	})
	for range 9 {
		listOnce(s)
		p.World.Advance(time.Minute)
	}
	if tries := p.Yeastar.Requests(pathGetToken); tries != failuresAllowed {
		t.Errorf("%d tries in 9 minutes, want %d", tries, failuresAllowed)
	}
	if text := listOnce(s); !strings.Contains(text, "4 sign-ins failed within 10 minutes, and after 5 the PBX blocks this address; "+waitsAlone+"; the last one: ") {
		t.Errorf("error = %q", text)
	}
	p.World.Advance(time.Hour)
	listOnce(s)
	if text := listOnce(s); strings.Contains(text, "blocked") {
		t.Errorf("error = %q", text)
	}
}

// waitsAlone is what ends a pause that no other secret ends.
const waitsAlone = "it goes on by itself then, not even a changed secret is tried sooner, and a restart may bring the block"

// refusedText is what wrong credentials are told as.
const refusedText = "get_token: the PBX refuses the credentials: check client_id and the secret against Integrations > API; " +
	"a changed secret file is tried at once, while each restart is one more try, and after 5 the PBX blocks this address"

func TestTheWordsOfARefusedSignIn(t *testing.T) {
	for code, want := range map[int]string{
		-1:    "signing in waits until 09:10:00 UTC: " + refusedText + " (errcode -1)",
		10003: "signing in waits until 09:10:00 UTC: get_token: this PBX no longer serves version 1.0 of the API (errcode 10003)",
		20002: "signing in waits until 09:10:00 UTC: " + refusedText + " (errcode 20002)",
		60002: "signing in waits until 09:05:00 UTC: get_token: the application already has 8 tokens in use: stop other programs that use this Client ID, or wait 30 minutes, for which an exporter that was killed leaves its own (errcode 60002)",
		70004: "signing in waits until 09:11:00 UTC: get_token: the PBX has blocked this address after failed sign-ins: check client_id and the secret, remove the address under Security > Security Rules > Blocked IPs, and restart the exporter (errcode 70004)",
		70087: "signing in waits until 09:10:00 UTC: get_token: the PBX refuses this address: add it under Integrations > API > allowed IPs (errcode 70087)",
		-2:    "signing in: get_token: the PBX had an internal error (errcode -2)",
		70082: "signing in: get_token: the PBX is overloaded by a heavy task (errcode 70082)",
		// Partial success without a token is none.
		1: "signing in waits until 09:10:00 UTC: " + refusedText + " (errcode 1)",
	} {
		p := newPBX(t)
		p.Yeastar.FailEndpoint(pathGetToken, code)
		if got := listOnce(p.source(t, nil)); got != want {
			t.Errorf("code %d: %q, want %q", code, got, want)
		}
	}
}

func TestAnAddressThatIsBlockedIsLeftAlone(t *testing.T) {
	p := newPBX(t)
	wrong := p.source(t, nil)
	for i := range 5 { // Somebody else gets the address blocked.
		other := p.source(t, func(o *Options) {
			o.Secret = func() (httpapi.Secret, error) { return httpapi.NewSecret(strconv.Itoa(i)), nil }
		})
		listOnce(other)
	}
	before := p.Yeastar.Requests(pathGetToken)
	first := listOnce(wrong)
	if !strings.Contains(first, "until 09:10:00 UTC") || !strings.Contains(first, "errcode 70004") {
		t.Errorf("error = %q, want the block's own end", first)
	}
	for range 9 {
		p.World.Advance(time.Minute)
		listOnce(wrong)
	}
	if n := p.Yeastar.Requests(pathGetToken) - before; n != 1 {
		t.Errorf("%d tries while the address is blocked, want the one that told so", n)
	}
	p.World.Advance(time.Minute)
	if text := listOnce(wrong); text != "" {
		t.Errorf("after the block: %s", text)
	}
}

func TestBlockExpireTime(t *testing.T) {
	now := start()
	for name, tc := range map[string]struct {
		expire int64
		want   time.Duration
	}{
		"an instant":       {now.Add(7 * time.Minute).Unix(), 7 * time.Minute},
		"seconds from now": {600, 10 * time.Minute},
		"missing":          {0, 11 * time.Minute},
		"negative":         {-5, 11 * time.Minute},
		"past":             {now.Add(-time.Hour).Unix(), 11 * time.Minute},
		"far off":          {now.Add(30 * 24 * time.Hour).Unix(), 24 * time.Hour},
		"far off, seconds": {999_999_999, 24 * time.Hour},
		"absurd":           {1 << 62, 24 * time.Hour},
	} {
		if got := blockEnd(now, tc.expire).Sub(now); got != tc.want {
			t.Errorf("%s: %s, want %s", name, got, tc.want)
		}
	}
}

func TestTooManyTokensBacksOffAndKeepsTheOldOne(t *testing.T) {
	p := newPBX(t)
	s := p.source(t, nil)
	read(t, s)
	p.World.Advance(27 * time.Minute)
	p.Yeastar.FailEndpoint(pathRefreshToken, 10004)
	p.Yeastar.FailEndpoint(pathGetToken, 60002)
	for range 20 { // The old token is good for 3 more minutes.
		read(t, s)
		time.Sleep(time.Millisecond)
	}
	eventually(t, "backing off", func() bool { return p.Yeastar.Requests(pathGetToken) == 2 })
	var tries []int
	for minute := range 120 {
		before := p.Yeastar.Requests(pathGetToken)
		if minute > 3 {
			listOnce(s)
		}
		if p.Yeastar.Requests(pathGetToken) > before {
			tries = append(tries, minute)
		}
		p.World.Advance(time.Minute)
	}
	// 5 minutes after the first refusal, then 10, 20 and 30.
	if got, want := fmt.Sprint(tries), "[5 15 35 65 95]"; got != want {
		t.Errorf("tried in the minutes %s, want %s", got, want)
	}
}

// A token that never works must not be replaced at every call: the PBX allows 8.
func TestATokenThatNeverWorks(t *testing.T) {
	p := newPBX(t)
	for _, endpoint := range []string{pathSearch, pathQueueList, pathSystem} {
		p.Yeastar.FailEndpoint(endpoint, 10004)
	}
	s := p.source(t, nil)
	for range 60 {
		if text := listOnce(s); text == "" {
			t.Fatal("no error")
		}
		p.World.Advance(10 * time.Second)
	}
	if n := p.Yeastar.Requests(pathGetToken); n > 3 {
		t.Errorf("%d sign-ins in 10 minutes", n)
	}
	if text := listOnce(s); !strings.Contains(text, "another program may be signing in with the same Client ID") {
		t.Errorf("error = %q", text)
	}
}

// An answer that was lost may have been counted by the PBX.
func TestSafetyOfSignInWhenAnswersAreLost(t *testing.T) {
	var tries atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		tries.Add(1)
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_ = conn.Close()
		}
	}))
	defer server.Close()
	w := world.New(world.Options{Start: start(), Still: true})
	s, err := New(Options{
		URL: server.URL, ClientID: "id", UserAgent: "test", Clock: w.Clock(), Viewers: Viewers{API: true},
		Secret: func() (httpapi.Secret, error) { return httpapi.NewSecret("secret"), nil },
	})
	must(t, err)
	for range 9 {
		listOnce(s)
		w.Advance(time.Minute)
	}
	if n := tries.Load(); n > 2*failuresAllowed {
		t.Errorf("%d tries reached the PBX in 9 minutes", n)
	}
	if text := listOnce(s); !strings.Contains(text, "the last one: get_token: the connection was closed before the answer was whole") {
		t.Errorf("error = %q", text)
	}
}

// A PBX that is down is not a wrong secret: it is asked again at every pass.
func TestAClosedPortIsNoFailedSignIn(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	w := world.New(world.Options{Start: start(), Still: true})
	s, err := New(Options{
		URL: server.URL, ClientID: "id", UserAgent: "test", Clock: w.Clock(), Viewers: Viewers{API: true},
		Secret: func() (httpapi.Secret, error) { return httpapi.NewSecret("secret"), nil },
	})
	must(t, err)
	for range 20 {
		if text := listOnce(s); !strings.Contains(text, "connection refused") {
			t.Fatalf("error = %q", text)
		}
	}
}

// A PBX that says so in the middle of a pass is left alone from then on.
func TestABlockedAddressStopsEveryCall(t *testing.T) {
	p := newPBX(t)
	s := p.source(t, func(o *Options) { o.Concurrency = 1 })
	read(t, s)
	p.World.Advance(time.Minute)
	p.Yeastar.FailEndpoint(pathSearch, 70004)
	before := p.Yeastar.Requests(pathSearch)
	for range 5 {
		if text := listOnce(s); !strings.Contains(text, "errcode 70004") {
			t.Errorf("error = %q", text)
		}
		_, _ = s.Info(context.Background())
	}
	if n := p.Yeastar.Requests(pathSearch) - before; n != 1 {
		t.Errorf("%d calls after the first refusal", n-1)
	}
}
