package yeastar

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"conversation_exporter/conversation"
	"conversation_exporter/simulator/world"
	simyeastar "conversation_exporter/simulator/yeastar"
)

// fakeList serves a list of sessions by cursor, newest message first.
type fakeList struct {
	// messages are the last message ids; the session's id is the same.
	messages  []int64
	inclusive bool
	// cap is the most rows that a page has whatever is asked for; 0 means none.
	cap int
	// before is called before each page with its number, from 1.
	before func(page int)
	mu     sync.Mutex
	pages  int
}

func (l *fakeList) answer(endpoint string, query url.Values) string {
	if endpoint != pathSearch {
		return `{"errcode":0,"list":[],"total_number":0}`
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pages++
	if l.before != nil {
		l.before(l.pages)
	}
	size, _ := strconv.Atoi(query.Get("page_size"))
	if l.cap > 0 {
		size = min(size, l.cap)
	}
	cursor, _ := strconv.ParseInt(query.Get("first_msg_id"), 10, 64)
	sorted := slices.Clone(l.messages)
	slices.Sort(sorted)
	slices.Reverse(sorted)
	var rows []string
	for _, m := range sorted {
		if cursor > 0 && (m > cursor || m == cursor && !l.inclusive) {
			continue
		}
		if len(rows) == size {
			break
		}
		rows = append(rows, fmt.Sprintf(`{"id":%d,"type":"sms","last_msg_id":%d,"expire":-1}`, m%1_000_000, m))
	}
	return `{"errcode":0,"list":[` + strings.Join(rows, ",") + `]}`
}

func numbered(n int) []int64 {
	list := make([]int64, n)
	for i := range list {
		list[i] = int64(i + 1)
	}
	return list
}

func TestR35AllPagesAreRead(t *testing.T) {
	const size = 10
	for _, n := range []int{0, 1, size - 1, size, size + 1, 2*size - 1, 2 * size, 101} {
		for _, inclusive := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d sessions, inclusive %t", n, inclusive), func(t *testing.T) {
				list := &fakeList{messages: numbered(n), inclusive: inclusive}
				s := newStub(t, list.answer).source(t, func(o *Options) { o.PageSize = size })
				if got := len(read(t, s)); got != n {
					t.Errorf("%d sessions, want %d", got, n)
				}
			})
		}
	}
}

func TestLesson20SessionListsAreReadToTheirEnd(t *testing.T) {
	for _, n := range []int{0, 1, 100, 101, 10_001} {
		list := &fakeList{messages: numbered(n)}
		if got := len(read(t, newStub(t, list.answer).source(t, nil))); got != n {
			t.Errorf("%d sessions, want %d", got, n)
		}
	}
}

func TestR35AllFourFiltersAreAlwaysSent(t *testing.T) {
	list := &fakeList{messages: numbered(25)}
	stub := newStub(t, list.answer)
	read(t, stub.source(t, func(o *Options) { o.PageSize = 10; o.Viewers.API = true }))
	for _, query := range stub.requests() {
		for key, want := range map[string]string{"collection": "all", "is_archived": "2", "is_closed": "0", "is_pickup": "0", "page_size": "10"} {
			if got := query.Get(key); got != want {
				t.Errorf("%s = %q, want %q", key, got, want)
			}
		}
		if viewer := query.Get("user_type") + query.Get("user_no"); viewer != "11001" && viewer != "9api" {
			t.Errorf("user_type and user_no = %q", viewer)
		}
	}
}

// A session that gets a message while the list is paged jumps from a page that
// was not yet read to the top, which was.
func TestR35SessionsThatMoveWhilePagingAreNotMissed(t *testing.T) {
	list := &fakeList{messages: numbered(40)}
	list.before = func(page int) {
		if page <= 3 {
			// The session at the bottom gets a message.
			bottom := slices.Index(list.messages, int64(page))
			list.messages[bottom] += int64(page) * 1_000_000
		}
	}
	s := newStub(t, list.answer).source(t, func(o *Options) { o.PageSize = 10 })
	sessions := read(t, s)
	if len(sessions) != 40 {
		t.Errorf("%d sessions, want 40", len(sessions))
	}
	for _, session := range sessions {
		if session.ID == 2 && session.LastMessage != 2_000_002 {
			t.Errorf("session 2 has last message %d, want the newer one", session.LastMessage)
		}
	}
}

func TestR35AListThatNeverSettlesEndsAfterThreeRounds(t *testing.T) {
	list := &fakeList{messages: numbered(40)}
	list.before = func(page int) {
		for i := range list.messages {
			list.messages[i] += 1_000_000
		}
	}
	stub := newStub(t, list.answer)
	s := stub.source(t, func(o *Options) { o.PageSize = 10 })
	if _, _, err := s.OpenSessions(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n := len(stub.requests()); n > 3*5 {
		t.Errorf("%d pages for 4 pages of sessions that never settle", n)
	}
}

func TestR35AOnePageListIsReadOnce(t *testing.T) {
	list := &fakeList{messages: numbered(9)}
	stub := newStub(t, list.answer)
	s := stub.source(t, func(o *Options) { o.PageSize = 100 })
	read(t, s)
	if n := len(stub.requests()); n != 1 {
		t.Errorf("%d requests for a list of one page, want 1", n)
	}
}

// A PBX may give smaller pages than it is asked for, and not say so.
func TestR35APageThatIsCappedIsNotTheEnd(t *testing.T) {
	for _, n := range []int{49, 63, 64, 65, 128, 130} {
		list := &fakeList{messages: numbered(n), cap: 64}
		s := newStub(t, list.answer).source(t, func(o *Options) { o.PageSize = 100 })
		if got := len(read(t, s)); got != n {
			t.Errorf("%d sessions, want %d", got, n)
		}
	}
}

func TestLesson21ListsThatDoNotMoveOnEnd(t *testing.T) {
	full := func(from, to int64) string {
		var rows []string
		for m := from; m > to; m-- {
			rows = append(rows, fmt.Sprintf(`{"id":%d,"type":"sms","last_msg_id":%d}`, m, m))
		}
		return `{"errcode":0,"list":[` + strings.Join(rows, ",") + `]}`
	}
	endless := int64(1_000_000)
	for name, search := range map[string]func(url.Values) string{
		"the cursor is ignored, short pages": func(url.Values) string { return full(100, 90) },
		"rising ids, short pages":            func(url.Values) string { endless += 10; return full(endless, endless-10) },
		"the cursor is ignored":              func(url.Values) string { return full(100, 90) },
		"a circle of pages": func(q url.Values) string {
			if q.Get("first_msg_id") == "91" {
				return full(110, 100)
			}
			return full(100, 90)
		},
		"the cursor rises": func(q url.Values) string {
			endless += 10
			return full(endless, endless-10)
		},
	} {
		t.Run(name, func(t *testing.T) {
			stub := newStub(t, func(endpoint string, q url.Values) string {
				if endpoint == pathSearch {
					return search(q)
				}
				return `{"errcode":0}`
			})
			s := stub.source(t, func(o *Options) { o.PageSize = 10 })
			if strings.Contains(name, "short") {
				s.opts.PageSize = 100
			}
			sessions, cover, err := s.OpenSessions(context.Background())
			must(t, err)
			if len(cover.Failed) != 1 || len(cover.Problems) != 1 || !errors.Is(cover.Problems[0], errStuck) {
				t.Errorf("coverage = %+v, want the list to be told as one that does not move on", cover)
			}
			if len(sessions) < 10 {
				t.Errorf("%d sessions, want those of the pages that were told", len(sessions))
			}
			if n := len(stub.requests()); n > 5 {
				t.Errorf("%d requests", n)
			}
		})
	}
}

func TestR35EndlessPagesEndAtMaxPages(t *testing.T) {
	next := int64(1_000_000_000)
	stub := newStub(t, func(endpoint string, _ url.Values) string {
		if endpoint != pathSearch {
			return `{"errcode":0}`
		}
		next -= 2
		return fmt.Sprintf(`{"errcode":0,"list":[{"id":%d,"type":"sms","last_msg_id":%d},{"id":%d,"type":"sms","last_msg_id":%d}]}`, next+1, next+1, next, next)
	})
	s := stub.source(t, func(o *Options) { o.PageSize = 2; o.MaxPages = 7 })
	sessions, cover, err := s.OpenSessions(context.Background())
	must(t, err)
	if len(cover.Cut) != 1 || len(cover.Failed) != 0 || !errors.Is(errors.Join(cover.Problems...), conversation.ErrPageLimit) {
		t.Errorf("coverage = %+v, want cut at the page limit", cover)
	}
	if len(sessions) != 14 || len(stub.requests()) != 7 {
		t.Errorf("%d sessions by %d requests, want 14 by 7", len(sessions), len(stub.requests()))
	}
}

func TestR35OnTheSimulator(t *testing.T) {
	for name, change := range map[string]func(*simyeastar.Switches){
		"exclusive":           func(*simyeastar.Switches) {},
		"inclusive":           func(s *simyeastar.Switches) { s.Cursor = simyeastar.Inclusive },
		"capped":              func(s *simyeastar.Switches) { s.PageSizeLimit = 20 },
		"bumped":              func(s *simyeastar.Switches) { s.BumpBetweenPages = true },
		"numbers as strings":  func(s *simyeastar.Switches) { s.NumbersAsStrings = true },
		"closing connections": func(s *simyeastar.Switches) { s.CloseConnections = true },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPBX(t)
			must(t, p.World.Prefill(230, time.Hour))
			p.Yeastar.Set(change)
			got := read(t, p.source(t, func(o *Options) { o.PageSize = 30; o.Viewers.AllExtensions = true }))
			want := p.World.OpenSessions()
			if len(got) != len(want) {
				t.Fatalf("%d sessions, want %d", len(got), len(want))
			}
			for i := range got {
				if got[i].ID != want[i].ID || got[i].Channel != string(want[i].Medium) || got[i].Queue.ID != int64(want[i].QueueID) {
					t.Errorf("session %d = %+v, want %+v", i, got[i], want[i])
				}
			}
		})
	}
}

func TestR35EmptyListsOfEveryKind(t *testing.T) {
	for _, body := range []string{`{"errcode":0,"list":[]}`, `{"errcode":0,"list":null}`, `{"errcode":0}`, `{"errcode":"0","data":[]}`, `{"errcode":60001,"errmsg":"DATA NOT FOUND"}`} {
		api := func(o *Options) { o.Viewers = Viewers{API: true} }
		stub := newStub(t, func(endpoint string, _ url.Values) string {
			if endpoint == pathSearch {
				return body
			}
			return `{"errcode":0}`
		})
		if n := len(read(t, stub.source(t, api))); n != 0 {
			t.Errorf("%s: %d sessions", body, n)
		}
	}
}

// An extension that was written by hand may have been mistyped.
func TestAnExtensionThatDoesNotExistIsTold(t *testing.T) {
	p := newPBX(t)
	p.Yeastar.Set(func(sw *simyeastar.Switches) { sw.UnknownExtensionFails = true })
	p.open(t, world.Opening{Extension: "1001"})
	s := p.source(t, func(o *Options) { o.Viewers = Viewers{Extensions: []string{"1001", "9999"}} })
	sessions, cover, err := s.OpenSessions(context.Background())
	must(t, err)
	if len(sessions) != 1 || len(cover.Failed) != 1 || !strings.Contains(fmt.Sprint(cover.Problems), "extension 9999") {
		t.Errorf("sessions = %+v, coverage = %+v", sessions, cover)
	}
}

func TestR35SessionsWithoutMessagesCannotBeACursor(t *testing.T) {
	stub := newStub(t, func(endpoint string, _ url.Values) string {
		if endpoint == pathSearch {
			return `{"errcode":0,"list":[{"id":1,"type":"sms","last_msg_id":9},{"id":2,"type":"sms","last_msg_id":0}]}`
		}
		return `{"errcode":0}`
	})
	sessions, cover, err := stub.source(t, func(o *Options) { o.PageSize = 2 }).OpenSessions(context.Background())
	must(t, err)
	if len(sessions) != 2 || len(cover.Cut) != 1 || len(cover.Failed) != 0 || !errors.Is(errors.Join(cover.Problems...), conversation.ErrPart) {
		t.Errorf("sessions = %+v, coverage = %+v", sessions, cover)
	}
}

func TestRowsThatCannotBeTrueAreRefused(t *testing.T) {
	for body, want := range map[string]string{
		`{}`:                                       "the answer has no errcode",
		`{"errcode":null,"list":[]}`:               "the answer has no errcode",
		`{"errcode":0,"list":[{}]}`:                "a session of the answer has no id",
		`{"errcode":0,"list":{"id":1}}`:            `the field "list" of the answer is not of the documented kind`,
		`{"errcode":0,"list":[{"id":"canary-7"}]}`: `the field "list.id" of the answer is not of the documented kind`,
		`{"errcode":0,"list":[{"type":false}]}`:    `the field "list.type" of the answer is not of the documented kind`,
	} {
		stub := newStub(t, func(endpoint string, _ url.Values) string {
			if endpoint == pathSearch {
				return body
			}
			return `{"errcode":0}`
		})
		_, cover, err := stub.source(t, nil).OpenSessions(context.Background())
		text := fmt.Sprint(err, cover.Problems)
		if !strings.Contains(text, want) || strings.Contains(text, "canary") {
			t.Errorf("%s: %s; want %q", body, text, want)
		}
	}
}

func TestClosedRowsAreNotOpen(t *testing.T) {
	stub := newStub(t, func(endpoint string, _ url.Values) string {
		if endpoint == pathSearch {
			return `{"errcode":0,"list":[{"id":1,"type":"sms","is_close":1,"last_msg_id":9},{"id":2,"type":"sms","is_close":0,"last_msg_id":8}]}`
		}
		return `{"errcode":0}`
	})
	sessions := read(t, stub.source(t, nil))
	if len(sessions) != 1 || sessions[0].ID != 2 {
		t.Errorf("sessions = %+v, want the open one alone", sessions)
	}
}

func TestR12WindowsWithoutMessages(t *testing.T) {
	at := start()
	n := func(v int64) maybe { return maybe{n: v, told: true} }
	for name, tc := range map[string]struct {
		expire  maybe
		channel string
		want    conversation.Window
	}{
		"never":                  {n(-1), "whatsapp", conversation.Window{}},
		"not told":               {maybe{}, "whatsapp", conversation.Window{}},
		"over":                   {n(0), "whatsapp", conversation.Window{Has: true, End: at}},
		"over on facebook":       {n(0), "facebook", conversation.Window{Has: true, End: at}},
		"0 where it means none":  {n(0), "sms", conversation.Window{}},
		"seconds left":           {n(19751), "facebook", conversation.Window{Has: true, End: at.Add(19751 * time.Second)}},
		"a window on a new kind": {n(60), "instagram", conversation.Window{Has: true, End: at.Add(time.Minute)}},
		"absurdly long":          {n(1 << 60), "whatsapp", conversation.Window{Has: true, End: at.Add(366 * 24 * time.Hour)}},
	} {
		if got := windowOf(tc.expire, tc.channel, at); got != tc.want {
			t.Errorf("%s: %+v, want %+v", name, got, tc.want)
		}
	}
}

// The order of what a PBX tells must not matter to what is open.
func TestSessionsAreToldByID(t *testing.T) {
	p := newPBX(t)
	for range 20 {
		p.open(t, world.Opening{QueueID: world.QueueSupport})
	}
	sessions := read(t, p.source(t, nil))
	if !slices.IsSortedFunc(sessions, func(a, b conversation.Session) int { return int(a.ID - b.ID) }) {
		t.Errorf("sessions are not in the order of their ids")
	}
}
