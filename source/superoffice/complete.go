package superoffice

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"sync"
	"time"

	"conversation_exporter/conversation"
	"conversation_exporter/source/httpapi"
)

// complete adds to the listed sessions what their list does not have: by the archive
// Dynamic in as many requests as the list took or, where the server does not allow
// that or tells no status either, session by session in rotation.
func (s *Source) complete(ctx context.Context, l *listing, cover *conversation.Coverage) {
	if !l.dynamic && len(l.sessions) > 0 && !s.addDynamic(ctx, l, cover) ||
		slices.ContainsFunc(l.sessions, func(f facts) bool { return f.status == statusUntold }) {
		s.readEntities(ctx, l, cover)
	}
}

// addDynamic adds what the archive Dynamic tells. It is false where the server does not
// allow that.
func (s *Source) addDynamic(ctx context.Context, l *listing, cover *conversation.Coverage) bool {
	more, ok := s.readDynamic(ctx, false)
	if !ok {
		return false
	}
	if more.err != nil {
		cover.Problems = append(cover.Problems, fmt.Errorf("reading who has the sessions: %w", more.err))
		cover.TimedOut = cover.TimedOut || more.timedOut
	}
	known := make(map[int64]*facts, len(more.sessions))
	for i := range more.sessions {
		known[more.sessions[i].id] = &more.sessions[i]
	}
	for i := range l.sessions {
		f := &l.sessions[i]
		other, ok := known[f.id]
		if !ok {
			f.unread = f.status == statusCustomerLast || f.status == statusUserLast
			continue
		}
		f.add(other)
	}
	return true
}

// add takes what the list does not have, and what has changed since it was read: of
// two answers the later one counts.
func (f *facts) add(other *facts) {
	if other.status != statusUntold && !other.status.closed() {
		f.status = other.status
	}
	if other.taken {
		f.started, f.taken = other.started, true
	}
	f.idle, f.fetched, f.bot, f.transfer, f.user = other.idle, other.fetched, other.bot, other.transfer, other.user
}

// readDynamic reads the open sessions by the archive Dynamic. It is false where the
// server does not allow that. Which operators it takes for a set is not documented,
// so the two that the vendor shows are tried.
func (s *Source) readDynamic(ctx context.Context, alone bool) (listing, bool) {
	operator, off := s.dynamicAble()
	if off {
		return listing{}, false
	}
	operators := dynamicOperators()
	if operator != "" {
		operators = []string{operator}
	}
	var why error
	for _, op := range operators {
		p := pager{source: s, archive: dynamicList(), where: "chat_session.status " + op + " (" + openOnes + ")", needs: true}
		var l listing
		if alone {
			l = s.readOpen(ctx, p)
		} else {
			l.timedOut, l.err = s.goOn(ctx, &p)
			l.sessions = p.rows
		}
		l.dynamic = true
		settleBots(l.sessions)
		if why = l.err; why == nil || !refusesDynamic(why) && !errors.Is(why, errNoStatus) {
			if why == nil && len(l.sessions) > 0 {
				s.noteDynamic(op, nil)
			}
			return l, true
		}
	}
	s.noteDynamic("", why)
	return listing{}, false
}

// settleBots takes an empty cell for no where others of the column are told: a server
// may well leave out false. Where none is told, it may not know the column.
func settleBots(sessions []facts) {
	if !slices.ContainsFunc(sessions, func(f facts) bool { return f.bot.told }) {
		return
	}
	for i := range sessions {
		sessions[i].bot.told = true
	}
}

// lateMost is in how many passes in a row the archive Dynamic may tell nothing in time
// before it is left alone for a while.
const lateMost = 3

// goOn reads the archive Dynamic beside a list, in half of the time: what follows matters
// more. One that a deadline cuts goes on where it was left, so that the newest sessions
// have their turn too.
func (s *Source) goOn(ctx context.Context, p *pager) (timedOut bool, err error) {
	half, cancel := halve(ctx)
	defer cancel()
	s.mu.Lock()
	start := s.dynamicLeft
	s.mu.Unlock()
	reached, err := p.read(half, start, 0)
	if err == nil && start > 0 {
		reached, err = p.read(half, 0, start)
	}
	if timedOut = outOfTime(half, err); !timedOut {
		reached = 0
	}
	s.mu.Lock()
	s.dynamicLeft = reached
	if s.dynamicLate++; !timedOut || len(p.rows) > 0 {
		s.dynamicLate = 0
	}
	late := s.dynamicLate >= lateMost
	s.mu.Unlock()
	if late {
		s.noteDynamic("", err)
	}
	return timedOut, err
}

// refusesDynamic reports whether the server does not let us use the archive Dynamic, by
// whatever status it says so to somebody whom it lets in.
func refusesDynamic(err error) bool {
	var signIn signInError
	return refusesRequest(err) || refusedWith(err, 401) && !errors.As(err, &signIn)
}

// dynamicOperators are those that the archive Dynamic may take for a set.
func dynamicOperators() []string { return []string{"oneOf", "in"} }

// dynamicAble tells which operator the archive Dynamic takes, empty where that is
// not known, and whether it is of no use.
func (s *Source) dynamicAble() (operator string, off bool) {
	a := &s.abilities
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.operator, !a.noDynamic.IsZero() && s.opts.Clock.Now().Before(a.noDynamic.Add(abilityLife))
}

// noteDynamic notes what the archive Dynamic takes, or why it is of no use.
func (s *Source) noteDynamic(operator string, why error) {
	a := &s.abilities
	a.mu.Lock()
	defer a.mu.Unlock()
	a.operator, a.why, a.noDynamic = operator, why, time.Time{}
	if operator == "" {
		a.noDynamic = s.opts.Clock.Now()
	}
}

const (
	// entitiesAPass is how many sessions are asked for one by one in a pass.
	entitiesAPass = 20
	// entitiesWithout is how many where the list does not tell the status.
	entitiesWithout = 200
)

// entity is what ChatSession/{id} told of a session.
type entity struct {
	facts
	// listed and begun are its status and its start in the list when it was asked for.
	listed status
	begun  time.Time
	// tried is when it was asked for last and could not be read.
	tried time.Time
	// gone is true where the server knows it no more, failed where it could not be
	// read and never was.
	gone, failed bool
}

// entities remember what was told session by session.
type entities struct {
	mu    sync.Mutex
	known map[int64]entity
}

// readEntities asks for sessions one by one: first those that were never asked for
// or that came to somebody else since, as far as the list shows it, then those that
// were asked for longest ago. Whose turn it is changes too often to come first: new
// sessions would never have theirs. What is remembered of the others is added to them,
// but not when somebody last wrote.
func (s *Source) readEntities(ctx context.Context, l *listing, cover *conversation.Coverage) {
	most := entitiesAPass
	wanted := make([]*facts, 0, len(l.sessions))
	for i := range l.sessions {
		f := &l.sessions[i]
		if f.status == statusUntold {
			most = entitiesWithout
		}
		if f.status == statusUntold || f.status.ongoing() {
			wanted = append(wanted, f)
		}
	}
	if _, off := s.dynamicAble(); off && len(wanted) > most {
		cover.Warnings = append(cover.Warnings, errNoDynamic)
	}
	s.entities.order(wanted)
	fresh := make(map[int64]bool)
	err := s.each(ctx, errand{n: min(most, len(wanted)), do: func(ctx context.Context, i int) error {
		e, err := s.askEntity(ctx, wanted[i].id)
		if err == nil {
			e.listed, e.begun = wanted[i].status, wanted[i].started
			s.entities.keep(wanted[i].id, e)
		} else if ctx.Err() == nil {
			s.entities.postpone(wanted[i], s.opts.Clock.Now())
		}
		return err
	}, done: func(i int) { fresh[wanted[i].id] = true }})
	if err != nil {
		cover.Problems = append(cover.Problems, fmt.Errorf("reading who has the sessions: %w", err))
		cover.TimedOut = cover.TimedOut || outOfTime(ctx, err)
	}
	l.sessions = s.entities.join(l.sessions, fresh)
}

// order puts first what is to be asked for first.
func (e *entities) order(wanted []*facts) {
	e.mu.Lock()
	defer e.mu.Unlock()
	rank := func(f *facts) (int, int64) {
		known, ok := e.known[f.id]
		switch {
		case !ok || known.moved(f) && !known.tried.After(known.at):
			return 0, f.id
		case known.tried.After(known.at):
			return 1, known.tried.UnixNano()
		default:
			return 1, known.at.UnixNano()
		}
	}
	slices.SortStableFunc(wanted, func(a, b *facts) int {
		rankA, atA := rank(a)
		rankB, atB := rank(b)
		return cmp.Or(cmp.Compare(rankA, rankB), cmp.Compare(atA, atB))
	})
}

// moved reports whether the list shows that somebody else has the session than when it
// was asked for: it came into a queue or out of it, or to an agent.
func (e *entity) moved(f *facts) bool {
	talks := func(s status) bool { return s == statusCustomerLast || s == statusUserLast }
	return e.listed != f.status && !(talks(e.listed) && talks(f.status)) || e.isOld(e.listed, f.started)
}

// isOld reports whether the list shows a session as it was not when it was asked for:
// then what was told of who has it may hold no more. Dates that are corrected by the skew
// of the clocks may move by it.
func (e *entity) isOld(listed status, started time.Time) bool {
	return e.listed != listed || e.begun.Sub(started).Abs() > time.Minute
}

func (e *entities) keep(id int64, told entity) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.known == nil {
		e.known = make(map[int64]entity)
	}
	e.known[id] = told
}

// postpone lets a session that could not be read come after the others.
func (e *entities) postpone(f *facts, now time.Time) {
	e.mu.Lock()
	known, ok := e.known[f.id]
	e.mu.Unlock()
	known.tried, known.failed = now, known.failed || !ok
	e.keep(f.id, known)
}

// join adds what is remembered to the sessions, and forgets what is not listed any
// more. A session that has vanished since the list was read is left out.
func (e *entities) join(sessions []facts, fresh map[int64]bool) []facts {
	e.mu.Lock()
	defer e.mu.Unlock()
	kept := make(map[int64]entity, len(e.known))
	joined := sessions[:0]
	for _, f := range sessions {
		known, ok := e.known[f.id]
		talks := f.status == statusUntold || f.status == statusCustomerLast || f.status == statusUserLast
		switch {
		case !ok:
			f.unread = talks
		case known.failed:
			f.unread = talks
			kept[f.id] = known
		case (known.gone || known.status.closed()) && fresh[f.id]:
			continue
		case known.gone:
			f.unread = talks
		default:
			listed, started, taken := f.status, f.started, f.taken
			f.add(&known.facts)
			if !fresh[f.id] {
				f.idle, f.fetched, f.started, f.taken = time.Time{}, time.Time{}, started, taken
				f.unread = talks && known.isOld(listed, started)
				if listed != statusUntold {
					f.status = listed
				}
			}
			kept[f.id] = known
		}
		joined = append(joined, f)
	}
	e.known = kept
	return joined
}

// askEntity asks for one session.
func (s *Source) askEntity(ctx context.Context, id int64) (entity, error) {
	var out *sessionEntity
	at, err := s.get(ctx, entityAsked(id, &out), &out)
	switch {
	case refusedWith(err, 404), err == nil && out == nil:
		return entity{facts: facts{id: id, at: s.opts.Clock.Now()}, gone: true}, nil
	case err != nil:
		return entity{}, err
	}
	return entity{facts: factsOfEntity(out, id, s.dates(at))}, nil
}

// entityAsked asks for one session. The properties that are not named are nulled. The
// answer is null where there is none.
func entityAsked(id int64, out **sessionEntity) asked {
	return asked{path: pathSession, id: id, query: url.Values{
		"$select": {"ChatSessionId,TopicId,Status,WhenRequested,WhenStarted,WhenEnded,WhenIdle,WhenFetched,User,TransferTo,ChatbotIsActive"},
	}, judge: func() httpapi.Verdict {
		if *out != nil && (*out).ID.id() != id {
			return odd(pathSession, "the answer is not the session that was asked for")
		}
		return httpapi.Verdict{}
	}}
}

// factsOfEntity puts a session into our words.
func factsOfEntity(out *sessionEntity, id int64, d dates) facts {
	f := facts{
		id: id, topic: out.TopicID.id(), status: statusOf(out.Status), idle: d.past(out.Idle.text), fetched: d.raw(out.Fetched.text), at: d.now,
		transfer: transferOf(out.TransferTo.somebody()),
	}
	f.dated(d.of(id), out.Requested.text, out.Started.text, out.Ended.text)
	f.bot.yes, f.bot.told = out.Bot.flag()
	if out.User != nil {
		f.user = out.User.EjUserID.id()
	}
	return f
}
