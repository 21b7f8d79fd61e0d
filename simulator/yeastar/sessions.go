package yeastar

import (
	"errors"
	"time"

	"conversation_exporter/simulator/world"
)

// The values of user_type in requests.
const (
	userTypeExtension = "1"
	userTypeAPI       = "9"
)

// sessionInfo is the vendor's Session_Info, from the page "Search Specific
// Message Sessions".
type sessionInfo struct {
	ID         int64    `json:"id"`
	Type       string   `json:"type"`
	IsClose    int      `json:"is_close"`
	IsArchived int      `json:"is_archived"`
	To         userInfo `json:"to"`
	// Expire is the rest of the reply window in seconds; 0 over, -1 never.
	Expire         int64  `json:"expire"`
	DIDNumber      string `json:"did_number"`
	Origin         string `json:"origin"`
	Collection     string `json:"collection"`
	LastMsgID      int64  `json:"last_msg_id"`
	QueueID        int    `json:"queue_id"`
	PickupMemberID int    `json:"pickup_member_id"`
}

// userInfo is the vendor's Customer_Info, and in the same form its Sender_Info.
type userInfo struct {
	UserID   int    `json:"user_id"`
	UserNo   string `json:"user_no"`
	UserType int    `json:"user_type"`
	Avatar   string `json:"avatar"`
	Username string `json:"username"`
}

func (s *Server) listSessions(c *call) reply { return s.sessions(c, false) }

func (s *Server) searchSessions(c *call) reply { return s.sessions(c, true) }

func (s *Server) sessions(c *call, search bool) reply {
	query := c.sessionQuery()
	if search {
		query.Search = c.params.values.Get("search_value")
	}
	if len(c.params.bad) > 0 {
		return invalidParams(c.params.bad)
	}
	rows, exist, err := s.listPage(c, query)
	switch {
	case errors.Is(err, world.ErrNotFound):
		if c.switches.UnknownExtensionFails {
			return failure(codeNotFound)
		}
	case err != nil:
		return failure(codeInternal)
	}
	if c.switches.ClosedForgets {
		forget(rows)
	}
	switch open := query; {
	case s.notes == nil || !exist:
	case wholeList(query):
		c.shown = func() { s.notes.page(query, rows, c.now) }
	case query.Closed == world.Only:
		if open.Closed = world.Any; wholeList(open) {
			c.shown = func() { s.notes.closedPage(query, rows, c.now) }
		}
	}
	list := make([]sessionInfo, 0, len(rows))
	for i := range rows {
		list = append(list, newSessionInfo(&rows[i], query.Viewer, c.now))
	}
	if c.switches.PickupByExtension {
		s.byExtension(list, rows)
	}
	return withList(success(), "list", list, c.switches)
}

// byExtension names who picked the sessions up by the ids of their extensions.
func (s *Server) byExtension(list []sessionInfo, rows []world.Session) {
	ids := make(map[string]int)
	for _, a := range s.world.Agents() {
		ids[a.Number] = a.ID
	}
	for i := range list {
		if list[i].PickupMemberID != 0 {
			list[i].PickupMemberID = ids[rows[i].Extension]
		}
	}
}

// forget takes out of the closed rows who had the session.
func forget(rows []world.Session) {
	for i := range rows {
		if rows[i].Closed {
			rows[i].QueueID, rows[i].MemberID = 0, 0
		}
	}
}

// sessionQuery reads the filters. The vendor does not say what the omitted ones
// mean; here an omitted is_archived or is_closed is 0, and so is is_pickup.
func (c *call) sessionQuery() world.Query {
	p := &c.params
	q := world.Query{Limit: p.required("page_size"), Inclusive: c.switches.Cursor == Inclusive}
	if limit := c.switches.PageSizeLimit; limit > 0 {
		q.Limit = min(q.Limit, limit)
	}
	switch p.text("user_type") {
	case userTypeExtension:
		q.Viewer = world.Viewer(p.text("user_no"))
	case userTypeAPI:
		q.Viewer = world.API
	default:
		p.oneOf("user_type", userTypeExtension, userTypeAPI)
	}
	q.Cursor = p.cursor("first_msg_id")
	q.Archived = choice(p.oneOf("is_archived", "0", "1", "2"))
	q.Closed = choice(p.oneOf("is_closed", "0", "1", "2"))
	switch p.oneOf("is_pickup", "0", "1", "2") {
	case "1":
		q.PickedUp = world.Only
	case "2":
		q.PickedUp = world.Without
	}
	switch p.oneOf("collection", "all", "campaign") {
	case "campaign":
		q.Campaign = world.Only
	case "":
		q.Campaign = world.Without
	}
	return q
}

// choice reads is_archived and is_closed: 0 without, 1 only, 2 all.
func choice(word string) world.Choice {
	switch word {
	case "1":
		return world.Only
	case "2":
		return world.Any
	default:
		return world.Without
	}
}

func newSessionInfo(s *world.Session, viewer world.Viewer, now time.Time) sessionInfo {
	info := sessionInfo{
		ID: s.ID, Type: string(s.Medium), IsClose: flag(s.Closed), IsArchived: flag(s.IsArchivedBy(viewer)),
		To:     userInfo{UserNo: s.Customer.Number, UserType: userType(s), Username: s.Customer.Name},
		Expire: expire(s, now), DIDNumber: s.DID, LastMsgID: s.LastMessageID,
		QueueID: s.QueueID, PickupMemberID: s.MemberID,
	}
	if s.Campaign {
		info.Origin, info.Collection = "campaign", "campaign"
	}
	return info
}

// expire gives whole seconds; a window with less than one left still counts as
// one that is open.
func expire(s *world.Session, now time.Time) int64 {
	end, has := s.WindowEnd()
	switch {
	case !has:
		return -1
	case !end.After(now):
		return 0
	default:
		return max(int64(end.Sub(now)/time.Second), 1)
	}
}

// userType is the vendor's type of a customer.
func userType(s *world.Session) int {
	const sms, whatsApp, facebook, livechat, recipient = 2, 3, 4, 5, 8
	if s.Campaign {
		return recipient
	}
	switch s.Medium {
	case world.WhatsApp:
		return whatsApp
	case world.Facebook:
		return facebook
	case world.Livechat:
		return livechat
	default:
		return sms
	}
}

func flag(on bool) int {
	if on {
		return 1
	}
	return 0
}
