package superoffice

import (
	"context"
	"errors"
	"sync"

	"conversation_exporter/conversation"
	"conversation_exporter/source/httpapi"
)

// errand is what is done for many, one by one.
type errand struct {
	// n is for how many, atOnce for how many at a time; 0 is as many as requests may be
	// under way.
	n, atOnce int
	do        func(ctx context.Context, i int) error
	// done is told of each that went well, one at a time; it may be nil.
	done func(i int)
}

// failuresInARow is how many failures, of whatever kind, are taken for that of all.
const failuresInARow = 5

// each runs an errand until one ends with an error that the others would meet too. It
// returns the first error. No goroutine is left when it returns, and a panic in one is
// raised again.
func (s *Source) each(ctx context.Context, e errand) error {
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		next  int
		first error
		inRow int
		over  bool
		fault *conversation.PanicError
	)
	take := func() (int, bool) {
		mu.Lock()
		defer mu.Unlock()
		if next >= e.n || over || fault != nil || ctx.Err() != nil && next > 0 {
			return 0, false
		}
		next++
		return next - 1, true
	}
	one := func(i int) {
		var err error
		defer func() {
			p := recover()
			mu.Lock()
			defer mu.Unlock()
			switch {
			case p != nil:
				fault = conversation.NewPanicError("reading one by one", p)
			case err == nil:
				inRow = 0
				if e.done != nil {
					e.done(i)
				}
			default:
				inRow++
				over = over || !alone(err) || inRow >= failuresInARow
				if first == nil {
					first = err
				}
			}
		}()
		err = e.do(ctx, i)
	}
	for range min(orDefault(e.atOnce, s.opts.Concurrency), e.n) {
		wg.Go(func() {
			for i, ok := take(); ok; i, ok = take() {
				one(i)
			}
		})
	}
	wg.Wait()
	if fault != nil {
		panic(fault)
	}
	if first == nil && next < e.n && ctx.Err() != nil {
		first = ctx.Err()
	}
	return first
}

// alone reports whether an error may be that of one thing, so that the others are
// still worth asking for: one may be forbidden, broken or too large by itself.
func alone(err error) bool {
	var transport *httpapi.Error
	if !errors.As(err, &transport) {
		return false
	}
	switch transport.Reason {
	case httpapi.ReasonDecode, httpapi.ReasonTooLarge:
		return true
	default:
		return transport.Status >= 400 && transport.Status != 401 && transport.Status != 429
	}
}
