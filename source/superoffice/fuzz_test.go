package superoffice

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"testing"
	"time"

	"conversation_exporter/conversation"
	"conversation_exporter/simulator"
	sim "conversation_exporter/simulator/superoffice"
	"conversation_exporter/simulator/world"
)

// answersOf are what the simulated server answers to these calls, written in several of
// its ways.
func answersOf(f *testing.F, paths ...string) (answers [][]byte) {
	f.Helper()
	c := simulator.New(simulator.Options{World: world.Options{Start: start(), Still: true}})
	desk := c.World.Desk()
	id, err := desk.Open(world.ChatOpening{Topic: world.TopicSupport})
	if err == nil {
		err = desk.PickUp(id, "1001")
	}
	if err == nil {
		err = desk.Offer(id, "1002")
	}
	if err == nil {
		_, err = desk.Open(world.ChatOpening{Topic: world.TopicOrders, Bot: true})
	}
	if err != nil {
		f.Fatal(err)
	}
	for _, sw := range []sim.Switches{
		{},
		{Dates: sim.DatesTagged, RawAsText: true, NumericEnums: true, ReadMark: 482, NextLink: sim.NextURL},
		{NullUnselected: true, UnknownEnums: true, Nobody: sim.NobodyNull, DateFraction: 7, NullPresence: true},
	} {
		c.SuperOffice.Set(func(now *sim.Switches) { *now = sw })
		for _, path := range paths {
			method := http.MethodGet
			if path == pathPresence {
				method = http.MethodPost
			}
			r := httptest.NewRequest(method, "http://crm.invalid/so/api/v1/"+path, nil)
			r.Header.Set("Authorization", basicOf(c.SuperOffice.User(), c.SuperOffice.Password()))
			r.Header.Set("SO-TimeZone", "UTC, includeTZOffset")
			w := httptest.NewRecorder()
			c.SuperOffice.ServeHTTP(w, r)
			if w.Code != http.StatusOK {
				f.Fatalf("%s: HTTP %d", path, w.Code)
			}
			answers = append(answers, w.Body.Bytes())
		}
	}
	return answers
}

// fuzzed are the dates of an answer in a zone whose clocks change.
func fuzzed(zone *time.Location) dates {
	return dates{zone: zone, now: time.Unix(1_770_000_000, 0), skew: time.Minute}
}

// holds that facts are what a metric can be made of.
func (f *facts) hold(t *testing.T, d dates) {
	t.Helper()
	for _, at := range []time.Time{f.requested, f.started, f.ended, f.idle} {
		if at.After(d.now) || !at.IsZero() && at.Year() < earliest-1 {
			t.Errorf("%+v: %s is no time that has passed", f, at)
		}
	}
	if f.id < 0 || f.topic < 0 || f.user < 0 || f.topicName != conversation.Label(f.topicName) {
		t.Errorf("%+v", f)
	}
	if state := f.state(); state == "" || f.status.closed() && f.awaiting() == conversation.AwaitingCustomer && state != conversation.StateAutomated {
		t.Errorf("%+v is %s, and awaited is %s", f, state, f.awaiting())
	}
	_ = f.sure()
}

// FuzzList lets rows of lists be made of anything at all.
func FuzzList(f *testing.F) {
	full := "?$mode=Full&$select="
	for _, seed := range answersOf(f, pathSessions, pathSessions+full+url.QueryEscape(sessionList(true).columns), pathDynamic+full+url.QueryEscape(dynamicList().columns),
		pathDynamic+"?$select=chat_message.id&$jsonSafe=true") {
		f.Add(seed)
	}
	for _, seed := range []string{
		`{"odata.metadata":"x","odata.nextLink":null,"value":[{"PrimaryKey":"4101","EntityName":"chat","chatSessionId":4101,"status":"Waiting","whenRequested":"2026-02-03T09:14:20","chatTopic/chatTopicId":3}]}`,
		`{"value":[{"PrimaryKey":4101,"TableRight":{"Mask":1},"Column":{"chatSessionId":{"RawValue":4101},"status":{"RawValue":4,"DisplayValue":"Waiting"}}}]}`,
		`[null,1,{"Column":[]},{"Column":null}]`, `{"value":[{"PrimaryKey":{}}]}`,
	} {
		f.Add([]byte(seed))
	}
	d := fuzzed(oslo(f))
	src, err := New(Options{URL: "http://crm.invalid", Authorization: secret("x")})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var out listAnswer
		if json.Unmarshal(text, &out) != nil {
			return
		}
		sessions := make([]facts, 0, len(out.Rows))
		for i := range out.Rows {
			one := factsOf(&out.Rows[i].columns, d)
			one.hold(t, d)
			sessions = append(sessions, one)
		}
		p := pager{source: src, archive: sessionList(true), needs: true}
		if _, err := p.take(out.Rows, 0, d.now); err == nil && !slices.IsSortedFunc(p.rows, func(a, b facts) int { return int(max(-1, min(1, a.id-b.id))) }) {
			t.Errorf("out of order: %+v", p.rows)
		}
		var cover conversation.Coverage
		src.zone.see(sessions, d, &cover)
		_, _ = offOf(sessions, d)
	})
}

// FuzzEntities lets sessions, topics and users be made of anything at all.
func FuzzEntities(f *testing.F) {
	for _, seed := range answersOf(f, "ChatSession/4001", "ChatSession/4001?$select=ChatSessionId,Status,User", pathTopics, "ChatTopic/3", "ChatTopic/3/IsOpen", pathPresence, pathColumns) {
		f.Add(seed)
	}
	for _, seed := range []string{
		`{"IsSuccessful":true,"Token":"eyJ","ErrorMessage":null}`, `{"State":"Running","IsRunning":true,"ValidUntil":"2026-02-03T09:00:00Z","Api":"https://online2.superoffice.com/Cust1/api","Version":"Release_1"}`,
		`{"NetServerVersion":"10.2.8"}`, `null`, `[null]`, `[{"Id":"3","ChildItems":[{"Id":5,"ChildItems":null}]}]`, `{"value":{"status":{}}}`,
		`{"ChatSessionId":4001,"User":{"EjUserId":null},"TransferTo":{"EjUserId":-1,"AssociateId":"7"},"ChatbotIsActive":"yes"}`, `[{"UserId":"67","Present":1,"ChatTopics":[3,"5",null,{}]}]`,
	} {
		f.Add([]byte(seed))
	}
	d := fuzzed(oslo(f))
	f.Fuzz(func(t *testing.T, text []byte) {
		var entity *sessionEntity
		if json.Unmarshal(text, &entity) == nil && entity != nil {
			one := factsOfEntity(entity, entity.ID.id(), d)
			one.hold(t, d)
			_ = entityAsked(1, &entity).judge()
		}
		var items []topicItem
		if json.Unmarshal(text, &items) == nil {
			_ = topicsAsked(&items).judge()
			known := make(map[int64]topic)
			new(directory).take(items, known)
			for id, info := range known {
				if id <= 0 || info.name != conversation.Label(info.name) {
					t.Errorf("topic %d = %+v", id, info)
				}
			}
		}
		var settings *topicEntity
		if json.Unmarshal(text, &settings) == nil && settings != nil {
			for _, limit := range []scalar{settings.NewSessionAgent, settings.NewSessionManager, settings.NewMessageAgent, settings.NewMessageManager} {
				if m := minutes(limit); m < 0 || m > 366*24*time.Hour {
					t.Errorf("%+v is a limit of %s", limit, m)
				}
			}
		}
		var rows []presenceRow
		if json.Unmarshal(text, &rows) == nil {
			_ = presenceAsked(&rows).judge()
			ids := make(map[string]bool)
			for _, a := range agentsOf(rows) {
				if ids[a.ID] || a.ID == "" || a.Name != conversation.Label(a.Name) {
					t.Errorf("agent %+v", a)
				}
				ids[a.ID] = true
			}
		}
		for _, out := range []any{new(columnNames), new(tenantState), new(versionAnswer), new(systemUserAnswer), new(scalar), new(cell)} {
			_ = json.Unmarshal(text, out)
		}
	})
}

// FuzzMessages lets records be made of anything at all.
func FuzzMessages(f *testing.F) {
	vendor, err := os.ReadFile("testdata/ChatSession-Messages.vendor.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(vendor)
	for _, seed := range answersOf(f, "ChatSession/4001/Messages", "ChatSession/4002/Messages?after=1") {
		f.Add(seed)
	}
	f.Add([]byte(`[{"ChatMessageId":"1","Type":1,"SpecialType":16,"ReadByCustomer":true,"WhenPosted":"2036-02-03T07:55:01"}]`))
	f.Add([]byte(`null`))
	d := fuzzed(time.UTC)
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, session := range []int64{341, 4001} {
			rows := messageRows{session: session, keep: 100}
			if json.Unmarshal(text, &rows) != nil {
				return
			}
			records, err := recordsOf(rows.rows, d)
			for i, r := range records {
				message := r.Kind == conversation.KindMessage
				if err != nil || r.ID <= 0 || r.At.IsZero() || i > 0 && r.ID <= records[i-1].ID || message != (r.Sender != "") || (r.Kind == conversation.KindClosed) != (r.Reason != "") ||
					(r.Human || r.Sender == conversation.SenderBot) && r.At.After(d.now) {
					t.Errorf("record %d of %+v, error %v", i, records, err)
				}
			}
		}
	})
}

func FuzzDate(f *testing.F) {
	for _, text := range []string{"2026-02-03T08:55:01", "2016-07-21T14:13:48.4445574+02:00", "2026-10-25T02:30:00", "0001-01-01T00:00:00", "9999-12-31T23:59:59-0000", ""} {
		f.Add(text, int64(1_770_000_000))
	}
	zone := oslo(f)
	f.Fuzz(func(t *testing.T, text string, now int64) {
		at := time.Unix(now%(1<<40), 0)
		got, err := parseDate(text, zone, at)
		if err != nil && !got.IsZero() {
			t.Errorf("%q is both an error and %s", text, got)
		}
		if !got.IsZero() && got.Year() < earliest-1 {
			t.Errorf("%q is read as %s", text, got)
		}
		if past := (dates{zone: zone, now: at}).past(text); past.After(at) {
			t.Errorf("%q lies in the future of %s: %s", text, at, past)
		}
	})
}
