package yeastar

import (
	"cmp"
	"maps"
	"slices"

	"conversation_exporter/conversation"
)

// view is one session as all viewers together show it.
type view struct {
	row
	// api and extension tell who shows it.
	api, extension bool
	// archived is true while every view says so; it hides row's own.
	archived bool
	// holder is the extension that shows it, of several the one of the row that counts.
	holder string
	by     *conversation.ViewerSet
}

// merge unites the lists of the viewers, each session once.
type merge struct{ views map[int64]*view }

func (s *Source) newMerge(lists []listing) *merge {
	m := &merge{views: make(map[int64]*view)}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range lists {
		name := l.viewer.String()
		for _, r := range l.rows {
			v := m.add(r, l.viewer)
			v.by = s.sets.With(v.by, name)
		}
	}
	return m
}

// add unites one row with what other viewers tell of its session. The viewers
// are read one after the other, so the row with the newest message, and of
// these the last read, is nearest to the present.
func (m *merge) add(r row, by viewer) *view {
	v, ok := m.views[r.id]
	if !ok {
		v = &view{row: r, archived: true}
		m.views[r.id] = v
	}
	newer := r.lastMessage > v.lastMessage || r.lastMessage == v.lastMessage && !r.listedAt.Before(v.listedAt)
	if !by.isAPI() && (newer || v.holder == "") {
		v.holder = by.number
	}
	if newer {
		v.row = r
	}
	v.archived = v.archived && r.archived
	v.api = v.api || by.isAPI()
	v.extension = v.extension || !by.isAPI()
	return v
}

// keep leaves out the sessions that are not wanted.
func (m *merge) keep(wanted func(*view) bool) {
	maps.DeleteFunc(m.views, func(_ int64, v *view) bool { return !wanted(v) })
}

// queueIDs returns the queues that sessions are in.
func (m *merge) queueIDs() []int64 {
	ids := make(map[int64]bool)
	for _, v := range m.views {
		if v.queue != 0 {
			ids[v.queue] = true
		}
	}
	return slices.Collect(maps.Keys(ids))
}

// sessions puts the views into conversation's words, by ascending id. assumed
// counts those whose state rests on an assignment mode that was never told.
func (m *merge) sessions(dir *directory, destination string, allRead bool) (list []conversation.Session, assumed int) {
	list = make([]conversation.Session, 0, len(m.views))
	for _, v := range m.views {
		s := conversation.Session{
			ID: v.id, Channel: v.channel, Origin: conversation.OriginRegular,
			Awaiting: conversation.AwaitingUnknown, LastMessage: v.lastMessage, Closed: v.closed,
			Window: v.window, ListedAt: v.listedAt, ShownBy: v.by,
		}
		if v.campaign {
			s.Origin = conversation.OriginCampaign
		}
		var queue queueInfo
		if v.queue != 0 {
			queue, _ = dir.queue(v.queue)
			s.Queue = queueOf(v.queue, queue)
			if queue.mode == "" && v.member == 0 {
				assumed++
			}
		}
		s.State, s.StateSure = stateOf(v, queue.mode, destination, allRead)
		s.Agent = agentOf(v, &queue, s.State, destination)
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b conversation.Session) int { return cmp.Compare(a.ID, b.ID) })
	return list, assumed
}

// agentOf tells who has a session: who has picked it up or, without a queue, the
// extension that shows it. What no extension shows is with the platform behind the
// API, where that has agents; else it is not known with whom.
func agentOf(v *view, queue *queueInfo, state conversation.State, destination string) string {
	switch {
	case state != conversation.StateAssigned && state != conversation.StateArchived:
		return ""
	case v.queue != 0:
		return queue.agent(v.member)
	case v.holder != "":
		return v.holder
	case v.api && destination == DestinationAgents:
		return userNoAPI
	default:
		return ""
	}
}

// stateOf is rule R8. It also tells whether a viewer that was not read could
// have shown another state.
func stateOf(v *view, queue mode, destination string, allRead bool) (conversation.State, bool) {
	automation := v.queue == 0 && v.api && !v.extension && destination == DestinationAutomation
	switch {
	case automation && allRead:
		return conversation.StateAutomated, true
	case v.queue != 0 && v.member == 0:
		if queue == modeNone {
			return conversation.StateShared, true
		}
		return conversation.StateQueued, true
	case v.archived:
		return conversation.StateArchived, allRead
	default:
		return conversation.StateAssigned, !automation
	}
}
