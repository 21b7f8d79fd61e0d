package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"conversation_exporter/simulator"
	simsuperoffice "conversation_exporter/simulator/superoffice"
	"conversation_exporter/simulator/world"
)

// superofficeWatched is the CRM of a simulator.
func superofficeWatched(sim *simulator.Simulator) *watched {
	server := sim.SuperOffice
	s := &watched{
		exporter: exporter{
			target: "desk", keys: []string{"page_size: 25", "concurrency: 1"}, groups: []string{"sessions", "messages", "queues", "agents"},
			superoffice: true, system: []string{"time_zone: Europe/Oslo", "idle_timeout: 20m"}, serve: server,
		},
		mishaps: deskMishaps(sim), begins: server.PassBegins, ends: server.PassEnds, ignored: func(*http.Request) {},
	}
	s.expected = func(time.Duration) map[string]string {
		return deskSamples(s.target, server.Expect(simsuperoffice.ExpectOptions{Messages: true, IdleTimeout: 20 * time.Minute}))
	}
	// Who is there, and whether it is open, is asked for every 50 seconds at most.
	s.skips = func(name string, since time.Duration) bool {
		switch strings.TrimPrefix(name, "conversation_") {
		case "queue_open", "queue_agents", "agents", "agent_present":
			return since < time.Minute
		default:
			return false
		}
	}
	return s
}

// deskWorld is the world of a week with chats.
func deskWorld(t *testing.T, seed uint64) world.Options {
	t.Helper()
	oslo, err := time.LoadLocation("Europe/Oslo")
	if err != nil {
		t.Fatal(err)
	}
	return world.Options{
		Start: time.Date(2026, time.March, 2, 6, 0, 0, 0, time.UTC), Seed: seed, Zone: oslo, Arrivals: 0.01, Desk: world.DeskOptions{Arrivals: 0.7},
	}
}

func TestASimulatedWeekOfSuperOffice(t *testing.T) {
	seeds, long := weekOf(t)
	for name, set := range map[string]func(*simsuperoffice.Switches){
		"as it is":          func(*simsuperoffice.Switches) {},
		"without Dynamic":   func(sw *simsuperoffice.Switches) { sw.DynamicStatus = 403 },
		"without their ids": func(sw *simsuperoffice.Switches) { sw.DynamicLacks = []string{"chat_message.id"} },
		"an old server":     func(sw *simsuperoffice.Switches) { sw.OldServer = true },
	} {
		for seed := uint64(1); seed <= seeds; seed++ {
			t.Run(fmt.Sprint(name, ", seed ", seed), func(t *testing.T) {
				t.Parallel()
				w := clearWeek(t, long, func() *week {
					w := &week{rng: rand.New(rand.NewPCG(seed, 11)), sim: simulator.New(simulator.Options{World: deskWorld(t, seed)})}
					w.sim.SuperOffice.Set(set)
					w.watch(t, superofficeWatched(w.sim))
					return w
				})
				w.tell(t)
			})
		}
	}
}

func TestASimulatedWeekOfBothSystems(t *testing.T) {
	seeds, long := weekOf(t)
	for seed := uint64(1); seed <= seeds; seed++ {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			w := clearWeek(t, long/2, func() *week {
				o := deskWorld(t, seed)
				o.Arrivals, o.Team = 0.7, smallTeam()
				w := &week{rng: rand.New(rand.NewPCG(seed, 11)), sim: simulator.New(simulator.Options{World: o})}
				w.watch(t, yeastarWatched(w.sim), superofficeWatched(w.sim))
				return w
			})
			w.tell(t)
		})
	}
}

// tell tells what was lived through, of which most must have been compared.
func (w *week) tell(t *testing.T) {
	t.Helper()
	if w.compared < w.passes*len(w.systems)/2 && !t.Failed() {
		t.Errorf("of %d passes of %d systems only %d were compared", w.passes, len(w.systems), w.compared)
	}
	e := w.sim.SuperOffice.Expect(simsuperoffice.ExpectOptions{Messages: true})
	t.Logf("%d passes, of which %d were compared, until %s; counted %+v", w.passes, w.compared, w.sim.World.Now().Format(time.DateTime), e.Counted.Totals())
}
