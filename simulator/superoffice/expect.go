package superoffice

import (
	"strconv"
	"time"

	"conversation_exporter/simulator/figures"
	"conversation_exporter/simulator/world"
)

// ExpectOptions are what an exporter is configured with that reads this server.
type ExpectOptions struct {
	// IdleTimeout is after how much silence it takes a chat to end; 0 means that it
	// does not know.
	IdleTimeout time.Duration
	// Messages tells that the exporter reads messages, too. Then the server is to be
	// told of its passes, by PassBegins and PassEnds.
	Messages bool
}

// Place is where sessions are counted.
type Place = figures.Place

// OpenKey is what open sessions are counted by.
type OpenKey struct {
	Place
	Origin string
	State  string
}

// ThresholdKey is what a limit of a topic is given by.
type ThresholdKey struct{ Queue, Event, Level string }

// ExpectedSession is one chat as it must be counted.
type ExpectedSession struct {
	Place    Place
	State    string
	Awaiting string
	// Agent is the ejuser id of who has it; empty where nobody does.
	Agent string
	// Offered tells that a colleague is asked to take it over.
	Offered bool
	// Clock is when the wait of a customer began who is owed an answer, and Unread how
	// many of his messages wait; Entered is when it came into the queue in which it
	// waits. They are zero where that is not so, not known, or no messages are read.
	Clock, Entered time.Time
	Unread         int
}

// ExpectedAgent is who chats.
type ExpectedAgent struct {
	Present  bool
	Sessions int
}

// Expected is what an exporter has to show. Counts of open sessions that are 0 are
// absent from the map; those of topics are there.
type Expected struct {
	// At is the virtual instant for which this holds.
	At       time.Time
	Open     map[OpenKey]int
	Sessions map[int64]ExpectedSession
	// Gauges and Counted are of the messages, and empty where none are read.
	Gauges  figures.Gauges
	Counted figures.Counts
	// Known are the places of all topics.
	Known []Place
	// Transfers, TopicOpen, Present and Away are by the topic's name.
	Transfers, Present, Away map[string]int
	TopicOpen                map[string]bool
	Thresholds               map[ThresholdKey]time.Duration
	// Agents are by their ejuser ids; AgentsPresent and AgentsAway count each once.
	Agents                    map[string]ExpectedAgent
	AgentsPresent, AgentsAway int
}

// The words that the counts are made by.
const (
	channelChat      = "chat"
	originRegular    = "regular"
	stateArriving    = "arriving"
	stateQueued      = "queued"
	stateAssigned    = "assigned"
	stateAutomated   = "automated"
	awaitingAgent    = "agent"
	awaitingCustomer = "customer"
)

// Expect gives what an exporter must show by the rules if it reads everything at
// this instant. Topics, agents and who has which chat are true in the world, and may
// be seen by the user; where an exporter was told another state, as of a server that
// does not say whom a bot has, that counts.
//
// With Messages it is to be called after PassEnds, before the clock moves on. Gauges
// and counters are made of what was shown up to then. They hold where the exporter
// says that nothing is partial and no session is pending, if its first pass was whole.
func (s *Server) Expect(o ExpectOptions) Expected {
	s.mu.Lock()
	switches := s.switches.clone()
	s.mu.Unlock()
	e := Expected{
		At: s.world.Now(), Open: make(map[OpenKey]int), Sessions: make(map[int64]ExpectedSession), Gauges: figures.NewGauges(), Counted: *figures.NewCounts(),
		Transfers: make(map[string]int), Present: make(map[string]int), Away: make(map[string]int),
		TopicOpen: make(map[string]bool), Thresholds: make(map[ThresholdKey]time.Duration), Agents: make(map[string]ExpectedAgent),
	}
	names := make(map[int]string)
	for _, t := range s.desk.Topics() {
		if !switches.hidden(t.ID) {
			names[t.ID] = t.Name
			open, _ := s.desk.TopicOpen(t.ID)
			e.topic(&t, open)
		}
	}
	for _, a := range s.desk.Attendances() {
		e.agent(&a, names, s.people.byNumber[a.Agent.Number])
	}
	s.notes.mu.Lock()
	defer s.notes.mu.Unlock()
	for _, c := range s.desk.Chats(func(c *world.Chat) bool { return c.Status.Open() && !switches.hidden(c.TopicID) }) {
		session := ExpectedSession{Place: Place{Channel: channelChat, Queue: names[c.TopicID]}, State: stateOf(&c), Offered: c.OfferedTo != ""}
		if p := s.people.byNumber[c.Agent]; p != nil {
			session.Agent = strconv.FormatInt(p.ejUser, 10)
		}
		known := s.notes.stories[c.ID]
		if known != nil && known.gone == s.notes.pass {
			continue // It is in the list, yet it is not there.
		}
		if known = s.notes.present(known); known != nil {
			session.State = known.state()
		}
		session.turn(&c)
		if o.Messages && known != nil {
			session.read(known)
			e.gauges(&session, known, o.IdleTimeout)
		}
		e.session(c.ID, &session)
	}
	if o.Messages && s.notes.counts != nil {
		e.Counted = *s.notes.counts.Clone()
		if !s.notes.inbound.IsZero() {
			e.Gauges.LastInbound[channelChat] = s.notes.inbound
		}
	}
	return e
}

// present gives what is known of a chat, if the last pass was shown it.
func (n *notes) present(s *story) *story {
	if s == nil || s.now.pass != n.pass || s.now.over {
		return nil
	}
	return s
}

// topic adds what a topic's settings say.
func (e *Expected) topic(t *world.Topic, open bool) {
	e.Known = append(e.Known, Place{Channel: channelChat, Queue: t.Name})
	e.TopicOpen[t.Name] = open
	for _, counts := range [...]map[string]int{e.Transfers, e.Present, e.Away} {
		counts[t.Name] += 0
	}
	for key, limit := range map[ThresholdKey]time.Duration{
		{t.Name, "new_session", "agent"}:   t.WarnNew,
		{t.Name, "new_session", "manager"}: t.WarnNewManager,
		{t.Name, "new_message", "agent"}:   t.WarnMessage,
		{t.Name, "new_message", "manager"}: t.WarnMessageManager,
	} {
		if limit > 0 {
			e.Thresholds[key] = limit
		}
	}
}

// agent adds who chats.
func (e *Expected) agent(a *world.Attendance, names map[int]string, p *person) {
	e.Agents[strconv.FormatInt(p.ejUser, 10)] = ExpectedAgent{a.Present, a.Ongoing}
	counts := e.Away
	if a.Present {
		counts = e.Present
		e.AgentsPresent++
	} else {
		e.AgentsAway++
	}
	for _, id := range a.Topics {
		if name, seen := names[id]; seen {
			counts[name]++
		}
	}
}

// session adds one open chat.
func (e *Expected) session(id int64, s *ExpectedSession) {
	e.Sessions[id] = *s
	e.Open[OpenKey{s.Place, originRegular, s.State}]++
	if s.Offered {
		e.Transfers[s.Place.Queue]++
	}
}

// turn is whose it is, by the status; a bot owes nobody an answer.
func (e *ExpectedSession) turn(c *world.Chat) {
	e.Awaiting = awaitingCustomer
	if e.State != stateAutomated && (c.Status == world.ChatWaiting || c.Status == world.ChatOwed) {
		e.Awaiting = awaitingAgent
	}
}

// read adds what the messages tell.
func (e *ExpectedSession) read(s *story) {
	if e.State == stateQueued {
		e.Entered = s.entered(func(g sight) bool { return g.state() != stateQueued })
	}
	if e.Awaiting != awaitingAgent {
		return
	}
	if clock, waits := s.clock(len(s.lines)); waits {
		e.Clock, e.Unread = clock, s.unread()
	}
}

// gauges adds one open chat to the gauges of the messages.
func (e *Expected) gauges(session *ExpectedSession, s *story, timeout time.Duration) {
	if !session.Entered.IsZero() {
		figures.Earliest(e.Gauges.QueuedOldest, session.Place, session.Entered)
	}
	if !session.Clock.IsZero() {
		e.Gauges.Wait(figures.StateKey{Place: session.Place, State: world.State(session.State)}, session.Clock, e.At, session.Unread)
	}
	for _, l := range s.lines {
		if l.unread {
			e.Gauges.CustomerUnread[session.Place]++
		}
	}
	// Only what an agent or a bot has ends by idleness.
	if had := session.State == stateAssigned || session.State == stateAutomated; had && timeout > 0 && !s.now.idle.IsZero() {
		figures.Earliest(e.Gauges.NextIdle, figures.IdleKey{Place: session.Place, Awaiting: session.Awaiting}, s.now.idle.Add(timeout))
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// stateOf is the state of an open chat, by its status alone but for bots (R14).
func stateOf(c *world.Chat) string {
	switch ongoing := c.Status == world.ChatOwed || c.Status == world.ChatAnswered; {
	case c.Status == world.ChatWaiting:
		return stateQueued
	case ongoing && c.Bot:
		return stateAutomated
	case ongoing:
		return stateAssigned
	default:
		return stateArriving
	}
}
