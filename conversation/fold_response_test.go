package conversation

import "testing"

func TestR4Responses(t *testing.T) {
	people := open(OwnerPeople, 100, week+day)
	for name, tc := range map[string]struct {
		records []Record
		seen    view
		want    string
	}{
		"the first one": {history(at(0).customer(), at(30).agent()), people, "2 response after 30, 2 first after 30"},
		"from the first message": {
			history(at(0).customer(), at(20).customer(), at(30).agent()), people, "3 response after 30, 3 first after 30",
		},
		"at the same second":  {history(at(7).customer(), at(7).agent()), people, "2 response after 0, 2 first after 0"},
		"stamped before":      {history(at(7).customer(), at(5).agent()), people, "2 response after 0, 2 first after 0"},
		"two replies are one": {history(at(0).customer(), at(30).agent(), at(40).agent()), people, "2 response after 30, 2 first after 30"},
		"the second one is no first": {
			history(at(0).customer(), at(30).agent(), at(60).customer(), at(65).agent()), people,
			"2 response after 30, 2 first after 30, 4 response after 5",
		},
		"an agent writes first": {history(at(0).agent(), at(10).customer(), at(30).agent()), people, "3 response after 20"},
		"an agent writes first, in vain": {
			history(at(0).agent().failed(), at(10).customer(), at(30).agent()), people, "3 response after 20",
		},
		"the API writes first":                  {history(at(0).api(), at(10).customer(), at(30).agent()), people, "3 response after 20, 3 first after 20"},
		"a campaign's template comes first":     {history(at(0).api().template(), at(10).customer(), at(30).agent()), people.campaign(), "3 response after 20, 3 first after 20"},
		"a campaign's template, sent by people": {history(at(0).api().human().template(), at(10).customer(), at(30).agent()), people.campaign(), "3 response after 20, 3 first after 20"},
		"a failed one, then a good one": {
			history(at(0).customer(), at(30).agent().failed(), at(40).agent()), people, "3 response after 40, 3 first after 40",
		},
		"a template in a campaign, then a word": {
			history(at(0).customer(), at(30).agent().template(), at(40).agent()), people.campaign(), "3 response after 40, 3 first after 40",
		},
		"not read from the start": {history(at(0).customer(), at(30).agent()), people.midway(), "2 response after 30"},
		"reopened, and read from there": {
			history(at(0).customer(), at(9).closed(ClosedByAgent), at(20).customer(), at(30).agent()), people.midway(),
			"4 response after 10, 4 first after 10",
		},
		"once more after it was closed": {
			history(at(0).customer(), at(5).agent(), at(9).closed(ClosedByAgent), at(week).customer(), at(week+30).agent()), people,
			"2 response after 5, 2 first after 5, 5 response after 30, 5 first after 30",
		},
		"an agent opens it again": {
			history(at(0).customer(), at(9).closed(ClosedByAgent), at(20).agent(), at(30).customer(), at(35).agent()), people,
			"5 response after 5",
		},
		"none before it was closed, one after": {
			history(at(0).customer(), at(9).closed(ClosedByTimeout), at(20).customer(), at(29).agent()), people,
			"4 response after 9, 4 first after 9",
		},
		"from the hand-over": {
			history(at(0).customer(), at(100).queued().byBot(), at(130).agent()), gone(week), "3 response after 30, 3 first after 30",
		},
		"from the message after the hand-over": {
			history(at(0).queued().byBot(), at(40).customer(), at(50).agent()), gone(week), "3 response after 10, 3 first after 10",
		},
		"beside a bot there is no clock": {history(at(0).toBot(), at(1).customer(), at(9).agent()), gone(week), ""},
		"to nobody":                      {history(at(0).agent(), at(10).agent()), people, ""},
		"to one who had said bye": {
			history(at(0).customer(), at(9).closed(ClosedByCustomer), at(20).agent()), people, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := told(fold(tc.records, tc.seen).Events, EventResponse, EventFirstResponse); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

// That a first response is due is remembered from reading to reading.
func TestR4FirstResponseInALaterReading(t *testing.T) {
	records := history(at(0).customer(), at(30).agent(), at(40).customer(), at(50).agent())
	before := fold(records[:1], open(OwnerPeople, 1, 5)).Settled
	out := Fold(before, records[1:], Seen(open(OwnerPeople, 4, 60).midway()))
	if got, want := told(out.Events, EventResponse, EventFirstResponse), "2 response after 30, 2 first after 30, 4 response after 10"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestR7Messages(t *testing.T) {
	bot := at(40).api()
	bot.Sender = SenderBot
	system := at(50).customer()
	system.Sender = ""
	records := history(
		at(0).customer(), at(10).agent(), at(20).agent().failed(), at(30).api().human().template().failed(), bot, system,
		at(60).note(), at(70).queued(), at(80).closed(ClosedByAgent), at(90).api(), at(95).agent().template(),
	)
	want := "1 customer, 2 agent, 3 agent, 3 failed: other, 4 api, 4 template, 4 failed: other, 5 bot, 10 api, 11 agent, 11 template"
	if got := told(fold(records, gone(hour)).Events, EventMessage, EventTemplate, EventFailed); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestR22Starts(t *testing.T) {
	for name, tc := range map[string]struct {
		records []Record
		seen    view
		want    string
	}{
		"a new session":            {history(at(0).customer(), at(5).customer()), gone(hour), "1 started"},
		"begun by an agent":        {history(at(0).agent()), gone(hour), "1 started"},
		"begun by the API":         {history(at(0).api(), at(5).customer()), gone(hour), "1 started"},
		"begun in a queue":         {history(at(0).queued(), at(5).customer()), gone(hour), "1 started"},
		"not read from the start":  {history(at(0).customer()), gone(hour).midway(), ""},
		"the customer comes back":  {history(at(0).customer(), at(9).closed(ClosedByAgent), at(20).customer(), at(30).customer()), gone(hour), "1 started, 3 started"},
		"one of our people does":   {history(at(0).customer(), at(9).closed(ClosedByAgent), at(20).agent()), gone(hour), "1 started, 3 started"},
		"a failed message opens":   {history(at(0).customer(), at(9).closed(ClosedByAgent), at(20).agent().failed()), gone(hour), "1 started, 3 started"},
		"the API opens nothing":    {history(at(0).customer(), at(9).closed(ClosedByAgent), at(20).api(), at(30).customer()), gone(hour), "1 started, 4 started"},
		"a note opens nothing":     {history(at(0).customer(), at(9).closed(ClosedByAgent), at(20).note()), gone(hour), "1 started"},
		"a move opens nothing":     {history(at(0).customer(), at(9).closed(ClosedByAgent), at(20).queued()), gone(hour), "1 started"},
		"twice closed, once open":  {history(at(0).customer(), at(9).closed(ClosedByAgent), at(10).closed(ClosedByTimeout), at(20).customer()), gone(hour), "1 started, 4 started"},
		"closed, out of the blue":  {history(at(0).closed(ClosedByAgent), at(20).customer()), gone(hour).midway(), "2 started"},
		"at the second it closed":  {history(at(0).customer(), at(9).closed(ClosedByAgent), at(9).customer()), gone(hour), "1 started, 3 started"},
		"nothing at all was found": {nil, gone(hour), ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := told(fold(tc.records, tc.seen).Events, EventStarted); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

// A session that was seen without records starts with its first one.
func TestR22StartAfterAnEmptyReading(t *testing.T) {
	empty := fold(nil, open(OwnerQueue, 0, 0))
	out := Fold(empty.Settled, history(at(5).customer()), Seen(open(OwnerQueue, 1, 10)))
	if got := told(out.Events, EventStarted); len(empty.Events) != 0 || got != "1 started" {
		t.Errorf("got %v, then %s", empty.Events, got)
	}
}

// What decides is the record that completes a thing, by its id.
func TestR20DecidingRecords(t *testing.T) {
	records := history(
		at(0).customer().id(10), at(5).queued().id(12), at(9).pickedUp().id(15), at(30).agent().failed().id(20), at(40).agent().id(21),
		at(50).toBot().id(30), at(60).queued().id(35), at(61).customer().id(40), at(61+day).closed(ClosedByTimeout).id(44), at(2*day).agent().id(50),
	)
	want := "10 started, 12 to queue, 15 picked up after 4, 20 failed: other, 21 response after 40, 21 first after 40, " +
		"30 to api, 35 handed over, 44 lost at 86461, 44 closed: abandoned, agent, 50 started"
	got := told(fold(records, open(OwnerPeople, 50, 2*day).over()).Events, EventStarted, EventTransferred, EventHandedOver, EventPickedUp,
		EventFailed, EventResponse, EventFirstResponse, EventClosed, EventWindowLost)
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
