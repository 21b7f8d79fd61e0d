package yeastar

import (
	"fmt"
	"slices"
	"strconv"
	"testing"

	"conversation_exporter/simulator/world"
)

// walk reads some pages of the API's list by their cursors, whatever they are.
func (p *pbx) walk(size, pages int) [][]int64 {
	p.t.Helper()
	var all [][]int64
	cursor := ""
	for range pages {
		b := p.search("api", "page_size", strconv.Itoa(size), "first_msg_id", cursor)
		all = append(all, ids(b))
		if rows := b.rows("list"); len(rows) > 0 {
			cursor = fmt.Sprintf("%.0f", rows[len(rows)-1]["last_msg_id"])
		}
	}
	return all
}

func TestCursorsThatGoWrong(t *testing.T) {
	const beyondAll = 2 * beyond
	for name, c := range map[string]struct {
		kind      Kind
		inclusive bool
		pages     [][]int64
	}{
		"ignored":              {CursorIgnored, false, [][]int64{{7, 6, 5}, {7, 6, 5}, {7, 6, 5}, {7, 6, 5}}},
		"circle":               {CursorCircle, false, [][]int64{{7, 6, 5}, {4, 3, 2}, {1, 7, 6}, {5, 4, 3}}},
		"circle, inclusive":    {CursorCircle, true, [][]int64{{7, 6, 5}, {5, 4, 3}, {3, 2, 1}, {1, 7, 6}}},
		"rising":               {CursorRising, false, [][]int64{{1, 2, 3}, {4, 5, 6}, {7}, {}}},
		"endless":              {EndlessRows, false, [][]int64{{7, 6, 5}, {4, 3, 2}, {1, beyondAll - beyond + 1, beyondAll - beyond + 2}, {beyondAll - beyond + 3, beyondAll - beyond + 4, beyondAll - beyond + 5}}},
		"duplicates":           {DuplicateRows, false, [][]int64{{7, 7, 6}, {5, 5, 4}, {3, 3, 2}, {1, 1}}},
		"repeated":             {RepeatedRows, false, [][]int64{{7, 6, 5}, {5, 4, 3}, {3, 2, 1}, {1}}},
		"repeated, inclusive":  {RepeatedRows, true, [][]int64{{7, 6, 5}, {6, 5, 4}, {5, 4, 3}, {4, 3, 2}}},
		"not a fault of pages": {NoMembers, false, [][]int64{{7, 6, 5}, {4, 3, 2}, {1}, {}}},
	} {
		t.Run(name, func(t *testing.T) {
			p := signedIn(t)
			for range 7 {
				p.open(world.Opening{API: true})
			}
			if c.inclusive {
				p.server.Set(func(sw *Switches) { sw.Cursor = Inclusive })
			}
			lift := p.server.Inject(Fault{Kind: c.kind, Viewer: "api"})
			if got := p.walk(3, 4); !slices.EqualFunc(got, c.pages, slices.Equal[[]int64]) {
				t.Errorf("got %v, want %v", got, c.pages)
			}
			lift()
			if got := p.walk(7, 1); !slices.Equal(got[0], []int64{7, 6, 5, 4, 3, 2, 1}) {
				t.Errorf("afterwards: %v", got)
			}
		})
	}
}

func TestCursorsThatGoWrongInListsOfNothing(t *testing.T) {
	p := signedIn(t)
	for _, kind := range pagingKinds() {
		p.server.Inject(Fault{Kind: kind, Times: 2})
		for _, cursor := range []string{"", "5"} {
			b := p.search("api", "page_size", "2147483647", "first_msg_id", cursor)
			want := 0
			if kind == EndlessRows {
				want = 1000
				if cursor != "" {
					want = 4
				}
			}
			if got := len(ids(b)); got != want {
				t.Errorf("kind %d, cursor %q: %d rows", kind, cursor, got)
			}
		}
	}
	p.server.Inject(Fault{Kind: CursorRising})
	if got := p.search("4711"); got.code() != codeSuccess || len(ids(got)) != 0 {
		t.Errorf("an unknown viewer: %v", got)
	}
}

func TestListsByNumber(t *testing.T) {
	p := signedIn(t)
	names := func(page string) (list []any) {
		for _, row := range p.get("message_queue/list", "page", page, "page_size", "9").rows("list") {
			list = append(list, row["name"])
		}
		return list
	}
	p.server.Set(func(sw *Switches) { sw.NumberedPageSizeLimit = 3 })
	if got := names("1"); len(got) != 3 {
		t.Errorf("queues of the first page: %v", got)
	}
	if got := names("2"); !slices.Equal(got, []any{"Community"}) {
		t.Errorf("queues of the second page: %v", got)
	}
	if got := p.get("extension/list", "page", "8"); len(got.rows("data")) != 3 || got["total_number"] != 24.0 {
		t.Errorf("extensions: %v", got)
	}
	p.server.Inject(Fault{Kind: CursorIgnored, Times: 1})
	if got := names("2"); len(got) != 3 {
		t.Errorf("with the page ignored: %v", got)
	}
}

func TestQueueIDLimit(t *testing.T) {
	p := signedIn(t)
	p.server.Set(func(sw *Switches) { sw.QueueIDLimit = 2 })
	if got := len(p.get("message_queue/query", "ids", "3,4").rows("list")); got != 2 {
		t.Errorf("two ids: %d queues", got)
	}
	b := p.get("message_queue/query", "ids", "3,4,5")
	if rows := b.rows("invalid_param_list"); b.code() != codeParameter || len(rows) != 1 || rows[0]["field"] != "ids" {
		t.Errorf("three ids: %v", b)
	}
	p.server.Set(func(sw *Switches) { sw.DropExtraIDs = true })
	if got := p.get("message_queue/query", "ids", "5,3,4"); got.code() != codeSuccess || len(got.rows("list")) != 2 {
		t.Errorf("with the others dropped: %v", got)
	}
}

func TestQueuesWithoutMembersOrMode(t *testing.T) {
	p := signedIn(t)
	query := func() map[string]any { return p.get("message_queue/query", "ids", "3").rows("list")[0] }
	get := func() map[string]any {
		data, _ := p.get("message_queue/get", "id", "3")["data"].(map[string]any)
		return data
	}
	for name, ask := range map[string]func() map[string]any{"query": query, "get": get} {
		p.server.Inject(Fault{Kind: NoMembers, Times: 1})
		if row := ask(); row["members"] != nil || row["assignment_mode"] != "manual" {
			t.Errorf("%s without members: %v", name, row)
		}
		p.server.Inject(Fault{Kind: NoAssignmentMode, Times: 1})
		if row := ask(); row["members"] == nil || row["assignment_mode"] != nil {
			t.Errorf("%s without a mode: %v", name, row)
		}
		if row := ask(); row["members"] == nil || row["assignment_mode"] == nil {
			t.Errorf("%s afterwards: %v", name, row)
		}
	}
}
