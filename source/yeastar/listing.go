package yeastar

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
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
	// err is why the rest of the list is missing.
	err error
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

// readViewer reads the open sessions of one viewer (R35).
func (s *Source) readViewer(ctx context.Context, v viewer) listing {
	p := &pager{source: s, viewer: v, index: make(map[int64]int)}
	err := p.rounds(ctx)
	if err == nil {
		err = p.part
	}
	l := listing{viewer: v, rows: p.rows, err: err}
	var transport *httpapi.Error
	switch {
	case errors.Is(err, conversation.ErrPageLimit), errors.Is(err, conversation.ErrPart):
		l.cut = true
	case errors.As(err, &transport) && transport.Reason == httpapi.ReasonTimeout && ctx.Err() != nil:
		l.cut, l.timedOut = true, true
	}
	return l
}

// pager goes through one list.
type pager struct {
	source *Source
	viewer viewer
	rows   []row
	// index finds a session among rows: one that moves while we page is told twice.
	index map[int64]int
	// pages counts those of this round.
	pages int
	// part is set once the PBX has kept a part of the list back.
	part error
}

// rounds reads the list to its end, and then again from the top down to where
// the round before had begun: a session that gets a message while we page jumps
// over the cursor. A list of one page is a single instant and needs no second look.
func (p *pager) rounds(ctx context.Context) error {
	floor := int64(0)
	for range roundsPerList {
		p.pages = 0
		top, err := p.round(ctx, floor)
		if err != nil {
			return err
		}
		if p.pages <= 1 {
			return nil
		}
		floor = top
	}
	return nil
}

// round reads pages from the top until the list ends or, with a floor, until a
// message as old as the floor is reached. It returns the newest message's id.
func (p *pager) round(ctx context.Context, floor int64) (top int64, err error) {
	for cursor := int64(0); ; {
		if p.pages >= p.source.opts.MaxPages {
			return top, conversation.ErrPageLimit
		}
		listed, at, err := p.page(ctx, cursor)
		if err != nil {
			return top, err
		}
		fresh, err := p.take(listed, at)
		if err != nil || len(listed) == 0 {
			return top, err
		}
		first, last := int64(listed[0].LastMsgID), int64(listed[len(listed)-1].LastMsgID)
		if cursor == 0 {
			top = first
		}
		if floor > 0 && last <= floor {
			return top, nil
		}
		capped := p.source.mayBeCapped(len(listed))
		switch full := len(listed) >= p.source.opts.PageSize; {
		case p.repeats(listed, cursor, fresh, floor):
			return top, errStuck
		case !full && (!capped || len(listed) == 1):
			return top, nil
		case last <= 0:
			// Sessions without a message come last and cannot be a cursor.
			p.part = fmt.Errorf("%s: a page ends with a session without any message, where the list cannot go on: %w", pathSearch, conversation.ErrPart)
			return top, nil
		}
		cursor = last
	}
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

// page asks for one page. All four filters are always sent: what the PBX takes
// for one that is left out is not documented.
func (p *pager) page(ctx context.Context, cursor int64) ([]sessionRow, time.Time, error) {
	userType, userNo := p.viewer.query()
	query := url.Values{
		"page_size":   {strconv.Itoa(p.source.opts.PageSize)},
		"user_type":   {userType},
		"user_no":     {userNo},
		"collection":  {"all"},
		"is_archived": {"2"}, // both
		"is_closed":   {"0"}, // open
		"is_pickup":   {"0"}, // both: here 0 means all
	}
	if cursor > 0 {
		query.Set("first_msg_id", strconv.FormatInt(cursor, 10))
	}
	out, at, err := get[rows[sessionRow]](ctx, p.source, pathSearch, query)
	var refused *codeError
	if errors.As(err, &refused) && refused.code == codeNotFound && cursor == 0 && !p.source.configured(p.viewer) {
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

// take adds a page's open sessions to the rows and returns how many were not
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
			// A closed session in a list of open ones stays among the rows, so that
			// the paging knows it; the merge leaves it out.
			p.index[r.id] = len(p.rows)
			p.rows = append(p.rows, r)
		case r.lastMessage >= p.rows[known].lastMessage:
			p.rows[known] = r
		}
	}
	return fresh, nil
}

// mayBeCapped reports whether a page that is shorter than asked for may be short
// because the PBX caps it, which it does not tell: no page was ever longer, as
// far as is remembered. Asking on costs one request; not asking would sell a
// part of the list as the whole.
func (s *Source) mayBeCapped(n int) bool {
	const least = 10 // No PBX would cap at less.
	s.mu.Lock()
	defer s.mu.Unlock()
	// A cap may come with a new firmware, so what was seen does not count for ever.
	if now := s.opts.Clock.Now(); now.Sub(s.longestAt) >= directoryLife {
		s.longest, s.longestAt = 0, now
	}
	if n < s.longest {
		return false
	}
	s.longest = n
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
