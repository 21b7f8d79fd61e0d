package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// ruleCase is one test of a file of them, as promtool reads it.
type ruleCase struct {
	InputSeries []struct {
		Series string `yaml:"series"`
		Values string `yaml:"values"`
	} `yaml:"input_series"`
	PromqlExprTest []struct {
		Expr       string `yaml:"expr"`
		ExpSamples []struct {
			Labels string `yaml:"labels"`
		} `yaml:"exp_samples"`
	} `yaml:"promql_expr_test"`
	AlertRuleTest []struct {
		Alertname string `yaml:"alertname"`
		ExpAlerts []any  `yaml:"exp_alerts"`
	} `yaml:"alert_rule_test"`
}

// readRuleCases reads all tests of a file.
func readRuleCases(t *testing.T, file string) []ruleCase {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var list struct {
		Tests []ruleCase `yaml:"tests"`
	}
	if err := yaml.Unmarshal(text, &list); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return list.Tests
}

// about tells whether the test names the alert, and whether it sees it fire, with all that
// is written to whom, and sees it silent.
func (c ruleCase) about(alert string) (named, fires, silent bool) {
	name := `alertname="` + alert + `"`
	for _, asked := range c.AlertRuleTest {
		if asked.Alertname == alert {
			named, fires, silent = true, fires || len(asked.ExpAlerts) > 0, silent || len(asked.ExpAlerts) == 0
		}
	}
	nothing := false
	for _, asked := range c.PromqlExprTest {
		named = named || strings.Contains(asked.Expr, name)
		// Without a name, all alerts are asked for.
		nothing = nothing || len(asked.ExpSamples) == 0 && strings.Contains(asked.Expr, "ALERTS") &&
			(strings.Contains(asked.Expr, name) || !strings.Contains(asked.Expr, "alertname"))
		for _, sample := range asked.ExpSamples {
			named = named || strings.Contains(sample.Labels, name)
		}
	}
	return named, fires, silent || named && nothing
}

// gap tells whether a series of the test vanishes and comes back, or is missing at first.
func (c ruleCase) gap() bool {
	for _, input := range c.InputSeries {
		if regexp.MustCompile(`stale( _(x\d+)?)* [-0-9]|^_x\d+ [-0-9]`).MatchString(input.Values) {
			return true
		}
	}
	return false
}

// Files of tests of the inhibitions, and not of single alerts.
const (
	inhibitionTests = "inhibition.test.yml"
	missingTests    = "missing.test.yml"
)

// inhibited are the alerts that some test of a file sees beside one that inhibits them, and
// those that it sees left over, at the first exporter and the targets that are meant.
func inhibited(t *testing.T, file, by, targets string) (beside, left map[string]bool) {
	t.Helper()
	beside, left = make(map[string]bool), make(map[string]bool)
	name := regexp.MustCompile(`alertname="(\w+)",instance="a"(,target="[` + targets + `]"|)\}`)
	for _, c := range readRuleCases(t, filepath.Join(rulesDir, file)) {
		for _, asked := range c.PromqlExprTest {
			into := beside
			if strings.Contains(asked.Expr, "unless on") {
				if into = left; !strings.Contains(asked.Expr, by) {
					continue
				}
			}
			for _, sample := range asked.ExpSamples {
				if found := name.FindStringSubmatch(sample.Labels); found != nil {
					into[found[1]] = true
				}
			}
		}
	}
	return beside, left
}

// Whoever adds an alert shows that it fires, with its words, that it is silent, that it
// survives a gap of the scrapes, and that it is inhibited.
func TestEveryAlertHasItsTests(t *testing.T) {
	var cases []ruleCase
	for _, file := range ruleTests(t) {
		if name := filepath.Base(file); name != inhibitionTests && name != missingTests {
			cases = append(cases, readRuleCases(t, file)...)
		}
	}
	byTarget, leftByTarget := inhibited(t, inhibitionTests, "ConversationTargetDown", "t")
	byExporter, leftByExporter := inhibited(t, inhibitionTests, "ConversationExporterDown", "t")
	byMissing, leftByMissing := inhibited(t, missingTests, "ConversationExporterMissing", "tu")
	for _, r := range readRules(t) {
		if r.Alert == "" {
			continue
		}
		fires, silent, gap := false, false, false
		for _, c := range cases {
			named, sees, misses := c.about(r.Alert)
			fires, silent, gap = fires || sees, silent || misses, gap || named && c.gap()
		}
		ofExporter := regexp.MustCompile(`\bup\{|conversation_exporter_`).MatchString(r.Expr)
		switch up := strings.Contains(r.Expr, "up{"); {
		case !fires:
			t.Errorf("no test sees %s fire", r.Alert)
		case !silent:
			t.Errorf("no test sees %s silent", r.Alert)
		case !gap && !up: // Prometheus writes up itself.
			t.Errorf("no test of %s has a gap", r.Alert)
		}
		switch r.Alert {
		case "ConversationExporterDown", "ConversationExporterMissing", "ConversationTargetDown": // On these the others rely.
			continue
		}
		if !byExporter[r.Alert] || leftByExporter[r.Alert] {
			t.Errorf("no test sees %s inhibited by the exporter", r.Alert)
		}
		if !byMissing[r.Alert] || leftByMissing[r.Alert] {
			t.Errorf("no test sees %s inhibited where no exporter is scraped", r.Alert)
		}
		if !ofExporter && (!byTarget[r.Alert] || leftByTarget[r.Alert]) {
			t.Errorf("no test sees %s inhibited by the target", r.Alert)
		}
	}
}
