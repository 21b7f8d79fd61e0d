package superoffice

import (
	"slices"
	"time"

	"conversation_exporter/simulator/figures"
)

// noteLife is how long a chat is remembered that is no longer shown.
const noteLife = time.Hour

// end counts what a pass has told.
func (n *notes) end(now time.Time, names map[int]string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.base.IsZero() && n.open && n.closed {
		n.base = n.began
	}
	for id, s := range n.stories {
		if s.now.pass == n.pass || s.read == n.pass || s.gone == n.pass {
			at := Place{Channel: channelChat, Queue: names[s.now.topic]}
			(&reading{notes: n, story: s, at: at}).count(now)
		}
		if n.open && now.Sub(s.shown) >= noteLife && s.read > 0 && s.read >= s.ended && !s.behind() {
			n.forget(id, s)
		}
	}
}

// behind tells that somebody has written since the messages were told, as far as was
// shown: what is still to be read is not forgotten (R24).
func (s *story) behind() bool {
	told, ok := sight{}, false
	for _, g := range s.sights {
		if g.pass <= s.read {
			told, ok = g, true
		}
	}
	idle := !s.now.idle.IsZero() && !told.idle.IsZero() && !s.now.idle.Equal(told.idle)
	return ok && s.now.pass > s.read && (s.now.status != told.status || idle)
}

// forget leaves of a chat that nothing of it counts twice (R25). Of one without messages
// nothing has counted.
func (n *notes) forget(id int64, s *story) {
	delete(n.stories, id)
	if s.judged == 0 {
		return
	}
	grave := n.story(id)
	grave.floor, grave.floorAt, grave.shown = max(s.floor, s.judged), s.shown, s.shown
}

// reading is what one pass adds to one chat.
type reading struct {
	*notes
	*story
	at Place
}

// told tells whether a message counts (R21).
func (r *reading) told(l line) bool {
	switch {
	case r.base.IsZero() || l.id <= r.floor:
		return false
	case r.top > 0:
		return l.id > r.top
	default:
		return l.at.After(r.base)
	}
}

// since tells whether something counts that no message tells: a listing has shown it
// undone before, or its time is after the baseline (R21).
func (r *reading) since(at time.Time, undone func(sight) bool) bool {
	_, seen := r.seen(undone)
	return !r.base.IsZero() && (seen || at.After(r.base) && at.After(r.floorAt))
}

// count counts what is new.
func (r *reading) count(now time.Time) {
	if r.read == r.pass && !r.begun && len(r.lines) > 0 {
		r.begun = true
		if !r.proved && r.top == 0 {
			r.floor, r.floorAt = r.lines[len(r.lines)-1].id, now
		}
	}
	for i, l := range r.lines {
		if l.id > r.judged && r.told(l) {
			r.message(i)
		}
	}
	if i := len(r.lines); i > 0 {
		r.judged = max(r.judged, r.lines[i-1].id)
	}
	r.pickUp()
	r.handOver()
	r.ends()
}

// message counts what one message tells when it is read (R15, R18, R22).
func (r *reading) message(i int) {
	l := r.lines[i]
	if sender := map[lineKind]string{lineCustomer: "customer", lineHuman: "agent", lineBot: "bot"}[l.kind]; sender != "" {
		r.counts.Messages[figures.MessageKey{Channel: r.at.Channel, Sender: sender}]++
	}
	if r.starts(i) && !(i == 0 && r.closings[0]) {
		r.counts.Started[figures.StartKey{Place: r.at, Origin: originRegular}]++
	}
	if l.kind == lineMoved {
		r.counts.Transfers[figures.TransferKey{Place: r.at, To: "agent"}]++
	}
	clock, waits := r.clock(i)
	if l.kind != lineHuman || !waits || r.state() == stateAutomated {
		return
	}
	seconds := max(l.at.Sub(clock), 0).Seconds()
	r.counts.Response[r.at] = r.counts.Response[r.at].With(seconds)
	if r.first(i) {
		r.counts.FirstResponse[r.at] = r.counts.FirstResponse[r.at].With(seconds)
	}
}

// pickUp counts who was picked up (R16).
func (r *reading) pickUp() {
	g := r.now
	if g.started.IsZero() || g.started.Equal(r.picked) || r.state() == stateAutomated {
		return
	}
	last := r.picked
	r.picked = g.started
	if !r.since(g.started, func(g sight) bool { return g.started.IsZero() && g.at.After(last) }) {
		return
	}
	entered := r.entered(func(g sight) bool {
		state := g.state()
		return state != stateQueued && state != stateAssigned && !g.at.After(r.now.started)
	})
	r.counts.PickUp[r.at] = r.counts.PickUp[r.at].With(max(g.started.Sub(entered), 0).Seconds())
}

// handOver counts whom a bot gave away, as far as that was seen: he was shown with the
// bot before, or the bot had written when he was met (R16).
func (r *reading) handOver() {
	met := r.met
	r.met = r.met || r.begun
	_, counts := r.seen(func(g sight) bool { return g.sure && !g.over && g.state() == stateAutomated })
	switch {
	case !r.now.sure && r.now.started.IsZero():
		return // It shows nothing (R6).
	case r.state() == stateAutomated:
		r.handed = false
		return
	case r.handed:
		return
	}
	if bot := r.earliest(max(r.stretch(len(r.lines))-1, -1), len(r.lines), lineBot.of); !counts && bot >= 0 && !met && r.met {
		counts = r.told(r.lines[bot])
		r.handed = true
	}
	if counts && !r.base.IsZero() {
		r.handed = true
		r.counts.HandOvers[r.at]++
	}
}

// ends counts the endings: of those that were taken up again the message tells, of the
// others the status does (R17, R22, R24).
func (r *reading) ends() {
	for i := range r.lines {
		if r.ending(i+1) == i && r.resumed(i) {
			r.close(i, sight{})
		}
	}
	last := r.ending(len(r.lines))
	switch {
	case r.now.over && r.read >= r.ended:
		r.close(last, r.now)
	case last >= 0 && r.gone == r.pass:
		r.close(last, sight{})
	case last >= 0 && !r.now.over && r.read == r.pass:
		// A status that never comes is not waited for.
		if r.tries++; r.tries >= mostTries {
			r.close(last, sight{})
		}
	case last < 0:
		r.tries = 0
	}
}

// mostTries is how many readings wait for the status of an ending.
const mostTries = 3

// resumed tells whether a chat was taken up again after a message.
func (r *reading) resumed(i int) bool {
	for i++; i < len(r.lines); i++ {
		if r.starts(i) {
			return true
		}
	}
	return false
}

// close counts an ending once: by its message, -1 for none, and the listing that shows
// it, if one does.
func (r *reading) close(i int, shown sight) {
	before := i
	if i < 0 {
		before = len(r.lines)
	}
	key := int64(0)
	if begun := r.stretch(min(before+1, len(r.lines))); begun > 0 {
		key = r.lines[begun].id
	}
	if r.closings[key] {
		return
	}
	r.closings[key] = true
	at := shown.ended
	if at.IsZero() {
		at = r.now.at
	}
	if i >= 0 {
		at = r.lines[i].at
	}
	if i >= 0 && !r.told(r.lines[i]) || i < 0 && !r.since(at, func(g sight) bool { return !g.over }) {
		return
	}
	// Who never wrote came when he asked for it.
	if len(r.lines) == 0 && r.since(r.now.requested, func(sight) bool { return false }) {
		r.counts.Started[figures.StartKey{Place: r.at, Origin: originRegular}]++
	}
	r.counts.Closed[figures.CloseKey{Place: r.at, Reason: r.reason(i, shown.status, at), Awaiting: r.awaiting(before, shown.status, at)}]++
}

// The statuses of chats that end otherwise than by a message.
const (
	statusPosted = 10
	statusLeft   = 11
)

// reason is rule R17.
func (r *reading) reason(i, status int, at time.Time) string {
	switch {
	case status == statusPosted:
		return "ticket"
	case status == statusLeft:
		return "abandoned"
	case i < 0:
		return "other"
	}
	reason := r.lines[i].reason
	if waits := reason == "customer" || reason == "timeout"; waits && r.waited(at) {
		return "abandoned"
	}
	return reason
}

// waited tells whether a chat was in its queue when it was last listed open before an
// instant, and nobody has picked it up.
func (r *reading) waited(at time.Time) bool {
	if !r.now.started.IsZero() {
		return false
	}
	last, listed := r.listed(at)
	return listed && last.state() == stateQueued
}

// listed is how a chat was last listed open before an instant.
func (r *reading) listed(at time.Time) (sight, bool) {
	for _, g := range slices.Backward(r.sights) {
		if !g.over && !g.at.After(at) {
			return g, true
		}
	}
	return sight{}, false
}

// awaiting is whose turn it was at an ending. Who never wrote, or ended in a form, is owed nothing; who
// waited, and was not picked up, was still in the queue, whatever his row says (R14).
func (r *reading) awaiting(before, status int, at time.Time) string {
	state := r.state()
	switch last, listed := r.listed(at); {
	case r.now.over && status != statusPosted && r.waited(at):
		state = stateQueued
	case !r.now.over && listed && r.now.started.IsZero():
		state = last.state() // It was taken up again since.
	}
	if _, waits := r.clock(before); status == statusLeft || waits && len(r.lines) > 0 && state != stateAutomated && !(r.now.over && state == stateArriving) {
		return awaitingAgent
	}
	return awaitingCustomer
}
