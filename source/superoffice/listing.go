package superoffice

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"conversation_exporter/conversation"
	"conversation_exporter/source/httpapi"
)

// openOnes are the statuses of open sessions, closedOnes those of closed ones.
const (
	openOnes   = "1,2,3,4,5,6"
	closedOnes = "7,8,9,10,11"
)

// leftOff is where the list goes on that a deadline cut.
type leftOff struct {
	// after is the id up to which it was read.
	after int64
	// began is when the round of passes began that is under way, since when the one
	// before it did.
	began, since time.Time
}

// listing is the list of open sessions as read in one pass.
type listing struct {
	sessions []facts
	// whole is false where the list was left before its end.
	whole, timedOut bool
	// since is when the round began that reached, or will reach, every session.
	since time.Time
	// err is why the rest is missing.
	err error
	// source says which answers the sessions are made of.
	dynamic bool
}

// OpenSessions implements conversation.Source.
func (s *Source) OpenSessions(ctx context.Context) ([]conversation.Session, conversation.Coverage, error) {
	// Signing in first tells a wrong secret once, not once a list.
	if _, err := s.signIn.get(ctx); err != nil {
		return nil, conversation.Coverage{TimesUnproved: true}, err
	}
	if !s.informed() {
		s.askVersion(ctx)
	}
	cover := conversation.Coverage{}
	if err := s.dir.loadTopics(ctx); err != nil {
		cover.Problems = append(cover.Problems, err)
	} else if err := s.dir.topicless(); err != nil {
		cover.Problems = append(cover.Problems, err)
	}
	l := s.listOpen(ctx)
	// Only a server that ignores the filter lists what is closed.
	l.sessions = slices.DeleteFunc(l.sessions, func(f facts) bool { return f.status.closed() })
	if l.err != nil && len(l.sessions) == 0 && !l.whole {
		cover.Failed, cover.TimedOut, cover.TimesUnproved = []string{everybody}, l.timedOut, true
		cover.Problems = append(cover.Problems, l.err)
		return nil, cover, errors.Join(cover.Problems...)
	}
	s.cover(&l, &cover)
	s.complete(ctx, &l, &cover)
	cover.TimesUnproved = s.zone.see(l.sessions, s.dates(s.opts.Clock.Now()), &cover)
	sessions := make([]conversation.Session, 0, len(l.sessions))
	for i := range l.sessions {
		sessions = append(sessions, s.session(&l.sessions[i], s.dir))
		if l.sessions[i].status == statusUntold {
			cover.Assumed++
		}
	}
	s.dir.talk(sessions)
	if cover.Assumed > 0 && len(cover.Problems) == 0 {
		cover.Problems = []error{fmt.Errorf("reading the status of sessions: %w", conversation.ErrAssumed)}
	}
	return sessions, cover, nil
}

// cover tells how much of the list was read.
func (s *Source) cover(l *listing, cover *conversation.Coverage) {
	switch {
	case l.whole:
		cover.Read = 1
		return
	case l.timedOut || atLimit(l.err):
		cover.Cut = []conversation.CutViewer{{Name: everybody, Since: l.since}}
	default:
		cover.Failed = []string{everybody}
	}
	cover.TimedOut = l.timedOut
	if l.err != nil {
		cover.Problems = append(cover.Problems, fmt.Errorf("listing the sessions: %w", l.err))
	}
}

// listOpen reads the open sessions. On a server whose list lacks the status, the
// archive Dynamic takes its place and, where that is of no use, the sessions of the
// last days without an end.
func (s *Source) listOpen(ctx context.Context) listing {
	if s.listsStatus(ctx) {
		l := s.readOpen(ctx, pager{source: s, archive: sessionList(true), where: "status oneOf (" + openOnes + ")", needs: true})
		if !s.lacksStatus(ctx, l.err) {
			return l
		}
		s.noteStatus(false)
	}
	if l, ok := s.readDynamic(ctx, true); ok {
		return l
	}
	const lookBack = 7 * 24 * time.Hour
	since := s.digits(s.opts.Clock.Now().Add(-lookBack))
	l := s.readOpen(ctx, pager{source: s, archive: sessionList(false), where: "whenRequested afterTime '" + since + "'"})
	l.sessions = slices.DeleteFunc(l.sessions, func(f facts) bool { return !f.endedTold.IsZero() })
	return l
}

// lacksStatus reports whether a list failed because the server has no column status.
// Where it refuses the request, the same is tried without the column.
func (s *Source) lacksStatus(ctx context.Context, err error) bool {
	switch {
	case errors.Is(err, errNoStatus):
		return true
	case err == nil:
		s.noteStatus(true)
		return false
	case !refusesRequest(err):
		return false
	}
	without := sessionList(false)
	_, _, other := s.list(ctx, without, without.id+" gt 0", without.id+" asc", 1)
	return other == nil
}

// refusesRequest reports whether the server does not accept what it was asked, or
// fails over it: some versions answer a column that they do not know with 500.
func refusesRequest(err error) bool {
	var transport *httpapi.Error
	if !errors.As(err, &transport) {
		return false
	}
	switch transport.Status {
	case 400, 403, 404, 405, 500, 501:
		return true
	}
	return transport.Reason == httpapi.ReasonDecode
}

// readOpen reads a list to its end. One that the last deadline cut goes on where it
// was left and then begins again, so that a pass with time for all of it reads all.
func (s *Source) readOpen(ctx context.Context, p pager) listing {
	now := s.opts.Clock.Now()
	s.mu.Lock()
	left := s.left
	s.mu.Unlock()
	start := left.after
	if start == 0 {
		left.began = now
	}
	l := listing{since: left.since}
	reached, err := p.read(ctx, start, 0)
	if err == nil && start > 0 {
		// The round is done; what was read before is read anew.
		l.since = left.began
		left = leftOff{since: left.began, began: now}
		reached, err = p.read(ctx, 0, start)
	}
	l.sessions, l.err, l.whole = p.rows, err, err == nil
	l.timedOut = outOfTime(ctx, err)
	switch {
	case l.whole:
		left = leftOff{since: now}
	case atLimit(err):
		l.since, left = now, leftOff{}
	case l.timedOut:
		left.after = reached
	default:
		left.after = 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left = left
	return l
}

// outOfTime reports whether it is for want of time that a list was left.
func outOfTime(ctx context.Context, err error) bool {
	var transport *httpapi.Error
	return ctx.Err() != nil && (errors.Is(err, ctx.Err()) || errors.As(err, &transport) && transport.Reason == httpapi.ReasonTimeout)
}

// informed reports whether the version was ever asked for.
func (s *Source) informed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.informedAt.IsZero()
}

// digits writes an instant as filters take it, without a zone. Whether the server
// reads that in its own zone is not documented, so it is written in the zone that is
// configured, in the one that the server marks its dates with, or in UTC, whichever
// says the earlier time.
func (s *Source) digits(t time.Time) string {
	const form = "2006-01-02T15:04:05"
	text := t.UTC().Format(form)
	if s.opts.TimeZone != nil {
		return min(text, t.In(s.opts.TimeZone).Format(form))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return min(text, t.UTC().Add(-s.behind).Format(form))
}

// noteOffset notes by how much the dates of the server are behind UTC where they say
// so: the most, as in winter it is an hour more than in summer.
func (s *Source) noteOffset(text string) {
	t, marked, err := parseForm(text)
	if err != nil || !marked || t.Year() < earliest {
		return
	}
	_, ahead := t.Zone()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.behind = max(s.behind, -time.Duration(ahead)*time.Second)
}

// session puts what is known of a session into conversation's words (R14).
func (s *Source) session(f *facts, d *directory) conversation.Session {
	out := conversation.Session{
		ID: f.id, Channel: channel, Queue: d.queueOf(f.topic, f.topicName), Origin: conversation.OriginRegular,
		State: f.state(), StateSure: f.sure(), ByStatus: true, Awaiting: f.awaiting(), LastActivity: f.idle, Requested: f.requested, Started: f.started,
		Ended: f.ended, Closed: f.status.closed(), Transfer: f.transfer, ShownBy: s.viewers, ListedAt: f.at,
	}
	if s.zone.wrong() {
		// What is hours off is worse than nothing: who waits would wait since each pass.
		out.Requested, out.Started, out.Ended = time.Time{}, time.Time{}, time.Time{}
	}
	if f.user > systemUser {
		out.Agent = strconv.FormatInt(f.user, 10)
	}
	switch f.status {
	case statusRequestPosted:
		out.CloseReason = conversation.ClosedAsTicket
	case statusClosedFromQueue:
		out.CloseReason = conversation.ClosedAbandoned
	}
	return out
}

// systemUser is the user who owns what nobody owns; what stands for nobody in a chat
// is not documented, and may be this, 0 or -1.
const systemUser = 1

// state is who a session rests with, or how it was left (R14).
func (f *facts) state() conversation.State {
	switch {
	case f.status >= statusPreChatForm && f.status <= statusOfflineForm:
		return conversation.StateArriving
	case f.status == statusInQueue, f.status == statusClosedFromQueue:
		return conversation.StateQueued
	case f.status == statusUntold && !f.taken:
		return conversation.StateQueued
	case f.bot.told && f.bot.yes:
		return conversation.StateAutomated
	case f.status.closed() && f.bot.told && !f.taken:
		return conversation.StateArriving // It ended in a form.
	case !f.bot.told && !f.taken:
		return conversation.StateAutomated
	default:
		return conversation.StateAssigned
	}
}

// sure is false where another answer could have told another state: the status, or
// whether a bot has the session.
func (f *facts) sure() bool {
	return f.status != statusUntold && !f.unread
}

// awaiting is whose turn it is: the status decides, and a bot owes no answer (R2).
func (f *facts) awaiting() conversation.Awaiting {
	switch {
	case f.status == statusUntold:
		return conversation.AwaitingUnknown
	case f.state() == conversation.StateAutomated:
		return conversation.AwaitingCustomer
	case f.status == statusInQueue, f.status == statusCustomerLast, f.status == statusClosedFromQueue:
		return conversation.AwaitingAgent
	case f.status.closed():
		return conversation.AwaitingUnknown
	default:
		return conversation.AwaitingCustomer
	}
}
