package yeastar

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"conversation_exporter/simulator/world"
)

// messages asks for a page of one session's records.
func (p *pbx) messages(id int64, params ...string) body {
	p.t.Helper()
	return p.get("message/get", append([]string{"id", strconv.FormatInt(id, 10), "page_size", "100"}, params...)...)
}

// recordsOf gives the records of one session in an answer of message/get.
func recordsOf(b body) []map[string]any {
	data, _ := b["data"].(map[string]any)
	return body(data).rows("records")
}

// numbers gives one field of each row.
func numbers(rows []map[string]any, field string) []int64 {
	list := []int64{}
	for _, row := range rows {
		n, _ := row[field].(float64)
		list = append(list, int64(n))
	}
	return list
}

// The text is as the vendor's page has it.
func TestMessageFields(t *testing.T) {
	p := signedIn(t)
	id := p.open(world.Opening{QueueID: world.QueueSupport})
	query := p.query([]string{"id", strconv.FormatInt(id, 10), "page_size", "9"})
	text := p.send(http.MethodGet, Root+"message/get?"+query, "x", "").text
	const want = `{"data":{"session_id":1,"records":[{"session_id":1,"msg_id":1,"delivery_status":1,` +
		`"sender":{"user_id":0,"user_no":"+9990000000001","user_type":3,"avatar":"","username":"Canary Customer 1"},` +
		`"msg_type":0,"msg_kind":0,"msg_body":"canary text of message 1","msg_files":"","send_time":1788249600,"receive_time":1788249600,` +
		`"param":"","send_error":"","send_error_msg":"","tag":"","whatsapp_msg_param":""}]},"errcode":0,"errmsg":"SUCCESS"}`
	if text != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
	query = p.query([]string{"ids", strconv.FormatInt(id, 10), "page_size", "9"})
	several := p.send(http.MethodGet, Root+"message/query?"+query, "x", "").text
	want2 := strings.Replace(strings.Replace(want, `"data":{`, `"data":[{`, 1), `]},"errcode"`, `]}],"errcode"`, 1)
	if several != want2 {
		t.Errorf("got  %s\nwant %s", several, want2)
	}
}

// told is what one record is expected to say.
type told struct {
	kind, status, userType float64
	userNo, param          string
}

func TestEachRecordSaysWhatItIs(t *testing.T) {
	const customer = "+9990000000001"
	for name, c := range map[string]struct {
		opening world.Opening
		act     func(w *world.World, id int64) error
		want    told
	}{
		"customer, sms":      {world.Opening{Medium: world.SMS, API: true}, (*world.World).CustomerWrites, told{0, 1, 2, customer, ""}},
		"customer, whatsapp": {world.Opening{API: true}, (*world.World).CustomerWrites, told{0, 1, 3, customer, ""}},
		"customer, facebook": {world.Opening{Medium: world.Facebook, API: true}, (*world.World).CustomerWrites, told{0, 1, 4, "+99900000000000001", ""}},
		"customer, livechat": {world.Opening{Medium: world.Livechat, API: true}, (*world.World).CustomerWrites, told{0, 1, 5, customer, ""}},
		"recipient":          {world.Opening{Campaign: true, API: true}, (*world.World).CustomerWrites, told{0, 1, 8, customer, ""}},
		"agent": {
			world.Opening{Extension: "1003"},
			func(w *world.World, id int64) error { return w.AgentWrites(id, "") },
			told{0, 1, 1, "1003", ""},
		},
		"api":      {world.Opening{API: true}, (*world.World).APIWrites, told{0, 1, 9, "api", ""}},
		"template": {world.Opening{Campaign: true, Extension: "1003"}, func(*world.World, int64) error { return nil }, told{0, 1, 9, "api", ""}},
		"bot to agent": {
			world.Opening{API: true},
			func(w *world.World, id int64) error { return w.TransferToExtension(id, "1003") },
			told{1, 1, 9, "api", `{"from":{"user_type":9,"user_no":"api"},"to":{"user_type":1,"user_no":"1003"}}`},
		},
		"agent to bot": {
			world.Opening{Extension: "1003"},
			(*world.World).TransferToAPI,
			told{1, 1, 1, "1003", `{"from":{"user_type":1,"user_no":"1003"},"to":{"user_type":9,"user_no":"api"}}`},
		},
		"bot to queue": {
			world.Opening{API: true},
			func(w *world.World, id int64) error { return w.HandOver(id, world.QueueSales) },
			told{6, 1, 9, "api", `{"from":{"user_type":9,"user_no":"api"},"to":{"type":"queue","id":5,"name":"Sales"}}`},
		},
		"queue to queue": {
			world.Opening{QueueID: world.QueueSupport},
			func(w *world.World, id int64) error { return w.TransferToQueue(id, world.QueueSales) },
			told{6, 1, 0, "", `{"from":{"type":"queue","id":3},"to":{"type":"queue","id":5,"name":"Sales"}}`},
		},
		"pick-up": {
			world.Opening{QueueID: world.QueueSupport},
			func(w *world.World, id int64) error { return w.PickUp(id, 502) },
			told{5, 1, 1, "1002", ""},
		},
		"closed by an agent": {
			world.Opening{Extension: "1003"},
			func(w *world.World, id int64) error { return w.Close(id, world.ByAgent) },
			told{2, 1, 1, "1003", ""},
		},
		"closed where it waited": {
			world.Opening{QueueID: world.QueueSupport},
			func(w *world.World, id int64) error { return w.Close(id, world.ByAgent) },
			told{2, 1, 1, "1001", ""},
		},
		"closed by the API": {
			world.Opening{API: true},
			func(w *world.World, id int64) error { return w.Close(id, world.ByAgent) },
			told{2, 1, 9, "api", ""},
		},
		"closed by time": {
			world.Opening{Extension: "1003"},
			func(w *world.World, id int64) error { return w.Close(id, world.ByTimeout) },
			told{3, 1, 0, "", ""},
		},
		"closed by the visitor": {
			world.Opening{Medium: world.Livechat, QueueID: world.QueueSupport},
			func(w *world.World, id int64) error { return w.Close(id, world.ByCustomer) },
			told{7, 1, 5, customer, ""},
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := signedIn(t)
			id := p.open(c.opening)
			p.world.Advance(time.Minute)
			p.must(c.act(p.world, id))
			r := recordsOf(p.messages(id))[0]
			sender, _ := r["sender"].(map[string]any)
			if got := (told{r["msg_type"].(float64), r["delivery_status"].(float64), sender["user_type"].(float64), sender["user_no"].(string), r["param"].(string)}); got != c.want {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
			if kind := 0.0; name == "template" && r["msg_kind"] != 1.0 || name != "template" && r["msg_kind"] != kind {
				t.Errorf("msg_kind %v", r["msg_kind"])
			}
			if !strings.Contains(r["msg_body"].(string), "canary") {
				t.Errorf("msg_body %v", r["msg_body"])
			}
		})
	}
}

func TestDeliveriesAreTold(t *testing.T) {
	p := signedIn(t)
	p.world.HoldDeliveries(true)
	id := p.open(world.Opening{Extension: "1003"})
	p.must(p.world.AgentWrites(id, ""))
	status := func() string {
		r := recordsOf(p.messages(id))[0]
		return fmt.Sprintf("%v %v %v", r["delivery_status"], r["send_error"], r["send_error_msg"])
	}
	if got := status(); got != "0  " {
		t.Errorf("at first: %s", got)
	}
	p.must(p.world.Deliver(id, 2))
	if got := status(); got != "1  " {
		t.Errorf("delivered: %s", got)
	}
	p.must(p.world.FailLate(id, 2, "request_fail"))
	if got := status(); got != "2 request_fail canary provider: request_fail" {
		t.Errorf("failed: %s", got)
	}
	if row := p.search("1003").rows("list")[0]; row["last_msg_id"] != 2.0 {
		t.Errorf("last_msg_id %v", row["last_msg_id"])
	}
}

func TestMessagePages(t *testing.T) {
	p := signedIn(t)
	id := p.open(world.Opening{API: true})
	for range 6 {
		p.must(p.world.CustomerWrites(id))
	}
	for name, c := range map[string]struct {
		change        func(*Switches)
		size, lastMsg string
		want          []int64
	}{
		"the newest":       {nil, "3", "", []int64{7, 6, 5}},
		"older ones":       {nil, "3", "5", []int64{4, 3, 2}},
		"the rest":         {nil, "3", "2", []int64{1}},
		"nothing is left":  {nil, "3", "1", []int64{}},
		"all":              {nil, "2147483647", "", []int64{7, 6, 5, 4, 3, 2, 1}},
		"the oldest first": {func(sw *Switches) { sw.MessagesOldestFirst = true }, "3", "6", []int64{3, 4, 5}},
		"clamped":          {func(sw *Switches) { sw.MessagePageSizeLimit = 2 }, "3", "", []int64{7, 6}},
	} {
		t.Run(name, func(t *testing.T) {
			p.server.Set(func(sw *Switches) {
				*sw = Switches{}
				if c.change != nil {
					c.change(sw)
				}
			})
			b := p.messages(id, "page_size", c.size, "last_msg_id", c.lastMsg)
			if got := numbers(recordsOf(b), "msg_id"); b.code() != codeSuccess || !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", b, c.want)
			}
		})
	}
}

// threads gives the ids of the records of each session that message/query shows,
// in the order in which it shows them.
func threads(b body) string {
	var list []string
	for _, row := range b.rows("data") {
		list = append(list, fmt.Sprint(row["session_id"], numbers(body(row).rows("records"), "msg_id")))
	}
	return strings.Join(list, " ")
}

func TestMessagesOfSeveralSessions(t *testing.T) {
	p := signedIn(t)
	for range 3 {
		p.open(world.Opening{API: true})
	}
	for _, id := range []int64{1, 1, 3, 1} {
		p.must(p.world.CustomerWrites(id))
	}
	p.must(p.world.Close(2, world.ByTimeout))
	for name, c := range map[string]struct {
		change    func(*Switches)
		ids, size string
		want      string
	}{
		"each by itself":      {nil, "3,1,2", "2", "3 [6 3] 1 [7 5] 2 [8 2]"},
		"once each":           {nil, "1,1", "9", "1 [7 5 4 1]"},
		"one is not there":    {nil, "1,99", "1", "1 [7]"},
		"oldest first":        {func(sw *Switches) { sw.MessagesOldestFirst = true }, "1,3", "2", "1 [5 7] 3 [3 6]"},
		"clamped":             {func(sw *Switches) { sw.MessagePageSizeLimit = 1 }, "1,3", "2", "1 [7] 3 [6]"},
		"one size for all":    {func(sw *Switches) { sw.MessageQueryGlobal = true }, "1,3,2", "4", "1 [7 5] 3 [6] 2 [8]"},
		"none left for some":  {func(sw *Switches) { sw.MessageQueryGlobal = true }, "1,3,2", "2", "1 [7] 2 [8]"},
		"as many as there be": {func(sw *Switches) { sw.MessageQueryGlobal = true }, "1,3,2", "9", "1 [7 5 4 1] 3 [6 3] 2 [8 2]"},
		"others dropped":      {func(sw *Switches) { sw.MessageIDLimit, sw.DropExtraIDs = 2, true }, "3,1,2", "1", "3 [6] 1 [7]"},
		"within the limit":    {func(sw *Switches) { sw.MessageIDLimit = 2 }, "3,1", "1", "3 [6] 1 [7]"},
	} {
		t.Run(name, func(t *testing.T) {
			p.server.Set(func(sw *Switches) {
				*sw = Switches{}
				if c.change != nil {
					c.change(sw)
				}
			})
			b := p.get("message/query", "ids", c.ids, "page_size", c.size)
			if got := threads(b); b.code() != codeSuccess || got != c.want {
				t.Errorf("got %v, want %s", b, c.want)
			}
		})
	}
}

func TestMessageParametersAreChecked(t *testing.T) {
	p := signedIn(t)
	p.open(world.Opening{API: true})
	p.server.Set(func(sw *Switches) { sw.MessageIDLimit = 2 })
	for name, c := range map[string]struct {
		endpoint   string
		params     []string
		code       int
		field      any
		validation any
	}{
		"get without page_size":    {"message/get", []string{"id", "1"}, codeParameter, "page_size", "required"},
		"get without id":           {"message/get", []string{"page_size", "1"}, codeParameter, "id", "required"},
		"get with page_size 0":     {"message/get", []string{"id", "1", "page_size", "0"}, codeParameter, "page_size", nil},
		"get with id text":         {"message/get", []string{"id", "x", "page_size", "1"}, codeParameter, "id", nil},
		"get with cursor text":     {"message/get", []string{"id", "1", "page_size", "1", "last_msg_id", "x"}, codeParameter, "last_msg_id", nil},
		"get of nothing":           {"message/get", []string{"id", "2", "page_size", "1"}, codeNotFound, nil, nil},
		"query without page_size":  {"message/query", []string{"ids", "1"}, codeParameter, "page_size", "required"},
		"query without ids":        {"message/query", []string{"page_size", "1"}, codeParameter, "ids", "required"},
		"query with ids text":      {"message/query", []string{"page_size", "1", "ids", "1,x"}, codeParameter, "ids", nil},
		"query with too many":      {"message/query", []string{"page_size", "1", "ids", "1,2,3"}, codeParameter, "ids", nil},
		"query of nothing":         {"message/query", []string{"page_size", "1", "ids", "2,3"}, codeNotFound, nil, nil},
		"session without id":       {"message_session/get", nil, codeParameter, "id", "required"},
		"session that is not":      {"message_session/get", []string{"id", "2"}, codeNotFound, nil, nil},
		"sessions without ids":     {"message_session/query", nil, codeParameter, "ids", "required"},
		"sessions that are not":    {"message_session/query", []string{"ids", "2,3"}, codeNotFound, nil, nil},
		"sessions with no numbers": {"message_session/query", []string{"ids", ","}, codeNotFound, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			before := p.server.Requests(c.endpoint)
			b := p.get(c.endpoint, c.params...)
			if b.code() != c.code {
				t.Errorf("%v", b)
			}
			if rows := b.rows("invalid_param_list"); c.field != nil && (len(rows) != 1 || rows[0]["field"] != c.field || rows[0]["validation_type"] != c.validation) {
				t.Errorf("%v", b)
			}
			if p.server.Requests(c.endpoint) != before+1 {
				t.Error("the request was not counted")
			}
		})
	}
}
