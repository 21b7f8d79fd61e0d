package yeastar

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"conversation_exporter/conversation"
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
