package main

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

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

// seriesOf finds the selectors of a query.
var seriesOf = regexp.MustCompile(`\b(conversation_[a-z_]+|up)\b(\{[^}]*\})?`)

// ofTheExporter tells of a query about exporters and not about targets.
func ofTheExporter(expr string) bool {
	others := 0
	for _, s := range seriesOf.FindAllStringSubmatch(expr, -1) {
		if s[1] != "up" && !strings.HasPrefix(s[1], "conversation_exporter_") {
			others++
		}
	}
	return others == 0 && strings.Contains(expr, "conversation_exporter_")
}

// A query is of what is chosen at the head. Of exporters it is not: where targets are
// found by /sd, the exporter's own scrape has another job and instance than they have.
func TestEveryQueryNamesWhatIsExported(t *testing.T) {
	var (
		matcher  = regexp.MustCompile(`([a-z_]+)(=~|!~|!=|=)"([^"]*)"`)
		grouping = regexp.MustCompile(`\b(?:by|on|group_left) \(([^)]+)\)`)
	)
	series, _ := exportedSeries(t)
	values := enums(t)
	for _, q := range queries(t) {
		found := seriesOf.FindAllStringSubmatch(q.expr, -1)
		if len(found) == 0 {
			t.Errorf("%s asks for nothing: %s", q.where, q.expr)
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
				for _, value := range never(values, s[1], m[1], m[3]) {
					t.Errorf("%s: %s is never %q", q.where, m[1], value)
				}
			}
			if ofTheExporter(q.expr) {
				if s[2] != "" {
					t.Errorf("%s: %s is only of what is chosen", q.where, s[1])
				}
				continue
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

// Two systems may have one name, in two exporters. They are told apart wherever targets
// are, in the query and in what a panel shows of it.
func TestSystemsOfOneNameAreToldApart(t *testing.T) {
	grouping := regexp.MustCompile(`\b(?:by|on|ignoring|without) \(([^)]+)\)`)
	for _, q := range queries(t) {
		for _, group := range grouping.FindAllStringSubmatch(q.expr, -1) {
			labels := strings.Split(group[1], ", ")
			if slices.Contains(labels, "target") && !(slices.Contains(labels, "job") && slices.Contains(labels, "instance")) {
				t.Errorf("%s takes systems of one name together, by (%s): %s", q.where, group[1], q.expr)
			}
		}
	}
	for _, d := range readDashboards(t) {
		for _, p := range d.all() {
			for _, q := range p.Targets {
				if strings.Contains(q.LegendFormat, "{{target}}") && !strings.Contains(q.LegendFormat, "{{instance}}") {
					t.Errorf("%s calls series of systems of one name the same: %s", d.where(p), q.LegendFormat)
				}
			}
			for _, tr := range p.Transformations {
				_, target := tr.Options.IndexByName["target"]
				if _, instance := tr.Options.IndexByName["instance"]; target && (!instance || tr.Options.ExcludeByName["instance"]) {
					t.Errorf("%s has rows of systems of one name that look the same", d.where(p))
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
		growth  = regexp.MustCompile(`\b(?:rate|increase)\((conversation_[a-z_]+)(?:\{[^}]*\})?\[([^\]]+)\]\)`)
		ranges  = regexp.MustCompile(`[}a-z_]\[([^\]]+)\]`)
		lasting = regexp.MustCompile(`last_over_time\((?:conversation_[a-z_]+)(?:\{[^}]*\})?\[[^\]]+\]\)`)
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
	list := queries(t)
	for i := range list {
		list[i].expr = inserted(list[i].expr)
	}
	validQueries(t, list)
}

// inserted puts in what Grafana puts in where all is chosen.
func inserted(expr string) string { return chosen(expr, nil) }

// chosen puts in what Grafana puts in for a choice at the head; of the rest all is chosen.
func chosen(expr string, choice map[string]string) string {
	expr = strings.ReplaceAll(expr, "$__rate_interval", "4m")
	return regexp.MustCompile(`"\$(job|instance|target|channel|queue)"`).ReplaceAllStringFunc(expr, func(variable string) string {
		if value := choice[strings.Trim(variable, `"$`)]; value != "" {
			return strconv.Quote(value)
		}
		return `".+"`
	})
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
