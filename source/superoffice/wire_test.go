package superoffice

import (
	"encoding/json"
	"testing"
)

func TestQuirk05ALinkThatIsNullIsNone(t *testing.T) {
	for text, more := range map[string]bool{
		`{"odata.nextLink":null,"value":[]}`: false, `{"value":[]}`: false, `{"odata.nextLink":"","value":[]}`: false,
		`{"odata.nextLink":"https://host/next","value":[]}`: true, `[]`: false,
	} {
		var out listAnswer
		if err := json.Unmarshal([]byte(text), &out); err != nil || !out.whole || out.more != more {
			t.Errorf("%s is read as %+v, error %v", text, out, err)
		}
	}
}
