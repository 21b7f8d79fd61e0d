package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"conversation_exporter/collector"
)

// Whoever has been woken up copies the queries of a page as they are: each is one, asks
// for the place that the alert names, and for series that are there.
func TestEveryQueryOfTheRunbooksCanBeAsked(t *testing.T) {
	histogram := make(map[string]bool)
	for _, m := range collector.Metrics() {
		histogram[m.Name] = m.Type == "histogram"
	}
	known := knownMetrics(t, readRules(t))
	selector := regexp.MustCompile(`([a-z0-9_:]*conversation_[a-z0-9_:]+)(\{[^}]*\})?`)
	var rules strings.Builder
	rules.WriteString("groups:\n- name: runbooks\n  rules:\n")
	queries := 0
	for page, text := range runbooks(t) {
		for _, found := range selector.FindAllStringSubmatch(text, -1) {
			if histogram[found[1]] {
				t.Errorf("%s: %s has no series of this name", page, found[1])
			}
		}
		for _, block := range regexp.MustCompile("(?ms)^ *```(\\w*)\n(.*?)^ *```$").FindAllStringSubmatch(text, -1) {
			if block[1] != "" { // Commands, which are marked as such.
				continue
			}
			for line := range strings.Lines(block[2]) {
				query := strings.TrimSpace(line)
				queries++
				fmt.Fprintf(&rules, "  - record: runbook:query%d\n    expr: |-\n      %s\n", queries, query)
				for _, found := range selector.FindAllStringSubmatch(query, -1) {
					// What is down is asked of everything: others may be, too.
					if slices.Contains(known[found[1]], "target") && !strings.Contains(found[2], `target="…"`) && query != "conversation_up == 0" {
						t.Errorf("%s: not of the target that the alert names: %s", page, query)
					}
				}
			}
		}
	}
	if queries < 40 {
		t.Errorf("only %d queries were found", queries)
	}
	file := filepath.Join(t.TempDir(), "runbooks.yml")
	if err := os.WriteFile(file, []byte(rules.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := promtool(t, "check", "rules", file); err != nil {
		t.Errorf("a query is none: %v\n%s\n%s", err, out, rules.String())
	}
}
