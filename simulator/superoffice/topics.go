package superoffice

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"conversation_exporter/simulator/world"
)

// listItem is an entry of the vendor's lists.
type listItem struct {
	ID         int `json:"Id"`
	Name       string
	ToolTip    string
	Deleted    bool
	Rank       int
	Type       string
	ChildItems []listItem
	IconHint   string
	ColorBlock int
	ExtraInfo  string
	StyleHint  string
	FullName   string
}

// listChannels answers the list of topics, with a row for all of them in front
// unless it is asked not to.
func (s *Server) listChannels(c *call) reply {
	list := []listItem{}
	if !strings.Contains(strings.ToLower(c.query.Get("additional")), "notall=true") {
		list = append(list, listItem{Name: "All", ChildItems: []listItem{}})
	}
	topics := s.desk.Topics()
	slices.SortFunc(topics, func(a, b world.Topic) int { return cmp.Compare(a.Name, b.Name) })
	for i, t := range topics {
		if !c.switches.hidden(t.ID) {
			list = append(list, listItem{ID: t.ID, Name: t.Name, ToolTip: t.Description, Rank: i + 1, ChildItems: []listItem{}})
		}
	}
	return ok(list, "")
}

// listStatuses answers the statuses of chats.
func (s *Server) listStatuses(c *call) reply {
	v, list := s.view(c), []listItem{}
	for i := range v.statuses {
		if one := &v.statuses[i]; !one.unknown {
			list = append(list, listItem{ID: one.number, Name: v.label(one), Rank: i + 1, ChildItems: []listItem{}, ExtraInfo: one.name})
		}
	}
	return ok(list, "")
}

// listUsers answers the list of those who chat, by their ejuser ids. Their other id
// is in a text (quirk 8).
func (s *Server) listUsers(*call) reply {
	list := make([]listItem, 0, len(s.people.list))
	for i, p := range s.people.list {
		list = append(list, listItem{
			ID: int(p.ejUser), Name: p.agent.Name, Rank: i + 1, ChildItems: []listItem{},
			ExtraInfo: "associateId=" + strconv.FormatInt(p.associate, 10), FullName: p.agent.Name,
		})
	}
	return ok(list, "")
}

// topic gives the topic that a request names.
func (s *Server) topic(c *call) (*world.Topic, bool) {
	id, err := strconv.Atoi(c.id)
	if err != nil || c.switches.hidden(id) {
		return nil, false
	}
	topics := s.desk.Topics()
	i := slices.IndexFunc(topics, func(t world.Topic) bool { return t.ID == id })
	if i < 0 {
		return nil, false
	}
	return &topics[i], true
}

// getTopic answers the settings of a topic.
func (s *Server) getTopic(c *call) reply {
	t, known := s.topic(c)
	if !known {
		return notFound("ChatTopic", c.id)
	}
	d := s.dates(c)
	minutes := func(name string, after time.Duration) property { return property{name, int(after / time.Minute), 0} }
	body := choose([]property{
		{"ChatTopicId", t.ID, 0},
		{"Name", t.Name, nil},
		{"Description", t.Description, nil},
		{"WelcomeMessage", "Canary welcome", nil},
		{"LastAccept", d.chat(t.LastAccept), never},
		{"SecondsPrAccept", int(t.AcceptTime / time.Second), 0},
		{"AlertRecipient", "canary-alerts@canary.invalid", nil},
		{"BadgeHeader", t.Name, nil},
		minutes("WarnNewChatMinutes", t.WarnNew),
		minutes("WarnManagerNewChatMinutes", t.WarnNewManager),
		minutes("WarnChatMessageMinutes", t.WarnMessage),
		minutes("WarnManagerChatMessageMinutes", t.WarnMessageManager),
		{"TicketEnabled", true, false},
		{"OpeningHoursEnabled", t.Hours != nil, false},
		{"OpeningHours", openingHours(t.Hours), nil},
		{"Widget", map[string]any{"PostFormEnabled": true, "PreFormEnabled": t.Start == world.ChatForm}, nil},
		{"BotEnabled", t.Bot, false},
		{"BotSettings", nil, nil},
		{"UseQueueOfflineForm", t.OfflineAfter > 0 || t.OfflineLength > 0, false},
		minutes("OfflineFormTimeLimit", t.OfflineAfter),
		{"OfflineFormQueueLength", t.OfflineLength, 0},
		{"WidgetEnableRating", true, false},
		{"TableRight", nil, nil},
		{"FieldProperties", fields(), nil},
	}, c)
	self := "https://" + c.host + c.base + "/api/v1/ChatTopic/" + c.id
	body["_Links"] = map[string]string{"Self": self}
	return ok(body, "ChatTopicEntity found.")
}

// openingHours are the times of a week as the vendor writes them.
func openingHours(h *world.Hours) any {
	if h == nil {
		return nil
	}
	clock := func(d time.Duration) string { return time.Time{}.Add(d).Format("15:04:05") }
	out := map[string]any{
		"UseLunchHours": h.Lunch.To > h.Lunch.From, "LunchStart": clock(h.Lunch.From), "LunchStop": clock(h.Lunch.To),
		"TzLocation": map[string]any{"TZLocationID": 261, "TZLocationCode": "CANARY"},
	}
	for i, span := range h.Days {
		name := time.Weekday(i).String()[:3]
		out[name+"Enabled"], out[name+"Start"], out[name+"Stop"] = span.To > span.From, clock(span.From), clock(span.To)
	}
	return out
}

// isOpen tells whether a topic is within its opening hours.
func (s *Server) isOpen(c *call) reply {
	t, known := s.topic(c)
	if !known {
		return notFound("ChatTopic", c.id)
	}
	open, _ := s.desk.TopicOpen(t.ID)
	return ok(open, "")
}

// presence answers who is there, and how many chats everybody has.
func (s *Server) presence(c *call) reply {
	if c.switches.NullPresence {
		return ok(nil, "")
	}
	list := []map[string]any{}
	for _, a := range s.desk.Attendances() {
		p := s.people.byNumber[a.Agent.Number]
		id := p.ejUser
		if c.switches.PresenceByAssociate {
			id = p.associate
		}
		list = append(list, choose([]property{
			{"UserId", id, 0},
			{"DisplayName", a.Agent.Name, nil},
			{"OngoingChats", a.Ongoing, 0},
			{"Present", a.Present, false},
			{"ChatTopics", a.Topics, nil},
			{"TableRight", nil, nil},
			{"FieldProperties", map[string]any{}, nil},
		}, c))
	}
	return ok(list, "")
}

// principal tells who signed in.
func (s *Server) principal(c *call) reply {
	return ok(choose([]property{
		{"AssociateId", 1, 0},
		{"Associate", "SYSTEM", nil},
		{"FullName", "Canary Monitor", nil},
		{"EjUserId", systemUser, 0},
		{"UserType", "SystemAssociate", nil},
		{"RoleName", "Canary Role", nil},
		{"FunctionRights", []string{"chat-listen"}, nil},
		{"Licenses", []string{"SuperOffice.Chat"}, nil},
		{"DatabaseContextIdentifier", s.o.Customer, nil},
		{"IsPersonRegistered", true, false},
	}, c), "")
}

// version tells the version of the API: as a page, unless JSON is asked for.
func (s *Server) version(c *call) reply {
	if !strings.Contains(c.Header.Get("Accept"), "json") {
		return reply{status: http.StatusOK, kind: typeHTML, text: "<!DOCTYPE html>\n<html><body><h1>SuperOffice NetServer</h1></body></html>\n"}
	}
	return ok(map[string]string{
		"v1": "https://" + c.host + c.base + "/api/v1", "Version": "v1", "NetServerVersion": "10.3.5.605", "NetServerAssembly": "10.0.0.0",
		"NetServerDate": "2026-05-22", "NetServerLabel": release, "NetServer": "SuperOffice 10.3.5 NetServer 10.0 Release (Build: " + release + ")",
		"Services": "Services87", "ServicesCurrent": "Services88",
	}, "")
}
