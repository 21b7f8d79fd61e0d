package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// seriesNames are what a legend calls the series of a query: one name for each value of
// the labels that have a list of them. Other labels stay in braces.
func seriesNames(q query, values map[string]string) []string {
	names := []string{q.LegendFormat}
	metric := seriesOf.FindStringSubmatch(q.Expr)
	for _, label := range regexp.MustCompile(`\{\{([a-z_]+)\}\}`).FindAllStringSubmatch(q.LegendFormat, -1) {
		var longer []string
		for _, value := range regexp.MustCompile("`([a-z0-9_]+)`").FindAllStringSubmatch(listed(values, metric[1], label[1]), -1) {
			for _, name := range names {
				longer = append(longer, strings.ReplaceAll(name, label[0], value[1]))
			}
		}
		if len(longer) > 0 {
			names = longer
		}
	}
	return names
}

// matches tells whether an override is about any of these names.
func matches(t *testing.T, m matcher, names map[string]bool) bool {
	t.Helper()
	if m.ID != "byRegexp" {
		return m.ID != "byName" || names[m.Options]
	}
	pattern, err := regexp.Compile(strings.Trim(m.Options, "/"))
	if err != nil {
		t.Fatal(err)
	}
	for name := range names {
		if pattern.MatchString(name) {
			return true
		}
	}
	return false
}

// What a panel names of its series is there: labels in legends, columns in tables.
func TestPanelsNameWhatTheirQueriesReturn(t *testing.T) {
	var (
		legend   = regexp.MustCompile(`\{\{([a-z_]+)\}\}`)
		grouping = regexp.MustCompile(`\bby \(([^)]+)\)`)
	)
	values := enums(t)
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
				for _, name := range seriesNames(q, values) {
					shown[name] = true
				}
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
				if !matches(t, o.Matcher, shown) {
					t.Errorf("%s says how %s is shown, which it is not", d.where(p), o.Matcher.Options)
				}
			}
		}
	}
}

// Neither system has all. A panel on something that one lacks says so in words, as an
// empty panel looks broken; and "not read" alone would be untrue of a system that was.
func TestPanelsSayWhatASystemLacks(t *testing.T) {
	var (
		lacks = regexp.MustCompile(`conversation_(reply_window|message_failures|template_messages|channel_|sending_oldest|idle_next|queue_open|queue_warning|transfers_pending|customer_unread)`)
		// Of lost windows and templates, SuperOffice has 0.
		absent = regexp.MustCompile(`^conversation_(reply_window_|message_failures|channel_|sending_oldest|idle_next|queue_open|queue_warning|transfers_pending|customer_unread)`)
	)
	for _, d := range readDashboards(t) {
		for _, p := range d.all() {
			there := 0
			for _, q := range p.Targets {
				if !absent.MatchString(seriesOf.FindString(q.Expr)) && (p.Type != "stat" || q.RefID == "A") {
					there++
				}
				if lacks.MatchString(q.Expr) && !strings.Contains(p.Description, "SuperOffice") && !strings.Contains(p.Description, "PBX") {
					t.Errorf("%s shows what one of the systems does not have, and does not say which", d.where(p))
				}
			}
			if there == 0 && p.FieldConfig.Defaults.NoValue == "not read" {
				t.Errorf("%s says %q of a system that does not have it", d.where(p), p.FieldConfig.Defaults.NoValue)
			}
		}
	}
}

// Colours mean something: red wants somebody now or was not read, orange is late or
// soon, or owed by us, yellow the step before; blue is the work of the moment, light blue
// that of the customer; purple is a machine; grey and the colour of text are at rest. A
// series of which the name is known beforehand has its own. Those that are told apart by what
// somebody has called a target or a queue have any, or shades of orange where all are trouble.
func TestColoursMeanSomething(t *testing.T) {
	colour := regexp.MustCompile(`"(?:color|fixedColor|iconColor)": "([^"]+)"`)
	meaning := []string{"red", "orange", "yellow", "text", "#464c54", "#7b7b7b", "#8ab8ff", "#3274d9", "purple", "light-purple"}
	values := enums(t)
	for _, d := range readDashboards(t) {
		text, err := os.ReadFile(filepath.Join(dashboardsDir, d.file))
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range colour.FindAllStringSubmatch(string(text), -1) {
			if !slices.Contains(meaning, found[1]) {
				t.Errorf("%s: the colour %s means nothing", d.file, found[1])
			}
		}
		for _, p := range d.all() {
			if p.Type != "timeseries" {
				continue
			}
			for _, q := range p.Targets {
				for _, name := range seriesNames(q, values) {
					if !strings.Contains(name, "{{") && p.property(name, "color") == nil {
						t.Errorf("%s shows %q in a colour that means nothing", d.where(p), name)
					}
				}
			}
		}
	}
}

// A time is shown as one, and nothing else is: 300 is not 5 minutes, nor is a count of
// customers. Which it is tells the name of the metric.
func TestTimesAreShownAsTimes(t *testing.T) {
	var (
		wrapped = regexp.MustCompile(`^(?:topk\(3,|(?:max|min|sum|sort|last_over_time|round|label_replace)(?: by \([^)]*\))? ?\(|\(|time\(\) - |[0-9.]+ \* |\s+)`)
		seconds = regexp.MustCompile(`^conversation_[a-z_]+_seconds(?:\{|\[|$)`)
		share   = regexp.MustCompile(`^max by \([^)]*\) \(\s+\(time\(\) - conversation_queued_oldest_timestamp_seconds\{[^}]*\}\)\s+/ on `)
		mean    = regexp.MustCompile(`^rate\(conversation_[a-z_]+_seconds_sum\{.*/ sum\(rate\(conversation_[a-z_]+_seconds_count`)
	)
	unit := func(expr string) string {
		if share.MatchString(expr) {
			return ""
		}
		if strings.Contains(expr, "(1000 * ") {
			return "dateTimeAsIso"
		}
		for wrapped.MatchString(expr) {
			expr = wrapped.ReplaceAllString(expr, "")
		}
		if seconds.MatchString(expr) || mean.MatchString(expr) || strings.HasPrefix(expr, "histogram_quantile(") {
			return "s"
		}
		return ""
	}
	times := 0
	for _, d := range readDashboards(t) {
		for _, p := range d.all() {
			for _, q := range p.Targets {
				if p.Type == "stat" && q.RefID != "A" {
					continue
				}
				got, name := p.FieldConfig.Defaults.Unit, p.columnOf(q)
				if own, is := p.property(name, "unit").(string); is {
					got = own
				}
				want := unit(q.Expr)
				if want != "" {
					times++
				}
				if (want != "" || got == "s" || strings.HasPrefix(got, "date")) && got != want {
					t.Errorf("%s %s %q has the unit %q, want %q", d.where(p), q.RefID, name, got, want)
				}
			}
		}
	}
	if times < 20 {
		t.Errorf("only %d times were seen", times)
	}
}

// columnOf is what a table calls the values of a query.
func (p panel) columnOf(q query) string {
	for _, tr := range p.Transformations {
		for _, column := range []string{"Value #" + q.RefID, "Value"} {
			if name := tr.Options.RenameByName[column]; name != "" {
				return name
			}
		}
	}
	return ""
}
