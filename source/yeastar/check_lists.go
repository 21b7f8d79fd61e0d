package yeastar

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"conversation_exporter/conversation"
)

// checkSessions asks for the sessions of one viewer of each kind, once it is known
// whether there is any.
func (c *checker) checkSessions(ctx context.Context) {
	if !c.needs("sessions", "messages", "queues", "agents") {
		return
	}
	viewers := c.someViewers()
	if len(viewers) == 0 {
		if c.untold {
			c.tell(pathSearch, conversation.VerdictUntried, "whose sessions to list was not told, as said above", "")
			return
		}
		c.tell(whatViewers, conversation.VerdictFailed, "there is nobody whose sessions could be listed: "+c.nobody(), "make agents members of a message queue, or set viewers.extensions or viewers.api")
		return
	}
	if v := c.source.opts.Viewers; v.QueueMembers && len(c.members) == 0 && !c.untold && len(v.Extensions) == 0 && !v.AllExtensions {
		c.tell(whatViewers, conversation.VerdictNote, c.nobody()+", so that only what is routed to the API is seen", "make agents members of a message queue, or set viewers.extensions")
	}
	for _, v := range viewers {
		c.checkSearch(ctx, v)
	}
}

// nobody says why the queues bring no viewer.
func (c *checker) nobody() string {
	switch {
	case !c.source.opts.Viewers.QueueMembers:
		return "viewers.queue_members is off"
	case len(c.queues) == 0:
		return "there is no message queue"
	default:
		return "no message queue has a member"
	}
}

// someViewers returns the API and one extension, as far as they are to be asked.
func (c *checker) someViewers() []viewer {
	var list []viewer
	v := c.source.opts.Viewers
	if v.API {
		list = append(list, viewer{})
	}
	numbers := slices.Clone(v.Extensions)
	if v.QueueMembers {
		numbers = append(numbers, c.members...)
	}
	if v.AllExtensions {
		numbers = append(numbers, c.extensions...)
	}
	if i := slices.IndexFunc(numbers, extensionNumber); i >= 0 {
		list = append(list, viewer{number: numbers[i]})
	}
	return list
}

// checkSearch asks for the first page of a viewer's open sessions, as a scrape
// would. Only a page that may have been capped needs a look at the next one.
func (c *checker) checkSearch(ctx context.Context, v viewer) {
	what := pathSearch + " (" + v.String() + ")"
	size := c.source.opts.PageSize
	listed, err := c.search(ctx, v, size, 0)
	switch {
	case refusedWith(err, codeNotFound) && !c.source.configured(v):
		c.tell(what, conversation.VerdictOK, "no open session", "")
		return
	case refusedWith(err, codeNotFound):
		c.tell(what, conversation.VerdictFailed, "the PBX does not know "+v.String(), "correct viewers.extensions")
		return
	case err != nil:
		c.fail(what, pathSearch, err)
		return
	}
	if len(listed) > 0 && c.session == 0 {
		c.session = int64(listed[0].ID)
	}
	const least = 10 // No PBX would cap at less.
	if n := len(listed); n >= least && n < size {
		more, err := c.search(ctx, v, size, int64(listed[n-1].LastMsgID))
		if err == nil && brings(more, listed) {
			c.tell(what, conversation.VerdictNote, fmt.Sprintf("the PBX gives no more than %d sessions in a page, and page_size is %d: nothing is lost by that", n, size), "set page_size: "+strconv.Itoa(n))
			return
		}
	}
	meaning := count(len(listed), "open session")
	if len(listed) >= size {
		meaning = "a full page of open sessions"
	}
	c.tell(what, conversation.VerdictOK, meaning, "")
}

// brings reports whether a page has a session that the one before it has not.
func brings(page, before []sessionRow) bool {
	return slices.ContainsFunc(page, func(row sessionRow) bool {
		return !slices.ContainsFunc(before, func(known sessionRow) bool { return known.ID == row.ID })
	})
}

// search asks for one page.
func (c *checker) search(ctx context.Context, v viewer, size int, cursor int64) ([]sessionRow, error) {
	query := openSessions(v, size)
	if cursor > 0 {
		query.Set("first_msg_id", strconv.FormatInt(cursor, 10))
	}
	out, err := ask[rows[sessionRow]](ctx, c, pathSearch, query)
	if err != nil {
		return nil, err
	}
	return out.all(), nil
}

// tellList tells of a list that is paged by number, of which the first page was
// read.
func (c *checker) tellList(path, one string, got, total int) {
	asked := min(total, directoryPage)
	switch {
	case total > mostRows:
		a := adviceOf(errLong.Error())
		c.tell(path, conversation.VerdictFailed, a.meaning, a.remedy)
	case got < asked:
		c.tell(path, conversation.VerdictNote, fmt.Sprintf("%s, and gives only %d of the %d that were asked for in a page: nothing is lost by that, it costs more requests", announced(total, one), got, asked), "")
	case got < total:
		c.tell(path, conversation.VerdictOK, announced(total, one), "")
	default:
		c.tell(path, conversation.VerdictOK, count(got, one), "")
	}
}

// announced writes a number of things that nobody has counted.
func announced(n int, one string) string {
	return "the PBX announces " + count(n, one)
}

// checkExtensions asks for the extensions, where they are needed or where some
// are configured that could be mistyped.
func (c *checker) checkExtensions(ctx context.Context) {
	v := c.source.opts.Viewers
	needed := v.AllExtensions || c.needs("agents", "queues")
	if !needed && len(v.Extensions) == 0 {
		return
	}
	// However long the list is, the step takes no longer than a call may.
	ctx, cancel := context.WithTimeout(ctx, c.limit)
	defer cancel()
	list := paged[extensionRow, string]{take: func(row *extensionRow) (string, string, error) {
		_, e, err := listExtension(row)
		return e.number, e.number, err
	}}
	out, err := ask[rows[extensionRow]](ctx, c, pathExtensions, pageOf(1))
	if err != nil && !needed && c.stopped == "" {
		c.tell(pathExtensions, conversation.VerdictNote, "whether viewers.extensions exist could not be checked: "+adviceOn(err).meaning, adviceOn(err).remedy)
		return
	}
	if err != nil {
		c.untold = c.untold || v.AllExtensions
		c.fail(pathExtensions, pathExtensions, err)
		return
	}
	last, err := list.add(out)
	if err != nil && !errors.Is(err, errLong) && needed {
		c.untold = c.untold || v.AllExtensions
		c.fail(pathExtensions, pathExtensions, err)
		return
	}
	c.tellList(pathExtensions, "extension", len(out.all()), int(out.Total))
	missing := absentFrom(list.all, v.Extensions)
	// The others follow only as long as a configured one is still to be found.
	for page := 2; len(missing) > 0 && !last && err == nil && page <= c.source.opts.MaxPages; page++ {
		if out, err = ask[rows[extensionRow]](ctx, c, pathExtensions, pageOf(page)); err == nil {
			last, err = list.add(out)
			missing = absentFrom(list.all, missing)
		}
	}
	c.extensions = slices.DeleteFunc(list.all, func(number string) bool { return number == "" })
	switch {
	case len(missing) == 0:
	case last:
		c.tell("viewers.extensions", conversation.VerdictFailed, "the PBX does not list extension "+enumerate(missing)+", whose sessions nobody will see", "correct viewers.extensions")
	default:
		a := whyUnread(ctx, err, len(c.extensions))
		c.tell("viewers.extensions", conversation.VerdictUntried, "whether extension "+enumerate(missing)+" exists is not known, as the list was not read to its end: "+a.meaning, a.remedy)
	}
}

// whyUnread says why a list was not read to its end, of which some extensions were.
func whyUnread(ctx context.Context, err error, read int) advice {
	switch {
	case ctx.Err() != nil:
		return advice{"the time was over after " + count(read, "extension"), "raise timeout, or correct viewers.extensions"}
	case errors.Is(err, errLong):
		return adviceOf(err.Error())
	case err != nil:
		return adviceOn(err)
	default:
		return advice{errPages.Error(), "report it, with the firmware version of the PBX"}
	}
}

// absentFrom leaves of some numbers those that are not in a list.
func absentFrom(list, numbers []string) []string {
	return slices.DeleteFunc(slices.Clone(numbers), func(number string) bool { return slices.Contains(list, number) })
}

// channelState is how far a channel is connected (vendor's page "Query Message
// Channel List").
type channelState struct {
	Name   shown `json:"name"`
	Status shown `json:"status"`
}

// checkChannels asks for the message channels, which tell whether the plan still
// has messaging.
func (c *checker) checkChannels(ctx context.Context) {
	if !c.needs("channels") {
		return
	}
	query := pageOf(1)
	query.Set("time_range", "today")
	out, err := ask[rows[channelState]](ctx, c, pathChannels, query)
	if err != nil {
		c.fail(pathChannels, pathChannels, err)
		return
	}
	var lapsed, down []string
	for _, row := range out.all() {
		switch name := conversation.Label(string(row.Name)); row.Status {
		case channelLapsed:
			lapsed = append(lapsed, name)
		case "status_connect_fail":
			down = append(down, name)
		}
	}
	c.tellList(pathChannels, "message channel", len(out.all()), int(out.Total))
	if len(lapsed) > 0 {
		c.tell("plan", conversation.VerdictFailed, "the subscription of the PBX does not cover the channel "+enumerate(lapsed)+": nothing is sent or received there", "renew the plan of the PBX; messaging needs Enterprise or Ultimate")
	}
	if len(down) > 0 {
		c.tell("channels", conversation.VerdictNote, "not connected: "+enumerate(down), "look at the channel's settings under Messaging > Message Channel")
	}
}

// count writes a number of things.
func count(n int, one string) string {
	switch n {
	case 0:
		return "no " + one
	case 1:
		return "1 " + one
	default:
		return strconv.Itoa(n) + " " + one + "s"
	}
}
