package collector

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"time"

	"conversation_exporter/conversation"
)

// desk is a story of sessions that a status leads: their list tells no message's id,
// and no record tells of queues, pick-ups and bots.
type desk struct {
	*story
	chats map[int64]*chat
	// top is the highest id of a message as the first sweep tells it, unproved says that
	// times may be of another zone, silent that the list does not tell of activity.
	top              int64
	unproved, silent bool
	// lookUpErr is why nothing can be looked up, lookups counts who was.
	lookUpErr error
	// astray is a session that a look-up answers with although nobody asked for it.
	astray  int64
	lookups int
	told    map[int64]bool
}

// chat is a session as it is now.
type chat struct {
	conversation.Session
	// late is true where its status is not told yet.
	late bool
	// vanished is true where the system does not know it any more.
	vanished bool
}

func newDesk() *desk {
	d := &desk{story: newStory(), chats: make(map[int64]*chat), told: make(map[int64]bool)}
	d.info = conversation.Info{ReadsTold: true, IdleTimeout: 20 * time.Minute}
	d.queues = []conversation.Queue{{ID: 3, Name: "Support", Channel: "chat"}}
	d.target = NewTarget(Options{
		Name: "desk", Source: d, Groups: []string{groupSessions, groupMessages}, Timeout: 10 * time.Second, Now: d.clock.now,
	})
	d.collector = New(d.target)
	return d
}

// arrive brings a customer who waits in the queue.
func (d *desk) arrive(id int64) *chat {
	c := &chat{Session: session(id, "chat")}
	c.Queue, c.ByStatus, c.Requested = conversation.Queue{ID: 3, Name: "Support", Channel: "chat"}, true, d.clock.now()
	d.chats[id] = c
	d.waits(id)
	d.touch(id)
	return c
}

func (d *desk) touch(id int64) { d.chats[id].LastActivity = d.clock.now() }

// waits puts a session into its queue, has gives it to a bot or to an agent.
func (d *desk) waits(id int64) {
	c := d.chats[id]
	c.State, c.Awaiting, c.Started = conversation.StateQueued, conversation.AwaitingAgent, time.Time{}
}

func (d *desk) bot(id int64) {
	c := d.chats[id]
	c.State, c.Awaiting = conversation.StateAutomated, conversation.AwaitingCustomer
	d.add(id, conversation.Record{Kind: conversation.KindMessage, Sender: conversation.SenderBot, ReadByCustomer: conversation.ReceiptRead})
	d.touch(id)
}

func (d *desk) taken(id int64) {
	c := d.chats[id]
	c.State, c.Awaiting, c.Started = conversation.StateAssigned, conversation.AwaitingAgent, d.clock.now()
}

// writes is a message of the customer, answers one of an agent that he has not read yet.
func (d *desk) writes(id int64) {
	d.customer(id)
	d.touch(id)
	if c := d.chats[id]; c.State == conversation.StateAssigned {
		c.Awaiting = conversation.AwaitingAgent
	}
}

func (d *desk) answers(id int64) {
	d.add(id, conversation.Record{
		Kind: conversation.KindMessage, Sender: conversation.SenderAgent, Human: true, ReadByCustomer: conversation.ReceiptUnread,
	})
	d.touch(id)
	d.chats[id].Awaiting = conversation.AwaitingCustomer
}

// reads lets the customer read everything; nothing else changes by that.
func (d *desk) reads(id int64) {
	for i := range d.records[id] {
		if r := &d.records[id][i]; r.ReadByCustomer == conversation.ReceiptUnread {
			r.ReadByCustomer = conversation.ReceiptRead
		}
	}
}

// ends ends a session, with a record if it has a reason.
func (d *desk) ends(id int64, by, told conversation.CloseReason) {
	if by != "" {
		d.add(id, conversation.Record{Kind: conversation.KindClosed, Reason: by})
	}
	c := d.chats[id]
	c.Closed, c.Ended, c.CloseReason, c.Awaiting = true, d.clock.now(), told, conversation.AwaitingUnknown
	if told == conversation.ClosedAbandoned {
		c.Awaiting = conversation.AwaitingAgent
	}
	d.touch(id)
}

// shown is a session as the system tells it.
func (d *desk) shown(c *chat) conversation.Session {
	s := c.Session
	s.ListedAt, s.ShownBy = d.clock.now(), conversation.NewViewerSet(viewer)
	if d.silent {
		s.LastActivity = time.Time{}
	}
	if c.late {
		s.Closed, s.Ended, s.CloseReason = false, time.Time{}, ""
	}
	return s
}

func (d *desk) list(keep func(*chat) bool) (list []conversation.Session) {
	for _, c := range d.chats {
		if !c.vanished && keep(c) {
			list = append(list, d.shown(c))
		}
	}
	slices.SortFunc(list, func(a, b conversation.Session) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

func (d *desk) OpenSessions(ctx context.Context) ([]conversation.Session, conversation.Coverage, error) {
	if d.during != nil {
		d.during(ctx)
	}
	cover := d.cover
	cover.TimesUnproved = d.unproved
	return d.list(func(c *chat) bool { return !c.Closed || c.late }), cover, d.err
}

func (d *desk) ClosedSessions(_ context.Context, since conversation.Mark) ([]conversation.Session, conversation.Mark, conversation.Coverage, error) {
	if d.sweepErr != nil {
		return nil, since, conversation.Coverage{}, d.sweepErr
	}
	_, marked := since.Viewers[viewer]
	list := d.list(func(c *chat) bool {
		fresh := c.Closed && !c.late && !d.told[c.ID]
		d.told[c.ID] = d.told[c.ID] || fresh
		return fresh && marked
	})
	return list, conversation.Mark{Viewers: map[string]int64{viewer: d.top}}, conversation.Coverage{Read: 1}, nil
}

func (d *desk) Lookup(_ context.Context, ids []int64) ([]conversation.Session, error) {
	if d.lookUpErr != nil {
		return nil, d.lookUpErr
	}
	d.lookups += len(ids)
	return d.list(func(c *chat) bool { return slices.Contains(ids, c.ID) || c.ID == d.astray }), nil
}

func (d *desk) Messages(ctx context.Context, wants []conversation.Want) iter.Seq2[conversation.Thread, error] {
	return func(yield func(conversation.Thread, error) bool) {
		d.asked = wants
		if d.messageErr != nil {
			yield(conversation.Thread{}, d.messageErr)
			return
		}
		if d.messageDuring != nil {
			d.messageDuring(ctx)
		}
		for _, w := range wants {
			all := slices.DeleteFunc(slices.Clone(d.records[w.Session]), func(r conversation.Record) bool { return r.ID < w.After })
			if !yield(conversation.Thread{Session: w.Session, Records: all, FromStart: w.After == 0 && len(all) > 0, ReadAt: d.clock.now()}, nil) {
				return
			}
		}
	}
}
