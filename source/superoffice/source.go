// Package superoffice reads the chats of SuperOffice Service through the WebAPI, in
// the words of package conversation. The facts come from the vendor's documentation;
// the titles of its pages stand with the code that relies on them. What the vendor
// leaves open is said where it matters.
package superoffice

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"conversation_exporter/conversation"
	"conversation_exporter/source/httpapi"
)

// System is the name of this kind of system in labels.
const System = "superoffice"

// channel is what all conversations of this system come by.
const channel = "chat"

// everybody is the one viewer: the lists are the same whoever asks.
const everybody = "everybody"

// infoLife is how long the version of the system is taken as told.
const infoLife = 10 * time.Minute

// Source reads one SuperOffice. It may be used by many goroutines.
type Source struct {
	opts    Options
	client  *httpapi.Client
	signIn  *signIn
	home    home
	viewers *conversation.ViewerSet
	dir     *directory
	zone    zone
	twice   twice
	// abilities, entities and forbidden have locks of their own.
	abilities abilities
	entities  entities
	forbidden forbidden

	mu sync.Mutex
	// dynamicLeft is where the archive Dynamic is read on that the last deadline cut.
	dynamicLeft int64
	// dynamicLate counts the passes in a row in which it told nothing in time.
	dynamicLate int
	version     string
	left        leftOff
	// skew is the difference of the clocks that dates are corrected by.
	skew     time.Duration
	skewTold bool
	// behind is by how much the zone that the server marks its dates with is behind UTC.
	behind time.Duration
	// informedAt is when the version was asked for; askedAt when Info last looked.
	informedAt, askedAt time.Time
}

var _ conversation.Source = (*Source)(nil)

// New makes a Source. It opens no connection; an error means that an option cannot
// work.
func New(opts Options) (*Source, error) {
	opts.PageSize = orDefault(opts.PageSize, 100)
	opts.MaxPages = orDefault(opts.MaxPages, 1000)
	opts.Concurrency = orDefault(opts.Concurrency, 4)
	if opts.Clock == nil {
		opts.Clock = httpapi.SystemClock{}
	}
	if opts.Online == nil && opts.Authorization == nil {
		return nil, errors.New("no credentials: set basic_auth, authorization or online")
	}
	root, err := url.Parse(strings.TrimSuffix(opts.URL, "/"))
	if err != nil {
		// The parser's own words quote the URL, which may hold a password.
		return nil, errors.New("the URL cannot be parsed")
	}
	if opts.Online != nil {
		root = loginHost(opts.Online.Environment)
	}
	client, err := httpapi.New(httpapi.Config{
		BaseURL:           root.String(),
		Bases:             bases(opts),
		Routes:            routes(opts),
		Transport:         opts.Transport,
		Dial:              opts.Dial,
		Header:            header(opts),
		UserAgent:         opts.UserAgent,
		Concurrency:       opts.Concurrency,
		RequestsPerSecond: opts.RequestsPerSecond,
		Clock:             opts.Clock,
		Jitter:            opts.Jitter,
		Target:            opts.Target,
		Metrics:           opts.Metrics,
	})
	if err != nil {
		return nil, fmt.Errorf("preparing the client of SuperOffice: %w", err)
	}
	s := &Source{opts: opts, client: client, viewers: conversation.NewViewerSet(everybody), home: onsite{root}}
	s.dir = newDirectory(s)
	s.signIn = &signIn{clock: opts.Clock, prove: s.prove, ready: func(ctx context.Context) error {
		_, err := s.home.base(ctx)
		return err
	}}
	switch {
	case opts.Online == nil:
		s.signIn.scheme = headerScheme{opts.Authorization}
	case opts.Online.RefreshToken != nil:
		s.home, s.signIn.scheme = newTenant(client, opts), refreshScheme{client: client, login: root, online: opts.Online}
	default:
		s.home, s.signIn.scheme = newTenant(client, opts), systemUserScheme{client: client, login: root, online: opts.Online, clock: opts.Clock}
	}
	return s, nil
}

func orDefault(n, otherwise int) int {
	if n <= 0 {
		return otherwise
	}
	return n
}

// prove makes the first call with a pass: one that is needed anyway, and small.
func (s *Source) prove(ctx context.Context, p pass) error {
	for followed := false; ; followed = true {
		base, err := s.home.base(ctx)
		if err != nil {
			return signInError{err}
		}
		var out []topicItem
		_, err = s.client.Do(ctx, topicsAsked(&out).request(base, p), &out)
		if err == nil {
			s.signIn.accepted()
			return nil
		}
		if followed {
			return s.explain(err)
		}
		if err := s.follow(ctx, base, err); err != nil {
			return err
		}
	}
}

// Info implements conversation.Source. The version is at most 10 minutes old,
// unless no other call has succeeded since Info was last asked: then the system is
// asked, so that AcceptedAt tells whether it is the system that is down or only one
// of its endpoints.
func (s *Source) Info(ctx context.Context) (conversation.Info, error) {
	s.mu.Lock()
	now := s.opts.Clock.Now()
	known := !s.informedAt.IsZero() && now.Before(s.informedAt.Add(infoLife))
	asked := s.askedAt
	s.mu.Unlock()

	var err error
	if !s.signIn.lastAccepted().After(asked) {
		var out []topicItem
		if _, err = s.get(ctx, topicsAsked(&out), &out); err != nil {
			err = fmt.Errorf("asking whether SuperOffice is there: %w", err)
		}
	}
	if err == nil && !known {
		s.askVersion(ctx)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.askedAt = s.opts.Clock.Now()
	return conversation.Info{
		System:  System,
		Version: s.version,
		States: []conversation.State{
			conversation.StateArriving, conversation.StateQueued, conversation.StateAssigned, conversation.StateAutomated,
		},
		ReadsTold:   true,
		IdleTimeout: s.opts.IdleTimeout,
		AcceptedAt:  s.signIn.lastAccepted(),
	}, err
}

// askVersion asks for the version. In the cloud the tenant's state tells it; where
// an installation does not tell it, nothing is wrong by that.
func (s *Source) askVersion(ctx context.Context) {
	version := s.home.version()
	if root, ok := s.home.(onsite); ok {
		p, err := s.signIn.get(ctx)
		if err != nil {
			return
		}
		var out versionAnswer
		req := asked{path: pathVersion}.request(root.root, p)
		if _, err := s.client.Do(ctx, req, &out); err == nil {
			version = out.NetServerVersion.label()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.informedAt = s.opts.Clock.Now()
	if version != "" {
		s.version = version
	}
}

// Channels implements conversation.Source: chat is no connection that could be down.
func (s *Source) Channels(context.Context) ([]conversation.Channel, error) {
	return nil, conversation.ErrUnsupported
}

// Close implements conversation.Source. There is nothing to give back: tickets and
// tokens end by themselves.
func (s *Source) Close(ctx context.Context) error {
	err := s.signIn.close(ctx)
	s.client.CloseIdle()
	return err
}
