package yeastar

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"
	"strconv"
	"sync"

	"conversation_exporter/conversation"
	"conversation_exporter/source/httpapi"
)

// Messages implements conversation.Source. Sessions are read in batches by
// message/query; one that is missing there, or whose gap is not closed, is read
// on by message/get (R30). The requests follow the order of the wants.
func (s *Source) Messages(ctx context.Context, wants []conversation.Want) iter.Seq2[conversation.Thread, error] {
	return func(yield func(conversation.Thread, error) bool) {
		if len(wants) == 0 {
			return
		}
		// Signing in first tells a wrong secret once, not once a batch.
		if _, err := s.tokens.get(ctx); err != nil {
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
	// lists, totals and gets are the longest lists of one session and of a whole
	// answer of message/query, and the longest page of message/get.
	lists, totals, gets longest

	mu sync.Mutex
	// more is told when there may be another task, or none any more.
	more *sync.Cond
	// rest are the sessions that were not asked for yet; tasks are what follows
	// from answers, in the order of the wants. It comes before the rest.
	rest  []*thread
	tasks []task
	// alone is how many of the last of the rest are asked for by themselves.
	alone int
	// busy counts the tasks under way, unread the sessions without a thread.
	busy, unread int
	// over is true once nothing more is to be asked.
	over   bool
	losses []loss
	fault  *conversation.PanicError
}

// task is one step: sessions to be read in one batch, or one to be read on.
type task struct {
	threads []*thread
	// follow is true for a session that is read on by message/get.
	follow bool
	// dropped is how many sessions the answer had in which these were missing, if
	// they may have been too many for it; else 0.
	dropped int
}

// loss is why some sessions could not be read.
type loss struct {
	cause error
	// n counts the sessions; rest is true where it is why nothing more was asked,
	// so that all that are left were lost by it too.
	n    int
	rest bool
}

func newReading(s *Source, wants []conversation.Want) *reading {
	r := &reading{source: s, out: make(chan conversation.Thread)}
	r.more = sync.NewCond(&r.mu)
	wants, r.alone = s.suspects.last(wants)
	known := make(map[int64]bool, len(wants))
	for i, want := range wants {
		if !known[want.Session] {
			known[want.Session] = true
			r.rest = append(r.rest, &thread{want: want, place: i})
		}
	}
	r.unread = len(r.rest)
	return r
}

// run reads and yields until everything is read, nobody wants more, or it has to
// be left. No goroutine of it is left then. A panic in one is raised again here.
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
	of := strconv.Itoa(n) + " sessions"
	if n == 1 {
		of = "1 session"
	}
	return &conversation.LossError{Doing: "reading the messages of", Of: of, Cause: l.cause}
}

// work does tasks until there are none.
func (r *reading) work(ctx context.Context) {
	for {
		t, ok := r.next()
		if !ok {
			return
		}
		r.do(ctx, t)
	}
}

// next takes the first task in the order of the wants, waiting for what the tasks
// under way may bring.
func (r *reading) next() (task, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for !r.over && len(r.tasks) == 0 && len(r.rest) == 0 && r.busy > 0 {
		r.more.Wait()
	}
	if r.over {
		return task{}, false
	}
	var t task
	most := r.source.batches.most()
	switch {
	case len(r.tasks) > 0:
		t, r.tasks = r.tasks[0], r.tasks[1:]
		if len(t.threads) > most {
			// Meanwhile it has turned out to be too large.
			r.insert(task{threads: t.threads[most:], dropped: t.dropped})
			t.threads = t.threads[:most]
		}
	case len(r.rest) > 0:
		n := max(1, min(most, len(r.rest)-r.alone))
		t.threads, r.rest = r.rest[:n], r.rest[n:]
	default:
		return task{}, false
	}
	r.busy++
	return t, true
}

// add puts tasks in their places among the others.
func (r *reading) add(tasks ...task) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, t := range tasks {
		r.insert(t)
	}
	r.more.Broadcast()
}

// insert puts one task in its place. r.mu is held.
func (r *reading) insert(t task) {
	i, _ := slices.BinarySearchFunc(r.tasks, t.threads[0].place, func(other task, place int) int { return cmp.Compare(other.threads[0].place, place) })
	r.tasks = slices.Insert(r.tasks, i, t)
}

// do does one task.
func (r *reading) do(ctx context.Context, t task) {
	defer func() {
		p := recover()
		r.mu.Lock()
		defer r.mu.Unlock()
		if p != nil {
			r.over, r.fault = true, conversation.NewPanicError("reading the messages", p)
		}
		r.busy--
		r.more.Broadcast()
	}()
	defer func() {
		if ctx.Err() != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
			r.source.suspects.missed(t.threads)
		}
	}()
	if !t.follow {
		r.batch(ctx, t)
		return
	}
	one := t.threads[0]
	if err := r.follow(ctx, one); err != nil {
		r.lose(ctx, loss{cause: err, n: 1})
		return
	}
	r.deliver(one)
}

// deliver hands over a thread. Somebody takes it, even if only to let it go.
func (r *reading) deliver(t *thread) {
	done := t.finish()
	r.source.suspects.cleared(done.Session)
	r.mu.Lock()
	r.unread--
	r.mu.Unlock()
	r.out <- done
}

// lose notes why sessions could not be read, each cause once. What concerns
// everything that is still to be read ends the reading.
func (r *reading) lose(ctx context.Context, l loss) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over {
		return // What ended it is why.
	}
	var (
		signIn  signInError
		refused *codeError
	)
	switch {
	case ctx.Err() != nil && !errors.Is(l.cause, ctx.Err()):
		l.cause = httpapi.Expired(ctx, pathMessageQuery, "the time was over before everything was read")
		l.rest = true
	case ctx.Err() != nil, errors.Is(l.cause, context.DeadlineExceeded), errors.Is(l.cause, context.Canceled):
		l.rest = true
	case errors.As(l.cause, &signIn), errors.Is(l.cause, conversation.ErrUnsupported):
		l.rest = true
	case errors.As(l.cause, &refused):
		l.rest = l.rest || refused.class() == classSignIn || refused.class() == classPause
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
