package web

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// Configuration is what the targets come from, which may be read anew while the
// program runs.
type Configuration interface {
	// Reload reads it anew and tells in a sentence what has changed and, in a line
	// each, what may not be meant. An error says why nothing has changed.
	Reload(ctx context.Context) (changes string, err error)
	// Last tells how it was read last.
	Last() Reading
}

// Reading is how a configuration was read.
type Reading struct {
	// At is when it was last read without a mistake, as it is in use since.
	At time.Time
	// Warnings tell what is no mistake in it, but may not be meant.
	Warnings []string
	// Failure is why a later reading failed, the last of which was at FailedAt; nil
	// where none has failed since At. It is shown to whoever sees the page.
	Failure  error
	FailedAt time.Time
}

// errFixed is what a reload ends with where there is nothing to read.
var errFixed = errors.New("there is no configuration file to read anew")

// fixed is a configuration that cannot be read anew.
type fixed struct{ since time.Time }

// Reload implements Configuration.
func (fixed) Reload(context.Context) (string, error) { return "", errFixed }

// Last implements Configuration.
func (f fixed) Last() Reading { return Reading{At: f.since} }

// reload reads the configuration anew.
func (h *Handler) reload(w http.ResponseWriter, r *http.Request) {
	if h.gate.closed() {
		say(w, http.StatusServiceUnavailable, shuttingDown)
		return
	}
	changes, err := h.opts.Configuration.Reload(r.Context())
	switch {
	case err == nil:
		say(w, http.StatusOK, changes)
	case h.gate.closed():
		say(w, http.StatusServiceUnavailable, shuttingDown)
	default:
		say(w, http.StatusInternalServerError, "The configuration stays as it is:\n"+err.Error())
	}
}
