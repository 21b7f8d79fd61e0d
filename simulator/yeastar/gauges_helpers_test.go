package yeastar

import (
	"slices"
	"testing"
	"time"

	"conversation_exporter/simulator/world"
)

// live is a still world of which an exporter is shown everything in each pass.
type live struct {
	t       *testing.T
	world   *world.World
	server  *Server
	options ExpectOptions
	records map[int64][]world.Record
	// fates are deliveries other than Sent, by record.
	fates map[int64]world.Delivery
}

func newLive(t *testing.T) *live {
	t.Helper()
	l := &live{t: t, records: make(map[int64][]world.Record), fates: make(map[int64]world.Delivery)}
	l.world = world.New(world.Options{Still: true, Observe: func(r world.Record) { l.records[r.Session] = append(l.records[r.Session], r) }})
	l.server = New(l.world, Options{})
	l.options = everybody()
	l.options.Messages = true
	return l
}

// pass shows every list and every record, and gives what is expected then.
func (l *live) pass() Expected {
	l.t.Helper()
	l.lists()
	for id := range l.records {
		l.thread(id)
	}
	return l.server.Expect(l.options)
}

func (l *live) lists() {
	l.t.Helper()
	now := l.world.Now()
	l.server.notes.modes(l.world.Queues(), now)
	for _, v := range l.server.viewers(l.options) {
		for closed, note := range map[world.Choice]func(world.Query, []world.Session, time.Time){
			world.Without: l.server.notes.page, world.Only: l.server.notes.closedPage,
		} {
			q := world.Query{Viewer: v, Limit: 1000, Archived: world.Any, Campaign: world.Any, PickedUp: world.Any, Closed: closed}
			rows, err := l.world.List(q)
			if err != nil {
				l.t.Fatal(err)
			}
			note(q, rows, now)
		}
	}
}

func (l *live) thread(id int64) {
	list := slices.Clone(l.records[id])
	for i := range list {
		r := &list[i]
		r.At = r.At.Truncate(time.Second)
		if r.Kind == world.KindMessage && r.Side != world.SideCustomer {
			r.Delivery = world.Sent
			if fate, ok := l.fates[r.ID]; ok {
				r.Delivery = fate
			}
		}
		if r.Kind == world.KindClosed && r.Reason == "" {
			r.Reason = world.ByAgent
		}
	}
	l.server.notes.thread(id, list, l.world.Now())
}

func (l *live) open(o world.Opening) int64 {
	l.t.Helper()
	id, err := l.world.Open(o)
	l.must(err)
	return id
}

func (l *live) must(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

// last is the last record of a session.
func (l *live) last(id int64) int64 { return l.records[id][len(l.records[id])-1].ID }

// after lets seconds pass.
func (l *live) after(seconds int) time.Time {
	l.world.Advance(time.Duration(seconds) * time.Second)
	return l.world.Now()
}
