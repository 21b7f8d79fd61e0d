package collector

import (
	"cmp"
	"slices"
	"time"

	"conversation_exporter/conversation"
)

// What is read again although no listing says that it has changed (R28).

const (
	// maxRotation is how many sessions are read again in a pass of which the list does
	// not tell when anybody last wrote.
	maxRotation = 200
	// maxReceipts is how many are whose customer has messages that he has not read, and
	// receiptsEvery how often one of them is at most.
	maxReceipts   = 50
	receiptsEvery = time.Minute
)

// again is why a session is read again, those first that matter most.
type again int

const (
	notAgain again = iota
	// missedPerhaps is one in which somebody wrote just as it was listed.
	missedPerhaps
	// inRotation is one of which nobody tells whether somebody has written.
	inRotation
	// forReceipts is one whose customer may have read since what was written to him.
	forReceipts
)

// asksAgain reports why a session is to be read again.
func (l *ledger) asksAgain(e *entry, now time.Time) again {
	if !e.is(byStatus) || e.pass != l.pass || e.is(isClosed) {
		return notAgain
	}
	switch e.state.state() {
	case conversation.StateQueued, conversation.StateAssigned, conversation.StateAutomated:
	default:
		return notAgain
	}
	switch {
	case e.is(askAgain):
		return missedPerhaps
	case e.is(isSilent):
		return inRotation
	case e.firstUnread > 0 && now.Sub(time.Unix(int64(e.asked), 0)).Abs() >= receiptsEvery:
		return forReceipts
	default:
		return notAgain
	}
}

// within leaves of the sessions that are to be read again as many as a pass may: those
// of each kind that were read longest ago, one of each kind in turn.
func within(list []wanted) []wanted {
	slices.SortFunc(list, wanted.compare)
	n := make(map[int]int)
	most := map[again]int{missedPerhaps: len(list), inRotation: maxRotation, forReceipts: maxReceipts}
	list = slices.DeleteFunc(list, func(w wanted) bool {
		n[w.class]++
		return n[w.class] > most[again(w.class)]
	})
	clear(n)
	for i := range list {
		w := &list[i]
		n[w.class]++
		if w.then = int64(n[w.class]); again(w.class) == missedPerhaps {
			w.then = 0
		}
	}
	slices.SortStableFunc(list, func(a, b wanted) int { return cmp.Or(cmp.Compare(a.then, b.then), cmp.Compare(a.class, b.class)) })
	return list
}
