package yeastar

import (
	"slices"
	"time"

	"conversation_exporter/simulator/figures"
	"conversation_exporter/simulator/world"
)

// ExpectOptions are what an exporter is configured with that reads this server,
// and what it cannot read at the moment.
type ExpectOptions struct {
	// QueueMembers tells that the members of all queues are viewers.
	QueueMembers bool
	// API tells that the API is a viewer.
	API bool
	// Extensions are further viewers, by their numbers.
	Extensions []string
	// AllExtensions makes every extension a viewer.
	AllExtensions bool
	// AgentsDestination tells that people write through the API (api_destination:
	// agents) and not an automation.
	AgentsDestination bool
	// Failing are the viewers whose lists cannot be read at the moment.
	Failing []world.Viewer
	// ModesUnread tells that the assignment modes cannot be read at the moment.
	ModesUnread bool
	// Messages tells that the exporter reads messages, too.
	Messages bool
	// Queues, Channels and Agents tell that it has these groups.
	Queues, Channels, Agents bool
	// HoldFor is how long sessions are held that only failing viewers would
	// show: two passes, or 5 minutes if that is longer, which is the default.
	HoldFor time.Duration
}

// Known is what a place was ever seen with.
type Known struct {
	// Campaign tells that a campaign's session was there.
	Campaign bool
	// Window tells that a session with a reply window was there.
	Window bool
}

// OpenKey is what open sessions are counted by.
type OpenKey struct {
	Place
	Origin string
	State  world.State
}

// WindowKey is what reply windows are counted by.
type WindowKey struct {
	Place
	Awaiting  string
	Remaining string
}

// ExpiryKey is what the next end of a window is given by.
type ExpiryKey struct {
	Place
	Awaiting string
}

// ExpectedSession is one session as it must be counted.
type ExpectedSession struct {
	Place  Place
	Origin string
	State  world.State
	// HasWindow tells that it has a reply window, and WindowOver that this has
	// ended; WindowEnd is when it ends by what was told.
	HasWindow, WindowOver bool
	WindowEnd             time.Time
	// Held tells that nobody shows it any more who can be read (R26).
	Held bool
	// Awaiting is whose turn it is: agent, customer, or unknown where its messages
	// are not read.
	Awaiting string
	// Clock is when the wait of a customer began who is owed an answer, and Unread
	// how many of his messages wait; Entered is when it came into the queue in
	// which it waits. They are zero where that is not so, or not known.
	Clock, Entered time.Time
	Unread         int

	// last is the last message id that is listed, told the window as it is told.
	last int64
	told windowNote
	// agent is the extension number of who has it, as far as it can be told.
	agent string
}

// Expected is what an exporter has to show of the open sessions. Counts of
// nothing are absent from the maps.
type Expected struct {
	// At is the virtual instant for which this holds.
	At time.Time
	// Exported is false where no viewer at all can be read: then nothing may be
	// shown, and the maps are empty.
	Exported bool
	Open     map[OpenKey]int
	Windows  map[WindowKey]int
	// NextExpiry is the earliest end of a window that is open, by place.
	NextExpiry map[ExpiryKey]time.Time
	// Sessions are the sessions behind the counts, by their ids.
	Sessions map[int64]ExpectedSession
	// Known are all places that the API has ever shown to these viewers.
	Known map[Place]Known
	// Gauges and Counted are of the messages, and empty where none are read.
	Gauges  Gauges
	Counted Counts
	// Queues, Channels and Agents are empty without these groups. They hold their
	// zeros, and do not hang on the viewers but for the sessions of agents.
	Queues   QueueGauges
	Channels ChannelGauges
	Agents   AgentGauges
}

// The words that the counts are made by.
const (
	noQueue          = "(none)"
	otherQueues      = "(other)"
	originRegular    = "regular"
	originCampaign   = "campaign"
	awaitingAgent    = "agent"
	awaitingCustomer = "customer"
	awaitingUnknown  = "unknown"
)

// Expect gives what an exporter must show by the rules if it reads the server
// at this instant. It joins what is true in the world with what the API has
// shown so far, and takes no note itself. It knows of one exporter: others that
// read the same server confuse it, as does one that changes its configuration.
// While the clock stands during a pass it is exact; where the clock runs, ends of
// windows may be off by the second that the API cuts off.
//
// Without Messages it may be called before the exporter's pass or after it, at the
// same instant. With Messages it is to be called after the pass, before the clock
// moves on: what the records tell is known only once they were shown. Gauges and
// counters are then those of this very pass. They hold where the exporter says
// that nothing is partial and no session is pending, and from the first pass on
// that had Messages: who begins later than an hour after it may miss sessions
// that are forgotten by then.
//
// The values of the groups Queues, Channels and Agents are those of the last
// answers that were given, so they are to be asked for after the pass, too. A list
// counts once all its pages were shown, one after the other.
func (s *Server) Expect(o ExpectOptions) Expected {
	sights, now := s.world.Sights()
	e := Expected{
		At: now, Open: make(map[OpenKey]int), Windows: make(map[WindowKey]int), NextExpiry: make(map[ExpiryKey]time.Time),
		Sessions: make(map[int64]ExpectedSession), Known: make(map[Place]Known), Gauges: figures.NewGauges(), Counted: *figures.NewCounts(),
		Queues: newQueueGauges(), Channels: newChannelGauges(), Agents: newAgentGauges(),
	}
	r := newReader(s, o, now)
	if r.notes == nil {
		r.notes = newNotes() // a forgetful server has shown nothing
	}
	r.notes.mu.Lock()
	defer r.notes.mu.Unlock()
	r.complete = r.lastComplete()
	r.places(e.Known)
	e.groups(r)
	e.Exported = len(r.readable) > 0
	if !e.Exported {
		return e
	}
	for i := range sights {
		if expected, ok := r.listed(&sights[i]); ok {
			e.Sessions[sights[i].ID] = expected
		}
	}
	for id, entry := range r.notes.sessions {
		if _, listed := e.Sessions[id]; listed {
			continue
		}
		if expected, ok := r.held(entry); ok {
			e.Sessions[id] = expected
		}
	}
	if o.Messages {
		e.messages(r)
	}
	for _, expected := range e.Sessions {
		e.count(expected)
		expected.add(&e.Gauges, e.At)
	}
	if o.Agents {
		e.Agents.hold(r.notes.directory, e.Sessions, o.AllExtensions)
	}
	return e
}

// count adds one session to the sums.
func (e *Expected) count(s ExpectedSession) {
	e.Open[OpenKey{s.Place, s.Origin, s.State}]++
	if !s.HasWindow || s.State == world.Automated {
		return // an automation owes nobody a reply
	}
	left := s.WindowEnd.Sub(e.At)
	open := !s.WindowOver && left > 0
	class := "expired"
	if open {
		class = remainingClass(left)
	}
	e.Windows[WindowKey{s.Place, s.Awaiting, class}]++
	if !open {
		return
	}
	key := ExpiryKey{s.Place, s.Awaiting}
	if next, ok := e.NextExpiry[key]; !ok || s.WindowEnd.Before(next) {
		e.NextExpiry[key] = s.WindowEnd
	}
}

// remainingClass names what is left of an open window; lower bounds belong to
// their class.
func remainingClass(left time.Duration) string {
	classes := [...]struct {
		from time.Duration
		name string
	}{{4 * time.Hour, "ge_4h"}, {time.Hour, "1h_4h"}, {30 * time.Minute, "30m_1h"}, {15 * time.Minute, "15m_30m"}}
	for _, c := range classes {
		if left >= c.from {
			return c.name
		}
	}
	return "lt_15m"
}

// viewers gives everyone whose sessions an exporter so configured reads.
func (s *Server) viewers(o ExpectOptions) []world.Viewer {
	var list []world.Viewer
	if o.API {
		list = append(list, world.API)
	}
	for _, number := range o.Extensions {
		list = append(list, world.Viewer(number))
	}
	if o.QueueMembers {
		for _, q := range s.world.Queues() {
			for _, m := range q.Members {
				list = append(list, world.Viewer(m.Number))
			}
		}
	}
	if o.AllExtensions {
		s.mu.Lock()
		hidden := slices.Clone(s.switches.HiddenExtensions)
		s.mu.Unlock()
		for _, a := range s.world.Agents() {
			if !slices.Contains(hidden, a.Number) {
				list = append(list, world.Viewer(a.Number))
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}
