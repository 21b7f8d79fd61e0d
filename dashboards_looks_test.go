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
