package superoffice

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"conversation_exporter/simulator/world"
)

// property is one field of an entity. The empty value is what stands for it where
// it was not selected.
type property struct {
	name         string
	value, empty any
}

// getSession answers one chat.
func (s *Server) getSession(c *call) reply {
	chat, known := s.chat(c)
	if !known {
		missing := notFound("ChatSession", c.id)
		if c.switches.MissingEntity != MissingFails {
			missing = ok(nil, "")
		}
		return s.witnessed(missing, func(n *notes) { n.none(number32(c.id)) })
	}
	v := s.view(c)
	body := choose(v.entity(&chat), c)
	self := "https://" + c.host + c.base + "/api/v1/ChatSession"
	body["_Links"] = map[string]string{"Self": self + "/" + c.id, "Archive": self}
	return s.witnessed(ok(body, "ChatSessionEntity found."), func(n *notes) { n.page(chat.ID, v.sight(&chat)) })
}

// chat gives the chat that a request names, if it is there and may be seen.
func (s *Server) chat(c *call) (world.Chat, bool) {
	id := number32(c.id)
	if id == 0 || slices.Contains(c.switches.Vanished, id) {
		return world.Chat{}, false
	}
	chat, known := s.desk.Chat(id)
	return chat, known && !c.switches.hidden(chat.TopicID)
}

// choose keeps what $select names. The others are not left out, but null, as far
// as they can be (quirk 7).
func choose(list []property, c *call) map[string]any {
	var names []string
	for name := range strings.SplitSeq(c.query.Get("$select"), ",") {
		if first, _, _ := strings.Cut(strings.TrimSpace(name), "/"); first != "" {
			names = append(names, strings.ToLower(first))
		}
	}
	body := make(map[string]any, len(list)+1)
	for _, p := range list {
		switch {
		case len(names) == 0 || slices.Contains(names, strings.ToLower(p.name)):
			body[p.name] = p.value
		case c.switches.NullUnselected:
			body[p.name] = nil
		default:
			body[p.name] = p.empty
		}
	}
	return body
}

// enum writes a value of an enum.
func (v *view) enum(name string, number int) any {
	if v.switches.NumericEnums {
		return number
	}
	return name
}

// carrier is who has a chat, as an entity tells it: much of which nobody needs.
func (v *view) carrier(number string) any {
	p := v.person(number)
	if p == nil {
		return nil
	}
	return map[string]any{
		"AssociateId": p.associate, "Name": p.initials, "PersonId": p.associate + 1000, "Rank": 0, "Tooltip": p.agent.Name,
		"Type": "InternalAssociate", "GroupIdx": 1, "FullName": p.agent.Name, "FormalName": p.agent.Name, "Deleted": false,
		"EjUserId": p.ejUser, "UserName": p.initials + "@canary.invalid", "ExtraFields": map[string]string{}, "CustomFields": map[string]string{},
		"TableRight": nil, "FieldProperties": map[string]any{},
	}
}

// entity is the whole of a chat, as fat as the vendor's (quirk 19).
func (v *view) entity(c *world.Chat) []property {
	status := v.status(c.Status)
	when := func(name string, at time.Time) property { return property{name, v.dates.chat(at), never} }
	count := func(name string, n int) property { return property{name, n, 0} }
	personal := func(name, value string) property { return property{name, value, nil} }
	var ticket any
	if c.Request > 0 {
		ticket = map[string]any{"TicketId": c.Request, "Title": "Canary Request " + strconv.FormatInt(c.Request, 10), "FieldProperties": map[string]any{}}
	}
	return []property{
		{"ChatSessionId", c.ID, 0},
		count("TopicId", c.TopicID),
		{"User", v.carrier(c.Agent), nil},
		{"Person", map[string]any{"PersonId": 0, "FullName": c.Visitor.Name, "Email": c.Visitor.Email, "FieldProperties": fields()}, nil},
		{"Contact", map[string]any{"ContactId": 0, "Name": c.Visitor.Company, "FieldProperties": fields()}, nil},
		{"Project", nil, nil},
		{"Sale", nil, nil},
		{"Ticket", ticket, nil},
		personal("CustomerAlias", c.Visitor.Name),
		personal("CustomerHost", c.Visitor.Host),
		personal("CustomerName", c.Visitor.Name),
		personal("CustomerEmail", c.Visitor.Email),
		personal("CustomerPhone", c.Visitor.Phone),
		personal("CustomerCompanyName", c.Visitor.Company),
		{"CustomerConsented", true, false},
		{"Status", v.enum(status.name, status.number), v.enum("Invalid", 0)},
		personal("FirstMessage", text(c.First)),
		personal("LastMessage", text(c.Last)),
		when("WhenRequested", v.requested(c)),
		when("WhenStarted", c.Started),
		when("WhenEnded", c.Ended),
		when("WhenIdle", c.Idle),
		when("WhenFetched", c.Fetched),
		personal("SessionKey", c.Visitor.Key),
		count("InitialQueuePos", c.Place),
		count("AlertLevel", c.Alert),
		count("Rank", c.Rank),
		// No flag is the number 0, which has the name of a flag (quirk 12).
		{"Flags", v.enum("CustomerIsTyping", 0), v.enum("CustomerIsTyping", 0)},
		{"TransferTo", v.offered(c), nil},
		{"ChatbotIsActive", c.Bot, false},
		count("Rating", c.Rating),
		{"TableRight", map[string]any{"Mask": "FULL", "Reason": ""}, nil},
		{"FieldProperties", fields(), nil},
	}
}

// offered is to whom a chat is offered; nobody is nobody here.
func (v *view) offered(c *world.Chat) any {
	if c.OfferedTo == "" {
		return nil
	}
	return v.carrier(c.OfferedTo)
}

// fields are rights that nobody needs, and there are many.
func fields() map[string]any {
	out := make(map[string]any)
	for i := range 24 {
		out[fmt.Sprintf("Field%02d", i)] = map[string]any{"FieldRight": map[string]any{"Mask": "FULL", "Reason": ""}, "FieldType": "System.String", "FieldLength": 0}
	}
	return out
}

// chatMessage is the vendor's ChatMessage.
type chatMessage struct {
	ChatMessageID  int64 `json:"ChatMessageId"`
	ChatSessionID  int64 `json:"ChatSessionId"`
	Type           any
	Message        string
	Author         string
	ReadByCustomer int
	SpecialType    any
	SpecialParam   string
	WhenPosted     string
}

// getMessages answers the messages of a chat, all or those after one.
func (s *Server) getMessages(c *call) reply {
	after := int64(0)
	if text := c.query.Get("after"); text != "" {
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil {
			return reply{status: http.StatusBadRequest, body: framework{"The request is invalid.", "The parameter after is no number."}}
		}
		after = n
		if c.switches.AfterInclusive {
			after--
		}
	}
	chat, known := s.chat(c)
	if !known {
		return s.witnessed(noMessages(c), func(n *notes) { n.messages(number32(c.id), nil) })
	}
	v := s.view(c)
	messages, _ := s.desk.Messages(chat.ID)
	if _, foreign := s.fault(c, ForeignMessages); foreign {
		for _, other := range s.desk.Chats(func(o *world.Chat) bool { return o.ID != chat.ID && o.First != 0 }) {
			more, _ := s.desk.Messages(other.ID)
			messages = append(messages, more...)
			break
		}
	}
	_, twice := s.fault(c, DuplicateRows)
	list, told := make([]chatMessage, 0, len(messages)), make([]line, 0, len(messages))
	for i := range messages {
		if messages[i].ID <= after {
			continue
		}
		if messages[i].Chat == chat.ID {
			told = append(told, lineOf(&messages[i], v))
		}
		m := v.message(&chat, &messages[i])
		list = append(list, m)
		if twice {
			list = append(list, m)
		}
	}
	if c.switches.NewestFirst {
		slices.Reverse(list)
	}
	return s.witnessed(ok(list, ""), func(n *notes) { n.messages(chat.ID, told) })
}

// noMessages is what is answered for the messages of a chat that is not there.
func noMessages(c *call) reply {
	switch c.switches.Missing {
	case MissingEmpty:
		return ok([]chatMessage{}, "")
	case MissingNull:
		return ok(nil, "")
	default:
		return notFound("ChatSession", c.id)
	}
}

// number32 reads a number as ids are; 0 for what is none.
func number32(text string) int64 {
	n, _ := strconv.ParseInt(text, 10, 32)
	return n
}

func (v *view) message(chat *world.Chat, m *world.ChatMessage) chatMessage {
	kind, kindNumber := messageType(m)
	notice, noticeNumber := special(m, v.switches)
	out := chatMessage{
		ChatMessageID: m.ID, ChatSessionID: m.Chat, Type: v.enum(kind, kindNumber), Message: text(m.ID), Author: v.author(chat, m),
		ReadByCustomer: readMark(v.switches, m), SpecialType: v.enum(notice, noticeNumber),
		WhenPosted: v.dates.posted(m.At, m.Side == world.ChatBot),
	}
	switch {
	case m.Side == world.ChatBot:
		out.Message = "<b>" + out.Message + "</b>"
	case m.Notice == world.NoticeLink:
		out.SpecialParam = "https://canary.invalid/" + strconv.FormatInt(m.ID, 10)
	}
	if m.Notice == world.NoticeOptions {
		out.SpecialParam = `["Canary choice one","Canary choice two"]`
	}
	return out
}

// readMark is 0 for what the customer has not read.
func readMark(sw *Switches, m *world.ChatMessage) int {
	switch {
	case m.Side == world.ChatVisitor && sw.InboundUnread, !m.Read:
		return 0
	case sw.ReadMark != 0:
		return sw.ReadMark
	default:
		return 1
	}
}

// author is who wrote a message: a canary.
func (v *view) author(chat *world.Chat, m *world.ChatMessage) string {
	switch m.Side {
	case world.ChatVisitor:
		return chat.Visitor.Name
	case world.ChatBot:
		return "Canary Bot"
	case world.ChatSystem:
		return ""
	default:
		if p := v.people.byNumber[m.Number]; p != nil {
			return p.agent.Name
		}
		return ""
	}
}
