package superoffice

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"conversation_exporter/conversation"
	sim "conversation_exporter/simulator/superoffice"
	"conversation_exporter/simulator/world"
)

// These tests carry the numbers of the quirks in docs/superoffice.md.

func TestQuirk01TheKeyOfARowIsATextOrANumber(t *testing.T) {
	for name, set := range map[string]func(*crm, *sim.Switches){
		"Full":                       func(*crm, *sim.Switches) {},
		"Full, numbers as texts":     func(_ *crm, sw *sim.Switches) { sw.RawAsText = true },
		"Slim, the key is a text":    func(c *crm, sw *sim.Switches) { c.slim, sw.LogicalLists = true, true },
		"Slim, the key is a number":  func(c *crm, sw *sim.Switches) { c.slim, sw.LogicalLists, sw.NumericKeys = true, true, true },
		"Slim, without Dynamic":      func(c *crm, sw *sim.Switches) { c.slim, sw.LogicalLists, sw.DynamicStatus = true, true, 403 },
		"texts, without Dynamic":     func(_ *crm, sw *sim.Switches) { sw.RawAsText, sw.DynamicStatus = true, 404 },
		"Slim, of an older server":   func(c *crm, sw *sim.Switches) { c.slim, sw.OldServer = true, true },
		"Slim, Dynamic with numbers": func(c *crm, sw *sim.Switches) { c.slim, sw.LogicalLists, sw.DynamicNumbers = true, true, true },
	} {
		t.Run(name, func(t *testing.T) {
			c := newCRM(t)
			ids := c.kinds(t)
			c.set(func(sw *sim.Switches) { set(c, sw) })
			c.expectKinds(t, ids, read(t, c.source(t, nil)))
		})
	}
	for _, text := range []string{
		`{"PrimaryKey":"x","Column":{"chatSessionId":{"RawValue":4101},"status":{"RawValue":4.0}}}`, `{"PrimaryKey":"4101","status":"InQueue"}`,
	} {
		var row listRow
		if err := json.Unmarshal([]byte(text), &row); err != nil || row.id.id() != 4101 || statusOf(row.status.scalar) != statusInQueue || !row.hasStatus {
			t.Errorf("%s is read as %+v, error %v", text, row, err)
		}
	}
}

// A list says chatSessionId, chat_session.id and whenRequested, an entity ChatSessionId
// and WhenRequested: both tell the same of a session.
func TestQuirk02ListsAndEntitiesSpellDifferently(t *testing.T) {
	c := newCRM(t)
	ids := c.kinds(t)
	src := c.source(t, nil)
	listed := read(t, src)
	found, err := src.Lookup(t.Context(), idsOf(listed))
	must(t, err)
	entities := byID(found)
	c.expectKinds(t, ids, listed)
	c.expectKinds(t, ids, entities)
	for id, one := range listed {
		one.ListedAt = entities[id].ListedAt
		if one != entities[id] {
			t.Errorf("the list tells %+v, the entity %+v", one, entities[id])
		}
		c.expectTimes(t, one)
	}
}

func TestQuirk03DatesHaveNoOffsetAndTheFirstYearIsNone(t *testing.T) {
	for name, row := range map[string]struct {
		mode sim.Dates
		set  func(*sim.Switches)
		zone bool
		// wrong is true where it shows that the zone is not known.
		wrong bool
	}{
		"unmarked, the zone is configured":   {mode: sim.DatesUnmarked, zone: true},
		"unmarked, and nobody says the zone": {mode: sim.DatesUnmarked, wrong: true},
		"tagged":                             {mode: sim.DatesTagged},
		"tagged, the zone is configured":     {mode: sim.DatesTagged, zone: true},
		"tagged, with a colon and a fraction": {mode: sim.DatesTagged, set: func(sw *sim.Switches) {
			sw.ColonInOffset, sw.DateFraction = true, 7
		}},
		"a fraction without an offset":               {mode: sim.DatesUnmarked, zone: true, set: func(sw *sim.Switches) { sw.DateFraction = 3 }},
		"local, and called UTC":                      {mode: sim.DatesPretended, wrong: true},
		"local and called UTC, the zone is set":      {mode: sim.DatesPretended, zone: true},
		"converted":                                  {mode: sim.DatesConverted},
		"converted, the zone is configured":          {mode: sim.DatesConverted, zone: true},
		"converted, without Dynamic":                 {mode: sim.DatesConverted, set: func(sw *sim.Switches) { sw.DynamicStatus = 403 }},
		"unmarked, by a fraction, and wrong, by one": {mode: sim.DatesUnmarked, wrong: true, set: func(sw *sim.Switches) { sw.DynamicStatus = 403 }},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCRM(t)
			ids := c.kinds(t)
			c.set(func(sw *sim.Switches) {
				if sw.Dates = row.mode; row.set != nil {
					row.set(sw)
				}
			})
			src := c.source(t, func(o *Options) {
				if !row.zone {
					o.TimeZone = nil
				}
			})
			sessions, cover, err := src.OpenSessions(t.Context())
			must(t, err)
			var zone *WrongZoneError
			if errors.As(errors.Join(cover.Problems...), &zone) != row.wrong {
				t.Fatalf("problems %v", cover.Problems)
			}
			if row.wrong {
				if zone.Likely != "UTC+01:00" || !cover.TimesUnproved || zone.Off != time.Hour {
					t.Errorf("told %+v", zone)
				}
				return
			}
			if cover.TimesUnproved || len(cover.Problems) != 0 {
				t.Errorf("coverage %+v", cover)
			}
			found := byID(sessions)
			for _, kind := range []string{"queued", "owed", "answered", "bot"} {
				c.expectTimes(t, found[ids[kind]])
			}
			if got := found[ids["queued"]]; !got.Started.IsZero() || !got.Ended.IsZero() {
				t.Errorf("nobody has picked it up: %+v", got)
			}
			// Dates of messages are UTC whatever those of sessions are.
			for _, r := range c.thread(t, src, conversation.Want{Session: ids["owed"]}) {
				messages, _ := c.desk.Messages(ids["owed"])
				if i := slices.IndexFunc(messages, func(m world.ChatMessage) bool { return m.ID == r.ID }); i < 0 || !messages[i].At.Equal(r.At) {
					t.Errorf("told %+v of %+v", r, messages)
				}
			}
		})
	}
}

func TestQuirk04LabelsOfAListAreNeverRead(t *testing.T) {
	for name, set := range map[string]func(*sim.Switches){
		"with Dynamic":             func(*sim.Switches) {},
		"with Dynamic, labels too": func(sw *sim.Switches) { sw.DynamicLabels = true },
		"without Dynamic":          func(sw *sim.Switches) { sw.DynamicStatus = 403 },
	} {
		t.Run(name, func(t *testing.T) {
			c := newCRM(t)
			ids := c.kinds(t)
			c.slim = true // There the status is a label alone.
			c.set(set)
			c.expectKinds(t, ids, read(t, c.source(t, nil)))
		})
	}
	for _, text := range []string{`{"chatSessionId":1,"status":"Waiting"}`, `{"chatSessionId":1,"status":"[SR_CHAT_WAITING]"}`, `{"chatSessionId":1,"status":{"RawValue":null,"DisplayValue":"4"}}`} {
		var row listRow
		if err := json.Unmarshal([]byte(text), &row); err != nil || statusOf(row.status.scalar) != statusUntold {
			t.Errorf("%s is read as %+v, error %v", text, row, err)
		}
	}
}

func TestQuirk05TheNextPageIsAskedForByTheIDWhateverTheLinkSays(t *testing.T) {
	for name, link := range map[string]sim.NextLink{"null": sim.NextNull, "absent": sim.NextAbsent, "another host": sim.NextURL} {
		for _, most := range []int{0, 7, 40} {
			t.Run(fmt.Sprintf("%s, at most %d", name, most), func(t *testing.T) {
				c := newCRM(t)
				for range 95 {
					c.open(t, world.ChatOpening{Topic: world.TopicSupport})
				}
				c.set(func(sw *sim.Switches) { sw.NextLink, sw.TopLimit = link, most })
				want := 95
				if most == 7 && link != sim.NextURL {
					want = 7 // Nobody says that there is more, and no server caps at so little.
				}
				if got := read(t, c.source(t, nil)); len(got) != want {
					t.Errorf("%d sessions, want %d", len(got), want)
				}
				if skipped := c.requests("$skip"); len(skipped) != 0 {
					t.Errorf("asked %v", skipped)
				}
			})
		}
	}
}

// Nothing there is null with 200. Of presence that is no list of nobody.
func TestQuirk06NullIsNoAnswerOfNobody(t *testing.T) {
	c := newCRM(t)
	id := c.taken(t, "1001", false)
	c.set(func(sw *sim.Switches) {
		sw.NullPresence, sw.MissingEntity, sw.Missing, sw.Vanished = true, sim.MissingNull, sim.MissingNull, []int64{id}
	})
	src := c.source(t, nil)
	if agents, err := src.Agents(t.Context()); !errors.Is(err, conversation.ErrUnsupported) || len(agents) != 0 {
		t.Errorf("agents %+v, error %v", agents, err)
	}
	queues, err := src.Queues(t.Context())
	must(t, err)
	for _, q := range queues {
		if q.AgentsTold {
			t.Errorf("queue %+v: who is there was not told", q)
		}
	}
	if found, err := src.Lookup(t.Context(), []int64{id}); err != nil || len(found) != 0 {
		t.Errorf("told %+v, error %v", found, err)
	}
	if records := c.thread(t, src, conversation.Want{Session: id}); len(records) != 0 {
		t.Errorf("told %+v", records)
	}
	// Nor is null a list without topics.
	c.World.Advance(directoryLife)
	lift := c.SuperOffice.Inject(sim.Fault{Kind: sim.Null, Endpoint: pathTopics})
	if queues, err := src.Queues(t.Context()); err == nil {
		t.Errorf("queues %+v", queues)
	}
	lift()
	// Once it is told, it is.
	c.set(func(sw *sim.Switches) { sw.NullPresence = false })
	c.World.Advance(directoryLife)
	if agents, err := src.Agents(t.Context()); err != nil || len(agents) == 0 {
		t.Errorf("agents %+v, error %v", agents, err)
	}
}

func TestQuirk07EntitySelectNullsTheRest(t *testing.T) {
	for _, null := range []bool{false, true} {
		c := newCRM(t)
		ids := c.kinds(t)
		c.set(func(sw *sim.Switches) { sw.NullUnselected, sw.DynamicStatus = null, 403 })
		src := c.source(t, nil)
		sessions := read(t, src)
		c.expectKinds(t, ids, sessions)
		c.expectTimes(t, sessions[ids["owed"]])
		queues, err := src.Queues(t.Context())
		must(t, err)
		agents, err := src.Agents(t.Context())
		must(t, err)
		if len(queues) != 4 || queues[0].Limits.NewSessionAgent != 3*time.Minute || len(agents) == 0 || len(agents[0].Queues) == 0 {
			t.Errorf("null %t: queues %+v, agents %+v", null, queues, agents)
		}
	}
}

// ExtraInfo of a list has ids as texts, and those of associates, which are not those
// that sessions have. Nothing of it is read.
func TestQuirk08IDsInExtraInfoAreNotRead(t *testing.T) {
	c := newCRM(t)
	id := c.taken(t, "1001", false)
	src := c.source(t, nil)
	session := read(t, src)[id]
	if found, err := src.Lookup(t.Context(), []int64{id}); err != nil || len(found) != 1 || found[0].Agent != session.Agent {
		t.Errorf("listed is %+v, looked up %+v, error %v", session, found, err)
	}
	agents, err := src.Agents(t.Context())
	must(t, err)
	ejUser, associate := c.SuperOffice.AgentIDs("1001")
	if session.Agent != c.agent("1001") || !slices.ContainsFunc(agents, func(a conversation.Agent) bool {
		return a.ID == session.Agent && a.Presence != conversation.PresenceUnknown
	}) {
		t.Errorf("the session is with %s, the agents are %+v", session.Agent, agents)
	}
	if lists := append(c.requests("ejuser"), c.requests("chatuser")...); len(lists) != 0 {
		t.Errorf("asked %v", lists)
	}
	// Where presence tells associates, whoever has a session is listed all the same.
	c.set(func(sw *sim.Switches) { sw.PresenceByAssociate = true })
	c.World.Advance(presenceLife)
	agents, err = src.Agents(t.Context())
	must(t, err)
	has := func(id int64, p bool) bool {
		return slices.ContainsFunc(agents, func(a conversation.Agent) bool {
			return a.ID == strconv.FormatInt(id, 10) && (a.Presence != conversation.PresenceUnknown) == p
		})
	}
	if !has(ejUser, false) || !has(associate, true) {
		t.Errorf("agents %+v", agents)
	}
	// A topic's id may be a text, too.
	s := newStub(t)
	s.answers["/so/api/v1/MDOList/chatchannel"] = `[{"Id":"3","Name":"Support","ExtraInfo":"associateId=17"}]`
	if queues, err := s.source(t, nil).Queues(t.Context()); err != nil || len(queues) != 1 || queues[0].ID != 3 {
		t.Errorf("queues %+v, error %v", queues, err)
	}
}

func TestQuirk09TransferedSessionIsATransfer(t *testing.T) {
	for _, numeric := range []bool{false, true} {
		c := newCRM(t)
		id := c.taken(t, "1001", true)
		must(t, c.desk.Offer(id, "1002"))
		must(t, c.desk.Accept(id))
		c.set(func(sw *sim.Switches) { sw.NumericEnums = numeric })
		records := c.thread(t, c.source(t, nil), conversation.Want{Session: id})
		if last := records[len(records)-1]; last.Kind != conversation.KindTransferred || last.To != conversation.ToAgent {
			t.Errorf("as a number %t: told %+v", numeric, records)
		}
	}
	if specialOf(scalar{text: "TransferredSession", told: true}) != specialTransferred {
		t.Error("the right spelling is not known")
	}
}

func TestQuirk10ReadByCustomerIsANumber(t *testing.T) {
	for _, mark := range []int{0, 1, 482, -1} {
		c := newCRM(t)
		c.set(func(sw *sim.Switches) { sw.ReadMark, sw.InboundUnread = mark, true })
		id := c.taken(t, "1001", true)
		must(t, c.desk.Read(id))
		must(t, c.desk.AgentWrites(id))
		var got []conversation.Receipt
		for _, r := range c.thread(t, c.source(t, nil), conversation.Want{Session: id}) {
			got = append(got, r.ReadByCustomer)
		}
		// The customer's own, the welcome, what he has read and what he has not.
		want := []conversation.Receipt{conversation.ReceiptUntold, conversation.ReceiptRead, conversation.ReceiptRead, conversation.ReceiptUnread}
		if !slices.Equal(got, want) {
			t.Errorf("written as %d: told %v, want %v", mark, got, want)
		}
	}
	numbersInEveryForm(t)
}

func numbersInEveryForm(t *testing.T) {
	t.Helper()
	for text, want := range map[string]int64{`1`: 1, `"1"`: 1, `true`: 1, `false`: 0, `482`: 482, `1.0`: 1, `" 7 "`: 7, `1e3`: 1000} {
		var s scalar
		must(t, json.Unmarshal([]byte(text), &s))
		if n, told := s.number(); !told || n != want {
			t.Errorf("%s is read as %d, told %t", text, n, told)
		}
	}
	for _, text := range []string{`null`, `""`, `"x"`, `1.5`, `{}`, `[1]`, `"99999999999999999999"`} {
		var s scalar
		must(t, json.Unmarshal([]byte(text), &s))
		if n, told := s.number(); told {
			t.Errorf("%s is read as %d", text, n)
		}
	}
}
