package world

import (
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"
)

// look is what agents and channels are like at an instant.
type look struct {
	agents   []Agent
	channels []Channel
}

// looks gives what a world looks like every hour.
func looks(o Options, step time.Duration) (list []look) {
	w := New(o)
	for range 48 {
		for range time.Hour / step {
			w.Advance(step)
		}
		list = append(list, look{w.Agents(), w.Channels()})
	}
	return list
}

func TestSameSeedSamePresence(t *testing.T) {
	t.Parallel()
	o := Options{Seed: 5, Arrivals: 0.5}
	whole := looks(o, time.Hour)
	if !reflect.DeepEqual(whole, looks(o, time.Minute)) {
		t.Error("the same seed gave two stories")
	}
	o.Arrivals = 2
	if !reflect.DeepEqual(whole, looks(o, time.Hour)) {
		t.Error("how many customers write decides who is there")
	}
	o.Seed = 6
	if reflect.DeepEqual(whole, looks(o, time.Hour)) {
		t.Error("another seed gave the same story")
	}
}

// Who is there, and whether a channel is connected, changes nothing of what is said.
func TestPresenceLeavesTheConversationsAlone(t *testing.T) {
	t.Parallel()
	story := func(meddle bool) (list []Record) {
		w := New(Options{Seed: 5, Observe: func(r Record) { list = append(list, r) }})
		for _, a := range w.Agents() {
			if meddle {
				must(t, w.SetPresence(a.Number, OffWork, false))
			}
		}
		for _, c := range w.Channels() {
			if meddle {
				must(t, w.SetLink(c.ID, Broken, "x"))
			}
		}
		w.Advance(3 * time.Hour)
		return list
	}
	if quiet := story(false); len(quiet) < 5_000 || !slices.Equal(quiet, story(true)) {
		t.Errorf("of %d records some are others", len(quiet))
	}
}

func TestAgentsOfALivelyWorldComeAndGo(t *testing.T) {
	t.Parallel()
	w := New(Options{Seed: 1, Arrivals: 0.1})
	seen := map[string]int{}
	for range 4 * 24 * 7 {
		w.Advance(15 * time.Minute)
		there := 0
		for _, a := range w.Agents() {
			seen[string(a.Presence)]++
			for one, name := range map[Clients]string{Desktop: "desktop", Mobile: "mobile", Web: "web", Phone: "phone"} {
				if a.Clients.Has(one) {
					seen[name]++
				}
			}
			if a.Presence == Available && a.Clients == 0 {
				seen["says so, and is not"]++
			}
			if a.Presence == Available && a.Clients == Phone {
				seen["by phone alone"]++
			}
			if a.Presence == Available && a.Clients != 0 {
				there++
			}
		}
		if there == 0 || there > 18 {
			t.Fatalf("%d of 24 are there at %s", there, w.Now())
		}
		for _, c := range w.Channels() {
			seen[string(c.Link)]++
			if (c.Link == Connected) != (c.Trouble == "") {
				t.Fatalf("%+v", c)
			}
		}
	}
	for _, what := range []string{
		"available", "away", "lunch", "busy", "trip", "off", "desktop", "mobile", "web", "phone",
		"says so, and is not", "by phone alone", "connected", "broken",
	} {
		t.Logf("%s: %d", what, seen[what])
		if seen[what] == 0 {
			t.Errorf("%s: not once", what)
		}
	}
	if seen["lapsed"] != 0 {
		t.Error("a channel was no longer paid for")
	}
}

// Shifts begin by the clock of the place: the same in another zone, shifted.
func TestShiftsFollowTheZone(t *testing.T) {
	t.Parallel()
	at := func(zone *time.Location) []look {
		return looks(Options{Seed: 4, Arrivals: 0.1, Zone: zone, Start: time.Date(2026, time.May, 4, 8, 0, 0, 0, zone)}, time.Hour)
	}
	if !reflect.DeepEqual(at(time.FixedZone("", 3600)), at(time.FixedZone("", -5*3600))) {
		t.Error("the same hour of two places looks different")
	}
}

func TestPresenceThatIsSetStays(t *testing.T) {
	for name, w := range map[string]*World{"still": New(Options{Still: true}), "lively": New(Options{Arrivals: 0.1})} {
		must(t, w.SetPresence("1001", Lunch, true))
		must(t, w.SetClients("1002", Web|Phone))
		before := w.Agents()
		w.Advance(50 * time.Hour)
		after := w.Agents()
		if a := after[0]; a.Presence != Lunch || a.Clients != Desktop {
			t.Errorf("%s: %+v", name, a)
		}
		if after[1] != before[1] || after[1].Clients != Web|Phone {
			t.Errorf("%s: %+v, before %+v", name, after[1], before[1])
		}
		if still := slices.Equal(before, after); still != (name == "still") {
			t.Errorf("%s: all the others stayed: %t", name, still)
		}
		if err := w.SetClients("9", Web); !errors.Is(err, ErrNotFound) {
			t.Errorf("%s, nobody: %v", name, err)
		}
	}
}
