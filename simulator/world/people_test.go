package world

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"
)

func TestSameSeedSameConversations(t *testing.T) {
	t.Parallel()
	const span = 2 * time.Hour
	records := func(seed uint64, step time.Duration) (list []Record, open []Session) {
		w := New(Options{Seed: seed, Observe: func(r Record) { list = append(list, r) }})
		for range span / step {
			w.Advance(step)
		}
		return list, w.OpenSessions()
	}
	whole, open := records(5, span)
	parts, openParts := records(5, time.Minute)
	if len(whole) < 5_000 || !slices.Equal(whole, parts) || !reflect.DeepEqual(open, openParts) {
		t.Errorf("the same seed gave %d and %d records, which are not the same", len(whole), len(parts))
	}
	if other, _ := records(6, span); slices.Equal(whole, other) {
		t.Error("another seed gave the same world")
	}
	for i, r := range whole {
		if r.ID != int64(i)+1 || i > 0 && r.At.Before(whole[i-1].At) {
			t.Fatalf("record %d has the id %d and the time %s", i+1, r.ID, r.At)
		}
	}
}

func TestStillWorldStandsStill(t *testing.T) {
	w := still(t)
	opened(t, w, Opening{API: true})
	w.Advance(100 * time.Hour)
	if n := w.Opened(); n != 1 || len(w.OpenSessions()) != 1 {
		t.Errorf("%d sessions, %d open", n, len(w.OpenSessions()))
	}
}

// The bounds are wide: they say what a viewer of a demo has to see at any time,
// and not what a seed happens to give.
func TestDemoWorldIsLivelyAndSeesEverySortOfEnd(t *testing.T) {
	t.Parallel()
	for seed := range uint64(2) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			w := advanced(Options{Seed: seed}, 26*time.Hour)
			isLively(t, w)
			hasEverySortOfEnd(t, w)
		})
	}
}

func isLively(t *testing.T, w *World) {
	t.Helper()
	for hour := range 3 {
		states := w.States()
		total := 0
		for state, n := range states {
			total += n
			if n == 0 {
				t.Errorf("hour %d: nothing is %s", hour, state)
			}
		}
		if total < 150 || total > 450 {
			t.Errorf("hour %d: %d open sessions", hour, total)
		}
		over, soon := w.Windows(30 * time.Minute)
		if over == 0 || soon == 0 {
			t.Errorf("hour %d: %d windows are over, %d end soon", hour, over, soon)
		}
		before := w.Opened()
		w.Advance(time.Hour)
		if perMinute := float64(w.Opened()-before) / 60; perMinute < 10 || perMinute > 20 {
			t.Errorf("hour %d: %.1f arrivals a minute", hour, perMinute)
		}
	}
	if w.people.slips != 0 {
		t.Errorf("%d operations were refused", w.people.slips)
	}
}

func TestArrivalsFollowTheOption(t *testing.T) {
	t.Parallel()
	w := advanced(Options{Arrivals: 120}, 30*time.Minute)
	if perMinute := float64(w.Opened()) / 30; math.Abs(perMinute-120) > 12 {
		t.Errorf("%.1f arrivals a minute", perMinute)
	}
}

func hasEverySortOfEnd(t *testing.T, w *World) {
	t.Helper()
	reasons := map[Reason]int{}
	reopened, campaigns, media := 0, 0, map[Medium]int{}
	for id := int64(1); id <= w.lastSession; id++ {
		s, ok := w.Session(id)
		if !ok {
			continue
		}
		media[s.Medium]++
		if s.Campaign {
			campaigns++
		}
		if s.Closed {
			reasons[s.Reason]++
		} else if !s.Ended.IsZero() {
			reopened++
		}
	}
	if len(reasons) != 3 || len(media) != 4 || campaigns == 0 || reopened == 0 {
		t.Errorf("reasons %v, media %v, %d of campaigns, %d reopened", reasons, media, campaigns, reopened)
	}
}

func TestBehavioursBearChangesOfMode(t *testing.T) {
	t.Parallel()
	w := New(Options{Seed: 9})
	modes := []Mode{ModeNone, ModeAuto, ModeManual}
	for i := range 300 {
		for j, q := range w.Queues() {
			must(t, w.SetMode(q.ID, modes[(i+j)%3]))
		}
		w.Advance(time.Minute)
	}
	if w.people.slips != 0 {
		t.Errorf("%d operations were refused", w.people.slips)
	}
}

func TestSmallTeams(t *testing.T) {
	t.Parallel()
	agent := Agent{ID: 7, Number: "1001", Name: "Canary Agent 1"}
	sms := Channel{ID: 1, Medium: SMS, DID: "+9991"}
	for name, team := range map[string]Team{
		"nobody":     {},
		"no channel": {Agents: []Agent{agent}},
		"no queue":   {Agents: []Agent{agent}, Channels: []Channel{sms}},
		"empty queue": {
			Agents: []Agent{agent}, Channels: []Channel{sms},
			Queues: []Queue{{ID: 1, Name: "q", Mode: ModeManual}, {ID: 2, Name: "r", Mode: ModeNone}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := advanced(Options{Team: &team, Arrivals: 2}, 50*time.Hour)
			if (w.Opened() > 0) != (len(team.Channels) > 0) {
				t.Errorf("%d sessions", w.Opened())
			}
			if w.people != nil && w.people.slips != 0 {
				t.Errorf("%d operations were refused", w.people.slips)
			}
		})
	}
}

func TestPrefill(t *testing.T) {
	w := still(t)
	start := w.Now()
	must(t, w.Prefill(10_000, 26*time.Hour))
	if got := w.Now().Sub(start); got != 26*time.Hour {
		t.Errorf("it took %s", got)
	}
	want := map[State]int{Queued: 1000, Shared: 500, Automated: 1500, Archived: 500, Assigned: 6500}
	if got := w.States(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	over, soon := w.Windows(15 * time.Minute)
	if over == 0 || soon == 0 {
		t.Errorf("%d windows are over, %d end soon", over, soon)
	}
}

func TestPrefilledSessionsStirInALivelyWorld(t *testing.T) {
	w := New(Options{})
	must(t, w.Prefill(500, 0))
	before := map[int64]int64{}
	for _, s := range w.OpenSessions() {
		before[s.ID] = s.LastMessageID
	}
	w.Advance(2 * time.Hour)
	moved, open := 0, 0
	for id, last := range before {
		s := get(t, w, id)
		if s.LastMessageID != last {
			moved++
		}
		if !s.Closed {
			open++
		}
	}
	if moved < 250 || open != 500 || w.people.slips != 0 {
		t.Errorf("%d of 500 moved, %d are open, %d refusals", moved, open, w.people.slips)
	}
}

func TestConcurrentUse(t *testing.T) {
	w := New(Options{Seed: 1})
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for range 50 {
				w.Advance(10 * time.Second)
				id, err := w.Open(Opening{QueueID: QueueSupport})
				if err == nil {
					err = w.PickUp(id, 501+i)
				}
				if err == nil {
					err = w.Close(id, ByAgent)
				}
				if err != nil {
					t.Error(err)
				}
				w.States()
				if _, err := w.List(Query{Viewer: "1001", Limit: 50}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	start := w.Clock().Now()
	all.Wait()
	if w.Now().Before(start) {
		t.Error("the clock went back")
	}
	if got := w.Now().Sub(New(Options{}).Now()); got != 2000*time.Second {
		t.Errorf("200 advances of ten seconds made %s", got)
	}
}

func BenchmarkWindThreeDays(b *testing.B) {
	for b.Loop() {
		advanced(Options{Seed: 1}, 72*time.Hour)
	}
}

func BenchmarkPrefill100k(b *testing.B) {
	for b.Loop() {
		if err := New(Options{Still: true}).Prefill(100_000, 0); err != nil {
			b.Fatal(err)
		}
	}
}
