package main

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"conversation_exporter/collector"
	"conversation_exporter/source/httpapi"
	"conversation_exporter/source/superoffice"
	"conversation_exporter/source/yeastar"
	"conversation_exporter/web"
)

// document writes docs/metrics.md from the lists that the metrics are exported
// from.
func document(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	b.WriteString(`# Metrics

This page is generated from the code; ` + "`make docs`" + ` writes it anew.

A value that could not be read is absent, never 0, and the metrics of the
health of the scrape say so. Every metric of a target has the label ` + "`target`" + `, its name in
the configuration. No label holds anything of a customer.

`)
	section := func(title, text string, group func(collector.Metric) bool, all []collector.Metric) {
		fmt.Fprintf(&b, "## %s\n\n%s\n\n", title, text)
		for _, m := range all {
			if !group(m) {
				continue
			}
			fmt.Fprintf(&b, "### `%s`\n\n%s, %s", m.Name, m.Type, m.Stage)
			if len(m.Labels) > 0 {
				fmt.Fprintf(&b, ", labels `%s`", strings.Join(m.Labels, "`, `"))
			}
			fmt.Fprintf(&b, "\n\n%s\n\n", m.Help)
		}
	}
	var groups []string
	for _, g := range collector.Groups() {
		groups = append(groups, g.Name)
		state := "off"
		if g.Default {
			state = "on"
		}
		text := fmt.Sprintf("%s. Switched by `--[no-]collector.%s`; %s by default.", strings.ToUpper(g.Summary[:1])+g.Summary[1:], g.Name, state)
		section(g.Name, text, func(m collector.Metric) bool { return m.Group == g.Name }, collector.Metrics())
	}
	section("Health of the scrape", "How good the other values are. Always exported.", func(m collector.Metric) bool { return m.Group == "" }, collector.Metrics())
	var requests []collector.Metric
	for _, m := range httpapi.Exported() {
		requests = append(requests, collector.Metric{Name: m.Name, Help: m.Help, Type: m.Type, Labels: m.Labels, Stage: collector.StageStable})
	}
	section("Requests", "What the exporter asks of the systems. Always exported, and counted from the start of the program; each endpoint that may be asked is there from the start, a reason from its first failure.",
		func(collector.Metric) bool { return true }, requests)
	own, err := web.Metrics()
	if err != nil {
		t.Fatal(err)
	}
	section("The exporter itself", "Beside these, the usual `go_*` and `process_*` metrics, and `promhttp_metric_handler_errors_total`. A scrape with `name[]=` is answered with the named metrics only; one that names none of a target reads no target.",
		func(collector.Metric) bool { return true }, own)
	b.WriteString(`## Not in the dashboards

Every metric above is in a dashboard or in a rule. Beside them, ` + "`go_*`, `process_*` and `promhttp_metric_handler_errors_total`" + ` are in
none: they are about the program and not about conversations, and dashboards for them are to be had everywhere.

## Values of labels

| label | values |
|---|---|
| ` + "`channel`" + ` | the system's word, such as ` + "`whatsapp`, `facebook`, `sms`, `livechat`, `chat`" + `; the first 16 of a target, the rest are ` + "`(other)`; `(unknown)`" + ` where the system does not tell |
| ` + "`queue`" + ` | the queue's name; ` + "`(none)`" + ` for sessions in no queue; the 256 lowest ids keep their names, the rest are ` + "`(other)`; `(queue 7)`" + ` for one whose name cannot be read |
| ` + "`system`" + ` | ` + "`" + yeastar.System + "`, `" + superoffice.System + "`" + ` |
| ` + "`collector`" + ` | ` + "`" + strings.Join(groups, "`, `") + "`" + `; those that are on |
| ` + "`origin`" + ` | ` + "`regular`, `campaign`" + ` |
| ` + "`state`" + ` | ` + "`arriving`, `queued`, `assigned`, `automated`, `shared`, `archived`" + `; each system has some of them |
| ` + "`awaiting`" + ` | ` + "`agent`, `customer`, `unknown`" + ` |
| ` + "`remaining`" + ` | ` + "`expired`, `lt_15m`, `15m_30m`, `30m_1h`, `1h_4h`, `ge_4h`" + ` |
| ` + "`age`" + ` | ` + "`lt_5m`, `5m_15m`, `15m_1h`, `1h_4h`, `4h_24h`, `ge_24h`" + ` |
| ` + "`sender`" + ` | ` + "`customer`, `agent`, `bot`, `api`" + ` |
| ` + "`to`" + ` | ` + "`queue`, `agent`, `api`" + ` |
| ` + "`assignment_mode`" + ` | the system's word, such as ` + "`manual`, `auto`, `none`, `pickup`" + ` |
| ` + "`event`" + ` | ` + "`new_session`, `new_message`" + ` |
| ` + "`level`" + ` | ` + "`agent`, `manager`" + ` |
| ` + "`presence`" + ` | ` + "`present`, `away`" + ` |
| ` + "`name`, `provider`" + ` | the channel's name in the system, as many as there are, and its messaging service |
| ` + "`outcome`" + ` | ` + "`delivered`, `failed`, `pending`" + ` |
| ` + "`agent`" + ` | the number of the extension (Yeastar) or of the user in Service (SuperOffice), or the name with ` + "`agent_names`" + `; the first 1,000, the rest are ` + "`(other)`" + `; ` + "`(unknown)`" + ` for sessions of which it is not known who has them |
| ` + "`endpoint`" + ` | the path of the call below the root of the system's API, such as ` + "`message_session/search` or `ChatSession/{id}/Messages`" + ` |
| ` + "`reason`" + ` | of a closing: ` + "`agent`, `customer`, `timeout`, `abandoned`, `ticket`, `other`" + `; of a message that failed: the system's own words, such as ` + "`exceeds_time_limit`" + `, and ` + "`other`" + `; of a dropped record: ` + "`future`" + `; of a request: ` + "`timeout`; `connection`; `tls`; `http_3xx`" + `, a redirect, which is never followed; ` + "`http_4xx`; `http_5xx`; `throttled`" + `, HTTP 429; ` + "`auth`" + `, HTTP 401, 403 or a proxy's 407; ` + "`decode`" + `, an answer that is not the API's; ` + "`too_large`; `errcode_N`" + ` for a documented error code of the system, such as ` + "`errcode_10004`; `errcode_other`" + ` for any other |

## How many series

A pair of channel and queue is exported from when it is first seen, and then for as long as the queue
exists, with zeros: one series a state of the system (5 for a Yeastar PBX), as many again once a campaign
was seen there, and 12 to 14 for reply windows where the channel has them; of messages 24 for who is unanswered, 19 counters, 45 of histograms and
a few more: about 125 in all, and some 95 with SuperOffice, which has 4 states, 12 for who is unanswered, and no reply windows. A channel has 5 counters of messages and one for each reason for which a message may fail, 20 with a Yeastar PBX.

A queue has 3 series, its mode and who is there, with SuperOffice up to 6 more for opening hours, limits and transfers, and all queues together have 2; a channel of the system has 5. An agent has 2 where the group ` + "`agents`" + ` is on; with ` + "`viewers.extensions: all`" + ` each
extension is an agent. The label ` + "`name`" + ` has no limit of its own.

A target has 4 series of health a group that is on, and 7 more. Requests have up to 13 series an endpoint, of which a Yeastar
PBX has 10, and one more for each reason for which one ever failed.
`)
	return b.Bytes()
}

// The short list of the README leaves no group out.
func TestTheReadmeNamesMetricsOfEachGroup(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range collector.Groups() {
		named := slices.ContainsFunc(collector.Metrics(), func(m collector.Metric) bool {
			return m.Group == g.Name && bytes.Contains(text, []byte("`"+m.Name+"`"))
		})
		if !named {
			t.Errorf("no metric of the group %s is named", g.Name)
		}
	}
}

func TestMetricsDocument(t *testing.T) {
	const file = "docs/metrics.md"
	want := document(t)
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(file, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is stale: run make docs", file)
	}
}
