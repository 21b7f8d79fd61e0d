package superoffice

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"conversation_exporter/simulator/world"
)

// sampleColumns are those of the reference's sample answer.
const sampleColumns = "chatSessionId,status,whenRequested,whenStarted,whenEnded,timeInQueue,queueLength,rating,agent,associateId,chatTopic/chatTopicId,chatTopic/name"

func TestListLooksLikeTheSample(t *testing.T) {
	c := onsite(t)
	id := c.sample()
	got := c.get("ChatSession", "$select", sampleColumns, "$filter", "status oneOf (4,5,6)", "$orderBy", "chatSessionId", "$top", "10").object(t)
	if link, has := got["odata.nextLink"]; link != nil || !has || got["odata.metadata"] != "https://127.0.0.1:443/SuperOffice/api/v1/Archive//$metadata" {
		t.Errorf("%v", got)
	}
	want := []any{map[string]any{
		"PrimaryKey": itoa(id), "EntityName": "chat", "chatSessionId": float64(id), "status": "Waiting for agent",
		"whenRequested": "2026-02-02T08:55:00", "whenStarted": "2026-02-02T08:56:11", "whenEnded": "0001-01-01T00:00:00",
		"timeInQueue": 71.0, "queueLength": 1.0, "rating": 0.0, "agent": "Canary Agent 1", "associateId": "CA1001",
		"chatTopic/chatTopicId": 3.0, "chatTopic/name": "Support",
	}}
	if !reflect.DeepEqual(got["value"], want) {
		t.Errorf("got  %v\nwant %v", got["value"], want)
	}
}

func TestFullListLooksLikeTheSample(t *testing.T) {
	c := onsite(t)
	id := c.sample()
	got := c.get("ChatSession", "$select", "chatSessionId,status", "$mode", "full").rows(t)
	want := []map[string]any{{
		"PrimaryKey": float64(id), "EntityName": "chat", "StyleHint": "", "LinkHint": "", "TableRight": map[string]any{"Mask": 1.0, "Reason": ""},
		"Column": map[string]any{
			"chatSessionId": map[string]any{"RawValue": float64(id), "DisplayValue": itoa(id), "LinkHint": "", "TooltipHint": ""},
			"status":        map[string]any{"RawValue": 5.0, "DisplayValue": "Waiting for agent", "LinkHint": "", "TooltipHint": ""},
		},
	}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	c.server.Set(func(sw *Switches) { sw.RawAsText = true })
	if text := c.get("ChatSession", "$select", "status", "$mode", "Full").text; !strings.Contains(text, `"RawValue":"5"`) {
		t.Errorf("raw values are no texts: %s", text)
	}
}

func TestFilters(t *testing.T) {
	c := onsite(t)
	by := c.everyStatus()
	c.world.Advance(time.Hour)
	late := c.open(world.ChatOpening{Topic: world.TopicOrders})
	all := []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}
	for filter, want := range map[string][]int{
		"":                                append(slices.Clone(all), 0),
		"status oneOf (4,5,6)":            {4, 5, 6, 0},
		"status in (1, 2)":                {1, 2},
		"status equals 11":                {11},
		"status = 7":                      {7},
		"status notOneOf (4,5,6)":         {1, 2, 3, 7, 8, 9, 10, 11},
		"STATUS ONEOF (5)":                {5},
		"chatSessionId gt " + itoa(by[9]): {10, 11, 0},
		"chatSessionId lt " + itoa(by[3]): {1, 2},
		"chatSessionId between (" + itoa(by[2]) + "," + itoa(by[4]) + ")": {2, 3, 4},
		"status oneOf (4,5,6) and chatSessionId gt " + itoa(by[4]):        {5, 6, 0},
		"status = 1 or status = 2 and chatTopic/chatTopicId = 8":          {1},
		"(status = 1 or status = 2) and chatTopic/chatTopicId eq 9":       {2},
		"chatTopic/name is 'Support' and status < 0 or status = 3":        nil,
		"chatTopic/name begins 'Ret'":                                     {1, 3},
		"chatTopic/name contains 'rder'":                                  {0},
		`chatTopic/name is 'Sup\port' and status = 4`:                     {4},
		"whenEnded afterTime '2026-02-02T08:55:00'":                       {7, 8, 9, 10, 11},
		"whenEnded beforeTime '2026-02-02T08:55:00'":                      {1, 2, 3, 4, 5, 6, 0},
		"whenRequested afterTime '2026-02-02T09:55:00'":                   {0},
		"whenRequested beforeTime '2026-02-02T09:55:00'":                  all,
		"getAllRows set true":                                             append(slices.Clone(all), 0),
		"getNoRows set 1":                                                 nil,
		"agent oneOf (" + itoa(agentOf(c, "1001")) + ")":                  {5, 6, 7},
	} {
		got := c.get("ChatSession", "$select", "chatSessionId", "$filter", filter, "$orderby", "chatSessionId")
		if filter == "chatTopic/name is 'Support' and status < 0 or status = 3" {
			if got.code != 400 {
				t.Errorf("%s: %d", filter, got.code)
			}
			continue
		}
		var ids []int64
		for _, n := range want {
			if n == 0 {
				ids = append(ids, late)
			} else {
				ids = append(ids, by[n])
			}
		}
		if have := numbers(got.rows(t), "chatSessionId"); !slices.Equal(have, ids) && len(have)+len(ids) > 0 {
			t.Errorf("%s: %v, want %v", filter, have, ids)
		}
	}
}

// agentOf gives the ejuser id of an agent.
func agentOf(c *crm, number string) int64 {
	ejUser, _ := c.server.AgentIDs(number)
	return ejUser
}

func TestListRefusesWhatItDoesNotKnow(t *testing.T) {
	c := onsite(t)
	for _, params := range [][]string{
		{"$filter", "status"},
		{"$filter", "status oneOf"},
		{"$filter", "status oneOf (4"},
		{"$filter", "status oneOf ()"},
		{"$filter", "(status = 4"},
		{"$filter", "status = 4 status = 5"},
		{"$filter", "status = 'Waiting'"},
		{"$filter", "colour = 4"},
		{"$filter", "status approves 4"},
		{"$filter", "whenEnded gt '2026-02-02T08:55:00'"},
		{"$filter", "whenEnded afterTime '2026-02-02T08:55:00Z'"},
		{"$filter", "chatTopic/name is 'x"},
		{"$filter", "getAllRows set maybe"},
		{"$filter", "chatSessionId between (1)"},
		{"$select", "colour"},
		{"$orderBy", "colour"},
		{"$orderBy", "duration"},
		{"$top", "x"},
		{"$skip", "-1"},
		{"$mode", "Thin"},
	} {
		if got := c.get("ChatSession", params...); got.code != 400 || !strings.Contains(got.text, `"Error":true`) {
			t.Errorf("%v: %d %s", params, got.code, got.text)
		}
	}
	c.server.Set(func(sw *Switches) { sw.UnfilteredRefused = true })
	if got := c.get("ChatSession").code; got != 400 {
		t.Errorf("unfiltered: %d", got)
	}
}

func TestListIsOrderedAndPaged(t *testing.T) {
	c := onsite(t)
	var ids []int64
	for range 5 {
		ids = append(ids, c.open(world.ChatOpening{Topic: world.TopicSupport}))
	}
	list := func(params ...string) []int64 {
		return numbers(c.get("ChatSession", append(params, "$select", "chatSessionId")...).rows(t), "chatSessionId")
	}
	if got := list("$orderBy", "chatSessionId desc", "$top", "2", "$skip", "1"); !slices.Equal(got, []int64{ids[3], ids[2]}) {
		t.Errorf("%v", got)
	}
	if got := list("$ORDERBY", "whenRequested asc,chatSessionId desc", "$TOP", "2"); !slices.Equal(got, []int64{ids[4], ids[3]}) {
		t.Errorf("two orders, in capitals: %v", got)
	}
	c.server.Set(func(sw *Switches) { sw.TopLimit, sw.TopDefault = 3, 2 })
	if got := len(list("$top", "100")); got != 3 {
		t.Errorf("unknown 2, a limit of 3: %d rows", got)
	}
	if got := len(list()); got != 2 {
		t.Errorf("unknown 2, two by default: %d rows", got)
	}
}

func TestQuirk01PrimaryKeys(t *testing.T) {
	c := onsite(t)
	id := c.sample()
	key := func() any { return c.get("ChatSession", "$select", "status").rows(t)[0]["PrimaryKey"] }
	if got := key(); got != itoa(id) {
		t.Errorf("%v", got)
	}
	c.server.Set(func(sw *Switches) { sw.NumericKeys = true })
	if got := key(); got != float64(id) {
		t.Errorf("%v", got)
	}
}

func TestQuirk04LabelsFollowTheLanguage(t *testing.T) {
	c := onsite(t)
	c.sample()
	for language, want := range map[string]string{"en": "Waiting for agent", "nb-NO": "Venter på agent", "*": "[SR_CHAT_STATUS_5]", "": "[SR_CHAT_STATUS_5]"} {
		c.header.Set("Accept-Language", language)
		if got := c.get("ChatSession", "$select", "status").rows(t)[0]["status"]; got != want {
			t.Errorf("%q: %v", language, got)
		}
	}
	c.header.Set("SO-Language", "en")
	if got := c.get("ChatSession", "$select", "status").rows(t)[0]["status"]; got != "Waiting for agent" {
		t.Errorf("SO-Language does not override: %v", got)
	}
	if got := c.get("ChatSession", "$select", "status", "$output", "Logical").rows(t)[0]["status"]; got != 5.0 {
		t.Errorf("logical: %v", got)
	}
	c.server.Set(func(sw *Switches) { sw.LogicalLists = true })
	if got := c.get("ChatSession", "$select", "status").rows(t)[0]["status"]; got != 5.0 {
		t.Errorf("with the switch: %v", got)
	}
}

func TestQuirk05NextLink(t *testing.T) {
	c := onsite(t)
	for range 3 {
		c.sample()
	}
	for mode, want := range map[NextLink][2]string{
		NextNull:   {`"odata.nextLink":null`, `"odata.nextLink":null`},
		NextAbsent: {"", ""},
		NextURL:    {`"odata.nextLink":"http://canary-internal-host:8080/SuperOffice/api/v1/ChatSession?$skip=2&$top=2"`, `"odata.nextLink":null`},
	} {
		c.server.Set(func(sw *Switches) { sw.NextLink = mode })
		for i, skip := range []string{"0", "2"} {
			got := c.get("ChatSession", "$select", "status", "$top", "2", "$skip", skip).text
			if want[i] == "" && strings.Contains(got, "nextLink") || !strings.Contains(got, want[i]) {
				t.Errorf("mode %d, page %d: %s", mode, i, got)
			}
		}
	}
}

func TestQuirk11BoundsFailOnNumbers(t *testing.T) {
	c := onsite(t)
	id := c.sample()
	for _, operator := range []string{"ge", "le", ">=", "<="} {
		filter := "chatSessionId " + operator + " " + itoa(id)
		c.server.Set(func(sw *Switches) { sw.AllowBounds = false })
		if got := c.get("ChatSession", "$filter", filter).code; got != 400 {
			t.Errorf("%s: %d", filter, got)
		}
		c.server.Set(func(sw *Switches) { sw.AllowBounds = true })
		if got := len(c.get("ChatSession", "$filter", filter).rows(t)); got != 1 {
			t.Errorf("%s with the switch: %d rows", filter, got)
		}
	}
}

func TestQuirk13KeysWithDotsAndSlashes(t *testing.T) {
	c := onsite(t)
	c.sample()
	if got := c.get("ChatSession", "$select", "chatTopic/name", "$jsonSafe", "true").rows(t)[0]; got["chatTopic_name"] != "Support" {
		t.Errorf("%v", got)
	}
}

func TestQuirk18And9TimesAreSecondsAlsoWhileTheyRun(t *testing.T) {
	c := onsite(t)
	c.open(world.ChatOpening{Topic: world.TopicSupport})
	c.world.Advance(90 * time.Second)
	row := func() map[string]any { return c.get("ChatSession", "$select", "timeInQueue,duration").rows(t)[0] }
	if got := row(); got["timeInQueue"] != 0.0 || got["duration"] != 0.0 {
		t.Errorf("%v", got)
	}
	c.server.Set(func(sw *Switches) { sw.RunningTimes = true })
	if got := row(); got["timeInQueue"] != 90.0 {
		t.Errorf("%v", got)
	}
}

func TestUnknown17AnOldServerLacksColumns(t *testing.T) {
	c := onsite(t)
	c.sample()
	c.server.Set(func(sw *Switches) { sw.OldServer = true })
	if got := c.get("ChatSession", "$select", "chatSessionId,status").code; got != 400 {
		t.Errorf("%d", got)
	}
	if got := c.get("ChatSession").rows(t)[0]; got["status"] != nil || got["whenRequested"] == nil {
		t.Errorf("without a selection: %v", got)
	}
	for columns, want := range map[Columns]any{ColumnsDropped: nil, ColumnsEmpty: ""} {
		c.server.Set(func(sw *Switches) { sw.UnknownColumns = columns })
		if got := c.get("ChatSession", "$select", "chatSessionId,status").rows(t)[0]["status"]; got != want {
			t.Errorf("%d: %v", columns, got)
		}
		if got := c.get("ChatSession", "$filter", "status = 4").code; got != 400 {
			t.Errorf("%d, a filter: %d", columns, got)
		}
	}
}

func TestUnknown15RightsHideTopics(t *testing.T) {
	c := onsite(t)
	id := c.sample()
	c.server.Set(func(sw *Switches) { sw.HiddenTopics = []int{world.TopicSupport} })
	if got := c.get("ChatSession").rows(t); len(got) != 0 {
		t.Errorf("%v", got)
	}
	for _, path := range []string{"ChatSession/" + itoa(id), "ChatSession/" + itoa(id) + "/Messages", "ChatTopic/3"} {
		if got := c.get(path).code; got != 404 {
			t.Errorf("%s: %d", path, got)
		}
	}
}

func TestFaultsOfLists(t *testing.T) {
	c := onsite(t)
	ids := []int64{c.sample(), c.sample(), c.sample()}
	page := func() []int64 {
		return numbers(c.get("ChatSession", "$select", "chatSessionId", "$filter", "chatSessionId gt "+itoa(ids[1]), "$top", "2").rows(t), "chatSessionId")
	}
	c.server.Inject(Fault{Kind: FilterIgnored, Times: 1})
	if got := page(); !slices.Equal(got, ids[:2]) {
		t.Errorf("a filter that is ignored: %v", got)
	}
	c.server.Inject(Fault{Kind: DuplicateRows, Times: 1})
	if got := page(); !slices.Equal(got, []int64{ids[2], ids[2]}) {
		t.Errorf("rows that come twice: %v", got)
	}
	c.server.Inject(Fault{Kind: EndlessRows, Times: 2})
	if got, next := page(), page(); len(got) != 2 || len(next) != 2 || got[1] >= next[1] {
		t.Errorf("rows without end: %v, %v", got, next)
	}
	if got := page(); !slices.Equal(got, ids[2:]) {
		t.Errorf("in order again: %v", got)
	}
}

func TestArchiveTakesAForm(t *testing.T) {
	c := onsite(t)
	c.sample()
	c.header.Set("Content-Type", "application/x-www-form-urlencoded")
	got := c.send("POST", "/SuperOffice/api/v1/Archive/Dynamic", "%24select=chat_session.id&%24filter=chat_session.status+eq+5").rows(t)
	if len(got) != 1 {
		t.Errorf("%v", got)
	}
}
