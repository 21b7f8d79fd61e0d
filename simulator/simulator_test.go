package simulator

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"conversation_exporter/simulator/superoffice"
	"conversation_exporter/simulator/world"
	"conversation_exporter/simulator/yeastar"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// signIn asks a simulated PBX for a token and gives the errcode of its answer.
func signIn(t *testing.T, url, id, secret string) int {
	t.Helper()
	content := `{"username":"` + id + `","password":"` + secret + `"}`
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+yeastar.Root+"get_token", strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("User-Agent", "test")
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	answer, err := (&http.Client{Transport: transport}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	var b struct {
		Code *int `json:"errcode"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&b); err != nil || b.Code == nil {
		t.Fatalf("no errcode (%v)", err)
	}
	return *b.Code
}

func TestNewServesItsWorld(t *testing.T) {
	s := New(Options{World: world.Options{Still: true}, Yeastar: yeastar.Options{ClientID: "me", ClientSecret: "mine"}})
	server := httptest.NewServer(s.Yeastar)
	defer server.Close()
	if got := signIn(t, server.URL, s.ClientID(), s.ClientSecret()); got != 0 {
		t.Errorf("errcode %d", got)
	}
	if got := signIn(t, server.URL, yeastar.DefaultClientID, yeastar.DefaultClientSecret); got != -1 {
		t.Errorf("with other credentials: errcode %d", got)
	}
	if s.ClientID() != "me" || s.ClientSecret() != "mine" {
		t.Error("the credentials are not the given ones")
	}
}

func TestWind(t *testing.T) {
	for name, c := range map[string]struct {
		long     time.Duration
		sessions int
	}{"no sessions": {30 * time.Hour, 0}, "long": {72 * time.Hour, 500}, "short": {2 * time.Hour, 500}} {
		t.Run(name, func(t *testing.T) {
			s := New(Options{World: world.Options{Still: true}})
			to := s.World.Now().Add(c.long)
			if err := s.Wind(to, c.sessions); err != nil {
				t.Fatal(err)
			}
			if !s.World.Now().Equal(to) || len(s.World.OpenSessions()) != c.sessions {
				t.Errorf("%d sessions at %s, want them at %s", len(s.World.OpenSessions()), s.World.Now(), to)
			}
		})
	}
	past := New(Options{World: world.Options{Still: true}})
	if err := past.Wind(past.World.Now().Add(-time.Hour), 5); err != nil || len(past.World.OpenSessions()) != 5 {
		t.Errorf("an instant that is past: %d sessions, %v", len(past.World.OpenSessions()), err)
	}
}

func TestDemo(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	before := time.Now()
	demo, err := Demo(ctx, DemoOptions{Seed: 4, Speed: 600, Arrivals: 4})
	if err != nil {
		t.Fatal(err)
	}
	if got := signIn(t, demo.URL, demo.ClientID, demo.ClientSecret); got != 0 {
		t.Errorf("errcode %d", got)
	}
	if n := len(demo.Simulator.World.OpenSessions()); n < 50 {
		t.Errorf("%d open sessions", n)
	}
	if now := demo.Simulator.World.Now(); now.Before(before) {
		t.Errorf("the world is at %s, before the demo was begun", now)
	}
	isStaffedAndConnected(t, demo.Simulator.World)
	showsChats(t, demo)
	arrived := demo.Simulator.World.Opened()
	// A minute on the world's clock, however long that takes.
	if err := demo.Simulator.World.Clock().Sleep(ctx, time.Minute); err != nil {
		t.Fatal(err)
	}
	if got := demo.Simulator.World.Opened() - arrived; got == 0 {
		t.Error("nobody arrived in a minute")
	}
	cancel()
	if err := demo.Wait(); err != nil {
		t.Error(err)
	}
	for _, url := range []string{demo.URL, strings.TrimSuffix(demo.SuperOffice, superoffice.Base)} {
		if _, err := net.DialTimeout("tcp", strings.TrimPrefix(url, "http://"), time.Second); err == nil {
			t.Errorf("%s still listens", url)
		}
	}
}

// showsChats asks the CRM of a demo for its chats.
func showsChats(t *testing.T, demo *Running) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, demo.SuperOffice+"/api/v1/ChatSession?$top=500", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth(demo.User, demo.Password)
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	answer, err := (&http.Client{Transport: transport}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	var list struct{ Value []map[string]any }
	if err := json.NewDecoder(answer.Body).Decode(&list); err != nil || len(list.Value) != 500 {
		t.Errorf("%d chats (%v)", len(list.Value), err)
	}
}

// isStaffedAndConnected looks for agents in every sort of presence that a demo
// must show, and for channels over which messages went.
func isStaffedAndConnected(t *testing.T, w *world.World) {
	t.Helper()
	there, off, sms := 0, 0, 0
	for _, a := range w.Agents() {
		if a.Presence == world.Available && a.Clients != 0 {
			there++
		}
		if a.Presence == world.OffWork {
			off++
		}
	}
	for _, l := range w.Lines(world.AllTime) {
		if l.Traffic.Sent == 0 || l.Traffic.Delivered == 0 || l.Traffic.Received == 0 || l.Provider == "" {
			t.Errorf("channel %+v", l)
		}
		if l.Medium == world.SMS {
			sms++
		}
	}
	if there == 0 || off == 0 || sms != 2 {
		t.Errorf("%d are there, %d are off, %d channels for SMS", there, off, sms)
	}
	if w.Zone() != time.Local {
		t.Errorf("its day is that of %s", w.Zone())
	}
}

func TestDemoEndsAnswersThatAreHeldBack(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	demo, err := Demo(ctx, DemoOptions{Arrivals: 1})
	if err != nil {
		t.Fatal(err)
	}
	demo.Simulator.Yeastar.Set(func(sw *yeastar.Switches) { sw.Latency = time.Hour })
	asked := make(chan struct{})
	go func() {
		defer close(asked)
		r, _ := http.NewRequestWithContext(context.Background(), http.MethodGet, demo.URL+yeastar.Root+"extension/list", nil)
		transport := &http.Transport{DisableKeepAlives: true}
		if answer, err := (&http.Client{Transport: transport}).Do(r); err == nil {
			_ = answer.Body.Close()
		}
	}()
	for demo.Simulator.Yeastar.Requests("extension/list") == 0 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := demo.Wait(); err != nil {
		t.Error(err)
	}
	<-asked
}

func TestServeTellsWhatStoppedIt(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := New(Options{World: world.Options{Still: true}}).Serve(t.Context(), l); !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

func TestDemosOfOneSeedAreAlike(t *testing.T) {
	start := time.Date(2026, time.March, 1, 0, 0, 0, 0, time.UTC)
	list := func() []world.Session {
		s := New(Options{World: world.Options{Start: start, Seed: 11}})
		if err := s.Wind(start.Add(6*time.Hour), 100); err != nil {
			t.Fatal(err)
		}
		return s.World.OpenSessions()
	}
	if a, b := list(), list(); len(a) < 100 || !reflect.DeepEqual(a, b) {
		t.Errorf("%d and %d sessions, which are not the same", len(a), len(b))
	}
}

func TestTheSeedOfTheWorldIsThatOfTheFaults(t *testing.T) {
	hit := func(o Options) (list []bool) {
		o.World.Still = true
		s := New(o)
		s.Yeastar.Inject(yeastar.Fault{Kind: yeastar.Plain, Share: 0.5})
		for range 64 {
			answer := httptest.NewRecorder()
			r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, yeastar.Root, http.NoBody)
			s.Yeastar.ServeHTTP(answer, r)
			list = append(list, answer.Code == http.StatusInternalServerError)
		}
		return list
	}
	seven := hit(Options{World: world.Options{Seed: 7}})
	if !slices.Equal(seven, hit(Options{Yeastar: yeastar.Options{Seed: 7}})) || slices.Equal(seven, hit(Options{World: world.Options{Seed: 8}})) {
		t.Error("the faults do not follow the world's seed")
	}
}
