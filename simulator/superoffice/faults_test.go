package superoffice

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"conversation_exporter/simulator/world"
)

func TestFaultsThatAnswer(t *testing.T) {
	c := onsite(t)
	c.sample()
	for name, f := range map[string]struct {
		fault  Fault
		status int
		text   string
	}{
		"refused":        {Fault{}, 500, `"ErrorType":"SoException"`},
		"forbidden":      {Fault{Status: 403}, 403, `"Error":true`},
		"plain":          {Fault{Kind: Plain}, 500, "this went wrong"},
		"page":           {Fault{Kind: HTML}, 503, "<!DOCTYPE html>"},
		"page as such":   {Fault{Kind: HTML, Status: 200}, 200, "<h1>This is not the API"},
		"empty":          {Fault{Kind: Empty}, 200, ""},
		"empty object":   {Fault{Kind: EmptyObject}, 200, "{}"},
		"null":           {Fault{Kind: Null}, 200, "null"},
		"garbage":        {Fault{Kind: Garbage}, 200, "not JSON"},
		"throttled":      {Fault{Kind: Throttle, Wait: 1500 * time.Millisecond}, 429, "too many requests"},
		"redirected":     {Fault{Kind: Redirect, Location: "https://canary.invalid/"}, 302, ""},
		"truncated":      {Fault{Kind: Truncated}, 200, `"value":[{`},
		"of wrong types": {Fault{Kind: WrongTypes}, 200, `"chatSessionId":{"value":4001}`},
		"of wrong shape": {Fault{Kind: WrongShapes}, 200, `[{`},
		"huge":           {Fault{Kind: Huge, Size: 100_000}, 200, `"value":[{`},
		"dripping":       {Fault{Kind: Drip}, 200, `"value":[{`},
	} {
		t.Run(name, func(t *testing.T) {
			f.fault.Times = 1
			c.server.Inject(f.fault)
			got := c.get("ChatSession")
			if got.code != f.status || !strings.Contains(got.text, f.text) {
				t.Errorf("%d %.200s", got.code, got.text)
			}
			if name == "throttled" && got.header.Get("Retry-After") != "2" {
				t.Errorf("Retry-After %q", got.header.Get("Retry-After"))
			}
			if again := c.get("ChatSession"); again.code != 200 || !strings.HasPrefix(again.text, `{"odata`) {
				t.Errorf("afterwards: %d %.100s", again.code, again.text)
			}
		})
	}
}

func TestThrottleUntilIsADateOfTheVirtualClock(t *testing.T) {
	c := onsite(t)
	c.server.Inject(Fault{Kind: ThrottleUntil, Wait: time.Minute})
	at, err := http.ParseTime(c.get("ChatSession").header.Get("Retry-After"))
	c.must(err)
	if got := at.Sub(c.world.Now()); got < time.Minute || got > time.Minute+time.Second {
		t.Errorf("after %s", got)
	}
}

func TestFaultsThatBreakTheConnection(t *testing.T) {
	c := onsite(t)
	c.sample()
	for name, kind := range map[string]Kind{
		"hang": Hang, "reset": Reset, "lost": Lost, "reset midway": ResetMidway, "closed after the headers": CloseAfterHeaders,
	} {
		t.Run(name, func(t *testing.T) {
			defer c.server.Inject(Fault{Kind: kind})()
			wait := time.Minute
			if kind == Hang {
				wait = 50 * time.Millisecond
			}
			ctx, cancel := context.WithTimeout(t.Context(), wait)
			defer cancel()
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.http.URL+Base+"/api/v1/ChatSession", http.NoBody)
			c.must(err)
			r.Header = c.header.Clone()
			answer, err := c.http.Client().Do(r)
			if err != nil {
				return
			}
			defer func() { _ = answer.Body.Close() }()
			if text, err := io.ReadAll(answer.Body); err == nil {
				t.Errorf("it arrived: %s", text)
			}
		})
	}
}

func TestFaultsAreLimited(t *testing.T) {
	c := onsite(t)
	id := c.sample()
	lift := c.server.Inject(Fault{Endpoint: "ChatSession/{id}", Status: 403})
	if c.get("ChatSession/"+itoa(id)).code != 403 || c.get("ChatSession/"+itoa(id)+"/Messages").code != 200 {
		t.Error("an endpoint's fault does not fail just that endpoint")
	}
	lift()
	if got := c.get("ChatSession/" + itoa(id)).code; got != 200 {
		t.Errorf("lifted: %d", got)
	}
	c.server.FailEndpoint("ChatSession", 500)
	if got := c.get("ChatSession").code; got != 500 {
		t.Errorf("failing: %d", got)
	}
	c.server.FailEndpoint("ChatSession", 0)
	c.server.Inject(Fault{Share: 0.5})
	failures := 0
	for range 64 {
		if c.get("ChatSession").code != 200 {
			failures++
		}
	}
	if failures < 16 || failures > 48 {
		t.Errorf("of 64 a half should fail, and %d did", failures)
	}
	c.server.ClearFaults()
	if got := c.get("ChatSession").code; got != 200 {
		t.Errorf("cleared: %d", got)
	}
}

func TestLatencyAndClosedConnections(t *testing.T) {
	c := onsite(t)
	c.server.Set(func(sw *Switches) { sw.Latency, sw.CloseConnections = 30*time.Millisecond, true })
	began := time.Now()
	c.get("ChatSession")
	if took := time.Since(began); took < 30*time.Millisecond {
		t.Errorf("it took %s", took)
	}
}

// A lively world serves what it should at any time.
func TestLivelyWorldIsServed(t *testing.T) {
	// A topic closes on the way.
	evening := time.Date(2026, time.September, 1, 17, 0, 0, 0, oslo())
	w := world.New(world.Options{Start: evening, Zone: oslo(), Seed: 3, Arrivals: 0.1, Desk: world.DeskOptions{Arrivals: 4}})
	c := newCRM(t, Options{})
	c.world, c.desk, c.server = w, w.Desk(), New(w, Options{})
	c.http.Config.Handler = c.server
	c.header.Set("Authorization", basic(DefaultUser, DefaultPassword))
	seen := map[float64]int{}
	for range 180 {
		w.Advance(time.Minute)
		rows := c.get("ChatSession", "$select", "chatSessionId,status", "$output", "Logical", "$filter", "status oneOf (1,2,3,4,5,6)").rows(t)
		for _, row := range rows {
			n, _ := row["status"].(float64)
			seen[n]++
		}
	}
	for n := 1.0; n <= 6; n++ {
		if seen[n] == 0 {
			t.Errorf("status %v was never listed", n)
		}
	}
}
