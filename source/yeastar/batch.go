package yeastar

import "sync"

// batchMost is how many sessions one message/query names. The vendor documents no
// limit; more would make the answers long and the losses large.
const batchMost = 50

// batchSize is what was learned of how many sessions one message/query may name.
type batchSize struct {
	mu sync.Mutex
	// limit is how many are asked for, 0 for batchMost; proven is the largest
	// number that was answered in full.
	limit, proven int
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
	return !b.apart && (capped || total == pageSize)
}
