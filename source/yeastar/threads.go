package yeastar

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"

	"conversation_exporter/conversation"
)

// limitAssumed is how many records are read of a session where nobody says.
const limitAssumed = 500

// thread is what was read of one session so far.
type thread struct {
	want conversation.Want
	// place is that of its want among all.
	place int
	// records are in ascending order of their ids, each once.
	records   []conversation.Record
	fromStart bool
	// readAt is our clock at the answer that told the newest record.
	readAt time.Time
}

// errThreadStuck is what a session ends with whose pages repeat themselves.
var errThreadStuck = errors.New(pathMessageGet + ": the records do not move on: the PBX answers each page with what it has already told, or with another session's")

// take adds the records of a page and returns how many were not known and are
// older than a record; those of other sessions are left out. A record that comes
// again is taken as it is told now.
func (t *thread) take(rows []msgRecord, d decoder, olderThan int64) (older int, err error) {
	known := t.ids()
	for i := range rows {
		row := &rows[i]
		if row.SessionID.n > 0 && row.SessionID.n != t.want.Session {
			continue
		}
		r, err := d.record(row)
		if err != nil {
			return 0, err
		}
		t.records = append(t.records, r)
		if !known[r.ID] && (olderThan == 0 || r.ID < olderThan) {
			older++
			known[r.ID] = true
		}
	}
	slices.Reverse(t.records) // So that of two that are told, the later one comes first.
	slices.SortStableFunc(t.records, func(a, b conversation.Record) int { return cmp.Compare(a.ID, b.ID) })
	t.records = slices.CompactFunc(t.records, func(a, b conversation.Record) bool { return a.ID == b.ID })
	return older, nil
}

func (t *thread) ids() map[int64]bool {
	known := make(map[int64]bool, len(t.records))
	for i := range t.records {
		known[t.records[i].ID] = true
	}
	return known
}

// oldest and newest are the ids of the first and last record, 0 for none.
func (t *thread) oldest() int64 {
	if len(t.records) == 0 {
		return 0
	}
	return t.records[0].ID
}

func (t *thread) newest() int64 {
	if len(t.records) == 0 {
		return 0
	}
	return t.records[len(t.records)-1].ID
}

// stale reports whether the records end before the message that the list of
// sessions has shown.
func (t *thread) stale() bool { return len(t.records) == 0 || t.newest() < t.want.Listed }

func (t *thread) limit() int { return orDefault(t.want.Limit, limitAssumed) }

// news counts the records that are not known from an earlier reading.
func (t *thread) news() int {
	i, _ := slices.BinarySearchFunc(t.records, t.want.After+1, func(r conversation.Record, id int64) int { return cmp.Compare(r.ID, id) })
	return len(t.records) - i
}

// complete reports whether no more is to be read (R29, R31). With as many records
// as the limit allows, a page more tells whether any was passed over.
func (t *thread) complete() bool {
	return t.fromStart || t.news() > t.limit() || t.want.Reached(t.records)
}

// finish makes the answer. Of more records than the limit the newest are kept;
// where these do not go back far enough, the others were passed over.
func (t *thread) finish() conversation.Thread {
	fillTimes(t.records, t.readAt)
	done := conversation.Thread{Session: t.want.Session, Records: t.records, FromStart: t.fromStart && len(t.records) > 0, ReadAt: t.readAt}
	if over := t.news() - t.limit(); over > 0 {
		done.Records, done.FromStart = t.records[len(t.records)-t.limit():], false
		if !t.want.Reached(done.Records) {
			done.Skipped = over
		}
	}
	return done
}

// follow reads a thread on by message/get until it is complete. One whose records
// the batch did not tell, or not up to the newest, is looked at from its top.
func (r *reading) follow(ctx context.Context, t *thread) error {
	if t.stale() {
		if found, err := r.fromTop(ctx, t); err != nil || !found {
			return err
		}
	}
	// A page that has fewer rows than this is the last one.
	const least = 10
	most := t.limit()/max(1, min(least, r.source.opts.PageSize)-1) + 3
	for range most {
		if t.complete() {
			return nil
		}
		if err := r.older(ctx, t); err != nil {
			return err
		}
	}
	if t.complete() {
		return nil
	}
	return errThreadStuck
}

// fromTop reads the newest records. It reports whether there are any: the PBX may
// not know the session any more.
func (r *reading) fromTop(ctx context.Context, t *thread) (found bool, err error) {
	rows, at, err := r.page(ctx, t.want.Session, 0)
	if refusedWith(err, codeNotFound) {
		t.gone(r.source.opts.Clock.Now())
		return false, nil
	}
	if err != nil {
		return false, err
	}
	top := &thread{want: t.want, readAt: at}
	if _, err := top.take(rows, r.source.newDecoder(), 0); err != nil {
		return false, fmt.Errorf("%s: %w", pathMessageGet, err)
	}
	if len(rows) > 0 && len(top.records) == 0 {
		return false, errThreadStuck
	}
	top.fromStart = len(rows) > 0 && r.ends(len(rows))
	t.join(top)
	return len(t.records) > 0, nil
}

// join puts what a look from the top has told in the place of what the batch told,
// which is kept as far as it joins on without a gap.
func (t *thread) join(top *thread) {
	t.readAt = top.readAt
	switch {
	case len(top.records) == 0:
	case top.oldest() > t.newest():
		t.records, t.fromStart = top.records, top.fromStart
	default:
		known := slices.DeleteFunc(t.records, func(old conversation.Record) bool { return old.ID >= top.oldest() })
		t.records, t.fromStart = append(known, top.records...), t.fromStart || top.fromStart
	}
}

// gone makes it the thread of a session that the PBX does not know any more: one
// without records, so that it is not asked for again and again.
func (t *thread) gone(at time.Time) { t.records, t.readAt, t.fromStart = nil, at, true }

// older reads the page before the oldest record that is known.
func (r *reading) older(ctx context.Context, t *thread) error {
	cursor := t.oldest()
	rows, _, err := r.page(ctx, t.want.Session, cursor)
	if refusedWith(err, codeNotFound) {
		return r.vanished(ctx, t)
	}
	if err != nil {
		return err
	}
	older, err := t.take(rows, r.source.newDecoder(), cursor)
	if err != nil {
		return fmt.Errorf("%s: %w", pathMessageGet, err)
	}
	// The vendor says that the cursor's own record does not come again; where it
	// does all the same and alone, there is nothing before it.
	alone := len(rows) == 1 && rows[0].MsgID.n == cursor
	if older == 0 && len(rows) > 0 && !alone {
		return errThreadStuck
	}
	t.fromStart = older == 0 || r.ends(len(rows))
	return nil
}

// vanished asks what it means that the PBX knows nothing before a record: that
// the record is the first, or that the session is gone.
func (r *reading) vanished(ctx context.Context, t *thread) error {
	_, _, err := r.page(ctx, t.want.Session, 0)
	switch {
	case refusedWith(err, codeNotFound):
		t.gone(r.source.opts.Clock.Now())
	case err != nil:
		return err
	}
	t.fromStart = true
	return nil
}

// ends reports whether a page of message/get has so few rows that none come
// before it.
func (r *reading) ends(rows int) bool {
	return rows < r.source.opts.PageSize && !r.gets.mayBeCapped(rows)
}

// page asks for one page of a session's records, the newest or those before a
// record (vendor's page "Query Messages in a Message Session": last_msg_id is
// exclusive).
func (r *reading) page(ctx context.Context, session, cursor int64) ([]msgRecord, time.Time, error) {
	query := url.Values{"id": {strconv.FormatInt(session, 10)}, "page_size": {strconv.Itoa(r.source.opts.PageSize)}}
	if cursor > 0 {
		query.Set("last_msg_id", strconv.FormatInt(cursor, 10))
	}
	out, at, err := get[threadsAnswer](ctx, r.source, pathMessageGet, query)
	if err != nil {
		return nil, time.Time{}, err
	}
	if out.Errcode.n == codePartial {
		// Which of the records are missing is not told.
		return nil, time.Time{}, fmt.Errorf("%s: %w (errcode 1)", pathMessageGet, conversation.ErrPart)
	}
	var rows []msgRecord
	for _, row := range out.all() {
		for _, rec := range row.Records {
			if rec.SessionID.n <= 0 {
				rec.SessionID = row.SessionID
			}
			rows = append(rows, rec)
		}
	}
	return rows, at, nil
}
