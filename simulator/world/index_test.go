package world

import (
	"cmp"
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"
)

// allViewers gives everybody who may ask.
func allViewers(w *World) []Viewer {
	viewers := []Viewer{API}
	for _, a := range w.Agents() {
		viewers = append(viewers, Viewer(a.Number))
	}
	return viewers
}

// wanted is what List must give, found without its index.
func wanted(t *testing.T, w *World, q Query) []int64 {
	t.Helper()
	var list []Session
	for id := int64(1); id <= w.lastSession; id++ {
		s, ok := w.Session(id)
		if !ok {
			continue
		}
		viewers, err := w.Viewers(id)
		must(t, err)
		if slices.Contains(viewers, q.Viewer) && q.Closed.fits(s.Closed) && q.Campaign.fits(s.Campaign) &&
			q.Archived.fits(s.IsArchivedBy(q.Viewer)) && q.PickedUp.fits(s.MemberID != 0) {
			list = append(list, s)
		}
	}
	slices.SortFunc(list, func(a, b Session) int { return cmp.Compare(b.LastMessageID, a.LastMessageID) })
	return ids(list)
}

func ids(list []Session) []int64 {
	out := make([]int64, 0, len(list))
	for _, s := range list {
		out = append(out, s.ID)
	}
	return out
}

// paged reads a list page by page.
func paged(t *testing.T, w *World, q Query) []int64 {
	t.Helper()
	var got []int64
	for {
		list, err := w.List(q)
		must(t, err)
		for _, s := range list {
			if !slices.Contains(got, s.ID) {
				got = append(got, s.ID)
			}
		}
		if len(list) < q.Limit {
			return got
		}
		q.Cursor = list[len(list)-1].LastMessageID
	}
}

func TestListAgreesWithASearchOfEverything(t *testing.T) {
	t.Parallel()
	w := advanced(Options{Seed: 3, KeepClosed: time.Hour}, 3*time.Hour)
	seen := 0
	for _, v := range allViewers(w) {
		for name, q := range map[string]Query{
			"all":       {},
			"open":      {Closed: Without},
			"closed":    {Closed: Only},
			"away":      {Archived: Only},
			"regular":   {Campaign: Without, Closed: Without},
			"campaign":  {Campaign: Only},
			"picked":    {PickedUp: Only, Closed: Without},
			"unpicked":  {PickedUp: Without, Archived: Without},
			"inclusive": {Inclusive: true},
		} {
			q.Viewer, q.Limit = v, 7
			want := wanted(t, w, q)
			seen += len(want)
			if got := paged(t, w, q); !slices.Equal(got, want) {
				t.Errorf("%s %s: got %d sessions, want %d:\n%v\n%v", v, name, len(got), len(want), got, want)
			}
		}
	}
	if seen < 1000 {
		t.Errorf("only %d rows were compared", seen)
	}
}

func TestListCursor(t *testing.T) {
	w := still(t)
	for range 5 {
		opened(t, w, Opening{API: true})
	}
	for name, c := range map[string]struct {
		cursor    int64
		inclusive bool
		want      []int64
	}{
		"from the top":        {0, false, []int64{5, 4}},
		"exclusive":           {4, false, []int64{3, 2}},
		"inclusive":           {4, true, []int64{4, 3}},
		"at the end":          {1, false, []int64{}},
		"the last once more":  {1, true, []int64{1}},
		"beyond what was ":    {99, false, []int64{5, 4}},
		"of one that went up": {2, false, []int64{1}},
	} {
		list, err := w.List(Query{Viewer: API, Cursor: c.cursor, Inclusive: c.inclusive, Limit: 2})
		must(t, err)
		if got := ids(list); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
	must(t, w.CustomerWrites(3))
	list, err := w.List(Query{Viewer: API, Cursor: 4, Limit: 9})
	must(t, err)
	if got := ids(list); !slices.Equal(got, []int64{2, 1}) {
		t.Errorf("after the third went to the top, below the fourth are %v", got)
	}
}

func TestListSearchAndUnknownViewer(t *testing.T) {
	w := still(t)
	for range 12 {
		opened(t, w, Opening{API: true})
	}
	for search, want := range map[string][]int64{"Customer 7": {7}, "+9990000000011": {11}, "nobody": {}} {
		list, err := w.List(Query{Viewer: API, Limit: 9, Search: search})
		must(t, err)
		if got := ids(list); !slices.Equal(got, want) {
			t.Errorf("%q: %v", search, got)
		}
	}
	if _, err := w.List(Query{Viewer: "4711", Limit: 1}); !errors.Is(err, ErrNotFound) {
		t.Errorf("an unknown viewer gave %v", err)
	}
}

func TestShelvesAreTidiedUp(t *testing.T) {
	w := still(t)
	id := opened(t, w, Opening{API: true})
	for range 100_000 {
		must(t, w.CustomerWrites(id))
	}
	if n := cap(w.index[place{kind: placeAPI}].rows); n > 1000 {
		t.Errorf("one session takes %d rows", n)
	}
}

func TestClosedSessionsAreDropped(t *testing.T) {
	w := New(Options{Still: true, KeepClosed: time.Hour})
	gone := opened(t, w, Opening{API: true})
	back := opened(t, w, Opening{API: true})
	open := opened(t, w, Opening{API: true})
	must(t, w.Close(gone, ByTimeout))
	must(t, w.Close(back, ByTimeout))
	w.Advance(time.Hour)
	get(t, w, gone)
	must(t, w.CustomerWrites(back))
	w.Advance(time.Second)
	if _, ok := w.Session(gone); ok {
		t.Error("a closed session was kept beyond its time")
	}
	get(t, w, back)
	get(t, w, open)
	list, err := w.List(Query{Viewer: API, Limit: 9})
	must(t, err)
	if got := ids(list); !slices.Equal(got, []int64{back, open}) {
		t.Errorf("listed: %v", got)
	}
}

func BenchmarkListOf100k(b *testing.B) {
	w := New(Options{Still: true})
	if err := w.Prefill(100_000, 0); err != nil {
		b.Fatal(err)
	}
	q := Query{Viewer: "1001", Limit: 100, Closed: Without}
	b.ReportAllocs()
	for b.Loop() {
		list, err := w.List(q)
		if err != nil {
			b.Fatal(err)
		}
		q.Cursor = 0
		if len(list) == q.Limit {
			q.Cursor = list[len(list)-1].LastMessageID
		}
	}
}

func TestSightsAreTheOpenSessionsAndTheirViewers(t *testing.T) {
	w := advanced(Options{Seed: 4, Arrivals: 6}, time.Hour)
	sights, at := w.Sights()
	open := w.OpenSessions()
	if len(sights) == 0 || len(sights) != len(open) || !at.Equal(w.Now()) {
		t.Fatalf("%d sights of %d sessions at %s", len(sights), len(open), at)
	}
	for i, s := range sights {
		viewers, err := w.Viewers(open[i].ID)
		must(t, err)
		if !reflect.DeepEqual(s.Session, open[i]) || !slices.Equal(s.Viewers, viewers) {
			t.Errorf("session %d is seen as %d, by %v", open[i].ID, s.ID, s.Viewers)
		}
	}
}
