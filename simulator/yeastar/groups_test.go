package yeastar

import (
	"maps"
	"net/http"
	"reflect"
	"testing"
	"time"

	"conversation_exporter/simulator/world"
)

// grouped is an exporter that reads the members of queues and has all groups.
func grouped() ExpectOptions {
	o := everybody()
	o.AllExtensions = false
	o.Queues, o.Channels, o.Agents = true, true, true
	return o
}

// directory reads what the groups read.
func (p *pbx) directory() {
	p.t.Helper()
	p.token = p.login(DefaultClientSecret).text("access_token")
	defer p.server.RevokeTokens()
	p.get("message_queue/list", "page", "1", "page_size", "100")
	p.get("message_queue/query", "ids", "3,4,5,6")
	p.get("extension/list", "page", "1", "page_size", "100")
	p.get("message_channel/list", "page", "1", "page_size", "100", "time_range", "today")
}

// team serves another team from now on.
func (p *pbx) team(change func(*world.Team)) {
	p.t.Helper()
	team := world.DefaultTeam()
	change(&team)
	p.world = world.New(world.Options{Still: true, Team: &team})
	p.server = New(p.world, Options{})
	p.http.Config.Handler = p.server
}

// expect compares a part of what is expected.
func expect[K comparable](t *testing.T, what string, got, want map[K]int) {
	t.Helper()
	if !maps.Equal(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestExpectedQueues(t *testing.T) {
	p := newPBX(t)
	for _, o := range []ExpectOptions{grouped(), everybody()} {
		if e := p.server.Expect(o); !reflect.DeepEqual(e.Queues, newQueueGauges()) || !reflect.DeepEqual(e.Channels, newChannelGauges()) ||
			!reflect.DeepEqual(e.Agents, newAgentGauges()) {
			t.Errorf("nothing was told yet: %+v", e)
		}
		p.directory()
	}
	e := p.server.Expect(grouped())
	expect(t, "info", e.Queues.Info, map[QueueInfoKey]int{
		{"Support", "manual"}: 1, {"Billing", "manual"}: 1, {"Sales", "auto"}: 1, {"Community", "none"}: 1,
	})
	// 1005 has nothing on, 1007, 1014 and 1021 are away, 1011 and 1022 are off.
	expect(t, "agents of queues", e.Queues.Agents, map[QueueAgentsKey]int{
		{"Support", "present"}: 8, {"Support", "away"}: 2, {"Billing", "present"}: 4, {"Billing", "away"}: 2,
		{"Sales", "present"}: 6, {"Sales", "away"}: 1, {"Community", "present"}: 3, {"Community", "away"}: 1,
	})
	expect(t, "agents", e.Queues.All, map[string]int{"present": 16, "away": 5})
	if n := len(e.Agents.Present); n != 21 || e.Agents.Present["1001"] != 1 || e.Agents.Present["1005"] != 0 {
		t.Errorf("of %d members: %v", n, e.Agents.Present)
	}
	if e := p.server.Expect(everybody()); len(e.Queues.Info)+len(e.Channels.Up)+len(e.Agents.Sessions) != 0 {
		t.Errorf("without the groups: %+v", e)
	}
}

func TestExpectedPresence(t *testing.T) {
	p := newPBX(t)
	for name, c := range map[string]struct {
		presence world.Presence
		clients  world.Clients
		want     int
	}{
		"desktop":             {world.Available, world.Desktop, 1},
		"mobile":              {world.Available, world.Mobile, 1},
		"web":                 {world.Available, world.Web, 1},
		"phone":               {world.Available, world.Phone, 1},
		"nothing":             {world.Available, 0, 0},
		"away":                {world.Away, world.Desktop, 0},
		"at lunch":            {world.Lunch, world.Phone, 0},
		"not to be disturbed": {world.Busy, world.Desktop | world.Web, 0},
		"on a trip":           {world.BusinessTrip, world.Mobile, 0},
		"off":                 {world.OffWork, world.Phone, 0},
	} {
		t.Run(name, func(t *testing.T) {
			p.must(p.world.SetPresence("1001", c.presence, false))
			p.must(p.world.SetClients("1001", c.clients))
			p.directory()
			e := p.server.Expect(grouped())
			if e.Agents.Present["1001"] != c.want || e.Queues.Agents[QueueAgentsKey{"Support", "present"}] != 7+c.want ||
				e.Queues.Agents[QueueAgentsKey{"Support", "away"}] != 3-c.want {
				t.Errorf("%v, %v", e.Agents.Present["1001"], e.Queues.Agents)
			}
		})
	}
}

// A client cannot know better than the last answer that it got.
func TestExpectedGroupsAreAsTheyWereToldLast(t *testing.T) {
	p := newPBX(t)
	id := p.open(world.Opening{API: true})
	p.directory()
	told := p.server.Expect(grouped())
	again := func(what string, same bool) {
		t.Helper()
		e := p.server.Expect(grouped())
		if got := reflect.DeepEqual(e.Channels, told.Channels) && reflect.DeepEqual(e.Queues, told.Queues); got != same {
			t.Errorf("%s: the same as before: %t, %+v, %+v", what, got, e.Channels, e.Queues)
		}
	}
	p.must(p.world.CustomerWrites(id))
	p.must(p.world.SetPresence("1001", world.Away, true))
	p.must(p.world.SetLink(3, world.Broken, "x"))
	p.must(p.world.SetMode(3, world.ModeNone))
	again("nothing was asked for", true)
	p.token = p.login(DefaultClientSecret).text("access_token")
	for _, kind := range []Kind{Plain, Truncated, WrongTypes} {
		lift := p.server.Inject(Fault{Kind: kind})
		for _, endpoint := range []string{"message_channel/list", "extension/list", "message_queue/query"} {
			params := []string{"page", "1", "page_size", "100", "time_range", "today", "ids", "3"}
			p.try(t.Context(), http.MethodGet, Root+endpoint+"?"+p.query(params), "")
		}
		lift()
	}
	again("no answer arrived", true)
	p.get("message_channel/list", "page", "1", "page_size", "100", "time_range", "all")
	p.get("message_channel/list", "page", "1", "page_size", "4", "time_range", "today")
	p.get("extension/list", "page", "1", "page_size", "12")
	again("no list was told to its end", true)
	p.get("message_channel/list", "page", "2", "page_size", "4", "time_range", "today")
	again("the channels were", false)
	e := p.server.Expect(grouped())
	if e.Channels.Up[ChannelUpKey{"sms", "Hotline SMS", "twilio"}] != 0 || e.Channels.Received[ChannelReceivedKey{"whatsapp", "WhatsApp"}] != 2 ||
		!reflect.DeepEqual(e.Queues, told.Queues) {
		t.Errorf("%+v", e)
	}
	p.get("extension/list", "page", "2", "page_size", "12")
	p.get("message_queue/query", "ids", "3")
	e = p.server.Expect(grouped())
	if e.Queues.Agents[QueueAgentsKey{"Support", "present"}] != 7 || e.Queues.Info[QueueInfoKey{"Support", "none"}] != 1 || len(e.Queues.Info) != 4 {
		t.Errorf("%+v", e.Queues)
	}
}

func TestExpectedPresenceThatIsNotTold(t *testing.T) {
	members := map[QueueAgentsKey]int{
		{"Support", "present"}: 8, {"Support", "away"}: 2, {"Billing", "present"}: 4, {"Billing", "away"}: 2,
		{"Sales", "present"}: 6, {"Sales", "away"}: 1,
	}
	for name, c := range map[string]struct {
		change  func(*Switches)
		queues  map[QueueAgentsKey]int
		agents  map[string]int
		present int // how many agents have a series
	}{
		"no presence": {func(sw *Switches) { sw.NoPresenceStatus = true }, nil, nil, 0},
		"no clients":  {func(sw *Switches) { sw.NoOnlineStatus = true }, nil, nil, 0},
		"a whole queue": {
			func(sw *Switches) { sw.HiddenExtensions = []string{"1018", "1019", "1020", "1021"} },
			with(members, map[QueueAgentsKey]int{{"Sales", "present"}: 4}),
			map[string]int{"present": 13, "away": 4},
			17,
		},
		"one who is present": {
			func(sw *Switches) { sw.HiddenExtensions = []string{"1001"} },
			with(members, map[QueueAgentsKey]int{{"Support", "present"}: 7, {"Community", "present"}: 3, {"Community", "away"}: 1}),
			map[string]int{"present": 15, "away": 5},
			20,
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPBX(t)
			p.server.Set(c.change)
			p.directory()
			e := p.server.Expect(grouped())
			expect(t, "queues", e.Queues.Agents, c.queues)
			expect(t, "agents", e.Queues.All, c.agents)
			if len(e.Agents.Present) != c.present || len(e.Agents.Sessions) != 21 || len(e.Queues.Info) != 4 {
				t.Errorf("%d are present or away, %d have sessions, %d modes", len(e.Agents.Present), len(e.Agents.Sessions), len(e.Queues.Info))
			}
		})
	}
}

// with gives a map with other values for some keys.
func with[K comparable](m, other map[K]int) map[K]int {
	m = maps.Clone(m)
	maps.Copy(m, other)
	return m
}

func TestExpectedQueuesThatAreNotToldWhole(t *testing.T) {
	for _, first := range []bool{false, true} {
		p := newPBX(t)
		if first { // all was told before
			p.directory()
		}
		p.server.Inject(Fault{Kind: NoMembers})
		p.server.Inject(Fault{Kind: NoAssignmentMode})
		p.directory()
		e := p.server.Expect(grouped())
		if known := first; (len(e.Queues.Info) == 4) != known || (len(e.Queues.Agents) == 8) != known || (len(e.Agents.Sessions) == 21) != known {
			t.Errorf("told before: %t: %+v", first, e.Queues)
		}
	}
}

func TestExpectedQueuesOfOneName(t *testing.T) {
	p := newPBX(t)
	p.team(func(team *world.Team) {
		team.Queues[2].Name = "Support"
		team.Queues[3].Members = nil
	})
	p.directory()
	e := p.server.Expect(grouped())
	expect(t, "info", e.Queues.Info, map[QueueInfoKey]int{{"Support", "manual"}: 1, {"Billing", "manual"}: 1, {"Community", "none"}: 1})
	expect(t, "agents", e.Queues.Agents, map[QueueAgentsKey]int{
		{"Support", "present"}: 14, {"Support", "away"}: 3, {"Billing", "present"}: 4, {"Billing", "away"}: 2,
		{"Community", "present"}: 0, {"Community", "away"}: 0,
	})
}

func TestExpectedChannels(t *testing.T) {
	p := newPBX(t)
	p.team(func(team *world.Team) {
		team.Channels = append(team.Channels,
			world.Channel{ID: 6, Medium: world.SMS, Name: "Hotline SMS", Provider: "twilio"},
			world.Channel{ID: 7, Medium: world.SMS, Name: "Hotline SMS", Provider: "athena"},
			world.Channel{ID: 8, Medium: world.WhatsApp, Name: "Hotline SMS", Provider: "whatsapp"},
		)
	})
	p.world.HoldDeliveries(true)
	for _, channel := range []int{3, 5, 6, 7} {
		id := p.open(world.Opening{Medium: world.SMS, Channel: channel, Extension: "1001"})
		for range channel {
			p.must(p.world.AgentWrites(id, ""))
		}
		s, _ := p.world.Session(id)
		p.must(p.world.Deliver(id, s.LastMessageID))
		p.must(p.world.Fail(id, s.LastMessageID-1, "x"))
	}
	p.must(p.world.SetLink(6, world.Broken, "x"))
	p.must(p.world.SetLink(2, world.Lapsed, ""))
	p.directory()
	e := p.server.Expect(grouped())
	expect(t, "up", e.Channels.Up, map[ChannelUpKey]int{
		{"whatsapp", "WhatsApp", "whatsapp"}: 1, {"facebook", "Facebook", "facebook"}: 0, {"livechat", "Website", "livechat"}: 1,
		{"sms", "Hotline SMS", "twilio"}: 0, {"sms", "Hotline SMS", "athena"}: 1, {"sms", "Service SMS", "telnyx"}: 1,
		{"whatsapp", "Hotline SMS", "whatsapp"}: 1,
	})
	if n := len(e.Channels.Sent); n != 18 || len(e.Channels.Received) != 6 {
		t.Errorf("%d and %d series", n, len(e.Channels.Received))
	}
	for name, want := range map[string][4]int{"Hotline SMS": {3, 3, 10, 3}, "Service SMS": {1, 1, 3, 1}} {
		got := [4]int{
			e.Channels.Sent[ChannelSentKey{"sms", name, "delivered"}], e.Channels.Sent[ChannelSentKey{"sms", name, "failed"}],
			e.Channels.Sent[ChannelSentKey{"sms", name, "pending"}], e.Channels.Received[ChannelReceivedKey{"sms", name}],
		}
		if got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	// What was sent yesterday is told of today.
	p.server.Set(func(sw *Switches) { sw.OutcomesWhenKnown = true })
	p.world.Advance(24 * time.Hour)
	p.must(p.world.Deliver(1, 2))
	p.directory()
	e = p.server.Expect(grouped())
	for outcome, want := range map[string]int{"delivered": 1, "failed": 0, "pending": 0} {
		if got := e.Channels.Sent[ChannelSentKey{"sms", "Hotline SMS", outcome}]; got != want {
			t.Errorf("%s today: %d, want %d", outcome, got, want)
		}
	}
}

func TestExpectedSessionsOfAgents(t *testing.T) {
	for name, c := range map[string]struct {
		opening world.Opening
		act     func(p *pbx, id int64) error
		agent   string // who has it; empty where nobody has
	}{
		"direct":        {world.Opening{Extension: "1003"}, nil, "1003"},
		"not a member":  {world.Opening{Extension: "1024"}, nil, "1024"},
		"picked up":     {world.Opening{QueueID: 3}, func(p *pbx, id int64) error { return p.world.PickUp(id, 502) }, "1002"},
		"by a reply":    {world.Opening{QueueID: 5}, func(p *pbx, id int64) error { return p.world.AgentWrites(id, "1014") }, "1014"},
		"put away":      {world.Opening{Extension: "1003"}, func(p *pbx, id int64) error { return p.world.Archive(id, "1003") }, "1003"},
		"waiting":       {world.Opening{QueueID: 3}, nil, ""},
		"shared":        {world.Opening{QueueID: 6}, func(p *pbx, id int64) error { return p.world.AgentWrites(id, "1018") }, ""},
		"automated":     {world.Opening{API: true}, nil, ""},
		"closed":        {world.Opening{Extension: "1003"}, func(p *pbx, id int64) error { return p.world.Close(id, world.ByAgent) }, ""},
		"given away":    {world.Opening{Extension: "1003"}, func(p *pbx, id int64) error { return p.world.TransferToExtension(id, "1004") }, "1004"},
		"back to queue": {world.Opening{Extension: "1003"}, func(p *pbx, id int64) error { return p.world.TransferToQueue(id, 4) }, ""},
	} {
		for _, byExtension := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				p := newPBX(t)
				p.server.Set(func(sw *Switches) { sw.PickupByExtension = byExtension })
				id := p.open(c.opening)
				if c.act != nil {
					p.must(c.act(p, id))
				}
				p.directory()
				p.pass(everybody())
				all := grouped()
				all.AllExtensions = true
				got := p.server.Expect(all).Agents.Sessions
				want := map[string]int{}
				for _, a := range p.world.Agents() {
					want[a.Number] = 0
				}
				if c.agent != "" {
					want[c.agent] = 1
				}
				expect(t, "sessions", got, want)
			})
		}
	}
}

func TestExpectedSessionsOfAgentsWhoAreNotRead(t *testing.T) {
	p := newPBX(t)
	p.open(world.Opening{Extension: "1003"})
	p.must(p.world.PickUp(p.open(world.Opening{QueueID: 3}), 502))
	p.pass(everybody())
	p.world.Advance(time.Minute)
	// Nobody has told yet who the members are: who picked a session up is not known.
	p.server.notes.directory = newDirectory()
	expect(t, "without members", p.server.Expect(grouped()).Agents.Sessions, map[string]int{"1003": 1})
	p.directory()
	o := grouped()
	o.Failing = []world.Viewer{"1002", "1003"}
	if got := p.server.Expect(o).Agents.Sessions; got["1002"] != 1 || got["1003"] != 1 || len(got) != 21 {
		t.Errorf("held: %v", got)
	}
	o.Failing = p.server.viewers(o)
	if e := p.server.Expect(o); len(e.Agents.Sessions) != 0 || len(e.Agents.Present) != 21 || len(e.Queues.Info) != 4 {
		t.Errorf("no viewer can be read: %+v", e.Agents)
	}
}

// Who is not named is no viewer either, but as a member of a queue.
func TestHiddenExtensionsAreNoViewers(t *testing.T) {
	p := newPBX(t)
	p.server.Set(func(sw *Switches) { sw.HiddenExtensions = []string{"1001", "1024"} })
	if n := len(p.server.viewers(ExpectOptions{AllExtensions: true})); n != 22 {
		t.Errorf("%d viewers", n)
	}
	if n := len(p.server.viewers(everybody())); n != 24 { // 23 extensions and the API
		t.Errorf("%d viewers with the members", n)
	}
}
