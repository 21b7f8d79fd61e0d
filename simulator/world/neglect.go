package world

import "time"

// The ways of being forgotten come in turn, so that each is always there.
const (
	neglectOwed     = iota // the agent never answers
	neglectShared          // nobody of a queue without pick-up answers
	neglectAnswered        // the agent answers and never closes
	neglectAway            // the agent answers and puts it away
	neglectSaved           // the agent answers shortly before the window ends
	neglectWaiting         // nobody picks it up
	neglectFailed          // the agent's answer fails, and he does not notice
	neglectLate            // the agent answers when the window has ended
)

func neglectOf(n int) int {
	order := [...]int{
		neglectOwed, neglectShared, neglectOwed, neglectAway, neglectOwed,
		neglectFailed, neglectOwed, neglectSaved, neglectWaiting, neglectAnswered, neglectLate,
	}
	return order[n%len(order)]
}

// forgets decides whether this is the session that is forgotten next, and lets
// that happen. Only sessions with a reply window are.
func (p *people) forgets(s *session) bool {
	now := p.w.clock.Now()
	if now.Before(p.nextForget) || !s.Medium.HasWindow() || s.LastInbound.IsZero() {
		return false
	}
	how := neglectOf(p.forgotten)
	if !p.suits(how, s) {
		if now.Sub(p.nextForget) > p.forgetEvery {
			p.forgotten++ // there may be no such place: it is the next one's turn
		}
		return false
	}
	p.forgotten++
	p.nextForget = p.nextForget.Add(p.forgetEvery)
	switch how {
	case neglectWaiting:
		return true
	case neglectFailed:
		p.spoilt = failProvider
		p.must(p.w.agentWrites(s, ""))
		return true
	case neglectLate:
		p.late(s)
		return true
	case neglectAnswered:
		p.must(p.w.agentWrites(s, ""))
		return true
	case neglectAway:
		p.must(p.w.agentWrites(s, ""))
		p.must(p.w.archive(s, Viewer(s.Extension)))
		return true
	case neglectSaved:
		p.save(s)
		return true
	}
	if p.chance(0.4) { // asks again, to no avail
		p.then(s, p.between(30*time.Second, 5*time.Minute), func() { p.says(s) })
	}
	return true
}

// suits tells whether a session is where it can be forgotten in this way.
func (p *people) suits(how int, s *session) bool {
	if how != neglectShared && how != neglectWaiting {
		return s.Extension != ""
	}
	q := p.w.queue(s.QueueID)
	return s.Extension == "" && q != nil && (q.Mode == ModeNone) == (how == neglectShared)
}

// save answers a forgotten session at the last moment.
func (p *people) save(s *session) {
	late := ReplyWindow - p.between(time.Minute, 20*time.Minute)
	p.then(s, late-p.w.clock.Now().Sub(s.LastInbound), func() {
		p.must(p.w.agentWrites(s, ""))
		p.finish(s)
	})
}

// late answers a forgotten session when that is no longer allowed.
func (p *people) late(s *session) {
	end, _ := s.WindowEnd()
	p.then(s, end.Add(p.between(5*time.Second, 10*time.Minute)).Sub(p.w.clock.Now()), func() {
		p.must(p.w.agentWrites(s, ""))
	})
}

// watch closes what nobody cares for: some time after the window, or a day
// without a message. WhatsApp sessions are closed by the system, the others by
// an agent who tidies up. Most linger, so that ended windows are seen.
func (p *people) watch(s *session) {
	linger := p.between(time.Minute, 15*time.Minute)
	if p.chance(0.6) {
		linger = p.between(time.Hour, 4*time.Hour)
	}
	var look func()
	look = func() {
		if s.gone || s.Closed {
			return // one that comes back is dealt with anew
		}
		last := s.LastInbound
		if last.IsZero() {
			last = s.Opened
		}
		if left := last.Add(ReplyWindow + linger).Sub(p.w.clock.Now()); left > 0 {
			p.w.after(left, look)
			return
		}
		why := ByTimeout
		if s.Medium == Facebook && !s.API {
			why = ByAgent
		}
		p.must(p.w.close(s, why))
	}
	p.w.after(ReplyWindow+linger, look)
}

// campaign sends a template to some customers, for the API or for an agent.
func (p *people) campaign() {
	p.w.after(p.between(30*time.Minute, 50*time.Minute), p.campaign)
	o := Opening{Medium: WhatsApp, Campaign: true}
	if p.chance(0.3) {
		o.Medium = SMS
	}
	if p.chance(0.6) {
		o.API = true
	} else {
		o.Extension = p.someAgent()
	}
	for range 6 + p.rng.IntN(7) {
		s, err := p.w.open(o)
		if err != nil {
			return // the team has no such channel
		}
		p.watch(s)
		if p.chance(0.35) {
			p.then(s, p.exp(6*time.Minute), func() {
				p.says(s)
				p.receive(s)
			})
			continue
		}
		p.then(s, p.between(25*time.Minute, 75*time.Minute), func() { p.must(p.w.close(s, ByTimeout)) })
	}
}

// murmurs adds a prefilled session to those that get a message now and then.
func (p *people) murmurs(s *session) { p.restless = append(p.restless, s) }

// murmur gives one of the prefilled sessions a message, and each of them one in
// about every hour and a half.
func (p *people) murmur() {
	const round = 90 * time.Minute
	if len(p.restless) == 0 {
		p.w.after(time.Minute, p.murmur)
		return
	}
	p.w.after(round/time.Duration(len(p.restless)), p.murmur)
	s := p.restless[p.rng.IntN(len(p.restless))]
	switch {
	case s.gone || s.Closed:
	case !s.LastInbound.After(s.LastOutbound):
		p.w.customerWrites(s)
	case s.API:
		p.must(p.w.apiWrites(s))
	case s.Extension != "":
		p.must(p.w.agentWrites(s, ""))
	default:
		// It waits, and goes on waiting: the customer asks again.
		p.w.customerWrites(s)
	}
}
