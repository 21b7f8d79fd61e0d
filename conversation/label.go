package conversation

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxLabelRunes bounds the length of every name that becomes a label value.
const maxLabelRunes = 128

// Label makes a name that came from outside fit to be a label value: valid
// UTF-8, no control characters, no space at either end, at most 128 runes.
func Label(name string) string {
	var b strings.Builder
	n := 0
	for _, r := range strings.TrimSpace(strings.ToValidUTF8(name, string(utf8.RuneError))) {
		if n == maxLabelRunes {
			break
		}
		if unicode.IsControl(r) {
			continue
		}
		b.WriteRune(r)
		n++
	}
	return strings.TrimSpace(b.String())
}
