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

// demoConfiguration reads the two systems of the demo side by side. The idle time-out
// is the simulator's own.
const demoConfiguration = `targets:
  demo-pbx:
    requests_per_second: 0
    min_interval: 1s
    yeastar:
      url: %s
      client_id: %s
      client_secret: %s
  demo-desk:
    requests_per_second: 0
    min_interval: 1s
    superoffice:
      url: %s
      basic_auth: {username: %s, password: %s}
      idle_timeout: 20m
`

// demo starts a simulated PBX and a simulated CRM, and returns a configuration that
// reads both. wait returns when they have stopped, which they do with the context.
func demo(ctx context.Context, options config.Options) (cfg *config.Config, wait func(), err error) {
	both, err := simulator.Demo(ctx, simulator.DemoOptions{})
	if err != nil {
		return nil, func() {}, fmt.Errorf("starting the simulated systems: %w", err)
	}
	wait = func() { both.Wait() } //nolint:errcheck // The program is ending.
	text := fmt.Sprintf(demoConfiguration, both.URL, both.ClientID, both.ClientSecret, both.SuperOffice, both.User, both.Password)
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
	fmt.Fprintf(w, "The demo is running on a simulated PBX and a simulated CRM. Open %s/ in a browser; the metrics are at %s%s. Stop it with Ctrl-C.\n", base, base, telemetryPath)
}
