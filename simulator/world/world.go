package world

import (
	"context"
	"slices"
	"sync"
	"time"
)

// DefaultArrivals is how many customers write a minute by default.
const DefaultArrivals = 12

// DefaultKeepClosed is how long closed sessions are kept by default.
const DefaultKeepClosed = 24 * time.Hour

// Options are what a world starts with. The zero value is a lively world of
// the default team, starting on 1 September 2026.
type Options struct {
	// Start is where the virtual clock begins.
	Start time.Time
	// Seed decides everything that happens by chance.
	Seed uint64
	// Still tells that nothing happens by itself.
	Still bool
	// Arrivals is how many customers write per virtual minute; DefaultArrivals by default.
	Arrivals float64
	// KeepClosed is for how much virtual time closed sessions are kept;
	// DefaultKeepClosed by default.
	KeepClosed time.Duration
	// Zone is the time zone of the place, by which days and shifts begin;
	// DefaultZone by default.
	Zone *time.Location
	// Team is who works here; DefaultTeam by default.
	Team *Team
	// Desk is what visitors of the website can chat about, and whether any come.
	Desk DeskOptions
	// Observe is told of every record as it is made, in the order of the ids,
	// and not of what becomes of its delivery. The world is locked meanwhile: it
	// must not be called from there.
	Observe func(Record)
}

// World is the world: agents, queues, channels and sessions. All its methods
// may be called at the same time.
type World struct {
	clock     *Clock
	advancing sync.Mutex // held by the one advance under way

	mu          sync.Mutex
	events      events
	scheduled   uint64
	agents      []Agent
	agentIndex  map[string]int
	queues      []*Queue
	channels    []Channel
	carriers    map[Medium][]int // the indices of a medium's channels
	sessions    map[int64]*session
	index       map[place]*shelf
	ended       []ending
	keepClosed  time.Duration
	lastSession int64
	lastMessage int64
	opened      int
	terms       *terms
	held        bool // messages stay Sending until they are told otherwise
	people      *people
	office      *office // nil in a still world
	desk        *Desk
	lines       dice
	zone        *time.Location
	meters      map[int]*meter // by the channel's id
	observe     func(Record)
}

// session is a Session and where it stands.
type session struct {
	Session
	shelf   *shelf
	records []entry // in the order of their ids
	gone    bool    // dropped from the world
}

func (s *session) copy() Session {
	c := s.Session
	c.ArchivedBy = slices.Clone(s.ArchivedBy)
	return c
}

// ending remembers when a session was closed, in the order of closing.
type ending struct {
	s  *session
	at time.Time
}

// New makes a world that stands at its start.
func New(o Options) *World {
	if o.Start.IsZero() {
		o.Start = time.Date(2026, time.September, 1, 8, 0, 0, 0, time.UTC)
	}
	if o.KeepClosed <= 0 {
		o.KeepClosed = DefaultKeepClosed
	}
	if o.Arrivals <= 0 {
		o.Arrivals = DefaultArrivals
	}
	team := DefaultTeam()
	if o.Team != nil {
		team = *o.Team
	}
	if o.Zone == nil {
		o.Zone = DefaultZone()
	}
	w := &World{
		clock:      NewClock(o.Start),
		agents:     slices.Clone(team.Agents),
		agentIndex: make(map[string]int, len(team.Agents)),
		carriers:   make(map[Medium][]int),
		zone:       o.Zone,
		meters:     make(map[int]*meter, len(team.Channels)),
		sessions:   make(map[int64]*session),
		index:      make(map[place]*shelf),
		keepClosed: o.KeepClosed,
		terms:      newTerms(),
		observe:    o.Observe,
	}
	for i, a := range w.agents {
		w.agentIndex[a.Number] = i
	}
	for _, c := range team.Channels {
		if c.Link == "" {
			c.Link = Connected
		}
		w.carriers[c.Medium] = append(w.carriers[c.Medium], len(w.channels))
		w.channels = append(w.channels, c)
		w.meters[c.ID] = &meter{}
	}
	for _, q := range team.Queues {
		w.queues = append(w.queues, cloneQueue(q))
	}
	w.desk = newDesk(w, o.Desk)
	if !o.Still && o.Desk.Arrivals > 0 {
		w.desk.lively = newVisitors(w.desk, newDice(o.Seed, visitorStream), o.Desk.Arrivals)
		w.desk.lively.start()
	}
	if !o.Still && len(w.agents) > 0 && len(w.channels) > 0 {
		w.people = newPeople(w, newDice(o.Seed, seedStream), o.Arrivals)
		w.people.start()
		w.lines = newDice(o.Seed, lineStream)
		w.office = newOffice(w, newDice(o.Seed, officeStream))
		w.office.start()
	}
	return w
}

// Clock is the world's virtual clock.
func (w *World) Clock() *Clock { return w.clock }

// Now is the present instant of the virtual clock.
func (w *World) Now() time.Time { return w.clock.Now() }

// Advance lets d of virtual time pass, with everything that is due in it.
func (w *World) Advance(d time.Duration) {
	w.advancing.Lock()
	defer w.advancing.Unlock()
	w.advance(w.Now().Add(d))
}

// AdvanceTo lets time pass up to an instant; one that is past does nothing.
func (w *World) AdvanceTo(to time.Time) {
	w.advancing.Lock()
	defer w.advancing.Unlock()
	w.advance(to)
}

func (w *World) advance(to time.Time) {
	for w.step(to) {
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clock.set(to)
	w.sweep()
}

// step runs the next event if it is due by the given instant. It takes the lock
// for one event only, so that readers get their turn while days are wound.
func (w *World) step(to time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	e, ok := w.events.due(to)
	if !ok {
		return false
	}
	w.clock.set(e.at)
	e.run()
	w.sweep()
	return true
}

// Run moves the world in step with real time, speed virtual seconds a second,
// until the context ends.
func (w *World) Run(ctx context.Context, speed float64) {
	const tick = 100 * time.Millisecond
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			// The monotonic difference: a machine that slept does not matter.
			now := time.Now()
			w.Advance(time.Duration(float64(now.Sub(last)) * speed))
			last = now
		}
	}
}

// after schedules something; the caller holds the lock, now and when it runs.
func (w *World) after(d time.Duration, run func()) {
	w.scheduled++
	w.events.add(&event{at: w.clock.Now().Add(d), seq: w.scheduled, run: run})
}

// second is the present instant as records tell it: in whole seconds, so that
// what is computed from them is exact.
func (w *World) second() time.Time { return w.clock.Now().Truncate(time.Second) }

// record is the one function that every record passes through: it numbers it,
// dates it, keeps it, and moves the session to where it now belongs.
func (w *World) record(s *session, r Record) {
	w.lastMessage++
	r.ID, r.Session, r.At = w.lastMessage, s.ID, w.second()
	s.LastMessageID, s.LastRecord = r.ID, r.At
	if r.Kind == KindMessage && r.Side != SideCustomer {
		r.Delivery = w.firstDelivery()
	}
	s.records = append(s.records, w.terms.pack(&r))
	w.meter(s, &r)
	switch r.Kind {
	case KindMessage:
		if r.Side == SideCustomer {
			s.LastInbound = r.At
		} else {
			s.LastOutbound = r.At
		}
	case KindQueued:
		s.Entered = r.At
	case KindPickedUp:
		s.PickedUp = r.At
	case KindClosed:
		s.Ended = r.At
		w.ended = append(w.ended, ending{s: s, at: r.At})
	case KindTransferred:
	}
	w.shelve(s)
	if w.observe != nil {
		w.observe(r)
	}
	if r.Delivery == Sending && w.people != nil && !w.held {
		w.people.carry(s, r)
	}
}

// sweep drops what was closed longer ago than closed sessions are kept.
func (w *World) sweep() {
	limit := w.clock.Now().Add(-w.keepClosed)
	n := 0
	for n < len(w.ended) && w.ended[n].at.Before(limit) {
		// One that was opened again since has a later ending, or none.
		if e := w.ended[n]; e.s.Closed && e.s.Ended.Equal(e.at) && !e.s.gone {
			e.s.gone, e.s.records = true, nil
			e.s.shelf.forget()
			delete(w.sessions, e.s.ID)
		}
		w.ended[n].s = nil
		n++
	}
	w.ended = w.ended[n:]
}
