package config

import (
	"reflect"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// entry is one key of a mapping with its value.
type entry struct {
	key   string
	line  int
	value *yaml.Node
}

// entries lists the keys of a mapping in order. It notes a node that is no
// mapping, and keys that are no words, stand twice or merge.
func entries(n *yaml.Node, p place) []entry {
	if !isMapping(n, p) {
		return nil
	}
	var list []entry
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		e := entry{line: key.Line, value: n.Content[i+1]}
		if key.Kind == yaml.AliasNode {
			key = key.Alias
		}
		at := p
		at.line = e.line
		switch {
		case key.Kind != yaml.ScalarNode || key.Style&yaml.TaggedStyle != 0:
			at.add(nil, "a key must be a single word")
			continue
		case key.Tag == "!!merge":
			at.add(nil, "the merge key << is not supported; write the keys out, or use an alias for a whole block")
			continue
		}
		e.key = key.Value
		if first, twice := seen[e.key]; twice {
			if speakable(e.key) {
				at.path = at.join(e.key)
			}
			at.add(nil, "this key stands twice, first on line %d; remove one of the two", first)
			continue
		}
		seen[e.key] = e.line
		list = append(list, e)
	}
	return list
}

// hasKeyOf reports whether the node is a mapping with one of the keys.
func hasKeyOf(n *yaml.Node, keys []field) bool {
	if n.Kind != yaml.MappingNode {
		return false
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if slices.ContainsFunc(keys, func(f field) bool { return f.key == n.Content[i].Value }) {
			return true
		}
	}
	return false
}

// unknownKey notes a key that the block at the place does not have. Where the
// key belongs is empty, or it is a key of another block and so no secret.
func unknownKey(e entry, p place, known []string, belongs string) {
	p.line = e.line
	remedy := "the known keys are " + strings.Join(known, ", ")
	if belongs != "" {
		p.path = p.join(e.key)
		p.add(nil, "this key is not known here: it belongs %s; %s", belongs, remedy)
		return
	}
	if near := Nearest(e.key, known); near != "" {
		remedy = "did you mean " + near + "? " + remedy
	}
	if !speakable(e.key) {
		p.add(nil, "a key here is not known, and not shown, as it may hold a secret (is the space after a colon missing?); %s", remedy)
		return
	}
	p.path = p.join(e.key)
	p.add(nil, "this key is not known; %s", remedy)
}

// speakable reports whether a key looks like a word. Others are not shown: with
// the space after the colon missing, a key and its secret become one key.
func speakable(key string) bool {
	return regexp.MustCompile(`^[A-Za-z][A-Za-z_-]{0,39}$`).MatchString(key)
}

// field is one key of a block and where it goes.
type field struct {
	key   string
	typ   reflect.Type
	index []int
}

// fieldsOf lists the keys of a struct by its yaml tags, those of inlined
// structs among them.
func fieldsOf(t reflect.Type) []field {
	var list []field
	for i := range t.NumField() {
		f := t.Field(i)
		key, option, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case !f.IsExported() || needsManager(key):
		case option == "inline" && f.Type.Kind() == reflect.Struct:
			for _, inner := range fieldsOf(f.Type) {
				inner.index = append([]int{i}, inner.index...)
				list = append(list, inner)
			}
		case key != "":
			list = append(list, field{key: key, typ: f.Type, index: f.Index})
		}
	}
	return list
}

// needsManager tells the keys of the TLS block that name a secret in a secret
// manager. The exporter has none.
func needsManager(key string) bool {
	return slices.Contains([]string{"ca_ref", "cert_ref", "key_ref"}, key)
}

// Nearest is the known word that a misspelt one most likely stands for, or
// empty where none is close.
func Nearest(word string, known []string) string {
	best, limit := "", 1+len(word)/4
	for _, candidate := range known {
		if n := distance(strings.ToLower(word), candidate); n <= limit {
			best, limit = candidate, n-1
		}
	}
	return best
}

// distance is the number of letters to change, add or remove on the way from
// one word to the other.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
