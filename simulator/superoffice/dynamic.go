package superoffice

import (
	"slices"
	"strings"

	"conversation_exporter/simulator/world"
)

// table is a table of the database, by the names of its columns, and of those that
// lead to another one.
type table struct {
	columns map[string]column
	leads   map[string]lead
}

// lead is a column that leads to the row of another table; nil where there is none.
type lead struct {
	table  string
	follow func(*view, *row) *row
}

// tables are those that the dynamic provider knows here.
func tables() map[string]table {
	return map[string]table{
		"chat_session": {
			columns: chatColumns(),
			leads: map[string]lead{
				"topic_id":    {"chat_topic", func(v *view, r *row) *row { return &row{topic: v.topic(r)} }},
				"user_id":     {"ejuser", func(v *view, r *row) *row { return personRow(v, r.chat.Agent) }},
				"transfer_to": {"ejuser", func(v *view, r *row) *row { return personRow(v, r.chat.OfferedTo) }},
			},
		},
		"chat_message": {
			columns: messageColumns(),
			leads: map[string]lead{
				"session_id": {"chat_session", func(_ *view, r *row) *row { return &row{chat: r.chat} }},
				"created_by": {"ejuser", func(v *view, r *row) *row { return personRow(v, r.message.Number) }},
			},
		},
		"chat_topic": {columns: topicColumns()},
		"ejuser": {columns: map[string]column{
			"id":          {kindNumber, func(_ *view, r *row) cell { return number(r.person.ejUser) }},
			"loginname":   {kindText, func(_ *view, r *row) cell { return words(r.person.initials) }},
			"displayname": {kindText, func(_ *view, r *row) cell { return words(r.person.agent.Name) }},
		}},
	}
}

func personRow(v *view, number string) *row {
	if p := v.person(number); p != nil {
		return &row{person: p}
	}
	return nil
}

func chatColumns() map[string]column {
	return map[string]column{
		"id":                {kindNumber, func(_ *view, r *row) cell { return number(r.chat.ID) }},
		"topic_id":          {kindNumber, func(_ *view, r *row) cell { return number(int64(r.chat.TopicID)) }},
		"user_id":           {kindNumber, func(v *view, r *row) cell { return v.user(r.chat.Agent) }},
		"customer_id":       {kindNumber, func(*view, *row) cell { return number(-1) }},
		"customer_alias":    {kindText, func(_ *view, r *row) cell { return words(r.chat.Visitor.Name) }},
		"status":            {kindList, func(v *view, r *row) cell { return v.statusCell(r.chat) }},
		"when_requested":    {kindDate, func(v *view, r *row) cell { return date(v.requested(r.chat)) }},
		"when_started":      {kindDate, func(_ *view, r *row) cell { return date(r.chat.Started) }},
		"when_ended":        {kindDate, func(_ *view, r *row) cell { return date(r.chat.Ended) }},
		"idle":              {kindDate, func(_ *view, r *row) cell { return date(r.chat.Idle) }},
		"customer_fetch":    {kindDate, func(_ *view, r *row) cell { return date(r.chat.Fetched) }},
		"session_key":       {kindText, func(_ *view, r *row) cell { return words(r.chat.Visitor.Key) }},
		"initial_queue_pos": {kindNumber, func(_ *view, r *row) cell { return number(int64(r.chat.Place)) }},
		"customer_host":     {kindText, func(_ *view, r *row) cell { return words(r.chat.Visitor.Host) }},
		"alert_level":       {kindNumber, func(_ *view, r *row) cell { return number(int64(r.chat.Alert)) }},
		"rank":              {kindNumber, func(_ *view, r *row) cell { return number(int64(r.chat.Rank)) }},
		"name":              {kindText, func(_ *view, r *row) cell { return words(r.chat.Visitor.Name) }},
		"company_name":      {kindText, func(_ *view, r *row) cell { return words(r.chat.Visitor.Company) }},
		"email":             {kindText, func(_ *view, r *row) cell { return words(r.chat.Visitor.Email) }},
		"phone":             {kindText, func(_ *view, r *row) cell { return words(r.chat.Visitor.Phone) }},
		"first_message":     {kindText, func(_ *view, r *row) cell { return words(text(r.chat.First)) }},
		"last_message":      {kindText, func(_ *view, r *row) cell { return words(text(r.chat.Last)) }},
		"flags":             {kindNumber, func(*view, *row) cell { return number(0) }},
		"ticket_id":         {kindNumber, func(_ *view, r *row) cell { return number(r.chat.Request) }},
		"transfer_to":       {kindNumber, func(v *view, r *row) cell { return v.user(r.chat.OfferedTo) }},
		"chatbot_isactive":  {kindBool, func(_ *view, r *row) cell { return truth(r.chat.Bot) }},
		"rating":            {kindNumber, func(_ *view, r *row) cell { return number(int64(r.chat.Rating)) }},
	}
}

func messageColumns() map[string]column {
	return map[string]column{
		"id":         {kindNumber, func(_ *view, r *row) cell { return number(r.message.ID) }},
		"session_id": {kindNumber, func(_ *view, r *row) cell { return number(r.message.Chat) }},
		"message":    {kindText, func(_ *view, r *row) cell { return words(text(r.message.ID)) }},
		"when_posted": {kindPosted, func(v *view, r *row) cell {
			if r.message.Side == world.ChatBot {
				return date(r.message.At.Add(v.switches.BotDelay))
			}
			return date(r.message.At)
		}},
		"special_type": {kindList, func(v *view, r *row) cell {
			name, n := special(r.message, v.switches)
			return cell{raw: int64(n), display: name}
		}},
		"type": {kindList, func(_ *view, r *row) cell {
			name, n := messageType(r.message)
			return cell{raw: int64(n), display: name}
		}},
		"read_by_customer": {kindBool, func(v *view, r *row) cell { return truth(readMark(v.switches, r.message) != 0) }},
		"author":           {kindText, func(v *view, r *row) cell { return words(v.author(r.chat, r.message)) }},
		"created_by": {kindNumber, func(v *view, r *row) cell {
			if p := v.people.byNumber[r.message.Number]; p != nil {
				return number(p.ejUser)
			}
			return number(-1)
		}},
	}
}

func topicColumns() map[string]column {
	return map[string]column{
		"id":                {kindNumber, func(_ *view, r *row) cell { return number(int64(r.topic.ID)) }},
		"name":              {kindText, func(_ *view, r *row) cell { return words(r.topic.Name) }},
		"description":       {kindText, func(_ *view, r *row) cell { return words(r.topic.Description) }},
		"last_accept":       {kindDate, func(_ *view, r *row) cell { return date(r.topic.LastAccept) }},
		"seconds_pr_accept": {kindNumber, func(_ *view, r *row) cell { return number(int64(r.topic.AcceptTime.Seconds())) }},
		"alert_timeout":     {kindNumber, func(_ *view, r *row) cell { return number(int64(r.topic.WarnMessage.Seconds())) }},
	}
}

// findDynamic looks a dotted name up: a table, columns that lead on, a column. All
// names of a request begin at the same table.
func findDynamic(start string, sw *Switches) finder {
	known := tables()
	return func(name string) (string, column, bool) {
		parts := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r == '.' || r == ':' })
		if len(parts) < 2 || parts[0] != start || slices.Contains(sw.DynamicLacks, strings.ToLower(name)) {
			return name, column{}, false
		}
		at, leads := known[start], []lead(nil)
		for _, part := range parts[1 : len(parts)-1] {
			next, ok := at.leads[part]
			if !ok {
				return name, column{}, false
			}
			leads, at = append(leads, next), known[next.table]
		}
		c, ok := at.columns[parts[len(parts)-1]]
		if !ok {
			return name, column{}, false
		}
		return name, column{c.kind, func(v *view, r *row) cell {
			for _, next := range leads {
				if r = next.follow(v, r); r == nil {
					return cell{} // an outer join without a partner
				}
			}
			return c.value(v, r)
		}}, true
	}
}

// listDynamic answers the provider for any table.
func (s *Server) listDynamic(c *call) reply {
	if status := c.switches.DynamicStatus; status != 0 {
		return failed(status, "SoSecurityException", "", "The provider Dynamic is not available")
	}
	start, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(c.query.Get("$select"))), ".")
	p := provider{entity: start, find: findDynamic(start, &c.switches), dynamic: true}
	switch start {
	case "chat_session":
		p.rows, p.key = s.chatRows, func(r *row) int64 { return r.chat.ID }
	case "chat_message":
		p.rows, p.key = s.messageRows, func(r *row) int64 { return r.message.ID }
	case "chat_topic":
		p.rows, p.key = s.topicRows, func(r *row) int64 { return int64(r.topic.ID) }
	default:
		return invalid("The table " + start + " is not known")
	}
	return s.list(c, p)
}

// chatRows gives the chats that are kept; those without a right to see are not.
func (s *Server) chatRows(c *call, keep func(*row) bool) (list []row) {
	chats := s.desk.Chats(func(chat *world.Chat) bool {
		return !c.switches.hidden(chat.TopicID) && keep(&row{chat: chat})
	})
	for i := range chats {
		list = append(list, row{chat: &chats[i]})
	}
	return list
}

func (s *Server) messageRows(c *call, keep func(*row) bool) (list []row) {
	chats := s.desk.Chats(func(chat *world.Chat) bool { return !c.switches.hidden(chat.TopicID) })
	for i := range chats {
		messages, _ := s.desk.Messages(chats[i].ID)
		for j := range messages {
			if r := (row{chat: &chats[i], message: &messages[j]}); keep(&r) {
				list = append(list, r)
			}
		}
	}
	return list
}

func (s *Server) topicRows(_ *call, keep func(*row) bool) (list []row) {
	topics := s.desk.Topics()
	for i := range topics {
		if r := (row{topic: &topics[i]}); keep(&r) {
			list = append(list, r)
		}
	}
	return list
}
