package superoffice

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"conversation_exporter/conversation"
	"conversation_exporter/source/httpapi"
)

const (
	// signInTimeout bounds one sign-in. It is not the deadline of the scrape that
	// asked: others wait for the same.
	signInTimeout = 30 * time.Second
	// sameTry is how long after a failed sign-in the calls of one scrape are told
	// its reason instead of trying again.
	sameTry = 5 * time.Second
	// youngest is how old what signs in must be to be replaced when a call refuses
	// it: what a call refuses that others accept would else be replaced for ever.
	youngest = time.Minute
	// rowMemory is how long after its end a pause counts for the length of the next.
	rowMemory = 2 * time.Hour
)

// secrets are what a scheme signs in with; two that hold the same are equal.
type secrets [4]httpapi.Secret

// scheme is a way to sign in.
type scheme interface {
	// secrets reads what it signs in with.
	secrets() (secrets, error)
	// signIn brings what calls carry.
	signIn(ctx context.Context, with secrets) (pass, error)
	// keys are those of the configuration that name the credentials.
	keys() string
}

// pass is what calls carry.
type pass struct {
	header map[string]httpapi.Secret
	// life is how long it is good for, 0 where that is not told; sliding is true where
	// each use begins it anew.
	life    time.Duration
	sliding bool
	// number tells one pass from another.
	number int
}

// signIn signs in, and keeps what that brought. All callers share one sign-in. A
// mistyped secret is tried once, and then again only after a pause, or once it has
// changed: directories lock accounts out.
type signIn struct {
	scheme scheme
	clock  httpapi.Clock
	// ready finds the system: what is issued to nobody who is there would be wasted.
	ready func(ctx context.Context) error
	// prove makes the first call with a pass.
	prove func(ctx context.Context, p pass) error

	mu      sync.Mutex
	current *pass
	// issuedAt and usedAt are when the current pass came and was last used.
	issuedAt, usedAt, acceptedAt time.Time
	number                       int
	running                      *signInRun
	closed                       bool
	// refused are the secrets of the last refusal, for which a pause is on until an
	// instant; steps counts the pauses in a row.
	refused secrets
	until   time.Time
	why     error
	steps   int
	// failure is what another failed sign-in ended with, at failedAt.
	failure  error
	failedAt time.Time
}

// signInRun is one sign-in under way. err may be read once done is closed.
type signInRun struct {
	done   chan struct{}
	cancel context.CancelFunc
	err    error
}

// errClosed is what a call ends with after the source was closed.
var errClosed = errors.New("signing in: the target is being closed")

// errUnproven is what a sign-in ends with whose brand-new token is refused.
var errUnproven = errors.New("signing in: SuperOffice does not accept the token that it has just issued: check that the application may be used with this tenant")

// get returns a pass that should be accepted, signing in where there is none.
func (s *signIn) get(ctx context.Context) (pass, error) {
	for range 2 { // It may be rejected between the sign-in and our turn.
		p, run, err := s.take(ctx)
		if run == nil {
			return p, err
		}
		select {
		case <-run.done:
		case <-ctx.Done():
			return pass{}, fmt.Errorf("signing in: %w", httpapi.Expired(ctx, "sign-in", "no answer in time"))
		}
		if run.err != nil {
			return pass{}, run.err
		}
	}
	return pass{}, errUnproven
}

// take returns the pass, or the sign-in to wait for.
func (s *signIn) take(ctx context.Context) (pass, *signInRun, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.Now()
	switch {
	case s.closed:
		return pass{}, nil, errClosed
	case s.usable(now):
		return *s.current, nil, nil
	case s.running != nil:
		return pass{}, s.running, nil
	}
	with, err := s.scheme.secrets()
	if err != nil {
		return pass{}, nil, fmt.Errorf("signing in: %w", err)
	}
	switch {
	case with == s.refused && now.Before(s.until):
		return pass{}, nil, fmt.Errorf("signing in waits until %s: %w", instant(s.until, now), s.why)
	case s.failure != nil && now.Before(s.failedAt.Add(sameTry)):
		return pass{}, nil, s.failure
	}
	s.start(ctx, with)
	return pass{}, s.running, nil
}

// usable reports whether the current pass should be accepted. s.mu is held.
func (s *signIn) usable(now time.Time) bool {
	if s.current == nil {
		return false
	}
	since := s.issuedAt
	if s.current.sliding {
		since = s.usedAt
	}
	return s.current.life == 0 || now.Before(since.Add(s.current.life))
}

// start begins a sign-in that outlives the caller's deadline. s.mu is held.
func (s *signIn) start(ctx context.Context, with secrets) {
	detached, cancel := context.WithTimeout(context.WithoutCancel(ctx), signInTimeout)
	run := &signInRun{done: make(chan struct{}), cancel: cancel}
	s.running = run
	go func() {
		defer cancel()
		var (
			p   pass
			err error
		)
		defer func() {
			// A panic here has no scrape to end with it, so it must not go on.
			if fault := recover(); fault != nil {
				err = conversation.NewPanicError("signing in", fault)
			}
			s.end(run, with, p, err)
		}()
		if err = s.ready(detached); err != nil {
			return
		}
		if p, err = s.scheme.signIn(detached, with); err != nil {
			return
		}
		err = s.proven(detached, p)
	}()
}

// proven makes the first call with a pass, and judges how that went. Only a refusal
// says something of the credentials.
func (s *signIn) proven(ctx context.Context, p pass) error {
	err := s.prove(ctx, p)
	var transport *httpapi.Error
	switch {
	case err == nil:
		return nil
	case refusedWith(err, http.StatusUnauthorized) && errors.As(err, &transport):
		if p.life > 0 {
			return errUnproven
		}
		return credentialsError{transport.Endpoint, s.scheme.keys()}
	case errors.As(err, &transport) && transport.Status != 0 && transport.Status < 500 && transport.Status != http.StatusMisdirectedRequest &&
		transport.Reason != httpapi.ReasonThrottled && transport.Reason != httpapi.ReasonRedirect && !transport.OtherScheme:
		return nil // It was let in, even if this call is not for it.
	default:
		return fmt.Errorf("signing in: %w", err)
	}
}

// end publishes how a sign-in went, and begins the pause that a refusal calls for.
func (s *signIn) end(run *signInRun, with secrets, p pass, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer close(run.done)
	now := s.clock.Now()
	run.err, s.running = err, nil
	var refused credentialsError
	switch {
	case err == nil:
		s.number++
		p.number = s.number
		s.current, s.issuedAt, s.usedAt, s.failure = &p, now, now, nil
	case errors.As(err, &refused), errors.Is(err, errUnproven):
		if with != s.refused || now.After(s.until.Add(rowMemory)) {
			s.steps = 0
		}
		minutes := [...]int{10, 20, 40, 60}
		s.refused, s.why, s.until = with, err, now.Add(time.Duration(minutes[min(s.steps, len(minutes)-1)])*time.Minute)
		s.steps++
	default:
		s.failure, s.failedAt = err, now
	}
}

// accepted notes that a call succeeded.
func (s *signIn) accepted() {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.Now()
	s.acceptedAt, s.usedAt = now, now
	if now.Sub(s.issuedAt) >= youngest {
		s.steps = 0
	}
}

// lastAccepted is when a call last succeeded; zero if none has.
func (s *signIn) lastAccepted() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.acceptedAt
}

// reject notes that a pass is not accepted any more, and reports whether a new one
// may be.
func (s *signIn) reject(p pass) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.current == nil || s.current.number != p.number:
		return true
	case s.clock.Now().Sub(s.issuedAt) < youngest:
		return false
	}
	s.current = nil
	return true
}

// close ends all signing in, and waits for one that is under way.
func (s *signIn) close(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	run := s.running
	s.mu.Unlock()
	if run == nil {
		return nil
	}
	run.cancel()
	select {
	case <-run.done:
		return nil
	case <-ctx.Done():
		return httpapi.Expired(ctx, "sign-in", "a sign-in did not end in time")
	}
}

// instant writes when something ends, with the date where it is not near.
func instant(t, now time.Time) string {
	if t.Sub(now) >= 12*time.Hour {
		return t.UTC().Format("2006-01-02 15:04:05 UTC")
	}
	return t.UTC().Format("15:04:05 UTC")
}

// headerScheme signs in with a header that is configured: Basic, or a ticket.
type headerScheme struct {
	authorization func() (httpapi.Secret, error)
}

// secrets implements scheme.
func (h headerScheme) secrets() (secrets, error) {
	value, err := h.authorization()
	return secrets{value}, err
}

// signIn implements scheme.
func (headerScheme) signIn(_ context.Context, with secrets) (pass, error) {
	return pass{header: map[string]httpapi.Secret{headerAuthorized: with[0]}}, nil
}

// keys implements scheme.
func (headerScheme) keys() string { return "basic_auth or authorization" }
