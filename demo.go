package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

	"conversation_exporter/collector"
	"conversation_exporter/config"
	"conversation_exporter/simulator"
)

// demoInterval is how often the demo scrapes itself, so that the status page
// has something to show.
const demoInterval = 5 * time.Second

// demo starts a simulated PBX and returns a configuration that reads it. wait
// returns when the PBX has stopped, which it does with the context.
func demo(ctx context.Context, options config.Options) (cfg *config.Config, wait func(), err error) {
	pbx, err := simulator.Demo(ctx, simulator.DemoOptions{})
	if err != nil {
		return nil, func() {}, fmt.Errorf("starting the simulated PBX: %w", err)
	}
	wait = func() { pbx.Wait() } //nolint:errcheck // The program is ending.
	text := fmt.Sprintf("targets:\n  demo-pbx:\n    requests_per_second: 0\n    min_interval: 1s\n    yeastar:\n      url: %s\n      client_id: %s\n      client_secret: %s\n", pbx.URL, pbx.ClientID, pbx.ClientSecret)
	cfg, err = config.Parse("demo.yml", []byte(text), options)
	return cfg, wait, err
}

// scrapeItself makes a pass every few seconds until the context ends.
func scrapeItself(ctx context.Context, c *collector.Collector) {
	tick := time.NewTicker(demoInterval)
	defer tick.Stop()
	for {
		c.Scrape(ctx, collector.Request{Arrived: time.Now(), Limit: demoInterval})
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// greet tells where to look.
func greet(w io.Writer, address net.Addr, telemetryPath string) {
	host := "localhost"
	port := "10720"
	if tcp, ok := address.(*net.TCPAddr); ok {
		port = strconv.Itoa(tcp.Port)
		if !tcp.IP.IsUnspecified() {
			host = tcp.IP.String()
		}
	}
	base := "http://" + net.JoinHostPort(host, port)
	fmt.Fprintf(w, "The demo is running on a simulated PBX. Open %s/ in a browser; the metrics are at %s%s. Stop it with Ctrl-C.\n", base, base, telemetryPath)
}
