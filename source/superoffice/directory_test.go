package superoffice

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"conversation_exporter/conversation"
)

func TestTopicsAreQueuesWithTheirHoursAndLimits(t *testing.T) {
	s := newStub(t)
	src := s.source(t, nil)
	queues, err := src.Queues(t.Context())
	must(t, err)
	want := []conversation.Queue{
		{ID: 3, Name: "Support", Mode: "pickup", Channel: "chat", AgentsTold: true, Open: conversation.OpeningOpen, Limits: conversation.Limits{
			NewSessionAgent: 5 * time.Minute, NewSessionManager: 10 * time.Minute, NewMessageManager: 15 * time.Minute,
		}},
		{ID: 5, Name: "Sales", Mode: "pickup", Channel: "chat", AgentsTold: true, Open: conversation.OpeningClosed},
	}
	if !slices.Equal(queues, want) {
		t.Errorf("queues %+v, want %+v", queues, want)
	}
	agents, err := src.Agents(t.Context())
	must(t, err)
	if len(agents) != 2 || agents[0].ID != "67" || agents[0].Presence != conversation.PresencePresent || !slices.Equal(agents[0].Queues, []int64{3, 5}) || agents[1].Presence != conversation.PresenceAway {
		t.Errorf("agents %+v", agents)
	}
	noCanary(t, queues, agents)
}

func TestTopicsAreKeptForTenMinutesAndHoursForLessThanOne(t *testing.T) {
	s := newStub(t)
	src := s.source(t, nil)
	ask := func() {
		t.Helper()
		_, err := src.Queues(t.Context())
		must(t, err)
	}
	ask()
	lists := s.asked("GET MDOList") // One is the sign-in's.
	ask()
	s.clock.advance(presenceLife)
	ask()
	if s.asked("GET MDOList") != lists || s.asked("GET ChatTopic/3 ") != 1 || s.asked("GET ChatTopic/3/IsOpen") != 2 || s.asked("POST Agents/Chat/GetChatPresence") != 2 {
		t.Errorf("asked %v", s.requests)
	}
	s.clock.advance(directoryLife)
	ask()
	if s.asked("GET MDOList") != lists+1 || s.asked("GET ChatTopic/3 ") != 2 {
		t.Errorf("asked %v", s.requests)
	}
}

func TestWhatCannotBeToldOfATopicIsUntold(t *testing.T) {
	s := newStub(t)
	src := s.source(t, nil)
	_, err := src.Queues(t.Context())
	must(t, err)
	s.do(func() {
		s.fail = func(r *http.Request) int {
			if strings.HasSuffix(r.URL.Path, "IsOpen") || strings.Contains(r.URL.Path, "Presence") {
				return http.StatusBadGateway
			}
			return 0
		}
	})
	s.clock.advance(presenceLife)
	queues, err := src.Queues(t.Context())
	if err == nil || len(queues) != 2 || queues[0].Open == conversation.OpeningOpen || queues[0].AgentsTold || queues[0].Limits.NewSessionAgent == 0 {
		t.Errorf("queues %+v, error %v", queues, err)
	}
	if agents, err := src.Agents(t.Context()); err == nil || len(agents) != 2 || agents[0].Presence != conversation.PresenceUnknown {
		t.Errorf("agents %+v, error %v", agents, err)
	}
	s.do(func() { s.fail = nil })
	s.clock.advance(sameTry)
	if queues, err = src.Queues(t.Context()); err != nil || queues[0].Open != conversation.OpeningOpen {
		t.Errorf("queues %+v, error %v", queues, err)
	}
}

func TestAnAgentWithASessionIsListedThoughNobodyTellsHim(t *testing.T) {
	s := newStub(t)
	s.dynamic = "in"
	s.chats = []chat{{id: 1, topic: 3, status: 5, user: 99}, {id: 2, topic: 3, status: 5, user: 67}}
	src := s.source(t, nil)
	read(t, src)
	for range 2 {
		agents, err := src.Agents(t.Context())
		must(t, err)
		if len(agents) != 3 || agents[2].ID != "99" || agents[2].Presence != conversation.PresenceUnknown {
			t.Errorf("agents %+v", agents)
		}
	}
}

func TestATopicThatIsDeletedMeanwhileIsNoFailure(t *testing.T) {
	s := newStub(t)
	s.do(func() { s.answers["/so/api/v1/ChatTopic/5"], s.answers["/so/api/v1/ChatTopic/5/IsOpen"] = "", "" })
	queues, err := s.source(t, nil).Queues(t.Context())
	if err != nil || len(queues) != 2 || queues[1].Open != conversation.OpeningUntold {
		t.Errorf("queues %+v, error %v", queues, err)
	}
}

// An answer that names nobody, or no topic, by its number is no empty list, and null
// is none either: that nobody is there would be untrue.
func TestAnAnswerThatTellsNothingIsNotNone(t *testing.T) {
	for name, tc := range map[string]struct{ path, body string }{
		"a user without a number":         {pathPresence, `[{"UserId":{"value":67},"Present":true,"ChatTopics":[3]}]`},
		"opening hours are null":          {"ChatTopic/3/IsOpen", `null`},
		"opening hours are no yes or no":  {"ChatTopic/3/IsOpen", `{"open":true}`},
		"settings of no topic":            {"ChatTopic/3", `{"ChatTopicId":{"value":3},"WarnNewChatMinutes":{"value":5}}`},
		"the list of topics is null":      {pathTopics, `null`},
		"a topic without a number":        {pathTopics, `[{"Id":{"value":3},"Name":"Support"}]`},
		"a topic below one has no number": {pathTopics, `[{"Id":3,"Name":"Support","ChildItems":[{"Name":"Sales"}]}]`},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStub(t)
			src := s.source(t, nil)
			_, err := src.Queues(t.Context())
			must(t, err)
			s.do(func() { s.answers["/so/api/v1/"+tc.path] = tc.body })
			s.clock.advance(directoryLife)
			queues, err := src.Queues(t.Context())
			if err == nil || !strings.Contains(err.Error(), "the answer is ") {
				t.Fatalf("queues %+v, error %v", queues, err)
			}
			switch {
			case tc.path == pathTopics:
				if queues != nil {
					t.Errorf("queues %+v", queues)
				}
			case len(queues) != 2 || queues[0].Limits.NewSessionAgent != 5*time.Minute:
				t.Errorf("queues %+v, want both, with the limits that were told before", queues)
			case tc.path == pathPresence:
				if queues[0].AgentsTold {
					t.Errorf("queues %+v: nobody has told who is there", queues)
				}
			case strings.HasSuffix(tc.path, "IsOpen"):
				if queues[0].Open != conversation.OpeningUntold {
					t.Errorf("queues %+v: nobody has told whether it is open", queues)
				}
			}
		})
	}
}

// The system user stands for nobody: to be offered to him is to be offered to nobody.
func TestASessionOfferedToTheSystemUserIsOfferedToNobody(t *testing.T) {
	for name, operator := range map[string]string{"by Dynamic": "in", "one by one": ""} {
		t.Run(name, func(t *testing.T) {
			s := newStub(t)
			s.dynamic = operator
			s.chats = []chat{{id: 1, topic: 3, status: 5, user: 67, transfer: 1}, {id: 2, topic: 3, status: 5, user: 67, transfer: 2}}
			found := read(t, s.source(t, nil))
			if found[1].Transfer != conversation.TransferNone || found[2].Transfer != conversation.TransferPending {
				t.Errorf("transfers %v and %v", found[1].Transfer, found[2].Transfer)
			}
		})
	}
}

// A session whose answer is that of none has not vanished.
func TestAnAnswerThatIsNoSessionHidesNone(t *testing.T) {
	s := newStub(t)
	s.chats = []chat{{id: 1, topic: 3, status: 5, user: 67}}
	s.do(func() { s.answers["/so/api/v1/ChatSession/1"] = `{}` })
	sessions, cover, err := s.source(t, nil).OpenSessions(t.Context())
	if err != nil || len(sessions) != 1 || len(cover.Problems) != 1 {
		t.Errorf("sessions %+v, coverage %+v, error %v", sessions, cover, err)
	}
}

// Null is how a server says that it does not tell who is there; from one that has told
// it, that is a failure.
func TestPresenceThatIsNull(t *testing.T) {
	s := newStub(t)
	src := s.source(t, nil)
	const path = "/so/api/v1/" + pathPresence
	told := s.answers[path]
	null := func() { s.answers[path] = `null` }
	s.do(null)
	if _, err := src.Agents(t.Context()); !errors.Is(err, conversation.ErrUnsupported) {
		t.Errorf("at first: error %v", err)
	}
	s.do(func() { s.answers[path] = told })
	s.clock.advance(directoryLife)
	if _, err := src.Agents(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.do(null)
	s.clock.advance(directoryLife)
	if _, err := src.Agents(t.Context()); err == nil || errors.Is(err, conversation.ErrUnsupported) {
		t.Errorf("later: error %v", err)
	}
	s.do(func() { s.answers[path] = told })
	s.clock.advance(presenceLife)
	if agents, err := src.Agents(t.Context()); err != nil || len(agents) == 0 {
		t.Errorf("told again: %+v, error %v", agents, err)
	}
}
