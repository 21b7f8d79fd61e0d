package yeastar

import (
	"encoding/json"
	"net/url"
	"os"
	"strings"
	"testing"

	"conversation_exporter/conversation"
)

func TestNumbers(t *testing.T) {
	for in, want := range map[string]int64{
		`7`: 7, `"7"`: 7, `-1`: -1, `"-1"`: -1, `null`: 0, `""`: 0, `" 8 "`: 8, `1.0`: 1, `1e3`: 1000,
		`24982205021378108`: 24982205021378108, `"9223372036854775807"`: 1<<63 - 1,
	} {
		var n number
		if err := json.Unmarshal([]byte(in), &n); err != nil || int64(n) != want {
			t.Errorf("%s: %d, %v; want %d", in, n, err, want)
		}
	}
	for _, in := range []string{`"canary"`, `true`, `[]`, `{}`, `1.5`, `"NaN"`, `"Inf"`, `1e300`, `"0x10"`} {
		var n number
		if err := json.Unmarshal([]byte(in), &n); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %d, error %v", in, n, err)
		}
	}
}

func TestTexts(t *testing.T) {
	for in, want := range map[string]string{`"whatsapp"`: "whatsapp", `null`: "", `1001`: "1001", `24982205021378108`: "24982205021378108", `"é\u0000"`: "é\x00"} {
		var s text
		if err := json.Unmarshal([]byte(in), &s); err != nil || string(s) != want {
			t.Errorf("%s: %q, %v; want %q", in, s, err, want)
		}
	}
	for _, in := range []string{`true`, `[]`, `{}`} {
		var s text
		if err := json.Unmarshal([]byte(in), &s); err == nil {
			t.Errorf("%s: %q, want an error", in, s)
		}
	}
}

// What is only for show may be anything; what is of another kind is untold, and
// costs neither its list nor its row. Ids, numbers and counts stay strict, and what
// is wrong with them is told by the name of the field.
func TestOneOddFieldDoesNotCostTheList(t *testing.T) {
	odd := ""
	s := newStub(t, func(endpoint string, _ url.Values) string {
		row := map[string]string{
			pathQueueList:  `{"id":3,"name":"Support"},{"id":4,"name":ODD}`,
			pathQueueQuery: `{"id":3,"assignment_mode":"auto","members":[]},{"id":4,"name":ODD,"assignment_mode":ODD,"members":[]}`,
			pathExtensions: `{"number":"1001","caller_id_name":"Kim","presence_status":"lunch"},{"number":"1002","caller_id_name":ODD,"presence_status":ODD,"online_status":ODD}`,
			pathChannels:   `{"id":1,"type":"sms","name":"Hotline","channel":"twilio","status":"status_connect_succ"},{"id":2,"type":ODD,"name":ODD,"channel":ODD,"status":ODD}`,
		}[endpoint]
		if endpoint == pathSystem {
			return `{"errcode":0,"data":{"firmware_version":` + odd + `,"system_time":` + odd + `}}`
		}
		return `{"errcode":0,"list":[` + strings.ReplaceAll(row, "ODD", odd) + `]}`
	})
	for _, odd = range []string{`false`, `{"canary":1}`, `["canary"]`, `[1,2]`, `null`} {
		src := s.source(t, nil)
		queues, err := src.Queues(t.Context())
		if err != nil || len(queues) != 2 || queues[0].Name != "Support" || queues[1].Name != "(queue 4)" || queues[1].Mode != "" {
			t.Errorf("%s: queues %+v, %v", odd, queues, err)
		}
		told, err := src.dir.loadExtensions(t.Context(), 0)
		if err != nil || len(told) != 2 || told[0] != (extension{"1001", "Kim", conversation.PresenceAway}) || told[1] != (extension{number: "1002"}) {
			t.Errorf("%s: extensions %+v, %v", odd, told, err)
		}
		channels, err := src.Channels(t.Context())
		if err != nil || len(channels) != 2 || channels[0].Provider != "twilio" || !channels[0].Up || channels[1] != (conversation.Channel{}) {
			t.Errorf("%s: channels %+v, %v", odd, channels, err)
		}
		if info, err := src.Info(t.Context()); err != nil || info.Version != "" {
			t.Errorf("%s: %+v, %v", odd, info, err)
		}
	}
	for field, body := range map[string]string{
		"list.id":              `{"errcode":0,"list":[{"id":"canary"}]}`,
		"data.sent":            `{"errcode":0,"data":[{"id":1,"sent":["canary"]}]}`,
		"total_number":         `{"errcode":0,"total_number":"canary"}`,
		"list.members.ext_num": `{"errcode":0,"list":[{"members":[{"ext_num":{"canary":1}}]}]}`,
		"list.number":          `{"errcode":0,"list":[{"number":true}]}`,
	} {
		src := newStub(t, func(string, url.Values) string { return body }).source(t, nil)
		_, err := src.Channels(t.Context())
		switch field {
		case "list.members.ext_num":
			_, err = src.Queues(t.Context())
		case "list.number":
			_, err = src.dir.allExtensions(t.Context())
		}
		if want := `the field "` + field + `" of the answer is not of the documented kind`; err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", body, err, want)
		}
	}
}

// The customer is not a field of ours, so nothing of him can leak.
func TestTheCustomerIsNotRead(t *testing.T) {
	body, err := os.ReadFile("testdata/message_session-search.vendor.json")
	must(t, err)
	var out rows[sessionRow]
	must(t, json.Unmarshal(body, &out))
	if len(out.all()) != 1 || out.all()[0].ID != 3069 || out.all()[0].Expire.n != 19751 {
		t.Fatalf("decoded %+v", out.all())
	}
	again, err := json.Marshal(out)
	must(t, err)
	for _, private := range []string{"24982205021378108", "William", "Smith", "ICPiaN3", "197745966764205"} {
		if strings.Contains(string(again), private) {
			t.Errorf("%q was kept: %s", private, again)
		}
	}
}

func FuzzSessionRows(f *testing.F) {
	body, err := os.ReadFile("testdata/message_session-search.vendor.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(body)
	f.Add([]byte(`{"errcode":"0","list":null}`))
	f.Add([]byte(`{"errcode":0,"data":[{"id":"1","expire":"","type":7,"last_msg_id":1e3}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var out rows[sessionRow]
		if json.Unmarshal(body, &out) != nil {
			return
		}
		for i := range out.all() {
			r, err := rowOf(&out.all()[i], start())
			if err != nil {
				continue
			}
			if r.id <= 0 || r.channel == "" || r.window.Has && r.window.End.Before(start()) {
				t.Errorf("%s: %+v", body, r)
			}
		}
	})
}
