package superoffice

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"slices"
	"strconv"
	"sync"

	"conversation_exporter/conversation"
	"conversation_exporter/source/httpapi"
)

// limitAssumed is how many records are read of a session where nobody says.
const limitAssumed = 500

// refusalsInARow is how many sessions are forbidden one after the other until none is
// asked for any more: one may be so by itself.
const refusalsInARow = 3

// Messages implements conversation.Source: one request a session, in the order of
// the wants but for those that were forbidden before, as many at a time as requests may
// be under way (R30).
func (s *Source) Messages(ctx context.Context, wants []conversation.Want) iter.Seq2[conversation.Thread, error] {
	return func(yield func(conversation.Thread, error) bool) {
		if len(wants) == 0 {
			return
		}
		// Signing in first tells a wrong secret once, not once a session.
		if _, err := s.signIn.get(ctx); err != nil {
			yield(conversation.Thread{}, err)
			return
		}
		newReading(s, wants).run(ctx, yield)
	}
}

// reading is one call of Messages.
type reading struct {
	source *Source
	out    chan conversation.Thread

	mu sync.Mutex
	// rest are the sessions that were not asked for yet.
	rest []conversation.Want
	// unread counts the sessions without a thread, over is true once nothing more is
	// to be asked.
	unread int
	over   bool
	// refusals counts the sessions that were forbidden since one was read.
	refusals int
	losses   []loss
	fault    *conversation.PanicError
}

// loss is why some sessions could not be read.
type loss struct {
	cause error
	// n counts the sessions; rest is true where it is why nothing more was asked, so
	// that all that are left were lost by it too.
	n    int
	rest bool
}

func newReading(s *Source, wants []conversation.Want) *reading {
	r := &reading{source: s, out: make(chan conversation.Thread)}
	known := make(map[int64]bool, len(wants))
	var last []conversation.Want
	for _, want := range wants {
		switch {
		case known[want.Session]:
		case s.forbidden.has(want.Session):
			last = append(last, want)
		default:
			r.rest = append(r.rest, want)
		}
		known[want.Session] = true
	}
	r.rest = append(r.rest, last...)
	r.unread = len(r.rest)
	return r
}

// run reads and yields until everything is read, nobody wants more, or it has to be
// left. No goroutine of it is left then. A panic in one is raised again here.
func (r *reading) run(ctx context.Context, yield func(conversation.Thread, error) bool) {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	for range min(r.source.opts.Concurrency, len(r.rest)) {
		wg.Go(func() { r.work(ctx) })
	}
	ended := make(chan struct{})
	go func() {
		wg.Wait()
		close(r.out)
		close(ended)
	}()
	stop := func() {
		cancel()
		for range r.out { // Who waits to hand over a thread must not wait for ever.
		}
		<-ended
	}
	defer stop() // Whoever takes the threads may panic.
	wanted := true
	for t := range r.out {
		if wanted = yield(t, nil); !wanted {
			break
		}
	}
	stop()
	if r.fault != nil {
		panic(r.fault)
	}
	for _, l := range r.losses {
		if !wanted {
			return
		}
		wanted = yield(conversation.Thread{}, l.tell(r.unread))
	}
}

// tell makes the error of a loss.
func (l loss) tell(unread int) error {
	n := l.n
	if l.rest {
		n += unread
	}
	return &conversation.LossError{Doing: "reading the messages of", Of: count(n, "session"), Cause: l.cause}
}

// work reads sessions until there are none.
func (r *reading) work(ctx context.Context) {
	for {
		want, ok := r.next()
		if !ok {
			return
		}
		r.do(ctx, want)
	}
}

// next takes the first session of the rest.
func (r *reading) next() (conversation.Want, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over || len(r.rest) == 0 {
		return conversation.Want{}, false
	}
	want := r.rest[0]
	r.rest = r.rest[1:]
	return want, true
}

// do reads one session, and hands its thread over. Somebody takes it, even if only
// to let it go.
func (r *reading) do(ctx context.Context, want conversation.Want) {
	defer func() {
		if p := recover(); p != nil {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.over, r.fault = true, conversation.NewPanicError("reading the messages", p)
		}
	}()
	t, err := r.source.thread(ctx, want)
	r.source.forbidden.note(want.Session, refusedWith(err, 403))
	if err != nil {
		r.lose(ctx, loss{cause: err, n: 1})
		return
	}
	r.mu.Lock()
	r.refusals = 0
	r.unread--
	r.mu.Unlock()
	r.out <- t
}

// lose notes why a session could not be read, each cause once. What concerns
// everything that is still to be read ends the reading.
func (r *reading) lose(ctx context.Context, l loss) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over {
		return // What ended it is why.
	}
	var (
		signIn    signInError
		transport *httpapi.Error
	)
	switch {
	case ctx.Err() != nil && !errors.Is(l.cause, ctx.Err()):
		l.cause = httpapi.Expired(ctx, pathMessages, "the time was over before everything was read")
		l.rest = true
	case ctx.Err() != nil, errors.Is(l.cause, context.DeadlineExceeded), errors.Is(l.cause, context.Canceled), errors.As(l.cause, &signIn):
		l.rest = true
	case errors.As(l.cause, &transport):
		if transport.Status == 403 {
			r.refusals++
		}
		l.rest = transport.Status == 401 || r.refusals >= refusalsInARow || transport.Reason == httpapi.ReasonThrottled
	}
	r.over = l.rest
	r.unread -= l.n
	key := conversation.Key(l.cause)
	i := slices.IndexFunc(r.losses, func(other loss) bool { return conversation.Key(other.cause) == key })
	if i < 0 {
		r.losses = append(r.losses, l)
		return
	}
	r.losses[i].n += l.n
	r.losses[i].rest = l.rest
}

// forbidden remembers the sessions whose messages may not be read, so that they come
// after all others.
type forbidden struct {
	mu       sync.Mutex
	sessions map[int64]bool
}

func (f *forbidden) has(session int64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.sessions[session]
}

// note notes whether a session is forbidden. Where there are very many, all of them are
// forgotten: it is only their order that suffers.
func (f *forbidden) note(session int64, is bool) {
	const most = 1000
	f.mu.Lock()
	defer f.mu.Unlock()
	if !is {
		delete(f.sessions, session)
		return
	}
	if f.sessions == nil || len(f.sessions) >= most {
		f.sessions = make(map[int64]bool)
	}
	f.sessions[session] = true
}

// thread reads the messages of one session. The vendor words after as exclusive, so
// the last message that is known is asked for too: that joins the two readings, and
// it does no harm where it is not so. There is no paging. A session that has vanished
// since it was listed has no messages, however the server says so.
func (s *Source) thread(ctx context.Context, want conversation.Want) (conversation.Thread, error) {
	var query url.Values
	if want.After > 1 {
		query = url.Values{"after": {strconv.FormatInt(want.After-1, 10)}}
	}
	limit := orDefault(want.Limit, limitAssumed)
	rows := messageRows{session: want.Session, after: want.After, keep: limit + 1}
	at, err := s.get(ctx, asked{path: pathMessages, id: want.Session, query: query}, &rows)
	if refusedWith(err, 404) {
		return conversation.Thread{Session: want.Session, ReadAt: s.opts.Clock.Now()}, nil
	}
	if err != nil {
		return conversation.Thread{}, err
	}
	records, err := recordsOf(rows.rows, s.dates(at).utc())
	if err != nil {
		return conversation.Thread{}, fmt.Errorf("%s: %w", pathMessages, err)
	}
	t := conversation.Thread{Session: want.Session, Records: records, FromStart: query == nil && len(records) > 0, ReadAt: at}
	news := rows.left
	for i := range records {
		if records[i].ID > want.After {
			news++
		}
	}
	if over := news - limit; over > 0 {
		t.Records, t.FromStart = records[len(records)-limit:], false
		if !want.Reached(t.Records) {
			t.Skipped = over
		}
	}
	return t, nil
}

// count writes a number of things.
func count(n int, one string) string {
	switch n {
	case 0:
		return "no " + one
	case 1:
		return "1 " + one
	default:
		return strconv.Itoa(n) + " " + one + "s"
	}
}
