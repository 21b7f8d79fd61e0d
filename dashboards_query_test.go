package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"conversation_exporter/collector"
	"conversation_exporter/source/httpapi"
	"conversation_exporter/web"
)

// exported is a metric, as a query sees it.
type exported struct {
	counter bool
	labels  []string
}

// exportedSeries are the names that a query may have, a histogram's three parts
// among them, and up, which Prometheus writes itself.
func exportedSeries(t *testing.T) (series map[string]exported, metrics []string) {
	t.Helper()
	series = map[string]exported{"up": {labels: []string{"job", "instance"}}}
	add := func(name, kind string, labels []string) {
		metrics = append(metrics, name)
		labels = append([]string{"job", "instance"}, labels...)
		if kind != "histogram" {
			series[name] = exported{counter: kind == "counter", labels: labels}
			return
		}
		series[name+"_bucket"] = exported{counter: true, labels: append(slices.Clone(labels), "le")}
		series[name+"_sum"] = exported{counter: true, labels: labels}
		series[name+"_count"] = exported{counter: true, labels: labels}
	}
	for _, m := range collector.Metrics() {
		add(m.Name, m.Type, m.Labels)
	}
	for _, m := range httpapi.Exported() {
		add(m.Name, m.Type, m.Labels)
	}
	own, err := web.Metrics()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range own {
		add(m.Name, m.Type, m.Labels)
	}
	if len(metrics) < 50 {
		t.Fatalf("only %d metrics", len(metrics))
	}
	return series, metrics
}

// place is where a query stands.
type place struct {
	where string
	title string
	expr  string
}

// queries are all queries of the dashboards, those of annotations among them.
func queries(t *testing.T) []place {
	t.Helper()
	var list []place
	for _, d := range readDashboards(t) {
		for _, p := range d.all() {
			for _, q := range p.Targets {
				list = append(list, place{d.where(p) + " " + q.RefID, p.Title, q.Expr})
			}
		}
		for _, a := range d.Annotations.List {
			list = append(list, place{d.file + ": annotation " + a.Name, a.Name, a.Target.Expr})
		}
	}
	return list
}

// enums are the values of the labels that have a fixed list of them, as
// docs/metrics.md tells them.
func enums(t *testing.T) map[string]string {
	t.Helper()
	values := labelValues(t)
	for _, label := range []string{"age", "sender", "to", "presence", "outcome"} {
		row := regexp.MustCompile("(?m)^\\| `" + label + "` \\|(.*)$").FindSubmatch(document(t))
		if row == nil {
			t.Fatalf("docs/metrics.md does not tell the values of %s", label)
		}
		values[label] = string(row[1])
	}
	return values
}

// seriesOf finds the selectors of a query.
var seriesOf = regexp.MustCompile(`\b(conversation_[a-z_]+|up)(\{[^}]*\})`)

func TestEveryQueryNamesWhatIsExported(t *testing.T) {
	var (
		name     = regexp.MustCompile(`\b(?:conversation_[a-z_]+|up\b)`)
		matcher  = regexp.MustCompile(`([a-z_]+)(=~|!~|!=|=)"([^"]*)"`)
		grouping = regexp.MustCompile(`\b(?:by|on|group_left) \(([^)]+)\)`)
	)
	series, _ := exportedSeries(t)
	values := enums(t)
	for _, q := range queries(t) {
		found := seriesOf.FindAllStringSubmatch(q.expr, -1)
		if len(found) == 0 || len(found) != len(name.FindAllString(q.expr, -1)) {
			t.Errorf("%s: a metric is matched on nothing: %s", q.where, q.expr)
		}
		var labels []string
		for _, s := range found {
			of, known := series[s[1]]
			if !known {
				t.Errorf("%s: nobody exports %s", q.where, s[1])
			}
			labels = append(labels, of.labels...)
			matched := make(map[string]string)
			for _, m := range matcher.FindAllStringSubmatch(s[2], -1) {
				matched[m[1]] = m[2] + m[3]
				if !slices.Contains(of.labels, m[1]) {
					t.Errorf("%s: %s has no label %s", q.where, s[1], m[1])
				}
				for value := range strings.SplitSeq(m[3], "|") {
					if all := values[m[1]]; all != "" && !strings.HasPrefix(value, "$") && !strings.Contains(all, "`"+value+"`") {
						t.Errorf("%s: %s is never %q", q.where, m[1], value)
					}
				}
			}
			for _, label := range []string{"job", "instance", "target", "channel", "queue"} {
				if label == "target" && matched[label] == "!=" {
					continue // Whether anything at all is known of an exporter.
				}
				if slices.Contains(of.labels, label) && matched[label] != "=~$"+label {
					t.Errorf("%s: %s is not of the %s that is chosen", q.where, s[1], label)
				}
			}
		}
		for _, group := range grouping.FindAllStringSubmatch(q.expr, -1) {
			for label := range strings.SplitSeq(group[1], ", ") {
				if !slices.Contains(labels, label) {
					t.Errorf("%s groups by %s, which nothing in it has", q.where, label)
				}
			}
		}
	}
}

// A counter is only meant by how it grows. The range is that of the screen, or one
// that the title names: conversations are few, and of four minutes a share or a
// percentile says nothing. A range needs a step no shorter than the scrapes.
func TestCountersAreOnlyShownByHowTheyGrow(t *testing.T) {
	var (
		growth  = regexp.MustCompile(`\b(?:rate|increase)\((conversation_[a-z_]+)\{[^}]*\}\[([^\]]+)\]\)`)
		ranges  = regexp.MustCompile(`\{[^}]*\}\[([^\]]+)\]`)
		lasting = regexp.MustCompile(`last_over_time\((?:conversation_[a-z_]+)\{[^}]*\}\[[^\]]+\]\)`)
	)
	series, _ := exportedSeries(t)
	for _, q := range queries(t) {
		grows := make(map[string]int)
		for _, g := range growth.FindAllStringSubmatch(q.expr, -1) {
			grows[g[1]]++
			if !series[g[1]].counter {
				t.Errorf("%s: %s does not only grow", q.where, g[1])
			}
			named := map[string]string{"1h": "over 1 h", "24h": "in 24 h"}[g[2]]
			overview := q.title == "Fleet" || g[2] == "15m" // The state has the range of its alert.
			if g[2] != "$__rate_interval" && (named == "" || !strings.HasSuffix(q.title, named)) && !overview {
				t.Errorf("%s: the title does not say that the range is %s", q.where, g[2])
			}
		}
		if n := len(ranges.FindAllString(q.expr, -1)); n != len(growth.FindAllString(q.expr, -1))+len(lasting.FindAllString(q.expr, -1)) {
			t.Errorf("%s has a range outside of rate, increase and last_over_time: %s", q.where, q.expr)
		}
		for _, s := range seriesOf.FindAllStringSubmatch(q.expr, -1) {
			if series[s[1]].counter {
				grows[s[1]]--
			}
		}
		for name, n := range grows {
			if n != 0 {
				t.Errorf("%s shows %s itself", q.where, name)
			}
		}
	}
	for _, d := range readDashboards(t) {
		for _, p := range d.all() {
			for _, q := range p.Targets {
				if q.Datasource.UID != "${datasource}" || q.Instant == q.Range {
					t.Errorf("%s %s: %+v", d.where(p), q.RefID, q)
				}
				if q.Range && q.Interval != "1m" && q.Interval != "5m" {
					t.Errorf("%s %s: without a step of a minute $__rate_interval may be shorter than two scrapes", d.where(p), q.RefID)
				}
			}
		}
	}
}

// Prometheus itself judges the queries, with something in the place of the variables.
func TestEveryQueryIsValid(t *testing.T) {
	var b strings.Builder
	b.WriteString("groups:\n  - name: dashboards\n    rules:\n")
	for i, q := range queries(t) {
		fmt.Fprintf(&b, "      - record: q%d\n        expr: |\n", i)
		for line := range strings.Lines(inserted(q.expr)) {
			b.WriteString("          " + line)
		}
		b.WriteString("\n")
	}
	file := filepath.Join(t.TempDir(), "queries.yml")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := promtool(t, "check", "rules", file); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// inserted puts in what Grafana puts in where all is chosen.
func inserted(expr string) string {
	expr = strings.ReplaceAll(expr, "$__rate_interval", "4m")
	return regexp.MustCompile(`"\$(job|instance|target|channel|queue)"`).ReplaceAllString(expr, `".+"`)
}

// What a panel names of its series is there: labels in legends, columns in tables.
func TestPanelsNameWhatTheirQueriesReturn(t *testing.T) {
	var (
		legend   = regexp.MustCompile(`\{\{([a-z_]+)\}\}`)
		grouping = regexp.MustCompile(`\bby \(([^)]+)\)`)
	)
	for _, d := range readDashboards(t) {
		for _, p := range d.all() {
			columns := map[string]bool{"Time": true, "Value": true}
			for _, q := range p.Targets {
				columns["Value #"+q.RefID] = true
				for _, by := range grouping.FindAllStringSubmatch(q.Expr, -1) {
					for label := range strings.SplitSeq(by[1], ", ") {
						columns[label] = true
					}
				}
				for _, label := range legend.FindAllStringSubmatch(q.LegendFormat, -1) {
					if !columns[label[1]] {
						t.Errorf("%s: the legend names %s, which its query does not return", d.where(p), label[1])
					}
				}
				if (p.Type == "table") != (q.Format == "table") || (p.Type == "table" && !q.Instant) {
					t.Errorf("%s %s is no table, or of no moment", d.where(p), q.RefID)
				}
			}
			for _, s := range seriesOf.FindAllStringSubmatch(p.Targets[0].Expr, -1) {
				if series, _ := exportedSeries(t); !strings.Contains(p.Targets[0].Expr, " by (") {
					for _, label := range series[s[1]].labels {
						columns[label] = true
					}
				}
			}
			shown := make(map[string]bool)
			for _, q := range p.Targets {
				shown[q.LegendFormat] = true
			}
			for _, tr := range p.Transformations {
				for column := range tr.Options.IndexByName {
					if !columns[column] {
						t.Errorf("%s: no query returns the column %s", d.where(p), column)
					}
					shown[column] = true
				}
				for column, name := range tr.Options.RenameByName {
					if !shown[column] {
						t.Errorf("%s: no column %s is there to be called %s", d.where(p), column, name)
					}
					delete(shown, column)
					shown[name] = true
				}
			}
			// A name of digits is no number: queue 100 is not "100.0", nor agent 1001 "1.00 K".
			for _, tr := range p.Transformations {
				for column := range tr.Options.IndexByName {
					name := column
					if renamed := tr.Options.RenameByName[column]; renamed != "" {
						name = renamed
					}
					if !strings.HasPrefix(column, "Value") && p.property(name, "unit") != "string" {
						t.Errorf("%s shows the label %s as if it might be a number", d.where(p), column)
					}
				}
			}
			for _, by := range p.Options.SortBy {
				if !shown[by.DisplayName] {
					t.Errorf("%s is sorted by %s, which it does not show", d.where(p), by.DisplayName)
				}
			}
			for _, o := range p.FieldConfig.Overrides {
				if o.Matcher.ID == "byName" && !shown[o.Matcher.Options] {
					t.Errorf("%s says how %s is shown, which it is not", d.where(p), o.Matcher.Options)
				}
			}
		}
	}
}

// Neither system has all. A panel on something that one lacks says so in words, as an
// empty panel looks broken.
func TestPanelsSayWhatASystemLacks(t *testing.T) {
	lacks := regexp.MustCompile(`conversation_(reply_window|message_failures|template_messages|channel_|sending_oldest|idle_next|queue_open|queue_warning|transfers_pending|customer_unread)`)
	for _, d := range readDashboards(t) {
		for _, p := range d.all() {
			for _, q := range p.Targets {
				if lacks.MatchString(q.Expr) && !strings.Contains(p.Description, "SuperOffice") && !strings.Contains(p.Description, "PBX") {
					t.Errorf("%s shows what one of the systems does not have, and does not say which", d.where(p))
				}
			}
		}
	}
}

// Every metric is shown, or used by a rule, or docs/metrics.md says why not.
func TestEveryMetricIsShownOrExplained(t *testing.T) {
	var used strings.Builder
	for _, q := range queries(t) {
		used.WriteString(q.expr + "\n")
	}
	for _, r := range readRules(t) {
		used.WriteString(r.Expr + "\n")
	}
	_, unseen, _ := strings.Cut(string(document(t)), "## Not in the dashboards")
	unseen, _, _ = strings.Cut(unseen, "\n## ")
	_, metrics := exportedSeries(t)
	for _, name := range metrics {
		shown := regexp.MustCompile(`\b` + name + `(_bucket|_sum|_count)?\b`).MatchString(used.String())
		explained := strings.Contains(unseen, "`"+name+"`")
		if shown == explained {
			t.Errorf("%s: in a dashboard or a rule is %t, and among those that are not, is %t", name, shown, explained)
		}
	}
}
