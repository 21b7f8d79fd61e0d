package world

import "time"

// people is what customers, agents and bots do of their own accord. All its
// functions run as events, under the world's lock.
type people struct {
	dice
	w     *World
	pause time.Duration // mean time between two arrivals
	// Sessions are forgotten at a regular pace, so that there are always a few
	// whose window is about to end, without a pile of them.
	forgetEvery time.Duration
	nextForget  time.Time
	forgotten   int
	restless    []*session // prefilled ones that get a message now and then
	spoilt      string     // why the next message will fail; empty where chance decides
	slips       int        // operations that were refused: mistakes in the behaviours
}

// forgottenShare is the part of the arrivals that nobody sees through.
const forgottenShare = 0.013

func newPeople(w *World, d dice, arrivals float64) *people {
	pause := time.Duration(float64(time.Minute) / arrivals)
	return &people{
		dice: d, w: w, pause: pause,
		forgetEvery: time.Duration(float64(pause) / forgottenShare),
		nextForget:  w.clock.Now(),
	}
}

func (p *people) start() {
	p.w.after(p.exp(p.pause), p.arrive)
	p.w.after(5*time.Minute, p.campaign)
	p.w.after(time.Minute, p.murmur)
}

func (p *people) arrive() {
	p.w.after(p.exp(p.pause), p.arrive)
	o := Opening{Medium: p.medium()}
	switch r := p.rng.Float64(); {
	case r < 0.72 && len(p.w.queues) > 0:
		o.QueueID = p.someQueue().ID
	case r < 0.82:
		o.Extension = p.someAgent()
		o.Outbound = p.chance(0.2)
	default:
		o.API = true
	}
	s, err := p.w.open(o)
	if err != nil {
		return // the team has no such place
	}
	p.watch(s)
	if o.Outbound {
		p.then(s, 20*time.Second+p.exp(2*time.Minute), func() {
			p.says(s)
			p.receive(s)
		})
		return
	}
	p.adds(s)
	p.receive(s)
}

// medium picks one that the team has.
func (p *people) medium() Medium {
	media := [...]Medium{
		WhatsApp, WhatsApp, WhatsApp, WhatsApp, WhatsApp, WhatsApp, WhatsApp,
		Facebook, Facebook, SMS, SMS, Livechat, Livechat, Livechat,
	}
	m := media[p.rng.IntN(len(media))]
	for _, c := range p.w.channels {
		if c.Medium == m {
			return m
		}
	}
	return p.w.channels[0].Medium
}

// someQueue prefers the earlier ones, so that queues differ in their load.
func (p *people) someQueue() *Queue {
	n := len(p.w.queues)
	return p.w.queues[min(p.rng.IntN(n), p.rng.IntN(n))]
}

func (p *people) someAgent() string {
	return p.w.agents[p.rng.IntN(len(p.w.agents))].Number
}

func (p *people) someMember(q *Queue) Member {
	if len(q.Members) == 0 {
		return Member{}
	}
	return q.Members[p.rng.IntN(len(q.Members))]
}

// receive lets whoever has an arriving session deal with it.
func (p *people) receive(s *session) {
	switch {
	case s.API:
		p.bot(s, 2+p.rng.IntN(4))
	case s.QueueID != 0 && s.MemberID == 0:
		p.wait(s)
	default:
		p.converse(s, 1+p.rng.IntN(4))
	}
}

// then schedules the next thing of a session. It is dropped when the session
// took another turn meanwhile: was closed, moved or picked up by somebody else.
func (p *people) then(s *session, d time.Duration, next func()) {
	// Not the whole session is kept: there are many of these, and it is large.
	queue, member, extension, api := s.QueueID, s.MemberID, s.Extension, s.API
	p.w.after(d, func() {
		if s.gone || s.Closed || s.QueueID != queue || s.MemberID != member ||
			s.Extension != extension || s.API != api {
			return
		}
		next()
	})
}

// wait is a session in a queue that nobody has yet.
func (p *people) wait(s *session) {
	q := p.w.queue(s.QueueID)
	if q == nil || len(q.Members) == 0 {
		return
	}
	if q.Mode == ModeNone {
		p.share(s, 1+p.rng.IntN(4))
		return
	}
	if p.forgets(s) {
		return
	}
	wait := 3*time.Second + p.exp(35*time.Second)
	if p.chance(0.04) { // overlooked
		wait = p.between(5*time.Minute, 25*time.Minute)
		if p.chance(0.25) { // until it is moved to where it is seen
			p.then(s, p.between(2*time.Minute, 5*time.Minute), func() {
				p.must(p.w.toQueue(s, p.someQueue().ID))
				p.wait(s)
			})
		}
	}
	p.then(s, wait, func() {
		member := p.someMember(q)
		if q.Mode == ModeManual {
			p.must(p.w.pickUp(s, member.ID))
		} else {
			p.must(p.w.agentWrites(s, member.Number))
		}
		p.share(s, 1+p.rng.IntN(4))
	})
	if p.chance(0.3) { // asks again
		p.then(s, p.between(20*time.Second, 2*time.Minute), func() { p.says(s) })
	}
	if s.Medium == Livechat {
		p.then(s, p.between(time.Minute, 8*time.Minute), func() { p.must(p.w.close(s, ByCustomer)) })
	}
}

// converse is an agent's turn in a session that he has.
func (p *people) converse(s *session, turns int) {
	p.then(s, 8*time.Second+p.exp(30*time.Second), func() {
		if p.forgets(s) || p.chance(0.06) && p.transfer(s) {
			return
		}
		p.must(p.w.agentWrites(s, ""))
		if turns <= 1 {
			p.finish(s)
			return
		}
		p.then(s, 10*time.Second+p.exp(45*time.Second), func() {
			p.says(s)
			p.converse(s, turns-1)
		})
	})
}

// share is a session in a queue without pick-up: any member answers. Once
// somebody has it after all, it goes on as his.
func (p *people) share(s *session, turns int) {
	if s.Extension != "" {
		p.converse(s, turns)
		return
	}
	p.then(s, 15*time.Second+p.exp(time.Minute), func() {
		if p.forgets(s) {
			return
		}
		p.must(p.w.agentWrites(s, p.someMember(p.w.queue(s.QueueID)).Number))
		if turns <= 1 {
			p.finish(s)
			return
		}
		p.then(s, 10*time.Second+p.exp(45*time.Second), func() {
			p.says(s)
			p.share(s, turns-1)
		})
	})
}

// bot is the API's turn.
func (p *people) bot(s *session, turns int) {
	p.then(s, p.between(time.Second, 4*time.Second), func() {
		p.must(p.w.apiWrites(s))
		if turns > 1 {
			p.then(s, 25*time.Second+p.exp(time.Minute), func() {
				p.says(s)
				p.bot(s, turns-1)
			})
			return
		}
		switch {
		case p.chance(0.3): // says that it hands over, and does
			p.handOver(s)
		case p.chance(0.25):
			p.then(s, p.between(time.Second, 30*time.Second), func() { p.handOver(s) })
		default:
			p.finish(s)
		}
	})
}

// handOver ends a bot's part: a queue has the session then, or an agent at once.
func (p *people) handOver(s *session) {
	if p.chance(0.85) && len(p.w.queues) > 0 {
		p.must(p.w.toQueue(s, p.someQueue().ID))
		p.wait(s)
		return
	}
	p.must(p.w.toExtension(s, p.someAgent()))
	p.converse(s, 1+p.rng.IntN(3))
}

// transfer lets an agent give a session away; it is false where he keeps it.
func (p *people) transfer(s *session) bool {
	switch luck := p.rng.Float64(); {
	case luck < 0.45 && len(p.w.queues) > 0:
		p.must(p.w.toQueue(s, p.someQueue().ID))
		p.wait(s)
	case luck < 0.65:
		p.must(p.w.toAPI(s))
		p.bot(s, 1+p.rng.IntN(3))
	default:
		number := p.someAgent()
		if number == s.Extension {
			return false
		}
		p.must(p.w.toExtension(s, number))
		p.converse(s, 1+p.rng.IntN(3))
	}
	return true
}

// finish ends a session after the last answer.
func (p *people) finish(s *session) {
	closing, why := p.between(5*time.Second, 40*time.Second), ByAgent
	switch {
	case s.Medium == Livechat && p.chance(0.6):
		why = ByCustomer
	case !s.API && p.chance(0.04):
		for _, v := range p.w.viewers(s) {
			p.must(p.w.archive(s, v))
		}
		closing = p.between(15*time.Minute, 40*time.Minute)
	case p.chance(0.1): // the answer may still be commented on
		closing = p.between(5*time.Minute, 15*time.Minute)
	}
	p.then(s, closing, func() {
		p.must(p.w.close(s, why))
		switch luck := p.rng.Float64(); {
		case luck < 0.03:
			p.comeBack(s)
		case luck < 0.04 && s.Extension != "":
			p.followUp(s)
		}
	})
}

// comeBack lets a customer write again after the closing.
func (p *people) comeBack(s *session) {
	p.w.after(p.between(2*time.Minute, 30*time.Minute), func() {
		if s.gone || !s.Closed {
			return
		}
		p.watch(s)
		p.says(s)
		p.receive(s)
	})
}

// followUp lets the agent write again after the closing, to which the customer
// says something or not.
func (p *people) followUp(s *session) {
	p.w.after(p.between(2*time.Minute, 30*time.Minute), func() {
		if s.gone || !s.Closed {
			return
		}
		p.watch(s)
		p.must(p.w.agentReopens(s, s.Extension))
		if p.chance(0.5) {
			p.finish(s)
			return
		}
		p.then(s, 30*time.Second+p.exp(2*time.Minute), func() {
			p.says(s)
			p.converse(s, 1)
		})
	})
}

// must counts the operations that were refused. Each step checks what it needs
// beforehand, so a test holds the count at 0; a demo had better go on.
func (p *people) must(err error) {
	if err != nil {
		p.slips++
	}
}
