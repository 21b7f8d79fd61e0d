package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// figure is what a stat, or a column of the table of the fleet, asks and how it shows
// the answer.
type figure struct {
	where   string
	title   string
	queries map[string]string
	looks   map[string]look // by refId; "" is that of a query without its own
}

// look is how a number becomes words and a colour.
type look struct {
	Unit     string `json:"unit"`
	Mappings []struct {
		Options map[string]struct {
			Text  string `json:"text"`
			Color string `json:"color"`
		} `json:"options"`
	} `json:"mappings"`
	Thresholds struct {
		Steps []step `json:"steps"`
	} `json:"thresholds"`
	Color struct {
		Mode       string `json:"mode"`
		FixedColor string `json:"fixedColor"`
	} `json:"color"`
}

// step is the colour from a value on.
type step struct {
	Color string   `json:"color"`
	Value *float64 `json:"value"`
}

// shows is what is shown for a value: the number, or its word, and the colour, which is
// left out at rest.
func (l look) shows(value float64) string {
	text, colour := strconv.FormatFloat(value, 'f', -1, 64), ""
	for _, s := range l.Thresholds.Steps {
		if s.Value == nil || value >= *s.Value {
			colour = s.Color
		}
	}
	if l.Color.Mode == "fixed" {
		colour = l.Color.FixedColor
	}
	for _, m := range l.Mappings {
		if o, is := m.Options[text]; is {
			text = o.Text
			if o.Color != "" {
				colour = o.Color
			}
		}
	}
	if suffix, is := strings.CutPrefix(l.Unit, "suffix: "); is {
		text += " " + suffix
	}
	if colour == "" || colour == "text" || colour == "#464c54" {
		return text
	}
	return text + " " + colour
}

// value is the number for which a look shows that.
func (l look) value(shown string) (value float64, ok bool) {
	candidates := []string{strings.Fields(shown)[0]}
	for _, m := range l.Mappings {
		candidates = append(candidates, slices.Sorted(maps.Keys(m.Options))...)
	}
	for _, text := range candidates {
		if n, err := strconv.ParseFloat(text, 64); err == nil && l.shows(n) == shown {
			return n, true
		}
	}
	return 0, false
}

// shownBy is the query that shows a text, the first that can, and the value that it returns.
func (f figure) shownBy(text string) (ref string, value float64, err error) {
	for _, ref := range slices.Sorted(maps.Keys(f.queries)) {
		l, own := f.looks[ref]
		if !own {
			l = f.looks[""]
		}
		if v, ok := l.value(text); ok {
			return ref, v, nil
		}
	}
	return "", 0, fmt.Errorf("%s never shows %q", f.where, text)
}

// want is what each query of the figure returns where that is shown, by labels: texts without
// any, or a text a row.
func (f figure) want(shown map[string][]string) (values map[string]map[string]float64, err error) {
	values = make(map[string]map[string]float64)
	for labels, texts := range shown {
		for _, text := range texts {
			ref, v, err := f.shownBy(text)
			if err != nil {
				return nil, err
			}
			if values[ref] == nil {
				values[ref] = make(map[string]float64)
			}
			values[ref][labels] = v
		}
	}
	return values, nil
}

// readFigures reads the figures of all dashboards, and the columns of the fleet by their
// names. What has a row a target or a queue is a column, too.
func readFigures(t *testing.T) (figures, columns []figure) {
	t.Helper()
	for _, d := range readDashboards(t) {
		for _, p := range drawnFigures(t, d) {
			switch {
			case p.Title == "Worst queues":
				f := p.figure(t, d.file)
				delete(f.queries, "B") // It is that of all figures.
				delete(f.queries, "C")
				delete(f.looks, "B")
				delete(f.looks, "C")
				columns = append(columns, f)
			case p.Type == "stat":
				figures = append(figures, p.figure(t, d.file))
			case p.Type == "state-timeline":
				f := p.figure(t, d.file)
				columns = append(columns, figure{f.where, "state", f.queries, f.looks})
			case p.Title == "Fleet":
				columns = append(columns, p.columns(t, d.file)...)
			case p.Title == "Longest wait for a pick-up, by target":
				columns = append(columns, figure{p.Title, "pick-up wait", map[string]string{"A": p.Targets[0].Expr}, map[string]look{"": {}}})
			}
		}
	}
	return figures, columns
}

// drawnFigures are the panels of a dashboard but its rows, in the order of all.
func drawnFigures(t *testing.T, d dashboard) (drawn []drawnFigure) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dashboardsDir, d.file))
	if err != nil {
		t.Fatal(err)
	}
	var read struct {
		Panels []drawnFigure `json:"panels"`
	}
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	for _, p := range read.Panels {
		if p.Type != "row" {
			drawn = append(drawn, p)
		}
		drawn = append(drawn, p.Panels...)
	}
	return drawn
}

// drawnFigure is a panel with what the figures are made of.
type drawnFigure struct {
	Type        string `json:"type"`
	Title       string `json:"title"`
	FieldConfig struct {
		Defaults  json.RawMessage `json:"defaults"`
		Overrides []struct {
			Matcher struct {
				Options string `json:"options"`
			} `json:"matcher"`
			Properties []struct {
				ID    string          `json:"id"`
				Value json.RawMessage `json:"value"`
			} `json:"properties"`
		} `json:"overrides"`
	} `json:"fieldConfig"`
	Transformations []struct {
		Options struct {
			RenameByName map[string]string `json:"renameByName"`
		} `json:"options"`
	} `json:"transformations"`
	Targets []query       `json:"targets"`
	Panels  []drawnFigure `json:"panels"`
}

// looks are those of a panel: "" for all, and by the name of what is overridden. A later
// property takes the place of the field's own.
func (p drawnFigure) looks(t *testing.T) map[string]look {
	t.Helper()
	read := func(l *look, text json.RawMessage) {
		if err := json.Unmarshal(text, l); err != nil {
			t.Fatalf("%s: %v", p.Title, err)
		}
	}
	looks := map[string]look{"": {}}
	var all look
	read(&all, p.FieldConfig.Defaults)
	looks[""] = all
	for _, o := range p.FieldConfig.Overrides {
		var own look
		read(&own, p.FieldConfig.Defaults)
		for _, property := range o.Properties {
			switch property.ID {
			case "unit", "mappings", "thresholds", "color":
				if property.ID == "mappings" {
					own.Mappings = nil
				}
				read(&own, fmt.Appendf(nil, "{%q: %s}", property.ID, property.Value))
			}
		}
		looks[o.Matcher.Options] = own
	}
	return looks
}

func (p drawnFigure) figure(t *testing.T, file string) figure {
	t.Helper()
	f := figure{file + ": " + strconv.Quote(p.Title), p.Title, make(map[string]string), p.looks(t)}
	for _, q := range p.Targets {
		f.queries[q.RefID] = q.Expr
	}
	return f
}

// columns are those of a table, each as a figure of one query.
func (p drawnFigure) columns(t *testing.T, file string) (list []figure) {
	t.Helper()
	looks := p.looks(t)
	for _, q := range p.Targets {
		name := q.RefID
		for _, tr := range p.Transformations {
			if renamed := tr.Options.RenameByName["Value #"+q.RefID]; renamed != "" {
				name = renamed
			}
		}
		l, own := looks[name]
		if !own {
			l = looks[""]
		}
		list = append(list, figure{file + ": column " + name, name, map[string]string{"A": q.Expr}, map[string]look{"": l}})
	}
	return list
}
