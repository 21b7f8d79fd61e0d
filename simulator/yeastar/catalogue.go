package yeastar

import (
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
	rows := page(list, number, size)
	s.tell(c, func(d *directory) {
		if d.queues.page(number, len(list), rows) {
			d.roll.listed(list, c.now)
		}
	})
	return withList(success().with("total_number", len(list)), "list", rows, c.switches)
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
// and lets be noted what is told.
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
	if s.notes == nil {
		return
	}
	c.shown = func() {
		if !noMode {
			s.notes.modes(queues, c.now)
		}
		s.notes.tell(func(d *directory) {
			d.detail(list)
			d.roll.detailed(list, c.now)
		})
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

// information answers system/information, from the page "Query PBX Information".
func (s *Server) information(c *call) reply {
	return success().with("data", map[string]any{
		"device_name":        "Canary PBX",
		"model_name":         "P-Series Software Edition",
		"sn":                 "canary000000001",
		"firmware_version":   "83.20.0.128",
		"system_time":        c.clock().In(s.world.Zone()).Format(time.DateTime),
		"up_time":            int64(c.now.Sub(s.started) / time.Second),
		"system_date_format": "YYYY-MM-DD",
		"system_time_format": "24",
		"timestamp":          c.clock().Unix(),
	})
}
