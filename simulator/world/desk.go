package world

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// DefaultIdleTimeout is after how much silence a chat ends by default.
const DefaultIdleTimeout = 20 * time.Minute

// DeskOptions say what visitors of a website can chat about, and whether any come.
type DeskOptions struct {
	// Topics are what they ask about; DefaultTopics by default.
	Topics []Topic
	// Arrivals is how many visitors come per virtual minute in a lively world. By
	// default none do.
	Arrivals float64
	// IdleTimeout is after how much silence a chat of a lively world ends;
	// DefaultIdleTimeout by default.
	IdleTimeout time.Duration
}

// The ids of the topics in DefaultTopics.
const (
	TopicSupport = 3
	TopicOrders  = 5
	TopicReturns = 8
	TopicAdvice  = 9
)

// The first ids of chats and of their messages: neither are those of sessions.
const (
	firstChat    = 4001
	firstMessage = 9001
)

// DefaultTopics gives four topics that the given agents answer: one that is
// always open, one that a bot receives, one with a form and opening hours, and
// one that shows answers first.
func DefaultTopics(agents []Agent) []Topic {
	members := func(from, to int) (list []string) {
		for _, a := range agents[min(from, len(agents)):min(to, len(agents))] {
			list = append(list, a.Number)
		}
		return list
	}
	hours := &Hours{Lunch: Span{12 * time.Hour, 12*time.Hour + 30*time.Minute}}
	for day := time.Monday; day <= time.Saturday; day++ {
		hours.Days[day] = Span{7 * time.Hour, 19 * time.Hour}
	}
	return []Topic{
		{
			ID: TopicSupport, Name: "Support", Description: "How things work", Members: members(0, 8),
			WarnNew: 3 * time.Minute, WarnNewManager: 10 * time.Minute,
			WarnMessage: 5 * time.Minute, WarnMessageManager: 15 * time.Minute,
		},
		{ID: TopicOrders, Name: "Orders", Description: "Where things are", Members: members(4, 12), Bot: true, WarnNew: 2 * time.Minute},
		{
			ID: TopicReturns, Name: "Returns", Description: "How things go back", Members: members(10, 16), Start: ChatForm,
			Hours: hours, WarnNew: 5 * time.Minute, OfflineAfter: 15 * time.Minute, OfflineLength: 8,
		},
		{ID: TopicAdvice, Name: "Advice", Description: "What to buy", Members: members(14, 18), Start: ChatFAQ},
	}
}

// Desk is where visitors of a website chat with the agents of a world. It stands
// beside what goes over the channels, on the same clock and with the same people,
// and by dice of its own: it changes nothing of what happens there. All its
// methods may be called at the same time.
type Desk struct {
	w       *World
	topics  []*Topic
	chats   map[int64]*chat
	live    map[*chat]struct{} // the open ones, which are few among all
	order   []*chat            // by their ids
	idle    time.Duration
	opened  int
	last    int64
	message int64
	request int64
	left    int       // chats of order that are gone
	lively  *visitors // nil where nobody comes
}

// chat is a Chat and what else is known of it.
type chat struct {
	Chat
	messages []ChatMessage
	gone     bool // dropped from the world
	away     bool // the visitor's browser no longer asks for news
	lasting  bool // idleness does not end it
}

func newDesk(w *World, o DeskOptions) *Desk {
	d := &Desk{w: w, chats: make(map[int64]*chat), live: make(map[*chat]struct{}), idle: o.IdleTimeout, last: firstChat - 1, message: firstMessage - 1, request: 100}
	if d.idle <= 0 {
		d.idle = DefaultIdleTimeout
	}
	topics := o.Topics
	if topics == nil {
		topics = DefaultTopics(w.agents)
	}
	for i := range topics {
		t := topics[i].copy()
		if t.Start == "" {
			t.Start = ChatWaiting
		}
		d.topics = append(d.topics, &t)
	}
	return d
}

// Desk is where visitors chat.
func (w *World) Desk() *Desk { return w.desk }

// IdleTimeout is after how much silence a chat of a lively world ends.
func (d *Desk) IdleTimeout() time.Duration { return d.idle }

// newVisitor makes one whose every text shows wherever it leaks.
func newVisitor(id int64) Visitor {
	n := strconv.FormatInt(id, 10)
	return Visitor{
		Name: "Canary Visitor " + n, Email: "canary-visitor-" + n + "@canary.invalid", Phone: "+999222" + n,
		Company: "Canary Company " + n, Host: "canary-host-" + n + ".invalid", Key: "canary-session-key-" + n,
	}
}

func (d *Desk) topic(id int) *Topic {
	for _, t := range d.topics {
		if t.ID == id {
			return t
		}
	}
	return nil
}

// say adds a record to a chat. Notices of the system are no message of anybody.
func (d *Desk) say(c *chat, m ChatMessage) {
	d.message++
	m.ID, m.Chat, m.At = d.message, c.ID, d.w.second()
	m.Read = m.Read || m.Side == ChatVisitor
	c.messages = append(c.messages, m)
	if m.Side == ChatSystem {
		return
	}
	c.Idle, c.Last = m.At, m.ID
	if c.First == 0 {
		c.First = m.ID
	}
	if d.lively != nil {
		d.lively.spoken(c, m)
	}
}

// give gives a chat to an agent, with the next rank that is free.
func (d *Desk) give(c *chat, number string) {
	taken := map[int]bool{}
	for other := range d.live {
		if other.Agent == number && other.Status.ongoing() {
			taken[other.Rank] = true
		}
	}
	rank := 1
	for taken[rank] {
		rank++
	}
	c.Agent, c.OfferedTo, c.Rank = number, "", rank
}

// end ends a chat in a status.
func (d *Desk) end(c *chat, status ChatStatus) {
	if c.Status.Open() {
		c.Ended = d.w.second()
	}
	c.Status, c.OfferedTo = status, ""
	delete(d.live, c)
	d.stop(c)
	ended := c.Ended
	d.w.after(d.w.keepClosed, func() {
		if !c.gone && !c.Status.Open() && c.Ended.Equal(ended) {
			d.drop(c)
		}
	})
}

// stop notes when the browser asked for news the last time, if it does no more.
func (d *Desk) stop(c *chat) {
	if !c.away {
		c.Fetched, c.away = d.fetched(c), true
	}
}

// fetched is when a browser asked for news: every two seconds, each at its own.
func (d *Desk) fetched(c *chat) time.Time {
	if c.away {
		return c.Fetched
	}
	at := d.w.second()
	return latest(at.Add(-time.Duration((at.Unix()+c.ID)%2)*time.Second), c.Requested)
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// drop forgets a chat.
func (d *Desk) drop(c *chat) {
	c.gone, c.messages = true, nil
	delete(d.chats, c.ID)
	delete(d.live, c)
	d.left++
	if d.left > 64 && d.left*2 > len(d.order) {
		d.order = slices.DeleteFunc(d.order, func(c *chat) bool { return c.gone })
		d.left = 0
	}
}

// do runs one operation on a chat.
func (d *Desk) do(what string, id int64, operation func(*chat) error) error {
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	c := d.chats[id]
	err := ErrNotFound
	if c != nil {
		err = operation(c)
	}
	if err != nil {
		return fmt.Errorf("%s chat %d: %w", what, id, err)
	}
	return nil
}

// open brings a new visitor to a topic.
func (d *Desk) open(o ChatOpening) (*chat, error) {
	t := d.topic(o.Topic)
	if t == nil {
		return nil, fmt.Errorf("topic %d: %w", o.Topic, ErrNotFound)
	}
	if o.Status == "" {
		o.Status = ChatWaiting
	}
	if !o.Status.arriving() && o.Status != ChatWaiting {
		return nil, fmt.Errorf("begin as %s: %w", o.Status, ErrNotAllowed)
	}
	d.last++
	d.opened++
	now := d.w.second()
	c := &chat{Chat: Chat{
		ID: d.last, TopicID: t.ID, Visitor: newVisitor(d.last), Status: o.Status, Bot: o.Bot,
		Requested: now, Idle: now, Place: d.waiting(t.ID) + 1,
	}}
	d.chats[c.ID], d.live[c] = c, struct{}{}
	d.order = append(d.order, c)
	if o.Status == ChatWaiting {
		c.Entered = now
		d.say(c, ChatMessage{Side: ChatVisitor})
	}
	return c, nil
}

// waiting counts the visitors in a topic's queue.
func (d *Desk) waiting(topic int) int {
	n := 0
	for c := range d.live {
		if c.TopicID == topic && c.Status == ChatWaiting && !c.Bot {
			n++
		}
	}
	return n
}
