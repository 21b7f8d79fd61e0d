package web

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// readAs is a configuration that was read in some way.
type readAs struct{ last Reading }

func (readAs) Reload(context.Context) (string, error) { return "", nil }

func (c readAs) Last() Reading { return c.last }

// The page tells of a reload that failed until one succeeds, of what the
// configuration may not mean, and when that was read which is in use.
func TestStatusPageTellsHowTheConfigurationWasRead(t *testing.T) {
	clock := newFakeClock()
	read := clock.Now().Add(-3 * time.Hour)
	var many []string
	for i := range 22 {
		many = append(many, fmt.Sprintf("a.yml:%d: x", i+1))
	}
	failed := errors.New("a.yml:1: targets.a: <no> sense\nb.yml: the file cannot be read")
	const head, doubt = "The last reload failed 11:59:00 UTC, 1 min ago, and the configuration from before stays in use:", "The configuration may not say what was meant:"
	for name, tc := range map[string]struct {
		last  Reading
		notes []string
	}{
		"well":                    {Reading{At: read}, nil},
		"with a warning":          {Reading{At: read, Warnings: []string{"a.yml:7: target_files[0]: no file"}}, []string{"partial|" + doubt + "|a.yml:7: target_files[0]: no file"}},
		"not by the last reload":  {Reading{At: read, Failure: failed, FailedAt: clock.Now().Add(-time.Minute)}, []string{"failed|" + head + "|a.yml:1: targets.a: <no> sense|b.yml: the file cannot be read"}},
		"with much to say of it":  {Reading{At: read, Warnings: many}, []string{"partial|" + doubt + "|" + strings.Join(many[:20], "|") + "|and 2 more, which the log has"}},
		"badly after a bad start": {Reading{At: read, Warnings: many[:1], Failure: errors.New("x"), FailedAt: clock.Now().Add(-time.Minute)}, []string{"failed|" + head + "|x", "partial|" + doubt + "|a.yml:1: x"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, Options{Now: clock.Now, Configuration: readAs{tc.last}}, target("a", &fakeSource{}), target("b", &fakeSource{}))
			for _, route := range []string{"/", "/?target=a"} {
				page := parse(t, s.get(t, route).body)
				var notes []string
				for _, div := range page.all("div") {
					if mood, ok := strings.CutPrefix(div.attrs["class"], "note "); ok {
						notes = append(notes, strings.Join(append([]string{mood, div.texts("p")[0]}, div.texts("li")...), "|"))
					}
				}
				if !slices.Equal(notes, tc.notes) {
					t.Errorf("%s: the notes are %q, want %q", route, notes, tc.notes)
				}
				if footer := page.all("footer")[0].text; !strings.HasPrefix(footer, "conversation_exporter 1.2.3 · its configuration was read 09:00:00 UTC, 3 h 00 min ago · ") {
					t.Errorf("%s: the footer is %q", route, footer)
				}
			}
		})
	}
}
