package superoffice

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"conversation_exporter/simulator/world"
)

func TestMessagesLookLikeTheSample(t *testing.T) {
	c := onsite(t)
	id := c.sample()
	one := func(n float64, kind, author string, read float64, notice, at string) map[string]any {
		return map[string]any{
			"ChatMessageId": n, "ChatSessionId": float64(id), "Type": kind, "Message": "Canary chat text " + itoa(int64(n)), "Author": author,
			"ReadByCustomer": read, "SpecialType": notice, "SpecialParam": "", "WhenPosted": "2026-02-02T" + at,
		}
	}
	visitor := "Canary Visitor " + itoa(id)
	want := []map[string]any{
		one(9001, "ToUser", visitor, 1, "None", "07:55:00"),
		one(9002, "ToCustomer", "Canary Agent 1", 1, "Welcome", "07:56:11"),
		one(9003, "ToCustomer", "Canary Agent 1", 0, "None", "07:57:39"),
		one(9004, "ToUser", visitor, 1, "None", "07:59:29"),
	}
	if got := c.get("ChatSession/" + itoa(id) + "/Messages").array(t); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if got := c.get("ChatSession/"+itoa(id)+"/Messages", "after", "9002").array(t); !reflect.DeepEqual(got, want[2:]) {
		t.Errorf("after 9002: %v", got)
	}
	if got := c.get("ChatSession/"+itoa(id)+"/Messages", "After", "9999").text; got != "[]" {
		t.Errorf("after the last: %s", got)
	}
	if got := c.get("ChatSession/"+itoa(id)+"/Messages", "after", "x").code; got != 400 {
		t.Errorf("after x: %d", got)
	}
	c.must(c.desk.Read(id))
	if got := c.get("ChatSession/" + itoa(id) + "/Messages").array(t)[2]["ReadByCustomer"]; got != 1.0 {
		t.Errorf("the old message was read by now: %v", got)
	}
}

func TestUnknown05OrderOfMessagesAndAfter(t *testing.T) {
	c := onsite(t)
	id := c.sample()
	c.server.Set(func(sw *Switches) { sw.AfterInclusive, sw.NewestFirst = true, true })
	if got := numbers(c.get("ChatSession/"+itoa(id)+"/Messages", "after", "9003").array(t), "ChatMessageId"); !slices.Equal(got, []int64{9004, 9003}) {
		t.Errorf("%v", got)
	}
}

func TestUnknown06MessagesOfAChatThatIsNotThere(t *testing.T) {
	c := onsite(t)
	id := c.sample()
	for missing, want := range map[Missing]string{MissingFails: `{"Error":true`, MissingEmpty: "[]", MissingNull: "null"} {
		c.server.Set(func(sw *Switches) { sw.Missing, sw.Vanished = missing, []int64{id} })
		for _, path := range []string{"ChatSession/1/Messages", "ChatSession/" + itoa(id) + "/Messages"} {
			if got := c.get(path); !strings.HasPrefix(got.text, want) || (got.code == 404) != (missing == MissingFails) {
				t.Errorf("%s: %d %s", path, got.code, got.text)
			}
		}
	}
	if got := numbers(c.get("ChatSession", "$select", "chatSessionId").rows(t), "chatSessionId"); !slices.Equal(got, []int64{id}) {
		t.Errorf("a list does not show what vanished: %v", got)
	}
}

func TestQuirk06NullWithSuccess(t *testing.T) {
	c := onsite(t)
	if got := c.get("ChatSession/1"); got.code != 404 || !strings.Contains(got.text, "ChatSession id 1 not found") {
		t.Errorf("%d %s", got.code, got.text)
	}
	c.server.Set(func(sw *Switches) { sw.MissingEntity, sw.NullPresence = MissingNull, true })
	if got := c.get("ChatSession/1"); got.code != 200 || got.text != "null" {
		t.Errorf("%d %s", got.code, got.text)
	}
	if got := c.send("POST", Base+"/api/v1/Agents/Chat/GetChatPresence", "{}"); got.code != 200 || got.text != "null" {
		t.Errorf("%d %s", got.code, got.text)
	}
}

func TestQuirk07EntitySelectNullsTheRest(t *testing.T) {
	c := onsite(t)
	id := c.sample()
	selected := "ChatSessionId,TopicId,Status,WhenRequested,WhenStarted,WhenIdle,WhenFetched,User,TransferTo,ChatbotIsActive,alertlevel"
	got := c.get("ChatSession/"+itoa(id), "$select", selected).object(t)
	want := map[string]any{
		"ChatSessionId": float64(id), "TopicId": 3.0, "Status": "CustomerLast", "AlertLevel": 0.0, "ChatbotIsActive": false, "TransferTo": nil,
		"WhenRequested": "2026-02-02T08:55:00", "WhenStarted": "2026-02-02T08:56:11", "WhenIdle": "2026-02-02T08:59:29",
		"WhenFetched": "2026-02-02T08:59:29", "WhenEnded": "0001-01-01T00:00:00", "Person": nil, "CustomerAlias": nil, "SessionKey": nil,
		"CustomerEmail": nil, "LastMessage": nil, "Rank": 0.0, "InitialQueuePos": 0.0, "FieldProperties": nil,
		"_Links": map[string]any{
			"Self":    "https://127.0.0.1/SuperOffice/api/v1/ChatSession/" + itoa(id),
			"Archive": "https://127.0.0.1/SuperOffice/api/v1/ChatSession",
		},
	}
	for name, value := range want {
		have, there := got[name]
		if !there || !reflect.DeepEqual(have, value) {
			t.Errorf("%s: %v, want %v", name, have, value)
		}
	}
	user, _ := got["User"].(map[string]any)
	if user["EjUserId"] != 601.0 || user["AssociateId"] != 401.0 || user["FullName"] != "Canary Agent 1" || user["Type"] != "InternalAssociate" {
		t.Errorf("User: %v", user)
	}
	c.server.Set(func(sw *Switches) { sw.NullUnselected = true })
	if got := c.get("ChatSession/"+itoa(id), "$select", selected).object(t); got["WhenEnded"] != nil || got["Rank"] != nil {
		t.Errorf("with the switch: %v %v", got["WhenEnded"], got["Rank"])
	}
}

func TestEntityOfEachStatus(t *testing.T) {
	c := onsite(t)
	names := []string{
		1: "PreChatForm", 2: "Faq", 3: "OfflineForm", 4: "InQueue", 5: "CustomerLast", 6: "UserLast", 7: "Finished",
		8: "Deleted", 9: "Closed", 10: "RequestPosted", 11: "ClosedFromQueue",
	}
	for n, id := range c.everyStatus() {
		got := c.get("ChatSession/" + itoa(id)).object(t)
		if got["Status"] != names[n] || (got["WhenEnded"] == never) != (n < 7) || (got["User"] == nil) != (n < 5 || n > 7) {
			t.Errorf("%d: %v, ended %v, user %v", n, got["Status"], got["WhenEnded"], got["User"])
		}
	}
}

func TestQuirk08IdsAreTextsInExtraInfo(t *testing.T) {
	c := onsite(t)
	got := c.get("MDOList/ejuser").array(t)
	if got[0]["Id"] != 601.0 || got[0]["ExtraInfo"] != "associateId=401" {
		t.Errorf("%v", got[0])
	}
}

func TestQuirk09And15NamesOfEnums(t *testing.T) {
	c := onsite(t)
	id := c.sample()
	c.must(c.desk.Offer(id, "1002"))
	c.must(c.desk.Accept(id))
	bot := c.open(world.ChatOpening{Topic: world.TopicOrders, Bot: true})
	c.must(c.desk.BotWrites(bot, true))
	faq := c.open(world.ChatOpening{Topic: world.TopicAdvice, Status: world.ChatFAQ})
	last := func(id int64) map[string]any {
		list := c.get("ChatSession/" + itoa(id) + "/Messages").array(t)
		return list[len(list)-1]
	}
	if got := last(id); got["SpecialType"] != "TransferedSession" || got["Type"] != "Special" {
		t.Errorf("%v", got)
	}
	c.server.Set(func(sw *Switches) { sw.NumericEnums = true })
	if got := last(id); got["SpecialType"] != 6.0 || got["Type"] != 3.0 {
		t.Errorf("numbers: %v", got)
	}
	if got := c.get("ChatSession/" + itoa(id)).object(t)["Status"]; got != 5.0 {
		t.Errorf("numbers: %v", got)
	}
	c.server.Set(func(sw *Switches) { sw.NumericEnums, sw.UnknownEnums = false, true })
	if got := last(bot)["SpecialType"]; got != "CanaryCarousel" {
		t.Errorf("unknown: %v", got)
	}
	if got := c.get("ChatSession/" + itoa(faq)).object(t)["Status"]; got != "CanaryLobby" {
		t.Errorf("unknown: %v", got)
	}
	if got := len(c.get("ChatSession", "$filter", "status = 12").rows(t)); got != 1 {
		t.Errorf("unknown: %d rows", got)
	}
}

func TestQuirk10ReadByCustomerIsANumber(t *testing.T) {
	c := onsite(t)
	id := c.sample()
	c.server.Set(func(sw *Switches) { sw.ReadMark, sw.InboundUnread = 482, true })
	var marks []int64
	marks = append(marks, numbers(c.get("ChatSession/"+itoa(id)+"/Messages").array(t), "ReadByCustomer")...)
	if !slices.Equal(marks, []int64{0, 482, 0, 0}) {
		t.Errorf("%v", marks)
	}
}

func TestQuirk12NoFlagHasTheNameOfAFlag(t *testing.T) {
	c := onsite(t)
	if got := c.get("ChatSession/" + itoa(c.sample())).object(t)["Flags"]; got != "CustomerIsTyping" {
		t.Errorf("%v", got)
	}
}

func TestQuirk14BotsWriteInTheFuture(t *testing.T) {
	c := onsite(t)
	id := c.open(world.ChatOpening{Topic: world.TopicOrders, Bot: true})
	c.must(c.desk.BotWrites(id, false))
	c.server.Set(func(sw *Switches) { sw.BotDelay = 5 * time.Second })
	got := c.get("ChatSession/" + itoa(id) + "/Messages").array(t)[1]
	if got["WhenPosted"] != "2026-02-02T07:55:05" || got["SpecialType"] != "BotMessage" || got["Type"] != "ToCustomer" || got["Author"] != "Canary Bot" {
		t.Errorf("%v", got)
	}
}

func TestQuirk17NobodyHasManyIds(t *testing.T) {
	c := onsite(t)
	id := c.open(world.ChatOpening{Topic: world.TopicSupport})
	for nobody, want := range map[Nobody]any{NobodyZero: 0.0, NobodyNull: nil, NobodyMinus: -1.0, NobodySystem: 1.0} {
		c.server.Set(func(sw *Switches) { sw.Nobody = nobody })
		row := c.get("Archive/Dynamic", "$select", "chat_session.user_id,chat_session.user_id.displayname").rows(t)[0]
		if row["chat_session.user_id"] != want {
			t.Errorf("%d: %v", nobody, row)
		}
		if got := c.get("ChatSession/" + itoa(id)).object(t)["User"]; (got == nil) != (nobody != NobodySystem) {
			t.Errorf("%d: %v", nobody, got)
		}
	}
}

func TestQuirk19EntitiesAreFat(t *testing.T) {
	c := onsite(t)
	id := c.sample()
	if whole, some := len(c.get("ChatSession/"+itoa(id)).text), len(c.get("ChatSession/"+itoa(id), "$select", "Status").text); whole < 5*some {
		t.Errorf("%d bytes, and %d with $select", whole, some)
	}
}

func TestQuirk20PersonalTextsAreCanaries(t *testing.T) {
	c := onsite(t)
	id := c.sample()
	got := c.get("ChatSession/" + itoa(id)).object(t)
	for _, name := range []string{
		"CustomerAlias", "CustomerHost", "CustomerName", "CustomerEmail", "CustomerCompanyName", "FirstMessage", "LastMessage", "SessionKey",
	} {
		if text, _ := got[name].(string); !strings.Contains(strings.ToLower(text), "canary") {
			t.Errorf("%s: %v", name, got[name])
		}
	}
	if text, _ := got["CustomerPhone"].(string); !strings.HasPrefix(text, "+999") {
		t.Errorf("CustomerPhone: %v", text)
	}
}

func TestUnknown10ResetRenewsTheRequest(t *testing.T) {
	c := onsite(t)
	id := c.open(world.ChatOpening{Topic: world.TopicOrders, Bot: true})
	c.world.Advance(time.Minute)
	c.must(c.desk.Reset(id))
	for renew, want := range map[bool]string{false: "2026-02-02T08:55:00", true: "2026-02-02T08:56:00"} {
		c.server.Set(func(sw *Switches) { sw.ResetRenews = renew })
		if got := c.get("ChatSession/" + itoa(id)).object(t)["WhenRequested"]; got != want {
			t.Errorf("%t: %v", renew, got)
		}
	}
}

func TestQuirk03DatesHaveManyForms(t *testing.T) {
	c := onsite(t)
	id := c.sample()
	for name, d := range map[string]struct {
		header             string
		set                func(*Switches)
		requested, message string
	}{
		"unmarked":               {"UTC, includeTZOffset", func(*Switches) {}, "2026-02-02T08:55:00", "2026-02-02T07:55:00"},
		"tagged":                 {"UTC, includeTZOffset", func(sw *Switches) { sw.Dates = DatesTagged }, "2026-02-02T08:55:00+0100", "2026-02-02T07:55:00Z"},
		"tagged, a colon":        {"UTC, includeTZOffset", func(sw *Switches) { sw.Dates, sw.ColonInOffset = DatesTagged, true }, "2026-02-02T08:55:00+01:00", "2026-02-02T07:55:00Z"},
		"tagged, not asked":      {"UTC", func(sw *Switches) { sw.Dates = DatesTagged }, "2026-02-02T08:55:00", "2026-02-02T07:55:00"},
		"pretended":              {"UTC, includeTZOffset", func(sw *Switches) { sw.Dates = DatesPretended }, "2026-02-02T08:55:00Z", "2026-02-02T07:55:00Z"},
		"converted":              {"UTC, includeTZOffset", func(sw *Switches) { sw.Dates = DatesConverted }, "2026-02-02T07:55:00Z", "2026-02-02T07:55:00Z"},
		"converted, not tagged":  {"UTC", func(sw *Switches) { sw.Dates = DatesConverted }, "2026-02-02T07:55:00", "2026-02-02T07:55:00"},
		"converted, not asked":   {"", func(sw *Switches) { sw.Dates = DatesConverted }, "2026-02-02T08:55:00", "2026-02-02T07:55:00"},
		"with a fraction":        {"", func(sw *Switches) { sw.DateFraction = 7 }, "2026-02-02T08:55:00.0000000", "2026-02-02T07:55:00.0000000"},
		"messages in local time": {"", func(sw *Switches) { sw.PostedLocal = true }, "2026-02-02T08:55:00", "2026-02-02T08:55:00"},
		"a clock that is ahead":  {"", func(sw *Switches) { sw.ClockSkew = time.Minute }, "2026-02-02T08:56:00", "2026-02-02T07:56:00"},
	} {
		t.Run(name, func(t *testing.T) {
			c.header.Set("SO-TimeZone", d.header)
			c.server.Set(func(sw *Switches) { *sw = Switches{}; d.set(sw) })
			entity := c.get("ChatSession/" + itoa(id)).object(t)
			if entity["WhenRequested"] != d.requested || entity["WhenEnded"] != never {
				t.Errorf("requested %v, ended %v", entity["WhenRequested"], entity["WhenEnded"])
			}
			if got := c.get("ChatSession/" + itoa(id) + "/Messages").array(t)[0]["WhenPosted"]; got != d.message {
				t.Errorf("posted %v", got)
			}
			if got := c.get("ChatSession", "$select", "whenRequested").rows(t)[0]["whenRequested"]; got != d.requested {
				t.Errorf("in a list: %v", got)
			}
		})
	}
}

func TestForeignAndDoubledMessages(t *testing.T) {
	c := onsite(t)
	id, other := c.sample(), c.sample()
	path := "ChatSession/" + itoa(id) + "/Messages"
	c.server.Inject(Fault{Kind: ForeignMessages, Times: 1})
	if got := numbers(c.get(path).array(t), "ChatSessionId"); len(got) != 8 || got[7] != other {
		t.Errorf("%v", got)
	}
	c.server.Inject(Fault{Kind: DuplicateRows, Times: 1})
	if got := numbers(c.get(path).array(t), "ChatMessageId"); len(got) != 8 || got[0] != got[1] {
		t.Errorf("%v", got)
	}
}
