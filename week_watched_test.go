package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"conversation_exporter/collector"
	"conversation_exporter/simulator"
	simyeastar "conversation_exporter/simulator/yeastar"
)

// watched is a system of a week.
type watched struct {
	exporter
	// expected gives the samples as they must be, of sessions that are held so long.
	expected func(hold time.Duration) map[string]string
	// skips tells what is not to be compared, so long after the pass before.
	skips   func(sample string, since time.Duration) bool
	mishaps []mishap
	// begins and ends are called around each pass.
	begins, ends func()
	// ignored tells the system of a request that it does not answer.
	ignored func(*http.Request)
	// listed are the instants of the passes that listed anything, for R26.
	listed []time.Time
	// left is after how many requests the system stops answering; 0 is never. Then
	// silent is true, and gone is called if there is such a function.
	left   atomic.Int64
	silent atomic.Bool
	gone   atomic.Pointer[context.CancelFunc]
}

// mishap is something that goes wrong for a while.
type mishap struct {
	name  string
	begin func() (lift func())
}

// yeastarWatched is the PBX of a simulator.
func yeastarWatched(sim *simulator.Simulator) *watched {
	s := &watched{exporter: exporter{
		target: "week", keys: []string{"page_size: 25", "concurrency: 1"}, groups: []string{"sessions", "messages"}, serve: sim.Yeastar,
	}}
	s.expected = func(hold time.Duration) map[string]string {
		return samplesOf(s.target, sim.Yeastar.Expect(simyeastar.ExpectOptions{QueueMembers: true, API: true, AllExtensions: true, Messages: true, HoldFor: hold}))
	}
	for _, tr := range append(troubles(), messageTroubles()...) {
		if !tr.invents && !tr.unsure {
			s.mishaps = append(s.mishaps, mishap{tr.name, func() func() { return tr.begin(sim.Yeastar) }})
		}
	}
	s.begins, s.ends, s.skips = func() {}, func() {}, func(string, time.Duration) bool { return false }
	s.ignored = sim.Yeastar.Ignore
	return s
}

// answer is the system, which may fall silent in the middle of a pass. Who asks
// then gets no answer at all, so that what was shown is what was received.
func (s *watched) answer(to http.ResponseWriter, r *http.Request) {
	if s.left.Load() > 0 && s.left.Add(-1) == 0 {
		s.silent.Store(true)
		s.left.Store(1)
		if gone := s.gone.Load(); gone != nil {
			(*gone)()
		}
		s.ignored(r)
		_, _ = io.Copy(io.Discard, r.Body) // Only then does the server notice that a client leaves.
		<-r.Context().Done()
		return
	}
	s.serve.ServeHTTP(to, r)
}

// health is a sample of a group's health.
func (s *watched) health(got map[string]string, name, group string) string {
	return got["conversation_scrape_collector_"+name+`{collector="`+group+`",target="`+s.target+`"}`]
}

func (s *watched) whole(got map[string]string, group string) bool {
	return s.health(got, "success", group) == "1" && s.health(got, "partial", group) == "0"
}

// lacks names a group that is not whole.
func (s *watched) lacks(got map[string]string) string {
	for _, group := range s.groups {
		if !s.whole(got, group) {
			return group
		}
	}
	return ""
}

// note takes note of a pass, and tells how long before it the last one was.
func (s *watched) note(got map[string]string, now time.Time) (since time.Duration) {
	since = time.Hour
	if n := len(s.listed); n > 0 {
		since = now.Sub(s.listed[n-1])
	}
	if _, listed := got[`conversation_scrape_pending_sessions{target="`+s.target+`"}`]; listed {
		s.listed = append(s.listed, now)
	}
	return since
}

// hold is how long sessions are held of which nothing is told (R26).
func (s *watched) hold(now time.Time) time.Duration {
	if n := len(s.listed); n >= 2 {
		return max(5*time.Minute, now.Sub(s.listed[n-2]))
	}
	return 5 * time.Minute
}

// compare holds samples against what must be. What never happened is 0 or absent,
// and of a group that is not whole nothing is said.
func (s *watched) compare(got, want map[string]string, since time.Duration) (wrong []string) {
	groups := make(map[string]string)
	for _, m := range collector.Metrics() {
		groups[m.Name] = m.Group
	}
	skip := func(sample string) bool {
		name, _, _ := strings.Cut(sample, "{")
		for _, suffix := range []string{"_bucket", "_sum", "_count"} {
			if base, ok := strings.CutSuffix(name, suffix); ok && groups[base] != "" {
				name = base
			}
		}
		// Where a bucket is wrong, the sum is too, unless little is missing.
		return strings.Contains(sample, "_bucket{") && !strings.Contains(sample, `le="60"`) ||
			!strings.Contains(sample, `target="`+s.target+`"`) || !s.whole(got, groups[name]) || s.skips(name, since)
	}
	for name, value := range got {
		if !skip(name) && value != want[name] && (value != "0" || want[name] != "") {
			wrong = append(wrong, fmt.Sprintf("%s is %s, want %q", name, value, want[name]))
		}
	}
	for name, value := range want {
		if _, ok := got[name]; !ok && value != "0" && !skip(name) {
			wrong = append(wrong, fmt.Sprintf("%s is absent, want %s", name, value))
		}
	}
	slices.Sort(wrong)
	return wrong
}
