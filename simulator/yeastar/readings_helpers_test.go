package yeastar

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"conversation_exporter/simulator/world"
)

// taped is the one session of a tape.
const taped = 7

// marked is the highest message id at the beginning of a tape.
const marked = 100

// tape is what an exporter with three viewers was shown, written down by hand:
// one session, in passes at so many seconds after the first. That set the marks,
// by another session.
type tape struct {
	server  *Server
	options ExpectOptions
	start   time.Time
	session world.Session
	// opened is when the session began; with its first record, unless it is set.
	opened  time.Time
	records []world.Record
}

func newTape() *tape {
	w := world.New(world.Options{Still: true})
	t := &tape{
		server: New(w, Options{}), start: w.Now(), session: world.Session{ID: taped, Medium: world.WhatsApp},
		options: ExpectOptions{API: true, Extensions: []string{"1001", "1002"}, Messages: true},
	}
	t.server.notes.modes(w.Queues(), w.Now())
	return t
}

// begin is the first pass of most tapes.
func begin() shown { return shown{other: map[world.Viewer]int64{"1002": marked}} }

// shown is what one pass has shown.
type shown struct {
	// at is in seconds after the first pass.
	at float64
	// queue and member are of the row, by those who showed it: 1001, unless said
	// otherwise. With nobody as the only one no list shows the session.
	queue, member  int
	by             []world.Viewer
	closed, put    bool
	last           int64 // the newest record, unless it is set
	records        []world.Record
	only           bool           // the records are all that the answer shows
	deaf, unswept  []world.Viewer // whose lists are not read: both, or that of closed sessions
	cut            []list         // of which another page is asked for in vain
	unlisted       string         // the list of those to be asked that is asked for in vain
	silent, asking bool           // no records are shown at all; they are, though none changed
	stuck          bool           // more records are asked for in vain
	// inbound is when the customer wrote last by the row, unless it is 0.
	inbound float64
	// other is the last message of another session in a viewer's closed list.
	other map[world.Viewer]int64
}

// nobody shows a session that is gone.
const nobody world.Viewer = "nobody"

func (t *tape) instant(at float64) time.Time {
	return t.start.Add(time.Duration(at * float64(time.Second)))
}

// pass lets the exporter see something.
func (t *tape) pass(s shown) {
	t.server.world.AdvanceTo(t.instant(s.at))
	now := t.server.world.Now()
	for _, r := range s.records {
		i, ok := slices.BinarySearchFunc(t.records, r.ID, func(a world.Record, id int64) int { return int(a.ID - id) })
		if ok {
			t.records[i] = r
		} else {
			t.records = slices.Insert(t.records, i, r)
		}
	}
	t.server.notes.directory.roll.asks(s.unlisted)
	for _, l := range s.cut {
		defer t.server.notes.log.asked(l, now)
	}
	for _, v := range t.server.viewers(t.options) {
		if slices.Contains(s.deaf, v) {
			continue
		}
		var open, closed []world.Session
		if last := s.other[v]; last != 0 {
			closed = append(closed, world.Session{ID: 99, Closed: true, LastMessageID: last})
		}
		if row, ok := t.row(s, v); ok && s.closed {
			closed = append(closed, row)
		} else if ok {
			open = append(open, row)
		}
		t.server.notes.page(world.Query{Viewer: v, Limit: 100, Closed: world.Without}, open, now)
		if !slices.Contains(s.unswept, v) {
			t.server.notes.closedPage(world.Query{Viewer: v, Limit: 100, Closed: world.Only}, closed, now)
		}
	}
	switch {
	case s.silent || len(s.records) == 0 && !s.asking:
	case s.only:
		t.server.notes.thread(taped, s.records, now)
	default:
		shown := slices.Clone(t.records)
		slices.Reverse(shown) // the order does not matter
		t.server.notes.thread(taped, shown, now)
	}
	if s.stuck {
		t.server.notes.log.wanted(taped, true, now)
	}
}

// row is how a viewer shows the session in a pass.
func (t *tape) row(s shown, v world.Viewer) (world.Session, bool) {
	by := s.by
	if by == nil {
		by = []world.Viewer{"1001"}
	}
	if !slices.Contains(by, v) || len(t.records) == 0 {
		return world.Session{}, false
	}
	row := t.session
	row.QueueID, row.MemberID, row.Closed, row.LastMessageID = s.queue, s.member, s.closed, s.last
	row.Opened = t.opened
	if t.opened.IsZero() {
		row.Opened = t.records[0].At
	}
	if s.put {
		row.ArchivedBy = by
	}
	if s.last == 0 {
		row.LastMessageID = t.records[len(t.records)-1].ID
	}
	for _, r := range t.records {
		if r.Kind == world.KindMessage && r.Side == world.SideCustomer {
			row.LastInbound = r.At
		}
	}
	if s.inbound != 0 {
		row.LastInbound = t.instant(s.inbound)
	}
	return row, true
}

// counted gives what is counted by now.
func (t *tape) counted() *Counts {
	e := t.server.Expect(t.options)
	return &e.Counted
}

// The makers of records, by id and seconds after the first pass.

func (t *tape) record(id int64, at float64, r world.Record) world.Record {
	r.ID, r.Session, r.At = id, taped, t.instant(at).Truncate(time.Second)
	return r
}

func (t *tape) customer(id int64, at float64) world.Record {
	return t.record(id, at, world.Record{Side: world.SideCustomer})
}

func (t *tape) agent(id int64, at float64) world.Record {
	return t.record(id, at, world.Record{Side: world.SideAgent, Number: "1001", Delivery: world.Sent})
}

func (t *tape) api(id int64, at float64) world.Record {
	return t.record(id, at, world.Record{Side: world.SideAPI, Delivery: world.Sent})
}

func (t *tape) queued(id int64, at float64, by world.Side) world.Record {
	return t.record(id, at, world.Record{Kind: world.KindQueued, Side: by, To: "Support"})
}

func (t *tape) moved(id int64, at float64, by world.Side, to string) world.Record {
	return t.record(id, at, world.Record{Kind: world.KindTransferred, Side: by, To: to})
}

func (t *tape) picked(id int64, at float64) world.Record {
	return t.record(id, at, world.Record{Kind: world.KindPickedUp, Side: world.SideAgent, Number: "1001"})
}

func (t *tape) closing(id int64, at float64, why world.Reason) world.Record {
	return t.record(id, at, world.Record{Kind: world.KindClosed, Side: world.SideSystem, Reason: why})
}

func sending(r world.Record) world.Record { r.Delivery = world.Sending; return r }

func template(r world.Record) world.Record { r.Template = true; return r }

func failed(r world.Record, why string) world.Record {
	r.Delivery, r.Failure = world.Failed, why
	return r
}

// lines writes counts down, one value a line: the metric, its labels, and the
// number; of a histogram the number, the sum, and how many were within a minute.
func linesOf(c *Counts) []string {
	var list []string
	put := func(format string, values ...any) { list = append(list, fmt.Sprintf(format, values...)) }
	for k, n := range c.Messages {
		put("messages %s %s %d", k.Channel, k.Sender, n)
	}
	for k, n := range c.Templates {
		put("templates %s %d", k, n)
	}
	for k, n := range c.Failures {
		put("failures %s %s %d", k.Channel, k.Reason, n)
	}
	for k, n := range c.Started {
		put("started %s %s %d", k.Queue, k.Origin, n)
	}
	for k, n := range c.Closed {
		put("closed %s %s %s %d", k.Queue, k.Reason, k.Awaiting, n)
	}
	for k, n := range c.Lost {
		put("lost %s %d", k.Queue, n)
	}
	for k, n := range c.Transfers {
		put("transfers %s %s %d", k.Queue, k.To, n)
	}
	for k, n := range c.HandOvers {
		put("handovers %s %d", k.Queue, n)
	}
	for name, histogram := range map[string]map[Place]Histogram{"first": c.FirstResponse, "response": c.Response, "pickup": c.PickUp} {
		for k, h := range histogram {
			put("%s %s %d %g %d", name, k.Queue, h.Count, h.Sum, h.AtMost[3])
		}
	}
	slices.Sort(list)
	return list
}

// takes is one case of a table: what the passes showed, and what is to be
// counted in the end of the metrics that it is about.
type takes struct {
	name  string
	bare  bool // the first pass is in the play
	setup func(t *tape)
	play  func(t *tape) []shown
	want  []string
}

// play runs a table.
func play(t *testing.T, about string, cases []takes) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			// What is counted must not depend on how often anybody asks.
			for _, often := range []bool{true, false} {
				again := newTape()
				if c.setup != nil {
					c.setup(again)
				}
				if !c.bare {
					again.pass(begin())
				}
				for _, s := range c.play(again) {
					again.pass(s)
					if often {
						again.counted()
						again.counted()
					}
				}
				var got []string
				for _, line := range linesOf(again.counted()) {
					if family, _, _ := strings.Cut(line, " "); slices.Contains(strings.Fields(about), family) {
						got = append(got, line)
					}
				}
				if !slices.Equal(got, c.want) {
					t.Errorf("asked often: %t: got\n  %s\nwant\n  %s", often, strings.Join(got, "\n  "), strings.Join(c.want, "\n  "))
				}
			}
		})
	}
}
