package superoffice

import "strings"

// laterColumns came to the archive after 2021.
const laterColumns = " duration timeInQueue queueLength rating agent status "

// defaultColumns are shown where nothing is selected.
func defaultColumns() []string {
	return []string{
		"chatSessionId", "firstMessage", "lastMessage", "whenRequested", "whenStarted", "whenEnded", "duration", "timeInQueue",
		"queueLength", "rating", "agent", "status", "associateId", "chatTopic/chatTopicId", "chatTopic/name",
	}
}

// sessionColumns are the columns of the archive ChatSession. Those of an agent, of
// whoever is looked for when nothing else fits, are a small part of what there is.
func sessionColumns() map[string]column {
	return map[string]column{
		"getAllRows":              {kindBool, func(*view, *row) cell { return truth(true) }},
		"getNoRows":               {kindBool, func(*view, *row) cell { return truth(false) }},
		"chatSessionId":           {kindNumber, func(_ *view, r *row) cell { return number(r.chat.ID) }},
		"firstMessage":            {kindText, func(_ *view, r *row) cell { return words(text(r.chat.First)) }},
		"lastMessage":             {kindText, func(_ *view, r *row) cell { return words(text(r.chat.Last)) }},
		"whenRequested":           {kindDate, func(v *view, r *row) cell { return date(v.requested(r.chat)) }},
		"whenStarted":             {kindDate, func(_ *view, r *row) cell { return date(r.chat.Started) }},
		"whenEnded":               {kindDate, func(_ *view, r *row) cell { return date(r.chat.Ended) }},
		"duration":                {kindSpan, func(v *view, r *row) cell { return number(v.duration(r.chat)) }},
		"timeInQueue":             {kindSpan, func(v *view, r *row) cell { return number(v.inQueue(r.chat)) }},
		"queueLength":             {kindNumber, func(_ *view, r *row) cell { return number(int64(r.chat.Place)) }},
		"rating":                  {kindNumber, func(_ *view, r *row) cell { return number(int64(r.chat.Rating)) }},
		"agent":                   {kindUser, func(v *view, r *row) cell { return v.user(r.chat.Agent) }},
		"status":                  {kindList, func(v *view, r *row) cell { return v.statusCell(r.chat) }},
		"associateId":             {kindUser, associateCell},
		"associate/ejUserId":      {kindNumber, func(v *view, r *row) cell { return v.user(r.chat.Agent) }},
		"associate/fullName":      {kindText, func(v *view, r *row) cell { return words(v.user(r.chat.Agent).display) }},
		"chatTopic/chatTopicId":   {kindNumber, func(_ *view, r *row) cell { return number(int64(r.chat.TopicID)) }},
		"chatTopic/name":          {kindText, func(v *view, r *row) cell { return words(v.topic(r).Name) }},
		"chatTopic/description":   {kindText, func(v *view, r *row) cell { return words(v.topic(r).Description) }},
		"chatTopic/badgeHeader":   {kindText, func(v *view, r *row) cell { return words(v.topic(r).Name) }},
		"person/fullName":         {kindText, func(_ *view, r *row) cell { return words(r.chat.Visitor.Name) }},
		"person/email":            {kindText, func(_ *view, r *row) cell { return words(r.chat.Visitor.Email) }},
		"contact/contactFullName": {kindText, func(_ *view, r *row) cell { return words(r.chat.Visitor.Company) }},
	}
}

func associateCell(v *view, r *row) cell {
	if p := v.person(r.chat.Agent); p != nil {
		return cell{raw: p.associate, display: p.initials}
	}
	return cell{raw: int64(0)}
}

// finder looks a column up, and gives its name as it is written.
type finder func(name string) (string, column, bool)

// findSession looks a column of the archive up. Case does not matter.
func findSession(sw *Switches) finder {
	columns := sessionColumns()
	return func(name string) (string, column, bool) {
		for have, c := range columns {
			if strings.EqualFold(have, name) && !(sw.OldServer && strings.Contains(laterColumns, " "+have+" ")) {
				return have, c, true
			}
		}
		return name, column{}, false
	}
}

// columnInfo is what the archive tells of one of its columns.
type columnInfo struct {
	DisplayName, DisplayType  string
	CanOrderBy, CanRestrictBy bool
	RestrictionType           string
	RestrictionListName       string `json:",omitempty"`
}

// metadata tells which columns the archive of chats has, and what they are good for.
func (s *Server) metadata(c *call) reply {
	find, out := findSession(&c.switches), make(map[string]columnInfo)
	for name, column := range sessionColumns() {
		if _, _, known := find(name); !known {
			continue
		}
		info := columnInfo{
			DisplayName: name, DisplayType: column.kind.restriction(), CanOrderBy: name != "duration" && !strings.HasPrefix(name, "get"),
			CanRestrictBy: true, RestrictionType: column.kind.restriction(),
		}
		if name == "status" {
			info.RestrictionListName = "chatsessionstatus"
		}
		out[name] = info
	}
	return ok(out, "")
}

// restriction is the vendor's word for how a kind of columns is filtered.
func (k kind) restriction() string {
	switch k {
	case kindNumber:
		return "int"
	case kindList:
		return "listAny"
	case kindUser:
		return "ejUser"
	case kindSpan:
		return "timeSpan"
	case kindText:
		return "string"
	case kindBool:
		return "bool"
	default:
		return "datetime"
	}
}
