package superoffice

import (
	"reflect"
	"testing"
	"time"

	"conversation_exporter/simulator/world"
)

func TestListOfTopicsBeginsWithAll(t *testing.T) {
	c := onsite(t)
	got := c.get("MDOList/chatchannel").array(t)
	want := map[string]any{
		"Id": 3.0, "Name": "Support", "ToolTip": "How things work", "Deleted": false, "Rank": 4.0, "Type": "", "ChildItems": []any{},
		"IconHint": "", "ColorBlock": 0.0, "ExtraInfo": "", "StyleHint": "", "FullName": "",
	}
	if len(got) != 5 || got[0]["Id"] != 0.0 || got[0]["Name"] != "All" || !reflect.DeepEqual(got[4], want) {
		t.Errorf("%v", got)
	}
	if got := c.get("MDOList/chatchannel", "additional", "notAll=True&listAll=True").array(t); len(got) != 4 {
		t.Errorf("without all: %v", got)
	}
}

func TestListOfStatuses(t *testing.T) {
	c := onsite(t)
	got := c.get("MDOList/chatsessionstatus").array(t)
	if len(got) != 12 || got[5]["Id"] != 5.0 || got[5]["Name"] != "Waiting for agent" || got[5]["ExtraInfo"] != "CustomerLast" {
		t.Errorf("%v", got)
	}
}

func TestTopicTellsItsLimits(t *testing.T) {
	c := onsite(t)
	c.sample()
	got := c.get("ChatTopic/3", "$select", "Name,WarnNewChatMinutes,WarnManagerNewChatMinutes,WarnChatMessageMinutes,WarnManagerChatMessageMinutes,SecondsPrAccept,LastAccept").object(t)
	for name, want := range map[string]any{
		"Name": "Support", "WarnNewChatMinutes": 3.0, "WarnManagerNewChatMinutes": 10.0, "WarnChatMessageMinutes": 5.0,
		"WarnManagerChatMessageMinutes": 15.0, "SecondsPrAccept": 71.0, "LastAccept": "2026-02-02T08:56:11", "Description": nil,
	} {
		if got[name] != want {
			t.Errorf("%s: %v", name, got[name])
		}
	}
	hours, _ := c.get("ChatTopic/8").object(t)["OpeningHours"].(map[string]any)
	if !yes(hours["MonEnabled"]) || hours["MonStart"] != "07:00:00" || !no(hours["SunEnabled"]) || hours["LunchStop"] != "12:30:00" {
		t.Errorf("%v", hours)
	}
	for _, path := range []string{"ChatTopic/99", "ChatTopic/99/IsOpen", "ChatTopic/x"} {
		if got := c.get(path).code; got != 404 {
			t.Errorf("%s: %d", path, got)
		}
	}
}

func TestTopicIsOpenByTheClock(t *testing.T) {
	c := onsite(t) // it is 08:55 of a Monday
	if got := c.get("ChatTopic/8/IsOpen").text; got != "true" {
		t.Errorf("in the morning: %s", got)
	}
	c.world.Advance(11 * time.Hour)
	if got := c.get("ChatTopic/8/IsOpen").text; got != "false" {
		t.Errorf("in the evening: %s", got)
	}
	if got := c.get("ChatTopic/3/IsOpen").text; got != "true" {
		t.Errorf("without hours: %s", got)
	}
}

func TestPresenceOfAllAgentsInOneCall(t *testing.T) {
	c := onsite(t)
	c.sample()
	c.must(c.world.SetPresence("1001", world.Away, true))
	ask := func() []map[string]any {
		return c.send("POST", Base+"/api/v1/agents/chat/getchatpresence", "").array(t)
	}
	got := ask()
	want := map[string]any{
		"UserId": 601.0, "DisplayName": "Canary Agent 1", "OngoingChats": 1.0, "Present": false, "ChatTopics": []any{3.0},
		"TableRight": nil, "FieldProperties": map[string]any{},
	}
	if len(got) != 18 || !reflect.DeepEqual(got[0], want) || !yes(got[1]["Present"]) {
		t.Errorf("%d, %v", len(got), got[0])
	}
	some := c.send("POST", Base+"/api/v1/Agents/Chat/GetChatPresence?$select=UserId,Present", "").array(t)[0]
	if some["UserId"] != 601.0 || some["DisplayName"] != nil || some["OngoingChats"] != 0.0 {
		t.Errorf("with $select: %v", some)
	}
	c.server.Set(func(sw *Switches) { sw.PresenceByAssociate = true })
	if got := ask()[0]["UserId"]; got != 401.0 {
		t.Errorf("unknown 13, by the associate: %v", got)
	}
}

func TestPrincipalTellsWhoSignedIn(t *testing.T) {
	c := onsite(t)
	if got := c.get("User/currentPrincipal").object(t); got["UserType"] != "SystemAssociate" || got["DatabaseContextIdentifier"] != DefaultCustomer {
		t.Errorf("%v", got)
	}
}
