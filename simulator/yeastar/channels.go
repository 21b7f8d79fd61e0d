package yeastar

import "conversation_exporter/simulator/world"

// channelInfo is a row of message_channel/list, from the page "Query Message
// Channel List".
type channelInfo struct {
	ID     int    `json:"id"`
	Status string `json:"status"`
	Reason string `json:"reason"`
	Name   string `json:"name"`
	// Channel is the provider, and Type the medium.
	Channel string   `json:"channel"`
	Type    string   `json:"type"`
	Number  []string `json:"number"`
	// The counts are those of the range that was asked for.
	Sent      int `json:"sent"`
	Delivered int `json:"delivered"`
	Failed    int `json:"failed"`
	Received  int `json:"received"`
}

// The values of status.
const (
	statusConnected = "status_connect_succ"
	statusFailed    = "status_connect_fail"
	statusLapsed    = "status_sub_invalid"
)

// rangeToday is the time_range that begins with the PBX's last midnight.
const rangeToday = "today"

// periodOf gives the world's word for a time_range.
func periodOf(timeRange string) world.Period {
	switch timeRange {
	case "yesterday":
		return world.Yesterday
	case "last_7_days":
		return world.Last7
	case "last_30_days":
		return world.Last30
	case "this_month":
		return world.ThisMonth
	case "all":
		return world.AllTime
	default:
		return world.Today
	}
}

// listChannels answers message_channel/list. All its parameters are required.
func (s *Server) listChannels(c *call) reply {
	number, size := c.params.required("page"), c.params.required("page_size")
	over := c.params.text("time_range")
	c.params.oneOf("time_range", rangeToday, "yesterday", "last_7_days", "last_30_days", "this_month", "all")
	if len(c.params.bad) > 0 {
		return invalidParams(c.params.bad)
	}
	number, size = s.numbered(c, number, size)
	lines := s.world.Lines(periodOf(over))
	list := make([]channelInfo, 0, len(lines))
	for _, l := range lines {
		list = append(list, newChannelInfo(l, c.switches))
	}
	rows := page(list, number, size)
	if over == rangeToday {
		s.tell(c, func(d *directory) { d.channels.page(number, len(list), rows) })
	}
	return withList(success().with("total_number", len(list)), "list", rows, c.switches)
}

func newChannelInfo(l world.Line, sw Switches) channelInfo {
	info := channelInfo{
		ID: l.ID, Status: statusConnected, Name: l.Name, Channel: l.Provider, Type: string(l.Medium), Number: []string{l.DID},
		Sent: l.Traffic.Sent, Delivered: l.Traffic.Delivered, Failed: l.Traffic.Failed, Received: l.Traffic.Received,
	}
	if sw.OutcomesWhenKnown {
		info.Delivered, info.Failed = l.Traffic.Arrived, l.Traffic.Bounced
	}
	switch {
	case l.Link == world.Lapsed || sw.PlanLapsed:
		info.Status, info.Reason = statusLapsed, l.Trouble
	case l.Link == world.Broken:
		info.Status, info.Reason = statusFailed, l.Trouble
	}
	return info
}
