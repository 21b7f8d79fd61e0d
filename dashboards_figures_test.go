package main

import (
	"encoding/json"
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

// figure is what a stat, or a column of the table of the fleet, asks and how it shows
// the answer.
type figure struct {
	where   string
	title   string
	queries map[string]string
	looks   map[string]look // by refId; "" is that of a query without its own
}

// look is how a number becomes words and a colour.
type look struct {
	Unit     string `json:"unit"`
	Mappings []struct {
		Options map[string]struct {
			Text  string `json:"text"`
			Color string `json:"color"`
		} `json:"options"`
	} `json:"mappings"`
	Thresholds struct {
		Steps []step `json:"steps"`
	} `json:"thresholds"`
	Color struct {
		Mode       string `json:"mode"`
		FixedColor string `json:"fixedColor"`
	} `json:"color"`
}

// step is the colour from a value on.
type step struct {
	Color string   `json:"color"`
	Value *float64 `json:"value"`
}

// shows is what is shown for a value: the number, or its word, and the colour, which is
// left out at rest.
func (l look) shows(value float64) string {
	text, colour := strconv.FormatFloat(value, 'f', -1, 64), ""
	for _, s := range l.Thresholds.Steps {
		if s.Value == nil || value >= *s.Value {
			colour = s.Color
		}
	}
	if l.Color.Mode == "fixed" {
		colour = l.Color.FixedColor
	}
	for _, m := range l.Mappings {
		if o, is := m.Options[text]; is {
			text = o.Text
			if o.Color != "" {
				colour = o.Color
			}
		}
	}
	if suffix, is := strings.CutPrefix(l.Unit, "suffix: "); is {
		text += " " + suffix
	}
	if colour == "" || colour == "text" || colour == "#464c54" {
		return text
	}
	return text + " " + colour
}

// value is the number for which a look shows that.
func (l look) value(shown string) (value float64, ok bool) {
	candidates := []string{strings.Fields(shown)[0]}
	for _, m := range l.Mappings {
		candidates = append(candidates, slices.Sorted(maps.Keys(m.Options))...)
	}
	for _, text := range candidates {
		if n, err := strconv.ParseFloat(text, 64); err == nil && l.shows(n) == shown {
			return n, true
		}
	}
	return 0, false
}

// shownBy is the query that shows a text, the first that can, and the value that it returns.
func (f figure) shownBy(text string) (ref string, value float64, err error) {
	for _, ref := range slices.Sorted(maps.Keys(f.queries)) {
		l, own := f.looks[ref]
		if !own {
			l = f.looks[""]
		}
		if v, ok := l.value(text); ok {
			return ref, v, nil
		}
	}
	return "", 0, fmt.Errorf("%s never shows %q", f.where, text)
}

// want is what each query of the figure returns where that is shown, by labels: texts without
// any, or a text a row.
func (f figure) want(shown map[string][]string) (values map[string]map[string]float64, err error) {
	values = make(map[string]map[string]float64)
	for labels, texts := range shown {
		for _, text := range texts {
			ref, v, err := f.shownBy(text)
			if err != nil {
				return nil, err
			}
			if values[ref] == nil {
				values[ref] = make(map[string]float64)
			}
			values[ref][labels] = v
		}
	}
	return values, nil
}

// readFigures reads the figures of all dashboards, and the columns of the fleet by their
// names. What has a row a target or a queue is a column, too.
func readFigures(t *testing.T) (figures, columns []figure) {
	t.Helper()
	for _, d := range readDashboards(t) {
		for _, p := range drawnFigures(t, d) {
			switch {
			case p.Title == "Worst queues":
				f := p.figure(t, d.file)
				delete(f.queries, "B") // It is that of all figures.
				delete(f.queries, "C")
				delete(f.looks, "B")
				delete(f.looks, "C")
				columns = append(columns, f)
			case p.Type == "stat":
				figures = append(figures, p.figure(t, d.file))
			case p.Type == "state-timeline":
				f := p.figure(t, d.file)
				columns = append(columns, figure{f.where, "state", f.queries, f.looks})
			case p.Title == "Fleet":
				columns = append(columns, p.columns(t, d.file)...)
			case p.Title == "Longest wait for a pick-up, by target":
				columns = append(columns, figure{p.Title, "pick-up wait", map[string]string{"A": p.Targets[0].Expr}, map[string]look{"": {}}})
			}
		}
	}
	return figures, columns
}

// drawnFigures are the panels of a dashboard but its rows, in the order of all.
func drawnFigures(t *testing.T, d dashboard) (drawn []drawnFigure) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dashboardsDir, d.file))
	if err != nil {
		t.Fatal(err)
	}
	var read struct {
		Panels []drawnFigure `json:"panels"`
	}
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	for _, p := range read.Panels {
		if p.Type != "row" {
			drawn = append(drawn, p)
		}
		drawn = append(drawn, p.Panels...)
	}
	return drawn
}

// drawnFigure is a panel with what the figures are made of.
type drawnFigure struct {
	Type        string `json:"type"`
	Title       string `json:"title"`
	FieldConfig struct {
		Defaults  json.RawMessage `json:"defaults"`
		Overrides []struct {
			Matcher struct {
				Options string `json:"options"`
			} `json:"matcher"`
			Properties []struct {
				ID    string          `json:"id"`
				Value json.RawMessage `json:"value"`
			} `json:"properties"`
		} `json:"overrides"`
	} `json:"fieldConfig"`
	Transformations []struct {
		Options struct {
			RenameByName map[string]string `json:"renameByName"`
		} `json:"options"`
	} `json:"transformations"`
	Targets []query       `json:"targets"`
	Panels  []drawnFigure `json:"panels"`
}

// looks are those of a panel: "" for all, and by the name of what is overridden. A later
// property takes the place of the field's own.
func (p drawnFigure) looks(t *testing.T) map[string]look {
	t.Helper()
	read := func(l *look, text json.RawMessage) {
		if err := json.Unmarshal(text, l); err != nil {
			t.Fatalf("%s: %v", p.Title, err)
		}
	}
	looks := map[string]look{"": {}}
	var all look
	read(&all, p.FieldConfig.Defaults)
	looks[""] = all
	for _, o := range p.FieldConfig.Overrides {
		var own look
		read(&own, p.FieldConfig.Defaults)
		for _, property := range o.Properties {
			switch property.ID {
			case "unit", "mappings", "thresholds", "color":
				if property.ID == "mappings" {
					own.Mappings = nil
				}
				read(&own, fmt.Appendf(nil, "{%q: %s}", property.ID, property.Value))
			}
		}
		looks[o.Matcher.Options] = own
	}
	return looks
}

func (p drawnFigure) figure(t *testing.T, file string) figure {
	t.Helper()
	f := figure{file + ": " + strconv.Quote(p.Title), p.Title, make(map[string]string), p.looks(t)}
	for _, q := range p.Targets {
		f.queries[q.RefID] = q.Expr
	}
	return f
}

// columns are those of a table, each as a figure of one query.
func (p drawnFigure) columns(t *testing.T, file string) (list []figure) {
	t.Helper()
	looks := p.looks(t)
	for _, q := range p.Targets {
		name := q.RefID
		for _, tr := range p.Transformations {
			if renamed := tr.Options.RenameByName["Value #"+q.RefID]; renamed != "" {
				name = renamed
			}
		}
		l, own := looks[name]
		if !own {
			l = looks[""]
		}
		list = append(list, figure{file + ": column " + name, name, map[string]string{"A": q.Expr}, map[string]look{"": l}})
	}
	return list
}

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
