package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// shown is what a query of a panel must return, 10 minutes after the start.
type shown struct {
	name   string
	panel  string
	ref    string
	choice map[string]string
	want   map[string]string
}

// fleetSeries are those of an exporter and its targets as Prometheus has them, with and
// without /sd. After 5 minutes the exporter gone:10720 is down, and so is the PBX of here:10720.
const fleetSeries = `
      - series: up{job="conversation",instance="here:10720"}
        values: 1x30
      - series: conversation_exporter_build_info{job="conversation",instance="here:10720",version="2",goversion="go",revision="b"}
        values: _x2 1x30
      - series: conversation_exporter_build_info{job="conversation",instance="here:10720",version="1",goversion="go",revision="a"}
        values: 1x2 stale
      - series: conversation_exporter_panics_total{job="conversation",instance="here:10720"}
        values: 0x30
      - series: conversation_target_info{job="conversation",instance="here:10720",target="pbx",system="yeastar",version="83"}
        values: 1x30
      - series: conversation_up{job="conversation",instance="here:10720",target="pbx"}
        values: 1x5 0x30
      - series: conversation_scrape_collector_success{job="conversation",instance="here:10720",target="pbx",collector="messages"}
        values: 1x30
      - series: conversation_queued_oldest_timestamp_seconds{job="conversation",instance="here:10720",target="pbx",channel="whatsapp",queue="sales"}
        values: 60x30
      - series: up{job="conversation",instance="gone:10720"}
        values: 1x5 0x30
      - series: conversation_exporter_build_info{job="conversation",instance="gone:10720",version="1",goversion="go",revision="a"}
        values: 1x5 stale
      - series: conversation_target_info{job="conversation",instance="gone:10720",target="pbx",system="yeastar",version="83"}
        values: 1x5 stale
      - series: conversation_up{job="conversation",instance="gone:10720",target="pbx"}
        values: 1x5 stale
      - series: conversation_scrape_collector_success{job="conversation",instance="gone:10720",target="pbx",collector="messages"}
        values: 1x5 stale
      - series: up{job="conversation",instance="desk"}
        values: 1x30
      - series: conversation_target_info{job="conversation",instance="desk",target="desk",system="superoffice",version="11"}
        values: 1x30
      - series: conversation_up{job="conversation",instance="desk",target="desk"}
        values: 1x30
      - series: conversation_scrape_collector_success{job="conversation",instance="desk",target="desk",collector="messages"}
        values: 1x30
      - series: up{job="conversation_exporter",instance="fleet:10720"}
        values: 1x30
      - series: conversation_exporter_build_info{job="conversation_exporter",instance="fleet:10720",version="2",goversion="go",revision="b"}
        values: 1x30
      - series: conversation_exporter_panics_total{job="conversation_exporter",instance="fleet:10720"}
        values: 0x30
      - series: up{job="node",instance="here:9100"}
        values: 0x30
`

// What is down has its row, and says so. What an exporter tells of itself does not depend on
// what is chosen: its own scrape has another job and instance than the targets have.
func TestPanelsKeepWhatIsDown(t *testing.T) {
	onlyTargets := map[string]string{"job": "conversation", "instance": "desk"}
	var b strings.Builder
	b.WriteString("evaluation_interval: 1m\ntests:\n  - interval: 1m\n    input_series:" + fleetSeries + "    promql_expr_test:\n")
	for _, s := range []shown{
		{"an exporter has its version, and one that is down its row", "Exporters", "A", nil, map[string]string{
			`{job="conversation", instance="here:10720", version="2", goversion="go", revision="b"}`:           "1",
			`{job="conversation", instance="gone:10720"}`:                                                      "1",
			`{job="conversation_exporter", instance="fleet:10720", version="2", goversion="go", revision="b"}`: "1",
		}},
		{"an exporter that is down is not reached", "Exporters", "B", nil, map[string]string{
			`{job="conversation", instance="here:10720"}`: "1", `{job="conversation", instance="gone:10720"}`: "0", `{job="conversation_exporter", instance="fleet:10720"}`: "1",
		}},
		{"exporters are there whatever is chosen", "Exporters", "B", onlyTargets, map[string]string{
			`{job="conversation", instance="here:10720"}`: "1", `{job="conversation", instance="gone:10720"}`: "0", `{job="conversation_exporter", instance="fleet:10720"}`: "1",
		}},
		{"faults are there whatever is chosen", "Faults of the exporter, over 1 h", "A", onlyTargets, map[string]string{
			`{job="conversation", instance="here:10720"}`: "0", `{job="conversation_exporter", instance="fleet:10720"}`: "0",
		}},
		{"a target has its version, and one of an exporter that is down its row", "Targets", "A", nil, map[string]string{
			`{job="conversation", instance="here:10720", target="pbx", system="yeastar", version="83"}`: "1",
			`{job="conversation", instance="gone:10720", target="pbx", system="yeastar"}`:               "1",
			`{job="conversation", instance="desk", target="desk", system="superoffice", version="11"}`:  "1",
		}},
		{"a target is down by itself or with its exporter", "Targets", "B", nil, map[string]string{
			`{job="conversation", instance="here:10720", target="pbx"}`: "0",
			`{job="conversation", instance="gone:10720", target="pbx"}`: "0",
			`{job="conversation", instance="desk", target="desk"}`:      "1",
		}},
		{"a queue's wait is of its system, nobody who waits is 0, and what was not read is not there", "Longest wait for a pick-up, by queue", "A", nil, map[string]string{
			`{job="conversation", instance="here:10720", target="pbx", queue="sales"}`: "540",
			`{job="conversation", instance="desk", target="desk", queue="nobody"}`:     "0",
		}},
		{"no answer that is awaited is 0, and what was not read is not there", "Longest wait for an answer, by state", "A", nil, map[string]string{
			`{job="conversation", instance="here:10720", target="pbx", state="nobody"}`: "0",
			`{job="conversation", instance="desk", target="desk", state="nobody"}`:      "0",
		}},
	} {
		fmt.Fprintf(&b, "      # %s\n      - expr: |\n", s.name)
		for line := range strings.Lines(chosen(exprOf(t, s.panel, s.ref), s.choice)) {
			b.WriteString("          " + line)
		}
		b.WriteString("\n        eval_time: 10m\n        exp_samples:\n")
		for labels, value := range s.want {
			fmt.Fprintf(&b, "          - {labels: '%s', value: %s}\n", labels, value)
		}
	}
	file := filepath.Join(t.TempDir(), "panels.yml")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := promtool(t, "test", "rules", file); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// exprOf is a query of a panel of the conversations.
func exprOf(t *testing.T, title, ref string) string {
	t.Helper()
	for _, d := range readDashboards(t) {
		for _, p := range d.all() {
			i := slices.IndexFunc(p.Targets, func(q query) bool { return q.RefID == ref })
			if d.file == "conversations.json" && p.Title == title && i >= 0 {
				return p.Targets[i].Expr
			}
		}
	}
	t.Fatalf("there is no panel %q with a query %s", title, ref)
	return ""
}
