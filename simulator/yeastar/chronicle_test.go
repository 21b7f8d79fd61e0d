package yeastar

import (
	"testing"
	"time"

	"conversation_exporter/simulator/world"
)

func TestNotesOfThreadsAreTidiedUp(t *testing.T) {
	for _, asked := range []bool{false, true} {
		l := newLive(t)
		l.pass()
		for range 3000 {
			l.after(20)
			id := l.open(world.Opening{Extension: "1001"})
			l.must(l.world.Close(id, world.ByAgent))
			now := l.world.Now()
			session, _ := l.world.Session(id)
			l.server.notes.closedPage(world.Query{Viewer: "1001", Limit: 10}, []world.Session{session}, now)
			l.server.notes.page(world.Query{Viewer: "1001", Limit: 10}, nil, now)
			l.thread(id)
			if asked && id%50 == 0 {
				l.server.Expect(l.options)
			}
		}
		e := l.server.Expect(l.options)
		if got := len(l.server.notes.log.stories); got > 200 && asked || got > 2*firstTidy {
			t.Errorf("asked: %t: %d sessions are remembered", asked, got)
		}
		if got := e.Counted.Totals(); asked && (got.Closed != 3000 || got.Messages != 3000 || got.Started != 3000) {
			t.Errorf("%+v", got)
		}
	}
}

// The first page of closed sessions is but a mark; later ones show what is above.
func TestR23ExpectedShowsOnlyWhatIsNew(t *testing.T) {
	s := New(world.New(world.Options{Still: true}), Options{})
	now := s.world.Now()
	row := func(id int64) world.Session { return world.Session{ID: id, LastMessageID: id, Closed: true} }
	for i, c := range []struct {
		cursor int64
		rows   []int64
		known  int
	}{
		{0, []int64{9, 8}, 0},    // the mark is 9
		{8, []int64{7, 6}, 0},    // below it
		{0, []int64{14, 13}, 2},  // above it
		{13, []int64{12, 11}, 4}, // and more; the list did not come to its end
		{0, []int64{15, 14}, 5},  // again from its top
		{14, []int64{10, 9}, 6},  // to its end: the mark is 15
		{0, []int64{17, 15}, 7},
		{0, []int64{18}, 8},
		{0, []int64{}, 8},
	} {
		var rows []world.Session
		for _, id := range c.rows {
			rows = append(rows, row(id))
		}
		s.notes.closedPage(world.Query{Viewer: "1001", Limit: 2, Cursor: c.cursor}, rows, now.Add(time.Duration(i)*time.Minute))
		if got := len(s.notes.log.stories); got != c.known {
			t.Errorf("after page %d: %d sessions, want %d", i, got, c.known)
		}
	}
	if sweep := s.notes.log.sweeps["1001"]; sweep.mark != 18 {
		t.Errorf("the mark is %d", sweep.mark)
	}
}

// Of two rows of one pass the one with the newer message counts, whichever came
// first; where they are equal, what they say adds up.
func TestR8ExpectedOfTwoRows(t *testing.T) {
	for name, c := range map[string]struct {
		rows []world.Session
		want row
	}{
		"the newer one first": {
			[]world.Session{{ID: taped, LastMessageID: 5, QueueID: support}, {ID: taped, LastMessageID: 4}},
			row{last: 5, queue: support, extension: true},
		},
		"the newer one last": {
			[]world.Session{{ID: taped, LastMessageID: 4}, {ID: taped, LastMessageID: 5, QueueID: support}},
			row{last: 5, queue: support, api: true},
		},
		"the same": {
			[]world.Session{{ID: taped, LastMessageID: 5, ArchivedBy: []world.Viewer{"1001"}}, {ID: taped, LastMessageID: 5}},
			row{last: 5, extension: true, api: true},
		},
	} {
		s := New(world.New(world.Options{Still: true}), Options{})
		for i, v := range []world.Viewer{"1001", world.API} {
			s.notes.page(world.Query{Viewer: v, Limit: 9}, c.rows[i:i+1], s.world.Now())
		}
		if got := s.notes.log.stories[taped].showings; len(got) != 1 || got[0].row != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}
