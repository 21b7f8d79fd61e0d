package superoffice

import (
	"strings"
	"time"

	"conversation_exporter/simulator/world"
)

// sighted is a chat that an answer shows.
type sighted struct {
	id int64
	sight
}

// listed is what a page of a list is about.
type listed struct {
	// open tells that it is of the open chats; late that it is of those that have
	// ended of late. last tells that nothing comes after it.
	open, late, last bool
}

// PassBegins says that an exporter begins a pass over the server. From the first one
// on the server keeps what it shows, for Expect.
func (s *Server) PassBegins() { s.notes.begin(s.world.Now()) }

// PassEnds says that the pass is over: what it was shown is counted.
func (s *Server) PassEnds() {
	names := make(map[int]string)
	for _, t := range s.desk.Topics() {
		names[t.ID] = t.Name
	}
	s.notes.end(s.world.Now(), names)
}

// witnessed lets a reply be noted, once it is sent as it is.
func (s *Server) witnessed(r reply, take func(n *notes)) reply {
	if take == nil {
		return r
	}
	r.told = func() {
		s.notes.mu.Lock()
		defer s.notes.mu.Unlock()
		if s.notes.pass > 0 {
			take(&s.notes)
		}
	}
	return r
}

// witness notes a page of a list; it is nil where there is nothing to note. One row
// is asked for to find something out, and shows nobody anything.
func (c *call) witness(v *view, p provider, q query, rows []row) func(*notes) {
	if p.entity == "chat_message" && len(rows) == 1 {
		return func(n *notes) { n.highest(rows[0].message.ID) }
	}
	if q.top == 1 || p.entity != "chat" && p.entity != "chat_session" {
		return nil
	}
	filter := strings.ReplaceAll(c.query.Get("$filter"), " ", "")
	l := listed{
		open: strings.Contains(filter, "4,5,6") || strings.Contains(filter, "whenRequested"),
		late: strings.Contains(filter, "whenEnded"), last: len(rows) < q.top,
	}
	told := make([]sighted, 0, len(rows))
	for i := range rows {
		told = append(told, sighted{rows[i].chat.ID, q.sight(v, rows[i].chat)})
	}
	if p.dynamic {
		return func(n *notes) { n.dynamic(told, l) }
	}
	return func(n *notes) { n.archive(told, l) }
}

// sight is what the columns of a list show of a chat.
func (q *query) sight(v *view, c *world.Chat) sight {
	g := v.sight(c)
	shown := make(map[string]bool)
	for _, column := range q.columns {
		name := strings.ToLower(column.name)
		shown[name[strings.LastIndex(name, ".")+1:]] = column.known
	}
	if !shown["status"] {
		g.status, g.over = 0, !g.ended.IsZero()
	}
	if !shown["idle"] {
		g.idle = time.Time{}
	}
	if !shown["customer_fetch"] {
		g.seen = time.Time{}
	}
	if !shown["chatbot_isactive"] {
		g.bot, g.botTold = false, false
	}
	return g
}

// sight is all that an answer can show of a chat.
func (v *view) sight(c *world.Chat) sight {
	status := v.status(c.Status).number
	return sight{
		at: v.now, status: status, over: status >= 7 && status <= 11, topic: c.TopicID, requested: v.requested(c), started: c.Started,
		ended: c.Ended, idle: c.Idle, seen: c.Fetched, bot: c.Bot, botTold: true,
	}
}
