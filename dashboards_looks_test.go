package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// looksOf tells in words how a panel shows its values, and under the panel's title, a colon and
// a name how it shows those of that name, or what it calls a query.
func looksOf(t *testing.T, d dashboard, p panel, drawn drawnFigure) map[string]string {
	t.Helper()
	looks := make(map[string]string)
	say := func(name, format string, args ...any) {
		looks[name] = strings.TrimPrefix(looks[name]+"; "+fmt.Sprintf(format, args...), "; ")
	}
	for name, l := range drawn.looks(t) {
		if p.Type == "stat" && name != "" {
			continue // That is in the scenes.
		}
		key := p.Title
		if name != "" {
			key += ": " + name
		}
		if l.Unit != "short" && l.Unit != "string" && (name == "" || l.Unit != p.FieldConfig.Defaults.Unit) {
			say(key, "%s", l.Unit)
		}
		for _, m := range l.Mappings {
			for _, value := range slices.Sorted(maps.Keys(m.Options)) {
				say(key, "%s %s", value, strings.TrimSpace(m.Options[value].Text+" "+m.Options[value].Color))
			}
		}
		for _, s := range l.Thresholds.Steps {
			if s.Value != nil && (name == "" || p.property(name, "thresholds") != nil) {
				say(key, "from %g %s", *s.Value, strings.ReplaceAll(s.Color, "#464c54", "text"))
			}
		}
		if l.Color.FixedColor != "" && (name == "" || p.property(name, "color") != nil) {
			say(key, "%s", l.Color.FixedColor)
		}
	}
	for _, o := range p.FieldConfig.Overrides {
		key := p.Title + ": " + o.Matcher.Options
		if cell, is := p.property(o.Matcher.Options, "custom.cellOptions").(map[string]any); is {
			say(key, "%s", cell["type"])
		}
		if places := p.property(o.Matcher.Options, "decimals"); places != nil && p.Type != "stat" {
			say(key, "%v decimals", places)
		}
	}
	f := p.FieldConfig.Defaults
	if f.Decimals != nil {
		say(p.Title, "%g decimals", *f.Decimals)
	}
	if f.Max != nil {
		say(p.Title, "up to %g", *f.Max)
	}
	if p.Type == "timeseries" && (f.Min == nil || *f.Min != 0) {
		say(p.Title, "also below 0")
	}
	if style := f.Custom.ThresholdsStyle.Mode; style != "" && style != "off" {
		say(p.Title, "%s", style)
	}
	if f.Custom.Stacking.Mode == "normal" {
		say(p.Title, "stacked")
	}
	for _, tr := range p.Transformations {
		for column, name := range tr.Options.RenameByName {
			say(p.Title+": "+column, "%s", name)
		}
	}
	if none := p.FieldConfig.Defaults.NoValue; none != "not read" && none != "–" {
		say(p.Title, "else %s", none)
	}
	for _, by := range p.Options.SortBy {
		say(p.Title, "by %s, %s", by.DisplayName, map[bool]string{true: "down", false: "up"}[by.Desc])
	}
	for _, q := range p.Targets {
		if !strings.Contains(q.LegendFormat, "{{") && p.Type == "timeseries" {
			say(p.Title+": "+q.RefID, "%s", q.LegendFormat)
		}
	}
	return looks
}

// What each panel shows its values as: units, colours, words, the order of rows, and what is said
// where there is nothing. What is not in the list is a plain number without a colour.
func TestPanelsLookAsTheyShould(t *testing.T) {
	left := maps.Clone(knownLooks)
	for _, d := range readDashboards(t) {
		drawn := drawnFigures(t, d)
		for i, p := range d.all() {
			for name, look := range looksOf(t, d, p, drawn[i]) {
				if look != knownLooks[name] {
					t.Errorf("%s: %q: %q,", d.file, name, look)
				}
				delete(left, name)
			}
		}
	}
	for name, look := range left {
		t.Errorf("nothing is shown as %s: %s", name, look)
	}
}

// A graph draws all that it asks for, and only where there is a value; a table shows all but the
// time and the numbers that only bring a label.
func TestPanelsHideNothing(t *testing.T) {
	for _, d := range readDashboards(t) {
		for _, row := range d.Panels {
			if only := strings.Contains(row.Title, "--collector") || row.Title == "The exporter"; row.Type == "row" && row.Collapsed != only {
				t.Errorf("%s: the row %q is folded: %t", d.file, row.Title, row.Collapsed)
			}
		}
		for _, p := range d.all() {
			custom := p.FieldConfig.Defaults.Custom
			if custom.SpanNulls || custom.HideFrom.Viz || custom.HideFrom.Legend || custom.HideFrom.Tooltip || !slices.Contains([]string{"", "none", "normal"}, custom.Stacking.Mode) {
				t.Errorf("%s is drawn by %+v", d.where(p), custom)
			}
			for _, q := range p.Targets {
				if q.Hide {
					t.Errorf("%s does not ask %s", d.where(p), q.RefID)
				}
			}
			for _, tr := range p.Transformations {
				for column := range tr.Options.ExcludeByName {
					label := column == "Value #L" && p.Title == "Fleet" || column == "Value #H" && p.Title == "Queues now" || column == "Value #A" && (p.Title == "Targets" || p.Title == "Exporters")
					constant := p.Title == "Windows that close next" && (column == "awaiting" || column == "__name__")
					if column != "Time" && column != "job" && !label && !constant {
						t.Errorf("%s does not show %s", d.where(p), column)
					}
				}
			}
		}
	}
}

// A figure is the last value, in the colour that its limits give it, and in its size: on the
// wall the whole panel has the colour.
func TestFiguresAreDrawnAlike(t *testing.T) {
	for _, d := range readDashboards(t) {
		colour, text := "value", "value"
		if d.file == "wallboard.json" {
			colour, text = "background_solid", "value_and_name"
		}
		for _, p := range d.all() {
			if p.Type != "stat" {
				continue
			}
			if o := p.Options; !slices.Equal(o.ReduceOptions.Calcs, []string{"lastNotNull"}) || o.ReduceOptions.Values || o.ReduceOptions.Fields != "" || o.ColorMode != colour || o.TextMode != text || o.GraphMode != "none" {
				t.Errorf("%s is drawn by %+v", d.where(p), o)
			}
			if p.FieldConfig.Defaults.Color.Mode != "thresholds" {
				t.Errorf("%s has its colour by %s", d.where(p), p.FieldConfig.Defaults.Color.Mode)
			}
		}
	}
}

// Who opens a dashboard sees all that there is, of the hours before, and again and again.
func TestDashboardsBeginWithAll(t *testing.T) {
	heads := map[string]string{"conversations.json": "now-6h to now, every 1m", "fleet.json": "now-6h to now, every 1m", "wallboard.json": "now-24h to now, every 30s"}
	for _, d := range readDashboards(t) {
		if head := d.Time.From + " to " + d.Time.To + ", every " + d.Refresh; head != heads[d.file] {
			t.Errorf("%s begins with %s", d.file, head)
		}
		for _, v := range d.Templating.List {
			current := string(v.Current)
			if v.Type == "query" {
				current = strings.Join(strings.Fields(current), "")
			}
			want := map[string]string{"datasource": `{}`, "query": `{"selected":true,"text":["All"],"value":["$__all"]}`}[v.Type]
			if current != want || v.Hide != 0 || v.Regex != "" || string(v.Options) != "[]" {
				t.Errorf("%s: %s begins with %s, hidden %d, only %q, of %s", d.file, v.Name, current, v.Hide, v.Regex, v.Options)
			}
		}
		for _, a := range d.Annotations.List {
			if a.Hide || a.IconColor != "red" {
				t.Errorf("%s: the annotation %s is hidden: %t, and %s", d.file, a.Name, a.Hide, a.IconColor)
			}
		}
	}
}

// A row of the fleet leads to the conversations of its own system, and a figure on the wall to those
// of what is chosen there.
func TestPanelsLeadToTheConversations(t *testing.T) {
	const (
		row    = "/d/conversation/conversations?var-datasource=${datasource}&var-job=${__data.fields.job:percentencode}&var-instance=${__data.fields.instance:percentencode}&var-target=${__data.fields.target:percentencode}&${__url_time_range}"
		figure = "/d/conversation/conversations?${__all_variables}&${__url_time_range}"
	)
	for _, d := range readDashboards(t) {
		for _, p := range d.all() {
			var leads []string
			for _, l := range p.FieldConfig.Defaults.Links {
				leads = append(leads, l.URL)
			}
			if links, ok := p.property("target", "links").([]any); ok {
				for _, l := range links {
					leads = append(leads, fmt.Sprint(l.(map[string]any)["url"]))
				}
			}
			var want []string
			switch {
			case p.Title == "Fleet":
				want = []string{row}
			case d.file == "wallboard.json":
				want = []string{figure}
			}
			if !slices.Equal(leads, want) {
				t.Errorf("%s leads to %q, want %q", d.where(p), leads, want)
			}
		}
	}
}

// The state of a target is one query: in the table, over time, and in what counts those in trouble.
func TestTheStateOfATargetIsOneQuery(t *testing.T) {
	state, places := "", 0
	for _, d := range readDashboards(t) {
		for _, p := range d.all() {
			if p.Title == "Fleet" {
				state = oneLine(p.Targets[0].Expr)
			}
		}
	}
	for _, d := range readDashboards(t) {
		for _, p := range d.all() {
			for _, q := range p.Targets {
				if !strings.Contains(q.Expr, "4 * group") {
					continue
				}
				places++
				if !strings.Contains(oneLine(q.Expr), state) {
					t.Errorf("%s %s has another state than the table of the fleet", d.where(p), q.RefID)
				}
			}
		}
	}
	if places != 3 {
		t.Errorf("the state stands in %d places", places)
	}
}

// knownLooks are those of the panels, by title, and of what is named in them.
var knownLooks = map[string]string{
	"Source":                                                  "0 DOWN red; 1 read",
	"Longest wait for a pick-up":                              "s",
	"Longest wait for an answer":                              "s",
	"Agents present":                                          "from 0 orange; from 1 text",
	"Queues with no agent present":                            "from 1 red",
	"Windows closing within the hour":                         "from 1 orange; else not read, or without windows",
	"Next window closes in":                                   "s; from 0 red; from 900 orange; from 3600 text; else none, or not read",
	"Windows lost in 24 h":                                    "from 1 orange; 0 decimals; else not read, or without windows",
	"Not delivered in 24 h":                                   "from 1 orange; 0 decimals; else not read, or not told",
	"Queues now":                                              "by longest wait, down",
	"Queues now: Value #A":                                    "waiting for a pick-up",
	"Queues now: Value #B":                                    "longest wait",
	"Queues now: Value #C":                                    "limit",
	"Queues now: Value #D":                                    "agents present",
	"Queues now: Value #E":                                    "agents away",
	"Queues now: Value #F":                                    "open",
	"Queues now: Value #G":                                    "offered",
	"Queues now: Value #I":                                    "of the limit",
	"Queues now: assignment_mode":                             "hands out",
	"Queues now: limit":                                       "s",
	"Queues now: longest wait":                                "s",
	"Queues now: of the limit":                                "suffix: ×; from 1.001 orange; from 3.001 red; color-text; 1 decimals",
	"Queues now: open":                                        "0 closed; 1 open",
	"Queues now: waiting for a pick-up":                       "0 decimals",
	"Unanswered, by time left in the window":                  "stacked; else not read, or without windows",
	"Unanswered, by time left in the window: 1 to 4 h":        "#8ab8ff",
	"Unanswered, by time left in the window: 15 to 30 min":    "orange",
	"Unanswered, by time left in the window: 30 min to 1 h":   "yellow",
	"Unanswered, by time left in the window: 4 h and more":    "#3274d9",
	"Unanswered, by time left in the window: A":               "over",
	"Unanswered, by time left in the window: B":               "under 15 min",
	"Unanswered, by time left in the window: C":               "15 to 30 min",
	"Unanswered, by time left in the window: D":               "30 min to 1 h",
	"Unanswered, by time left in the window: E":               "1 to 4 h",
	"Unanswered, by time left in the window: F":               "4 h and more",
	"Unanswered, by time left in the window: over":            "#7b7b7b",
	"Unanswered, by time left in the window: under 15 min":    "red",
	"Windows that close next":                                 "else none, or not read; by closes in, up",
	"Windows that close next: Value":                          "closes in",
	"Windows that close next: closes in":                      "s; from 0 red; from 900 orange; from 3600 text; color-text",
	"Open windows, by whose turn it is":                       "stacked; else not read, or without windows",
	"Open windows, by whose turn it is: agent":                "orange",
	"Open windows, by whose turn it is: customer":             "#8ab8ff",
	"Open windows, by whose turn it is: unknown":              "#7b7b7b",
	"Windows lost, over 1 h":                                  "orange; 0 decimals; stacked; else none, or not read",
	"Chats that the system will end":                          "s; also below 0; else none, or not read",
	"Chats that the system will end: /: agent /":              "orange",
	"Chats that the system will end: /: customer /":           "#8ab8ff",
	"Chats that the system will end: /: unknown /":            "#7b7b7b",
	"Waiting for a pick-up, by queue":                         "stacked",
	"Longest wait for a pick-up, by queue":                    "s; from 300 orange; dashed",
	"Agents of all queues":                                    "stacked",
	"Agents of all queues: away":                              "#7b7b7b",
	"Agents of all queues: present":                           "#3274d9",
	"Open, by state":                                          "stacked",
	"Open, by state: archived":                                "#7b7b7b",
	"Open, by state: arriving":                                "#8ab8ff",
	"Open, by state: assigned":                                "#3274d9",
	"Open, by state: automated":                               "purple",
	"Open, by state: queued":                                  "orange",
	"Open, by state: shared":                                  "yellow",
	"Open, by origin":                                         "stacked",
	"Open, by origin: campaign":                               "#8ab8ff",
	"Open, by origin: regular":                                "#3274d9",
	"Unanswered, by age":                                      "stacked",
	"Unanswered, by age: 1 to 4 h":                            "orange",
	"Unanswered, by age: 15 min to 1 h":                       "yellow",
	"Unanswered, by age: 4 h to a day":                        "red",
	"Unanswered, by age: 5 to 15 min":                         "#3274d9",
	"Unanswered, by age: A":                                   "a day and more",
	"Unanswered, by age: B":                                   "4 h to a day",
	"Unanswered, by age: C":                                   "1 to 4 h",
	"Unanswered, by age: D":                                   "15 min to 1 h",
	"Unanswered, by age: E":                                   "5 to 15 min",
	"Unanswered, by age: F":                                   "under 5 min",
	"Unanswered, by age: a day and more":                      "#7b7b7b",
	"Unanswered, by age: under 5 min":                         "#8ab8ff",
	"Longest wait for an answer, by state":                    "s; from 1800 orange; dashed",
	"Started and closed, a minute":                            "cpm",
	"Started and closed, a minute: A":                         "started",
	"Started and closed, a minute: B":                         "closed",
	"Started and closed, a minute: closed":                    "#7b7b7b",
	"Started and closed, a minute: started":                   "#3274d9",
	"Closed, by reason":                                       "cpm; stacked",
	"Closed, by reason: abandoned":                            "orange",
	"Closed, by reason: agent":                                "#3274d9",
	"Closed, by reason: customer":                             "#8ab8ff",
	"Closed, by reason: other":                                "#464c54",
	"Closed, by reason: ticket":                               "text",
	"Closed, by reason: timeout":                              "#7b7b7b",
	"Closed while the customer was owed an answer":            "cpm; stacked",
	"Closed while the customer was owed an answer: abandoned": "orange",
	"Closed while the customer was owed an answer: agent":     "#3274d9",
	"Closed while the customer was owed an answer: customer":  "#8ab8ff",
	"Closed while the customer was owed an answer: other":     "#464c54",
	"Closed while the customer was owed an answer: ticket":    "text",
	"Closed while the customer was owed an answer: timeout":   "#7b7b7b",
	"Transfers and hand-overs by bots":                        "cpm",
	"Transfers and hand-overs by bots: B":                     "from a bot",
	"Transfers and hand-overs by bots: from a bot":            "purple",
	"Transfers and hand-overs by bots: to agent":              "#8ab8ff",
	"Transfers and hand-overs by bots: to api":                "light-purple",
	"Transfers and hand-overs by bots: to queue":              "#3274d9",
	"Unread, ours and theirs: A":                              "of customers",
	"Unread, ours and theirs: B":                              "of ours",
	"Unread, ours and theirs: of customers":                   "orange",
	"Unread, ours and theirs: of ours":                        "#8ab8ff",
	"Since the last message of a customer":                    "s",
	"First response, over 1 h":                                "s; else none, or not read",
	"First response, over 1 h: A":                             "half within",
	"First response, over 1 h: B":                             "nine of ten within",
	"First response, over 1 h: half within":                   "#8ab8ff",
	"First response, over 1 h: nine of ten within":            "#3274d9",
	"First responses within 5 minutes, over 1 h":              "percentunit; from 0.8 text; up to 1; dashed; else none, or not read",
	"Every response, over 1 h":                                "s; else none, or not read",
	"Every response, over 1 h: A":                             "half within",
	"Every response, over 1 h: B":                             "nine of ten within",
	"Every response, over 1 h: half within":                   "#8ab8ff",
	"Every response, over 1 h: nine of ten within":            "#3274d9",
	"Pick-up, over 1 h":                                       "s; else none, or not read",
	"Pick-up, over 1 h: A":                                    "half within",
	"Pick-up, over 1 h: B":                                    "nine of ten within",
	"Pick-up, over 1 h: half within":                          "#8ab8ff",
	"Pick-up, over 1 h: nine of ten within":                   "#3274d9",
	"Mean, over 1 h":                                          "s; else none, or not read",
	"Mean, over 1 h: A":                                       "first response",
	"Mean, over 1 h: B":                                       "response",
	"Mean, over 1 h: C":                                       "pick-up",
	"Mean, over 1 h: first response":                          "#3274d9",
	"Mean, over 1 h: pick-up":                                 "#7b7b7b",
	"Mean, over 1 h: response":                                "#8ab8ff",
	"How many, a minute":                                      "cpm",
	"How many, a minute: A":                                   "first responses",
	"How many, a minute: B":                                   "responses",
	"How many, a minute: C":                                   "pick-ups",
	"How many, a minute: first responses":                     "#3274d9",
	"How many, a minute: pick-ups":                            "#7b7b7b",
	"How many, a minute: responses":                           "#8ab8ff",
	"Messages, a minute":                                      "cpm",
	"Messages, a minute: agent":                               "#3274d9",
	"Messages, a minute: api":                                 "light-purple",
	"Messages, a minute: bot":                                 "purple",
	"Messages, a minute: customer":                            "#8ab8ff",
	"Not delivered, over 1 h":                                 "orange; 0 decimals; stacked; else none, or not read",
	"Templates, over 1 h":                                     "0 decimals",
	"Longest in sending":                                      "s; else none, or not read",
	"Channels":                                                "by connected, up",
	"Channels: Value #A":                                      "connected",
	"Channels: Value #B":                                      "received today",
	"Channels: Value #C":                                      "delivered today",
	"Channels: Value #D":                                      "failed today",
	"Channels: Value #E":                                      "pending",
	"Channels: connected":                                     "0 DOWN red; 1 up; color-text",
	"Sessions and presence, by agent":                         "by sessions, down",
	"Sessions and presence, by agent: Value #A":               "sessions",
	"Sessions and presence, by agent: Value #B":               "presence",
	"Sessions and presence, by agent: presence":               "0 away; 1 present",
	"Sessions of those who are away":                          "else none, or not read",
	"Targets":                                                 "by source, up",
	"Targets: Value #B":                                       "source",
	"Targets: Value #C":                                       "age of the values",
	"Targets: Value #D":                                       "to be read",
	"Targets: Value #E":                                       "clock off by",
	"Targets: Value #F":                                       "folded queues",
	"Targets: age of the values":                              "s; from 120 orange; color-text; 0 decimals",
	"Targets: clock off by":                                   "s; 1 decimals",
	"Targets: source":                                         "0 DOWN red; 1 read; color-text",
	"Exporters":                                               "by instance, up",
	"Exporters: Value #B":                                     "reached",
	"Exporters: Value #C":                                     "reload read",
	"Exporters: Value #D":                                     "read at",
	"Exporters: goversion":                                    "Go",
	"Exporters: reached":                                      "0 NO red; 1 yes; color-text",
	"Exporters: read at":                                      "dateTimeAsIso",
	"Exporters: reload read":                                  "0 NO red; 1 yes; color-text",
	"Groups of metrics":                                       "by read, up; by leaves out, down",
	"Groups of metrics: Value #A":                             "read",
	"Groups of metrics: Value #B":                             "leaves out",
	"Groups of metrics: Value #C":                             "cut short",
	"Groups of metrics: Value #D":                             "took",
	"Groups of metrics: collector":                            "group",
	"Groups of metrics: cut short":                            "0 no; 1 yes orange; color-text",
	"Groups of metrics: leaves out":                           "0 no; 1 yes orange; color-text",
	"Groups of metrics: read":                                 "0 NO red; 1 yes; color-text",
	"Groups of metrics: took":                                 "s",
	"Time to read":                                            "s",
	"Requests":                                                "reqps; stacked",
	"Time of a request, nine of ten within":                   "s",
	"Requests that failed":                                    "reqps; orange; else none, or not read",
	"Targets in trouble":                                      "from 1 orange",
	"Fleet":                                                   "by state, down; by pick-up wait, down",
	"Fleet: Value #A":                                         "state",
	"Fleet: Value #B":                                         "waiting",
	"Fleet: Value #C":                                         "pick-up wait",
	"Fleet: Value #D":                                         "unanswered",
	"Fleet: Value #E":                                         "answer wait",
	"Fleet: Value #F":                                         "closing, 1 h",
	"Fleet: Value #G":                                         "next window",
	"Fleet: Value #H":                                         "lost, 24 h",
	"Fleet: Value #I":                                         "agents",
	"Fleet: Value #J":                                         "failed, 24 h",
	"Fleet: Value #K":                                         "age",
	"Fleet: Value #M":                                         "of limit",
	"Fleet: Value #N":                                         "no agent",
	"Fleet: Value #O":                                         "channels down",
	"Fleet: age":                                              "s; from 120 orange; color-text; 0 decimals",
	"Fleet: answer wait":                                      "s",
	"Fleet: channels down":                                    "from 1 red; color-text",
	"Fleet: closing, 1 h":                                     "from 1 orange; color-text",
	"Fleet: lost, 24 h":                                       "from 1 orange; color-text",
	"Fleet: next window":                                      "s; from 0 red; from 900 orange; from 3600 text; color-text",
	"Fleet: no agent":                                         "from 1 red; color-text",
	"Fleet: of limit":                                         "suffix: ×; from 1.001 orange; from 3.001 red; color-text; 1 decimals",
	"Fleet: pick-up wait":                                     "s",
	"Fleet: state":                                            "0 calm #464c54; 1 incomplete orange; 2 act soon orange; 3 act now red; 4 not read red; color-background",
	"State of each target":                                    "0 calm #464c54; 1 incomplete orange; 2 act soon orange; 3 act now red; 4 not read red",
	"Longest wait for a pick-up, by target":                   "s; from 300 orange; dashed; else none, or not read",
	"Windows lost, by target, over 1 h":                       "orange; 0 decimals; stacked; else none, or not read",
	"Worst queues":                                            "s; else nobody waits, or not read",
}
