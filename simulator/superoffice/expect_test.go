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
	e := c.server.Expect(ExpectOptions{})
	support, orders := at("Support"), at("Orders")
	if want := map[OpenKey]int{
		{at("Returns"), "regular", "arriving"}: 2,
		{at("Advice"), "regular", "arriving"}:  1,
		{support, "regular", "queued"}:         1,
		{support, "regular", "assigned"}:       2,
		{orders, "regular", "automated"}:       1,
	}; !reflect.DeepEqual(e.Open, want) {
		t.Errorf("open: %v", e.Open)
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
	if hidden := c.server.Expect(ExpectOptions{}); len(hidden.Sessions) != 4 || len(hidden.Known) != 3 {
		t.Errorf("without a right: %+v", hidden)
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
			have[OpenKey{at(name), "regular", state}]++
		}
		if want := c.server.Expect(ExpectOptions{}).Open; !reflect.DeepEqual(have, want) {
			t.Fatalf("at %s the list shows %v, expected is %v", w.Now(), have, want)
		}
	}
}
