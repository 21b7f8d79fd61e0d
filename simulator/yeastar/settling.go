package yeastar

import (
	"slices"

	"conversation_exporter/simulator/world"
)

// settling is the last record that was settled at one reading.
type settling struct {
	pass int
	to   int64
}

// settledBy is the last record that was settled by a pass.
func (p *past) settledBy(pass int) int64 {
	for _, s := range slices.Backward(p.track) {
		if s.pass <= pass {
			return s.to
		}
	}
	return 0
}

// settle keeps the deliveries that are settled now. What is still being sent
// counts as delivered from then on.
func (p *past) settle(h *history) {
	for i := range h.records[:h.settled] {
		r := &h.records[i]
		if _, ok := p.fixed[r.ID]; ok || r.Kind != world.KindMessage {
			continue
		}
		if r.Delivery == world.Sending {
			r.Delivery = world.Sent
		}
		p.fixed[r.ID] = telling{delivery: r.Delivery, failure: r.Failure}
	}
}
