package yeastar

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"conversation_exporter/simulator/world"
)

// queueInfo is a row of message_queue/list, and with the rest a row of
// message_queue/query, from the pages of those names.
type queueInfo struct {
	ID             int          `json:"id"`
	Name           string       `json:"name"`
	AssignmentMode string       `json:"assignment_mode,omitempty"`
	Members        []memberInfo `json:"members,omitzero"`
}

type memberInfo struct {
	ID           int    `json:"id"`
	ExtensionID  int    `json:"extension_id"`
	ExtNum       string `json:"ext_num"`
	CallerIDName string `json:"caller_id_name"`
}

func (s *Server) listQueues(c *call) reply {
	number, size := c.params.required("page"), c.params.required("page_size")
	if len(c.params.bad) > 0 {
		return invalidParams(c.params.bad)
	}
	number, size = s.numbered(c, number, size)
	queues := s.world.Queues()
	list := make([]queueInfo, 0, len(queues))
	for _, q := range queues {
		list = append(list, queueInfo{ID: q.ID, Name: q.Name})
	}
	return withList(success().with("total_number", len(list)), "list", page(list, number, size), c.switches)
}

// numbered gives page number and size of a list that is paged by number, as the
// switches and faults will have them.
func (s *Server) numbered(c *call, number, size int) (asked, rows int) {
	if limit := c.switches.NumberedPageSizeLimit; limit > 0 {
		size = min(size, limit)
	}
	if _, ok := s.fault(c, CursorIgnored); ok {
		number = 1
	}
	return number, size
}

func (s *Server) queryQueues(c *call) reply {
	ids := c.ids("ids", c.switches.QueueIDLimit)
	if len(c.params.bad) > 0 {
		return invalidParams(c.params.bad)
	}
	var list []queueInfo
	var asked []world.Queue
	for _, q := range s.world.Queues() {
		if slices.Contains(ids, q.ID) {
			list = append(list, s.queueInfo(q))
			asked = append(asked, q)
		}
	}
	if len(list) == 0 {
		return failure(codeNotFound)
	}
	s.leaveOut(c, list, asked)
	return withList(success(), "list", list, c.switches)
}

// ids reads a list of ids of which at most limit are taken; 0 means all.
func (c *call) ids(name string, limit int) []int {
	ids := c.params.ids(name)
	if limit <= 0 || len(ids) <= limit {
		return ids
	}
	if !c.switches.DropExtraIDs {
		c.params.bad = append(c.params.bad, invalid{Field: name, Value: c.params.values.Get(name)})
		return nil
	}
	return ids[:limit]
}

// leaveOut takes out of the information on queues what faults say is missing,
// and lets the modes be noted that are told.
func (s *Server) leaveOut(c *call, list []queueInfo, queues []world.Queue) {
	_, noMembers := s.fault(c, NoMembers)
	_, noMode := s.fault(c, NoAssignmentMode)
	for i := range list {
		if noMembers {
			list[i].Members = nil
		}
		if noMode {
			list[i].AssignmentMode = ""
		}
	}
	if s.notes != nil && !noMode {
		c.shown = func() { s.notes.modes(queues, c.now) }
	}
}

func (s *Server) getQueue(c *call) reply {
	id := c.params.required("id")
	if len(c.params.bad) > 0 {
		return invalidParams(c.params.bad)
	}
	for _, q := range s.world.Queues() {
		if q.ID == id {
			list := []queueInfo{s.queueInfo(q)}
			s.leaveOut(c, list, []world.Queue{q})
			return success().with("data", list[0])
		}
	}
	return failure(codeNotFound)
}

func (s *Server) queueInfo(q world.Queue) queueInfo {
	info := queueInfo{ID: q.ID, Name: q.Name, AssignmentMode: string(q.Mode), Members: []memberInfo{}}
	agents := s.world.Agents()
	for _, m := range q.Members {
		member := memberInfo{ID: m.ID, ExtNum: m.Number}
		if i := slices.IndexFunc(agents, func(a world.Agent) bool { return a.Number == m.Number }); i >= 0 {
			member.ExtensionID, member.CallerIDName = agents[i].ID, agents[i].Name
		}
		info.Members = append(info.Members, member)
	}
	return info
}

// extensionInfo is a row of extension/list, from the page "Query Extension List".
type extensionInfo struct {
	ID                   int                     `json:"id"`
	Number               string                  `json:"number"`
	CallerIDName         string                  `json:"caller_id_name"`
	RoleName             string                  `json:"role_name"`
	EmailAddr            string                  `json:"email_addr"`
	MobileNumber         string                  `json:"mobile_number"`
	PresenceStatus       string                  `json:"presence_status"`
	CustomPresenceStatus string                  `json:"custom_presence_status"`
	OnlineStatus         map[string]clientStatus `json:"online_status"`
}

// clientStatus is one client's entry in online_status.
type clientStatus struct {
	Status     int            `json:"status"`
	ExtDevType string         `json:"ext_dev_type,omitempty"`
	StatusList []clientStatus `json:"status_list,omitempty"`
}

func (s *Server) listExtensions(c *call) reply {
	const defaultSize = 20 // the vendor names none
	number, size := c.params.number("page", 1), c.params.number("page_size", 1)
	order := c.params.oneOf("order_by", "asc", "desc")
	by := c.params.oneOf("sort_by", "id", "number", "caller_id_name", "email_addr", "mobile_number", "presence_status")
	if len(c.params.bad) > 0 {
		return invalidParams(c.params.bad)
	}
	if size == 0 {
		size = defaultSize
	}
	number, size = s.numbered(c, number, size)
	agents := s.world.Agents()
	list := make([]extensionInfo, 0, len(agents))
	for _, a := range agents {
		list = append(list, newExtensionInfo(a))
	}
	sortExtensions(list, by, order == "desc")
	return withList(success().with("total_number", len(list)), "data", page(list, number, size), c.switches)
}

func newExtensionInfo(a world.Agent) extensionInfo {
	status := "available"
	switch a.Presence {
	case world.Away:
		status = "away"
	case world.OffWork:
		status = "off_work"
	case world.Available:
	}
	online := flag(a.Online)
	return extensionInfo{
		ID: a.ID, Number: a.Number, CallerIDName: a.Name, RoleName: "Employee",
		EmailAddr:    fmt.Sprintf("canary.agent.%s@example.invalid", a.Number),
		MobileNumber: "+999000" + a.Number, PresenceStatus: status,
		OnlineStatus: map[string]clientStatus{
			// The page says to read status_list here, and not status.
			"sip_phone":      {StatusList: []clientStatus{{ExtDevType: "sip", Status: 0}}},
			"linkus_desktop": {ExtDevType: "desktop", Status: online},
			"linkus_mobile":  {ExtDevType: "mobile", Status: 0},
			"linkus_web":     {ExtDevType: "web", Status: 0},
		},
	}
}

func sortExtensions(list []extensionInfo, by string, descending bool) {
	key := func(e extensionInfo) string {
		switch by {
		case "caller_id_name":
			return e.CallerIDName
		case "email_addr":
			return e.EmailAddr
		case "mobile_number":
			return e.MobileNumber
		case "presence_status":
			return e.PresenceStatus
		case "number":
			return e.Number
		default:
			return ""
		}
	}
	slices.SortStableFunc(list, func(a, b extensionInfo) int {
		order := cmp.Or(cmp.Compare(key(a), key(b)), cmp.Compare(a.ID, b.ID))
		if descending {
			return -order
		}
		return order
	})
}

// information answers system/information, from the page "Query PBX Information".
func (s *Server) information(c *call) reply {
	return success().with("data", map[string]any{
		"device_name":        "Canary PBX",
		"model_name":         "P-Series Software Edition",
		"sn":                 "canary000000001",
		"firmware_version":   "83.20.0.128",
		"system_time":        c.clock().UTC().Format("2006-01-02 15:04:05"),
		"up_time":            int64(c.now.Sub(s.started) / time.Second),
		"system_date_format": "YYYY-MM-DD",
		"system_time_format": "24",
		"timestamp":          c.clock().Unix(),
	})
}
