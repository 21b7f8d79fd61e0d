package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// daySeries are those of two targets, after an hour and a half. Each value is such that a sum tells of what it
// is made. Of responses, half came within a minute and nine of ten within 10 minutes.
var daySeries = []struct{ series, values string }{
	{`up{job="j",instance="i"}`, "1"},
	{`conversation_up{$T}`, "1"},
	{`conversation_scrape_collector_success{$T,collector="messages"}`, "1"},
	{`conversation_scrape_collector_partial{$T,collector="messages"}`, "0"},
	{`conversation_scrape_collector_success{$T,collector="sessions"}`, "1"},
	{`conversation_scrape_collector_success{$T,collector="channels"}`, "0"},
	{`conversation_scrape_collector_partial{$T,collector="channels"}`, "1"},
	{`conversation_scrape_collector_timeout{$T,collector="channels"}`, "1"},
	{`conversation_scrape_collector_duration_seconds{$T,collector="channels"}`, "0.5"},
	{`conversation_scrape_pending_sessions{$T}`, "3"},
	{`conversation_api_clock_skew_seconds{$T}`, "7"},
	{`conversation_scrape_folded_queues{$T}`, "5"},
	{`conversation_reply_window_sessions{$Q,awaiting="agent",remaining="expired"}`, "1"},
	{`conversation_reply_window_sessions{$Q,awaiting="agent",remaining="lt_15m"}`, "2"},
	{`conversation_reply_window_sessions{$Q,awaiting="agent",remaining="15m_30m"}`, "4"},
	{`conversation_reply_window_sessions{$Q,awaiting="agent",remaining="30m_1h"}`, "8"},
	{`conversation_reply_window_sessions{$Q,awaiting="agent",remaining="1h_4h"}`, "16"},
	{`conversation_reply_window_sessions{$Q,awaiting="agent",remaining="ge_4h"}`, "32"},
	{`conversation_reply_window_sessions{$Q,awaiting="customer",remaining="expired"}`, "64"},
	{`conversation_reply_window_sessions{$Q,awaiting="customer",remaining="1h_4h"}`, "128"},
	{`conversation_reply_window_sessions{$Q,awaiting="unknown",remaining="lt_15m"}`, "256"},
	{`conversation_reply_window_next_expiry_timestamp_seconds{$Q,awaiting="agent"}`, "5800"},
	{`conversation_reply_window_next_expiry_timestamp_seconds{$Q,awaiting="customer"}`, "5700"},
	{`conversation_reply_window_next_expiry_timestamp_seconds{$T,channel="sms",queue="Over",awaiting="agent"}`, "5300"},
	{`conversation_idle_next_expiry_timestamp_seconds{$Q,awaiting="agent"}`, "5800"},
	{`conversation_idle_next_expiry_timestamp_seconds{$T,channel="chat",queue="Sales",awaiting="agent"}`, "5700"},
	{`conversation_open_sessions{$Q,origin="regular",state="queued"}`, "1"},
	{`conversation_open_sessions{$Q,origin="campaign",state="queued"}`, "2"},
	{`conversation_open_sessions{$Q,origin="regular",state="assigned"}`, "4"},
	{`conversation_open_sessions{$T,channel="sms",queue="Support",origin="regular",state="assigned"}`, "8"},
	{`conversation_queued_oldest_timestamp_seconds{$Q}`, "5280"},
	{`conversation_queued_oldest_timestamp_seconds{$T,channel="chat",queue="Sales"}`, "5340"},
	{`conversation_unanswered_oldest_timestamp_seconds{$Q,state="queued"}`, "5280"},
	{`conversation_unanswered_oldest_timestamp_seconds{$T,channel="chat",queue="Sales",state="queued"}`, "5340"},
	{`conversation_unanswered_oldest_timestamp_seconds{$Q,state="archived"}`, "4400"},
	{`conversation_queue_warning_threshold_seconds{$T,queue="Sales",event="new_session",level="agent"}`, "120"},
	{`conversation_queue_warning_threshold_seconds{$T,queue="Sales",event="new_session",level="manager"}`, "60"},
	{`conversation_queue_warning_threshold_seconds{$T,queue="Sales",event="new_message",level="agent"}`, "30"},
	{`conversation_queue_agents{$T,queue="Sales",presence="present"}`, "2"},
	{`conversation_queue_agents{$T,queue="Sales",presence="away"}`, "3"},
	{`conversation_queue_open{$T,queue="Sales"}`, "1"},
	{`conversation_transfers_pending{$T,queue="Sales"}`, "6"},
	{`conversation_queue_info{$T,queue="Sales",assignment_mode="pickup"}`, "1"},
	{`conversation_agents{$T,presence="present"}`, "5"},
	{`conversation_agents{$T,presence="away"}`, "7"},
	{`conversation_agent_sessions{$T,agent="1"}`, "3"},
	{`conversation_agent_sessions{$T,agent="2"}`, "4"},
	{`conversation_agent_sessions{$T,agent="3"}`, "0"},
	{`conversation_agent_present{$T,agent="1"}`, "1"},
	{`conversation_agent_present{$T,agent="2"}`, "0"},
	{`conversation_agent_present{$T,agent="3"}`, "0"},
	{`conversation_unanswered_sessions{$Q,state="assigned",age="lt_5m"}`, "1"},
	{`conversation_unanswered_sessions{$Q,state="assigned",age="5m_15m"}`, "2"},
	{`conversation_unanswered_sessions{$Q,state="queued",age="15m_1h"}`, "4"},
	{`conversation_unanswered_sessions{$Q,state="archived",age="1h_4h"}`, "8"},
	{`conversation_unanswered_sessions{$Q,state="assigned",age="4h_24h"}`, "16"},
	{`conversation_unanswered_sessions{$Q,state="assigned",age="ge_24h"}`, "32"},
	{`conversation_unread_messages{$Q}`, "3"},
	{`conversation_customer_unread_messages{$Q}`, "5"},
	{`conversation_last_inbound_message_timestamp_seconds{$T,channel="sms"}`, "5370"},
	{`conversation_sending_oldest_timestamp_seconds{$T,channel="sms"}`, "5380"},
	{`conversation_channel_up{$C}`, "1"},
	{`conversation_channel_received_messages_today{$C}`, "11"},
	{`conversation_channel_sent_messages_today{$C,outcome="delivered"}`, "12"},
	{`conversation_channel_sent_messages_today{$C,outcome="failed"}`, "13"},
	{`conversation_channel_sent_messages_today{$C,outcome="pending"}`, "14"},
	{`conversation_started_sessions_total{$Q,origin="regular"}`, "0+4"},
	{`conversation_closed_sessions_total{$Q,reason="agent",awaiting="agent"}`, "0+1"},
	{`conversation_closed_sessions_total{$Q,reason="timeout",awaiting="customer"}`, "0+2"},
	{`conversation_transfers_total{$Q,to="queue"}`, "0+1"},
	{`conversation_transfers_total{$Q,to="agent"}`, "0+2"},
	{`conversation_bot_handovers_total{$Q}`, "0+4"},
	{`conversation_messages_total{$T,channel="sms",sender="agent"}`, "0+1"},
	{`conversation_messages_total{$T,channel="sms",sender="customer"}`, "0+2"},
	{`conversation_template_messages_total{$T,channel="sms"}`, "0+1"},
	{`conversation_message_failures_total{$T,channel="sms",reason="other"}`, "0+1"},
	{`conversation_message_failures_total{$T,channel="sms",reason="auth_fail"}`, "0"},
	{`conversation_reply_windows_lost_total{$Q}`, "0+1"},
	{`conversation_reply_windows_lost_total{$T,channel="sms",queue="Support"}`, "0"},
	{`conversation_messages_skipped_total{$T}`, "0+1"},
	{`conversation_records_dropped_total{$T,reason="future"}`, "0+2"},
	{`conversation_first_response_seconds_bucket{$Q,le="60"}`, "0+5"},
	{`conversation_first_response_seconds_bucket{$Q,le="300"}`, "0+8"},
	{`conversation_first_response_seconds_bucket{$Q,le="600"}`, "0+9"},
	{`conversation_first_response_seconds_bucket{$Q,le="+Inf"}`, "0+10"},
	{`conversation_first_response_seconds_count{$Q}`, "0+10"},
	{`conversation_first_response_seconds_sum{$Q}`, "0+1000"},
	{`conversation_first_response_seconds_bucket{job="j",instance="i",target="other",channel="sms",queue="Sales",le="300.0"}`, "0+6"},
	{`conversation_first_response_seconds_count{job="j",instance="i",target="other",channel="sms",queue="Sales"}`, "0+10"},
	{`conversation_response_seconds_bucket{$Q,le="30"}`, "0+5"},
	{`conversation_response_seconds_bucket{$Q,le="120"}`, "0+9"},
	{`conversation_response_seconds_bucket{$Q,le="+Inf"}`, "0+10"},
	{`conversation_response_seconds_count{$Q}`, "0+20"},
	{`conversation_response_seconds_sum{$Q}`, "0+1000"},
	{`conversation_pickup_seconds_bucket{$Q,le="15"}`, "0+5"},
	{`conversation_pickup_seconds_bucket{$Q,le="1800"}`, "0+9"},
	{`conversation_pickup_seconds_bucket{$Q,le="+Inf"}`, "0+10"},
	{`conversation_pickup_seconds_count{$Q}`, "0+40"},
	{`conversation_pickup_seconds_sum{$Q}`, "0+1000"},
	{`conversation_api_requests_total{$T,endpoint="e"}`, "0+60"},
	{`conversation_api_request_failures_total{$T,endpoint="e",reason="timeout"}`, "0+30"},
	{`conversation_api_request_duration_seconds_bucket{$T,endpoint="e",le="0.1"}`, "0+50"},
	{`conversation_api_request_duration_seconds_bucket{$T,endpoint="e",le="0.5"}`, "0+90"},
	{`conversation_api_request_duration_seconds_bucket{$T,endpoint="e",le="+Inf"}`, "0+100"},
	{`conversation_api_request_duration_seconds_sum{$T,endpoint="e"}`, "0+120"},
	{`conversation_exporter_config_last_reload_successful{job="j",instance="i"}`, "0"},
	{`conversation_exporter_config_last_reload_success_timestamp_seconds{job="j",instance="i"}`, "5000"},
	{`conversation_exporter_invalid_timeout_headers_total{job="j",instance="i"}`, "0+1"},
	{`conversation_exporter_panics_total{job="j",instance="i"}`, "0+2"},
}

// dayShown is what the panels of Conversations show of it: by panel and query the value, or
// values by the labels beyond those of the target.
var dayShown = map[string]map[string]string{
	"Unanswered, by time left in the window A":       {"": "1"},
	"Unanswered, by time left in the window B":       {"": "2"},
	"Unanswered, by time left in the window C":       {"": "4"},
	"Unanswered, by time left in the window D":       {"": "8"},
	"Unanswered, by time left in the window E":       {"": "16"},
	"Unanswered, by time left in the window F":       {"": "32"},
	"Windows that close next A":                      {`$Q,awaiting="agent"`: "400"},
	"Open windows, by whose turn it is A":            {`awaiting="agent"`: "62", `awaiting="customer"`: "128", `awaiting="unknown"`: "256"},
	"Windows lost, over 1 h A":                       {`$Q`: "60"},
	"Chats that the system will end A":               {`$T,queue="Sales",awaiting="agent"`: "300"},
	"Queues now A":                                   {`$T,queue="Sales"`: "3", `$T,queue="Support"`: ""},
	"Queues now B":                                   {`$T,queue="Sales"`: "120"},
	"Queues now C":                                   {`$T,queue="Sales"`: "120", `$T,queue="Support"`: "300"},
	"Queues now D":                                   {`$T,queue="Sales"`: "2"},
	"Queues now E":                                   {`$T,queue="Sales"`: "3"},
	"Queues now F":                                   {`$T,queue="Sales"`: "1"},
	"Queues now G":                                   {`$T,queue="Sales"`: "6"},
	"Queues now H":                                   {`$T,queue="Sales",assignment_mode="pickup"`: "1"},
	"Queues now I":                                   {`$T,queue="Sales"`: "1"},
	"Waiting for a pick-up, by queue A":              {`$T,queue="Sales"`: "3"},
	"Longest wait for a pick-up, by queue A":         {`$T,queue="Sales"`: "120"},
	"Agents present, by queue A":                     {`$T,queue="Sales"`: "2"},
	"Agents of all queues A":                         {`presence="present"`: "5", `presence="away"`: "7"},
	"Open, by state A":                               {`state="queued"`: "3", `state="assigned"`: "12"},
	"Open, by origin A":                              {`origin="regular"`: "13", `origin="campaign"`: "2"},
	"Unanswered, by age A":                           {"": "32"},
	"Unanswered, by age B":                           {"": "16"},
	"Unanswered, by age C":                           {"": "8"},
	"Unanswered, by age D":                           {"": "4"},
	"Unanswered, by age E":                           {"": "2"},
	"Unanswered, by age F":                           {"": "1"},
	"Longest wait for an answer, by state A":         {`$T,state="queued"`: "120", `$T,state="archived"`: "1000"},
	"Started and closed, a minute A":                 {"": "4"},
	"Started and closed, a minute B":                 {"": "3"},
	"Closed, by reason A":                            {`reason="agent"`: "1", `reason="timeout"`: "2"},
	"Closed while the customer was owed an answer A": {`reason="agent"`: "1"},
	"Transfers and hand-overs by bots A":             {`to="queue"`: "1", `to="agent"`: "2"},
	"Transfers and hand-overs by bots B":             {"": "4"},
	"Unread, ours and theirs A":                      {"": "3"},
	"Unread, ours and theirs B":                      {"": "5"},
	"Since the last message of a customer A":         {`$T,channel="sms"`: "30"},
	"First response, over 1 h A":                     {"": "60"},
	"First response, over 1 h B":                     {"": "600"},
	"First responses within 5 minutes, over 1 h A":   {`$T`: "0.8", `job="j",instance="i",target="other"`: "0.6"},
	"Every response, over 1 h A":                     {"": "30"},
	"Every response, over 1 h B":                     {"": "120"},
	"Pick-up, over 1 h A":                            {"": "15"},
	"Pick-up, over 1 h B":                            {"": "1800"},
	"Mean, over 1 h A":                               {"": "100"},
	"Mean, over 1 h B":                               {"": "50"},
	"Mean, over 1 h C":                               {"": "25"},
	"How many, a minute A":                           {"": "10"},
	"How many, a minute B":                           {"": "20"},
	"How many, a minute C":                           {"": "40"},
	"Messages, a minute A":                           {`sender="agent"`: "1", `sender="customer"`: "2"},
	"Not delivered, over 1 h A":                      {`$T,channel="sms",reason="other"`: "60"},
	"Templates, over 1 h A":                          {`$T,channel="sms"`: "60"},
	"Longest in sending A":                           {`$T,channel="sms"`: "20"},
	"Channels A":                                     {`$C`: "1"},
	"Channels B":                                     {`$N`: "11"},
	"Channels C":                                     {`$N`: "12"},
	"Channels D":                                     {`$N`: "13"},
	"Channels E":                                     {`$N`: "14"},
	"Sessions and presence, by agent A":              {`$T,agent="1"`: "3", `$T,agent="2"`: "4", `$T,agent="3"`: "0"},
	"Sessions and presence, by agent B":              {`$T,agent="1"`: "1", `$T,agent="2"`: "0", `$T,agent="3"`: "0"},
	"Sessions of those who are away A":               {`$T,agent="2"`: "4"},
	"Targets D":                                      {`$T`: "3"},
	"Targets E":                                      {`$T`: "7"},
	"Targets F":                                      {`$T`: "5"},
	"Exporters C":                                    {`job="j",instance="i"`: "0"},
	"Exporters D":                                    {`job="j",instance="i"`: "5000000"},
	"Groups of metrics A":                            {`$T,collector="messages"`: "1", `$T,collector="sessions"`: "1", `$T,collector="channels"`: "0"},
	"Groups of metrics B":                            {`$T,collector="messages"`: "0", `$T,collector="channels"`: "1"},
	"Groups of metrics C":                            {`$T,collector="channels"`: "1"},
	"Groups of metrics D":                            {`$T,collector="channels"`: "0.5"},
	"Time to read A":                                 {`$T,collector="channels"`: "0.5"},
	"Requests A":                                     {`$T,endpoint="e"`: "1"},
	"Requests that failed A":                         {`$T,endpoint="e",reason="timeout"`: "0.5"},
	"Time of a request, nine of ten within A":        {`$T,endpoint="e"`: "0.5"},
	"Requests, in flight on the mean A":              {`$T`: "2"},
	"Records that were not used, over 1 h A":         {`$T`: "60"},
	"Records that were not used, over 1 h B":         {`$T,reason="future"`: "120"},
	"Faults of the exporter, over 1 h A":             {`job="j",instance="i"`: "120"},
	"Faults of the exporter, over 1 h B":             {`job="j",instance="i"`: "60"},
}

// seenElsewhere are the queries of which TestPanelsKeepWhatIsDown tells more.
var seenElsewhere = []string{"Targets A", "Targets B", "Targets C", "Exporters A", "Exporters B"}

// Of each table and graph of Conversations, the value is that of the day: each query is asked
// as it is, and Prometheus's own engine answers it.
func TestTablesAndGraphsMeanWhatTheySay(t *testing.T) {
	short := strings.NewReplacer("$T", `job="j",instance="i",target="pbx"`, "$Q", `job="j",instance="i",target="pbx",channel="sms",queue="Sales"`,
		"$C", `job="j",instance="i",target="pbx",channel="sms",name="Main",provider="meta"`, "$N", `job="j",instance="i",target="pbx",channel="sms",name="Main"`)
	var b strings.Builder
	b.WriteString("evaluation_interval: 30m\ntests:\n  - interval: 1m\n    input_series:\n")
	for _, s := range daySeries {
		fmt.Fprintf(&b, "      - {series: '%s', values: '%sx90'}\n", short.Replace(s.series), s.values)
	}
	b.WriteString("    promql_expr_test:\n")
	left := maps.Clone(dayShown)
	for _, d := range readDashboards(t) {
		for _, p := range d.all() {
			for _, q := range p.Targets {
				name := p.Title + " " + q.RefID
				if d.file != "conversations.json" || p.Type == "stat" || slices.Contains(seenElsewhere, name) {
					continue
				}
				want, known := dayShown[name]
				if !known {
					t.Errorf("it is not known what %s shows", name)
				}
				delete(left, name)
				choice := map[string]string{"target": "pbx"}
				if strings.Contains(q.LegendFormat, "{{target}}") {
					choice = nil // The other one has a line of its own.
				}
				fmt.Fprintf(&b, "      - expr: %q\n        eval_time: 90m\n        exp_samples:\n", "round("+oneLine(chosen(q.Expr, choice))+", 0.001)")
				for _, labels := range slices.Sorted(maps.Keys(want)) {
					if want[labels] != "" {
						fmt.Fprintf(&b, "          - {labels: '{%s}', value: %s}\n", short.Replace(labels), want[labels])
					}
				}
			}
		}
	}
	for name := range left {
		t.Errorf("there is no query %s", name)
	}
	file := filepath.Join(t.TempDir(), "day.yml")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := promtool(t, "test", "rules", file); err != nil {
		t.Fatalf("%v\n%s", err, regexp.MustCompile(`\{job=~[^}]*\}`).ReplaceAllString(out, "{}"))
	}
}
