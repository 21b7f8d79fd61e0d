package main

import (
	"time"

	"conversation_exporter/simulator"
	simsuperoffice "conversation_exporter/simulator/superoffice"
	"conversation_exporter/simulator/world"
)

// deskMishaps are what goes wrong with a CRM. Faults that tell chats which do not
// exist, or hide such that do, are not among them.
func deskMishaps(sim *simulator.Simulator) []mishap {
	server := sim.SuperOffice
	var list []mishap
	set := func(name string, change func(sw *simsuperoffice.Switches, on bool)) {
		list = append(list, mishap{name, func() func() {
			server.Set(func(sw *simsuperoffice.Switches) { change(sw, true) })
			return func() { server.Set(func(sw *simsuperoffice.Switches) { change(sw, false) }) }
		}})
	}
	inject := func(name string, f simsuperoffice.Fault) {
		list = append(list, mishap{name, func() func() { return server.Inject(f) }})
	}
	const sessions, messages, dynamic, one = "ChatSession", "ChatSession/{id}/Messages", "Archive/Dynamic", "ChatSession/{id}"
	for name, kind := range map[string]simsuperoffice.Kind{
		"resets": simsuperoffice.Reset, "web pages": simsuperoffice.HTML, "empty answers": simsuperoffice.Empty, "garbage": simsuperoffice.Garbage,
		"answers cut short": simsuperoffice.Truncated, "wrong shapes": simsuperoffice.WrongShapes, "redirects": simsuperoffice.Redirect,
		"throttling": simsuperoffice.Throttle, "server errors": simsuperoffice.Plain, "errors of its own": simsuperoffice.Refuse, "lost answers": simsuperoffice.Lost,
		"resets midway": simsuperoffice.ResetMidway, "headers only": simsuperoffice.CloseAfterHeaders,
	} {
		inject(name, simsuperoffice.Fault{Kind: kind, Share: 0.3})
	}
	inject("it restarts", simsuperoffice.Fault{Kind: simsuperoffice.HTML})
	inject("the sign-in has expired", simsuperoffice.Fault{Status: 401})
	inject("a list is null", simsuperoffice.Fault{Kind: simsuperoffice.Null, Endpoint: sessions})
	inject("the list breaks", simsuperoffice.Fault{Status: 502, Endpoint: sessions, Share: 0.5})
	inject("who has them breaks", simsuperoffice.Fault{Status: 503, Endpoint: dynamic, Share: 0.5})
	inject("one by one breaks", simsuperoffice.Fault{Status: 500, Endpoint: one, Share: 0.5})
	inject("messages break", simsuperoffice.Fault{Status: 500, Endpoint: messages, Share: 0.5})
	inject("no permission for messages", simsuperoffice.Fault{Status: 403, Endpoint: messages})
	inject("messages come twice", simsuperoffice.Fault{Kind: simsuperoffice.DuplicateRows, Endpoint: messages})
	inject("messages of others", simsuperoffice.Fault{Kind: simsuperoffice.ForeignMessages})
	inject("presence is not to be had", simsuperoffice.Fault{Status: 500, Endpoint: "Agents/Chat/GetChatPresence"})
	inject("topics are not to be had", simsuperoffice.Fault{Status: 500, Endpoint: "ChatTopic/{id}"})
	set("the newest come first", func(sw *simsuperoffice.Switches, on bool) { sw.NewestFirst = on })
	set("after is inclusive", func(sw *simsuperoffice.Switches, on bool) { sw.AfterInclusive = on })
	set("the customer's own are unread", func(sw *simsuperoffice.Switches, on bool) { sw.InboundUnread = on })
	set("numbers are texts", func(sw *simsuperoffice.Switches, on bool) {
		sw.RawAsText, sw.DynamicNumbers, sw.NumericEnums = on, on, on
	})
	set("other words", func(sw *simsuperoffice.Switches, on bool) {
		sw.DynamicLabels, sw.LogicalLists, sw.CustomReasons = on, on, on
	})
	set("pages are capped", func(sw *simsuperoffice.Switches, on bool) {
		if sw.TopLimit = 0; on {
			sw.TopLimit = 12
		}
	})
	set("dates have offsets", func(sw *simsuperoffice.Switches, on bool) {
		if sw.Dates = simsuperoffice.DatesUnmarked; on {
			sw.Dates = simsuperoffice.DatesTagged
		}
	})
	set("dates are in UTC", func(sw *simsuperoffice.Switches, on bool) {
		if sw.Dates, sw.DateFraction = simsuperoffice.DatesUnmarked, 0; on {
			sw.Dates, sw.DateFraction = simsuperoffice.DatesConverted, 7
		}
	})
	set("connections are closed", func(sw *simsuperoffice.Switches, on bool) { sw.CloseConnections = on })
	set("nobody is null", func(sw *simsuperoffice.Switches, on bool) {
		if sw.Nobody, sw.NullUnselected = simsuperoffice.NobodyZero, on; on {
			sw.Nobody = simsuperoffice.NobodyNull
		}
	})
	list = append(list, mishap{"chats vanish", func() func() { return vanish(sim) }})
	return list
}

// vanish lets chats be listed that are not there when asked for, until they are.
func vanish(sim *simulator.Simulator) (lift func()) {
	var gone []int64
	for _, c := range sim.World.Desk().Chats(func(c *world.Chat) bool { return c.Status.Open() || sim.World.Now().Sub(c.Ended) < time.Minute }) {
		if c.ID%2 == 0 {
			gone = append(gone, c.ID)
		}
	}
	sim.SuperOffice.Set(func(sw *simsuperoffice.Switches) { sw.Vanished = gone })
	return func() { sim.SuperOffice.Set(func(sw *simsuperoffice.Switches) { sw.Vanished = nil }) }
}
