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
	// youngest is the least time between two sign-ins that succeed, whatever is told
	// of how long they last, and how long what signs in is out of doubt once it was
	// proved against a call that refused it: that call refuses it for its own reasons.
	youngest = time.Minute
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
	// with is what it was issued for, at issuedAt.
	with     secrets
	issuedAt time.Time
}

// issued reports whether it was issued to us, and is not what is configured.
func (p pass) issued() bool { return p.life > 0 }

// end is when it must not be used any more; zero where it never ends.
func (p pass) end(usedAt time.Time) time.Time {
	switch {
	case !p.issued():
		return time.Time{}
	case p.sliding:
		return later(usedAt, p.issuedAt).Add(p.life)
	default:
		return p.issuedAt.Add(max(p.life, youngest))
	}
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

	mu sync.Mutex
	// current is what calls carry now. held is one that they do not: a call was refused
	// with it, or its first call did not get through.
	current, held      *pass
	usedAt, acceptedAt time.Time
	number             int
	running            *signInRun
	closed             bool
	pauses             pauses
	doubts             doubts
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
var errUnproven = errors.New("SuperOffice does not accept the token that it has just issued: check that the application may be used with this tenant")

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
			return pass{}, fmt.Errorf("signing in: %w", httpapi.Expired(ctx, "sign-in", "no answer in time, of the sign-in or of "+pathTopics+" by which it is proved: look whether the system hangs or is overloaded, or allow it more time"))
		}
		if run.err != nil {
			return pass{}, run.err
		}
	}
	return pass{}, fmt.Errorf("signing in: %w", errUnproven)
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
	if err := s.pauses.on(with, now); err != nil {
		return pass{}, nil, err
	}
	if s.failure != nil && now.Before(s.failedAt.Add(sameTry)) {
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
	end := s.current.end(s.usedAt)
	return end.IsZero() || now.Before(end)
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
		p, err = s.bring(detached, with)
	}()
}

// bring brings a pass whose first call was accepted: the one that is held where that
// will do, else a new one. A pass beside an error is to be held.
func (s *signIn) bring(ctx context.Context, with secrets) (pass, error) {
	if err := s.ready(ctx); err != nil {
		return pass{}, err
	}
	now := s.clock.Now()
	held, ok := s.holding(with, now)
	if ok {
		err := s.proven(ctx, held)
		if !errors.Is(err, errUnproven) || now.Before(held.issuedAt.Add(youngest)) {
			return held, err
		}
	}
	if s.condemned(ctx) {
		return pass{}, credentialsError{endpoint: whatSignIn, keys: s.scheme.keys()}
	}
	p, err := s.scheme.signIn(ctx, with)
	if err != nil {
		if !passes(err) {
			err = pauseError{err}
		}
		return pass{}, err
	}
	p.with, p.issuedAt = with, s.clock.Now()
	return p, s.proven(ctx, p)
}

// proven makes the first call with a pass, and judges how that went. Only a refusal
// says something of the credentials.
func (s *signIn) proven(ctx context.Context, p pass) error {
	err := s.prove(ctx, p)
	var transport *httpapi.Error
	switch errors.As(err, &transport); {
	case err == nil:
		return nil
	case transport == nil, errors.As(err, new(signInError)): // Nobody was asked.
	case transport.Status == http.StatusUnauthorized && p.issued():
		return errUnproven
	case transport.Status == http.StatusUnauthorized:
		return credentialsError{endpoint: transport.Endpoint, keys: s.scheme.keys()}
	case transport.OtherScheme:
	case transport.Status == http.StatusBadRequest, transport.Status == http.StatusForbidden:
		return nil // It was let in, even if this call is not for it.
	}
	if p.issued() && !passes(err) {
		return pauseError{err}
	}
	return err
}

// end publishes how a sign-in went, and begins the pause that it calls for.
func (s *signIn) end(run *signInRun, with secrets, p pass, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer close(run.done)
	now := s.clock.Now()
	s.running = nil
	if err == nil {
		if p.number == 0 {
			s.number++
			p.number = s.number
		}
		s.current, s.held, s.usedAt, s.failure = &p, nil, now, nil
		s.doubts.end(now)
		return
	}
	run.err = fmt.Errorf("signing in: %w", err)
	if p.header != nil {
		s.held = &p
	}
	if refuses(err) {
		s.held, s.doubts = nil, doubts{flying: s.doubts.flying, landed: s.doubts.landed}
	}
	if s.failure = nil; !s.pauses.begin(with, now, err) {
		s.failure, s.failedAt = run.err, now
	}
}

// accepted notes that a call succeeded.
func (s *signIn) accepted() {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.Now()
	s.acceptedAt, s.usedAt = now, now
	if s.current != nil && now.Sub(s.current.issuedAt) >= youngest {
		s.pauses.steps = 0
	}
}

// lastAccepted is when a call last succeeded; zero if none has.
func (s *signIn) lastAccepted() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.acceptedAt
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

// later is the later of two instants.
func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
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
