package world

import (
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"
)

// The channels for SMS of the default team.
const hotline, service = 3, 5

// trafficOf gives what went over one channel in a period.
func trafficOf(t *testing.T, w *World, channel int, p Period) Traffic {
	t.Helper()
	for _, l := range w.Lines(p) {
		if l.ID == channel {
			return l.Traffic
		}
	}
	t.Fatalf("there is no channel %d", channel)
	return Traffic{}
}

func TestMessagesAreCountedOnTheirChannel(t *testing.T) {
	sms := Opening{Medium: SMS, Extension: "1001"}
	for name, c := range map[string]struct {
		opening Opening
		act     func(w *World, id int64) error
		want    Traffic
	}{
		"a customer":       {sms, func(*World, int64) error { return nil }, Traffic{Received: 1}},
		"an agent":         {sms, func(w *World, id int64) error { return w.AgentWrites(id, "") }, Traffic{Received: 1, Sent: 1, Delivered: 1, Arrived: 1}},
		"an agent first":   {Opening{Medium: SMS, Extension: "1001", Outbound: true}, func(*World, int64) error { return nil }, Traffic{Sent: 1, Delivered: 1, Arrived: 1}},
		"a bot":            {Opening{Medium: SMS, API: true}, (*World).APIWrites, Traffic{Received: 1, Sent: 1, Delivered: 1, Arrived: 1}},
		"a campaign":       {Opening{Medium: SMS, API: true, Campaign: true}, (*World).CustomerWrites, Traffic{Received: 1, Sent: 1, Delivered: 1, Arrived: 1}},
		"no message":       {sms, func(w *World, id int64) error { return w.Close(id, ByAgent) }, Traffic{Received: 1}},
		"the other one":    {Opening{Medium: SMS, Channel: service, Extension: "1001"}, (*World).CustomerWrites, Traffic{}},
		"another medium's": {Opening{Extension: "1001"}, (*World).CustomerWrites, Traffic{}},
		"under way": {sms, func(w *World, id int64) error {
			w.HoldDeliveries(true)
			return w.AgentWrites(id, "")
		}, Traffic{Received: 1, Sent: 1}},
		"delivered": {sms, func(w *World, id int64) error {
			w.HoldDeliveries(true)
			return errors.Join(w.AgentWrites(id, ""), w.Deliver(id, 2))
		}, Traffic{Received: 1, Sent: 1, Delivered: 1, Arrived: 1}},
		"failed": {sms, func(w *World, id int64) error {
			w.HoldDeliveries(true)
			return errors.Join(w.AgentWrites(id, ""), w.Fail(id, 2, "x"))
		}, Traffic{Received: 1, Sent: 1, Failed: 1, Bounced: 1}},
		"failed late": {sms, func(w *World, id int64) error {
			return errors.Join(w.AgentWrites(id, ""), w.FailLate(id, 2, "x"))
		}, Traffic{Received: 1, Sent: 1, Failed: 1, Arrived: 1, Bounced: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			w := still(t)
			must(t, c.act(w, opened(t, w, c.opening)))
			for _, p := range []Period{Today, Last7, Last30, ThisMonth, AllTime} {
				if got := trafficOf(t, w, hotline, p); got != c.want {
					t.Errorf("%s: %+v, want %+v", p, got, c.want)
				}
			}
			if got := trafficOf(t, w, hotline, Yesterday); got != (Traffic{}) {
				t.Errorf("yesterday: %+v", got)
			}
		})
	}
}

// The day of a place begins at its own midnight, whatever the hour in UTC.
func TestCountsBeginAnewAtTheMidnightOfThePlace(t *testing.T) {
	zones := map[string]*time.Location{
		"default": nil, "UTC": time.UTC, "west": time.FixedZone("", -7*3600), "far east": time.FixedZone("", 13*3600+45*60),
	}
	if berlin, err := time.LoadLocation("Europe/Berlin"); err == nil {
		zones["with summer time"] = berlin
	}
	for name, zone := range zones {
		t.Run(name, func(t *testing.T) {
			// The night in which Europe sets its clocks back.
			w := New(Options{Still: true, Zone: zone, Start: time.Date(2026, time.October, 24, 12, 0, 0, 0, time.UTC)})
			id := opened(t, w, Opening{Extension: "1001"})
			local := w.Now().In(w.Zone())
			midnight := time.Date(local.Year(), local.Month(), local.Day()+1, 0, 0, 0, 0, w.Zone())
			w.AdvanceTo(midnight.Add(-time.Second))
			must(t, w.CustomerWrites(id))
			if today := trafficOf(t, w, 1, Today); today.Received != 2 {
				t.Errorf("before midnight: %+v", today)
			}
			w.AdvanceTo(midnight)
			if today, before := trafficOf(t, w, 1, Today), trafficOf(t, w, 1, Yesterday); today.Received != 0 || before.Received != 2 {
				t.Errorf("at midnight: today %+v, yesterday %+v", today, before)
			}
			must(t, w.CustomerWrites(id))
			w.AdvanceTo(midnight.AddDate(0, 0, 1).Add(-time.Second))
			if today, before := trafficOf(t, w, 1, Today), trafficOf(t, w, 1, Yesterday); today.Received != 1 || before.Received != 2 {
				t.Errorf("a day later: today %+v, yesterday %+v", today, before)
			}
			w.AdvanceTo(midnight.AddDate(0, 0, 1))
			if today, before := trafficOf(t, w, 1, Today), trafficOf(t, w, 1, Yesterday); today.Received != 0 || before.Received != 1 {
				t.Errorf("at the next midnight: today %+v, yesterday %+v", today, before)
			}
		})
	}
}

func TestWhatBecomesOfAMessageCountsOnItsDayAndOnThatOfTheNews(t *testing.T) {
	w := still(t)
	w.HoldDeliveries(true)
	id := opened(t, w, Opening{Extension: "1001"})
	must(t, errors.Join(w.AgentWrites(id, ""), w.AgentWrites(id, ""), w.AgentWrites(id, "")))
	w.Advance(24 * time.Hour)
	must(t, errors.Join(w.Deliver(id, 2), w.Fail(id, 3, "x")))
	if got, want := trafficOf(t, w, 1, Today), (Traffic{Arrived: 1, Bounced: 1}); got != want {
		t.Errorf("today %+v, want %+v", got, want)
	}
	if got, want := trafficOf(t, w, 1, Yesterday), (Traffic{Sent: 3, Delivered: 1, Failed: 1, Received: 1}); got != want {
		t.Errorf("yesterday %+v, want %+v", got, want)
	}
	w.Advance(24 * time.Hour)
	must(t, w.FailLate(id, 2, "x"))
	if got, want := trafficOf(t, w, 1, AllTime), (Traffic{Sent: 3, Failed: 2, Arrived: 1, Bounced: 2, Received: 1}); got != want {
		t.Errorf("in all %+v, want %+v", got, want)
	}
}

func TestPeriodsReachBackAsFarAsTheySay(t *testing.T) {
	w := New(Options{Still: true, Start: time.Date(2026, time.July, 1, 8, 0, 0, 0, time.UTC)})
	id := opened(t, w, Opening{API: true})
	first := w.Now()
	for range 91 { // one a day, up to 30 September
		w.Advance(24 * time.Hour)
		must(t, w.CustomerWrites(id))
	}
	for p, want := range map[Period]int{Today: 1, Yesterday: 1, Last7: 7, Last30: 30, ThisMonth: 30, AllTime: 92, "never": 0} {
		if got := trafficOf(t, w, 1, p); got.Received != want {
			t.Errorf("%s: %d of %s, want %d", p, got.Received, w.Now().Sub(first), want)
		}
	}
	for range 31 { // up to the end of October
		w.Advance(24 * time.Hour)
		must(t, w.CustomerWrites(id))
	}
	if got := trafficOf(t, w, 1, ThisMonth); got.Received != 31 {
		t.Errorf("October: %d", got.Received)
	}
	if n := len(w.meters[1].days); n != longestPeriod {
		t.Errorf("%d days are kept", n)
	}
	w.Advance(24 * time.Hour)
	if got := trafficOf(t, w, 1, ThisMonth); got != (Traffic{}) {
		t.Errorf("on the first of November: %+v", got)
	}
	// What is known too late to matter is in the total alone.
	w.HoldDeliveries(true)
	must(t, w.APIWrites(id))
	w.Advance(40 * 24 * time.Hour)
	must(t, w.Deliver(id, w.lastMessage))
	if month, all := trafficOf(t, w, 1, Last30), trafficOf(t, w, 1, AllTime); month != (Traffic{Arrived: 1}) || all.Delivered != 1 || all.Sent != 1 {
		t.Errorf("after 40 days: %+v, in all %+v", month, all)
	}
}

func TestEveryMessageOfALivelyWorldIsCounted(t *testing.T) {
	t.Parallel()
	var sent, received int
	w := New(Options{Seed: 3, Observe: func(r Record) {
		switch {
		case r.Kind == KindMessage && r.Side == SideCustomer:
			received++
		case r.Kind == KindMessage:
			sent++
		}
	}})
	w.Advance(12 * time.Hour)
	var sum Traffic
	for _, l := range w.Lines(AllTime) {
		if l.Traffic.Sent == 0 || l.Traffic.Delivered == 0 || l.Traffic.Received == 0 {
			t.Errorf("%s: %+v", l.Name, l.Traffic)
		}
		sum.add(l.Traffic)
	}
	pending := sum.Sent - sum.Delivered - sum.Failed
	if sum.Sent != sent || sum.Received != received || sum.Failed == 0 || pending <= 0 || sum.Delivered != sum.Arrived || sum.Failed != sum.Bounced {
		t.Errorf("%+v of %d sent and %d received", sum, sent, received)
	}
	under := 0
	for _, thread := range w.Threads(sessionsOf(w), 0, 10_000) {
		for _, r := range thread.Records {
			if r.Delivery == Sending {
				under++
			}
		}
	}
	if pending != under {
		t.Errorf("%d are pending, %d are being sent", pending, under)
	}
}

func sessionsOf(w *World) []int64 {
	list := make([]int64, w.lastSession)
	for i := range list {
		list[i] = int64(i) + 1
	}
	return list
}

// How many channels a medium has changes nothing of what is said.
func TestASecondChannelLeavesTheConversationsAlone(t *testing.T) {
	t.Parallel()
	story := func(seed uint64, channels int) (list []Record, used map[string]int) {
		team := DefaultTeam()
		team.Channels = team.Channels[:channels]
		w := New(Options{Seed: seed, Team: &team, Observe: func(r Record) { list = append(list, r) }})
		must(t, w.Prefill(200, time.Hour))
		w.Advance(3 * time.Hour)
		used = map[string]int{}
		for _, s := range w.OpenSessions() {
			used[s.DID]++
		}
		return list, used
	}
	four, _ := story(5, 4)
	five, used := story(5, 5)
	if len(four) < 5_000 || !slices.Equal(four, five) {
		t.Errorf("%d and %d records, which are not the same", len(four), len(five))
	}
	if again, same := story(5, 5); !slices.Equal(five, again) || !reflect.DeepEqual(used, same) {
		t.Errorf("the same seed used %v and %v", used, same)
	}
	if len(used) != 5 || used["+999100003"] < used["+999100005"] {
		t.Errorf("channels of the open sessions: %v", used)
	}
}

func TestChannelsThatAreNamed(t *testing.T) {
	w := still(t)
	if s := get(t, w, opened(t, w, Opening{Medium: SMS, Channel: service, API: true})); s.ChannelID != service || s.DID != "+999100005" {
		t.Errorf("%+v", s)
	}
	if s := get(t, w, opened(t, w, Opening{Medium: SMS, API: true})); s.ChannelID != hotline || s.DID != "+999100003" {
		t.Errorf("%+v", s)
	}
	for name, o := range map[string]Opening{
		"another medium's": {Channel: service, API: true}, "none": {Medium: SMS, Channel: 99, API: true}, "no medium": {Medium: "fax", API: true},
	} {
		if _, err := w.Open(o); !errors.Is(err, ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLinksThatTheTeamHasBrokenStayBroken(t *testing.T) {
	team := DefaultTeam()
	team.Channels[0].Link, team.Channels[0].Trouble = Lapsed, "x"
	w := advanced(Options{Team: &team, Arrivals: 0.1}, 100*time.Hour)
	if c := w.Channels()[0]; c.Link != Lapsed || c.Trouble != "x" {
		t.Errorf("%+v", c)
	}
}

func TestLinks(t *testing.T) {
	for name, w := range map[string]*World{"still": New(Options{Still: true}), "lively": New(Options{Arrivals: 0.1})} {
		for _, c := range w.Channels() {
			if c.Link != Connected || c.Trouble != "" {
				t.Errorf("%s: %+v", name, c)
			}
		}
		must(t, w.SetLink(hotline, Broken, "x"))
		w.Advance(100 * time.Hour)
		if c := w.Channels()[2]; c.Link != Broken || c.Trouble != "x" {
			t.Errorf("%s, broken: %+v", name, c)
		}
		must(t, w.SetLink(hotline, Lapsed, ""))
		if c := w.Channels()[2]; c.Link != Lapsed || c.Trouble != "" {
			t.Errorf("%s, lapsed: %+v", name, c)
		}
		if err := w.SetLink(99, Connected, ""); !errors.Is(err, ErrNotFound) {
			t.Errorf("%s, no channel: %v", name, err)
		}
	}
}
