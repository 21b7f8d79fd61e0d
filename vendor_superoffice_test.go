package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"
)

// crm answers as a SuperOffice with one chat, 341, whose customer is owed an answer. Its
// messages are as given; the archive Dynamic is not allowed.
func crm(messages []byte) http.HandlerFunc {
	ago := func(d time.Duration) string { return time.Now().UTC().Add(-d).Format("2006-01-02T15:04:05") }
	cell := func(name, raw string) string {
		return fmt.Sprintf(`"%s":{"RawValue":%s,"DisplayValue":"canary"}`, name, raw)
	}
	return func(w http.ResponseWriter, r *http.Request) {
		var answer string
		switch path := strings.TrimPrefix(r.URL.Path, "/SuperOffice/api/v1/"); path {
		case "MDOList/chatchannel":
			answer = `[{"Id":3,"Name":"Support"}]`
		case "ChatTopic/3":
			answer = `{"ChatTopicId":3,"Name":"Support","WarnNewChatMinutes":5}`
		case "ChatTopic/3/IsOpen":
			answer = `true`
		case "Agents/Chat/GetChatPresence":
			answer = `[{"UserId":67,"DisplayName":"canary","Present":true,"ChatTopics":[3]}]`
		case "ChatSession":
			rows := ""
			if q := r.URL.Query(); strings.Contains(q.Get("$filter"), "5") && strings.Contains(q.Get("$filter"), "gt 0") {
				rows = `{"PrimaryKey":341,"EntityName":"chat","Column":{` + strings.Join([]string{
					cell("chatSessionId", "341"), cell("status", "5"), cell("whenRequested", `"`+ago(20*time.Minute)+`"`), cell("whenStarted", `"`+ago(19*time.Minute)+`"`),
					cell("whenEnded", `"0001-01-01T00:00:00"`), cell("chatTopic/chatTopicId", "3"), cell("chatTopic/name", `"Support"`),
				}, ",") + `}}`
			}
			answer = `{"odata.nextLink":null,"value":[` + rows + `]}`
		case "ChatSession/341":
			answer = `{"ChatSessionId":341,"TopicId":3,"Status":"CustomerLast","WhenRequested":"` + ago(20*time.Minute) + `","WhenStarted":"` + ago(19*time.Minute) +
				`","WhenIdle":"` + ago(2*time.Minute) + `","WhenFetched":"` + ago(time.Second) + `","ChatbotIsActive":false,"TransferTo":null,"User":{"EjUserId":67}}`
		case "ChatSession/341/Messages":
			_, _ = w.Write(messages)
			return
		default:
			http.Error(w, "", http.StatusForbidden)
			return
		}
		_, _ = w.Write([]byte(answer))
	}
}

// The example of the vendor's page "GET ChatSession/{id}/Messages" goes through
// everything: the answer of a CRM in, the text for Prometheus out. Its type "Invalid" is
// nobody's message; were it one, its number for ReadByCustomer would mean that it is read.
func TestTheVendorsChat(t *testing.T) {
	example, err := os.ReadFile("source/superoffice/testdata/ChatSession-Messages.vendor.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		messages []byte
		want     map[string]string
	}{
		"as it is": {example, map[string]string{
			// The notice is old, so he waits since he asked: twenty minutes.
			`unanswered_sessions{age="15m_1h",channel="chat",queue="Support",state="assigned",target="desk"}`: "1",
			`customer_unread_messages{channel="chat",queue="Support",target="desk"}`:                          "0", `unread_messages{channel="chat",queue="Support",target="desk"}`: "0",
			`scrape_pending_sessions{target="desk"}`: "0",
		}},
		"from an agent": {bytes.Replace(bytes.Replace(example, []byte(`"Invalid"`), []byte(`"ToCustomer"`), 1), []byte(`"Block"`), []byte(`"None"`), 1), map[string]string{
			// That is an answer, so nobody knows since when he waits.
			`unanswered_sessions{age="15m_1h",channel="chat",queue="Support",state="assigned",target="desk"}`: "",
			`scrape_pending_sessions{target="desk"}`:                                                          "1", `customer_unread_messages{channel="chat",queue="Support",target="desk"}`: "",
		}},
		"from the customer": {bytes.Replace(example, []byte(`"Invalid"`), []byte(`"ToUser"`), 1), map[string]string{
			`unanswered_oldest_timestamp_seconds{channel="chat",queue="Support",state="assigned",target="desk"}`: "1.469103228e+09",
			`last_inbound_message_timestamp_seconds{channel="chat",target="desk"}`:                               "1.469103228e+09",
			`unread_messages{channel="chat",queue="Support",target="desk"}`:                                      "1",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(crm(tc.messages))
			defer server.Close()
			config := "targets:\n  desk:\n    superoffice:\n      url: " + server.URL + "/SuperOffice\n      time_zone: UTC\n      idle_timeout: 20m\n" +
				"      basic_auth: { username: canary-user, password: canary-password }\n"
			p := start(t, "--config.file="+write(t, "desk.yml", config))
			_, metrics := p.get(t, "/metrics")
			tc.want[`scrape_collector_success{collector="messages",target="desk"}`] = "1"
			tc.want[`messages_total{channel="chat",sender="agent",target="desk"}`] = "0" // It is from before we looked.
			tc.want[`queue_open{queue="Support",target="desk"}`] = "1"
			tc.want[`open_sessions{channel="chat",origin="regular",queue="Support",state="assigned",target="desk"}`] = "1"
			for series, want := range tc.want {
				_, value, _ := strings.Cut(metrics, "\nconversation_"+series+" ")
				if got, _, _ := strings.Cut(value, "\n"); got != want {
					t.Errorf("%s is %q, want %q", series, got, want)
				}
			}
			_, page := p.get(t, "/")
			for _, private := range []string{"iure", "odio", "canary"} {
				if strings.Contains(metrics+page+p.stderr.String(), private) {
					t.Errorf("%q of the vendor's example was shown", private)
				}
			}
			if t.Failed() {
				t.Log(metrics, p.stderr.String())
			}
		})
	}
}
