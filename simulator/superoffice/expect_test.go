package superoffice

import (
	"reflect"
	"testing"
	"time"

	"conversation_exporter/simulator/world"
)

func TestExpectCountsOpenChatsByTheirStatus(t *testing.T) {
	c := onsite(t)
	by := c.everyStatus()
	bot := c.open(world.ChatOpening{Topic: world.TopicOrders, Bot: true})
	c.must(c.desk.BotWrites(bot, false))
	c.must(c.desk.Offer(by[6], "1002"))
	c.must(c.world.SetPresence("1002", world.Away, true))
	c.world.Advance(time.Minute)
	c.must(c.desk.VisitorWrites(by[5]))
	e := c.server.Expect(ExpectOptions{IdleTimeout: 20 * time.Minute})
	support, orders := Place{"chat", "Support"}, Place{"chat", "Orders"}
	if want := map[OpenKey]int{
		{Place{"chat", "Returns"}, "regular", "arriving"}: 2,
		{Place{"chat", "Advice"}, "regular", "arriving"}:  1,
		{support, "regular", "queued"}:                    1,
		{support, "regular", "assigned"}:                  2,
		{orders, "regular", "automated"}:                  1,
	}; !reflect.DeepEqual(e.Open, want) {
		t.Errorf("open: %v", e.Open)
	}
	// The welcome and the answer of one chat, the welcome of the other.
	if want := map[string]int{"Support": 3, "Orders": 1, "Returns": 0, "Advice": 0}; !reflect.DeepEqual(e.CustomerUnread, want) {
		t.Errorf("unread: %v", e.CustomerUnread)
	}
	if want := map[IdleKey]time.Time{
		{support, "agent"}: start().Add(21 * time.Minute), {support, "customer"}: start().Add(20 * time.Minute), {orders, "customer"}: start().Add(20 * time.Minute),
	}; !reflect.DeepEqual(e.NextIdle, want) {
		t.Errorf("idle: %v", e.NextIdle)
	}
	if want := map[string]int{"Support": 1, "Orders": 0, "Returns": 0, "Advice": 0}; !reflect.DeepEqual(e.Transfers, want) {
		t.Errorf("transfers: %v", e.Transfers)
	}
	if !e.TopicOpen["Returns"] || e.Present["Support"] != 5 || e.Away["Support"] != 3 || e.AgentsPresent != 13 || e.AgentsAway != 5 {
		t.Errorf("topics and agents: %+v", e)
	}
	if got := e.Agents["601"]; got != (ExpectedAgent{Present: true, Sessions: 2}) {
		t.Errorf("an agent: %+v", got)
	}
	if got := e.Thresholds[ThresholdKey{"Support", "new_message", "manager"}]; got != 15*time.Minute || len(e.Thresholds) != 6 {
		t.Errorf("limits: %v", e.Thresholds)
	}
	c.server.Set(func(sw *Switches) { sw.HiddenTopics = []int{world.TopicSupport} })
	if hidden := c.server.Expect(ExpectOptions{}); len(hidden.Sessions) != 4 || len(hidden.Known) != 3 || len(hidden.NextIdle) != 0 {
		t.Errorf("without a right: %+v", hidden)
	}
}

func TestExpectedClockOfACustomer(t *testing.T) {
	minutes := func(n int) time.Time { return start().Add(time.Duration(n) * time.Minute) }
	for name, r := range map[string]struct {
		do     func(c *crm, d *world.Desk, id int64) []error
		bot    bool
		clock  time.Time
		sure   bool
		unread int
	}{
		"waits":      {func(*crm, *world.Desk, int64) []error { return nil }, false, minutes(0), true, 1},
		"asks again": {func(_ *crm, d *world.Desk, id int64) []error { return []error{d.VisitorWrites(id)} }, false, minutes(0), true, 2},
		"was welcomed": {func(_ *crm, d *world.Desk, id int64) []error {
			return []error{d.PickUp(id, "1001")}
		}, false, minutes(0), true, 1},
		"was answered": {func(_ *crm, d *world.Desk, id int64) []error {
			return []error{d.PickUp(id, "1001"), d.AgentWrites(id)}
		}, false, time.Time{}, false, 0},
		"writes after an answer": {func(c *crm, d *world.Desk, id int64) []error {
			errs := []error{d.PickUp(id, "1001"), d.AgentSendsLink(id)}
			c.world.Advance(time.Minute)
			return append(errs, d.VisitorWrites(id), d.VisitorWrites(id))
		}, false, minutes(2), true, 2},
		"comes back after the end": {func(c *crm, d *world.Desk, id int64) []error {
			errs := []error{d.Finish(id, world.ByCustomer)}
			c.world.Advance(time.Minute)
			return append(errs, d.VisitorWrites(id))
		}, false, minutes(2), true, 1},
		"was handed over by a bot": {func(c *crm, d *world.Desk, id int64) []error {
			c.world.Advance(time.Minute)
			return []error{d.BotWrites(id, false), d.Reset(id)}
		}, true, minutes(2), false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			c := onsite(t)
			id := c.open(world.ChatOpening{Topic: world.TopicSupport, Bot: r.bot})
			c.world.Advance(time.Minute)
			for _, err := range r.do(c, c.desk, id) {
				c.must(err)
			}
			got := c.server.Expect(ExpectOptions{}).Sessions[id]
			if !got.Clock.Equal(r.clock) || got.ClockSure != r.sure || got.Unread != r.unread {
				t.Errorf("%+v", got)
			}
		})
	}
}

// What is expected in a lively world is what its lists show.
func TestExpectIsWhatListsShow(t *testing.T) {
	c := newCRM(t, Options{})
	w := world.New(world.Options{Seed: 8, Arrivals: 0.1, Desk: world.DeskOptions{Arrivals: 5}})
	c.world, c.desk, c.server = w, w.Desk(), New(w, Options{})
	c.http.Config.Handler = c.server
	c.header.Set("Authorization", basic(DefaultUser, DefaultPassword))
	for range 60 {
		w.Advance(3 * time.Minute)
		have := make(map[OpenKey]int)
		rows := c.get("Archive/Dynamic", "$select", "chat_session.status,chat_session.chatbot_isactive,chat_session.topic_id.name",
			"$filter", "chat_session.status in (1,2,3,4,5,6)").rows(t)
		for _, row := range rows {
			state := "assigned"
			switch status := row["chat_session.status"]; {
			case status == 4.0:
				state = "queued"
			case status == 1.0 || status == 2.0 || status == 3.0:
				state = "arriving"
			case yes(row["chat_session.chatbot_isactive"]):
				state = "automated"
			}
			name, _ := row["chat_session.topic_id.name"].(string)
			have[OpenKey{Place{"chat", name}, "regular", state}]++
		}
		if want := c.server.Expect(ExpectOptions{}).Open; !reflect.DeepEqual(have, want) {
			t.Fatalf("at %s the list shows %v, expected is %v", w.Now(), have, want)
		}
	}
}
