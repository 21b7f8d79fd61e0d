package world

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// entry is a Record as it is kept: a world has very many of them, in a demo for
// days, so the texts are numbers. Its session is the one that it is kept with.
type entry struct {
	id       int64
	at       int64 // in Unix seconds
	number   term
	from, to term
	why      term // the reason of a closing, or the failure of a message
	delivery term
	kind     Kind
	side     Side
	template bool
}

// term is the number of a text, and of the queue that the text names.
type term uint16

type naming struct {
	text  string
	queue int
}

// terms are all texts that occur in records. There are only a few, those of
// the team and of failures; the first one is empty.
type terms struct {
	list  []naming
	index map[naming]term
	last  term
}

func newTerms() *terms {
	return &terms{list: []naming{{}}, index: map[naming]term{{}: 0}}
}

// of gives the number of a text. Where there are too many, it is forgotten.
func (t *terms) of(text string, queue int) term {
	n := naming{text: text, queue: queue}
	have, ok := t.index[n]
	if ok || t.last == ^term(0) {
		return have
	}
	t.last++
	t.list = append(t.list, n)
	t.index[n] = t.last
	return t.last
}

func (t *terms) pack(r *Record) entry {
	e := entry{
		id: r.ID, at: r.At.Unix(), kind: r.Kind, side: r.Side, template: r.Template,
		number: t.of(r.Number, 0), from: t.of("", r.FromQueue), to: t.of(r.To, r.ToQueue),
		delivery: t.of(string(r.Delivery), 0), why: t.of(r.Failure, 0),
	}
	if r.Kind == KindClosed {
		e.why = t.of(string(r.Reason), 0)
	}
	return e
}

func (t *terms) unpack(e *entry, session int64) Record {
	r := Record{
		ID: e.id, Session: session, At: time.Unix(e.at, 0).UTC(), Kind: e.kind, Side: e.side, Template: e.template,
		Number: t.list[e.number].text, FromQueue: t.list[e.from].queue,
		To: t.list[e.to].text, ToQueue: t.list[e.to].queue, Delivery: Delivery(t.list[e.delivery].text),
	}
	if e.kind == KindClosed {
		r.Reason = Reason(t.list[e.why].text)
	} else {
		r.Failure = t.list[e.why].text
	}
	return r
}

// Thread is a session and a part of its records, as they are at one instant.
type Thread struct {
	Session Session
	// Records are the newest first.
	Records []Record
}

// Records gives copies of at most limit records of a session, open or closed,
// the newest first. With below they are only those with lower ids; 0 begins
// with the newest.
func (w *World) Records(session, below int64, limit int) ([]Record, error) {
	threads := w.Threads([]int64{session}, below, limit)
	if len(threads) == 0 {
		return nil, fmt.Errorf("read the records of session %d: %w", session, ErrNotFound)
	}
	return threads[0].Records, nil
}

// Threads gives what Records gives, of several sessions at one instant and in
// the order of the ids given. Sessions that there are not are left out.
func (w *World) Threads(sessions []int64, below int64, limit int) []Thread {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := make([]Thread, 0, len(sessions))
	for _, id := range sessions {
		if s := w.sessions[id]; s != nil {
			list = append(list, Thread{Session: s.copy(), Records: w.recordsOf(s, below, limit)})
		}
	}
	return list
}

func (w *World) recordsOf(s *session, below int64, limit int) []Record {
	upTo := len(s.records)
	if below > 0 {
		upTo, _ = s.find(below)
	}
	list := make([]Record, 0, min(max(limit, 0), upTo))
	for i := upTo - 1; i >= 0 && len(list) < limit; i-- {
		list = append(list, w.terms.unpack(&s.records[i], s.ID))
	}
	return list
}

// find gives where a record is, or would be.
func (s *session) find(record int64) (int, bool) {
	return slices.BinarySearchFunc(s.records, record, func(e entry, id int64) int { return cmp.Compare(e.id, id) })
}
