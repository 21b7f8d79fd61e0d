package superoffice

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"conversation_exporter/conversation"
	sim "conversation_exporter/simulator/superoffice"
	"conversation_exporter/simulator/world"
)

// The simulated server refuses le and ge, as the vendor's sample file says; nothing that
// the exporter does needs them.
func TestQuirk11NeitherLeNorGeIsAsked(t *testing.T) {
	c := newCRM(t)
	for range 50 {
		c.open(t, world.ChatOpening{Topic: world.TopicSupport})
	}
	src := c.source(t, func(o *Options) { o.PageSize = 10 })
	read(t, src)
	src.mu.Lock()
	src.left = leftOff{after: 4020} // As if a deadline had cut the last list.
	src.mu.Unlock()
	if got := read(t, src); len(got) != 50 {
		t.Errorf("%d sessions, want 50", len(got))
	}
	_, _, mark := sweeps(t, src, conversation.Mark{})
	sweeps(t, src, mark)
	for _, r := range c.requests("$filter") {
		if strings.Contains(r, " le ") || strings.Contains(r, " ge ") || strings.Contains(r, "%3C") || strings.Contains(r, "%3E") {
			t.Errorf("asked %s", r)
		}
	}
	if n := len(c.requests(" lt ")); n == 0 {
		t.Error("nothing was asked for up to an id, so that nothing is shown")
	}
}

// A session without a flag reads "CustomerIsTyping".
func TestQuirk12FlagsAreNotAskedFor(t *testing.T) {
	c := newCRM(t)
	ids := c.kinds(t)
	c.set(func(sw *sim.Switches) { sw.DynamicStatus, sw.NumericEnums = 403, true })
	src := c.source(t, nil)
	c.expectKinds(t, ids, read(t, src))
	_, err := src.Lookup(t.Context(), []int64{ids["owed"]})
	must(t, err)
	if asked := c.requests("lags"); len(asked) != 0 {
		t.Errorf("asked %v", asked)
	}
}

func TestQuirk13NamesOfColumnsHaveDotsAndSlashes(t *testing.T) {
	c := newCRM(t)
	id := c.taken(t, "1001", false)
	// Without a list of topics their names come with the rows.
	c.SuperOffice.FailEndpoint(pathTopics, http.StatusForbidden)
	sessions, cover, err := c.source(t, nil).OpenSessions(t.Context())
	must(t, err)
	if got := byID(sessions)[id]; got.Queue.Name != "Support" || got.Queue.ID != world.TopicSupport || got.Agent != c.agent("1001") || len(cover.Problems) != 1 {
		t.Errorf("told %+v, coverage %+v", got, cover)
	}
	var row listRow
	must(t, json.Unmarshal([]byte(`{"chatSessionId":1,"chatTopic_chatTopicId":3,"chatTopic_name":"Support"}`), &row))
	if row.topic.id() != 3 || row.topicName.label() != "Support" {
		t.Errorf("with $jsonSafe: %+v", row)
	}
}

func TestQuirk14ABotsMessageMayBeDatedAhead(t *testing.T) {
	c := newCRM(t)
	id := c.open(t, world.ChatOpening{Topic: world.TopicOrders, Bot: true})
	must(t, c.desk.BotWrites(id, false))
	must(t, c.desk.BotWrites(id, true))
	c.set(func(sw *sim.Switches) { sw.BotDelay = 10 * time.Minute })
	src := c.source(t, nil)
	records := c.thread(t, src, conversation.Want{Session: id})
	if len(records) != 3 {
		t.Fatalf("told %+v", records)
	}
	for _, r := range records[1:] {
		if r.Sender != conversation.SenderBot || r.Human || r.At.After(c.World.Now()) {
			t.Errorf("told %+v at %s", r, c.World.Now())
		}
	}
	// Nobody but a bot can date ahead: what is from ahead of us is from no agent.
	human := c.taken(t, "1001", true)
	c.set(func(sw *sim.Switches) { sw.PostedLocal = true })
	for _, r := range c.thread(t, src, conversation.Want{Session: human}) {
		if r.Human || r.Sender == conversation.SenderCustomer && !r.At.After(c.World.Now().Add(59*time.Minute)) {
			t.Errorf("dated ahead by an hour, and told %+v", r)
		}
	}
}

func TestQuirk15UnknownValuesOfEnumsBreakNothing(t *testing.T) {
	for _, numeric := range []bool{false, true} {
		c := newCRM(t)
		ids := c.kinds(t)
		must(t, c.desk.BotWrites(ids["bot"], true))
		c.set(func(sw *sim.Switches) { sw.UnknownEnums, sw.NumericEnums = true, numeric })
		src := c.source(t, nil)
		sessions := read(t, src)
		if len(sessions) != 8 || sessions[ids["answers"]].ID != 0 {
			t.Errorf("as numbers %t: told %+v", numeric, sessions)
		}
		records := c.thread(t, src, conversation.Want{Session: ids["bot"]})
		if last := records[len(records)-1]; last.Kind != conversation.KindOther || last.Sender != "" {
			t.Errorf("as numbers %t: told %+v", numeric, records)
		}
		found, err := src.Lookup(t.Context(), []int64{ids["answers"], ids["owed"]})
		must(t, err)
		one := byID(found)[ids["answers"]]
		if len(found) != 2 || one.Awaiting != conversation.AwaitingUnknown || one.CloseReason != "" {
			t.Errorf("as numbers %t: told %+v", numeric, found)
		}
		noCanary(t, sessions, records, found)
	}
}

func TestQuirk16ReasonPhrasesOfTheServersOwnAreNotRead(t *testing.T) {
	c := newCRM(t)
	ids := c.kinds(t)
	c.set(func(sw *sim.Switches) { sw.CustomReasons, sw.DynamicStatus = true, 403 })
	src := c.source(t, nil)
	c.expectKinds(t, ids, read(t, src))
	if found, err := src.Lookup(t.Context(), []int64{ids["owed"], 99}); err != nil || len(found) != 1 {
		t.Errorf("told %+v, error %v", found, err)
	}
	c.SuperOffice.FailEndpoint(pathSessions, http.StatusForbidden)
	_, _, err := src.OpenSessions(t.Context())
	if want := "ChatSession: the user may not read this: give its role the rights to Service and to chat (HTTP 403)"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestQuirk17NobodyIsWrittenInManyWays(t *testing.T) {
	for name, nobody := range map[string]sim.Nobody{"0": sim.NobodyZero, "null": sim.NobodyNull, "-1": sim.NobodyMinus, "the system user": sim.NobodySystem} {
		for _, dynamic := range []int{0, http.StatusForbidden} {
			t.Run(fmt.Sprintf("%s, Dynamic %d", name, dynamic), func(t *testing.T) {
				c := newCRM(t)
				ids := c.kinds(t)
				c.set(func(sw *sim.Switches) { sw.Nobody, sw.DynamicStatus = nobody, dynamic })
				src := c.source(t, nil)
				c.expectKinds(t, ids, read(t, src))
				agents, err := src.Agents(t.Context())
				must(t, err)
				if slices.ContainsFunc(agents, func(a conversation.Agent) bool { return a.Presence == conversation.PresenceUnknown }) {
					t.Errorf("agents %+v", agents)
				}
			})
		}
	}
}

func TestQuirk18SecondsOfListsAreNotAskedForAndMinutesOfTopicsAreMinutes(t *testing.T) {
	c := newCRM(t)
	c.kinds(t)
	c.set(func(sw *sim.Switches) { sw.RunningTimes = true })
	src := c.source(t, nil)
	read(t, src)
	queues, err := src.Queues(t.Context())
	must(t, err)
	want := conversation.Limits{NewSessionAgent: 3 * time.Minute, NewSessionManager: 10 * time.Minute, NewMessageAgent: 5 * time.Minute, NewMessageManager: 15 * time.Minute}
	if queues[0].ID != world.TopicSupport || queues[0].Limits != want {
		t.Errorf("queues %+v", queues)
	}
	if asked := append(c.requests("timeInQueue"), c.requests("duration")...); len(asked) != 0 {
		t.Errorf("asked %v", asked)
	}
}

func TestQuirk19OfFatAnswersOnlyPartsAreAskedFor(t *testing.T) {
	c := newCRM(t)
	id := c.taken(t, "1001", false)
	c.set(func(sw *sim.Switches) { sw.DynamicStatus = 403 })
	src := c.source(t, nil)
	readAll(t, src, id)
	asked := 0
	for _, r := range c.requests("/api/v1/") {
		path, query, _ := strings.Cut(r[strings.Index(r, "/api/v1/")+len("/api/v1/"):], " ")
		bare := strings.HasSuffix(path, "/Messages") || strings.HasSuffix(path, "/IsOpen") || strings.HasPrefix(path, "MDOList/") || strings.HasSuffix(path, "$metadata")
		if asked++; !bare && !strings.Contains(query, "$select=") {
			t.Errorf("asked %s", r)
		}
	}
	if asked < 10 {
		t.Errorf("%d requests, so that nothing is shown", asked)
	}
}

// readAll makes every call of a source.
func readAll(t *testing.T, src *Source, id int64) []any {
	t.Helper()
	told := []any{read(t, src)}
	_, closed, mark := sweeps(t, src, conversation.Mark{})
	found, err := src.Lookup(t.Context(), []int64{id})
	must(t, err)
	threads, errs := gather(t, src, conversation.Want{Session: id})
	queues, err := src.Queues(t.Context())
	must(t, err)
	agents, err := src.Agents(t.Context())
	must(t, err)
	for i := range agents {
		agents[i].Name = "" // A colleague's, which in the simulator is a canary too.
	}
	info, err := src.Info(t.Context())
	must(t, err)
	return append(told, closed, mark, found, threads, errs, queues, agents, info)
}

func TestQuirk20WhatNamesACustomerIsNeitherAskedForNorKept(t *testing.T) {
	for _, dynamic := range []int{0, http.StatusForbidden} {
		c := newCRM(t)
		ids := c.kinds(t)
		c.set(func(sw *sim.Switches) { sw.DynamicStatus = dynamic })
		src := c.source(t, nil)
		noCanary(t, readAll(t, src, ids["owed"]))
		for _, part := range []string{"SessionKey", "session_key", "Customer", "customer_host", "mail", "phone", "irstMessage", "astMessage", "_message", "name,", "person", "contact", "Author"} {
			if asked := slices.DeleteFunc(c.requests(part), func(r string) bool { return strings.Contains(r, "chat_message.id") || part == "name," }); len(asked) != 0 {
				t.Errorf("asked %v", asked)
			}
		}
	}
	var row listRow
	var entity sessionEntity
	var message messageRow
	text := `{"chatSessionId":1,"ChatSessionId":1,"firstMessage":"canary","lastMessage":"canary","SessionKey":"canary","CustomerName":"canary","CustomerHost":"canary","Message":"canary","Author":"canary","SpecialParam":"canary",
		"Column":{"chatSessionId":{"RawValue":1,"DisplayValue":"canary"},"firstMessage":{"RawValue":"canary"},"person/fullName":{"RawValue":"canary"}}}`
	for _, into := range []any{&row, &entity, &message} {
		must(t, json.Unmarshal([]byte(text), into))
		noCanary(t, into, row, entity, message)
	}
}
