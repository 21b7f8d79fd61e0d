package conversation

import "testing"

// quiet is a session that has been read, and a listing that shows nothing new.
func quiet() (Facts, []Record, Seen) {
	records := history(at(0).queued(), at(1).customer(), at(9).pickedUp(), at(20).agent().sent(), at(60).customer())
	return fold(records, open(OwnerPeople, 5, 70).until(day+60)).Settled, records, Seen(open(OwnerPeople, 5, 120).until(day + 60))
}

// One new record is what most sessions that are read have.
func BenchmarkFold(b *testing.B) {
	facts, records, seen := quiet()
	news := append(records, Record(at(100).agent().sent().id(6)))
	seen.Listed = 6
	b.ReportAllocs()
	for b.Loop() {
		if out := Fold(facts, news[5:], seen); len(out.Events) != 2 {
			b.Fatal(out.Events)
		}
	}
}

// Nothing new is what every session of a listing has, at every pass.
func BenchmarkFoldNothing(b *testing.B) {
	facts, _, seen := quiet()
	b.ReportAllocs()
	for b.Loop() {
		if out := Fold(facts, nil, seen); len(out.Events) != 0 {
			b.Fatal(out.Events)
		}
	}
}

// A pass folds every open session, so that must cost no memory.
func TestFoldNothingAllocatesNothing(t *testing.T) {
	facts, _, seen := quiet()
	if n := testing.AllocsPerRun(100, func() { Fold(facts, nil, seen) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
