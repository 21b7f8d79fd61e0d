package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"conversation_exporter/collector"
	"conversation_exporter/config"
	"conversation_exporter/simulator"
	"conversation_exporter/simulator/world"
	simyeastar "conversation_exporter/simulator/yeastar"
)

// recorder remembers what was asked of the PBX, so that a bare client can ask
// for the same.
type recorder struct {
	next http.Handler
	mu   sync.Mutex
	urls []string
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if req.Method == http.MethodGet {
		r.mu.Lock()
		r.urls = append(r.urls, req.URL.String())
		r.mu.Unlock()
	}
	r.next.ServeHTTP(w, req)
}

// take returns what was asked for since the last time.
func (r *recorder) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	urls := r.urls
	r.urls = nil
	return urls
}

// benchPBX is a PBX with so many open sessions that stand still, a collector
// that reads it, and what that asks for in a steady pass.
func benchPBX(b *testing.B, sessions int) (c *collector.Collector, base string, urls []string) {
	b.Helper()
	sim := simulator.New(simulator.Options{
		World: world.Options{Start: time.Now(), Still: true}, Yeastar: simyeastar.Options{Forgetful: true},
	})
	if err := sim.World.Prefill(sessions, time.Hour); err != nil {
		b.Fatal(err)
	}
	rec := &recorder{next: sim.Yeastar}
	server := httptest.NewServer(rec)
	b.Cleanup(server.Close)
	text := "targets:\n  bench:\n    requests_per_second: 0\n    timeout: 120s\n    min_interval: 0s\n    yeastar:\n      url: " + server.URL +
		"\n      client_id: " + sim.ClientID() + "\n      client_secret: " + sim.ClientSecret() + "\n      viewers:\n        extensions: all\n"
	cfg, err := config.Parse("bench.yml", []byte(text), config.Options{Collectors: []string{"sessions"}})
	if err != nil {
		b.Fatal(err)
	}
	source, err := cfg.Targets[0].Open(config.Runtime{UserAgent: "bench"})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { source.Close(context.Background()) })
	c = collector.New(collector.NewTarget(collector.Options{Name: "bench", Source: source, Groups: []string{"sessions"}, Timeout: 2 * time.Minute}))
	scrape(b, c)
	rec.take()
	scrape(b, c)
	return c, server.URL, rec.take()
}

// scrape makes a pass, which must be whole.
func scrape(b *testing.B, c *collector.Collector) {
	b.Helper()
	c.Scrape(context.Background(), collector.Request{Arrived: time.Now()})
	if s := c.Status()[0]; !s.Groups[0].Success || s.Groups[0].Partial {
		b.Fatalf("the pass is not whole: %v", s.Problems)
	}
}

// download asks for the same pages, four at a time, and throws them away.
func download(b *testing.B, client *http.Client, base string, urls []string) {
	b.Helper()
	queue := make(chan string)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for url := range queue {
				req, err := http.NewRequest(http.MethodGet, base+url, http.NoBody)
				if err != nil {
					b.Error(err)
					continue
				}
				req.Header.Set("User-Agent", "bench")
				resp, err := client.Do(req)
				if err != nil {
					b.Error(err)
					continue
				}
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
		})
	}
	for _, url := range urls {
		queue <- url
	}
	close(queue)
	wg.Wait()
}

// BenchmarkPass sets a pass over a PBX beside a bare client that downloads the
// same pages in the same run, both over loopback. The simulator works in the
// same process, so that its share is in both.
func BenchmarkPass(b *testing.B) {
	for _, sessions := range []int{10_000, 100_000} {
		c, base, urls := benchPBX(b, sessions)
		b.Run(fmt.Sprintf("exporter/%d", sessions), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				scrape(b, c)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(sessions), "ns/session")
			b.ReportMetric(float64(len(urls)), "requests")
		})
		b.Run(fmt.Sprintf("bare client/%d", sessions), func(b *testing.B) {
			client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 4}}
			defer client.CloseIdleConnections()
			b.ReportAllocs()
			for b.Loop() {
				download(b, client, base, urls)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(sessions), "ns/session")
			b.ReportMetric(float64(len(urls)), "requests")
		})
	}
}
