package world

import (
	"errors"
	"reflect"
	"runtime"
	"slices"
	"testing"
	"time"
)

// recordIDs gives the ids of a page of a session's records.
func recordIDs(t *testing.T, w *World, id, below int64, limit int) []int64 {
	t.Helper()
	records, err := w.Records(id, below, limit)
	must(t, err)
	list := []int64{}
	for _, r := range records {
		list = append(list, r.ID)
	}
	return list
}

func TestRecordsArePagedFromTheNewest(t *testing.T) {
	w := still(t)
	id := opened(t, w, Opening{API: true}) // 1
	opened(t, w, Opening{API: true})       // 2
	for range 4 {                          // 3 to 6
		must(t, w.CustomerWrites(id))
	}
	must(t, w.Close(id, ByTimeout)) // 7
	for name, c := range map[string]struct {
		below int64
		limit int
		want  []int64
	}{
		"all":              {0, 99, []int64{7, 6, 5, 4, 3, 1}},
		"the newest":       {0, 2, []int64{7, 6}},
		"below one":        {5, 2, []int64{4, 3}},
		"below another's":  {2, 9, []int64{1}},
		"below the oldest": {1, 9, []int64{}},
		"below the future": {99, 1, []int64{7}},
		"none":             {0, 0, []int64{}},
		"fewer than none":  {0, -1, []int64{}},
	} {
		if got := recordIDs(t, w, id, c.below, c.limit); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	if _, err := w.Records(99, 0, 1); !errors.Is(err, ErrNotFound) {
		t.Errorf("a session that is not there gave %v", err)
	}
}

func TestThreadsOfSeveralSessions(t *testing.T) {
	w := still(t)
	a, b := opened(t, w, Opening{API: true}), opened(t, w, Opening{Extension: "1001"})
	must(t, w.CustomerWrites(a))
	threads := w.Threads([]int64{b, 99, a}, 0, 1)
	if len(threads) != 2 || threads[0].Session.ID != b || threads[1].Session.ID != a {
		t.Fatalf("%+v", threads)
	}
	if len(threads[1].Records) != 1 || threads[1].Records[0].ID != 3 || threads[1].Records[0].Session != a || threads[1].Session.LastMessageID != 3 {
		t.Errorf("%+v", threads[1])
	}
	threads[0].Records[0].ID = 99
	if got := recordIDs(t, w, b, 0, 9); !slices.Equal(got, []int64{2}) {
		t.Errorf("a copy reaches into the world: %v", got)
	}
}

func TestRecordsAreKeptAsTheyWereMade(t *testing.T) {
	t.Parallel()
	made := map[int64][]Record{}
	w := New(Options{
		Seed: 5, Start: time.Date(2026, time.May, 1, 8, 0, 0, 123_456_789, time.FixedZone("x", 3600)),
		Observe: func(r Record) { made[r.Session] = append(made[r.Session], r) },
	})
	w.Advance(2 * time.Hour)
	kinds := map[Kind]int{}
	for id, want := range made {
		got, err := w.Records(id, 0, 1_000)
		must(t, err)
		slices.Reverse(got)
		for i := range got {
			kinds[got[i].Kind]++
			if r := got[i]; !r.At.Equal(r.At.Truncate(time.Second)) || (r.Delivery == Failed) != (r.Failure != "") ||
				(r.Kind == KindClosed) != (r.Reason != "") || (r.Delivery != "") != (r.Kind == KindMessage && r.Side != SideCustomer) {
				t.Errorf("%+v", r)
			}
			got[i].Delivery, got[i].Failure = want[i].Delivery, "" // which may have changed since
		}
		if !slices.Equal(got, want) {
			t.Fatalf("session %d:\n%v\n%v", id, got, want)
		}
	}
	if len(kinds) != 5 {
		t.Errorf("kinds %v", kinds)
	}
}

func TestDeliveriesOfOneSeedAreAlike(t *testing.T) {
	t.Parallel()
	threads := func(step time.Duration) []Thread {
		w := New(Options{Seed: 8})
		for range 2 * time.Hour / step {
			w.Advance(step)
		}
		ids := make([]int64, w.lastSession)
		for i := range ids {
			ids[i] = int64(i) + 1
		}
		return w.Threads(ids, 0, 1_000)
	}
	if a, b := threads(2*time.Hour), threads(time.Minute); len(a) < 1_000 || !reflect.DeepEqual(a, b) {
		t.Errorf("%d and %d sessions, which are not the same", len(a), len(b))
	}
}

func TestTimesAreWholeSeconds(t *testing.T) {
	w := New(Options{Still: true, Start: time.Date(2026, time.May, 1, 8, 0, 0, 900_000_000, time.UTC)})
	at := w.Now().Truncate(time.Second)
	id := opened(t, w, Opening{QueueID: QueueSales})
	must(t, w.AgentWrites(id, "1014"))
	must(t, w.Close(id, ByAgent))
	s := get(t, w, id)
	for name, got := range map[string]time.Time{
		"opened": s.Opened, "entered": s.Entered, "picked up": s.PickedUp, "ended": s.Ended,
		"last record": s.LastRecord, "last inbound": s.LastInbound, "last outbound": s.LastOutbound,
	} {
		if !got.Equal(at) {
			t.Errorf("%s at %s, want %s", name, got, at)
		}
	}
}

func TestRecordsGoWithTheirSession(t *testing.T) {
	w := New(Options{Still: true, KeepClosed: time.Hour})
	id := opened(t, w, Opening{API: true})
	must(t, w.Close(id, ByTimeout))
	w.Advance(time.Hour)
	if got := recordIDs(t, w, id, 0, 9); len(got) != 2 {
		t.Errorf("of a closed session: %v", got)
	}
	w.Advance(time.Second)
	if _, err := w.Records(id, 0, 9); !errors.Is(err, ErrNotFound) {
		t.Errorf("of a dropped session: %v", err)
	}
}

// Closed twice within a second, a session has two endings of one time.
func TestSessionsAreDroppedOnce(t *testing.T) {
	w := New(Options{Still: true, KeepClosed: time.Hour})
	id := opened(t, w, Opening{API: true})
	must(t, w.Close(id, ByTimeout))
	must(t, w.CustomerWrites(id))
	must(t, w.Close(id, ByTimeout))
	w.Advance(2 * time.Hour)
	if stale := w.index[place{kind: placeAPI, closed: true}].stale; w.Kept() != 0 || stale != 2 {
		t.Errorf("%d sessions are kept, %d rows are stale", w.Kept(), stale)
	}
}

// A day of a large demo: a record takes some 32 bytes, and slices some air.
func TestRecordsTakeLittleMemory(t *testing.T) {
	w := New(Options{Arrivals: 1})
	must(t, w.Prefill(10_000, 0))
	w.Advance(24 * time.Hour)
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	// What other tests hold at the same time counts, too.
	if n := w.lastMessage; n < 100_000 || stats.HeapAlloc > 128<<20 {
		t.Errorf("%d records are made, %d MiB are taken", n, stats.HeapAlloc>>20)
	}
	t.Logf("%d records are made, %d MiB are taken", w.lastMessage, stats.HeapAlloc>>20)
	runtime.KeepAlive(w)
}

func BenchmarkWindAWeekOfASmallOffice(b *testing.B) {
	for b.Loop() {
		advanced(Options{Seed: 1, Arrivals: 2}, 7*24*time.Hour)
	}
}

func BenchmarkThreadsOf50(b *testing.B) {
	w := New(Options{Arrivals: 1})
	if err := w.Prefill(10_000, 0); err != nil {
		b.Fatal(err)
	}
	w.Advance(24 * time.Hour)
	ids := make([]int64, 50)
	for i := range ids {
		ids[i] = int64(i)*100 + 1
	}
	b.ReportAllocs()
	for b.Loop() {
		w.Threads(ids, 0, 20)
	}
}
