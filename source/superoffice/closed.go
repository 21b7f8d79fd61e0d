package superoffice

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"conversation_exporter/conversation"
)

// sweepOverlap is how much before the last sweep a session may have ended to be
// looked for again (R23): the server may be slow to show it.
const sweepOverlap = 5 * time.Minute

// ClosedSessions implements conversation.Source: it reads the closed sessions whose
// ids are above the mark, and those of any id that ended since the last sweep (R23).
// The second list is read with the first mark too, so that what has ended already is
// not told later.
func (s *Source) ClosedSessions(ctx context.Context, since conversation.Mark) ([]conversation.Session, conversation.Mark, conversation.Coverage, error) {
	if _, err := s.signIn.get(ctx); err != nil {
		return nil, since, conversation.Coverage{}, err
	}
	_ = s.dir.loadTopics(ctx) // OpenSessions tells of it where that fails.
	_, marked := since.Viewers[everybody]
	sw := sweep{source: s, since: since, marked: marked, hasStatus: s.listsStatus(ctx)}
	err := sw.run(ctx)
	cover := conversation.Coverage{Read: 1}
	if err != nil {
		cover = conversation.Coverage{TimedOut: outOfTime(ctx, err), Problems: []error{fmt.Errorf("listing the closed sessions: %w", err)}}
		switch {
		case cover.TimedOut, atLimit(err):
			cover.Cut = []conversation.CutViewer{{Name: everybody}}
		default:
			cover.Failed = []string{everybody}
		}
		if len(sw.told) == 0 {
			return nil, since, cover, errors.Join(cover.Problems...)
		}
	}
	sessions := make([]conversation.Session, 0, len(sw.told))
	for i := range sw.told {
		out := s.session(&sw.told[i], s.dir)
		out.Closed = true
		if out.LastActivity.IsZero() {
			out.LastActivity = out.Ended
		}
		sessions = append(sessions, out)
	}
	if err != nil {
		return sessions, since, cover, nil //nolint:nilerr // The coverage tells it.
	}
	return sessions, sw.next(ctx), cover, nil
}

// sweep is one reading of the closed sessions.
type sweep struct {
	source    *Source
	since     conversation.Mark
	marked    bool
	hasStatus bool
	// began is when it began, by the clock of the system.
	began time.Time
	// top is the highest id that was met.
	top int64
	// told are the sessions to tell; seen are those that have ended of late, told or
	// not, and when.
	told []facts
	seen map[int64]time.Time
}

// run reads both lists.
func (sw *sweep) run(ctx context.Context) error {
	s := sw.source
	d := s.dates(s.opts.Clock.Now())
	sw.began, sw.top, sw.seen = d.now.Add(d.skew), sw.since.Session, make(map[int64]time.Time)
	if !sw.marked {
		if err := sw.lookAtTop(ctx); err != nil {
			return err
		}
	}
	met := make(map[int64]bool)
	if sw.marked {
		above := sw.pager("")
		_, err := above.read(ctx, sw.since.Session, 0)
		for _, f := range above.rows {
			sw.top = max(sw.top, f.id)
			if sw.over(&f) && !met[f.id] {
				met[f.id] = true
				sw.told = append(sw.told, f)
			}
		}
		if err != nil {
			return err
		}
	}
	from := sw.since.Time
	if from.IsZero() {
		from = sw.began
	}
	ended := sw.pager("whenEnded afterTime '" + s.digits(from.Add(-sweepOverlap)) + "'")
	_, err := ended.read(ctx, 0, 0)
	for _, f := range ended.rows {
		if !sw.over(&f) {
			continue
		}
		sw.seen[f.id] = f.endedTold
		last, known := sw.since.Told[f.id]
		if sw.marked && !met[f.id] && !(known && last.Equal(f.endedTold)) {
			met[f.id] = true
			sw.told = append(sw.told, f)
		}
	}
	return err
}

// pager makes the pager of a list of closed sessions.
func (sw *sweep) pager(where string) pager {
	p := pager{source: sw.source, archive: sessionList(sw.hasStatus), where: where, needs: sw.hasStatus}
	if sw.hasStatus {
		p.where = "status oneOf (" + closedOnes + ")"
		if where != "" {
			p.where += " and " + where
		}
	}
	return p
}

// over reports whether a session of the lists is over: where the status is not told,
// the end is what tells.
func (sw *sweep) over(f *facts) bool {
	return f.status.closed() || !sw.hasStatus && !f.endedTold.IsZero()
}

// lookAtTop finds the highest id of a closed session.
func (sw *sweep) lookAtTop(ctx context.Context) error {
	a := sessionList(sw.hasStatus)
	p := sw.pager("")
	where := p.where
	if where == "" {
		where = a.id + " gt 0"
	}
	out, at, err := sw.source.list(ctx, a, where, a.id+" desc", 1)
	if err != nil {
		return err
	}
	d := sw.source.dates(at)
	for i := range out.Rows {
		sw.top = max(sw.top, factsOf(&out.Rows[i].columns, d).id)
	}
	return nil
}

// next is the mark of a sweep that was read to its end.
func (sw *sweep) next(ctx context.Context) conversation.Mark {
	next := conversation.Mark{Viewers: make(map[string]int64, 1), Session: sw.top, Message: sw.since.Message, Time: sw.began, Told: sw.seen}
	maps.Copy(next.Viewers, sw.since.Viewers)
	if !sw.marked {
		next.Message = sw.source.topMessage(ctx)
		next.Viewers[everybody] = next.Message
	}
	return next
}

// topMessage is the highest id of a message where the archive Dynamic tells it, else
// 0 (R21).
func (s *Source) topMessage(ctx context.Context) int64 {
	if _, off := s.dynamicAble(); off {
		return 0
	}
	out, _, err := s.list(ctx, archive{path: pathDynamic, columns: "chat_message.id"}, "chat_message.id gt 0", "chat_message.id desc", 1)
	if err != nil || len(out.Rows) == 0 {
		return 0
	}
	return out.Rows[0].id.id()
}

// Lookup implements conversation.Source: it asks for each session by its id (R24).
func (s *Source) Lookup(ctx context.Context, ids []int64) ([]conversation.Session, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	if _, err := s.signIn.get(ctx); err != nil {
		return nil, err
	}
	_ = s.dir.loadTopics(ctx) // OpenSessions tells of it where that fails.
	told, asked := make([]entity, len(ids)), make([]bool, len(ids))
	found := make([]conversation.Session, 0, len(ids))
	err := s.each(ctx, errand{n: len(ids), do: func(ctx context.Context, i int) (err error) {
		told[i], err = s.askEntity(ctx, ids[i])
		asked[i] = wasAsked(err)
		return err
	}, done: func(i int) {
		if e := &told[i]; !e.gone {
			found = append(found, s.session(&e.facts, s.dir))
		}
	}})
	if err == nil {
		return found, nil
	}
	failed := &conversation.LookupError{Cause: err}
	for i, id := range ids {
		if asked[i] {
			failed.Asked = append(failed.Asked, id)
		}
	}
	return found, failed
}
