package collector

import (
	"testing"
	"time"
)

// Where it is not told when a customer asked for his session, he came into the queue
// when he began to wait for an answer or, where he has written nothing, with the first
// listing that showed him there. He ages all the same (R16).
func TestR16AnEntryThatIsNotTold(t *testing.T) {
	d := newDesk()
	d.is(t, 0, nil)
	d.clock.advance(30 * time.Second)
	d.arrive(1).Requested = time.Time{}
	d.is(t, 30*time.Second, map[string]string{`queued_oldest_timestamp_seconds{queue="Support"}`: "1.77244206e+09"}) // 9:01
	d.is(t, time.Minute, map[string]string{`queued_oldest_timestamp_seconds{queue="Support"}`: "1.77244206e+09"})
	d.clock.advance(30 * time.Second)
	d.arrive(2).Requested = time.Time{}
	d.writes(2) // 9:02:30
	d.clock.advance(30 * time.Second)
	delete(d.chats, 1)
	d.is(t, time.Minute, map[string]string{`queued_oldest_timestamp_seconds{queue="Support"}`: "1.77244215e+09"})
	// Somebody takes him at 9:04.
	d.taken(2)
	d.is(t, time.Minute, map[string]string{`pickup_seconds_sum{queue="Support"}`: "90", `pickup_seconds_count{queue="Support"}`: "1"})
}

// Of a session that nobody saw wait, and of which it is not told since when it did, the
// wait is not known (R16).
func TestR16APickUpAfterAWaitThatIsNotTold(t *testing.T) {
	d := newDesk()
	d.is(t, 0, nil)
	d.clock.advance(30 * time.Second)
	d.arrive(1).Requested = time.Time{}
	d.taken(1)
	d.is(t, time.Minute, map[string]string{`pickup_seconds_count{queue="Support"}`: "0"})
}

// A session of which it is told later counts with that (R16).
func TestR16AnEntryThatIsToldLater(t *testing.T) {
	d := newDesk()
	d.is(t, 0, nil)
	d.clock.advance(30 * time.Second)
	asked := d.clock.now()
	d.arrive(1).Requested = time.Time{}
	d.clock.advance(2 * time.Minute)
	d.is(t, time.Minute, map[string]string{`queued_oldest_timestamp_seconds{queue="Support"}`: "1.77244221e+09"})
	d.chats[1].Requested = asked
	d.is(t, time.Minute, map[string]string{`queued_oldest_timestamp_seconds{queue="Support"}`: "1.77244203e+09"})
}

// Dates that turn out to be of another zone are not told any more: what they told is
// forgotten, and no pick-up is made of it (R16, R34).
func TestR34DatesThatAreTakenBack(t *testing.T) {
	d := newDesk()
	d.is(t, 0, nil)
	d.clock.advance(30 * time.Second)
	d.arrive(1).Requested = d.clock.now().Add(-9 * time.Hour)
	d.writes(1)
	d.is(t, time.Minute, nil)
	d.chats[1].Requested = time.Time{}
	d.is(t, time.Minute, map[string]string{`queued_oldest_timestamp_seconds{queue="Support"}`: "1.77244203e+09"})
	d.taken(1)
	begun := d.chats[1].Started
	d.chats[1].Started = time.Time{}
	d.answers(1)
	d.is(t, time.Minute, map[string]string{`pickup_seconds_count{queue="Support"}`: "0", `queued_oldest_timestamp_seconds`: ""})
	// Told again, it is a pick-up, once.
	d.chats[1].Requested, d.chats[1].Started = start().Add(30*time.Second), begun
	d.is(t, time.Minute, map[string]string{`pickup_seconds_sum{queue="Support"}`: "120", `pickup_seconds_count{queue="Support"}`: "1"})
	d.chats[1].Started = time.Time{}
	d.is(t, time.Minute, nil)
	d.chats[1].Started = begun
	d.is(t, time.Minute, map[string]string{`pickup_seconds_count{queue="Support"}`: "1"})
}
