package yeastar

import (
	"encoding/json"
	"strings"
	"unicode"
)

// party is one end of a move.
type party uint8

const (
	// partyUntold is one that is not named.
	partyUntold party = iota
	partyAPI
	partyExtension
	partyQueue
	// partyUnclear is one that is named twice and differently.
	partyUnclear
)

// and unites two tellings of the same end of a move.
func (p party) and(other party) party {
	switch {
	case other == partyUntold || p == other:
		return p
	case p == partyUntold:
		return other
	default:
		return partyUnclear
	}
}

// move is what `param` tells of a transfer: from whom, to whom. The vendor says
// that there is "transfer info" in it, and not in which shape, so any JSON is
// looked through for objects and values that a name such as "from" or
// "destination" leads to. What is not understood is not told. No text is kept.
type move struct{ from, to party }

// UnmarshalJSON implements json.Unmarshaler; it never fails.
func (m *move) UnmarshalJSON(raw []byte) error {
	const longest = 16 << 10 // A transfer has two ends, not a novel.
	*m = move{}
	if string(raw) == `""` || len(raw) > longest {
		return nil
	}
	var value any
	if json.Unmarshal(raw, &value) == nil {
		m.look(value, 0)
	}
	return nil
}

// deepest bounds how far `param` is looked into.
const deepest = 8

// look goes through a value in search of the ends of a move.
func (m *move) look(value any, depth int) {
	if depth > deepest {
		return
	}
	switch v := value.(type) {
	case string:
		// The PBX writes `param` as JSON in a text.
		var inner any
		if strings.ContainsAny(v, "{[") && json.Unmarshal([]byte(v), &inner) == nil {
			m.look(inner, depth+1)
		}
	case []any:
		for _, each := range v {
			m.look(each, depth+1)
		}
	case map[string]any:
		for key, each := range v {
			from, to, rest := role(key)
			switch {
			case from:
				m.from = m.from.and(end(rest, each))
			case to:
				m.to = m.to.and(end(rest, each))
			default:
				m.look(each, depth+1)
			}
		}
	}
}

// role reports which end of a move the name of a field leads to, and what else
// the name says.
func role(key string) (from, to bool, rest string) {
	var others []string
	for _, word := range words(key) {
		switch word {
		case "from", "source", "src", "old", "origin", "original", "prev", "previous":
			from = true
		case "to", "dest", "destination", "dst", "target", "new":
			to = true
		case "transfer", "user", "owner":
		default:
			others = append(others, word)
		}
	}
	if from && to {
		return false, false, ""
	}
	return from, to, strings.Join(others, " ")
}

// words splits the name of a field at underscores, hyphens and capitals.
func words(key string) []string {
	var b strings.Builder
	for i, c := range key {
		if i > 0 && unicode.IsUpper(c) {
			b.WriteByte(' ')
		}
		b.WriteRune(unicode.ToLower(c))
	}
	return strings.FieldsFunc(b.String(), func(c rune) bool { return !unicode.IsLetter(c) })
}

// end reads one end of a move: an object that tells a type, or the type itself.
// rest is what the field's name says beside the end that it leads to.
func end(rest string, value any) party {
	switch v := value.(type) {
	case map[string]any:
		var p party
		for key, each := range v {
			if _, _, rest := role(key); rest == "type" {
				p = p.and(typed(each))
			}
		}
		return p
	case string:
		// A bare number may be anything, such as that of an extension.
		if rest == "type" || rest == "" && (len(v) == 0 || v[0] < '0' || v[0] > '9') {
			return typed(v)
		}
	case float64:
		if rest == "type" {
			return typed(v)
		}
	}
	return partyUntold
}

// typed reads a user_type, or the word for it that the vendor's page "Transfer a
// Message Session" has.
func typed(value any) party {
	switch v := value.(type) {
	case float64:
		switch v {
		case userExtension:
			return partyExtension
		case userAPI:
			return partyAPI
		}
	case string:
		switch strings.ToLower(v) {
		case "1", "extension":
			return partyExtension
		case userTypeAPI, userNoAPI:
			return partyAPI
		case "queue", "message_queue":
			return partyQueue
		}
	}
	return partyUntold
}
