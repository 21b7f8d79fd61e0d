package yeastar

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"conversation_exporter/conversation"
	"conversation_exporter/simulator/world"
)

func TestR8States(t *testing.T) {
	const (
		automated = conversation.StateAutomated
		assigned  = conversation.StateAssigned
		archived  = conversation.StateArchived
		queued    = conversation.StateQueued
		shared    = conversation.StateShared
	)
	for name, tc := range map[string]struct {
		view  view
		mode  mode
		agent bool // api_destination: agents
		part  bool // a viewer was not read
		want  conversation.State
		sure  bool
	}{
		"automated":                                    {view: view{api: true}, want: automated, sure: true},
		"automated, put away":                          {view: view{api: true, archived: true}, want: automated, sure: true},
		"the API has it, people answer there":          {view: view{api: true}, agent: true, want: assigned, sure: true},
		"the API and an extension show it":             {view: view{api: true, extension: true}, want: assigned, sure: true},
		"an extension has it":                          {view: view{extension: true}, want: assigned, sure: true},
		"put away by all":                              {view: view{extension: true, archived: true}, want: archived, sure: true},
		"waits":                                        {view: view{row: row{queue: 3}, extension: true}, mode: "manual", want: queued, sure: true},
		"waits, put away":                              {view: view{row: row{queue: 3}, extension: true, archived: true}, mode: "manual", want: queued, sure: true},
		"waits, mode not told":                         {view: view{row: row{queue: 3}, extension: true}, want: queued, sure: true},
		"waits, the API shows it too":                  {view: view{row: row{queue: 3}, api: true}, mode: "auto", want: queued, sure: true},
		"nobody ever picks it up":                      {view: view{row: row{queue: 3}, extension: true}, mode: modeNone, want: shared, sure: true},
		"picked up":                                    {view: view{row: row{queue: 3, member: 7}, extension: true}, mode: "manual", want: assigned, sure: true},
		"picked up, put away":                          {view: view{row: row{queue: 3, member: 7}, extension: true, archived: true}, mode: "manual", want: archived, sure: true},
		"the API shows it, a viewer failed":            {view: view{api: true}, part: true, want: assigned},
		"put away, a viewer failed":                    {view: view{extension: true, archived: true}, part: true, want: archived},
		"an extension has it, a viewer failed":         {view: view{extension: true}, part: true, want: assigned, sure: true},
		"waits, a viewer failed":                       {view: view{row: row{queue: 3}, api: true}, mode: "manual", part: true, want: queued, sure: true},
		"people answer at the API, one viewer failed":  {view: view{api: true}, agent: true, part: true, want: assigned, sure: true},
		"the API and one more show it, a third failed": {view: view{api: true, extension: true}, part: true, want: assigned, sure: true},
	} {
		destination := DestinationAutomation
		if tc.agent {
			destination = DestinationAgents
		}
		got, sure := stateOf(&tc.view, tc.mode, destination, !tc.part)
		if got != tc.want || sure != tc.sure {
			t.Errorf("%s: %s, sure %t; want %s, sure %t", name, got, sure, tc.want, tc.sure)
		}
	}
}

// The same, through the wire: what people do in the PBX, and what is told of it.
func TestR8StatesOfASimulatedPBX(t *testing.T) {
	p := newPBX(t)
	want := map[int64]conversation.State{}
	waiting := p.open(t, world.Opening{QueueID: world.QueueSupport})
	want[waiting] = conversation.StateQueued
	taken := p.open(t, world.Opening{QueueID: world.QueueSupport})
	member := p.World.Queues()[0].Members[0]
	must(t, p.World.PickUp(taken, member.ID))
	want[taken] = conversation.StateAssigned
	direct := p.open(t, world.Opening{Extension: "1001"})
	want[direct] = conversation.StateAssigned
	away := p.open(t, world.Opening{Extension: "1001"})
	must(t, p.World.Archive(away, "1001"))
	want[away] = conversation.StateArchived
	bot := p.open(t, world.Opening{API: true})
	want[bot] = conversation.StateAutomated
	campaign := p.open(t, world.Opening{API: true, Campaign: true})
	want[campaign] = conversation.StateAutomated
	forAll := p.open(t, world.Opening{QueueID: world.QueueCommunity})
	want[forAll] = conversation.StateShared
	closed := p.open(t, world.Opening{QueueID: world.QueueSupport})
	must(t, p.World.Close(closed, world.ByAgent))

	sessions := read(t, p.source(t, nil))
	got := states(sessions)
	if len(got) != len(want) {
		t.Errorf("%d sessions, want %d", len(got), len(want))
	}
	for id, state := range want {
		if got[id] != state {
			t.Errorf("session %d is %s, want %s", id, got[id], state)
		}
	}
	for _, s := range sessions {
		if (s.Origin == conversation.OriginCampaign) != (s.ID == campaign) {
			t.Errorf("session %d has origin %s", s.ID, s.Origin)
		}
	}
}

func TestR8ASessionThatManySeeCountsOnce(t *testing.T) {
	p := newPBX(t)
	id := p.open(t, world.Opening{QueueID: world.QueueSupport})
	if n := len(p.World.Queues()[0].Members); n < 2 {
		t.Fatalf("the queue has %d members; the test needs more", n)
	}
	if sessions := read(t, p.source(t, nil)); len(sessions) != 1 || sessions[0].ID != id {
		t.Errorf("sessions = %+v, want one", sessions)
	}
}

func TestR8AFailedViewerLeavesTheStateUnsure(t *testing.T) {
	p := newPBX(t)
	bot := p.open(t, world.Opening{API: true})
	p.Yeastar.FailViewer("1001", 10005)
	sessions, cover, err := p.source(t, nil).OpenSessions(context.Background())
	must(t, err)
	if len(cover.Failed) != 1 || len(sessions) != 1 || sessions[0].ID != bot || sessions[0].StateSure {
		t.Errorf("sessions = %+v, coverage = %+v", sessions, cover)
	}
}

func TestR8AModeThatCannotBeReadIsTheLastKnown(t *testing.T) {
	p := newPBX(t)
	id := p.open(t, world.Opening{QueueID: world.QueueCommunity})
	known, fresh := p.source(t, nil), p.source(t, nil)
	if got := states(read(t, known))[id]; got != conversation.StateShared {
		t.Fatalf("state = %s", got)
	}
	p.World.Advance(directoryLife)
	p.Yeastar.FailEndpoint(pathQueueQuery, 10005)

	sessions, cover, err := known.OpenSessions(context.Background())
	must(t, err)
	if states(sessions)[id] != conversation.StateShared || cover.Assumed != 0 || len(cover.Problems) != 1 {
		t.Errorf("with a known mode: %v, %+v; want shared, and a problem", states(sessions), cover)
	}
	sessions, cover, err = fresh.OpenSessions(context.Background())
	if err != nil {
		// Without members only the API is asked, which does not show the queue.
		t.Fatal(err)
	}
	if len(sessions) != 0 || len(cover.Problems) != 1 {
		t.Errorf("without any mode: %v, %+v", sessions, cover)
	}
	withNumber := p.source(t, func(o *Options) { o.Viewers = Viewers{Extensions: []string{p.World.Queues()[3].Members[0].Number}} })
	sessions, cover, err = withNumber.OpenSessions(context.Background())
	must(t, err)
	if states(sessions)[id] != conversation.StateQueued || cover.Assumed != 1 || cover.Complete() {
		t.Errorf("with an unknown mode: %v, %+v; want queued and assumed", states(sessions), cover)
	}
}

// The rows of two viewers are read one after the other; a pick-up between them
// must not leave the session waiting.
func TestR8TheNewestRowOfASessionCounts(t *testing.T) {
	rows := map[string]string{
		"1001": `{"id":5,"type":"sms","last_msg_id":90,"queue_id":3,"pickup_member_id":0}`,
		"1002": `{"id":5,"type":"sms","last_msg_id":91,"queue_id":3,"pickup_member_id":8}`,
		"1003": `{"id":5,"type":"sms","last_msg_id":90,"queue_id":3,"pickup_member_id":0}`,
	}
	stub := newStub(t, func(endpoint string, q url.Values) string {
		switch endpoint {
		case pathSearch:
			return `{"errcode":0,"list":[` + rows[q.Get("user_no")] + `]}`
		case pathQueueList:
			return `{"errcode":0,"total_number":1,"list":[{"id":3,"name":"Support"}]}`
		case pathQueueQuery:
			return `{"errcode":0,"list":[{"id":3,"name":"Support","assignment_mode":"manual","members":[]}]}`
		}
		return `{"errcode":0}`
	})
	s := stub.source(t, func(o *Options) { o.Viewers.Extensions = []string{"1001", "1002", "1003"}; o.Concurrency = 1 })
	sessions := read(t, s)
	if len(sessions) != 1 || sessions[0].State != conversation.StateAssigned || sessions[0].Queue.Name != "Support" {
		t.Errorf("sessions = %+v, want one that is picked up", sessions)
	}
}

func TestAQueueThatIsYoungerThanTheCache(t *testing.T) {
	queues, members := `{"id":3,"name":"Support"}`, `{"id":3,"assignment_mode":"manual"}`
	row := `{"id":5,"type":"sms","last_msg_id":90,"queue_id":3}`
	lists := 0
	stub := newStub(t, func(endpoint string, _ url.Values) string {
		switch endpoint {
		case pathSearch:
			return `{"errcode":0,"list":[` + row + `]}`
		case pathQueueList:
			lists++
			return `{"errcode":0,"list":[` + queues + `]}`
		case pathQueueQuery:
			return `{"errcode":0,"data":[` + members + `]}`
		}
		return `{"errcode":0}`
	})
	w := world.New(world.Options{Start: start(), Still: true})
	s := stub.source(t, func(o *Options) { o.Clock = w.Clock() })
	read(t, s)
	read(t, s)
	if lists != 1 {
		t.Errorf("the queues were listed %d times in two passes, want 1", lists)
	}
	row = strings.ReplaceAll(row, `"queue_id":3`, `"queue_id":4`)
	sessions, cover, err := s.OpenSessions(context.Background())
	must(t, err)
	if lists != 1 || sessions[0].Queue.Name != "(queue 4)" || cover.Assumed != 1 {
		t.Errorf("an unknown queue right after a look: %d lists, %+v, %+v", lists, sessions, cover)
	}
	queues += `,{"id":4,"name":"Returns"}`
	members += `,{"id":4,"assignment_mode":"auto"}`
	w.Advance(directoryFresh)
	sessions = read(t, s)
	if lists != 2 || sessions[0].Queue.Name != "Returns" {
		t.Errorf("an unknown queue later: %d lists, %+v", lists, sessions)
	}
}
