package conversation

import "testing"

// Who had a session shows in how its closing is told: abandoned while it waited
// in a queue, awaiting the customer while a bot had it.
func TestR6Owners(t *testing.T) {
	customerLeaves := func(s int64) entry { return at(s).closed(ClosedByCustomer) }
	for name, tc := range map[string]struct {
		records []Record
		seen    view
		want    string
	}{
		"nobody tells":                 {history(at(0).customer(), customerLeaves(60)), gone(hour), "2 closed: customer, agent"},
		"not sure, so nothing is told": {history(at(0).customer(), customerLeaves(60)), open(OwnerUnknown, 1, hour), "2 closed: customer, agent"},
		"an open listing": {
			history(at(0).customer(), customerLeaves(60)), open(OwnerQueue, 1, hour), "2 closed: abandoned, agent",
		},
		"an open listing, of a bot": {
			history(at(0).customer(), customerLeaves(60)), open(OwnerAutomation, 1, hour), "2 closed: customer, customer",
		},
		"a listing holds for its whole stretch": {
			history(at(0).customer(), at(10).customer(), at(20).customer(), customerLeaves(60)), open(OwnerQueue, 2, hour), "4 closed: abandoned, agent",
		},
		"a listing of the stretch after it": {
			history(at(0).customer(), customerLeaves(60), at(90).customer()), open(OwnerQueue, 3, hour), "2 closed: customer, agent",
		},
		"a listing of the stretch before it": {
			history(at(0).customer(), at(10).toAgent(), customerLeaves(60)), open(OwnerQueue, 1, hour), "3 closed: customer, agent",
		},
		"a pick-up tells people":                 {history(at(0).customer(), at(10).pickedUp(), customerLeaves(60)), open(OwnerQueue, 1, hour), "3 closed: customer, agent"},
		"a move into a queue tells it":           {history(at(0).customer(), at(10).queued(), customerLeaves(60)), open(OwnerPeople, 1, hour), "3 closed: abandoned, agent"},
		"a transfer tells a bot":                 {history(at(0).customer(), at(10).toBot(), customerLeaves(60)), open(OwnerPeople, 1, hour), "3 closed: customer, customer"},
		"a transfer tells an agent":              {history(at(0).customer(), at(10).toAgent(), customerLeaves(60)), open(OwnerAutomation, 1, hour), "3 closed: customer, agent"},
		"a transfer does not tell":               {history(at(0).customer(), at(10).moved(), customerLeaves(60)), open(OwnerQueue, 1, hour), "3 closed: customer, agent"},
		"an open listing beats a move":           {history(at(0).customer(), at(10).queued(), customerLeaves(60)), open(OwnerPeople, 2, hour), "3 closed: customer, agent"},
		"an open listing beats transfer":         {history(at(0).customer(), at(10).toAgent(), customerLeaves(60)), open(OwnerAutomation, 2, hour), "3 closed: customer, customer"},
		"an open listing beats pick-up":          {history(at(0).customer(), at(10).pickedUp(), customerLeaves(60)), open(OwnerAutomation, 2, hour), "3 closed: customer, customer"},
		"the row of the closed session":          {history(at(0).customer(), customerLeaves(60)), row(OwnerQueue, 2, hour), "2 closed: abandoned, agent"},
		"a session that begins with a note":      {history(at(0).note(), at(1).customer(), customerLeaves(60)), row(OwnerQueue, 3, hour), "3 closed: abandoned, agent"},
		"a record beats the older row":           {history(at(0).customer(), at(10).pickedUp(), customerLeaves(60)), row(OwnerQueue, 2, hour), "3 closed: customer, agent"},
		"a row of a bot's session":               {history(at(0).customer(), customerLeaves(60)), row(OwnerAutomation, 2, hour), "2 closed: customer, customer"},
		"a row and an untold transfer":           {history(at(0).customer(), at(10).moved(), customerLeaves(60)), row(OwnerAutomation, 3, hour), "3 closed: customer, customer"},
		"a row of what nobody told":              {history(at(0).customer(), at(10).moved(), customerLeaves(60)), row(OwnerQueue, 3, hour), "3 closed: abandoned, agent"},
		"an open row that ends with the closing": {history(at(0).customer(), customerLeaves(60)), open(OwnerQueue, 2, hour), "2 closed: customer, agent"},
		"a record beats the row":                 {history(at(0).customer(), at(10).pickedUp(), customerLeaves(60)), row(OwnerQueue, 3, hour), "3 closed: customer, agent"},
		"a queue beats the row":                  {history(at(0).customer(), at(10).queued(), customerLeaves(60)), row(OwnerAutomation, 3, hour), "3 closed: abandoned, agent"},
		"a row of before it reopened": {
			history(at(0).customer(), customerLeaves(60), at(90).customer(), customerLeaves(99)), row(OwnerQueue, 2, hour),
			"2 closed: abandoned, agent, 4 closed: customer, agent",
		},
		"a row tells of the last closing": {
			history(at(0).customer(), customerLeaves(60), at(90).customer(), customerLeaves(99)), row(OwnerQueue, 4, hour),
			"2 closed: customer, agent, 4 closed: abandoned, agent",
		},
		"a row that was closed again without a record": {
			history(at(0).customer(), customerLeaves(60), at(90).customer()), row(OwnerAutomation, 3, hour),
			"2 closed: customer, agent, 3 closed: other, customer",
		},
		"closed twice, once by nobody": {
			history(at(0).customer(), customerLeaves(60), at(61).closed(ClosedByAgent)), row(OwnerQueue, 3, hour), "2 closed: abandoned, agent",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := told(fold(tc.records, tc.seen).Events, EventClosed); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

func TestR6OwnersOverSeveralReadings(t *testing.T) {
	leaves := history(at(0).customer(), at(60).closed(ClosedByCustomer))
	for name, tc := range map[string]struct {
		first, second view
		records       []Record
		want          Owner
		closed        string
	}{
		"an earlier listing beats the row": {open(OwnerPeople, 1, 5), row(OwnerQueue, 2, hour), leaves, OwnerUnknown, "2 closed: customer, agent"},
		"an earlier listing holds":         {open(OwnerQueue, 1, 5), gone(hour), leaves, OwnerUnknown, "2 closed: abandoned, agent"},
		"one that is not sure changes nothing": {
			open(OwnerQueue, 1, 5), open(OwnerUnknown, 1, hour), leaves, OwnerUnknown, "2 closed: abandoned, agent",
		},
		"a later listing of the same stretch is better": {open(OwnerPeople, 1, 5), open(OwnerQueue, 1, hour), leaves, OwnerUnknown, "2 closed: abandoned, agent"},
		"the row, where nothing was sure":               {open(OwnerUnknown, 1, 5), row(OwnerQueue, 2, hour), leaves, OwnerUnknown, "2 closed: abandoned, agent"},
		"a listing beyond the records":                  {open(OwnerQueue, 1, 5), open(OwnerPeople, 9, 8), leaves[:1], OwnerPeople, ""},
		"a listing without a last message":              {open(OwnerQueue, 1, 5), open(OwnerPeople, 0, 8), nil, OwnerPeople, ""},
		"nothing new":                                   {open(OwnerQueue, 1, 5), open(OwnerPeople, 1, 8), nil, OwnerPeople, ""},
	} {
		t.Run(name, func(t *testing.T) {
			before := fold(leaves[:1], tc.first).Settled
			out := Fold(before, tc.records, Seen(tc.second))
			if got := told(out.Events, EventClosed); got != tc.closed || out.Shown.Owner != tc.want {
				t.Errorf("got %s and owner %d, want %s and %d", got, out.Shown.Owner, tc.closed, tc.want)
			}
		})
	}
}

// What a listing showed of an older stretch says nothing of the present one,
// in whatever reading the records came.
func TestR6AnOlderListing(t *testing.T) {
	records := history(at(0).customer(), at(10).toBot(), at(20).customer())
	seen := Seen(open(OwnerQueue, 1, hour))
	first := Fold(Facts{}, records, seen)
	again := Fold(first.Settled, records, seen)
	if again.Shown != first.Shown || again.Shown.Owner != OwnerAutomation || len(again.Events) != 0 {
		t.Errorf("got %+v, then %+v and %v", first.Shown, again.Shown, again.Events)
	}
}

// A listing counts for all that its stretch holds, also for what a pick-up began.
func TestR6AListingHoldsFromTheBeginning(t *testing.T) {
	records := history(at(0).customer(), at(10).pickedUp(), at(20).agent())
	if got := told(fold(records, open(OwnerAutomation, 3, hour)).Events, EventResponse); got != "" {
		t.Errorf("a bot has it, so there is no clock, yet %s", got)
	}
}

func TestR6States(t *testing.T) {
	for state, want := range map[State]Owner{
		StateAutomated: OwnerAutomation, StateQueued: OwnerQueue, StateAssigned: OwnerPeople, StateShared: OwnerPeople,
		StateArchived: OwnerPeople, StateArriving: OwnerUnknown, "": OwnerUnknown,
	} {
		if got := OwnerOf(state); got != want {
			t.Errorf("%q: %d", state, got)
		}
	}
}

func TestR10PickUps(t *testing.T) {
	queue := open(OwnerQueue, 1, hour)
	people := open(OwnerPeople, 100, hour)
	for name, tc := range map[string]struct {
		records []Record
		seen    view
		want    string
	}{
		"from the first message":       {history(at(0).customer(), at(5).customer(), at(30).pickedUp()), people, "3 picked up after 30"},
		"from the move into the queue": {history(at(0).customer(), at(10).queued(), at(30).pickedUp()), people, "3 picked up after 20"},
		"from the latest move":         {history(at(0).queued(), at(5).customer(), at(20).queued(), at(30).pickedUp()), people, "4 picked up after 10"},
		"moved before he writes":       {history(at(0).queued(), at(5).customer(), at(30).pickedUp()), people, "3 picked up after 30"},
		"not from before the closing": {
			history(at(0).queued(), at(5).customer(), at(9).closed(ClosedByAgent), at(20).customer(), at(30).pickedUp()), people, "5 picked up after 10",
		},
		"the entry is not known":        {history(at(0).agent(), at(30).pickedUp()), people, ""},
		"not read back to the entry":    {history(at(0).customer(), at(30).pickedUp()), people.midway(), ""},
		"read back to the entry":        {history(at(0).queued(), at(9).customer(), at(30).pickedUp()), people.midway(), "3 picked up after 30"},
		"read back to the closing":      {history(at(0).closed(ClosedByAgent), at(9).customer(), at(30).pickedUp()), people.midway(), "3 picked up after 21"},
		"stamped before the entry":      {history(at(30).queued(), at(20).pickedUp()), people, "2 picked up after 0"},
		"manual: a reply is no pick-up": {history(at(0).customer(), at(30).agent()), queue, ""},
		"auto: the first reply":         {history(at(0).customer(), at(30).agent(), at(40).agent()), queue.auto(), "2 picked up after 30"},
		"auto: listed after it":         {history(at(0).customer(), at(30).agent(), at(40).agent()), people.auto(), "2 picked up after 30"},
		"auto: a failed reply":          {history(at(0).customer(), at(30).agent().failed(), at(40).agent()), queue.auto(), "2 picked up after 30"},
		"auto: a reply under way":       {history(at(0).customer(), at(30).agent().sending()), open(OwnerPeople, 2, 60).auto(), "2 picked up after 30"},
		"auto: a campaign's template":   {history(at(0).customer(), at(30).agent().template()), queue.auto().campaign(), "2 picked up after 30"},
		"auto: the API's message":       {history(at(0).customer(), at(30).api()), queue.auto(), ""},
		"auto: an agent writes first":   {history(at(0).agent(), at(5).customer(), at(30).agent()), people.auto(), ""},
		"auto: moved, listed after it":  {history(at(0).customer(), at(10).queued(), at(30).agent()), people.auto(), "3 picked up after 20"},
		"auto: a bot has it":            {history(at(0).customer(), at(30).agent()), open(OwnerAutomation, 1, hour).auto(), ""},
		"auto: a bot has it all along":  {history(at(0).customer(), at(30).agent()), open(OwnerAutomation, 2, hour).auto(), ""},
		"auto: an agent was given it":   {history(at(0).customer(), at(10).toAgent(), at(30).agent()), people.auto(), ""},
		"auto: somebody was given it":   {history(at(0).customer(), at(10).moved(), at(30).agent()), people.auto(), ""},
		"auto: reopened": {
			history(at(0).customer(), at(9).closed(ClosedByAgent), at(20).customer(), at(30).agent()), people.auto(), "4 picked up after 10",
		},
		"auto: the row of a closed one": {
			history(at(0).customer(), at(30).agent(), at(40).closed(ClosedByAgent)), row(OwnerPeople, 3, hour).auto(), "2 picked up after 30",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := told(fold(tc.records, tc.seen).Events, EventPickedUp); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

// That the first reply picks up is remembered from the listing that showed it.
func TestR10AutoPickUpInALaterReading(t *testing.T) {
	records := history(at(0).customer(), at(30).agent(), at(40).agent())
	before := fold(records[:1], open(OwnerQueue, 1, 5).auto()).Settled
	for name, seen := range map[string]view{
		"gone": gone(hour), "listed": open(OwnerPeople, 3, hour).auto(), "not sure": open(OwnerUnknown, 3, hour), "closed": row(OwnerPeople, 3, hour).auto(),
	} {
		if got := told(Fold(before, records[1:], Seen(seen)).Events, EventPickedUp); got != "2 picked up after 30" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// A pick-up counts under another queue where the session was moved since.
func TestR10MovedSinceItWasListed(t *testing.T) {
	records := history(at(0).customer(), at(10).queued(), at(30).pickedUp())
	moved := func(out Folded) int64 {
		for _, e := range out.Events {
			if e.Kind == EventPickedUp {
				return e.Moved
			}
		}
		t.Error("no pick-up")
		return 0
	}
	if moved(fold(records, open(OwnerPeople, 3, hour))) != 2 {
		t.Error("one of the same records moved it")
	}
	before := fold(records[:2], open(OwnerQueue, 2, 15)).Settled
	if moved(Fold(before, records[2:], Seen(open(OwnerPeople, 3, hour)))) != 0 {
		t.Error("it was listed in this queue")
	}
}

func TestR10Entry(t *testing.T) {
	for name, tc := range map[string]struct {
		records []Record
		want    int64
	}{
		"the first message":         {history(at(7).customer(), at(9).customer()), epoch + 7},
		"still, after the reply":    {history(at(7).customer(), at(8).agent(), at(9).customer()), epoch + 7},
		"a move":                    {history(at(7).customer(), at(9).queued()), epoch + 9},
		"a bot's":                   {history(at(7).customer(), at(9).queued().byBot(), at(11).customer()), epoch + 9},
		"closed":                    {history(at(7).queued(), at(9).closed(ClosedByAgent)), 0},
		"reopened":                  {history(at(7).queued(), at(9).closed(ClosedByAgent), at(20).customer()), epoch + 20},
		"moved before it reopened":  {history(at(7).queued(), at(9).closed(ClosedByAgent), at(19).queued(), at(20).customer()), epoch + 19},
		"an agent began, then both": {history(at(7).agent(), at(9).customer()), epoch + 9},
	} {
		if out := fold(tc.records, gone(hour)); out.Shown.Entered.Unix() != tc.want {
			t.Errorf("%s: %d, want %d", name, out.Shown.Entered, tc.want)
		}
	}
}

// Where a reply was read before anybody told that the first one picks up, a later one
// is no pick-up, however the session is listed then.
func TestR10TheFirstReplyIsNotALaterOne(t *testing.T) {
	records := history(at(0).customer(), at(10).queued(), at(30).agent(), at(40).customer(), at(50).agent())
	for name, listed := range map[string]view{
		"with people": open(OwnerPeople, 5, hour).auto(), "as before the reply": open(OwnerQueue, 2, hour).auto(), "closed": row(OwnerPeople, 5, hour).auto(),
	} {
		before := fold(records[:3], gone(35)).Settled
		out := Fold(before, records, Seen(listed))
		if got := told(out.Events, EventPickedUp); got != "" {
			t.Errorf("%s: %s", name, got)
		}
	}
	// The queue waits again for whoever is moved into it again.
	again := history(at(0).customer(), at(10).queued(), at(30).agent(), at(35).queued(), at(50).agent())
	before := fold(again[:4], gone(36)).Settled
	if got := told(Fold(before, again, Seen(open(OwnerPeople, 5, hour).auto())).Events, EventPickedUp); got != "5 picked up after 15" {
		t.Errorf("moved again: got %q", got)
	}
}
