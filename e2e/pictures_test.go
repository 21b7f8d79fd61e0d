package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// TestPicturesOfTheDashboards draws each dashboard from a demo that has run for a while,
// by Grafana's own panels in a browser, and keeps the pictures in the folder PICTURES.
// make pictures calls it: it needs node, and half a gigabyte of packages.
func TestPicturesOfTheDashboards(t *testing.T) {
	folder := os.Getenv("PICTURES")
	if folder == "" {
		t.Skip("PICTURES is not set; make pictures sets it")
	}
	lasts := 5 * time.Minute
	if text := os.Getenv("DEMO_LASTS"); text != "" {
		var err error
		if lasts, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
	}
	bundle := t.TempDir()
	if out, err := exec.Command("../scripts/dashboards.sh", "bundle", bundle).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	p := run(t, binary(t, "EXPORTER"), "--demo", "--collector.agents", "--web.listen-address=127.0.0.1:0")
	base := watch(t, binary(t, "PROMETHEUS"), p.expect(t, `Open (http://\S+/) in a browser`))
	site := drawer(t, bundle, base)
	time.Sleep(lasts)
	for _, picture := range []struct {
		name          string
		width, height int64
	}{{"conversations", 1600, 1360}, {"fleet", 1600, 1300}, {"wallboard", 1920, 1080}} {
		var title string
		var image []byte
		b := openTab(t)
		address := fmt.Sprintf("%s/index.html?dashboard=%s.json&width=%d&hours=%g", site, picture.name, picture.width, lasts.Hours())
		err := chromedp.Run(b, chromedp.EmulateViewport(picture.width, picture.height), chromedp.Navigate(address),
			chromedp.Poll(`document.title !== "Dashboard" && document.title`, &title, chromedp.WithPollingTimeout(patience)),
			chromedp.CaptureScreenshot(&image))
		if err != nil || title != "drawn" {
			t.Fatalf("%s: %q, %v", picture.name, title, err)
		}
		if err := os.WriteFile(filepath.Join(folder, picture.name+".png"), image, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// drawer serves the page that draws, the dashboards and the Prometheus behind them at
// one address.
func drawer(t *testing.T, bundle, prometheus string) (base string) {
	t.Helper()
	behind, err := url.Parse(prometheus)
	if err != nil {
		t.Fatal(err)
	}
	html, err := os.ReadFile("pictures/index.html")
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/api/", httputil.NewSingleHostReverseProxy(behind))
	mux.HandleFunc("/index.html", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(html) })
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		from := bundle
		if strings.HasSuffix(r.URL.Path, ".json") {
			from = "../dashboards"
		}
		http.ServeFile(w, r, filepath.Join(from, filepath.Base(r.URL.Path)))
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL
}
