package superoffice

import (
	"errors"
	"fmt"
	"time"

	"conversation_exporter/source/httpapi"
)

// pauseMemory is how long after its end a pause counts for the length of the next.
const pauseMemory = 2 * time.Hour

// pauses are those between sign-ins that failed.
type pauses struct {
	// with are the secrets for which a pause is on until an instant, why is what they
	// failed with; steps counts the pauses in a row.
	with  secrets
	until time.Time
	why   error
	steps int
}

// pauseError is a failed sign-in that will hardly pass by itself, but is no refusal.
type pauseError struct{ error }

// Unwrap returns what the sign-in failed with.
func (e pauseError) Unwrap() error { return e.error }

// refuses reports whether a sign-in ended with a refusal.
func refuses(err error) bool {
	var refused credentialsError
	return errors.As(err, &refused) || errors.Is(err, errUnproven)
}

// passes reports whether a failure may pass by itself, and says nothing of what was
// asked: the system is restarted, hangs, or cannot be reached.
func passes(err error) bool {
	var (
		elsewhere signInError
		transport *httpapi.Error
	)
	if errors.As(err, &elsewhere) {
		return true
	}
	if !errors.As(err, &transport) {
		return false
	}
	switch transport.Reason {
	case httpapi.ReasonTimeout, httpapi.ReasonConnection, httpapi.ReasonTLS, httpapi.ReasonHTTP5xx, httpapi.ReasonThrottled:
		return true
	}
	return false
}

// on gives the error that sign-ins end with while a pause is on, else nil.
func (p *pauses) on(with secrets, now time.Time) error {
	if with != p.with || !now.Before(p.until) {
		return nil
	}
	return fmt.Errorf("signing in waits until %s: %w", instant(p.until, now), p.why)
}

// begin begins the pause that a failed sign-in calls for; it is false where none does.
// Neither row of pauses lets five tries into ten minutes.
func (p *pauses) begin(with secrets, now time.Time, err error) bool {
	minutes := [...]int{10, 20, 40, 60}
	if !refuses(err) {
		var pause pauseError
		if !errors.As(err, &pause) {
			return false
		}
		minutes = [...]int{1, 2, 5, 10}
	}
	if with != p.with || now.After(p.until.Add(pauseMemory)) {
		p.steps = 0
	}
	p.with, p.why, p.until = with, err, now.Add(time.Duration(minutes[min(p.steps, len(minutes)-1)])*time.Minute)
	p.steps++
	return true
}
