package web

import (
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// node is an element of the page.
type node struct {
	name     string
	attrs    map[string]string
	children []*node
	// text is all text in the element and below, without space at its ends.
	text string
}

// voids are the elements of HTML that have no end tag.
var voids = regexp.MustCompile(`<(meta|br|hr|img|link|input|wbr)\b((?:[^>"]|"[^"]*")*)>`)

// parse reads a page as strictly as XML is read: every element is closed where
// it must be, every attribute is quoted, every entity exists.
func parse(t *testing.T, page string) *node {
	t.Helper()
	if !strings.HasPrefix(page, "<!DOCTYPE html>\n") {
		t.Errorf("the page begins with %q", page[:min(len(page), 20)])
	}
	d := xml.NewDecoder(strings.NewReader(voids.ReplaceAllString(page, "<$1$2/>")))
	d.Entity = xml.HTMLEntity
	root := &node{}
	stack := []*node{root}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("the page is not well formed: %v\n%s", err, page)
		}
		switch token := token.(type) {
		case xml.StartElement:
			n := &node{name: token.Name.Local, attrs: make(map[string]string)}
			for _, a := range token.Attr {
				if _, twice := n.attrs[a.Name.Local]; twice {
					t.Errorf("<%s> has the attribute %s twice", n.name, a.Name.Local)
				}
				n.attrs[a.Name.Local] = a.Value
			}
			parent := stack[len(stack)-1]
			parent.children = append(parent.children, n)
			stack = append(stack, n)
		case xml.EndElement:
			stack[len(stack)-1].text = strings.TrimSpace(stack[len(stack)-1].text)
			stack = stack[:len(stack)-1]
		case xml.CharData:
			for _, n := range stack {
				n.text += string(token)
			}
		}
	}
	if len(root.children) != 1 || root.children[0].name != "html" {
		t.Fatalf("the page is not one html element")
	}
	return root.children[0]
}

// all lists the elements of a name below n, in the order of the page.
func (n *node) all(name string) []*node {
	var list []*node
	for _, c := range n.children {
		if name == "" || c.name == name {
			list = append(list, c)
		}
		list = append(list, c.all(name)...)
	}
	return list
}

// texts are the texts of the elements of a name below n.
func (n *node) texts(name string) []string {
	var list []string
	for _, c := range n.all(name) {
		list = append(list, c.text)
	}
	return list
}

// below are the texts of the items of the lists of a class.
func (n *node) below(class string) []string {
	var list []string
	for _, ul := range n.all("ul") {
		if ul.attrs["class"] == class {
			list = append(list, ul.texts("li")...)
		}
	}
	return list
}

// rows are the texts of the cells of a table, row by row, joined by "|".
func (n *node) rows() []string {
	var list []string
	for _, tr := range n.all("tr") {
		var cells []string
		for _, cell := range tr.children {
			cells = append(cells, cell.text)
		}
		list = append(list, strings.Join(cells, "|"))
	}
	return list
}

// width counts the columns that a row takes.
func (n *node) width(t *testing.T) int {
	t.Helper()
	width := 0
	for _, cell := range n.children {
		span := 1
		if text, ok := cell.attrs["colspan"]; ok {
			var err error
			if span, err = strconv.Atoi(text); err != nil || span < 1 {
				t.Errorf("a cell spans %q columns", text)
			}
		}
		width += span
	}
	return width
}
