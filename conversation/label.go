package conversation

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxLabelRunes bounds the length of every name that becomes a label value.
const maxLabelRunes = 128

// Label makes a name that came from outside fit to be a label value: valid
// UTF-8, no sign that controls or reorders text, no space at either end, at most
// 128 runes.
func Label(name string) string {
	if plain(name) {
		return name
	}
	var b strings.Builder
	n := 0
	for _, r := range strings.TrimSpace(strings.ToValidUTF8(name, string(utf8.RuneError))) {
		if n == maxLabelRunes {
			break
		}
		if unseen(r) {
			continue
		}
		b.WriteRune(r)
		n++
	}
	return strings.TrimSpace(b.String())
}

// unseen reports whether a character has no sign of its own and may change how the
// text around it is read: controls, separators of lines, and those that turn the
// direction of writing, by which a name could pass for another one. The two joiners
// are part of emoji and of some scripts.
func unseen(r rune) bool {
	const nonJoiner, joiner = '\u200c', '\u200d'
	return r != nonJoiner && r != joiner && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}

// plain reports whether a name is fit as it is, which most are: a pass asks for
// every session.
func plain(name string) bool {
	if len(name) > maxLabelRunes || strings.TrimSpace(name) != name {
		return false
	}
	for i := range len(name) {
		if c := name[i]; c < ' ' || c >= 0x7f {
			return false
		}
	}
	return true
}
