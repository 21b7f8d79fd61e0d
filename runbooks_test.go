package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"conversation_exporter/collector"
)

// Whoever has been woken up copies the queries of a page as they are: each asks for the
// place that the alert names, and for series that are there.
func TestEveryQueryOfTheRunbooksCanBeAsked(t *testing.T) {
	histogram := make(map[string]bool)
	for _, m := range collector.Metrics() {
		histogram[m.Name] = m.Type == "histogram"
	}
	known := knownMetrics(t, readRules(t))
	selector := regexp.MustCompile(`([a-z0-9_:]*conversation_[a-z0-9_:]+)(\{[^}]*\})?`)
	queries := 0
	for page, text := range runbooks(t) {
		for _, found := range selector.FindAllStringSubmatch(text, -1) {
			if histogram[found[1]] {
				t.Errorf("%s: %s has no series of this name", page, found[1])
			}
		}
	}
	for _, q := range pageQueries(t) {
		if !strings.HasPrefix(q.where, "docs/runbooks/") {
			continue
		}
		queries++
		for _, found := range selector.FindAllStringSubmatch(q.expr, -1) {
			// What is down is asked of everything: others may be, too. Scrapes fail for an
			// exporter, and not for a target.
			everything := q.expr == "conversation_up == 0" || strings.HasSuffix(q.where, "/ConversationScrapesFailing.md")
			if slices.Contains(known[found[1]], "target") && !strings.Contains(found[2], `target="…"`) && !everything {
				t.Errorf("%s: not of the target that the alert names: %s", q.where, q.expr)
			}
		}
	}
	if queries < 40 {
		t.Errorf("only %d queries were found", queries)
	}
}
