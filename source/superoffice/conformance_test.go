package superoffice

import (
	"testing"
	"time"

	"conversation_exporter/conversation"
	sim "conversation_exporter/simulator/superoffice"
	"conversation_exporter/simulator/world"
	"conversation_exporter/source/sourcetest"
)

// controlled is the simulated SuperOffice as the conformance suite wants it.
type controlled struct {
	*crm
	// good and wrong make the options of who may and who may not sign in.
	good, wrong func(*Options)
	lift        func()
}

func (c *controlled) Source(t *testing.T) conversation.Source { return c.source(t, c.good) }

func (c *controlled) Stranger(t *testing.T) conversation.Source { return c.source(t, c.wrong) }

// Open lets sessions of every kind begin; those at a form have no messages yet.
func (c *controlled) Open(t *testing.T, n int) []int64 {
	kinds := []func() int64{
		func() int64 { return c.open(t, world.ChatOpening{Topic: world.TopicSupport}) },
		func() int64 { return c.taken(t, "1001", false) },
		func() int64 { return c.taken(t, "1002", true) },
		func() int64 { return c.open(t, world.ChatOpening{Topic: world.TopicOrders, Bot: true}) },
		func() int64 {
			id := c.open(t, world.ChatOpening{Topic: world.TopicOrders, Bot: true})
			must(t, c.desk.BotWrites(id, true))
			return id
		},
		func() int64 {
			return c.open(t, world.ChatOpening{Topic: world.TopicReturns, Status: world.ChatForm})
		},
		func() int64 {
			return c.open(t, world.ChatOpening{Topic: world.TopicAdvice, Status: world.ChatFAQ})
		},
		func() int64 {
			id := c.taken(t, "1003", false)
			must(t, c.desk.Offer(id, "1004"))
			return id
		},
	}
	ids := make([]int64, 0, n)
	for i := range n {
		ids = append(ids, kinds[i%len(kinds)]())
	}
	return ids
}

func (c *controlled) Write(t *testing.T, id int64, n int) {
	for range n {
		must(t, c.desk.VisitorWrites(id))
	}
}

func (c *controlled) Close(t *testing.T, id int64) { must(t, c.desk.Finish(id, world.ByAgent)) }

// Viewer is empty: one list shows all.
func (c *controlled) Viewer() string { return "" }

func (c *controlled) FailViewer(bool) {}

func (c *controlled) Fail(fails bool) { c.inject(fails, sim.Fault{Kind: sim.HTML, Status: 502}) }

func (c *controlled) Hang(hangs bool) { c.inject(hangs, sim.Fault{Kind: sim.Hang}) }

func (c *controlled) Slow(d time.Duration) { c.set(func(sw *sim.Switches) { sw.Latency = d }) }

func (c *controlled) inject(on bool, f sim.Fault) {
	if c.lift != nil {
		c.lift()
		c.lift = nil
	}
	if on {
		c.lift = c.SuperOffice.Inject(f)
	}
}

// SignIns are the sign-ins of the cloud and, on site, what was refused: there each
// request signs in.
func (c *controlled) SignIns() int {
	if c.ca == "" {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.refused
	}
	return c.SuperOffice.SignIns() + c.SuperOffice.Denied()
}

// Held is nothing: tickets and tokens cannot be given back, and end by themselves.
func (c *controlled) Held() int { return 0 }

func (c *controlled) Advance(d time.Duration) { c.World.Advance(d) }

func TestConformance(t *testing.T) {
	onsite := func(good, wrong func(c *crm) string) func(t *testing.T) sourcetest.System {
		return func(t *testing.T) sourcetest.System {
			c := newCRM(t)
			with := func(value string) func(*Options) {
				return func(o *Options) { o.Authorization = secret(value) }
			}
			return &controlled{crm: c, good: with(good(c)), wrong: with(wrong(c))}
		}
	}
	for name, system := range map[string]func(t *testing.T) sourcetest.System{
		"on site with Basic": onsite(
			func(c *crm) string { return basicOf(c.SuperOffice.User(), c.SuperOffice.Password()) },
			func(c *crm) string { return basicOf(c.SuperOffice.User(), canary+"-wrong") },
		),
		"on site with a ticket": onsite(
			func(c *crm) string { return "SOTicket " + c.SuperOffice.Ticket() },
			func(*crm) string { return "SOTicket 7T:" + canary + "-wrong" },
		),
		"in the cloud with a refresh token": func(t *testing.T) sourcetest.System {
			return &controlled{crm: newTenantOf(t), wrong: func(o *Options) { o.Online.RefreshToken = secret(canary + "-wrong") }}
		},
		"in the cloud as the system user": func(t *testing.T) sourcetest.System {
			c := newTenantOf(t)
			good := c.asSystemUser(t, false)
			return &controlled{crm: c, good: good, wrong: func(o *Options) {
				good(o)
				o.Online.SystemUserToken = secret(canary + "-wrong")
			}}
		},
	} {
		t.Run(name, func(t *testing.T) { sourcetest.Run(t, system) })
	}
}
