package main

import (
	simsuperoffice "conversation_exporter/simulator/superoffice"
)

// samplesOfChats writes what is expected of SuperOffice as the exposition has it.
func samplesOfChats(target string, e simsuperoffice.Expected) map[string]string {
	s := &samples{target: target, lines: make(map[string]string)}
	load := make(map[string]int)
	for k, n := range e.Open {
		s.add("open_sessions", quoted(`channel=%q,origin=%q,queue=%q,state=%q`, k.Channel, k.Origin, k.Queue, k.State), float64(n))
	}
	for queue, n := range e.Present {
		s.add("queue_agents", quoted(`presence=%q,queue=%q`, "present", queue), float64(n))
		s.add("queue_agents", quoted(`presence=%q,queue=%q`, "away", queue), float64(e.Away[queue]))
		s.add("transfers_pending", quoted(`queue=%q`, queue), float64(e.Transfers[queue]))
	}
	for queue, open := range e.TopicOpen {
		s.add("queue_info", quoted(`assignment_mode=%q,queue=%q`, "pickup", queue), 1)
		s.add("queue_open", quoted(`queue=%q`, queue), map[bool]float64{true: 1}[open])
	}
	for k, limit := range e.Thresholds {
		s.add("queue_warning_threshold_seconds", quoted(`event=%q,level=%q,queue=%q`, k.Event, k.Level, k.Queue), limit.Seconds())
	}
	s.add("agents", quoted(`presence=%q`, "present"), float64(e.AgentsPresent))
	s.add("agents", quoted(`presence=%q`, "away"), float64(e.AgentsAway))
	for _, session := range e.Sessions {
		if session.State == "assigned" {
			load[session.Agent]++
		}
	}
	for agent, a := range e.Agents {
		s.add("agent_sessions", quoted(`agent=%q`, agent), float64(load[agent]))
		s.add("agent_present", quoted(`agent=%q`, agent), map[bool]float64{true: 1}[a.Present])
	}
	s.gauges(e.Gauges)
	s.counters(e.Counted)
	return s.lines
}
