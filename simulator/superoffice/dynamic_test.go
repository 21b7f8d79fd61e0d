package superoffice

import (
	"reflect"
	"testing"
)

func TestMetadataTellsTheColumns(t *testing.T) {
	c := onsite(t)
	for _, path := range []string{"Archive/ChatSession$metadata", "archive/chatsession/$metadata"} {
		got := c.get(path).object(t)
		status, _ := got["status"].(map[string]any)
		duration, _ := got["duration"].(map[string]any)
		if status["RestrictionType"] != "listAny" || status["RestrictionListName"] != "chatsessionstatus" || !no(duration["CanOrderBy"]) {
			t.Errorf("%s: %v", path, got)
		}
	}
	c.server.Set(func(sw *Switches) { sw.OldServer = true })
	if got := c.get("Archive/ChatSession$metadata").object(t); got["status"] != nil || got["chatSessionId"] == nil {
		t.Errorf("an old server: %v", got)
	}
}

func TestDynamicAnswersInOneCall(t *testing.T) {
	c := onsite(t)
	id := c.sample()
	c.must(c.desk.Offer(id, "1002"))
	fields := "chat_session.id,chat_session.topic_id,chat_session.topic_id.name,chat_session.user_id,chat_session.status,chat_session.when_requested," +
		"chat_session.when_started,chat_session.idle,chat_session.customer_fetch,chat_session.transfer_to,chat_session.chatbot_isactive,chat_session.alert_level"
	got := c.get("Archive/Dynamic", "$select", fields, "$filter", "chat_session.status oneOf (4,5,6)", "$orderBy", "chat_session.id", "$top", "500").rows(t)
	want := []map[string]any{{
		"PrimaryKey": itoa(id), "EntityName": "chat_session", "chat_session.id": float64(id), "chat_session.topic_id": 3.0,
		"chat_session.topic_id.name": "Support", "chat_session.user_id": 601.0, "chat_session.status": 5.0,
		"chat_session.when_requested": "2026-02-02T08:55:00", "chat_session.when_started": "2026-02-02T08:56:11",
		"chat_session.idle": "2026-02-02T08:59:29", "chat_session.customer_fetch": "2026-02-02T08:59:29",
		"chat_session.transfer_to": 602.0, "chat_session.chatbot_isactive": false, "chat_session.alert_level": 0.0,
	}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestDynamicTellsMessagesAndTopics(t *testing.T) {
	c := onsite(t)
	c.sample()
	got := c.get("Archive/Dynamic", "$select", "chat_message.id,chat_message.session_id.topic_id", "$filter",
		"chat_message.read_by_customer eq 0 and chat_message.type eq 1", "$orderBy", "chat_message.id desc", "$top", "1").rows(t)
	if len(got) != 1 || got[0]["chat_message.id"] != 9003.0 || got[0]["chat_message.session_id.topic_id"] != 3.0 {
		t.Errorf("%v", got)
	}
	got = c.get("Archive/Dynamic", "$select", "chat_message.id,chat_message.when_posted", "$filter",
		"chat_message.when_posted afterTime '2026-02-02T07:57:39'", "$orderBy", "chat_message.id").rows(t)
	if len(got) != 2 || got[0]["chat_message.when_posted"] != "2026-02-02T07:57:39" {
		t.Errorf("%v", got)
	}
	if got := c.get("Archive/Dynamic", "$select", "chat_topic.id,chat_topic.name", "$orderBy", "chat_topic.id").rows(t); len(got) != 4 {
		t.Errorf("%v", got)
	}
}

func TestUnknown16DynamicSwitches(t *testing.T) {
	c := onsite(t)
	c.sample()
	ask := func(filter string) received {
		return c.get("Archive/Dynamic", "$select", "chat_session.idle,chat_session.status,chat_session.chatbot_isactive", "$filter", filter)
	}
	for _, status := range []int{403, 404} {
		c.server.Set(func(sw *Switches) { sw.DynamicStatus = status })
		if got := ask("chat_session.status = 5").code; got != status {
			t.Errorf("%d instead of %d", got, status)
		}
	}
	c.server.Set(func(sw *Switches) { sw.DynamicStatus, sw.DynamicLacks = 0, []string{"chat_session.idle"} })
	if got := ask("").code; got != 400 {
		t.Errorf("a column that it lacks: %d", got)
	}
	c.server.Set(func(sw *Switches) { sw.DynamicLacks, sw.DynamicEquals = nil, true })
	if got := ask("chat_session.status oneOf (5)").code; got != 400 {
		t.Errorf("oneOf: %d", got)
	}
	if got := ask("chat_session.status in (5)").rows(t); len(got) != 1 {
		t.Errorf("in: %v", got)
	}
	c.server.Set(func(sw *Switches) { sw.DynamicNumbers, sw.DynamicLabels = true, true })
	if got := ask("").rows(t)[0]; got["chat_session.chatbot_isactive"] != 0.0 || got["chat_session.status"] != "Waiting for agent" {
		t.Errorf("%v", got)
	}
	if got := c.get("Archive/Dynamic", "$select", "contact.id").code; got != 400 {
		t.Errorf("another table: %d", got)
	}
}
