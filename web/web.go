// Package web is the HTTP surface of the exporter: the metrics, the status page
// and the routes by which an orchestrator asks after it.
package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	versioncollector "github.com/prometheus/client_golang/prometheus/collectors/version"

	"conversation_exporter/collector"
)

// DefaultTelemetryPath is where the metrics are unless a flag says otherwise.
const DefaultTelemetryPath = "/metrics"

// The pages by which an orchestrator asks after the exporter, and the one that reads
// the configuration anew.
const (
	healthyPath = "/-/healthy"
	readyPath   = "/-/ready"
	reloadPath  = "/-/reload"
)

// Options say what is served.
type Options struct {
	// Collector reads the targets.
	Collector *collector.Collector
	// Requests are the metrics of the requests to the targets; nil for none.
	Requests Requests
	// Configuration is what the targets come from; nil for one that cannot change.
	Configuration Configuration
	// TelemetryPath is the route of the metrics.
	TelemetryPath string
	// NoTargets leaves the targets out of the route of the metrics.
	NoTargets bool
	// ExternalURL is how others reach the exporter; empty where they do so by the
	// address that it is asked by.
	ExternalURL string
	// Profiling switches the pages of pprof on.
	Profiling bool
	// TimeoutOffset is taken off the scraper's own timeout.
	TimeoutOffset time.Duration
	// MaxRequests bounds the scrapes of all targets in flight, and those of each
	// target by itself; 0 means no limit.
	MaxRequests int
	// Version is shown on the status page.
	Version string
	// Now is the clock of the status page; time.Now where it is nil.
	Now func() time.Time
	// Logger takes what goes wrong while metrics are written.
	Logger log.Logger
}

// Handler serves every route.
type Handler struct {
	opts     Options
	mux      *http.ServeMux
	page     *page
	registry *prometheus.Registry
	// badTimeouts counts timeout headers that made no sense.
	badTimeouts prometheus.Counter
	gate        gate
	rendering   rendering
	// external is the parsed ExternalURL; nil for none.
	external *url.URL
	// routes are the paths that there are.
	routes []string
}

// New makes a Handler. An error means that an option cannot work.
func New(opts Options) (*Handler, error) {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Logger == nil {
		opts.Logger = log.NewNopLogger()
	}
	if err := checkTelemetryPath(opts.TelemetryPath); err != nil {
		return nil, err
	}
	if opts.MaxRequests < 0 {
		return nil, fmt.Errorf("--web.max-requests is %d and must be at least 0; 0 means no limit", opts.MaxRequests)
	}
	external, err := parseExternalURL(opts.ExternalURL)
	if err != nil {
		return nil, err
	}
	if opts.Configuration == nil {
		opts.Configuration = fixed{opts.Now()}
	}
	page, err := newPage(opts, external)
	if err != nil {
		return nil, err
	}
	h := &Handler{opts: opts, mux: http.NewServeMux(), page: page, gate: gate{limit: opts.MaxRequests}, external: external}
	h.registry, h.badTimeouts = newRegistry(opts.Collector.Panics, opts.Configuration.Last)
	h.mux.HandleFunc("GET "+opts.TelemetryPath, h.metrics)
	h.mux.HandleFunc("GET "+probePath, h.probe)
	h.mux.HandleFunc("GET "+discoveryPath, h.discovery)
	h.mux.HandleFunc("POST "+reloadPath, h.reload)
	h.routes = []string{"/", opts.TelemetryPath, probePath, discoveryPath, healthyPath, readyPath, reloadPath}
	if opts.Profiling {
		profile(h.mux)
		h.routes = append(h.routes, profilingPath)
	}
	h.mux.Handle("GET /{$}", page)
	h.mux.HandleFunc("GET "+healthyPath, func(w http.ResponseWriter, _ *http.Request) {
		say(w, http.StatusOK, "conversation_exporter is healthy.")
	})
	h.mux.HandleFunc("GET "+readyPath, h.ready)
	return h, nil
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	// The mux would send the scraper on to the plain form of such a path.
	if r.URL.Path != path.Clean(r.URL.Path) && (r.URL.Path != profilingPath || !h.opts.Profiling) {
		h.notFound(w)
		return
	}
	// The mux knows no page for a wrong method either, and has words for that.
	if _, pattern := h.mux.Handler(r); pattern == "" && !slices.Contains(h.routes, r.URL.Path) {
		h.notFound(w)
		return
	}
	h.mux.ServeHTTP(w, r)
}

// notFound lists the pages for somebody who asks for another one, whose path is not
// repeated.
func (h *Handler) notFound(w http.ResponseWriter) {
	say(w, http.StatusNotFound, "There is no such page; there are "+strings.Join(h.routes, ", ")+".")
}

// ready answers whether scrapes are taken. It says nothing of the targets: that
// is what conversation_up is for.
func (h *Handler) ready(w http.ResponseWriter, _ *http.Request) {
	if h.gate.closed() {
		say(w, http.StatusServiceUnavailable, shuttingDown)
		return
	}
	say(w, http.StatusOK, "conversation_exporter is ready.")
}

// newRegistry makes the registry of the exporter's own metrics.
func newRegistry(panics func() float64, last func() Reading) (registry *prometheus.Registry, badTimeouts prometheus.Counter) {
	registry = prometheus.NewRegistry()
	badTimeouts = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "conversation_exporter_invalid_timeout_headers_total",
		Help: "Scrapes whose header " + timeoutHeader + " was not a finite number above 0; each target's own timeout counted instead.",
	})
	registry.MustRegister(
		badTimeouts,
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "conversation_exporter_panics_total",
			Help: "Faults of the exporter that were contained; the log has the stack of each. Please report them.",
		}, panics),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "conversation_exporter_config_last_reload_successful",
			Help: "1 if the configuration could be read when that was last tried, at the start or by a reload, else 0; the one before is then still in use.",
		}, func() float64 {
			if last().Failure == nil {
				return 1
			}
			return 0
		}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "conversation_exporter_config_last_reload_success_timestamp_seconds",
			Help: "Unix time at which the configuration that is in use was read.",
		}, func() float64 {
			return float64(last().At.UnixMilli()) / 1000
		}),
		versioncollector.NewCollector("conversation_exporter"),
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return registry, badTimeouts
}

// Metrics lists the exporter's own metrics as they are exported, for the
// documentation; those of the Go runtime and the process are the library's.
func Metrics() ([]collector.Metric, error) {
	registry, _ := newRegistry(func() float64 { return 0 }, fixed{}.Last)
	families, err := registry.Gather()
	if err != nil {
		return nil, fmt.Errorf("listing the exporter's own metrics: %w", err)
	}
	var list []collector.Metric
	for _, f := range families {
		if !strings.HasPrefix(f.GetName(), "conversation_exporter_") {
			continue
		}
		m := collector.Metric{Name: f.GetName(), Help: f.GetHelp(), Type: strings.ToLower(f.GetType().String()), Stage: collector.StageStable}
		for _, l := range f.GetMetric()[0].GetLabel() {
			m.Labels = append(m.Labels, l.GetName())
		}
		list = append(list, m)
	}
	return list, nil
}

// checkTelemetryPath refuses a route that would hide another one, or that no
// request could ever match.
func checkTelemetryPath(route string) error {
	switch {
	case !strings.HasPrefix(route, "/"), strings.ContainsAny(route, "{}%?# "), route != path.Clean(route):
		return fmt.Errorf("the telemetry path %q must begin with / and be plain, such as %s", route, DefaultTelemetryPath)
	case slices.Contains([]string{"/", probePath, discoveryPath}, route), strings.HasPrefix(route, "/-/"), strings.HasPrefix(route+"/", profilingPath):
		return fmt.Errorf("the telemetry path %q is taken by another page; choose one such as %s", route, DefaultTelemetryPath)
	}
	return nil
}

// say answers with one line of plain text.
func say(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	fmt.Fprintln(w, text)
}

// errorLog hands what promhttp complains of in one answer to the logger, on one
// line each.
type errorLog struct {
	logger log.Logger
	// answer knows whether the scraper has left. promhttp tries to write each
	// family all the same, and tells of each that it could not.
	answer *answer
	told   bool
}

// Println implements promhttp.Logger.
func (l *errorLog) Println(v ...any) {
	if l.answer.failed != nil {
		if !l.told {
			l.told = true
			level.Warn(l.logger).Log("msg", "the scraper left before it had all of the metrics", "err", l.answer.failed)
		}
		return
	}
	for i := range v {
		var many prometheus.MultiError
		if err, ok := v[i].(error); ok && errors.As(err, &many) {
			v[i] = errors.Join(many...)
		}
	}
	level.Error(l.logger).Log("msg", "writing metrics failed", "err", strings.ReplaceAll(strings.TrimSpace(fmt.Sprintln(v...)), "\n", "; "))
}

// answer is a ResponseWriter that knows why nothing more can be written.
type answer struct {
	http.ResponseWriter
	failed error
}

// Write implements http.ResponseWriter.
func (a *answer) Write(text []byte) (int, error) {
	n, err := a.ResponseWriter.Write(text)
	if err != nil && a.failed == nil {
		a.failed = err
	}
	return n, err
}
