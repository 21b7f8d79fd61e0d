package world

import (
	"fmt"
	"slices"
	"time"
)

// ChatOpening says how a chat begins.
type ChatOpening struct {
	// Topic is the id of the topic.
	Topic int
	// Status is ChatForm, ChatFAQ, ChatOffline or, by default, ChatWaiting.
	Status ChatStatus
	// Bot tells that a chatbot has it.
	Bot bool
}

// Open brings a new visitor to a topic, who asks at once where he does not come
// upon a form or answers first. It gives the id of the chat.
func (d *Desk) Open(o ChatOpening) (int64, error) {
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	c, err := d.open(o)
	if err != nil {
		return 0, fmt.Errorf("open a chat: %w", err)
	}
	return c.ID, nil
}

// Prefill opens n chats that last: of ten, one waits, two are a bot's, and the others
// are agents', of which every second is answered. Topics take turns.
func (d *Desk) Prefill(n int) error {
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	for i := range n {
		if err := d.fill(i); err != nil {
			return fmt.Errorf("prefill the desk: %w", err)
		}
	}
	return nil
}

func (d *Desk) fill(i int) error {
	if len(d.topics) == 0 {
		return fmt.Errorf("a topic: %w", ErrNotFound)
	}
	t := d.topics[i/10%len(d.topics)]
	c, err := d.open(ChatOpening{Topic: t.ID, Bot: i%10 == 1 || i%10 == 2})
	if err != nil {
		return err
	}
	c.lasting = true
	switch {
	case c.Bot:
		return d.botWrites(c, false)
	case i%10 == 0 || len(t.Members) == 0:
		return nil
	}
	if err := d.pickUp(c, t.Members[i%len(t.Members)]); err != nil || i%2 == 0 {
		return err
	}
	return d.agentWrites(c, NoticeNone)
}

// Enter lets a visitor go on from a form or from answers: to answers, to the
// offline form, or into the queue with his question.
func (d *Desk) Enter(id int64, to ChatStatus) error {
	return d.do("go on in", id, func(c *chat) error { return d.enter(c, to) })
}

func (d *Desk) enter(c *chat, to ChatStatus) error {
	fits := c.Status == ChatForm && (to == ChatFAQ || to == ChatOffline) ||
		(c.Status == ChatForm || c.Status == ChatFAQ) && to == ChatWaiting ||
		c.Status == ChatWaiting && to == ChatOffline
	if !fits {
		return fmt.Errorf("from %s to %s: %w", c.Status, to, ErrNotAllowed)
	}
	c.Status = to
	if to == ChatWaiting {
		c.Entered = d.w.second()
		d.say(c, ChatMessage{Side: ChatVisitor})
	}
	return nil
}

// VisitorWrites adds a message of the visitor. Who waits may write, too, and a
// finished chat is taken up again by it.
func (d *Desk) VisitorWrites(id int64) error {
	return d.do("write to", id, d.visitorWrites)
}

func (d *Desk) visitorWrites(c *chat) error {
	switch {
	case c.Status == ChatWaiting && !c.Bot:
	case c.Status == ChatWaiting || c.Status.ongoing():
		c.Status = ChatOwed
	case c.Status == ChatFinished:
		d.say(c, ChatMessage{Side: ChatSystem, Notice: NoticeReopened})
		c.Ended, c.Status = time.Time{}, ChatOwed
		d.live[c] = struct{}{}
		if c.Agent == "" && !c.Bot {
			c.Status, c.Entered = ChatWaiting, d.w.second()
		}
	default:
		return fmt.Errorf("it is %s: %w", c.Status, ErrNotAllowed)
	}
	c.away = false // whoever writes is there
	d.say(c, ChatMessage{Side: ChatVisitor})
	return nil
}

// PickUp gives a waiting chat to an agent of its topic; the visitor is welcomed.
func (d *Desk) PickUp(id int64, number string) error {
	return d.do("pick up", id, func(c *chat) error { return d.pickUp(c, number) })
}

func (d *Desk) pickUp(c *chat, number string) error {
	t := d.topic(c.TopicID)
	switch {
	case c.Status != ChatWaiting || c.Bot:
		return fmt.Errorf("it does not wait: %w", ErrNotAllowed)
	case !slices.Contains(t.Members, number):
		return fmt.Errorf("extension %s does not answer topic %d: %w", number, t.ID, ErrNotAllowed)
	}
	d.give(c, number)
	now := d.w.second()
	c.Status, c.Started = ChatOwed, now
	t.AcceptTime = (t.AcceptTime*time.Duration(t.accepts) + now.Sub(c.Entered)) / time.Duration(t.accepts+1)
	t.accepts++
	t.LastAccept = now
	d.say(c, ChatMessage{Side: ChatAgent, Number: number, Notice: NoticeWelcome})
	return nil
}

// AgentWrites adds a message of the agent who has the chat.
func (d *Desk) AgentWrites(id int64) error {
	return d.do("answer", id, func(c *chat) error { return d.agentWrites(c, NoticeNone) })
}

// AgentSendsLink adds a message of the agent that is an address.
func (d *Desk) AgentSendsLink(id int64) error {
	return d.do("answer", id, func(c *chat) error { return d.agentWrites(c, NoticeLink) })
}

func (d *Desk) agentWrites(c *chat, notice Notice) error {
	if !c.Status.ongoing() || c.Agent == "" {
		return fmt.Errorf("no agent has it: %w", ErrNotAllowed)
	}
	c.Status = ChatAnswered
	d.say(c, ChatMessage{Side: ChatAgent, Number: c.Agent, Notice: notice})
	return nil
}

// BotWrites adds a message of the bot who has the chat, which may give a choice.
func (d *Desk) BotWrites(id int64, options bool) error {
	return d.do("let a bot answer", id, func(c *chat) error { return d.botWrites(c, options) })
}

func (d *Desk) botWrites(c *chat, options bool) error {
	if !c.Bot || !c.Status.Open() {
		return fmt.Errorf("no bot has it: %w", ErrNotAllowed)
	}
	c.Status = ChatAnswered
	m := ChatMessage{Side: ChatBot}
	if options {
		m.Notice = NoticeOptions
	}
	d.say(c, m)
	return nil
}

// Reset puts a chat back into its queue, as a bot does that hands over.
func (d *Desk) Reset(id int64) error { return d.do("reset", id, d.reset) }

func (d *Desk) reset(c *chat) error {
	if !c.Status.Open() {
		return ErrClosed
	}
	c.Status, c.Bot, c.Agent, c.OfferedTo, c.Rank = ChatWaiting, false, "", "", 0
	c.Entered, c.Started = d.w.second(), time.Time{}
	return nil
}

// Offer lets an agent ask a colleague to take a chat over, Accept and Reject are
// the colleague's answers.
func (d *Desk) Offer(id int64, number string) error {
	return d.do("offer", id, func(c *chat) error { return d.offer(c, number) })
}

func (d *Desk) offer(c *chat, number string) error {
	if _, ok := d.w.agentIndex[number]; !ok {
		return fmt.Errorf("extension %s: %w", number, ErrNotFound)
	}
	if !c.Status.ongoing() || c.Agent == "" || c.Agent == number {
		return fmt.Errorf("nobody else has it: %w", ErrNotAllowed)
	}
	c.OfferedTo = number
	return nil
}

// Accept lets the colleague take over a chat that he was offered.
func (d *Desk) Accept(id int64) error {
	return d.do("take over", id, func(c *chat) error { return d.answer(c, true) })
}

// Reject lets the colleague refuse a chat that he was offered.
func (d *Desk) Reject(id int64) error {
	return d.do("refuse", id, func(c *chat) error { return d.answer(c, false) })
}

func (d *Desk) answer(c *chat, accept bool) error {
	if c.OfferedTo == "" {
		return fmt.Errorf("it is not offered: %w", ErrNotAllowed)
	}
	notice := NoticeRejected
	if accept {
		notice = NoticeMoved
		d.give(c, c.OfferedTo)
	}
	c.OfferedTo = ""
	d.say(c, ChatMessage{Side: ChatSystem, Notice: notice})
	return nil
}

// Finish ends an open chat for a reason; the visitor may take it up again.
func (d *Desk) Finish(id int64, why Reason) error {
	return d.do("finish", id, func(c *chat) error { return d.finish(c, why) })
}

func (d *Desk) finish(c *chat, why Reason) error {
	if !c.Status.Open() {
		return ErrClosed
	}
	notice := map[Reason]Notice{ByAgent: NoticeByAgent, ByCustomer: NoticeByVisitor, ByTimeout: NoticeByIdle}[why]
	if notice == NoticeNone {
		return fmt.Errorf("reason %q: %w", why, ErrNotFound)
	}
	d.say(c, ChatMessage{Side: ChatSystem, Notice: notice})
	d.end(c, ChatFinished)
	return nil
}

// Leave lets a visitor go who waits.
func (d *Desk) Leave(id int64) error { return d.do("leave", id, d.leave) }

func (d *Desk) leave(c *chat) error {
	if c.Status != ChatWaiting {
		return fmt.Errorf("it does not wait: %w", ErrNotAllowed)
	}
	d.end(c, ChatLeft)
	return nil
}

// Close puts a chat away for good.
func (d *Desk) Close(id int64) error {
	return d.do("close", id, func(c *chat) error { d.end(c, ChatClosed); return nil })
}

// Delete marks a chat as one to be cleaned away.
func (d *Desk) Delete(id int64) error {
	return d.do("delete", id, func(c *chat) error { d.remove(c); return nil })
}

func (d *Desk) remove(c *chat) {
	d.say(c, ChatMessage{Side: ChatSystem, Notice: NoticeDeleted})
	d.end(c, ChatDeleted)
}

// Clean drops a chat, open or not: from now on there is none of this id.
func (d *Desk) Clean(id int64) error {
	return d.do("clean away", id, func(c *chat) error { d.drop(c); return nil })
}

// Post makes a request of a chat.
func (d *Desk) Post(id int64) error {
	return d.do("make a request of", id, func(c *chat) error { d.post(c); return nil })
}

func (d *Desk) post(c *chat) {
	d.request++
	c.Request = d.request
	d.end(c, ChatPosted)
}

// Read lets a visitor read all that was written to him.
func (d *Desk) Read(id int64) error {
	return d.do("read", id, func(c *chat) error { d.read(c); return nil })
}

func (d *Desk) read(c *chat) {
	for i := range c.messages {
		c.messages[i].Read = true
	}
}

// Vanish lets a visitor's browser stop to ask for news; the chat stays as it is.
func (d *Desk) Vanish(id int64) error {
	return d.do("vanish from", id, func(c *chat) error { d.stop(c); return nil })
}

// Rate lets a visitor give stars.
func (d *Desk) Rate(id int64, stars int) error {
	return d.do("rate", id, func(c *chat) error { c.Rating = stars; return nil })
}
