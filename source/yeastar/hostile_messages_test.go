package yeastar

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"conversation_exporter/conversation"
	"conversation_exporter/simulator/world"
	simyeastar "conversation_exporter/simulator/yeastar"
)

// Pages of one session that do not come after each other are an error for that
// session, and cost little; the others are read.
func TestHostileR35PagesOfRecordsThatGoInCircles(t *testing.T) {
	rows := func(l *talk, ids ...int64) string { return `{"errcode":0,"data":` + l.thread(1, ids) + `}` }
	upTo := func(from, to int64) (ids []int64) {
		for id := from; id <= to; id++ {
			ids = append(ids, id)
		}
		return ids
	}
	for name, page := range map[string]func(l *talk, cursor string, n int) string{
		"the cursor is ignored": func(l *talk, _ string, _ int) string { return rows(l, upTo(201, 300)...) },
		"the cursor goes up":    func(l *talk, _ string, n int) string { return rows(l, upTo(int64(300+n), int64(399+n))...) },
		"another session's records": func(l *talk, _ string, _ int) string {
			return strings.ReplaceAll(rows(l, upTo(1, 100)...), `"session_id":1,`, `"session_id":77,`)
		},
		"one row again and again": func(l *talk, _ string, _ int) string { return rows(l, slices.Repeat([]int64{300}, 100)...) },
		"a record without an id":  func(l *talk, _ string, _ int) string { return rows(l, 5, 0) },
		"one row at a time, capped": func(l *talk, cursor string, _ int) string {
			var from int64
			fmt.Sscan(cursor, &from)
			return rows(l, append(slices.Repeat([]int64{300}, 99), from-1)...)
		},
		"nothing but a part":     func(*talk, string, int) string { return `{"errcode":1,"data":{"session_id":1,"records":[]}}` },
		"a web page":             func(*talk, string, int) string { return `<html>canary</html>` },
		"another kind of answer": func(*talk, string, int) string { return `{"errcode":0,"data":"canary"}` },
		"an unknown code":        func(*talk, string, int) string { return `{"errcode":12345,"errmsg":"canary"}` },
		"no code":                func(*talk, string, int) string { return `{"data":{}}` },
		"too many values": func(*talk, string, int) string {
			return `{"errcode":0,"data":[` + strings.Repeat(`{},`, 1_000_001) + `{}]}`
		},
		"an id that is no integer": func(*talk, string, int) string { return `{"errcode":0,"data":{"records":[{"msg_id":"canary"}]}}` },
	} {
		l := aTalk(1, 300)
		l.sessions[2] = upTo(1000, 1100)
		n := 0
		l.before = func(endpoint string, q url.Values) string {
			if endpoint == pathMessageGet && q.Get("id") == "1" {
				n++
				return page(l, q.Get("last_msg_id"), n)
			}
			return ""
		}
		wants := append(l.since(250, 1, 1), l.since(30, 2, 2)...)
		threads, errs := gather(t.Context(), t, newStub(t, l.answer).source(t, nil), wants)
		if len(threads) != 1 || threads[0].Session != 2 || len(errs) != 1 || !strings.HasPrefix(errs[0].Error(), "reading the messages of 1 session: message/get: ") {
			t.Errorf("%s: %d threads, errors %v", name, len(threads), errs)
		}
		if asked := l.requests(); len(asked) > 70 {
			t.Errorf("%s: %d requests", name, len(asked))
		}
	}
}

// What of a batch cannot be used concerns its own session alone.
func TestHostileOneSessionOfABatch(t *testing.T) {
	l := aTalk(5, 10)
	l.record = func(session, id int64) string {
		switch session {
		case 1:
			return `{"msg_id":0,"msg_body":"canary"}`
		case 2: // Another session's records come along.
			return fmt.Sprintf(`{"session_id":2,"msg_id":%d},{"session_id":99,"msg_id":%d},{"session_id":3,"msg_id":%d}`, id, id+100, id+200)
		case 3: // Each twice, with another word the second time.
			return fmt.Sprintf(`{"session_id":3,"msg_id":%d,"sender":{"user_type":1},"delivery_status":0},{"session_id":3,"msg_id":%d,"sender":{"user_type":1},"delivery_status":1}`, id, id)
		case 4: // No session, no time, odd fields.
			return fmt.Sprintf(`{"msg_id":"%d","sender":"canary","param":{"canary":[]},"msg_type":{},"send_time":"canary","delivery_status":[]}`, id)
		}
		return fmt.Sprintf(`{"session_id":5,"msg_id":%d,"msg_type":"0","sender":{"user_type":"9"},"send_time":"%d"}`, id, id)
	}
	wants := l.since(3, 1, 5)
	threads, errs := gather(t.Context(), t, newStub(t, l.answer).source(t, nil), wants)
	if len(errs) != 1 || errs[0].Error() != "reading the messages of 1 session: message/query: a record of the answer has no msg_id" {
		t.Errorf("errors %v", errs)
	}
	if len(threads) != 4 || len(l.requests()) != 1 {
		t.Fatalf("%d threads", len(threads))
	}
	for _, thread := range threads {
		checkThread(t, "odd", wants[thread.Session-1], thread, l.sessions[thread.Session])
		for _, r := range thread.Records {
			if r.At.Year() < 1970 || r.At.IsZero() {
				t.Errorf("session %d: a record of %s", thread.Session, r.At)
			}
			if thread.Session == 3 && r.Delivery != conversation.DeliverySent {
				t.Errorf("of two tellings the first one counts: %+v", r)
			}
		}
	}
}

// An answer to a batch that is in part may leave out anything.
func TestHostileR30APartOfABatchProvesNoStart(t *testing.T) {
	l := aTalk(3, 5)
	l.before = func(endpoint string, q url.Values) string {
		if endpoint == pathMessageQuery {
			return `{"errcode":1,"data":[` + l.thread(1, []int64{13, 10}) + `]}`
		}
		return ""
	}
	wants := l.first(1, 3)
	found := whole(t, newStub(t, l.answer).source(t, nil), wants)
	for _, w := range wants {
		checkThread(t, "in part", w, found[w.Session], l.sessions[w.Session])
	}
}

// Answers to batches that are of no use: never an endless loop, never a thread
// that is none.
func TestHostileBatches(t *testing.T) {
	for name, body := range map[string]string{
		"a web page": `<html>canary</html>`, "not JSON": `{"errcode":0,"data":[`, "empty": ` `, "no code": `{}`,
		"a text": `{"errcode":0,"data":"canary"}`, "numbers": `{"errcode":0,"data":[1,2]}`, "records that are texts": `{"errcode":0,"data":[{"records":["canary"]}]}`,
		"no id": `{"errcode":0,"data":[{"session_id":1,"records":[{}]},{"session_id":2,"records":[{}]}]}`,
	} {
		l := aTalk(100, 10)
		l.before = func(string, url.Values) string { return body }
		stub := newStub(t, l.answer)
		threads, errs := gather(t.Context(), t, stub.source(t, nil), l.since(3, 1, 100))
		if len(threads) != 0 || len(errs) == 0 || len(errs) > 2 {
			t.Errorf("%s: %d threads, errors %v", name, len(threads), errs)
		}
	}
	// An empty answer to everything is no error, and tells nothing.
	l := aTalk(100, 10)
	l.before = func(string, url.Values) string { return `{"errcode":0,"data":[]}` }
	for session, thread := range whole(t, newStub(t, l.answer).source(t, nil), l.since(3, 1, 100)) {
		if len(thread.Records) > 0 || thread.FromStart || thread.ReadAt.IsZero() {
			t.Errorf("session %d: %+v", session, thread)
		}
	}
}

// A batch whose answer is too large is asked for in smaller ones.
func TestHostileABatchThatIsTooLargeToRead(t *testing.T) {
	l := aTalk(50, 10)
	l.before = func(_ string, q url.Values) string {
		if strings.Count(q.Get("ids"), ",") >= 20 {
			return `{"errcode":0,"data":[` + strings.Repeat(`{},`, 1_000_001) + `{}]}`
		}
		return ""
	}
	s := newStub(t, l.answer).source(t, func(o *Options) { o.Concurrency = 1 })
	whole(t, s, l.since(3, 1, 50))
	l.requests()
	if whole(t, s, l.since(3, 1, 50)); len(l.requests()) > 5 {
		t.Error("it is tried again and again")
	}
}

// Wants of one session twice are one.
func TestAWantThatIsToldTwice(t *testing.T) {
	l := aTalk(2, 5)
	threads, errs := gather(t.Context(), t, newStub(t, l.answer).source(t, nil), append(l.first(1, 2), l.first(1, 2)...))
	if len(threads) != 2 || len(errs) != 0 {
		t.Errorf("%d threads, errors %v", len(threads), errs)
	}
}

// The faults of the simulator, on a day's records.
func TestHostileR35TheSimulatorsFaults(t *testing.T) {
	for _, kind := range []simyeastar.Kind{
		simyeastar.CursorIgnored, simyeastar.CursorCircle, simyeastar.EndlessRows, simyeastar.DuplicateRows, simyeastar.ForeignRecords,
		simyeastar.Truncated, simyeastar.ResetMidway, simyeastar.HTML,
	} {
		for _, endpoint := range []string{pathMessageGet, pathMessageQuery} {
			p := newPBX(t)
			var wants []conversation.Want
			truth := make(map[int64][]int64)
			for range 60 {
				id := p.open(t, world.Opening{Extension: "1001"})
				for range 1 + id%37 {
					must(t, p.World.CustomerWrites(id))
				}
				records, err := p.World.Records(id, 0, 1000)
				must(t, err)
				for _, r := range records {
					truth[id] = append(truth[id], r.ID)
				}
				slices.Reverse(truth[id])
				wants = append(wants, conversation.Want{Session: id, Listed: records[0].ID, Limit: 200})
			}
			lift := p.Yeastar.Inject(simyeastar.Fault{Endpoint: endpoint, Kind: kind})
			name := fmt.Sprintf("fault %v of %s", kind, endpoint)
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			threads, errs := gather(ctx, t, p.source(t, nil), wants)
			cancel()
			if ctx.Err() != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) || len(errs) > 3 {
				t.Errorf("%s: %d errors, %v", name, len(errs), ctx.Err())
			}
			if kind != simyeastar.EndlessRows {
				for _, thread := range threads {
					checkThread(t, name, wants[thread.Session-wants[0].Session], thread, truth[thread.Session])
				}
			}
			if len(threads) == 0 && len(errs) == 0 {
				t.Errorf("%s: nothing at all", name)
			}
			lift()
		}
	}
}

// No error of reading messages shows a customer, a text or the token.
func TestHostileNoErrorShowsACustomer(t *testing.T) {
	canary := `{"session_id":1,"msg_id":1,"sender":{"user_type":3,"user_no":"+49canary","username":"canary"},"msg_body":"canary","param":"canary","send_error":"canary"}`
	for _, body := range []string{
		`{"errcode":40002,"errmsg":"canary","invalid_param_list":[{"field":"canary","value":"canary"}]}`,
		`{"errcode":"canary"}`,
		`{"errcode":0,"data":[{"session_id":"canary","records":[` + canary + `]}]}`,
		`{"errcode":0,"data":{"canary":{}}}`,
		`{"errcode":0,"data":[{"session_id":1,"records":[` + canary + `,{"canary":1}]}]}`,
		`canary`,
		strings.Repeat(canary, 3),
	} {
		l := aTalk(3, 3)
		l.before = func(string, url.Values) string { return body }
		threads, _ := gather(t.Context(), t, newStub(t, l.answer).source(t, nil), l.first(1, 3)) // It looks at the errors.
		if text := fmt.Sprintf("%+v", threads); strings.Contains(text, "canary") {
			t.Errorf("%s is told: %s", body, text)
		}
	}
}
