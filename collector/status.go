package collector

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"conversation_exporter/conversation"
)

// Status is the last pass of one target in words for people. It holds names of
// targets, channels and queues, counts and times; nothing of a customer.
type Status struct {
	// Target is the target's name.
	Target string
	// Passed is false until a first pass has ended; the rest is then empty.
	Passed bool
	// System and Version tell what the target is.
	System, Version string
	// Up is true if the target accepted our credentials in the pass.
	Up bool
	// Ended is the end of the pass, Took its length.
	Ended time.Time
	Took  time.Duration
	// Problems say what failed and, where it is known, the remedy.
	Problems []string
	// Groups tell how the reading of each group went.
	Groups []GroupStatus
	// States are those that the system's sessions can have, in order.
	States []StateStatus
	// WaitsForPickUp and WaitsForAnswer are the customers who wait longest;
	// Closing is the unanswered one whose reply window ends next. Messages is true
	// where messages were read, so that their absence means that there are none.
	WaitsForPickUp, WaitsForAnswer, Closing *Wait
	Messages                                bool
	// Pending counts the sessions whose messages are still to be read.
	Pending int
	// Places are the counts by channel and queue; nil where nothing was read.
	Places []PlaceStatus
}

// Wait is a customer who waits.
type Wait struct {
	// At is since when, or when the window ends.
	At time.Time
	// Channel, Queue and State are the labels; State may be empty.
	Channel, Queue, State string
}

// StateStatus is one state that a session can have.
type StateStatus struct {
	// Name is the label, Meaning explains it.
	Name, Meaning string
}

// GroupStatus is how the reading of one group went.
type GroupStatus struct {
	// Name is the group's name.
	Name string
	// Success, Partial and TimedOut are as in the health metrics.
	Success, Partial, TimedOut bool
}

// PlaceStatus counts the sessions of one channel and queue.
type PlaceStatus struct {
	// Channel and Queue are the labels.
	Channel, Queue string
	// Open counts the open sessions by state.
	Open map[string]int
	// Windows counts the reply windows by the time left.
	Windows map[string]int
	// NextExpiry is when the next open window ends; zero where none is open.
	NextExpiry time.Time
}

// lastView keeps the view of the last pass for readers beside the passes.
type lastView struct {
	mu sync.Mutex
	v  *view
}

func (l *lastView) set(v *view) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.v = v
}

func (l *lastView) get() *view {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.v
}

// Status tells of the last pass of every target, in the order of their names. It
// starts none.
func (c *Collector) Status() []Status {
	targets := c.all()
	list := make([]Status, 0, len(targets))
	for _, t := range targets {
		s := Status{Target: t.opts.Name}
		if v := t.last.get(); v != nil {
			s = statusOf(v)
		}
		list = append(list, s)
	}
	return list
}

func statusOf(v *view) Status {
	s := Status{
		Target: v.target, Passed: true, System: v.info.System, Version: v.info.Version,
		Up: v.up, Ended: v.end, Took: v.end.Sub(v.started),
	}
	for _, state := range v.info.States {
		s.States = append(s.States, StateStatus{Name: string(state), Meaning: state.Meaning()})
	}
	for _, o := range v.outcomes {
		s.Groups = append(s.Groups, GroupStatus{Name: o.group, Success: o.success, Partial: o.partial, TimedOut: o.timedOut})
	}
	for _, problem := range v.problems() {
		s.Problems = append(s.Problems, problem.Error())
	}
	s.Messages, s.Pending = v.backlogs != nil, v.pending
	for at, b := range v.backlogs {
		s.WaitsForPickUp = first(s.WaitsForPickUp, Wait{At: instant(b.queued), Channel: at.channel, Queue: at.queue, State: string(conversation.StateQueued)})
		for state, since := range b.oldest {
			s.WaitsForAnswer = first(s.WaitsForAnswer, Wait{At: instant(since), Channel: at.channel, Queue: at.queue, State: string(state)})
		}
		s.Closing = first(s.Closing, Wait{At: v.tallies[at].nextExpiry[conversation.AwaitingAgent], Channel: at.channel, Queue: at.queue})
	}
	for at, t := range v.tallies {
		p := PlaceStatus{Channel: at.channel, Queue: at.queue, Open: make(map[string]int), Windows: make(map[string]int)}
		for as, n := range t.open {
			p.Open[string(as.state)] += n
		}
		for in, n := range t.windows {
			p.Windows[in.remaining] += n
		}
		for _, end := range t.nextExpiry {
			if p.NextExpiry.IsZero() || end.Before(p.NextExpiry) {
				p.NextExpiry = end
			}
		}
		s.Places = append(s.Places, p)
	}
	slices.SortFunc(s.Places, func(a, b PlaceStatus) int {
		return cmp.Or(cmp.Compare(a.Channel, b.Channel), cmp.Compare(a.Queue, b.Queue))
	})
	return s
}

// instant is a Unix second, the zero Time for 0.
func instant(unix int64) time.Time {
	if unix == 0 {
		return time.Time{}
	}
	return time.Unix(unix, 0).UTC()
}

// first returns the earlier of what is known and another, which may be none.
func first(known *Wait, other Wait) *Wait {
	if other.At.IsZero() || known != nil && (known.At.Before(other.At) || known.At.Equal(other.At) && known.Channel+known.Queue <= other.Channel+other.Queue) {
		return known
	}
	return &other
}
