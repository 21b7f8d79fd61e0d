package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// browserPath finds a browser: the one that `make e2e` provides, else one of this
// machine. Without any the test is left out, but not in CI.
func browserPath(t *testing.T) string {
	t.Helper()
	for _, name := range []string{os.Getenv("CHROMIUM"), "chromium", "chromium-browser", "google-chrome"} {
		if name == "" {
			continue
		}
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("there is no browser: run make e2e, or set CHROMIUM")
	}
	t.Skip("there is no browser: run make e2e, or set CHROMIUM")
	return ""
}

// tab is a tab of a real browser, and what it had to say.
type tab struct {
	context.Context
	mu       sync.Mutex
	told     []string
	requests []string
}

// openTab starts a browser that reaches nothing but this machine.
func openTab(t *testing.T) *tab {
	t.Helper()
	path := browserPath(t)
	profile, err := os.MkdirTemp("", "browser")
	if err != nil {
		t.Fatal(err)
	}
	// Processes of the browser may write for a moment after it has ended.
	t.Cleanup(func() { eventually(t, "the end of the browser", func() error { return os.RemoveAll(profile) }) })
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.UserDataDir(profile),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
	)
	ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	// A browser that is newer than the library has events that it does not know.
	ctx, cancel = chromedp.NewContext(ctx, chromedp.WithErrorf(func(string, ...any) {}))
	t.Cleanup(func() {
		cancel()
		if browser := chromedp.FromContext(ctx); browser != nil && browser.Allocator != nil {
			browser.Allocator.Wait()
		}
	})
	b := &tab{Context: ctx}
	chromedp.ListenTarget(ctx, b.listen)
	if err := chromedp.Run(ctx, network.Enable(), runtime.Enable(), log.Enable()); err != nil {
		t.Fatalf("starting the browser: %v", err)
	}
	return b
}

// listen takes note of what the browser asks for and complains of.
func (b *tab) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	case *runtime.EventConsoleAPICalled:
		b.told = append(b.told, "console: "+string(e.Type))
	case *runtime.EventExceptionThrown:
		b.told = append(b.told, e.ExceptionDetails.Error())
	case *log.EventEntryAdded:
		b.told = append(b.told, e.Entry.Text+" "+e.Entry.URL)
	}
}

// complaints are what the browser said, and what it asked for but for the page.
func (b *tab) complaints(pages ...string) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := slices.Clone(b.told)
	for _, url := range b.requests {
		if !slices.Contains(pages, url) {
			list = append(list, "it asked for "+url)
		}
	}
	return list
}

// layout is what the browser made of a page.
type layout struct {
	Width, Inner float64
	Lang, Title  string
	Ground       string
	Mode         string
	Headings     string
	Faults       []string
}

// look measures the page. The faults are texts that do not stand out from what is
// behind them as WCAG asks of level AA, headers of tables that do not say of what,
// tables that nothing scrolls, and tables that are cut without a sign of it.
const look = `(() => {
	const numbers = c => (c.match(/[\d.]+/g) || []).map(Number);
	const light = c => numbers(c).slice(0, 3).map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
		.reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
	const behind = e => {
		for (; e; e = e.parentElement) {
			const c = getComputedStyle(e).backgroundColor, n = numbers(c);
			if (n.length === 3 || n[3] === 1) return c;
		}
		return "rgb(255, 255, 255)";
	};
	const faults = [];
	for (const e of document.body.querySelectorAll("*")) {
		if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
		const [a, b] = [light(getComputedStyle(e).color), light(behind(e))];
		const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
		if (ratio < 4.5) faults.push("contrast " + ratio.toFixed(2) + ": " + e.textContent.trim().slice(0, 40));
	}
	for (const th of document.querySelectorAll("th:not([scope])")) faults.push("no scope: " + th.textContent);
	for (const table of document.querySelectorAll("table")) if (!table.closest("[role=region][aria-label][tabindex]")) faults.push("a table that nothing scrolls");
	for (const e of document.querySelectorAll(".scroll")) {
		const s = getComputedStyle(e);
		if (e.scrollWidth > e.clientWidth && (!/local.*scroll/.test(s.backgroundAttachment) || !s.backgroundImage.includes("gradient"))) faults.push("a table is cut, and nothing shows that it scrolls");
	}
	return {
		width: document.scrollingElement.scrollWidth, inner: innerWidth, lang: document.documentElement.lang, title: document.title,
		ground: getComputedStyle(document.body).backgroundColor, mode: document.compatMode,
		headings: [...document.querySelectorAll("h1,h2,h3,h4,h5,h6")].map(h => h.tagName[1]).join(""), faults,
	};
})()`

// targetsOf makes a configuration of the simulated PBX under several names. Those
// beyond the good ones cannot be reached, or have a wrong secret.
func targetsOf(config string, good int, names ...string) string {
	block := strings.TrimPrefix(all(config), "targets:\n")
	var text strings.Builder
	text.WriteString("targets:\n")
	for i, name := range names {
		one := strings.Replace(block, "  demo:\n", "  "+name+":\n", 1)
		switch {
		case i < good:
		case i == good:
			one = strings.Replace(one, "client_secret: canary-secret", "client_secret: canary-secrte", 1)
		default:
			one = "  " + name + ":\n    timeout: 5s\n    yeastar: { url: 'http://127.0.0.1:1', client_id: id, client_secret: canary-secret }\n"
		}
		text.WriteString(one)
	}
	return text.String()
}

// The status page in a real browser, on a telephone and on a screen, light and
// dark: nothing is too wide, nothing is loaded, nothing is hard to read. With
// SCREENSHOTS=directory the pictures are kept.
func TestTheStatusPageInABrowser(t *testing.T) {
	b := openTab(t)
	config := startSimulator(t, "--still", "--sessions=300")
	names := make([]string, 30)
	for i := range names {
		names[i] = fmt.Sprintf("branch-%02d", i)
	}
	names[2], names[5] = strings.Repeat("a-long-name.", 5)+"abcd", strings.Repeat("W", 64)
	pages := make(map[string]string)
	for name, text := range map[string]string{"one": targetsOf(config, 1, "demo"), "failed": targetsOf(config, 0, "demo") + "target_files: [tragets/*.yml]\n", "two": targetsOf(config, 1, "good", "bad"), "many": targetsOf(config, 3, names...)} {
		_, address := startExporter(t, text)
		if name == "many" {
			b.check(t, "before any scrape", address+"/?refresh=off")
			pages["a long name"] = address + "/?refresh=off&target=" + names[5]
		}
		mustGet(t, address+"/metrics")
		pages[name] = address + "/?refresh=off"
	}
	// The demo has a system with reply windows and channels, and one without.
	demo := run(t, binary(t, "EXPORTER"), "--demo", "--web.listen-address=127.0.0.1:0").expect(t, `Open (http://\S+/) in a browser`)
	pages["demo"] = demo + "?refresh=off"
	eventually(t, "the first pass of the demo", func() error {
		if page := mustGet(t, pages["demo"]); !strings.Contains(page, "2 targets: 2 ok") {
			return fmt.Errorf("the page is:\n%s", page)
		}
		return nil
	})
	urls := make([]string, 0, len(pages))
	for name, url := range pages {
		b.check(t, name, url)
		if strings.Contains(strings.ToLower(mustGet(t, url)), "canary") {
			t.Errorf("%s: a canary is on the page", name)
		}
		urls = append(urls, url)
	}
	if got := b.complaints(urls...); len(got) > 0 {
		t.Errorf("the browser says:\n%s", strings.Join(got, "\n"))
	}
}

// check looks at one page in every size and scheme.
func (b *tab) check(t *testing.T, name, url string) {
	t.Helper()
	grounds := make(map[string]string)
	for _, size := range [][2]int64{{360, 740}, {1280, 800}} {
		for _, scheme := range []string{"light", "dark"} {
			what := fmt.Sprintf("%s-%d-%s", strings.ReplaceAll(name, " ", "-"), size[0], scheme)
			var got layout
			var picture []byte
			err := chromedp.Run(b,
				emulation.SetDeviceMetricsOverride(size[0], size[1], 1, size[0] < 500),
				emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}),
				chromedp.Navigate(url),
				chromedp.Evaluate(look, &got),
				chromedp.FullScreenshot(&picture, 100),
			)
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			if got.Width > got.Inner || int64(got.Inner) != size[0] {
				t.Errorf("%s: it is %.0f wide in a window of %.0f", what, got.Width, got.Inner)
			}
			if got.Lang != "en" || !strings.HasSuffix(got.Title, "conversation_exporter") || got.Mode != "CSS1Compat" || strings.Trim(got.Headings, "2") != "1" {
				t.Errorf("%s: language %q, title %q, mode %s, headings %s", what, got.Lang, got.Title, got.Mode, got.Headings)
			}
			for _, fault := range got.Faults {
				t.Errorf("%s: %s", what, fault)
			}
			grounds[scheme] = got.Ground
			if folder := os.Getenv("SCREENSHOTS"); folder != "" {
				if err := os.WriteFile(filepath.Join(folder, what+".png"), picture, 0o600); err != nil {
					t.Error(err)
				}
			}
		}
	}
	if grounds["light"] == grounds["dark"] {
		t.Errorf("%s: light and dark are both %s", name, grounds["light"])
	}
}

// The page loads itself again, and does not once it was told so.
func TestTheStatusPageLoadsItselfAgain(t *testing.T) {
	b := openTab(t)
	_, address := startExporter(t, startSimulator(t, "--still", "--sessions=20"))
	loads := func() int {
		b.mu.Lock()
		defer b.mu.Unlock()
		return len(b.requests)
	}
	if err := chromedp.Run(b, chromedp.Navigate(address+"/?refresh=5")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the second load", func() error {
		if n := loads(); n < 2 {
			return fmt.Errorf("%d loads", n)
		}
		return nil
	})
	if err := chromedp.Run(b, chromedp.Click("footer a", chromedp.NodeVisible)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the page that does not", func() error {
		var here string
		if err := chromedp.Run(b, chromedp.Location(&here)); err != nil || here != address+"/?refresh=off" {
			return fmt.Errorf("the browser is at %s: %w", here, err)
		}
		return nil
	})
	before := loads()
	time.Sleep(6 * time.Second)
	if n := loads(); n != before {
		t.Errorf("it was loaded %d times more", n-before)
	}
}
