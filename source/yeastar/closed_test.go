package yeastar

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"conversation_exporter/conversation"
	"conversation_exporter/simulator/world"
)

// closedLists are what a PBX tells of closed sessions: for each viewer the last
// message of each session, whose id is the same number.
type closedLists struct {
	mu    sync.Mutex
	lists map[string][]int64
	// open are told among the closed ones, empty answers 60001 for an empty list.
	open  map[int64]bool
	empty bool
	cap   int
	// codes makes the list of a viewer fail.
	codes map[string]int
	// extra is added to each row.
	extra string
	asked []string
	late  <-chan struct{}
}

func newClosedLists() *closedLists {
	return &closedLists{lists: make(map[string][]int64), open: make(map[int64]bool), codes: make(map[string]int)}
}

func (l *closedLists) answer(endpoint string, q url.Values) string {
	if endpoint != pathSearch {
		return `{"errcode":0,"total_number":0}`
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	who := q.Get("user_no")
	l.asked = append(l.asked, who+"<"+q.Get("first_msg_id")+":"+q.Get("is_closed"))
	if l.late != nil && who == "1001" {
		late := l.late
		l.mu.Unlock()
		<-late
		l.mu.Lock()
	}
	if code := l.codes[who]; code != 0 {
		return fmt.Sprintf(`{"errcode":%d}`, code)
	}
	ids := slices.Clone(l.lists[who])
	slices.Sort(ids)
	slices.Reverse(ids)
	cursor, _ := strconv.ParseInt(q.Get("first_msg_id"), 10, 64)
	ids = slices.DeleteFunc(ids, func(id int64) bool { return cursor > 0 && id >= cursor })
	size, _ := strconv.Atoi(q.Get("page_size"))
	if l.cap > 0 {
		size = min(size, l.cap)
	}
	if len(ids) == 0 && l.empty {
		return `{"errcode":60001}`
	}
	var rows []string
	for _, id := range ids[:min(size, len(ids))] {
		closed := 1
		if l.open[id] {
			closed = 0
		}
		rows = append(rows, fmt.Sprintf(`{"id":%d,"type":"sms","is_close":%d,"last_msg_id":%d,"to":{"username":"canary"}%s}`, id, closed, id, l.extra))
	}
	return `{"errcode":0,"list":[` + strings.Join(rows, ",") + `]}`
}

func (l *closedLists) close(who string, ids ...int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lists[who] = append(l.lists[who], ids...)
}

func (l *closedLists) requests() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	asked := l.asked
	l.asked = nil
	slices.Sort(asked)
	return asked
}

// two are the viewers of these tests.
func two(o *Options) { o.Viewers = Viewers{Extensions: []string{"1001", "1002"}} }

const (
	first  = "extension 1001"
	second = "extension 1002"
)

// swept sweeps and expects that nothing was lost.
func swept(t *testing.T, s *Source, since conversation.Mark) ([]int64, conversation.Mark) {
	t.Helper()
	sessions, mark, cover, err := s.ClosedSessions(t.Context(), since)
	must(t, err)
	if !cover.Complete() {
		t.Fatalf("coverage = %+v", cover)
	}
	ids := make([]int64, 0, len(sessions))
	for _, session := range sessions {
		if !session.Closed || session.LastMessage == 0 || session.ListedAt.IsZero() || session.ShownBy == nil || session.State == "" {
			t.Errorf("%+v", session)
		}
		ids = append(ids, session.ID)
	}
	return ids, mark
}

func TestR23ClosedSessionsAreToldOnce(t *testing.T) {
	l := newClosedLists()
	l.close("1001", 1, 2, 3)
	s := newStub(t, l.answer).source(t, two)
	var mark conversation.Mark
	for i, tc := range []struct {
		closed      map[string][]int64
		want        []int64
		one, two    int64
		oneR, other string
	}{
		// A viewer without an entry gets one, and none of its sessions is told.
		{nil, nil, 3, 0, "1001<:1", "1002<:1"},
		{nil, nil, 3, 0, "1001<:1", "1002<:1"},
		{map[string][]int64{"1001": {5, 9}, "1002": {9}}, []int64{5, 9}, 9, 9, "1001<:1", "1002<:1"},
		{nil, nil, 9, 9, "1001<:1", "1002<:1"},
		{map[string][]int64{"1002": {12}}, []int64{12}, 9, 12, "1001<:1", "1002<:1"},
	} {
		for who, ids := range tc.closed {
			l.close(who, ids...)
		}
		before := maps.Clone(mark.Viewers)
		var got []int64
		given := mark
		got, mark = swept(t, s, mark)
		if !slices.Equal(got, tc.want) || !maps.Equal(mark.Viewers, map[string]int64{first: tc.one, second: tc.two}) {
			t.Errorf("sweep %d: told %v, mark %v", i+1, got, mark)
		}
		if !maps.Equal(before, given.Viewers) {
			t.Errorf("sweep %d: the mark that was given is changed", i+1)
		}
		if asked := l.requests(); !slices.Equal(asked, []string{tc.oneR, tc.other}) {
			t.Errorf("sweep %d: asked %q", i+1, asked)
		}
	}
}

func TestR23ASweepOfSeveralPages(t *testing.T) {
	for _, limit := range []int{0, 10} {
		for _, n := range []int{1, 9, 10, 11, 99, 100, 101, 250} {
			l := newClosedLists()
			l.cap = limit
			l.close("1001", 1, 2, 3)
			s := newStub(t, l.answer).source(t, func(o *Options) { o.PageSize = 20 })
			_, mark := swept(t, s, conversation.Mark{})
			for i := range n {
				l.close("1001", int64(i+10))
			}
			l.requests()
			got, mark := swept(t, s, mark)
			if len(got) != n || mark.Viewers[first] != int64(n+9) {
				t.Errorf("%d sessions, cap %d: %d told, mark %v", n, limit, len(got), mark)
			}
			if got, _ := swept(t, s, mark); len(got) != 0 {
				t.Errorf("%d sessions, cap %d: %d told again", n, limit, len(got))
			}
		}
	}
}

// A list that was empty is read to its end; one that has become empty keeps its
// mark.
func TestR23EmptyLists(t *testing.T) {
	for _, code := range []bool{false, true} {
		l := newClosedLists()
		l.empty = code
		s := newStub(t, l.answer).source(t, func(o *Options) { o.Viewers = Viewers{API: true} })
		const api = "the API"
		got, mark := swept(t, s, conversation.Mark{})
		if at, ok := mark.Viewers[api]; len(got) != 0 || at != 0 || !ok {
			t.Errorf("told %v, mark %v", got, mark)
		}
		l.close("api", 5, 6)
		if got, mark = swept(t, s, mark); len(got) != 2 || mark.Viewers[api] != 6 {
			t.Errorf("told %v, mark %v", got, mark)
		}
		l.lists["api"] = nil
		if got, mark = swept(t, s, mark); len(got) != 0 || mark.Viewers[api] != 6 {
			t.Errorf("told %v, mark %v", got, mark)
		}
		l.close("api", 5, 6, 7)
		if got, mark = swept(t, s, mark); !slices.Equal(got, []int64{7}) || mark.Viewers[api] != 7 {
			t.Errorf("told %v, mark %v", got, mark)
		}
	}
}

func TestR23AViewerThatFailsKeepsItsMark(t *testing.T) {
	l := newClosedLists()
	l.close("1001", 1)
	l.close("1002", 2)
	s := newStub(t, l.answer).source(t, two)
	_, mark := swept(t, s, conversation.Mark{})
	l.close("1001", 3, 5)
	l.close("1002", 4, 5)
	l.codes["1001"] = 10005
	sessions, mark, cover, err := s.ClosedSessions(t.Context(), mark)
	must(t, err)
	if len(sessions) != 2 || !slices.Equal(cover.Failed, []string{first}) || cover.Read != 1 || len(cover.Problems) != 1 || cover.TimedOut || !maps.Equal(mark.Viewers, map[string]int64{first: 1, second: 5}) {
		t.Errorf("%d sessions, coverage %+v, mark %v", len(sessions), cover, mark)
	}
	if text := cover.Problems[0].Error(); !strings.HasPrefix(text, "listing the closed sessions of extension 1001: message_session/search: ") {
		t.Errorf("the problem is %s", text)
	}
	for _, session := range sessions {
		if session.ShownBy.Has(first) || !session.ShownBy.Has(second) {
			t.Errorf("session %d is shown by %+v", session.ID, session.ShownBy)
		}
	}
	// Nothing can be read: the mark is the one that was given.
	l.codes["1002"] = 10005
	sessions, same, cover, err := s.ClosedSessions(t.Context(), mark)
	if err == nil || len(sessions) != 0 || !maps.Equal(same.Viewers, mark.Viewers) || len(cover.Failed) != 2 {
		t.Errorf("%d sessions, mark %v, coverage %+v, error %v", len(sessions), same, cover, err)
	}
	// Afterwards nothing is lost. A session of both is shown by both.
	clear(l.codes)
	got, mark := swept(t, s, mark)
	if !slices.Equal(got, []int64{3, 5}) || !maps.Equal(mark.Viewers, map[string]int64{first: 5, second: 5}) {
		t.Errorf("told %v, mark %v", got, mark)
	}
}

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
