package collector

import (
	"cmp"
	"slices"
	"time"

	"conversation_exporter/conversation"
)

// together is how far apart two passes may be for what one told to be held against
// what the other told.
const together = 5 * time.Minute

// status makes the words of what is kept of the last passes.
func (t *Target) status() Status {
	l := t.last.facts()
	s := Status{Target: t.opts.Name, Passed: l.newest != nil, Progress: l.under.status(l.newest != nil && l.newest.up)}
	for _, g := range groups() {
		s.Groups = append(s.Groups, groupStatus(g.name, slices.Contains(t.opts.Groups, g.name), l.groups[g.name]))
	}
	if !s.Passed {
		return s
	}
	v := l.newest
	s.System, s.Version, s.Up, s.Ended, s.Took = v.info.System, v.info.Version, v.up, v.end, v.end.Sub(v.started)
	for _, state := range v.info.States {
		s.States = append(s.States, StateStatus{Name: string(state), Meaning: state.Meaning()})
	}
	s.tellProblems(l)
	if read := l.groups[groupMessages]; read != nil {
		s.Messages, s.Pending, s.Read = read.backlogs != nil, read.pending, read.read
		s.Waits = read.waits()
	}
	listed := l.listed()
	if listed != nil {
		s.Places = listed.placeStatus()
	}
	if q := l.groups[groupQueues]; q != nil && q.agents.known {
		s.Present, s.Agents = q.agents.present, q.agents.present+q.agents.away
	}
	if q := l.groups[groupQueues]; q != nil && listed != nil && q.end.Sub(listed.end).Abs() < together {
		s.Unattended = unattended(listed, q)
	}
	if c := l.groups[groupChannels]; c != nil {
		s.ChannelsDown = c.channelsDown()
	}
	return s
}

func groupStatus(name string, on bool, v *view) GroupStatus {
	g := GroupStatus{Name: name, On: on}
	if v == nil {
		return g
	}
	g.Passed, g.Unsupported, g.Ended = true, true, v.end
	for _, o := range v.outcomes {
		if o.group == name {
			g.Unsupported, g.Success, g.Partial, g.TimedOut = false, o.success, o.partial, o.timedOut
		}
	}
	return g
}

// tellProblems tells what fails now, and the last failure.
func (s *Status) tellProblems(l lastFacts) {
	over := true
	for _, problem := range l.problems() {
		s.Problems = append(s.Problems, problem.Error())
		over = over && (l.failure == nil || conversation.Key(problem) != l.failure.key)
	}
	if l.failure != nil {
		failure := *l.failure
		failure.Over = over
		s.Failure = &failure
	}
}

// listed is the last view for which the sessions were listed, or tried to.
func (l lastFacts) listed() *view {
	var last *view
	for _, name := range []string{groupSessions, groupMessages, groupAgents} {
		if v := l.groups[name]; v != nil && (last == nil || v.end.After(last.end)) {
			last = v
		}
	}
	return last
}

// waits finds who waits longest.
func (v *view) waits() Waits {
	var w Waits
	for at, b := range v.backlogs {
		since := func(unix int64, state conversation.State) Wait {
			return Wait{At: instant(unix), Channel: at.channel, Queue: at.queue, State: string(state)}
		}
		w.PickUp = first(w.PickUp, since(b.queued, conversation.StateQueued))
		for state, unix := range b.oldest {
			switch state {
			case conversation.StateQueued:
				w.Queued = first(w.Queued, since(unix, state))
			case conversation.StateShared:
				w.Shared = first(w.Shared, since(unix, state))
			default:
				w.Assigned = first(w.Assigned, since(unix, state))
			}
		}
		if t := v.tallies[at]; t != nil {
			w.Closing = first(w.Closing, Wait{At: t.nextExpiry[conversation.AwaitingAgent], Channel: at.channel, Queue: at.queue})
		}
	}
	return w
}

// unattended finds the queues in which customers wait and no agent is present. Of
// a queue that is closed, or whose agents are not known, it tells nothing.
func unattended(listed, queues *view) []UnattendedStatus {
	waiting := make(map[string]int)
	for at, t := range listed.tallies {
		for as, n := range t.open {
			if as.state == conversation.StateQueued {
				waiting[at.queue] += n
			}
		}
	}
	var list []UnattendedStatus
	for name, q := range queues.queues {
		if waiting[name] > 0 && q.open != conversation.OpeningClosed && q.agents.known && q.agents.present == 0 {
			list = append(list, UnattendedStatus{Queue: name, Waiting: waiting[name], Agents: q.agents.away})
		}
	}
	slices.SortFunc(list, func(a, b UnattendedStatus) int { return cmp.Compare(a.Queue, b.Queue) })
	return list
}

// channelsDown lists the channels that are not connected.
func (v *view) channelsDown() []ChannelStatus {
	var list []ChannelStatus
	for c, up := range v.channelsUp {
		if !up {
			list = append(list, ChannelStatus{Channel: c.channel, Name: c.name, Provider: c.provider, Lapsed: v.channelsLapsed[c]})
		}
	}
	slices.SortFunc(list, func(a, b ChannelStatus) int {
		return cmp.Or(cmp.Compare(a.Channel, b.Channel), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Provider, b.Provider))
	})
	return list
}

// placeStatus counts the sessions by channel and queue.
func (v *view) placeStatus() []PlaceStatus {
	if v.tallies == nil {
		return nil
	}
	list := make([]PlaceStatus, 0, len(v.tallies))
	for at, t := range v.tallies {
		p := PlaceStatus{Channel: at.channel, Queue: at.queue, Open: make(map[string]int), Windows: make(map[string]int)}
		for as, n := range t.open {
			p.Open[string(as.state)] += n
		}
		for in, n := range t.windows {
			p.Windows[in.remaining] += n
		}
		for _, end := range t.nextExpiry {
			if p.NextExpiry.IsZero() || end.Before(p.NextExpiry) {
				p.NextExpiry = end
			}
		}
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b PlaceStatus) int {
		return cmp.Or(cmp.Compare(a.Channel, b.Channel), cmp.Compare(a.Queue, b.Queue))
	})
	return list
}

// instant is a Unix second, the zero Time for 0.
func instant(unix int64) time.Time {
	if unix == 0 {
		return time.Time{}
	}
	return time.Unix(unix, 0).UTC()
}

// first returns the earlier of what is known and another, which may be none.
func first(known *Wait, other Wait) *Wait {
	if other.At.IsZero() || known != nil && (known.At.Before(other.At) || known.At.Equal(other.At) && known.Channel+known.Queue <= other.Channel+other.Queue) {
		return known
	}
	return &other
}
