package yeastar

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"conversation_exporter/conversation"
)

// checked runs a check and writes its findings as lines.
func checked(s *Source, groups ...string) string {
	var b strings.Builder
	for _, f := range s.Check(context.Background(), 5*time.Second, groups...) {
		fmt.Fprintf(&b, "%s|%s|%s|%s\n", f.What, f.Verdict, f.Meaning, f.Remedy)
	}
	return b.String()
}

// channels is a PBX that has these message channels and nothing else.
func channels(t *testing.T, rows string) *stub {
	t.Helper()
	return newStub(t, func(endpoint string, query url.Values) string {
		if endpoint == pathChannels && query.Get("time_range") == "today" && query.Get("page") == "1" && query.Get("page_size") != "" {
			return `{"errcode":0,"total_number":2,"list":[` + rows + `]}`
		}
		return `{"errcode":0}`
	})
}

func TestCheckTellsOfALapsedPlan(t *testing.T) {
	const good = `{"id":1,"name":"WhatsApp","status":"status_connect_succ"}`
	for rows, want := range map[string]string{
		good + "," + good: "message_channel/list|ok|2 message channels|\nclock",
		good + `,{"id":2,"name":"Hotline","status":"status_sub_invalid"}`: "message_channel/list|ok|2 message channels|\n" +
			"plan|failed|the subscription of the PBX does not cover the channel Hotline: nothing is sent or received there|renew the plan of the PBX; messaging needs Enterprise or Ultimate\nclock",
		good + `,{"id":2,"name":"Hotline","status":"status_connect_fail"}`: "message_channel/list|ok|2 message channels|\nchannels|note|not connected: Hotline|",
	} {
		if got := checked(channels(t, rows).source(t, nil), "channels"); !strings.Contains(got, want) {
			t.Errorf("findings = %s, want %s", got, want)
		}
	}
}

// One mistyped extension costs no more time than a call may take, and nothing is
// told of what was not read.
func TestCheckOfAListThatDoesNotEnd(t *testing.T) {
	const unknown = "viewers.extensions|not tried|whether extension 77 exists is not known, as the list was not read to its end: "
	for name, tc := range map[string]struct {
		total, rows int
		wait        time.Duration
		groups      string
		want        []string
	}{
		"slower than the time":    {15_000, directoryPage, 60 * time.Millisecond, "sessions", []string{"extension/list|ok|the PBX announces 15000 extensions|\n", unknown + "the time was over after "}},
		"longer than any list is": {2_000_000_000, directoryPage, 0, "sessions", []string{"extension/list|failed|the list has more than 20000 rows, which no PBX has|check that url is a P-Series PBX\n", "viewers.extensions|not tried|whether extension 77, 10001 exists is not known"}},
		"of nothing new":          {15_000, 0, 0, "sessions", []string{unknown + "the pages of the list do not add up"}},
		"of nothing at all":       {15_000, -1, 0, "agents", []string{"extension/list|failed|the pages of the list do not add up to what the PBX announces|"}},
		"to its end":              {300, directoryPage, 0, "sessions", []string{"extension/list|ok|the PBX announces 300 extensions|\n", "viewers.extensions|failed|the PBX does not list extension 77,"}},
		"without a total":         {0, directoryPage, 0, "sessions", []string{"extension/list|ok|100 extensions|\n", unknown + "the list has more than 20000 rows"}},
	} {
		t.Run(name, func(t *testing.T) {
			stub := newStub(t, func(endpoint string, query url.Values) string {
				if endpoint != pathExtensions {
					return `{"errcode":0}`
				}
				time.Sleep(tc.wait)
				var list []string
				var page int
				_, _ = fmt.Sscan(query.Get("page"), &page)
				for i := range directoryPage {
					if tc.rows >= 0 {
						list = append(list, fmt.Sprintf(`{"number":"%d"}`, 10_000+(page-1)*tc.rows+i))
					}
				}
				return fmt.Sprintf(`{"errcode":0,"total_number":%d,"list":[%s]}`, tc.total, strings.Join(list, ","))
			})
			s := stub.source(t, func(o *Options) { o.Viewers = Viewers{Extensions: []string{"77", "10001"}} })
			began := time.Now()
			var b strings.Builder
			for _, f := range s.Check(t.Context(), time.Second, tc.groups) {
				fmt.Fprintf(&b, "%s|%s|%s|%s\n", f.What, f.Verdict, f.Meaning, f.Remedy)
			}
			for _, want := range tc.want {
				if !strings.Contains(b.String(), want) {
					t.Errorf("got\n%s\nwant %s", b.String(), want)
				}
			}
			if took := time.Since(began); took > 4*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}

// Each endpoint is called that a group needs, and no other.
func TestCheckCallsWhatTheGroupsNeed(t *testing.T) {
	for groups, want := range map[string]string{
		"":                  "get_token system/information message_queue/list message_queue/query clock del_token",
		"sessions":          "get_token system/information message_queue/list message_queue/query message_session/search message_session/search clock del_token",
		"messages":          "get_token system/information message_queue/list message_queue/query message_session/search message_session/search message/query message/get clock del_token",
		"agents":            "get_token system/information message_queue/list message_queue/query extension/list message_session/search message_session/search clock del_token",
		"queues":            "get_token system/information message_queue/list message_queue/query extension/list message_session/search message_session/search clock del_token",
		"sessions messages": "get_token system/information message_queue/list message_queue/query message_session/search message_session/search message/query message/get clock del_token",
	} {
		p := newPBX(t)
		findings := p.source(t, nil).Check(context.Background(), 5*time.Second, strings.Fields(groups)...)
		var got []string
		for _, f := range findings {
			got = append(got, strings.Fields(f.What)[0])
			if f.Verdict != conversation.VerdictOK {
				t.Errorf("%q: %+v", groups, f)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: %s, want %s", groups, got, want)
		}
		if n := p.Yeastar.LiveTokens(); n != 0 {
			t.Errorf("%q: %d tokens were not given back", groups, n)
		}
	}
}

// A queue that nobody needs may be missing; so may be sessions.
func TestCheckOfAPBXWithoutQueues(t *testing.T) {
	s := newStub(t, func(endpoint string, _ url.Values) string {
		switch endpoint {
		case pathQueueList:
			return `{"errcode":10001}`
		case pathSearch, pathMessageGet, pathMessageQuery:
			return `{"errcode":60001}`
		default:
			return `{"errcode":0,"data":{"firmware_version":"84.20.0.1"}}`
		}
	})
	got := checked(s.source(t, func(o *Options) { o.Viewers = Viewers{API: true} }), "sessions", "messages")
	want := `get_token|ok||
system/information|ok|firmware 84.20.0.1|
message_queue/list|note|this PBX has no message queues, and nothing needs them|
message_session/search (the API)|ok|no open session|
message/query|ok|there is no session to read|
message/get|ok|there is no session to read|
clock|ok|it agrees with ours|
del_token|ok||
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	got = checked(s.source(t, nil), "sessions")
	if want := "message_session/search (extension 1001)|failed|the PBX does not know extension 1001|correct viewers.extensions\n"; !strings.Contains(got, want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// A second sign-in could be the one that gets the address blocked.
func TestCheckNeverSignsInAgain(t *testing.T) {
	p := newPBX(t)
	for _, endpoint := range []string{pathSystem, pathQueueList, pathSearch, pathMessageQuery} {
		p.Yeastar.ClearFaults()
		p.Yeastar.FailEndpoint(endpoint, codeTokenExpired)
		before := p.Yeastar.Requests(pathGetToken)
		got := checked(p.source(t, nil), "sessions", "messages")
		if n := p.Yeastar.Requests(pathGetToken) - before; n != 1 {
			t.Errorf("%s: %d sign-ins", endpoint, n)
		}
		if n := p.Yeastar.Requests(pathRefreshToken); n != 0 {
			t.Errorf("%s: the token was refreshed", endpoint)
		}
		if !strings.Contains(got, endpoint) || !strings.Contains(got, "not tried") {
			t.Errorf("%s: %s", endpoint, got)
		}
	}
}

// Where others have failed already, the check must not add to it.
func TestCheckDoesNotTryWhatCouldBlockTheAddress(t *testing.T) {
	p := newPBX(t)
	s := p.source(t, nil)
	g := &s.tokens.guard
	a, _ := g.signIns.of(g.where, g.who, start())
	for range failuresAllowed {
		a.failures = append(a.failures, start())
	}
	a.last, a.lastOf = credentialsError{pathGetToken, codeFailure}, g.who
	got := checked(s, "sessions")
	want := "get_token|not tried|signing in waits until 09:10:00 UTC: 4 sign-ins failed within 10 minutes, and after 5 the PBX blocks this address; " + waitsAlone + "; the last one: " + refusedText + " (errcode -1)|mend what failed, and check again after that time\nall other endpoints|not tried|nothing can be asked without a token|\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if n := p.Yeastar.Requests(pathGetToken); n != 0 {
		t.Errorf("%d sign-ins", n)
	}
}

func TestTheZoneOfThePBX(t *testing.T) {
	const epoch = 1_772_445_600 // 2026-03-02 10:00:00 UTC
	for local, want := range map[string]string{
		"2026-03-02 10:00:00":    "UTC+00:00",
		"2026-03-02 18:00:03":    "UTC+08:00",
		"2026/03/02 04:30:00":    "UTC-05:30",
		"03/02/2026 03:45:00 PM": "UTC+05:45",
		"03-03-2026 00:00:00":    "UTC+14:00",
		"02/03/2026 11:00:00":    "UTC+01:00",
		"2026-03-02 10:07:30":    "",
		"2026-03-04 10:00:00":    "",
		"soon":                   "",
		"":                       "",
	} {
		got := ""
		if zone, ok := zoneOf(local, epoch); ok {
			got = zoneName(zone)
		}
		if got != want {
			t.Errorf("%q: %q, want %q", local, got, want)
		}
	}
	if _, ok := zoneOf("2026-03-02 10:00:00", 0); ok {
		t.Error("a zone was told without an instant")
	}
}
