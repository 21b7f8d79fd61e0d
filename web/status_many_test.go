package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"conversation_exporter/collector"
	"conversation_exporter/conversation"
)

// many makes n targets of which every fifth fails, is partial, was never read, or
// has sessions.
func many(tb testing.TB, clock *fakeClock, n int) []*collector.Target {
	tb.Helper()
	targets := make([]*collector.Target, 0, n)
	for i := range n {
		source := office(clock)
		open := source.open
		switch i % 5 {
		case 1:
			source.open, source.refused = func(context.Context) ([]conversation.Session, conversation.Coverage, error) {
				return nil, conversation.Coverage{}, errors.New("get_token: the secret is wrong: " + strings.Repeat("check it, ", 100))
			}, true
		case 2:
			source.open = func(ctx context.Context) ([]conversation.Session, conversation.Coverage, error) {
				sessions, cover, err := open(ctx)
				cover.Failed, cover.Problems = []string{"x"}, []error{errors.New("extension 1001: no permission")}
				return sessions, cover, err
			}
		}
		source.now = clock.Now
		target := collector.NewTarget(collector.Options{Name: fmt.Sprintf("branch-%03d", i), Source: source, Groups: []string{"sessions"}, Timeout: time.Minute, Now: clock.Now})
		if i%5 != 3 {
			collector.New(target).Scrape(tb.Context(), collector.Request{Arrived: time.Now(), Limit: time.Minute})
		}
		targets = append(targets, target)
	}
	return targets
}

// mostBytes bounds the page of 500 targets.
const mostBytes = 500_000

// Five hundred targets are a line each, those in trouble first, on a page that a
// telephone can load.
func TestStatusPageOfManyTargets(t *testing.T) {
	clock := newFakeClock()
	s := newSite(t, Options{Now: clock.Now}, many(t, clock, 500)...)
	begun := time.Now()
	r := s.get(t, "/")
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("the page took %s", took)
	}
	if len(r.body) > mostBytes {
		t.Errorf("the page has %d bytes, more than %d", len(r.body), mostBytes)
	}
	page := parse(t, r.body)
	checkNothingIsLoaded(t, r, page)
	if !strings.Contains(r.body, `<p class="summary">500 targets: 200 ok, 100 partial, 100 failed, 100 not read</p>`) {
		t.Error("the page does not sum the targets up")
	}
	lines := page.all("tbody")[0].all("tr")
	var moods []string
	for _, tr := range lines {
		moods = append(moods, tr.attrs["class"])
	}
	if got := slices.Compact(slices.Clone(moods)); len(moods) != 500 || !slices.Equal(got, []string{"failed", "partial", "unread", "ok"}) {
		t.Errorf("%d lines, in the order %q", len(moods), got)
	}
	if len(page.all("section")) != 0 {
		t.Error("targets are shown in full, too")
	}
	why := lines[0].texts("td")[0]
	if !strings.HasPrefix(why, "could not be read") || !strings.Contains(why, "the secret is wrong") || len(why) > 400 {
		t.Errorf("the first line says %q", why)
	}
	link := lines[0].all("a")[0].attrs["href"]
	if link != "/?target=branch-001" {
		t.Errorf("the link is %q", link)
	}
	alone := parse(t, s.get(t, link).body)
	if got := alone.texts("h2"); !slices.Equal(got, []string{"branch-001 could not be read"}) || alone.texts("title")[0] != "branch-001 · conversation_exporter" {
		t.Errorf("its page shows %q", got)
	}
}

// The first line of trouble counts from six targets on; five are shown in full.
func TestStatusPageShowsAFewTargetsInFull(t *testing.T) {
	clock := newFakeClock()
	for n, sections := range map[int]int{1: 1, inFull: inFull, inFull + 1: 0} {
		page := parse(t, newSite(t, Options{Now: clock.Now}, many(t, clock, n)...).get(t, "/").body)
		if got := len(page.all("section")); got != sections {
			t.Errorf("of %d targets %d are shown in full, want %d", n, got, sections)
		}
	}
}

func TestStatusPageRefusesWhatDoesNotExist(t *testing.T) {
	clock := newFakeClock()
	few, crowd := newSite(t, Options{Now: clock.Now}, target("a", &fakeSource{}), target("b", &fakeSource{})), newSite(t, Options{Now: clock.Now}, many(t, clock, 22)...)
	const seconds = "refresh is a number of seconds from 5 to 3600, or off.\n"
	for _, c := range []struct {
		site   *site
		route  string
		status int
		body   string
	}{
		{few, "/?target=c", http.StatusNotFound, "There is no such target; there are a, b.\n"},
		{few, "/?target=", http.StatusNotFound, "There is no such target; there are a, b.\n"},
		{newSite(t, Options{}), "/?target=c", http.StatusNotFound, "There is no such target; there are no targets.\n"},
		{few, "/?refresh=soon", http.StatusBadRequest, seconds},
		{few, "/?refresh=4", http.StatusBadRequest, seconds},
		{few, "/?refresh=3601", http.StatusBadRequest, seconds},
		{few, "/?refresh=%zz", http.StatusBadRequest, "The parameters are not written as a URL has them; there are target and refresh.\n"},
	} {
		if r := c.site.get(t, c.route); r.status != c.status || r.body != c.body {
			t.Errorf("%s: %d %q, want %d %q", c.route, r.status, r.body, c.status, c.body)
		}
	}
	if r := crowd.get(t, "/?target=c"); !strings.HasSuffix(r.body, "branch-019 and 2 more, which /sd lists.\n") {
		t.Errorf("among many: %q", r.body)
	}
}

func TestStatusPageRefreshesUntilItIsToldNotTo(t *testing.T) {
	s := newSite(t, Options{ExternalURL: "https://example.com/conversations/"}, target("a", &fakeSource{}), target("b", &fakeSource{}))
	for route, want := range map[string][2]string{
		"/":                      {"10", "/conversations/?refresh=off"},
		"/?refresh=60":           {"60", "/conversations/?refresh=off"},
		"/?refresh=off":          {"", "/conversations/"},
		"/?target=a":             {"10", "/conversations/?refresh=off&target=a"},
		"/?target=a&refresh=off": {"", "/conversations/?target=a"},
	} {
		page := parse(t, s.get(t, route).body)
		refresh := ""
		for _, meta := range page.all("meta") {
			if meta.attrs["http-equiv"] == "refresh" {
				refresh = meta.attrs["content"]
			}
		}
		if got := [2]string{refresh, page.all("footer")[0].all("a")[0].attrs["href"]}; got != want {
			t.Errorf("%s: %q, want %q", route, got, want)
		}
	}
}

// Behind a proxy every link begins with its path, and a name is written as a URL
// has it.
func TestStatusPageLinks(t *testing.T) {
	clock := newFakeClock()
	s := newSite(t, Options{Now: clock.Now, ExternalURL: "https://example.com/c"}, target("a b&c", &fakeSource{}), target("d", &fakeSource{}))
	links := func(route string) []string {
		var list []string
		for _, a := range parse(t, s.get(t, route).body).all("a") {
			list = append(list, a.attrs["href"])
		}
		return list
	}
	if got, want := links("/"), []string{"/c/metrics", "/c/probe?target=a+b%26c", "/c/probe?target=d", "/c/?refresh=off"}; !slices.Equal(got, want) {
		t.Errorf("the links are %q, want %q", got, want)
	}
	if got, want := links("/?target=d"), []string{"/c/metrics", "/c/", "/c/probe?target=d", "/c/?refresh=off&target=d"}; !slices.Equal(got, want) {
		t.Errorf("those of one target are %q, want %q", got, want)
	}
}

func BenchmarkStatusPageOf500Targets(b *testing.B) {
	clock := newFakeClock()
	h, err := New(Options{Collector: collector.New(many(b, clock, 500)...), TelemetryPath: DefaultTelemetryPath, Now: clock.Now})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	size := 0
	for b.Loop() {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", http.NoBody))
		size = w.Body.Len()
	}
	b.ReportMetric(float64(size), "page-bytes")
}
