package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/common/expfmt"

	"conversation_exporter/collector"
	"conversation_exporter/simulator"
	"conversation_exporter/simulator/world"
	simyeastar "conversation_exporter/simulator/yeastar"
)

// day is a simulated day on which an exporter is scraped at irregular times
// while faults come and go.
type day struct {
	sim       *simulator.Simulator
	collector *collector.Collector
	rng       *rand.Rand
	// groups are those that are read, all but the messages, which have a week. want
	// gives the samples as they must be while some viewers cannot be read.
	groups []string
	want   func(failing []world.Viewer) map[string]string
	// listed are the instants of the passes that listed anything, for R26.
	listed []time.Time
	// compared counts the passes whose values were held against the truth, by group.
	compared map[string]int
}

// trouble is something that goes wrong for a while.
type trouble struct {
	name  string
	begin func(s *simyeastar.Server) (lift func())
	// failing are the viewers whose lists it makes unreadable.
	failing []world.Viewer
	// unsure is true where all viewers are read and it is not known that these are
	// all, so that who has a session is not sure.
	unsure bool
	// invents is true where the PBX tells sessions that do not exist, so that
	// even what is said to be a part cannot be compared.
	invents bool
}

func troubles() []trouble {
	inject := func(f simyeastar.Fault) func(*simyeastar.Server) func() {
		return func(s *simyeastar.Server) func() { return s.Inject(f) }
	}
	set := func(on, off func(*simyeastar.Switches)) func(*simyeastar.Server) func() {
		return func(s *simyeastar.Server) func() { s.Set(on); return func() { s.Set(off) } }
	}
	const search = "message_session/search"
	list := []trouble{
		{name: "a viewer without permission", failing: []world.Viewer{"1001"}, begin: inject(simyeastar.Fault{Endpoint: search, Viewer: "1001", Code: 10005})},
		{name: "two viewers whose answers break", failing: []world.Viewer{"1002", "1003"}, begin: func(s *simyeastar.Server) func() {
			one := s.Inject(simyeastar.Fault{Endpoint: search, Viewer: "1002", Kind: simyeastar.Truncated})
			two := s.Inject(simyeastar.Fault{Endpoint: search, Viewer: "1003", Kind: simyeastar.HTML})
			return func() { one(); two() }
		}},
		{name: "the API is not readable", failing: []world.Viewer{world.API}, begin: inject(simyeastar.Fault{Endpoint: search, Viewer: "api", Code: -2})},
		{name: "tokens die", begin: func(s *simyeastar.Server) func() { s.RevokeTokens(); return func() {} }},
		{name: "a token bears few calls", begin: set(func(s *simyeastar.Switches) { s.TokenCalls = 300 }, func(s *simyeastar.Switches) { s.TokenCalls = 0 })},
		{name: "pages overlap", begin: set(func(s *simyeastar.Switches) { s.Cursor = simyeastar.Inclusive }, func(s *simyeastar.Switches) { s.Cursor = simyeastar.Exclusive })},
		{name: "pages are capped", begin: set(func(s *simyeastar.Switches) { s.PageSizeLimit = 12 }, func(s *simyeastar.Switches) { s.PageSizeLimit = 0 })},
		{name: "numbers are texts", begin: set(func(s *simyeastar.Switches) { s.NumbersAsStrings, s.ErrcodeAsString, s.NullLists = true, true, true }, func(s *simyeastar.Switches) { s.NumbersAsStrings, s.ErrcodeAsString, s.NullLists = false, false, false })},
		{name: "connections are closed", begin: set(func(s *simyeastar.Switches) { s.CloseConnections = true }, func(s *simyeastar.Switches) { s.CloseConnections = false })},
		{name: "connections are dropped", begin: set(func(s *simyeastar.Switches) { s.KeepAlive = simyeastar.DropNext }, func(s *simyeastar.Switches) { s.KeepAlive = simyeastar.KeepOpen })},
		{name: "the queues are not readable", unsure: true, begin: inject(simyeastar.Fault{Endpoint: "message_queue/list", Code: 10005})},
		{name: "the members are not told", unsure: true, begin: inject(simyeastar.Fault{Kind: simyeastar.NoMembers})},
		{name: "old firmware", begin: set(func(s *simyeastar.Switches) { s.OldFirmware = true }, func(s *simyeastar.Switches) { s.OldFirmware = false })},
		{name: "endless lists", invents: true, begin: inject(simyeastar.Fault{Endpoint: search, Kind: simyeastar.EndlessRows})},
	}
	for name, kind := range map[string]simyeastar.Kind{
		"resets": simyeastar.Reset, "web pages": simyeastar.HTML, "empty answers": simyeastar.Empty, "empty objects": simyeastar.EmptyObject,
		"garbage": simyeastar.Garbage, "answers cut short": simyeastar.Truncated, "wrong types": simyeastar.WrongTypes, "wrong shapes": simyeastar.WrongShapes,
		"redirects": simyeastar.Redirect, "throttling": simyeastar.Throttle, "server errors": simyeastar.Plain,
	} {
		list = append(list, trouble{name: name, begin: inject(simyeastar.Fault{Kind: kind, Share: 0.3})})
	}
	for name, kind := range map[string]simyeastar.Kind{
		"the cursor is ignored": simyeastar.CursorIgnored, "circles": simyeastar.CursorCircle, "rising cursors": simyeastar.CursorRising,
		"duplicate rows": simyeastar.DuplicateRows, "repeated rows": simyeastar.RepeatedRows,
	} {
		list = append(list, trouble{name: name, begin: inject(simyeastar.Fault{Endpoint: search, Kind: kind})})
	}
	return list
}

// directoryTroubles are those of what is read beside the sessions.
func directoryTroubles() []trouble {
	inject := func(f simyeastar.Fault) func(*simyeastar.Server) func() {
		return func(s *simyeastar.Server) func() { return s.Inject(f) }
	}
	set := func(change func(sw *simyeastar.Switches, on bool)) func(*simyeastar.Server) func() {
		return func(s *simyeastar.Server) func() {
			s.Set(func(sw *simyeastar.Switches) { change(sw, true) })
			return func() { s.Set(func(sw *simyeastar.Switches) { change(sw, false) }) }
		}
	}
	return []trouble{
		{name: "the extensions are not readable", begin: inject(simyeastar.Fault{Endpoint: "extension/list", Code: 10005})},
		{name: "the channels are not readable", begin: inject(simyeastar.Fault{Endpoint: "message_channel/list", Code: 10005})},
		{name: "presence is not told", begin: set(func(sw *simyeastar.Switches, on bool) { sw.NoPresenceStatus = on })},
		{name: "clients are not told", begin: set(func(sw *simyeastar.Switches, on bool) { sw.NoOnlineStatus = on })},
		{name: "the plan is over", begin: set(func(sw *simyeastar.Switches, on bool) { sw.PlanLapsed = on })},
	}
}

func newDay(t *testing.T, seed uint64) *day {
	t.Helper()
	sim := simulator.New(simulator.Options{World: world.Options{
		Start: time.Date(2026, time.March, 2, 6, 0, 0, 0, time.UTC), Seed: seed, Arrivals: 2,
	}})
	d := &day{
		sim: sim, rng: rand.New(rand.NewPCG(seed, 7)), compared: make(map[string]int), groups: []string{"sessions", "queues", "channels", "agents"},
	}
	d.want = d.expected
	d.collector = exporter{target: "day", keys: []string{"page_size: 20", "max_pages: 20"}, groups: d.groups}.of(t, sim)
	return d
}

// ofTheDay tells a metric that is compared: when a window ends next is over a week.
func ofTheDay(m collector.Metric) bool { return !strings.HasSuffix(m.Name, "_timestamp_seconds") }

// samples makes a scrape and returns its samples by name and labels.
func (d *day) samples(t *testing.T) map[string]string {
	t.Helper()
	names := []string{"conversation_scrape_collector_success", "conversation_scrape_collector_partial"}
	for _, m := range collector.Metrics() {
		if slices.Contains(d.groups, m.Group) && ofTheDay(m) {
			names = append(names, m.Name)
		}
	}
	s := d.collector.Scrape(context.Background(), collector.Request{Arrived: time.Now()})
	text, err := testutil.CollectAndFormat(s, expfmt.TypeTextPlain, names...)
	if err != nil {
		t.Fatal(err)
	}
	m := make(map[string]string)
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "} "); ok && !strings.HasPrefix(line, "#") {
			m[name+"}"] = value
		}
	}
	return m
}

// expected gives the samples as they must be.
func (d *day) expected(failing []world.Viewer) map[string]string {
	hold := 5 * time.Minute
	if n := len(d.listed); n >= 2 {
		hold = max(hold, d.sim.World.Now().Sub(d.listed[n-2]))
	}
	return samplesOf("day", d.sim.Yeastar.Expect(simyeastar.ExpectOptions{
		QueueMembers: true, API: true, AllExtensions: true, Queues: true, Channels: true, Agents: true, Failing: failing, HoldFor: hold,
	}))
}

// compare holds what was exported of a group against what must be. What never was
// is 0 or absent.
func (d *day) compare(t *testing.T, group, when string, got, want map[string]string) {
	t.Helper()
	d.compared[group]++
	for _, m := range collector.Metrics() {
		if m.Group != group || !ofTheDay(m) {
			continue
		}
		for name, value := range got {
			if strings.HasPrefix(name, m.Name+"{") && value != want[name] && (value != "0" || want[name] != "") {
				t.Errorf("%s: %s is %s, want %q", when, name, value, want[name])
			}
		}
		for name, value := range want {
			if strings.HasPrefix(name, m.Name+"{") && got[name] != value {
				t.Errorf("%s: %s is %q, want %s", when, name, got[name], value)
			}
		}
	}
}

// check scrapes once and judges what is told: a value is true, or it is absent
// and said so.
func (d *day) check(t *testing.T, now *trouble, sinceTrouble int) {
	t.Helper()
	got := d.samples(t)
	for _, group := range d.groups {
		d.judge(t, group, got, now, sinceTrouble)
	}
	for name := range got {
		if strings.HasPrefix(name, "conversation_open_sessions{") {
			d.listed = append(d.listed, d.sim.World.Now())
			return
		}
	}
}

// judge holds against the truth what a pass has told of one group.
func (d *day) judge(t *testing.T, group string, got map[string]string, now *trouble, sinceTrouble int) {
	t.Helper()
	success := got[`conversation_scrape_collector_success{collector="`+group+`",target="day"}`]
	partial := got[`conversation_scrape_collector_partial{collector="`+group+`",target="day"}`]
	exported := false
	for _, m := range collector.Metrics() {
		for name := range got {
			exported = exported || m.Group == group && strings.HasPrefix(name, m.Name+"{")
		}
	}
	name, failing := "no trouble", []world.Viewer(nil)
	if now != nil {
		name, failing = now.name, now.failing
	}
	when := fmt.Sprintf("%s, %s", d.sim.World.Now().Format("15:04:05"), name)
	switch {
	case partial == "0" && success == "1":
		d.compare(t, group, when+", told as all", got, d.want(nil))
	case partial != "1" && exported:
		t.Errorf("%s: success of %s is %q and partial is %q, yet it is exported", when, group, success, partial)
	case group == "sessions" && partial == "1" && now != nil && failing != nil && sinceTrouble < 0:
		d.compare(t, group, when+", told as a part", got, d.want(failing))
	}
	if now == nil && sinceTrouble >= 2 && (success != "1" || partial != "0") {
		t.Errorf("%s: success %q, partial %q of %s in the pass %d after the trouble: %v", when, success, partial, group, sinceTrouble, d.collector.Status()[0].Problems)
	}
}

func TestASimulatedDay(t *testing.T) {
	seeds := uint64(2)
	if text := os.Getenv("SEEDS"); text != "" { // make soak
		var err error
		if seeds, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	for seed := uint64(1); seed <= seeds; seed++ {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			d := newDay(t, seed)
			d.sim.World.Advance(time.Hour)
			for _, trouble := range append(troubles(), directoryTroubles()...) {
				for calm := range 4 {
					d.check(t, nil, calm)
					d.pause()
				}
				lift := trouble.begin(d.sim.Yeastar)
				for range 1 + d.rng.IntN(4) {
					d.check(t, &trouble, -1)
					d.pause()
				}
				lift()
				d.sim.World.Advance(20 * time.Minute) // So that pauses of the sign-in are over.
			}
			if t.Failed() {
				return
			}
			t.Logf("so many passes were compared, until %[2]s: %[1]v", d.compared, d.sim.World.Now().Format(time.DateTime))
		})
	}
}

// pause lets an irregular time pass.
func (d *day) pause() {
	d.sim.World.Advance(time.Duration(5+d.rng.IntN(300)) * time.Second)
}
