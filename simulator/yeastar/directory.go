package yeastar

import (
	"cmp"
	"maps"
	"slices"
)

// directory is what was told last of queues, extensions and channels. A client
// keeps these for a while, so what counts is the last answer that it got.
type directory struct {
	queues     numberedList[queueInfo]
	extensions numberedList[extensionInfo]
	channels   numberedList[channelInfo]
	// details are the queues with modes and members, each as it was told last.
	details map[int]queueInfo
	// roll is who there is to be asked.
	roll roll
}

func newDirectory() *directory {
	return &directory{
		queues:     numberedList[queueInfo]{id: func(q queueInfo) int { return q.ID }},
		extensions: numberedList[extensionInfo]{id: func(e extensionInfo) int { return e.ID }},
		channels:   numberedList[channelInfo]{id: func(c channelInfo) int { return c.ID }},
		details:    make(map[int]queueInfo),
	}
}

// detail notes what is told of some queues. What is left out is as it was told
// before.
func (d *directory) detail(list []queueInfo) {
	for _, q := range list {
		have := d.details[q.ID]
		if q.AssignmentMode == "" {
			q.AssignmentMode = have.AssignmentMode
		}
		if q.Members == nil {
			q.Members = have.Members
		}
		d.details[q.ID] = q
	}
}

// numberedList is a list that is paged by number, as far as it was shown.
type numberedList[T any] struct {
	id func(T) int
	// rows are those of the last time that it was shown whole, by their ids; told
	// is false where that never was.
	rows []T
	told bool
	part map[int]T
}

// page notes one page of so many rows in all, and tells whether the list was shown whole
// by it. A first page begins anew.
func (l *numberedList[T]) page(number, total int, rows []T) (whole bool) {
	if number == 1 || l.part == nil {
		l.part = make(map[int]T, total)
	}
	for _, row := range rows {
		l.part[l.id(row)] = row
	}
	if len(l.part) < total {
		return false
	}
	l.rows = slices.SortedFunc(maps.Values(l.part), func(a, b T) int { return cmp.Compare(l.id(a), l.id(b)) })
	l.told, l.part = true, nil
	return true
}

// tell changes what is known to have been told.
func (n *notes) tell(change func(*directory)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	change(n.directory)
}

// tell notes what an answer will have told.
func (s *Server) tell(c *call, change func(*directory)) {
	if s.notes != nil {
		c.shown = func() { s.notes.tell(change) }
	}
}
