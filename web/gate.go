package web

import (
	"context"
	"sync"
)

// gate counts the scrapes in flight and lets no more in than its limit and, once
// it is shut, none. The zero gate is open and has no limit.
type gate struct {
	// limit is how many may be inside at once; 0 means any number.
	limit  int
	mu     sync.Mutex
	inside int
	shut   bool
	// empty is closed when the gate is shut and nobody is inside.
	empty chan struct{}
}

// entry is what the gate says to a scrape that wants in.
type entry int

const (
	// entered: the scrape is in flight now, and must leave.
	entered entry = iota
	// refusedShut: the program is ending.
	refusedShut
	// refusedFull: as many as may be are in flight.
	refusedFull
)

// enter lets a scrape in, unless the gate is shut or there are too many inside.
func (g *gate) enter() entry {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.shut:
		return refusedShut
	case g.limit > 0 && g.inside >= g.limit:
		return refusedFull
	}
	g.inside++
	return entered
}

// leave is called once by each that entered.
func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside--
	if g.shut && g.inside == 0 {
		close(g.empty)
	}
}

func (g *gate) closed() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.shut
}

// close shuts the gate and returns a channel that is closed when nobody is
// inside.
func (g *gate) close() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.shut {
		g.shut = true
		g.empty = make(chan struct{})
		if g.inside == 0 {
			close(g.empty)
		}
	}
	return g.empty
}

// Drain refuses new scrapes from now on and waits for those in flight, until
// the context ends.
func (h *Handler) Drain(ctx context.Context) {
	select {
	case <-h.gate.close():
	case <-ctx.Done():
	}
}
