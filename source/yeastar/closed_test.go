package yeastar

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"conversation_exporter/conversation"
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
