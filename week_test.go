package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
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

// week is a simulated week in which an exporter with everything on is scraped at
// irregular times, while things go wrong now and then.
type week struct {
	sim       *simulator.Simulator
	collector *collector.Collector
	rng       *rand.Rand
	systems   []*watched
	// limit is how long a pass may take that the deadline cuts; muddy is true once a
	// slow machine has ended one at another request, so that nobody knows what it was
	// shown.
	limit time.Duration
	muddy bool
	// passes counts all passes, compared those that were held against the truth.
	passes, compared int
}

// smallTeam is a team whose lists are read in a few requests.
func smallTeam() *world.Team {
	team := world.DefaultTeam()
	team.Agents = team.Agents[:7]
	for i := range team.Queues {
		q := &team.Queues[i]
		q.Members = nil
		for j, agent := range team.Agents {
			if j%len(team.Queues) == i || j == 6 {
				q.Members = append(q.Members, world.Member{ID: 500 + 10*i + j, Number: agent.Number})
			}
		}
	}
	return &team
}

func newWeek(t *testing.T, o world.Options) *week {
	t.Helper()
	w := &week{rng: rand.New(rand.NewPCG(o.Seed, 11)), sim: simulator.New(simulator.Options{World: o})}
	w.watch(t, yeastarWatched(w.sim))
	return w
}

// watch makes the exporter of systems.
func (w *week) watch(t *testing.T, systems ...*watched) {
	t.Helper()
	var targets []*collector.Target
	for _, s := range systems {
		e := s.exporter
		e.serve = http.HandlerFunc(s.answer)
		targets = append(targets, e.open(t, w.sim))
	}
	w.systems, w.collector = systems, collector.New(targets...)
}

// scrape makes a pass and returns its samples by name and labels.
func (w *week) scrape(t *testing.T, r collector.Request) map[string]string {
	t.Helper()
	r.Arrived = time.Now()
	defer w.pass()()
	text, err := testutil.CollectAndFormat(w.collector.Scrape(context.Background(), r), expfmt.TypeTextPlain, weekMetrics()...)
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

// pass tells the systems that a pass begins, and gives what tells them that it ends.
func (w *week) pass() (end func()) {
	w.passes++
	for _, s := range w.systems {
		s.begins()
	}
	return func() {
		for _, s := range w.systems {
			s.ends()
		}
	}
}

// weekMetrics are those that are compared, and those that say whether they may be.
func weekMetrics() []string {
	names := []string{"conversation_scrape_collector_success", "conversation_scrape_collector_partial", "conversation_scrape_collector_timeout", "conversation_scrape_pending_sessions"}
	for _, m := range collector.Metrics() {
		if m.Group != "" {
			names = append(names, m.Name)
		}
	}
	return names
}

// trouble is over for so many passes before all must be well again.
const calmAfter = 3

// check makes a pass and holds against the truth what is said to be whole.
func (w *week) check(t *testing.T, now string, calm int) {
	t.Helper()
	if w.muddy {
		return
	}
	got := w.scrape(t, collector.Request{})
	var again map[string]string
	for i, s := range w.systems {
		since := s.note(got, w.sim.World.Now())
		when := fmt.Sprintf("pass %d of %s, %s, %s, calm for %d", w.passes, s.target, w.sim.World.Now().Format("Mon 15:04:05"), now, calm)
		if group := s.lacks(got); calm >= calmAfter && group != "" {
			t.Errorf("%s: %s is not whole: %v", when, group, w.collector.Status()[i].Problems)
		}
		if !s.whole(got, "sessions") || !s.whole(got, "messages") {
			continue
		}
		wrong := s.compare(got, s.expected(s.hold(w.sim.World.Now())), since)
		if len(wrong) > 0 {
			// A place that is new shows its zeros first, and what is to be counted there next.
			if again == nil {
				again = w.scrape(t, collector.Request{})
			}
			wrong = s.compare(again, s.expected(s.hold(w.sim.World.Now())), 0)
		}
		w.compared++
		if len(wrong) > 0 {
			t.Errorf("%s:\n  %s", when, strings.Join(wrong, "\n  "))
		}
	}
}

// pause lets an irregular time pass: mostly minutes, now and then hours.
func (w *week) pause() {
	d := time.Duration(20+w.rng.IntN(900)) * time.Second
	if w.rng.IntN(60) == 0 {
		d = time.Duration(1+w.rng.IntN(5)) * time.Hour
	}
	w.sim.World.Advance(d)
}

// cut makes a pass that the deadline cuts after some requests.
func (w *week) cut(t *testing.T) {
	t.Helper()
	s := w.fallSilent(nil)
	got := w.scrape(t, collector.Request{Limit: w.limit})
	s.left.Store(0)
	late := s.health(got, "timeout", "messages") == "1"
	w.muddy = w.muddy || late && !s.silent.Load()
	for _, other := range w.systems {
		w.muddy = w.muddy || other != s && other.health(got, "timeout", "messages") == "1"
	}
}

// leave makes a pass that nobody waits for any more after some requests.
func (w *week) leave() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s := w.fallSilent(&cancel)
	end := w.pass()
	w.collector.Scrape(ctx, collector.Request{Arrived: time.Now()})
	s.left.Store(0)
	end()
}

// some gives one of the systems. Where there is one, no die is thrown, so that the
// week of a system alone does not change by there being others.
func (w *week) some() *watched {
	if len(w.systems) == 1 {
		return w.systems[0]
	}
	return w.systems[w.rng.IntN(len(w.systems))]
}

// fallSilent lets one of the systems do so.
func (w *week) fallSilent(gone *context.CancelFunc) *watched {
	s := w.some()
	s.gone.Store(gone)
	s.silent.Store(false)
	s.left.Store(int64(1 + w.rng.IntN(30)))
	return s
}

// weekOf is how many seeds a week is lived through with, and for how long. With the
// race detector a day is enough; `make test` runs whole weeks without.
func weekOf(t *testing.T) (seeds uint64, long time.Duration) {
	t.Helper()
	const day = 24 * time.Hour
	seeds, long = 1, day
	if os.Getenv("WEEK") != "" {
		seeds, long = 2, 7*day
	}
	if text := os.Getenv("SEEDS"); text != "" { // make soak
		var err error
		if seeds, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	return seeds, long
}

func TestASimulatedWeek(t *testing.T) {
	seeds, long := weekOf(t)
	for seed := uint64(1); seed <= seeds; seed++ {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			w := clearWeek(t, long, func() *week {
				return newWeek(t, world.Options{
					Start: time.Date(2026, time.March, 2, 6, 0, 0, 0, time.UTC), Seed: seed, Arrivals: 0.7, Team: smallTeam(),
				})
			})
			if w.compared < w.passes/2 && !t.Failed() {
				t.Errorf("of %d passes only %d were compared", w.passes, w.compared)
			}
			e := w.sim.Yeastar.Expect(simyeastar.ExpectOptions{QueueMembers: true, API: true, AllExtensions: true, Messages: true})
			t.Logf("%d passes, of which %d were compared, until %s; counted %+v", w.passes, w.compared, w.sim.World.Now().Format(time.DateTime), e.Counted.Totals())
		})
	}
}

// clearWeek lives through so much time. A machine that is too slow for the limit of
// its cut passes gets more time and begins again.
func clearWeek(t *testing.T, long time.Duration, begin func() *week) *week {
	t.Helper()
	const least, most, more = 500 * time.Millisecond, 30 * time.Second, 4
	for limit := least; limit <= most; limit *= more {
		w := begin()
		w.limit = limit
		w.sim.World.Advance(26 * time.Hour)
		w.live(t, long)
		if !w.muddy {
			return w
		}
		t.Logf("a pass took longer than %s after %d passes, of which %d were compared", limit, w.passes, w.compared)
	}
	t.Fatalf("a pass takes longer than %s: this machine is too slow for the test", most)
	return nil
}

// live goes through so much time: calm spells, and troubles between them.
func (w *week) live(t *testing.T, long time.Duration) {
	t.Helper()
	end := w.sim.World.Now().Add(long)
	for _, s := range w.systems {
		slices.SortFunc(s.mishaps, func(a, b mishap) int { return strings.Compare(a.name, b.name) })
	}
	for w.sim.World.Now().Before(end) && !t.Failed() && !w.muddy {
		for calm := range 4 + w.rng.IntN(8) {
			w.check(t, "no trouble", calm)
			if t.Failed() {
				return
			}
			w.pause()
		}
		mishaps := w.some().mishaps
		now := mishaps[w.rng.IntN(len(mishaps))]
		lift := now.begin()
		for range 1 + w.rng.IntN(6) {
			switch n := w.rng.IntN(8); {
			// Who leaves may leave another system's answer behind, which was shown then.
			case n == 0, n == 1 && len(w.systems) > 1:
				w.cut(t)
			case n == 1:
				w.leave()
			default:
				w.check(t, now.name, -1)
			}
			if t.Failed() || w.muddy {
				break
			}
			w.pause()
		}
		lift()
		w.sim.World.Advance(20 * time.Minute) // So that pauses of the sign-in are over.
	}
}
