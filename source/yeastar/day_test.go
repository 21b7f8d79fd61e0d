package yeastar

import (
	"net/http/httptest"
	"reflect"
	"slices"
	"testing"
	"time"

	"conversation_exporter/conversation"
	"conversation_exporter/simulator"
	"conversation_exporter/simulator/world"
	simyeastar "conversation_exporter/simulator/yeastar"
)

// inOurWords is a record of the world as rules R9 to R11 and R34 have it.
func inOurWords(r world.Record, automation, untold bool) conversation.Record {
	want := conversation.Record{ID: r.ID, At: r.At}
	moved := r.Kind == world.KindTransferred || r.Kind == world.KindQueued
	want.ByBot = automation && moved && r.Side == world.SideAPI && !untold
	switch r.Kind {
	case world.KindMessage:
		want.Kind, want.Template = conversation.KindMessage, r.Template
		switch r.Side {
		case world.SideCustomer:
			want.Sender = conversation.SenderCustomer
			return want
		case world.SideAgent:
			want.Sender, want.Human = conversation.SenderAgent, true
		case world.SideAPI:
			want.Sender, want.Human = conversation.SenderAPI, !automation
		}
		switch r.Delivery {
		case world.Sending:
			want.Delivery = conversation.DeliverySending
		case world.Failed:
			want.Delivery, want.Failure = conversation.DeliveryFailed, r.Failure
		default:
			want.Delivery = conversation.DeliverySent
		}
	case world.KindTransferred:
		want.Kind = conversation.KindTransferred
		switch {
		case untold:
		case r.To == string(world.API):
			want.To, want.ToBot = conversation.ToAPI, automation
		default:
			want.To = conversation.ToAgent
		}
	case world.KindQueued:
		want.Kind, want.To = conversation.KindQueued, conversation.ToQueue
	case world.KindPickedUp:
		want.Kind = conversation.KindPickedUp
	case world.KindClosed:
		want.Kind, want.Reason = conversation.KindClosed, conversation.CloseReason(r.Reason)
	}
	return want
}

// A day of a lively world, read a pass every few minutes as the exporter does:
// whatever the vendor leaves open, the records are those that there were, and
// every session that was closed is told.
func TestR9ToR11R23R28ToR32ADayOfRecords(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(sw *simyeastar.Switches)
		people bool
		// most bounds the requests for messages.
		most int
	}{
		"in good order":             {func(*simyeastar.Switches) {}, false, 60},
		"people behind the API":     {func(*simyeastar.Switches) {}, true, 60},
		"page_size for all":         {func(sw *simyeastar.Switches) { sw.MessageQueryGlobal = true }, false, 400},
		"clamped":                   {func(sw *simyeastar.Switches) { sw.MessagePageSizeLimit = 10 }, false, 200},
		"clamped, for all":          {func(sw *simyeastar.Switches) { sw.MessagePageSizeLimit = 15; sw.MessageQueryGlobal = true }, false, 500},
		"few ids":                   {func(sw *simyeastar.Switches) { sw.MessageIDLimit = 7 }, false, 200},
		"few ids, the rest dropped": {func(sw *simyeastar.Switches) { sw.MessageIDLimit = 7; sw.DropExtraIDs = true }, false, 200},
		"oldest first, as strings": {func(sw *simyeastar.Switches) {
			sw.MessagesOldestFirst, sw.NumbersAsStrings, sw.ErrcodeAsString, sw.NullLists, sw.NoReceiveTime = true, true, true, true, true
		}, false, 60},
		"who moved is not told": {func(sw *simyeastar.Switches) { sw.NoParam, sw.MovesBySystem, sw.ClosedForgets = true, true, true }, false, 60},
		"a clock that is ahead": {func(sw *simyeastar.Switches) { sw.ClockSkew = time.Hour }, false, 60},
	} {
		t.Run(name, func(t *testing.T) {
			sim := simulator.New(simulator.Options{World: world.Options{Start: start(), Seed: 7, Arrivals: 0.4}})
			server := httptest.NewServer(sim.Yeastar)
			t.Cleanup(server.Close)
			var switches simyeastar.Switches
			sim.Yeastar.Set(func(sw *simyeastar.Switches) { tc.change(sw); switches = *sw })
			d := &day{pbx: pbx{sim, server.URL}, known: make(map[int64]int64), told: make(map[int64]bool), automation: !tc.people, untold: switches.NoParam}
			s := d.source(t, func(o *Options) {
				o.Viewers.AllExtensions = true
				if tc.people {
					o.APIDestination = DestinationAgents
				}
			})
			for range 15 {
				d.pass(t, s)
				d.World.Advance(10 * time.Minute)
			}
			if len(d.told) < 20 || d.read < 400 {
				t.Errorf("%d sessions were closed, %d records read: this shows nothing", len(d.told), d.read)
			}
			if n := sim.Yeastar.Requests(pathMessageGet) + sim.Yeastar.Requests(pathMessageQuery); n > tc.most {
				t.Errorf("%d requests for the messages, want at most %d", n, tc.most)
			}
		})
	}
}

// day is what a reader of the whole day knows.
type day struct {
	pbx
	mark conversation.Mark
	// known is the last record that was read of each session.
	known map[int64]int64
	// told are the sessions that were told as closed.
	told               map[int64]bool
	read               int
	automation, untold bool
}

// pass reads what is new, as rules R28 to R32 say.
func (d *day) pass(t *testing.T, s *Source) {
	t.Helper()
	open := read(t, s)
	first := len(d.mark.Viewers) == 0
	closed, mark, cover, err := s.ClosedSessions(t.Context(), d.mark)
	must(t, err)
	if !cover.Complete() {
		t.Fatalf("coverage %+v", cover)
	}
	d.mark = mark
	for _, session := range closed {
		d.told[session.ID] = true
	}
	var wants []conversation.Want
	for _, session := range slices.Concat(open, closed) {
		if last := d.known[session.ID]; last != session.LastMessage {
			want := conversation.Want{Session: session.ID, After: last, Listed: session.LastMessage, Limit: 500, Campaign: session.Origin == conversation.OriginCampaign}
			wants = append(wants, want)
		}
	}
	found := whole(t, s, wants)
	for _, want := range wants {
		d.check(t, want, found[want.Session])
	}
	for id, last := range d.known {
		// What is closed and was known to be open must have been told.
		if session, ok := d.World.Session(id); ok && session.Closed && !first && !d.told[id] {
			t.Errorf("session %d is closed, and was not told; read up to %d", id, last)
		}
	}
}

// check holds a thread against the world.
func (d *day) check(t *testing.T, want conversation.Want, got conversation.Thread) {
	t.Helper()
	truth, err := d.World.Records(want.Session, 0, 100_000)
	must(t, err)
	slices.Reverse(truth)
	var ids []int64
	for _, r := range truth {
		ids = append(ids, r.ID)
	}
	checkThread(t, "day", want, got, ids)
	for i, r := range got.Records {
		expected := inOurWords(truth[len(truth)-len(got.Records)+i], d.automation, d.untold)
		if !r.At.Equal(expected.At) {
			t.Errorf("record %d is of %s, want %s", r.ID, r.At, expected.At)
		}
		if r.At = expected.At; !reflect.DeepEqual(r, expected) {
			t.Errorf("record %d: %+v, want %+v", r.ID, r, expected)
		}
	}
	if n := len(got.Records); n > 0 {
		d.known[want.Session] = got.Records[n-1].ID
		d.read += n
	}
}
