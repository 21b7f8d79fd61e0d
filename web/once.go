package web

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"conversation_exporter/collector"
)

// ErrUnwritten is what WriteOnce ends with where the targets were read, and it was
// their metrics that could not be written.
var ErrUnwritten = errors.New("writing the metrics")

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
		return fmt.Errorf("%w: gathering them: %w", ErrUnwritten, err)
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("reading the targets: %w", err)
	}
	out := bufio.NewWriter(w)
	for _, family := range families {
		if _, err := expfmt.MetricFamilyToText(out, family); err != nil {
			return fmt.Errorf("%w: %w", ErrUnwritten, err)
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("%w: %w", ErrUnwritten, err)
	}
	return nil
}
