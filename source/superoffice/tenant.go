package superoffice

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"conversation_exporter/conversation"
	"conversation_exporter/source/httpapi"
)

const (
	// stateLeast and stateMost bound how long the address of a tenant is taken as told:
	// its answer tells until when, and may tell anything.
	stateLeast = time.Minute
	stateMost  = 24 * time.Hour
	// stateAssumed is how long it is where the answer does not tell.
	stateAssumed = time.Hour
	// moveAgain is how soon after a look another one is made because the tenant may
	// have moved, or did not run: every call of every pass may be told so.
	moveAgain = time.Minute
)

// tenantState is where a tenant of the cloud lives (vendor's page "Check tenant
// status").
type tenantState struct {
	State      scalar
	IsRunning  scalar
	ValidUntil scalar
	// API is the root of the API, without its version.
	API     scalar `json:"Api"`
	Version scalar
}

// tenant finds where a tenant of the cloud lives. Its host changes now and then, and
// the wrong one answers 421.
type tenant struct {
	client *httpapi.Client
	clock  httpapi.Clock
	// login is the host of the environment.
	login    *url.URL
	customer string
	// turn lets one caller at a time look.
	turn *semaphore.Weighted

	mu              sync.Mutex
	root            *url.URL
	number          string
	lookedAt, until time.Time
	// failure is what the last look ended with, at failedAt.
	failure  error
	failedAt time.Time
}

// loginHost is the host of an environment, where one signs in and finds tenants.
func loginHost(environment string) *url.URL {
	return &url.URL{Scheme: "https", Host: environment + ".superoffice.com"}
}

func newTenant(client *httpapi.Client, o Options) *tenant {
	return &tenant{client: client, clock: o.Clock, login: loginHost(o.Online.Environment), customer: o.Online.Customer, turn: semaphore.NewWeighted(1)}
}

// base implements home. Where the tenant cannot be looked up, what was told before is
// the best that is known: in the nights and at week-ends the cloud is restarted.
func (t *tenant) base(ctx context.Context) (*url.URL, error) {
	if base, fresh := t.known(); fresh {
		return base, nil
	}
	if err := t.turn.Acquire(ctx, 1); err != nil {
		return nil, httpapi.Expired(ctx, pathState, "no answer in time")
	}
	defer t.turn.Release(1)
	base, fresh := t.known()
	if fresh {
		return base, nil // Somebody else has just looked.
	}
	err := t.lookOnce(ctx)
	if err != nil && base != nil {
		var state *notRunningError
		if !errors.As(err, &state) {
			t.keepOn()
			return base, nil
		}
	}
	if err != nil {
		return nil, err
	}
	base, _ = t.known()
	return base, nil
}

// known returns the root of the API as far as it is known, and whether that is young
// enough to be used.
func (t *tenant) known() (base *url.URL, fresh bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.root, t.root != nil && t.clock.Now().Before(t.until)
}

// lookOnce looks, unless that failed a moment ago: every call of a pass wants to know.
func (t *tenant) lookOnce(ctx context.Context) error {
	t.mu.Lock()
	failure, since := t.failure, t.clock.Now().Sub(t.failedAt)
	t.mu.Unlock()
	recent := since < sameTry || since < moveAgain && errors.As(failure, new(*notRunningError))
	if failure != nil && recent {
		return failure
	}
	err := t.look(ctx)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.failure = nil; err != nil && ctx.Err() == nil {
		t.failure, t.failedAt, t.lookedAt = err, t.clock.Now(), t.clock.Now()
	}
	return err
}

// keepOn takes what is known for a while longer.
func (t *tenant) keepOn() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.until = t.clock.Now().Add(stateLeast)
}

// notRunningError is what a tenant is that cannot be read now.
type notRunningError struct{ state string }

// Error implements error.
func (e *notRunningError) Error() string {
	return fmt.Sprintf("%s: the tenant is not running now, its state is %q: see status.superoffice.com", pathState, e.state)
}

// look asks where the tenant lives.
func (t *tenant) look(ctx context.Context) error {
	var out tenantState
	at, err := t.client.Do(ctx, httpapi.Request{Method: http.MethodGet, Path: pathState, ID: t.customer, Base: t.login}, &out)
	if refusedWith(err, http.StatusNotFound) {
		return fmt.Errorf("%s: the cloud does not know the tenant: check online.customer and online.environment", pathState)
	}
	if err != nil {
		return fmt.Errorf("looking up the tenant: %w", remedied(err, true))
	}
	if running, told := out.IsRunning.flag(); told && !running {
		return &notRunningError{conversation.Label(out.State.text)}
	}
	root, err := url.Parse(strings.TrimSuffix(out.API.text, "/"))
	if err != nil || !out.API.told || !inCloud(root) {
		return fmt.Errorf("%s: the address that the cloud tells is none below superoffice.com that is reached by https, so the credentials are not sent there: see whether a proxy is in between, or ask the support of SuperOffice", pathState)
	}
	until, err := parseDate(out.ValidUntil.text, time.UTC, at)
	if err != nil || until.IsZero() {
		until = at.Add(stateAssumed)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.root, t.lookedAt, t.number = root.JoinPath(apiVersion), at, out.Version.label()
	t.until = at.Add(min(max(until.Sub(at), stateLeast), stateMost))
	return nil
}

// left implements home.
func (t *tenant) left(base *url.URL) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.root != nil && t.root.String() != base.String():
		return true // It has been found elsewhere since.
	case t.clock.Now().Before(t.lookedAt.Add(moveAgain)):
		return false
	}
	t.until = time.Time{}
	return true
}

// version implements home.
func (t *tenant) version() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.number
}
