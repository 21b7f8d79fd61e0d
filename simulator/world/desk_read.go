package world

import (
	"slices"
	"time"
)

// Topics gives copies of all topics.
func (d *Desk) Topics() []Topic {
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	list := make([]Topic, 0, len(d.topics))
	for _, t := range d.topics {
		list = append(list, t.copy())
	}
	return list
}

// SetTopic replaces a topic by one of the same id, or adds it.
func (d *Desk) SetTopic(t Topic) {
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	if t.Start == "" {
		t.Start = ChatWaiting
	}
	c := t.copy()
	if i := slices.IndexFunc(d.topics, func(have *Topic) bool { return have.ID == t.ID }); i >= 0 {
		c.accepts = d.topics[i].accepts
		d.topics[i] = &c
		return
	}
	d.topics = append(d.topics, &c)
}

// TopicOpen tells whether it is within a topic's opening hours, and whether there
// is such a topic.
func (d *Desk) TopicOpen(id int) (open, known bool) {
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	t := d.topic(id)
	if t == nil {
		return false, false
	}
	return d.isOpen(t), true
}

func (d *Desk) isOpen(t *Topic) bool { return t.Hours.open(d.w.clock.Now().In(d.w.zone)) }

// Chat gives a copy of one chat.
func (d *Desk) Chat(id int64) (Chat, bool) {
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	c := d.chats[id]
	if c == nil {
		return Chat{}, false
	}
	return d.look(c), true
}

// look is a chat as it is now.
func (d *Desk) look(c *chat) Chat {
	now := c.Chat
	now.Fetched = d.fetched(c)
	if t := d.topic(c.TopicID); t != nil && c.Status == ChatWaiting {
		for _, limit := range [...]time.Duration{t.WarnNew, t.WarnNewManager} {
			if limit > 0 && d.w.clock.Now().Sub(c.Entered) >= limit {
				now.Alert++
			}
		}
	}
	return now
}

// Chats gives copies of those that are to be kept, in the order of their ids. The
// world is locked meanwhile: it must not be called from there. Nil keeps all.
func (d *Desk) Chats(keep func(*Chat) bool) []Chat {
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	var list []Chat
	for _, c := range d.order {
		if c.gone {
			continue
		}
		if now := d.look(c); keep == nil || keep(&now) {
			list = append(list, now)
		}
	}
	return list
}

// Messages gives the records of a chat, the oldest first, and whether there is
// such a chat.
func (d *Desk) Messages(id int64) ([]ChatMessage, bool) {
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	c := d.chats[id]
	if c == nil {
		return nil, false
	}
	return slices.Clone(c.messages), true
}

// Opened is how many chats were ever opened.
func (d *Desk) Opened() int {
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	return d.opened
}

// Attendances gives the agents who answer topics, in their order.
func (d *Desk) Attendances() []Attendance {
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	ongoing := make(map[string]int)
	for c := range d.live {
		if c.Agent != "" && c.Status.ongoing() {
			ongoing[c.Agent]++
		}
	}
	var list []Attendance
	for _, a := range d.w.agents {
		e := Attendance{Agent: a, Present: a.Presence == Available && a.Clients != 0, Ongoing: ongoing[a.Number]}
		for _, t := range d.topics {
			if slices.Contains(t.Members, a.Number) {
				e.Topics = append(e.Topics, t.ID)
			}
		}
		if len(e.Topics) > 0 {
			list = append(list, e)
		}
	}
	return list
}
