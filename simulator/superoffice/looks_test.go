package superoffice

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"conversation_exporter/simulator/figures"
	"conversation_exporter/simulator/world"
)

// at is a place.
func at(topic string) Place { return Place{Channel: "chat", Queue: topic} }

// look is what an exporter asks for in one pass.
type look struct {
	// plain lists the chats without the dynamic provider, and asks for each by itself.
	plain bool
	// deaf are asked for no messages, blind neither listed nor swept.
	deaf, blind bool
	// unswept asks for no closed chats; those that are gone are asked for themselves.
	unswept bool
	// unlisted leaves the list of open chats out.
	unlisted bool
}

// reader is an exporter that asks for everything in each pass.
type reader struct {
	*crm
	open   []int64
	closed map[int64]string
	top    bool
}

// pass makes one pass, and gives what must be shown after it.
func (r *reader) pass(l look) Expected {
	r.t.Helper()
	r.server.PassBegins()
	read := map[int64]bool{}
	if !l.blind {
		r.list(l, read)
	}
	if !l.blind && !l.unswept {
		since := r.world.Now().Add(-24 * time.Hour).In(r.server.Zone()).Format("2006-01-02T15:04:05")
		for _, row := range r.get("ChatSession", "$select", "chatSessionId,whenRequested,whenStarted,whenEnded,chatTopic/chatTopicId,status", "$top", "500",
			"$filter", "status oneOf (7,8,9,10,11) and whenEnded afterTime '"+since+"'", "$orderBy", "chatSessionId").rows(r.t) {
			if id, ended := numbers([]map[string]any{row}, "chatSessionId")[0], fmt.Sprint(row["whenEnded"]); r.closed[id] != ended {
				r.closed[id], read[id] = ended, r.top
			}
		}
		if !r.top {
			r.top = true
			r.get("Archive/Dynamic", "$select", "chat_message.id", "$filter", "chat_message.id gt 0", "$orderBy", "chat_message.id desc", "$top", "1")
		}
	}
	for id, wanted := range read {
		if wanted && !l.deaf {
			r.get("ChatSession/" + itoa(id) + "/Messages")
		}
	}
	r.server.PassEnds()
	return r.server.Expect(ExpectOptions{Messages: true, IdleTimeout: 20 * time.Minute})
}

// list lists the open chats, and looks for those that are no longer among them.
func (r *reader) list(l look, read map[int64]bool) {
	r.t.Helper()
	var open []int64
	if l.plain {
		open = numbers(r.get("ChatSession", "$select", "chatSessionId,whenRequested,whenStarted,whenEnded,chatTopic/chatTopicId,status", "$top", "500",
			"$filter", "status oneOf (1,2,3,4,5,6)").rows(r.t), "chatSessionId")
	} else if !l.unlisted {
		open = numbers(r.get("Archive/Dynamic", "$select", "chat_session.id,chat_session.topic_id,chat_session.status,chat_session.when_requested,"+
			"chat_session.when_started,chat_session.when_ended,chat_session.idle,chat_session.customer_fetch,chat_session.chatbot_isactive",
			"$filter", "chat_session.status in (1,2,3,4,5,6)", "$top", "500").rows(r.t), "chat_session.id")
	}
	for _, id := range r.open {
		if !slices.Contains(open, id) && l.unswept {
			r.get("ChatSession/" + itoa(id))
			read[id] = true
		}
	}
	for _, id := range open {
		read[id] = true
		if l.plain {
			r.get("ChatSession/" + itoa(id))
		}
	}
	r.open = open
}

// tale is what happens between passes.
type tale struct {
	name string
	// switches are set before the first pass.
	switches func(*Switches)
	opening  world.ChatOpening
	// early opens it before the first pass.
	early bool
	steps []step
	want  []string
}

// step is what is done so many seconds after the first pass, or a look.
type step struct {
	at   int
	do   func(c *crm, id int64)
	look *look
}

func seeing(at int) step          { return step{at: at, look: &look{}} }
func looking(at int, l look) step { return step{at: at, look: &l} }
func asks(at int) step {
	return step{at: at, do: func(c *crm, id int64) { c.must(c.desk.VisitorWrites(id)) }}
}

func picks(at int) step {
	return step{at: at, do: func(c *crm, id int64) { c.must(c.desk.PickUp(id, "1001")) }}
}

func answers(at int) step {
	return step{at: at, do: func(c *crm, id int64) { c.must(c.desk.AgentWrites(id)) }}
}

func bots(at int) step {
	return step{at: at, do: func(c *crm, id int64) { c.must(c.desk.BotWrites(id, false)) }}
}

func resets(at int) step {
	return step{at: at, do: func(c *crm, id int64) { c.must(c.desk.Reset(id)) }}
}

func finishes(at int, why world.Reason) step {
	return step{at: at, do: func(c *crm, id int64) { c.must(c.desk.Finish(id, why)) }}
}

func does(at int, what func(d *world.Desk, id int64) error) step {
	return step{at: at, do: func(c *crm, id int64) { c.must(what(c.desk, id)) }}
}

// tell lives through tales. The chat is opened at once, in the first second after the
// first pass, and of what is expected in the end only the named things matter.
func tell(t *testing.T, of string, tales []tale) {
	t.Helper()
	for _, a := range tales {
		t.Run(a.name, func(t *testing.T) {
			c := onsite(t)
			if a.switches != nil {
				c.server.Set(a.switches)
			}
			if a.opening.Topic == 0 {
				a.opening.Topic = world.TopicSupport
			}
			r := &reader{crm: c, closed: make(map[int64]string)}
			// Somebody has written before, so that there is a highest message.
			c.must(c.desk.Leave(c.open(world.ChatOpening{Topic: world.TopicAdvice})))
			var id int64
			if a.early {
				id = c.open(a.opening)
			}
			e := r.pass(look{plain: a.switches != nil})
			if !a.early {
				c.world.AdvanceTo(start().Add(time.Second))
				id = c.open(a.opening)
			}
			for _, s := range a.steps {
				c.world.AdvanceTo(start().Add(time.Duration(s.at) * time.Second))
				if s.look != nil {
					e = r.pass(*s.look)
				} else {
					s.do(c, id)
				}
			}
			var got []string
			for _, line := range linesOf(e) {
				if name, _, _ := strings.Cut(line, " "); slices.Contains(strings.Fields(of), name) {
					got = append(got, line)
				}
			}
			if !slices.Equal(got, a.want) {
				t.Errorf("got  %q\nwant %q", got, a.want)
			}
		})
	}
}

// linesOf writes what is expected, a line each, in order.
func linesOf(e Expected) []string {
	var out []string
	add := func(format string, values ...any) { out = append(out, fmt.Sprintf(format, values...)) }
	clock := func(t time.Time) string { return t.Format("15:04:05") }
	for k, n := range e.Open {
		add("open %s %s %d", k.Queue, k.State, n)
	}
	for at, when := range e.Gauges.QueuedOldest {
		add("queued %s %s", at.Queue, clock(when))
	}
	for k, n := range e.Gauges.Unanswered {
		add("unanswered %s %s %s %d", k.Queue, k.State, k.Age, n)
	}
	for k, when := range e.Gauges.UnansweredOldest {
		add("oldest %s %s %s", k.Queue, k.State, clock(when))
	}
	for at, n := range e.Gauges.Unread {
		add("unread %s %d", at.Queue, n)
	}
	for at, n := range e.Gauges.CustomerUnread {
		add("customer_unread %s %d", at.Queue, n)
	}
	for k, when := range e.Gauges.NextIdle {
		add("idle %s %s %s", k.Queue, k.Awaiting, clock(when))
	}
	for _, when := range e.Gauges.LastInbound {
		add("inbound %s", clock(when))
	}
	for k, n := range e.Counted.Messages {
		add("messages %s %d", k.Sender, n)
	}
	for k, n := range e.Counted.Started {
		add("started %s %d", k.Queue, n)
	}
	for k, n := range e.Counted.Closed {
		add("closed %s %s %s %d", k.Queue, k.Reason, k.Awaiting, n)
	}
	for k, n := range e.Counted.Transfers {
		add("transfers %s %s %d", k.Queue, k.To, n)
	}
	for at, n := range e.Counted.HandOvers {
		add("handovers %s %d", at.Queue, n)
	}
	for name, m := range map[string]map[Place]figures.Histogram{"first": e.Counted.FirstResponse, "response": e.Counted.Response, "pickup": e.Counted.PickUp} {
		for at, h := range m {
			add("%s %s %d %g", name, at.Queue, h.Count, h.Sum)
		}
	}
	slices.Sort(out)
	return out
}
