package conversation

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestLesson17Label(t *testing.T) {
	for in, want := range map[string]string{
		"Support":                       "Support",
		"  Support\n":                   "Support",
		"a\x00b\tc\x7fd":                "abcd",
		"\u0085next\u009fline":          "nextline",
		"\xff\xfe":                      "\uFFFD",
		"caf\xc3":                       "caf\uFFFD",
		"Grüße 🙂":                       "Grüße 🙂",
		strings.Repeat("ü", 200):        strings.Repeat("ü", 128),
		strings.Repeat("x", 127) + " y": strings.Repeat("x", 127),
		"":                              "",
		"\x00":                          "",
	} {
		if got := Label(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func FuzzLabel(f *testing.F) {
	f.Add("Support")
	f.Add("caf\xc3")
	f.Add(strings.Repeat("🙂", 200) + "\x00")
	f.Fuzz(func(t *testing.T, in string) {
		got := Label(in)
		if !utf8.ValidString(got) || utf8.RuneCountInString(got) > maxLabelRunes || strings.ContainsFunc(got, unicode.IsControl) || strings.TrimSpace(got) != got {
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
