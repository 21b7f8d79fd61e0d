package yeastar

import (
	"maps"
	"testing"
	"time"

	"conversation_exporter/simulator/world"
)

// everybody is an exporter that reads all there is.
func everybody(failing ...world.Viewer) ExpectOptions {
	return ExpectOptions{QueueMembers: true, API: true, AllExtensions: true, Failing: failing}
}

// pass reads what an exporter reads: the modes, and each viewer's list that can be read.
func (p *pbx) pass(o ExpectOptions) {
	p.t.Helper()
	p.token = p.login(DefaultClientSecret).text("access_token")
	defer p.server.RevokeTokens()
	if !o.ModesUnread {
		p.get("message_queue/query", "ids", "3,4,5,6")
	}
	failing := map[world.Viewer]bool{}
	for _, v := range o.Failing {
		failing[v] = true
	}
	for _, v := range p.server.viewers(o) {
		if !failing[v] {
			p.search(string(v))
		}
	}
}

// one gives the only session that is expected.
func (p *pbx) one(o ExpectOptions) ExpectedSession {
	p.t.Helper()
	e := p.server.Expect(o)
	if len(e.Sessions) != 1 {
		p.t.Fatalf("%d sessions are expected: %+v", len(e.Sessions), e)
	}
	for _, s := range e.Sessions {
		return s
	}
	return ExpectedSession{}
}

func TestR8ExpectedStates(t *testing.T) {
	support, none := Place{Channel: "whatsapp", Queue: "Support"}, Place{Channel: "whatsapp", Queue: "(none)"}
	for name, c := range map[string]struct {
		opening world.Opening
		act     func(p *pbx, id int64)
		options ExpectOptions
		place   Place
		origin  string
		state   world.State // empty: not shown
	}{
		"queued":               {world.Opening{QueueID: 3}, nil, everybody(), support, "regular", world.Queued},
		"shared":               {world.Opening{QueueID: 6}, nil, everybody(), Place{Channel: "whatsapp", Queue: "Community"}, "regular", world.Shared},
		"picked up":            {world.Opening{QueueID: 3}, func(p *pbx, id int64) { p.must(p.world.PickUp(id, 502)) }, everybody(), support, "regular", world.Assigned},
		"direct":               {world.Opening{Extension: "1024"}, nil, everybody(), none, "regular", world.Assigned},
		"automated":            {world.Opening{API: true}, nil, everybody(), none, "regular", world.Automated},
		"campaign":             {world.Opening{API: true, Campaign: true}, nil, everybody(), none, "campaign", world.Automated},
		"people by the API":    {world.Opening{API: true}, nil, ExpectOptions{API: true, AgentsDestination: true}, none, "regular", world.Assigned},
		"a viewer is not read": {world.Opening{API: true}, nil, everybody("1024"), none, "regular", world.Assigned},
		"put away": {
			world.Opening{Extension: "1001"},
			func(p *pbx, id int64) { p.must(p.world.Archive(id, "1001")) },
			everybody(), none, "regular", world.Archived,
		},
		"put away while it waits": {
			world.Opening{QueueID: 6}, func(p *pbx, id int64) {
				for _, v := range []world.Viewer{"1018", "1019", "1020", "1021"} {
					p.must(p.world.Archive(id, v))
				}
			}, everybody(), Place{Channel: "whatsapp", Queue: "Community"}, "regular", world.Shared,
		},
		"put away by the API, people": {
			world.Opening{API: true},
			func(p *pbx, id int64) { p.must(p.world.Archive(id, world.API)) },
			ExpectOptions{API: true, AgentsDestination: true},
			none, "regular", world.Archived,
		},
		"put away by the API, automation": {
			world.Opening{API: true},
			func(p *pbx, id int64) { p.must(p.world.Archive(id, world.API)) },
			everybody(), none, "regular", world.Automated,
		},
		"nobody reads it":       {world.Opening{Extension: "1024"}, nil, ExpectOptions{QueueMembers: true, API: true}, Place{}, "", ""},
		"an extension by name":  {world.Opening{Extension: "1024"}, nil, ExpectOptions{Extensions: []string{"1024"}}, none, "regular", world.Assigned},
		"closed":                {world.Opening{API: true}, func(p *pbx, id int64) { p.must(p.world.Close(id, world.ByAgent)) }, everybody(), Place{}, "", ""},
		"a mode never told":     {world.Opening{QueueID: 6}, nil, ExpectOptions{QueueMembers: true, ModesUnread: true}, Place{Channel: "whatsapp", Queue: "Community"}, "regular", world.Queued},
		"one of ten is read":    {world.Opening{QueueID: 3}, nil, ExpectOptions{Extensions: []string{"1010"}}, support, "regular", world.Queued},
		"of another medium":     {world.Opening{QueueID: 3, Medium: world.SMS}, nil, everybody(), Place{Channel: "sms", Queue: "Support"}, "regular", world.Queued},
		"an unread one's queue": {world.Opening{QueueID: 3}, nil, everybody("1001"), support, "regular", world.Queued},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPBX(t)
			id := p.open(c.opening)
			if c.act != nil {
				c.act(p, id)
			}
			before := p.server.Expect(c.options)
			p.pass(c.options)
			after := p.server.Expect(c.options)
			for when, e := range map[string]Expected{"before": before, "after": after} {
				want := map[OpenKey]int{}
				if c.state != "" {
					want[OpenKey{c.place, c.origin, c.state}] = 1
				}
				if !maps.Equal(e.Open, want) || !e.Exported {
					t.Errorf("%s the pass: %v, want %v", when, e.Open, want)
				}
			}
			if _, known := after.Known[c.place]; known != (c.state != "") || len(before.Known) != 0 {
				t.Errorf("known places: %v", after.Known)
			}
		})
	}
}

// The last state that was sure stays while a viewer cannot be read.
func TestR8StatesThatStay(t *testing.T) {
	archive := func(p *pbx, id int64) { p.must(p.world.Archive(id, "1001")) }
	for name, c := range map[string]struct {
		opening world.Opening
		first   bool // all could be read once
		act     func(p *pbx, id int64)
		state   world.State
	}{
		"automated":                {world.Opening{API: true}, true, nil, world.Automated},
		"new":                      {world.Opening{API: true}, false, nil, world.Assigned},
		"given to the API":         {world.Opening{Extension: "1001"}, true, func(p *pbx, id int64) { p.must(p.world.TransferToAPI(id)) }, world.Assigned},
		"from a queue to the API":  {world.Opening{QueueID: 3}, true, func(p *pbx, id int64) { p.must(p.world.TransferToAPI(id)) }, world.Assigned},
		"handed over":              {world.Opening{API: true}, true, func(p *pbx, id int64) { p.must(p.world.HandOver(id, 3)) }, world.Queued},
		"put away only now":        {world.Opening{Extension: "1001"}, true, archive, world.Assigned},
		"put away, and never told": {world.Opening{Extension: "1001"}, false, archive, world.Archived},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPBX(t)
			id := p.open(c.opening)
			if c.first {
				p.pass(everybody())
			}
			p.world.Advance(time.Minute)
			if c.act != nil {
				c.act(p, id)
			}
			for range 3 {
				if got := p.one(everybody("1024")); got.State != c.state || got.Held {
					t.Errorf("%+v, want %s", got, c.state)
				}
				p.pass(everybody("1024"))
				p.world.Advance(time.Minute)
			}
		})
	}
}

func TestR26SessionsOfFailingViewersAreHeld(t *testing.T) {
	for name, c := range map[string]struct {
		failing []world.Viewer
		act     func(p *pbx, id int64)
		after   time.Duration
		state   world.State // empty: not held
	}{
		"the API fails":              {[]world.Viewer{world.API}, nil, time.Minute, world.Automated},
		"at its end":                 {[]world.Viewer{world.API}, nil, 5 * time.Minute, world.Automated},
		"too long":                   {[]world.Viewer{world.API}, nil, 5*time.Minute + time.Second, ""},
		"closed meanwhile":           {[]world.Viewer{world.API}, func(p *pbx, id int64) { p.must(p.world.Close(id, world.ByAgent)) }, time.Minute, world.Automated},
		"closed, and another fails":  {[]world.Viewer{"1024"}, func(p *pbx, id int64) { p.must(p.world.Close(id, world.ByAgent)) }, time.Minute, ""},
		"handed over and seen there": {[]world.Viewer{world.API}, func(p *pbx, id int64) { p.must(p.world.HandOver(id, 3)) }, time.Minute, world.Queued},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPBX(t)
			id := p.open(world.Opening{API: true})
			p.pass(everybody())
			p.world.Advance(c.after)
			if c.act != nil {
				c.act(p, id)
			}
			for range 2 {
				e := p.server.Expect(everybody(c.failing...))
				if got := e.Sessions[id]; got.State != c.state {
					t.Errorf("%+v, want %q", got, c.state)
				}
				p.pass(everybody(c.failing...))
			}
		})
	}
	t.Run("picked up by one who fails", func(t *testing.T) {
		p := newPBX(t)
		id := p.open(world.Opening{QueueID: 3})
		p.pass(everybody())
		p.world.Advance(time.Minute)
		p.pass(everybody("1001"))
		p.must(p.world.PickUp(id, 501))
		if got := p.one(everybody("1001")); !got.Held || got.State != world.Queued {
			t.Errorf("%+v", got)
		}
		if got := p.one(everybody()); got.Held || got.State != world.Assigned {
			t.Errorf("once all can be read: %+v", got)
		}
	})
	t.Run("moved away from one who fails", func(t *testing.T) {
		p := newPBX(t)
		id := p.open(world.Opening{Extension: "1001"})
		p.pass(everybody())
		p.world.Advance(time.Minute)
		p.must(p.world.TransferToExtension(id, "1002"))
		p.pass(everybody("1001"))
		p.must(p.world.Close(id, world.ByAgent))
		if got := p.server.Expect(everybody("1001")).Sessions; len(got) != 0 {
			t.Errorf("%+v", got)
		}
	})
	t.Run("gone from a list that was read since", func(t *testing.T) {
		p := newPBX(t)
		id := p.open(world.Opening{Extension: "1001"})
		p.pass(everybody())
		p.must(p.world.Close(id, world.ByAgent))
		p.world.Advance(time.Second)
		p.pass(everybody())
		if got := p.server.Expect(everybody("1001")).Sessions; len(got) != 0 {
			t.Errorf("%+v", got)
		}
	})
	t.Run("nobody can be read", func(t *testing.T) {
		p := newPBX(t)
		p.open(world.Opening{API: true})
		o := ExpectOptions{API: true}
		p.pass(o)
		o.Failing = []world.Viewer{world.API}
		if e := p.server.Expect(o); e.Exported || len(e.Sessions) != 0 || len(e.Known) != 1 {
			t.Errorf("%+v", e)
		}
	})
}

func TestR12ExpectedWindows(t *testing.T) {
	p := newPBX(t)
	o := ExpectOptions{QueueMembers: true}
	start := p.world.Now()
	key := ExpiryKey{Place{Channel: "whatsapp", Queue: "Support"}, "unknown"}
	id := p.open(world.Opening{QueueID: 3})
	p.world.Advance(1700 * time.Millisecond)
	p.pass(o)
	// Of 86398.3 seconds the API tells 86398, to which our clock is added.
	end := start.Add(24*time.Hour - 300*time.Millisecond)
	for _, c := range []struct {
		at    time.Duration
		class string
	}{
		{2 * time.Second, "ge_4h"},
		{20*time.Hour - 300*time.Millisecond, "ge_4h"},
		{20 * time.Hour, "1h_4h"},
		{23*time.Hour - 300*time.Millisecond, "1h_4h"},
		{23 * time.Hour, "30m_1h"},
		{23*time.Hour + 45*time.Minute - 300*time.Millisecond, "15m_30m"},
		{23*time.Hour + 45*time.Minute, "lt_15m"},
		{24*time.Hour - 300*time.Millisecond, "expired"},
		{30 * time.Hour, "expired"},
	} {
		p.world.AdvanceTo(start.Add(c.at))
		for range 2 { // before the pass and after it
			e := p.server.Expect(o)
			if e.Windows[WindowKey{key.Place, "unknown", c.class}] != 1 || len(e.Windows) != 1 {
				t.Errorf("after %s: %v, want %s", c.at, e.Windows, c.class)
			}
			if next, open := e.NextExpiry[key]; open != (c.class != "expired") || open && !next.Equal(end) {
				t.Errorf("after %s: the next ends at %s, want %s", c.at, next, end)
			}
			p.pass(o)
		}
	}
	p.must(p.world.CustomerWrites(id))
	if got := p.one(o); got.WindowOver || !got.WindowEnd.Equal(p.world.Now().Add(24*time.Hour)) {
		t.Errorf("after another message: %+v", got)
	}
}

func TestR12EndsThatDifferByLessThanAMinuteAreKept(t *testing.T) {
	for again, kept := range map[time.Duration]bool{59 * time.Second: true, 60 * time.Second: false} {
		p := newPBX(t)
		o := ExpectOptions{QueueMembers: true}
		id := p.open(world.Opening{QueueID: 3})
		p.pass(o)
		first := p.one(o).WindowEnd
		p.world.Advance(again)
		p.must(p.world.CustomerWrites(id))
		if got := p.one(o).WindowEnd; got.Equal(first) != kept {
			t.Errorf("a message %s later: the end moved by %s", again, got.Sub(first))
		}
	}
}

func TestExpectedWindowsOfOtherSessions(t *testing.T) {
	p := newPBX(t)
	p.open(world.Opening{QueueID: 3, Medium: world.SMS})             // has none
	p.open(world.Opening{API: true})                                 // owes nothing
	p.open(world.Opening{Extension: "1001", Campaign: true})         // nobody has answered it
	p.open(world.Opening{Extension: "1002", Medium: world.Facebook}) // has one
	p.pass(everybody())
	e := p.server.Expect(everybody())
	want := map[WindowKey]int{
		{Place{Channel: "whatsapp", Queue: "(none)"}, "unknown", "expired"}: 1, {Place{Channel: "facebook", Queue: "(none)"}, "unknown", "ge_4h"}: 1,
	}
	if !maps.Equal(e.Windows, want) || len(e.NextExpiry) != 1 {
		t.Errorf("%v, %v", e.Windows, e.NextExpiry)
	}
	known := map[Place]Known{
		{Channel: "sms", Queue: "Support"}: {}, {Channel: "whatsapp", Queue: "(none)"}: {Campaign: true, Window: true}, {Channel: "facebook", Queue: "(none)"}: {Window: true},
	}
	if !maps.Equal(e.Known, known) {
		t.Errorf("known: %v", e.Known)
	}
	// Another exporter has not been shown all of it.
	if got := p.server.Expect(ExpectOptions{API: true}).Known; !maps.Equal(got, map[Place]Known{{Channel: "whatsapp", Queue: "(none)"}: {Window: true}}) {
		t.Errorf("known to the API: %v", got)
	}
}

func TestModesAreKnownForTenMinutes(t *testing.T) {
	p := newPBX(t)
	o := ExpectOptions{QueueMembers: true}
	p.open(world.Opening{QueueID: world.QueueCommunity})
	p.pass(o)
	p.must(p.world.SetMode(world.QueueCommunity, world.ModeManual))
	p.world.Advance(10*time.Minute - time.Second)
	if got := p.one(o).State; got != world.Shared {
		t.Errorf("while the mode is remembered: %s", got)
	}
	p.world.Advance(time.Second)
	if got := p.one(o).State; got != world.Queued {
		t.Errorf("when it is asked for again: %s", got)
	}
	o.ModesUnread = true
	if got := p.one(o).State; got != world.Shared {
		t.Errorf("when that fails: %s", got)
	}
}

// Where everybody is read, what is expected is what is true.
func TestExpectAgreesWithALivelyWorld(t *testing.T) {
	w := world.New(world.Options{Seed: 5, Arrivals: 4})
	p := &pbx{t: t, world: w, server: New(w, Options{})}
	p.serve()
	w.Advance(6 * time.Hour)
	for range 4 {
		w.Advance(7 * time.Minute)
		for range 2 {
			e := p.server.Expect(everybody())
			got := map[world.State]int{}
			for key, n := range e.Open {
				got[key.State] += n
			}
			if want := w.States(); !maps.Equal(got, want) || got[world.Assigned] == 0 {
				t.Fatalf("got %v, want %v", got, want)
			}
			for id, s := range e.Sessions {
				truth, _ := w.Session(id)
				end, has := truth.WindowEnd()
				if has != s.HasWindow || has && !s.WindowOver && end.Sub(s.WindowEnd).Abs() > time.Minute+time.Second {
					t.Errorf("session %d: %+v, in truth %s", id, s, end)
				}
			}
			p.pass(everybody())
		}
	}
}
