package superoffice

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"conversation_exporter/conversation"
)

const (
	// directoryLife is how long topics and their settings are not asked for again.
	directoryLife = 10 * time.Minute
	// presenceLife is how long presence and opening hours are not.
	presenceLife = 50 * time.Second
	// pickUp is how sessions of every topic come to an agent, in the word of the API.
	pickUp = "pickup"
)

// topic is what is known of one topic.
type topic struct {
	name   string
	limits conversation.Limits
	open   conversation.Opening
	// settled says how old the limits are, opened how old open is.
	settled, opened age
}

// directory remembers what changes seldom: topics with their settings, and who is
// there. Failures are not remembered, what was known before stays.
type directory struct {
	source *Source
	// turn lets one caller at a time ask, so that others who want the same meanwhile
	// find it told.
	turn *semaphore.Weighted

	mu       sync.Mutex
	topics   map[int64]topic
	topicsAt time.Time
	// triedAt is when the topics were last asked for in vain, failure what came of it.
	triedAt time.Time
	failure error
	agents  []conversation.Agent
	// agentsAt is when the agents were told, zero where the last answer was a failure:
	// absence, met at absentAt.
	agentsAt time.Time
	absence  error
	absentAt time.Time
	// noPresence is when the server was found not to tell presence at all.
	noPresence time.Time
	// wasThere is true once it has told who is there.
	wasThere bool
	// talking are the agents who had a session in the last list.
	talking map[string]bool
}

func newDirectory(s *Source) *directory {
	return &directory{source: s, turn: semaphore.NewWeighted(1)}
}

// loadTopics reads the topics unless they are younger than directoryLife. A failure that was
// met a moment ago is told and not met again.
func (d *directory) loadTopics(ctx context.Context) error {
	told := func() (bool, error) {
		d.mu.Lock()
		defer d.mu.Unlock()
		now := d.source.opts.Clock.Now()
		if !d.topicsAt.IsZero() && now.Before(d.topicsAt.Add(directoryLife)) {
			return true, nil
		}
		return d.failure != nil && now.Before(d.triedAt.Add(sameTry)), d.failure
	}
	if ok, err := told(); ok {
		return err
	}
	if err := d.turn.Acquire(ctx, 1); err != nil {
		return fmt.Errorf("listing the topics: %w", err)
	}
	defer d.turn.Release(1)
	if ok, err := told(); ok {
		return err // Somebody else has just asked.
	}
	var items []topicItem
	at, err := d.source.get(ctx, topicsAsked(&items), &items)
	d.mu.Lock()
	defer d.mu.Unlock()
	if err != nil {
		if ctx.Err() == nil {
			d.failure, d.triedAt = fmt.Errorf("listing the topics: %w", err), d.source.opts.Clock.Now()
		}
		return fmt.Errorf("listing the topics: %w", err)
	}
	known := make(map[int64]topic, len(items))
	d.take(items, known)
	d.topics, d.topicsAt, d.failure = known, at, nil
	return nil
}

// take adds the topics of a list and of those below its items. d.mu is held. The id 0
// stands for all of them.
func (d *directory) take(items []topicItem, known map[int64]topic) {
	for _, item := range items {
		id := item.ID.id()
		if gone, _ := item.Deleted.flag(); id != 0 && !gone {
			info := d.topics[id]
			info.name = item.Name.label()
			known[id] = info
		}
		d.take(item.Children, known)
	}
}

// queueOf is the queue of a session, by the name that its row tells where the list of
// topics does not have it.
func (d *directory) queueOf(id int64, name string) conversation.Queue {
	if id == 0 {
		return conversation.Queue{}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if info, ok := d.topics[id]; ok && info.name != "" {
		name = info.name
	}
	return conversation.Queue{ID: id, Name: topicName(id, name), Mode: pickUp, Channel: channel}
}

// topicName is the name by which people know a topic, or its number.
func topicName(id int64, name string) string {
	if name == "" {
		return "(topic " + strconv.FormatInt(id, 10) + ")"
	}
	return name
}

// Queues implements conversation.Source. Beside an error it lists the topics that are
// known, without what could not be told of them. Who is there comes first: that is one
// call, and of topics there may be many.
func (s *Source) Queues(ctx context.Context) ([]conversation.Queue, error) {
	if err := s.dir.loadTopics(ctx); err != nil {
		return nil, err
	}
	begun := s.opts.Clock.Now()
	_, presence := s.Agents(ctx)
	if errors.Is(presence, conversation.ErrUnsupported) {
		presence = nil
	}
	fault, left := s.dir.loadSettings(ctx)
	s.dir.hold(begun)
	return s.dir.list(), errors.Join(s.dir.topicless(), fault, left, presence)
}

// QueueNames implements conversation.QueueNamer.
func (s *Source) QueueNames(ctx context.Context) ([]conversation.Queue, error) {
	if err := s.dir.loadTopics(ctx); err != nil {
		return nil, err
	}
	return s.dir.list(), nil
}

// list returns the topics by ascending id, without what was told of them too long ago.
func (d *directory) list() []conversation.Queue {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.source.opts.Clock.Now()
	queues := make([]conversation.Queue, 0, len(d.topics))
	for id, info := range d.topics {
		q := conversation.Queue{ID: id, Name: topicName(id, info.name), Mode: pickUp, Channel: channel, AgentsTold: !d.agentsAt.IsZero()}
		if !info.opened.over(now, hoursKept) {
			q.Open = info.open
		}
		if !info.settled.over(now, limitsKept) {
			q.Limits = info.limits
		}
		queues = append(queues, q)
	}
	slices.SortFunc(queues, func(a, b conversation.Queue) int { return cmp.Compare(a.ID, b.ID) })
	return queues
}
