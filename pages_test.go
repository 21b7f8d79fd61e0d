package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// pages are the texts that people read about the project, by their file.
func pages(t *testing.T) map[string]string {
	t.Helper()
	texts := runbooks(t)
	files, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(files, "README.md") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts[filepath.ToSlash(file)] = string(text)
	}
	return texts
}

// blocks are the blocks of code of a page that are in no language, or in that of queries.
func blocks(page string) (list []string) {
	var block strings.Builder
	in, wanted := false, false
	for line := range strings.Lines(page) {
		fence, is := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case is && in && wanted:
			list = append(list, block.String())
			in = false
		case is:
			in, wanted = !in, fence == "" || fence == "promql"
			block.Reset()
		case in:
			block.WriteString(line)
		}
	}
	return list
}

// pageQueries are the queries that the pages give to try: in blocks that name a metric. A
// query begins at the margin and goes on in lines that do not.
func pageQueries(t *testing.T) []place {
	t.Helper()
	program := regexp.MustCompile(`\bconversation_exporter\b`)
	begins := regexp.MustCompile(`(?m)^\S`)
	var list []place
	for page, text := range pages(t) {
		for _, block := range blocks(text) {
			if !strings.Contains(program.ReplaceAllString(block, ""), "conversation_") {
				continue
			}
			starts := append(begins.FindAllStringIndex(block, -1), []int{len(block)})
			for i := range starts[:len(starts)-1] {
				list = append(list, place{where: page, expr: strings.TrimSpace(block[starts[i][0]:starts[i+1][0]])})
			}
		}
	}
	return list
}

func TestEveryQueryOfThePagesIsValid(t *testing.T) {
	list := pageQueries(t)
	if len(list) < 40 {
		t.Fatalf("only %d queries", len(list))
	}
	validQueries(t, list)
}

// A reader who tries a query that names what nobody exports believes that nobody waits.
func TestEveryQueryOfThePagesNamesWhatIsExported(t *testing.T) {
	var (
		series   = regexp.MustCompile(`(\bup\b|[a-z0-9_:]*conversation_[a-z0-9_:]+)(\{[^}]*\})?`)
		matcher  = regexp.MustCompile(`([a-z_]+)(?:=~|!~|!=|=)"([^"]*)"`)
		grouping = regexp.MustCompile(`\b(?:by|on|group_left) \(([^)]+)\)`)
	)
	known, values := knownMetrics(t, readRules(t)), enums(t)
	for _, q := range pageQueries(t) {
		var labels []string
		for _, s := range series.FindAllStringSubmatch(q.expr, -1) {
			if known[s[1]] == nil {
				t.Errorf("%s: nobody exports %s", q.where, s[1])
			}
			labels = append(labels, known[s[1]]...)
			for _, m := range matcher.FindAllStringSubmatch(s[2], -1) {
				if !slices.Contains(known[s[1]], m[1]) {
					t.Errorf("%s: %s has no label %s", q.where, s[1], m[1])
				}
				for _, value := range never(values, s[1], m[1], m[2]) {
					t.Errorf("%s: %s is never %q", q.where, m[1], value)
				}
			}
		}
		for _, group := range grouping.FindAllStringSubmatch(q.expr, -1) {
			for label := range strings.SplitSeq(group[1], ", ") {
				if !slices.Contains(labels, label) {
					t.Errorf("%s groups by %s, which nothing in it has: %s", q.where, label, q.expr)
				}
			}
		}
	}
}

// The README has every alert, and no page one that is not there.
func TestThePagesNameTheAlertsThatThereAre(t *testing.T) {
	alerts := map[string]bool{strings.TrimSuffix(filepath.Base(watchdogPage), ".md"): true}
	for _, r := range readRules(t) {
		alerts[r.Alert] = true
	}
	delete(alerts, "")
	name := regexp.MustCompile(`\bConversation[A-Z][A-Za-z]+\b`)
	texts := pages(t)
	for page, text := range texts {
		for _, found := range name.FindAllString(text, -1) {
			if !alerts[found] {
				t.Errorf("%s: there is no alert %s", page, found)
			}
		}
	}
	for alert := range alerts {
		if !strings.Contains(texts["README.md"], "`"+alert+"`") {
			t.Errorf("README.md does not name %s", alert)
		}
	}
}

// validQueries lets Prometheus itself judge queries, as rules of a file.
func validQueries(t *testing.T, list []place) {
	t.Helper()
	var b strings.Builder
	b.WriteString("groups:\n  - name: queries\n    rules:\n")
	for i, q := range list {
		fmt.Fprintf(&b, "      # %s\n      - record: q%d\n        expr: |\n", q.where, i)
		for line := range strings.Lines(q.expr) {
			b.WriteString("          " + line)
		}
		b.WriteString("\n")
	}
	file := filepath.Join(t.TempDir(), "queries.yml")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := promtool(t, "check", "rules", file); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}
