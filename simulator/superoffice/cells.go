package superoffice

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"conversation_exporter/simulator/world"
)

// kind is what a column holds, by which it is filtered and written.
type kind int

const (
	kindNumber kind = iota
	kindList        // an entry of a list: a number with a label
	kindUser        // an agent
	kindSpan        // seconds
	kindDate
	kindPosted // the date of a message, which is in a zone of its own
	kindText
	kindBool
)

// cell is one value: the raw one is int64, string, bool, time.Time or nil.
type cell struct {
	raw     any
	display string
}

func number(n int64) cell { return cell{raw: n, display: strconv.FormatInt(n, 10)} }

func words(s string) cell { return cell{raw: s, display: s} }

func truth(b bool) cell { return cell{raw: b, display: strconv.FormatBool(b)} }

func date(t time.Time) cell { return cell{raw: t} }

// row is what a list shows in one row; what it is not about is nil.
type row struct {
	chat    *world.Chat
	message *world.ChatMessage
	topic   *world.Topic
	person  *person
}

// column is what a list can show of a row.
type column struct {
	kind  kind
	value func(*view, *row) cell
}

// slim writes a cell as Slim rows have it.
func (v *view) slim(k kind, c cell) any {
	switch at, isDate := c.raw.(time.Time); {
	case isDate && k == kindPosted:
		return v.dates.posted(at, false)
	case isDate:
		return v.dates.chat(at)
	case k == kindUser, k == kindList:
		return c.display
	default:
		return c.raw
	}
}

// full is a cell of a Full row.
type full struct {
	RawValue                            any
	DisplayValue, LinkHint, TooltipHint string
}

func (v *view) full(k kind, c cell) full {
	out := full{RawValue: c.raw, DisplayValue: c.display}
	if _, isDate := c.raw.(time.Time); isDate {
		out.RawValue = v.slim(k, c)
		out.DisplayValue = fmt.Sprint(out.RawValue)
	}
	if n, isNumber := c.raw.(int64); isNumber && v.switches.RawAsText {
		out.RawValue = strconv.FormatInt(n, 10)
	}
	return out
}

// compare orders two raw values of one column; nothing comes before everything.
func compare(a, b any) int {
	switch x := a.(type) {
	case int64:
		if y, ok := b.(int64); ok {
			return cmp.Compare(x, y)
		}
	case string:
		if y, ok := b.(string); ok {
			return strings.Compare(strings.ToLower(x), strings.ToLower(y))
		}
	case time.Time:
		if y, ok := b.(time.Time); ok {
			return x.Compare(y)
		}
	case bool:
		if y, ok := b.(bool); ok {
			return cmp.Compare(strconv.FormatBool(x), strconv.FormatBool(y))
		}
	case nil:
		if b == nil {
			return 0
		}
		return -1
	}
	return 1
}

// user is a cell for who has a chat.
func (v *view) user(number string) cell {
	p := v.person(number)
	switch {
	case p != nil:
		return cell{raw: p.ejUser, display: p.agent.Name}
	case v.switches.Nobody == NobodyNull:
		return cell{}
	case v.switches.Nobody == NobodyMinus:
		return cell{raw: int64(-1)}
	default:
		return cell{raw: int64(0)}
	}
}

// statusCell is a cell for the status of a chat.
func (v *view) statusCell(c *world.Chat) cell {
	s := v.status(c.Status)
	return cell{raw: int64(s.number), display: v.label(s)}
}

// topic gives the topic of a row's chat; one that is gone has no name.
func (v *view) topic(r *row) *world.Topic {
	if t := v.topics[r.chat.TopicID]; t != nil {
		return t
	}
	return &world.Topic{ID: r.chat.TopicID}
}
