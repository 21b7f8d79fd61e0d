package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// ruleGroups reads the groups of a file of rules.
func ruleGroups(t *testing.T, file string) (groups []struct {
	Name  string         `yaml:"name"`
	Rules []rule         `yaml:"rules"`
	Other map[string]any `yaml:",inline"`
},
) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var read struct {
		Groups yaml.Node `yaml:"groups"`
	}
	if err := yaml.Unmarshal(text, &read); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	if err := read.Groups.Decode(&groups); err != nil || len(groups) == 0 {
		t.Fatalf("%s has no groups: %v", file, err)
	}
	return groups
}

// severities are those of each alert, in the order of the rules. The files of deploy are
// samples, which may have alerts of their own.
func severities(t *testing.T, files ...string) map[string][]string {
	t.Helper()
	all := make(map[string][]string)
	for _, file := range files {
		for _, g := range ruleGroups(t, file) {
			for _, r := range g.Rules {
				if r.Alert != "" {
					all[r.Alert] = append(all[r.Alert], r.Labels["severity"])
				}
			}
		}
	}
	return all
}

// sampleRules are the files of rules beside the sample configurations.
func sampleRules(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("deploy/prometheus/*.rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// The rules are evaluated as often as the user has set in Prometheus. An interval of the
// file would win, and nothing that runs the rules once more would show it.
func TestTheRulesAreEvaluatedAsOftenAsPrometheusDoes(t *testing.T) {
	for _, file := range append(sampleRules(t), rulesFile) {
		for _, g := range ruleGroups(t, file) {
			for key := range g.Other {
				t.Errorf("%s: the group %s sets %s for itself", file, g.Name, key)
			}
		}
	}
}

// section is the part of a page below a heading, up to the next of its level.
func section(t *testing.T, file, heading string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(text), "\n"+heading+"\n")
	if !found {
		t.Fatalf("%s has no %q", file, heading)
	}
	part, _, _ := strings.Cut(after, "\n"+strings.Repeat("#", strings.Count(heading, "#"))+" ")
	return part
}

// The table of the README has every alert with its severities and times, and none that is
// not there.
func TestTheReadmeNamesEveryAlert(t *testing.T) {
	want := severities(t, rulesFile)
	known := severities(t, append(sampleRules(t), rulesFile)...)
	rules := readRules(t)
	row := regexp.MustCompile("(?m)^\\| (`[^|]*`) \\| ([^|]+) \\| ([^|]+) \\|$")
	named := make(map[string]bool)
	for _, found := range row.FindAllStringSubmatch(section(t, "README.md", "## Alerts"), -1) {
		times := make(map[float64]bool)
		for name := range strings.SplitSeq(found[1], ", ") {
			name = strings.Trim(name, "`")
			maps.Copy(times, durations(t, name, rules))
			if named[name] {
				t.Errorf("%s is in the table twice", name)
			}
			named[name] = true
			if got, want := found[3], strings.Join(known[name], ", "); got != want {
				t.Errorf("the severity of %s is %q in the table, and %q in the rules", name, got, want)
			}
		}
		for n, words := range told(found[2]) {
			if !times[n] {
				t.Errorf("the table tells of %s for %s, which no rule of that name has", words, found[1])
			}
		}
	}
	for name := range want {
		if !named[name] {
			t.Errorf("%s is not in the table", name)
		}
	}
}

// partsOf are the parts of a page, each below its bold beginning.
func partsOf(page string) (names []string, texts map[string]string) {
	texts = make(map[string]string)
	_, page, _ = strings.Cut(page, "\n\n**")
	for part := range strings.SplitSeq(page, "\n\n**") {
		name, text, _ := strings.Cut(part, "**")
		name = strings.TrimSuffix(name, ".")
		names, texts[name] = append(names, name), text
	}
	return names, texts
}

// Who is woken by an alert finds the same four parts on each page, and something in each:
// queries that can be asked, and steps.
func TestEveryRunbookHasItsFourParts(t *testing.T) {
	parts := []string{"What it means", "How to look", "What to do", "To silence it"}
	needs := map[string]*regexp.Regexp{
		"How to look": regexp.MustCompile("(?s)```\\w*\n.*\\w.*\n```"),
		"What to do":  regexp.MustCompile(`(?m)^1\. .{20}`),
	}
	for page, text := range runbooks(t) {
		name := strings.TrimSuffix(filepath.Base(page), ".md")
		if !strings.HasPrefix(text, "# "+name+"\n") {
			t.Errorf("%s does not begin with the name of the alert", page)
		}
		names, texts := partsOf(text)
		if got := names[:min(len(names), len(parts))]; !slices.Equal(got, parts) {
			t.Errorf("%s begins with the parts %q, want %q", page, got, parts)
		}
		for _, part := range parts {
			if words := len(strings.Fields(texts[part])); words < 10 {
				t.Errorf("%s: %q has only %d words", page, part, words)
			}
			if need := needs[part]; need != nil && !need.MatchString(texts[part]) {
				t.Errorf("%s: %q has nothing of the form %s", page, part, need)
			}
		}
	}
}

// mustSeconds is a duration as rules write it, or a number of seconds.
func mustSeconds(t *testing.T, text string) float64 {
	t.Helper()
	units := map[byte]float64{'s': 1, 'm': 60, 'h': 3600, 'd': 86400, 'w': 604800}
	unit := units[text[len(text)-1]]
	if unit == 0 {
		unit, text = 1, text+"s"
	}
	n, err := strconv.ParseFloat(text[:len(text)-1], 64)
	if err != nil {
		t.Fatalf("the duration %s: %v", text, err)
	}
	return n * unit
}

// durations are those of an alert: of its rules, and of the records that they name.
func durations(t *testing.T, alert string, rules []rule) map[float64]bool {
	t.Helper()
	all := make(map[float64]bool)
	number := regexp.MustCompile(`\b\d+[smhdw]?\b`)
	var take func(name string)
	take = func(name string) {
		for _, r := range rules {
			if r.name() != name {
				continue
			}
			for _, text := range number.FindAllString(r.Expr+" "+r.For+" "+r.KeepFiringFor, -1) {
				all[mustSeconds(t, text)] = true
			}
			for _, other := range rules {
				if other.Record != "" && strings.Contains(r.Expr, other.Record) {
					take(other.Record)
				}
			}
		}
	}
	take(alert)
	return all
}

// told are the durations of less than a day that a text tells of, in seconds.
func told(text string) map[float64]string {
	words := map[string]float64{"half an hour": 1800, "a quarter of an hour": 900, "one": 1, "two": 2, "three": 3, "four": 4}
	units := map[string]float64{"second": 1, "minute": 60, "hour": 3600}
	pattern := regexp.MustCompile(`half an hour|a quarter of an hour|(\d+|one|two|three|four) (second|minute|hour)s?\b`)
	all := make(map[float64]string)
	for _, found := range pattern.FindAllStringSubmatch(strings.Join(strings.Fields(text), " "), -1) {
		if found[1] == "" {
			all[words[found[0]]] = found[0]
			continue
		}
		n, err := strconv.ParseFloat(found[1], 64)
		if err != nil {
			n = words[found[1]]
		}
		all[n*units[found[2]]] = found[0]
	}
	return all
}

// A time that a page means its alert by, or that an alert says of itself, is one of the
// rule; and the alert goes on for as long as the page says.
func TestTheRunbooksTellTheTimesOfTheRules(t *testing.T) {
	rules, pages := readRules(t), runbooks(t)
	goesOn := regexp.MustCompile(`goes on\s+for\s+(half\s+an\s+hour|a\s+quarter\s+of\s+an\s+hour|\S+\s+\S+)`)
	for _, r := range rules {
		if r.Alert == "" {
			continue
		}
		_, parts := partsOf(pages["docs/runbooks/"+r.Alert+".md"])
		known := durations(t, r.Alert, rules)
		for where, text := range map[string]string{"page": parts["What it means"], "summary": r.Annotations["summary"], "description": r.Annotations["description"]} {
			for n, words := range told(text) {
				if !known[n] {
					t.Errorf("the %s of %s tells of %s, which the rule does not have", where, r.Alert, words)
				}
			}
		}
		for _, text := range parts {
			for _, sentence := range goesOn.FindAllString(text, -1) {
				for n := range told(sentence) {
					if !lasts(t, r)[n] {
						t.Errorf("the page of %s says %q, which is neither keep_firing_for nor a range of the rule, nor both", r.Alert, sentence)
					}
				}
			}
		}
	}
}

// lasts are the times for which an alert goes on after what it is about: as long as it is
// told to, and where it looks back, as long as that and both.
func lasts(t *testing.T, r rule) map[float64]bool {
	t.Helper()
	keep := 0.0
	all := make(map[float64]bool)
	if r.KeepFiringFor != "" {
		keep = mustSeconds(t, r.KeepFiringFor)
		all[keep] = true
	}
	for _, found := range regexp.MustCompile(`\[(\w+)\]`).FindAllStringSubmatch(r.Expr, -1) {
		all[mustSeconds(t, found[1])+keep] = true
	}
	return all
}

// inhibition is a rule of Alertmanager by which alerts silence others.
type inhibition struct {
	Source []string `yaml:"source_matchers"`
	Target []string `yaml:"target_matchers"`
	Equal  []string `yaml:"equal"`
}

// taken are the alerts that all matchers take, of those that are given.
func taken(t *testing.T, matchers []string, alerts map[string][]string) (names []string) {
	t.Helper()
	for alert, severities := range alerts {
		if slices.ContainsFunc(severities, func(severity string) bool { return takes(t, matchers, alert, severity) }) {
			names = append(names, alert)
		}
	}
	slices.Sort(names)
	return names
}

// takes tells whether all matchers take an alert of that name and severity.
func takes(t *testing.T, matchers []string, alert, severity string) bool {
	t.Helper()
	labels := map[string]string{"alertname": alert, "severity": severity}
	for _, text := range matchers {
		m := regexp.MustCompile(`^(\w+)\s*(=~|!~|!=|=)\s*"(.*)"$`).FindStringSubmatch(text)
		if m == nil || labels[m[1]] == "" {
			t.Fatalf("the matcher %s cannot be tried on a name and a severity", text)
		}
		value := regexp.QuoteMeta(m[3])
		if strings.HasSuffix(m[2], "~") {
			value = m[3]
		}
		if regexp.MustCompile("^(?:"+value+")$").MatchString(labels[m[1]]) == strings.HasPrefix(m[2], "!") {
			return false
		}
	}
	return true
}

// inhibitions are what the rules of a configuration do: which alerts silence which, where
// what is equal. How the matchers are written is no matter.
func inhibitions(t *testing.T, text string) (does map[string]inhibition) {
	t.Helper()
	var file struct {
		Rules []inhibition `yaml:"inhibit_rules"`
	}
	if err := yaml.Unmarshal([]byte(text), &file); err != nil || len(file.Rules) == 0 {
		t.Fatalf("no inhibit_rules: %v", err)
	}
	alerts := severities(t, rulesFile)
	does = make(map[string]inhibition)
	for _, r := range file.Rules {
		slices.Sort(r.Equal)
		r.Source, r.Target = taken(t, r.Source, alerts), taken(t, r.Target, alerts)
		does[fmt.Sprintf("%q by %q where %q are equal", r.Target, r.Source, r.Equal)] = r
	}
	return does
}

// Who copies the inhibition from the README has that of the sample: what silences all else
// of an exporter or of a target. Neither a rule may be lost of it, nor be another.
func TestTheReadmeInhibitsAsTheSampleDoes(t *testing.T) {
	sample, err := os.ReadFile("deploy/alertmanager/alertmanager.yml")
	if err != nil {
		t.Fatal(err)
	}
	fence := regexp.MustCompile("(?s)```yaml\n(inhibit_rules:.*?)```").FindStringSubmatch(section(t, "README.md", "## Alerts"))
	if fence == nil {
		t.Fatal("the README has no inhibit_rules")
	}
	want, got := inhibitions(t, string(sample)), inhibitions(t, fence[1])
	for does := range got {
		if _, ok := want[does]; !ok {
			t.Errorf("only the README inhibits %s", does)
		}
	}
	seen := 0
	for does, r := range want {
		if slices.Contains(r.Equal, "alertname") || len(r.Target) < 3 {
			continue // Between two alerts: who wants that takes the sample.
		}
		seen++
		if _, ok := got[does]; !ok {
			t.Errorf("the README does not inhibit %s", does)
		}
	}
	if seen < 2 {
		t.Errorf("the sample has only %d rules that silence all else", seen)
	}
}
