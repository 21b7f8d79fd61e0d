package world

import "time"

// visitors is what those who chat do of their own accord, and who answers them.
// All its functions run as events, under the world's lock.
type visitors struct {
	dice
	d     *Desk
	pause time.Duration // mean time between two arrivals
	slips int           // operations that were refused: mistakes in the behaviours
}

func newVisitors(d *Desk, dice dice, arrivals float64) *visitors {
	return &visitors{dice: dice, d: d, pause: time.Duration(float64(time.Minute) / arrivals)}
}

func (v *visitors) start() { v.d.w.after(v.exp(v.pause), v.arrive) }

// must counts the operations that were refused, as people's does.
func (v *visitors) must(err error) {
	if err != nil {
		v.slips++
	}
}

// then schedules the next thing of a chat. It is dropped when the chat took
// another turn meanwhile: was ended, moved or picked up.
func (v *visitors) then(c *chat, after time.Duration, next func()) {
	arriving, waiting, agent, bot := c.Status.arriving(), c.Status == ChatWaiting, c.Agent, c.Bot
	v.d.w.after(after, func() {
		if c.gone || !c.Status.Open() || c.Status.arriving() != arriving || c.Agent != agent || c.Bot != bot ||
			!bot && (c.Status == ChatWaiting) != waiting {
			return
		}
		next()
	})
}

func (v *visitors) arrive() {
	v.d.w.after(v.exp(v.pause), v.arrive)
	if len(v.d.topics) == 0 {
		return
	}
	t := v.d.topics[v.rng.IntN(len(v.d.topics))]
	o := ChatOpening{Topic: t.ID, Status: t.Start, Bot: t.Bot}
	if !v.d.isOpen(t) || t.OfflineLength > 0 && v.d.waiting(t.ID) >= t.OfflineLength {
		o.Status, o.Bot = ChatOffline, false
	}
	c, err := v.d.open(o)
	if err != nil {
		v.must(err)
		return
	}
	switch {
	case c.Status == ChatOffline:
		v.leaveMessage(c)
	case c.Bot:
		v.bot(c, 1+v.rng.IntN(4))
	case c.Status == ChatForm || c.Status == ChatFAQ:
		v.decide(c)
	default:
		v.wait(c)
	}
}

// leaveMessage is a visitor at the offline form.
func (v *visitors) leaveMessage(c *chat) {
	v.then(c, v.between(30*time.Second, 4*time.Minute), func() {
		if v.chance(0.6) {
			v.d.post(c)
			return
		}
		v.must(v.d.finish(c, ByCustomer))
	})
}

// decide is a visitor at a form or at answers: he asks all the same, or goes.
func (v *visitors) decide(c *chat) {
	v.then(c, 5*time.Second+v.exp(45*time.Second), func() {
		switch luck := v.rng.Float64(); {
		case luck < 0.15:
			v.must(v.d.finish(c, ByCustomer))
		case luck < 0.25 && c.Status == ChatForm:
			v.must(v.d.enter(c, ChatFAQ))
			v.decide(c)
		default:
			v.must(v.d.enter(c, ChatWaiting))
			v.wait(c)
		}
	})
}

// bot is the chatbot's turn.
func (v *visitors) bot(c *chat, turns int) {
	v.then(c, v.between(time.Second, 3*time.Second), func() {
		v.must(v.d.botWrites(c, v.chance(0.4)))
		if turns > 1 {
			v.then(c, 8*time.Second+v.exp(30*time.Second), func() {
				v.must(v.d.visitorWrites(c))
				v.bot(c, turns-1)
			})
			return
		}
		v.then(c, v.between(2*time.Second, 20*time.Second), func() {
			if v.chance(0.5) {
				v.must(v.d.reset(c))
				v.wait(c)
				return
			}
			v.finish(c, ByCustomer)
		})
	})
}

// wait is a visitor in the queue.
func (v *visitors) wait(c *chat) {
	t := v.d.topic(c.TopicID)
	if t == nil || len(t.Members) == 0 {
		return
	}
	wait := 4*time.Second + v.exp(40*time.Second)
	if v.chance(0.06) { // overlooked
		wait = v.between(5*time.Minute, 20*time.Minute)
	}
	v.then(c, wait, func() {
		v.must(v.d.pickUp(c, t.Members[v.rng.IntN(len(t.Members))]))
		v.converse(c, 1+v.rng.IntN(5))
	})
	if v.chance(0.3) { // asks again
		v.then(c, v.between(15*time.Second, 90*time.Second), func() { v.must(v.d.visitorWrites(c)) })
	}
	if v.chance(0.1) { // goes without a word, and is not missed yet
		v.then(c, v.between(20*time.Second, 2*time.Minute), func() { v.d.stop(c) })
	}
	v.then(c, v.between(2*time.Minute, 12*time.Minute), func() { v.must(v.d.leave(c)) })
	if t.OfflineAfter > 0 {
		v.then(c, t.OfflineAfter, func() {
			v.must(v.d.enter(c, ChatOffline))
			v.leaveMessage(c)
		})
	}
}

// converse is an agent's turn in a chat that he has.
func (v *visitors) converse(c *chat, turns int) {
	v.then(c, 5*time.Second+v.exp(25*time.Second), func() {
		if v.chance(0.07) && v.offer(c, turns) {
			return
		}
		if v.chance(0.02) { // the agent forgets it, and idleness ends it
			return
		}
		notice := NoticeNone
		if v.chance(0.1) {
			notice = NoticeLink
		}
		v.must(v.d.agentWrites(c, notice))
		switch luck := v.rng.Float64(); {
		case turns <= 1:
			v.then(c, v.between(5*time.Second, time.Minute), func() { v.part(c) })
		case luck < 0.06: // the visitor has gone
			v.d.stop(c)
		default:
			v.then(c, 8*time.Second+v.exp(40*time.Second), func() {
				v.must(v.d.visitorWrites(c))
				v.converse(c, turns-1)
			})
		}
	})
}

// offer lets an agent ask a colleague to take over; it is false where there is none.
func (v *visitors) offer(c *chat, turns int) bool {
	t := v.d.topic(c.TopicID)
	number := t.Members[v.rng.IntN(len(t.Members))]
	if number == c.Agent {
		return false
	}
	v.must(v.d.offer(c, number))
	v.then(c, v.between(8*time.Second, 2*time.Minute), func() {
		v.must(v.d.answer(c, v.chance(0.75)))
		v.converse(c, turns)
	})
	return true
}

// part ends a chat after the last answer.
func (v *visitors) part(c *chat) {
	switch luck := v.rng.Float64(); {
	case luck < 0.1:
		v.d.post(c)
	case luck < 0.55:
		v.finish(c, ByCustomer)
	default:
		v.finish(c, ByAgent)
	}
}

// finish ends a chat; after that it is rated, taken up again, put away or deleted.
func (v *visitors) finish(c *chat, why Reason) {
	v.must(v.d.finish(c, why))
	if v.chance(0.3) {
		c.Rating = 1 + v.rng.IntN(5)
	}
	luck, ended := v.rng.Float64(), c.Ended
	v.d.w.after(v.between(10*time.Second, 5*time.Minute), func() {
		if c.gone || c.Status != ChatFinished || !c.Ended.Equal(ended) {
			return
		}
		switch {
		case luck < 0.05:
			v.must(v.d.visitorWrites(c))
			v.again(c)
		case luck < 0.8:
			v.d.end(c, ChatClosed)
		case luck < 0.9:
			v.d.remove(c)
		}
	})
}

// again is a chat that its visitor took up again.
func (v *visitors) again(c *chat) {
	switch {
	case c.Bot:
		v.bot(c, 1)
	case c.Agent != "":
		v.converse(c, 1)
	default:
		v.wait(c)
	}
}

// spoken lets a visitor read what was written to him, and idleness end a chat in
// which nothing more is said.
func (v *visitors) spoken(c *chat, m ChatMessage) {
	if m.Side != ChatVisitor && !c.away {
		after := v.exp(6 * time.Second)
		if v.chance(0.15) { // he looks elsewhere
			after = v.between(time.Minute, 6*time.Minute)
		}
		v.d.w.after(after, func() {
			if !c.gone && !c.away {
				v.d.read(c)
			}
		})
	}
	v.d.w.after(v.d.idle, func() {
		if !c.gone && !c.lasting && c.Last == m.ID && c.Status.ongoing() {
			v.must(v.d.finish(c, ByTimeout))
		}
	})
}
