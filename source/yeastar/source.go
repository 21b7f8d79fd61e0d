// Package yeastar reads a Yeastar P-Series PBX through its API, version 1.0, in
// the words of package conversation. The facts come from the vendor's developer
// guide; the titles of its pages stand with the code that relies on them.
package yeastar

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"conversation_exporter/conversation"
	"conversation_exporter/source/httpapi"
)

// System is the name of this kind of system in labels.
const System = "yeastar"

// infoLife is how long the version of the PBX is taken as told.
const infoLife = 10 * time.Minute

// Source reads one PBX. It may be used by many goroutines.
type Source struct {
	opts   Options
	client *httpapi.Client
	tokens *tokens
	dir    *directory

	mu      sync.Mutex
	version string
	// informedAt is when the version was read; askedAt when Info last looked.
	informedAt, askedAt time.Time
	// turnAt is when each viewer was last asked for its list, misses how often in
	// a row it did not answer in time.
	turnAt map[viewer]time.Time
	misses map[viewer]int
	// wholeAt is when the last round began that read all of a viewer's list.
	wholeAt map[viewer]time.Time
	// left is where the lists go on that a deadline cut.
	left map[viewer]leftOff
	// sweptAt is when each viewer's list of closed sessions was last asked for.
	sweptAt map[viewer]time.Time
	sets    conversation.ViewerSets
	// suspects are sessions that may be what the PBX cannot tell.
	suspects suspects
	// batches is how many sessions message/query takes at a time.
	batches batchSize
	// channels are the message channels as they were told at channelsAt.
	channels   []conversation.Channel
	channelsAt time.Time
	absences   absences
	// clockTold is true while the clock of the PBX is warned of.
	clockTold bool
	// midnight is one at which the PBX's day ends; zero where it is not known.
	midnight time.Time
}

var _ conversation.Source = (*Source)(nil)

// New makes a Source. It opens no connection; an error means that an option
// cannot work.
func New(opts Options) (*Source, error) {
	opts.PageSize = orDefault(opts.PageSize, 100)
	opts.MaxPages = orDefault(opts.MaxPages, 1000)
	opts.Concurrency = orDefault(opts.Concurrency, 4)
	if opts.Clock == nil {
		opts.Clock = httpapi.SystemClock{}
	}
	if opts.APIDestination == "" {
		opts.APIDestination = DestinationAutomation
	}
	if opts.SignIns == nil {
		opts.SignIns = NewSignIns()
	}
	if opts.UserAgent == "" {
		return nil, errors.New("the PBX refuses requests without a User-Agent: set one")
	}
	if opts.Secret == nil {
		return nil, errors.New("no Client Secret")
	}
	client, err := httpapi.New(httpapi.Config{
		BaseURL:           strings.TrimSuffix(opts.URL, "/") + apiRoot,
		Routes:            routes(),
		Transport:         opts.Transport,
		UserAgent:         opts.UserAgent,
		Concurrency:       opts.Concurrency,
		RequestsPerSecond: opts.RequestsPerSecond,
		Clock:             opts.Clock,
		Jitter:            opts.Jitter,
		Target:            opts.Target,
		Metrics:           opts.Metrics,
	})
	if err != nil {
		return nil, fmt.Errorf("preparing the client of the PBX: %w", err)
	}
	file, records := keepers(opts)
	s := &Source{
		opts:    opts,
		turnAt:  make(map[viewer]time.Time),
		misses:  make(map[viewer]int),
		wholeAt: make(map[viewer]time.Time),
		left:    make(map[viewer]leftOff),
		sweptAt: make(map[viewer]time.Time),
		client:  client,
		tokens: &tokens{
			client: client, clientID: opts.ClientID, secret: opts.Secret, clock: opts.Clock,
			file: file, beside: records,
			guard: guard{signIns: opts.SignIns, clock: opts.Clock, where: pbxAddress(opts.URL), who: opts.ClientID, cautious: records.cautious()},
		},
	}
	// All targets of an address count together, so what is on record of each must be
	// known before the first of them signs in.
	records.recall(&s.tokens.guard)
	s.dir = newDirectory(s)
	return s, nil
}

func orDefault(n, otherwise int) int {
	if n <= 0 {
		return otherwise
	}
	return n
}

// errNoViewers is what a listing ends with that nobody could be asked for.
var errNoViewers = errors.New("there is nobody whose sessions could be listed: no message queue has a member; set viewers.extensions or viewers.api")

// OpenSessions implements conversation.Source: it lists the open sessions of
// every viewer and unites the views.
func (s *Source) OpenSessions(ctx context.Context) ([]conversation.Session, conversation.Coverage, error) {
	// Signing in first tells a wrong secret once, not once a viewer.
	if _, err := s.tokens.get(ctx); err != nil {
		return nil, conversation.Coverage{Warnings: s.warnings()}, err
	}
	if !s.informed() {
		// Where there are more lists than time, nothing would be left for this.
		_ = s.askVersion(ctx)
	}
	var problems []error
	if err := s.dir.loadQueues(ctx, directoryLife); err != nil {
		problems = append(problems, err)
	}
	viewers, err := s.viewers(ctx)
	if err != nil {
		problems = append(problems, err)
	}
	if len(viewers) == 0 && len(problems) == 0 {
		problems = append(problems, errNoViewers)
	}
	var pages longest
	lists := s.readViewers(s.longestUnasked(viewers), func(v viewer) listing { return s.readViewer(ctx, v, &pages) })
	cover := coverageOf("listing the sessions of", lists)
	cover.Warnings = s.warnings()
	cover.Problems = slices.Concat(problems, cover.Problems)
	if !answered(lists) {
		return nil, cover, errors.Join(cover.Problems...)
	}
	m := s.newMerge(lists)
	m.keep(func(v *view) bool { return !v.closed })
	sessions := s.unite(ctx, m, &cover)
	return sessions, cover, nil
}

// unite puts what the viewers show into conversation's words, and tells where a
// state had to be assumed.
func (s *Source) unite(ctx context.Context, m *merge, cover *conversation.Coverage) []conversation.Session {
	s.dir.knowAll(ctx, m.queueIDs())
	allRead := len(cover.Problems) == 0 && cover.AllViewers()
	sessions, assumed := m.sessions(s.dir, s.opts.APIDestination, allRead)
	cover.Assumed = assumed
	if assumed > 0 && len(cover.Problems) == 0 {
		cover.Problems = []error{fmt.Errorf("reading the assignment modes of message queues: %w", conversation.ErrAssumed)}
	}
	return sessions
}

// Queues implements conversation.Source. The list is at most 10 minutes old. A
// failure that OpenSessions met a moment ago is told and not met again.
func (s *Source) Queues(ctx context.Context) ([]conversation.Queue, error) {
	if err := s.dir.recall(ctx); err != nil {
		return nil, err
	}
	return s.dir.list()
}

// Info implements conversation.Source. The version is at most 10 minutes old,
// unless no other call has succeeded since Info was last asked: then the PBX is
// asked, so that AcceptedAt tells whether it is the PBX that is down or only
// one of its endpoints.
func (s *Source) Info(ctx context.Context) (conversation.Info, error) {
	s.mu.Lock()
	now := s.opts.Clock.Now()
	fresh := !s.informedAt.IsZero() && now.Before(s.informedAt.Add(infoLife)) && s.tokens.lastAccepted().After(s.askedAt)
	s.mu.Unlock()

	var err error
	if !fresh {
		err = s.askVersion(ctx)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.askedAt = s.opts.Clock.Now()
	return conversation.Info{
		System:  System,
		Version: s.version,
		States: []conversation.State{
			conversation.StateQueued, conversation.StateAssigned, conversation.StateAutomated,
			conversation.StateShared, conversation.StateArchived,
		},
		Failures:   failures(),
		AcceptedAt: s.tokens.lastAccepted(),
	}, err
}

// informed reports whether the version was ever told.
func (s *Source) informed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.informedAt.IsZero()
}

func (s *Source) askVersion(ctx context.Context) error {
	out, at, err := get[systemAnswer](ctx, s, pathSystem, nil)
	if err != nil {
		return fmt.Errorf("reading the version of the PBX: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version, s.informedAt = conversation.Label(string(out.Data.FirmwareVersion)), at
	s.midnight = midnightOf(string(out.Data.SystemTime), at)
	return nil
}

// Close implements conversation.Source: it gives the token back. The PBX allows
// 8 at a time.
func (s *Source) Close(ctx context.Context) error {
	err := s.tokens.revoke(ctx)
	s.client.CloseIdle()
	if err != nil {
		return fmt.Errorf("giving the token back: %w", err)
	}
	return nil
}
