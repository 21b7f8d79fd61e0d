package web

import (
	"context"
	"sync"
)

// gate counts the scrapes in flight and, once it is shut, lets no more in. The
// zero gate is open.
type gate struct {
	mu     sync.Mutex
	inside int
	shut   bool
	// empty is closed when the gate is shut and nobody is inside.
	empty chan struct{}
}

// enter lets a scrape in, unless the gate is shut.
func (g *gate) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut {
		return false
	}
	g.inside++
	return true
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
