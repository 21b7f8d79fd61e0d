package main

import (
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

// knownMetrics are all that a rule or a page may name, with their labels: what is
// exported, and what the rules record.
func knownMetrics(t *testing.T, rules []rule) map[string][]string {
	t.Helper()
	series, metrics := exportedSeries(t)
	known := make(map[string][]string)
	for _, name := range metrics {
		known[name] = series[name+"_sum"].labels // A histogram by its own name, which a page may tell.
	}
	for name, s := range series {
		known[name] = s.labels
	}
	known["conversation_exporter"] = []string{"job", "instance"} // the program, which the pages name
	for _, r := range rules {
		if r.Record == "" {
			continue
		}
		if by := regexp.MustCompile(`by \(([^)]*)\)`).FindStringSubmatch(r.Expr); by != nil {
			known[r.Record] = strings.Split(by[1], ", ")
		} else { // It has the labels of what it is made from.
			known[r.Record] = known[regexp.MustCompile(`[a-z]+:[a-z0-9_:]+`).FindString(r.Expr)]
		}
	}
	return known
}

// enums are the values of the labels that have a fixed list of them, each in
// backquotes, as docs/metrics.md tells them. Those of reason are by the metric.
func enums(t *testing.T) map[string]string {
	t.Helper()
	values := make(map[string]string)
	find := func(key, row string) {
		found := regexp.MustCompile("(?m)^" + row).FindSubmatch(document(t))
		if found == nil {
			t.Fatalf("docs/metrics.md does not tell the values of %s", key)
		}
		values[key] = string(found[1])
	}
	for _, label := range []string{"system", "collector", "origin", "state", "awaiting", "remaining", "age", "sender", "to", "presence", "outcome", "event", "level"} {
		find(label, "\\| `"+label+"` \\|(.*)$")
	}
	find("conversation_closed_sessions_total reason", "\\| `reason` \\|.*of a closing: ([^;]*);")
	find("conversation_records_dropped_total reason", "\\| `reason` \\|.*of a dropped record: ([^;]*);")
	return values
}

// listed is the list of a label's values, where it has one.
func listed(values map[string]string, metric, label string) string {
	if of := values[metric+" "+label]; of != "" {
		return of
	}
	return values[label]
}

// never tells of the values of a match, such as a|b, that no series of that metric has.
func never(values map[string]string, metric, label, match string) (wrong []string) {
	all := listed(values, metric, label)
	for value := range strings.SplitSeq(match, "|") {
		if all != "" && !strings.HasPrefix(value, "$") && !strings.Contains(all, "`"+value+"`") {
			wrong = append(wrong, value)
		}
	}
	return wrong
}
