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

// picture is a drawing of a dashboard, or of some of its rows, as tall as it needs.
type picture struct {
	name, dashboard string
	rows            []string
	width           int64
}

// pictures are all that the README shows. Together they have every panel.
func pictures() []picture {
	return []picture{
		{"conversations", "conversations", []string{"Now", "Reply windows (WhatsApp and Facebook)"}, 1600},
		{"conversations-2", "conversations", []string{"Queues", "Backlog"}, 1600},
		{"conversations-3", "conversations", []string{"Responses", "Delivery"}, 1600},
		{"conversations-4", "conversations", []string{"Agents (only with --collector.agents)", "The exporter"}, 1600},
		{"fleet", "fleet", nil, 1600},
		{"wallboard", "wallboard", nil, 1920},
	}
}

// TestPicturesOfTheDashboards draws each dashboard from a demo that has run for a while,
// by Grafana's own panel components in a browser, and keeps the pictures in the folder
// PICTURES. make pictures calls it: it needs node, and half a gigabyte of packages. With
// PICTURES_FROM they are of a Prometheus that has scraped a demo for DEMO_LASTS already.
func TestPicturesOfTheDashboards(t *testing.T) {
	folder := os.Getenv("PICTURES")
	if folder == "" {
		t.Skip("PICTURES is not set; make pictures sets it")
	}
	lasts := 30 * time.Minute
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
	base := os.Getenv("PICTURES_FROM")
	if base == "" {
		base = watchDemo(t)
		time.Sleep(lasts)
	}
	// The rates of the first minutes grow with what they are of: they are left out.
	shown := max(lasts-4*time.Minute, lasts/2)
	site := drawer(t, bundle, base)
	for _, p := range pictures() {
		address := fmt.Sprintf("%s/index.html?dashboard=%s.json&rows=%s&width=%d&hours=%g", site, p.dashboard, url.QueryEscape(strings.Join(p.rows, "|")), p.width, shown.Hours())
		var title string
		var height int64
		var image []byte
		b := openTab(t)
		err := chromedp.Run(b, chromedp.EmulateViewport(p.width, 1000), chromedp.Navigate(address),
			chromedp.Poll(`document.title !== "Dashboard" && document.title`, &title, chromedp.WithPollingTimeout(patience)),
			chromedp.Evaluate(`document.getElementById("root").scrollHeight`, &height))
		if err != nil || title != "drawn" {
			t.Fatalf("%s: %q, %v", p.name, title, err)
		}
		// The page is drawn as before, in a window that shows all of it.
		if err := chromedp.Run(b, chromedp.EmulateViewport(p.width, height), chromedp.Sleep(time.Second), chromedp.CaptureScreenshot(&image)); err != nil {
			t.Fatalf("%s: %v", p.name, err)
		}
		if err := os.WriteFile(filepath.Join(folder, p.name+".png"), image, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// watchDemo runs a demo and a Prometheus that scrapes it from its start, by the name that
// the exporter has where it is scraped by its default port.
func watchDemo(t *testing.T) (base string) {
	t.Helper()
	demo := run(t, binary(t, "EXPORTER"), "--demo", "--collector.agents", "--web.listen-address=127.0.0.1:0")
	address := strings.TrimPrefix(demo.expect(t, `Open (http://\S+)/ in a browser`), "http://")
	own := freeAddress(t)
	settings := fmt.Sprintf("global: {scrape_interval: 5s, scrape_timeout: 5s}\nscrape_configs:\n  - job_name: conversation\n    static_configs:\n"+
		"      - targets: ['%s']\n        labels: {instance: 'localhost:10720'}\n", address)
	run(t, binary(t, "PROMETHEUS"), "--config.file="+write(t, "prometheus.yml", settings), "--storage.tsdb.path="+t.TempDir(), "--web.listen-address="+own)
	return "http://" + own
}

// drawer serves the page that draws, the dashboards with all chosen, and the Prometheus
// behind them at one address.
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
	mux.HandleFunc("/dashboards/{file}", func(w http.ResponseWriter, r *http.Request) {
		text, err := os.ReadFile(filepath.Join("../dashboards", filepath.Base(r.PathValue("file"))))
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		_, _ = w.Write([]byte(allChosen(string(text), "4m")))
	})
	mux.Handle("/", http.FileServer(http.Dir(bundle)))
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL
}

// Every row of the dashboard that has pictures of its rows is in one of them.
func TestThePicturesHaveEveryRow(t *testing.T) {
	shown := make(map[string]bool)
	for _, p := range pictures() {
		for _, row := range p.rows {
			shown[row] = true
		}
	}
	for _, p := range panels(t) {
		if p.dashboard == "conversations.json" && p.Type == "row" && !shown[p.Title] {
			t.Errorf("the row %q is in no picture", p.Title)
		}
		delete(shown, p.Title)
	}
	for row := range shown {
		t.Errorf("there is no row %q to draw", row)
	}
}
