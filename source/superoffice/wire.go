package superoffice

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"conversation_exporter/conversation"
)

// scalar is a value as SuperOffice sends it in any of its forms: a number or its
// digits in quotes, a text, true or false. It is untold where it is null, "" or
// anything else, so that one odd field does not make an answer unreadable.
type scalar struct {
	text string
	told bool
}

// longestText bounds what is kept of a text: nothing that matters is longer.
const longestText = 256

// UnmarshalJSON implements json.Unmarshaler. It never fails.
func (s *scalar) UnmarshalJSON(raw []byte) error {
	*s = scalar{}
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || string(raw) == "null" || raw[0] == '{' || raw[0] == '[' {
		return nil
	}
	text := string(raw)
	if raw[0] == '"' {
		if err := json.Unmarshal(raw, &text); err != nil {
			return nil //nolint:nilerr // See above.
		}
	}
	if text = strings.TrimSpace(text); len(text) > longestText {
		text = strings.ToValidUTF8(text[:longestText], "")
	}
	*s = scalar{text: text, told: text != ""}
	return nil
}

// number gives the integer; told is false where there is none.
func (s scalar) number() (n int64, told bool) {
	if !s.told {
		return 0, false
	}
	switch strings.ToLower(s.text) {
	case "true":
		return 1, true
	case "false":
		return 0, true
	}
	if n, err := strconv.ParseInt(s.text, 10, 64); err == nil {
		return n, true
	}
	// Some encoders write integers as 1.0 or 1e3; beyond 2^53 that would lose digits.
	f, err := strconv.ParseFloat(s.text, 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return 0, false
	}
	return int64(f), true
}

// id gives a positive number, 0 where there is none.
func (s scalar) id() int64 {
	n, _ := s.number()
	return max(n, 0)
}

// flag gives yes or no; told is false where that is not known.
func (s scalar) flag() (yes, told bool) {
	n, told := s.number()
	return n != 0, told
}

// cell is a value of a list: bare in the mode Slim, under RawValue in the mode
// Full. DisplayValue is for people, in their language, and is not looked at.
type cell struct{ scalar }

// UnmarshalJSON implements json.Unmarshaler. It never fails.
func (c *cell) UnmarshalJSON(raw []byte) error {
	if raw = bytes.TrimSpace(raw); len(raw) > 0 && raw[0] == '{' {
		var full struct {
			RawValue scalar
		}
		*c = cell{}
		if err := json.Unmarshal(raw, &full); err == nil {
			c.scalar = full.RawValue
		}
		return nil
	}
	return c.scalar.UnmarshalJSON(raw)
}

// columns are the cells of a list that are kept. What else a server may send, such
// as the first message of a session, is passed over.
type columns struct {
	id, status, topic, topicName       cell
	requested, started, ended          cell
	idle, fetched, transfer, bot, user cell
	hasStatus, hasTrans                bool
}

// set keeps one cell by the name of its column, in the words of the archive
// ChatSession, of the archive Dynamic, or with the signs that $jsonSafe takes out.
func (c *columns) set(name string, v cell) {
	switch strings.ToLower(name) {
	case "chatsessionid", "chat_session.id":
		c.id = v
	case "status", "chat_session.status":
		c.status, c.hasStatus = v, true
	case "chattopic/chattopicid", "chattopic_chattopicid", "chat_session.topic_id":
		c.topic = v
	case "chattopic/name", "chattopic_name":
		c.topicName = v
	case "whenrequested", "chat_session.when_requested":
		c.requested = v
	case "whenstarted", "chat_session.when_started":
		c.started = v
	case "whenended", "chat_session.when_ended":
		c.ended = v
	case "chat_session.idle":
		c.idle = v
	case "chat_session.customer_fetch":
		c.fetched = v
	case "chat_session.transfer_to":
		c.transfer, c.hasTrans = v, true
	case "chat_session.chatbot_isactive":
		c.bot = v
	case "chat_session.user_id":
		c.user = v
	case "chat_message.id":
		c.id = v
	}
}

// listRow is a row of a list, in the mode Slim or Full.
type listRow struct {
	columns
}

// UnmarshalJSON implements json.Unmarshaler.
func (r *listRow) UnmarshalJSON(raw []byte) error {
	*r = listRow{}
	var outer map[string]json.RawMessage
	if err := json.Unmarshal(raw, &outer); err != nil {
		return err
	}
	cells := outer
	for name, value := range outer {
		switch strings.ToLower(name) {
		case "primarykey":
			r.id = cellOf(value)
		case "column", "columns", "columndata":
			var inner map[string]json.RawMessage
			if json.Unmarshal(value, &inner) == nil && inner != nil {
				cells = inner
			}
		}
	}
	for name, value := range cells {
		v := cellOf(value)
		if lower := strings.ToLower(name); (lower == "chatsessionid" || strings.HasSuffix(lower, ".id")) && !v.told {
			continue // The key of the row tells it.
		}
		r.set(name, v)
	}
	return nil
}

func cellOf(raw []byte) (c cell) {
	_ = c.UnmarshalJSON(raw) // It never fails.
	return c
}

// status is where a session stands (vendor's enum ChatSessionStatus).
type status int64

// The statuses. A label is for people, in their language, and never read.
const (
	statusUntold          status = 0
	statusPreChatForm     status = 1
	statusFAQ             status = 2
	statusOfflineForm     status = 3
	statusInQueue         status = 4
	statusCustomerLast    status = 5
	statusUserLast        status = 6
	statusFinished        status = 7
	statusDeleted         status = 8
	statusClosed          status = 9
	statusRequestPosted   status = 10
	statusClosedFromQueue status = 11
)

// statusOf reads a status by its number or, as entities tell it, by the name of
// the enum. One that is not known by its name is untold.
func statusOf(s scalar) status {
	if n, told := s.number(); told && n > 0 {
		return status(n)
	}
	switch strings.ToLower(s.text) {
	case "prechatform":
		return statusPreChatForm
	case "faq":
		return statusFAQ
	case "offlineform":
		return statusOfflineForm
	case "inqueue":
		return statusInQueue
	case "customerlast":
		return statusCustomerLast
	case "userlast":
		return statusUserLast
	case "finished":
		return statusFinished
	case "deleted":
		return statusDeleted
	case "closed":
		return statusClosed
	case "requestposted":
		return statusRequestPosted
	case "closedfromqueue":
		return statusClosedFromQueue
	default:
		return statusUntold
	}
}

// closed reports whether a session is over (R17).
func (s status) closed() bool { return s >= statusFinished }

// ongoing reports whether the customer waits or talks.
func (s status) ongoing() bool {
	return s == statusInQueue || s == statusCustomerLast || s == statusUserLast
}

// associate is a user of SuperOffice, of whom the number in Service is enough.
type associate struct {
	EjUserID    scalar `json:"EjUserId"`
	AssociateID scalar `json:"AssociateId"`
}

// somebody reports whether it is a person: nobody and the system user are none.
func (a *associate) somebody() bool {
	if a == nil {
		return false
	}
	if n, told := a.EjUserID.number(); told {
		return n > systemUser
	}
	return a.AssociateID.id() > systemUser
}

// sessionEntity is one session as ChatSession/{id} tells it. The customer, the
// messages and SessionKey are not fields of it, nor asked for.
type sessionEntity struct {
	ID        scalar     `json:"ChatSessionId"`
	TopicID   scalar     `json:"TopicId"`
	Status    scalar     `json:"Status"`
	Requested scalar     `json:"WhenRequested"`
	Started   scalar     `json:"WhenStarted"`
	Ended     scalar     `json:"WhenEnded"`
	Idle      scalar     `json:"WhenIdle"`
	Fetched   scalar     `json:"WhenFetched"`
	User      *associate `json:"User"`
	// TransferTo is nil where the session is offered to nobody.
	TransferTo *associate `json:"TransferTo"`
	Bot        scalar     `json:"ChatbotIsActive"`
}

// messageRow is one message of a session. Its text and its author are not fields
// of it (vendor's page "GET ChatSession/{id}/Messages").
type messageRow struct {
	ID             scalar `json:"ChatMessageId"`
	SessionID      scalar `json:"ChatSessionId"`
	Type           scalar `json:"Type"`
	SpecialType    scalar `json:"SpecialType"`
	ReadByCustomer scalar `json:"ReadByCustomer"`
	Posted         scalar `json:"WhenPosted"`
}

// topicItem is a topic as MDOList/chatchannel tells it.
type topicItem struct {
	ID       scalar      `json:"Id"`
	Name     scalar      `json:"Name"`
	Deleted  scalar      `json:"Deleted"`
	Children []topicItem `json:"ChildItems"`
}

// topicEntity is one topic as ChatTopic/{id} tells it; its limits are minutes.
type topicEntity struct {
	ID                scalar `json:"ChatTopicId"`
	Name              scalar `json:"Name"`
	NewSessionAgent   scalar `json:"WarnNewChatMinutes"`
	NewSessionManager scalar `json:"WarnManagerNewChatMinutes"`
	NewMessageAgent   scalar `json:"WarnChatMessageMinutes"`
	NewMessageManager scalar `json:"WarnManagerChatMessageMinutes"`
}

// presenceRow is one agent as Agents/Chat/GetChatPresence tells him. The name is a
// colleague's, not a customer's; it is shown only where the configuration asks for
// names.
type presenceRow struct {
	UserID  scalar   `json:"UserId"`
	Name    scalar   `json:"DisplayName"`
	Present scalar   `json:"Present"`
	Topics  []scalar `json:"ChatTopics"`
}

// versionAnswer is what the root of the API tells of itself (vendor's page
// "SuperOffice REST API v1").
type versionAnswer struct {
	NetServerVersion scalar
}

// label makes a name fit to be shown.
func (s scalar) label() string { return conversation.Label(s.text) }
