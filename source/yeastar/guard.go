package yeastar

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"conversation_exporter/source/httpapi"
)

const (
	// The PBX blocks an address after 5 failed sign-ins within 10 minutes, so
	// there are never more than 4, whatever their reasons.
	failuresAllowed = 4
	failureWindow   = 10 * time.Minute
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

// pause is why a sign-in waits, apart from the counts.
type pause int

const (
	// pauseNone: nothing but the counts.
	pauseNone pause = iota
	// pauseSecret: the credentials were refused; a changed secret ends it.
	pauseSecret
	// pauseTokens: the PBX has no token left, or does not accept its own.
	pauseTokens
	// pauseAddress: the PBX has blocked the address; no call may be made.
	pauseAddress
)

// guard decides whether a sign-in may be tried. A mistyped secret must not get
// the address blocked. It has no lock of its own.
type guard struct {
	// kind, until and why are the pause that is on.
	kind  pause
	until time.Time
	why   error
	// tried is the digest of the secret that was tried last.
	tried [sha256.Size]byte
	// steps counts the pauses in a row, the last of which began at steppedAt.
	steps     int
	steppedAt time.Time
	// failures are the times of the failures that the PBX may still count, last
	// is what the newest said.
	failures []time.Time
	last     error
	// refusal is what the last sign-in failed with, at refusedAt.
	refusal   error
	refusedAt time.Time
	// issued are the times of tokens that the PBX may still hold for us.
	issued []time.Time
}

// pausedAt reports whether a pause is on.
func (g *guard) pausedAt(now time.Time) bool { return g.kind != pauseNone && now.Before(g.until) }

// addressBlocked returns what to tell while no call may be made at all.
func (g *guard) addressBlocked(now time.Time) error {
	if g.kind == pauseAddress && g.pausedAt(now) {
		return g.paused(now)
	}
	return nil
}

// blocked returns what to tell where not even a refresh token may be tried.
func (g *guard) blocked(now time.Time) error {
	if g.pausedAt(now) && g.kind != pauseSecret {
		return g.paused(now)
	}
	return g.exhausted(now)
}

// exhausted returns what to tell where one more failure could be too many.
func (g *guard) exhausted(now time.Time) error {
	g.failures = since(g.failures, now.Add(-failureWindow))
	if len(g.failures) < failuresAllowed {
		return nil
	}
	next := g.failures[0].Add(failureWindow)
	return withheldError{fmt.Errorf("signing in waits until %s: %d sign-ins failed within 10 minutes, and after 5 the PBX blocks this address; the last one: %w",
		instant(next, now), len(g.failures), g.last)}
}

// allow returns nil if a sign-in with this secret may be tried now.
func (g *guard) allow(now time.Time, secret httpapi.Secret) error {
	digest := sha256.Sum256([]byte(secret.Reveal()))
	changed := digest != g.tried
	switch {
	case g.pausedAt(now) && g.kind == pauseSecret && changed:
		g.kind, g.steps = pauseNone, 0
	case g.pausedAt(now):
		return g.paused(now)
	case g.refusal != nil && !changed && now.Sub(g.refusedAt) < sameTry:
		return fmt.Errorf("signing in: %w", g.refusal)
	}
	if err := g.exhausted(now); err != nil {
		return err
	}
	g.issued = since(g.issued, now.Add(-accessLife))
	if len(g.issued) >= tokensAllowed {
		return fmt.Errorf("signing in waits until %s: %w", instant(g.issued[0].Add(accessLife), now), errManyTokens)
	}
	g.tried = digest
	return nil
}

// errManyTokens is what a sign-in ends with after too many of them.
var errManyTokens = fmt.Errorf("%d tokens were asked for within 30 minutes and none of them lasted: another program may be signing in with the same Client ID; give each program its own", tokensAllowed)

// count notes a failure towards the number after which the PBX blocks.
func (g *guard) count(now time.Time, err error) {
	g.failures = append(since(g.failures, now.Add(-failureWindow)), now)
	g.last = err
}

// failed judges a failed call of the sign-in and starts the pause it calls for.
// It returns the error to tell.
func (g *guard) failed(now time.Time, err error) error {
	g.refusal, g.refusedAt = err, now
	var code *codeError
	if !errors.As(err, &code) {
		if answerLost(err) {
			g.count(now, err)
			g.issued = append(g.issued, now)
		}
		return fmt.Errorf("signing in: %w", err)
	}
	g.count(now, code)
	switch {
	case code.code == codeAddressBlock:
		g.pause(pauseAddress, now, blockEnd(now, code.blockExpire), code)
	case code.code == codeTooManyTokens:
		g.steps++
		g.pause(pauseTokens, now, now.Add(step(g.steps, 5, 10, 20, 30)), code)
	case code.class() == classRetry && code.code != codeFailure:
		return fmt.Errorf("signing in: %w", code)
	default:
		g.steps++
		g.pause(pauseSecret, now, now.Add(step(g.steps, 10, 20, 40, 60)), signInRefused(code))
	}
	return g.paused(now)
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
func (g *guard) unproven(now time.Time) {
	g.steps++
	g.pause(pauseTokens, now, now.Add(step(g.steps, 5, 10, 20, 30)), errUnproven)
}

// errUnproven is what a token ends with that was refused from the start.
var errUnproven = errors.New("the PBX does not accept the token that it has just issued: another program may be signing in with the same Client ID; give each program its own")

// succeeded ends every pause, and notes the token. What failed before still
// counts with the PBX.
func (g *guard) succeeded(now time.Time) {
	g.kind, g.why, g.refusal = pauseNone, nil, nil
	g.issued = append(since(g.issued, now.Add(-accessLife)), now)
}

// lasted notes that a token which was issued at an instant has lasted. That ends
// the row of the pauses before it.
func (g *guard) lasted(issued time.Time) {
	if issued.After(g.steppedAt) {
		g.steps = 0
	}
}

// pause begins a pause.
func (g *guard) pause(kind pause, now, until time.Time, why error) {
	g.kind, g.until, g.why, g.steppedAt = kind, until, why, now
}

func (g *guard) paused(now time.Time) error {
	return fmt.Errorf("signing in waits until %s: %w", instant(g.until, now), g.why)
}

// signInRefused puts a refusal of get_token into words: there, any code that is
// not known otherwise means that the credentials are wrong.
func signInRefused(code *codeError) error {
	switch code.code {
	case codeAddressForbid, 70123, 10001, 10002, 10003, 10005:
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

// step picks the length of the n-th pause in a row, in minutes.
func step(n int, minutes ...int) time.Duration {
	return time.Duration(minutes[min(n, len(minutes))-1]) * time.Minute
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
