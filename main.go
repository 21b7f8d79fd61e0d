// Command conversation_exporter exports, for Prometheus, who is waiting in a
// customer messaging system and which reply windows are about to close.
package main

import (
	"context"
	_ "embed" // The version of a build without linker flags.
	"errors"
	"fmt"
	"io"
	stdlog "log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/activation"
	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	"github.com/prometheus/common/version"
	toolkit "github.com/prometheus/exporter-toolkit/web"

	"conversation_exporter/collector"
	"conversation_exporter/config"
	"conversation_exporter/web"
)

const (
	// drainTime is how long a shutdown waits for scrapes in flight, and
	// closeTime how long it then takes to give the tokens back.
	drainTime = 25 * time.Second
	closeTime = 5 * time.Second
	// headerTime is how long a client may take to send the head of a request.
	headerTime = 10 * time.Second
)

//go:embed VERSION
var versionFile string

func main() {
	if version.Version == "" {
		version.Version = strings.TrimSpace(versionFile)
	}
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr, signals))
}

// run is the whole program but for the process around it. It returns the exit code.
func run(args []string, stdout, stderr io.Writer, signals <-chan os.Signal) int {
	app, o := flags(stdout, stderr)
	stopped, code := false, 0
	app.Terminate(func(status int) { stopped, code = true, status })
	_, err := app.Parse(args)
	if stopped { // by --help or --version
		return code
	}
	if err == nil && o.demo && o.configFileUsed {
		err = errors.New("--demo brings its own configuration: leave --config.file out")
	}
	if err != nil {
		fmt.Fprintf(stderr, "conversation_exporter: %s; --help lists the flags\n", err)
		return 1
	}
	logs := newLogs(stderr, o)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	targets, wait, err := open(ctx, o, logs.own)
	defer func() { cancel(); wait() }()
	if o.check {
		return report(stdout, stderr, o, len(targets), err)
	}
	if err != nil {
		return logs.refuse("the configuration was refused", err)
	}
	c := collector.New(targets...)
	handler, err := web.New(web.Options{
		Collector: c, TelemetryPath: o.telemetryPath, TimeoutOffset: o.timeoutOffset, Version: version.Version, Logger: logs.own,
	})
	if err != nil {
		return logs.refuse("a flag was refused", err)
	}
	level.Info(logs.own).Log("msg", "starting conversation_exporter", "version", version.Info(), "build", version.BuildContext(), "targets", len(targets))
	scraping, stop := context.WithCancel(ctx)
	defer stop()
	if o.demo {
		go scrapeItself(scraping, c)
	}
	return serve(handler, c, o, serving{logs: logs, stdout: stdout, signals: signals, stop: stop})
}

// open reads the configuration and makes its targets. wait returns when all that
// runs beside them has ended.
func open(ctx context.Context, o *options, logger log.Logger) (targets []*collector.Target, wait func(), err error) {
	names := make([]string, 0, len(collector.Groups()))
	for _, g := range collector.Groups() {
		names = append(names, g.Name)
	}
	options := config.Options{ExpandEnv: o.expandEnv, Collectors: names}
	var cfg *config.Config
	wait = func() {}
	if o.demo {
		cfg, wait, err = demo(ctx, options)
	} else {
		cfg, err = config.Load(o.configFile, options)
	}
	if err != nil {
		return nil, wait, err
	}
	for _, t := range cfg.Targets {
		source, openErr := t.Open(config.Runtime{UserAgent: "conversation_exporter/" + version.Version})
		if openErr != nil {
			err = errors.Join(err, fmt.Errorf("%s: targets.%s: %w", o.configFile, t.Name, openErr))
			continue
		}
		groups := t.Collectors
		if groups == nil {
			groups = o.groups()
		}
		targets = append(targets, collector.NewTarget(collector.Options{
			Name: t.Name, Source: source, Groups: groups, Timeout: t.Timeout, Logger: logger,
		}))
	}
	return targets, wait, err
}

// report tells the result of --config.check.
func report(stdout, stderr io.Writer, o *options, targets int, err error) int {
	if path := *o.web.WebConfigFile; path != "" {
		if webErr := toolkit.Validate(path); webErr != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", path, webErr))
		}
	}
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	fmt.Fprintf(stdout, "%s is good: %d target(s)\n", o.configFile, targets)
	return 0
}

// serving is what serve needs beside what it serves.
type serving struct {
	logs    logs
	stdout  io.Writer
	signals <-chan os.Signal
	// stop ends the demo's own scrapes.
	stop func()
}

// serve listens until a signal, then lets the scrapes in flight end, and gives
// the tokens back. A second signal ends it at once.
func serve(handler *web.Handler, c *collector.Collector, o *options, s serving) int {
	addresses, listeners := *o.web.WebListenAddresses, []net.Listener(nil)
	if o.web.WebSystemdSocket != nil && *o.web.WebSystemdSocket {
		var err error
		if listeners, err = activation.Listeners(); err != nil || len(listeners) == 0 {
			return s.logs.refuse("no socket came from systemd", errors.Join(err, errors.New("start the exporter by its socket unit, or leave --web.systemd-socket out")))
		}
		addresses = nil
	}
	failed := make(chan error, len(addresses)+len(listeners))
	var servers []*http.Server
	// A server for each address: the toolkit wraps the handler of a shared one
	// once per listener, which is a data race.
	start := func(run func(*http.Server) error) {
		server := &http.Server{
			Handler: handler, ReadHeaderTimeout: headerTime,
			ErrorLog: stdlog.New(log.NewStdlibAdapter(level.Warn(s.logs.own)), "", 0),
			BaseContext: func(l net.Listener) context.Context {
				if o.demo {
					greet(s.stdout, l.Addr(), o.telemetryPath)
				}
				return context.Background()
			},
		}
		servers = append(servers, server)
		go func() { failed <- run(server) }()
	}
	for _, address := range addresses {
		one := *o.web
		one.WebListenAddresses = &[]string{address}
		start(func(server *http.Server) error { return toolkit.ListenAndServe(server, &one, s.logs.bridge) })
	}
	for _, l := range listeners {
		start(func(server *http.Server) error { return toolkit.Serve(l, server, o.web, s.logs.bridge) })
	}
	select {
	case err := <-failed:
		return s.logs.refuse("listening failed", err)
	case sig := <-s.signals:
		level.Info(s.logs.own).Log("msg", "shutting down; a second signal exits at once", "signal", sig)
		s.stop()
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		shutDown(handler, c, servers, s.logs.own)
	}()
	select {
	case <-ended:
		return 0
	case <-s.signals:
		return 1
	}
}

// shutDown refuses new scrapes, waits for those in flight, stops listening and
// gives the tokens back.
func shutDown(handler *web.Handler, c *collector.Collector, servers []*http.Server, logger log.Logger) {
	drain, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	handler.Drain(drain)
	closing, cancel := context.WithTimeout(context.Background(), closeTime)
	defer cancel()
	for _, server := range servers {
		if err := server.Shutdown(closing); err != nil {
			server.Close() //nolint:errcheck // It was asked to end politely before.
		}
	}
	if err := c.Close(closing); err != nil {
		level.Warn(logger).Log("msg", "closing the targets failed", "err", err)
	}
	level.Info(logger).Log("msg", "stopped")
}
