package web

import (
	"context"
	"sync"
)

// ofAll is the page of all targets, as the gate knows it; the page of one is known
// by the target's name.
const ofAll = ""

// gate counts the scrapes in flight and lets no more into a page than its limit
// and, once it is shut, none. Each page is counted by itself, so that a target that
// hangs takes no place from another one. The zero gate is open and has no limit.
type gate struct {
	// limit is how many may be inside of one page at once; 0 means any number.
	limit int
	mu    sync.Mutex
	// inside are all of them, pages those of each page that has any.
	inside int
	pages  map[string]int
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
	// refusedFull: as many as may be are in flight for that page.
	refusedFull
)

// enter lets a scrape of a page in, unless the gate is shut or there are too many
// inside of that page.
func (g *gate) enter(page string) entry {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.shut:
		return refusedShut
	case g.limit > 0 && g.pages[page] >= g.limit:
		return refusedFull
	}
	if g.pages == nil {
		g.pages = make(map[string]int)
	}
	g.inside++
	g.pages[page]++
	return entered
}

// leave is called once by each that entered, for the same page.
func (g *gate) leave(page string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside--
	if g.pages[page]--; g.pages[page] == 0 {
		// Targets come and go; a page that nobody is in takes no room.
		delete(g.pages, page)
	}
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
