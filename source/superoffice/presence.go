package superoffice

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"conversation_exporter/conversation"
)

// Agents implements conversation.Source: the users of chat and whether they are
// there, in one call. What the number of a user is, is not documented; it is taken
// for that of Service, as sessions have it.
func (s *Source) Agents(ctx context.Context) ([]conversation.Agent, error) {
	d := s.dir
	agents, fresh, err := d.present()
	if fresh || err != nil {
		return agents, err
	}
	// Where this hangs, there must be time left for what comes after it.
	half, cancel := halve(ctx)
	defer cancel()
	var rows []presenceRow
	at, err := s.get(half, presenceAsked(&rows), &rows)
	told := agentsOf(rows)
	d.mu.Lock()
	defer d.mu.Unlock()
	if err == nil && rows == nil && d.wasThere {
		err = errNoList
	}
	switch {
	case tellsNoPresence(rows, err):
		d.agents, d.agentsAt, d.noPresence = nil, time.Time{}, s.opts.Clock.Now()
		return nil, errNoPresence
	case err != nil:
		err = fmt.Errorf("reading who is there: %w", err)
		d.agentsAt = time.Time{}
		if ctx.Err() == nil {
			d.absence, d.absentAt = err, s.opts.Clock.Now()
		}
		return unknown(agents), err
	}
	d.agents, d.agentsAt, d.absence, d.wasThere = told, at, nil, true
	return d.everybody(), nil
}

// halve leaves half of the time for what comes after.
func halve(ctx context.Context) (context.Context, context.CancelFunc) {
	if until, ok := ctx.Deadline(); ok {
		return context.WithTimeout(ctx, time.Until(until)/2)
	}
	return context.WithCancel(ctx)
}

// unknown takes back whether agents are there.
func unknown(agents []conversation.Agent) []conversation.Agent {
	for i := range agents {
		agents[i].Presence = conversation.PresenceUnknown
	}
	return agents
}

// errNoList is what null is from a server that has told who is there.
var errNoList = fmt.Errorf("%s: the answer is null and no list of users: look whether SuperOffice is being restarted", pathPresence)

// errNoPresence is what the agents are on a server that does not tell who is there.
var errNoPresence = fmt.Errorf("%s: %w", pathPresence, conversation.ErrUnsupported)

// present gives the agents as they were told last, and whether that is young enough.
// A server that does not tell them is asked again after a while, and a failure that was
// met a moment ago is told and not met again.
func (d *directory) present() (agents []conversation.Agent, fresh bool, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.source.opts.Clock.Now()
	if !d.noPresence.IsZero() && now.Before(d.noPresence.Add(directoryLife)) {
		return nil, false, errNoPresence
	}
	if d.absence != nil && now.Before(d.absentAt.Add(sameTry)) {
		return unknown(d.everybody()), false, d.absence
	}
	return d.everybody(), !d.agentsAt.IsZero() && now.Before(d.agentsAt.Add(presenceLife)), nil
}

// hold lets a failure to read who is there, if it was met since an instant, stand for
// the caller's next question too, however long the rest took.
func (d *directory) hold(begun time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.absentAt.Before(begun) {
		d.absentAt = d.source.opts.Clock.Now()
	}
}

// everybody are the agents that were told, and those who have a session without being
// told. d.mu is held.
func (d *directory) everybody() []conversation.Agent {
	all := slices.Clone(d.agents)
	known := make(map[string]bool, len(all))
	for i := range all {
		known[all[i].ID] = true
	}
	for _, id := range slices.Sorted(maps.Keys(d.talking)) {
		if !known[id] {
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
		member := make(map[int64]bool, len(rows[i].Topics))
		for _, t := range rows[i].Topics {
			if id := t.id(); id != 0 && !member[id] {
				member[id] = true
				a.Queues = append(a.Queues, id)
			}
		}
		agents = append(agents, a)
	}
	return agents
}
