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

	"github.com/go-kit/log/level"
	"github.com/prometheus/common/version"
	toolkit "github.com/prometheus/exporter-toolkit/web"

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
	// It is never taken off again: a SIGHUP must not kill what is about to end.
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	app, o := flags(stdout, stderr)
	stopped, code := false, 0
	app.Terminate(func(status int) { stopped, code = true, status })
	_, err := app.Parse(args)
	if stopped { // by --help or --version
		return code
	}
	if err == nil {
		err = o.clash()
	} else {
		err = explain(app, err)
	}
	if err != nil {
		fmt.Fprintf(stderr, "conversation_exporter: %s; --help lists the flags\n", err)
		return 1
	}
	logs := newLogs(stderr, o)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	requests := config.NewMetrics()
	f := newFleet(o, config.Runtime{
		UserAgent: "conversation_exporter/" + version.Version, Metrics: requests, OwnTokens: o.once || o.checkOnline,
		SignIns: config.NewSignIns(),
	}, logs)
	wait, err := f.start(ctx)
	defer func() { cancel(); wait() }()
	c := f.collector
	handler, flagErr := web.New(web.Options{
		Collector: c, Requests: requests, Configuration: f, TelemetryPath: o.telemetryPath, NoTargets: !o.metricsTargets, ExternalURL: o.externalURL,
		Profiling: o.profiling, TimeoutOffset: o.timeoutOffset, MaxRequests: o.maxRequests, Version: version.Version, Logger: logs.own,
	})
	err = errors.Join(err, flagErr, checkWeb(o))
	switch {
	case o.check, o.checkOnline && err != nil:
		return report(stdout, stderr, f, err)
	case err != nil:
		return logs.refuse("the configuration was refused", err)
	case o.checkOnline:
		warn(stderr, f)
		return untilSignal(ctx, signals, logs, func(ctx context.Context) int { return checkOnline(ctx, c, reading{o, stdout, logs}) })
	case o.once:
		return untilSignal(ctx, signals, logs, func(ctx context.Context) int { return readOnce(ctx, handler, c, reading{o, stdout, logs}) })
	}
	level.Info(logs.own).Log("msg", "starting conversation_exporter", "version", version.Info(), "build", version.BuildContext(), "targets", len(c.Names()))
	scraping, cancelScraping := context.WithCancel(ctx)
	defer cancelScraping()
	var scraper sync.WaitGroup
	if o.demo {
		scraper.Go(func() { scrapeItself(scraping, c) })
	}
	return serving{
		handler: handler, fleet: f, options: o, logs: logs, stdout: stdout, signals: signals, hangups: hangups, headerLimit: headerTime,
		stop: func() { cancelScraping(); scraper.Wait() },
	}.run()
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
	if o.timeoutOffset < 0 {
		errs = append(errs, fmt.Errorf("--timeout-offset is %s and must be at least 0s; 0s means that the whole time of the scraper may be used", o.timeoutOffset))
	}
	return errors.Join(errs...)
}

// report tells the result of --config.check.
func report(stdout, stderr io.Writer, f *fleet, err error) int {
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	warn(stderr, f)
	if err := reportGood(stdout, f.options, len(f.collector.Names())); err != nil {
		fmt.Fprintln(stderr, "the result was not written:", err)
		return 1
	}
	return 0
}

// warn tells what in the configuration may not be what was meant.
func warn(stderr io.Writer, f *fleet) {
	for _, line := range doubts(f.Last().Warnings) {
		fmt.Fprintln(stderr, line)
	}
}

// reportGood tells that the configuration has no mistake.
func reportGood(w io.Writer, o *options, targets int) error {
	file := o.configFile
	if o.demo {
		file = "the configuration of the demo"
	}
	_, err := fmt.Fprintf(w, "%s is good: %d target(s)\n", file, targets)
	return err
}
