package conversation

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestLesson17Label(t *testing.T) {
	for in, want := range map[string]string{
		"Support":                          "Support",
		"  Support\n":                      "Support",
		"a\x00b\tc\x7fd":                   "abcd",
		"\u0085next\u009fline":             "nextline",
		"\xff\xfe":                         "\uFFFD",
		"caf\xc3":                          "caf\uFFFD",
		"Grüße 🙂":                          "Grüße 🙂",
		strings.Repeat("ü", 200):           strings.Repeat("ü", 128),
		strings.Repeat("x", 127) + " y":    strings.Repeat("x", 127),
		"a\u202eb\u202ac\u202cd":           "abcd",
		"\u2066a\u2069\u200eb\u200f\u061c": "ab",
		"\ufeffa\u00adb\u2060c":            "abc",
		"a\u2028b\u2029c":                  "abc",
		"\u202e Support \u202c":            "Support",
		"👩\u200d💻":                         "👩\u200d💻",
		"می\u200cخواهم":                    "می\u200cخواهم",
		"":                                 "",
		"\x00":                             "",
	} {
		if got := Label(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// reorders tells a sign that controls the text around it, as Unicode lists
// them.
func reorders(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp) || r == '\ufeff'
}

func FuzzLabel(f *testing.F) {
	f.Add("Support")
	f.Add("caf\xc3")
	f.Add("\u202eSupport\u2069 \u200f")
	f.Add(strings.Repeat("🙂", 200) + "\x00")
	f.Fuzz(func(t *testing.T, in string) {
		got := Label(in)
		if !utf8.ValidString(got) || utf8.RuneCountInString(got) > maxLabelRunes || strings.ContainsFunc(got, reorders) || strings.TrimSpace(got) != got {
			t.Errorf("%q: %q", in, got)
		}
		if again := Label(got); again != got {
			t.Errorf("%q: %q, and of that %q", in, got, again)
		}
	})
}

func TestCoverageIsCompleteOnlyWithoutLosses(t *testing.T) {
	if !(Coverage{Read: 3}).Complete() {
		t.Error("three viewers read and nothing lost is not complete")
	}
	for _, c := range []Coverage{{Failed: []string{"a"}}, {Cut: []CutViewer{{Name: "a"}}}, {Assumed: 1}, {Problems: []error{ErrPageLimit}}} {
		if c.Complete() {
			t.Errorf("%+v is complete", c)
		}
	}
}
