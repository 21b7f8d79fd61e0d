package yeastar

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"conversation_exporter/conversation"
)

// presenceLife is how long the presence of agents is taken as told.
const presenceLife = 50 * time.Second

// extension is one extension as the PBX lists it.
type extension struct {
	number, name string
	presence     conversation.Presence
}

// errExtension is what an extension ends with whose number is none.
var errExtension = errors.New("the PBX tells an extension number that is none")

// errPresence is what the agents end with where the PBX does not tell who is there.
var errPresence = fmt.Errorf("%s: an agent's presence is missing: %w", pathExtensions, conversation.ErrPart)

// Agents implements conversation.Source: the members of the message queues and the
// extensions whose sessions are listed. Their presence is at most 50 s old. Beside
// an error it lists who is known, with the presence that is known.
func (s *Source) Agents(ctx context.Context) ([]conversation.Agent, error) {
	var problems []error
	if err := s.dir.recall(ctx); err != nil {
		problems = append(problems, err)
	}
	agents := s.dir.agents()
	told, err := s.dir.loadExtensions(ctx, presenceLife)
	if err != nil && (len(problems) == 0 || problems[0].Error() != err.Error()) {
		problems = append(problems, err)
	}
	s.addViewers(agents, told)
	byNumber := make(map[string]extension, len(told))
	for _, e := range told {
		byNumber[e.number] = e
	}
	list := make([]conversation.Agent, 0, len(agents))
	untold := false
	for number, a := range agents {
		e := byNumber[number]
		a.Name = e.name
		if err == nil {
			a.Presence = e.presence
		}
		untold = untold || a.Presence == conversation.PresenceUnknown
		list = append(list, *a)
	}
	if untold && err == nil {
		problems = append(problems, errPresence)
	}
	slices.SortFunc(list, func(a, b conversation.Agent) int { return strings.Compare(a.ID, b.ID) })
	return list, errors.Join(problems...)
}

// addViewers adds the extensions whose sessions are listed although they are in
// no queue.
func (s *Source) addViewers(agents map[string]*conversation.Agent, told []extension) {
	numbers := slices.Clone(s.opts.Viewers.Extensions)
	if s.opts.Viewers.AllExtensions {
		for _, e := range told {
			numbers = append(numbers, e.number)
		}
	}
	for _, number := range numbers {
		if agents[number] == nil {
			agents[number] = &conversation.Agent{ID: number}
		}
	}
}

// agents returns the members of all queues, by number.
func (d *directory) agents() map[string]*conversation.Agent {
	d.mu.Lock()
	defer d.mu.Unlock()
	agents := make(map[string]*conversation.Agent)
	for id, info := range d.queues {
		for _, m := range info.members {
			a := agents[m.number]
			if a == nil {
				a = &conversation.Agent{ID: m.number}
				agents[m.number] = a
			}
			if !slices.Contains(a.Queues, id) {
				a.Queues = append(a.Queues, id)
			}
		}
	}
	for _, a := range agents {
		slices.Sort(a.Queues)
	}
	return agents
}

// allExtensions returns the number of every extension. Beside an error it
// returns those that were known before.
func (d *directory) allExtensions(ctx context.Context) ([]string, error) {
	told, err := d.loadExtensions(ctx, directoryLife)
	numbers := make([]string, 0, len(told))
	for _, e := range told {
		numbers = append(numbers, e.number)
	}
	return numbers, err
}

// loadExtensions reads the extensions unless they are younger than life. Beside
// an error it returns those that were known before.
func (d *directory) loadExtensions(ctx context.Context, life time.Duration) ([]extension, error) {
	known, fresh := d.extensionsTold(life)
	if fresh {
		return known, nil
	}
	if err := d.extensionTurn.Acquire(ctx, 1); err != nil {
		return known, fmt.Errorf("listing the extensions: %w", err)
	}
	defer d.extensionTurn.Release(1)
	if known, fresh = d.extensionsTold(life); fresh {
		return known, nil // Somebody else has just asked.
	}
	// Where nobody can sign in, that is told in the same words by all.
	if _, err := d.source.tokens.get(ctx); err != nil {
		return known, err
	}
	now := d.source.opts.Clock.Now()
	told, err := pages(ctx, d.source, pathExtensions, nil, listExtension)
	if err != nil {
		return known, fmt.Errorf("listing the extensions: %w", err)
	}
	told = slices.DeleteFunc(told, func(e extension) bool { return e.number == "" })
	d.mu.Lock()
	defer d.mu.Unlock()
	d.extensions, d.extensionsAt = told, now
	return told, nil
}

// listExtension is what the list of the extensions is read by.
func listExtension(row *extensionRow) (string, extension, error) {
	number := string(row.Number)
	if number != "" && !extensionNumber(number) {
		return "", extension{}, errExtension
	}
	return number, extension{number: number, name: conversation.Label(string(row.Name)), presence: row.presence()}, nil
}

// extensionsTold returns the extensions that were told last, and whether that is
// less than life ago.
func (d *directory) extensionsTold(life time.Duration) (known []extension, fresh bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.extensions, !d.extensionsAt.IsZero() && d.source.opts.Clock.Now().Before(d.extensionsAt.Add(life))
}

// presenceAvailable is the presence_status of who takes calls and messages; every
// other one is a way of being away (vendor's page "Query Extension List").
const presenceAvailable = "available"

// presence tells whether an agent can take a conversation: available, and reachable
// by a Linkus client or a telephone.
func (e *extensionRow) presence() conversation.Presence {
	switch {
	case e.PresenceStatus == "":
		return conversation.PresenceUnknown
	case e.PresenceStatus != presenceAvailable:
		return conversation.PresenceAway
	case !e.Online.told:
		return conversation.PresenceUnknown
	case e.Online.clients.anyOnline():
		return conversation.PresencePresent
	default:
		return conversation.PresenceAway
	}
}

// anyOnline reports whether a Linkus client or a telephone is online. Of the
// telephones the vendor's page says that status_list tells it, and not status.
func (c *onlineClients) anyOnline() bool {
	const online = 1
	return c.Desktop.Status == online || c.Mobile.Status == online || c.Web.Status == online ||
		slices.ContainsFunc(c.SIPPhone.StatusList, func(one device) bool { return one.Status == online })
}
