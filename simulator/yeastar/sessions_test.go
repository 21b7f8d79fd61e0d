package yeastar

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"testing"
	"time"

	"conversation_exporter/simulator/world"
)

func TestSessionParametersAreChecked(t *testing.T) {
	p := signedIn(t)
	for name, c := range map[string]struct {
		params     []string
		field      string
		validation any
	}{
		"no page_size":    {[]string{"user_type", "9"}, "page_size", "required"},
		"page_size 0":     {[]string{"user_type", "9", "page_size", "0"}, "page_size", nil},
		"page_size text":  {[]string{"user_type", "9", "page_size", "x"}, "page_size", nil},
		"page_size huge":  {[]string{"user_type", "9", "page_size", "9223372036854775807"}, "page_size", nil},
		"no user_type":    {[]string{"page_size", "9"}, "user_type", "required"},
		"user_type 2":     {[]string{"page_size", "9", "user_type", "2"}, "user_type", nil},
		"no user_no":      {[]string{"page_size", "9", "user_type", "1"}, "user_no", "required"},
		"is_closed 3":     {[]string{"page_size", "9", "user_type", "9", "is_closed", "3"}, "is_closed", nil},
		"collection mine": {[]string{"page_size", "9", "user_type", "9", "collection", "mine"}, "collection", nil},
		"cursor text":     {[]string{"page_size", "9", "user_type", "9", "first_msg_id", "x"}, "first_msg_id", nil},
	} {
		for _, endpoint := range []string{"message_session/search", "message_session/list"} {
			t.Run(name+" "+endpoint, func(t *testing.T) {
				b := p.get(endpoint, c.params...)
				rows := b.rows("invalid_param_list")
				if b.code() != codeParameter || len(rows) != 1 || rows[0]["field"] != c.field || rows[0]["validation_type"] != c.validation {
					t.Errorf("%v", b)
				}
			})
		}
	}
}

// The text is as the vendor's page has it, in its order of fields.
func TestSessionFields(t *testing.T) {
	p := signedIn(t)
	id := p.open(world.Opening{QueueID: world.QueueSupport})
	p.must(p.world.PickUp(id, 502))
	p.must(p.world.Archive(id, "1002"))
	p.world.Advance(20 * time.Minute)
	query := p.query([]string{"page_size", "9", "user_type", "1", "user_no", "1002", "is_archived", "2"})
	text := p.send(http.MethodGet, Root+"message_session/list?"+query, "x", "").text
	const want = `{"errcode":0,"errmsg":"SUCCESS","list":[{"id":1,"type":"whatsapp","is_close":0,"is_archived":1,` +
		`"to":{"user_id":0,"user_no":"+9990000000001","user_type":3,"avatar":"","username":"Canary Customer 1"},` +
		`"expire":85200,"did_number":"+999100001","origin":"","collection":"","last_msg_id":2,"queue_id":3,"pickup_member_id":502}]}`
	if text != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
}

func TestExpireAndTypes(t *testing.T) {
	for name, c := range map[string]struct {
		opening  world.Opening
		after    time.Duration
		expire   float64
		userType float64
	}{
		"whatsapp":                {world.Opening{Medium: world.WhatsApp}, 0, 86400, 3},
		"whatsapp in its last":    {world.Opening{Medium: world.WhatsApp}, 24*time.Hour - time.Millisecond, 1, 3},
		"whatsapp over":           {world.Opening{Medium: world.WhatsApp}, 24 * time.Hour, 0, 3},
		"facebook":                {world.Opening{Medium: world.Facebook}, time.Minute, 86340, 4},
		"facebook long over":      {world.Opening{Medium: world.Facebook}, 48 * time.Hour, 0, 4},
		"sms":                     {world.Opening{Medium: world.SMS}, 0, -1, 2},
		"livechat":                {world.Opening{Medium: world.Livechat}, 48 * time.Hour, -1, 5},
		"campaign without answer": {world.Opening{Campaign: true}, 0, 0, 8},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPBX(t)
			c.opening.API = true
			p.open(c.opening)
			p.world.Advance(c.after)
			p.token = p.login(DefaultClientSecret).text("access_token")
			row := p.search("api").rows("list")[0]
			to, _ := row["to"].(map[string]any)
			if row["expire"] != c.expire || to["user_type"] != c.userType {
				t.Errorf("expire %v, user type %v", row["expire"], to["user_type"])
			}
		})
	}
}

func TestViewersAndFilters(t *testing.T) {
	p := signedIn(t)
	waiting := p.open(world.Opening{QueueID: world.QueueSupport})
	picked := p.open(world.Opening{QueueID: world.QueueSupport})
	direct := p.open(world.Opening{Extension: "1001", Medium: world.SMS})
	bot := p.open(world.Opening{API: true})
	campaign := p.open(world.Opening{API: true, Campaign: true})
	closed := p.open(world.Opening{Extension: "1001"})
	p.must(p.world.PickUp(picked, 501))
	p.must(p.world.Close(closed, world.ByAgent))
	p.must(p.world.Archive(waiting, "1002"))
	for name, c := range map[string]struct {
		viewer string
		params []string
		want   []int64
	}{
		"the picker":             {"1001", nil, []int64{picked, direct, waiting}},
		"another member":         {"1002", nil, []int64{waiting}},
		"no member":              {"1024", nil, []int64{}},
		"the API":                {"api", nil, []int64{campaign, bot}},
		"closed":                 {"1001", []string{"is_closed", "1"}, []int64{closed}},
		"open and closed":        {"1001", []string{"is_closed", "2"}, []int64{closed, picked, direct, waiting}},
		"is_closed omitted":      {"1001", []string{"is_closed", ""}, []int64{picked, direct, waiting}},
		"picked up":              {"1001", []string{"is_pickup", "1"}, []int64{picked}},
		"not picked up":          {"1001", []string{"is_pickup", "2"}, []int64{direct, waiting}},
		"is_pickup 0 is all":     {"1001", []string{"is_pickup", "0"}, []int64{picked, direct, waiting}},
		"put away by the viewer": {"1002", []string{"is_archived", "1"}, []int64{waiting}},
		"not put away":           {"1002", []string{"is_archived", "0"}, []int64{}},
		"put away by another":    {"1001", []string{"is_archived", "1"}, []int64{}},
		"without campaigns":      {"api", []string{"collection", ""}, []int64{bot}},
		"campaigns alone":        {"api", []string{"collection", "campaign"}, []int64{campaign}},
		"search":                 {"1001", []string{"search_value", "Customer " + strconv.FormatInt(direct, 10)}, []int64{direct}},
		"unknown extension":      {"4711", nil, []int64{}},
	} {
		t.Run(name, func(t *testing.T) {
			b := p.search(c.viewer, c.params...)
			if got := ids(b); b.code() != codeSuccess || !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", b, c.want)
			}
		})
	}
	p.server.Set(func(sw *Switches) { sw.UnknownExtensionFails = true })
	if got := p.search("4711").code(); got != codeNotFound {
		t.Errorf("unknown extension with the switch: %d", got)
	}
	if got := ids(p.get("message_session/list", "page_size", "9", "user_type", "9", "search_value", "nobody")); !slices.Equal(got, []int64{bot}) {
		t.Errorf("list does not search: %v", got)
	}
}

// pages reads a viewer's list until a page is shorter than asked for, and gives
// every page.
func (p *pbx) pages(size, shortest int) [][]int64 {
	p.t.Helper()
	var all [][]int64
	cursor := ""
	for range 50 {
		b := p.search("api", "page_size", strconv.Itoa(size), "first_msg_id", cursor)
		all = append(all, ids(b))
		rows := b.rows("list")
		if len(rows) < shortest {
			return all
		}
		cursor = fmt.Sprint(rows[len(rows)-1]["last_msg_id"])
	}
	p.t.Fatal("the pages do not end")
	return nil
}

func TestPaging(t *testing.T) {
	for name, c := range map[string]struct {
		change   func(*Switches)
		size     int
		shortest int
		want     [][]int64
	}{
		"exclusive": {func(*Switches) {}, 3, 3, [][]int64{{7, 6, 5}, {4, 3, 2}, {1}}},
		"inclusive": {func(sw *Switches) { sw.Cursor = Inclusive }, 3, 3, [][]int64{{7, 6, 5}, {5, 4, 3}, {3, 2, 1}, {1}}},
		"clamped":   {func(sw *Switches) { sw.PageSizeLimit = 4 }, 100, 4, [][]int64{{7, 6, 5, 4}, {3, 2, 1}}},
		// The fourth escapes to the top, and so does the first of the next page.
		"bumped": {func(sw *Switches) { sw.BumpBetweenPages = true }, 3, 3, [][]int64{{7, 6, 5}, {3, 2, 1}, {}}},
	} {
		t.Run(name, func(t *testing.T) {
			p := signedIn(t)
			for range 7 {
				p.open(world.Opening{API: true})
			}
			p.server.Set(c.change)
			got := p.pages(c.size, c.shortest)
			if !slices.EqualFunc(got, c.want, slices.Equal[[]int64]) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func BenchmarkPagesOf100k(b *testing.B) {
	w := world.New(world.Options{Still: true, Team: oneAgent()})
	if err := w.Prefill(100_000, 0); err != nil {
		b.Fatal(err)
	}
	s := New(w, Options{Forgetful: true})
	g, _ := s.tokens.good("192.0.2.1", w.Now(), Switches{})
	cursor, path := 0, Root+"message_session/search?page_size=100&user_type=1&user_no=1001&is_archived=2&is_closed=0&collection=all&access_token="+g.access
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequestWithContext(context.Background(), http.MethodGet, path+"&first_msg_id="+strconv.Itoa(cursor), nil)
		r.Header.Set("User-Agent", "bench")
		answer := httptest.NewRecorder()
		s.ServeHTTP(answer, r)
		cursor = (cursor + 150_000 - 100) % 150_000
	}
}

// oneAgent is a team whose only agent has nearly all sessions.
func oneAgent() *world.Team {
	return &world.Team{
		Agents:   []world.Agent{{ID: 101, Number: "1001", Name: "Canary Agent 1"}},
		Channels: []world.Channel{{ID: 1, Medium: world.WhatsApp, DID: "+999100001"}},
	}
}
