package web

import (
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"conversation_exporter/collector"
)

// shuttingDown is what those are told who come while the program ends.
const shuttingDown = "conversation_exporter is shutting down."

// metrics makes a pass over the targets and writes what they told.
func (h *Handler) metrics(w http.ResponseWriter, r *http.Request) {
	arrived := time.Now()
	if !h.enter(w, ofAll) {
		return
	}
	defer h.gate.leave(ofAll)
	wanted, err := choose(r, h.metricsOffer())
	if err != nil {
		say(w, http.StatusBadRequest, err.Error()+".")
		return
	}
	limit := h.rendering.leave(h.limit(r))
	var from prometheus.Gatherers
	if wanted.exporter {
		from = append(from, h.registry)
	}
	// A registry of its own, since the values belong to this request alone.
	targets := prometheus.NewRegistry()
	if wanted.targets && !h.opts.NoTargets {
		targets.MustRegister(h.opts.Collector.Scrape(r.Context(), collector.Request{Arrived: arrived, Limit: limit, Groups: wanted.groups}))
	}
	if wanted.requests && !h.opts.NoTargets && h.opts.Requests != nil {
		// They are gathered after the pass, so that its own requests are counted.
		targets.MustRegister(h.opts.Requests)
	}
	begun, reader := time.Now(), &patient{ResponseWriter: w}
	h.write(reader, r, append(from, targets))
	if wanted.targets {
		h.rendering.note(time.Since(begun) - reader.waited)
	}
}

// enter lets a scrape of a page in, or tells it why not. Who is let in must leave.
func (h *Handler) enter(w http.ResponseWriter, page string) bool {
	switch h.gate.enter(page) {
	case refusedShut:
		say(w, http.StatusServiceUnavailable, shuttingDown)
	case refusedFull:
		whose := ""
		if page != ofAll {
			whose = " of this target"
		}
		say(w, http.StatusServiceUnavailable, fmt.Sprintf("%d scrapes%s are in flight already: scrape less often, or raise --web.max-requests.", h.opts.MaxRequests, whose))
	case entered:
		return true
	}
	return false
}

// limit is how long the scraper allows, and 0 where it does not say.
func (h *Handler) limit(r *http.Request) time.Duration {
	limit, ok := scrapeLimit(r.Header.Get(timeoutHeader), h.opts.TimeoutOffset)
	if !ok {
		h.badTimeouts.Inc()
	}
	return limit
}

// write writes what was gathered, in the form that the scraper asks for.
func (h *Handler) write(w http.ResponseWriter, r *http.Request, from prometheus.Gatherer) {
	out := &answer{ResponseWriter: w}
	promhttp.HandlerFor(from, promhttp.HandlerOpts{
		ErrorLog: &errorLog{logger: h.opts.Logger, answer: out},
		// The other way would write a stack trace to the scraper.
		ErrorHandling:     promhttp.ContinueOnError,
		Registry:          h.registry,
		EnableOpenMetrics: true,
	}).ServeHTTP(out, r)
}
