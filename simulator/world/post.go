package world

import "time"

// Why messages fail: words that systems of this kind use.
const (
	failUnknown  = "unknown_error"
	failTooLate  = "exceeds_time_limit"
	failNumber   = "invalid_phone_number"
	failProvider = "service_unavailable"
	failRate     = "too_many_request"
	failSending  = "send_fail"
	failTemplate = "template_not_exist"
	failSignIn   = "auth_fail"
)

// retried is the share of the failed messages that are sent once more.
const retried = 0.65

// carry decides what becomes of a message, and lets it happen. It goes on when
// the session is closed or somebody else's: a message is under way by itself.
func (p *people) carry(s *session, r Record) {
	after, reason := p.fate(s, r)
	p.w.after(after, func() {
		if s.gone {
			return
		}
		if p.w.settle(s, r.ID, Sending, reason) == nil && reason != "" {
			p.retry(s, r)
		}
	})
}

// fate is how long a message is under way, and why it then fails, if it does.
// Most arrive in seconds, some take minutes, and a few are forgotten for hours.
func (p *people) fate(s *session, r Record) (time.Duration, string) {
	soon := p.between(time.Second, 5*time.Second)
	if reason := p.spoilt; reason != "" {
		p.spoilt = ""
		return soon, reason
	}
	if end, has := s.WindowEnd(); has && !r.Template && !s.LastInbound.IsZero() && r.At.After(end) {
		return soon, failTooLate
	}
	after, fails := soon, 0.02
	switch luck := p.rng.Float64(); {
	case luck < 0.90:
	case luck < 0.975:
		after, fails = p.between(20*time.Second, 6*time.Minute), 0.1
	case luck < 0.993:
		after, fails = p.between(10*time.Minute, 40*time.Minute), 0.25
	default:
		after, fails = p.between(time.Hour, 8*time.Hour), 0.25
	}
	if !p.chance(fails) {
		return after, ""
	}
	return after, p.someFailure(r.Template)
}

func (p *people) someFailure(template bool) string {
	if template && p.chance(0.5) {
		return failTemplate
	}
	reasons := [...]string{failNumber, failNumber, failProvider, failRate, failSending, failSignIn, failUnknown}
	return reasons[p.rng.IntN(len(reasons))]
}

// retry sends a failed message once more, if somebody notices while he still
// has the session and may write. Where nobody does, the customer has got no answer.
func (p *people) retry(s *session, r Record) {
	if s.Closed || r.Template || !p.chance(retried) {
		return
	}
	if end, has := s.WindowEnd(); has && !end.After(p.w.clock.Now()) {
		return
	}
	again := func() { p.must(p.w.apiWrites(s)) }
	switch {
	case r.Side == SideAPI && s.API:
	case r.Side == SideAgent && (s.Extension == r.Number || s.Extension == "" && memberOf(p.w.queue(s.QueueID), r.Number) != 0):
		again = func() { p.must(p.w.agentWrites(s, r.Number)) }
	default:
		return
	}
	p.then(s, p.between(3*time.Second, time.Minute), again)
}

// says lets a customer write, often in more than one piece.
func (p *people) says(s *session) {
	p.w.customerWrites(s)
	p.adds(s)
}

// adds lets a customer go on writing, now and then within the same second.
func (p *people) adds(s *session) {
	switch luck := p.rng.Float64(); {
	case luck < 0.06:
		p.w.customerWrites(s)
	case luck < 0.2:
		p.then(s, p.between(time.Second, 8*time.Second), func() { p.says(s) })
	}
}
