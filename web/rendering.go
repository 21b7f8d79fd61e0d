package web

import (
	"net/http"
	"sync/atomic"
	"time"
)

const (
	// soonRendered is how long writing an answer may take without being planned for.
	soonRendered = 100 * time.Millisecond
	// renderingShare is the part of a scraper's time that is set aside for it at most.
	renderingShare = 3
)

// rendering remembers how long it takes to write the metrics of all targets. A
// fleet has so many that the answer would come too late, were the targets given
// all the time: one that hangs would then cost the metrics of all.
type rendering struct{ took atomic.Int64 }

// note takes down how long it took this time. What took long is forgotten step by
// step, as the next answer may again be a long one.
func (r *rendering) note(took time.Duration) {
	before := time.Duration(r.took.Load())
	r.took.Store(int64(max(took, before-before/8)))
}

// leave takes off a scraper's time what writing will need of it.
func (r *rendering) leave(limit time.Duration) time.Duration {
	took := time.Duration(r.took.Load())
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
