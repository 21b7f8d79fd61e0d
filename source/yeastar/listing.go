package yeastar

import (
	"context"
	"errors"
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
	// pages is how many pages were answered.
	pages int
	// cut is true where the list was left before its end without an error of
	// the PBX: at the page limit, at the deadline, or at a part that it kept back.
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
	l := listing{viewer: v, rows: p.rows, pages: p.pages, cut: p.partial}
	var transport *httpapi.Error
	switch {
	case err == nil:
	case errors.Is(err, conversation.ErrPageLimit):
		l.cut, l.err = true, err
	case errors.As(err, &transport) && transport.Reason == httpapi.ReasonTimeout && ctx.Err() != nil:
		l.cut, l.timedOut, l.err = true, true, err
	default:
		l.cut, l.err = false, err
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
	pages int
	// partial is true once the PBX said that it told only a part.
	partial bool
}

// rounds reads the list to its end, and then again from the top down to where
// the round before had begun: a session that gets a message while we page jumps
// over the cursor. A list of one page is a single instant and needs no second look.
func (p *pager) rounds(ctx context.Context) error {
	floor := int64(0)
	for range roundsPerList {
		before := p.pages
		top, err := p.round(ctx, floor)
		if err != nil {
			return err
		}
		if p.pages-before <= 1 {
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
		if cursor == 0 {
			top = int64(listed[0].LastMsgID)
		}
		last := int64(listed[len(listed)-1].LastMsgID)
		if floor > 0 && last <= floor {
			return top, nil
		}
		capped := p.source.mayBeCapped(len(listed))
		moved := last > 0 && (cursor == 0 || last < cursor) && (fresh > 0 || floor > 0)
		switch full := len(listed) >= p.source.opts.PageSize; {
		case !full && (!moved || !capped):
			return top, nil
		case !moved:
			return top, errStuck
		}
		cursor = last
	}
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
	if errors.As(err, &refused) && refused.code == codeNotFound {
		// The PBX may answer so where there is no session.
		p.pages++
		return nil, p.source.opts.Clock.Now(), nil
	}
	if err != nil {
		return nil, time.Time{}, err
	}
	p.pages++
	p.partial = p.partial || *out.Errcode == codePartial
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
// because the PBX caps it, which it does not tell: the page is the longest ever
// seen, and its length is a round number. Asking on costs one request; not
// asking would sell a part of the list as the whole.
func (s *Source) mayBeCapped(n int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n < s.longest {
		return false
	}
	s.longest = n
	return n >= 10 && n%5 == 0
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
func windowOf(expire *number, channel string, at time.Time) conversation.Window {
	switch {
	case expire == nil || *expire < 0:
		return conversation.Window{}
	case *expire == 0 && channel != "whatsapp" && channel != "facebook":
		return conversation.Window{}
	default:
		left := min(int64(*expire), int64(366*24*time.Hour/time.Second))
		return conversation.Window{Has: true, End: at.Add(time.Duration(left) * time.Second)}
	}
}
