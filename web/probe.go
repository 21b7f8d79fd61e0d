package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"conversation_exporter/collector"
)

const (
	// probePath is where one target is scraped alone, paramTarget names it there.
	probePath   = "/probe"
	paramTarget = "target"
	// namesTold is how many targets a sentence lists.
	namesTold = 20
)

// Requests are the metrics of the requests to the targets.
type Requests interface {
	prometheus.Collector
	// Of is those of one target.
	Of(target string) prometheus.Collector
}

// probe makes a pass over one target and writes what it told: the same as
// /metrics has of it.
func (h *Handler) probe(w http.ResponseWriter, r *http.Request) {
	arrived := time.Now()
	if h.gate.closed() {
		say(w, http.StatusServiceUnavailable, shuttingDown)
		return
	}
	name, on, ok := h.asked(w, r)
	if !ok || !h.enter(w, name) {
		return
	}
	defer h.gate.leave(name)
	wanted, err := choose(r, h.probeOffer(on))
	if err != nil {
		say(w, http.StatusBadRequest, err.Error()+".")
		return
	}
	limit := h.limit(r)
	registry := prometheus.NewRegistry()
	if wanted.targets {
		registry.MustRegister(h.opts.Collector.Scrape(r.Context(), collector.Request{Target: name, Arrived: arrived, Limit: limit, Groups: wanted.groups}))
		if _, ok := h.opts.Collector.OnFor(name); !ok {
			// A reload took it away meanwhile; an empty answer would look like success.
			h.unknown(w)
			return
		}
	}
	if wanted.requests && h.opts.Requests != nil {
		registry.MustRegister(h.opts.Requests.Of(name))
	}
	h.write(w, r, registry)
}

// asked is the target that a probe is for, and the groups that are on for it. It
// tells the scraper where there is none such. Only names of the configuration get
// past it, so that the gate counts no others.
func (h *Handler) asked(w http.ResponseWriter, r *http.Request) (name string, on []string, ok bool) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	names := query[paramTarget]
	switch {
	case err != nil:
		say(w, http.StatusBadRequest, "The parameters are not written as a URL has them; "+h.known()+".")
		return "", nil, false
	case len(names) == 0 || names[0] == "":
		say(w, http.StatusBadRequest, "Name the target: "+probePath+"?"+paramTarget+"=NAME; "+h.known()+".")
		return "", nil, false
	case len(names) > 1:
		say(w, http.StatusBadRequest, "Name one target only; "+h.known()+".")
		return "", nil, false
	}
	on, ok = h.opts.Collector.OnFor(names[0])
	if !ok {
		h.unknown(w)
	}
	return names[0], on, ok
}

// unknown refuses the name of a target that there is not. It does not repeat it,
// as it may be anything, such as an address with a password in it.
func (h *Handler) unknown(w http.ResponseWriter) {
	say(w, http.StatusNotFound, "There is no such target; "+h.known()+".")
}

// known lists the targets, as far as a sentence can.
func (h *Handler) known() string { return known(h.opts.Collector.Names()) }

func known(names []string) string {
	switch n := len(names); {
	case n == 0:
		return "there are no targets"
	case n == 1:
		return "there is only " + names[0]
	case n > namesTold:
		return fmt.Sprintf("there are %s and %d more, which "+discoveryPath+" lists", strings.Join(names[:namesTold], ", "), n-namesTold)
	}
	return "there are " + strings.Join(names, ", ")
}
