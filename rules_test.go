package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

const (
	rulesDir  = "dashboards/rules"
	rulesFile = rulesDir + "/conversation.rules.yml"
)

// rule is a rule of a rules file: a recording rule or an alert.
type rule struct {
	Record        string            `yaml:"record"`
	Alert         string            `yaml:"alert"`
	Expr          string            `yaml:"expr"`
	For           string            `yaml:"for"`
	KeepFiringFor string            `yaml:"keep_firing_for"`
	Labels        map[string]string `yaml:"labels"`
	Annotations   map[string]string `yaml:"annotations"`
}

// name is the name of the alert, or of the series that is recorded.
func (r rule) name() string { return r.Alert + r.Record }

// readRules reads the rules that the project ships.
func readRules(t *testing.T) []rule {
	t.Helper()
	rules := rulesOf(t, rulesFile)
	if len(rules) < 6 {
		t.Fatalf("%s has only %d rules", rulesFile, len(rules))
	}
	return rules
}

// rulesOf reads the rules of a file.
func rulesOf(t *testing.T, path string) (rules []rule) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Groups []struct {
			Rules []rule `yaml:"rules"`
		} `yaml:"groups"`
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	for _, g := range file.Groups {
		rules = append(rules, g.Rules...)
	}
	return rules
}

// ruleTests are the files with the tests of the rules. They are read here, so that a
// change of one makes go test run them again, which does not see what promtool reads.
func ruleTests(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(rulesDir + "/*.test.yml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no tests of the rules: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(text), "\n"); n > 400 {
			t.Errorf("%s has %d lines, more than 400", file, n)
		}
	}
	return files
}

// promtool runs promtool, and tells what it said. The test is skipped where the
// environment does not name the program, but not below make, which names it.
func promtool(t *testing.T, args ...string) (string, error) {
	t.Helper()
	program := os.Getenv("PROMTOOL")
	switch {
	case program != "":
	case os.Getenv("MAKELEVEL") != "":
		t.Fatal("PROMTOOL is not set, though make runs the tests: the rules would go untested")
	default:
		t.Skip("PROMTOOL is not set; make test sets it")
	}
	cmd := exec.Command(program, args...)
	// It runs for a moment and hundreds of times, each beside others: it need not tidy up.
	cmd.Env = append(os.Environ(), "GOGC=400", "GOMAXPROCS=1")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestRules(t *testing.T) {
	if out, err := promtool(t, "check", "rules", rulesFile); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if out, err := promtool(t, append([]string{"test", "rules"}, ruleTests(t)...)...); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// Every alert says how bad it is, what has happened, and what to do. It keeps firing
// when what it looks at cannot be read, but for what inhibits others, for one window
// that was lost, which is in the range of its alert whatever comes after, and for up,
// which is always there.
func TestEveryAlertSaysWhatToDo(t *testing.T) {
	const prefix = "{{ $externalLabels.conversation_runbooks }}"
	pages, ends := map[string]bool{watchdogPage: true}, inhibiting(t)
	for _, r := range readRules(t) {
		if r.Alert == "" {
			continue
		}
		if s := r.Labels["severity"]; s != "warning" && s != "critical" {
			t.Errorf("%s: severity %q", r.Alert, s)
		}
		for _, name := range []string{"summary", "description"} {
			if r.Annotations[name] == "" {
				t.Errorf("%s has no %s", r.Alert, name)
			}
		}
		if strings.Contains(r.Annotations["summary"], "{{") {
			t.Errorf("%s: the summary is not the same for all of its alerts", r.Alert)
		}
		page := "docs/runbooks/" + r.Alert + ".md"
		if got := r.Annotations["runbook_url"]; got != prefix+page {
			t.Errorf("%s: runbook_url %q, want %q", r.Alert, got, prefix+page)
		}
		if text, err := os.ReadFile(page); err != nil {
			t.Errorf("%s: %v", r.Alert, err)
		} else if !regexp.MustCompile(`(?s)\*\*To silence it\.\*\*.+\namtool silence add `).Match(text) {
			t.Errorf("%s does not say what to type to silence it", page)
		}
		pages[page] = true
		want := "10m"
		if r.Alert == "ConversationWindowLost" || ends[r.Alert] || strings.Contains(r.Expr, "up{") {
			want = ""
		}
		if r.KeepFiringFor != want {
			t.Errorf("%s: keep_firing_for %q, want %q", r.Alert, r.KeepFiringFor, want)
		}
	}
	for page := range runbooks(t) {
		if !pages[page] {
			t.Errorf("%s is about no alert", page)
		}
	}
}

// inhibiting are the alerts that inhibit others in the sample configuration of
// Alertmanager: they end when it is over, so that what goes wrong after it is told. The
// critical ones are not meant that inhibit their own warning.
func inhibiting(t *testing.T) map[string]bool {
	t.Helper()
	text, err := os.ReadFile("deploy/alertmanager/alertmanager.yml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		InhibitRules []struct {
			SourceMatchers []string `yaml:"source_matchers"`
			Equal          []string `yaml:"equal"`
		} `yaml:"inhibit_rules"`
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	names := make(map[string]bool)
	for _, inhibition := range file.InhibitRules {
		if slices.Contains(inhibition.Equal, "alertname") {
			continue
		}
		source := regexp.MustCompile(`^alertname = "(\w+)"$`).FindStringSubmatch(strings.Join(inhibition.SourceMatchers, ", "))
		if source == nil {
			t.Fatalf("nobody can tell which alerts %v are", inhibition.SourceMatchers)
		}
		names[source[1]] = true
	}
	if len(names) < 3 {
		t.Fatalf("only %v inhibit others", names)
	}
	return names
}

// runbooks are the pages of the alerts.
func runbooks(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("docs/runbooks/*.md")
	if err != nil {
		t.Fatal(err)
	}
	pages := make(map[string]string)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		pages[filepath.ToSlash(file)] = string(text)
	}
	return pages
}

// operands is the part of an expression that a grouping between two places is about: what
// is in the parentheses after by (), or what stands before and after on (), up to the next.
func operands(expr string, start, end int) string {
	keyword := regexp.MustCompile(`\b(?:and|unless|or|on)\b`)
	if strings.HasPrefix(expr[start:], "on ") {
		before, after := expr[:start], expr[end:]
		if at := keyword.FindAllStringIndex(before, -1); len(at) > 1 {
			before = before[at[len(at)-2][1]:]
		}
		if at := keyword.FindStringIndex(after); at != nil {
			after = after[:at[0]]
		}
		return before + " " + after
	}
	depth := 0
	for i, c := range expr[end:] {
		switch c {
		case '(':
			depth++
		case ')':
			depth--
		}
		if depth == 0 && c == ')' {
			return expr[end : end+i]
		}
	}
	return expr[end:]
}

// A rule that names a metric or a label that nobody exports is silent for ever.
func TestRulesNameWhatIsExported(t *testing.T) {
	var (
		selector = regexp.MustCompile(`(\bup\b|[a-z0-9_:]*conversation_[a-z0-9_:]+)(\{[^}]*\})?`)
		matcher  = regexp.MustCompile(`([a-z_]+)(?:=~|!~|!=|=)["']?([^"',}]*)`)
		grouping = regexp.MustCompile(`\b(?:by|on|group_left|ignoring|without) \(([^)]+)\)`)
		template = regexp.MustCompile(`\$labels\.([a-z_]+)`)
		variable = regexp.MustCompile(`\$externalLabels\.[a-z_]+`)
	)
	rules := readRules(t)
	known, values := knownMetrics(t, rules), enums(t)
	seen := 0
	selectors := func(where, text string) (names []string) {
		for _, found := range selector.FindAllStringSubmatch(text, -1) {
			name := found[1]
			names = append(names, name)
			if known[name] == nil {
				t.Errorf("%s: nobody exports %s", where, name)
			}
			for _, m := range matcher.FindAllStringSubmatch(found[2], -1) {
				seen++
				if !slices.Contains(known[name], m[1]) {
					t.Errorf("%s: %s has no label %s", where, name, m[1])
				}
				for _, value := range never(values, name, m[1], m[2]) {
					t.Errorf("%s: %s is never %q", where, m[1], value)
				}
			}
		}
		return names
	}
	for _, r := range rules {
		names := selectors(r.name(), r.Expr)
		if len(names) == 0 {
			t.Fatalf("%s names no metric", r.name())
		}
		for _, at := range grouping.FindAllStringSubmatchIndex(r.Expr, -1) {
			about := selector.FindAllStringSubmatch(operands(r.Expr, at[0], at[1]), -1)
			for label := range strings.SplitSeq(r.Expr[at[2]:at[3]], ", ") {
				for _, found := range about {
					if !slices.Contains(known[found[1]], label) {
						t.Errorf("%s groups by %s, which %s does not have", r.name(), label, found[1])
					}
				}
			}
			if len(about) == 0 {
				t.Errorf("%s groups nothing by %s", r.name(), r.Expr[at[2]:at[3]])
			}
		}
		for _, text := range r.Annotations {
			selectors(r.name(), variable.ReplaceAllString(text, ""))
			for _, label := range template.FindAllStringSubmatch(text, -1) {
				if !slices.Contains(known[names[0]], label[1]) {
					t.Errorf("%s: the annotations name the label %s, which %s does not have", r.name(), label[1], names[0])
				}
			}
		}
	}
	for page, text := range runbooks(t) {
		selectors(page, text)
	}
	if seen < 20 {
		t.Errorf("only %d label matches were seen", seen)
	}
}
