package yeastar

import (
	"fmt"
	"net/url"
	"slices"
	"testing"

	"conversation_exporter/conversation"
)

// A batch with a first read goes further back.
func TestR29FirstReadsReachTheStart(t *testing.T) {
	l := aTalk(4, 45)
	wants := append(l.first(1, 2), l.since(3, 3, 4)...)
	found := whole(t, newStub(t, l.answer).source(t, nil), wants)
	for _, w := range wants {
		checkThread(t, "first", w, found[w.Session], l.sessions[w.Session])
		if !found[w.Session].FromStart && w.After == 0 {
			t.Errorf("session %d is not read from its start", w.Session)
		}
	}
	// The first two may have been capped at 45, which a look each finds out.
	if asked := l.requests(); len(asked) != 3 || asked[0] != "query 1,2,3,4/49<" {
		t.Errorf("asked %q", asked)
	}
	// Short lists are their sessions' own.
	l = aTalk(30, 3)
	whole(t, newStub(t, l.answer).source(t, nil), l.first(1, 30))
	if asked := l.requests(); len(asked) != 1 {
		t.Errorf("asked %q", asked)
	}
}

// Whatever page_size means and however it is clamped, no part is told as the
// whole, and nothing is left out.
func TestR30WhateverPageSizeMeans(t *testing.T) {
	for _, sessions := range []int{1, 7, 60} {
		for _, records := range []int{1, 5, 9, 10, 13, 16, 20, 21, 49, 50, 101, 130} {
			if sessions == 60 && (records > 20 || records == 9) {
				continue // It would be more of the same.
			}
			for _, limit := range []int{0, 10, 16, 64} {
				for i := range 4 {
					l := aTalk(sessions, records)
					l.cap, l.global, l.inclusive = limit, i&1 > 0, i&2 > 0
					name := fmt.Sprintf("%d sessions of %d records, cap %d, global %t, inclusive %t", sessions, records, limit, l.global, l.inclusive)
					s := newStub(t, l.answer).source(t, nil)
					wants := l.first(1, int64(sessions))
					for j := range wants {
						if j%3 == 1 && records > 7 {
							wants[j] = l.since(min(records-1, 6*j%25), int64(j+1), int64(j+1))[0]
						}
					}
					found := whole(t, s, wants)
					for _, w := range wants {
						checkThread(t, name, w, found[w.Session], l.sessions[w.Session])
					}
				}
			}
			if t.Failed() {
				return
			}
		}
	}
}

// A campaign makes many sessions of one record each.
func TestR30SessionsOfOneRecordCostABatchForFifty(t *testing.T) {
	l := aTalk(220, 1)
	whole(t, newStub(t, l.answer).source(t, nil), l.first(1, 220))
	if asked := l.requests(); len(asked) != 5 {
		t.Errorf("%d requests", len(asked))
	}
}

func TestR30WhatIsMissingFromABatchIsAskedForAlone(t *testing.T) {
	l := aTalk(30, 10)
	l.hidden[7] = true
	wants := l.since(3, 1, 30)
	found := whole(t, newStub(t, l.answer).source(t, nil), wants)
	for _, w := range wants {
		checkThread(t, "missing", w, found[w.Session], l.sessions[w.Session])
	}
	if asked := l.requests(); len(asked) != 2 || asked[1] != "get 7/100<" {
		t.Errorf("asked %q", asked)
	}
}

func TestR30ABatchThatIsBehindTheListIsLookedAtOnce(t *testing.T) {
	for name, late := range map[string]int{"by one": 1, "by more than a page": 130} {
		l := aTalk(2, 300)
		l.late = late
		wants := l.since(5, 1, 2)
		found := whole(t, newStub(t, l.answer).source(t, nil), wants)
		for _, w := range wants {
			checkThread(t, name, w, found[w.Session], l.sessions[w.Session])
		}
		if asked := l.requests(); len(asked) != 3 {
			t.Errorf("%s: asked %q", name, asked)
		}
	}
	// What message/get does not show either is accepted.
	l := aTalk(1, 30)
	wants := l.since(5, 1, 1)
	wants[0].Listed += 1000
	found := whole(t, newStub(t, l.answer).source(t, nil), wants)
	checkThread(t, "never told", wants[0], found[1], l.sessions[1])
	if asked := l.requests(); len(asked) != 2 {
		t.Errorf("asked %q", asked)
	}
}

func TestR31AtTheLimitTheRestIsPassedOver(t *testing.T) {
	for _, tc := range []struct {
		name                    string
		records, after, limit   int
		got, least, mostSkipped int
		fromStart               bool
	}{
		{"a gap of one more than the limit", 900, 501, 500, 500, 1, 1, false},
		{"a gap of the limit", 900, 500, 500, 501, 0, 0, false},
		{"a gap far beyond the limit", 900, 800, 500, 500, 1, 300, false},
		{"a small limit", 900, 30, 10, 10, 1, 20, false},
		{"a first read of the limit", 200, 0, 200, 200, 0, 0, true},
		{"a first read of one more", 201, 0, 200, 200, 1, 1, false},
		{"a first read of many", 900, 0, 200, 200, 1, 700, false},
		{"no limit is some limit", 900, 0, 0, limitAssumed, 1, 400, false},
	} {
		l := aTalk(1, tc.records)
		want := l.first(1, 1)[0]
		if tc.after > 0 {
			want = l.since(tc.after, 1, 1)[0]
		}
		want.Limit = tc.limit
		got := whole(t, newStub(t, l.answer).source(t, nil), []conversation.Want{want})[1]
		truth := l.sessions[1]
		n := len(got.Records)
		if !slices.Equal(recordIDs(got), truth[len(truth)-n:]) || got.FromStart != tc.fromStart || got.Skipped < tc.least || got.Skipped > tc.mostSkipped {
			t.Errorf("%s: %d records, from the start %t, %d skipped", tc.name, n, got.FromStart, got.Skipped)
		}
		// Known records come along where the gap is closed.
		if tc.least > 0 && n != tc.got || n < tc.got {
			t.Errorf("%s: %d records, want %d", tc.name, n, tc.got)
		}
		if asked := l.requests(); len(asked) > 10 {
			t.Errorf("%s: %d requests", tc.name, len(asked))
		}
	}
}

// A first read that has all it needs in its newest records skips nothing.
func TestR31WhatIsNotNeededIsNotSkipped(t *testing.T) {
	l := aTalk(1, 60)
	l.record = func(session, id int64) string {
		return fmt.Sprintf(`{"session_id":%d,"msg_id":%d,"msg_type":2,"sender":{"user_type":1},"send_time":%d}`, session, id, id)
	}
	want := conversation.Want{Session: 1, Listed: 60, Floor: 55, Limit: 30}
	got := whole(t, newStub(t, l.answer).source(t, nil), []conversation.Want{want})[1]
	if len(got.Records) != 30 || got.Skipped != 0 || got.FromStart || !want.Reached(got.Records) {
		t.Errorf("%d records, %d skipped, from the start %t", len(got.Records), got.Skipped, got.FromStart)
	}
}

func TestR30ASessionThatIsGoneIsToldWithoutRecords(t *testing.T) {
	l := aTalk(60, 10)
	for _, id := range []int64{1, 33, 60} {
		l.gone[id] = true
	}
	wants := l.since(3, 1, 60)
	found := whole(t, newStub(t, l.answer).source(t, nil), wants)
	for _, w := range wants {
		if got := found[w.Session]; l.gone[w.Session] {
			if len(got.Records) > 0 || got.FromStart || got.ReadAt.IsZero() {
				t.Errorf("session %d, which is gone: %+v", w.Session, got)
			}
			continue
		}
		checkThread(t, "one of them gone", w, found[w.Session], l.sessions[w.Session])
	}
	if asked := l.requests(); len(asked) > 35 {
		t.Errorf("%d requests for 60 sessions, three of which are gone", len(asked))
	}
}

// 60001 may mean that there is nothing before a record, or that all is gone.
func TestR30NothingBeforeARecord(t *testing.T) {
	for name, gone := range map[string]bool{"the first record": false, "all is gone": true} {
		l := aTalk(1, 3*pageFirst)
		l.before = func(endpoint string, q url.Values) string {
			if cursor := q.Get("last_msg_id"); cursor == "1" || cursor != "" && gone {
				l.gone[1] = gone
				return `{"errcode":60001}`
			}
			return ""
		}
		l.cap = pageFirst
		wants := l.first(1, 1)
		got := whole(t, newStub(t, l.answer).source(t, nil), wants)[1]
		if !gone {
			checkThread(t, name, wants[0], got, l.sessions[1])
		}
		if got.FromStart == gone || (len(got.Records) == 0) != gone {
			t.Errorf("%s: %d records, from the start %t", name, len(got.Records), got.FromStart)
		}
	}
}

func TestR30ABatchThatIsTooLargeIsHalved(t *testing.T) {
	for _, tc := range []struct{ ids, first, later int }{{40, 6 + 1, 6}, {12, 2 + 15, 13}, {1, 5 + 150, 150}} {
		l := aTalk(150, 10)
		l.ids = tc.ids
		s := newStub(t, l.answer).source(t, func(o *Options) { o.Concurrency = 1 })
		for i, most := range []int{tc.first, tc.later} {
			wants := l.since(3, 1, 150)
			found := whole(t, s, wants)
			for _, w := range wants {
				checkThread(t, "halved", w, found[w.Session], l.sessions[w.Session])
			}
			if asked := l.requests(); len(asked) > most {
				t.Errorf("at most %d ids, pass %d: %d requests, want at most %d", tc.ids, i+1, len(asked), most)
			}
		}
	}
}

// Where the PBX does not like one session, the others need not suffer from it.
func TestR30ASessionThatIsRefusedDoesNotShrinkTheBatches(t *testing.T) {
	l := aTalk(100, 10)
	s := newStub(t, l.answer).source(t, nil)
	whole(t, s, l.since(3, 1, 50))
	l.requests()
	l.refused[20] = true
	threads, errs := gather(t.Context(), t, s, l.since(3, 1, 50))
	if len(threads) != 49 || len(errs) != 1 || errs[0].Error() != "reading the messages of 1 session: message/query: the PBX does not accept a parameter (errcode 40002)" {
		t.Errorf("%d threads, errors %v", len(threads), errs)
	}
	if asked := l.requests(); len(asked) > 14 {
		t.Errorf("%d requests", len(asked))
	}
	if whole(t, s, l.since(3, 51, 100)); len(l.requests()) != 1 {
		t.Error("the batches are smaller than they may be")
	}
}

// A PBX that takes no batch at all is not asked once for each session.
func TestR30APBXThatTakesNoBatch(t *testing.T) {
	l := aTalk(500, 3)
	l.before = func(string, url.Values) string { return `{"errcode":40002,"invalid_param_list":[{"field":"ids"}]}` }
	s := newStub(t, l.answer).source(t, func(o *Options) { o.Concurrency = 1 })
	for i, most := range []int{8, 1} {
		threads, errs := gather(t.Context(), t, s, l.first(1, 500))
		if len(threads) != 0 || len(errs) != 1 || errs[0].Error() != "reading the messages of 500 sessions: message/query: the PBX does not accept a parameter: ids (errcode 40002)" {
			t.Errorf("%d threads, errors %v", len(threads), errs)
		}
		if asked := l.requests(); len(asked) > most {
			t.Errorf("pass %d: %d requests", i+1, len(asked))
		}
	}
	// One that is refused first does not stand for all.
	l = aTalk(60, 3)
	l.refused[1] = true
	threads, errs := gather(t.Context(), t, newStub(t, l.answer).source(t, nil), l.first(1, 60))
	if len(threads) != 59 || len(errs) != 1 {
		t.Errorf("%d threads, errors %v", len(threads), errs)
	}
}

func TestR30IdsThatAreDroppedAreAskedForAgain(t *testing.T) {
	for _, limit := range []int{1, 5, 20, 40} {
		l := aTalk(150, 10)
		l.ids, l.drop = limit, true
		s := newStub(t, l.answer).source(t, func(o *Options) { o.Concurrency = 1 })
		for i := range 2 {
			wants := l.since(3, 1, 150)
			found := whole(t, s, wants)
			for _, w := range wants {
				checkThread(t, "dropped", w, found[w.Session], l.sessions[w.Session])
			}
			most := (150+limit-1)/limit + 2*(1-i)
			if asked := l.requests(); len(asked) > most {
				t.Errorf("of more than %d ids the others are dropped, pass %d: %d requests, want at most %d", limit, i+1, len(asked), most)
			}
		}
	}
}
