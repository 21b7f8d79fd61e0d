package config

import (
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	promconfig "github.com/prometheus/common/config"
	"go.yaml.in/yaml/v3"

	"conversation_exporter/source/httpapi"
)

// The library's decoder knows unknown keys but no key paths, stops at the first
// mistake of some kinds and quotes values. So nodes and structs are walked here.

// nodeDecoder is a type that reads its node itself.
type nodeDecoder interface {
	decodeNode(d *decoder, n *yaml.Node, p place)
}

// keyChecker is a mapping with a rule of its own for its keys; the answer is
// the sentence about a bad key, or empty.
type keyChecker interface {
	checkKey(key string) string
}

// entryChecker is a mapping with a rule for an entry that is not to be decoded
// at all; the answer is the sentence about it, or empty.
type entryChecker interface {
	checkEntry(e entry) string
}

// defaulter is a block with values that hold where the file is silent.
type defaulter interface {
	setDefaults()
}

// decoder fills structs from nodes and reports what does not fit.
type decoder struct {
	secrets secretReader
}

// decode fills v from the node at the place.
func (d *decoder) decode(n *yaml.Node, p place, v reflect.Value) {
	n, ok := plain(n, p)
	if !ok || d.decodeKnown(n, p, v) {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		fresh := reflect.New(v.Type().Elem())
		setDefaults(fresh)
		if v.Type().Elem().Kind() != reflect.Struct || isMapping(n, p) {
			d.decode(n, p, fresh.Elem())
			v.Set(fresh)
		}
	case reflect.Struct:
		d.decodeStruct(n, p, v)
	case reflect.Map:
		d.decodeMap(n, p, v)
	case reflect.Slice:
		d.decodeList(n, p, v)
	default:
		decodeScalar(n, p, v)
	}
}

// decodeKnown fills the types that are more than their kind, and reports
// whether v is one of them. What the libraries say of a value they refuse is
// not passed on, as it quotes the value.
func (d *decoder) decodeKnown(n *yaml.Node, p place, v reflect.Value) bool {
	switch t := v.Addr().Interface().(type) {
	case nodeDecoder:
		t.decodeNode(d, n, p)
	case *promconfig.Headers:
		d.decodeMap(n, p, reflect.ValueOf(&t.Headers).Elem())
	case *httpapi.Secret:
		*t = httpapi.NewSecret(d.secrets.clientSecret(n, p))
	case *promconfig.Secret:
		*t = promconfig.Secret(d.secrets.value(n, p))
	case *promconfig.URL:
		if n.Kind != yaml.ScalarNode || n.Decode(t) != nil {
			p.fail("must be a URL such as http://proxy.example.com:3128")
		}
	case *promconfig.TLSVersion:
		if n.Kind != yaml.ScalarNode || n.Decode(t) != nil {
			p.fail("must be one of TLS10, TLS11, TLS12, TLS13")
		}
	case *time.Duration:
		var err error
		if *t, err = time.ParseDuration(n.Value); n.Kind != yaml.ScalarNode || err != nil {
			p.fail("must be a duration with its unit, such as 10s or 1m30s")
		}
	default:
		return false
	}
	return true
}

// plain follows an alias and refuses what no key of ours can be.
func plain(n *yaml.Node, p place) (*yaml.Node, bool) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	switch {
	case n.Style&yaml.TaggedStyle != 0:
		p.fail("a YAML tag (a word that begins with !) is not supported; remove it, or quote the text")
	case n.Kind == yaml.ScalarNode && n.Tag == "!!null":
		p.fail("has no value; give it one or remove the key")
	default:
		return n, true
	}
	return nil, false
}

// decodeStruct fills a block whose keys are known.
func (d *decoder) decodeStruct(n *yaml.Node, p place, v reflect.Value) {
	known := fieldsOf(v.Type())
	names := make([]string, len(known))
	for i, f := range known {
		names[i] = f.key
	}
	for _, e := range entries(n, p) {
		i := slices.Index(names, e.key)
		if i < 0 {
			unknownKey(e, p, names, rightPlace(e.key, v.Type()))
			continue
		}
		d.decode(e.value, p.enter(e.key, e.line), v.FieldByIndex(known[i].index))
	}
}

// decodeMap fills a mapping whose keys are names.
func (d *decoder) decodeMap(n *yaml.Node, p place, v reflect.Value) {
	v.Set(reflect.MakeMap(v.Type()))
	check := checkHeaderName
	if own, ok := v.Interface().(keyChecker); ok {
		check = own.checkKey
	}
	for i, e := range entries(n, p) {
		at := p.item(i, e.line)
		if sentence := check(e.key); sentence != "" {
			at.fail("%s", sentence)
		} else {
			at = p.enter(e.key, e.line)
		}
		if own, ok := v.Interface().(entryChecker); ok {
			if sentence := own.checkEntry(e); sentence != "" {
				at.fail("%s", sentence)
				continue
			}
		}
		fresh := reflect.New(v.Type().Elem())
		setDefaults(fresh)
		d.decode(e.value, at, fresh.Elem())
		v.SetMapIndex(reflect.ValueOf(e.key), fresh.Elem())
	}
}

// decodeList fills a list.
func (d *decoder) decodeList(n *yaml.Node, p place, v reflect.Value) {
	if n.Kind != yaml.SequenceNode {
		p.fail("must be a list")
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
	for i, item := range n.Content {
		d.decode(item, p.item(i, item.Line), v.Index(i))
	}
}

// decodeScalar fills a text, a number or a truth value.
func decodeScalar(n *yaml.Node, p place, v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		if text, ok := textOf(n); ok {
			v.SetString(text)
		} else {
			p.fail("must be a text; quote it if it is one")
		}
	case reflect.Bool:
		if n.Kind != yaml.ScalarNode || n.Tag != "!!bool" {
			p.fail("must be true or false")
			return
		}
		v.SetBool(strings.EqualFold(n.Value, "true"))
	case reflect.Int:
		number, err := strconv.Atoi(n.Value)
		if n.Kind != yaml.ScalarNode || n.Tag == "!!str" || err != nil {
			p.fail("must be a whole number")
			return
		}
		v.SetInt(int64(number))
	case reflect.Float64:
		number, err := strconv.ParseFloat(n.Value, 64)
		if n.Kind != yaml.ScalarNode || n.Tag == "!!str" || err != nil {
			p.fail("must be a number")
			return
		}
		v.SetFloat(number)
	default:
		p.fail("cannot be set in a file")
	}
}

// textOf is the text of a scalar. A number is taken as it is written, so that
// an extension keeps its zeros; a truth value is more likely a mistake.
func textOf(n *yaml.Node) (string, bool) {
	return n.Value, n.Kind == yaml.ScalarNode && n.Tag != "!!bool"
}

// setDefaults lets a fresh block fill itself in.
func setDefaults(fresh reflect.Value) {
	if block, ok := fresh.Interface().(defaulter); ok {
		block.setDefaults()
	}
}

// isMapping reports whether the node is a mapping, and notes it if not.
func isMapping(n *yaml.Node, p place) bool {
	if n.Kind != yaml.MappingNode {
		p.fail("must be a mapping: keys and values, indented below it")
	}
	return n.Kind == yaml.MappingNode
}

// checkHeaderName is the rule for mappings whose keys are HTTP header names.
func checkHeaderName(key string) string {
	if regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$`).MatchString(key) {
		return ""
	}
	return "the name of a header must consist of letters, digits, -, _ and ."
}
