package conversation

import (
	"slices"
	"testing"
)

func TestR13Settled(t *testing.T) {
	for name, tc := range map[string]struct {
		records []Record
		now     int64
		settled int64
		sending Sending
	}{
		"nothing is under way":      {history(at(0).customer(), at(9).agent().sent()), 10, 2, Sending{}},
		"the reply is":              {history(at(0).customer(), at(9).agent().sending()), 10, 1, Sending{2, epoch + 9}},
		"for 9:59":                  {history(at(0).customer(), at(9).agent().sending()), 9 + 599, 1, Sending{2, epoch + 9}},
		"for 10:00":                 {history(at(0).customer(), at(9).agent().sending()), 9 + 600, 2, Sending{2, epoch + 9}},
		"what comes after waits":    {history(at(0).customer(), at(9).agent().sending(), at(20).customer(), at(30).agent().sent()), 40, 1, Sending{2, epoch + 9}},
		"two, the first decides":    {history(at(0).customer(), at(9).agent().sending(), at(20).agent().sending()), 40, 1, Sending{2, epoch + 9}},
		"two, the first is old":     {history(at(0).customer(), at(9).agent().sending(), at(20).agent().sending()), 615, 2, Sending{2, epoch + 9}},
		"two, both are old":         {history(at(0).customer(), at(9).agent().sending(), at(20).agent().sending()), 620, 3, Sending{2, epoch + 9}},
		"two of one second":         {history(at(0).customer(), at(9).agent().sending(), at(9).agent().sending()), 40, 1, Sending{2, epoch + 9}},
		"the first one failed":      {history(at(0).customer(), at(9).agent().failed(), at(20).agent().sending()), 40, 2, Sending{3, epoch + 20}},
		"a bot's message":           {history(at(0).customer(), at(9).api().sending()), 40, 1, Sending{2, epoch + 9}},
		"the very first message":    {history(at(9).agent().sending()), 40, 0, Sending{1, epoch + 9}},
		"a little ahead of us":      {history(at(0).customer(), at(50).agent().sending()), 10, 1, Sending{2, epoch + 50}},
		"too far ahead of us":       {history(at(0).customer(), at(90).agent().sending()), 10, 2, Sending{}},
		"a closing is never sent":   {history(at(0).customer(), at(9).closed(ClosedByAgent).sending()), 10, 2, Sending{}},
		"untold means delivered":    {history(at(0).customer(), at(9).agent()), 10, 2, Sending{}},
		"an empty history":          {nil, 10, 0, Sending{}},
		"it is told as sent so far": {history(at(0).customer(), at(9).agent().sent(), at(11).agent().sending()), 12, 2, Sending{3, epoch + 11}},
	} {
		t.Run(name, func(t *testing.T) {
			out := fold(tc.records, gone(tc.now))
			if out.Settled.Last != tc.settled || out.Sending != tc.sending {
				t.Errorf("settled up to %d, sending %+v", out.Settled.Last, out.Sending)
			}
			if last := int64(len(tc.records)); out.Shown.Last != last {
				t.Errorf("shown up to %d", out.Shown.Last)
			}
			if all := tc.settled == int64(len(tc.records)); all != (out.Settled == out.Shown) {
				t.Errorf("settled %+v, shown %+v", out.Settled, out.Shown)
			}
			turned := slices.Clone(tc.records)
			slices.Reverse(turned)
			if again := fold(turned, gone(tc.now)); again.Sending != out.Sending {
				t.Errorf("in another order %+v", again.Sending)
			}
		})
	}
}

// A message that is known already, and is still under way, is shown for ever.
func TestR13AnOldMessageUnderWay(t *testing.T) {
	records := history(at(0).customer(), at(9).agent().sending(), at(hour).customer())
	before := fold(records, gone(2*hour)).Settled
	out := Fold(before, records, Seen(gone(2*hour+60)))
	if out.Sending != (Sending{2, epoch + 9}) || len(out.Events) != 0 || out.Settled != before {
		t.Errorf("got %+v", out)
	}
}

// The gauges show a reply under way as if it will arrive; what was settled does not.
func TestR13Shown(t *testing.T) {
	out := fold(history(at(0).customer(), at(9).agent().sending(), at(20).customer()), open(OwnerPeople, 3, 40))
	if got := waiting(&out.Shown); got != "since 20, 1 unread" {
		t.Errorf("shown: %s", got)
	}
	if got := waiting(&out.Settled); got != "since 0, 1 unread" {
		t.Errorf("settled: %s", got)
	}
}

// What the listing told of the window holds for what is settled too, unless it
// was told for a message that is not.
func TestR13SettledWindow(t *testing.T) {
	reply := at(9).agent().sending()
	out := fold(history(at(0).customer(), reply), open(OwnerPeople, 2, 40).until(week))
	if got := out.Settled.Window.Unix(); got != epoch+week {
		t.Errorf("the same window: %d", got-epoch)
	}
	out = fold(history(at(0).customer(), reply, at(30).customer()), open(OwnerPeople, 3, 40).until(week))
	if got := out.Settled.Window.Unix(); got != epoch+day {
		t.Errorf("another window: %d", got-epoch)
	}
}

func TestR18WhenItCounts(t *testing.T) {
	records := func(reply entry) []Record {
		return history(at(0).customer(), at(5).queued(), at(7).pickedUp(), reply, at(20).agent().failed().template(),
			at(30).toBot(), at(31).queued(), at(40).closed(ClosedByTimeout), at(50).customer())
	}
	reply := at(9).agent()
	read := "1 started, 1 customer, 2 to queue, 3 picked up after 2, 4 agent, 5 agent, 5 template, 6 to api, 7 handed over, 9 started, 9 customer"
	all := []EventKind{
		EventMessage, EventTemplate, EventDropped, EventStarted, EventTransferred, EventHandedOver, EventPickedUp,
		EventFailed, EventFirstResponse, EventResponse, EventClosed, EventWindowLost,
	}
	under := fold(records(reply.sending()), gone(60))
	if got := told(under.Events, all...); got != read {
		t.Errorf("while it is under way: %s", got)
	}
	for name, tc := range map[string]struct {
		reply entry
		now   int64
		want  string
	}{
		"it was sent":               {reply.sent(), 120, "4 response after 9, 4 first after 9, 5 failed: other, 8 closed: abandoned, customer"},
		"it failed":                 {reply.failed(), 120, "4 failed: other, 5 failed: other, 8 closed: abandoned, agent"},
		"it takes longer than that": {reply.sending(), 9 + 600, "4 response after 9, 4 first after 9, 5 failed: other, 8 closed: abandoned, customer"},
		"it is not settled yet":     {reply.sending(), 9 + 599, ""},
	} {
		t.Run(name, func(t *testing.T) {
			out := Fold(under.Settled, records(tc.reply), Seen(gone(tc.now)))
			if got := told(out.Events, EventFailed, EventFirstResponse, EventResponse, EventClosed, EventWindowLost); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

// What is read again comes again, so that the reader can tell it by its record.
func TestR18WhatIsReadAgain(t *testing.T) {
	records := history(at(0).customer(), at(9).agent().sending(), at(20).customer())
	first := fold(records, gone(40))
	again := Fold(first.Settled, records, Seen(gone(50)))
	if got := told(again.Events, EventStarted, EventMessage); got != "2 agent, 3 customer" {
		t.Error(got)
	}
	for _, e := range again.Events {
		if e.Kind.Settled() || e.Record <= first.Settled.Last {
			t.Errorf("%+v", e)
		}
	}
}

func TestR18Kinds(t *testing.T) {
	for kind := EventMessage; kind <= EventWindowLost; kind++ {
		settled := map[EventKind]bool{EventFailed: true, EventFirstResponse: true, EventResponse: true, EventClosed: true, EventWindowLost: true}
		if kind.Settled() != settled[kind] {
			t.Errorf("%d", kind)
		}
	}
}

func TestR34TheFuture(t *testing.T) {
	const now = hour
	for name, tc := range map[string]struct {
		records []Record
		want    string
	}{
		"60 seconds ahead": {history(at(0).customer(), at(now+60).agent()), "1 started, 1 customer, 2 agent, 2 response after 3660"},
		"61 seconds ahead": {history(at(0).customer(), at(now+61).agent()), "2 dropped, 1 started, 1 customer"},
		"in the middle":    {history(at(0).customer(), at(now+61).agent(), at(30).agent()), "2 dropped, 1 started, 1 customer, 3 agent, 3 response after 30"},
		"a closing":        {history(at(0).customer(), at(week).closed(ClosedByAgent), at(30).agent()), "2 dropped, 1 started, 1 customer, 3 agent, 3 response after 30"},
		"all of them":      {history(at(week).customer(), at(week).agent()), "1 dropped, 2 dropped"},
	} {
		t.Run(name, func(t *testing.T) {
			out := fold(tc.records, open(OwnerPeople, 9, now))
			got := told(out.Events, EventDropped, EventStarted, EventMessage, EventResponse, EventClosed)
			if got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
			again := Fold(out.Settled, tc.records, Seen(open(OwnerPeople, 9, 2*week)))
			if len(again.Events) != 0 || again.Shown.Last != int64(len(tc.records)) {
				t.Errorf("it counts in the next reading: %+v", again)
			}
		})
	}
}
