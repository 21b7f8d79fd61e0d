package yeastar

import (
	"context"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"conversation_exporter/conversation"
	"conversation_exporter/simulator/world"
)

// A viewer that nobody asks any more keeps its entry: it may come back.
func TestR23AViewerThatIsNotAskedKeepsItsMark(t *testing.T) {
	l := newClosedLists()
	s := newStub(t, l.answer).source(t, nil)
	_, mark := swept(t, s, conversation.Mark{Viewers: map[string]int64{first: 0, "extension 7": 70}})
	if mark.Viewers["extension 7"] != 70 {
		t.Errorf("mark %v", mark)
	}
}

func TestR23TheDeadlineCutsAList(t *testing.T) {
	l := newClosedLists()
	s := newStub(t, l.answer).source(t, func(o *Options) { two(o); o.Concurrency = 1 })
	_, mark := swept(t, s, conversation.Mark{})
	l.close("1001", 5)
	l.close("1002", 6)
	l.requests()
	late := make(chan struct{})
	l.late = late
	for range 2 { // The other one then comes first.
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		sessions, next, cover, err := s.ClosedSessions(ctx, mark)
		asked := l.requests()
		if len(asked) == 1 {
			if err == nil || len(sessions) != 0 || !errors.Is(err, context.DeadlineExceeded) || !cover.TimedOut || !maps.Equal(next.Viewers, mark.Viewers) {
				t.Errorf("%d sessions, coverage %+v, error %v", len(sessions), cover, err)
			}
			continue
		}
		must(t, err)
		if len(sessions) != 1 || len(cover.Cut) != 1 || cover.Cut[0].Name != first || !cover.TimedOut || len(cover.Failed) != 0 || len(cover.Problems) != 1 || !maps.Equal(next.Viewers, map[string]int64{first: 0, second: 6}) {
			t.Errorf("%d sessions, coverage %+v, mark %v", len(sessions), cover, next)
		}
		if asked[0][:4] != "1001" || asked[1][:4] != "1002" {
			t.Errorf("asked %q", asked)
		}
	}
	close(late)
}

func TestR35ClosedListsThatCannotBeReadToTheirEnd(t *testing.T) {
	for name, tc := range map[string]struct {
		rows func(l *closedLists) func(string, url.Values) string
		part bool
	}{
		"the cursor is ignored": {rows: func(l *closedLists) func(string, url.Values) string {
			return func(endpoint string, q url.Values) string { q.Del("first_msg_id"); return l.answer(endpoint, q) }
		}},
		"a row without an id": {rows: func(l *closedLists) func(string, url.Values) string {
			return func(endpoint string, q url.Values) string {
				return strings.Replace(l.answer(endpoint, q), `"id":109,`, `"id":null,`, 1)
			}
		}},
		"max_pages": {part: true, rows: func(l *closedLists) func(string, url.Values) string {
			for id := range int64(1000) {
				l.lists["1001"] = append(l.lists["1001"], 1000+id)
			}
			return l.answer
		}},
		"errcode 1": {part: true, rows: func(l *closedLists) func(string, url.Values) string {
			return func(endpoint string, q url.Values) string {
				return strings.Replace(l.answer(endpoint, q), `"errcode":0`, `"errcode":1`, 1)
			}
		}},
	} {
		l := newClosedLists()
		for id := range int64(110) {
			l.close("1001", id+1)
		}
		answer := tc.rows(l)
		s := newStub(t, answer).source(t, func(o *Options) { o.PageSize = 20; o.MaxPages = 10 })
		mark := conversation.Mark{Viewers: map[string]int64{first: 10}}
		sessions, next, cover, err := s.ClosedSessions(t.Context(), mark)
		if next.Viewers[first] != 10 || cover.Complete() || (err == nil) != (len(sessions) > 0) || tc.part != (len(cover.Cut) == 1) || tc.part == (len(cover.Failed) == 1) {
			t.Errorf("%s: %d sessions, mark %v, coverage %+v, error %v", name, len(sessions), next, cover, err)
		}
	}
}

// An open row in the closed list is left out, and a closed one in the open list;
// sessions of which nothing was ever said are of no interest.
func TestR23RowsThatDoNotBelong(t *testing.T) {
	l := newClosedLists()
	l.close("1001", 5, 6, 7, 0, -1)
	l.open[6] = true
	l.lists["1001"] = l.lists["1001"][:3]
	s := newStub(t, l.answer).source(t, nil)
	if got, _ := swept(t, s, conversation.Mark{Viewers: map[string]int64{first: 0}}); !slices.Equal(got, []int64{5, 7}) {
		t.Errorf("told %v as closed", got)
	}
	if open := read(t, s); len(open) != 1 || open[0].ID != 6 || open[0].Closed {
		t.Errorf("told %+v as open", open)
	}
}

// A session that one viewer has told before another counts as theirs together.
func TestR8WhoShowsAClosedSession(t *testing.T) {
	l := newClosedLists()
	l.close("api", 5)
	l.close("1001", 5)
	s := newStub(t, l.answer).source(t, func(o *Options) { o.Viewers = Viewers{API: true, Extensions: []string{"1001"}} })
	sessions, _, _, err := s.ClosedSessions(t.Context(), conversation.Mark{Viewers: map[string]int64{"the API": 4, first: 5}})
	must(t, err)
	if len(sessions) != 1 || sessions[0].State != conversation.StateAssigned || !sessions[0].ShownBy.Has(first) || !sessions[0].ShownBy.Has("the API") {
		t.Errorf("%+v", sessions)
	}
	l.lists["1001"] = nil
	sessions, _, _, err = s.ClosedSessions(t.Context(), conversation.Mark{Viewers: map[string]int64{"the API": 4, first: 5}})
	must(t, err)
	if len(sessions) != 1 || sessions[0].State != conversation.StateAutomated || !sessions[0].StateSure {
		t.Errorf("%+v", sessions)
	}
}

func TestClosedSessionsWithoutASignIn(t *testing.T) {
	h := newHostile(t, func(_ int, _, _ string) (int, string) { return 200, `{"errcode":-1}` })
	mark := conversation.Mark{Viewers: map[string]int64{first: 7}}
	sessions, same, _, err := h.source(t, nil).ClosedSessions(t.Context(), mark)
	if err == nil || len(sessions) != 0 || !maps.Equal(same.Viewers, mark.Viewers) || h.n(pathSearch) != 0 {
		t.Errorf("%d sessions, mark %v, error %v", len(sessions), same, err)
	}
}

// The viewers of a pass are known from its open lists: what failed there is not
// asked for again.
func TestClosedSessionsAskForNoQueuesTwice(t *testing.T) {
	p := newPBX(t)
	s := p.source(t, nil)
	read(t, s)
	id := p.open(t, world.Opening{QueueID: world.QueueSupport})
	_, mark := swept(t, s, conversation.Mark{})
	must(t, p.World.Close(id, world.ByCustomer))
	before := p.Yeastar.Requests(pathQueueList) + p.Yeastar.Requests(pathQueueQuery)
	got, _ := swept(t, s, mark)
	if !slices.Equal(got, []int64{id}) {
		t.Errorf("told %v", got)
	}
	if n := p.Yeastar.Requests(pathQueueList) + p.Yeastar.Requests(pathQueueQuery) - before; n != 0 {
		t.Errorf("%d requests for the queues", n)
	}
}

// A queue whose sessions the first reply picks up is told so.
func TestR10AutomaticPickUp(t *testing.T) {
	for mode, want := range map[world.Mode]bool{world.ModeAuto: true, world.ModeManual: false, world.ModeNone: false} {
		p := newPBX(t)
		must(t, p.World.SetMode(world.QueueSupport, mode))
		p.open(t, world.Opening{QueueID: world.QueueSupport})
		s := p.source(t, nil)
		sessions := read(t, s)
		queues, err := s.Queues(t.Context())
		must(t, err)
		if sessions[0].Queue.AutoPickUp != want || !slices.Contains(queues, sessions[0].Queue) {
			t.Errorf("mode %s: %+v, listed %+v", mode, sessions[0].Queue, queues)
		}
		// What was told last stays while it cannot be told.
		p.Yeastar.FailEndpoint(pathQueueQuery, 10005)
		p.World.Advance(time.Hour)
		sessions, _, err = s.OpenSessions(t.Context())
		must(t, err)
		if sessions[0].Queue.AutoPickUp != want {
			t.Errorf("mode %s, which cannot be read any more: %+v", mode, sessions[0].Queue)
		}
	}
}
