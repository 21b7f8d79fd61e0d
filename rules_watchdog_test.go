package main

import (
	"os"
	"slices"
	"testing"
)

const (
	watchdogFile = "deploy/prometheus/watchdog.rules.yml"
	watchdogTest = "deploy/prometheus/watchdog.test.yml"
	watchdogPage = "docs/runbooks/ConversationWatchdog.md"
)

// The alert that always fires is not among the others: whoever loads it must send it
// elsewhere, and it says so by a severity that nobody is woken by.
func TestTheWatchdogAlwaysFires(t *testing.T) {
	rules := rulesOf(t, watchdogFile)
	if len(rules) != 1 {
		t.Fatalf("%s has more than the one alert", watchdogFile)
	}
	watchdog := rules[0]
	if watchdog.Labels["severity"] != "none" {
		t.Errorf("the severity is %q", watchdog.Labels["severity"])
	}
	if want := "{{ $externalLabels.conversation_runbooks }}" + watchdogPage; watchdog.Annotations["runbook_url"] != want {
		t.Errorf("runbook_url %q, want %q", watchdog.Annotations["runbook_url"], want)
	}
	if _, err := os.Stat(watchdogPage); err != nil {
		t.Error(err)
	}
	if slices.ContainsFunc(readRules(t), func(r rule) bool { return r.Alert == watchdog.Alert }) {
		t.Errorf("%s is among the rules that everybody loads", watchdog.Alert)
	}
	if _, err := os.Stat(watchdogTest); err != nil { // go test does not see what promtool reads.
		t.Fatal(err)
	}
	if out, err := promtool(t, "test", "rules", watchdogTest); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}
