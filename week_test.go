package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
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
	// listed are the instants of the passes that listed anything, for R26.
	listed []time.Time
	// left is after how many requests the system stops answering; 0 is never. Then
	// silent is true, and gone is called if there is such a function.
	left   atomic.Int64
	silent atomic.Bool
	gone   atomic.Pointer[context.CancelFunc]
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
	w.collector = exporter{
		target: "week", keys: []string{"page_size: 25", "concurrency: 1"}, groups: []string{"sessions", "messages"}, serve: http.HandlerFunc(w.serve),
	}.of(t, w.sim)
	return w
}

// serve is the system, which may fall silent in the middle of a pass. Who asks
// then gets no answer at all, so that what was shown is what was received.
func (w *week) serve(to http.ResponseWriter, r *http.Request) {
	if w.left.Load() > 0 && w.left.Add(-1) == 0 {
		w.silent.Store(true)
		w.left.Store(1)
		if gone := w.gone.Load(); gone != nil {
			(*gone)()
		}
		_, _ = io.Copy(io.Discard, r.Body) // Only then does the server notice that a client leaves.
		<-r.Context().Done()
		return
	}
	w.sim.Yeastar.ServeHTTP(to, r)
}

// scrape makes a pass and returns its samples by name and labels.
func (w *week) scrape(t *testing.T, r collector.Request) map[string]string {
	t.Helper()
	w.passes++
	r.Arrived = time.Now()
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
	whole := func(group string) bool {
		return got[`conversation_scrape_collector_success{collector="`+group+`",target="week"}`] == "1" &&
			got[`conversation_scrape_collector_partial{collector="`+group+`",target="week"}`] == "0"
	}
	if _, listed := got[`conversation_scrape_pending_sessions{target="week"}`]; listed {
		w.listed = append(w.listed, w.sim.World.Now())
	}
	when := fmt.Sprintf("pass %d, %s, %s, calm for %d", w.passes, w.sim.World.Now().Format("Mon 15:04:05"), now, calm)
	if calm >= calmAfter && !(whole("sessions") && whole("messages")) {
		t.Errorf("%s: not whole: %v", when, w.collector.Status()[0].Problems)
	}
	if !whole("sessions") || !whole("messages") {
		return
	}
	wrong := w.compare(got, w.expected())
	if len(wrong) > 0 {
		// A place that is new shows its zeros first, and what is to be counted there next.
		wrong = w.compare(w.scrape(t, collector.Request{}), w.expected())
	}
	w.compared++
	if len(wrong) > 0 {
		t.Errorf("%s:\n  %s", when, strings.Join(wrong, "\n  "))
	}
}

// compare holds samples against what must be. What never happened is 0 or absent.
func (*week) compare(got, want map[string]string) (wrong []string) {
	skip := func(name string) bool {
		// Where a bucket is wrong, the sum is too, unless little is missing.
		return strings.HasPrefix(name, "conversation_scrape_") || strings.Contains(name, "_bucket{") && !strings.Contains(name, `le="60"`)
	}
	for name, value := range got {
		if skip(name) {
			continue
		}
		if value != want[name] && (value != "0" || want[name] != "") {
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

// expected gives the samples as they must be.
func (w *week) expected() map[string]string {
	hold := 5 * time.Minute
	if n := len(w.listed); n >= 2 {
		hold = max(hold, w.sim.World.Now().Sub(w.listed[n-2]))
	}
	return samplesOf("week", w.sim.Yeastar.Expect(simyeastar.ExpectOptions{QueueMembers: true, API: true, AllExtensions: true, Messages: true, HoldFor: hold}))
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
	w.fallSilent(nil)
	got := w.scrape(t, collector.Request{Limit: w.limit})
	w.left.Store(0)
	late := got[`conversation_scrape_collector_timeout{collector="messages",target="week"}`] == "1"
	w.muddy = w.muddy || late && !w.silent.Load()
}

// leave makes a pass that nobody waits for any more after some requests.
func (w *week) leave() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	w.fallSilent(&cancel)
	w.passes++
	w.collector.Scrape(ctx, collector.Request{Arrived: time.Now()})
	w.left.Store(0)
}

func (w *week) fallSilent(gone *context.CancelFunc) {
	w.gone.Store(gone)
	w.silent.Store(false)
	w.left.Store(int64(1 + w.rng.IntN(30)))
}

func TestASimulatedWeek(t *testing.T) {
	// With the race detector a day is enough; `make test` runs whole weeks without.
	seeds, days := uint64(1), 1
	if os.Getenv("WEEK") != "" {
		seeds, days = 2, 7
	}
	if text := os.Getenv("SEEDS"); text != "" { // make soak
		var err error
		if seeds, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	for seed := uint64(1); seed <= seeds; seed++ {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			w := clearWeek(t, seed, time.Duration(days)*24*time.Hour)
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
func clearWeek(t *testing.T, seed uint64, d time.Duration) *week {
	t.Helper()
	const least, most, more = 500 * time.Millisecond, 30 * time.Second, 4
	for limit := least; limit <= most; limit *= more {
		w := newWeek(t, world.Options{
			Start: time.Date(2026, time.March, 2, 6, 0, 0, 0, time.UTC), Seed: seed, Arrivals: 0.7, Team: smallTeam(),
		})
		w.limit = limit
		w.sim.World.Advance(26 * time.Hour)
		w.live(t, d)
		if !w.muddy {
			return w
		}
		t.Logf("a pass took longer than %s after %d passes, of which %d were compared", limit, w.passes, w.compared)
	}
	t.Fatalf("a pass takes longer than %s: this machine is too slow for the test", most)
	return nil
}

// live goes through so much time: calm spells, and troubles between them.
func (w *week) live(t *testing.T, d time.Duration) {
	t.Helper()
	end := w.sim.World.Now().Add(d)
	list := append(troubles(), messageTroubles()...)
	list = slices.DeleteFunc(list, func(tr trouble) bool { return tr.invents || tr.unsure })
	slices.SortFunc(list, func(a, b trouble) int { return strings.Compare(a.name, b.name) })
	for w.sim.World.Now().Before(end) && !t.Failed() && !w.muddy {
		for calm := range 4 + w.rng.IntN(8) {
			w.check(t, "no trouble", calm)
			if t.Failed() {
				return
			}
			w.pause()
		}
		tr := list[w.rng.IntN(len(list))]
		lift := tr.begin(w.sim.Yeastar)
		for range 1 + w.rng.IntN(6) {
			switch w.rng.IntN(8) {
			case 0:
				w.cut(t)
			case 1:
				w.leave()
			default:
				w.check(t, tr.name, -1)
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
