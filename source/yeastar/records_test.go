package yeastar

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"conversation_exporter/conversation"
)

// decoded puts a record of the vendor's into conversation's words.
func decoded(t *testing.T, d decoder, body string) conversation.Record {
	t.Helper()
	var in msgRecord
	must(t, json.Unmarshal([]byte(body), &in))
	r, err := d.record(&in)
	must(t, err)
	return r
}

// bots and people are the two settings of api_destination.
func bots() decoder   { return decoder{automation: true} }
func people() decoder { return decoder{} }

func TestR9WhoSaysWhat(t *testing.T) {
	const customer, agent, api = conversation.SenderCustomer, conversation.SenderAgent, conversation.SenderAPI
	for _, tc := range []struct {
		sender string
		kind   conversation.Kind
		want   conversation.Sender
		// human is for the API's destination automation, humanAPI for agents.
		human, humanAPI bool
	}{
		{`{"user_type":1}`, conversation.KindMessage, agent, true, true},
		{`{"user_type":2}`, conversation.KindMessage, customer, false, false},
		{`{"user_type":3}`, conversation.KindMessage, customer, false, false},
		{`{"user_type":"4"}`, conversation.KindMessage, customer, false, false},
		{`{"user_type":5}`, conversation.KindMessage, customer, false, false},
		{`{"user_type":8}`, conversation.KindMessage, customer, false, false},
		{`{"user_type":9}`, conversation.KindMessage, api, false, true},
		// What is not documented starts and stops nothing.
		{`{"user_type":0}`, conversation.KindOther, "", false, false},
		{`{"user_type":6}`, conversation.KindOther, "", false, false},
		{`{"user_type":7}`, conversation.KindOther, "", false, false},
		{`{"user_type":-1}`, conversation.KindOther, "", false, false},
		{`{"user_type":"x"}`, conversation.KindOther, "", false, false},
		{`{"user_type":null}`, conversation.KindOther, "", false, false},
		{`{}`, conversation.KindOther, "", false, false},
		{`null`, conversation.KindOther, "", false, false},
		{`"canary"`, conversation.KindOther, "", false, false},
		{`[1]`, conversation.KindOther, "", false, false},
	} {
		body := `{"msg_id":7,"msg_type":0,"sender":` + tc.sender + `}`
		for human, d := range map[bool]decoder{tc.human: bots(), tc.humanAPI: people()} {
			if r := decoded(t, d, body); r.Kind != tc.kind || r.Sender != tc.want || r.Human != human {
				t.Errorf("sender %s, automation %t: %+v", tc.sender, d.automation, r)
			}
		}
	}
}

func TestR9OnlyType0IsAMessage(t *testing.T) {
	for msgType, want := range map[string]conversation.Kind{
		`0`: conversation.KindMessage, `"0"`: conversation.KindMessage, `0.0`: conversation.KindMessage,
		// An encoder that leaves out zeros leaves out this one.
		`null`: conversation.KindMessage, `""`: conversation.KindMessage,
		`1`: conversation.KindTransferred, `2`: conversation.KindClosed, `3`: conversation.KindClosed,
		`4`: conversation.KindOther, `5`: conversation.KindPickedUp, `6`: conversation.KindQueued, `7`: conversation.KindClosed,
		`8`: conversation.KindOther, `9`: conversation.KindOther, `-1`: conversation.KindOther, `1e300`: conversation.KindOther,
		`"canary"`: conversation.KindOther, `{}`: conversation.KindOther, `[0]`: conversation.KindOther, `true`: conversation.KindOther,
	} {
		r := decoded(t, bots(), `{"msg_id":7,"sender":{"user_type":3},"msg_kind":1,"delivery_status":2,"msg_type":`+msgType+`}`)
		if r.Kind != want {
			t.Errorf("msg_type %s is of kind %d, want %d", msgType, r.Kind, want)
		}
		if r.Kind != conversation.KindMessage && (r.Sender != "" || r.Human || r.Template || r.Delivery != conversation.DeliveryUntold || r.Failure != "") {
			t.Errorf("msg_type %s says something: %+v", msgType, r)
		}
	}
}

func TestR11WhyItWasClosed(t *testing.T) {
	for msgType, want := range map[int]conversation.CloseReason{
		2: conversation.ClosedByAgent, 3: conversation.ClosedByTimeout, 7: conversation.ClosedByCustomer, 5: "", 0: "",
	} {
		r := decoded(t, bots(), fmt.Sprintf(`{"msg_id":7,"msg_type":%d,"sender":{"user_type":5}}`, msgType))
		if r.Reason != want {
			t.Errorf("msg_type %d: reason %q, want %q", msgType, r.Reason, want)
		}
	}
}

// The shape of `param` is not documented, so each of these may be the one.
func TestR10WhereATransferLeads(t *testing.T) {
	for param, want := range map[string]conversation.Record{
		`""`:       {},
		`null`:     {},
		`"canary"`: {},
		`{}`:       {},
		`"{\"from\":{\"user_type\":9,\"user_no\":\"api\"},\"to\":{\"user_type\":1,\"user_no\":\"1001\"}}"`: {ByBot: true, To: conversation.ToAgent},
		`{"from":{"user_type":9},"to":{"user_type":1}}`:                                                    {ByBot: true, To: conversation.ToAgent},
		`"{\"source\":{\"type\":\"extension\"},\"destination\":{\"type\":\"api\"}}"`:                       {To: conversation.ToAPI},
		`{"source_type":"API","source_id":"","destination_type":"Extension","destination_id":"12"}`:        {ByBot: true, To: conversation.ToAgent},
		`{"srcUserType":9,"dstUserType":"1"}`:                                                              {ByBot: true, To: conversation.ToAgent},
		`{"old":{"userType":"1"},"new":{"userType":"9"}}`:                                                  {To: conversation.ToAPI},
		`{"oldOwner":{"type":9},"newOwner":{"type":9}}`:                                                    {ByBot: true, To: conversation.ToAPI},
		`{"transfer":{"from":"extension","to":"api"}}`:                                                     {To: conversation.ToAPI},
		`[{"from":"api"},{"to":"extension"}]`:                                                              {ByBot: true, To: conversation.ToAgent},
		`{"data":"{\"to\":\"{}\",\"target\":\"api\"}"}`:                                                    {To: conversation.ToAPI},
		`{"to":{"user_type":1,"type":"extension","channel_type":"sms","msg_type":9}}`:                      {To: conversation.ToAgent},
		// A queue is no end of a transfer of this type.
		`{"to":{"type":"queue"}}`: {},
		// Numbers of extensions and of queues are not types.
		`{"from":9,"to":1}`:     {},
		`{"from":"9","to":"1"}`: {},
		`{"from_id":9,"to_id":1,"new_session_id":9,"total":9,"token_type":9}`: {},
		// What is told twice and differently is not told.
		`[{"to":"api"},{"to":"extension"}]`:                                 {},
		`{"to":{"type":1,"user_type":9}}`:                                   {},
		`{"to":"api","dest":"api","from_to_type":"api"}`:                    {To: conversation.ToAPI},
		`{"from":{"user_type":7},"to":{"user_type":3}}`:                     {},
		`"{\"from\":{\"user_type\":9}"`:                                     {},
		`12`:                                                                {},
		`"` + strings.Repeat(`[`, 20) + `\"to\":\"api\""`:                   {},
		strings.Repeat(`[`, 20) + `{"to":"api"}` + strings.Repeat(`]`, 20):  {},
		`{"to":"api","more":"` + strings.Repeat("canary", 10_000) + `"}`:    {},
		`{"to":"canary-api","from":{"type":"canary"},"user_type":9,"a":{}}`: {},
	} {
		r := decoded(t, bots(), `{"msg_id":7,"msg_type":1,"sender":{"user_type":1},"param":`+param+`}`)
		if r.ByBot != want.ByBot || r.To != want.To || r.ToBot != (want.To == conversation.ToAPI) {
			t.Errorf("param %.100s: by a bot %t, to %q; want %t, %q", param, r.ByBot, r.To, want.ByBot, want.To)
		}
		if r := decoded(t, people(), `{"msg_id":7,"msg_type":1,"sender":{"user_type":9},"param":`+param+`}`); r.ByBot || r.ToBot || r.To != want.To {
			t.Errorf("param %.100s, where people write through the API: %+v", param, r)
		}
		queued := decoded(t, bots(), `{"msg_id":7,"msg_type":6,"sender":{"user_type":9},"param":`+param+`}`)
		if !queued.ByBot || queued.To != conversation.ToQueue {
			t.Errorf("param %.100s of a move into a queue: %+v", param, queued)
		}
	}
}

func TestR7DeliveryOfWhatIsOurs(t *testing.T) {
	const sending, sent, failed, untold = conversation.DeliverySending, conversation.DeliverySent, conversation.DeliveryFailed, conversation.DeliveryUntold
	for _, tc := range []struct {
		sender int
		fields string
		want   conversation.Record
	}{
		{1, `"delivery_status":0`, conversation.Record{Delivery: sending}},
		{9, `"delivery_status":"1"`, conversation.Record{Delivery: sent}},
		{1, `"delivery_status":2,"send_error":"msg_exceed"`, conversation.Record{Delivery: failed, Failure: "msg_exceed"}},
		{9, `"delivery_status":2,"send_error":"canary +4917000000"`, conversation.Record{Delivery: failed, Failure: "other"}},
		{9, `"delivery_status":2,"send_error":{"canary":1}`, conversation.Record{Delivery: failed, Failure: "other"}},
		{1, `"delivery_status":2,"send_error":""`, conversation.Record{Delivery: failed, Failure: "other"}},
		{1, `"delivery_status":2`, conversation.Record{Delivery: failed, Failure: "other"}},
		{1, `"delivery_status":1,"send_error":"msg_exceed"`, conversation.Record{Delivery: sent}},
		{1, `"delivery_status":0,"send_error":"msg_exceed"`, conversation.Record{Delivery: sending}},
		{1, `"delivery_status":3`, conversation.Record{Delivery: untold}},
		{1, `"delivery_status":-1`, conversation.Record{Delivery: untold}},
		{1, `"delivery_status":null`, conversation.Record{Delivery: untold}},
		{1, `"delivery_status":"x"`, conversation.Record{Delivery: untold}},
		{1, `"msg_kind":1`, conversation.Record{Template: true}},
		{9, `"msg_kind":"1"`, conversation.Record{Template: true}},
		{1, `"msg_kind":2`, conversation.Record{}},
		{3, `"delivery_status":0`, conversation.Record{Delivery: untold}},
		{3, `"delivery_status":2,"send_error":"msg_exceed"`, conversation.Record{Delivery: untold}},
	} {
		r := decoded(t, bots(), fmt.Sprintf(`{"msg_id":7,"sender":{"user_type":%d},%s}`, tc.sender, tc.fields))
		if r.Delivery != tc.want.Delivery || r.Failure != tc.want.Failure || r.Template != tc.want.Template {
			t.Errorf("sender %d, %s: %+v", tc.sender, tc.fields, r)
		}
	}
	for _, word := range sendErrors() {
		r := decoded(t, bots(), fmt.Sprintf(`{"msg_id":7,"sender":{"user_type":9},"delivery_status":2,"send_error":%q}`, word))
		if r.Failure != string(word) {
			t.Errorf("send_error %s is %q", word, r.Failure)
		}
	}
}

func TestR9WhenItHappened(t *testing.T) {
	at := func(s int64) time.Time { return time.Unix(s, 0) }
	for _, tc := range []struct {
		sender, msgType string
		send, receive   string
		want            time.Time
	}{
		{"3", "0", "100", "200", at(200)},
		{"3", "0", "100", "0", at(100)},
		{"3", "0", "100", "null", at(100)},
		{"1", "0", "100", "200", at(100)},
		{"9", "0", "0", "200", at(200)},
		{"1", "5", `"100"`, `"200"`, at(100)},
		{"5", "7", `""`, `"200"`, at(200)},
		{"3", "3", "100", "200", at(100)},
		{"3", "0", "0", "0", time.Time{}},
		{"3", "0", "-5", `"canary"`, time.Time{}},
		{"1", "0", "9223372036854775807", "0", at(253402300799)},
	} {
		body := fmt.Sprintf(`{"msg_id":7,"msg_type":%s,"sender":{"user_type":%s},"send_time":%s,"receive_time":%s}`, tc.msgType, tc.sender, tc.send, tc.receive)
		if r := decoded(t, bots(), body); !r.At.Equal(tc.want) {
			t.Errorf("%s: at %s, want %s", body, r.At, tc.want)
		}
		if r := decoded(t, decoder{skew: time.Minute}, body); !tc.want.IsZero() && !r.At.Equal(tc.want.Add(-time.Minute)) || tc.want.IsZero() && !r.At.IsZero() {
			t.Errorf("%s, the PBX a minute ahead: at %s, want a minute before %s", body, r.At, tc.want)
		}
	}
}

// A record without a time has a time at which it can have happened.
func TestR9ARecordWithoutATime(t *testing.T) {
	const readAt = 1000
	for name, tc := range map[string]struct{ told, want []int64 }{
		"takes that of the record before it":           {[]int64{100, 0, 0, 200, 0}, []int64{100, 100, 100, 200, 200}},
		"the first ones that of the record after them": {[]int64{0, 0, 300, 0}, []int64{300, 300, 300, 300}},
		"where none has one, that of the answer":       {[]int64{0, 0}, []int64{readAt, readAt}},
		"none at all":                                  {nil, nil},
	} {
		var records []conversation.Record
		for _, at := range tc.told {
			r := conversation.Record{}
			if at > 0 {
				r.At = time.Unix(at, 0)
			}
			records = append(records, r)
		}
		fillTimes(records, time.Unix(readAt, 0))
		var got []int64
		for _, r := range records {
			got = append(got, r.At.Unix())
		}
		if !slices.Equal(got, tc.want) {
			t.Errorf("%s: %v, want %v", name, got, tc.want)
		}
	}
}

func TestARecordWithoutAnIDIsAnError(t *testing.T) {
	for _, body := range []string{`{}`, `null`, `{"msg_id":0}`, `{"msg_id":-1}`, `{"msg_id":null}`, `{"msg_id":"canary"}`, `{"msg_id":{}}`, `{"msg_id":1.5}`} {
		var in msgRecord
		must(t, json.Unmarshal([]byte(body), &in))
		if r, err := bots().record(&in); !errors.Is(err, errNoRecordID) {
			t.Errorf("%s is %+v, %v", body, r, err)
		}
	}
}

// answerOf decodes an answer of message/get or message/query.
func answerOf(t *testing.T, body []byte) *threadsAnswer {
	t.Helper()
	var out threadsAnswer
	must(t, json.Unmarshal(body, &out))
	return &out
}

func TestTheAnswersOfBothEndpoints(t *testing.T) {
	body, err := os.ReadFile("testdata/message-get.json")
	must(t, err)
	out := answerOf(t, body)
	one := &thread{want: conversation.Want{Session: 412}}
	if len(out.all()) != 1 {
		t.Fatalf("%d threads", len(out.all()))
	}
	_, err = one.take(out.all()[0].Records, bots(), 0)
	must(t, err)
	at := func(s int64) time.Time { return time.Unix(1772440000+s, 0) }
	want := []conversation.Record{
		{ID: 9288, At: at(1870), Kind: conversation.KindMessage, Sender: conversation.SenderCustomer},
		{ID: 9290, At: at(1880), Kind: conversation.KindQueued, ByBot: true, To: conversation.ToQueue},
		{ID: 9299, At: at(1900), Kind: conversation.KindPickedUp},
		{ID: 9301, At: at(1940), Kind: conversation.KindMessage, Sender: conversation.SenderAgent, Human: true, Template: true, Delivery: conversation.DeliveryFailed, Failure: "exceeds_time_limit"},
		{ID: 9310, At: at(2000), Kind: conversation.KindClosed, Reason: conversation.ClosedByTimeout},
	}
	if !reflect.DeepEqual(one.records, want) {
		t.Errorf("message/get: %+v\nwant %+v", one.records, want)
	}
	if text := fmt.Sprintf("%+v", out); strings.Contains(strings.ToLower(text), "canary") {
		t.Errorf("a customer, an agent or a text is kept: %s", text)
	}

	body, err = os.ReadFile("testdata/message-query.json")
	must(t, err)
	lists, total := answerOf(t, body).bySession()
	if len(lists[412]) != 1 || len(lists[377])+len(lists[378])+len(lists[379]) != 0 || total != 1 {
		t.Errorf("message/query: %+v, %d in all", lists, total)
	}
}

func TestShapesOfAnAnswer(t *testing.T) {
	const rec = `{"session_id":5,"msg_id":7}`
	for body, want := range map[string]string{
		`{"errcode":0,"data":{"session_id":5,"records":[` + rec + `]}}`:                                            "map[5:1]",
		`{"errcode":0,"data":[{"session_id":5,"records":[` + rec + `]},{"session_id":"6","records":[]}]}`:          "map[5:1]",
		`{"errcode":0,"list":[{"session_id":5,"records":[` + rec + `,` + rec + `]}]}`:                              "map[5:2]",
		`{"errcode":0,"list":{"records":[` + rec + `]},"data":null}`:                                               "map[5:1]",
		`{"errcode":0,"data":[{"session_id":5,"records":[` + rec + `]},{"session_id":5,"records":[` + rec + `]}]}`: "map[5:2]",
		`{"errcode":0,"data":{}}`:                    "map[]",
		`{"errcode":0,"data":""}`:                    "map[]",
		`{"errcode":0,"data":[]}`:                    "map[]",
		`{"errcode":0}`:                              "map[]",
		`{"errcode":0,"data":[{"records":{ }}]}`:     "map[]",
		`{"errcode":0,"data":{"records":[{}]}}`:      "map[0:1]",
		`{"errcode":0,"data":[null,{"records":""}]}`: "map[]",
	} {
		lists, _ := answerOf(t, []byte(body)).bySession()
		got := make(map[int64]int)
		for session, rows := range lists {
			if len(rows) > 0 {
				got[session] = len(rows)
			}
		}
		if fmt.Sprint(got) != want {
			t.Errorf("%s: %v, want %s", body, got, want)
		}
	}
	for _, body := range []string{`{"data":"canary"}`, `{"data":7}`, `{"data":[7]}`, `{"data":{"records":{"canary":1}}}`, `{"data":{"records":["canary"]}}`} {
		if json.Unmarshal([]byte(body), new(threadsAnswer)) == nil {
			t.Errorf("%s is an answer", body)
		}
	}
}
