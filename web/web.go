// Package web is the HTTP surface of the exporter: the metrics, the status page
// and the routes by which an orchestrator asks after it.
package web

import (
	"errors"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	versioncollector "github.com/prometheus/client_golang/prometheus/collectors/version"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"conversation_exporter/collector"
)

// DefaultTelemetryPath is where the metrics are unless a flag says otherwise.
const DefaultTelemetryPath = "/metrics"

// Options say what is served.
type Options struct {
	// Collector reads the targets.
	Collector *collector.Collector
	// Requests are the metrics of the requests to the targets; nil for none.
	Requests prometheus.Collector
	// TelemetryPath is the route of the metrics.
	TelemetryPath string
	// TimeoutOffset is taken off the scraper's own timeout.
	TimeoutOffset time.Duration
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
	page, err := newPage(opts)
	if err != nil {
		return nil, err
	}
	h := &Handler{opts: opts, mux: http.NewServeMux(), page: page}
	h.registry, h.badTimeouts = newRegistry()
	if opts.Requests != nil {
		if err := h.registry.Register(opts.Requests); err != nil {
			return nil, fmt.Errorf("registering the metrics of requests: %w", err)
		}
	}
	h.mux.HandleFunc("GET "+opts.TelemetryPath, h.metrics)
	h.mux.Handle("GET /{$}", page)
	h.mux.HandleFunc("GET /-/healthy", func(w http.ResponseWriter, _ *http.Request) {
		say(w, http.StatusOK, "conversation_exporter is healthy.")
	})
	h.mux.HandleFunc("GET /-/ready", h.ready)
	return h, nil
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	// The mux would send the scraper on to the plain form of such a path.
	if r.URL.Path != path.Clean(r.URL.Path) {
		http.NotFound(w, r)
		return
	}
	h.mux.ServeHTTP(w, r)
}

// ready answers whether scrapes are taken. It says nothing of the targets: that
// is what conversation_up is for.
func (h *Handler) ready(w http.ResponseWriter, _ *http.Request) {
	if h.gate.closed() {
		say(w, http.StatusServiceUnavailable, "conversation_exporter is shutting down.")
		return
	}
	say(w, http.StatusOK, "conversation_exporter is ready.")
}

// metrics makes a pass over the targets and writes what they told.
func (h *Handler) metrics(w http.ResponseWriter, r *http.Request) {
	arrived := time.Now()
	if !h.gate.enter() {
		say(w, http.StatusServiceUnavailable, "conversation_exporter is shutting down.")
		return
	}
	defer h.gate.leave()
	limit, ok := scrapeLimit(r.Header.Get(timeoutHeader), h.opts.TimeoutOffset)
	if !ok {
		h.badTimeouts.Inc()
	}
	// A registry of its own, since the values belong to this request alone.
	targets := prometheus.NewRegistry()
	if wantsTargets(r) {
		targets.MustRegister(h.opts.Collector.Scrape(r.Context(), collector.Request{Arrived: arrived, Limit: limit}))
	}
	promhttp.HandlerFor(prometheus.Gatherers{h.registry, targets}, promhttp.HandlerOpts{
		ErrorLog: errorLog{h.opts.Logger},
		// The other way would write a stack trace to the scraper.
		ErrorHandling:     promhttp.ContinueOnError,
		Registry:          h.registry,
		EnableOpenMetrics: true,
	}).ServeHTTP(w, r)
}

// wantsTargets reports whether a scrape asks for any metric of a target: HEAD
// asks for none, and the parameter name[], which the library knows, may ask for
// others only.
func wantsTargets(r *http.Request) bool {
	names := r.URL.Query()["name[]"]
	if r.Method == http.MethodHead || len(names) == 0 {
		return r.Method != http.MethodHead
	}
	return slices.ContainsFunc(collector.Metrics(), func(m collector.Metric) bool { return slices.Contains(names, m.Name) })
}

// newRegistry makes the registry of the exporter's own metrics.
func newRegistry() (registry *prometheus.Registry, badTimeouts prometheus.Counter) {
	registry = prometheus.NewRegistry()
	badTimeouts = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "conversation_exporter_invalid_timeout_headers_total",
		Help: "Scrapes whose header " + timeoutHeader + " was not a finite number above 0; each target's own timeout counted instead.",
	})
	registry.MustRegister(
		badTimeouts,
		versioncollector.NewCollector("conversation_exporter"),
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return registry, badTimeouts
}

// Metrics lists the exporter's own metrics as they are exported, for the
// documentation; those of the Go runtime and the process are the library's.
func Metrics() ([]collector.Metric, error) {
	registry, _ := newRegistry()
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
	case route == "/", strings.HasPrefix(route, "/-/"):
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

// errorLog hands what promhttp complains of to the logger, on one line.
type errorLog struct{ logger log.Logger }

// Println implements promhttp.Logger.
func (l errorLog) Println(v ...any) {
	for i := range v {
		var many prometheus.MultiError
		if err, ok := v[i].(error); ok && errors.As(err, &many) {
			v[i] = errors.Join(many...)
		}
	}
	level.Error(l.logger).Log("msg", "writing metrics failed", "err", strings.ReplaceAll(strings.TrimSpace(fmt.Sprintln(v...)), "\n", "; "))
}
