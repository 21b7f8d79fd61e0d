package web

import (
	"net/http"
	"slices"
	"sync"
	"time"
)

const (
	// soonRendered is how long writing an answer may take without being planned for.
	soonRendered = 100 * time.Millisecond
	// renderingShare is the part of a scraper's time that is set aside for it at most.
	renderingShare = 3
	// rendersKept is how many answers are remembered.
	rendersKept = 3
)

// rendering remembers how long it took to write the last answers with the metrics
// of all targets. A fleet has so many that the answer would come too late, were the
// targets given all the time: one that hangs would then cost the metrics of all.
type rendering struct {
	mu sync.Mutex
	// took is a ring; next is the place of the next answer, that of the oldest.
	took [rendersKept]time.Duration
	next int
}

// note takes down how long it took this time. The longest of the last few counts,
// as scrapes may ask for much and for little by turns; one that the machine was too
// busy for is soon forgotten.
func (r *rendering) note(took time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.took[r.next] = took
	r.next = (r.next + 1) % rendersKept
}

// longest is how long writing the next answer may take.
func (r *rendering) longest() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Max(r.took[:])
}

// leave takes off a scraper's time what writing will need of it.
func (r *rendering) leave(limit time.Duration) time.Duration {
	took := r.longest()
	if took < soonRendered {
		return limit
	}
	return limit - min(took, limit/renderingShare)
}

// patient is a ResponseWriter that knows how long it waited for who reads, which
// is no time of ours: somebody slow must not shorten the time of all others.
type patient struct {
	http.ResponseWriter
	waited time.Duration
}

// Write implements http.ResponseWriter.
func (p *patient) Write(text []byte) (int, error) {
	begun := time.Now()
	defer func() { p.waited += time.Since(begun) }()
	return p.ResponseWriter.Write(text)
}
