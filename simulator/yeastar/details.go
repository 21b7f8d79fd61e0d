package yeastar

import (
	"slices"
	"strconv"

	"conversation_exporter/simulator/world"
)

// sessionDetails is the other Session_Info of the vendor, from the page "Query
// Information of a Message Session". It does not say what state a session is in.
type sessionDetails struct {
	ID            int64        `json:"id"`
	ChannelType   string       `json:"channel_type"`
	ChannelName   string       `json:"channel_name"`
	DIDNumber     string       `json:"did_number"`
	ToNumber      string       `json:"to_number"`
	Origin        string       `json:"origin"`
	PageName      string       `json:"page_name,omitempty"`
	WebsiteDomain string       `json:"website_domain,omitempty"`
	PreChatForm   *preChatForm `json:"pre_chat_form,omitempty"`
	UserInfo      userInfo     `json:"user_info"`
	// Participants are the members of the queue that it waits in; where it waits
	// in none, there is no such field.
	Participants *[]userInfo `json:"participants,omitempty"`
}

// preChatForm is what a visitor of a web page fills in.
type preChatForm struct {
	Name      string `json:"name"`
	Email     string `json:"email"`
	Phone     string `json:"phone"`
	FirstName string `json:"first_name"`
	LastName  string `json:"last_name"`
}

func (s *Server) getSession(c *call) reply {
	id := int64(c.params.required("id"))
	if len(c.params.bad) > 0 {
		return invalidParams(c.params.bad)
	}
	session, ok := s.world.Session(id)
	if !ok {
		return failure(codeNotFound)
	}
	name := "list"
	if c.switches.GetAsData {
		name = "data"
	}
	return success().with(name, s.details(s.newWriter(c), &session))
}

func (s *Server) querySessions(c *call) reply {
	asked := c.params.ids("ids")
	if len(c.params.bad) > 0 {
		return invalidParams(c.params.bad)
	}
	var list []sessionDetails
	w := s.newWriter(c)
	for _, id := range sessionIDs(asked) {
		if session, ok := s.world.Session(id); ok {
			list = append(list, s.details(w, &session))
		}
	}
	if len(list) == 0 {
		return failure(codeNotFound)
	}
	return withList(success(), "list", list, c.switches)
}

func (s *Server) details(w *writer, session *world.Session) sessionDetails {
	d := sessionDetails{
		ID: session.ID, ChannelType: string(session.Medium), DIDNumber: session.DID, ToNumber: session.Customer.Number,
		UserInfo: userInfo{UserNo: session.Customer.Number, UserType: userType(session), Username: session.Customer.Name},
	}
	if session.Campaign {
		d.Origin = "campaign"
	}
	for _, channel := range s.world.Channels() {
		if channel.ID == session.ChannelID {
			d.ChannelName = channel.Name
		}
	}
	switch session.Medium {
	case world.Facebook:
		d.PageName = "Canary Page"
	case world.Livechat:
		id := strconv.FormatInt(session.ID, 10)
		d.WebsiteDomain = "canary.example.invalid"
		d.PreChatForm = &preChatForm{
			Name: session.Customer.Name, Email: "canary.customer." + id + "@example.invalid", Phone: session.Customer.Number,
			FirstName: "Canary", LastName: "Customer " + id,
		}
	}
	if session.QueueID != 0 && session.MemberID == 0 && !session.Closed {
		d.Participants = s.participants(w, session.QueueID)
	}
	return d
}

// participants are the agents of a queue.
func (s *Server) participants(w *writer, queue int) *[]userInfo {
	queues := s.world.Queues()
	var list []userInfo
	if i := slices.IndexFunc(queues, func(q world.Queue) bool { return q.ID == queue }); i >= 0 {
		for _, m := range queues[i].Members {
			list = append(list, w.agent(m.Number))
		}
	}
	if list == nil && !w.switches.NullLists {
		list = []userInfo{}
	}
	return &list
}
