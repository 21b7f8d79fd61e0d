package yeastar

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"sync"
	"time"

	"conversation_exporter/conversation"
	"conversation_exporter/source/httpapi"
)

// roundsPerList bounds how often a list is read again from its top because
// sessions moved while it was paged (R35).
const roundsPerList = 3

// listing is one viewer's list as read in one pass.
type listing struct {
	viewer viewer
	rows   []row
	// cut is true where the list was left before its end although nothing failed:
	// at the page limit, at the deadline, or where the PBX kept a part back.
	cut, timedOut bool
	// since is when the round began that reached, or will reach, every session.
	since time.Time
	// unasked is true where the time was over before the viewer was asked at all.
	unasked bool
	// err is why the rest of the list is missing.
	err error
	// top is the message id of the first row of a list of closed sessions.
	top int64
}

// row is what one viewer's list tells of one session.
type row struct {
	id, lastMessage, queue, member int64
	channel                        string
	campaign, archived, closed     bool
	window                         conversation.Window
	listedAt                       time.Time
}

// errStuck is what a list ends with whose pages repeat themselves.
var errStuck = errors.New(pathSearch + ": the list does not move on: the PBX answers each page with what it has already told")

// errNoID is what a list ends with that names a session without its number.
var errNoID = errors.New(pathSearch + ": a session of the answer has no id")

// leftOff is where a list goes on that a deadline cut.
type leftOff struct {
	// cursor is the last message id that was reached, top the newest one when
	// the last pass looked from the top.
	cursor, top int64
	// began is when the round of passes began that is under way, since when the
	// one before it did.
	began, since time.Time
}

// readViewer reads the open sessions of one viewer (R35). A list that the last
// deadline cut goes on where it was left, and is then read from its top down to
// where the pass before had begun.
func (s *Source) readViewer(ctx context.Context, v viewer, pages *longest) listing {
	now := s.opts.Clock.Now()
	s.mu.Lock()
	left, goesOn := s.left[v]
	if !goesOn {
		left = leftOff{began: now, since: s.wholeAt[v]}
	}
	s.mu.Unlock()
	p := &pager{source: s, viewer: v, longest: pages, index: make(map[int64]int), left: &left}
	err := p.read(ctx, goesOn)
	if err == nil {
		err = p.part
	}
	l := listing{viewer: v, rows: p.rows, err: err, since: left.since}
	var transport *httpapi.Error
	errors.As(err, &transport)
	switch {
	case errors.Is(err, conversation.ErrPageLimit), errors.Is(err, conversation.ErrPart):
		l.cut, l.since = true, now
	case outOfTime(ctx, err):
		l.cut, l.timedOut = true, true
		if s.missed(v, transport.Sent && len(p.rows) == 0) {
			l.since = now // It is asked again and again and does not answer, which is no progress.
		}
	case err == nil && goesOn:
		// The round is done, although this pass has not seen all of it.
		l.cut, l.since = true, left.began
	}
	l.unasked = transport != nil && !transport.Sent && len(p.rows) == 0
	s.leave(v, l, left)
	return l
}

// outOfTime reports whether it is for want of time that a list was left.
func outOfTime(ctx context.Context, err error) bool {
	var transport *httpapi.Error
	return errors.As(err, &transport) && transport.Reason == httpapi.ReasonTimeout && ctx.Err() != nil
}

// missed counts how often in a row a viewer was asked and did not answer in time.
// Once may be a deadline that came while its answer was under way.
func (s *Source) missed(v viewer, silent bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !silent {
		return false
	}
	s.misses[v]++
	return s.misses[v] >= 2
}

// leave remembers where a list was cut, or that its round is done.
func (s *Source) leave(v viewer, l listing, left leftOff) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !l.unasked {
		// One that fails or hangs must not come first for ever.
		s.turnAt[v] = s.opts.Clock.Now()
	}
	if l.err == nil || len(l.rows) > 0 {
		delete(s.misses, v) // It has answered.
	}
	if l.timedOut && l.err != nil && left.cursor > 0 {
		s.left[v] = left
		return
	}
	delete(s.left, v)
	if l.err == nil {
		s.wholeAt[v] = left.began
	}
}

// pager goes through one list.
type pager struct {
	source *Source
	viewer viewer
	// closed is true for the list of closed sessions, false for that of open ones.
	closed bool
	// longest is that of all lists of the pass.
	longest *longest
	rows    []row
	// index finds a session among rows: one that moves while we page is told twice.
	index map[int64]int
	// left is kept up to date with how far the list was read.
	left *leftOff
	// pages counts those of this round.
	pages int
	// part is set once the PBX has kept a part of the list back.
	part error
}

// read reads the list, or what is left of it.
func (p *pager) read(ctx context.Context, goesOn bool) error {
	if !goesOn {
		return p.rounds(ctx)
	}
	top := p.left.top
	if err := p.round(ctx, p.left.cursor, 0); err != nil {
		return err
	}
	p.pages = 0
	if err := p.round(ctx, 0, top); err != nil {
		p.left.top = top // What moved since then is still to be seen.
		return err
	}
	return nil
}

// rounds reads the list to its end, and then again from the top down to where
// the round before had begun: a session that gets a message while we page jumps
// over the cursor. A list of one page is a single instant and needs no second look.
func (p *pager) rounds(ctx context.Context) error {
	floor := int64(0)
	for range roundsPerList {
		p.pages = 0
		if err := p.round(ctx, 0, floor); err != nil {
			if floor > 0 {
				p.left.top = floor // What moved since then is still to be seen.
			}
			return err
		}
		if p.pages <= 1 {
			return nil
		}
		floor = p.left.top
	}
	return nil
}

// round reads pages from a cursor, or from the top where it is 0, until the list
// ends or, with a floor, until a message as old as the floor is reached.
func (p *pager) round(ctx context.Context, cursor, floor int64) error {
	for {
		if p.pages >= p.source.opts.MaxPages {
			return conversation.ErrPageLimit
		}
		listed, at, err := p.page(ctx, cursor)
		if err != nil {
			return err
		}
		fresh, err := p.take(listed, at)
		if err != nil || len(listed) == 0 {
			return err
		}
		first, last := int64(listed[0].LastMsgID), int64(listed[len(listed)-1].LastMsgID)
		if cursor == 0 {
			p.left.top = first
		}
		if floor > 0 && last <= floor {
			return nil
		}
		capped := p.longest.mayBeCapped(len(listed))
		switch full := len(listed) >= p.source.opts.PageSize; {
		case p.repeats(listed, cursor, fresh, floor):
			return errStuck
		case !full && (!capped || len(listed) == 1):
			return nil
		case last <= 0 && p.closed:
			return nil // What was never said in a closed session is of no interest.
		case last <= 0:
			// Sessions without a message come last and cannot be a cursor.
			p.part = fmt.Errorf("%s: a page ends with a session without any message, where the list cannot go on: %w", pathSearch, conversation.ErrPart)
			return nil
		}
		cursor = last
		if floor == 0 {
			p.left.cursor = cursor
		}
	}
}

// firstPage reads no more than the first page.
func (p *pager) firstPage(ctx context.Context) error {
	listed, at, err := p.page(ctx, 0)
	if err != nil || len(listed) == 0 {
		return err
	}
	p.left.top = int64(listed[0].LastMsgID)
	_, err = p.take(listed, at)
	return err
}

// repeats reports whether a page that was asked for by a cursor is not what
// comes after it. The one row of the cursor itself may come again.
func (p *pager) repeats(listed []sessionRow, cursor int64, fresh int, floor int64) bool {
	if cursor == 0 {
		return false
	}
	first, last := int64(listed[0].LastMsgID), int64(listed[len(listed)-1].LastMsgID)
	return first > cursor || len(listed) > 1 && (last >= cursor || fresh == 0 && floor == 0)
}

// openSessions asks for the first page of a viewer's open sessions. All four
// filters are always sent: what the PBX takes for one that is left out is not
// documented.
func openSessions(v viewer, size int) url.Values {
	userType, userNo := v.query()
	return url.Values{
		"page_size":   {strconv.Itoa(size)},
		"user_type":   {userType},
		"user_no":     {userNo},
		"collection":  {"all"},
		"is_archived": {"2"}, // both
		"is_closed":   {"0"}, // open
		"is_pickup":   {"0"}, // both: here 0 means all
	}
}

// page asks for one page.
func (p *pager) page(ctx context.Context, cursor int64) ([]sessionRow, time.Time, error) {
	query := openSessions(p.viewer, p.source.opts.PageSize)
	if p.closed {
		query.Set("is_closed", "1")
	}
	if cursor > 0 {
		query.Set("first_msg_id", strconv.FormatInt(cursor, 10))
	}
	out, at, err := get[rows[sessionRow]](ctx, p.source, pathSearch, query)
	if refusedWith(err, codeNotFound) && cursor == 0 && !p.source.configured(p.viewer) {
		// The PBX may answer so where there is no session. For an extension that
		// was written by hand it means that there is none of that number.
		p.pages++
		return nil, p.source.opts.Clock.Now(), nil
	}
	if err != nil {
		return nil, time.Time{}, err
	}
	p.pages++
	if out.Errcode.n == codePartial {
		p.part = fmt.Errorf("%s: %w (errcode 1)", pathSearch, conversation.ErrPart)
		if out.List == nil && out.Data == nil {
			return nil, time.Time{}, &codeError{endpoint: pathSearch, code: codePartial}
		}
	}
	return out.all(), at, nil
}

// take adds a page's sessions to the rows and returns how many were not
// known. Of two tellings of one session the one with the newer message is kept.
func (p *pager) take(listed []sessionRow, at time.Time) (fresh int, err error) {
	for i := range listed {
		r, err := rowOf(&listed[i], at)
		if err != nil {
			return fresh, err
		}
		known, ok := p.index[r.id]
		switch {
		case !ok:
			fresh++
			// A closed session in a list of open ones stays among the rows, as does an
			// open one among closed ones, so that the paging knows it; the merge
			// leaves it out.
			p.index[r.id] = len(p.rows)
			p.rows = append(p.rows, r)
		case r.lastMessage >= p.rows[known].lastMessage:
			p.rows[known] = r
		}
	}
	return fresh, nil
}

// longest is the largest number of rows that a page had so far.
type longest struct {
	mu sync.Mutex
	n  int
}

// mayBeCapped reports whether a page that is shorter than asked for may be short
// because the PBX caps it, which it does not tell: no page so far was longer.
// Asking on costs one request; not asking would sell a part of the list as the
// whole.
func (l *longest) mayBeCapped(n int) bool {
	const least = 10 // No PBX would cap at less.
	l.mu.Lock()
	defer l.mu.Unlock()
	if n < l.n {
		return false
	}
	l.n = n
	return n >= least
}

// rowOf takes from a row of the answer what we need of it.
func rowOf(in *sessionRow, at time.Time) (row, error) {
	if in.ID <= 0 {
		return row{}, errNoID
	}
	channel := conversation.Label(string(in.Type))
	if channel == "" {
		channel = unknownChannel
	}
	return row{
		id:          int64(in.ID),
		lastMessage: int64(in.LastMsgID),
		queue:       int64(in.QueueID),
		member:      int64(in.PickupMemberID),
		channel:     channel,
		campaign:    in.Collection == "campaign",
		archived:    in.IsArchived == 1,
		closed:      in.IsClose == 1,
		window:      windowOf(in.Expire, channel, at),
		listedAt:    at,
	}, nil
}

// unknownChannel is the channel of a session whose type the PBX does not tell.
const unknownChannel = "(unknown)"

// windowOf reads expire, the seconds left of the reply window: -1 never, 0 over
// (R12). The vendor gives it a meaning for WhatsApp and Facebook only, so a 0
// on another channel is no window, whereas seconds left are one anywhere.
func windowOf(expire maybe, channel string, at time.Time) conversation.Window {
	switch {
	case !expire.told || expire.n < 0:
		return conversation.Window{}
	case expire.n == 0 && channel != "whatsapp" && channel != "facebook":
		return conversation.Window{}
	default:
		left := min(expire.n, int64(366*24*time.Hour/time.Second))
		return conversation.Window{Has: true, End: at.Add(time.Duration(left) * time.Second)}
	}
}
