package yeastar

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// BenchmarkRecords decodes an answer of fifty sessions with twenty records each.
func BenchmarkRecords(b *testing.B) {
	var threads []string
	for session := range 50 {
		var rows []string
		for i := range 20 {
			rows = append(rows, fmt.Sprintf(`{"session_id":%d,"msg_id":%d,"delivery_status":1,"sender":{"user_id":0,"user_no":"+4917000000","user_type":3,"avatar":"ICPiaN3BIrvKHTJkl1snmhh9H4ZcbQYTdz8OTBOVN_4","username":"Kim L."},"msg_type":0,"msg_kind":0,"msg_body":"When will my order arrive? It was promised for Friday, and now it is Monday.","msg_files":"","send_time":1766000000,"receive_time":1766000001,"param":"","send_error":"","send_error_msg":"","tag":"","whatsapp_msg_param":""}`, session+1, session*20+i+1))
		}
		threads = append(threads, fmt.Sprintf(`{"session_id":%d,"records":[%s]}`, session+1, strings.Join(rows, ",")))
	}
	body := []byte(`{"errcode":0,"errmsg":"SUCCESS","data":[` + strings.Join(threads, ",") + `]}`)
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		var out threadsAnswer
		if err := json.Unmarshal(body, &out); err != nil {
			b.Fatal(err)
		}
		if _, total := out.bySession(); total != 1000 {
			b.Fatal(total)
		}
	}
}
