package yeastar

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"conversation_exporter/simulator/world"
)

// told makes a pass and says how many sessions it gave and whether it was said
// to be the whole.
func told(t *testing.T, s *Source) (n int, complete bool) {
	t.Helper()
	sessions, cover, err := s.OpenSessions(context.Background())
	return len(sessions), err == nil && cover.Complete()
}

// What is not the whole must not be told as the whole.
func TestHostileR35APartIsNeverToldAsTheWhole(t *testing.T) {
	for name, tc := range map[string]struct {
		sessions int
		change   func(l *fakeList) func(endpoint string, q url.Values) string
	}{
		"the cursor is ignored and the page is capped": {130, func(l *fakeList) func(string, url.Values) string {
			l.cap = 50
			return func(endpoint string, q url.Values) string { q.Del("first_msg_id"); return l.answer(endpoint, q) }
		}},
		"60001 for a cursor whose message is gone": {130, func(l *fakeList) func(string, url.Values) string {
			return func(endpoint string, q url.Values) string {
				if q.Get("first_msg_id") != "" {
					return `{"errcode":60001}`
				}
				return l.answer(endpoint, q)
			}
		}},
		"ids that rise, capped": {130, func(l *fakeList) func(string, url.Values) string {
			return func(endpoint string, q url.Values) string {
				if endpoint != pathSearch {
					return `{"errcode":0}`
				}
				from, _ := strconv.Atoi(q.Get("first_msg_id"))
				var rows []string
				for m := from + 1; m <= min(from+50, 130); m++ {
					rows = append(rows, fmt.Sprintf(`{"id":%d,"type":"sms","last_msg_id":%d}`, m, m))
				}
				return `{"errcode":0,"list":[` + strings.Join(rows, ",") + `]}`
			}
		}},
		"a cap of 64": {130, func(l *fakeList) func(string, url.Values) string { l.cap = 64; return l.answer }},
	} {
		t.Run(name, func(t *testing.T) {
			list := &fakeList{messages: numbered(tc.sessions)}
			s := newStub(t, tc.change(list)).source(t, nil)
			if n, complete := told(t, s); n < tc.sessions && complete {
				t.Errorf("%d of %d sessions, told as all", n, tc.sessions)
			}
		})
	}
}

// A cap that becomes smaller while the exporter runs.
func TestHostileR35ACapThatFalls(t *testing.T) {
	list := &fakeList{messages: numbered(130), cap: 50}
	s := newStub(t, list.answer).source(t, nil)
	read(t, s)
	list.cap = 20
	if n, complete := told(t, s); n < 130 && complete {
		t.Errorf("%d of 130 sessions, told as all", n)
	}
}

// A list of exactly max_pages pages was read whole.
func TestHostileR35AListOfMaxPagesIsWhole(t *testing.T) {
	list := &fakeList{messages: numbered(15)}
	s := newStub(t, list.answer).source(t, func(o *Options) { o.PageSize = 10; o.MaxPages = 2 })
	if n, complete := told(t, s); !complete {
		t.Errorf("%d of 15 sessions, told as a part", n)
	}
}

// Sessions without a message stand at the end of the list.
func TestHostileR35SessionsWithoutMessages(t *testing.T) {
	for _, n := range []int{5, 10} {
		stub := newStub(t, func(endpoint string, q url.Values) string {
			if endpoint != pathSearch || q.Get("first_msg_id") != "" {
				return `{"errcode":0}`
			}
			var rows []string
			for i := 1; i <= n; i++ {
				rows = append(rows, fmt.Sprintf(`{"id":%d,"type":"sms","last_msg_id":%d}`, i, max(0, 8-i)))
			}
			return `{"errcode":0,"list":[` + strings.Join(rows, ",") + `]}`
		})
		s := stub.source(t, func(o *Options) { o.PageSize = 10 })
		sessions, cover, err := s.OpenSessions(context.Background())
		if err != nil || len(cover.Failed) > 0 {
			t.Errorf("%d rows, all new: %d sessions, %+v, %v; want no failure", n, len(sessions), cover, err)
		}
	}
}

// The members of queues are whose lists are read: a queue that is not told about
// in full loses its sessions.
func TestHostileDirectoryAPartIsNeverToldAsTheWhole(t *testing.T) {
	queues := func(ids ...int) string {
		var rows []string
		for _, id := range ids {
			rows = append(rows, fmt.Sprintf(`{"id":%d,"name":"Q%d","assignment_mode":"manual","members":[{"id":%d,"ext_num":"%d"}]}`, id, id, id, 1000+id))
		}
		return strings.Join(rows, ",")
	}
	all := func(n int) (ids []int) {
		for i := range n {
			ids = append(ids, i+1)
		}
		return ids
	}
	for name, tc := range map[string]struct {
		queues int
		answer func(endpoint string, q url.Values) string
	}{
		"message_queue/query answers for the first 10 ids": {20, func(endpoint string, q url.Values) string {
			if endpoint == pathQueueList {
				return `{"errcode":0,"total_number":20,"list":[` + queues(all(20)...) + `]}`
			}
			return `{"errcode":0,"list":[` + queues(all(10)...) + `]}`
		}},
		"message_queue/list is a part, and says so": {20, func(endpoint string, q url.Values) string {
			if endpoint == pathQueueList {
				return `{"errcode":1,"total_number":10,"list":[` + queues(all(10)...) + `]}`
			}
			return `{"errcode":0,"list":[` + queues(all(10)...) + `]}`
		}},
		"message_queue/query is a part, and says so": {20, func(endpoint string, q url.Values) string {
			if endpoint == pathQueueList {
				return `{"errcode":0,"total_number":20,"list":[` + queues(all(20)...) + `]}`
			}
			return `{"errcode":1,"list":[` + queues(all(10)...) + `]}`
		}},
		"the second page is empty, the total is not reached": {120, func(endpoint string, q url.Values) string {
			if endpoint == pathQueueList && q.Get("page") == "1" {
				return `{"errcode":0,"total_number":120,"list":[` + queues(all(100)...) + `]}`
			}
			if endpoint == pathQueueList {
				return `{"errcode":0,"total_number":120,"list":[]}`
			}
			return `{"errcode":0,"list":[` + queues(all(120)...) + `]}`
		}},
		"page is ignored, 100 of 120 come twice": {120, func(endpoint string, q url.Values) string {
			if endpoint == pathQueueList {
				return `{"errcode":0,"total_number":120,"list":[` + queues(all(100)...) + `]}`
			}
			return `{"errcode":0,"list":[` + queues(all(120)...) + `]}`
		}},
	} {
		t.Run(name, func(t *testing.T) {
			// Each member has one session, which a colleague's list does not show.
			stub := newStub(t, func(endpoint string, q url.Values) string {
				switch endpoint {
				case pathQueueList:
					return tc.answer(endpoint, q)
				case pathQueueQuery:
					// The PBX answers for what was asked for, at most what the case says.
					ids := strings.Split(q.Get("ids"), ",")
					full := tc.answer(endpoint, q)
					var asked []int
					for _, id := range ids {
						if strings.Contains(full, `{"id":`+id+`,"name"`) {
							n, _ := strconv.Atoi(id)
							asked = append(asked, n)
						}
					}
					return full[:strings.Index(full, "[")+1] + queues(asked...) + `]}`
				case pathSearch:
					no := q.Get("user_no")
					return fmt.Sprintf(`{"errcode":0,"list":[{"id":%s,"type":"sms","last_msg_id":%s,"queue_id":1,"pickup_member_id":1}]}`, no, no)
				}
				return `{"errcode":0}`
			})
			s := stub.source(t, func(o *Options) { o.Viewers = Viewers{QueueMembers: true} })
			if n, complete := told(t, s); n < tc.queues && complete {
				t.Errorf("%d of %d sessions, told as all", n, tc.queues)
			}
		})
	}
}

// A PBX that starts up may not have its interfaces yet: that its queues are not
// told does not mean that they are gone.
func TestHostileKnownQueuesAreNotForgottenBy10001(t *testing.T) {
	p := newPBX(t)
	for range 5 {
		p.open(t, world.Opening{QueueID: world.QueueSupport})
	}
	s := p.source(t, nil)
	if n := len(read(t, s)); n != 5 {
		t.Fatalf("%d sessions", n)
	}
	p.World.Advance(11 * time.Minute)
	p.Yeastar.FailEndpoint(pathQueueList, 10001)
	n, complete := told(t, s)
	if n < 5 && complete {
		t.Errorf("while 10001: %d of 5 sessions, told as all", n)
	}
	p.Yeastar.FailEndpoint(pathQueueList, 0)
	p.World.Advance(9 * time.Minute)
	if n, complete := told(t, s); n < 5 && complete {
		t.Errorf("9 minutes later: %d of 5 sessions, told as all", n)
	}
}

// "" is nothing told: neither a success, nor a window that is over.
func TestHostileAnEmptyTextIsNothingTold(t *testing.T) {
	stub := newStub(t, func(endpoint string, q url.Values) string {
		if endpoint == pathSearch {
			return `{"errcode":0,"list":[{"id":1,"type":"whatsapp","last_msg_id":5,"expire":""}]}`
		}
		return `{"errcode":0}`
	})
	sessions := read(t, stub.source(t, nil))
	if sessions[0].Window.Has {
		t.Errorf("expire \"\" is a window: %+v, want none, as for null", sessions[0].Window)
	}
	stub = newStub(t, func(endpoint string, q url.Values) string {
		if endpoint == pathSearch {
			return `{"errcode":"","list":[]}`
		}
		return `{"errcode":0}`
	})
	if _, cover, err := stub.source(t, nil).OpenSessions(context.Background()); err == nil && cover.Complete() {
		t.Error(`errcode "" is a success`)
	}
}

// A text of the PBX reaches neither log nor page.
func TestHostileExtensionNumbersAreNumbers(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	stub := newStub(t, func(endpoint string, q url.Values) string {
		switch endpoint {
		case pathQueueList:
			return `{"errcode":0,"total_number":1,"list":[{"id":1,"name":"Q"}]}`
		case pathQueueQuery:
			return `{"errcode":0,"list":[{"id":1,"members":[{"ext_num":"canary Kim L. <script>\n+4917000000` + long + `"}]}]}`
		}
		return `{"errcode":-2}`
	})
	_, _, err := stub.source(t, func(o *Options) { o.Viewers = Viewers{QueueMembers: true} }).OpenSessions(context.Background())
	if text := fmt.Sprint(err); strings.Contains(text, "canary") || len(text) > 10_000 {
		t.Errorf("an error of %d bytes: %.160q", len(text), text)
	}
}

// The cap on a body is meant to bound memory.
func TestHostileManyEmptyRowsAreBounded(t *testing.T) {
	body := `{"errcode":0,"list":[` + strings.Repeat("{},", 1_000_002) + `{}]}`
	stub := newStub(t, func(endpoint string, q url.Values) string {
		if endpoint == pathSearch {
			return body
		}
		return `{"errcode":0}`
	})
	s := stub.source(t, nil)
	_, _, err := s.OpenSessions(context.Background())
	if err == nil || !strings.Contains(err.Error(), "the answer has more than 1000000 parts") {
		t.Errorf("error = %v", err)
	}
}

// Lists that a PBX may give, of every sort: each session once, or said to be a part.
func TestHostileR35Property(t *testing.T) {
	for _, inclusive := range []bool{false, true} {
		for _, limit := range []int{0, 10, 16, 25} {
			for n := 0; n <= 95; n += 1 + n/12 {
				for _, size := range []int{2, 10, 30} {
					list := &fakeList{messages: numbered(n), cap: limit, inclusive: inclusive}
					list.before = func(page int) { // one session moves for each page
						if len(list.messages) > 3 && page <= 2 {
							i := slices.Index(list.messages, slices.Min(list.messages))
							list.messages[i] += int64(page) * 1_000_000
						}
					}
					s := newStub(t, list.answer).source(t, func(o *Options) { o.PageSize = size })
					got, complete := told(t, s)
					if got != n && complete || !complete && got == n {
						t.Errorf("inclusive %t, cap %d, size %d: %d of %d, complete %t", inclusive, limit, size, got, n, complete)
					}
				}
			}
		}
	}
}

// Nothing was read of any session: that is no 0.
func TestHostileNothingReadIsAnError(t *testing.T) {
	for _, body := range []string{`{"errcode":0,"list":[{}]}`, `{"errcode":0,"list":[{"id":0,"last_msg_id":5}]}`} {
		stub := newStub(t, func(endpoint string, q url.Values) string {
			if endpoint == pathSearch {
				return body
			}
			return `{"errcode":0}`
		})
		sessions, cover, err := stub.source(t, nil).OpenSessions(context.Background())
		if err == nil {
			t.Errorf("%s: %d sessions of no viewer that was read (%+v), want an error", body, len(sessions), cover)
		}
	}
}
