package superoffice

import (
	"strconv"
	"time"

	"conversation_exporter/simulator/world"
)

// ExpectOptions are what an exporter is configured with that reads this server.
type ExpectOptions struct {
	// IdleTimeout is after how much silence it takes a chat to end; 0 means that it
	// does not know.
	IdleTimeout time.Duration
}

// Place is where sessions are counted.
type Place struct{ Channel, Queue string }

// OpenKey is what open sessions are counted by.
type OpenKey struct {
	Place
	Origin string
	State  string
}

// IdleKey is what the next end by idleness is given by.
type IdleKey struct {
	Place
	Awaiting string
}

// ThresholdKey is what a limit of a topic is given by.
type ThresholdKey struct{ Queue, Event, Level string }

// ExpectedSession is one chat as it must be counted.
type ExpectedSession struct {
	Place    Place
	State    string
	Awaiting string
	// Idle is the time of its last message, and CustomerUnread how many of ours the
	// customer has not read.
	Idle           time.Time
	CustomerUnread int
	// Clock is when the wait of a customer began who is owed an answer, and Unread how
	// many of his messages wait; zero where that is not so. Who was with a bot before
	// waits since the bot's last message at the earliest, but a reader who saw him
	// there later says so: then ClockSure is false.
	Clock     time.Time
	ClockSure bool
	Unread    int
	// Offered tells that a colleague is asked to take it over.
	Offered bool
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
	// NextIdle is the earliest end by idleness, by place; empty without a time-out.
	NextIdle map[IdleKey]time.Time
	// Known are the places of all topics.
	Known []Place
	// Unread, CustomerUnread, Transfers, TopicOpen, Present and Away are by the topic's
	// name.
	Unread, CustomerUnread, Transfers, Present, Away map[string]int
	TopicOpen                                        map[string]bool
	Thresholds                                       map[ThresholdKey]time.Duration
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
// this instant: it is true in the world, and may be seen by the user. It takes no
// note of what was shown, so what hangs on that is not in it: when a session entered
// its queue, counters and histograms.
func (s *Server) Expect(o ExpectOptions) Expected {
	s.mu.Lock()
	switches := s.switches.clone()
	s.mu.Unlock()
	e := Expected{
		At: s.world.Now(), Open: make(map[OpenKey]int), Sessions: make(map[int64]ExpectedSession), NextIdle: make(map[IdleKey]time.Time),
		Unread: make(map[string]int), CustomerUnread: make(map[string]int), Transfers: make(map[string]int), Present: make(map[string]int), Away: make(map[string]int),
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
	for _, c := range s.desk.Chats(func(c *world.Chat) bool { return c.Status.Open() && !switches.hidden(c.TopicID) }) {
		messages, _ := s.desk.Messages(c.ID)
		e.chat(&c, names[c.TopicID], messages, o)
	}
	return e
}

// topic adds what a topic's settings say.
func (e *Expected) topic(t *world.Topic, open bool) {
	e.Known = append(e.Known, Place{channelChat, t.Name})
	e.TopicOpen[t.Name] = open
	for _, counts := range [...]map[string]int{e.Unread, e.CustomerUnread, e.Transfers, e.Present, e.Away} {
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

// chat adds one open chat.
func (e *Expected) chat(c *world.Chat, topic string, messages []world.ChatMessage, o ExpectOptions) {
	session := ExpectedSession{
		Place: Place{channelChat, topic}, State: stateOf(c), Awaiting: awaitingCustomer, Idle: c.Idle, Offered: c.OfferedTo != "",
	}
	if session.State != stateAutomated && (c.Status == world.ChatWaiting || c.Status == world.ChatOwed) {
		session.Awaiting = awaitingAgent
		session.wait(c, messages)
	}
	for i := range messages {
		if kind, _ := messageType(&messages[i]); kind == "ToCustomer" && !messages[i].Read {
			session.CustomerUnread++
		}
	}
	e.Sessions[c.ID] = session
	e.Open[OpenKey{session.Place, originRegular, session.State}]++
	e.CustomerUnread[topic] += session.CustomerUnread
	e.Unread[topic] += session.Unread
	if session.Offered {
		e.Transfers[topic]++
	}
	// Only what an agent or a bot has ends by idleness.
	if o.IdleTimeout <= 0 || session.State == stateArriving || session.State == stateQueued {
		return
	}
	key := IdleKey{session.Place, session.Awaiting}
	end := session.Idle.Add(o.IdleTimeout)
	if have, ok := e.NextIdle[key]; !ok || end.Before(have) {
		e.NextIdle[key] = end
	}
}

// wait finds the clock of a customer who is owed an answer: his first message after
// the last reply or ending, whichever is later (R1, R15). A welcome is no reply.
func (e *ExpectedSession) wait(c *world.Chat, messages []world.ChatMessage) {
	e.ClockSure = true
	wrote := false
	var bot time.Time
	for i := range messages {
		m := &messages[i]
		reply := m.Side == world.ChatAgent && (m.Notice == world.NoticeNone || m.Notice == world.NoticeLink)
		ending := m.Notice == world.NoticeByAgent || m.Notice == world.NoticeByVisitor || m.Notice == world.NoticeByIdle
		switch {
		case reply || ending:
			e.Clock, e.Unread = time.Time{}, 0
		case m.Side == world.ChatBot:
			bot, e.ClockSure = m.At, false
		case m.Side == world.ChatVisitor:
			wrote = true
			e.Unread++
			if e.Clock.IsZero() {
				e.Clock = m.At
			}
		}
	}
	switch {
	case !wrote:
		e.Clock = c.Requested
	case !e.Clock.IsZero():
		e.Clock = later(e.Clock, bot)
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
