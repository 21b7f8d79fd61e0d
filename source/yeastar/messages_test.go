package yeastar

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"conversation_exporter/conversation"
	"conversation_exporter/source/httpapi"
)

// talk is a PBX that has sessions with records, and tells them as one of those
// does that the vendor's pages allow for.
type talk struct {
	mu sync.Mutex
	// sessions are the ids of each session's records, in ascending order.
	sessions map[int64][]int64
	// cap clamps page_size, ids the number of sessions of a batch: more are refused
	// or, with drop, forgotten.
	cap, ids int
	drop     bool
	// global counts the page_size of a batch over all of its sessions; inclusive
	// tells the cursor's own record again; ascending turns each page around.
	global, inclusive, ascending bool
	// hidden are missing from batches, gone are not known at all, refused make a
	// batch fail that names them.
	hidden, gone, refused map[int64]bool
	// late is by how many records the batches are behind.
	late int
	// asked are the requests; before is asked for an answer of its own first.
	asked  []string
	before func(endpoint string, q url.Values) string
	record func(session, id int64) string
}

// aTalk has sessions 1 to n of so many records each; the ids are in turn.
func aTalk(n, records int) *talk {
	l := &talk{sessions: make(map[int64][]int64), hidden: map[int64]bool{}, gone: map[int64]bool{}, refused: map[int64]bool{}}
	for session := range int64(n) {
		for i := range int64(records) {
			l.sessions[session+1] = append(l.sessions[session+1], i*int64(n)+session+1)
		}
	}
	return l
}

// newest is the id of a session's last record.
func (l *talk) newest(session int64) int64 {
	ids := l.sessions[session]
	return ids[len(ids)-1]
}

// since wants what is new beyond so many records, of sessions from to.
func (l *talk) since(fresh int, from, to int64) []conversation.Want {
	var wants []conversation.Want
	for session := from; session <= to; session++ {
		ids := l.sessions[session]
		wants = append(wants, conversation.Want{Session: session, After: ids[len(ids)-1-fresh], Listed: l.newest(session), Limit: 500})
	}
	return wants
}

// first wants first reads that must reach the start.
func (l *talk) first(from, to int64) []conversation.Want {
	var wants []conversation.Want
	for session := from; session <= to; session++ {
		wants = append(wants, conversation.Want{Session: session, Listed: l.newest(session), Limit: 200})
	}
	return wants
}

func (l *talk) answer(endpoint string, q url.Values) string {
	if endpoint != pathMessageQuery && endpoint != pathMessageGet {
		return `{"errcode":0}`
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked = append(l.asked, strings.TrimPrefix(endpoint, "message/")+" "+q.Get("ids")+q.Get("id")+"/"+q.Get("page_size")+"<"+q.Get("last_msg_id"))
	if l.before != nil {
		if body := l.before(endpoint, q); body != "" {
			return body
		}
	}
	size, _ := strconv.Atoi(q.Get("page_size"))
	if l.cap > 0 {
		size = min(size, l.cap)
	}
	if endpoint == pathMessageGet {
		id, _ := strconv.ParseInt(q.Get("id"), 10, 64)
		cursor, _ := strconv.ParseInt(q.Get("last_msg_id"), 10, 64)
		if l.gone[id] || l.sessions[id] == nil {
			return `{"errcode":60001}`
		}
		return `{"errcode":0,"data":` + l.thread(id, l.page(l.sessions[id], cursor, size)) + `}`
	}
	return l.query(strings.Split(q.Get("ids"), ","), size)
}

// query answers message/query.
func (l *talk) query(ids []string, size int) string {
	if l.ids > 0 && len(ids) > l.ids {
		if !l.drop {
			return `{"errcode":40002,"invalid_param_list":[{"field":"ids"},{"field":"canary"}]}`
		}
		ids = ids[:l.ids]
	}
	lists := make(map[int64][]int64)
	var known, all []int64
	for _, text := range ids {
		id, _ := strconv.ParseInt(text, 10, 64)
		switch {
		case l.refused[id]:
			return `{"errcode":40002}`
		case l.gone[id]:
			return `{"errcode":60001}`
		case l.hidden[id] || l.sessions[id] == nil:
			continue
		}
		records := l.sessions[id]
		lists[id] = l.page(records[:max(0, len(records)-l.late)], 0, size)
		known = append(known, id)
		all = append(all, lists[id]...)
	}
	if slices.Sort(all); l.global && len(all) > size {
		least := all[len(all)-size]
		for id := range lists {
			lists[id] = slices.DeleteFunc(lists[id], func(rec int64) bool { return rec < least })
		}
		known = slices.DeleteFunc(known, func(id int64) bool { return len(lists[id]) == 0 })
	}
	var threads []string
	for _, id := range known {
		threads = append(threads, l.thread(id, lists[id]))
	}
	return `{"errcode":0,"data":[` + strings.Join(threads, ",") + `]}`
}

// page gives the newest records before a cursor, the newest first.
func (l *talk) page(records []int64, cursor int64, size int) []int64 {
	records = slices.DeleteFunc(slices.Clone(records), func(id int64) bool { return cursor > 0 && (id > cursor || id == cursor && !l.inclusive) })
	records = records[max(0, len(records)-size):]
	if !l.ascending {
		slices.Reverse(records)
	}
	return records
}

func (l *talk) thread(id int64, records []int64) string {
	rows := make([]string, 0, len(records))
	for _, rec := range records {
		if l.record != nil {
			rows = append(rows, l.record(id, rec))
			continue
		}
		rows = append(rows, fmt.Sprintf(`{"session_id":%d,"msg_id":%d,"msg_type":0,"sender":{"user_type":3,"username":"canary"},"msg_body":"canary","receive_time":%d}`, id, rec, 1_772_000_000+rec))
	}
	return fmt.Sprintf(`{"session_id":%d,"records":[%s]}`, id, strings.Join(rows, ","))
}

// requests gives what was asked for since it was asked for last.
func (l *talk) requests() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	asked := l.asked
	l.asked = nil
	return asked
}

// gather reads wants to the end.
func gather(ctx context.Context, t *testing.T, s *Source, wants []conversation.Want) (threads []conversation.Thread, errs []error) {
	t.Helper()
	for thread, err := range s.Messages(ctx, wants) {
		if err != nil {
			errs = append(errs, err)
			continue
		}
		threads = append(threads, thread)
	}
	for _, err := range errs {
		if strings.Contains(strings.ToLower(err.Error()), "canary") {
			t.Errorf("an error shows what is nobody's business: %v", err)
		}
	}
	return threads, errs
}

// whole reads wants and expects every thread, each once.
func whole(t *testing.T, s *Source, wants []conversation.Want) map[int64]conversation.Thread {
	t.Helper()
	threads, errs := gather(t.Context(), t, s, wants)
	if len(errs) > 0 {
		t.Fatalf("errors: %v", errs)
	}
	found := make(map[int64]conversation.Thread, len(threads))
	for _, thread := range threads {
		if _, again := found[thread.Session]; again {
			t.Errorf("session %d was told twice", thread.Session)
		}
		found[thread.Session] = thread
	}
	if len(found) != len(wants) {
		t.Fatalf("%d threads for %d wants", len(found), len(wants))
	}
	return found
}

func recordIDs(thread conversation.Thread) []int64 {
	ids := make([]int64, 0, len(thread.Records))
	for _, r := range thread.Records {
		ids = append(ids, r.ID)
	}
	return ids
}

// checkThread holds a thread against the truth: no gap, nothing invented, and no
// start that is none.
func checkThread(t *testing.T, name string, want conversation.Want, got conversation.Thread, truth []int64) {
	t.Helper()
	ids := recordIDs(got)
	if len(ids) == 0 || len(ids) > len(truth) || !slices.Equal(ids, truth[len(truth)-len(ids):]) {
		t.Errorf("%s: session %d has the records %v, which are not the newest of %v", name, got.Session, ids, truth)
		return
	}
	switch whole := len(ids) == len(truth); {
	case got.FromStart && !whole:
		t.Errorf("%s: session %d begins with %d of %d records", name, got.Session, len(ids), len(truth))
	case got.Skipped > 0 && (len(ids) != want.Limit || got.Skipped > len(truth)-len(ids)):
		t.Errorf("%s: session %d skipped %d of %d records and gave %d", name, got.Session, got.Skipped, len(truth), len(ids))
	case !got.FromStart && got.Skipped == 0 && !want.Reached(got.Records):
		t.Errorf("%s: session %d is not complete with %d of %d records", name, got.Session, len(ids), len(truth))
	case got.ReadAt.IsZero():
		t.Errorf("%s: session %d does not tell when it was read", name, got.Session)
	}
}

func TestR30ChangedSessionsCostABatchForFifty(t *testing.T) {
	for _, n := range []int{1, 49, 50, 51, 120} {
		for name, change := range map[string]func(l *talk){
			"per session": func(*talk) {}, "ascending": func(l *talk) { l.ascending = true }, "capped": func(l *talk) { l.cap = 20 },
		} {
			l := aTalk(n, 60)
			change(l)
			wants := l.since(19, 1, int64(n))
			found := whole(t, newStub(t, l.answer).source(t, nil), wants)
			for _, w := range wants {
				checkThread(t, name, w, found[w.Session], l.sessions[w.Session])
				if got := found[w.Session]; got.FromStart || got.Skipped > 0 || len(got.Records) != 20 {
					t.Errorf("%s, %d sessions: session %d: %d records, from the start %t, %d skipped", name, n, w.Session, len(got.Records), got.FromStart, got.Skipped)
				}
			}
			asked := l.requests()
			if len(asked) != (n+49)/50 || !strings.HasPrefix(asked[0], "query ") || !strings.HasSuffix(asked[0], "/20<") {
				t.Errorf("%s, %d sessions: %d requests, the first %q", name, n, len(asked), asked[0])
			}
		}
	}
}

func TestR30NothingWantedAsksNothing(t *testing.T) {
	l := aTalk(1, 1)
	stub := newStub(t, l.answer)
	if threads, errs := gather(t.Context(), t, stub.source(t, nil), nil); len(threads)+len(errs)+len(l.requests()) != 0 {
		t.Errorf("%v, %v", threads, errs)
	}
}

func TestR30AGapThatDoesNotFitIsReadOn(t *testing.T) {
	l := aTalk(3, 300)
	wants := l.since(20, 1, 3)
	wants[2] = l.since(150, 3, 3)[0]
	found := whole(t, newStub(t, l.answer).source(t, nil), wants)
	for _, w := range wants {
		checkThread(t, "gap", w, found[w.Session], l.sessions[w.Session])
	}
	if got := len(found[3].Records); got != 220 {
		t.Errorf("%d records, want those of the batch and of two pages", got)
	}
	asked := l.requests()
	slices.Sort(asked)
	want := []string{"get 1/100<841", "get 2/100<842", "get 3/100<543", "get 3/100<843", "query 1,2,3/20<"}
	if !slices.Equal(asked, want) {
		t.Errorf("asked %q, want %q", asked, want)
	}
}

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

// Sessions that are missing for reasons of their own do not make the batches small.
func TestR30MissingSessionsDoNotShrinkTheBatches(t *testing.T) {
	l := aTalk(100, 10)
	for id := int64(30); id <= 50; id++ {
		l.hidden[id] = true
	}
	s := newStub(t, l.answer).source(t, nil)
	for range 3 {
		whole(t, s, l.since(3, 1, 50))
		if asked := l.requests(); len(asked) > 2+21 {
			t.Errorf("%d requests for 50 sessions, 21 of which are missing", len(asked))
		}
	}
	if whole(t, s, l.since(3, 51, 100)); len(l.requests()) != 1 {
		t.Error("the batches are smaller than they may be")
	}
}

func TestR30WithoutTheEndpointNothingMoreIsAsked(t *testing.T) {
	for _, endpoint := range []string{pathMessageQuery, pathMessageGet} {
		l := aTalk(500, 30)
		l.before = func(asked string, _ url.Values) string {
			if asked == endpoint {
				return `{"errcode":10001}`
			}
			return ""
		}
		s := newStub(t, l.answer).source(t, func(o *Options) { o.Concurrency = 1 })
		threads, errs := gather(t.Context(), t, s, l.since(25, 1, 500))
		if len(threads) != 0 || len(errs) != 1 || !errors.Is(errs[0], conversation.ErrUnsupported) || !strings.HasPrefix(errs[0].Error(), "reading the messages of 500 sessions: "+endpoint) {
			t.Errorf("%s: %d threads, errors %v", endpoint, len(threads), errs)
		}
		if asked := l.requests(); len(asked) > 2 {
			t.Errorf("%s: %d requests", endpoint, len(asked))
		}
	}
}

// A failure costs what it concerns, and is told once.
func TestR30AFailureLeavesTheOthers(t *testing.T) {
	l := aTalk(200, 30)
	l.before = func(endpoint string, q url.Values) string {
		ids := strings.Split(q.Get("ids"), ",")
		switch {
		case slices.Contains(ids, "60"), slices.Contains(ids, "160"):
			return `{"errcode":10005}`
		case endpoint == pathMessageGet && len(q.Get("id")) == 1: // 1 to 9
			return `{"errcode":70084}`
		}
		return ""
	}
	wants := slices.Concat(l.since(25, 1, 10), l.since(5, 11, 200))
	threads, errs := gather(t.Context(), t, newStub(t, l.answer).source(t, nil), wants)
	var texts []string
	for _, err := range errs {
		texts = append(texts, err.Error())
	}
	slices.Sort(texts)
	want := []string{
		"reading the messages of 100 sessions: message/query: the application may not call this: give it the permission under Integrations > API (errcode 10005)",
		"reading the messages of 9 sessions: message/get: the PBX forbids this action (errcode 70084)",
	}
	if len(threads) != 91 || !slices.Equal(texts, want) {
		t.Errorf("%d threads, errors %q", len(threads), texts)
	}
	for _, err := range errs {
		if other := (&conversation.LossError{Doing: "reading the messages of", Of: "7 sessions", Cause: errors.Unwrap(err)}); conversation.Key(err) != conversation.Key(other) {
			t.Errorf("%v is another error than %v", err, other)
		}
	}
}

// A wrong secret is told once; the sessions that are left cost nothing.
func TestWithoutASignInNothingIsAsked(t *testing.T) {
	h := newHostile(t, func(_ int, _, _ string) (int, string) { return 200, `{"errcode":-1}` })
	threads, errs := gather(t.Context(), t, h.source(t, nil), aTalk(500, 1).first(1, 500))
	if len(threads) != 0 || len(errs) != 1 || !strings.Contains(errs[0].Error(), "the PBX refuses the credentials") || h.n(pathMessageQuery) != 0 {
		t.Errorf("%d threads, errors %v", len(threads), errs)
	}
}

// The token dies on the way, and there is no other.
func TestASignInThatFailsOnTheWayEndsIt(t *testing.T) {
	h := newHostile(t, func(n int, endpoint, _ string) (int, string) {
		switch {
		case endpoint == pathGetToken && n == 1:
			return 200, fmt.Sprintf(goodToken, n)
		case endpoint == pathGetToken, endpoint == pathRefreshToken:
			return 200, `{"errcode":-1}`
		}
		return 200, `{"errcode":10004}`
	})
	threads, errs := gather(t.Context(), t, h.source(t, func(o *Options) { o.Concurrency = 1 }), aTalk(500, 1).first(1, 500))
	if len(threads) != 0 || len(errs) != 1 || !strings.HasPrefix(errs[0].Error(), "reading the messages of 500 sessions: ") || h.n(pathMessageQuery) > 2 {
		t.Errorf("%d threads, errors %v, %d requests", len(threads), errs, h.n(pathMessageQuery))
	}
}

// shortOfTime is a context whose deadline comes when the test says so.
type shortOfTime struct {
	context.Context
	done chan struct{}
}

func (c *shortOfTime) Done() <-chan struct{} { return c.done }

func (c *shortOfTime) Err() error {
	select {
	case <-c.done:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

// With little time, the first wants are served first, also where they need more.
func TestR32TheFirstWantsAreServedFirst(t *testing.T) {
	const answers, concurrency = 8, 2
	l := aTalk(400, 60)
	ctx, late := &shortOfTime{t.Context(), make(chan struct{})}, make(chan struct{})
	n := 0
	l.before = func(string, url.Values) string {
		if n++; n > answers {
			if n == answers+concurrency {
				close(ctx.done)
			}
			l.mu.Unlock()
			<-late
			l.mu.Lock()
		}
		return ""
	}
	s := newStub(t, l.answer).source(t, func(o *Options) { o.Concurrency = concurrency })
	// Of the first batch, three sessions need a page more.
	wants := slices.Concat(l.since(30, 1, 3), l.since(3, 4, 400))
	threads, errs := gather(ctx, t, s, wants)
	close(late)
	served := make([]int64, 0, len(threads))
	for _, thread := range threads {
		served = append(served, thread.Session)
	}
	slices.Sort(served)
	// 8 requests: 5 batches and the 3 pages. Of two that are under way together,
	// either may arrive first.
	if n := len(served); n != 250 || served[199] != 200 || served[n-1] > 300 {
		t.Errorf("served %d sessions: %v", n, served)
	}
	if len(errs) != 1 || !errors.Is(errs[0], context.DeadlineExceeded) || !strings.HasPrefix(errs[0].Error(), "reading the messages of 150 sessions: ") {
		t.Errorf("errors %v", errs)
	}
}

func TestAContextThatHasEndedAsksNothing(t *testing.T) {
	l := aTalk(3, 3)
	ctx, cancel := context.WithCancel(t.Context())
	s := newStub(t, l.answer).source(t, nil)
	whole(t, s, l.first(1, 3))
	l.requests()
	cancel()
	threads, errs := gather(ctx, t, s, l.first(1, 3))
	if len(threads) != 0 || len(errs) != 1 || !errors.Is(errs[0], context.Canceled) || len(l.requests()) != 0 {
		t.Errorf("%d threads, errors %v", len(threads), errs)
	}
}

// Who stops taking threads, or panics over one, leaves nothing behind.
func TestLeavingEarlyEndsEverything(t *testing.T) {
	l := aTalk(1000, 30)
	stub := newStub(t, l.answer)
	s := stub.source(t, nil)
	for range s.Messages(t.Context(), l.since(3, 1, 1000)) {
		break
	}
	if asked := l.requests(); len(asked) > 2+2*s.opts.Concurrency {
		t.Errorf("%d requests for one thread", len(asked))
	}
	time.Sleep(20 * time.Millisecond)
	if asked := l.requests(); len(asked) != 0 {
		t.Errorf("%d requests afterwards", len(asked))
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic is gone")
			}
		}()
		for range s.Messages(t.Context(), l.since(3, 1, 1000)) {
			panic("of the caller")
		}
	}()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for range s.Messages(ctx, l.since(3, 1, 1000)) {
		cancel() // Whoever goes on taking them is told what was read.
	}
}

func TestLesson17APanicWhileReadingMessagesIsRaisedAgain(t *testing.T) {
	l := aTalk(200, 3)
	s := newStub(t, l.answer).source(t, nil)
	whole(t, s, l.first(1, 200))
	defer func() {
		fault, ok := recover().(*conversation.PanicError)
		if !ok || fault.Doing != "reading the messages" || !strings.Contains(fault.Stack, "exchange") {
			t.Errorf("recovered %v, want where it began", fault)
		}
	}()
	client := s.client
	defer func() { s.client = client }()
	s.client = nil // A request then panics.
	for range s.Messages(t.Context(), l.first(1, 200)) {
		t.Error("something was told")
	}
}

func TestR34TimesAreOurs(t *testing.T) {
	for skew, corrected := range map[time.Duration]bool{0: false, 4 * time.Second: false, -3 * time.Second: false, 10 * time.Second: true, -time.Hour: true} {
		clock := &offset{by: -skew}
		l := aTalk(1, 3)
		s := newStub(t, l.answer).source(t, func(o *Options) { o.Clock = clock })
		got := whole(t, s, l.first(1, 1))[1]
		want := time.Unix(1_772_000_003, 0)
		if corrected {
			want = want.Add(-skew)
		}
		if off := got.Records[2].At.Sub(want).Abs(); off > 2*time.Second {
			t.Errorf("the PBX is %s ahead: at %s, want %s", skew, got.Records[2].At, want)
		}
	}
}

// offset is a clock that is wrong.
type offset struct {
	httpapi.SystemClock
	by time.Duration
}

func (c *offset) Now() time.Time { return c.SystemClock.Now().Add(c.by) }
