package yeastar

import (
	"cmp"
	"fmt"
	"slices"

	"conversation_exporter/simulator/world"
)

// extensionInfo is a row of extension/list, from the page "Query Extension List".
type extensionInfo struct {
	ID                   int                     `json:"id"`
	Number               string                  `json:"number"`
	CallerIDName         string                  `json:"caller_id_name"`
	RoleName             string                  `json:"role_name"`
	EmailAddr            string                  `json:"email_addr"`
	MobileNumber         string                  `json:"mobile_number"`
	PresenceStatus       string                  `json:"presence_status,omitempty"`
	CustomPresenceStatus string                  `json:"custom_presence_status"`
	OnlineStatus         map[string]clientStatus `json:"online_status,omitempty"`
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
		if !slices.Contains(c.switches.HiddenExtensions, a.Number) {
			list = append(list, newExtensionInfo(a, c.switches))
		}
	}
	sortExtensions(list, by, order == "desc")
	rows := page(list, number, size)
	s.tell(c, func(d *directory) {
		if d.extensions.page(number, len(list), rows) {
			d.roll.extensions = rollCall{told: c.now}
		}
	})
	return withList(success().with("total_number", len(list)), "data", rows, c.switches)
}

func newExtensionInfo(a world.Agent, sw Switches) extensionInfo {
	info := extensionInfo{
		ID: a.ID, Number: a.Number, CallerIDName: a.Name, RoleName: "Employee",
		EmailAddr:    fmt.Sprintf("canary.agent.%s@example.invalid", a.Number),
		MobileNumber: "+999000" + a.Number,
	}
	if !sw.NoPresenceStatus {
		info.PresenceStatus = presenceStatus(a.Presence)
	}
	if !sw.NoOnlineStatus {
		info.OnlineStatus = onlineStatus(a.Clients)
	}
	return info
}

// available is the presence_status of those who are there.
const available = "available"

func presenceStatus(p world.Presence) string {
	switch p {
	case world.Away:
		return "away"
	case world.Lunch:
		return "lunch"
	case world.Busy:
		return "do_not_disturb"
	case world.BusinessTrip:
		return "business_trip"
	case world.OffWork:
		return "off_work"
	default:
		return available
	}
}

// onlineStatus tells which clients are connected. The page says to read the
// status_list of sip_phone, and not its status: that one is wrong here, so that
// who reads it is found out. A phone that was registered twice is in the list twice.
func onlineStatus(clients world.Clients) map[string]clientStatus {
	linkus := func(kind string, one world.Clients) clientStatus {
		return clientStatus{ExtDevType: kind, Status: flag(clients.Has(one))}
	}
	phone := clients.Has(world.Phone)
	return map[string]clientStatus{
		"sip_phone": {Status: flag(!phone), StatusList: []clientStatus{
			{ExtDevType: "sip"}, {ExtDevType: "sip", Status: flag(phone)},
		}},
		"linkus_desktop": linkus("desktop", world.Desktop),
		"linkus_mobile":  linkus("mobile", world.Mobile),
		"linkus_web":     linkus("web", world.Web),
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
