package yeastar

import (
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"conversation_exporter/simulator/world"
)

// back reads some pages of a session's records by their smallest ids.
func (p *pbx) back(id int64, size, pages int) [][]int64 {
	p.t.Helper()
	var all [][]int64
	below := ""
	for range pages {
		page := numbers(recordsOf(p.messages(id, "page_size", strconv.Itoa(size), "last_msg_id", below)), "msg_id")
		all = append(all, page)
		if len(page) > 0 {
			below = strconv.FormatInt(slices.Min(page), 10)
		}
	}
	return all
}

func TestPagesOfMessagesThatGoWrong(t *testing.T) {
	for name, c := range map[string]struct {
		kind     Kind
		endpoint string
		pages    [][]int64
	}{
		"ignored":    {CursorIgnored, "message/get", [][]int64{{9, 7, 5}, {9, 7, 5}, {9, 7, 5}}},
		"circle":     {CursorCircle, "message/get", [][]int64{{9, 7, 5}, {3, 1, 9}, {9, 7, 5}}},
		"endless":    {EndlessRows, "message/get", [][]int64{{beyond + 9, beyond + 7, beyond + 5}, {beyond + 3, beyond + 1, beyond - 1}, {beyond - 2, beyond - 3, beyond - 4}}},
		"duplicates": {DuplicateRows, "", [][]int64{{9, 9, 7}, {5, 5, 3}, {1, 1}}},
		"foreign":    {ForeignRecords, "message/get", [][]int64{{10, 9, 8}, {7, 6, 5}, {4, 3, 2}}},
		"of another": {ForeignRecords, "message/query", [][]int64{{9, 7, 5}, {3, 1}, {}}},
		"of lists":   {CursorRising, "", [][]int64{{9, 7, 5}, {3, 1}, {}}},
	} {
		t.Run(name, func(t *testing.T) {
			p := signedIn(t)
			p.open(world.Opening{API: true})
			p.open(world.Opening{API: true})
			for i := range int64(8) {
				p.must(p.world.CustomerWrites(1 + i%2))
			}
			lift := p.server.Inject(Fault{Kind: c.kind, Endpoint: c.endpoint})
			if got := p.back(1, 3, 3); !slices.EqualFunc(got, c.pages, slices.Equal[[]int64]) {
				t.Errorf("got %v, want %v", got, c.pages)
			}
			if b := p.messages(99); b.code() != codeNotFound {
				t.Errorf("of no session: %v", b)
			}
			lift()
			if got := p.back(1, 9, 1)[0]; !slices.Equal(got, []int64{9, 7, 5, 3, 1}) {
				t.Errorf("afterwards: %v", got)
			}
		})
	}
}

func TestForeignRecordsSayWhoseTheyAre(t *testing.T) {
	p := signedIn(t)
	p.open(world.Opening{API: true, Medium: world.SMS})
	p.open(world.Opening{API: true})
	p.server.Inject(Fault{Kind: ForeignRecords})
	want := []string{"2 +9990000000002", "1 +9990000000001"}
	list := func(rows []map[string]any) (got []string) {
		for _, row := range rows {
			sender, _ := row["sender"].(map[string]any)
			got = append(got, fmt.Sprint(row["session_id"], " ", sender["user_no"]))
		}
		return got
	}
	if got := list(recordsOf(p.messages(1))); !slices.Equal(got, want) {
		t.Errorf("get: %v", got)
	}
	data := p.get("message/query", "ids", "1", "page_size", "9").rows("data")
	if got := list(body(data[0]).rows("records")); len(data) != 1 || data[0]["session_id"] != 1.0 || !slices.Equal(got, want) {
		t.Errorf("query: %v", data)
	}
}

func TestFaultsOfOnlyOneSessionAreHarmless(t *testing.T) {
	p := signedIn(t)
	p.open(world.Opening{API: true})
	for _, kind := range recordKinds() {
		lift := p.server.Inject(Fault{Kind: kind})
		rows := recordsOf(p.messages(1, "page_size", strconv.Itoa(math.MaxInt32)))
		lift()
		want := map[Kind]int{DuplicateRows: 2, EndlessRows: 1000}[kind]
		if want == 0 {
			want = 1
		}
		if len(rows) != want {
			t.Errorf("kind %d: %d records", kind, len(rows))
		}
	}
}

// What a client must survive anywhere happens at the new endpoints, too.
func TestMessagesBreakAsEverythingDoes(t *testing.T) {
	p := signedIn(t)
	p.open(world.Opening{API: true})
	path := Root + "message/query?" + p.query([]string{"ids", "1", "page_size", "9"})
	whole := p.try(t.Context(), http.MethodGet, path, "").text
	for name, c := range map[string]struct {
		fault Fault
		good  func(attempt) bool
	}{
		"refused":      {Fault{Code: codeDenied}, func(a attempt) bool { return strings.Contains(a.text, `"errcode":10005`) }},
		"html":         {Fault{Kind: HTML, Status: 502}, func(a attempt) bool { return a.status == 502 }},
		"truncated":    {Fault{Kind: Truncated}, func(a attempt) bool { return a.text == whole[:len(whole)/2] }},
		"wrong types":  {Fault{Kind: WrongTypes}, func(a attempt) bool { return strings.Contains(a.text, `"msg_id":{"value":1}`) }},
		"wrong shapes": {Fault{Kind: WrongShapes}, func(a attempt) bool { return strings.Contains(a.text, `"data":"a list of 1"`) }},
	} {
		t.Run(name, func(t *testing.T) {
			c.fault.Endpoint = "message/query"
			lift := p.server.Inject(c.fault)
			if got := p.try(t.Context(), http.MethodGet, path, ""); !c.good(got) {
				t.Errorf("%+v", got)
			}
			if got := p.messages(1).code(); got != codeSuccess {
				t.Errorf("message/get: %d", got)
			}
			lift()
		})
	}
}

// Only what was shown as it is may be noted: Expect believes it.
func TestWhichAnswersAreNoted(t *testing.T) {
	messages := []string{"id", "1", "ids", "1", "page_size", "9"}
	closed := []string{"user_type", "9", "page_size", "9", "is_closed", "1", "is_archived", "2", "collection", "all"}
	for name, c := range map[string]struct {
		endpoint string
		params   []string
		fault    Fault
		noted    bool
	}{
		"one session":              {"message/get", messages, Fault{Kind: NoMembers}, true},
		"several sessions":         {"message/query", messages, Fault{Kind: NoMembers}, true},
		"pages that go wrong":      {"message/get", messages, Fault{Kind: CursorIgnored}, true},
		"records of others":        {"message/query", messages, Fault{Kind: ForeignRecords}, true},
		"no such session":          {"message/get", []string{"id", "9", "page_size", "9"}, Fault{Kind: NoMembers}, false},
		"a list of the closed":     {"message_session/search", closed, Fault{Kind: NoMembers}, true},
		"one that has no end":      {"message_session/search", closed, Fault{Kind: EndlessRows}, false},
		"one with another filter":  {"message_session/search", append([]string{"search_value", "x"}, closed...), Fault{Kind: NoMembers}, false},
		"a session's own":          {"message_session/get", messages, Fault{Kind: NoMembers}, false},
		"a list with no archived ": {"message_session/list", closed[:6], Fault{Kind: NoMembers}, false},
	} {
		t.Run(name, func(t *testing.T) {
			for _, forgetful := range []bool{false, true} {
				w := world.New(world.Options{Still: true})
				if _, err := w.Open(world.Opening{API: true}); err != nil {
					t.Fatal(err)
				}
				s := New(w, Options{Forgetful: forgetful})
				s.Inject(c.fault)
				r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, Root+c.endpoint, http.NoBody)
				if err != nil {
					t.Fatal(err)
				}
				q := r.URL.Query()
				for i := 0; i+1 < len(c.params); i += 2 {
					q.Set(c.params[i], c.params[i+1])
				}
				r.URL.RawQuery = q.Encode()
				call := s.newCall(r)
				s.routes[c.endpoint].answer(call)
				if noted := call.shown != nil; noted != (c.noted && !forgetful) {
					t.Errorf("forgetful %t: noted %t", forgetful, noted)
				}
			}
		})
	}
}

// Whether a page of records is what was asked for (R30), and whether it can be read
// although it is disfigured.
func TestPagesThatHelpAClient(t *testing.T) {
	page := func(ids ...int64) (list []msgRecord) {
		for _, id := range ids {
			list = append(list, msgRecord{MsgID: id})
		}
		return list
	}
	for name, tc := range map[string]struct {
		page  []msgRecord
		below int64
		want  bool
	}{
		"from the top":         {page(9, 8), 0, true},
		"before a record":      {page(8, 7), 9, true},
		"nothing before it":    {nil, 9, true},
		"the record alone":     {page(9), 9, true},
		"the record and later": {page(10, 9), 9, false},
		"later ones":           {page(11, 10), 9, false},
		"another one alone":    {page(10), 9, false},
	} {
		if got := goesOn(tc.page, tc.below); got != tc.want {
			t.Errorf("%s: %t, want %t", name, got, tc.want)
		}
	}
	const empty, full = `{"data":{"session_id":1,"records":[]}}`, `{"data":{"session_id":1,"records":[{"msg_id":2}]}}`
	for _, tc := range []struct {
		endpoint string
		kind     Kind
		body     string
		want     bool
	}{
		{"message/get", WrongShapes, full, true},
		{"message/get", WrongTypes, full, false},
		{"message/get", WrongTypes, empty, true},
		{"message/get", WrongTypes, strings.ReplaceAll(empty, "[]", "null"), true},
		{"message/query", WrongShapes, full, false},
	} {
		if got := (&call{endpoint: tc.endpoint}).legible(tc.kind, []byte(tc.body)); got != tc.want {
			t.Errorf("%s, fault %d, %s: %t", tc.endpoint, tc.kind, tc.body, got)
		}
	}
}

// A request that gets no answer is noted all the same: who waits for a page of a list
// does not know its end.
func TestIgnoredRequestsAreNoted(t *testing.T) {
	s := New(world.New(world.Options{Still: true}), Options{})
	for _, path := range []string{"message_session/search?user_type=1&user_no=1001&is_closed=1", "extension/list", "message/get?id=no", "message/get?id=7"} {
		s.Ignore(httptest.NewRequest(http.MethodGet, Root+path, http.NoBody))
	}
	last := s.notes.log.passes[len(s.notes.log.passes)-1]
	if !last.waiting[list{"1001", true}] || len(last.waiting) != 1 || !s.notes.directory.roll.extensions.vain || s.Requests("message/get") != 2 {
		t.Errorf("noted %+v and %+v", last.waiting, s.notes.directory.roll)
	}
	New(world.New(world.Options{Still: true}), Options{Forgetful: true}).Ignore(httptest.NewRequest(http.MethodGet, Root, http.NoBody))
}
