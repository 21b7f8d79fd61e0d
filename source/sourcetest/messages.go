package sourcetest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"conversation_exporter/conversation"
)

// gather reads wants to the end. A system that has no messages skips the part.
func gather(ctx context.Context, t *testing.T, src conversation.Source, wants []conversation.Want) (threads []conversation.Thread, errs []error) {
	t.Helper()
	for thread, err := range src.Messages(ctx, wants) {
		switch {
		case errors.Is(err, conversation.ErrUnsupported):
			t.Skip("the system tells no messages")
		case err != nil:
			noCanary(t, err.Error())
			errs = append(errs, err)
		default:
			noCanary(t, fmt.Sprintf("%+v", thread))
			threads = append(threads, thread)
		}
	}
	return threads, errs
}

// whole reads wants and expects a good thread for each.
func whole(t *testing.T, src conversation.Source, wants []conversation.Want) map[int64]conversation.Thread {
	t.Helper()
	threads, errs := gather(t.Context(), t, src, wants)
	if len(errs) > 0 || len(threads) != len(wants) {
		t.Fatalf("%d threads for %d wants, errors %v", len(threads), len(wants), errs)
	}
	found := make(map[int64]conversation.Thread, len(threads))
	for _, thread := range threads {
		found[thread.Session] = thread
		ascends := slices.IsSortedFunc(thread.Records, func(a, b conversation.Record) int {
			if a.ID < b.ID {
				return -1
			}
			return 1 // The same id twice is out of order too.
		})
		if !ascends || thread.ReadAt.IsZero() {
			t.Errorf("session %d: the records are out of order, or it is not told when they were read", thread.Session)
		}
		for _, r := range thread.Records {
			message := r.Kind == conversation.KindMessage
			if r.ID <= 0 || r.At.Year() <= 1970 || message != (r.Sender != "") || (r.Kind == conversation.KindClosed) != (r.Reason != "") {
				t.Errorf("session %d has the record %+v", thread.Session, r)
			}
		}
	}
	for _, want := range wants {
		thread, ok := found[want.Session]
		if !ok {
			t.Fatalf("session %d is in no thread", want.Session)
		}
		// A session at a form, whose listing shows no message, may have none.
		bare := want.After == 0 && want.Listed == 0 && len(thread.Records) == 0
		if !bare && !thread.FromStart && thread.Skipped == 0 && !want.Reached(thread.Records) {
			t.Errorf("session %d is not complete: %d records", want.Session, len(thread.Records))
		}
	}
	return found
}

// firstReads wants first reads of listed sessions, back to their start.
func firstReads(sessions []conversation.Session) []conversation.Want {
	wants := make([]conversation.Want, 0, len(sessions))
	for _, s := range sessions {
		wants = append(wants, conversation.Want{Session: s.ID, Listed: s.LastMessage, Limit: 200})
	}
	return wants
}

// news wants what is beyond the threads that were read.
func news(sessions []conversation.Session, read map[int64]conversation.Thread) []conversation.Want {
	wants := firstReads(sessions)
	for i := range wants {
		wants[i].After, wants[i].Limit = last(read[wants[i].Session]), 500
	}
	return wants
}

func last(thread conversation.Thread) int64 {
	if len(thread.Records) == 0 {
		return 0
	}
	return thread.Records[len(thread.Records)-1].ID
}

func threads(t *testing.T, s System) {
	src := s.Source(t)
	if got, errs := gather(t.Context(), t, src, nil); len(got)+len(errs) != 0 {
		t.Errorf("nothing was wanted, and told were %v and %v", got, errs)
	}
	ids := s.Open(t, 60)
	long := ids[7]
	s.Write(t, long, 150)
	sessions := list(t, src)
	read := whole(t, src, firstReads(sessions))
	for _, session := range sessions {
		thread := read[session.ID]
		if !thread.FromStart && (session.LastMessage != 0 || len(thread.Records) > 0) || session.LastMessage != 0 && last(thread) != session.LastMessage {
			t.Errorf("session %d, whose last message is %d: read up to %d, from the start %t", session.ID, session.LastMessage, last(thread), thread.FromStart)
		}
	}
	if n := len(read[long].Records); n <= 150 {
		t.Errorf("%d records of a session of more than 150 messages", n)
	}
	// What is new joins on to what is known, however much it is.
	fresh := map[int64]int{ids[0]: 1, ids[1]: 19, ids[2]: 20, ids[3]: 21, ids[4]: 130, long: 260}
	for id, n := range fresh {
		s.Write(t, id, n)
	}
	sessions = slices.DeleteFunc(list(t, src), func(session conversation.Session) bool { return fresh[session.ID] == 0 })
	for id, thread := range whole(t, src, news(sessions, read)) {
		added := slices.DeleteFunc(slices.Clone(thread.Records), func(r conversation.Record) bool { return r.ID <= last(read[id]) })
		if len(added) != fresh[id] || thread.Skipped != 0 {
			t.Errorf("session %d got %d messages; read were %d, skipped %d", id, fresh[id], len(added), thread.Skipped)
		}
		if thread.FromStart && thread.Records[0].ID != read[id].Records[0].ID {
			t.Errorf("session %d is told to begin with the record %d", id, thread.Records[0].ID)
		}
	}
}

// limit shows what becomes of more records than may be read.
func limit(t *testing.T, s System) {
	src := s.Source(t)
	id := s.Open(t, 1)[0]
	s.Write(t, id, 300)
	for _, want := range firstReads(list(t, src)) {
		want.Limit = 50
		thread := whole(t, src, []conversation.Want{want})[id]
		if len(thread.Records) != 50 || want.Listed != 0 && last(thread) != want.Listed || thread.Skipped == 0 || thread.FromStart {
			t.Errorf("of more than 300 records 50 were wanted: got %d, the last %d of %d, skipped %d, from the start %t",
				len(thread.Records), last(thread), want.Listed, thread.Skipped, thread.FromStart)
		}
	}
}

// priority gives less time than is needed.
func priority(t *testing.T, s System) {
	src := s.Source(t)
	s.Open(t, 1500)
	wants := firstReads(list(t, src))
	gather(t.Context(), t, src, wants[:1])
	var served []conversation.Thread
	var errs []error
	// A machine that is busy may serve none in a time in which another one serves many.
	const least, most, more = 700 * time.Millisecond, 30 * time.Second, 3
	for limit := least; limit < most && len(served) == 0; limit *= more {
		served, errs = inTime(t, s, src, wants, limit)
	}
	if len(served) == 0 || len(served) == len(wants) {
		t.Fatalf("%d of %d wants were served, so that nothing is shown", len(served), len(wants))
	}
	if len(errs) != 1 || !errors.Is(errs[0], context.DeadlineExceeded) {
		t.Errorf("errors %v, want one, the deadline", errs)
	}
	early := 0
	for _, thread := range served {
		if slices.IndexFunc(wants, func(w conversation.Want) bool { return w.Session == thread.Session }) < len(served) {
			early++
		}
	}
	if early < len(served)*3/4 {
		t.Errorf("of the first %d wants, %d were served; %d in all", len(served), early, len(served))
	}
}

// inTime reads as much as a slow system gives in a limited time.
func inTime(t *testing.T, s System, src conversation.Source, wants []conversation.Want, limit time.Duration) ([]conversation.Thread, []error) {
	t.Helper()
	const answers = 5 // So many can be waited for one after the other.
	s.Slow(limit / answers)
	defer s.Slow(0)
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	return gather(ctx, t, src, wants)
}

func messageFailure(t *testing.T, s System) {
	src := s.Source(t)
	s.Open(t, 200)
	wants := firstReads(list(t, src))
	s.Fail(true)
	got, errs := gather(t.Context(), t, src, wants)
	if len(got) != 0 || len(errs) == 0 {
		t.Errorf("%d threads of a system that fails, errors %v", len(got), errs)
	}
	causes := make([]string, 0, len(errs))
	for _, err := range errs {
		causes = append(causes, conversation.Key(err))
	}
	slices.Sort(causes)
	if len(slices.Compact(causes)) != len(errs) {
		t.Errorf("the same error several times: %v", errs)
	}
	s.Fail(false)
	s.Advance(time.Hour)
	whole(t, src, wants)
}

func messageDeadline(t *testing.T, s System) {
	src := s.Source(t)
	s.Open(t, 5)
	wants := firstReads(list(t, src))
	gather(t.Context(), t, src, wants)
	s.Hang(true)
	defer s.Hang(false)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if got, errs := gather(ctx, t, src, wants); len(got) != 0 || len(errs) != 1 || !errors.Is(errs[0], context.DeadlineExceeded) {
		t.Errorf("%d threads, errors %v; want the deadline to be why", len(got), errs)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if got, errs := gather(gone, t, src, wants); len(got) != 0 || len(errs) == 0 {
		t.Errorf("%d threads, errors %v, for a context that had ended", len(got), errs)
	}
}

// leaving stops after the first thread: nothing must go on.
func leaving(t *testing.T, s System) {
	src := s.Source(t)
	s.Open(t, 600)
	wants := firstReads(list(t, src))
	for _, err := range src.Messages(t.Context(), wants) {
		if errors.Is(err, conversation.ErrUnsupported) {
			t.Skip("the system tells no messages")
		}
		break
	}
	var left string
	for range 100 {
		if left = atWork(); left == "" {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("a goroutine goes on after nobody takes threads any more:\n%s", left)
}

// atWork returns the stack of a goroutine of a source, empty for none. Those of
// the tests themselves do not count.
func atWork() string {
	stacks := make([]byte, 4<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	for stack := range strings.SplitSeq(string(stacks), "\n\n") {
		if strings.Contains(stack, "/source/") && !strings.Contains(stack, "testing.") {
			return stack
		}
	}
	return ""
}
