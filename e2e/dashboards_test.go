package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
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
					p.Targets[i].Expr = allChosen(p.Targets[i].Expr, "1m")
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
	own := freeAddress(t)
	settings := "global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n  - job_name: conversation\n    static_configs:\n      - targets: ['" +
		strings.TrimPrefix(strings.TrimSuffix(address, "/"), "http://") + "']\n"
	run(t, prometheus, "--config.file="+write(t, "prometheus.yml", settings), "--storage.tsdb.path="+t.TempDir(), "--web.listen-address="+own)
	return "http://" + own
}

// beside tells of the queries of a figure that count the targets which are not read, or not
// whole. Of all others one returns something: which one it is makes the colour.
func beside(ref string) bool { return ref == "B" || ref == "C" }

// figure asks for what a panel shows, and for what it says beside it.
func (p drawn) figure(base string) (shown, left []string, err error) {
	for _, q := range p.Targets {
		results, err := ask(base, q.Expr)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", q.RefID, err)
		}
		if beside(q.RefID) {
			left = append(left, results...)
		} else {
			shown = append(shown, results...)
		}
	}
	return shown, left, nil
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
	"Worst queues":                      "at night nobody may wait, and else in several queues",
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
				if p.Type == "stat" {
					eventually(t, fmt.Sprintf("%s: %q", p.dashboard, p.Title), func() error {
						shown, left, err := p.figure(base)
						if err == nil && (len(left) > 0 || len(shown) != 1 && maybeEmpty[p.Title] == "") {
							err = fmt.Errorf("it is %q, and beside it stands %q", shown, left)
						}
						return err
					})
					continue
				}
				for _, q := range p.Targets {
					eventually(t, fmt.Sprintf("%s: %q %s", p.dashboard, p.Title, q.RefID), func() error {
						results, err := ask(base, q.Expr)
						if err == nil && len(results) == 0 && maybeEmpty[p.Title] == "" && !emptyColumn(p, q.RefID) {
							err = errors.New("it returns nothing")
						}
						return err
					})
				}
			}
		})
	}
}

// emptyColumn tells of the columns of a table that are empty while nobody waits.
func emptyColumn(p drawn, ref string) bool {
	return p.Title == "Queues now" && (ref == "B" || ref == "I") || p.Title == "Fleet" && (ref == "G" || ref == "M")
}

// stillSystem runs a simulator in which nothing happens but that so many sessions are open, and
// returns the configuration by which the exporter reads it, with so many requests a second.
func stillSystem(t *testing.T, sessions, rate string) (simulator *process, config string) {
	t.Helper()
	simulator = run(t, binary(t, "SIMULATOR"), "--listen-address=127.0.0.1:0", "--still", "--sessions="+sessions)
	simulator.expect(t, `msg="?(world is ready|serving)`)
	simulator.expect(t, `client_secret: (\S+)`)
	out := simulator.output()
	var lines []string
	for line := range strings.Lines(out[strings.Index(out, "targets:\n"):]) {
		if strings.HasPrefix(line, "targets:") || strings.HasPrefix(line, " ") {
			lines = append(lines, line)
		}
	}
	return simulator, strings.Replace(all(strings.Join(lines, "")), "requests_per_second: 0\n", "requests_per_second: "+rate+"\n    min_interval: 0s\n", 1)
}

// While the PBX is down, and while the exporter is, no figure is a calm 0, and each has beside
// it, in red, that a target is not read. No table and no graph is a calm 0 either.
func TestNoFigureIsCalmWhileTheSourceIsDown(t *testing.T) {
	simulator, config := stillSystem(t, "50", "0")
	exporter, address := startExporter(t, config)
	base := watch(t, binary(t, "PROMETHEUS"), address)
	figures := func(what, want string, wrong func(title, shown string) bool) {
		for _, p := range panels(t) {
			if p.Type != "stat" {
				continue
			}
			eventually(t, fmt.Sprintf("%s: %q while %s", p.dashboard, p.Title, what), func() error {
				shown, left, err := p.figure(base)
				if err == nil && (strings.Join(left, ",") != want || wrong(p.Title, strings.Join(shown, ","))) {
					err = fmt.Errorf("it is %q, and %q targets are not read", shown, left)
				}
				return err
			})
		}
	}
	none := map[string]bool{"Next window closes in": true, "Agents present": true, "Worst queues": true}
	figures("all is well", "", func(title, shown string) bool { return shown == "" && !none[title] })
	if err := simulator.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	// What was known of sessions is kept for a while, and shown beside the red. A 0 is not.
	calm := func(title, shown string) bool { return (title == "Source") != (shown == "0") }
	figures("the PBX is down", "1", calm)
	quiet(t, base, "the PBX is down")
	if err := exporter.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	figures("the exporter is down", "1", calm)
	quiet(t, base, "the exporter is down")
}

// notCalm are the queries of tables and graphs whose 0 is no calm one.
var notCalm = map[string]string{
	"Targets B":                          "it is called DOWN",
	"Exporters B":                        "it is called NO",
	"Groups of metrics A":                "it is called NO",
	"Groups of metrics B":                "beside it stands that the group is not read",
	"Groups of metrics C":                "beside it stands that the group is not read",
	"Requests A":                         "it is what the exporter asks, and an endpoint may not be asked",
	"Faults of the exporter, over 1 h A": "it is about the exporter alone",
	"Faults of the exporter, over 1 h B": "it is about the exporter alone",
}

// quiet looks that no table and no graph has a 0 now but such.
func quiet(t *testing.T, base, what string) {
	t.Helper()
	for _, p := range panels(t) {
		for _, q := range p.Targets {
			name := p.Title + " " + q.RefID
			if p.Type == "stat" || notCalm[name] != "" {
				continue
			}
			eventually(t, fmt.Sprintf("%s: %q while %s", p.dashboard, name, what), func() error {
				results, err := ask(base, q.Expr)
				if err == nil && slices.Contains(results, "0") {
					err = fmt.Errorf("it is %q", results)
				}
				return err
			})
		}
	}
}

// While the first reading of many sessions goes on, the groups are read, and not whole: nobody who
// waits was found yet, and no figure says that nobody does.
func TestNoFigureIsCalmWhileTheFirstReadingGoesOn(t *testing.T) {
	_, config := stillSystem(t, "3000", "20")
	_, address := startExporter(t, config)
	base := watch(t, binary(t, "PROMETHEUS"), address)
	looked := make(map[string]bool)
	left := func() (string, error) {
		results, err := ask(base, `count(conversation_scrape_collector_partial == 1) + 0 * sum(conversation_scrape_collector_success{collector="messages"} == 1)`)
		return strings.Join(results, ","), err
	}
	eventually(t, "the first reading has begun", func() error {
		if n, err := left(); err != nil || n == "" {
			return fmt.Errorf("%q, %w", n, err)
		}
		return nil
	})
	for _, p := range panels(t) {
		if p.Type != "stat" {
			continue
		}
		before, err := left()
		shown, beside, figureErr := p.figure(base)
		after, afterErr := left()
		if err := errors.Join(err, figureErr, afterErr); err != nil {
			t.Fatal(err)
		}
		if before == "" || after == "" {
			break // It has ended.
		}
		looked[p.Title] = true
		if strings.Join(beside, ",") != "1" || slices.Contains(shown, "0") && p.Title != "Queues with no agent present" {
			t.Errorf("%s: %q is %q, and beside it stands %q", p.dashboard, p.Title, shown, beside)
		}
	}
	if len(looked) < 10 {
		t.Errorf("only %d figures were looked at before it ended", len(looked))
	}
}
