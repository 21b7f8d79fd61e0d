package yeastar

import (
	"testing"
	"time"

	"conversation_exporter/conversation"
	"conversation_exporter/simulator/world"
	simyeastar "conversation_exporter/simulator/yeastar"
	"conversation_exporter/source/httpapi"
	"conversation_exporter/source/sourcetest"
)

// controlled is the simulated PBX as the conformance suite wants it.
type controlled struct {
	pbx
	lift func()
}

func (c *controlled) Source(t *testing.T) conversation.Source {
	return c.source(t, func(o *Options) { o.Viewers.AllExtensions = true })
}

func (c *controlled) Stranger(t *testing.T) conversation.Source {
	return c.source(t, func(o *Options) {
		o.Secret = func() (httpapi.Secret, error) { return httpapi.NewSecret(sourcetest.Canary + "-wrong"), nil }
	})
}

// Open lets sessions of every kind begin: waiting, with an agent, with the API,
// in a queue without pick-up, and of a campaign.
func (c *controlled) Open(t *testing.T, n int) []int64 {
	kinds := []world.Opening{
		{QueueID: world.QueueSupport},
		{Extension: "1001"},
		{API: true},
		{QueueID: world.QueueCommunity, Medium: world.SMS},
		{API: true, Campaign: true},
		{Extension: "1002", Medium: world.Facebook},
		{QueueID: world.QueueSales, Medium: world.Livechat},
	}
	ids := make([]int64, 0, n)
	for i := range n {
		ids = append(ids, c.open(t, kinds[i%len(kinds)]))
	}
	return ids
}

func (c *controlled) Write(t *testing.T, id int64, n int) {
	for range n {
		must(t, c.World.CustomerWrites(id))
	}
}

func (c *controlled) Close(t *testing.T, id int64) { must(t, c.World.Close(id, world.ByAgent)) }

func (c *controlled) Viewer() string { return "extension 1001" }

func (c *controlled) FailViewer(fails bool) {
	code := 0
	if fails {
		code = 10005
	}
	c.Yeastar.FailViewer("1001", code)
}

func (c *controlled) Fail(fails bool) {
	c.inject(fails, simyeastar.Fault{Kind: simyeastar.HTML, Status: 502})
}

func (c *controlled) Hang(hangs bool) { c.inject(hangs, simyeastar.Fault{Kind: simyeastar.Hang}) }

func (c *controlled) Slow(d time.Duration) {
	c.Yeastar.Set(func(sw *simyeastar.Switches) { sw.Latency = d })
}

func (c *controlled) inject(on bool, f simyeastar.Fault) {
	if c.lift != nil {
		c.lift()
		c.lift = nil
	}
	if on {
		c.lift = c.Yeastar.Inject(f)
	}
}

func (c *controlled) SignIns() int { return c.Yeastar.Requests(pathGetToken) }

func (c *controlled) Held() int { return c.Yeastar.LiveTokens() }

func (c *controlled) Advance(d time.Duration) { c.World.Advance(d) }

func TestConformance(t *testing.T) {
	sourcetest.Run(t, func(t *testing.T) sourcetest.System { return &controlled{pbx: newPBX(t)} })
}
