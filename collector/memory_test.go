package collector

import (
	"runtime"
	"testing"
	"time"
	"unsafe"

	"conversation_exporter/conversation"
)

// filled is a ledger of so many sessions that were all read.
func filled(n int) *ledger {
	l := newLedger(true)
	l.marks.swept = conversation.Mark{Viewers: map[string]int64{viewer: 0}}
	by := conversation.NewViewerSet(viewer)
	now := start()
	const batch = 1000
	for from := 0; from < n; from += batch {
		sessions := make([]conversation.Session, 0, batch)
		for i := from; i < from+batch; i++ {
			s := windowed(session(int64(i+1), "whatsapp"), now.Add(time.Hour))
			s.Queue = conversation.Queue{ID: int64(i%40 + 1), Name: "queue"}
			s.LastMessage, s.ShownBy = int64(10*i+10), by
			sessions = append(sessions, s)
		}
		l.list(sessions, now, whole())
		l.marks.baseline(&listing{sessions: sessions}, now)
		for i := range sessions {
			s := &sessions[i]
			l.marks.raise(l.entries[s.ID])
			l.read(&conversation.Thread{Session: s.ID, FromStart: true, ReadAt: now, Records: []conversation.Record{
				{ID: s.LastMessage - 1, At: now, Kind: conversation.KindMessage, Sender: conversation.SenderCustomer},
				{ID: s.LastMessage, At: now, Kind: conversation.KindMessage, Sender: conversation.SenderAgent, Human: true},
			}})
		}
		l.events = l.events[:0]
	}
	return l
}

// led is the same of sessions that a status leads.
func led(n int) *ledger {
	l := newLedger(true)
	l.marks.swept = conversation.Mark{Viewers: map[string]int64{viewer: 0}}
	by, now := conversation.NewViewerSet(viewer), start()
	const batch = 1000
	for from := 0; from < n; from += batch {
		sessions := make([]conversation.Session, 0, batch)
		for i := from; i < from+batch; i++ {
			s := session(int64(i+1), "chat")
			s.Queue = conversation.Queue{ID: int64(i%40 + 1), Name: "queue"}
			s.ByStatus, s.Awaiting, s.Requested, s.Started, s.LastActivity, s.ShownBy = true, conversation.AwaitingCustomer, now, now, now, by
			sessions = append(sessions, s)
		}
		l.list(sessions, now, whole())
		l.marks.baseline(&listing{sessions: sessions}, now)
		for i := range sessions {
			l.marks.raise(l.entries[sessions[i].ID])
			l.read(&conversation.Thread{Session: sessions[i].ID, FromStart: true, ReadAt: now, Records: []conversation.Record{
				{ID: int64(10*i + 1), At: now, Kind: conversation.KindMessage, Sender: conversation.SenderCustomer},
				{ID: int64(10*i + 2), At: now, Kind: conversation.KindMessage, Sender: conversation.SenderAgent, Human: true, ReadByCustomer: conversation.ReceiptUnread},
			}})
		}
		l.events = l.events[:0]
	}
	return l
}

// heapOf is how much memory is in use by what a function makes, in bytes.
func heapOf[T any](f func() T) (made T, size uint64) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	made = f()
	runtime.GC()
	runtime.ReadMemStats(&after)
	return made, after.HeapAlloc - before.HeapAlloc
}

// A session takes at most 200 bytes of the heap, with all that is remembered of
// it (docs/rules.md), a tombstone at most 64.
func TestASessionIsSmall(t *testing.T) {
	const n = 100_000
	small := func(what string, size uint64) {
		if per := float64(size) / n; per > 200 {
			t.Errorf("a session %s takes %.0f bytes of the heap, of which the entry is %d and the facts are %d; want 200 at most", what, per, unsafe.Sizeof(entry{}), unsafe.Sizeof(conversation.Facts{}))
		} else {
			t.Logf("a session %s takes %.0f bytes, of which the entry is %d", what, per, unsafe.Sizeof(entry{}))
		}
	}
	_, size := heapOf(func() *ledger { return led(n) })
	small("that a status leads", size)
	l, size := heapOf(func() *ledger { return filled(n) })
	small("that is told by its messages", size)
	for id, e := range l.entries {
		l.forget(id, e)
	}
	l.entries = nil
	stones, size := heapOf(func() map[int64]tombstone {
		stones := make(map[int64]tombstone)
		for id, stone := range l.tombstones {
			stones[id] = stone
		}
		return stones
	})
	if per := float64(size) / float64(len(stones)); per > 64 {
		t.Errorf("a tombstone takes %.0f bytes", per)
	}
	runtime.KeepAlive(l)
}

func BenchmarkLedger(b *testing.B) {
	const n = 100_000
	b.ReportAllocs()
	for b.Loop() {
		l, size := heapOf(func() *ledger { return filled(n) })
		b.ReportMetric(float64(size)/n, "heap-B/session")
		runtime.KeepAlive(l)
	}
}
