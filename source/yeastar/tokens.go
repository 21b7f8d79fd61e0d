package yeastar

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
	// refreshBefore is how long before its end a token is renewed.
	refreshBefore = 5 * time.Minute
	// renewAgain is how long after a renewal that failed the next one begins.
	renewAgain = 30 * time.Second
	// signInTimeout bounds one sign-in. It is not the deadline of the scrape that
	// asked: an answer that nobody waits for any more would still take one of the
	// 8 tokens that the PBX allows.
	signInTimeout = 30 * time.Second
	// The lives that the vendor documents, for an answer that does not tell them.
	accessLife  = 1800 * time.Second
	refreshLife = 86400 * time.Second
)

// tokens signs in, keeps the token alive and gives it back. All callers share
// one token and one sign-in.
type tokens struct {
	client   *httpapi.Client
	clientID string
	secret   func() (httpapi.Secret, error)
	clock    httpapi.Clock
	// file keeps the tokens for the next start; nil where none is wanted.
	file *tokenFile
	// beside are the records of failures, also those of other programs.
	beside beside

	mu sync.Mutex
	// access is what calls carry; empty where there is none.
	access, refresh           httpapi.Secret
	accessUntil, refreshUntil time.Time
	renewAt, issuedAt         time.Time
	// proven is true once a call succeeded with access.
	proven     bool
	acceptedAt time.Time
	// loaded is true once the file was read, inherited while access came from it.
	loaded, inherited bool
	// guard is shared with the Sources of the same PBX, so t.mu does not guard it.
	guard   guard
	running *signIn
	// closed is true once the tokens are given back, abandoned once that could
	// not wait for a sign-in under way, which must then give back what it gets.
	closed, abandoned bool
}

// signIn is one sign-in under way. err may be read once done is closed.
type signIn struct {
	done chan struct{}
	// turn ends when the sign-in need not wait for its turn any more, cancel ends
	// it altogether.
	turn         context.Context //nolint:containedctx // It lives as long as the sign-in.
	stop, cancel context.CancelFunc
	err          error
}

// errClosed is what a call ends with after the tokens were given back.
var errClosed = errors.New("signing in: the target is being closed")

// get returns a token that should be accepted, signing in where there is none.
func (t *tokens) get(ctx context.Context) (httpapi.Secret, error) {
	// A token may be rejected between the sign-in and our turn, so there is a
	// second one.
	for range 2 {
		access, run, err := t.take(ctx)
		if run == nil {
			return access, err
		}
		select {
		case <-run.done:
		case <-ctx.Done():
			return httpapi.Secret{}, fmt.Errorf("signing in: %w", httpapi.Expired(ctx, pathGetToken, httpapi.NoAnswer))
		}
		if run.err != nil {
			return httpapi.Secret{}, run.err
		}
	}
	return httpapi.Secret{}, errUnproven
}

// take returns the token, or the sign-in to wait for.
func (t *tokens) take(ctx context.Context) (httpapi.Secret, *signIn, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.clock.Now()
	if t.closed {
		return httpapi.Secret{}, nil, errClosed
	}
	t.load(now)
	if err := t.guard.addressBlocked(); err != nil {
		return httpapi.Secret{}, nil, err
	}
	usable := !t.access.Empty() && now.Before(t.accessUntil)
	if t.running == nil && (!usable || !now.Before(t.renewAt)) {
		t.beside.recall(&t.guard)
		t.start(ctx)
	}
	if usable {
		// A renewal goes on beside the calls; nobody waits for it while the old
		// token still serves.
		return t.access, nil, nil
	}
	return httpapi.Secret{}, t.running, nil
}

// start begins a sign-in that outlives the caller's deadline. t.mu is held.
func (t *tokens) start(ctx context.Context) {
	detached, cancel := context.WithCancel(context.WithoutCancel(ctx))
	turn, stop := context.WithCancel(detached)
	run := &signIn{done: make(chan struct{}), turn: turn, stop: stop, cancel: cancel}
	t.running = run
	go func() {
		defer cancel()
		defer stop()
		var err error
		defer func() {
			// A panic here has no scrape to end with it, so it must not go on; the
			// callers are told, and the next of them tries again.
			if p := recover(); p != nil {
				err = conversation.NewPanicError("signing in", p)
			}
			t.end(detached, run, err)
		}()
		err = t.renew(detached, turn)
		t.save()
	}()
}

// end publishes how a sign-in went. Where the tokens were given back meanwhile
// without waiting for it, it gives back its own.
func (t *tokens) end(ctx context.Context, run *signIn, err error) {
	t.mu.Lock()
	run.err, t.running = err, nil
	abandoned := t.abandoned
	t.mu.Unlock()
	if abandoned {
		// Its own context was cancelled, so that it would end.
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), signInTimeout)
		defer cancel()
		_ = t.giveBack(last)
	}
	close(run.done)
}

// renew uses the refresh token where there is a valid one, else signs in anew.
func (t *tokens) renew(ctx, turn context.Context) error {
	t.mu.Lock()
	now := t.clock.Now()
	t.renewAt = now.Add(renewAgain)
	refresh, valid, issued := t.refresh, !t.refresh.Empty() && now.Before(t.refreshUntil), t.issuedAt
	t.mu.Unlock()
	if valid {
		done, err := t.refreshWith(ctx, turn, refresh, issued)
		if done {
			return err
		}
	}
	return t.signInAnew(ctx, turn)
}

// refreshWith trades the refresh token for new tokens. It reports whether that
// settled the matter: where it brought none, a new sign-in must follow, unless
// the PBX could not be reached or wants to be left alone.
func (t *tokens) refreshWith(ctx, turn context.Context, refresh httpapi.Secret, issued time.Time) (bool, error) {
	what := try{refresh: true, issued: issued}
	if err := t.guard.begin(turn, what); err != nil {
		return !errors.Is(err, errNoRoom), err
	}
	req := httpapi.Request{Method: http.MethodPost, Path: pathRefreshToken, Body: map[string]string{"refresh_token": refresh.Reveal()}}
	err := t.ask(ctx, what, req)
	if err == nil || settling(err) {
		return true, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.refresh = httpapi.Secret{}
	return false, err
}

// signInAnew asks for a token with Client ID and Client Secret.
func (t *tokens) signInAnew(ctx, turn context.Context) error {
	secret, err := t.secret()
	if err != nil {
		return err
	}
	what := try{secret: digestOfSecret(secret)}
	if err := t.guard.begin(turn, what); err != nil {
		return err
	}
	req := httpapi.Request{Method: http.MethodPost, Path: pathGetToken, Body: map[string]string{"username": t.clientID, "password": secret.Reveal()}}
	return t.ask(ctx, what, req)
}

// ask makes one try that was begun, and keeps what it brings. Whatever happens,
// the guard is told how it ended.
func (t *tokens) ask(ctx context.Context, what try, req httpapi.Request) (err error) {
	ctx, cancel := context.WithTimeout(ctx, signInTimeout)
	defer cancel()
	var at time.Time
	err = errFault // A panic leaves it so.
	defer func() { err = t.guard.ended(what, at, err) }()
	var out tokenAnswer
	if at, err = exchange(ctx, t.client, req, &out); err == nil {
		t.keep(&out, at)
	}
	return err
}

// keep stores new tokens, whose lives run from the answer.
func (t *tokens) keep(out *tokenAnswer, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	life := seconds(out.AccessTokenExpire, accessLife)
	t.access, t.issuedAt, t.accessUntil = httpapi.NewSecret(out.AccessToken), at, at.Add(life)
	t.renewAt = t.accessUntil.Add(-min(refreshBefore, life/4))
	t.refresh, t.refreshUntil = httpapi.NewSecret(out.RefreshToken), at.Add(seconds(out.RefreshTokenExpire, refreshLife))
	t.proven, t.inherited = false, false
}

// accepted notes that a call with this token succeeded. Only a token that lasts
// ends the row of pauses.
func (t *tokens) accepted(token httpapi.Secret) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.acceptedAt = t.clock.Now()
	if token == t.access {
		t.proven = true
		if t.acceptedAt.Sub(t.issuedAt) >= refreshBefore {
			t.guard.lasted(t.issuedAt)
		}
	}
}

// lastAccepted is when a call last succeeded; zero if none has.
func (t *tokens) lastAccepted() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.acceptedAt
}

// reject notes that the PBX does not accept this token any more. Where it is
// the current one and never worked, signing in at once again would only burn
// the tokens that the PBX allows, so that waits. One of an earlier run did work.
func (t *tokens) reject(token httpapi.Secret) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if token != t.access {
		return
	}
	if !t.proven && !t.inherited {
		t.guard.unproven()
	}
	t.access, t.refresh = httpapi.Secret{}, httpapi.Secret{}
}

// blocked notes that a call was refused because the PBX has blocked our address.
func (t *tokens) blocked(code *codeError) error { return t.guard.refused(code) }

// revoke gives the token back. Afterwards no token is handed out. It waits for a
// sign-in under way, but no longer than the context allows.
func (t *tokens) revoke(ctx context.Context) error {
	t.mu.Lock()
	t.closed = true
	run := t.running
	t.mu.Unlock()
	if run != nil {
		run.stop()
		select {
		case <-run.done:
		case <-ctx.Done():
			t.mu.Lock()
			t.abandoned = true
			t.mu.Unlock()
			run.cancel()
			return fmt.Errorf("signing in: %w", httpapi.Expired(ctx, pathGetToken, "no answer in time; its token, if there is one, stays in use for 30 minutes"))
		}
	}
	return t.giveBack(ctx)
}

// giveBack ends the token's life with the PBX, unless a successor has taken it
// over. Where the PBX cannot be reached, the file stays, so that the next start
// finds the token.
func (t *tokens) giveBack(ctx context.Context) error {
	t.mu.Lock()
	access, issued, until := t.access, t.issuedAt, t.accessUntil
	t.access, t.refresh = httpapi.Secret{}, httpapi.Secret{}
	t.mu.Unlock()
	now := t.clock.Now()
	var err error
	if !access.Empty() && now.Before(until) && t.guard.signIns.giveBack(t, t.handle(access), until) {
		_, err = exchange(ctx, t.client, withToken(pathDelToken, nil, access), new(envelope))
		if err == nil {
			t.guard.returned(issued)
		}
	}
	var code *codeError
	if err != nil && !errors.As(err, &code) {
		t.guard.signIns.keepOn(t.handle(access))
		t.unclaim()
		return err
	}
	return errors.Join(err, t.clear(access))
}

// seconds reads a duration of the vendor, or takes the documented one.
func seconds(n number, otherwise time.Duration) time.Duration {
	if n <= 0 || n > 366*86400 {
		return otherwise
	}
	return time.Duration(n) * time.Second
}
