package yeastar

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"conversation_exporter/conversation"
	"conversation_exporter/source/httpapi"
)

// ClosedSessions implements conversation.Source: it reads each viewer's list of
// closed sessions from its top down to what was its first row when it was last
// read to its end (R23). In between, that is one request a viewer.
func (s *Source) ClosedSessions(ctx context.Context, since conversation.Mark) ([]conversation.Session, conversation.Mark, conversation.Coverage, error) {
	if _, err := s.tokens.get(ctx); err != nil {
		return nil, since, conversation.Coverage{}, err
	}
	var problems []error
	if err := s.dir.recall(ctx); err != nil {
		problems = append(problems, err)
	}
	viewers, err := s.viewers(ctx)
	if err != nil {
		problems = append(problems, err)
	}
	if len(viewers) == 0 && len(problems) == 0 {
		problems = append(problems, errNoViewers)
	}
	var pages longest
	lists := s.readViewers(s.longestUnswept(viewers), func(v viewer) listing { return s.sweep(ctx, v, since, &pages) })
	cover := coverageOf("listing the closed sessions of", lists)
	cover.Problems = slices.Concat(problems, cover.Problems)
	if !answered(lists) {
		return nil, since, cover, errors.Join(cover.Problems...)
	}
	m := s.newMerge(lists)
	closed := closedSince(lists, since)
	m.keep(func(v *view) bool { return v.closed && closed[v.id] })
	sessions := s.unite(ctx, m, &cover)
	return sessions, nextMark(lists, since), cover, nil
}

// longestUnswept puts those viewers first whose list was asked for longest ago.
func (s *Source) longestUnswept(viewers []viewer) []viewer {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.sweptAt, func(v viewer, _ time.Time) bool { return !slices.Contains(viewers, v) })
	return byTurn(viewers, s.sweptAt)
}

// sweep reads the closed sessions of one viewer since a mark. Where it has no
// entry in the mark, a look at the first page gives it one.
func (s *Source) sweep(ctx context.Context, v viewer, since conversation.Mark, pages *longest) listing {
	floor, marked := since.Viewers[v.String()]
	p := &pager{source: s, viewer: v, closed: true, longest: pages, index: make(map[int64]int), left: &leftOff{}}
	var err error
	if marked {
		err = p.round(ctx, 0, floor)
	} else {
		err = p.firstPage(ctx)
	}
	if err == nil {
		err = p.part
	}
	l := listing{viewer: v, rows: p.rows, err: err, top: p.left.top}
	l.timedOut = outOfTime(ctx, err)
	l.cut = l.timedOut || errors.Is(err, conversation.ErrPageLimit) || errors.Is(err, conversation.ErrPart)
	var transport *httpapi.Error
	if errors.As(err, &transport) && !transport.Sent {
		return l // It was not asked at all.
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweptAt[v] = s.opts.Clock.Now()
	return l
}

// closedSince returns the sessions that any viewer shows beyond its entry in the
// mark. What else the pages have told serves to know who shows them.
func closedSince(lists []listing, since conversation.Mark) map[int64]bool {
	closed := make(map[int64]bool)
	for _, l := range lists {
		floor, marked := since.Viewers[l.viewer.String()]
		for _, r := range l.rows {
			if marked && r.lastMessage > floor {
				closed[r.id] = true
			}
		}
	}
	return closed
}

// nextMark moves the entries of the viewers whose lists were read to their end. A
// list that has become empty moves none: if that is a slip of the PBX, all of it
// would pass for closed a moment later.
func nextMark(lists []listing, since conversation.Mark) conversation.Mark {
	next := conversation.Mark{Viewers: make(map[string]int64, len(since.Viewers)+len(lists))}
	maps.Copy(next.Viewers, since.Viewers)
	for _, l := range lists {
		if name := l.viewer.String(); l.err == nil {
			// Never down: a list in another order would tell all of it once more.
			next.Viewers[name] = max(next.Viewers[name], l.top)
		}
	}
	return next
}
