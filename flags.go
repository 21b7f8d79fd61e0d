package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/version"
	toolkit "github.com/prometheus/exporter-toolkit/web"
	"github.com/prometheus/exporter-toolkit/web/kingpinflag"

	"conversation_exporter/collector"
	"conversation_exporter/web"
)

const defaultAddress = ":10720"

// options are the flags.
type options struct {
	configFile     string
	check          bool
	checkOnline    bool
	once           bool
	expandEnv      bool
	demo           bool
	groups         func() []string
	timeoutOffset  time.Duration
	telemetryPath  string
	maxRequests    int
	metricsTargets bool
	externalURL    string
	profiling      bool
	web            *toolkit.FlagConfig
	level, format  string
	configFileUsed bool
}

// flags declares the flags.
func flags(stdout, stderr io.Writer) (*kingpin.Application, *options) {
	o := &options{}
	app := kingpin.New("conversation_exporter", "Prometheus exporter for customer conversations: who waits, and which reply windows are about to close.")
	app.UsageWriter(stdout).ErrorWriter(stderr).Version(version.Print("conversation_exporter"))
	app.HelpFlag.Short('h')
	app.Flag("config.file", "The configuration file.").Default("conversation_exporter.yml").IsSetByUser(&o.configFileUsed).StringVar(&o.configFile)
	app.Flag("config.check", "Check the configuration without any network, and exit with 0 or 1.").BoolVar(&o.check)
	app.Flag("config.check-online", "Check the configuration, then sign in to each target once, call each endpoint once, tell what works and how to mend what does not, and exit with 0 or 1.").BoolVar(&o.checkOnline)
	app.Flag("config.expand-environment-variables", "Expand ${NAME} in secret keys of the configuration.").BoolVar(&o.expandEnv)
	app.Flag("once", "Read every target once, write its metrics to standard output, and exit with 0 if every target could be read, else 1.").BoolVar(&o.once)
	app.Flag("demo", "Run on a simulated PBX and a simulated CRM inside, without any configuration.").BoolVar(&o.demo)
	app.Flag("timeout-offset", "How much before the scraper's own timeout to answer; at most a tenth of it.").Default("0.5s").DurationVar(&o.timeoutOffset)
	app.Flag("web.telemetry-path", "The path of the metrics.").Default(web.DefaultTelemetryPath).StringVar(&o.telemetryPath)
	app.Flag("web.max-requests", "How many scrapes of /metrics, and how many probes of each target, may be in flight at once; 0 means no limit.").Default("40").IntVar(&o.maxRequests)
	app.Flag("web.metrics-targets", "Have the metrics of the targets at the path of the metrics too, not only at /probe.").Default("true").BoolVar(&o.metricsTargets)
	app.Flag("web.external-url", "How others reach the exporter, where a proxy is between: for /sd; its path also for the links of the status page.").StringVar(&o.externalURL)
	app.Flag("web.enable-pprof", "Have the pages of Go's profiler at /debug/pprof/.").BoolVar(&o.profiling)
	app.Flag("log.level", "The least severity that is logged: debug, info, warn or error.").Default("info").EnumVar(&o.level, "debug", "info", "warn", "error")
	app.Flag("log.format", "The form of log lines: logfmt or json.").Default("logfmt").EnumVar(&o.format, "logfmt", "json")
	o.web = kingpinflag.AddFlags(app, defaultAddress)
	o.groups = groupFlags(app)
	return app, o
}

// groupFlags declares the flags that choose groups of metrics, and returns what
// tells the choice once they are parsed.
func groupFlags(app *kingpin.Application) func() []string {
	disable := app.Flag("collector.disable-defaults", "Switch off every group that is not switched on by a flag of its own.").Bool()
	infos := collector.Groups()
	values, given := make([]bool, len(infos)), make([]bool, len(infos))
	for i, g := range infos {
		app.Flag("collector."+g.Name, fmt.Sprintf("Export %s (on by default: %t).", g.Summary, g.Default)).
			Default(strconv.FormatBool(g.Default)).IsSetByUser(&given[i]).BoolVar(&values[i])
	}
	return func() []string {
		chosen := []string{}
		for i, g := range infos {
			if values[i] && (given[i] || !*disable) {
				chosen = append(chosen, g.Name)
			}
		}
		return chosen
	}
}

// clash returns why some of the flags cannot stand together.
func (o *options) clash() error {
	switch {
	case o.demo && (o.configFileUsed || o.check):
		return errors.New("--demo brings its own configuration: leave --config.file and --config.check out")
	case o.check && o.checkOnline:
		return errors.New("--config.check opens no connection, and --config.check-online checks all that it does and then the targets: leave one of them out")
	case o.once && (o.check || o.checkOnline):
		return errors.New("--once reads the targets, and --config.check and --config.check-online only check: leave one of them out")
	}
	return nil
}
