package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
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
      - series: conversation_channel_up{job="conversation",instance="here:10720",target="pbx",channel="whatsapp",name="Main",provider="meta"}
        values: 1x30
      - series: conversation_scrape_timestamp_seconds{job="conversation",instance="here:10720",target="pbx"}
        values: 590x30
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
      - series: conversation_channel_up{job="conversation",instance="desk",target="desk",channel="sms",name="Second",provider="meta"}
        values: 1x30
      - series: conversation_scrape_timestamp_seconds{job="conversation",instance="desk",target="desk"}
        values: 570x30
      - series: conversation_scrape_collector_success{job="conversation",instance="here:10720",target="pbx",collector="sessions"}
        values: 1x30
      - series: conversation_scrape_collector_partial{job="conversation",instance="here:10720",target="pbx",collector="sessions"}
        values: 1x30
      - series: conversation_open_sessions{job="conversation",instance="here:10720",target="pbx",channel="whatsapp",queue="sales",origin="regular",state="queued"}
        values: 2x30
      - series: conversation_open_sessions{job="conversation",instance="here:10720",target="pbx",channel="whatsapp",queue="cut-short",origin="regular",state="queued"}
        values: 0x30
      - series: conversation_scrape_collector_success{job="conversation",instance="desk",target="desk",collector="sessions"}
        values: 1x30
      - series: conversation_scrape_collector_partial{job="conversation",instance="desk",target="desk",collector="messages"}
        values: 0x30
      - series: conversation_open_sessions{job="conversation",instance="desk",target="desk",channel="chat",queue="help",origin="regular",state="queued"}
        values: 0x30
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
		{"a channel is only up of a system that answers, as the list is kept for minutes", "Channels", "A", nil, map[string]string{
			`{job="conversation", instance="desk", target="desk", channel="sms", name="Second", provider="meta"}`: "1",
		}},
		{"values have an age only where they are read, as a pass that fails has a time, too", "Targets", "C", nil, map[string]string{
			`{job="conversation", instance="desk", target="desk"}`: "30",
		}},
		{"in a queue nobody waits where the list was read to its end", "Queues now", "A", nil, map[string]string{
			`{job="conversation", instance="here:10720", target="pbx", queue="sales"}`: "2",
			`{job="conversation", instance="desk", target="desk", queue="help"}`:       "0",
		}},
		{"nobody who waits has no wait, in the same queues", "Queues now", "B", nil, map[string]string{
			`{job="conversation", instance="here:10720", target="pbx", queue="sales"}`: "540",
			`{job="conversation", instance="desk", target="desk", queue="help"}`:       "0",
		}},
		{"a wait uses up a part of the limit, or more than that", "Queues now", "I", nil, map[string]string{
			`{job="conversation", instance="here:10720", target="pbx", queue="sales"}`: "1.8",
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

// linesSeries are those of one counter, of targets that are read and of such that are not, each
// with a growth of its own: the digits of a sum tell of which it is made.
func linesSeries(metric, labels string) string {
	var b strings.Builder
	for _, s := range []struct {
		target               string
		up, success, partial string
		growth               int
	}{
		{"read", "1", "1", "0", 60},
		{"cut-short", "1", "1", "1", 600},
		{"a-viewer-failed", "1", "0", "1", 6000},
		{"messages-refused", "1", "0", "0", 60000},
		{"down", "0", "0", "0", 600000},
		{"down-and-kept", "0", "0", "1", 6000000},
		{"exporter-down", "1x5 stale", "1x5 stale", "0x5 stale", 60000000},
	} {
		place := `job="conversation",instance="here:10720",target="` + s.target + `"`
		values := func(text string) string {
			if strings.Contains(text, " ") {
				return text
			}
			return text + "x90"
		}
		lasts := "x90"
		if s.target == "exporter-down" {
			lasts = "x5 stale"
		}
		fmt.Fprintf(&b, "      - {series: '%s{%s%s}', values: '0+%d%s'}\n", metric, place, labels, s.growth, lasts)
		fmt.Fprintf(&b, "      - {series: 'conversation_up{%s}', values: '%s'}\n", place, values(s.up))
		for _, group := range []string{"messages", "sessions"} {
			success, partial := s.success, s.partial
			if group == "sessions" { // What is read of another group says nothing of the messages.
				success, partial = "1", "1"
			}
			fmt.Fprintf(&b, "      - {series: 'conversation_scrape_collector_success{%s,collector=\"%s\"}', values: '%s'}\n", place, group, values(success))
			fmt.Fprintf(&b, "      - {series: 'conversation_scrape_collector_partial{%s,collector=\"%s\"}', values: '%s'}\n", place, group, values(partial))
		}
	}
	return b.String()
}

// A counter is exported while its system is down, too, and does not grow: a line at 0 would look
// as if nobody wrote. So it ends where the target is not read, and begins again where it is.
func TestLinesOfCountersEndWhereATargetIsNotRead(t *testing.T) {
	// Read are the first three: 111, a second.
	const perMinute, perHour = "6660", "399600"
	labels := map[string]string{
		"conversation_started_sessions_total":  `,channel="sms",queue="Sales",origin="regular"`,
		"conversation_closed_sessions_total":   `,channel="sms",queue="Sales",reason="agent",awaiting="agent"`,
		"conversation_transfers_total":         `,channel="sms",queue="Sales",to="queue"`,
		"conversation_messages_total":          `,channel="sms",sender="agent"`,
		"conversation_template_messages_total": `,channel="sms"`,
		"conversation_records_dropped_total":   `,reason="future"`,
		"conversation_messages_skipped_total":  ``,
		"conversation_bot_handovers_total":     `,channel="sms",queue="Sales"`,
		"conversation_first_response_seconds":  `,channel="sms",queue="Sales"`,
		"conversation_response_seconds":        `,channel="sms",queue="Sales"`,
		"conversation_pickup_seconds":          `,channel="sms",queue="Sales"`,
	}
	counter := regexp.MustCompile(`(?:rate|increase)\(((conversation_[a-z_]+?)(?:_count)?)\{[^}]*\}\[([^\]]+)\]\)`)
	var b strings.Builder
	b.WriteString("evaluation_interval: 30m\ntests:\n")
	queries := 0
	for _, d := range readDashboards(t) {
		for _, p := range d.all() {
			for _, q := range p.Targets {
				found := counter.FindStringSubmatch(q.Expr)
				zeros := p.Type == "timeseries" && found != nil && !strings.Contains(q.Expr, "> 0") && !strings.Contains(q.Expr, "/ sum") && !strings.HasPrefix(q.Expr, "histogram_quantile") && strings.Count(q.Expr, "[") == 1
				if !zeros || strings.HasPrefix(found[1], "conversation_api_") || strings.HasPrefix(found[1], "conversation_exporter_") {
					continue // A growth of 0 has no line there, or is about something else.
				}
				more, known := labels[found[2]]
				if !known {
					t.Errorf("%s %s shows the growth of %s where it is 0, and this test does not know it", d.where(p), q.RefID, found[1])
				}
				queries++
				want := perMinute
				if found[3] == "1h" {
					want = perHour
				}
				fmt.Fprintf(&b, "  - interval: 1m\n    input_series:\n%s    promql_expr_test:\n      - expr: %q\n        eval_time: 90m\n        exp_samples: [{labels: '{}', value: %s}]\n",
					linesSeries(found[1], more), "round(sum("+oneLine(inserted(q.Expr))+"))", want)
			}
		}
	}
	if queries < 13 {
		t.Errorf("only %d queries", queries)
	}
	file := filepath.Join(t.TempDir(), "lines.yml")
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
