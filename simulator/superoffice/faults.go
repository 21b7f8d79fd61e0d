package superoffice

import (
	"math/rand/v2"
	"slices"
	"time"
)

// Kind is what a fault does to a request that it fits.
type Kind int

// The kind that the server has of its own.
const (
	// Refuse answers Status, 500 by default, with the vendor's body of an error,
	// once host and credentials were checked.
	Refuse Kind = iota

	// Latency holds the answer back by Wait of real time, and harms nothing else.
	Latency

	// The next kinds act before the server: it never gets to see the request.

	// Hang answers nothing until the client leaves.
	Hang
	// Reset resets the connection (RST) before the first byte of an answer.
	Reset
	// Plain answers a short text with Status, 500 by default.
	Plain
	// HTML answers a web page with Status, 503 by default, as IIS or a proxy does
	// in front of an application that is away.
	HTML
	// Empty answers Status, 200 by default, and no body.
	Empty
	// EmptyObject answers the JSON object {}, and Null answers null.
	EmptyObject
	Null
	// Garbage answers bytes that are no text and no JSON.
	Garbage
	// Throttle answers Status, 429 by default, and Retry-After in seconds: Wait.
	Throttle
	// ThrottleUntil is Throttle with Retry-After as a date of the virtual clock.
	ThrottleUntil
	// Redirect answers Status, 302 by default, and the place Location.
	Redirect

	// The next kinds act on the way back: what was asked for has been done.

	// Lost resets the connection instead of an answer.
	Lost
	// ResetMidway resets the connection in the middle of the body.
	ResetMidway
	// CloseAfterHeaders closes the connection once the headers are sent.
	CloseAfterHeaders
	// Truncated sends half of the body as if it were all of it.
	Truncated
	// Huge puts Size bytes of padding, 40 MiB by default, before the body, which
	// is what it should be otherwise. It is never held in memory.
	Huge
	// Drip sends the body byte by byte, Wait of real time apart.
	Drip
	// WrongTypes makes objects of numbers and lists of texts.
	WrongTypes
	// WrongShapes makes texts of lists and lists of objects.
	WrongShapes

	// The next kinds change what a list shows.

	// FilterIgnored answers as if there were no $filter: who goes on behind the
	// last id gets the first page again.
	FilterIgnored
	// DuplicateRows shows each row of a page, or each message, twice.
	DuplicateRows
	// EndlessRows fills each page with rows that do not exist, ever new ones.
	EndlessRows
	// ForeignMessages shows the messages of another chat among those asked for.
	ForeignMessages
)

// frontKinds act before the server sees a request.
func frontKinds() []Kind {
	return []Kind{Hang, Reset, Plain, HTML, Empty, EmptyObject, Null, Garbage, Throttle, ThrottleUntil, Redirect}
}

// backKinds spoil an answer on its way.
func backKinds() []Kind {
	return []Kind{Lost, ResetMidway, CloseAfterHeaders, Truncated, Huge, Drip, WrongTypes, WrongShapes}
}

// Fault is something that goes wrong with some requests. The zero value of
// what it is limited to means no limit.
type Fault struct {
	// Kind is what goes wrong.
	Kind Kind
	// Endpoint is the path after the root, such as "ChatSession/{id}/Messages".
	Endpoint string
	// Times is how many requests are concerned, until the fault is lifted by default.
	Times int
	// Share is the part of the requests that is concerned, by the seed; 0 means all.
	Share float64

	// Status is the HTTP status of those kinds that have one.
	Status int
	// Location is where Redirect leads.
	Location string
	// Wait is the time of Latency and Drip, and what Throttle asks for.
	Wait time.Duration
	// Size is how much Huge adds, in bytes.
	Size int64
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
const faultStream = 0x736f6661756c74

// Inject adds a fault, and gives what lifts it again. Of several of the same
// sort that fit a request, the first added acts.
func (s *Server) Inject(f Fault) (lift func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.injections++
	// #nosec G404 -- a simulation must be repeatable
	added := &injected{Fault: f, chance: rand.New(rand.NewPCG(s.o.Seed, faultStream+s.injections))}
	s.faults = append(s.faults, added)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.faults = slices.DeleteFunc(s.faults, func(have *injected) bool { return have == added })
	}
}

// FailEndpoint lets an endpoint answer an HTTP status until further notice; 0 lets
// it work again.
func (s *Server) FailEndpoint(endpoint string, status int) {
	s.mu.Lock()
	s.faults = slices.DeleteFunc(s.faults, func(f *injected) bool { return f.Endpoint == endpoint })
	s.mu.Unlock()
	if status != 0 {
		s.Inject(Fault{Endpoint: endpoint, Status: status})
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
		if !slices.Contains(kinds, f.Kind) || f.Endpoint != "" && f.Endpoint != c.endpoint || f.Share > 0 && f.chance.Float64() >= f.Share {
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
