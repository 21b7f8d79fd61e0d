package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// codeMutant is the code with one rule of docs/rules.md broken: where old stands
// in a file, once, instead is written.
type codeMutant struct{ rule, old, instead string }

// unseenMutant is one that changes no number; docs/mutations.md says why.
type unseenMutant struct {
	file string
	codeMutant
}

// planted is a mutant and where it is made.
type planted struct {
	file string
	codeMutant
	// unseen is true where no test can find it.
	unseen bool
}

// slowTests hold bounds of memory over thousands of passes, and no rule.
const slowTests = `^TestHostileSoak$|^TestHostileTheLedgerIsBounded$|^TestHostileQueuesThatCannotBeListedAreForgotten$|^TestASessionIsSmall$`

// noticing are the tests that can notice a mistake in a file, as arguments of go
// test, the quickest first.
func noticing(file string) [][]string {
	collector := []string{"-skip=" + slowTests, "./collector"}
	switch {
	case strings.HasPrefix(file, "source/yeastar/"):
		return [][]string{
			{"-run=^Test(Hostile)?R[0-9]", "-skip=Day|WhateverPageSize|Property|Deadline|Hangs|WasCut|SimulatorsFaults", "./source/yeastar"},
			{"-run=R[0-9]|Conformance|Lesson20|AnExtension|AWant", "./source/yeastar"},
		}
	case strings.HasPrefix(file, "source/superoffice/"):
		return [][]string{
			{"-run=^Test(Hostile)?(R[0-9]|Quirk)", "./source/superoffice"},
			{"-skip=Cloud|Check|Tenant|PrivateKey|JWT|Credentials|Conformance/cloud", "./source/superoffice"},
		}
	case strings.HasPrefix(file, "conversation/"):
		return [][]string{{"./conversation"}, collector}
	default:
		return [][]string{collector}
	}
}

// allCodeMutants are the mutants of all files, in the order of the files.
func allCodeMutants() []planted {
	var list []planted
	byFile := codeMutants()
	files := make([]string, 0, len(byFile))
	for file := range byFile {
		files = append(files, file)
	}
	slices.Sort(files)
	for _, file := range files {
		for _, m := range byFile[file] {
			list = append(list, planted{file: file, codeMutant: m})
		}
	}
	for _, m := range unseenMutants() {
		list = append(list, planted{file: m.file, codeMutant: m.codeMutant, unseen: true})
	}
	return list
}

// ruleNumbers are the rules that this version has, as docs/rules.md numbers them, and the
// quirks of SuperOffice, as docs/superoffice.md does.
func ruleNumbers() []string {
	var list []string
	for n := 1; n <= 35; n++ {
		list = append(list, fmt.Sprintf("R%d", n))
	}
	for n := 1; n <= 20; n++ {
		list = append(list, fmt.Sprintf("Q%d", n))
	}
	return list
}

// Every rule, broken in the code, makes a test fail.
func TestEveryMistakeInTheCodeIsFound(t *testing.T) {
	if os.Getenv("MUTATIONS") == "" {
		t.Skip("it takes a while; make mutations runs it")
	}
	list := allCodeMutants()
	if only := os.Getenv("MUTATED"); only != "" {
		files := regexp.MustCompile(only)
		list = slices.DeleteFunc(list, func(m planted) bool { return !files.MatchString(m.file) })
	}
	texts := codeTexts(t, list)
	copies := make(chan string, runtime.GOMAXPROCS(0))
	for range cap(copies) {
		dir := t.TempDir()
		copyModule(t, dir)
		copies <- dir
	}
	// The code as it is comes first: it is no mistake, and no test may fail.
	dir := <-copies
	for _, file := range []string{"conversation/", "source/yeastar/", "source/superoffice/"} {
		if !slices.ContainsFunc(list, func(m planted) bool { return strings.HasPrefix(m.file, path.Dir(file)) }) && file != "conversation/" {
			continue
		}
		if out, err := failing(t, dir, noticing(file)); err != nil {
			t.Fatalf("the tests fail without a mistake: %v\n%s", err, out)
		}
	}
	copies <- dir
	for _, m := range list {
		t.Run(m.rule, func(t *testing.T) {
			t.Parallel()
			dir := <-copies
			defer func() { copies <- dir }()
			file := filepath.Join(dir, m.file)
			writeText(t, file, strings.Replace(texts[m.file], m.old, m.instead, 1))
			defer writeText(t, file, texts[m.file])
			out, err := failing(t, dir, noticing(m.file))
			switch {
			case strings.Contains(out, "[build failed]"), strings.Contains(out, "[setup failed]"):
				t.Errorf("%s does not build with %q instead of %q\n%s", m.file, m.instead, m.old, out)
			case err == nil && !m.unseen:
				t.Errorf("no test finds %q instead of %q in %s", m.instead, m.old, m.file)
			case err != nil && m.unseen:
				t.Errorf("a test finds what was thought to change no number, %q instead of %q in %s\n%s", m.instead, m.old, m.file, out)
			case err != nil:
				t.Logf("%s: %q is found by %s", m.file, m.instead, firstFailure(out))
			}
		})
	}
}

// codeTexts reads the files of the mutants. What a mutant replaces must stand in
// its file once: so the list follows the code.
func codeTexts(t *testing.T, list []planted) map[string]string {
	t.Helper()
	texts := make(map[string]string)
	seen := make(map[string]bool)
	for _, m := range list {
		if _, ok := texts[m.file]; !ok {
			text, err := os.ReadFile(filepath.FromSlash(m.file))
			if err != nil {
				t.Fatal(err)
			}
			texts[m.file] = string(text)
		}
		if n := strings.Count(texts[m.file], m.old); n != 1 {
			t.Errorf("%s: %q occurs %d times in %s, want 1", m.rule, m.old, n, m.file)
		}
		if key := m.file + "\x00" + m.old + "\x00" + m.instead; seen[key] || m.old == m.instead {
			t.Errorf("%s: %q instead of %q is listed twice, or is no mistake", m.rule, m.instead, m.old)
		} else {
			seen[key] = true
		}
	}
	if t.Failed() {
		t.FailNow()
	}
	return texts
}

// failing runs tests, one lot after the other, until one of them fails. A test
// that does not end has failed too.
func failing(t *testing.T, dir string, lots [][]string) (string, error) {
	t.Helper()
	for _, lot := range lots {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		cmd := exec.CommandContext(ctx, "go", "test", "-count=1", "-failfast", "-vet=off", "-trimpath", "-timeout=90s")
		cmd.Args = append(cmd.Args, lot...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		cancel()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Fatalf("running the tests of %s: %v", lot, err)
		}
		if err != nil {
			return string(out), err
		}
	}
	return "", nil
}

// firstFailure is the name of the test that failed first.
func firstFailure(out string) string {
	if found := regexp.MustCompile(`--- FAIL: (\S+)`).FindStringSubmatch(out); found != nil {
		return found[1]
	}
	return "a panic, or a test that does not end"
}

func writeText(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// copyModule copies what the tests of the packages need.
func copyModule(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path == ".":
			return nil
		case strings.HasPrefix(d.Name(), "."), path == "e2e", path == "bin":
			if d.IsDir() {
				return filepath.SkipDir
			}
			return nil
		case d.IsDir():
			return os.MkdirAll(filepath.Join(dir, path), 0o755)
		case !d.Type().IsRegular():
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, path), text, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// The page tells how many mutants each rule has, and each has some.
func TestMutationsDocument(t *testing.T) {
	text, err := os.ReadFile("docs/mutations.md")
	if err != nil {
		t.Fatal(err)
	}
	count := make(map[string]int)
	list := allCodeMutants()
	codeTexts(t, list) // Each must still be in the code.
	for _, m := range list {
		count[m.rule]++
	}
	total := 0
	for _, rule := range ruleNumbers() {
		if count[rule] == 0 {
			t.Errorf("%s has no mutant", rule)
		}
		total += count[rule]
		if row := fmt.Sprintf("| %s | %d |", rule, count[rule]); !strings.Contains(string(text), row) {
			t.Errorf("docs/mutations.md lacks the row %q", row)
		}
	}
	if total != len(list) {
		t.Errorf("%d mutants are of rules that there are, of %d", total, len(list))
	}
	if line := fmt.Sprintf("%d mutants", total); !strings.Contains(string(text), line) {
		t.Errorf("docs/mutations.md does not say %q", line)
	}
}
