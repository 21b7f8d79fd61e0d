package conversation

import (
	"slices"
	"testing"
	"time"
)

// A session that the customer opens again counts as a start before he writes, and
// what he then writes does not count as another one.
func TestR22AReopeningIsAStart(t *testing.T) {
	begin := time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)
	records := []Record{
		{ID: 1, At: begin, Kind: KindMessage, Sender: SenderCustomer},
		{ID: 2, At: begin.Add(time.Minute), Kind: KindClosed, Reason: ClosedByAgent},
		{ID: 3, At: begin.Add(2 * time.Minute), Kind: KindReopened},
		{ID: 4, At: begin.Add(3 * time.Minute), Kind: KindMessage, Sender: SenderCustomer},
	}
	folded := Fold(Facts{}, records, Seen{FromStart: true, Now: begin.Add(time.Hour)})
	var started []int64
	for _, e := range folded.Events {
		if e.Kind == EventStarted {
			started = append(started, e.Record)
		}
	}
	if !slices.Equal(started, []int64{1, 3}) {
		t.Errorf("the records %v are starts, want 1 and 3", started)
	}
	if since, waits := folded.Shown.Clock(); !waits || since != records[3].At.Unix() {
		t.Errorf("the clock began at %d, waits %t; want the message after the reopening", since, waits)
	}
}
