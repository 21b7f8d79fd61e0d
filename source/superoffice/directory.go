package superoffice

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"conversation_exporter/conversation"
)

const (
	// directoryLife is how long topics and their settings are taken as told.
	directoryLife = 10 * time.Minute
	// presenceLife is how long presence and opening hours are.
	presenceLife = 50 * time.Second
	// pickUp is how sessions of every topic come to an agent, in the word of the API.
	pickUp = "pickup"
)

// topic is what is known of one topic.
type topic struct {
	name   string
	limits conversation.Limits
	open   conversation.Opening
	// settledAt is when the limits were told, openAt when open was.
	settledAt, openAt time.Time
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
	// agentsAt is when the agents were told, zero where the last answer was a failure.
	agentsAt time.Time
	// noPresence is when the server was found not to tell presence at all.
	noPresence time.Time
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
// known, without what could not be told of them.
func (s *Source) Queues(ctx context.Context) ([]conversation.Queue, error) {
	if err := s.dir.loadTopics(ctx); err != nil {
		return nil, err
	}
	settings := s.dir.loadSettings(ctx)
	_, presence := s.Agents(ctx)
	if errors.Is(presence, conversation.ErrUnsupported) {
		presence = nil
	}
	return s.dir.list(), errors.Join(s.dir.topicless(), settings, presence)
}

// list returns the topics by ascending id.
func (d *directory) list() []conversation.Queue {
	d.mu.Lock()
	defer d.mu.Unlock()
	queues := make([]conversation.Queue, 0, len(d.topics))
	for id, info := range d.topics {
		queues = append(queues, conversation.Queue{
			ID: id, Name: topicName(id, info.name), Mode: pickUp, Channel: channel, AgentsTold: !d.agentsAt.IsZero(), Open: info.open, Limits: info.limits,
		})
	}
	slices.SortFunc(queues, func(a, b conversation.Queue) int { return int(a.ID - b.ID) })
	return queues
}

// loadSettings reads the limits and the opening hours of the topics that are due.
func (d *directory) loadSettings(ctx context.Context) error {
	d.mu.Lock()
	now := d.source.opts.Clock.Now()
	var settings, hours []int64
	for id, info := range d.topics {
		if info.settledAt.IsZero() || !now.Before(info.settledAt.Add(directoryLife)) {
			settings = append(settings, id)
		}
		if info.openAt.IsZero() || !now.Before(info.openAt.Add(presenceLife)) {
			hours = append(hours, id)
		}
	}
	d.mu.Unlock()
	slices.Sort(settings)
	slices.Sort(hours)
	none := func(int) {}
	first := d.source.each(ctx, len(hours), func(ctx context.Context, i int) error { return d.askOpen(ctx, hours[i]) }, none)
	for _, id := range hours {
		// What was not asked for any more, after the failure of another, is too old too.
		d.update(id, func(t *topic) {
			if t.openAt.Before(now) {
				t.open, t.openAt = conversation.OpeningUntold, time.Time{}
			}
		})
	}
	second := d.source.each(ctx, len(settings), func(ctx context.Context, i int) error { return d.askSettings(ctx, settings[i]) }, none)
	if err := errors.Join(first, second); err != nil {
		return fmt.Errorf("reading opening hours and limits of the topics: %w", err)
	}
	return nil
}

// askOpen asks whether a topic is within its opening hours now. What was told before
// is too old then.
func (d *directory) askOpen(ctx context.Context, id int64) error {
	var out scalar
	at, err := d.source.get(ctx, openAsked(id, &out), &out)
	open := conversation.OpeningUntold
	switch yes, _ := out.flag(); {
	case err != nil:
		at = time.Time{}
	case yes:
		open = conversation.OpeningOpen
	default:
		open = conversation.OpeningClosed
	}
	d.update(id, func(t *topic) { t.open, t.openAt = open, at })
	if refusedWith(err, 404) {
		return nil // The topic has been deleted since.
	}
	return err
}

// askSettings asks for the limits of a topic, which are minutes; 0 is off.
func (d *directory) askSettings(ctx context.Context, id int64) error {
	var out *topicEntity
	at, err := d.source.get(ctx, topicAsked(id, &out), &out)
	switch {
	case refusedWith(err, 404), err == nil && out == nil:
		return nil // The topic has been deleted since.
	case err != nil:
		return err
	}
	d.update(id, func(t *topic) {
		t.settledAt = at
		t.limits = conversation.Limits{
			NewSessionAgent: minutes(out.NewSessionAgent), NewSessionManager: minutes(out.NewSessionManager),
			NewMessageAgent: minutes(out.NewMessageAgent), NewMessageManager: minutes(out.NewMessageManager),
		}
	})
	return nil
}

// minutes reads a limit; one of more than a year is none.
func minutes(s scalar) time.Duration {
	if n := s.id(); n <= 366*24*60 {
		return time.Duration(n) * time.Minute
	}
	return 0
}

func (d *directory) update(id int64, change func(*topic)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if info, ok := d.topics[id]; ok {
		change(&info)
		d.topics[id] = info
	}
}

// Agents implements conversation.Source: the users of chat and whether they are
// there, in one call. What the number of a user is, is not documented; it is taken
// for that of Service, as sessions have it.
func (s *Source) Agents(ctx context.Context) ([]conversation.Agent, error) {
	d := s.dir
	agents, fresh, err := d.present()
	if fresh || err != nil {
		return agents, err
	}
	var rows []presenceRow
	at, err := s.get(ctx, presenceAsked(&rows), &rows)
	d.mu.Lock()
	defer d.mu.Unlock()
	if tellsNoPresence(rows, err) {
		d.agents, d.agentsAt, d.noPresence = nil, time.Time{}, s.opts.Clock.Now()
		return nil, errNoPresence
	}
	if err != nil {
		d.agentsAt = time.Time{}
		for i := range agents {
			agents[i].Presence = conversation.PresenceUnknown
		}
		return agents, fmt.Errorf("reading who is there: %w", err)
	}
	d.agents, d.agentsAt = agentsOf(rows), at
	return d.everybody(), nil
}

// errNoPresence is what the agents are on a server that does not tell who is there.
var errNoPresence = fmt.Errorf("%s: %w", pathPresence, conversation.ErrUnsupported)

// present gives the agents as they were told last, and whether that is young enough.
// A server that does not tell them is asked again after a while.
func (d *directory) present() (agents []conversation.Agent, fresh bool, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.source.opts.Clock.Now()
	if !d.noPresence.IsZero() && now.Before(d.noPresence.Add(directoryLife)) {
		return nil, false, errNoPresence
	}
	return d.everybody(), !d.agentsAt.IsZero() && now.Before(d.agentsAt.Add(presenceLife)), nil
}

// everybody are the agents that were told, and those who have a session without being
// told. d.mu is held.
func (d *directory) everybody() []conversation.Agent {
	all := slices.Clone(d.agents)
	for _, id := range slices.Sorted(maps.Keys(d.talking)) {
		if !slices.ContainsFunc(all, func(a conversation.Agent) bool { return a.ID == id }) {
			all = append(all, conversation.Agent{ID: id})
		}
	}
	return all
}

// talk notes who has a session.
func (d *directory) talk(sessions []conversation.Session) {
	talking := make(map[string]bool)
	for i := range sessions {
		if id := sessions[i].Agent; id != "" {
			talking[id] = true
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.talking = talking
}

// agentsOf puts the users into conversation's words, each once.
func agentsOf(rows []presenceRow) []conversation.Agent {
	agents := make([]conversation.Agent, 0, len(rows))
	known := make(map[int64]bool, len(rows))
	for i := range rows {
		id := rows[i].UserID.id()
		if id == 0 || known[id] {
			continue
		}
		known[id] = true
		a := conversation.Agent{ID: strconv.FormatInt(id, 10), Name: rows[i].Name.label()}
		switch present, told := rows[i].Present.flag(); {
		case told && present:
			a.Presence = conversation.PresencePresent
		case told:
			a.Presence = conversation.PresenceAway
		}
		for _, t := range rows[i].Topics {
			if id := t.id(); id != 0 && !slices.Contains(a.Queues, id) {
				a.Queues = append(a.Queues, id)
			}
		}
		agents = append(agents, a)
	}
	return agents
}
