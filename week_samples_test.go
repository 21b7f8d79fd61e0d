package main

import (
	"fmt"
	"strconv"
	"time"

	"conversation_exporter/simulator/figures"
	simyeastar "conversation_exporter/simulator/yeastar"
)

// samples are lines of the exposition: name and labels, and the value.
type samples struct {
	target string
	lines  map[string]string
}

// number writes a value as the exposition does.
func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// add adds a sample; labels are names and values in the order of the exposition,
// those before and those after target.
func (s *samples) add(name, labels string, value float64) {
	s.lines[fmt.Sprintf("conversation_%s{%s}", name, fmt.Sprintf(labels, s.target))] = number(value)
}

func unix(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

func quoted(format string, values ...any) string {
	return fmt.Sprintf(format, values...) + `,target="%s"`
}

// samplesOf writes what is expected as the exposition has it.
func samplesOf(target string, e simyeastar.Expected) map[string]string {
	s := &samples{target: target, lines: make(map[string]string)}
	for k, n := range e.Open {
		s.add("open_sessions", quoted(`channel=%q,origin=%q,queue=%q,state=%q`, k.Channel, k.Origin, k.Queue, string(k.State)), float64(n))
	}
	for k, n := range e.Windows {
		s.add("reply_window_sessions", quoted(`awaiting=%q,channel=%q,queue=%q,remaining=%q`, k.Awaiting, k.Channel, k.Queue, k.Remaining), float64(n))
	}
	for k, at := range e.NextExpiry {
		s.add("reply_window_next_expiry_timestamp_seconds", quoted(`awaiting=%q,channel=%q,queue=%q`, k.Awaiting, k.Channel, k.Queue), unix(at))
	}
	s.groups(e)
	s.gauges(e.Gauges)
	s.counters(e.Counted)
	return s.lines
}

// groups writes what is told beside the sessions.
func (s *samples) groups(e simyeastar.Expected) {
	for k, n := range e.Queues.Info {
		s.add("queue_info", quoted(`assignment_mode=%q,queue=%q`, k.AssignmentMode, k.Queue), float64(n))
	}
	for k, n := range e.Queues.Agents {
		s.add("queue_agents", quoted(`presence=%q,queue=%q`, k.Presence, k.Queue), float64(n))
	}
	for presence, n := range e.Queues.All {
		s.add("agents", quoted(`presence=%q`, presence), float64(n))
	}
	for k, n := range e.Channels.Up {
		s.add("channel_up", quoted(`channel=%q,name=%q,provider=%q`, k.Channel, k.Name, k.Provider), float64(n))
	}
	for k, n := range e.Channels.Sent {
		s.add("channel_sent_messages_today", quoted(`channel=%q,name=%q,outcome=%q`, k.Channel, k.Name, k.Outcome), float64(n))
	}
	for k, n := range e.Channels.Received {
		s.add("channel_received_messages_today", quoted(`channel=%q,name=%q`, k.Channel, k.Name), float64(n))
	}
	for agent, n := range e.Agents.Sessions {
		s.add("agent_sessions", quoted(`agent=%q`, agent), float64(n))
	}
	for agent, n := range e.Agents.Present {
		s.add("agent_present", quoted(`agent=%q`, agent), float64(n))
	}
}

func (s *samples) gauges(g figures.Gauges) {
	for at, when := range g.QueuedOldest {
		s.add("queued_oldest_timestamp_seconds", quoted(`channel=%q,queue=%q`, at.Channel, at.Queue), unix(when))
	}
	for k, n := range g.Unanswered {
		s.add("unanswered_sessions", quoted(`age=%q,channel=%q,queue=%q,state=%q`, k.Age, k.Channel, k.Queue, string(k.State)), float64(n))
	}
	for k, when := range g.UnansweredOldest {
		s.add("unanswered_oldest_timestamp_seconds", quoted(`channel=%q,queue=%q,state=%q`, k.Channel, k.Queue, string(k.State)), unix(when))
	}
	for at, n := range g.Unread {
		s.add("unread_messages", quoted(`channel=%q,queue=%q`, at.Channel, at.Queue), float64(n))
	}
	for channel, when := range g.LastInbound {
		s.add("last_inbound_message_timestamp_seconds", quoted(`channel=%q`, channel), unix(when))
	}
	for channel, when := range g.SendingOldest {
		s.add("sending_oldest_timestamp_seconds", quoted(`channel=%q`, channel), unix(when))
	}
	for at, n := range g.CustomerUnread {
		s.add("customer_unread_messages", quoted(`channel=%q,queue=%q`, at.Channel, at.Queue), float64(n))
	}
	for k, when := range g.NextIdle {
		s.add("idle_next_expiry_timestamp_seconds", quoted(`awaiting=%q,channel=%q,queue=%q`, k.Awaiting, k.Channel, k.Queue), unix(when))
	}
}

func (s *samples) counters(c figures.Counts) {
	for k, n := range c.Messages {
		s.add("messages_total", quoted(`channel=%q,sender=%q`, k.Channel, k.Sender), float64(n))
	}
	for channel, n := range c.Templates {
		s.add("template_messages_total", quoted(`channel=%q`, channel), float64(n))
	}
	for k, n := range c.Failures {
		s.add("message_failures_total", fmt.Sprintf(`channel=%q,reason=%q`, k.Channel, k.Reason)+`,target="%s"`, float64(n))
	}
	for k, n := range c.Started {
		s.add("started_sessions_total", quoted(`channel=%q,origin=%q,queue=%q`, k.Channel, k.Origin, k.Queue), float64(n))
	}
	for k, n := range c.Closed {
		s.add("closed_sessions_total", quoted(`awaiting=%q,channel=%q,queue=%q,reason=%q`, k.Awaiting, k.Channel, k.Queue, k.Reason), float64(n))
	}
	for at, n := range c.Lost {
		s.add("reply_windows_lost_total", quoted(`channel=%q,queue=%q`, at.Channel, at.Queue), float64(n))
	}
	for k, n := range c.Transfers {
		s.add("transfers_total", quoted(`channel=%q,queue=%q`, k.Channel, k.Queue)+fmt.Sprintf(`,to=%q`, k.To), float64(n))
	}
	for at, n := range c.HandOvers {
		s.add("bot_handovers_total", quoted(`channel=%q,queue=%q`, at.Channel, at.Queue), float64(n))
	}
	for name, m := range map[string]map[figures.Place]figures.Histogram{
		"first_response_seconds": c.FirstResponse, "response_seconds": c.Response, "pickup_seconds": c.PickUp,
	} {
		for at, h := range m {
			s.histogram(name, at, h)
		}
	}
}

func (s *samples) histogram(name string, at figures.Place, h figures.Histogram) {
	labels := quoted(`channel=%q,queue=%q`, at.Channel, at.Queue)
	s.add(name+"_count", labels, float64(h.Count))
	s.add(name+"_sum", labels, h.Sum)
	for i, bound := range figures.Bounds() {
		s.add(name+"_bucket", labels+fmt.Sprintf(`,le="%s"`, number(bound)), float64(h.AtMost[i]))
	}
	s.add(name+"_bucket", labels+`,le="+Inf"`, float64(h.Count))
}
