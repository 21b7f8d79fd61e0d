package superoffice

import (
	"encoding/json"
	"testing"
	"time"
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

func FuzzList(f *testing.F) {
	f.Add([]byte(`{"odata.metadata":"x","odata.nextLink":null,"value":[{"PrimaryKey":"4101","EntityName":"chat","chatSessionId":4101,"status":"Waiting","whenRequested":"2026-02-03T09:14:20","chatTopic/chatTopicId":3}]}`))
	f.Add([]byte(`{"value":[{"PrimaryKey":4101,"TableRight":{"Mask":1},"Column":{"chatSessionId":{"RawValue":4101},"status":{"RawValue":4,"DisplayValue":"Waiting"}}}]}`))
	f.Add([]byte(`[null,1,{"Column":[]},{"Column":null}]`))
	f.Fuzz(func(_ *testing.T, text []byte) {
		var out listAnswer
		if json.Unmarshal(text, &out) != nil {
			return
		}
		d := dates{zone: time.UTC, now: time.Unix(1_770_000_000, 0)}
		for i := range out.Rows {
			f := factsOf(&out.Rows[i].columns, d)
			_, _, _ = f.state(), f.sure(), f.awaiting()
		}
	})
}

func FuzzMessages(f *testing.F) {
	f.Add([]byte(`[{"ChatMessageId":958,"ChatSessionId":341,"Type":"Invalid","Message":"iure","Author":"non","ReadByCustomer":482,"SpecialType":"Block","SpecialParam":"odio","WhenPosted":"2016-07-21T14:13:48.4445574+02:00"}]`))
	f.Add([]byte(`[{"ChatMessageId":"1","Type":1,"SpecialType":16,"ReadByCustomer":true,"WhenPosted":"2036-02-03T07:55:01"}]`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var rows []messageRow
		if json.Unmarshal(text, &rows) != nil {
			return
		}
		records, err := recordsOf(rows, 341, dates{zone: time.UTC, now: time.Unix(1_770_000_000, 0)})
		for i := range records {
			if err != nil || records[i].At.IsZero() || i > 0 && records[i].ID <= records[i-1].ID {
				t.Errorf("record %d of %+v, error %v", i, records, err)
			}
		}
	})
}
