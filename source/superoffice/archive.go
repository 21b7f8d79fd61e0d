package superoffice

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

// archive is a list of sessions that the API keeps, with its own words for the
// columns.
type archive struct {
	path, id, columns string
}

// sessionList is the archive ChatSession. withStatus leaves out what older servers
// do not have.
func sessionList(withStatus bool) archive {
	columns := "chatSessionId,whenRequested,whenStarted,whenEnded,chatTopic/chatTopicId,chatTopic/name"
	if withStatus {
		columns += ",status"
	}
	return archive{pathSessions, "chatSessionId", columns}
}

// dynamicList is the archive Dynamic over the table of sessions, which has what the
// other one lacks (vendor's pages "Dynamic provider", "chat_session Table").
func dynamicList() archive {
	return archive{pathDynamic, "chat_session.id", "chat_session.id,chat_session.topic_id,chat_session.user_id,chat_session.status,chat_session.when_requested," +
		"chat_session.when_started,chat_session.when_ended,chat_session.idle,chat_session.customer_fetch,chat_session.transfer_to,chat_session.chatbot_isactive"}
}

// facts are what a list or an entity tells of one session, by our clock.
type facts struct {
	id, topic, user int64
	topicName       string
	status          status
	// requested and the others are zero where they are not so, or not told.
	requested, started, ended, idle time.Time
	// endedTold is ended by the clock of the system, which is the same each time, even
	// if that is in the future.
	endedTold time.Time
	// taken is true where the session was ever started, ahead where one of its dates lies
	// so far in the future that it is not believed.
	taken, ahead bool
	// fetched is when the customer's client last asked for news, by the clock of the
	// system and even if that is in the future.
	fetched time.Time
	bot     yesNo
	// transfer is whether it is offered to a colleague.
	transfer conversation.Transfer
	at       time.Time
	// unread is true where an answer is missing that could tell another state.
	unread bool
}

// yesNo is an answer that may not be told.
type yesNo struct{ yes, told bool }

// factsOf puts a row into our words.
func factsOf(c *columns, d dates) facts {
	f := facts{
		id: c.id.id(), topic: c.topic.id(), user: c.user.id(), topicName: c.topicName.label(), status: statusOf(c.status.scalar),
		idle: d.past(c.idle.text), fetched: d.raw(c.fetched.text), at: d.now,
	}
	f.dated(d.of(f.id), c.requested.text, c.started.text, c.ended.text)
	f.bot.yes, f.bot.told = c.bot.flag()
	if c.hasTrans {
		f.transfer = transferOf(c.transfer.id() > systemUser)
	}
	return f
}

// dated sets when the session was requested, started and ended.
func (f *facts) dated(d dates, requested, started, ended string) {
	var asked, began time.Time
	f.requested, asked = d.once(requested)
	f.started, began = d.once(started)
	f.ended, f.endedTold = d.once(ended)
	f.taken = !began.IsZero()
	f.ahead = f.requested.IsZero() != asked.IsZero() || f.started.IsZero() == f.taken || f.ended.IsZero() != f.endedTold.IsZero()
}

func transferOf(pending bool) conversation.Transfer {
	if pending {
		return conversation.TransferPending
	}
	return conversation.TransferNone
}

// errStuck is what a list ends with whose pages repeat themselves.
var errStuck = errors.New("the list does not move on: SuperOffice answers each page with what it has already told, or not in the order of the ids: look whether a proxy in front of SuperOffice answers from a cache or rewrites the query")

// errNoID is what a list ends with that names a session without its number.
var errNoID = errors.New("a session of the answer has no id: update SuperOffice, or look whether a proxy in front of it rewrites the query")

// errNoStatus is what a list ends with on a server that does not know the column.
var errNoStatus = errors.New("the answer has no column status")

// mostRows is how many sessions are read of one list: as many as are remembered.
const mostRows = 150_000

// errMostRows is what a list ends with that is longer.
var errMostRows = fmt.Errorf("more than %d sessions: %w", mostRows, conversation.ErrLeftOut)

// atLimit reports whether a list was left because it is too long.
func atLimit(err error) bool {
	return errors.Is(err, conversation.ErrPageLimit) || errors.Is(err, conversation.ErrLeftOut)
}

// pager goes through one list by ascending id (R35). Paging by $skip would pass over
// sessions while others end.
type pager struct {
	source *Source
	archive
	// where is the filter, without the part that pages.
	where string
	// needs is true where rows without a status are of no use.
	needs bool
	// pages counts those that were read, longest is the longest of them.
	pages   int
	longest int
	rows    []facts
}

// read reads the ids above from, up to upto where that is not 0. It returns the
// highest id up to which everything was read.
func (p *pager) read(ctx context.Context, from, upto int64) (reached int64, err error) {
	for reached = from; ; {
		switch {
		case p.pages >= p.source.opts.MaxPages:
			return reached, conversation.ErrPageLimit
		case len(p.rows) >= mostRows:
			return reached, errMostRows
		}
		out, at, err := p.source.list(ctx, p.archive, p.filter(reached, upto), p.id+" asc", p.source.opts.PageSize)
		if err != nil {
			return reached, err
		}
		p.pages++
		last, err := p.take(out.Rows, reached, at)
		if err != nil {
			return reached, fmt.Errorf("%s: %w", p.path, err)
		}
		n := len(out.Rows)
		if n == 0 {
			return max(reached, upto), nil
		}
		reached = last
		const least = 10 // No server would cap at less.
		// A page that is shorter than asked for may be short because the server caps it.
		capped := n >= least && n >= p.longest
		p.longest = max(p.longest, n)
		if n < p.source.opts.PageSize && !capped && !out.more {
			return max(reached, upto), nil
		}
	}
}

// filter asks for what comes after an id.
func (p *pager) filter(after, upto int64) string {
	text := p.id + " gt " + strconv.FormatInt(after, 10)
	if upto > 0 {
		// The vendor marks le as failing for integers.
		text += " and " + p.id + " lt " + strconv.FormatInt(upto+1, 10)
	}
	if p.where != "" {
		text = p.where + " and " + text
	}
	return text
}

// take keeps the rows of a page, and returns the id of the last one.
func (p *pager) take(rows []listRow, after int64, at time.Time) (last int64, err error) {
	d := p.source.dates(at)
	last = after
	for i := range rows {
		row := &rows[i].columns
		f := factsOf(row, d)
		switch {
		case f.id == 0:
			return last, errNoID
		case f.id <= last:
			return last, errStuck
		case p.needs && !row.hasStatus:
			return last, errNoStatus
		}
		last = f.id
		p.source.noteOffset(row.requested.text)
		p.rows = append(p.rows, f)
	}
	return last, nil
}

// list asks for one page of an archive. Full is the mode that tells the number of a
// status beside its label.
func (s *Source) list(ctx context.Context, a archive, filter, order string, top int) (*listAnswer, time.Time, error) {
	out := listAnswer{most: mostOf(top)}
	at, err := s.get(ctx, asked{path: a.path, query: listQuery(a, filter, order, top), judge: judgeList(a.path, &out)}, &out)
	return &out, at, err
}

// listQuery asks for one page.
func listQuery(a archive, filter, order string, top int) url.Values {
	return url.Values{"$select": {a.columns}, "$filter": {filter}, "$orderBy": {order}, "$top": {strconv.Itoa(top)}, "$mode": {"Full"}}
}

// judgeList refuses what is no list, which SuperOffice may send with HTTP 200.
func judgeList(path string, out *listAnswer) func() httpapi.Verdict {
	return func() httpapi.Verdict {
		switch {
		case out.long:
			return tooLarge(path, "the answer has far more rows than were asked for: look at what stands in front of the system")
		case out.whole:
			return httpapi.Verdict{}
		}
		return odd(path, "the answer is no list: check that url is the root of a SuperOffice installation")
	}
}

// abilities are what the server turned out to be able to do. An answer that it is
// not is asked for again after a while, as servers are updated.
type abilities struct {
	mu sync.Mutex
	// noStatus is when the list was found to lack the status; hasStatus is true once
	// it was told.
	noStatus  time.Time
	hasStatus bool
	// asked is when the columns were last asked for.
	asked time.Time
	// noDynamic is when the archive Dynamic was found to be of no use, why what it
	// said; operator is what it takes for a set, once that is known.
	noDynamic time.Time
	why       error
	operator  string
}

const (
	// columnsLife is how long the columns of a server are taken as told.
	columnsLife = 24 * time.Hour
	// abilityLife is how long what a server could not do is not asked for again.
	abilityLife = 10 * time.Minute
)

// listsStatus finds out whether the list has the column status, which servers of
// 2021 did not: by what the server says of its columns. Where it does not say, the
// list is tried with it.
func (s *Source) listsStatus(ctx context.Context) bool {
	a := &s.abilities
	a.mu.Lock()
	now := s.opts.Clock.Now()
	if a.hasStatus || now.Before(a.noStatus.Add(columnsLife)) && !a.noStatus.IsZero() {
		defer a.mu.Unlock()
		return a.hasStatus
	}
	ask := a.asked.IsZero() || !now.Before(a.asked.Add(columnsLife))
	a.asked = now
	a.mu.Unlock()
	if !ask {
		return true
	}
	var out columnNames
	if _, err := s.get(ctx, asked{path: pathColumns}, &out); err != nil || !out.has["chatsessionid"] {
		return true
	}
	s.noteStatus(out.has["status"])
	return out.has["status"]
}

// noteStatus notes whether the list has the column status.
func (s *Source) noteStatus(has bool) {
	a := &s.abilities
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.hasStatus = has; !has {
		a.noStatus = s.opts.Clock.Now()
	}
}
