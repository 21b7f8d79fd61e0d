package world

import (
	"container/heap"
	"time"
)

// event is something that will happen.
type event struct {
	at  time.Time
	due int64  // at in nanoseconds: events are compared far more often than run
	seq uint64 // of two at the same instant, the first scheduled comes first
	run func()
}

// events are in the order in which they are due.
type events struct{ queue eventQueue }

func (e *events) add(ev *event) {
	ev.due = ev.at.UnixNano()
	heap.Push(&e.queue, ev)
}

// due takes the next event, if it is due by the given instant.
func (e *events) due(by time.Time) (*event, bool) {
	if len(e.queue) == 0 || e.queue[0].at.After(by) {
		return nil, false
	}
	ev, ok := heap.Pop(&e.queue).(*event)
	return ev, ok
}

// eventQueue implements heap.Interface.
type eventQueue []*event

func (q eventQueue) Len() int { return len(q) }

func (q eventQueue) Less(i, j int) bool {
	if q[i].due == q[j].due {
		return q[i].seq < q[j].seq
	}
	return q[i].due < q[j].due
}

func (q eventQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }

func (q *eventQueue) Push(x any) {
	if ev, ok := x.(*event); ok {
		*q = append(*q, ev)
	}
}

func (q *eventQueue) Pop() any {
	old := *q
	last := old[len(old)-1]
	old[len(old)-1] = nil // lets go of what the closure holds
	*q = old[:len(old)-1]
	return last
}
