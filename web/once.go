package web

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"conversation_exporter/collector"
)

// WriteOnce makes one pass over every target, each within its own timeout, and
// writes what /metrics shows of them, in the text format. Once the context has
// ended nothing is written: half a collection would look like a whole one.
func (h *Handler) WriteOnce(ctx context.Context, w io.Writer) error {
	registry := prometheus.NewRegistry()
	registry.MustRegister(h.opts.Collector.Scrape(ctx, collector.Request{Arrived: time.Now()}))
	if h.opts.Requests != nil {
		registry.MustRegister(h.opts.Requests)
	}
	families, err := registry.Gather()
	if err != nil {
		return fmt.Errorf("gathering the metrics: %w", err)
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("reading the targets: %w", err)
	}
	out := bufio.NewWriter(w)
	for _, family := range families {
		if _, err := expfmt.MetricFamilyToText(out, family); err != nil {
			return fmt.Errorf("writing the metrics: %w", err)
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("writing the metrics: %w", err)
	}
	return nil
}
