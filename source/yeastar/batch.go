package yeastar

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"conversation_exporter/source/httpapi"
)

const (
	// batchMost is how many sessions one message/query names. The vendor documents
	// no limit; more would make the answers long and the losses large.
	batchMost = 50
	// pageNews is how many records of each session a batch asks for: what is new
	// since the last pass is seldom more.
	pageNews = 20
	// pageFirst is how many where the batch has first reads, which go further back.
	// It is below batchMost, so that a full batch shows what page_size counts for,
	// even if each session has a single record, as those of a campaign have.
	pageFirst = batchMost - 1
)

// batchSize is what was learned of how many sessions one message/query may name.
type batchSize struct {
	mu sync.Mutex
	// limit is how many are asked for, 0 for batchMost; proven is the largest
	// number that was answered in full; alone counts the refusals of single ones
	// before any was answered.
	limit, proven, alone int
	// apart is true once an answer had more records than page_size, which
	// therefore counts for each session by itself.
	apart bool
}

// most is how many sessions to ask for at once.
func (b *batchSize) most() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.limit == 0 {
		return batchMost
	}
	return b.limit
}

// refused notes that the PBX did not take so many. Where it has answered as many
// before, it is the sessions themselves that it does not take.
func (b *batchSize) refused(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.limit = max(1, b.proven, min(n/2, b.current()))
}

// refusedAlone notes that the PBX did not take a single session. It reports
// whether it seems to take none: then asking for the others is of no use.
func (b *batchSize) refusedAlone() bool {
	const enough = 3
	b.mu.Lock()
	defer b.mu.Unlock()
	b.alone++
	return b.proven == 0 && b.alone >= enough
}

// answered notes that so many sessions were answered in full.
func (b *batchSize) answered(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.proven = max(b.proven, n)
	b.limit = max(b.proven, b.current())
}

// dropped notes that of more sessions than n, the PBX answers the first n and
// forgets the others.
func (b *batchSize) dropped(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.limit, b.proven = n, min(b.proven, n)
}

func (b *batchSize) current() int {
	if b.limit == 0 {
		return batchMost
	}
	return b.limit
}

// mayBeCut reports whether the lists of an answer may have been cut for want of
// room: the vendor does not say whether page_size counts for each session or for
// the whole answer. Beyond page_size it cannot be the latter; below, it may be
// what a PBX has clamped page_size to.
func (b *batchSize) mayBeCut(total, pageSize int, totals *longest) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	capped := totals.mayBeCapped(total)
	b.apart = b.apart || total > pageSize
	return total == pageSize || capped && !b.apart
}

// batch reads some sessions in one answer.
func (r *reading) batch(ctx context.Context, t task) {
	pageSize := pageNews
	ids := make([]int64, 0, len(t.threads))
	for _, one := range t.threads {
		ids = append(ids, one.want.Session)
		if one.want.After == 0 {
			pageSize = pageFirst
		}
	}
	out, at, err := get[threadsAnswer](ctx, r.source, pathMessageQuery, url.Values{"ids": {joinIDs(ids)}, "page_size": {strconv.Itoa(pageSize)}})
	many := len(t.threads) > 1
	switch {
	case err == nil:
		r.share(ctx, t, out, at, pageSize)
	case many && tooMany(err):
		r.source.batches.refused(len(ids))
		r.split(t)
	case many && refusedWith(err, codeNotFound):
		r.split(t) // One of them is gone; the others are not.
	case refusedWith(err, codeNotFound):
		t.threads[0].gone(r.source.opts.Clock.Now())
		r.deliver(t.threads[0])
	case refusedWith(err, codeParameter):
		r.lose(ctx, loss{cause: err, n: 1, rest: r.source.batches.refusedAlone()})
	default:
		r.lose(ctx, loss{cause: err, n: len(ids)})
	}
}

// tooMany reports whether an error may mean that a batch was too large.
func tooMany(err error) bool {
	var transport *httpapi.Error
	return refusedWith(err, codeParameter) || errors.As(err, &transport) && transport.Reason == httpapi.ReasonTooLarge
}

// split makes smaller batches of a batch.
func (r *reading) split(t task) {
	half := (len(t.threads) + 1) / 2
	var parts []task
	for part := range slices.Chunk(t.threads, half) {
		parts = append(parts, task{threads: part})
	}
	r.add(parts...)
}

// share gives each session its records, and decides how it goes on with each.
func (r *reading) share(ctx context.Context, t task, out *threadsAnswer, at time.Time, pageSize int) {
	lists, total := out.bySession()
	var found, missing []*thread
	for _, one := range t.threads {
		if rows := lists[one.want.Session]; len(rows) > 0 {
			found = append(found, one)
			r.lists.mayBeCapped(len(rows)) // So that all are judged by the longest.
		} else {
			missing = append(missing, one)
		}
	}
	cut := out.Errcode.n == codePartial
	if len(t.threads) > 1 {
		cut = r.source.batches.mayBeCut(total, pageSize, &r.totals) || cut
	}
	next := r.again(t, len(found), missing)
	done := found[:0]
	for _, one := range found {
		rows := lists[one.want.Session]
		one.readAt = at
		_, err := one.take(rows, r.source.newDecoder(), 0)
		if err != nil {
			r.lose(ctx, loss{cause: fmt.Errorf("%s: %w", pathMessageQuery, err), n: 1})
			continue
		}
		// A start where the record is missing that is known already is none.
		one.fromStart = one.want.After == 0 && !cut && len(rows) < pageSize && !r.lists.mayBeCapped(len(rows))
		if one.stale() || !one.complete() {
			next = append(next, task{threads: []*thread{one}, follow: true})
		} else {
			done = append(done, one)
		}
	}
	r.add(next...)
	for _, one := range done {
		r.deliver(one)
	}
}

// again decides how to ask for what is missing from an answer, and learns from it
// how many sessions may be asked for at once. Where many are missing, the PBX may
// take fewer ids than it was given: if so, they are told when they come first.
func (r *reading) again(t task, found int, missing []*thread) []task {
	many := len(missing) > 1 && len(missing)*5 >= len(t.threads)
	switch {
	case len(missing) == 0 && t.dropped == 0:
		r.source.batches.answered(found)
	case found > 0 && t.dropped > 0:
		r.source.batches.dropped(t.dropped)
	case found > 0 && many:
		var parts []task
		for part := range slices.Chunk(missing, found) {
			parts = append(parts, task{threads: part, dropped: found})
		}
		return parts
	}
	parts := make([]task, 0, len(missing))
	for _, one := range missing {
		parts = append(parts, task{threads: []*thread{one}, follow: true})
	}
	return parts
}
