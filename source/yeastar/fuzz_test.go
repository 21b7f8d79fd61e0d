package yeastar

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
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
		for _, out := range []answer{new(rows[sessionRow]), new(rows[queueRow]), new(rows[extensionRow]), new(systemAnswer), new(tokenAnswer), new(envelope)} {
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
