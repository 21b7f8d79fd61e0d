package yeastar

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"conversation_exporter/conversation"
	"conversation_exporter/simulator/world"
	"conversation_exporter/simulator/yeastar"
	"conversation_exporter/source/httpapi"
)

// counted gives the sum of a metric's samples by one of its labels.
func counted(t *testing.T, m *httpapi.Metrics, name, label string) map[string]float64 {
	t.Helper()
	registry := prometheus.NewRegistry()
	must(t, registry.Register(m))
	families, err := registry.Gather()
	must(t, err)
	sums := make(map[string]float64)
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, sample := range f.GetMetric() {
			key := ""
			for _, l := range sample.GetLabel() {
				if l.GetName() == label {
					key = l.GetValue()
				}
			}
			sums[key] += sample.GetCounter().GetValue() + sample.GetGauge().GetValue()
		}
	}
	return sums
}

const (
	requestsTotal = "conversation_api_requests_total"
	failuresTotal = "conversation_api_request_failures_total"
	clockSkew     = "conversation_api_clock_skew_seconds"
)

// withMetrics makes a source count into m.
func withMetrics(m *httpapi.Metrics) func(*Options) {
	return func(o *Options) { o.Metrics, o.Target = m, "pbx" }
}

// afterCode is what the exporter does after an errcode.
type afterCode struct {
	code int
	// asked is how often a list is asked for in the pass that meets the code, and
	// again how often in the next; tokens is how many are taken in both.
	asked, again, tokens int
	// unsupported is true where the endpoint counts as not there, empty where the
	// list counts as one without a session.
	unsupported, empty bool
	// signIns is how often get_token is called in two passes that it refuses, a
	// minute apart; signIn is what is told then.
	signIns int
	signIn  string
	reason  string
}

// afterCodes has every code of the vendor's page.
func afterCodes() []afterCode {
	const credentials, once = "the PBX refuses the credentials", 1
	list := []afterCode{
		// Asked again at once, three times in all; the sign-in is tried once a pass.
		{code: -2, asked: 3, again: 3, tokens: 1, signIns: 2, signIn: "an internal error"},
		{code: -1, asked: 3, again: 3, tokens: 1, signIns: once, signIn: credentials},
		{code: 2, asked: 3, again: 3, tokens: 1, signIns: 2, signIn: "still busy"},
		{code: 70082, asked: 3, again: 3, tokens: 1, signIns: 2, signIn: "overloaded"},
		// Another token, once a pass.
		{code: 10004, asked: 2, again: 2, tokens: 3, signIns: once, signIn: credentials},
		// Not one call more until the pause is over.
		{code: 70004, asked: 1, again: 0, tokens: 1, signIns: once, signIn: "has blocked this address"},
		{code: 60002, asked: 1, again: 1, tokens: 1, signIns: once, signIn: "8 tokens in use"},
		{code: 10001, asked: 1, again: 1, tokens: 1, unsupported: true, signIns: once, signIn: "does not have this interface"},
		{code: 10002, asked: 1, again: 1, tokens: 1, signIns: once, signIn: "no longer serves version 1.0"},
		{code: 10003, asked: 1, again: 1, tokens: 1, signIns: once, signIn: "no longer serves version 1.0"},
		{code: 10005, asked: 1, again: 1, tokens: 1, signIns: once, signIn: "give it the permission"},
		{code: 70087, asked: 1, again: 1, tokens: 1, signIns: once, signIn: "allowed IPs"},
		{code: 70123, asked: 1, again: 1, tokens: 1, signIns: once, signIn: "API is switched off"},
	}
	list = append(list, afterCode{code: 60001, asked: 1, again: 1, tokens: 1, empty: true, signIns: once, signIn: credentials})
	for _, code := range []int{40001, 40002, 40003, 40004, 60101, 70084, 70091, 70093, 70106, 70120, 99999} {
		list = append(list, afterCode{code: code, asked: 1, again: 1, tokens: 1, signIns: once, signIn: credentials})
	}
	for i := range list {
		list[i].reason = "errcode_" + strconv.Itoa(list[i].code)
	}
	list[len(list)-1].reason = "errcode_other"
	return list
}

// TestWhatFollowsFromACodeOfAList meets each code in the list of sessions.
func TestWhatFollowsFromACodeOfAList(t *testing.T) {
	for _, tc := range afterCodes() {
		t.Run(strconv.Itoa(tc.code), func(t *testing.T) {
			h := newHostile(t, func(n int, endpoint, _ string) (int, string) {
				switch endpoint {
				case pathGetToken:
					return 200, fmt.Sprintf(goodToken, n)
				case pathSearch:
					return 200, fmt.Sprintf(`{"errcode":%d}`, tc.code)
				}
				return 200, `{"errcode":0}`
			})
			m := httpapi.NewMetrics()
			s := h.source(t, func(o *Options) {
				withMetrics(m)(o)
				o.Viewers = Viewers{API: true}
			})
			pass := func() (int, error) {
				before := h.n(pathSearch)
				_, _, err := s.OpenSessions(context.Background())
				return h.n(pathSearch) - before, err
			}
			asked, err := pass()
			if (err == nil) != tc.empty || asked != tc.asked || errors.Is(err, conversation.ErrUnsupported) != tc.unsupported {
				t.Errorf("asked %d times and told %v; want %d", asked, err, tc.asked)
			}
			// A success between the passes, so that the second is like the first.
			_ = s.askVersion(context.Background())
			h.world.Advance(time.Minute)
			if asked, _ := pass(); asked != tc.again || h.n(pathGetToken) != tc.tokens {
				t.Errorf("a minute later: asked %d times, with %d tokens; want %d and %d", asked, h.n(pathGetToken), tc.again, tc.tokens)
			}
			want := float64(tc.asked + tc.again)
			if got := counted(t, m, failuresTotal, "reason"); len(got) != 1 || got[tc.reason] != want {
				t.Errorf("counted %v, want %s %v", got, tc.reason, want)
			}
		})
	}
}

// TestWhatFollowsFromACodeOfTheSignIn meets each code in get_token, which is
// never repeated within a pass.
func TestWhatFollowsFromACodeOfTheSignIn(t *testing.T) {
	for _, tc := range afterCodes() {
		t.Run(strconv.Itoa(tc.code), func(t *testing.T) {
			h := newHostile(t, func(_ int, _, _ string) (int, string) { return 200, fmt.Sprintf(`{"errcode":%d}`, tc.code) })
			m := httpapi.NewMetrics()
			s := h.source(t, withMetrics(m))
			for range 2 {
				if text := listOnce(s); !strings.Contains(text, tc.signIn) || !strings.Contains(text, "(errcode "+strconv.Itoa(tc.code)+")") {
					t.Errorf("told %s; want %s", text, tc.signIn)
				}
				h.world.Advance(time.Minute)
			}
			if n := h.n(pathGetToken); n != tc.signIns || counted(t, m, failuresTotal, "reason")[tc.reason] != float64(n) {
				t.Errorf("%d sign-ins, want %d; counted %v", n, tc.signIns, counted(t, m, failuresTotal, "reason"))
			}
		})
	}
}

// A success without a token is none; nor is it a code of the vendor's.
func TestASignInWithoutATokenIsAFailure(t *testing.T) {
	for code, reason := range map[int]string{0: "decode", 1: "errcode_1"} {
		h := newHostile(t, func(_ int, _, _ string) (int, string) { return 200, fmt.Sprintf(`{"errcode":%d}`, code) })
		m := httpapi.NewMetrics()
		text := listOnce(h.source(t, withMetrics(m)))
		if got := counted(t, m, failuresTotal, "reason"); !strings.Contains(text, "refuses the credentials") || got[reason] != 1 {
			t.Errorf("errcode %d: %s; counted %v", code, text, got)
		}
	}
}

// TestPassingFailuresAreNotSeen shows a pass in which everything fails once.
func TestPassingFailuresAreNotSeen(t *testing.T) {
	for name, fault := range map[string]yeastar.Fault{
		"busy":           {Code: 2},
		"failure":        {Code: -1},
		"internal error": {Code: -2},
		"overloaded":     {Code: 70082},
		"502":            {Kind: yeastar.HTML, Status: 502},
		"cut short":      {Kind: yeastar.ResetMidway},
	} {
		t.Run(name, func(t *testing.T) {
			p, m := newPBX(t), httpapi.NewMetrics()
			p.open(t, world.Opening{QueueID: world.QueueSupport})
			s := p.source(t, func(o *Options) {
				withMetrics(m)(o)
				o.Jitter = noWait
			})
			if _, err := s.Info(context.Background()); err != nil {
				t.Fatal(err)
			}
			for _, endpoint := range []string{pathSearch, pathQueueList, pathQueueQuery} {
				fault.Endpoint, fault.Times = endpoint, 2
				p.Yeastar.Inject(fault)
			}
			if n := len(read(t, s)); n != 1 {
				t.Errorf("%d sessions, want 1", n)
			}
			failed := counted(t, m, failuresTotal, "endpoint")
			if len(failed) != 3 || failed[pathSearch] != 2 || failed[pathQueueList] != 2 || failed[pathQueueQuery] != 2 {
				t.Errorf("counted %v, want 2 of each", failed)
			}
		})
	}
}

// The vendor says that the PBX closes each connection after its answer, and not
// how. None of the ways may be seen, least of all by the sign-in.
func TestConnectionsThatThePBXCloses(t *testing.T) {
	for name, change := range map[string]func(*yeastar.Switches){
		"kept open":               func(sw *yeastar.Switches) { sw.KeepAlive = yeastar.KeepOpen },
		"closed, and told":        func(sw *yeastar.Switches) { sw.CloseConnections = true },
		"closed without a word":   func(sw *yeastar.Switches) { sw.KeepAlive = yeastar.DropIdle },
		"closed at the next call": func(sw *yeastar.Switches) { sw.KeepAlive = yeastar.DropNext },
	} {
		t.Run(name, func(t *testing.T) {
			p, m := newPBX(t), httpapi.NewMetrics()
			p.Yeastar.Set(change)
			p.open(t, world.Opening{QueueID: world.QueueSupport})
			s := p.source(t, withMetrics(m))
			// Hours in which the token is renewed several times.
			for range 17 {
				if n := len(read(t, s)); n != 1 {
					t.Fatalf("%d sessions, want 1", n)
				}
				p.World.Advance(10 * time.Minute)
			}
			must(t, s.Close(context.Background()))
			if failed := counted(t, m, failuresTotal, "reason"); len(failed) != 0 {
				t.Errorf("counted %v, want no failure", failed)
			}
			if made := counted(t, m, requestsTotal, "endpoint"); made[pathGetToken] != 1 || made[pathRefreshToken] < 2 || made[pathDelToken] != 1 {
				t.Errorf("counted %v", made)
			}
		})
	}
}

// A PBX that is down is called once a list, and not three times.
func TestRetriesDoNotMultiplyWithTheViewers(t *testing.T) {
	p, m := newPBX(t), httpapi.NewMetrics()
	s := p.source(t, withMetrics(m))
	read(t, s)
	before := counted(t, m, requestsTotal, "endpoint")[pathSearch]
	p.Yeastar.Inject(yeastar.Fault{Kind: yeastar.HTML, Status: 502})
	_ = listOnce(s)
	after := counted(t, m, requestsTotal, "endpoint")[pathSearch]
	// At the most those that are under way at once are repeated.
	if more := after - before - before; more < 0 || more > 2*4 {
		t.Errorf("%v calls for %v lists", after-before, before)
	}
}

// TestLesson22AThrottleEndsThePassAndDelaysTheNext is about a PBX, or something
// before it, that says 429.
func TestLesson22AThrottleEndsThePassAndDelaysTheNext(t *testing.T) {
	for _, kind := range []yeastar.Kind{yeastar.Throttle, yeastar.ThrottleUntil} {
		p, m := newPBX(t), httpapi.NewMetrics()
		s := p.source(t, withMetrics(m))
		read(t, s)
		lift := p.Yeastar.Inject(yeastar.Fault{Kind: kind, Wait: 10 * time.Minute})
		before := counted(t, m, requestsTotal, "")[""]
		for range 9 {
			if text := listOnce(s); !strings.Contains(text, "the server wants no calls until 09:10:0") {
				t.Errorf("told %q", text)
			}
			p.World.Advance(time.Minute)
		}
		made := counted(t, m, requestsTotal, "")[""] - before
		// At the most those that are under way at once hear it.
		if got := counted(t, m, failuresTotal, "reason"); made < 1 || made > 4 || len(got) != 1 || got["throttled"] != made {
			t.Errorf("%v requests while the PBX wanted none; counted %v", made, got)
		}
		lift()
		p.World.Advance(2 * time.Minute)
		read(t, s)
	}
}

// TestLesson22AThrottledRefreshKeepsItsToken shows that a PBX which wants no calls
// while the token is renewed costs none of its 8 tokens.
func TestLesson22AThrottledRefreshKeepsItsToken(t *testing.T) {
	p, m := newPBX(t), httpapi.NewMetrics()
	s := p.source(t, withMetrics(m))
	read(t, s)
	p.World.Advance(31 * time.Minute)
	lift := p.Yeastar.Inject(yeastar.Fault{Kind: yeastar.Throttle, Wait: time.Minute})
	if text := listOnce(s); !strings.HasPrefix(text, "signing in: refresh_token: ") {
		t.Errorf("told %q", text)
	}
	lift()
	p.World.Advance(2 * time.Minute)
	read(t, s)
	if made := counted(t, m, requestsTotal, "endpoint"); made[pathGetToken] != 1 || made[pathRefreshToken] != 2 {
		t.Errorf("counted %v, want one sign-in and a renewal that was made twice", made)
	}
}

// TestLesson05FailingPassesLeaveNothingBehind makes 500 passes of each kind of
// failure, and then counts the goroutines that are left.
func TestLesson05FailingPassesLeaveNothingBehind(t *testing.T) {
	for name, fault := range map[string]yeastar.Fault{
		"500":       {Kind: yeastar.Plain, Status: 500},
		"reset":     {Kind: yeastar.Reset},
		"blackhole": {Kind: yeastar.Hang},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPBX(t)
			s := p.source(t, func(o *Options) { o.Viewers = Viewers{API: true} })
			read(t, s)
			p.Yeastar.Inject(fault)
			before := runtime.NumGoroutine()
			for range 500 {
				ctx, cancel := context.Background(), context.CancelFunc(func() {})
				if fault.Kind == yeastar.Hang {
					ctx, cancel = context.WithTimeout(ctx, time.Millisecond)
				}
				if _, _, err := s.OpenSessions(ctx); err == nil {
					t.Error("a pass that reads nothing succeeded")
				}
				cancel()
			}
			s.client.CloseIdle()
			eventually(t, "no goroutine is left", func() bool { return runtime.NumGoroutine() <= before+5 })
		})
	}
}

// TestLesson25AClockThatIsWrongHarmsNothing shows that nothing is computed with
// the PBX's clock, which is told.
func TestLesson25AClockThatIsWrongHarmsNothing(t *testing.T) {
	for _, skew := range []time.Duration{-2 * time.Hour, 0, 2 * time.Hour} {
		p, m := newPBX(t), httpapi.NewMetrics()
		p.Yeastar.Set(func(sw *yeastar.Switches) { sw.DateSkew = skew })
		p.open(t, world.Opening{QueueID: world.QueueSupport})
		s := p.source(t, withMetrics(m))
		sessions := read(t, s)
		if left := sessions[0].Window.End.Sub(p.World.Now()); left <= 0 || left > 24*time.Hour {
			t.Errorf("with a clock that is wrong by %v, the window ends in %v", skew, left)
		}
		if got := counted(t, m, clockSkew, "target")["pbx"]; got != skew.Seconds() {
			t.Errorf("the clock is wrong by %v, told is %v", skew, got)
		}
	}
}

// A token is given back once: where the first answer was lost, a second call
// would only be told that there is no such token.
func TestATokenIsGivenBackOnce(t *testing.T) {
	p, m := newPBX(t), httpapi.NewMetrics()
	s := p.source(t, withMetrics(m))
	read(t, s)
	p.Yeastar.Inject(yeastar.Fault{Kind: yeastar.HTML, Status: 502, Endpoint: pathDelToken})
	if err := s.Close(context.Background()); err == nil {
		t.Error("no failure was told")
	}
	if n := counted(t, m, requestsTotal, "endpoint")[pathDelToken]; n != 1 {
		t.Errorf("%v calls, want 1", n)
	}
}
