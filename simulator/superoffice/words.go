package superoffice

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"conversation_exporter/simulator/world"
)

// release is the version that the server pretends to be.
const release = "Release_10.3.5_2026.05.22-01"

// The types of messages.
const (
	typeToCustomer = 1
	typeToUser     = 2
	typeSpecial    = 3
)

// status is a status of chats in the vendor's words.
type status struct {
	number       int
	name         string
	label, norsk string
	inWorld      world.ChatStatus
	unknown      bool // no list has it
}

// statuses are those of the vendor's list, and one that is in no list.
func statuses() []status {
	return []status{
		{number: 0, name: "Invalid", label: "Invalid", norsk: "Ugyldig"},
		{number: 1, name: "PreChatForm", label: "Pre-chat form", norsk: "Forhåndsskjema", inWorld: world.ChatForm},
		{number: 2, name: "Faq", label: "FAQ link", norsk: "Spørsmål og svar", inWorld: world.ChatFAQ},
		{number: 3, name: "OfflineForm", label: "Offline form", norsk: "Frakoblet skjema", inWorld: world.ChatOffline},
		{number: 4, name: "InQueue", label: "Waiting", norsk: "Venter", inWorld: world.ChatWaiting},
		{number: 5, name: "CustomerLast", label: "Waiting for agent", norsk: "Venter på agent", inWorld: world.ChatOwed},
		{number: 6, name: "UserLast", label: "Waiting for customer", norsk: "Venter på kunde", inWorld: world.ChatAnswered},
		{number: 7, name: "Finished", label: "Finished", norsk: "Ferdig", inWorld: world.ChatFinished},
		{number: 8, name: "Deleted", label: "Deleted", norsk: "Slettet", inWorld: world.ChatDeleted},
		{number: 9, name: "Closed", label: "Closed", norsk: "Lukket", inWorld: world.ChatClosed},
		{number: 10, name: "RequestPosted", label: "Request posted", norsk: "Sak opprettet", inWorld: world.ChatPosted},
		{number: 11, name: "ClosedFromQueue", label: "Closed in queue", norsk: "Lukket i kø", inWorld: world.ChatLeft},
		{number: 12, name: "CanaryLobby", label: "Lobby", norsk: "Lobby", unknown: true},
	}
}

// special is the vendor's word for a notice, and its number.
func special(m *world.ChatMessage, sw *Switches) (name string, number int) {
	switch m.Notice {
	case world.NoticeWelcome:
		return "Welcome", 1
	case world.NoticeLink:
		return "Url", 2
	case world.NoticeMoved:
		return "TransferedSession", 6 // as the vendor spells it
	case world.NoticeDeleted:
		return "SessionDeleted", 8
	case world.NoticeByAgent:
		return "ClosedByUser", 10
	case world.NoticeByVisitor:
		return "ClosedByCustomer", 11
	case world.NoticeByIdle:
		return "ClosedByIdle", 12
	case world.NoticeRejected:
		return "TransferRejected", 13
	case world.NoticeReopened:
		return "ReopenedByCustomer", 14
	case world.NoticeOptions:
		if sw.UnknownEnums {
			return "CanaryCarousel", 99
		}
		return "Options", 17
	case world.NoticeNone:
	}
	if m.Side == world.ChatBot {
		return "BotMessage", 16
	}
	return "None", 0
}

// messageType is the vendor's type of a message, and its number.
func messageType(m *world.ChatMessage) (name string, number int) {
	switch m.Side {
	case world.ChatVisitor:
		return "ToUser", typeToUser
	case world.ChatSystem:
		return "Special", typeSpecial
	default:
		return "ToCustomer", typeToCustomer
	}
}

// person is an agent in the vendor's words: with two ids, which differ.
type person struct {
	agent             world.Agent
	ejUser, associate int64
	initials          string
}

// systemUser is who has what nobody has.
const systemUser = 1

// people are all agents by their numbers.
type people struct {
	byNumber map[string]*person
	list     []*person
}

func newPeople(agents []world.Agent) *people {
	const firstEjUser, firstAssociate = 500, 300
	p := &people{byNumber: make(map[string]*person)}
	for _, a := range agents {
		one := &person{agent: a, ejUser: int64(firstEjUser + a.ID), associate: int64(firstAssociate + a.ID), initials: "CA" + a.Number}
		p.byNumber[a.Number] = one
		p.list = append(p.list, one)
	}
	return p
}

// AgentIDs gives the two ids of an agent by his number: of the ejuser, which chats
// know, and of the associate. They are 0 where there is no such agent.
func (s *Server) AgentIDs(number string) (ejUser, associate int64) {
	if p := s.people.byNumber[number]; p != nil {
		return p.ejUser, p.associate
	}
	return 0, 0
}

// language is what labels are written in.
type language int

const (
	languageNone language = iota // resource tags
	languageEnglish
	languageNorsk
)

func newLanguage(h http.Header) language {
	name := h.Get("SO-Language")
	if name == "" {
		name = h.Get("Accept-Language")
	}
	name = strings.ToLower(strings.TrimSpace(name))
	switch {
	case name == "" || name == "*" || name == "x":
		return languageNone
	case strings.HasPrefix(name, "no") || strings.HasPrefix(name, "nb"):
		return languageNorsk
	default:
		return languageEnglish
	}
}

// view is what one answer is made with: the words of its language and zone, and
// the topics as they are at its instant.
type view struct {
	dates    dates
	switches *Switches
	language language
	people   *people
	topics   map[int]*world.Topic
	statuses []status
	now      time.Time // of the world
}

func (s *Server) view(c *call) *view {
	v := &view{
		dates: s.dates(c), switches: &c.switches, language: newLanguage(c.Header), people: s.people,
		topics: make(map[int]*world.Topic), statuses: statuses(), now: s.world.Now(),
	}
	for _, t := range s.desk.Topics() {
		v.topics[t.ID] = &t
	}
	return v
}

// status gives the status of a chat.
func (v *view) status(in world.ChatStatus) *status {
	if v.switches.UnknownEnums && in == world.ChatFAQ {
		return &v.statuses[len(v.statuses)-1]
	}
	for i := range v.statuses {
		if v.statuses[i].inWorld == in {
			return &v.statuses[i]
		}
	}
	return &v.statuses[0]
}

// label is a status in the language of the answer.
func (v *view) label(s *status) string {
	switch v.language {
	case languageNorsk:
		return s.norsk
	case languageEnglish:
		return s.label
	default:
		return "[SR_CHAT_STATUS_" + strconv.Itoa(s.number) + "]"
	}
}

// person gives an agent by his number, or who stands for nobody; nil for none.
func (v *view) person(number string) *person {
	if p := v.people.byNumber[number]; p != nil {
		return p
	}
	if v.switches.Nobody == NobodySystem {
		return &person{ejUser: systemUser, associate: systemUser, initials: "SYSTEM", agent: world.Agent{Name: "System"}}
	}
	return nil
}

// requested is when a chat was asked for.
func (v *view) requested(c *world.Chat) time.Time {
	if v.switches.ResetRenews && c.Entered.After(c.Requested) {
		return c.Entered
	}
	return c.Requested
}

// inQueue and duration are the times of a chat in seconds.
func (v *view) inQueue(c *world.Chat) int64 {
	if c.Started.IsZero() && (c.Status != world.ChatWaiting || !v.switches.RunningTimes) {
		return 0
	}
	end := c.Started
	if end.IsZero() {
		end = v.now
	}
	return int64(end.Sub(c.Requested) / time.Second)
}

func (v *view) duration(c *world.Chat) int64 {
	end := c.Ended
	if end.IsZero() && v.switches.RunningTimes {
		end = v.now
	}
	if end.IsZero() || c.Started.IsZero() {
		return 0
	}
	return int64(end.Sub(c.Started) / time.Second)
}

// text is what a message says: a canary.
func text(id int64) string {
	if id == 0 {
		return ""
	}
	return "Canary chat text " + strconv.FormatInt(id, 10)
}

// hidden tells whether the user has no right to see a topic's chats.
func (sw *Switches) hidden(topic int) bool { return slices.Contains(sw.HiddenTopics, topic) }
