package web

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"conversation_exporter/collector"
	"conversation_exporter/conversation"
)

// clocked makes a target whose clock stands still but while it is read: that
// takes a second and a half.
func clocked(name string, clock *fakeClock, source *fakeSource) *collector.Target {
	source.now = clock.Now
	open := source.open
	if open == nil {
		open = func(context.Context) ([]conversation.Session, conversation.Coverage, error) {
			return nil, conversation.Coverage{Read: 1}, nil
		}
	}
	source.open = func(ctx context.Context) ([]conversation.Session, conversation.Coverage, error) {
		clock.advance(1500 * time.Millisecond)
		return open(ctx)
	}
	return collector.NewTarget(collector.Options{Name: name, Source: source, Groups: []string{"sessions"}, Timeout: time.Minute, Now: clock.Now})
}

// told makes a listing of what a function lists at the time of the call.
func told(list func() []conversation.Session, cover conversation.Coverage) func(context.Context) ([]conversation.Session, conversation.Coverage, error) {
	return func(context.Context) ([]conversation.Session, conversation.Coverage, error) {
		return list(), cover, nil
	}
}

// office is a target with sessions of every kind.
func office(clock *fakeClock) *fakeSource {
	sales, support := conversation.Queue{ID: 1, Name: "Sales"}, conversation.Queue{ID: 2, Name: "Support & Söhne"}
	list := func() []conversation.Session {
		now := clock.Now()
		in := func(d time.Duration) conversation.Window { return conversation.Window{Has: true, End: now.Add(d)} }
		var none conversation.Window
		var sessions []conversation.Session
		for _, s := range []struct {
			channel string
			queue   conversation.Queue
			state   conversation.State
			window  conversation.Window
			origin  conversation.Origin
		}{
			{"whatsapp", sales, conversation.StateQueued, in(10 * time.Minute), conversation.OriginRegular},
			{"whatsapp", sales, conversation.StateQueued, in(14 * time.Minute), conversation.OriginCampaign},
			{"whatsapp", sales, conversation.StateAssigned, in(20 * time.Minute), conversation.OriginRegular},
			{"whatsapp", sales, conversation.StateAssigned, in(59 * time.Minute), conversation.OriginRegular},
			{"whatsapp", sales, conversation.StateAssigned, in(60 * time.Minute), conversation.OriginRegular},
			{"whatsapp", sales, conversation.StateAssigned, in(-time.Minute), conversation.OriginRegular},
			{"whatsapp", sales, conversation.StateAutomated, in(time.Minute), conversation.OriginRegular},
			{"whatsapp", support, conversation.StateQueued, in(23*time.Hour + 5*time.Minute + 59*time.Second), conversation.OriginRegular},
			{"facebook", support, conversation.StateAssigned, in(-time.Hour), conversation.OriginRegular},
			{"livechat", conversation.Queue{}, conversation.StateArriving, none, conversation.OriginRegular},
		} {
			sessions = append(sessions, conversation.Session{
				ID: int64(len(sessions) + 1), Channel: s.channel, Queue: s.queue, State: s.state, StateSure: true,
				Window: s.window, Origin: s.origin, Awaiting: conversation.AwaitingUnknown, ListedAt: now,
			})
		}
		return sessions
	}
	return &fakeSource{
		open:   told(list, conversation.Coverage{Read: 3}),
		queues: func() []conversation.Queue { return []conversation.Queue{sales, support} },
		info: func() conversation.Info {
			return conversation.Info{System: "fake", Version: "83.20.0.1", States: fakeStates()}
		},
	}
}

// TestStatusPageBeforeAnyScrape shows that the page says so, and reads nothing.
func TestStatusPageBeforeAnyScrape(t *testing.T) {
	a, b := &fakeSource{}, &fakeSource{}
	s := newSite(t, Options{}, target("head-office", a), target("service-desk", b))
	for range 3 {
		page := parse(t, s.get(t, "/").body)
		if got, want := page.texts("h2"), []string{"head-office not read yet", "service-desk not read yet"}; !slices.Equal(got, want) {
			t.Errorf("the targets are %q, want %q", got, want)
		}
		for _, section := range page.all("section") {
			const want = "Nothing has scraped this target since the exporter started. This page never does so itself."
			if got := section.texts("p"); !slices.Equal(got, []string{want}) || section.attrs["class"] != "target unread" {
				t.Errorf("an unread target shows %q with the class %s", got, section.attrs["class"])
			}
		}
	}
	if a.calls.Load()+b.calls.Load() != 0 {
		t.Error("the status page read a target")
	}
	if page := parse(t, newSite(t, Options{}).get(t, "/").body); len(page.all("section")) != 0 {
		t.Error("without a target there is a section of one")
	}
}

// TestStatusPageAfterAScrape shows every number of two targets.
func TestStatusPageAfterAScrape(t *testing.T) {
	clock := newFakeClock()
	source, empty := office(clock), &fakeSource{}
	first, second := clocked("head-office", clock, source), clocked("quiet", clock, empty)
	s := newSite(t, Options{Now: clock.Now, TelemetryPath: "/m"}, first, second)
	// One after the other, so that each takes its own second and a half.
	scrapeAlone(t, first)
	clock.advance(10 * time.Second)
	scrapeAlone(t, second)
	clock.advance(58 * time.Second)
	calls := source.calls.Load() + empty.calls.Load()
	page := parse(t, s.get(t, "/").body)
	if got, want := page.texts("h2"), []string{"head-office read in full", "quiet read in full"}; !slices.Equal(got, want) {
		t.Fatalf("the targets are %q, want %q", got, want)
	}
	sections := page.all("section")
	wantFacts(t, sections[0], "fake 83.20.0.1 · last read 12:00:01 UTC, 1 min ago · took 1.50 s · 10 open", "2026-03-01T12:00:01Z")
	wantFacts(t, sections[1], "fake 1.0 · last read 12:00:13 UTC, 58 s ago · took 1.50 s", "2026-03-01T12:00:13Z")
	want := []string{
		"|of which|reply windows",
		"Channel|Queue|Open|arriving|queued|assigned|automated|< 15 min|< 1 h|over|next ends",
		"facebook|Support & Söhne|1|0|0|1|0|0|0|1|",
		"livechat|(none)|1|1|0|0|0||||",
		"whatsapp|Sales|7|0|2|4|1|2|4|1|in 8 min",
		"whatsapp|Support & Söhne|1|0|1|0|0|0|0|0|in 23 h 04 min",
		"All|10|1|3|5|1|2|4|2|",
	}
	if got := sections[0].rows(); !slices.Equal(got, want) {
		t.Errorf("the table is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	wantWidth(t, sections[0], 11)
	if got := sections[1].rows(); len(got) != 0 {
		t.Errorf("a target without sessions has the table %q", got)
	}
	for _, abbr := range sections[0].all("abbr") {
		if abbr.attrs["title"] == "" {
			t.Errorf("%s is not explained", abbr.text)
		}
	}
	if got := page.all("header")[0].all("a"); len(got) != 1 || got[0].attrs["href"] != "/m" {
		t.Errorf("the link to the metrics is not there")
	}
	if got := page.all("footer")[0].text; !strings.HasPrefix(got, "conversation_exporter 1.2.3 · ") {
		t.Errorf("the footer is %q", got)
	}
	if n := source.calls.Load() + empty.calls.Load(); n != calls {
		t.Error("the status page read a target")
	}
}

// scrapeAlone reads one target through a collector of its own.
func scrapeAlone(t *testing.T, target *collector.Target) {
	t.Helper()
	collector.New(target).Scrape(t.Context(), collector.Request{Arrived: time.Now(), Limit: time.Minute})
}

func wantFacts(t *testing.T, section *node, text, instant string) {
	t.Helper()
	if got := section.texts("p"); len(got) != 1 || got[0] != text {
		t.Errorf("the facts are %q, want %q", got, text)
	}
	if got := section.all("time"); len(got) != 1 || got[0].attrs["datetime"] != instant {
		t.Errorf("the instant is not %s", instant)
	}
}

// wantWidth checks that every row of a table has as many columns.
func wantWidth(t *testing.T, section *node, want int) {
	t.Helper()
	for _, tr := range section.all("tr") {
		if got := tr.width(t); got != want {
			t.Errorf("a row has %d columns, want %d: %s", got, want, tr.text)
		}
	}
}

// TestStatusPageTellsProblems shows each mood of a target, and what failed in
// the words of the source.
func TestStatusPageTellsProblems(t *testing.T) {
	one := func() []conversation.Session {
		return []conversation.Session{{ID: 1, Channel: "sms", State: conversation.StateQueued, StateSure: true, Origin: conversation.OriginRegular}}
	}
	viewer := errors.New("extension 1001: access was refused (HTTP 403)")
	cases := []struct {
		name, class, verdict string
		source               *fakeSource
		problems             []string
		// width is that of the table, 0 where there is none.
		width int
	}{
		{"good", "ok", "read in full", &fakeSource{open: told(one, conversation.Coverage{Read: 1})}, nil, 7},
		{
			"nothing", "failed", "could not be read",
			&fakeSource{refused: true, open: func(context.Context) ([]conversation.Session, conversation.Coverage, error) {
				return nil, conversation.Coverage{}, errors.New("get_token: connecting to 192.0.2.1:443 failed: connection refused")
			}},
			[]string{"get_token: connecting to 192.0.2.1:443 failed: connection refused"},
			0,
		},
		{
			"a part", "partial", "read in part",
			&fakeSource{open: told(one, conversation.Coverage{Read: 1, Failed: []string{"x"}, Cut: []conversation.CutViewer{{Name: "y"}}, Problems: []error{viewer, conversation.ErrPageLimit}})},
			[]string{viewer.Error(), conversation.ErrPageLimit.Error()},
			7,
		},
		{
			"assumed", "partial", "read in part",
			&fakeSource{open: told(one, conversation.Coverage{Read: 1, Assumed: 1})},
			[]string{"The system did not tell all of it: something is missing, or assumed."},
			7,
		},
		{"refused", "failed", "did not answer", &fakeSource{refused: true, open: told(one, conversation.Coverage{Read: 1})}, nil, 7},
		{
			"states unknown", "ok", "read in full",
			&fakeSource{open: told(one, conversation.Coverage{Read: 1}), info: func() conversation.Info { return conversation.Info{System: "fake"} }}, nil, 3,
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			clock := newFakeClock()
			s := newSite(t, Options{Now: clock.Now}, clocked("a", clock, c.source))
			s.get(t, "/metrics")
			section := parse(t, s.get(t, "/").body).all("section")[0]
			if got := section.texts("h2")[0]; got != "a "+c.verdict || section.attrs["class"] != "target "+c.class {
				t.Errorf("the target is %q with the class %q, want %q and %s", got, section.attrs["class"], c.verdict, c.class)
			}
			if got := section.below("problems"); !slices.Equal(got, c.problems) {
				t.Errorf("the problems are %q, want %q", got, c.problems)
			}
			rows := section.rows()
			if (len(rows) > 0) != (c.width > 0) {
				t.Fatalf("there is a table: %t, want %t", len(rows) > 0, c.width > 0)
			}
			wantWidth(t, section, c.width)
			if c.width > 0 && (!strings.HasPrefix(rows[2], "sms|(none)|1") || !strings.HasPrefix(rows[3], "All|1") || !strings.HasSuffix(section.texts("p")[0], "1 open")) {
				t.Errorf("the one session is not counted: %q, %q", rows, section.texts("p"))
			}
		})
	}
}

// TestStatusPageEscapesWhatIsNotOurs puts markup into every text from outside.
func TestStatusPageEscapesWhatIsNotOurs(t *testing.T) {
	const markup = `<script>alert(1)</script>`
	const quotes = `"><img src="https://evil.invalid/x" onerror='alert(1)'>{{.}}</style></section><!--`
	list := func() []conversation.Session {
		return []conversation.Session{
			{ID: 1, Channel: "c" + quotes, Queue: conversation.Queue{ID: 1, Name: markup}, State: conversation.StateQueued, StateSure: true},
		}
	}
	source := &fakeSource{
		open: told(list, conversation.Coverage{Read: 1, Failed: []string{"x"}, Problems: []error{errors.New(markup + quotes)}}),
		info: func() conversation.Info {
			return conversation.Info{System: markup, Version: quotes, States: []conversation.State{conversation.State(quotes)}}
		},
	}
	clock := newFakeClock()
	s := newSite(t, Options{Now: clock.Now, Version: quotes}, clocked("t"+quotes, clock, source))
	s.get(t, "/metrics")
	r := s.get(t, "/")
	for _, raw := range []string{"<script", "<img", "<!--", "alert(1)'"} {
		if strings.Contains(r.body, raw) {
			t.Errorf("%s is on the page unescaped", raw)
		}
	}
	page := parse(t, r.body)
	section := page.all("section")[0]
	if got := section.texts("td")[1]; got != markup {
		t.Errorf("the queue is %q, want %q", got, markup)
	}
	for what, pair := range map[string][2]string{
		"target":  {section.texts("h2")[0], "t" + quotes + " read in part"},
		"channel": {section.texts("th")[5], "c" + quotes},
		"state":   {section.texts("th")[4], quotes},
		"problem": {section.texts("li")[0], markup + quotes},
	} {
		if pair[0] != pair[1] {
			t.Errorf("the %s is %q, want %q", what, pair[0], pair[1])
		}
	}
	if facts := section.texts("p")[0]; !strings.HasPrefix(facts, markup+" "+quotes) {
		t.Errorf("the facts are %q", facts)
	}
	checkNothingIsLoaded(t, r, page)
}

// TestStatusPageLoadsNothing shows that the page stands alone, and that the
// browser is told to hold it to that.
func TestStatusPageLoadsNothing(t *testing.T) {
	clock := newFakeClock()
	s := newSite(t, Options{Now: clock.Now}, clocked("a", clock, office(clock)))
	s.get(t, "/metrics")
	r := s.get(t, "/")
	checkNothingIsLoaded(t, r, parse(t, r.body))
	for name, want := range map[string]string{
		"Content-Type": "text/html; charset=utf-8", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
	} {
		if got := r.header.Get(name); got != want {
			t.Errorf("the header %s is %q, want %q", name, got, want)
		}
	}
	if head, err := s.do(t.Context(), http.MethodHead, "/"); err != nil || head.body != "" || head.header.Get("Content-Security-Policy") == "" {
		t.Errorf("HEAD: %v, %q", err, head.body)
	}
}

// checkNothingIsLoaded checks the page against its own policy.
func checkNothingIsLoaded(t *testing.T, r response, page *node) {
	t.Helper()
	_, after, _ := strings.Cut(r.body, "<style>")
	style, _, ended := strings.Cut(after, "</style>")
	sum := sha256.Sum256([]byte(style))
	want := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	if got := r.header.Get("Content-Security-Policy"); got != want || !ended || len(style) < 100 {
		t.Errorf("the policy is\n%s\nwant, by the style that was served,\n%s", got, want)
	}
	for _, word := range []string{"url(", "@import", "http:", "https:", "<"} {
		if strings.Contains(style, word) {
			t.Errorf("the style contains %s", word)
		}
	}
	for _, n := range page.all("") {
		if slices.Contains([]string{"script", "link", "img", "iframe", "object", "embed", "form", "base", "svg", "video", "audio"}, n.name) {
			t.Errorf("there is a <%s> on the page", n.name)
		}
		for name, value := range n.attrs {
			link := name == "href" || name == "src" || name == "action" || name == "srcset"
			if name == "style" || strings.HasPrefix(name, "on") || link && (!strings.HasPrefix(value, "/") || strings.HasPrefix(value, "//")) {
				t.Errorf("<%s> has the attribute %s=%q", n.name, name, value)
			}
		}
	}
	if got := page.texts("style"); len(got) != 1 {
		t.Errorf("there are %d styles, want one", len(got))
	}
}

// TestBrief shows how lengths of time are written.
func TestBrief(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Hour: "0 s", 0: "0 s", 999 * time.Millisecond: "0 s", 59*time.Second + 999*time.Millisecond: "59 s",
		time.Minute: "1 min", 59*time.Minute + 59*time.Second: "59 min", time.Hour: "1 h 00 min",
		25*time.Hour + 9*time.Minute: "25 h 09 min",
	} {
		if got := brief(d); got != want {
			t.Errorf("%v is written %q, want %q", d, got, want)
		}
	}
}

// TestStatusPageSaysThatItIsOld is about a target that nobody scrapes any more.
func TestStatusPageSaysThatItIsOld(t *testing.T) {
	clock := newFakeClock()
	s := newSite(t, Options{Now: clock.Now}, clocked("a", clock, &fakeSource{open: oneSession}))
	s.get(t, "/metrics")
	clock.advance(staleAfter - time.Second)
	if page := s.get(t, "/").body; !strings.Contains(page, "read in full") || strings.Contains(page, "Look at Prometheus") {
		t.Errorf("after just less than 5 minutes:\n%s", page)
	}
	clock.advance(time.Second)
	if page := s.get(t, "/").body; !strings.Contains(page, "not read for 5 min") || !strings.Contains(page, "Look at Prometheus") {
		t.Errorf("after 5 minutes:\n%s", page)
	}
	clock.advance(20 * time.Hour)
	if page := s.get(t, "/").body; !strings.Contains(page, clock.Now().Add(-20*time.Hour-staleAfter).UTC().Format("2006-01-02 15:04:05 UTC")) {
		t.Errorf("after a day, the page has no date:\n%s", page)
	}
}
