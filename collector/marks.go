package collector

import (
	"cmp"
	"math"
	"slices"
	"time"

	"conversation_exporter/conversation"
)

// marks are what sessions are measured against: what is not above its mark
// happened before we looked (R19).
type marks struct {
	// of has the mark of each viewer whose lists were both read.
	of map[string]mark
	// top is the highest message id that any list has shown.
	top int64
	// swept is how far the closed sessions were read, sweptAt when they were last.
	swept   conversation.Mark
	sweptAt time.Time
	// forgotten is the highest record of a tombstone that had to go, forgottenAt
	// when the session of one was last seen, in Unix seconds.
	forgotten, forgottenAt int64
}

// mark is a record and the instant, in Unix seconds, at which it was the newest.
type mark struct{ id, at int64 }

func newMarks() marks { return marks{of: make(map[string]mark)} }

// exist reports whether there is a baseline, so that counters can be shown.
func (m *marks) exist() bool { return len(m.of) > 0 }

// tellsMessages reports whether a list has ever told of a message's id.
func (m *marks) tellsMessages() bool { return m.top > 0 }

// see takes note of a message id that a list has shown.
func (m *marks) see(id int64) { m.top = max(m.top, id) }

// baseline sets the mark of each viewer whose lists of open and of closed
// sessions have been read now for the first time.
func (m *marks) baseline(list *listing, now time.Time) {
	for i := range list.sessions {
		m.see(list.sessions[i].LastMessage)
	}
	for _, id := range m.swept.Viewers {
		m.see(id)
	}
	for name := range m.swept.Viewers {
		if _, ok := m.of[name]; !ok && list.showed(name) {
			m.of[name] = mark{id: m.top, at: now.Unix()}
		}
	}
}

// showed reports whether the top of a viewer's list was read.
func (list *listing) showed(name string) bool {
	if slices.Contains(list.cover.Failed, name) {
		return false
	}
	if !slices.ContainsFunc(list.cover.Cut, func(c conversation.CutViewer) bool { return c.Name == name }) {
		return true
	}
	return slices.ContainsFunc(list.sessions, func(s conversation.Session) bool { return s.ShownBy.Has(name) })
}

// raise sets the floor of an entry that has none: the lowest mark of those who
// show the session (R19). Without one nothing of it counts yet.
func (m *marks) raise(e *entry) {
	if e.is(hasFloor) {
		return
	}
	lowest, ok := mark{id: math.MaxInt64}, false
	for name, of := range m.of {
		if e.shownBy.Has(name) && of.id < lowest.id {
			lowest, ok = of, true
		}
	}
	if !ok {
		return
	}
	e.set(hasFloor, true)
	// A tombstone's record and instant are there already.
	e.floor, e.floorAt = max(e.floor, lowest.id, m.forgotten), max(e.floorAt, seconds(max(lowest.at, m.forgottenAt)))
}

// seconds is an instant in Unix seconds, until 2106.
func seconds(unix int64) uint32 {
	return uint32(min(max(unix, 0), math.MaxUint32)) // #nosec G115 -- bounded
}

// tombstone is what is left of a session that was forgotten (R25).
type tombstone struct {
	counted int64
	// seen is when it was last shown or, if a window of it was found lost at a later
	// reading, when that ended; lost is the end of the last window that was lost, which
	// an automatic closing decides before it comes. All in Unix seconds.
	seen, lost int64
}

// forget drops a session. What was counted of it must not count again.
func (l *ledger) forget(id int64, e *entry) {
	delete(l.entries, id)
	if l.messages && e.counted > 0 {
		lost := e.facts.LastLost()
		// The marks of all may rise to what is seen, so that is never in the future.
		seen := max(e.seen/int64(time.Second), min(lost, int64(e.asked)))
		l.tombstones[id] = tombstone{counted: max(e.counted, e.floor), seen: seen, lost: lost}
	}
}

// trim keeps the ledger within its bounds: of the sessions that are not listed
// those go that were seen longest ago, and so do tombstones, to whose records the
// marks then rise.
func (l *ledger) trim() {
	if more := len(l.entries) - l.limit; more > 0 {
		gone := make([]int64, 0, more)
		for id, e := range l.entries {
			if e.pass != l.pass {
				gone = append(gone, id)
			}
		}
		slices.SortFunc(gone, func(a, b int64) int { return cmp.Compare(l.entries[a].seen, l.entries[b].seen) })
		for _, id := range gone[:min(more, len(gone))] {
			l.forget(id, l.entries[id])
		}
	}
	most := min(maxTombstones, l.limit)
	if len(l.tombstones) <= most {
		return
	}
	ids := make([]int64, 0, len(l.tombstones))
	for id := range l.tombstones {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b int64) int { return cmp.Compare(l.tombstones[a].seen, l.tombstones[b].seen) })
	// A tenth more, so that this is not done at every pass.
	for _, id := range ids[:len(ids)-most+most/10] {
		stone := l.tombstones[id]
		l.marks.forgotten, l.marks.forgottenAt = max(l.marks.forgotten, stone.counted), max(l.marks.forgottenAt, stone.seen)
		delete(l.tombstones, id)
	}
}
