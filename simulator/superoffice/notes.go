package superoffice

import (
	"slices"
	"sync"
	"time"

	"conversation_exporter/simulator/figures"
	"conversation_exporter/simulator/world"
)

// notes are what the API has shown of chats to one exporter, pass by pass. The
// clock stands during a pass, so a pass is an instant. Nobody takes notes until
// the first pass begins.
type notes struct {
	mu      sync.Mutex
	stories map[int64]*story
	// pass counts the passes, began is when the last one began.
	pass  int
	began time.Time
	// open and closed tell that the last pass has read these lists to their end.
	open, closed bool
	// base is when the first pass began that read both; top is the highest message
	// id that the first sweep of the closed chats told, if it told any (S6).
	base time.Time
	top  int64
	// sweeps counts the sweeps that came to their end; swept is what the last one met
	// of those that have ended of late, and when they did; sweeping is the same of the
	// one that is under way.
	sweeps          int
	swept, sweeping map[int64]time.Time
	// proved tells that the clock of a visitor's browser has agreed with ours.
	proved bool
	counts *figures.Counts
	// inbound is the newest message of a customer.
	inbound time.Time
}

// story is all that was shown of one chat.
type story struct {
	id int64
	// now is how it was shown last, sights all that was, one a pass at most.
	now    sight
	sights []sight
	// shown is when a list or its own page showed it last.
	shown time.Time
	// entity is what its own page told last, as long as no better list has.
	entity sight
	lines  []line
	// read is the pass that was last told its messages, ended the one that was first
	// told that it is over, and gone the one that was told that there is none.
	read, ended, gone int
	// judged is the last message of which was counted what counts when it is read,
	// begun tells that it was read at all.
	judged int64
	begun  bool
	// floor and floorAt are what nothing counts at or below.
	floor   int64
	floorAt time.Time
	// closings are those that were counted, by the message that began the stretch.
	closings map[int64]bool
	// tries counts the readings that ended with an ending, while a list shows it open.
	tries int
	// picked is the pick-up that was counted last; handed tells that the bot's giving it
	// away was counted, met that its messages were ever looked at.
	picked      time.Time
	handed, met bool
}

// sight is a chat as one pass has shown it.
type sight struct {
	pass int
	at   time.Time
	// status is the vendor's number; 0 where it is not told.
	status, topic int
	// over tells that the chat is closed.
	over                                  bool
	requested, started, ended, idle, seen time.Time
	bot, botTold                          bool
	// sure is false where an answer is missing that could tell another state.
	sure bool
}

// line is a message as it was told.
type line struct {
	id   int64
	at   time.Time
	kind lineKind
	// reason is why an ending ended the chat.
	reason string
	// unread tells that the customer has not read it yet.
	unread bool
}

// lineKind is what a message means (R15, R17).
type lineKind int

const (
	lineOther lineKind = iota
	lineCustomer
	lineHuman
	lineBot
	lineMoved
	lineEnding
	lineReopened
)

// begin begins a pass.
func (n *notes) begin(now time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.stories == nil {
		n.stories, n.counts = make(map[int64]*story), figures.NewCounts()
	}
	n.pass++
	n.began, n.open, n.closed, n.sweeping = now, false, false, make(map[int64]time.Time)
}

// story gives what is known of a chat, which begins where there is nothing.
func (n *notes) story(id int64) *story {
	s := n.stories[id]
	if s == nil {
		s = &story{id: id, closings: make(map[int64]bool)}
		n.stories[id] = s
	}
	return s
}

// show takes a chat as a list or its own page shows it.
func (n *notes) show(id int64, g sight) {
	s := n.story(id)
	g.pass, s.shown = n.pass, g.at
	if g.over && s.ended == 0 {
		s.ended = n.pass
	} else if !g.over {
		s.ended = 0
	}
	if ongoing(g.status) && !g.seen.IsZero() && g.seen.Sub(g.at).Abs() <= 90*time.Second {
		n.proved = true
	}
	s.now = g
	if i := len(s.sights); i > 0 && s.sights[i-1].pass == n.pass {
		s.sights = s.sights[:i-1]
	}
	s.sights = append(s.sights, g)
}

// archive takes the rows of the archive of chats, which lacks who has them: that is
// told by another answer of the same pass, or remembered.
func (n *notes) archive(rows []sighted, l listed) {
	for _, r := range rows {
		g := r.sight
		switch {
		case l.open && g.status == 0 && !g.ended.IsZero():
			continue // It is left out, for it is over.
		case l.open:
			s := n.story(r.id)
			if s.now.pass == n.pass && s.now.sure || s.gone == n.pass {
				continue
			}
			known := s.entity
			g.bot, g.botTold = known.bot, known.botTold
			if g.sure = g.status != 0 && (!ongoing(g.status) || known.botTold && known.status == g.status); g.status == 0 {
				g.status = known.status
			}
			n.show(r.id, g)
			continue
		case !g.over:
			continue
		}
		ended, met := n.swept[r.id]
		if l.late {
			n.sweeping[r.id] = g.ended
		}
		if n.sweeps > 0 && !(l.late && met && ended.Equal(g.ended)) {
			g.sure = g.status != 0
			n.show(r.id, g)
		}
	}
	n.open = n.open || l.open && l.last
	if l.late && l.last {
		n.closed, n.swept, n.sweeps = true, n.sweeping, n.sweeps+1
	}
}

// dynamic takes the rows of the dynamic provider, which tell all there is.
func (n *notes) dynamic(rows []sighted, l listed) {
	for _, r := range rows {
		r.sure = true
		n.story(r.id).entity = sight{}
		n.show(r.id, r.sight)
	}
	n.open = n.open || l.last
}

// page takes what a chat's own page tells.
func (n *notes) page(id int64, g sight) {
	g.sure = true
	n.story(id).entity = g
	n.show(id, g)
}

// none takes that there is no such chat.
func (n *notes) none(id int64) {
	s := n.stories[id]
	if s == nil {
		return
	}
	s.gone, s.entity = n.pass, sight{}
	s.sights = slices.DeleteFunc(s.sights, func(g sight) bool { return g.pass == n.pass })
	if s.now.pass == n.pass {
		s.now = sight{}
		if i := len(s.sights); i > 0 {
			s.now = s.sights[i-1]
		}
	}
}

// messages takes what is told of a chat's messages; none where it is not there.
func (n *notes) messages(id int64, told []line) {
	s := n.story(id)
	s.read = n.pass
	for _, l := range told {
		i, known := slices.BinarySearchFunc(s.lines, l.id, func(have line, id int64) int { return int(have.id - id) })
		if known {
			s.lines[i].unread = l.unread
			continue
		}
		s.lines = slices.Insert(s.lines, i, l)
		if l.kind == lineCustomer && l.at.After(n.inbound) {
			n.inbound = l.at
		}
	}
}

// highest takes the highest message id, which is asked for after the first sweep.
func (n *notes) highest(id int64) {
	if n.base.IsZero() && n.top == 0 {
		n.top = id
	}
}

// ongoing tells whether a chat of this status is an agent's or a bot's.
func ongoing(status int) bool { return status == 5 || status == 6 }

// lineOf is what a message of an answer means. One of ours that is dated ahead is a
// bot's (R15).
func lineOf(m *world.ChatMessage, v *view) line {
	to, _ := messageType(m)
	notice, _ := special(m, v.switches)
	l := line{id: m.ID, at: m.At, unread: to == "ToCustomer" && readMark(v.switches, m) == 0}
	if m.Side == world.ChatBot {
		l.at = l.at.Add(v.switches.BotDelay)
	}
	switch {
	case notice == "TransferedSession":
		l.kind = lineMoved
	case notice == "ClosedByUser":
		l.kind, l.reason = lineEnding, "agent"
	case notice == "ClosedByCustomer":
		l.kind, l.reason = lineEnding, "customer"
	case notice == "ClosedByIdle":
		l.kind, l.reason = lineEnding, "timeout"
	case notice == "SessionDeleted":
		l.kind, l.reason = lineEnding, "other"
	case notice == "ReopenedByCustomer":
		l.kind = lineReopened
	case to == "ToUser":
		l.kind = lineCustomer
	case to == "ToCustomer" && (notice == "None" || notice == "Url"):
		if l.kind = lineHuman; l.at.After(v.now) {
			l.kind = lineBot
		}
	case notice == "BotMessage" || notice == "Options":
		l.kind = lineBot
	}
	if l.kind == lineBot && l.at.After(v.now) {
		l.at = v.now
	}
	return l
}
