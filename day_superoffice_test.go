package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"conversation_exporter/simulator"
	"conversation_exporter/simulator/superoffice"
	"conversation_exporter/simulator/world"
)

// deskTrouble is something that goes wrong with the chats for a while.
type deskTrouble struct {
	name  string
	begin func(s *superoffice.Server) (lift func())
	// groups are those that can be compared while it lasts; nil for all.
	groups []string
}

const (
	// presenceLife is how long a source may take presence and opening hours as told.
	presenceLife = 50 * time.Second
	// oneByOne is how many chats are read in a pass where they are read one by one; of
	// more the older facts of some are taken as told.
	oneByOne = 20
)

func newDeskDay(t *testing.T, seed uint64) *day {
	t.Helper()
	oslo, err := time.LoadLocation("Europe/Oslo")
	if err != nil {
		t.Fatal(err)
	}
	sim := simulator.New(simulator.Options{
		World: world.Options{
			Start: time.Date(2026, time.March, 2, 6, 0, 0, 0, time.UTC), Seed: seed, Arrivals: 0.1, Desk: world.DeskOptions{Arrivals: 1},
		},
		SuperOffice: superoffice.Options{Zone: oslo},
	})
	d := &day{sim: sim, rng: rand.New(rand.NewPCG(seed, 13)), compared: make(map[string]int), groups: []string{"sessions", "queues", "agents"}}
	d.want = func([]world.Viewer) map[string]string {
		return deskSamples("day", sim.SuperOffice.Expect(superoffice.ExpectOptions{}))
	}
	d.collector = exporter{
		target: "day", keys: []string{"page_size: 15", "max_pages: 20"}, groups: d.groups,
		superoffice: true, system: []string{"time_zone: Europe/Oslo"},
	}.of(t, sim)
	return d
}

// deskSamples writes what is expected of the chats as the exposition has it.
func deskSamples(target string, e superoffice.Expected) map[string]string {
	s := &samples{target: target, lines: make(map[string]string)}
	for k, n := range e.Open {
		s.add("open_sessions", quoted(`channel=%q,origin=%q,queue=%q,state=%q`, k.Channel, k.Origin, k.Queue, k.State), float64(n))
	}
	for _, at := range e.Known {
		s.add("queue_info", quoted(`assignment_mode="pickup",queue=%q`, at.Queue), 1)
		s.add("queue_open", quoted(`queue=%q`, at.Queue), map[bool]float64{true: 1}[e.TopicOpen[at.Queue]])
		s.add("transfers_pending", quoted(`queue=%q`, at.Queue), float64(e.Transfers[at.Queue]))
		s.add("queue_agents", quoted(`presence="present",queue=%q`, at.Queue), float64(e.Present[at.Queue]))
		s.add("queue_agents", quoted(`presence="away",queue=%q`, at.Queue), float64(e.Away[at.Queue]))
	}
	for k, limit := range e.Thresholds {
		s.add("queue_warning_threshold_seconds", quoted(`event=%q,level=%q,queue=%q`, k.Event, k.Level, k.Queue), limit.Seconds())
	}
	s.add("agents", quoted(`presence="present"`), float64(e.AgentsPresent))
	s.add("agents", quoted(`presence="away"`), float64(e.AgentsAway))
	load := make(map[string]int)
	for _, session := range e.Sessions {
		if session.State == "assigned" {
			load[session.Agent]++
		}
	}
	for id, a := range e.Agents {
		s.add("agent_sessions", quoted(`agent=%q`, id), float64(load[id]))
		s.add("agent_present", quoted(`agent=%q`, id), map[bool]float64{true: 1}[a.Present])
	}
	s.gauges(e.Gauges)
	s.counters(e.Counted)
	return s.lines
}

// deskFault is a trouble by one fault.
func deskFault(name string, f superoffice.Fault) deskTrouble {
	return deskTrouble{name: name, begin: func(s *superoffice.Server) func() { return s.Inject(f) }}
}

// deskSwitch is a trouble by switches, that ends with the switches as they were.
func deskSwitch(name string, on func(sw *superoffice.Switches)) deskTrouble {
	return deskTrouble{name: name, begin: func(s *superoffice.Server) func() {
		s.Set(on)
		return func() { s.Set(func(sw *superoffice.Switches) { *sw = superoffice.Switches{} }) }
	}}
}

// deskFaults are troubles on the way, and of endpoints by themselves.
func deskFaults() []deskTrouble {
	var list []deskTrouble
	for name, kind := range map[string]superoffice.Kind{
		"resets": superoffice.Reset, "web pages": superoffice.HTML, "empty answers": superoffice.Empty, "empty objects": superoffice.EmptyObject,
		"nulls": superoffice.Null, "garbage": superoffice.Garbage, "answers cut short": superoffice.Truncated, "wrong types": superoffice.WrongTypes,
		"wrong shapes": superoffice.WrongShapes, "redirects": superoffice.Redirect, "throttling": superoffice.Throttle, "server errors": superoffice.Plain,
		"refusals": superoffice.Refuse, "lost answers": superoffice.Lost, "answers that break off": superoffice.ResetMidway,
	} {
		one := deskFault(name, superoffice.Fault{Kind: kind, Share: 0.3})
		if kind == superoffice.Null {
			one.groups = []string{"queues"} // A chat that is null is one that is not there any more.
		}
		list = append(list, one)
	}
	for _, endpoint := range []string{
		"ChatSession", "Archive/Dynamic", "MDOList/chatchannel", "ChatTopic/{id}", "ChatTopic/{id}/IsOpen", "Agents/Chat/GetChatPresence", "api",
	} {
		for _, status := range []int{403, 404, 500} {
			list = append(list, deskFault(fmt.Sprint(endpoint, " answers ", status), superoffice.Fault{Endpoint: endpoint, Status: status}))
			if status == 404 && (strings.HasSuffix(endpoint, "IsOpen") || strings.HasSuffix(endpoint, "Presence")) {
				list[len(list)-1].groups = []string{"sessions"} // Then the server has no such thing.
			}
		}
		list = append(list,
			deskFault(endpoint+" answers null", superoffice.Fault{Endpoint: endpoint, Kind: superoffice.Null}),
			deskFault(endpoint+" is of wrong types", superoffice.Fault{Endpoint: endpoint, Kind: superoffice.WrongTypes}))
	}
	for _, endpoint := range []string{"ChatSession", "Archive/Dynamic"} {
		list = append(list,
			deskFault(endpoint+" ignores its filter", superoffice.Fault{Endpoint: endpoint, Kind: superoffice.FilterIgnored}),
			deskFault(endpoint+" shows rows twice", superoffice.Fault{Endpoint: endpoint, Kind: superoffice.DuplicateRows}))
	}
	list = append(list, deskFault("a wrong password", superoffice.Fault{Kind: superoffice.Refuse, Status: 401}))
	return list
}

// deskSwitches are what the vendor leaves open. Of most of them nothing may be
// noticed.
func deskSwitches() []deskTrouble {
	list := []deskTrouble{
		deskSwitch("dates are tagged", func(sw *superoffice.Switches) {
			sw.Dates, sw.ColonInOffset, sw.DateFraction = superoffice.DatesTagged, true, 7
		}),
		deskSwitch("dates are called UTC", func(sw *superoffice.Switches) { sw.Dates = superoffice.DatesPretended }),
		deskSwitch("keys are numbers, values are texts", func(sw *superoffice.Switches) { sw.NumericKeys, sw.RawAsText, sw.LogicalLists = true, true, true }),
		deskSwitch("pages have links", func(sw *superoffice.Switches) { sw.NextLink = superoffice.NextURL }),
		deskSwitch("pages have none", func(sw *superoffice.Switches) { sw.NextLink = superoffice.NextAbsent }),
		deskSwitch("pages are capped", func(sw *superoffice.Switches) { sw.TopLimit = 12 }),
		deskSwitch("an old server", func(sw *superoffice.Switches) { sw.OldServer = true }),
		deskSwitch("an old server that drops columns", func(sw *superoffice.Switches) { sw.OldServer, sw.UnknownColumns = true, superoffice.ColumnsDropped }),
		deskSwitch("Dynamic is forbidden", func(sw *superoffice.Switches) { sw.DynamicStatus = 403 }),
		deskSwitch("Dynamic takes in alone", func(sw *superoffice.Switches) { sw.DynamicEquals = true }),
		deskSwitch("Dynamic writes numbers", func(sw *superoffice.Switches) { sw.DynamicNumbers = true }),
		deskSwitch("Dynamic knows no bots", func(sw *superoffice.Switches) { sw.DynamicLacks = []string{"chat_session.chatbot_isactive"} }),
		deskSwitch("Dynamic knows no transfers", func(sw *superoffice.Switches) { sw.DynamicLacks = []string{"chat_session.transfer_to"} }),
		deskSwitch("nobody is null", func(sw *superoffice.Switches) { sw.Nobody = superoffice.NobodyNull }),
		deskSwitch("nobody is the system", func(sw *superoffice.Switches) { sw.Nobody = superoffice.NobodySystem }),
		deskSwitch("entities without Dynamic", func(sw *superoffice.Switches) {
			sw.DynamicStatus, sw.NullUnselected, sw.NumericEnums, sw.Nobody = 404, true, true, superoffice.NobodyMinus
		}),
		deskSwitch("presence is null", func(sw *superoffice.Switches) { sw.NullPresence = true }),
		deskSwitch("reasons of its own", func(sw *superoffice.Switches) { sw.CustomReasons, sw.CloseConnections = true, true }),
		deskSwitch("the clock of the server is ahead", func(sw *superoffice.Switches) { sw.ClockSkew, sw.DateSkew = 40*time.Second, 0 }),
	}
	hidden := deskSwitch("a topic without a right", func(sw *superoffice.Switches) { sw.HiddenTopics = []int{world.TopicOrders} })
	hidden.groups = []string{"sessions"} // The list of topics is taken as told for a while.
	return append(list, hidden)
}

// checkDesk is check where only some groups can be compared.
func (d *day) checkDesk(t *testing.T, now *deskTrouble, calm int) {
	t.Helper()
	all := d.groups
	var as *trouble
	if now != nil {
		as = &trouble{name: now.name}
		switch {
		case now.groups != nil:
			d.groups = now.groups
		case len(d.sim.SuperOffice.Expect(superoffice.ExpectOptions{}).Sessions) > oneByOne:
			d.groups = []string{"sessions"}
		}
	}
	d.check(t, as, calm)
	d.groups = all
	d.sim.World.Advance(presenceLife + time.Duration(d.rng.IntN(300))*time.Second)
}

func TestASimulatedDayOfChats(t *testing.T) {
	seeds := uint64(1)
	if text := os.Getenv("SEEDS"); text != "" { // make soak
		var err error
		if seeds, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	for seed := uint64(1); seed <= seeds; seed++ {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			d := newDeskDay(t, seed)
			d.sim.World.Advance(3 * time.Hour)
			list := slices.Concat(deskFaults(), deskSwitches())
			slices.SortFunc(list, func(a, b deskTrouble) int { return strings.Compare(a.name, b.name) })
			d.rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
			for _, trouble := range list {
				for calm := range 3 {
					d.checkDesk(t, nil, calm)
				}
				lift := trouble.begin(d.sim.SuperOffice)
				for range 1 + d.rng.IntN(4) {
					d.checkDesk(t, &trouble, -1)
				}
				lift()
				d.sim.World.Advance(20 * time.Minute) // So that pauses of the sign-in are over.
			}
			for _, group := range d.groups {
				if d.compared[group] < 200 {
					t.Errorf("only %d passes were compared of the %s", d.compared[group], group)
				}
			}
			t.Logf("so many passes were compared, until %[2]s: %[1]v", d.compared, d.sim.World.Now().Format(time.DateTime))
		})
	}
}
