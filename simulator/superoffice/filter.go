package superoffice

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// condition is what a row must meet.
type condition func(*view, *row) bool

// parser reads the vendor's $filter: conditions on columns, joined by and and or,
// of which and binds more tightly.
type parser struct {
	tokens []token
	find   finder
	view   *view
	// noOneOf tells that the provider does not know oneOf.
	noOneOf bool
}

// token is a word, a quoted text or one of ( ) and the comma.
type token struct {
	text   string
	quoted bool
}

func (t token) is(word string) bool { return !t.quoted && strings.EqualFold(t.text, word) }

// tokenize takes a filter apart. In quoted texts a backslash takes the next sign
// as it is.
func tokenize(filter string) ([]token, error) {
	var list []token
	for i := 0; i < len(filter); {
		switch ch := filter[i]; {
		case ch == ' ' || ch == '\t':
			i++
		case ch == '(' || ch == ')' || ch == ',':
			list = append(list, token{text: string(ch)})
			i++
		case ch == '\'':
			var b strings.Builder
			i++
			for i < len(filter) && filter[i] != '\'' {
				if filter[i] == '\\' && i+1 < len(filter) {
					i++
				}
				b.WriteByte(filter[i])
				i++
			}
			if i == len(filter) {
				return nil, fmt.Errorf("a text in %q does not end", filter)
			}
			list = append(list, token{text: b.String(), quoted: true})
			i++
		case strings.ContainsRune("=<>!", rune(ch)):
			from := i
			for i < len(filter) && strings.ContainsRune("=<>!", rune(filter[i])) {
				i++
			}
			list = append(list, token{text: filter[from:i]})
		default:
			from := i
			for i < len(filter) && !strings.ContainsRune(" \t(),'=<>!", rune(filter[i])) {
				i++
			}
			list = append(list, token{text: filter[from:i]})
		}
	}
	return list, nil
}

// parse reads a whole filter; an empty one keeps everything.
func (p *parser) parse(filter string) (condition, error) {
	tokens, err := tokenize(filter)
	if err != nil || len(tokens) == 0 {
		return func(*view, *row) bool { return true }, err
	}
	p.tokens = tokens
	all, err := p.either()
	if err == nil && len(p.tokens) > 0 {
		err = fmt.Errorf("%q was not expected", p.tokens[0].text)
	}
	return all, err
}

func (p *parser) peek(word string) bool { return len(p.tokens) > 0 && p.tokens[0].is(word) }

func (p *parser) next() (token, error) {
	if len(p.tokens) == 0 {
		return token{}, fmt.Errorf("the filter ends too early")
	}
	t := p.tokens[0]
	p.tokens = p.tokens[1:]
	return t, nil
}

func (p *parser) either() (condition, error) {
	first, err := p.both()
	for err == nil && p.peek("or") {
		p.tokens = p.tokens[1:]
		before := first
		var second condition
		if second, err = p.both(); err == nil {
			first = func(v *view, r *row) bool { return before(v, r) || second(v, r) }
		}
	}
	return first, err
}

func (p *parser) both() (condition, error) {
	first, err := p.single()
	for err == nil && p.peek("and") {
		p.tokens = p.tokens[1:]
		before := first
		var second condition
		if second, err = p.single(); err == nil {
			first = func(v *view, r *row) bool { return before(v, r) && second(v, r) }
		}
	}
	return first, err
}

func (p *parser) single() (condition, error) {
	if p.peek("(") {
		p.tokens = p.tokens[1:]
		inner, err := p.either()
		if err == nil && !p.peek(")") {
			return nil, fmt.Errorf("a bracket is not closed")
		}
		if err == nil {
			p.tokens = p.tokens[1:]
		}
		return inner, err
	}
	name, err := p.next()
	if err != nil {
		return nil, err
	}
	_, c, known := p.find(name.text)
	if !known {
		return nil, fmt.Errorf("the column %q is not known", name.text)
	}
	operator, err := p.next()
	if err != nil {
		return nil, err
	}
	values, err := p.values()
	if err != nil {
		return nil, err
	}
	meets, err := p.test(c.kind, strings.ToLower(operator.text), values)
	if err != nil {
		return nil, fmt.Errorf("the column %q: %w", name.text, err)
	}
	return func(v *view, r *row) bool { return meets(c.value(v, r).raw) }, nil
}

// values reads one value, or several in brackets.
func (p *parser) values() ([]string, error) {
	first, err := p.next()
	if err != nil {
		return nil, err
	}
	if !first.is("(") {
		return []string{first.text}, nil
	}
	var list []string
	for {
		t, err := p.next()
		switch {
		case err != nil:
			return nil, err
		case t.is(")"):
			return list, nil
		case !t.is(","):
			list = append(list, t.text)
		}
	}
}

// test makes the check of one column.
func (p *parser) test(k kind, operator string, texts []string) (func(any) bool, error) {
	values := make([]any, len(texts))
	for i, text := range texts {
		value, err := p.value(k, text)
		if err != nil {
			return nil, err
		}
		values[i] = value
	}
	if len(values) == 0 {
		return nil, fmt.Errorf("the operator %q has no value", operator)
	}
	if p.noOneOf && (operator == "oneof" || operator == "notoneof") {
		return nil, fmt.Errorf("the operator %q is not supported", operator)
	}
	if !slices.Contains(p.operators(k), operator) {
		return nil, fmt.Errorf("the operator %q is not supported", operator)
	}
	first := values[0]
	compared := func(holds func(int) bool) func(any) bool {
		return func(have any) bool { return have != nil && holds(compare(have, first)) }
	}
	among := func(have any) bool {
		return slices.ContainsFunc(values, func(v any) bool { return have != nil && compare(have, v) == 0 })
	}
	switch operator {
	case "eq", "=", "equals", "is", "set", "datetime", "in", "oneof", "associateisoneof":
		return among, nil
	case "ne", "!=", "<>", "unequals", "isnot", "notoneof":
		return func(have any) bool { return !among(have) }, nil
	case "lt", "less", "<", "beforetime", "before":
		return compared(func(n int) bool { return n < 0 }), nil
	case "gt", "greater", ">", "after":
		return compared(func(n int) bool { return n > 0 }), nil
	case "le", "<=":
		return compared(func(n int) bool { return n <= 0 }), nil
	case "ge", ">=", "aftertime":
		return compared(func(n int) bool { return n >= 0 }), nil
	case "between":
		if len(values) != 2 {
			return nil, fmt.Errorf("between needs two values")
		}
		return func(have any) bool {
			return have != nil && compare(have, values[0]) >= 0 && compare(have, values[1]) <= 0
		}, nil
	default:
		return textual(operator, texts[0]), nil
	}
}

// textual makes the checks of parts of texts.
func textual(operator, part string) func(any) bool {
	part = strings.ToLower(part)
	return func(have any) bool {
		text, _ := have.(string)
		text = strings.ToLower(text)
		switch operator {
		case "begins":
			return strings.HasPrefix(text, part)
		case "notbegins":
			return !strings.HasPrefix(text, part)
		case "contains":
			return strings.Contains(text, part)
		default:
			return !strings.Contains(text, part)
		}
	}
}

// operators are those that a kind of columns has.
func (p *parser) operators(k kind) []string {
	equal := []string{"eq", "=", "equals", "ne", "!=", "<>", "unequals", "in"}
	switch k {
	case kindNumber, kindSpan:
		list := append(equal, "lt", "less", "<", "gt", "greater", ">", "between", "set", "oneof")
		if p.view.switches.AllowBounds {
			list = append(list, "le", "ge", "<=", ">=")
		}
		return list
	case kindDate, kindPosted:
		return []string{"aftertime", "beforetime", "datetime", "after", "before"}
	case kindText:
		return append(equal, "begins", "contains", "is", "isnot", "notbegins", "notcontains")
	case kindBool:
		return []string{"set", "eq", "=", "equals"}
	default: // lists and users
		return append(equal, "oneof", "notoneof", "associateisoneof")
	}
}

// value reads a value of a kind.
func (p *parser) value(k kind, text string) (any, error) {
	switch k {
	case kindDate, kindPosted:
		at, err := p.view.dates.read(text, k == kindPosted && !p.view.switches.PostedLocal)
		if err != nil {
			return nil, fmt.Errorf("the date %q cannot be read", text)
		}
		return at.Round(0), nil
	case kindText:
		return text, nil
	case kindBool:
		on, err := strconv.ParseBool(text)
		if err != nil {
			return nil, fmt.Errorf("%q is neither true nor false", text)
		}
		return on, nil
	default:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("the number %q cannot be read", text)
		}
		return n, nil
	}
}
