package yeastar

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"conversation_exporter/simulator/world"
)

// reader is an exporter in the eyes of Expect: whom it reads, and what it has
// been shown.
type reader struct {
	options ExpectOptions
	notes   *notes
	now     time.Time
	viewers map[world.Viewer]bool
	// readable are the viewers that do not fail.
	readable map[world.Viewer]bool
	// complete is when all viewers could be read the last time; zero if never.
	complete time.Time
	names    map[int]string
	modes    map[int]world.Mode
}

// defaultHold and modeLife are the times of rule R26 and of the memory for modes.
const (
	defaultHold = 5 * time.Minute
	modeLife    = 10 * time.Minute
)

func newReader(s *Server, o ExpectOptions, now time.Time) *reader {
	if o.HoldFor <= 0 {
		o.HoldFor = defaultHold
	}
	r := &reader{
		options: o, notes: s.notes, now: now, names: queueNames(s.world.Queues()), modes: make(map[int]world.Mode),
		viewers: make(map[world.Viewer]bool), readable: make(map[world.Viewer]bool),
	}
	for _, q := range s.world.Queues() {
		r.modes[q.ID] = q.Mode
	}
	for _, v := range s.viewers(o) {
		r.viewers[v] = true
		if !slices.Contains(o.Failing, v) {
			r.readable[v] = true
		}
	}
	return r
}

// lastComplete is when all viewers could be read the last time: now, or when the
// first of those failed that fail now. It is zero where one was never read.
func (r *reader) lastComplete() time.Time {
	at := r.now
	for v := range r.viewers {
		if r.readable[v] {
			continue
		}
		list := r.notes.lists[v]
		if list == nil {
			return time.Time{}
		}
		if list.last.Before(at) {
			at = list.last
		}
	}
	return at
}

// listed is what must be told of a session that is open. It is false where none
// of the readable viewers sees it.
func (r *reader) listed(s *world.Sight) (ExpectedSession, bool) {
	var seenBy world.Viewer
	archived := true
	for _, v := range s.Viewers {
		if r.readable[v] {
			seenBy = v
			archived = archived && s.IsArchivedBy(v)
		}
	}
	if seenBy == "" {
		return ExpectedSession{}, false
	}
	present := stretchOf(&s.Session, seenBy, r.now)
	present.archived = present.archived && archived
	entry := r.notes.sessions[s.ID]
	if entry == nil {
		entry = &note{}
	}
	stretches := slices.Clip(entry.stretches)
	if !entry.lately(present) {
		stretches = append(stretches, present)
	}
	told := windowTold(expire(&s.Session, r.now), r.now)
	expected := r.expected(&s.Session, stretches, entry.window.told(told))
	expected.told = told
	return expected, true
}

// held is rule R26: what must be told of a session that no readable viewer
// shows, because one that fails may still have it. One that fails may not,
// where the session has been shown with another owner since.
func (r *reader) held(entry *note) (ExpectedSession, bool) {
	if r.now.Sub(entry.at) > r.options.HoldFor {
		return ExpectedSession{}, false
	}
	since := entry.stretches[len(entry.stretches)-1].from
	hidden := slices.ContainsFunc(entry.views, func(s sighting) bool {
		fails := r.viewers[s.viewer] && !r.readable[s.viewer]
		return fails && !s.at.Before(r.notes.lists[s.viewer].whole) && !s.at.Before(since)
	})
	if !hidden {
		return ExpectedSession{}, false
	}
	expected := r.expected(&entry.session, entry.stretches, entry.window)
	expected.Held = true
	return expected, true
}

func (r *reader) expected(s *world.Session, stretches []stretch, w windowNote) ExpectedSession {
	e := ExpectedSession{
		Place: r.place(s.Medium, s.QueueID), Origin: originRegular, State: r.state(stretches),
		HasWindow: w.has, WindowOver: w.over, WindowEnd: w.end,
		Awaiting: awaitingUnknown, last: s.LastMessageID, told: w, agent: r.notes.directory.agent(s),
	}
	if s.Campaign {
		e.Origin = originCampaign
	}
	return e
}

// state is rule R8. Whether a session is automated or put away can be told only
// if all viewers are read; else the last state stays that could be told. One
// that has left its queue cannot still wait there, though.
func (r *reader) state(stretches []stretch) world.State {
	present := stretches[len(stretches)-1]
	if present.waits() {
		if r.mode(present.owner.queue) == world.ModeNone {
			return world.Shared
		}
		return world.Queued
	}
	for _, st := range slices.Backward(stretches) {
		if st.waits() {
			break
		}
		automated := st.owner.queue == 0 && st.owner.viewer == world.API && !r.options.AgentsDestination
		sure := !automated && !st.archived || !r.complete.IsZero() && !st.from.After(r.complete)
		switch {
		case !sure:
		case automated:
			return world.Automated
		case st.archived:
			return world.Archived
		default:
			return world.Assigned
		}
	}
	if present.archived {
		return world.Archived
	}
	return world.Assigned
}

func (st *stretch) waits() bool { return st.owner.queue != 0 && st.owner.member == 0 }

// mode is how a queue finds its agents, as far as that was told. It is read
// again after a while; a mode that was never told is none.
func (r *reader) mode(queue int) world.Mode {
	told, ok := r.notes.mode[queue]
	if ok && (r.options.ModesUnread || r.now.Sub(told.at) < modeLife) {
		return told.mode
	}
	if r.options.ModesUnread {
		return ""
	}
	return r.modes[queue]
}

func (r *reader) place(m world.Medium, queue int) Place {
	name, ok := r.names[queue]
	if !ok {
		name = otherQueues
	}
	if queue == 0 {
		name = noQueue
	}
	return Place{Channel: string(m), Queue: name}
}

// places adds up where the viewers have ever been shown sessions.
func (r *reader) places(into map[Place]Known) {
	for v := range r.viewers {
		for at, known := range r.notes.places[v] {
			place := r.place(at.medium, at.queue)
			sum := into[place]
			into[place] = Known{Campaign: sum.Campaign || known.Campaign, Window: sum.Window || known.Window}
		}
	}
}

// queueNames gives the label of each queue that has one of its own: of very
// many, those with the lowest ids.
func queueNames(queues []world.Queue) map[int]string {
	const most = 256
	slices.SortFunc(queues, func(a, b world.Queue) int { return a.ID - b.ID })
	names := make(map[int]string, len(queues))
	for _, q := range queues[:min(len(queues), most)] {
		names[q.ID] = label(q.Name)
	}
	return names
}

// label makes of a name what may stand in a label: valid text without control
// characters, of at most 128 of them.
func label(name string) string {
	const most = 128
	name = strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return -1
		}
		return c
	}, strings.ToValidUTF8(name, string(utf8.RuneError)))
	if runes := []rune(name); len(runes) > most {
		name = string(runes[:most])
	}
	return name
}
