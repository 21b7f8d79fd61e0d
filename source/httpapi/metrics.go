package httpapi

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metric describes one exported metric, for the documentation.
type Metric struct {
	// Name, Help, Type and Labels are as exported.
	Name, Help, Type string
	Labels           []string
}

// Exported lists the metrics of requests in the order in which they are
// documented.
func Exported() []Metric {
	return []Metric{requestsMetric(), failuresMetric(), durationMetric(), skewMetric()}
}

func requestsMetric() Metric {
	return Metric{
		Name: "conversation_api_requests_total", Type: "counter", Labels: []string{"target", "endpoint"},
		Help: "Attempts to call the API of the system, each retry by itself. Calls that were held back, by the rate limit or while the system wants to be left alone, are none.",
	}
}

func failuresMetric() Metric {
	return Metric{
		Name: "conversation_api_request_failures_total", Type: "counter", Labels: []string{"target", "endpoint", "reason"},
		Help: "Requests that failed, by reason. One that was cancelled because nobody waited for its answer is none.",
	}
}

func durationMetric() Metric {
	return Metric{
		Name: "conversation_api_request_duration_seconds", Type: "histogram", Labels: []string{"target", "endpoint"},
		Help: "How long requests took until their answer was whole or they had failed, without those that were cancelled. The time before they were sent is not in it, but that of making the connection is.",
	}
}

func skewMetric() Metric {
	return Metric{
		Name: "conversation_api_clock_skew_seconds", Type: "gauge", Labels: []string{"target"},
		Help: "The clock of the system, by the Date header of its last good answer, less the clock of the exporter. Absent until it was told.",
	}
}

// Metrics counts the requests of all clients of the process, by target. It is a
// prometheus.Collector.
type Metrics struct {
	mu      sync.Mutex
	targets map[string]*counts
}

var (
	_ prometheus.Collector = (*Metrics)(nil)
	_ prometheus.Collector = (*counts)(nil)
)

// NewMetrics makes Metrics in which nothing was counted yet.
func NewMetrics() *Metrics { return &Metrics{targets: make(map[string]*counts)} }

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(ch chan<- *prometheus.Desc) { newCounts("").Describe(ch) }

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(ch chan<- prometheus.Metric) {
	for _, c := range m.all() {
		c.Collect(ch)
	}
}

func (m *Metrics) all() []*counts {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Collect(maps.Values(m.targets))
}

// Of returns the metrics of one target as they are now, which may be none.
func (m *Metrics) Of(target string) prometheus.Collector {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c := m.targets[target]; c != nil {
		return c
	}
	return newCounts(target)
}

// Forget leaves out what was counted for a target that is no more. What a client
// of its own still counts nobody sees.
func (m *Metrics) Forget(target string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.targets, target)
}

// counts begins the rows of a target: a request that was never made counts 0, so
// that its first one is seen as an increase. Clients of one target share them.
func (m *Metrics) counts(target string, routes []Route) *counts {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.targets[target]
	if c == nil {
		c = newCounts(target)
		m.targets[target] = c
	}
	for _, r := range routes {
		c.requests.WithLabelValues(target, r.Path)
	}
	return c
}

// counts are the metrics of one target.
type counts struct {
	target             string
	requests, failures *prometheus.CounterVec
	duration           *prometheus.HistogramVec
	skew               *prometheus.GaugeVec
}

func newCounts(target string) *counts {
	counter := func(m Metric) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: m.Name, Help: m.Help}, m.Labels)
	}
	duration, skew := durationMetric(), skewMetric()
	return &counts{
		target:   target,
		requests: counter(requestsMetric()),
		failures: counter(failuresMetric()),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: duration.Name, Help: duration.Help,
			Buckets: []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, duration.Labels),
		skew: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: skew.Name, Help: skew.Help}, skew.Labels),
	}
}

// Describe implements prometheus.Collector.
func (c *counts) Describe(ch chan<- *prometheus.Desc) {
	for _, part := range c.parts() {
		part.Describe(ch)
	}
}

// Collect implements prometheus.Collector.
func (c *counts) Collect(ch chan<- prometheus.Metric) {
	for _, part := range c.parts() {
		part.Collect(ch)
	}
}

func (c *counts) parts() []prometheus.Collector {
	return []prometheus.Collector{c.requests, c.failures, c.duration, c.skew}
}

// began counts an attempt.
func (c *counts) began(endpoint string) {
	c.requests.WithLabelValues(c.target, endpoint).Inc()
}

// ended counts how an attempt went; there is no reason where it went well.
func (c *counts) ended(endpoint string, took time.Duration, reason Reason) {
	c.duration.WithLabelValues(c.target, endpoint).Observe(took.Seconds())
	if reason != "" {
		c.failures.WithLabelValues(c.target, endpoint, string(reason)).Inc()
	}
}

// told notes how far the clock of the system is ahead of ours.
func (c *counts) told(skew time.Duration) {
	c.skew.WithLabelValues(c.target).Set(skew.Seconds())
}
