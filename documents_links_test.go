package main

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// pagesOfDocs are the pages that people read: those at the top, and all below docs.
func pagesOfDocs(t *testing.T) (pages map[string]string) {
	t.Helper()
	pages = make(map[string]string)
	files, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir("docs", func(file string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(file, ".md") {
			files = append(files, file)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		pages[filepath.ToSlash(file)] = string(text)
	}
	return pages
}

// withoutFences is a page without its blocks of code, in which a # is no heading and a
// bracket no link.
func withoutFences(page string) string {
	return regexp.MustCompile("(?ms)^ *```.*?^ *```").ReplaceAllString(page, "")
}

// anchors are the names by which GitHub knows the headings of a page: the second of two
// equal ones has a number.
func anchors(page string) map[string]bool {
	all := make(map[string]bool)
	for _, heading := range regexp.MustCompile(`(?m)^#+ +(.*)$`).FindAllStringSubmatch(withoutFences(page), -1) {
		text := regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`).ReplaceAllString(heading[1], "$1")
		text = regexp.MustCompile(`[^\p{L}\p{N}_ -]`).ReplaceAllString(strings.ToLower(strings.TrimSpace(text)), "")
		name := strings.ReplaceAll(text, " ", "-")
		for n, first := 1, name; all[name]; n++ {
			name = first + "-" + strconv.Itoa(n)
		}
		all[name] = true
	}
	return all
}

// Every link to a file or to a heading of the project leads there. Addresses elsewhere
// are not asked.
func TestEveryLinkOfThePagesLeadsSomewhere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)\s]+)\)|(?m:^\[[^\]]+\]: (\S+))`)
	pages := pagesOfDocs(t)
	seen := 0
	for page, text := range pages {
		for _, found := range link.FindAllStringSubmatch(withoutFences(text), -1) {
			to := found[1] + found[2]
			if strings.Contains(to, "://") || strings.HasPrefix(to, "mailto:") {
				continue
			}
			seen++
			file, anchor, _ := strings.Cut(to, "#")
			target := page
			if file != "" {
				target = path.Join(path.Dir(page), file)
			}
			if _, err := os.Stat(target); err != nil || strings.HasPrefix(target, "..") {
				t.Errorf("%s has a link to %s, which is not there", page, to)
				continue
			}
			if anchor != "" && !anchors(pages[target])[anchor] {
				t.Errorf("%s has a link to %s, and %s has no such heading", page, to, target)
			}
		}
	}
	if seen < 40 {
		t.Errorf("only %d links were seen", seen)
	}
}
