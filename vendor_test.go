package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

// server is a PBX for tests of the whole path.
type server struct {
	*httptest.Server
	// reached is closed by the first request, release lets those that hang go on.
	reached chan struct{}
	release func()
}

// hangingServer accepts requests and answers none until it is released.
func hangingServer(t *testing.T) *server {
	t.Helper()
	s := &server{reached: make(chan struct{})}
	hang := make(chan struct{})
	var first sync.Once
	s.release = sync.OnceFunc(func() { close(hang) })
	s.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		first.Do(func() { close(s.reached) })
		select {
		case <-hang:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(func() { s.release(); s.Close() })
	return s
}

// checkMetrics lets promtool judge an exposition: it must find nothing.
func checkMetrics(t *testing.T, promtool, exposition string) {
	t.Helper()
	var own []string // The Go and process collectors of the library are not ours to name.
	for line := range strings.Lines(exposition) {
		if strings.Contains(line, "conversation_") {
			own = append(own, line)
		}
	}
	cmd := exec.CommandContext(t.Context(), promtool, "check", "metrics")
	cmd.Stdin = strings.NewReader(strings.Join(own, ""))
	if out, err := cmd.CombinedOutput(); err != nil || len(out) != 0 {
		t.Errorf("promtool check metrics: %v\n%s", err, out)
	}
}

// The example of the vendor's page "Search Specific Message Sessions" goes
// through everything: the answer of a PBX in, the text for Prometheus out.
func TestTheVendorsExample(t *testing.T) {
	example, err := os.ReadFile("source/yeastar/testdata/message_session-search.vendor.json")
	if err != nil {
		t.Fatal(err)
	}
	pbx := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch strings.TrimPrefix(r.URL.Path, "/openapi/v1.0/") {
		case "get_token":
			_, _ = w.Write([]byte(`{"errcode":0,"errmsg":"SUCCESS","access_token":"6Un1hR5FL8L2sP5IlM43ynnemjseR7EO","access_token_expire_time":1800,"refresh_token":"r","refresh_token_expire_time":86400}`))
		case "message_session/search":
			if q := r.URL.Query(); q.Get("user_no") == "59996" && q.Get("user_type") == "1" && q.Get("first_msg_id") == "" {
				_, _ = w.Write(example)
				return
			}
			_, _ = w.Write([]byte(`{"errcode":0,"errmsg":"SUCCESS","list":[]}`))
		case "system/information":
			_, _ = w.Write([]byte(`{"errcode":0,"data":{"firmware_version":"84.20.0.130"}}`))
		default:
			_, _ = w.Write([]byte(`{"errcode":0}`))
		}
	}))
	defer pbx.Close()
	config := "targets:\n  office:\n    collectors: [sessions]\n    yeastar:\n      url: " + pbx.URL +
		"\n      client_id: id\n      client_secret: canary-secret\n      viewers:\n        extensions: [59996]\n"
	p := start(t, "--config.file="+write(t, "office.yml", config))
	_, metrics := p.get(t, "/metrics")

	want := `conversation_api_requests_total{endpoint="del_token",target="office"} 0
conversation_api_requests_total{endpoint="extension/list",target="office"} 0
conversation_api_requests_total{endpoint="get_token",target="office"} 1
conversation_api_requests_total{endpoint="message/get",target="office"} 0
conversation_api_requests_total{endpoint="message/query",target="office"} 0
conversation_api_requests_total{endpoint="message_channel/list",target="office"} 0
conversation_api_requests_total{endpoint="message_queue/list",target="office"} 1
conversation_api_requests_total{endpoint="message_queue/query",target="office"} 0
conversation_api_requests_total{endpoint="message_session/search",target="office"} 2
conversation_api_requests_total{endpoint="refresh_token",target="office"} 0
conversation_api_requests_total{endpoint="system/information",target="office"} 1
conversation_open_sessions{channel="facebook",origin="regular",queue="(none)",state="archived",target="office"} 0
conversation_open_sessions{channel="facebook",origin="regular",queue="(none)",state="assigned",target="office"} 1
conversation_open_sessions{channel="facebook",origin="regular",queue="(none)",state="automated",target="office"} 0
conversation_open_sessions{channel="facebook",origin="regular",queue="(none)",state="queued",target="office"} 0
conversation_open_sessions{channel="facebook",origin="regular",queue="(none)",state="shared",target="office"} 0
conversation_reply_window_sessions{awaiting="unknown",channel="facebook",queue="(none)",remaining="15m_30m",target="office"} 0
conversation_reply_window_sessions{awaiting="unknown",channel="facebook",queue="(none)",remaining="1h_4h",target="office"} 0
conversation_reply_window_sessions{awaiting="unknown",channel="facebook",queue="(none)",remaining="30m_1h",target="office"} 0
conversation_reply_window_sessions{awaiting="unknown",channel="facebook",queue="(none)",remaining="expired",target="office"} 0
conversation_reply_window_sessions{awaiting="unknown",channel="facebook",queue="(none)",remaining="ge_4h",target="office"} 1
conversation_reply_window_sessions{awaiting="unknown",channel="facebook",queue="(none)",remaining="lt_15m",target="office"} 0
conversation_scrape_collector_partial{collector="sessions",target="office"} 0
conversation_scrape_collector_success{collector="sessions",target="office"} 1
conversation_scrape_collector_timeout{collector="sessions",target="office"} 0
conversation_scrape_folded_queues{target="office"} 0
conversation_target_info{system="yeastar",target="office",version="84.20.0.130"} 1
conversation_up{target="office"} 1
`
	var got strings.Builder
	for line := range strings.Lines(metrics) {
		// The others are instants and lengths of real time.
		timed := strings.Contains(line, "_seconds{") || strings.Contains(line, "_duration_seconds_")
		if strings.HasPrefix(line, "conversation_") && strings.Contains(line, `target="`) && !timed {
			got.WriteString(line)
		}
	}
	if got.String() != want {
		t.Errorf("got\n%s\nwant\n%s", got.String(), want)
	}
	_, page := p.get(t, "/")
	for _, private := range []string{"24982205021378108", "William", "Smith", "197745966764205", "6Un1hR5FL8L2", "canary"} {
		if strings.Contains(metrics+page+p.stderr.String(), private) {
			t.Errorf("%q of the vendor's example was shown", private)
		}
	}
}
