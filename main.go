// Command conversation_exporter exports, for Prometheus, who is waiting in a
// customer messaging system and which reply windows are about to close.
package main

import (
	"context"
	_ "embed" // The version of a build without linker flags.
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	"github.com/prometheus/common/version"
	toolkit "github.com/prometheus/exporter-toolkit/web"

	"conversation_exporter/collector"
	"conversation_exporter/config"
	"conversation_exporter/web"
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
	if err == nil && o.demo && (o.configFileUsed || o.check) {
		err = errors.New("--demo brings its own configuration: leave --config.file and --config.check out")
	}
	if err != nil {
		fmt.Fprintf(stderr, "conversation_exporter: %s; --help lists the flags\n", err)
		return 1
	}
	logs := newLogs(stderr, o)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	requests := config.NewMetrics()
	targets, wait, err := open(ctx, o, config.Runtime{UserAgent: "conversation_exporter/" + version.Version, Metrics: requests, SignIns: config.NewSignIns()}, logs.own)
	defer func() { cancel(); wait() }()
	c := collector.New(targets...)
	handler, flagErr := web.New(web.Options{
		Collector: c, Requests: requests, TelemetryPath: o.telemetryPath, TimeoutOffset: o.timeoutOffset, MaxRequests: o.maxRequests,
		Version: version.Version, Logger: logs.own,
	})
	err = errors.Join(err, flagErr, checkWeb(o))
	switch {
	case o.check:
		return report(stdout, stderr, o, len(targets), err)
	case err != nil:
		return logs.refuse("the configuration was refused", err)
	}
	level.Info(logs.own).Log("msg", "starting conversation_exporter", "version", version.Info(), "build", version.BuildContext(), "targets", len(targets))
	scraping, cancelScraping := context.WithCancel(ctx)
	defer cancelScraping()
	var scraper sync.WaitGroup
	if o.demo {
		scraper.Go(func() { scrapeItself(scraping, c) })
	}
	return serving{
		handler: handler, collector: c, options: o, logs: logs, stdout: stdout, signals: signals, headerLimit: headerTime,
		stop: func() { cancelScraping(); scraper.Wait() },
	}.run()
}

// open reads the configuration and makes its targets. wait returns when all that
// runs beside them has ended.
func open(ctx context.Context, o *options, rt config.Runtime, logger log.Logger) (targets []*collector.Target, wait func(), err error) {
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
	for _, warning := range cfg.Warnings {
		level.Warn(logger).Log("msg", "the configuration may not say what was meant", "warning", warning)
	}
	for _, t := range cfg.Targets {
		source, openErr := t.Open(rt)
		if openErr != nil {
			err = errors.Join(err, fmt.Errorf("%s: targets.%s: %w", o.configFile, t.Name, openErr))
			continue
		}
		groups := t.Collectors
		if groups == nil {
			groups = o.groups()
		}
		if len(groups) == 0 {
			level.Warn(logger).Log("msg", "no group of metrics is switched on, so only the health of the scrape is exported", "target", t.Name)
		}
		targets = append(targets, collector.NewTarget(collector.Options{
			Name: t.Name, Source: source, Groups: groups, Timeout: t.Timeout, MinInterval: t.MinInterval, Logger: logger,
		}))
	}
	return targets, wait, err
}

// checkWeb checks what the flags say of the web server, as far as that needs no
// listening.
func checkWeb(o *options) error {
	var errs []error
	for _, address := range *o.web.WebListenAddresses {
		if strings.HasPrefix(address, "vsock://") {
			continue
		}
		if _, _, err := net.SplitHostPort(address); err != nil {
			errs = append(errs, fmt.Errorf("--web.listen-address: %w: write host:port, or :port", err))
		}
	}
	if path := *o.web.WebConfigFile; path != "" {
		if err := toolkit.Validate(path); err != nil {
			errs = append(errs, fmt.Errorf("--web.config.file: %s: %w", path, err))
		}
	}
	return errors.Join(errs...)
}

// report tells the result of --config.check.
func report(stdout, stderr io.Writer, o *options, targets int, err error) int {
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	fmt.Fprintf(stdout, "%s is good: %d target(s)\n", o.configFile, targets)
	return 0
}
