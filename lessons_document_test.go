package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// testNames are the names of all tests of the module.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	names := make(map[string]bool)
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != "." && strings.HasPrefix(d.Name(), ".") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, decl := range parsed.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil {
				names[f.Name.Name] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// The page of the lessons has a row for each, and names no test that does not
// exist or that carries another lesson's number.
func TestLessonsDocument(t *testing.T) {
	const file = "docs/lessons.md"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	names, rows := testNames(t), make(map[string]int)
	for line := range strings.Lines(string(text)) {
		row := regexp.MustCompile(`^\| (\d+) \|`).FindStringSubmatch(line)
		tests := regexp.MustCompile("`((?:Test|Fuzz)\\w*)`").FindAllStringSubmatch(line, -1)
		if row == nil {
			continue
		}
		rows[row[1]]++
		if cells := strings.Count(line, " | "); cells != 3 || len(tests) == 0 {
			t.Errorf("%s: the row of lesson %s has %d cells and %d tests", file, row[1], cells+1, len(tests))
		}
		for _, test := range tests {
			if !names[test[1]] {
				t.Errorf("%s: lesson %s names %s, which does not exist", file, row[1], test[1])
			}
			number := regexp.MustCompile(`^TestLesson0?(\d+)`).FindStringSubmatch(test[1])
			if number != nil && number[1] != row[1] {
				t.Errorf("%s: lesson %s names %s", file, row[1], test[1])
			}
		}
	}
	for _, lesson := range strings.Fields("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25") {
		if rows[lesson] != 1 {
			t.Errorf("%s: lesson %s has %d rows, want 1", file, lesson, rows[lesson])
		}
	}
}
