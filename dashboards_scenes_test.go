package main

import (
	"fmt"
	"maps"
	"slices"
)

const (
	health   = "conversation_scrape_collector"
	lost     = `conversation_reply_windows_lost_total{channel="whatsapp",queue="Sales"}`
	failures = `conversation_message_failures_total{channel="whatsapp",reason="other"}`
	closing  = `conversation_reply_window_sessions{channel="whatsapp",queue="Sales",awaiting="agent",remaining="%s"}`
	expiry   = `conversation_reply_window_next_expiry_timestamp_seconds{channel="whatsapp",queue="Sales",awaiting="agent"}`
	queued   = `conversation_queued_oldest_timestamp_seconds{channel="%s",queue="%s"}`
	assigned = `conversation_unanswered_oldest_timestamp_seconds{channel="%s",queue="%s",state="assigned"}`
)

// one is a scene in which one fact of the PBX is another.
func one(name, fact, values string, figures, columns map[string]string, alerts string) scene {
	return scene{name: name, systems: []watchedTarget{pbx().with(map[string]string{fact: values}).seen(columns).told(alerts), chat()}, figures: figures}
}

// scenes are the situations in which the figures are looked at.
func scenes() []scene {
	return slices.Concat(waitingScenes(), windowScenes(), unreadScenes(), partScenes(), fleetScenes())
}

// waitingScenes are those in which customers wait, with and without agents.
func waitingScenes() []scene {
	sales, support := fmt.Sprintf(queued, "whatsapp", "Sales"), fmt.Sprintf(queued, "chat", "Support")
	soon := func(title, shown string) map[string]string {
		return map[string]string{title: shown, "Targets in trouble": "1 orange"}
	}
	state := func(column, shown string) map[string]string {
		return map[string]string{"state": "act soon orange", column: shown}
	}
	beyond := func(queue string, seconds, limit float64, colour string) map[string]string {
		return merged(waited(queue, seconds, limit, colour), map[string]string{"state": "act soon orange"})
	}
	const pickup, answer, nobody = "Longest wait for a pick-up", "Longest wait for an answer", "Queues with no agent present"
	shared := `conversation_unanswered_oldest_timestamp_seconds{channel="sms",queue="Open",state="shared"}`
	closedFor := func(name, queued, answered string) scene {
		closed := chat().with(map[string]string{
			`conversation_queue_open{queue="Support"}`:                      "0",
			`conversation_queue_agents{queue="Support",presence="present"}`: "0",
			support: "-" + queued + "s", fmt.Sprintf(assigned, "chat", "Support"): "-" + answered + "s",
		}).seen(noLimit(queued)).seen(map[string]string{"answer wait": answered})
		return scene{name: name, systems: []watchedTarget{pbx(), closed}, figures: map[string]string{pickup: queued, answer: answered}}
	}
	return []scene{
		{name: "all is well", systems: []watchedTarget{pbx(), chat()}},
		{
			name:    "a customer waits beyond what the administrator allows",
			systems: []watchedTarget{pbx(), chat().with(map[string]string{support: "-121s"}).seen(beyond("Support", 121, 120, "orange")).told("ConversationNotPickedUp")},
			figures: soon(pickup, "300 orange"),
		},
		one("a customer waits beyond 5 minutes", sales, "-301s", soon(pickup, "301 orange"), beyond("Sales", 301, 300, "orange"), "ConversationNotPickedUp"),
		one("a customer waits for three times the limit", sales, "-900s", soon(pickup, "900 orange"), beyond("Sales", 900, 300, "orange"), "ConversationNotPickedUp"),
		one("a customer waits for more than that", sales, "-901s", soon(pickup, "901 red"), beyond("Sales", 901, 300, "red"), "ConversationNotPickedUp"),
		one("nobody waits for a pick-up", sales, "", map[string]string{pickup: "120"}, noLimit("0"), ""),
		one("a customer waits in a shared queue", shared, "-1801s", soon(answer, "1801 orange"), state("answer wait", "1801"), "ConversationUnanswered"),
		one("a customer waits in a shared queue for longer", shared, "-3601s", soon(answer, "3601 red"), state("answer wait", "3601"), "ConversationUnanswered"),
		one("an agent has forgotten a customer", fmt.Sprintf(assigned, "whatsapp", "Sales"), "-3600s", soon(answer, "3600 orange"), state("answer wait", "3600"), "ConversationForgotten"),
		one("an agent has forgotten a customer for longer", fmt.Sprintf(assigned, "whatsapp", "Sales"), "-3601s", soon(answer, "3601 red"), state("answer wait", "3601"), "ConversationForgotten"),
		closedFor("a queue is closed", "300", "2000"),
		{
			name: "customers wait in more queues than the wall has room for",
			systems: []watchedTarget{pbx().with(map[string]string{
				fmt.Sprintf(queued, "whatsapp", "Billing"): "-200s", fmt.Sprintf(queued, "sms", "Billing"): "-210s", fmt.Sprintf(queued, "sms", "Returns"): "-250s", fmt.Sprintf(queued, "sms", "Other"): "-50s",
			}).seen(map[string]string{"Worst queues": "Sales 300; Returns 250; Billing 210"}), chat().seen(map[string]string{"Worst queues": ""})},
		},
		closedFor("a queue has been closed for long", "5000", "9000"),
		{
			name: "limits and hours were not read for some minutes",
			systems: []watchedTarget{pbx().with(map[string]string{
				sales: "-301s", `conversation_queue_open{queue="Sales"}`: "0 until 10m", fmt.Sprintf(assigned, "whatsapp", "Sales"): "-2000s",
				`conversation_queue_agents{queue="Sales",presence="present"}`: "0",
			}).seen(noLimit("301")).seen(map[string]string{"answer wait": "2000"}), chat().with(map[string]string{
				support: "-200s", `conversation_queue_warning_threshold_seconds{queue="Support",event="new_session",level="agent"}`: "200 until 10m",
			}).seen(waited("Support", 200, 200, ""))},
			figures: map[string]string{pickup: "301", answer: "2000"},
		},
		{
			name:    "hours were not read for some minutes, and a customer has come just now",
			systems: []watchedTarget{pbx().with(map[string]string{sales: "-200s", `conversation_queue_open{queue="Sales"}`: "0 until 10m"}).seen(noLimit("200")), chat()},
			figures: map[string]string{pickup: "200"},
		},
		{
			name: "hours were not read for some minutes, and customers wait for long",
			systems: []watchedTarget{pbx().with(map[string]string{
				sales: "-5000s", `conversation_queue_open{queue="Sales"}`: "0 until 10m", fmt.Sprintf(assigned, "whatsapp", "Sales"): "-9000s",
			}).seen(noLimit("5000")).seen(map[string]string{"answer wait": "9000"}), chat()},
			figures: map[string]string{pickup: "5000", answer: "9000"},
		},
		{
			name: "limits were not read for some minutes, and a customer waits for longer than three times",
			systems: []watchedTarget{pbx(), chat().with(map[string]string{
				support: "-305s", `conversation_queue_warning_threshold_seconds{queue="Support",event="new_session",level="agent"}`: "101 until 10m",
			}).seen(beyond("Support", 305, 101, "red")).told("ConversationNotPickedUp")},
			figures: soon(pickup, "305 red"),
		},
		{
			name: "an administrator's limit is long",
			systems: []watchedTarget{pbx(), chat().with(map[string]string{
				support: "-1000s", `conversation_queue_warning_threshold_seconds{queue="Support",event="new_session",level="agent"}`: "1000 until 10m",
			}).seen(waited("Support", 1000, 1000, ""))},
			figures: map[string]string{pickup: "1000"},
		},
		{
			name:    "a customer waits for three times what the administrator allows",
			systems: []watchedTarget{pbx(), chat().with(map[string]string{support: "-360s"}).seen(beyond("Support", 360, 120, "orange")).told("ConversationNotPickedUp")},
			figures: soon(pickup, "360 orange"),
		},
		{
			name:    "a customer waits for more than three times what the administrator allows",
			systems: []watchedTarget{pbx(), chat().with(map[string]string{support: "-361s"}).seen(beyond("Support", 361, 120, "red")).told("ConversationNotPickedUp")},
			figures: soon(pickup, "361 red"),
		},
		{
			name: "one customer waits and no agent of the queue is present",
			systems: []watchedTarget{pbx(), chat().with(map[string]string{`conversation_queue_agents{queue="Support",presence="present"}`: "0"}).
				seen(map[string]string{"state": "act now red", "no agent": "1 red"}).told("ConversationNoAgents")},
			figures: soon(nobody, "1 red"),
		},
		one("customers wait and no agent of the queue is present", `conversation_queue_agents{queue="Sales",presence="present"}`, "0",
			soon(nobody, "1 red"), map[string]string{"state": "act now red", "no agent": "1 red"}, "ConversationNoAgents"),
		{
			name: "nobody waits in the queue without agents",
			systems: []watchedTarget{pbx().with(map[string]string{
				`conversation_queue_agents{queue="Sales",presence="present"}`:                                  "0",
				`conversation_open_sessions{channel="whatsapp",queue="Sales",origin="regular",state="queued"}`: "0",
				sales: "",
			}).seen(noLimit("0")).seen(map[string]string{"waiting": "0"}), chat()},
			figures: map[string]string{"Waiting for a pick-up": "1", pickup: "120"},
		},
		{
			name: "no agent is present",
			systems: []watchedTarget{
				pbx().with(map[string]string{`conversation_agents{presence="present"}`: "0"}).seen(map[string]string{"agents": "0"}),
				chat().with(map[string]string{`conversation_agents{presence="present"}`: "0"}).seen(map[string]string{"agents": "0"}),
			},
			figures: map[string]string{"Agents present": "0 orange"},
		},
	}
}

// windowScenes are those of reply windows, delivery and channels.
func windowScenes() []scene {
	window := func(name, remaining, ends, shown, state string) scene {
		return scene{
			name: name,
			systems: []watchedTarget{pbx().with(map[string]string{fmt.Sprintf(closing, remaining): "1", expiry: ends}).
				seen(map[string]string{"state": state, "closing, 1 h": "1 orange", "next window": shown}).told("ConversationWindowExpiring"), chat()},
			figures: map[string]string{"Windows closing within the hour": "1 orange", "Next window closes in": shown, "Targets in trouble": "1 orange"},
		}
	}
	const failed = "Not delivered in 24 h"
	alone := pbx().only(health, "up", "conversation_up", "conversation_target_info", "conversation_scrape_timestamp").
		seen(noLimit("0")).seen(map[string]string{"waiting": "0", "unanswered": "0", "answer wait": "0", "next window": "", "agents": ""})
	return []scene{
		window("a window closes within 15 minutes", "lt_15m", "+899s", "899 red", "act now red"),
		window("a window closes within half an hour", "15m_30m", "+900s", "900 orange", "act soon orange"),
		window("a window closes within the hour", "30m_1h", "+3599s", "3599 orange", "act soon orange"),
		one("a window closes in an hour", expiry, "+3600s", map[string]string{"Next window closes in": "3600"}, map[string]string{"next window": "3600"}, ""),
		one("a window is over", expiry, "-10s", map[string]string{"Next window closes in": "9000"}, map[string]string{"next window": "9000"}, ""),
		one("a window ends this second", expiry, "+0s", map[string]string{"Next window closes in": "9000"}, map[string]string{"next window": "9000"}, ""),
		window("a window is about to end", "lt_15m", "+1s", "1 red", "act now red"),
		one("a window was lost hours ago", lost, "0 1 since 300m", map[string]string{"Windows lost in 24 h": "1 orange"}, map[string]string{"lost, 24 h": "1 orange"}, ""),
		one("a window was lost more than a day ago", lost, "0 1 since 1500m", nil, nil, ""),
		one("a channel is down", `conversation_channel_up{channel="whatsapp",name="Main",provider="meta"}`, "0",
			map[string]string{"Targets in trouble": "1 orange"}, map[string]string{"state": "act now red", "channels down": "1 red"}, "ConversationChannelDown"),
		one("a message is under way for too long", `conversation_sending_oldest_timestamp_seconds{channel="whatsapp"}`, "-901s",
			map[string]string{"Targets in trouble": "1 orange"}, map[string]string{"state": "act soon orange"}, "ConversationDeliveryStuck"),
		one("a message was not delivered hours ago", failures, "0 1 since 300m", map[string]string{failed: "1 orange"}, map[string]string{"failed, 24 h": "1"}, ""),
		one("a message was not delivered more than a day ago", failures, "0 1 since 1500m", nil, nil, ""),
		one("three messages were not delivered", failures, "0 3 since 10m", map[string]string{failed: "3 orange"}, map[string]string{"failed, 24 h": "3"}, ""),
		one("four messages were not delivered", failures, "0 4 since 10m", map[string]string{failed: "4 orange", "Targets in trouble": "1 orange"},
			map[string]string{"state": "act soon orange", "failed, 24 h": "4"}, "ConversationDeliveryFailing"),
		one("four messages were not delivered some time ago", failures, "0 4 since 20m", map[string]string{failed: "4 orange"}, map[string]string{"failed, 24 h": "4"}, ""),
		{
			name: "a SuperOffice alone, which has no windows", systems: []watchedTarget{chat()}, nothing: true,
			figures: map[string]string{
				"Source": "read", "Waiting for a pick-up": "1", "Longest wait for a pick-up": "120", "Unanswered": "1", "Longest wait for an answer": "70",
				"Agents present": "1", "Queues with no agent present": "0", "Unread messages": "1", "Targets read": "1", "Targets in trouble": "0",
			},
		},
		{
			name: "a PBX alone to which nobody has written", systems: []watchedTarget{alone}, nothing: true,
			figures: map[string]string{
				"Source": "read", "Waiting for a pick-up": "0", "Longest wait for a pick-up": "0", "Unanswered": "0", "Longest wait for an answer": "0",
				"Queues with no agent present": "0", "Windows closing within the hour": "0", "Windows lost in 24 h": "0", failed: "0", "Unread messages": "0",
				"Targets read": "1", "Targets in trouble": "0",
			},
		},
	}
}

// unreadScenes are those in which something is not read, or not whole.
func unreadScenes() []scene {
	groups := []string{"sessions", "messages", "queues", "channels"}
	incomplete := map[string]string{"state": "incomplete orange"}
	noZeros := map[string]string{"no agent": "", "closing, 1 h": "", "lost, 24 h": "", "failed, 24 h": ""}
	down := pbx().only(health, "up", "conversation_up", "conversation_target_info", "conversation_scrape_timestamp", lost, failures).
		with(notRead("0", groups...)).with(map[string]string{
		"conversation_up": "0", lost: "0 2 since 600m", `conversation_scrape_collector_success{collector="channels"}`: "1", // It is kept.
	})
	down.columns = map[string]string{"state": "not read red", "lost, 24 h": "2 orange"}
	sessions := pbx().only("up", "conversation_up", "conversation_target_info", "conversation_scrape_timestamp", "conversation_open_sessions").with(read("sessions")).
		with(map[string]string{`conversation_reply_window_sessions{channel="whatsapp",queue="Sales",awaiting="unknown",remaining="lt_15m"}`: "1"})
	sessions.columns = map[string]string{"state": "calm", "waiting": "2", "age": "119"}
	messages := sessions.with(read("queues")).with(notRead("0", "messages"))
	messages.columns = map[string]string{"state": "not read red", "waiting": "2", "no agent": "0"}
	queues := pbx().only(health, "up", "conversation_up", "conversation_target_info", "conversation_scrape_timestamp", "conversation_queue_agents", "conversation_agents").
		with(notRead("0", "sessions", "messages"))
	queues.columns = map[string]string{"state": "not read red", "channels down": "0", "agents": "3"}
	return []scene{
		{
			name: "a viewer failed", beside: []string{"1 not whole orange"},
			figures: map[string]string{"Windows closing within the hour": "", "Windows lost in 24 h": "", "Not delivered in 24 h": ""},
			systems: []watchedTarget{pbx().with(notRead("1", "sessions", "messages")).seen(incomplete).seen(noZeros), chat()},
		},
		{
			name: "a list was cut short", beside: []string{"1 not whole orange"},
			systems: []watchedTarget{pbx(), chat().with(map[string]string{`conversation_scrape_collector_partial{collector="messages"}`: "1"}).seen(incomplete)},
		},
		{
			name: "of a channel is not told whether it is up", beside: []string{"1 not whole orange"},
			systems: []watchedTarget{
				pbx().with(map[string]string{`conversation_scrape_collector_partial{collector="channels"}`: "1"}).seen(incomplete).seen(map[string]string{"channels down": ""}), chat(),
			},
		},
		{name: "the channels could not be read", beside: []string{"1 not whole orange"}, systems: []watchedTarget{pbx().with(notRead("0", "channels")).seen(incomplete).seen(map[string]string{"channels down": ""}), chat()}},
		{
			name: "the messages are not wanted", systems: []watchedTarget{sessions}, nothing: true,
			figures: map[string]string{"Source": "read", "Waiting for a pick-up": "2", "Targets read": "1", "Targets in trouble": "0"},
		},
		{
			name: "the PBX is down, and what was known is kept", beside: []string{"1 not read red"},
			systems: []watchedTarget{pbx().with(notRead("1", groups...)).with(map[string]string{"conversation_up": "0"}).
				seen(noZeros).seen(map[string]string{"state": "not read red", "channels down": "", "age": ""}), chat()},
			figures: map[string]string{
				"Source": "DOWN red", "Targets read": "1", "Targets in trouble": "1 orange", "Windows closing within the hour": "", "Windows lost in 24 h": "", "Not delivered in 24 h": "",
			},
		},
		{
			name: "the messages cannot be read", beside: []string{"1 not read red"}, systems: []watchedTarget{messages}, nothing: true,
			figures: map[string]string{"Source": "DOWN red", "Waiting for a pick-up": "2", "Queues with no agent present": "0", "Targets in trouble": "1 orange"},
		},
		{
			name: "the sessions cannot be read, and the messages are not wanted", beside: []string{"1 not read red"}, nothing: true,
			systems: []watchedTarget{pbx().only("up", "conversation_up", "conversation_target_info", "conversation_scrape_timestamp").with(notRead("0", "sessions")).nowhere("not read red")},
			figures: map[string]string{"Source": "DOWN red", "Targets in trouble": "1 orange"},
		},
		{
			name: "the PBX is down", beside: []string{"1 not read red"}, systems: []watchedTarget{down}, nothing: true,
			figures: map[string]string{"Source": "DOWN red", "Windows lost in 24 h": "2 orange", "Targets in trouble": "1 orange"},
		},
		{
			name: "the PBX is down beside another", beside: []string{"1 not read red"}, systems: []watchedTarget{down, chat()}, nothing: true,
			figures: map[string]string{
				"Source": "DOWN red", "Waiting for a pick-up": "1", "Longest wait for a pick-up": "120", "Unanswered": "1", "Longest wait for an answer": "70",
				"Agents present": "1", "Queues with no agent present": "0", "Unread messages": "1", "Windows lost in 24 h": "2 orange", "Targets read": "1", "Targets in trouble": "1 orange",
			},
		},
		{
			name: "the sessions cannot be read, and the queues can", beside: []string{"1 not read red"}, systems: []watchedTarget{queues}, nothing: true,
			figures: map[string]string{"Source": "DOWN red", "Agents present": "3", "Targets in trouble": "1 orange"},
		},
		{
			name: "the exporter is down for an hour", beside: []string{"2 not read red"}, nothing: true,
			systems: []watchedTarget{pbx().with(map[string]string{lost: "0 2 since 600m"}).unread("60m").seen(map[string]string{"lost, 24 h": "2 orange"}), chat().unread("60m")},
			figures: map[string]string{"Source": "DOWN red", "Windows lost in 24 h": "2 orange", "Targets in trouble": "2 orange"},
		},
		{
			name: "the exporter is down for more than a day", beside: []string{"1 not read red"}, nothing: true,
			systems: []watchedTarget{
				forgotten(pbx()), forgotten(chat()),
				{job: "conversation", instance: "a:1", name: "(none known)", columns: map[string]string{"state": "not read red"}},
			},
			figures: map[string]string{"Source": "DOWN red", "Targets in trouble": "1 orange"},
		},
	}
}

// partScenes are those in which nobody waits as far as was read, and that is not all.
func partScenes() []scene {
	empty := pbx().with(map[string]string{
		fmt.Sprintf(queued, "whatsapp", "Sales"):                                                           "",
		`conversation_open_sessions{channel="whatsapp",queue="Sales",origin="regular",state="queued"}`:     "0",
		`conversation_unanswered_sessions{channel="whatsapp",queue="Sales",state="queued",age="lt_5m"}`:    "0",
		`conversation_unanswered_sessions{channel="whatsapp",queue="Sales",state="assigned",age="15m_1h"}`: "0",
		`conversation_unanswered_sessions{channel="sms",queue="Open",state="shared",age="5m_15m"}`:         "0",
		`conversation_unanswered_oldest_timestamp_seconds{channel="sms",queue="Open",state="shared"}`:      "",
		`conversation_unread_messages{channel="whatsapp",queue="Sales"}`:                                   "0",
		`conversation_unread_messages{channel="sms",queue="Open"}`:                                         "0",
		fmt.Sprintf(assigned, "whatsapp", "Sales"):                                                         "",
	})
	part := func(name string, groups []string, gone map[string][]string, more map[string]string) scene {
		facts, columns := make(map[string]string), map[string]string{"state": "incomplete orange", "waiting": "0", "pick-up wait": "0", "of limit": "", "Worst queues": "", "unanswered": "0", "answer wait": "0"}
		figures := maps.Clone(wellFigures())
		maps.Copy(figures, map[string]string{
			"Waiting for a pick-up": "0", "Longest wait for a pick-up": "0", "Unanswered": "0", "Longest wait for an answer": "0", "Agents present": "3", "Unread messages": "0", "Targets read": "1",
		})
		for _, g := range groups {
			facts[`conversation_scrape_collector_partial{collector="`+g+`"}`] = "1"
		}
		for figure, column := range gone {
			figures[figure] = ""
			for _, c := range column {
				columns[c] = ""
			}
		}
		figures["Targets in trouble"] = ""
		return scene{
			name: name, beside: []string{"1 not whole orange"}, nothing: true, figures: figures,
			systems: []watchedTarget{empty.with(merged(facts, more)).seen(columns)},
		}
	}
	messages := map[string][]string{
		"Longest wait for a pick-up": {"pick-up wait"}, "Unanswered": {"unanswered"}, "Longest wait for an answer": {"answer wait"}, "Windows closing within the hour": {"closing, 1 h"},
		"Windows lost in 24 h": {"lost, 24 h"}, "Not delivered in 24 h": {"failed, 24 h"}, "Unread messages": nil,
	}
	sessions := map[string][]string{"Waiting for a pick-up": {"waiting"}, "Queues with no agent present": {"no agent"}}
	return []scene{
		part("the messages of many sessions are still to be read", []string{"messages"}, messages, map[string]string{"conversation_scrape_pending_sessions": "40"}),
		part("the list of sessions was cut short", []string{"sessions"}, sessions, nil),
		part("who is there is not known of each queue", []string{"queues"}, map[string][]string{"Queues with no agent present": {"no agent"}}, nil),
	}
}

// hidden is a target that the fleet does not show.
func hidden(s watchedTarget) watchedTarget {
	s.columns = nil
	return s
}

// forgotten is a target that nobody has read for more than a day.
func forgotten(s watchedTarget) watchedTarget { return hidden(s.unread("1560m")) }

// fleetScenes are those with several exporters, or several jobs for one.
func fleetScenes() []scene {
	// Found by /sd: each target is an instance, and the exporter itself is in a job of its own.
	own := watchedTarget{job: "conversation_exporter", instance: "a:1", facts: map[string]string{"up": "1", "conversation_exporter_build_info": "1"}}
	apart := func(s watchedTarget) watchedTarget {
		return s.with(map[string]string{"conversation_exporter_build_info": ""}).at("conversation", s.name)
	}
	dead := own
	dead.facts = map[string]string{"up": "0", "conversation_exporter_build_info": "1 until 60m"}
	other := pbx().at("conversation_other", "b:1").with(map[string]string{
		`conversation_queue_warning_threshold_seconds{queue="Sales",event="new_session",level="agent"}`: "30",
		`conversation_queue_agents{queue="Sales",presence="present"}`:                                   "0",
		`conversation_queue_open{queue="Sales"}`:                                                        "0",
	})
	other = other.seen(noLimit("300"))
	return []scene{
		one("a target was read some time ago", "conversation_scrape_timestamp_seconds", "-120s", nil, map[string]string{"age": "120 orange"}, ""),
		{name: "the targets are found by /sd", systems: []watchedTarget{apart(pbx()), apart(chat()), own}},
		{
			name: "the exporter of targets found by /sd is down", beside: []string{"2 not read red"}, nothing: true,
			systems: []watchedTarget{apart(pbx()).unread("60m"), apart(chat()).unread("60m"), dead},
			figures: map[string]string{"Source": "DOWN red", "Targets in trouble": "2 orange"},
		},
		{
			name: "two exporters have targets of one name", systems: []watchedTarget{pbx(), chat(), other},
			figures: map[string]string{
				"Waiting for a pick-up": "5", "Unanswered": "9", "Agents present": "7", "Unread messages": "11", "Targets read": "3",
			},
		},
		{
			name: "a target is chosen whose exporter is well beside one that is down", target: "chat", nothing: true,
			systems: []watchedTarget{hidden(pbx()), chat(), hidden(other.with(map[string]string{"conversation_exporter_build_info": ""}).unread("60m"))},
			figures: map[string]string{
				"Source": "read", "Waiting for a pick-up": "1", "Longest wait for a pick-up": "120", "Unanswered": "1", "Longest wait for an answer": "70",
				"Agents present": "1", "Queues with no agent present": "0", "Unread messages": "1", "Targets read": "1", "Targets in trouble": "0",
			},
		},
		{
			name: "one of two exporters with targets of one name is down", beside: []string{"1 not read red"},
			systems: []watchedTarget{pbx(), chat(), other.unread("60m")},
			figures: map[string]string{"Source": "DOWN red", "Targets in trouble": "1 orange"},
		},
	}
}
