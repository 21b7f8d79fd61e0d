package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	promconfig "github.com/prometheus/common/config"
)

// blockKind is one kind of block that a file can have.
type blockKind struct {
	typ reflect.Type
	// path has the keys that lead to the block, and anyName where the file
	// chooses the key.
	path []string
	keys []string
}

// anyName stands in a path for a key that the file chooses.
const anyName = "<name>"

// blocksOf lists the block of a type and those below it.
func blocksOf(t reflect.Type, path []string) []blockKind {
	switch {
	case t == reflect.TypeFor[promconfig.Headers]():
		return blocksOf(reflect.TypeFor[map[string]promconfig.Header](), path)
	case t.Kind() == reflect.Pointer:
		return blocksOf(t.Elem(), path)
	case t.Kind() == reflect.Map:
		return blocksOf(t.Elem(), append(slices.Clone(path), anyName))
	case t.Kind() != reflect.Struct:
		return nil
	}
	own := blockKind{typ: t, path: path}
	var below []blockKind
	for _, f := range fieldsOf(t) {
		own.keys = append(own.keys, f.key)
		below = append(below, blocksOf(f.typ, append(slices.Clone(path), f.key))...)
	}
	return append([]blockKind{own}, below...)
}

// rightPlace says where a key belongs that stands in a block of the type but is
// a key of another one; it is empty where no block has the key. What belongs to one
// system is of no use in the block of another.
func rightPlace(key string, in reflect.Type) string {
	blocks := blocksOf(reflect.TypeFor[fileBlock](), nil)
	from := slices.IndexFunc(blocks, func(b blockKind) bool { return b.typ == in })
	if from < 0 {
		return ""
	}
	var ways []string
	for _, b := range blocks {
		if slices.Contains(b.keys, key) && sameSystem(blocks[from].path, b.path) {
			ways = append(ways, way(blocks[from].path, b.path))
		}
	}
	return strings.Join(ways, ", or ")
}

// way is how to get from one block to another.
func way(from, to []string) string {
	shared := 0
	for shared < min(len(from), len(to)) && from[shared] == to[shared] {
		shared++
	}
	below := "below " + strings.Join(to[shared:], ".")
	levels := "one level"
	if up := len(from) - shared; up > 1 {
		levels = fmt.Sprintf("%d levels", up)
	}
	switch {
	case len(to) == 0:
		return "at the top of the file"
	case shared == len(from):
		return below
	case shared == len(to):
		return levels + " up, beside " + from[shared]
	}
	return levels + " up, " + below
}

// sameSystem is false for the blocks of two systems.
func sameSystem(a, b []string) bool {
	const at = 2 // Below targets and the name of one.
	return len(a) <= at || len(b) <= at || a[at] == b[at]
}
