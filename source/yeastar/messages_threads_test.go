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
	"conversation_exporter/source/httpapi"
)

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
	l, m := aTalk(1000, 30), httpapi.NewMetrics()
	s := newStub(t, l.answer).source(t, withMetrics(m))
	// The PBX may notice a request late that was made, and given up, before.
	asked := func() int {
		by := counted(t, m, requestsTotal, "endpoint")
		return int(by[pathMessageQuery] + by[pathMessageGet])
	}
	for range s.Messages(t.Context(), l.since(3, 1, 1000)) {
		break
	}
	early := asked()
	if early == 0 || early > 2+2*s.opts.Concurrency {
		t.Errorf("%d requests for one thread", early)
	}
	time.Sleep(20 * time.Millisecond)
	if late := asked() - early; late != 0 {
		t.Errorf("%d requests afterwards", late)
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
