package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// renamed is a file of tests of the rules with other names for the target, the channel and
// the queue that most of them are about: those that somebody might treat otherwise. What had
// such a name has the other one, so that no two become one.
func renamed(tests string) string {
	other := map[string]string{
		"t": "crm", "crm": "t",
		"whatsapp": "livechat", "livechat": "whatsapp",
		"Support": "(none)", "(none)": "Support",
	}
	name := regexp.MustCompile(`\b(?:t|crm|whatsapp|livechat|Support)\b|\(none\)`)
	return name.ReplaceAllStringFunc(tests, func(found string) string { return other[found] })
}

// No rule names a target, a channel or a queue, so the tests of the rules hold for all others,
// too: for sessions in no queue, for a website's chat, for a second system.
func TestTheRulesHoldForEveryName(t *testing.T) {
	dir := t.TempDir()
	rules, err := os.ReadFile(rulesFile)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, filepath.Base(rulesFile)), rules, 0o644); err != nil {
		t.Fatal(err)
	}
	args := []string{"test", "rules"}
	for _, file := range ruleTests(t) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		copied := filepath.Join(dir, filepath.Base(file))
		if err := os.WriteFile(copied, []byte(renamed(string(text))), 0o644); err != nil {
			t.Fatal(err)
		}
		args = append(args, copied)
	}
	if out, err := promtool(t, args...); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// hiding are the mistakes of a rule that leaves one out: a match too many, on a label that
// the rule does not match on. They are looked for by the tests with the other names.
func hiding(t *testing.T, text string) []mutant {
	t.Helper()
	known := knownMetrics(t, readRules(t))
	more := map[string][]string{
		"target":    {`target!="crm"`},
		"channel":   {`channel!="livechat"`},
		"queue":     {`queue!="(none)"`},
		"state":     {`state!="automated"`, `state!="arriving"`, `state="queued"`},
		"collector": {`collector!="agents"`},
	}
	selector := regexp.MustCompile(`\b(?:[a-z]+:)?conversation_\w+(?::\w+)?(?:\{[^}]*\})?`)
	list := mutants(text, []mutation{{regexp.MustCompile(`^ {10}`), selector, func(found string) (hidden []string) {
		name, matches, _ := strings.Cut(strings.TrimSuffix(found, "}"), "{")
		for _, label := range known[name] {
			if regexp.MustCompile(`\b` + label + `=`).MatchString(matches) {
				continue
			}
			for _, match := range more[label] {
				hidden = append(hidden, name+"{"+strings.TrimPrefix(matches+","+match, ",")+"}")
			}
		}
		return hidden
	}}})
	// Where a rule is about certain groups, a match on another changes nothing.
	list = slices.DeleteFunc(list, func(m mutant) bool {
		return strings.Contains(m.text, more["collector"][0]) && m.rule != "ConversationDataIncomplete"
	})
	for i := range list {
		list[i].renamed = true
	}
	return list
}
