package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// figureMutations are the mistakes in a query that the scenes must show: another number, range
// or comparison, a label that is not matched on or matched on another value, and words that mean
// something near.
func figureMutations() []mutation {
	all := regexp.MustCompile(``)
	word := func(pattern string, by ...string) mutation {
		return mutation{all, regexp.MustCompile(pattern), instead(by...)}
	}
	number := func(found string) (list []string) {
		at := strings.LastIndex(found, " ") + 1
		for _, n := range nearby(found[at:]) {
			list = append(list, found[:at]+n)
		}
		return list
	}
	return []mutation{
		{all, regexp.MustCompile(`(?:>=|<=|==|>|<) \d+\b`), number},
		word(`\b300 \*`, "299 *", "301 *", "3000 *"),
		word(`\b4 \* group`, "3 * group"),
		word(`\b3 \* group`, "2 * group", "4 * group"),
		word(`\b2 \* group`, "1 * group", "3 * group"),
		word(`== 1\) \* 0`, "== 1) * 1", "== 0) * 0"),
		word(`\[1d\]`, "[30m]", "[2d]"),
		word(`\[24h\]`, "[4h]", "[26h]"),
		word(`\[15m\]`, "[5m]"),
		word(`increase\(([a-z_]+\{[^}]*\})\[15m\]`, "increase($1[5m]", "increase($1[25m]"),
		{all, regexp.MustCompile(`\b[a-z_]+(?:!=|=~|=)"[^"$]+"`), always},
		word(`target!=""`, `target=~"$$target"`),
		word(` > `, " >= "),
		word(` == 1\b`, " == 0"),
		word(` == 0\b`, " == 1"),
		word(`\bsystem!=`, "system="),
		word(`"present"`, `"away"`),
		word(`level="agent"`, `level="manager"`),
		word(`"new_session"`, `"new_message"`),
		word(`awaiting="agent"`, `awaiting="customer"`),
		word(`state!="archived"`, `state="assigned"`),
		word(`\|30m_1h`, ""),
		word(`\|15m_30m`, ""),
		word(`15m_30m\|`, ""),
		word(`lt_15m\|`, ""),
		word(`"assigned\|shared"`, `"assigned"`, `"shared"`),
		word(`"messages\|sessions"`, `"messages"`, `"sessions"`),
		word(`collector="(?:sessions|messages|queues)"`, `collector="channels"`),
		word(`\bunless\b`, "and", "or"),
		word(`\band on\b`, "unless on", "or on"),
		word(`\bor\b`, "unless"),
		word(`\bsum by`, "count by"),
		word(`\bmax\(`, "min("),
		word(`\bmin\(`, "max("),
		word(`\bmin by \(job, instance, target\)`, "max by (job, instance, target)"),
		word(`\bsum\(`, "max("),
		word(`\bcount\(`, "sum("),
		word(`\bround\(`, "ceil("),
		word(` or conversation_channel_up\{[^}]*\} == 0`, ""),
		word(`time\(\) - `, ""),
		word(` - time\(\)`, ""),
	}
}

// figureMutants makes each mistake at each place of a query where it can be made, but in a
// part that is tried elsewhere.
func figureMutants(expr, but string) map[string]string {
	list := make(map[string]string)
	from := strings.Index(expr, but)
	for _, m := range figureMutations() {
		for _, place := range m.pattern.FindAllStringSubmatchIndex(expr, -1) {
			if but != "" && from >= 0 && place[0] >= from && place[1] <= from+len(but) {
				continue
			}
			found := expr[place[0]:place[1]]
			for _, other := range m.instead(found) {
				other = string(m.pattern.ExpandString(nil, other, expr, place))
				list[expr[:place[0]]+other+expr[place[1]:]] = fmt.Sprintf("%q instead of %q at %d", other, found, place[0])
			}
		}
	}
	delete(list, expr)
	return list
}

// Every mistake in a query of a figure or of a column of the fleet is seen in one of the scenes.
// Source is what B counts, or else all is read: of the two, B tells more.
func TestEveryMistakeInTheFiguresIsFound(t *testing.T) {
	if os.Getenv("MUTATIONS") == "" {
		t.Skip("it takes a minute; make mutations runs it")
	}
	figures, columns := readFigures(t)
	// What is written in several places is tried once.
	mutated := make(map[string]map[string]string)
	all := slices.Concat(figures, columns)
	for i, f := range all {
		queries := make(map[string]string)
		for ref, expr := range f.queries {
			expr = oneLine(expr)
			if mutated[expr] != nil {
				continue
			}
			but := ""
			if f.title == "Source" && ref == "A" {
				but = strings.TrimSuffix(strings.TrimPrefix(oneLine(f.queries["B"]), "count( "), " )")
				if !strings.Contains(expr, but) {
					t.Errorf("%s is not what is counted beside it: %s", f.where, expr)
				}
			}
			mutated[expr], queries[ref] = figureMutants(expr, but), expr
		}
		all[i].queries = queries
	}
	figures = all[:len(figures)]
	columns = slices.DeleteFunc(all[len(figures):], func(f figure) bool { return len(f.queries) == 0 })
	ts, _ := figuresTests(t, figures, columns, func(expr string) []string { return slices.Sorted(maps.Keys(mutated[expr])) })
	out, err := ts.run(t, "")
	if err == nil {
		t.Fatal("no mutant was found")
	}
	if strings.Contains(out, "parse error") {
		t.Fatalf("a mutant is no query: %s", out[:min(len(out), 10000)])
	}
	chosen := make(map[string]bool)
	for _, w := range scenes() {
		chosen[w.target] = true
	}
	total := 0
	for expr, mutants := range mutated {
		for other, what := range mutants {
			total++
			shown := false
			for target := range chosen {
				shown = shown || strings.Contains(out, (&figureTests{target: target}).query(other, nil))
			}
			if !shown {
				t.Errorf("no scene shows %s in\n%s", what, expr)
			}
		}
	}
	if total < 500 {
		t.Errorf("only %d mutants", total)
	}
}

// lookMutants makes each mistake in how a figure shows its numbers: another colour, another value
// from which on it has one, and the word of another number.
func lookMutants(f figure) map[string]figure {
	list := make(map[string]figure)
	for name, l := range f.looks {
		add := func(what string, change func(l *look)) {
			text, err := json.Marshal(l)
			if err != nil {
				panic(err)
			}
			var other look
			if err := json.Unmarshal(text, &other); err != nil {
				panic(err)
			}
			change(&other)
			looks := maps.Clone(f.looks)
			looks[name] = other
			list[fmt.Sprintf("%s, of %q: %s", f.where, name, what)] = figure{f.where, f.title, f.queries, looks}
		}
		if l.Color.Mode == "fixed" {
			add("no colour", func(l *look) { l.Color.FixedColor = "text" })
			continue
		}
		worded := l.Mappings != nil // Each number has its word and its colour.
		for i, m := range l.Mappings {
			for key, o := range m.Options {
				worded = worded && o.Color != ""
				for _, other := range []string{"read", "calm"} {
					if o.Text != other {
						renamed := o
						renamed.Text = other
						add(key+" is called "+other, func(l *look) { l.Mappings[i].Options[key] = renamed })
					}
				}
			}
		}
		for i, s := range l.Thresholds.Steps {
			if worded || s.Value != nil && *s.Value == 0 {
				continue // Nothing is below 0.
			}
			if other := i + 1; other < len(l.Thresholds.Steps) && *l.Thresholds.Steps[other].Value == 0 {
				continue
			}
			add(fmt.Sprintf("step %d in yellow", i), func(l *look) { l.Thresholds.Steps[i].Color = "yellow" })
			if s.Value != nil {
				add(fmt.Sprintf("a step at %g + 1", *s.Value), func(l *look) { *l.Thresholds.Steps[i].Value++ })
				add(fmt.Sprintf("a step at %g - 1", *s.Value), func(l *look) { *l.Thresholds.Steps[i].Value-- })
			}
		}
	}
	return list
}

// Every mistake in the colours and the words is seen in one of the scenes, too.
func TestEveryMistakeInTheColoursIsFound(t *testing.T) {
	figures, columns := readFigures(t)
	list := scenes()
	total := 0
	for i, f := range slices.Concat(figures, columns) {
		// What is not read has the first colour, too.
		for name, l := range f.looks {
			if s := l.Thresholds.Steps; len(s) > 0 && (s[0].Value != nil || s[0].Color != "text" && s[0].Color != "#464c54") {
				t.Errorf("%s, of %q, is in %s where there is no value", f.where, name, s[0].Color)
			}
		}
		for what, other := range lookMutants(f) {
			total++
			if !slices.ContainsFunc(list, func(w scene) bool {
				shown := w.column(f.title)
				if i < len(figures) {
					shown = map[string][]string{"": w.figure(f.title)}
				}
				values, err := other.want(shown)
				right, _ := f.want(shown)
				return err != nil || !maps.EqualFunc(values, right, maps.Equal)
			}) {
				t.Errorf("no scene shows %s", what)
			}
		}
	}
	if total < 80 {
		t.Errorf("only %d mutants", total)
	}
}

// On the wall only the colours are seen from afar, so the dashboard names those figures that
// have none.
func TestTheWallboardSaysWhatHasNoColour(t *testing.T) {
	figures, _ := readFigures(t)
	for _, d := range readDashboards(t) {
		if d.file != "wallboard.json" {
			continue
		}
		for _, f := range figures {
			if !strings.HasPrefix(f.where, d.file) {
				continue
			}
			coloured := f.looks["D"].Color.FixedColor != ""
			for _, s := range f.looks[""].Thresholds.Steps {
				coloured = coloured || s.Color != "#464c54"
			}
			for _, m := range f.looks[""].Mappings {
				for _, o := range m.Options {
					coloured = coloured || o.Color != ""
				}
			}
			if coloured == strings.Contains(d.Description, f.title) {
				t.Errorf("%s has a colour: %t, and the dashboard says otherwise: %s", f.where, coloured, d.Description)
			}
		}
	}
}
