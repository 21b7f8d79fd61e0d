package yeastar

import (
	"context"
	"slices"
	"time"
)

// Cursor is whether the row that first_msg_id names is given once more.
type Cursor int

// The two readings of the vendor's "ID of the first message to retrieve".
const (
	// Exclusive starts a page after the row that the cursor names.
	Exclusive Cursor = iota
	// Inclusive starts a page with that row.
	Inclusive
)

// Switches decide what the vendor leaves open, and what goes wrong. The zero
// value is a PBX in good order.
type Switches struct {
	// Cursor says whether pages overlap by a row.
	Cursor Cursor
	// PageSizeLimit clamps the page_size of session lists; 0 means no limit.
	PageSizeLimit int
	// UnknownExtensionFails answers 60001 for a user_no that does not exist,
	// instead of an empty list.
	UnknownExtensionFails bool
	// CloseConnections ends the connection after each answer, as the vendor's
	// request overview says the PBX does.
	CloseConnections bool
	// RefreshKeepsToken leaves the old access token valid when it is refreshed.
	RefreshKeepsToken bool
	// AllowedIPs are the only addresses that may call; empty means all.
	AllowedIPs []string
	// BumpBetweenPages lets the customer of the next page's first session write
	// as soon as a page is given, so that the session escapes the paging.
	BumpBetweenPages bool
	// NumbersAsStrings writes every number but errcode as a string.
	NumbersAsStrings bool
	// NullLists writes empty lists as null.
	NullLists bool
	// Latency holds every answer back by real time.
	Latency time.Duration
}

func (sw Switches) clone() Switches {
	sw.AllowedIPs = slices.Clone(sw.AllowedIPs)
	return sw
}

// Set changes the switches, for all requests from now on. The function gets
// the present ones and must not call the server.
func (s *Server) Set(change func(*Switches)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := s.switches.clone()
	change(&next)
	s.switches = next.clone()
}

// Fault is an error code that an endpoint answers instead of its data.
type Fault struct {
	// Endpoint is the path after the root, such as "message_session/search".
	Endpoint string
	// Viewer is the user_no, or "api" for the API; empty fails all of them.
	Viewer string
	// Code is the errcode to answer.
	Code int
	// Times is how many requests fail; 0 means all until the fault is cleared.
	Times int
}

func (f Fault) fits(c *call) bool {
	return f.Endpoint == c.endpoint && (f.Viewer == "" || f.Viewer == c.params.viewer())
}

// Inject adds a fault. Of several that fit a request, the first added acts.
func (s *Server) Inject(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, f)
}

// FailEndpoint lets an endpoint answer an error code until further notice; the
// code 0 lets it work again, for all its viewers.
func (s *Server) FailEndpoint(endpoint string, code int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = slices.DeleteFunc(s.faults, func(f Fault) bool { return f.Endpoint == endpoint })
	if code != 0 {
		s.faults = append(s.faults, Fault{Endpoint: endpoint, Code: code})
	}
}

// FailViewer lets the lists of one viewer, an extension's number or "api",
// answer an error code until further notice; the code 0 lets them work again.
func (s *Server) FailViewer(viewer string, code int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = slices.DeleteFunc(s.faults, func(f Fault) bool { return f.Viewer == viewer })
	if code != 0 {
		for _, endpoint := range [...]string{"message_session/search", "message_session/list"} {
			s.faults = append(s.faults, Fault{Endpoint: endpoint, Viewer: viewer, Code: code})
		}
	}
}

// ClearFaults takes all faults away; the switches stay.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// fault gives the code that a request is to fail with.
func (s *Server) fault(c *call) (int, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.faults, func(f Fault) bool { return f.fits(c) })
	if i < 0 {
		return 0, false
	}
	code := s.faults[i].Code
	if s.faults[i].Times > 0 {
		s.faults[i].Times--
		if s.faults[i].Times == 0 {
			s.faults = slices.Delete(s.faults, i, i+1)
		}
	}
	return code, true
}

// pause waits for real time; false means that the client has gone.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
