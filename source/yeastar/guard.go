package yeastar

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"conversation_exporter/source/httpapi"
)

const (
	// The PBX allows 8 tokens at a time, each of which lives for 30 minutes, and
	// an answer that was lost may have been one. 6 leaves some to the operator.
	tokensAllowed = 6
	// sameTry is how long after a failed sign-in the calls of one scrape are told
	// its reason instead of trying again.
	sameTry = 5 * time.Second
	// blockAssumed is how long a block lasts that does not tell its end.
	blockAssumed = 11 * time.Minute
	blockLongest = 24 * time.Hour
	// epochSince tells block_expire_time's two forms apart: an instant in epoch
	// seconds is beyond it, a number of seconds from now is not.
	epochSince = 1_000_000_000
)

// guard decides for one Source whether a sign-in may be tried. A mistyped secret
// must not get the address blocked. It has no lock but that of SignIns.
type guard struct {
	signIns *SignIns
	clock   httpapi.Clock
	// where is the address of the PBX, who the application.
	where, who string
	// cautious leaves one failure to another program, which may be about to have it.
	cautious bool
	// refusal is what this Source's last sign-in failed with, at refusedAt, and
	// tried is the secret that it was tried with.
	refusal   error
	refusedAt time.Time
	tried     digest
}

// try is one call of the sign-in: with a refresh token, or with the secret of
// that digest.
type try struct {
	refresh bool
	secret  digest
	// issued is when the refresh token was issued.
	issued time.Time
}

// errNoRoom is what a refresh ends with that is not to be tried: signing in anew
// is the better way.
var errNoRoom = errors.New("signing in: the refresh token is not worth a try")

// addressBlocked returns what to tell while no call may be made at all.
func (g *guard) addressBlocked() error {
	g.signIns.mu.Lock()
	defer g.signIns.mu.Unlock()
	now := g.clock.Now()
	if a := g.signIns.addresses[g.where]; a != nil && a.blocked.on(now) {
		return a.blocked.told(now)
	}
	return nil
}

// begin waits for its turn behind the tries of others, and takes a place among
// them, which must be given back. An error means that there is to be no try.
func (g *guard) begin(ctx context.Context, what try) error {
	for {
		turn, err := g.take(what)
		if turn == nil {
			return err
		}
		select {
		case <-turn:
		case <-ctx.Done():
			return errClosed
		}
	}
}

// take takes a place for a try, or returns what to wait for.
func (g *guard) take(what try) (turn <-chan struct{}, err error) {
	g.signIns.mu.Lock()
	defer g.signIns.mu.Unlock()
	now := g.clock.Now()
	a, c := g.signIns.of(g.where, g.who, now)
	if err := g.forbidden(a, c, what, now); err != nil {
		return nil, err
	}
	room := a.room(c, what, now)
	if g.cautious {
		room = min(room, failuresAllowed-1)
	}
	switch {
	case what.refresh && (len(a.failures) >= room || what.issued.Before(a.refusedAt)):
		return nil, errNoRoom
	case len(a.failures) >= room:
		return nil, g.exhausted(a, c, room, now)
	case !what.refresh && len(c.issued) >= tokensAllowed:
		return nil, fmt.Errorf("signing in waits until %s: %w", instant(c.issued[0].Add(accessLife), now), errManyTokens)
	case len(a.failures)+a.underWay >= room, !what.refresh && len(c.issued)+c.underWay >= tokensAllowed:
		if a.ended == nil {
			a.ended = make(chan struct{})
		}
		return a.ended, nil
	}
	a.underWay++
	c.underWay++
	return nil, nil
}

// forbidden returns what to tell where a pause is on.
func (g *guard) forbidden(a *address, c *client, what try, now time.Time) error {
	switch refused := c.refused[what.secret]; {
	case a.blocked.on(now):
		return a.blocked.told(now)
	case c.tokens.on(now):
		return c.tokens.told(now)
	case what.refresh:
		return nil
	case refused != nil && refused.on(now):
		return refused.told(now)
	case g.refusal != nil && g.tried == what.secret && now.Sub(g.refusedAt) < sameTry:
		return fmt.Errorf("signing in: %w", g.refusal)
	}
	return nil
}

// exhausted is what to tell where one more failure could be too many.
func (g *guard) exhausted(a *address, c *client, room int, now time.Time) error {
	next := a.failures[len(a.failures)-room].Add(failureWindow)
	last := a.last
	if a.lastOf != g.who && a.lastOf != "" {
		// It is not this target that has to be mended, and its error is no cause here.
		last = fmt.Errorf("of another Client ID at this address: %v", a.last) //nolint:errorlint // See above.
	}
	failed := fmt.Sprintf("%d sign-ins failed", len(a.failures))
	if len(a.failures) == 1 {
		failed = "1 sign-in failed"
	}
	sooner := "it goes on by itself then, not even a changed secret is tried sooner, and a restart may bring the block"
	if len(a.failures) < a.room(c, try{}, now) {
		sooner = "a changed secret is tried at once"
	}
	return withheldError{fmt.Errorf("signing in waits until %s: %s within 10 minutes, and after 5 the PBX blocks this address; %s; the last one: %w", instant(next, now), failed, sooner, last)}
}

// errManyTokens is what a sign-in ends with after too many of them.
var errManyTokens = fmt.Errorf("%d tokens were asked for within 30 minutes and none of them lasted: another program may be signing in with the same Client ID; give each program, and each target, its own", tokensAllowed)

// ended ends a try that was begun, and judges how it went; at is when the answer
// came. It returns the error to tell.
func (g *guard) ended(what try, at time.Time, err error) error {
	g.signIns.mu.Lock()
	defer g.signIns.mu.Unlock()
	now := g.clock.Now()
	a, c := g.signIns.of(g.where, g.who, now)
	defer a.release(c)
	if err == nil {
		g.succeeded(a, c, what, at)
		return nil
	}
	var code *codeError
	refused := errors.As(err, &code)
	if what.refresh && !settling(err) {
		// The refresh token is used up, was never known, or its answer was lost. That
		// may count as a failed sign-in with the PBX, so it counts with us.
		a.count(now, g.who, err)
		if refused && !passing(code) {
			// A PBX that has forgotten one has most likely forgotten all.
			a.refusedAt = now
		}
		return err
	}
	g.refusal, g.refusedAt, g.tried = err, now, what.secret
	if refused {
		return g.judge(a, c, what, code)
	}
	if answerLost(err) || errors.Is(err, errFault) {
		a.count(now, g.who, err)
		c.issued = append(c.issued, now)
	}
	return fmt.Errorf("signing in: %w", err)
}

// settling tells an error of a refresh after which a sign-in with the secret
// would meet the same: the PBX could not be reached, or wants to be left alone.
func settling(err error) bool {
	var (
		code      *codeError
		transport *httpapi.Error
	)
	return errors.As(err, &code) && code.class() == classPause ||
		errors.As(err, &transport) && (!transport.Sent || transport.Reason == httpapi.ReasonThrottled)
}

// errFault is what a try ends with that panicked.
var errFault = errors.New("a fault of the exporter")

// succeeded ends the pauses, and notes the token. What failed before still counts
// with the PBX.
func (g *guard) succeeded(a *address, c *client, what try, at time.Time) {
	g.refusal = nil
	c.tokens.end(at)
	a.acceptedAt = at
	if !what.refresh {
		c.accepted, c.acceptedAt = what.secret, at
		if r := c.refused[what.secret]; r != nil {
			r.end(at)
		}
	}
	c.issued = append(c.issued, at)
}

// judge begins the pause that a refusal calls for.
func (g *guard) judge(a *address, c *client, what try, code *codeError) error {
	now := g.clock.Now()
	a.count(now, g.who, signInRefused(code))
	switch {
	case code.code == codeAddressBlock:
		return g.block(a, code, now)
	case code.code == codeTooManyTokens:
		c.tokens.next(now, code, 5, 10, 20, 30)
		return c.tokens.told(now)
	case passing(code):
		return fmt.Errorf("signing in: %w", code)
	}
	if c.accepted == what.secret {
		c.acceptedAt = time.Time{}
	}
	r := c.refused[what.secret]
	if r == nil {
		r = &pauses{}
		c.refused[what.secret] = r
	}
	r.next(now, signInRefused(code), 10, 20, 40, 60)
	return r.told(now)
}

// passing tells a failure that says nothing of the credentials.
func passing(code *codeError) bool {
	return code.class() == classRetry && code.code != codeFailure
}

// refused notes that a call was refused because the PBX has blocked our address.
func (g *guard) refused(code *codeError) error {
	g.signIns.mu.Lock()
	defer g.signIns.mu.Unlock()
	now := g.clock.Now()
	a, _ := g.signIns.of(g.where, g.who, now)
	a.count(now, g.who, code)
	return g.block(a, code, now)
}

// block begins the time in which no call is made. Nothing shortens it.
func (g *guard) block(a *address, code *codeError, now time.Time) error {
	if until := blockEnd(now, code.blockExpire); until.After(a.blocked.until) {
		a.blocked = pauses{began: now, until: until, why: code}
	}
	return a.blocked.told(now)
}

// answerLost reports whether the PBX may have counted a try, or issued a token,
// that we know no answer of. A proxy that says it did not reach the PBX (502,
// 503) is no such case.
func answerLost(err error) bool {
	var transport *httpapi.Error
	if !errors.As(err, &transport) || !transport.Sent {
		return false
	}
	switch transport.Reason {
	case httpapi.ReasonTimeout, httpapi.ReasonConnection, httpapi.ReasonDecode, httpapi.ReasonTooLarge, httpapi.ReasonAuth:
		return true
	case httpapi.ReasonHTTP5xx:
		return transport.Status != 502 && transport.Status != 503
	default:
		return false
	}
}

// unproven starts a pause after a token that did not work even once.
func (g *guard) unproven() {
	g.signIns.mu.Lock()
	defer g.signIns.mu.Unlock()
	now := g.clock.Now()
	_, c := g.signIns.of(g.where, g.who, now)
	c.tokens.next(now, errUnproven, 5, 10, 20, 30)
}

// errUnproven is what a token ends with that was refused from the start.
var errUnproven = errors.New("the PBX does not accept the token that it has just issued: another program may be signing in with the same Client ID; give each program its own")

// lasted notes that a token which was issued at an instant has lasted. That ends
// the rows of the pauses before it.
func (g *guard) lasted(issued time.Time) {
	g.signIns.mu.Lock()
	defer g.signIns.mu.Unlock()
	_, c := g.signIns.of(g.where, g.who, g.clock.Now())
	if issued.After(c.tokens.began) {
		c.tokens.steps = 0
	}
	if r := c.refused[c.accepted]; r != nil && issued.After(r.began) {
		delete(c.refused, c.accepted)
	}
}

// returned notes that the PBX has taken back the token of that instant.
func (g *guard) returned(issued time.Time) {
	g.signIns.mu.Lock()
	defer g.signIns.mu.Unlock()
	_, c := g.signIns.of(g.where, g.who, g.clock.Now())
	if i := slices.IndexFunc(c.issued, issued.Equal); i >= 0 {
		c.issued = slices.Delete(slices.Clone(c.issued), i, i+1)
	}
}

// told says until when a pause is on, and why.
func (r *pauses) told(now time.Time) error {
	return fmt.Errorf("signing in waits until %s: %w", instant(r.until, now), r.why)
}

// signInRefused puts a refusal of get_token into words: there, any code that is
// not known otherwise means that the credentials are wrong.
func signInRefused(code *codeError) error {
	switch code.code {
	case codeAddressForbid, codeAddressBlock, codeTooManyTokens, 70123, 10001, 10002, 10003, 10005:
		return code
	}
	if passing(code) {
		return code
	}
	return credentialsError{code.endpoint, code.code}
}

// blockEnd reads block_expire_time, which builds send in two forms.
func blockEnd(now time.Time, expire int64) time.Time {
	end := now.Add(blockAssumed)
	switch {
	case expire > epochSince:
		end = time.Unix(expire, 0)
	case expire > 0:
		end = now.Add(time.Duration(min(expire, int64(blockLongest/time.Second))) * time.Second)
	}
	if latest := now.Add(blockLongest); end.After(latest) {
		return latest
	}
	if !end.After(now) {
		return now.Add(blockAssumed)
	}
	return end
}

// since drops the times up to an instant from the head of an ascending list.
func since(times []time.Time, after time.Time) []time.Time {
	i := slices.IndexFunc(times, func(t time.Time) bool { return t.After(after) })
	if i < 0 {
		return nil
	}
	return times[i:]
}

// instant writes when something ends, with the date where it is not near.
func instant(t, now time.Time) string {
	if t.Sub(now) >= 12*time.Hour {
		return t.UTC().Format("2006-01-02 15:04:05 UTC")
	}
	return t.UTC().Format("15:04:05 UTC")
}
