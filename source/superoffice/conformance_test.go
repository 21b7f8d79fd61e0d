package superoffice

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"conversation_exporter/conversation"
	"conversation_exporter/source/httpapi"
	"conversation_exporter/source/sourcetest"
)

// controlled is the stub as the conformance suite wants it.
type controlled struct {
	*stub
	last, message int64
	hangs         chan struct{}
	slow          time.Duration
}

func newControlled(t *testing.T) *controlled {
	t.Helper()
	c := &controlled{stub: newStub(t)}
	inner := c.Config.Handler
	c.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		hangs, slow := c.hangs, c.slow
		c.mu.Unlock()
		if hangs != nil {
			select {
			case <-hangs:
			case <-r.Context().Done():
			}
			return
		}
		time.Sleep(slow)
		inner.ServeHTTP(w, r)
	})
	c.dynamic = "in"
	return c
}

func (c *controlled) Source(t *testing.T) conversation.Source { return c.source(t, nil) }

func (c *controlled) Stranger(t *testing.T) conversation.Source {
	return c.source(t, func(o *Options) {
		o.Authorization = func() (httpapi.Secret, error) { return httpapi.NewSecret("Basic wrong-" + canary), nil }
	})
}

// Open lets sessions of every kind begin.
func (c *controlled) Open(_ *testing.T, n int) []int64 {
	ids := make([]int64, 0, n)
	for i := range n {
		now := local(c.clock.Now())
		one := chat{topic: 3, status: 1 + int64(i%6), requested: now, idle: now, fetched: now}
		switch {
		case i%12 == 4, i%12 == 5:
			one.bot = true
		case one.status > 4:
			one.started, one.user = now, 67
		}
		c.do(func() {
			c.last++
			one.id = c.last
			c.chats = append(c.chats, one)
		})
		c.write(one.id, "ToUser", "None")
		ids = append(ids, one.id)
	}
	return ids
}

// write adds a message to a session.
func (c *controlled) write(id int64, kind, special string) {
	c.do(func() {
		c.message++
		one := c.find(strconv.FormatInt(id, 10))
		text := message(int(c.message), kind, special, 0, local(c.clock.Now()))
		text = strings.Replace(text, `"ChatSessionId":1,`, fmt.Sprintf(`"ChatSessionId":%d,`, id), 1)
		one.messages = "[" + strings.TrimPrefix(strings.TrimSuffix(one.messages, "]")+","+text, ",")
		one.messages = "[" + strings.TrimLeft(one.messages, "[,") + "]"
		one.idle = local(c.clock.Now())
	})
}

func (c *controlled) Write(_ *testing.T, id int64, n int) {
	for range n {
		c.write(id, "ToUser", "None")
	}
}

func (c *controlled) Close(_ *testing.T, id int64) {
	c.write(id, "Special", "ClosedByUser")
	c.do(func() {
		one := c.find(strconv.FormatInt(id, 10))
		one.status, one.ended = 7, local(c.clock.Now())
	})
}

func (c *controlled) Viewer() string { return "" }

func (c *controlled) FailViewer(bool) {}

func (c *controlled) Fail(fails bool) {
	c.do(func() {
		c.fail = nil
		if fails {
			c.fail = func(*http.Request) int { return http.StatusBadGateway }
		}
	})
}

func (c *controlled) Hang(hangs bool) {
	c.do(func() {
		if c.hangs != nil {
			close(c.hangs)
		}
		if c.hangs = nil; hangs {
			c.hangs = make(chan struct{})
		}
	})
}

func (c *controlled) Slow(d time.Duration) { c.do(func() { c.slow = d }) }

// SignIns are the calls that are not accepted, and one for those that are.
func (c *controlled) SignIns() int {
	if n := c.wrong(); n > 0 {
		return n
	}
	return 1
}

func (c *controlled) Held() int { return 0 }

func (c *controlled) Advance(d time.Duration) { c.clock.advance(d) }

func TestConformance(t *testing.T) {
	sourcetest.Run(t, func(t *testing.T) sourcetest.System { return newControlled(t) })
}
