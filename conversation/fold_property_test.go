package conversation

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

// histories is how many each property is tried on.
const histories = 4000

// each tries a property on histories from one seed each.
func each(t *testing.T, try func(t *testing.T, rng *rand.Rand)) {
	t.Helper()
	for seed := range uint64(histories) {
		rng := rand.New(rand.NewPCG(seed, 0x666f6c64))
		if !t.Run("", func(t *testing.T) { try(t, rng) }) {
			t.Fatalf("seed %d", seed)
		}
	}
}

// tally is what is counted of a session, as the reader of folds does it: what
// the delivery does not decide counts when its record is read for the first time.
type tally struct {
	facts   Folded
	highest int64
	counts  map[string]int
}

func (c *tally) read(records []Record, seen Seen) {
	c.facts = Fold(c.facts.Settled, records, seen)
	for _, e := range c.facts.Events {
		if e.Kind.Settled() || e.Record > c.highest {
			c.counts[key(e)]++
		}
	}
	for i := range records {
		c.highest = max(c.highest, records[i].ID)
	}
}

// key is what is equal of an event, however its history was read. A lost window
// is decided by the clock or by the next record, whichever comes first, and who
// moved a session since it was listed depends on the listing.
func key(e Event) string {
	if e.Kind == EventWindowLost {
		e.Record = 0
	}
	return word(e)
}

// once folds a tale in one piece.
func once(c cut, s *tale) tally {
	out := tally{counts: map[string]int{}}
	out.read(s.told(c.n, c.now), c.seen)
	return out
}

// parts folds a tale reading by reading, each with some of what is known already.
func parts(cuts []cut, s *tale) tally {
	out := tally{counts: map[string]int{}}
	for _, c := range cuts {
		records := slices.DeleteFunc(s.told(c.n, c.now), func(r Record) bool {
			return r.ID <= out.facts.Settled.Last && s.rng.IntN(2) == 0
		})
		s.rng.Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
		out.read(records, c.seen)
	}
	return out
}

func compare(t *testing.T, s *tale, cuts []cut, last cut) {
	t.Helper()
	whole, pieces := once(last, s), parts(cuts, s)
	if whole.facts.Settled != pieces.facts.Settled || whole.facts.Shown != pieces.facts.Shown {
		t.Errorf("at once %+v, %+v\nin parts %+v, %+v", whole.facts.Settled, whole.facts.Shown, pieces.facts.Settled, pieces.facts.Shown)
	}
	if !reflect.DeepEqual(whole.counts, pieces.counts) {
		t.Errorf("at once %v\nin parts %v", whole.counts, pieces.counts)
	}
	if t.Failed() {
		for i := range s.records {
			t.Logf("%d %+v %+v", s.records[i].At.Unix()-epoch, s.records[i], s.moments[i])
		}
		for _, c := range cuts {
			t.Logf("%d of them at %d: %+v", c.n, c.now-epoch, c.seen)
		}
	}
}

// Folding at once or in parts comes to the same.
func TestR32OnceOrInParts(t *testing.T) {
	each(t, func(t *testing.T, rng *rand.Rand) {
		s := newTale(rng, false)
		cuts := s.cuts()
		compare(t, s, cuts, cuts[len(cuts)-1])
	})
}

// So does reading while messages are under way, each of which is final before
// ten minutes.
func TestR13DeliveriesInParts(t *testing.T) {
	each(t, func(t *testing.T, rng *rand.Rand) {
		s := newTale(rng, true)
		cuts := s.cuts()
		compare(t, s, cuts, cuts[len(cuts)-1])
	})
}

// The facts are also the same while messages are under way at the end. Windows
// are left out: the clock decides one only where nothing is under way. So are
// stretches whose owner no record tells: what is settled may end in one.
func TestR13UnderWayInParts(t *testing.T) {
	each(t, func(t *testing.T, rng *rand.Rand) {
		s := newTale(rng, true)
		untold := slices.ContainsFunc(s.moments, func(m moment) bool { return !m.told })
		if s.windowed || s.unrecorded || untold {
			return
		}
		n := len(s.records)
		last := cut{n: n, now: s.records[n-1].At.Unix() + rng.Int64N(minute)}
		last.seen = s.seen(n, last.now)
		cuts := s.cuts()
		cuts[len(cuts)-1] = last
		compare(t, s, cuts, last)
	})
}

// The order of the records does not matter, nor does what comes twice or is
// known already.
func TestR32OrderOfTheRecords(t *testing.T) {
	each(t, func(t *testing.T, rng *rand.Rand) {
		records, seen := wild(rng), wildSeen(rng)
		before := Facts{}
		if known := rng.IntN(len(records) + 1); rng.IntN(2) == 0 {
			before = Fold(before, records[:known], wildSeen(rng)).Settled
		}
		news := slices.Clone(records)
		news = slices.DeleteFunc(news, func(r Record) bool { return r.ID <= before.Last })
		mixed := slices.DeleteFunc(slices.Clone(records), func(r Record) bool { return r.ID <= before.Last && r.Sending() })
		if len(records) > 0 {
			for range rng.IntN(5) {
				mixed = append(mixed, mixed[:min(len(mixed), 1+rng.IntN(len(records)))]...)
			}
		}
		rng.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
		given := slices.Clone(mixed)
		want, got := Fold(before, news, seen), Fold(before, mixed, seen)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("in order %+v\nmixed %+v", want, got)
		}
		if !slices.Equal(given, mixed) {
			t.Error("the records of the caller were changed")
		}
	})
}

// Nothing counts twice, and what comes out makes sense, whatever goes in.
func TestR32NothingTwice(t *testing.T) {
	each(t, func(t *testing.T, rng *rand.Rand) {
		records, facts := wild(rng), Facts{}
		for range 3 {
			seen := wildSeen(rng)
			known := records[:rng.IntN(len(records)+1)]
			if err := sane(facts, known, seen); err != nil {
				t.Fatal(err)
			}
			facts = Fold(facts, known, seen).Settled
		}
	})
}

// sane tells what is wrong with a fold.
func sane(before Facts, records []Record, seen Seen) error {
	out := Fold(before, records, seen)
	for _, f := range []Facts{out.Settled, out.Shown} {
		if err := possible(&f); err != nil {
			return err
		}
	}
	switch {
	case out.Settled.Last < before.Last || out.Shown.Last < out.Settled.Last:
		return fmt.Errorf("from %d, settled up to %d, shown up to %d", before.Last, out.Settled.Last, out.Shown.Last)
	case out.Settled != out.Shown && out.Sending.ID == 0:
		return fmt.Errorf("nothing is under way, yet settled is %+v and shown %+v", out.Settled, out.Shown)
	}
	if err := orderly(before, out, seen); err != nil {
		return err
	}
	return repeated(out, records, seen)
}

// possible tells what is wrong with facts.
func possible(f *Facts) error {
	since, waits := f.Clock()
	switch {
	case (f.Unread == 0) != (f.Unanswered == 0):
		return fmt.Errorf("unread without unanswered, or the reverse: %+v", f)
	case f.Closed() && (waits || f.Unread != 0 || f.Awaiting() != AwaitingCustomer):
		return fmt.Errorf("closed, yet somebody waits: %+v", f)
	case waits && since < f.Unanswered.Unix(), waits != (f.Awaiting() == AwaitingAgent), waits && f.Owner == OwnerAutomation:
		return fmt.Errorf("the clock stands wrong: %+v", f)
	case f.Owner > OwnerPeople:
		return fmt.Errorf("owner %d", f.Owner)
	case f.is(autoPickUp) && f.Owner != OwnerQueue:
		return fmt.Errorf("a reply would pick up what does not wait: %+v", f)
	}
	return nil
}

// orderly tells what is wrong with the events of a fold.
func orderly(before Facts, out Folded, seen Seen) error {
	counts := map[string]int{}
	last, closed := before.Last, before.Closed()
	fresh := before.Last == 0 && seen.FromStart
	for _, e := range out.Events {
		counts[key(e)]++
		switch {
		case e.Seconds < 0:
			return fmt.Errorf("it took %d s: %s", e.Seconds, word(e))
		case counts[key(e)] > 1:
			return fmt.Errorf("twice: %s", word(e))
		case e.Kind != EventDropped && e.Record < last:
			return fmt.Errorf("after %d: %s", last, word(e))
		case e.Kind == EventStarted && !closed && !fresh && !seen.Closed && out.Settled == out.Shown:
			return fmt.Errorf("it was open: %s", word(e))
		case e.Kind == EventClosed && closed:
			return fmt.Errorf("it was closed: %s", word(e))
		}
		switch e.Kind {
		case EventDropped:
			continue
		case EventStarted:
			closed, fresh = false, false
		case EventClosed:
			closed = true
		case EventFirstResponse:
			e.Kind = EventResponse
			if counts[key(e)] != 1 {
				return fmt.Errorf("a first response that is none: %s", word(e))
			}
		}
		last = e.Record
	}
	return nil
}

// repeated tells what a second fold of the same would count again.
func repeated(out Folded, records []Record, seen Seen) error {
	highest := out.Settled.Last
	for i := range records {
		highest = max(highest, records[i].ID)
	}
	same := seen.Listed >= highest
	if !same {
		seen.Told = false // Nobody lists again what he has listed before a reading.
	}
	again := Fold(out.Settled, records, seen)
	for _, e := range again.Events {
		if e.Kind.Settled() || e.Record > highest || e.Record <= out.Settled.Last {
			return fmt.Errorf("again: %s", word(e))
		}
	}
	if again.Settled != out.Settled && same || same && again.Shown != out.Shown {
		return fmt.Errorf("then %+v, %+v\nagain %+v, %+v", out.Settled, out.Shown, again.Settled, again.Shown)
	}
	return nil
}
