package yeastar

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
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

// A list that never settles is read from its top three times (R35).
func TestR35ThreeRounds(t *testing.T) {
	list := &fakeList{messages: numbered(40)}
	list.before = func(int) {
		for i := range list.messages {
			list.messages[i] += 1_000_000
		}
	}
	stub := newStub(t, list.answer)
	_, _, err := stub.source(t, func(o *Options) { o.PageSize = 10 }).OpenSessions(t.Context())
	must(t, err)
	tops := 0
	for _, q := range stub.requests() {
		if q.Get("first_msg_id") == "" {
			tops++
		}
	}
	if tops != 3 {
		t.Errorf("it was read from its top %d times, want 3", tops)
	}
}

// Pages that move on and yet tell nothing new are those of a PBX that goes in
// circles (R35).
func TestR35PagesThatTellNothingNew(t *testing.T) {
	stub := newStub(t, func(endpoint string, q url.Values) string {
		if endpoint != pathSearch {
			return `{"errcode":0}`
		}
		last, err := strconv.Atoi(q.Get("first_msg_id"))
		if err != nil {
			last = 1000
		}
		var rows []string
		for id := 1; id <= 10; id++ {
			rows = append(rows, fmt.Sprintf(`{"id":%d,"type":"sms","last_msg_id":%d}`, id, last-id))
		}
		return `{"errcode":0,"list":[` + strings.Join(rows, ",") + `]}`
	})
	sessions, cover, err := stub.source(t, func(o *Options) { o.PageSize = 10 }).OpenSessions(t.Context())
	must(t, err)
	if len(sessions) != 10 || len(cover.Failed) != 1 || !errors.Is(errors.Join(cover.Problems...), errStuck) || len(stub.requests()) != 2 {
		t.Errorf("%d sessions by %d requests, coverage %+v", len(sessions), len(stub.requests()), cover)
	}
}

// Of a session that is told twice, the newer telling counts (R35).
func TestR35OfTwoTellingsTheNewerCounts(t *testing.T) {
	for name, order := range map[string][]number{"newer last": {90, 91}, "newer first": {91, 90}} {
		p := &pager{index: make(map[int64]int)}
		for _, last := range order {
			_, err := p.take([]sessionRow{{ID: 5, LastMsgID: last}}, start())
			must(t, err)
		}
		if len(p.rows) != 1 || p.rows[0].lastMessage != 91 {
			t.Errorf("%s: %+v", name, p.rows)
		}
	}
}

// What a sweep costs: the first one a page, a later one no page beyond what was
// the first row (R23).
func TestR23ASweepEndsAtWhatWasItsFirstRow(t *testing.T) {
	l := newClosedLists()
	for id := range int64(35) {
		l.close("1001", id+1)
	}
	s := newStub(t, l.answer).source(t, func(o *Options) { o.PageSize = 10 })
	_, mark := swept(t, s, conversation.Mark{})
	if asked := l.requests(); len(asked) != 1 || mark.Viewers[first] != 35 {
		t.Errorf("the first sweep asked %q, the mark is %v", asked, mark)
	}
	ids, _ := swept(t, s, conversation.Mark{Viewers: map[string]int64{first: 26}})
	if asked := l.requests(); len(asked) != 1 || len(ids) != 9 {
		t.Errorf("a later one asked %q and told %v", asked, ids)
	}
	s.sweptAt = map[viewer]time.Time{{number: "1001"}: start().Add(1), {number: "1002"}: start()}
	if got := s.longestUnswept([]viewer{{number: "1001"}, {number: "1002"}}); got[0].number != "1002" {
		t.Errorf("the order is %v, want first whom it is longest ago for", got)
	}
}

// A list of news that fills its page is no start, however long those of other
// sessions are (R30).
func TestR30AListThatFillsItsPageIsNoStart(t *testing.T) {
	l := aTalk(51, 60)
	s := newStub(t, l.answer).source(t, func(o *Options) { o.Concurrency = 1 })
	wants := append(l.first(1, 50), l.since(30, 51, 51)...)
	checkThread(t, "news", wants[50], whole(t, s, wants)[51], l.sessions[51])
}

// A list that goes on where it was left, and whose look from the top is cut, is
// looked at from its top once more, down to where the first pass began (R35).
func TestR35ACutLookFromTheTopIsMadeAgain(t *testing.T) {
	list := &slowList{fakeList: fakeList{messages: numbered(60)}}
	s := newStub(t, list.serve).source(t, func(o *Options) { o.PageSize = 10 })
	seen := make(map[int64]bool)
	for pass, pages := range []int{4, 2, 100} {
		if pass == 1 {
			list.mu.Lock()
			for id := range int64(15) { // None of them was seen yet.
				list.messages[id] = 1_000_001 + id
			}
			list.mu.Unlock()
		}
		sessions, cover := list.pass(t, s, pages)
		if cover.TimedOut != (pass < 2) {
			t.Fatalf("pass %d: coverage %+v", pass+1, cover)
		}
		for _, session := range sessions {
			seen[session.ID] = true
		}
	}
	if len(seen) != 60 {
		t.Errorf("%d sessions were seen in three passes, want 60", len(seen))
	}
}

// A page that begins above its cursor does not come after it, even if it tells
// something new (R35).
func TestR35APageThatBeginsAboveItsCursor(t *testing.T) {
	for name, second := range map[string][]int{"by one row": {200}, "by its first row": {200, 20, 19}} {
		stub := newStub(t, func(endpoint string, q url.Values) string {
			var rows []string
			ids := second
			if q.Get("first_msg_id") == "" {
				ids = []int{100, 99, 98, 97, 96, 95, 94, 93, 92, 91}
			}
			for _, id := range ids {
				rows = append(rows, fmt.Sprintf(`{"id":%d,"type":"sms","last_msg_id":%d}`, id, id))
			}
			if endpoint != pathSearch {
				rows = nil
			}
			return `{"errcode":0,"list":[` + strings.Join(rows, ",") + `]}`
		})
		_, cover, err := stub.source(t, func(o *Options) { o.PageSize = 10 }).OpenSessions(t.Context())
		must(t, err)
		if !errors.Is(errors.Join(cover.Problems...), errStuck) {
			t.Errorf("%s: coverage %+v", name, cover)
		}
	}
}
