package httpapi

import (
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

// Metrics counts the requests of all clients of the process. It is a
// prometheus.Collector.
type Metrics struct {
	requests, failures *prometheus.CounterVec
	duration           *prometheus.HistogramVec
	skew               *prometheus.GaugeVec

	mu sync.RWMutex
	// rows are those of the targets that were not forgotten.
	rows map[string]*row
}

// row is what is counted of one target. Metrics.mu guards it.
type row struct{ forgotten bool }

var _ prometheus.Collector = (*Metrics)(nil)

// NewMetrics makes Metrics in which nothing was counted yet.
func NewMetrics() *Metrics {
	counter := func(m Metric) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: m.Name, Help: m.Help}, m.Labels)
	}
	duration, skew := durationMetric(), skewMetric()
	return &Metrics{
		requests: counter(requestsMetric()),
		failures: counter(failuresMetric()),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: duration.Name, Help: duration.Help,
			Buckets: []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, duration.Labels),
		skew: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: skew.Name, Help: skew.Help}, skew.Labels),
		rows: make(map[string]*row),
	}
}

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(ch chan<- *prometheus.Desc) {
	for _, c := range m.all() {
		c.Describe(ch)
	}
}

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(ch chan<- prometheus.Metric) {
	for _, c := range m.all() {
		c.Collect(ch)
	}
}

func (m *Metrics) all() []prometheus.Collector {
	return []prometheus.Collector{m.requests, m.failures, m.duration, m.skew}
}

// Forget drops every series of a target that is no longer configured. A request
// of it that ends later does not bring them back; a new client of that name does.
func (m *Metrics) Forget(target string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r := m.rows[target]; r != nil {
		r.forgotten = true
		delete(m.rows, target)
	}
	series := prometheus.Labels{"target": target}
	m.requests.DeletePartialMatch(series)
	m.failures.DeletePartialMatch(series)
	m.duration.DeletePartialMatch(series)
	m.skew.DeletePartialMatch(series)
}

// counts are the Metrics of one target, for one client.
type counts struct {
	all    *Metrics
	target string
	row    *row
}

// counts begins the row of a target: a request that was never made counts 0, so
// that its first one is seen as an increase. Clients of one target share a row.
func (m *Metrics) counts(target string, routes []Route) counts {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.rows[target]
	if r == nil {
		r = &row{}
		m.rows[target] = r
	}
	for _, route := range routes {
		m.requests.WithLabelValues(target, route.Path)
	}
	return counts{m, target, r}
}

// unlessForgotten counts something, if the target is still there.
func (c counts) unlessForgotten(count func()) {
	c.all.mu.RLock()
	defer c.all.mu.RUnlock()
	if !c.row.forgotten {
		count()
	}
}

// began counts an attempt.
func (c counts) began(endpoint string) {
	c.unlessForgotten(func() { c.all.requests.WithLabelValues(c.target, endpoint).Inc() })
}

// ended counts how an attempt went; there is no reason where it went well.
func (c counts) ended(endpoint string, took time.Duration, reason Reason) {
	c.unlessForgotten(func() {
		c.all.duration.WithLabelValues(c.target, endpoint).Observe(took.Seconds())
		if reason != "" {
			c.all.failures.WithLabelValues(c.target, endpoint, string(reason)).Inc()
		}
	})
}

// told notes how far the clock of the system is ahead of ours.
func (c counts) told(skew time.Duration) {
	c.unlessForgotten(func() { c.all.skew.WithLabelValues(c.target).Set(skew.Seconds()) })
}
