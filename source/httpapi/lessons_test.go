package httpapi

import (
	"context"
	"net/http"
	"testing"
	"time"
)

// TestLesson05HungServersKeepNoDescriptors makes many calls that a server takes
// and never answers, and then counts what is still open.
func TestLesson05HungServersKeepNoDescriptors(t *testing.T) {
	hung := newServer(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	before := descriptors(t)
	c := newClient(t, Config{BaseURL: hung.URL, Concurrency: 4})
	for range 100 {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Millisecond)
		if err := get(ctx, c); err == nil {
			t.Error("a call that is never answered succeeded")
		}
		cancel()
	}
	c.CloseIdle()
	// The server learns of a closed connection a moment later.
	for wait := 0; descriptors(t) > before+5; wait++ {
		if wait == 1000 {
			t.Fatalf("%d descriptors are open, %d were before", descriptors(t), before)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
