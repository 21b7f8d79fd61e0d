package superoffice

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"conversation_exporter/conversation"
)

// ago is an instant before the start, as the server writes it.
func ago(d time.Duration) string { return local(start().Add(-d)) }

// TestR14 shows what becomes of each status, with and without the archive Dynamic.
func TestR14TheNumberOfTheStatusDecides(t *testing.T) {
	chats := []chat{
		{id: 1, topic: 3, status: 1, requested: ago(time.Minute)},
		{id: 2, topic: 3, status: 4, requested: ago(time.Minute), idle: ago(time.Second)},
		{id: 3, topic: 3, status: 5, requested: ago(time.Hour), started: ago(time.Minute), user: 67, transfer: 68},
		{id: 4, topic: 5, status: 6, requested: ago(time.Hour), started: ago(time.Minute), user: 67},
		{id: 5, topic: 3, status: 6, requested: ago(time.Hour), bot: true, user: 1},
		{id: 6, topic: 3, status: 5, requested: ago(time.Hour), started: ago(time.Minute), bot: true},
		{id: 7, topic: 3, status: 7, requested: ago(time.Hour), ended: ago(time.Minute)},
		{id: 8, topic: 3, status: 2, requested: ago(time.Minute)},
		{id: 9, topic: 3, status: 3, requested: ago(time.Minute)},
		{id: 10, topic: 3, status: 5, requested: ago(time.Minute)},
	}
	want := map[int64]struct {
		state    conversation.State
		awaiting conversation.Awaiting
		agent    string
		transfer conversation.Transfer
	}{
		1: {conversation.StateArriving, conversation.AwaitingCustomer, "", conversation.TransferNone},
		2: {conversation.StateQueued, conversation.AwaitingAgent, "", conversation.TransferNone},
		3: {conversation.StateAssigned, conversation.AwaitingAgent, "67", conversation.TransferPending},
		4: {conversation.StateAssigned, conversation.AwaitingCustomer, "67", conversation.TransferNone},
		5: {conversation.StateAutomated, conversation.AwaitingCustomer, "", conversation.TransferNone},
		6: {conversation.StateAutomated, conversation.AwaitingCustomer, "", conversation.TransferNone},
		8: {conversation.StateArriving, conversation.AwaitingCustomer, "", conversation.TransferNone},
		9: {conversation.StateArriving, conversation.AwaitingCustomer, "", conversation.TransferNone},
		// It is told that no bot has it.
		10: {conversation.StateAssigned, conversation.AwaitingAgent, "", conversation.TransferNone},
	}
	for name, change := range map[string]func(*stub){
		"Dynamic takes oneOf":  func(s *stub) { s.dynamic = "oneOf" },
		"Dynamic takes in":     func(s *stub) { s.dynamic = "in" },
		"no Dynamic":           func(*stub) {},
		"Slim, whatever asked": func(s *stub) { s.slim, s.dynamic = true, "in" },
		"an old server":        func(s *stub) { s.old, s.dynamic = true, "oneOf" },
		"an old, silent one":   func(s *stub) { s.old, s.silent, s.dynamic = true, true, "in" },
		"an old, lenient one":  func(s *stub) { s.old, s.silent, s.lenient, s.dynamic = true, true, true, "in" },
		"an old one without Dynamic": func(s *stub) {
			s.old, s.silent = true, true
		},
		"a lenient one without Dynamic": func(s *stub) {
			s.old, s.silent, s.lenient = true, true, true
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStub(t)
			s.chats = chats
			change(s)
			sessions := read(t, s.source(t, nil))
			if len(sessions) != len(want) {
				t.Fatalf("%d sessions, want %d", len(sessions), len(want))
			}
			for id, w := range want {
				got := sessions[id]
				if w.state == conversation.StateArriving && s.dynamic == "" {
					w.transfer = got.Transfer // Nobody asks for a session that is only arriving.
				}
				if got.State != w.state || !got.StateSure || got.Awaiting != w.awaiting || got.Agent != w.agent || got.Transfer != w.transfer {
					t.Errorf("session %d = %+v, want %+v", id, got, w)
				}
				if got.Channel != "chat" || got.Queue.Name == "" || got.Origin != conversation.OriginRegular || !got.ShownBy.Has(everybody) || got.Requested.IsZero() {
					t.Errorf("session %d = %+v", id, got)
				}
			}
			if !sessions[2].LastActivity.Equal(start().Add(-time.Second)) || !sessions[3].Started.Equal(start().Add(-time.Minute)) || !sessions[2].Started.IsZero() {
				t.Errorf("times: %+v", sessions)
			}
			if slices.Contains(s.requests, "GET ChatSession/7 ") {
				t.Error("a session that has ended is asked for")
			}
			noCanary(t, sessions)
		})
	}
}

func TestR35PagesGoByTheIDAndEndEvenWhereTheServerCapsThem(t *testing.T) {
	s := newStub(t)
	s.dynamic, s.cap = "in", 20
	for id := range int64(95) {
		s.chats = append(s.chats, chat{id: 1000 + id, topic: 3, status: 4, requested: ago(time.Hour)})
	}
	src := s.source(t, nil)
	if got := read(t, src); len(got) != 95 {
		t.Errorf("%d sessions, want 95", len(got))
	}
	for _, r := range s.requests {
		if strings.Contains(r, "$skip") || strings.Contains(r, " le ") || strings.Contains(r, " ge ") {
			t.Errorf("asked %s", r)
		}
	}
}

func TestAListThatDoesNotMoveOnIsLeft(t *testing.T) {
	s := newStub(t)
	row := `{"PrimaryKey":5,"Column":{"chatSessionId":{"RawValue":5},"status":{"RawValue":4}}}`
	s.answers["/so/api/v1/ChatSession"] = `{"value":[` + strings.TrimSuffix(strings.Repeat(row+",", 20), ",") + `]}`
	_, cover, err := s.source(t, nil).OpenSessions(t.Context())
	if err != nil || !strings.Contains(fmt.Sprint(cover.Problems), "does not move on") || len(cover.Failed) != 1 {
		t.Errorf("coverage %+v, error %v", cover, err)
	}
}

func TestWhatIsNoListIsAnError(t *testing.T) {
	s := newStub(t)
	s.silent = true
	src := s.source(t, nil)
	for _, body := range []string{`{"Error":true,"ErrorMessage":"canary"}`, `<html>canary</html>`, `{}`, `null`, `{"value":null}`, `{"value":[{"PrimaryKey":"x"}]}`} {
		s.do(func() { s.answers["/so/api/v1/ChatSession"] = body })
		sessions, cover, err := src.OpenSessions(t.Context())
		if err == nil || len(sessions) != 0 || cover.Complete() {
			t.Errorf("%s: %d sessions, coverage %+v", body, len(sessions), cover)
		}
		noCanary(t, err)
	}
}

func TestThePageLimitLeavesTheListPartial(t *testing.T) {
	s := newStub(t)
	for id := range int64(50) {
		s.chats = append(s.chats, chat{id: 1 + id, topic: 3, status: 1})
	}
	sessions, cover, err := s.source(t, func(o *Options) { o.PageSize, o.MaxPages = 10, 2 }).OpenSessions(t.Context())
	if err != nil || len(sessions) != 20 || len(cover.Cut) != 1 || cover.Read != 0 {
		t.Errorf("%d sessions, coverage %+v, error %v", len(sessions), cover, err)
	}
}

// Entities are asked for in rotation, a few at a time, and first where somebody else has
// the session.
func TestWithoutDynamicAFewSessionsAreAskedForAtATime(t *testing.T) {
	s := newStub(t)
	for id := range int64(50) {
		s.chats = append(s.chats, chat{id: 1 + id, topic: 3, status: 5, requested: ago(time.Hour), started: ago(time.Hour), user: 67, idle: ago(time.Minute)})
	}
	src := s.source(t, nil)
	for pass := range 4 {
		sessions := read(t, src)
		with := 0
		for _, one := range sessions {
			if one.Agent != "" {
				with++
			}
		}
		if want := min(50, (pass+1)*entitiesAPass); with != want {
			t.Errorf("pass %d: the agents of %d sessions are known, want %d", pass, with, want)
		}
		if n := s.asked("GET ChatSession/"); n != (pass+1)*entitiesAPass {
			t.Errorf("pass %d: %d requests so far", pass, n)
		}
		s.clock.advance(time.Minute)
	}
	s.do(func() { s.chats[48].user, s.chats[48].started = 68, ago(0) })
	if got := read(t, src)[49]; got.Agent != "68" {
		t.Errorf("a session that somebody else has taken = %+v", got)
	}
}

// In most sessions it is somebody else's turn in each pass. That must not keep those
// waiting of which nothing is known yet.
func TestWithoutDynamicANewSessionIsAskedForWhileOthersTalk(t *testing.T) {
	s := newStub(t)
	for id := range int64(60) {
		s.chats = append(s.chats, chat{id: 1 + id, topic: 3, status: 5, requested: ago(time.Hour), started: ago(time.Hour), user: 67})
	}
	src := s.source(t, nil)
	for pass := range int64(6) {
		for id, one := range read(t, src) {
			if one.Agent == "" && pass >= 3 {
				t.Errorf("pass %d: it is not known who has chat %d", pass, id)
			}
		}
		s.clock.advance(time.Minute)
		s.do(func() {
			for i := range s.chats {
				s.chats[i].status = 11 - s.chats[i].status
			}
			s.chats = append(s.chats, chat{id: 100 + pass, topic: 3, status: 5, requested: ago(0), started: ago(0), user: 67})
		})
	}
}

// Where all are asked for in each pass, nothing is older for want of Dynamic.
func TestWithoutDynamicMoreThanAPassAsksForIsWarnedOf(t *testing.T) {
	for n, want := range map[int64]bool{entitiesAPass: false, entitiesAPass + 1: true} {
		for _, operator := range []string{"", "in"} {
			s := newStub(t)
			s.dynamic = operator
			for id := range n {
				s.chats = append(s.chats, chat{id: 1 + id, topic: 3, status: 5, started: ago(time.Hour), user: 67})
			}
			_, cover, err := s.source(t, nil).OpenSessions(t.Context())
			must(t, err)
			if told := len(cover.Warnings) == 1 && errors.Is(cover.Warnings[0], errNoDynamic); told != (want && operator == "") || !cover.Complete() {
				t.Errorf("%d chats, operator %q: coverage %+v", n, operator, cover)
			}
		}
	}
}

// A user without rights has empty lists everywhere, which must not pass for a quiet day.
func TestNoTopicsAtAllIsAProblemWithItsRemedy(t *testing.T) {
	s := newStub(t)
	s.dynamic, s.answers["/so/api/v1/MDOList/chatchannel"], s.answers["/so/api/v1/"+pathPresence] = "in", "[]", "[]"
	src := s.source(t, nil)
	_, cover, err := src.OpenSessions(t.Context())
	must(t, err)
	if len(cover.Problems) != 1 || !errors.Is(cover.Problems[0], conversation.ErrPart) || !strings.Contains(cover.Problems[0].Error(), "rights to Service and to chat") {
		t.Errorf("coverage %+v", cover)
	}
	if queues, err := src.Queues(t.Context()); len(queues) != 0 || !errors.Is(err, errNoTopics) {
		t.Errorf("%d queues, error %v", len(queues), err)
	}
}

func TestASessionThatCannotBeReadDoesNotKeepTheOthersWaiting(t *testing.T) {
	s := newStub(t)
	for id := range int64(50) {
		s.chats = append(s.chats, chat{id: 1 + id, topic: 3, status: 5, started: ago(time.Hour), user: 67})
	}
	s.fail = func(r *http.Request) int {
		if strings.HasSuffix(r.URL.Path, "/ChatSession/1") {
			return http.StatusInternalServerError
		}
		return 0
	}
	src := s.source(t, nil)
	with := 0
	for range 3 {
		sessions, cover, err := src.OpenSessions(t.Context())
		must(t, err)
		if len(sessions) != 50 {
			t.Errorf("%d sessions, coverage %+v", len(sessions), cover)
		}
		with = 0
		for _, one := range sessions {
			if one.Agent != "" {
				with++
			}
		}
		s.clock.advance(time.Minute)
	}
	if with != 49 {
		t.Errorf("the agents of %d sessions are known, want 49", with)
	}
}

func TestNegativeAgesNever(t *testing.T) {
	s := newStub(t)
	s.dynamic = "in"
	ahead := local(start().Add(2 * time.Hour))
	s.chats = []chat{{id: 1, topic: 3, status: 5, requested: ahead, started: ahead, idle: ahead}}
	got := read(t, s.source(t, nil))[1]
	if !got.LastActivity.IsZero() {
		t.Errorf("somebody wrote at %s", got.LastActivity) // It would differ in each pass.
	}
	for _, at := range []time.Time{got.Requested, got.Started, got.LastActivity} {
		if at.After(start()) {
			t.Errorf("%s lies in the future", at)
		}
	}
}

func TestR34TheClocksDifferButDatesStayTheSame(t *testing.T) {
	s := newStub(t)
	s.dynamic = "in"
	s.chats = []chat{{id: 1, topic: 3, status: 5, requested: ago(time.Hour), started: ago(time.Hour), idle: ago(time.Minute)}}
	src := s.source(t, func(o *Options) { o.Clock = behind{s.clock, 2 * time.Minute} })
	first := read(t, src)[1]
	if want := start().Add(-3 * time.Minute); !first.LastActivity.Equal(want) {
		t.Errorf("somebody wrote at %s, want %s by our clock", first.LastActivity, want)
	}
	s.clock.advance(10*time.Second + 700*time.Millisecond)
	if again := read(t, src)[1]; !again.LastActivity.Equal(first.LastActivity) || !again.Requested.Equal(first.Requested) {
		t.Errorf("told %+v, and then %+v", first, again)
	}
}

// behind is a clock that is behind another one.
type behind struct {
	*clock
	by time.Duration
}

func (b behind) Now() time.Time { return b.clock.Now().Add(-b.by) }

func TestR34AWrongZoneIsAProblemThatNamesTheLikelyOne(t *testing.T) {
	for name, row := range map[string]struct {
		fetched string
		passes  int
		problem string
		proved  bool
	}{
		"right":                            {"2026-02-03T08:59:55", 1, "", true},
		"an hour ahead":                    {"2026-02-03T09:59:55", 1, "now seems to be UTC+01:00", false},
		"five and a half hours ahead":      {"2026-02-03T14:29:50", 1, "now seems to be UTC+05:30", false},
		"an hour behind, once":             {"2026-02-03T07:59:55", 1, "", false},
		"an hour behind, and moving on":    {"2026-02-03T07:59:55", 2, "now seems to be UTC-01:00", false},
		"a client that is gone for a time": {"2026-02-03T08:37:21", 1, "", false},
		"never":                            {"", 1, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStub(t)
			s.dynamic = "in"
			s.chats = []chat{{id: 1, topic: 3, status: 5, started: ago(time.Hour), fetched: row.fetched}}
			src := s.source(t, nil)
			var cover conversation.Coverage
			for pass := range row.passes {
				if pass > 0 {
					s.clock.advance(time.Minute)
					s.do(func() { s.chats[0].fetched = "2026-02-03T08:00:55" })
				}
				var err error
				_, cover, err = src.OpenSessions(t.Context())
				must(t, err)
			}
			problem := fmt.Sprint(cover.Problems)
			if (row.problem == "") != (len(cover.Problems) == 0) || !strings.Contains(problem, row.problem) {
				t.Errorf("problems %s, want %q", problem, row.problem)
			}
			if cover.TimesUnproved == row.proved {
				t.Errorf("unproved %t, want %t", cover.TimesUnproved, !row.proved)
			}
		})
	}
}

func TestR14WithoutAnAnswerWhoeverHasNotBegunIsABots(t *testing.T) {
	s := newStub(t)
	s.chats = []chat{{id: 1, topic: 3, status: 6, requested: ago(time.Hour)}, {id: 2, topic: 3, status: 6, requested: ago(time.Hour), started: ago(time.Hour)}}
	s.fail = func(r *http.Request) int {
		if strings.Contains(r.URL.Path, "/ChatSession/") {
			return http.StatusBadGateway
		}
		return 0
	}
	sessions, cover, err := s.source(t, nil).OpenSessions(t.Context())
	found := byID(sessions)
	if err != nil || found[1].State != conversation.StateAutomated || found[1].StateSure || found[2].State != conversation.StateAssigned || found[2].StateSure || len(cover.Problems) == 0 {
		t.Errorf("told %+v, coverage %+v, error %v", found, cover, err)
	}
}

func TestR35ADeadlineCutsTheListWhichGoesOnInTheNextPass(t *testing.T) {
	s := newStub(t)
	for id := range int64(40) {
		s.chats = append(s.chats, chat{id: 1 + id, topic: 3, status: 1})
	}
	src := s.source(t, func(o *Options) { o.PageSize = 10 })
	read(t, src)
	s.clock.advance(time.Minute)
	s.do(func() {
		s.fail = func(r *http.Request) int {
			if strings.HasSuffix(r.URL.Query().Get("$filter"), "gt 20") {
				<-r.Context().Done()
			}
			return 0
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	sessions, cover, err := src.OpenSessions(ctx)
	if err != nil || len(sessions) != 20 || len(cover.Cut) != 1 || !cover.Cut[0].Since.Equal(start()) || !cover.TimedOut {
		t.Fatalf("%d sessions, coverage %+v, error %v", len(sessions), cover, err)
	}
	s.do(func() { s.fail, s.requests = nil, nil })
	if got := read(t, src); len(got) != 40 {
		t.Errorf("%d sessions, want 40", len(got))
	}
	if len(s.requests) == 0 || !strings.HasSuffix(s.requests[0], "gt 20") {
		t.Errorf("asked %v", s.requests)
	}
}
