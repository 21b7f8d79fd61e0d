package yeastar

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"conversation_exporter/conversation"
	"conversation_exporter/source/httpapi"
)

var _ conversation.Checker = (*Source)(nil)

// What a check tells of beside endpoints.
const (
	whatViewers = "viewers"
	whatClock   = "clock"
	whatRest    = "all other endpoints"
)

// checker is one check.
type checker struct {
	source *Source
	limit  time.Duration
	groups []string
	// token is the one of this check.
	token httpapi.Secret
	// stopped is the endpoint after whose answer nothing more may be asked.
	stopped string
	// version is the firmware, empty until it was told.
	version string
	// queues are those that the PBX lists; members and extensions are numbers.
	queues              []queueRow
	members, extensions []string
	// untold is true where the PBX did not tell all who could be viewers.
	untold bool
	// session is one that was listed, 0 where there is none.
	session  int64
	findings []conversation.Finding
}

// Check implements conversation.Checker. Unlike a scrape it never replaces a token
// that is refused: whoever mends something runs the check again and again, and the
// PBX counts.
func (s *Source) Check(ctx context.Context, limit time.Duration, groups ...string) []conversation.Finding {
	c := &checker{source: s, limit: limit, groups: groups}
	if c.signIn(ctx) {
		c.checkSystem(ctx)
		c.checkQueues(ctx)
		c.checkExtensions(ctx)
		c.checkSessions(ctx)
		c.checkMessages(ctx)
		c.checkChannels(ctx)
		c.checkClock()
	}
	c.giveBack(ctx)
	return c.findings
}

// needs reports whether any of these groups is on.
func (c *checker) needs(groups ...string) bool {
	return slices.ContainsFunc(groups, func(g string) bool { return slices.Contains(c.groups, g) })
}

// tell adds a finding.
func (c *checker) tell(what string, v conversation.Verdict, meaning, remedy string) {
	c.findings = append(c.findings, conversation.Finding{What: what, Verdict: v, Meaning: meaning, Remedy: remedy})
}

// fail adds the finding that an error means.
func (c *checker) fail(what, path string, err error) {
	v, a := c.judge(path, err)
	c.tell(what, v, a.meaning, a.remedy)
}

// signIn takes the one token of the check. Without it nothing else can be asked.
func (c *checker) signIn(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, c.limit)
	defer cancel()
	token, err := c.source.tokens.get(ctx)
	if err != nil {
		c.fail(pathGetToken, pathGetToken, err)
		c.tell(whatRest, conversation.VerdictUntried, "nothing can be asked without a token", "")
		return false
	}
	c.token = token
	c.tell(pathGetToken, conversation.VerdictOK, "", "")
	return true
}

// giveBack gives the token back, also where nobody waits for the check any more.
func (c *checker) giveBack(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.limit)
	defer cancel()
	err := c.source.Close(ctx)
	switch {
	case c.token.Empty():
	case err != nil:
		_, a := c.judge(pathDelToken, err)
		c.tell(pathDelToken, conversation.VerdictNote, "the token could not be given back, and stays in use for 30 minutes: "+a.meaning, a.remedy)
	default:
		c.tell(pathDelToken, conversation.VerdictOK, "", "")
	}
}

// errStopped is what a call ends with that is not made any more.
var errStopped = errors.New("not asked")

// ask makes one call with the token of the check.
func ask[T any, P interface {
	*T
	answer
}](ctx context.Context, c *checker, path string, query url.Values,
) (P, error) {
	if c.stopped != "" {
		return nil, errStopped
	}
	ctx, cancel := context.WithTimeout(ctx, c.limit)
	defer cancel()
	out := P(new(T))
	_, err := exchange(ctx, c.source.client, withToken(path, query, c.token), out)
	for _, code := range []int64{codeAddressBlock, codeAddressForbid, codeTokenExpired} {
		if refusedWith(err, code) {
			c.stopped = path // Each further call would be refused too, and might count.
		}
	}
	return out, err
}

// checkedSystem is what system/information answers, as far as a check wants it
// (vendor's page "Query PBX Information").
type checkedSystem struct {
	envelope
	Data struct {
		FirmwareVersion shown `json:"firmware_version"`
		// SystemTime is by the PBX's own zone, Timestamp the same instant in epoch
		// seconds.
		SystemTime shown  `json:"system_time"`
		Timestamp  number `json:"timestamp"`
	} `json:"data"`
}

// checkSystem asks what the PBX is, and in which time zone.
func (c *checker) checkSystem(ctx context.Context) {
	out, err := ask[checkedSystem](ctx, c, pathSystem, nil)
	if err != nil {
		c.fail(pathSystem, pathSystem, err)
		return
	}
	var told []string
	if c.version = conversation.Label(string(out.Data.FirmwareVersion)); c.version != "" {
		told = append(told, "firmware "+c.version)
	}
	if offset, ok := zoneOf(string(out.Data.SystemTime), int64(out.Data.Timestamp)); ok {
		midnight := time.Unix(0, 0).UTC().Add(-offset)
		told = append(told, fmt.Sprintf("the time zone of the PBX is %s, so what it counts by the day begins anew at %s UTC", zoneName(offset), midnight.Format("15:04")))
	}
	c.tell(pathSystem, conversation.VerdictOK, strings.Join(told, "; "), "")
}

// checkQueues asks for the queues, and for the members of the first of them.
func (c *checker) checkQueues(ctx context.Context) {
	needed := c.source.opts.Viewers.QueueMembers || c.needs("queues")
	out, err := ask[rows[queueRow]](ctx, c, pathQueueList, pageOf(1))
	switch {
	case errors.Is(err, conversation.ErrUnsupported) && !needed:
		c.tell(pathQueueList, conversation.VerdictNote, "this PBX has no message queues, and nothing needs them", "")
		return
	case err != nil:
		c.untold = c.source.opts.Viewers.QueueMembers
		c.fail(pathQueueList, pathQueueList, err)
		return
	}
	c.queues = out.all()
	c.tellList(pathQueueList, "message queue", len(c.queues), int(out.Total))
	if len(c.queues) > 0 {
		c.checkMembers(ctx, max(len(c.queues), int(out.Total)))
	}
}

// checkMembers asks for members and assignment modes of as many queues as one call
// takes; total is how many there are.
func (c *checker) checkMembers(ctx context.Context, total int) {
	asked := c.queues[:min(len(c.queues), queryBatch)]
	ids := make([]int64, 0, len(asked))
	names := make(map[int64]string, len(asked))
	for _, row := range asked {
		ids = append(ids, int64(row.ID))
		names[int64(row.ID)] = queueName(int64(row.ID), queueInfo{name: conversation.Label(string(row.Name))})
	}
	out, err := ask[rows[queueRow]](ctx, c, pathQueueQuery, url.Values{"ids": {joinIDs(ids)}})
	if err != nil {
		c.untold = c.source.opts.Viewers.QueueMembers
		c.fail(pathQueueQuery, pathQueueQuery, err)
		return
	}
	var untold []string
	for _, row := range out.all() {
		if row.Members == nil {
			untold = append(untold, names[int64(row.ID)])
		}
		for _, m := range row.Members {
			if extensionNumber(string(m.Number)) {
				c.members = append(c.members, string(m.Number))
			}
		}
	}
	slices.Sort(c.members)
	c.members = slices.Compact(c.members)
	c.untold = c.source.opts.Viewers.QueueMembers && (len(untold) > 0 || len(out.all()) < total)
	if len(untold) > 0 && c.source.opts.Viewers.QueueMembers {
		c.tell(pathQueueQuery, conversation.VerdictFailed, "the PBX does not tell the members of "+enumerate(untold)+", so nobody knows whose sessions to list",
			"give the application the permission to read message queues, or set viewers.queue_members: false and name viewers.extensions")
		return
	}
	c.tell(pathQueueQuery, conversation.VerdictOK, count(len(c.members), "queue member"), "")
}

// checkMessages asks for the messages of one session by both calls. Where there is
// no session, an answer that the PBX does not know it will do.
func (c *checker) checkMessages(ctx context.Context) {
	if !c.needs("messages") {
		return
	}
	session := strconv.FormatInt(max(c.session, 1), 10)
	for _, call := range [...]struct{ path, key string }{{pathMessageQuery, "ids"}, {pathMessageGet, "id"}} {
		path := call.path
		_, err := ask[threadsAnswer](ctx, c, path, url.Values{call.key: {session}, "page_size": {"1"}})
		switch {
		case refusedWith(err, codeNotFound):
			c.tell(path, conversation.VerdictOK, "there is no session to read", "")
		case err != nil:
			c.fail(path, path, err)
		default:
			c.tell(path, conversation.VerdictOK, "", "")
		}
	}
}

// checkClock compares the clocks, by the Date of the last good answer.
func (c *checker) checkClock() {
	skew, told := c.source.client.Skew()
	switch {
	case !told:
	case skew.Abs() > skewLeast:
		a := adviceOf(clockError(skew).Error())
		c.tell(whatClock, conversation.VerdictNote, a.meaning, a.remedy)
	default:
		c.tell(whatClock, conversation.VerdictOK, "it agrees with ours", "")
	}
}
