package config

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// documentPath stands for the whole file where no key leads to the mistake.
const documentPath = "(document)"

// problem is one mistake in a file. It never holds a value of the file, as any
// value may turn out to be a secret under the wrong key.
type problem struct {
	file     string
	line     int
	path     string
	sentence string
	cause    error
}

// Error implements error as file, line, key path and sentence; of a file that could
// not be read there is no line and no key to name.
func (p *problem) Error() string {
	if p.line == 0 {
		return fmt.Sprintf("%s: %s", p.file, p.sentence)
	}
	return fmt.Sprintf("%s:%d: %s: %s", p.file, p.line, p.path, p.sentence)
}

// Unwrap gives the error of the operating system behind the mistake, if any.
func (p *problem) Unwrap() error { return p.cause }

// report gathers every mistake of one file, and the line of every key in it.
type report struct {
	file     string
	lines    map[string]int
	problems []*problem
	// reads and writes are the files that keys name, by what is done with them.
	reads, writes []use
}

// use is a file that a key names.
type use struct {
	at   place
	path string
}

// newReport begins the report of the file of that name.
func newReport(file string) *report {
	return &report{file: file, lines: map[string]int{}}
}

// errs are the mistakes in the order of their lines.
func (r *report) errs() []error {
	slices.SortStableFunc(r.problems, func(a, b *problem) int { return cmp.Compare(a.line, b.line) })
	errs := make([]error, len(r.problems))
	for i, p := range r.problems {
		errs[i] = p
	}
	return errs
}

// root is the place of the whole document.
func (r *report) root() place { return place{report: r, line: 1} }

// unread is the place of a file of which there is no text.
func (r *report) unread() place { return place{report: r} }

// place is one point of a file: its line and the keys that lead to it.
type place struct {
	report *report
	line   int
	path   string
}

// join is the path of a key below the place. A key with a dot is quoted, as the
// path would else be that of another key.
func (p place) join(key string) string {
	if strings.Contains(key, ".") {
		key = strconv.Quote(key)
	}
	if p.path == "" {
		return key
	}
	return p.path + "." + key
}

// enter is the place of a key that stands in the file, on that line.
func (p place) enter(key string, line int) place {
	p.path, p.line = p.join(key), line
	p.report.lines[p.path] = line
	return p
}

// item is the place of the i-th entry of a list, or of a mapping whose key
// cannot be shown.
func (p place) item(i, line int) place {
	p.path, p.line = fmt.Sprintf("%s[%d]", p.path, i), line
	p.report.lines[p.path] = line
	return p
}

// key is the place of a key below the place; where the file does not have the
// key, it is on the line of the place itself.
func (p place) key(key string) place {
	p.path = p.join(key)
	if line, ok := p.report.lines[p.path]; ok {
		p.line = line
	}
	return p
}

// index is the place of the i-th entry of a list that was read before.
func (p place) index(i int) place {
	return p.item(i, cmp.Or(p.report.lines[fmt.Sprintf("%s[%d]", p.path, i)], p.line))
}

// has reports whether the file has the key below the place.
func (p place) has(key string) bool {
	_, ok := p.report.lines[p.join(key)]
	return ok
}

// bad reports whether a mistake is known at the place or below it, so that a
// second one would only repeat the first.
func (p place) bad() bool {
	return slices.ContainsFunc(p.report.problems, func(known *problem) bool {
		rest, ok := strings.CutPrefix(known.path, p.path)
		return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
	})
}

// refused reports whether a mistake is known at the place itself, so that there
// is nothing below it to check.
func (p place) refused() bool {
	return slices.ContainsFunc(p.report.problems, func(known *problem) bool { return known.path == cmp.Or(p.path, documentPath) })
}

// fail notes a mistake, unless the place is known to be bad.
func (p place) fail(format string, args ...any) {
	if !p.bad() {
		p.add(nil, format, args...)
	}
}

// failCause notes a mistake like fail, and what the operating system said.
func (p place) failCause(cause error, format string, args ...any) {
	if !p.bad() {
		p.add(cause, format, args...)
	}
}

// add notes a mistake in any case.
func (p place) add(cause error, format string, args ...any) {
	p.report.problems = append(p.report.problems, &problem{
		file:     p.report.file,
		line:     p.line,
		path:     cmp.Or(p.path, documentPath),
		sentence: fmt.Sprintf(format, args...),
		cause:    cause,
	})
}
