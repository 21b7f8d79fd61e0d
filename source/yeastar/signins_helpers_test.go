package yeastar

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"conversation_exporter/simulator/world"
	"conversation_exporter/source/httpapi"
)

// gate is a PBX with any number of applications. It counts sign-ins as a real
// one does: by the time at which they come.
type gate struct {
	*httptest.Server
	world *world.World
	mu    sync.Mutex
	// right is the secret of every application.
	right string
	// failed are the times of failed sign-ins, signedIn those that went well.
	failed   []time.Time
	signedIn int
	// atOnce is the most sign-ins that were under way at once, calls the number of
	// all requests, refused how many did not bear a token that is known.
	atOnce, underWay, calls, refused int
	tokens                           map[string]bool
	// hold keeps sign-ins until it is closed; nil for none.
	hold chan struct{}
	// code is what every sign-in is answered with; 0 for what is right.
	code int
}

func newGate(t *testing.T) *gate {
	t.Helper()
	g := &gate{right: "right", tokens: make(map[string]bool), world: world.New(world.Options{Start: start(), Still: true})}
	g.Server = httptest.NewServer(g)
	t.Cleanup(g.Close)
	return g
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	endpoint := r.URL.Path[len(apiRoot)+1:]
	g.mu.Lock()
	g.calls++
	hold := g.hold
	g.mu.Unlock()
	switch endpoint {
	case pathGetToken, pathRefreshToken:
		if hold != nil {
			g.count(1)
			<-hold
			g.count(-1)
		} else {
			g.count(1)
			defer g.count(-1)
		}
		g.signIn(w, r)
	case pathDelToken:
		g.mu.Lock()
		delete(g.tokens, r.URL.Query().Get("access_token"))
		g.mu.Unlock()
		fmt.Fprint(w, `{"errcode":0}`)
	default:
		g.mu.Lock()
		known := g.tokens[r.URL.Query().Get("access_token")]
		if !known {
			g.refused++
		}
		g.mu.Unlock()
		if !known {
			fmt.Fprint(w, `{"errcode":10004}`)
			return
		}
		fmt.Fprint(w, `{"errcode":0}`)
	}
}

func (g *gate) count(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.underWay += n
	g.atOnce = max(g.atOnce, g.underWay)
}

func (g *gate) signIn(w http.ResponseWriter, r *http.Request) {
	var body map[string]string
	err := json.NewDecoder(r.Body).Decode(&body)
	g.mu.Lock()
	defer g.mu.Unlock()
	good := err == nil && g.code == 0 && (body["password"] == g.right || g.tokens[body["refresh_token"]])
	if !good {
		g.failed = append(g.failed, g.world.Now())
		if g.code != 0 {
			fmt.Fprintf(w, `{"errcode":%d}`, g.code)
		} else {
			fmt.Fprint(w, `{"errcode":-1}`)
		}
		return
	}
	g.signedIn++
	access, refresh := fmt.Sprint("canarytoken", g.signedIn), fmt.Sprint("canaryrefresh", g.signedIn)
	g.tokens[access], g.tokens[refresh] = true, true
	fmt.Fprintf(w, `{"errcode":0,"access_token":%q,"access_token_expire_time":1800,"refresh_token":%q,"refresh_token_expire_time":86400}`, access, refresh)
}

// forget ends every token, as a restart of the PBX does.
func (g *gate) forget() {
	g.mu.Lock()
	defer g.mu.Unlock()
	clear(g.tokens)
}

// safe checks that no 10 minutes saw more failures than are allowed, and returns
// how many there were in all.
func (g *gate) safe(t *testing.T) int {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, from := range g.failed {
		n := 0
		for _, at := range g.failed[i:] {
			if at.Sub(from) < failureWindow {
				n++
			}
		}
		if n > failuresAllowed {
			t.Fatalf("%d failed sign-ins in the 10 minutes from %s on", n, from)
		}
	}
	return len(g.failed)
}

// source makes a Source over a memory, with an application and a secret.
func (g *gate) source(t *testing.T, m *SignIns, who, secret string, change func(*Options)) *Source {
	t.Helper()
	opts := Options{
		URL: g.URL, ClientID: who, UserAgent: "test", Jitter: noWait, Clock: g.world.Clock(), Viewers: Viewers{API: true}, SignIns: m,
		Secret: func() (httpapi.Secret, error) { return httpapi.NewSecret(secret), nil },
	}
	if change != nil {
		change(&opts)
	}
	s, err := New(opts)
	must(t, err)
	t.Cleanup(func() { s.client.CloseIdle() })
	return s
}

// fleet makes so many Sources, each with an application of its own.
func (g *gate) fleet(t *testing.T, m *SignIns, n int, secret func(i int) string) []*Source {
	t.Helper()
	var fleet []*Source
	for i := range n {
		fleet = append(fleet, g.source(t, m, fmt.Sprint("id", i), secret(i), nil))
	}
	return fleet
}

// scrape makes a pass of each Source at once, and returns how many went well.
func scrape(t *testing.T, fleet []*Source) (good int) {
	t.Helper()
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, s := range fleet {
		wg.Go(func() {
			text := listOnce(s)
			mu.Lock()
			defer mu.Unlock()
			if text == "" {
				good++
			} else if strings.Contains(text, "canary") {
				t.Errorf("error = %s", text)
			}
		})
	}
	wg.Wait()
	return good
}

// within makes a context that ends soon.
func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}
