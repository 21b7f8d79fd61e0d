package collector

import (
	"time"

	"conversation_exporter/conversation"
)

// backlog is what is owed to the customers of one place.
type backlog struct {
	// unanswered counts the sessions that await an agent, by state and age.
	unanswered map[waiting]int
	// oldest is since when the customer waits who waits longest, by state; 0 for none.
	oldest map[conversation.State]int64
	// queued is when the longest-waiting queued session entered its queue; 0 for none.
	queued int64
	// unread are messages of customers, customerUnread those that they have not read.
	unread, customerUnread uint64
	// idle is when the first session will end by silence, by who is awaited; told only
	// where the system's time limit is known.
	idle map[conversation.Awaiting]int64
	// restless is true where nobody has told of one when anybody last wrote.
	restless bool
	// pending counts the sessions of which records are still to be read.
	pending int
}

// waiting is what an unanswered session is counted as.
type waiting struct {
	state conversation.State
	age   string
}

func newBacklog() *backlog {
	return &backlog{unanswered: make(map[waiting]int), oldest: make(map[conversation.State]int64), idle: make(map[conversation.Awaiting]int64)}
}

// ages are the values of the label age, youngest first.
func ages() []string {
	return []string{"lt_5m", "5m_15m", "15m_1h", "1h_4h", "4h_24h", "ge_24h"}
}

// age names the class of a wait. The lower bound belongs to the class.
func age(d time.Duration) string {
	bounds := [...]time.Duration{5 * time.Minute, 15 * time.Minute, time.Hour, 4 * time.Hour, 24 * time.Hour}
	for i, bound := range bounds {
		if d < bound {
			return ages()[i]
		}
	}
	return ages()[len(bounds)]
}

// mayWait reports whether a session in a state can be unanswered (R7).
func mayWait(s conversation.State) bool {
	switch s {
	case conversation.StateQueued, conversation.StateAssigned, conversation.StateShared, conversation.StateArchived:
		return true
	default:
		return false
	}
}

// add counts one open session, as of the end of the pass. One whose records are
// not read up to what was listed is left out.
func (b *backlog) add(state conversation.State, e *entry, end time.Time) {
	if e != nil && e.is(byStatus) && state == conversation.StateQueued {
		b.enter(e.since())
	}
	if e == nil || !e.known() || e.clockless() {
		b.pending++
	}
	if e == nil || !e.known() {
		return
	}
	facts := e.shown()
	b.customerUnread += uint64(e.customerUnread)
	if state == conversation.StateQueued {
		b.enter(facts.Entered)
	}
	since, waits := facts.Clock()
	if e.word != 0 {
		waits = waits && e.word == wordAgent // R14: the status decides.
	}
	if !waits || !mayWait(state) {
		return
	}
	b.unread += uint64(facts.Unread)
	b.unanswered[waiting{state, age(end.Sub(time.Unix(since, 0)))}]++
	if oldest := b.oldest[state]; oldest == 0 || since < oldest {
		b.oldest[state] = since
	}
}

// enter takes note of when a queued session entered its queue; 0 is not known.
func (b *backlog) enter(at conversation.Instant) {
	if since := at.Unix(); since != 0 && (b.queued == 0 || since < b.queued) {
		b.queued = since
	}
}

// silence takes note of when an open session will end by silence, if nobody writes.
func (b *backlog) silence(s *conversation.Session, e *entry, limit time.Duration) {
	switch {
	case limit <= 0 || e == nil:
		return
	case s.State != conversation.StateAssigned && s.State != conversation.StateAutomated:
		return
	}
	last := e.activity()
	if last == 0 {
		b.restless = true
		return
	}
	end := last.Unix() + int64(limit/time.Second)
	if first, ok := b.idle[s.Awaiting]; !ok || end < first {
		b.idle[s.Awaiting] = end
	}
}

// fill gives a place its zeros, for each state that the system has. While records
// of its sessions are still to be read a zero might be untrue, so there is none.
func (b *backlog) fill(states []conversation.State) {
	if b.pending > 0 {
		return
	}
	for _, state := range states {
		for _, age := range ages() {
			if mayWait(state) {
				b.unanswered[waiting{state, age}] += 0
			}
		}
	}
}

// sending returns, by channel, when the oldest message was sent that is still
// under way, in Unix seconds.
func (l *ledger) sending() map[string]int64 {
	oldest := make(map[string]int64)
	for _, e := range l.entries {
		if e.open == nil || e.open.sending.ID == 0 {
			continue
		}
		channel := l.channels[e.channel]
		if at, ok := oldest[channel]; !ok || e.open.sending.At < at {
			oldest[channel] = e.open.sending.At
		}
	}
	return oldest
}
