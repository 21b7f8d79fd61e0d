package yeastar

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"conversation_exporter/simulator/world"
)

// The text is as the vendor's page has it.
func TestSessionDetailFields(t *testing.T) {
	p := signedIn(t)
	id := p.open(world.Opening{API: true, Campaign: true})
	query := p.query([]string{"id", strconv.FormatInt(id, 10)})
	text := p.send(http.MethodGet, Root+"message_session/get?"+query, "x", "").text
	const want = `{"errcode":0,"errmsg":"SUCCESS","list":{"id":1,"channel_type":"whatsapp","channel_name":"WhatsApp","did_number":"+999100001",` +
		`"to_number":"+9990000000001","origin":"campaign",` +
		`"user_info":{"user_id":0,"user_no":"+9990000000001","user_type":8,"avatar":"","username":"Canary Customer 1"}}}`
	if text != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
	p.server.Set(func(sw *Switches) { sw.GetAsData = true })
	data := p.send(http.MethodGet, Root+"message_session/get?"+query, "x", "").text
	if !strings.HasPrefix(data, `{"data":{"id":1,`) || strings.Contains(data, `"list"`) {
		t.Errorf("as data: %s", data)
	}
}

func TestSessionDetailsByWhereAndWhat(t *testing.T) {
	for name, c := range map[string]struct {
		opening      world.Opening
		act          func(w *world.World, id int64) error
		fields       []string // beside those that each session has
		participants int
	}{
		"waiting":  {world.Opening{QueueID: world.QueueSupport}, nil, []string{"participants"}, 10},
		"shared":   {world.Opening{QueueID: world.QueueCommunity}, nil, []string{"participants"}, 4},
		"direct":   {world.Opening{Extension: "1001"}, nil, nil, 0},
		"facebook": {world.Opening{Medium: world.Facebook, API: true}, nil, []string{"page_name"}, 0},
		"livechat": {world.Opening{Medium: world.Livechat, API: true}, nil, []string{"pre_chat_form", "website_domain"}, 0},
		"picked up": {
			world.Opening{QueueID: world.QueueSupport},
			func(w *world.World, id int64) error { return w.PickUp(id, 501) }, nil, 0,
		},
		"closed": {
			world.Opening{QueueID: world.QueueSupport},
			func(w *world.World, id int64) error { return w.Close(id, world.ByTimeout) }, nil, 0,
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := signedIn(t)
			id := p.open(c.opening)
			if c.act != nil {
				p.must(c.act(p.world, id))
			}
			row := p.get("message_session/query", "ids", fmt.Sprintf("%d,99,%d", id, id)).rows("list")[0]
			var more []string
			for field := range row {
				if !slices.Contains([]string{"id", "channel_type", "channel_name", "did_number", "to_number", "origin", "user_info"}, field) {
					more = append(more, field)
				}
			}
			if slices.Sort(more); !slices.Equal(more, c.fields) {
				t.Errorf("fields %v, want %v", more, c.fields)
			}
			participants := body(row).rows("participants")
			if len(participants) != c.participants {
				t.Errorf("%d participants", len(participants))
			}
			if len(participants) > 0 && (participants[0]["user_type"] != 1.0 || !strings.HasPrefix(participants[0]["username"].(string), "Canary Agent ")) {
				t.Errorf("%v", participants[0])
			}
		})
	}
}

func TestSeveralSessionsInDetail(t *testing.T) {
	p := signedIn(t)
	for range 3 {
		p.open(world.Opening{API: true})
	}
	if got := ids(p.get("message_session/query", "ids", "3,99,1,3")); !slices.Equal(got, []int64{3, 1}) {
		t.Errorf("%v", got)
	}
}

func TestQueuesWithoutMembersHaveNoParticipants(t *testing.T) {
	p := newPBX(t)
	team := world.DefaultTeam()
	team.Queues[0].Members = nil
	p.world = world.New(world.Options{Still: true, Team: &team})
	p.server = New(p.world, Options{})
	p.http.Config.Handler = p.server
	p.token = p.login(DefaultClientSecret).text("access_token")
	p.open(world.Opening{QueueID: world.QueueSupport})
	for null, want := range map[bool]string{false: `"participants":[]`, true: `"participants":null`} {
		p.server.Set(func(sw *Switches) { sw.NullLists = null })
		if got := p.send(http.MethodGet, Root+"message_session/get?"+p.query([]string{"id", "1"}), "x", "").text; !strings.Contains(got, want) {
			t.Errorf("%s: %s", want, got)
		}
	}
}
