package conversation

import (
	"slices"
	"testing"
	"unsafe"
)

// The records of a want are read from the newest back; each case is what was
// read so far.
func TestR29Reached(t *testing.T) {
	first := Want{Floor: 10}
	waits := Want{Floor: 10, Queued: true}
	for name, tc := range map[string]struct {
		want    Want
		records []Record
		reached bool
	}{
		"nothing was read":              {Want{After: 5}, nil, false},
		"the gap is open":               {Want{After: 5}, history(at(0).customer().id(6), at(1).agent().id(7)), false},
		"the known record":              {Want{After: 5}, history(at(0).customer().id(5), at(1).agent().id(7)), true},
		"a record before it":            {Want{After: 5}, history(at(0).customer().id(4), at(1).agent().id(7)), true},
		"what is new needs no reply":    {Want{After: 5, Floor: 1, Queued: true}, history(at(0).note().id(5)), true},
		"a first read of nothing":       {first, nil, false},
		"reply and customer, no floor":  {first, history(at(0).customer().id(11), at(1).agent().id(12)), false},
		"floor, reply and customer":     {first, history(at(0).customer().id(10), at(1).agent().id(12)), true},
		"the floor itself is the reply": {first, history(at(0).agent().id(10), at(1).customer().id(12)), true},
		"no reply yet":                  {first, history(at(0).customer().id(9), at(1).customer().id(12)), false},
		"no customer yet":               {first, history(at(0).agent().id(9), at(1).agent().id(12)), false},
		"a failed reply":                {first, history(at(0).customer().id(9), at(1).agent().failed().id(12)), false},
		"one under way may yet fail":    {first, history(at(0).customer().id(9), at(1).agent().sending().id(12)), false},
		"a template":                    {first, history(at(0).customer().id(9), at(1).agent().template().id(12)), true},
		"a template of a campaign":      {Want{Floor: 10, Campaign: true}, history(at(0).customer().id(9), at(1).agent().template().id(12)), false},
		"the API's word":                {first, history(at(0).customer().id(9), at(1).api().id(12)), false},
		"a closing is all of it":        {waits, history(at(0).closed(ClosedByAgent).id(9), at(1).note().id(12)), true},
		"a closing above the floor":     {waits, history(at(0).closed(ClosedByAgent).id(11), at(1).customer().id(12)), false},
		"it waits, no entry yet":        {waits, history(at(0).agent().id(9), at(1).customer().id(12)), false},
		"it waits, and the entry":       {waits, history(at(0).queued().id(8), at(0).agent().id(9), at(1).customer().id(12)), true},
		"the entry is no reply":         {waits, history(at(0).queued().id(8), at(1).customer().id(12)), false},
		"a transfer is no entry":        {waits, history(at(0).toAgent().id(8), at(0).agent().id(9), at(1).customer().id(12)), false},
		"no mark: never, so its start":  {Want{}, history(at(0).closed(ClosedByAgent).id(1), at(0).customer().id(2), at(1).agent().id(3)), false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := tc.want.Reached(tc.records); got != tc.reached {
				t.Errorf("got %t", got)
			}
			slices.Reverse(tc.records)
			if got := tc.want.Reached(tc.records); got != tc.reached {
				t.Errorf("in another order %t", got)
			}
		})
	}
}

// There are as many facts as sessions, twice where something is under way.
func TestFactsAreSmall(t *testing.T) {
	if size := unsafe.Sizeof(Facts{}); size > 48 {
		t.Errorf("%d bytes", size)
	}
}
