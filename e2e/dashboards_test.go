package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// drawn is what the tests look at of a panel of a dashboard.
type drawn struct {
	dashboard string
	Type      string `json:"type"`
	Title     string `json:"title"`
	Targets   []struct {
		RefID string `json:"refId"`
		Expr  string `json:"expr"`
	} `json:"targets"`
	Panels []drawn `json:"panels"`
}

// panels are those of all dashboards, with what Grafana puts into their queries where
// all is chosen.
func panels(t *testing.T) []drawn {
	t.Helper()
	files, err := filepath.Glob("../dashboards/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no dashboards: %v", err)
	}
	var list []drawn
	variable := regexp.MustCompile(`"\$(job|instance|target|channel|queue)"`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var d drawn
		if err := json.Unmarshal(text, &d); err != nil {
			t.Fatal(err)
		}
		for _, p := range d.Panels {
			for _, p := range append(p.Panels, p) {
				p.dashboard = filepath.Base(file)
				for i := range p.Targets {
					expr := strings.ReplaceAll(p.Targets[i].Expr, "$__rate_interval", "1m")
					p.Targets[i].Expr = variable.ReplaceAllString(expr, `".+"`)
				}
				list = append(list, p)
			}
		}
	}
	return list
}

// watch runs that Prometheus, which scrapes an address every second.
func watch(t *testing.T, prometheus, address string) (base string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	own := listener.Addr().String()
	listener.Close()
	settings := "global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n  - job_name: conversation\n    static_configs:\n      - targets: ['" +
		strings.TrimPrefix(strings.TrimSuffix(address, "/"), "http://") + "']\n"
	run(t, prometheus, "--config.file="+write(t, "prometheus.yml", settings), "--storage.tsdb.path="+t.TempDir(), "--web.listen-address="+own)
	return "http://" + own
}

// ask asks a Prometheus for the values of an expression now. A warning is an error.
func ask(base, expr string) (results []string, err error) {
	_, body, err := get(base + "/api/v1/query?query=" + url.QueryEscape(expr))
	if err != nil {
		return nil, err
	}
	var answer struct {
		Status, Error string
		Warnings      []string
		Data          struct {
			Result []struct {
				Value [2]any `json:"value"`
			} `json:"result"`
		} `json:"data"`
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		return nil, err
	}
	if answer.Status != "success" || len(answer.Warnings) > 0 {
		return nil, fmt.Errorf("%s %s", answer.Error, strings.Join(answer.Warnings, ", "))
	}
	for _, r := range answer.Data.Result {
		results = append(results, fmt.Sprint(r.Value[1]))
	}
	return results, nil
}

// maybeEmpty are the queries that need not return anything for a demo that has just
// begun, and why.
var maybeEmpty = map[string]string{
	"Windows lost, over 1 h":            "a window is lost only now and then",
	"Windows lost, by target, over 1 h": "a window is lost only now and then",
	"Not delivered, over 1 h":           "a delivery fails only now and then",
	"Longest in sending":                "a message is on its way for seconds",
	"Chats that the system will end":    "at night nobody may have a chat",
	"Sessions of those who are away":    "there may be nobody who went",
	"Windows that close next":           "at night everybody may be answered",
	"Next window closes in":             "at night everybody may be answered",
	"Longest wait, by queue":            "there may be nobody who waits in a queue",
	"Requests that failed":              "no request fails",
}

func TestEveryPanelHasData(t *testing.T) {
	demo := run(t, binary(t, "EXPORTER"), "--demo", "--collector.agents", "--web.listen-address=127.0.0.1:0")
	address := demo.expect(t, `Open (http://\S+/) in a browser`)
	titles := make(map[string]bool)
	for _, p := range panels(t) {
		titles[p.Title] = true
	}
	for title := range maybeEmpty {
		if !titles[title] {
			t.Errorf("there is no panel %q that may be empty", title)
		}
	}
	for _, pair := range pairs(t) {
		t.Run(pair.name, func(t *testing.T) {
			base := watch(t, pair.prometheus, address)
			for _, p := range panels(t) {
				for _, q := range p.Targets {
					eventually(t, fmt.Sprintf("%s: %q %s", p.dashboard, p.Title, q.RefID), func() error {
						results, err := ask(base, q.Expr)
						switch left := p.Type == "stat" && q.RefID == "B"; {
						case err != nil:
							return err
						case left && len(results) > 0:
							return fmt.Errorf("%v targets are not read", results)
						case !left && len(results) == 0 && maybeEmpty[p.Title] == "" && !emptyColumn(p, q.RefID):
							return errors.New("it returns nothing")
						}
						return nil
					})
				}
			}
		})
	}
}

// emptyColumn tells of the columns of a table that are empty while nobody waits.
func emptyColumn(p drawn, ref string) bool {
	return p.Title == "Queues now" && ref == "B" || p.Title == "Fleet" && ref == "G"
}

// While the PBX is down, and while the exporter is, each figure either is not there or
// has beside it, in red, that a target is not read.
func TestNoFigureIsCalmWhileTheSourceIsDown(t *testing.T) {
	simulator := run(t, binary(t, "SIMULATOR"), "--listen-address=127.0.0.1:0", "--still", "--sessions=50")
	simulator.expect(t, `msg="?(world is ready|serving)`)
	simulator.expect(t, `client_secret: (\S+)`)
	out := simulator.output()
	var lines []string
	for line := range strings.Lines(out[strings.Index(out, "targets:\n"):]) {
		if strings.HasPrefix(line, "targets:") || strings.HasPrefix(line, " ") {
			lines = append(lines, line)
		}
	}
	config := strings.Replace(all(strings.Join(lines, "")), "  demo:\n", "  demo:\n    min_interval: 0s\n", 1)
	exporter, address := startExporter(t, config)
	base := watch(t, binary(t, "PROMETHEUS"), address)
	figures := func(what, want string, wrong func(title string, a []string) bool) {
		for _, p := range panels(t) {
			if p.Type != "stat" {
				continue
			}
			eventually(t, fmt.Sprintf("%s: %q while %s", p.dashboard, p.Title, what), func() error {
				a, err := ask(base, p.Targets[0].Expr)
				if err != nil {
					return err
				}
				b, err := ask(base, p.Targets[1].Expr)
				if err == nil && (strings.Join(b, ",") != want || wrong(p.Title, a)) {
					err = fmt.Errorf("it is %q, and %q targets are not read", a, b)
				}
				return err
			})
		}
	}
	none := map[string]bool{"Next window closes in": true, "Agents present": true}
	figures("all is well", "", func(title string, a []string) bool { return len(a) == 0 && !none[title] })
	if err := simulator.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	// What was known of sessions is kept for a while, and shown beside the red.
	figures("the PBX is down", "1", func(title string, a []string) bool { return title == "Source" && strings.Join(a, "") != "0" })
	if err := exporter.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	figures("the exporter is down", "1", func(title string, a []string) bool { return title != "Source" && strings.Join(a, "") == "0" })
}
