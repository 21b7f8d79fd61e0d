package conversation

import (
	"math"
	"testing"
	"time"
)

// A bot who has the session now has handed over nothing, one who had it did so once.
func TestR16ABotThatHasItAgain(t *testing.T) {
	records := history(at(0).customer(), at(1).bot(), at(3).bot())
	for _, tc := range []struct {
		owner Owner
		want  int
	}{{OwnerAutomation, 0}, {OwnerPeople, 1}} {
		out := Fold(Facts{}, records, Seen{
			Told: true, Led: Led{ByStatus: true}, Listed: math.MaxInt64, Owner: tc.owner, FromStart: true, Now: time.Unix(epoch+60, 0),
		})
		n := 0
		for _, e := range out.Events {
			if e.Kind == EventHandedOver {
				n++
			}
		}
		if n != tc.want || out.Shown.Owner != tc.owner {
			t.Errorf("owner %d: %d hand-overs, want %d; then the owner is %d", tc.owner, n, tc.want, out.Shown.Owner)
		}
	}
}
