package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// now is when the scenes are looked at, in seconds of their time: the 27 hours before are
// known of them. The last scrape was some seconds ago, as it is with everybody.
const now = 27*3600 + 20

// promtoolValues writes the values of a series for promtool: "5" all the time, "-300s" and "+60s"
// for a time that long before or after now, "0 4 since 10m" for a counter that has grown,
// and any of them "until 60m" for what has ended so many minutes ago.
func promtoolValues(t *testing.T, text string) string {
	t.Helper()
	const minutes = now / 60
	text, until, ends := strings.Cut(text, " until ")
	last := minutes
	number := func(s, unit string) int {
		n, err := strconv.Atoi(strings.TrimSuffix(s, unit))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if ends {
		last = minutes - number(until, "m")
	}
	var written string
	switch words := strings.Fields(text); {
	case len(words) == 4:
		since := minutes - number(words[3], "m")
		written = fmt.Sprintf("%sx%d %sx%d", words[0], since-1, words[1], last-since)
	case strings.HasSuffix(text, "s"):
		written = fmt.Sprintf("%dx%d", now+number(text, "s"), last)
	default:
		written = fmt.Sprintf("%sx%d", text, last)
	}
	if ends {
		written += " stale"
	}
	return written
}

// figureTests are those of one scene, for promtool: what is known, each query, and what it
// returns there.
type figureTests struct {
	b      strings.Builder
	count  int
	target string
	asked  map[string]bool // in this scene
}

func (ts *figureTests) scene(t *testing.T, w scene) {
	t.Helper()
	ts.target, ts.asked = w.target, make(map[string]bool)
	ts.b.WriteString("  - name: " + strconv.Quote(w.name) + "\n    interval: 1m\n    input_series:\n")
	series := w.series()
	for _, name := range slices.Sorted(maps.Keys(series)) {
		fmt.Fprintf(&ts.b, "      - {series: '%s', values: '%s'}\n", name, promtoolValues(t, series[name]))
	}
	ts.b.WriteString("    promql_expr_test:\n")
}

// oneLine is a query without its line breaks.
func oneLine(expr string) string { return strings.Join(strings.Fields(expr), " ") }

// query adds a query to those of a scene, if there is one, and returns it as promtool writes it
// where it returns something else.
func (ts *figureTests) query(expr string, want map[string]float64) string {
	ts.count++
	if ts.target != "" {
		expr = strings.ReplaceAll(expr, `"$target"`, strconv.Quote(ts.target))
	}
	expr = strconv.Quote(oneLine(inserted(expr)))
	var samples []string
	for _, labels := range slices.Sorted(maps.Keys(want)) {
		samples = append(samples, fmt.Sprintf("{labels: '{%s}', value: %v}", labels, want[labels]))
	}
	test := fmt.Sprintf("      - expr: %s\n        eval_time: %ds\n        exp_samples: [%s]\n", expr, now, strings.Join(samples, ", "))
	// What the dashboards have in common is asked once.
	if ts.asked != nil && !ts.asked[test] {
		ts.asked[test] = true
		ts.b.WriteString(test)
	}
	return expr
}

// figuresTests writes the tests of the figures in all scenes, of each query as it is or, if
// there is a change, of what it makes of it. What can never be shown as it should is told
// at once.
func figuresTests(t *testing.T, figures, columns []figure, change func(expr string) []string) (ts *figureTests, problems []string) {
	t.Helper()
	ts = &figureTests{}
	for _, w := range scenes() {
		ts.scene(t, w)
		for i, f := range slices.Concat(figures, columns) {
			shown := w.column(f.title)
			if i < len(figures) {
				shown = map[string][]string{"": w.figure(f.title)}
			}
			values, err := f.want(shown)
			if err != nil {
				problems = append(problems, w.name+": "+err.Error())
			}
			for _, ref := range slices.Sorted(maps.Keys(f.queries)) {
				for _, expr := range change(f.queries[ref]) {
					ts.query(expr, values[ref])
				}
			}
		}
	}
	return ts, problems
}

func asItIs(expr string) []string { return []string{expr} }

// run lets promtool run the tests, and returns what it says.
func (ts *figureTests) run(t *testing.T, head string) (string, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "figures.yml")
	if err := os.WriteFile(file, []byte(head+"evaluation_interval: 1h\ntests:\n"+ts.b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return promtool(t, "test", "rules", file)
}

// Of each figure and of each column of the fleet, the words, the colour and the number are
// those of the scene that it is asked about: the queries come from the dashboards, and
// Prometheus's own engine answers them.
func TestFiguresMeanWhatTheySay(t *testing.T) {
	figures, columns := readFigures(t)
	titles := make(map[string]bool)
	for _, f := range slices.Concat(figures, columns) {
		titles[f.title] = true
	}
	for title := range wellFigures() {
		if !titles[title] {
			t.Errorf("no dashboard has the figure %q", title)
		}
	}
	ts, problems := figuresTests(t, figures, columns, asItIs)
	if problems != nil {
		t.Fatal(strings.Join(problems, "\n"))
	}
	if ts.count < 1000 {
		t.Fatalf("only %d queries", ts.count)
	}
	if out, err := ts.run(t, ""); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// lookBack are the alerts on customers that the column state does not follow, each as the
// description of the table calls it. A window that is lost has a column of its own; slow replies
// are of the last hour, and nobody need be waiting now; the other two are about last week, which
// the figures do not know.
var lookBack = map[string]string{
	"ConversationWindowLost":    "windows lost",
	"ConversationSlowReplies":   "slow replies",
	"ConversationBacklog":       "a backlog",
	"ConversationChannelSilent": "a silent channel",
}

// A target of the fleet is to be seen to (act soon, act now) in the very moments in which an
// alert on its customers holds. Each of these alerts holds in a scene of its own.
func TestTheStateOfATargetFollowsTheAlerts(t *testing.T) {
	follows := make(map[string]string)
	customers := regexp.MustCompile(`\bconversation_[a-z_]+`)
	health := regexp.MustCompile(`^conversation_(up|read|scrape_.*|exporter_.*)$`)
	for _, r := range readRules(t) {
		about := slices.ContainsFunc(customers.FindAllString(r.Expr, -1), func(name string) bool { return !health.MatchString(name) })
		if r.Alert == "" || !about || lookBack[r.Alert] != "" {
			continue
		}
		if follows[r.Alert] != "" {
			follows[r.Alert] += " or "
		}
		follows[r.Alert] += "(" + r.Expr + ")"
	}
	said := ""
	for _, d := range readDashboards(t) {
		for _, p := range d.all() {
			if p.Title == "Fleet" {
				said = p.Description
			}
		}
	}
	for alert, called := range lookBack {
		if !strings.Contains(said, called) {
			t.Errorf("the description of the fleet does not say that its state leaves out %s", called)
		}
		if !slices.ContainsFunc(readRules(t), func(r rule) bool { return r.Alert == alert }) {
			t.Errorf("there is no alert %s", alert)
		}
	}
	ts := &figureTests{}
	alone := make(map[string]bool)
	for _, w := range scenes() {
		if w.target != "" {
			continue // An alert knows of no choice.
		}
		ts.scene(t, w)
		holds := make(map[string]map[string]float64)
		for _, row := range w.rows() {
			alerts := strings.Fields(row.alerts)
			if state := row.columns["state"]; strings.HasPrefix(state, "act ") != (len(alerts) > 0) && !strings.HasPrefix(state, "not read") {
				t.Errorf("%s: %s is %q, and the alerts are %q", w.name, row.labels, state, alerts)
			}
			for _, alert := range alerts {
				if holds[alert] == nil {
					holds[alert] = make(map[string]float64)
				}
				holds[alert][row.labels] = 1
				alone[alert] = alone[alert] || len(alerts) == 1
			}
		}
		for _, alert := range slices.Sorted(maps.Keys(follows)) {
			ts.query("group by (job, instance, target) ("+follows[alert]+")", holds[alert])
		}
	}
	for alert := range follows {
		if !alone[alert] {
			t.Errorf("the state of a target does not follow %s: no scene shows it", alert)
		}
	}
	rules, err := filepath.Abs(rulesFile)
	if err != nil {
		t.Fatal(err)
	}
	if out, err := ts.run(t, "rule_files: ["+strconv.Quote(rules)+"]\n"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}
