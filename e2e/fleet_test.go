package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// branch serves a small PBX, as fleets have them: two queues, three viewers, and
// 20 sessions of two messages each. It stands for as many as a test wants, since
// it knows nothing of who asks.
func branch(t testing.TB) (url string) {
	t.Helper()
	now := time.Now().Unix()
	var rows, threads []string
	for i := 1; i <= 20; i++ {
		rows = append(rows, fmt.Sprintf(`{"id":%d,"type":"whatsapp","is_close":0,"is_archived":0,"expire":%d,"collection":"regular","last_msg_id":%d,"queue_id":%d,"pickup_member_id":%d}`,
			i, 80000-i, 10*i+2, 1+i%2, 9*(i%3)))
		threads = append(threads, fmt.Sprintf(`{"session_id":%d,"records":[`+
			`{"session_id":%[1]d,"msg_id":%[2]d,"delivery_status":2,"sender":{"user_type":2},"msg_type":0,"send_time":%[3]d,"receive_time":%[3]d,"param":""},`+
			`{"session_id":%[1]d,"msg_id":%[4]d,"delivery_status":0,"sender":{"user_type":2},"msg_type":6,"send_time":%[3]d,"receive_time":%[3]d,"param":""}]}`,
			i, 10*i+1, now-int64(6400+i), 10*i+2))
	}
	slices.Reverse(rows)
	const queues = `[{"id":1,"name":"Sales","assignment_mode":"manual","members":[{"ext_num":"1001"}]},{"id":2,"name":"Support","assignment_mode":"manual","members":[{"ext_num":"1002"}]}]`
	answers := map[string]string{
		"get_token":              `"access_token":"T","access_token_expire_time":1800,"refresh_token":"R","refresh_token_expire_time":86400`,
		"message_session/search": `"list":[` + strings.Join(rows, ",") + `]`,
		"message_queue/list":     `"total_number":2,"list":` + queues,
		"message_queue/query":    `"total_number":2,"list":` + queues,
		"message/query":          `"data":[` + strings.Join(threads, ",") + `]`,
		"system/information":     `"data":{"firmware_version":"83.20.0.0"}`,
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		endpoint := strings.TrimPrefix(r.URL.Path, "/openapi/v1.0/")
		text := answers[endpoint]
		if q := r.URL.Query(); endpoint == "message_session/search" && (q.Get("first_msg_id") != "" || q.Get("is_close") == "1") {
			text = `"list":[]`
		}
		if text != "" {
			text = "," + text
		}
		_, _ = w.Write([]byte(`{"errcode":0,"errmsg":"SUCCESS"` + text + `}`))
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// branches are the targets of a fleet whose PBXes are all at one address. more
// is added to each.
func branches(url string, n int, more string) string {
	var b strings.Builder
	b.WriteString("targets:\n")
	for i := range n {
		fmt.Fprintf(&b, "  branch-%03d:\n    requests_per_second: 0\n    min_interval: 0s\n%s    yeastar:\n      url: %s\n      client_id: id-%d\n      client_secret: canary-secret\n", i, more, url, i)
	}
	return b.String()
}

// startFleet runs the exporter on a file that a test may change.
func startFleet(t testing.TB, config string, args ...string) (p *process, address, file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "fleet.yml")
	rewrite(t, file, config)
	p = run(t, binary(t, "EXPORTER"), append([]string{"--web.listen-address=127.0.0.1:0", "--config.file=" + file}, args...)...)
	return p, "http://" + p.expect(t, `msg="Listening on" address=(\S+)`), file
}

func rewrite(t testing.TB, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// reload asks the exporter to read its configuration anew.
func reload(t testing.TB, address string) {
	t.Helper()
	resp, err := http.Post(address+"/-/reload", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("the reload: %d %s, %v", resp.StatusCode, text, err)
	}
}

// A real Prometheus finds the fleet by /sd, with one scrape job and no rewriting:
// each target has an up of its own, and one that a reload adds comes by itself.
func TestARealPrometheusFindsAFleet(t *testing.T) {
	url := branch(t)
	p, address, file := startFleet(t, branches(url, 5, ""), "--no-web.metrics-targets")
	own := freeAddress(t)
	settings := "global:\n  scrape_interval: 1s\n  scrape_timeout: 1s\nscrape_configs:\n" +
		"  - job_name: conversation\n    http_sd_configs:\n      - url: " + address + "/sd\n        refresh_interval: 1s\n" +
		"  - job_name: exporter\n    static_configs:\n      - targets: ['" + strings.TrimPrefix(address, "http://") + "']\n"
	run(t, binary(t, "PROMETHEUS"), "--config.file="+write(t, "prometheus.yml", settings), "--storage.tsdb.path="+t.TempDir(), "--web.listen-address="+own)
	expect := func(queries map[string]string) {
		t.Helper()
		for query, want := range queries {
			eventually(t, query, func() error {
				got, err := instant("http://"+own, query)
				if err == nil && got != want {
					err = fmt.Errorf("it is %q, want %s", got, want)
				}
				return err
			})
		}
	}
	expect(map[string]string{
		`count(up{job="conversation"} == 1)`:                                                         "5",
		`up{job="conversation",instance="branch-003"}`:                                               "1",
		`conversation_up{job="conversation",instance="branch-003",target="branch-003"}`:              "1",
		`count(conversation_up{job="conversation"} == 1)`:                                            "5",
		`sum(conversation_open_sessions{job="conversation"})`:                                        "100",
		`count(conversation_scrape_collector_success{job="conversation",collector="messages"} == 1)`: "5",
		`up{job="exporter"}`:                                  "1",
		`count(conversation_exporter_build_info)`:             "1",
		`count(go_goroutines)`:                                "1",
		`conversation_exporter_config_last_reload_successful`: "1",
		`count(count by (instance) (conversation_api_requests_total{job="conversation"}))`:        "5",
		`count(conversation_up{job="exporter"}) or vector(0)`:                                     "0",
		`time() - conversation_exporter_config_last_reload_success_timestamp_seconds < bool 3600`: "1",
		`count(label_replace(conversation_up, "instance", "$1", "target", "(.*)") == 1)`:          "5",
	})
	rewrite(t, file, branches(url, 6, ""))
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	expect(map[string]string{`conversation_up{instance="branch-005"}`: "1", `count(up{job="conversation"} == 1)`: "6"})
	if code := p.terminate(t); code != 0 {
		t.Errorf("exit code %d: %s", code, p.output())
	}
	if strings.Contains(p.output(), "level=error") || strings.Contains(p.output(), "canary") {
		t.Errorf("the log is: %s", p.output())
	}
}

// What /sd answers is what Prometheus documents: a list, by HTTP and as JSON.
func TestDiscoveryIsWellFormed(t *testing.T) {
	_, address, _ := startFleet(t, branches(branch(t), 2, ""), "--web.external-url=https://monitor.example.com/chat")
	var list []struct {
		Targets []string
		Labels  map[string]string
	}
	if err := json.Unmarshal([]byte(mustGet(t, address+"/sd")), &list); err != nil || len(list) != 2 {
		t.Fatalf("%v, %v", list, err)
	}
	want := map[string]string{"__scheme__": "https", "__metrics_path__": "/chat/probe", "__param_target": "branch-001", "instance": "branch-001"}
	if got := list[1]; !slices.Equal(got.Targets, []string{"monitor.example.com"}) || fmt.Sprint(got.Labels) != fmt.Sprint(want) {
		t.Errorf("got %v", got)
	}
}
