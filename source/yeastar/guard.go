package yeastar

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"conversation_exporter/source/httpapi"
)

const (
	// The PBX blocks an address after 5 failed sign-ins within 10 minutes, so
	// there are never more than 4, whatever their reasons.
	failuresAllowed = 4
	failureWindow   = 10 * time.Minute
	// blockAssumed is how long a block lasts that does not tell its end.
	blockAssumed = 11 * time.Minute
	blockLongest = 24 * time.Hour
	// epochSince tells block_expire_time's two forms apart: an instant in epoch
	// seconds is beyond it, a number of seconds from now is not.
	epochSince = 1_000_000_000
)

// guard decides whether a sign-in may be tried. A mistyped secret must not get
// the address blocked. It has no lock of its own.
type guard struct {
	// until is the end of the pause; why is what is told meanwhile.
	until time.Time
	why   error
	// secretEnds is true where a changed secret ends the pause; refused is the
	// digest of the secret that was refused.
	secretEnds bool
	refused    [sha256.Size]byte
	tried      [sha256.Size]byte
	// steps counts the pauses in a row.
	steps int
	// failures are the times of the recent failures, last is what the newest said.
	failures []time.Time
	last     error
}

// pausedAt reports whether a pause is on.
func (g *guard) pausedAt(now time.Time) bool { return now.Before(g.until) }

// allow returns nil if a sign-in with this secret may be tried now.
func (g *guard) allow(now time.Time, secret httpapi.Secret) error {
	digest := sha256.Sum256([]byte(secret.Reveal()))
	if g.pausedAt(now) && !(g.secretEnds && digest != g.refused) {
		return g.paused()
	}
	g.forget(now)
	if len(g.failures) >= failuresAllowed {
		next := g.failures[0].Add(failureWindow)
		return fmt.Errorf("signing in waits until %s: %d sign-ins failed within 10 minutes, and after 5 the PBX blocks this address; the last one: %w", clockTime(next), len(g.failures), g.last)
	}
	if g.secretEnds && digest != g.refused {
		g.steps = 0
	}
	g.tried = digest
	return nil
}

// blocked returns what to tell while a pause is on that no secret ends.
func (g *guard) blocked(now time.Time) error {
	if g.pausedAt(now) && !g.secretEnds {
		return g.paused()
	}
	return nil
}

// count notes a failure towards the number after which the PBX blocks.
func (g *guard) count(now time.Time, err error) {
	g.forget(now)
	g.failures = append(g.failures, now)
	g.last = err
}

// forget drops the failures that the PBX no longer counts.
func (g *guard) forget(now time.Time) {
	for len(g.failures) > 0 && !now.Before(g.failures[0].Add(failureWindow)) {
		g.failures = g.failures[1:]
	}
}

// failed judges a failed call of the sign-in and starts the pause it calls for.
// It returns the error to tell.
func (g *guard) failed(now time.Time, err error) error {
	var code *codeError
	if !errors.As(err, &code) {
		if answerLost(err) {
			g.count(now, err)
		}
		return fmt.Errorf("signing in: %w", err)
	}
	switch {
	case code.code == codeAddressBlock:
		g.pause(blockEnd(now, code.blockExpire), code)
		g.secretEnds = false
	case code.code == codeTooManyTokens:
		g.steps++
		g.pause(now.Add(step(g.steps, 5, 10, 20, 30)), code)
		g.secretEnds = false
	case code.class() == classRetry && code.code != codeFailure:
		g.count(now, code)
		return fmt.Errorf("signing in: %w", code)
	default:
		g.count(now, code)
		g.steps++
		g.pause(now.Add(step(g.steps, 10, 20, 40, 60)), signInRefused(code))
		g.secretEnds = true
		g.refused = g.tried
	}
	return g.paused()
}

// answerLost reports whether the PBX may have counted a try that we know no
// answer of.
func answerLost(err error) bool {
	var transport *httpapi.Error
	if !errors.As(err, &transport) || !transport.Sent {
		return false
	}
	switch transport.Reason {
	case httpapi.ReasonTimeout, httpapi.ReasonConnection, httpapi.ReasonDecode:
		return true
	default:
		return false
	}
}

// unproven starts a pause after a token that did not work even once.
func (g *guard) unproven(now time.Time) {
	g.steps++
	g.pause(now.Add(step(g.steps, 5, 10, 20, 30)), errUnproven)
	g.secretEnds = false
}

// errUnproven is what a token ends with that was refused from the start.
var errUnproven = errors.New("the PBX does not accept the token that it has just issued: another program may be signing in with the same Client ID; give each program its own")

// succeeded ends every pause. The count of steps stays until the new token has
// worked once.
func (g *guard) succeeded() {
	g.until, g.why, g.secretEnds, g.failures, g.last = time.Time{}, nil, false, nil, nil
}

// pause never shortens a pause that is on.
func (g *guard) pause(until time.Time, why error) {
	if until.After(g.until) {
		g.until = until
	}
	g.why = why
}

func (g *guard) paused() error {
	return fmt.Errorf("signing in waits until %s: %w", clockTime(g.until), g.why)
}

// signInRefused puts a refusal of get_token into words: there, any code that is
// not known otherwise means that the credentials are wrong.
func signInRefused(code *codeError) error {
	switch code.code {
	case codeAddressForbid, 70123, 10001, 10002, 10003, 10005:
		return code
	}
	return fmt.Errorf("%s: the PBX refuses the credentials: check client_id and the secret against Integrations > API (errcode %d)", code.endpoint, code.code)
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

func clockTime(t time.Time) string { return t.UTC().Format("15:04:05 UTC") }
