package superoffice

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"conversation_exporter/conversation"
)

var _ conversation.Checker = (*Source)(nil)

// What a check tells of beside endpoints.
const (
	whatSignIn = "sign-in"
	whatZone   = "time zone"
	whatClock  = "clock"
	whatRest   = "all other endpoints"
)

// checker is one check.
type checker struct {
	source *Source
	limit  time.Duration
	groups []string
	pass   pass
	base   *url.URL
	// stopped is the endpoint after whose answer nothing more may be asked.
	stopped string
	// unlisted is true where open sessions could not be listed.
	unlisted bool
	// sessions are some that are open, topics those that there are.
	sessions []facts
	topics   []int64
	// completed is true where the archive Dynamic can be used.
	completed bool
	findings  []conversation.Finding
}

// Check implements conversation.Checker. Unlike a scrape it signs in once and never
// again: whoever mends something runs the check over and over, and directories lock
// accounts out.
func (s *Source) Check(ctx context.Context, limit time.Duration, groups ...string) []conversation.Finding {
	c := &checker{source: s, limit: limit, groups: groups}
	if c.checkSignIn(ctx) {
		c.checkTopics(ctx)
		c.checkSessions(ctx)
		c.checkDynamic(ctx)
		c.checkEntity(ctx)
		c.checkMessages(ctx)
		c.checkPresence(ctx)
		c.checkZone()
		c.checkClock()
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	_ = s.Close(ending) // There is nothing to give back.
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
func (c *checker) fail(what string, err error) {
	if errors.Is(err, errStopped) {
		c.tell(what, conversation.VerdictUntried, "it was not asked after the answer of "+c.stopped, "")
		return
	}
	a := adviceOn(err).fit(c.source.opts.Online != nil)
	c.tell(what, conversation.VerdictFailed, a.meaning, a.remedy)
}

// checkSignIn finds where the system is, and signs in. Without that nothing else can
// be asked.
func (c *checker) checkSignIn(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, c.limit)
	defer cancel()
	var err error
	if c.base, err = c.source.home.base(ctx); err != nil {
		c.fail(pathState, err)
		c.tell(whatRest, conversation.VerdictUntried, "nothing can be asked of a tenant that is not found", "")
		return false
	}
	if c.source.opts.Online != nil {
		c.tell(pathState, conversation.VerdictOK, "the tenant lives at "+c.base.Host, "")
	}
	if c.pass, err = c.source.signIn.get(ctx); err != nil {
		c.fail(whatSignIn, err)
		c.tell(whatRest, conversation.VerdictUntried, "nothing can be asked without signing in", "")
		return false
	}
	c.source.askVersion(ctx)
	meaning := ""
	if info := c.source.told(); info != "" {
		meaning = "SuperOffice " + info
	}
	c.tell(whatSignIn, conversation.VerdictOK, meaning, "")
	return true
}

// errStopped is what a call ends with that is not made any more.
var errStopped = errors.New("not asked")

// ask makes one call with what the sign-in of the check brought. It returns our clock
// at the answer.
func (c *checker) ask(ctx context.Context, a asked, out any) (time.Time, error) {
	if c.stopped != "" {
		return time.Time{}, errStopped
	}
	ctx, cancel := context.WithTimeout(ctx, c.limit)
	defer cancel()
	at, err := c.source.client.Do(ctx, a.request(c.base, c.pass), out)
	if refusedWith(err, 401) {
		c.stopped = a.path // Each further call would be refused too, and might count.
	}
	if err != nil {
		return at, c.source.explain(err)
	}
	return at, nil
}

// checkTopics asks for the topics, and for the settings of one of them.
func (c *checker) checkTopics(ctx context.Context) {
	var items []topicItem
	if _, err := c.ask(ctx, topicsAsked(&items), &items); err != nil {
		c.fail(pathTopics, err)
		return
	}
	known := make(map[int64]topic)
	c.source.dir.take(items, known)
	for id := range known {
		c.topics = append(c.topics, id)
	}
	slices.Sort(c.topics)
	if len(c.topics) == 0 {
		c.tell(pathTopics, conversation.VerdictFailed, noTopics, noTopicsRemedy)
		return
	}
	c.tell(pathTopics, conversation.VerdictOK, count(len(c.topics), "topic"), "")
	if !c.needs("queues") {
		return
	}
	var settings *topicEntity
	var open scalar
	for _, call := range []struct {
		asked
		out any
	}{{topicAsked(c.topics[0], &settings), &settings}, {openAsked(c.topics[0], &open), &open}} {
		if _, err := c.ask(ctx, call.asked, call.out); err != nil {
			c.fail(call.path, err)
			continue
		}
		c.tell(call.path, conversation.VerdictOK, "", "")
	}
}

// page asks for the first open sessions of an archive.
func (c *checker) page(ctx context.Context, a archive, where string) (*listAnswer, time.Time, error) {
	out := listAnswer{most: mostOf(c.source.opts.PageSize)}
	at, err := c.ask(ctx, asked{path: a.path, query: listQuery(a, where, a.id+" asc", c.source.opts.PageSize), judge: judgeList(a.path, &out)}, &out)
	return &out, at, err
}

// checkSessions asks for the open sessions.
func (c *checker) checkSessions(ctx context.Context) {
	if !c.needs("sessions", "messages", "queues", "agents") {
		return
	}
	a := sessionList(true)
	out, at, err := c.page(ctx, a, "status oneOf ("+openOnes+") and "+a.id+" gt 0")
	lacks := err == nil && len(out.Rows) > 0 && !out.Rows[0].hasStatus
	if err != nil && refusesRequest(err) && c.stopped == "" {
		without := sessionList(false)
		_, _, other := c.page(ctx, without, "whenRequested afterTime '"+c.source.digits(c.source.opts.Clock.Now().Add(-time.Hour))+"' and "+without.id+" gt 0")
		lacks = other == nil
	}
	switch {
	case lacks:
		c.tell(pathSessions, conversation.VerdictNote, "this version does not list the status of a session, so it is read in another way", "update SuperOffice, which saves requests")
		return
	case err != nil:
		c.unlisted = true
		c.fail(pathSessions, err)
		return
	}
	c.keep(out, at)
	meaning := count(len(out.Rows), "open session")
	if len(out.Rows) >= c.source.opts.PageSize {
		meaning = "a full page of open sessions"
	}
	c.tell(pathSessions, conversation.VerdictOK, meaning, "")
}

// keep takes what a page tells.
func (c *checker) keep(out *listAnswer, at time.Time) {
	c.sessions = c.sessions[:0]
	for i := range out.Rows {
		c.sessions = append(c.sessions, factsOf(&out.Rows[i].columns, c.source.dates(at)))
	}
}

// checkDynamic asks for the same by the archive Dynamic, with each operator that it may
// take.
func (c *checker) checkDynamic(ctx context.Context) {
	if !c.needs("sessions", "messages", "agents") {
		return
	}
	a := dynamicList()
	var err error
	for _, operator := range dynamicOperators() {
		var out *listAnswer
		var at time.Time
		if out, at, err = c.page(ctx, a, "chat_session.status "+operator+" ("+openOnes+") and "+a.id+" gt 0"); err == nil {
			c.completed, c.unlisted = true, false
			if len(out.Rows) > 0 {
				c.keep(out, at)
			}
			c.tell(pathDynamic, conversation.VerdictOK, "", "")
			return
		}
		if !refusesRequest(err) {
			break // Another operator would not be what it takes.
		}
	}
	if refusedWith(err, 401) {
		c.stopped = "" // The list before was not refused.
	}
	if !refusesDynamic(err) {
		c.fail(pathDynamic, err)
		return
	}
	c.tell(pathDynamic, conversation.VerdictNote, "it"+strings.TrimPrefix(noDynamic, pathDynamic), noDynamicRemedy)
}

// checkEntity asks for one session where the archive Dynamic cannot be used.
func (c *checker) checkEntity(ctx context.Context) {
	if c.completed || len(c.sessions) == 0 {
		return
	}
	one := c.sessions[len(c.sessions)-1].id
	var out *sessionEntity
	at, err := c.ask(ctx, entityAsked(one, &out), &out)
	switch {
	case refusedWith(err, 404), err == nil && out == nil:
		c.tell(pathSession, conversation.VerdictOK, "the session has ended meanwhile", "")
	case err != nil:
		c.fail(pathSession, err)
	default:
		c.sessions = []facts{factsOfEntity(out, one, c.source.dates(at))}
		c.tell(pathSession, conversation.VerdictOK, "", "")
	}
}

// checkMessages asks for the messages of one session.
func (c *checker) checkMessages(ctx context.Context) {
	switch {
	case !c.needs("messages"):
	case c.unlisted:
		c.tell(pathMessages, conversation.VerdictUntried, unlisted, "")
	case len(c.sessions) == 0:
		c.tell(pathMessages, conversation.VerdictOK, "there is no session to read", "")
	default:
		rows := messageRows{session: c.sessions[0].id, keep: 1}
		_, err := c.ask(ctx, asked{path: pathMessages, id: rows.session}, &rows)
		switch {
		case refusedWith(err, 404):
			c.tell(pathMessages, conversation.VerdictOK, "the session has ended meanwhile", "")
		case err != nil:
			c.fail(pathMessages, err)
		default:
			c.tell(pathMessages, conversation.VerdictOK, "", "")
		}
	}
}

// checkPresence asks who is there.
func (c *checker) checkPresence(ctx context.Context) {
	if !c.needs("queues", "agents") {
		return
	}
	var rows []presenceRow
	_, err := c.ask(ctx, presenceAsked(&rows), &rows)
	switch {
	case tellsNoPresence(rows, err):
		verdict := conversation.VerdictNote // Only the numbers of people are missing.
		if c.needs("agents") {
			verdict = conversation.VerdictUnavailable
		}
		c.tell(pathPresence, verdict, "this version does not tell who is there", "update SuperOffice; else switch the group agents off")
		return
	case err != nil:
		c.fail(pathPresence, err)
		return
	}
	c.tell(pathPresence, conversation.VerdictOK, count(len(agentsOf(rows)), "chat user"), "")
}

// unlisted is why what needs a session is not tried.
const unlisted = "no session is known, as the list failed"

// checkZone compares the clocks of customers' clients with the time.
func (c *checker) checkZone() {
	switch {
	case !c.needs("sessions", "messages"):
		return
	case c.unlisted:
		c.tell(whatZone, conversation.VerdictUntried, unlisted, "")
		return
	case c.stopped != "":
		return
	}
	d := c.source.dates(c.source.opts.Clock.Now())
	off, known := offOf(c.sessions, d)
	remedy := "set time_zone to the zone of the SuperOffice server"
	switch {
	case !known:
		c.tell(whatZone, conversation.VerdictNote, "nobody chats now, so whether the dates of sessions are in the zone that they are taken for cannot be told", "check again while somebody chats")
	case off == 0:
		c.tell(whatZone, conversation.VerdictOK, "the dates of sessions agree with the clock", "")
	default:
		c.tell(whatZone, conversation.VerdictFailed, fmt.Sprintf("the dates of sessions are off by %s, which must be the time zone: it seems to be %s", span(off), likelyZone(d, off)), remedy)
	}
}

// checkClock compares the clocks, by the Date of the last good answer.
func (c *checker) checkClock() {
	const (
		// least is what is corrected (R34), most what no clock should be wrong by.
		least, most = skewLeast, time.Minute
		remedy      = "let both the server and this machine take their time from a time server"
	)
	skew, told := c.source.client.Skew()
	way := "ahead of"
	if skew < 0 {
		way = "behind"
	}
	meaning := fmt.Sprintf("the clock of SuperOffice is %s %s ours", skew.Abs().Round(time.Second), way)
	switch {
	case !told:
	case skew.Abs() > most:
		c.tell(whatClock, conversation.VerdictFailed, meaning+": waits cannot be relied on", remedy)
	case skew.Abs() > least:
		c.tell(whatClock, conversation.VerdictNote, meaning+", which is corrected", remedy)
	default:
		c.tell(whatClock, conversation.VerdictOK, "it agrees with ours", "")
	}
}

// told is the version, empty where it was never told.
func (s *Source) told() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.version
}
