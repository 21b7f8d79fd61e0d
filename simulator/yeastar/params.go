package yeastar

import (
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// params reads the parameters of a request and notes what is wrong with them.
type params struct {
	values url.Values
	bad    []invalid
}

func newParams(values url.Values) params { return params{values: values} }

// viewer is whose list is asked for: the number, or "api".
func (p *params) viewer() string {
	if p.values.Get("user_type") == userTypeAPI {
		return "api"
	}
	return p.values.Get("user_no")
}

// required reads a number that must be there and be at least 1.
func (p *params) required(name string) int {
	text := p.values.Get(name)
	if text == "" {
		p.bad = append(p.bad, invalid{Field: name, Validation: "required"})
		return 0
	}
	return p.number(name, 1)
}

// number reads a number of 32 bits; a missing one is 0.
func (p *params) number(name string, least int) int {
	text := p.values.Get(name)
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > math.MaxInt32 {
		p.bad = append(p.bad, invalid{Field: name, Value: text})
		return 0
	}
	return n
}

// cursor reads a message id; a missing one is 0.
func (p *params) cursor(name string) int64 {
	text := p.values.Get(name)
	if text == "" {
		return 0
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		p.bad = append(p.bad, invalid{Field: name, Value: text})
		return 0
	}
	return n
}

// oneOf reads a word of a closed set; a missing one is empty.
func (p *params) oneOf(name string, words ...string) string {
	text := p.values.Get(name)
	if text != "" && !slices.Contains(words, text) {
		p.bad = append(p.bad, invalid{Field: name, Value: text})
	}
	return text
}

// text reads a text that must be there.
func (p *params) text(name string) string {
	text := p.values.Get(name)
	if text == "" {
		p.bad = append(p.bad, invalid{Field: name, Validation: "required"})
	}
	return text
}

// ids reads a comma-separated list of numbers that must be there.
func (p *params) ids(name string) []int {
	var ids []int
	for part := range strings.SplitSeq(p.text(name), ",") {
		if part == "" {
			continue
		}
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil {
			p.bad = append(p.bad, invalid{Field: name, Value: part})
			return nil
		}
		ids = append(ids, n)
	}
	return ids
}

// page cuts one page out of a list. Pages count from 1.
func page[T any](list []T, number, size int) []T {
	from := min((max(number, 1)-1)*size, len(list))
	return list[from:min(from+size, len(list))]
}
