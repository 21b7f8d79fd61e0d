package main

import (
	simyeastar "conversation_exporter/simulator/yeastar"
)

// messageTroubles are those of the messages; the lists have theirs on a day.
func messageTroubles() []trouble {
	inject := func(f simyeastar.Fault) func(*simyeastar.Server) func() {
		return func(s *simyeastar.Server) func() { return s.Inject(f) }
	}
	set := func(change func(sw *simyeastar.Switches, on bool)) func(*simyeastar.Server) func() {
		return func(s *simyeastar.Server) func() {
			s.Set(func(sw *simyeastar.Switches) { change(sw, true) })
			return func() { s.Set(func(sw *simyeastar.Switches) { change(sw, false) }) }
		}
	}
	limit := func(on bool, n int) int {
		if on {
			return n
		}
		return 0
	}
	const query, get = "message/query", "message/get"
	return []trouble{
		{name: "no trouble at all", begin: func(*simyeastar.Server) func() { return func() {} }},
		{name: "no permission for batches", begin: inject(simyeastar.Fault{Endpoint: query, Code: 10005})},
		{name: "no permission for threads", begin: inject(simyeastar.Fault{Endpoint: get, Code: 10005})},
		{name: "batches break", begin: inject(simyeastar.Fault{Endpoint: query, Kind: simyeastar.Truncated, Share: 0.5})},
		{name: "threads break", begin: inject(simyeastar.Fault{Endpoint: get, Kind: simyeastar.Reset, Share: 0.5})},
		{name: "the oldest come first", begin: set(func(sw *simyeastar.Switches, on bool) { sw.MessagesOldestFirst = on })},
		{name: "the page size is for all", begin: set(func(sw *simyeastar.Switches, on bool) { sw.MessageQueryGlobal = on })},
		{name: "few ids at a time", begin: set(func(sw *simyeastar.Switches, on bool) { sw.MessageIDLimit = limit(on, 7) })},
		{name: "few ids, the rest dropped", begin: set(func(sw *simyeastar.Switches, on bool) { sw.MessageIDLimit, sw.DropExtraIDs = limit(on, 7), on })},
		{name: "pages of records are clamped", begin: set(func(sw *simyeastar.Switches, on bool) { sw.MessagePageSizeLimit = limit(on, 11) })},
		{name: "no receive_time", begin: set(func(sw *simyeastar.Switches, on bool) { sw.NoReceiveTime = on })},
		{name: "the cursor of records is ignored", begin: inject(simyeastar.Fault{Endpoint: get, Kind: simyeastar.CursorIgnored})},
		{name: "records come twice", begin: inject(simyeastar.Fault{Kind: simyeastar.DuplicateRows, Endpoint: query})},
		{name: "records of others", begin: inject(simyeastar.Fault{Kind: simyeastar.ForeignRecords, Endpoint: query})},
		{name: "messages are not supported", begin: set(func(sw *simyeastar.Switches, on bool) { sw.MessagesUnsupported = on })},
	}
}
