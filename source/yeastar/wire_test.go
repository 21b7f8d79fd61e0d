package yeastar

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
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
