package superoffice

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"conversation_exporter/conversation"
)

// gather reads wants to the end.
func gather(t *testing.T, src *Source, wants ...conversation.Want) (map[int64]conversation.Thread, []error) {
	t.Helper()
	threads := make(map[int64]conversation.Thread)
	var errs []error
	for thread, err := range src.Messages(t.Context(), wants) {
		if err != nil {
			errs = append(errs, err)
			continue
		}
		threads[thread.Session] = thread
	}
	noCanary(t, threads, errs)
	return threads, errs
}

// message writes one message as the server does.
func message(id int, kind, special string, read int, posted string) string {
	return fmt.Sprintf(`{"ChatMessageId":%d,"ChatSessionId":1,"Type":"%s","Message":"canary","Author":"canary","ReadByCustomer":%d,"SpecialType":"%s","SpecialParam":"canary","WhenPosted":"%s"}`, id, kind, read, special, posted)
}

func TestTheVendorsSampleGoesTheWholeWay(t *testing.T) {
	text, err := os.ReadFile("testdata/ChatSession-Messages.vendor.json")
	must(t, err)
	s := newStub(t)
	s.chats = []chat{{id: 341, topic: 3, status: 5, messages: string(text)}}
	threads, errs := gather(t, s.source(t, nil), conversation.Want{Session: 341, Limit: 200})
	if len(errs) != 0 || len(threads[341].Records) != 1 || !threads[341].FromStart {
		t.Fatalf("told %+v, errors %v", threads, errs)
	}
	want := conversation.Record{ID: 958, At: time.Date(2016, time.July, 21, 12, 13, 48, 444557400, time.UTC)}
	if got := threads[341].Records[0]; got != want {
		t.Errorf("record %+v, want %+v", got, want)
	}
	// Its words are nobody's but the customer's and the agent's.
	if told := fmt.Sprintf("%+v", threads); strings.Contains(told, "iure") || strings.Contains(told, "odio") {
		t.Errorf("a word of the message shows in %s", told)
	}
	// Its odd number means read where anybody of ours has written, whatever the zone of
	// sessions is, and the answer joins on to what is known.
	s.do(func() {
		s.chats[0].messages = strings.NewReplacer(`"Invalid"`, `"ToCustomer"`, `"Block"`, `"None"`).Replace(string(text))
	})
	want.Kind, want.Sender, want.Human, want.ReadByCustomer = conversation.KindMessage, conversation.SenderAgent, true, conversation.ReceiptRead
	threads, errs = gather(t, s.source(t, func(o *Options) { o.TimeZone = oslo(t) }), conversation.Want{Session: 341, After: 958, Limit: 200})
	if got := threads[341]; len(errs) != 0 || len(got.Records) != 1 || got.Records[0] != want || got.FromStart || got.Skipped != 0 {
		t.Errorf("told %+v, errors %v", got, errs)
	}
}

func TestR15EachKindOfMessage(t *testing.T) {
	unread, isRead := conversation.ReceiptUnread, conversation.ReceiptRead
	posted := "2026-02-03T07:55:01"
	at := time.Date(2026, time.February, 3, 7, 55, 1, 0, time.UTC)
	for name, row := range map[string]struct {
		text string
		want conversation.Record
	}{
		"customer":               {message(1, "ToUser", "None", 1, posted), conversation.Record{Kind: conversation.KindMessage, Sender: conversation.SenderCustomer}},
		"customer by number":     {`{"ChatMessageId":"1","Type":2,"SpecialType":0,"WhenPosted":"2026-02-03T07:55:01Z"}`, conversation.Record{Kind: conversation.KindMessage, Sender: conversation.SenderCustomer}},
		"customer clicks":        {message(1, "ToUser", "ClickedOption", 0, posted), conversation.Record{Kind: conversation.KindMessage, Sender: conversation.SenderCustomer}},
		"agent":                  {message(1, "ToCustomer", "None", 0, posted), conversation.Record{Kind: conversation.KindMessage, Sender: conversation.SenderAgent, Human: true, ReadByCustomer: unread}},
		"agent, read oddly":      {message(1, "ToCustomer", "Url", 482, posted), conversation.Record{Kind: conversation.KindMessage, Sender: conversation.SenderAgent, Human: true, ReadByCustomer: isRead}},
		"read as a bool":         {`{"ChatMessageId":1,"Type":"ToCustomer","ReadByCustomer":false,"WhenPosted":"2026-02-03T07:55:01"}`, conversation.Record{Kind: conversation.KindMessage, Sender: conversation.SenderAgent, Human: true, ReadByCustomer: unread}},
		"read is not told":       {`{"ChatMessageId":1,"Type":"ToCustomer","ReadByCustomer":null,"WhenPosted":"2026-02-03T07:55:01"}`, conversation.Record{Kind: conversation.KindMessage, Sender: conversation.SenderAgent, Human: true}},
		"welcome":                {message(1, "ToCustomer", "Welcome", 1, posted), conversation.Record{ReadByCustomer: isRead}},
		"bot":                    {message(1, "ToCustomer", "BotMessage", 1, posted), conversation.Record{Kind: conversation.KindMessage, Sender: conversation.SenderBot, ReadByCustomer: isRead}},
		"options":                {message(1, "Special", "Options", 1, posted), conversation.Record{Kind: conversation.KindMessage, Sender: conversation.SenderBot}},
		"transferred, misspelt":  {message(1, "Special", "TransferedSession", 0, posted), conversation.Record{Kind: conversation.KindTransferred, To: conversation.ToAgent}},
		"closed by the agent":    {message(1, "Special", "ClosedByUser", 0, posted), conversation.Record{Kind: conversation.KindClosed, Reason: conversation.ClosedByAgent}},
		"closed by the customer": {message(1, "Special", "ClosedByCustomer", 0, posted), conversation.Record{Kind: conversation.KindClosed, Reason: conversation.ClosedByCustomer}},
		"closed by idleness":     {message(1, "3", "12", 0, posted), conversation.Record{Kind: conversation.KindClosed, Reason: conversation.ClosedByTimeout}},
		"reopened":               {message(1, "Special", "ReopenedByCustomer", 0, posted), conversation.Record{Kind: conversation.KindReopened}},
		"a type to come":         {message(1, "ToTheMoon", "None", 0, posted), conversation.Record{}},
		"a special to come":      {message(1, "ToCustomer", "Hologram", 0, posted), conversation.Record{ReadByCustomer: unread}},
		"in the future, so a bot's": {message(1, "ToCustomer", "None", 1, "2026-02-03T09:05:00"), conversation.Record{
			At: start(), Kind: conversation.KindMessage, Sender: conversation.SenderBot, ReadByCustomer: isRead,
		}},
		"a customer's in the future": {message(1, "ToUser", "None", 1, "2026-02-03T09:05:00"), conversation.Record{
			At: start().Add(5 * time.Minute), Kind: conversation.KindMessage, Sender: conversation.SenderCustomer,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStub(t)
			s.chats = []chat{{id: 1, status: 5, messages: "[" + row.text + "]"}}
			// The zone of sessions is not that of messages.
			threads, errs := gather(t, s.source(t, func(o *Options) { o.TimeZone = oslo(t) }), conversation.Want{Session: 1, Limit: 10})
			if len(errs) != 0 || len(threads[1].Records) != 1 {
				t.Fatalf("told %+v, errors %v", threads, errs)
			}
			want := row.want
			if want.ID = 1; want.At.IsZero() {
				want.At = at
			}
			if got := threads[1].Records[0]; got != want {
				t.Errorf("record %+v, want %+v", got, want)
			}
		})
	}
}

func TestMessagesComeInOrderEachOnceAndOfTheirSession(t *testing.T) {
	s := newStub(t)
	s.chats = []chat{{id: 1, status: 5, messages: "[" + strings.Join([]string{
		message(7, "ToUser", "None", 1, "2026-02-03T08:00:00"), message(5, "ToUser", "None", 1, ""), message(7, "ToUser", "None", 1, "2026-02-03T08:00:00"),
		message(6, "ToUser", "None", 1, "canary"), `{"ChatMessageId":4,"ChatSessionId":2}`, strings.Replace(message(8, "ToUser", "None", 1, "2026-02-03T08:00:00"), `"ChatSessionId":1`, `"ChatSessionId":2`, 1),
	}, ",") + "]"}}
	threads, errs := gather(t, s.source(t, nil), conversation.Want{Session: 1, Limit: 10})
	records := threads[1].Records
	if len(errs) != 0 || len(records) != 3 || records[0].ID != 5 || records[2].ID != 7 || records[0].At.Hour() != 8 || records[1].At.Hour() != 8 {
		t.Errorf("records %+v, errors %v", records, errs)
	}
}

func TestR30OnlyWhatIsNewIsAskedForAndJoinsOn(t *testing.T) {
	s := newStub(t)
	var after []string
	s.fail = func(r *http.Request) int {
		if strings.HasSuffix(r.URL.Path, "/Messages") {
			after = append(after, r.URL.RawQuery)
		}
		return 0
	}
	var all []string
	for id := 41; id <= 60; id++ {
		all = append(all, message(id, "ToUser", "None", 1, "2026-02-03T08:00:00"))
	}
	s.chats = []chat{{id: 1, status: 5, messages: "[" + strings.Join(all, ",") + "]"}}
	want := conversation.Want{Session: 1, After: 42, Limit: 5}
	threads, errs := gather(t, s.source(t, nil), want)
	if fmt.Sprint(after) != "[after=41]" || len(errs) != 0 {
		t.Errorf("asked %v, errors %v", after, errs)
	}
	if got := threads[1]; len(got.Records) != 5 || got.Skipped != 13 || got.FromStart {
		t.Errorf("at the limit: %d records, skipped %d, from the start %t", len(got.Records), got.Skipped, got.FromStart)
	}
	want.Limit = 500
	threads, _ = gather(t, s.source(t, nil), want)
	if got := threads[1]; !want.Reached(got.Records) || got.Skipped != 0 {
		t.Errorf("the gap is not closed: %d records, skipped %d", len(got.Records), got.Skipped)
	}
}

func TestAFailureOfOneSessionIsToldAndLeavesTheOthers(t *testing.T) {
	s := newStub(t)
	for id := range int64(20) {
		s.chats = append(s.chats, chat{id: 1 + id, status: 5})
	}
	s.fail = func(r *http.Request) int {
		if r.URL.Path == "/so/api/v1/ChatSession/7/Messages" || r.URL.Path == "/so/api/v1/ChatSession/8/Messages" {
			return http.StatusInternalServerError
		}
		return 0
	}
	wants := make([]conversation.Want, 0, 20)
	for id := range int64(20) {
		wants = append(wants, conversation.Want{Session: 1 + id})
	}
	threads, errs := gather(t, s.source(t, nil), wants...)
	var loss *conversation.LossError
	if len(threads) != 18 || len(errs) != 1 || !errors.As(errs[0], &loss) || loss.Of != "2 sessions" {
		t.Errorf("%d threads, errors %v", len(threads), errs)
	}
}

func TestMessagesAreNotReadOnWhenNobodyTakesThem(t *testing.T) {
	s := newStub(t)
	wants := make([]conversation.Want, 0, 50)
	for id := range int64(50) {
		s.chats = append(s.chats, chat{id: 1 + id, status: 5})
		wants = append(wants, conversation.Want{Session: 1 + id})
	}
	for range s.source(t, nil).Messages(t.Context(), wants) {
		break
	}
	if n := s.asked("GET ChatSession/"); n > 10 {
		t.Errorf("%d sessions were asked for", n)
	}
}
