package config

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// document parses a text that holds exactly one YAML document. The parser's own
// messages are rewritten: they may lack a line, and may quote the file.
func document(text []byte, p place) (*yaml.Node, bool) {
	if line, ok := unprintable(text); ok {
		p.line = line
		p.fail("there is a byte here that YAML does not allow; save the file as UTF-8 without control characters")
		return nil, false
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var doc, more yaml.Node
	err := dec.Decode(&doc)
	if errors.Is(err, io.EOF) || (err == nil && empty(&doc)) {
		p.fail("the file is empty; it must have at least one target below the key targets")
		return nil, false
	}
	if err != nil {
		syntax(err, text, p)
		return nil, false
	}
	err = dec.Decode(&more)
	if err == nil {
		p.line = more.Line
		p.fail("a second YAML document begins here; a file holds one, so remove the line ---")
		return nil, false
	}
	if !errors.Is(err, io.EOF) {
		syntax(err, text, p)
		return nil, false
	}
	return doc.Content[0], true
}

// empty reports whether a document has nothing but comments.
func empty(doc *yaml.Node) bool {
	return len(doc.Content) == 0 || (doc.Content[0].Kind == yaml.ScalarNode && doc.Content[0].Tag == "!!null")
}

// unprintable finds the line of the first byte that YAML refuses. The parser
// would refuse it too, but without a line.
func unprintable(text []byte) (int, bool) {
	line := 1
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		switch {
		case r == '\n':
			line++
		case r == '\t', r == '\r', r == 0x85, r == 0xFEFF && i == 0:
		case r == utf8.RuneError && size == 1, r < ' ', r >= 0x7F && r < 0xA0, r == 0xFEFF, r == 0xFFFE, r == 0xFFFF:
			return line, true
		}
		i += size
	}
	return 0, false
}

// syntax notes what the parser refused.
func syntax(err error, text []byte, p place) {
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	if name, ok := strings.CutPrefix(message, "unknown anchor '"); ok {
		name = strings.TrimSuffix(name, "' referenced")
		p.line = lineOf(text, "*"+name)
		p.fail("there is an alias here without its anchor; a text that begins with * must be quoted")
		return
	}
	if found := regexp.MustCompile(`^line (\d+): (.*)$`).FindStringSubmatch(message); found != nil {
		p.line, _ = strconv.Atoi(found[1]) // It consists of digits.
		message = found[2]
		if fromParser(message) {
			p.line++
		}
	}
	// The messages that remain are constant texts, which quote single signs. One
	// that quotes more would be new, and might quote a secret.
	if regexp.MustCompile("['\"`\n]").MatchString(regexp.MustCompile(`'[^']'`).ReplaceAllString(message, "")) {
		message = "it cannot be parsed"
	}
	if line, ok := tabbed(message, text, p.line); ok {
		p.line = line
		p.fail("this line is indented with a tab, and YAML wants spaces")
		return
	}
	hint := ""
	switch message {
	case "mapping values are not allowed in this context":
		hint = "; the space after a colon may be missing on the line before"
	case "could not find expected ':'":
		hint = "; a colon or the space after it may be missing on this line"
	}
	p.fail("this is not valid YAML: %s; check the indentation and the quotes from here on%s", message, hint)
}

// tabbed finds the line whose tab is behind the message: the line that the
// message is about, or, where the library says tab but names the line on which
// the text before began, the next one that has a tab.
func tabbed(message string, text []byte, line int) (int, bool) {
	later := strings.HasPrefix(message, "found a tab character")
	if !later && message != "found character that cannot start any token" && message != "mapping values are not allowed in this context" {
		return 0, false
	}
	for i, content := range bytes.Split(text, []byte("\n")) {
		if (i+1 == line || (later && i+1 > line)) && regexp.MustCompile(`^[ -]*\t`).Match(content) {
			return i + 1, true
		}
	}
	return 0, false
}

// fromParser tells the messages of the library's parser from those of its
// scanner; the parser counts lines from 0.
func fromParser(message string) bool {
	return slices.Contains([]string{
		"did not find expected node content",
		"did not find expected key",
		"did not find expected '-' indicator",
		"did not find expected ',' or ']'",
		"did not find expected ',' or '}'",
		"did not find expected <document start>",
		"found undefined tag handle",
	}, message)
}

// lineOf is the line on which the text first holds the part.
func lineOf(text []byte, part string) int {
	before, _, _ := bytes.Cut(text, []byte(part))
	return 1 + bytes.Count(before, []byte("\n"))
}
