package e2e

import (
	"context"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// BenchmarkFleet measures a fleet in one process: how long it takes to start, to
// reload and to be scraped, and what memory it takes. The PBXes are small ones,
// all in the process of the benchmark. Run it with `make bench-fleet`.
func BenchmarkFleet(b *testing.B) {
	for _, targets := range []int{1, 500} {
		b.Run(strconv.Itoa(targets), func(b *testing.B) {
			config, figures := branches(branch(b), targets, ""), make(map[string]float64)
			begun := time.Now()
			p, address, file := startFleet(b, config)
			for status := 0; status != http.StatusOK; {
				status, _, _ = get(address + "/-/ready")
			}
			figures["s/start"] = time.Since(begun).Seconds()
			figures["MiB-idle"] = memory(b, p)
			figures["s/first-probe"] = probes(b, address, targets)
			figures["s/probe"] = probes(b, address, targets)
			figures["MiB-probed"] = memory(b, p)
			for name, text := range map[string]string{
				"s/reload-same": config,
				"s/reload-one":  strings.Replace(config, "min_interval: 0s", "min_interval: 1ms", 1),
			} {
				rewrite(b, file, text)
				figures[name] = timed(func() { reload(b, address) })
			}
			for b.Loop() {
				if n := sum(b, mustGet(b, address+"/metrics"), "conversation_open_sessions"); n != 20*targets {
					b.Fatalf("%d sessions were read: %s", n, p.output())
				}
			}
			figures["s/metrics"] = b.Elapsed().Seconds() / float64(b.N)
			figures["MiB-peak"] = memory(b, p)
			rewrite(b, file, strings.ReplaceAll(config, "min_interval: 0s", "min_interval: 2ms"))
			figures["s/reload-all"] = timed(func() { reload(b, address) })
			for name, figure := range figures {
				b.ReportMetric(figure, name)
			}
		})
	}
}

// BenchmarkFleetWithADeadTarget measures what one target that never answers costs
// the probes of the others, and when /metrics comes to a scraper that waits 5 s.
func BenchmarkFleetWithADeadTarget(b *testing.B) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") // It accepts, and nobody ever answers.
	if err != nil {
		b.Fatal(err)
	}
	defer listener.Close()
	dead := strings.TrimPrefix(branches("http://"+listener.Addr().String(), 1, ""), "targets:\n")
	p, address, _ := startFleet(b, branches(branch(b), 499, "")+strings.Replace(dead, "branch-000", "dead", 1))
	ctx, leave := context.WithCancel(context.Background())
	defer leave()
	probes(b, address, 499)
	go scrape(ctx, address+"/probe?target=dead", "100")
	probe := probes(b, address, 499)
	scrape(ctx, address+"/metrics", "30") // It learns how long the answer takes to write.
	longest := 0.0
	for b.Loop() {
		longest = max(longest, timed(func() {
			if n := sum(b, scrape(ctx, address+"/metrics", "10"), "conversation_up"); n != 499 {
				b.Errorf("/metrics tells of %d targets that are up: %s", n, p.output())
			}
		}))
	}
	b.ReportMetric(longest, "s/metrics-in-10")
	b.ReportMetric(probe, "s/probe")
}

// timed is how long something takes, in seconds.
func timed(do func()) float64 {
	begun := time.Now()
	do()
	return time.Since(begun).Seconds()
}

// probes probes each of the branches in turn and returns how long one takes.
func probes(b *testing.B, address string, n int) float64 {
	b.Helper()
	return timed(func() {
		for i := range n {
			name := "branch-" + strconv.Itoa(1000 + i)[1:]
			if body := mustGet(b, address+"/probe?target="+name); !strings.Contains(body, `conversation_up{target="`+name+`"} 1`) {
				b.Fatalf("%s: %s", name, body)
			}
		}
	}) / float64(n)
}

// scrape fetches a page as a scraper that waits for so many seconds.
func scrape(ctx context.Context, url, timeout string) (body string) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return ""
	}
	req.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", timeout)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	return string(text)
}
