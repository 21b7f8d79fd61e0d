package yeastar

import (
	"testing"
	"time"

	"conversation_exporter/conversation"
	"conversation_exporter/simulator/world"
	simyeastar "conversation_exporter/simulator/yeastar"
)

// Of two rows with the same message, the one that was read last is nearer to the
// present (R8).
func TestR8OfTwoRowsWithOneMessageTheLaterCounts(t *testing.T) {
	early, late := row{id: 5, lastMessage: 90, queue: 3, listedAt: start()}, row{id: 5, lastMessage: 90, queue: 3, member: 8, listedAt: start().Add(time.Second)}
	for name, rows := range map[string][]row{"in turn": {early, late}, "the later one first": {late, early}} {
		m := &merge{views: make(map[int64]*view)}
		for _, r := range rows {
			m.add(r, viewer{number: "1001"})
		}
		if got := m.views[5].member; got != 8 {
			t.Errorf("%s: picked up by %d, want 8", name, got)
		}
	}
}

// The mode of a queue is needed for what waits in it only (R8).
func TestR8AModeIsAssumedOnlyOfWhatWaits(t *testing.T) {
	for member, want := range map[int64]int{0: 1, 8: 0} {
		m := &merge{views: make(map[int64]*view)}
		m.add(row{id: 5, queue: 3, member: member}, viewer{number: "1001"})
		if _, assumed := m.sessions(&directory{}, DestinationAutomation, true); assumed != want {
			t.Errorf("picked up by %d: %d states are assumed, want %d", member, assumed, want)
		}
	}
}

// The clocks may differ by 5 seconds, and not by more (R34).
func TestR34TheClocksMayDifferByFiveSeconds(t *testing.T) {
	for skew, want := range map[time.Duration]time.Duration{5 * time.Second: 0, 6 * time.Second: 6 * time.Second, -5 * time.Second: 0, -6 * time.Second: -6 * time.Second} {
		p := newPBX(t)
		p.Yeastar.Set(func(sw *simyeastar.Switches) { sw.ClockSkew = skew })
		s := p.source(t, nil)
		read(t, s)
		if got := s.newDecoder().skew; got != want {
			t.Errorf("the PBX is %s ahead: times are corrected by %s, want %s", skew, got, want)
		}
	}
}

// A session that was read to its start, and has more records than the limit, is
// told without its start (R29).
func TestR29WhatIsCutDoesNotBeginAtTheStart(t *testing.T) {
	one := &thread{want: conversation.Want{Session: 1, Limit: 3}, fromStart: true}
	for id := range int64(5) {
		one.records = append(one.records, conversation.Record{ID: id + 1, At: start()})
	}
	if got := one.finish(); len(got.Records) != 3 || got.Records[0].ID != 3 || got.FromStart || got.Skipped != 2 {
		t.Errorf("got %+v", got)
	}
}

// A page that is not full is the last one: it is not asked what comes before (R30).
func TestR30APageThatIsNotFullIsTheLast(t *testing.T) {
	l := aTalk(1, 55)
	s := newStub(t, l.answer).source(t, func(o *Options) { o.PageSize = 20 })
	if got := whole(t, s, l.first(1, 1))[1]; !got.FromStart || len(got.Records) != 55 {
		t.Errorf("%d records, from the start %t", len(got.Records), got.FromStart)
	}
	if asked := l.requests(); len(asked) != 2 {
		t.Errorf("asked %q, want a batch and a page", asked)
	}
}

// While a round is under way, what the whole round before it has shown stays, and
// that round began with its own first pass (R26).
func TestR26ARoundHoldsWhatTheOneBeforeItHasShown(t *testing.T) {
	list := &slowList{fakeList: fakeList{messages: numbered(55)}}
	w := world.New(world.Options{Start: start(), Still: true})
	s := newStub(t, list.serve).source(t, func(o *Options) { o.PageSize = 10; o.Clock = w.Clock() })
	for pass, pages := range []int{4, 100, 4} {
		_, cover := list.pass(t, s, pages)
		if want := pass != 1; cover.TimedOut != want {
			t.Fatalf("pass %d: coverage %+v", pass+1, cover)
		}
		if pass == 2 && !cover.Cut[0].Since.Equal(start()) {
			t.Errorf("it counts since %s, want since the first pass of the round before", cover.Cut[0].Since)
		}
		w.Advance(time.Minute)
	}
}
