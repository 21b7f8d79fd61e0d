package yeastar

import (
	"math/rand/v2"
	"slices"
	"time"
)

// Kind is what a fault does to a request that it fits.
type Kind int

// The kind that a PBX has of its own.
const (
	// Refuse answers the errcode Code, once address and token were checked.
	Refuse Kind = iota

	// Latency holds the answer back by Wait of real time, and harms nothing else.
	Latency

	// The next kinds act before the PBX: it never gets to see the request.

	// Hang answers nothing until the client leaves.
	Hang
	// Reset resets the connection (RST) before the first byte of an answer.
	Reset
	// Plain answers a short text with Status, 500 by default.
	Plain
	// HTML answers a web page with Status, 200 by default: what another host
	// answers, or a proxy in front of a PBX that is away (502, 503, 504).
	HTML
	// Empty answers Status, 200 by default, and no body.
	Empty
	// EmptyObject answers the JSON object {}, which has no errcode.
	EmptyObject
	// Garbage answers bytes that are no text and no JSON.
	Garbage
	// Throttle answers Status, 429 by default, and Retry-After in seconds: Wait.
	Throttle
	// ThrottleUntil is Throttle with Retry-After as a date of the virtual clock.
	ThrottleUntil
	// Redirect answers Status, 302 by default, and the place Location.
	Redirect

	// The next kinds act on the way back: what was asked for has been done.

	// Lost resets the connection instead of an answer. At refresh_token the old
	// tokens are gone then, and nobody has the new ones.
	Lost
	// ResetMidway resets the connection in the middle of the body.
	ResetMidway
	// CloseAfterHeaders closes the connection once the headers are sent.
	CloseAfterHeaders
	// Truncated sends half of the body as if it were all of it.
	Truncated
	// Huge puts Size bytes of padding, 40 MiB by default, into the body, which
	// is what it should be otherwise. It is never held in memory.
	Huge
	// Drip sends the body byte by byte, Wait of real time apart.
	Drip
	// WrongTypes makes objects of numbers and lists of texts, but for errcode
	// and errmsg.
	WrongTypes
	// WrongShapes makes texts of lists and lists of objects.
	WrongShapes

	// The next kinds change what a list shows. Those of the cursor act on lists
	// of sessions, and some of them on message/get.

	// CursorIgnored answers the first page whatever the cursor is. It holds for
	// the page numbers of the other lists, too.
	CursorIgnored
	// CursorCircle goes on from the top once a list has ended.
	CursorCircle
	// CursorRising shows the oldest first, so that cursors go up.
	CursorRising
	// EndlessRows goes on with sessions that do not exist, ever new ones. All
	// message ids of the list are much higher meanwhile, so that they can fall.
	EndlessRows
	// DuplicateRows shows each row of a page twice.
	DuplicateRows
	// RepeatedRows begins a page with the second half of the page before.
	RepeatedRows
	// NoMembers leaves the members out of a queue's information.
	NoMembers
	// NoAssignmentMode leaves the assignment mode out of it.
	NoAssignmentMode
	// ForeignRecords mixes the records of another session in with those of the
	// one that message/get or message/query shows.
	ForeignRecords
)

// frontKinds act before the PBX sees a request.
func frontKinds() []Kind {
	return []Kind{Hang, Reset, Plain, HTML, Empty, EmptyObject, Garbage, Throttle, ThrottleUntil, Redirect}
}

// backKinds spoil an answer on its way.
func backKinds() []Kind {
	return []Kind{Lost, ResetMidway, CloseAfterHeaders, Truncated, Huge, Drip, WrongTypes, WrongShapes}
}

// pagingKinds change which sessions a page shows.
func pagingKinds() []Kind {
	return []Kind{CursorIgnored, CursorCircle, CursorRising, EndlessRows, DuplicateRows, RepeatedRows}
}

// Fault is something that goes wrong with some requests. The zero value of
// what it is limited to means no limit.
type Fault struct {
	// Kind is what goes wrong.
	Kind Kind
	// Endpoint is the path after the root, such as "message_session/search".
	Endpoint string
	// Viewer is the user_no, or "api" for the API.
	Viewer string
	// Times is how many requests are concerned, until the fault is lifted by default.
	Times int
	// Share is the part of the requests that is concerned, by the seed; 0 means all.
	Share float64

	// Code is the errcode of Refuse.
	Code int
	// Status is the HTTP status of those kinds that have one.
	Status int
	// Location is where Redirect leads.
	Location string
	// Wait is the time of Latency and Drip, and what Throttle asks for.
	Wait time.Duration
	// Size is how much Huge adds, in bytes.
	Size int64
}

func (f *Fault) fits(c *call) bool {
	return (f.Endpoint == "" || f.Endpoint == c.endpoint) && (f.Viewer == "" || f.Viewer == c.params.viewer())
}

// status gives the HTTP status to answer.
func (f *Fault) status(otherwise int) int {
	if f.Status == 0 {
		return otherwise
	}
	return f.Status
}

// injected is a fault at work. Its chance is its own: neither another fault nor
// the world changes which requests it hits.
type injected struct {
	Fault
	chance *rand.Rand
}

// faultStream keeps the chance of faults away from that of the world.
const faultStream = 0x6661756c74

// Inject adds a fault, and gives what lifts it again. Of several of the same
// sort that fit a request, the first added acts.
func (s *Server) Inject(f Fault) (lift func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	added := s.inject(f)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.faults = slices.DeleteFunc(s.faults, func(have *injected) bool { return have == added })
	}
}

func (s *Server) inject(f Fault) *injected {
	s.injections++
	// #nosec G404 -- a simulation must be repeatable
	added := &injected{Fault: f, chance: rand.New(rand.NewPCG(s.seed, faultStream+s.injections))}
	s.faults = append(s.faults, added)
	return added
}

// FailEndpoint lets an endpoint answer an error code until further notice; the
// code 0 lets it work again, for all its viewers.
func (s *Server) FailEndpoint(endpoint string, code int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = slices.DeleteFunc(s.faults, func(f *injected) bool { return f.Endpoint == endpoint })
	if code != 0 {
		s.inject(Fault{Endpoint: endpoint, Code: code})
	}
}

// FailViewer lets the lists of one viewer, an extension's number or "api",
// answer an error code until further notice; the code 0 lets them work again.
func (s *Server) FailViewer(viewer string, code int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = slices.DeleteFunc(s.faults, func(f *injected) bool { return f.Viewer == viewer })
	if code != 0 {
		for _, endpoint := range [...]string{"message_session/search", "message_session/list"} {
			s.inject(Fault{Endpoint: endpoint, Viewer: viewer, Code: code})
		}
	}
}

// ClearFaults takes all faults away; the switches stay.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// fault gives the first fault of the given kinds that hits a request, and takes
// the request off its times.
func (s *Server) fault(c *call, kinds ...Kind) (Fault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.faults {
		if !slices.Contains(kinds, f.Kind) || !f.fits(c) || f.Share > 0 && f.chance.Float64() >= f.Share {
			continue
		}
		if f.Times > 0 {
			f.Times--
			if f.Times == 0 {
				s.faults = slices.Delete(s.faults, i, i+1)
			}
		}
		return f.Fault, true
	}
	return Fault{}, false
}
