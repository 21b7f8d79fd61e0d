package yeastar

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"conversation_exporter/conversation"
)

// An agent is present who is available and reachable by a client or a telephone
// (vendor's page "Query Extension List").
func TestPresence(t *testing.T) {
	for name, tc := range map[string]struct {
		row  string
		want conversation.Presence
	}{
		"available at the desktop":           {`"presence_status":"available","online_status":{"linkus_desktop":{"status":1}}`, conversation.PresencePresent},
		"available on the mobile":            {`"presence_status":"available","online_status":{"linkus_mobile":{"status":"1"}}`, conversation.PresencePresent},
		"available in the browser":           {`"presence_status":"available","online_status":{"linkus_web":{"status":1},"sip_phone":null}`, conversation.PresencePresent},
		"one of the telephones is online":    {`"presence_status":"available","online_status":{"sip_phone":{"status":0,"status_list":[{"status":0},{"status":1}]}}`, conversation.PresencePresent},
		"a telephone's own status says less": {`"presence_status":"available","online_status":{"sip_phone":{"status":1,"status_list":[{"status":0}]}}`, conversation.PresenceAway},
		"available and nowhere online":       {`"presence_status":"available","online_status":{"linkus_desktop":{"status":0}}`, conversation.PresenceAway},
		"at lunch with a client online":      {`"presence_status":"lunch","online_status":{"linkus_desktop":{"status":1}}`, conversation.PresenceAway},
		"away, and nothing told of clients":  {`"presence_status":"off_work"`, conversation.PresenceAway},
		"clients that are not told":          {`"presence_status":"available"`, conversation.PresenceUnknown},
		"clients told as null":               {`"presence_status":"available","online_status":null`, conversation.PresenceUnknown},
		"clients in a form of their own":     {`"presence_status":"available","online_status":{"sip_phone":{"status_list":"online"}}`, conversation.PresenceUnknown},
		"clients as a list":                  {`"presence_status":"available","online_status":[1]`, conversation.PresenceUnknown},
		"no presence":                        {`"online_status":{"linkus_desktop":{"status":1}}`, conversation.PresenceUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			stub := newStub(t, func(endpoint string, _ url.Values) string {
				if endpoint == pathExtensions {
					return `{"errcode":0,"data":[{"number":"1001","caller_id_name":"Kim",` + tc.row + `}]}`
				}
				return `{"errcode":0}`
			})
			agents, err := stub.source(t, nil).Agents(context.Background())
			if len(agents) != 1 || agents[0].ID != "1001" || agents[0].Name != "Kim" || agents[0].Presence != tc.want {
				t.Errorf("agents = %+v, want presence %q", agents, tc.want)
			}
			if part := errors.Is(err, conversation.ErrPart); part != (tc.want == conversation.PresenceUnknown) {
				t.Errorf("error = %v", err)
			}
		})
	}
}

// agentStub is a PBX with two queues, whose extensions are told as the test says.
func agentStub(t *testing.T, extensions func() string) *stub {
	t.Helper()
	return newStub(t, func(endpoint string, _ url.Values) string {
		switch endpoint {
		case pathQueueList:
			return `{"errcode":0,"data":[{"id":3,"name":"Support"},{"id":4,"name":"Sales"}]}`
		case pathQueueQuery:
			return `{"errcode":0,"list":[{"id":3,"assignment_mode":"manual","members":[{"id":7,"extension_id":71,"ext_num":"1001"},{"id":8,"extension_id":72,"ext_num":"1002"}]},` +
				`{"id":4,"assignment_mode":"auto","members":[{"id":9,"extension_id":72,"ext_num":"1002"}]}]}`
		case pathExtensions:
			return extensions()
		default:
			return `{"errcode":0}`
		}
	})
}

func available(numbers ...string) string {
	var rows []string
	for _, n := range numbers {
		rows = append(rows, `{"number":"`+n+`","presence_status":"available","online_status":{"linkus_web":{"status":1}}}`)
	}
	return `{"errcode":0,"data":[` + strings.Join(rows, ",") + `]}`
}

func TestAgents(t *testing.T) {
	withQueues := func(o *Options) { o.Viewers = Viewers{QueueMembers: true} }
	for name, tc := range map[string]struct {
		extensions string
		change     func(*Options)
		want       string
		err        string
	}{
		"the members of the queues, each with his queues": {available("1001", "1002", "1009"), withQueues, "1001 present [3]; 1002 present [3 4]", ""},
		"who is not listed is not known to be away":       {available("1001"), withQueues, "1001 present [3]; 1002  [3 4]", "an agent's presence is missing"},
		"extensions that are listed by hand":              {available("1001", "1002", "1009"), func(o *Options) { o.Viewers.Extensions = []string{"1009", "1001"} }, "1001 present [3]; 1002 present [3 4]; 1009 present []", ""},
		"all extensions":                                  {available("1001", "1002", "1009"), func(o *Options) { o.Viewers = Viewers{AllExtensions: true} }, "1001 present [3]; 1002 present [3 4]; 1009 present []", ""},
		"no permission":                                   {`{"errcode":10005}`, withQueues, "1001  [3]; 1002  [3 4]", "Integrations > API"},
		"old firmware":                                    {`{"errcode":10001}`, withQueues, "1001  [3]; 1002  [3 4]", "firmware is too old"},
	} {
		t.Run(name, func(t *testing.T) {
			agents, err := agentStub(t, func() string { return tc.extensions }).source(t, tc.change).Agents(context.Background())
			var got []string
			for _, a := range agents {
				got = append(got, fmt.Sprintf("%s %s %d", a.ID, a.Presence, a.Queues))
			}
			if text := strings.Join(got, "; "); text != tc.want {
				t.Errorf("agents = %s, want %s", text, tc.want)
			}
			if tc.err == "" && err != nil || tc.err != "" && (err == nil || !strings.Contains(err.Error(), tc.err)) {
				t.Errorf("error = %v, want %q", err, tc.err)
			}
		})
	}
}

// Presence is at most 50 s old; while it cannot be read it is not known. A failure
// is not kept.
func TestPresenceIsKeptForASmallWhile(t *testing.T) {
	world := newPBX(t).World
	asked, fails := 0, false
	stub := agentStub(t, func() string {
		asked++
		if fails {
			return `{"errcode":10005}`
		}
		return available("1001", "1002")
	})
	s := stub.source(t, func(o *Options) { o.Clock, o.Viewers = world.Clock(), Viewers{QueueMembers: true} })
	for _, step := range []struct {
		after time.Duration
		fails bool
		asked int
		want  conversation.Presence
	}{
		{0, false, 1, conversation.PresencePresent},
		{49 * time.Second, true, 1, conversation.PresencePresent},
		{time.Second, true, 2, conversation.PresenceUnknown},
		{0, false, 3, conversation.PresencePresent},
	} {
		world.Advance(step.after)
		fails = step.fails
		agents, err := s.Agents(context.Background())
		if len(agents) != 2 || agents[0].Presence != step.want || asked != step.asked || (err != nil) != (step.want == "") {
			t.Errorf("%s: %+v, %v, asked %d times; want %q and %d", world.Now(), agents, err, asked, step.want, step.asked)
		}
	}
}

// Whatever asks at the same time asks once.
func TestTheDirectoryIsAskedOnce(t *testing.T) {
	var mu sync.Mutex
	asked := make(map[string]int)
	stub := newStub(t, func(endpoint string, _ url.Values) string {
		mu.Lock()
		asked[endpoint]++
		mu.Unlock()
		time.Sleep(10 * time.Millisecond) // So that the others come meanwhile.
		if endpoint == pathQueueList {
			return `{"errcode":10005}`
		}
		return available("1001")
	})
	s := stub.source(t, func(o *Options) { o.Viewers = Viewers{QueueMembers: true, AllExtensions: true} })
	if _, err := s.tokens.get(context.Background()); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if _, err := s.Queues(context.Background()); err == nil {
				t.Error("the queues were told")
			}
		})
		all.Go(func() {
			if agents, err := s.Agents(context.Background()); err == nil || len(agents) != 1 {
				t.Errorf("agents = %+v, %v", agents, err)
			}
		})
	}
	all.Wait()
	if asked[pathQueueList] != 1 || asked[pathExtensions] != 1 {
		t.Errorf("asked %v, want each once", asked)
	}
}

func TestWhoWaitsForTheDirectoryMayLeave(t *testing.T) {
	leave := make(chan struct{})
	begun := make(chan struct{}, 2)
	stub := newStub(t, func(endpoint string, _ url.Values) string {
		if endpoint == pathQueueList || endpoint == pathExtensions {
			begun <- struct{}{}
			<-leave
		}
		return `{"errcode":0}`
	})
	s := stub.source(t, nil)
	var all sync.WaitGroup
	all.Go(func() { _, _ = s.Queues(context.Background()) })
	all.Go(func() { _, _ = s.dir.allExtensions(context.Background()) })
	<-begun
	<-begun
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	if _, err := s.Queues(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("queues: %v", err)
	}
	if _, err := s.dir.allExtensions(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("extensions: %v", err)
	}
	close(leave)
	all.Wait()
}

// Who has a session is told by the member who picked it up or, without a queue,
// by the extension that shows it.
func TestWhoHasASession(t *testing.T) {
	queue := queueInfo{members: []member{{id: 7, extension: 71, number: "1001"}, {id: 71, extension: 72, number: "1002"}}}
	for name, tc := range map[string]struct {
		view        view
		state       conversation.State
		want        string
		destination string
	}{
		"the member who picked it up":                 {view{row: row{queue: 3, member: 7}}, conversation.StateAssigned, "1001", DestinationAutomation},
		"a member's own number comes first":           {view{row: row{queue: 3, member: 71}}, conversation.StateAssigned, "1002", DestinationAutomation},
		"the number of the extension, on such a PBX":  {view{row: row{queue: 3, member: 72}}, conversation.StateArchived, "1002", DestinationAutomation},
		"a member that nobody has told":               {view{row: row{queue: 3, member: 99}, holder: "1001"}, conversation.StateAssigned, "", DestinationAutomation},
		"nobody while it waits":                       {view{row: row{queue: 3}, holder: "1001"}, conversation.StateQueued, "", DestinationAutomation},
		"without a queue the extension that shows it": {view{holder: "1005"}, conversation.StateAssigned, "1005", DestinationAutomation},
		"without an extension the API's own agents":   {view{api: true}, conversation.StateAssigned, "api", DestinationAgents},
		"an automation that may be somebody's":        {view{api: true}, conversation.StateAssigned, "", DestinationAutomation},
		"an automation has no agent":                  {view{api: true}, conversation.StateAutomated, "", DestinationAutomation},
		"a session of all is of nobody":               {view{row: row{queue: 3}}, conversation.StateShared, "", DestinationAutomation},
	} {
		t.Run(name, func(t *testing.T) {
			if got := agentOf(&tc.view, &queue, tc.state, tc.destination); got != tc.want {
				t.Errorf("agent %q, want %q", got, tc.want)
			}
		})
	}
	m := &merge{views: make(map[int64]*view)}
	m.add(row{id: 1, lastMessage: 5}, viewer{number: "1001"})
	m.add(row{id: 1, lastMessage: 6}, viewer{number: "1002"})
	m.add(row{id: 1, lastMessage: 7}, viewer{})
	m.add(row{id: 1, lastMessage: 4}, viewer{number: "1003"})
	if got := m.views[1].holder; got != "1002" {
		t.Errorf("of several extensions %s has it, want the one with the newest message", got)
	}
}
