package yeastar

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"conversation_exporter/conversation"
)

// FuzzAnswers lets every kind of answer be decoded from anything at all.
func FuzzAnswers(f *testing.F) {
	body, err := os.ReadFile("testdata/message_session-search.vendor.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(body)
	for _, seed := range []string{
		`{"errcode":0,"access_token":"T","access_token_expire_time":"1800","refresh_token":null}`,
		`{"errcode":"","block_expire_time":1766000000,"invalid_param_list":[{"field":"page_size"}]}`,
		`{"errcode":0,"total_number":"2","data":[{"id":1,"name":7,"assignment_mode":null,"members":[{"ext_num":1001}]}]}`,
		`{"errcode":1,"list":null,"data":[{"number":"0044"}]}`,
		`{"errcode":0,"data":{"firmware_version":"84.20.0.130"}}`,
		`[]`, `null`, `{"list":[null]}`, `{"errcode":1e400}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, out := range []answer{new(rows[sessionRow]), new(rows[queueRow]), new(threadsAnswer), new(rows[extensionRow]), new(systemAnswer), new(tokenAnswer), new(envelope)} {
			if json.Unmarshal(body, out) != nil {
				continue
			}
			env := out.status()
			if !env.Errcode.told {
				continue
			}
			if failed := newCodeError(pathSearch, env); failed != nil && strings.ContainsAny(failed.Error(), "\n\x00") {
				t.Errorf("%q makes the error %q", body, failed)
			}
			if numbers, ok := out.(*rows[extensionRow]); ok {
				for _, row := range numbers.all() {
					if n := string(row.Number); extensionNumber(n) && (len(n) > 32 || strings.ContainsAny(n, " \n<>&")) {
						t.Errorf("%q passes for the number of an extension", n)
					}
				}
			}
		}
	})
}

// FuzzRecords lets records be made of anything at all.
func FuzzRecords(f *testing.F) {
	for _, name := range []string{"testdata/message-get.json", "testdata/message-query.json"} {
		body, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	for _, seed := range []string{
		`{"data":[{"session_id":"1","records":[{"msg_id":"7","msg_type":1,"sender":{"user_type":9},"param":"{\"from\":{\"type\":\"api\"},\"to\":{\"user_type\":1}}"}]}]}`,
		`{"data":{"records":[{"msg_id":1e3,"msg_type":"6","sender":null,"param":{"source_type":"api","dest":[{"type":9}]},"send_time":9e18}]}}`,
		`{"list":[{"session_id":1,"records":[{"msg_id":2,"sender":{"user_type":"1"},"delivery_status":"2","send_error":"msg_exceed","receive_time":-1}]}]}`,
		`{"data":{"records":{}}}`, `{"data":[null]}`, `{"data":{"records":[null]}}`, `{"data":[{"records":[{"msg_id":{},"param":[[[[]]]]}]}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var out threadsAnswer
		if json.Unmarshal(body, &out) != nil {
			return
		}
		lists, _ := out.bySession()
		for _, session := range slices.Sorted(maps.Keys(lists)) {
			rows := lists[session]
			for _, d := range []decoder{{automation: true}, {skew: time.Hour}} {
				one := &thread{want: conversation.Want{Session: session, Limit: 20}, readAt: time.Unix(1_772_000_000, 0)}
				if _, err := one.take(rows, d, 0); err != nil {
					continue
				}
				done := one.finish()
				if !slices.IsSortedFunc(done.Records, func(a, b conversation.Record) int { return int(min(max(a.ID-b.ID, -1), 1)) }) || len(done.Records) > 20 {
					t.Errorf("%q makes records that are out of order, or too many", body)
				}
				for i, r := range done.Records {
					if i > 0 && r.ID == done.Records[i-1].ID {
						t.Errorf("%q makes two records of one id", body)
					}
					checkRecord(t, r, d.automation)
				}
			}
		}
	})
}

// checkRecord holds a record against what every one keeps to.
func checkRecord(t *testing.T, r conversation.Record, automation bool) {
	t.Helper()
	message, moved := r.Kind == conversation.KindMessage, r.Kind == conversation.KindTransferred || r.Kind == conversation.KindQueued
	ours := r.Sender == conversation.SenderAgent || r.Sender == conversation.SenderAPI
	switch {
	case r.ID <= 0, r.At.IsZero(), r.At.Year() > 9999:
	case message != (r.Sender != ""), r.Human && !ours, r.Human && r.Sender == conversation.SenderAPI && automation:
	case r.ByBot && (!moved || !automation), r.To != conversation.ToUntold && !moved, r.Kind == conversation.KindQueued != (r.To == conversation.ToQueue):
	case r.Template && !message, r.Delivery != conversation.DeliveryUntold && !ours:
	case (r.Delivery == conversation.DeliveryFailed) != (r.Failure != ""), r.Kind == conversation.KindClosed != (r.Reason != ""):
	case r.Failure != "" && r.Failure != failureOther && !slices.Contains(sendErrors(), sendError(r.Failure)):
	default:
		return
	}
	t.Errorf("no such record can be: %+v", r)
}
