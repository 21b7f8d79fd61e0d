package main

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// mutant is the rules file with one mistake in it.
type mutant struct {
	rule string // the rule that is wrong
	what string // the line as it was, and what was changed
	text string
	// renamed is for a mistake that only the tests with the other names can find.
	renamed bool
}

// mutation is a kind of mistake: where it can be made, and what is written there
// instead of what is found.
type mutation struct {
	in      *regexp.Regexp // the lines in which it can be made
	pattern *regexp.Regexp
	instead func(found string) []string
}

func instead(by ...string) func(string) []string {
	return func(string) []string { return by }
}

// nearby are the numbers beside one. A range of no length is no range: below the
// shortest of a unit comes one of the unit beneath.
func nearby(number string) []string {
	digits := strings.TrimRight(number, "smhdw")
	unit := number[len(digits):]
	n, err := strconv.Atoi(digits)
	if err != nil {
		panic(err)
	}
	below := strconv.Itoa(n-1) + unit
	if n == 1 && unit != "" {
		below = map[string]string{"s": "500ms", "m": "30s", "h": "30m", "d": "12h", "w": "6d"}[unit]
	}
	return []string{below, strconv.Itoa(n+1) + unit}
}

// dropped are the lines of an alert that has no such setting, or half of it.
func dropped(setting string) []string {
	name, value, _ := strings.Cut(setting, ": ")
	half, err := time.ParseDuration(value)
	if err != nil {
		panic(err)
	}
	return []string{"", fmt.Sprintf("%s: %ds", name, int((half / 2).Seconds()))}
}

// always is a match of the same label, and of a text that is put in for %q, that
// holds for every value.
func always(match string) []string {
	label, value, _ := strings.Cut(strings.Replace(match, "=~", "=", 1), "=")
	every := "'.*'"
	switch {
	case value == "%q":
		every = "'.*%.0s'"
	case strings.HasPrefix(value, `"`):
		every = `".*"`
	}
	return []string{strings.TrimSuffix(label, "!") + "=~" + every}
}

// mutations are all mistakes that the tests of the rules must find: another number
// or duration, none at all, another comparison, a label that is not matched on, and words
// that mean something near.
func mutations() []mutation {
	expression := regexp.MustCompile(`^ {10}`)
	setting := regexp.MustCompile(`^ {8}(for|keep_firing_for|expr):`)
	severity := regexp.MustCompile(`^ {10}severity:`)
	all := regexp.MustCompile(``)
	word := func(in *regexp.Regexp, pattern string, by ...string) mutation {
		return mutation{in, regexp.MustCompile(pattern), instead(by...)}
	}
	list := []mutation{
		{expression, regexp.MustCompile(`\d+[smhdw]?\b`), nearby},
		{setting, regexp.MustCompile(`\d+`), nearby},
		{setting, regexp.MustCompile(`\b(keep_firing_)?for: .+`), dropped},
		{all, regexp.MustCompile(`\b[a-z_]+(?:!=|=~|=)("[^"]*"|'[^']*'|%q)`), always},
		word(expression, ` > `, " >= ", " < "),
		word(expression, ` < `, " <= ", " > "),
		word(expression, ` == `, " != ", " >= "),
		word(expression, ` >= `, " > ", " <= "),
		word(expression, `\bjob="conversation"`, `job=~"conversation.*"`),
		word(expression, `^ +/$`, "          *"),
		word(expression, `\bunless\b`, "and"),
		word(expression, `\band\b`, "or", "unless"),
		word(expression, `\bround\(`, "ceil("),
		word(expression, `\babsent\(`, "group("),
		word(expression, `\bor$`, "unless", "and"),
		word(expression, `\bchanges\b`, "resets", "count_over_time"),
		word(expression, ` \+ `, " - ", " * "),
		word(expression, ` group_left \(\)`, ""),
		word(expression, `\bmin by`, "max by"),
		word(expression, `\bsum by`, "max by"),
		word(expression, `\bgroup by`, "count by"),
		word(expression, `\bincrease\b`, "delta", "rate"),
		word(expression, `\blast_over_time\b`, "max_over_time", "min_over_time"),
		word(expression, ` offset \w+`, ""),
		word(expression, `\bavg_over_time\b`, "max_over_time", "last_over_time"),
		word(expression, `\bmax_over_time\b`, "min_over_time", "last_over_time"),
		word(expression, `\bmin_over_time\b`, "max_over_time", "last_over_time"),
		word(severity, `warning`, "critical"),
		word(severity, `critical`, "warning"),
	}
	for _, label := range []string{"job", "instance", "target", "channel"} {
		list = append(list, word(expression, `\b`+label+`, `, ""))
	}
	for _, label := range []string{"target", "channel", "queue"} {
		list = append(list, word(expression, `, `+label+`\)`, ")"))
	}
	return list
}

// mutants makes every mistake of these kinds at every place where it can be made.
func mutants(text string, kinds []mutation) []mutant {
	var list []mutant
	name := regexp.MustCompile(`^ {6}- (?:alert|record): (\S+)`)
	at, current := 0, ""
	annotations := false
	for line := range strings.Lines(text) {
		if found := name.FindStringSubmatch(line); found != nil {
			current, annotations = found[1], false
		}
		annotations = annotations || strings.TrimSpace(line) == "annotations:"
		for _, m := range kinds {
			if current == "" || strings.HasPrefix(strings.TrimSpace(line), "#") || !m.in.MatchString(line) {
				continue
			}
			// Of the annotations, only what their queries match on is a rule.
			if annotations && m.in.String() != "" {
				continue
			}
			body := strings.TrimSuffix(line, "\n")
			for _, place := range m.pattern.FindAllStringIndex(body, -1) {
				found := body[place[0]:place[1]]
				for _, other := range m.instead(found) {
					list = append(list, mutant{
						rule: current,
						what: fmt.Sprintf("%s: %q instead of %q in %q", current, other, found, strings.TrimSpace(body)),
						text: text[:at+place[0]] + other + text[at+place[1]:],
					})
				}
			}
		}
		at += len(line)
	}
	return list
}

// Every mistake in the rules makes a test fail. A mistake with which the rules
// cannot be loaded shows nothing, so there is none of these.
func TestEveryMistakeInTheRulesIsFound(t *testing.T) {
	if os.Getenv("MUTATIONS") == "" {
		t.Skip("it takes a minute or two; make e2e and make mutations run it")
	}
	text, err := os.ReadFile(rulesFile)
	if err != nil {
		t.Fatal(err)
	}
	dir, tests := t.TempDir(), ruleTests(t)
	list := append(mutants(string(text), mutations()), hiding(t, string(text))...)
	if len(list) < 100 {
		t.Fatalf("only %d mutants", len(list))
	}
	// The rules as they are come last: they are no mistake, and no test may fail.
	right := len(list)
	list = append(list, mutant{rule: "conversation", what: "the rules as they are", text: string(text)})
	check := []string{"check", "rules"}
	for i, m := range list {
		file := filepath.Join(dir, strconv.Itoa(i), filepath.Base(rulesFile))
		if err := os.Mkdir(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(m.text), 0o644); err != nil {
			t.Fatal(err)
		}
		check = append(check, file)
	}
	if out, err := promtool(t, check...); err != nil {
		t.Fatalf("a mutant is no rules file: %v\n%s", err, out)
	}
	for i, m := range list {
		t.Run(m.rule, func(t *testing.T) {
			t.Parallel()
			if found(t, filepath.Join(dir, strconv.Itoa(i)), m, tests) == (i == right) {
				t.Errorf("no test finds, or one that should not: %s", m.what)
			}
		})
	}
}

// found tells whether a test fails with the mutant in the folder. Only files
// that name its rule are run, the one that is most about it first: the others find
// little, and some take seconds.
func found(t *testing.T, dir string, m mutant, tests []string) bool {
	t.Helper()
	about := make(map[string][]byte)
	for _, file := range tests {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if m.renamed {
			text = []byte(renamed(string(text)))
		}
		if bytes.Contains(text, []byte(m.rule)) {
			about[filepath.Base(file)] = text
		}
	}
	var files []string
	for file := range about {
		files = append(files, file)
	}
	share := func(file string) float64 {
		return float64(bytes.Count(about[file], []byte(m.rule))) / float64(len(about[file]))
	}
	slices.SortFunc(files, func(a, b string) int { return cmp.Compare(share(b), share(a)) })
	for _, name := range files {
		folder := filepath.Join(dir, name+".d")
		if err := os.Mkdir(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		for file, text := range map[string][]byte{name: about[name], filepath.Base(rulesFile): only(m.text, about[name])} {
			if err := os.WriteFile(filepath.Join(folder, file), text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if out, err := promtool(t, "test", "rules", filepath.Join(folder, name)); err != nil {
			t.Logf("%s\n%s", m.what, out)
			return true
		}
	}
	return false
}

// only are the rules without the alerts that a file of tests does not name, which cost
// most of the time. No test of the file sees them, or the rules as they are, of which
// the same are left out, would fail.
func only(rules string, tests []byte) []byte {
	name := regexp.MustCompile(`^ {6}- (alert|record): (\S+)`)
	var kept bytes.Buffer
	keep := true
	for line := range strings.Lines(rules) {
		if found := name.FindStringSubmatch(line); found != nil {
			keep = found[1] == "record" || bytes.Contains(tests, []byte(found[2]))
		}
		if keep {
			kept.WriteString(line)
		}
	}
	return kept.Bytes()
}
