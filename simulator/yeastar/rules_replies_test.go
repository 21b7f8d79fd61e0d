package yeastar

import (
	"testing"

	"conversation_exporter/simulator/world"
)

const (
	sales     = world.QueueSales     // of mode auto
	support   = world.QueueSupport   // of mode manual
	community = world.QueueCommunity // of mode none
	member    = 501
)

func campaign(t *tape) { t.session.Campaign = true }

func peopleAtTheAPI(t *tape) { t.options.AgentsDestination = true }

func old(t *tape) { t.opened = t.instant(-7200) }

func TestR3ExpectedHandOvers(t *testing.T) {
	play(t, "handovers transfers response first", []takes{
		{
			name: "its record names the API",
			play: func(t *tape) []shown {
				return []shown{{at: 60, queue: support, member: member, records: []world.Record{
					t.customer(101, 10), t.api(102, 12), t.queued(103, 20, world.SideAPI), t.picked(104, 30), t.agent(105, 40),
				}}}
			},
			want: []string{"first Support 1 20 1", "handovers Support 1", "response Support 1 20 1"},
		},
		{
			name: "its record names the API, and nobody wrote by it",
			play: func(t *tape) []shown {
				return []shown{{at: 60, by: []world.Viewer{"1002"}, records: []world.Record{
					t.customer(101, 10), t.moved(102, 20, world.SideAPI, "1002"),
				}}}
			},
			want: []string{"handovers (none) 1"},
		},
		{
			name: "the session was seen automated",
			play: func(t *tape) []shown {
				return []shown{
					{at: 15, by: []world.Viewer{world.API}, records: []world.Record{t.customer(101, 10)}},
					{at: 60, queue: support, records: []world.Record{t.queued(102, 20, world.SideSystem)}},
				}
			},
			want: []string{"handovers Support 1"},
		},
		{
			name: "it was seen so while a viewer was not read",
			play: func(t *tape) []shown {
				return []shown{
					{at: 15, by: []world.Viewer{world.API}, deaf: []world.Viewer{"1002"}, records: []world.Record{t.customer(101, 10)}},
					{at: 60, queue: support, records: []world.Record{t.queued(102, 20, world.SideSystem)}},
				}
			},
			want: []string{"transfers Support queue 1"},
		},
		{
			name: "it was seen so in an earlier stretch",
			play: func(t *tape) []shown {
				return []shown{
					{at: 15, by: []world.Viewer{world.API}, records: []world.Record{t.customer(101, 10)}},
					{at: 60, by: []world.Viewer{"1002"}, records: []world.Record{t.moved(102, 20, world.SideSystem, "1001"), t.moved(103, 30, world.SideAgent, "1002")}},
				}
			},
			want: []string{"handovers (none) 1", "transfers (none) agent 1"},
		},
		{
			name: "the API wrote in the stretch",
			play: func(t *tape) []shown {
				return []shown{{at: 60, queue: support, records: []world.Record{
					t.customer(101, 10), t.api(102, 12), t.queued(103, 20, world.SideSystem), t.queued(104, 30, world.SideSystem),
				}}}
			},
			want: []string{"handovers Support 1", "transfers Support queue 1"},
		},
		{
			name: "a template of the API is a message of it",
			setup: func(t *tape) {
				campaign(t)
				t.session.Medium = world.SMS
			},
			play: func(t *tape) []shown {
				return []shown{{at: 60, by: []world.Viewer{"1002"}, records: []world.Record{
					template(t.api(101, 10)), t.customer(102, 12), t.moved(103, 20, world.SideAgent, "1002"),
				}}}
			},
			want: []string{"handovers (none) 1"},
		},
		{
			name: "one that the record gave to the API",
			play: func(t *tape) []shown {
				return []shown{{at: 60, queue: support, records: []world.Record{
					t.customer(101, 10), t.moved(102, 20, world.SideAgent, "api"), t.queued(103, 30, world.SideSystem),
				}}}
			},
			want: []string{"handovers Support 1", "transfers Support api 1"},
		},
		{
			name: "to the API it is never one",
			play: func(t *tape) []shown {
				return []shown{{at: 60, by: []world.Viewer{world.API}, records: []world.Record{
					t.customer(101, 10), t.api(102, 12), t.moved(103, 20, world.SideAPI, "api"),
				}}}
			},
			want: []string{"transfers (none) api 1"},
		},
		{
			name: "where people write through the API there are none", setup: peopleAtTheAPI,
			play: func(t *tape) []shown {
				return []shown{
					{at: 15, by: []world.Viewer{world.API}, records: []world.Record{t.customer(101, 10), t.api(102, 12)}},
					{at: 60, queue: support, records: []world.Record{t.queued(103, 20, world.SideAPI)}},
				}
			},
			want: []string{"first (none) 1 2 1", "response (none) 1 2 1", "transfers Support queue 1"},
		},
		{
			name: "before the customer has written",
			play: func(t *tape) []shown {
				return []shown{{at: 200, queue: support, records: []world.Record{
					t.api(101, 10), t.queued(102, 20, world.SideAPI), t.customer(103, 100), t.agent(104, 130),
				}}}
			},
			want: []string{"first Support 1 30 1", "handovers Support 1", "response Support 1 30 1"},
		},
		{
			name: "in the second of the customer's message",
			play: func(t *tape) []shown {
				return []shown{{at: 200, queue: support, records: []world.Record{
					t.customer(101, 20), t.queued(102, 20, world.SideAPI), t.agent(103, 25),
				}}}
			},
			want: []string{"first Support 1 5 1", "handovers Support 1", "response Support 1 5 1"},
		},
		{
			name: "twice",
			play: func(t *tape) []shown {
				return []shown{{at: 200, queue: support, records: []world.Record{
					t.customer(101, 10), t.queued(102, 20, world.SideAPI), t.moved(103, 30, world.SideAgent, "api"), t.queued(104, 50, world.SideAPI),
					t.agent(105, 60), t.customer(106, 70), t.agent(107, 75),
				}}}
			},
			want: []string{"first Support 1 10 1", "handovers Support 2", "response Support 2 15 2", "transfers Support api 1"},
		},
	})
}

func TestR4ExpectedResponses(t *testing.T) {
	play(t, "response first", []takes{
		{
			name: "each wait",
			play: func(t *tape) []shown {
				return []shown{{at: 200, records: []world.Record{
					t.customer(101, 10), t.agent(102, 20), t.agent(103, 22), t.customer(104, 30), t.customer(105, 35), t.agent(106, 130),
				}}}
			},
			want: []string{"first (none) 1 10 1", "response (none) 2 110 1"},
		},
		{
			name: "over several readings, each in the queue where it was found",
			play: func(t *tape) []shown {
				return []shown{
					{at: 20, queue: support, member: member, records: []world.Record{t.customer(101, 10), t.agent(102, 15)}},
					{at: 40, by: []world.Viewer{"1002"}, records: []world.Record{t.customer(103, 30), t.moved(104, 32, world.SideAgent, "1002")}},
					{at: 90, by: []world.Viewer{"1002"}, records: []world.Record{t.agent(105, 80)}},
				}
			},
			want: []string{"first Support 1 5 1", "response (none) 1 50 1", "response Support 1 5 1"},
		},
		{
			name: "in the second of the message",
			play: func(t *tape) []shown {
				return []shown{{at: 60, records: []world.Record{t.customer(101, 10), t.agent(102, 10)}}}
			},
			want: []string{"first (none) 1 0 1", "response (none) 1 0 1"},
		},
		{
			name: "our people wrote first",
			play: func(t *tape) []shown {
				return []shown{{at: 200, records: []world.Record{t.agent(101, 10), t.agent(102, 20), t.customer(103, 30), t.agent(104, 90)}}}
			},
			want: []string{"response (none) 1 60 1"},
		},
		{
			name: "our people wrote first, and it failed",
			play: func(t *tape) []shown {
				return []shown{{at: 200, records: []world.Record{failed(t.agent(101, 10), "send_fail"), t.customer(103, 30), t.agent(104, 90)}}}
			},
			want: []string{"response (none) 1 60 1"},
		},
		{
			name: "a bot wrote first",
			play: func(t *tape) []shown {
				return []shown{{at: 200, records: []world.Record{t.api(101, 10), t.customer(103, 30), t.api(104, 31), t.agent(105, 90)}}}
			},
			want: []string{"first (none) 1 60 1", "response (none) 1 60 1"},
		},
		{
			name: "closed and opened again in one reading",
			play: func(t *tape) []shown {
				return []shown{{at: 300, records: []world.Record{
					t.customer(101, 10), t.agent(102, 20), t.customer(103, 30), t.closing(104, 40, world.ByAgent), t.customer(105, 100), t.agent(106, 107),
				}}}
			},
			want: []string{"first (none) 2 17 2", "response (none) 2 17 2"},
		},
		{
			name: "opened again by our people",
			play: func(t *tape) []shown {
				return []shown{{at: 300, records: []world.Record{
					t.customer(101, 10), t.closing(104, 40, world.ByAgent), t.agent(105, 100), t.customer(106, 107), t.agent(107, 110),
				}}}
			},
			want: []string{"response (none) 1 3 1"},
		},
		{
			name: "not read from its start", setup: old,
			play: func(t *tape) []shown {
				return []shown{{at: 60, records: []world.Record{t.agent(90, -100), t.customer(101, 10), t.agent(102, 15)}}}
			},
			want: []string{"response (none) 1 5 1"},
		},
		{
			name: "read from its reopening", setup: old,
			play: func(t *tape) []shown {
				return []shown{{at: 60, records: []world.Record{t.closing(90, -100, world.ByAgent), t.customer(101, 10), t.agent(102, 15)}}}
			},
			want: []string{"first (none) 1 5 1", "response (none) 1 5 1"},
		},
		{
			name: "the first was before the mark",
			play: func(t *tape) []shown {
				return []shown{{at: 60, records: []world.Record{t.customer(90, -100), t.agent(91, -90), t.customer(101, 10), t.agent(102, 15)}}}
			},
			want: []string{"response (none) 1 5 1"},
		},
	})
}

func TestR5ExpectedReplies(t *testing.T) {
	play(t, "response failures", []takes{
		{
			name: "one that failed is none",
			play: func(t *tape) []shown {
				return []shown{{at: 60, records: []world.Record{t.customer(101, 10), failed(t.agent(102, 20), "send_fail"), t.agent(103, 40)}}}
			},
			want: []string{"failures whatsapp send_fail 1", "response (none) 1 30 1"},
		},
		{
			name: "a template in a campaign's session is none", setup: campaign,
			play: func(t *tape) []shown {
				return []shown{{at: 60, records: []world.Record{t.customer(101, 10), template(t.agent(102, 20)), t.agent(103, 40)}}}
			},
			want: []string{"response (none) 1 30 1"},
		},
		{
			name: "a template in another session is one",
			play: func(t *tape) []shown {
				return []shown{{at: 60, records: []world.Record{t.customer(101, 10), template(t.agent(102, 20)), t.agent(103, 40)}}}
			},
			want: []string{"response (none) 1 10 1"},
		},
		{
			name: "the API's is none",
			play: func(t *tape) []shown {
				return []shown{{at: 60, records: []world.Record{t.customer(101, 10), t.api(102, 20), t.agent(103, 40)}}}
			},
			want: []string{"response (none) 1 30 1"},
		},
		{
			name: "but for where people write through it", setup: peopleAtTheAPI,
			play: func(t *tape) []shown {
				return []shown{{at: 60, by: []world.Viewer{world.API}, records: []world.Record{t.customer(101, 10), t.api(102, 20), t.api(103, 40)}}}
			},
			want: []string{"response (none) 1 10 1"},
		},
	})
}

func TestR7ExpectedMessages(t *testing.T) {
	all := func(t *tape) []shown {
		return []shown{{at: 60, records: []world.Record{
			t.customer(101, 10), t.agent(102, 20), template(failed(t.api(103, 30), "no such word")), sending(t.agent(104, 40)), t.picked(105, 41),
			t.record(106, 50, world.Record{Side: world.SideSystem}), t.closing(107, 51, world.ByAgent),
		}}}
	}
	want := []string{
		"failures whatsapp other 1", "messages whatsapp agent 2", "messages whatsapp api 1", "messages whatsapp customer 1", "templates whatsapp 1",
	}
	play(t, "messages templates failures", []takes{
		{name: "failed ones too", play: all, want: want},
		{name: "api, whoever is behind it", setup: peopleAtTheAPI, play: all, want: want},
		{
			name: "each once, whatever becomes of it",
			play: func(t *tape) []shown {
				return []shown{
					{at: 20, records: []world.Record{t.customer(101, 10), sending(t.agent(102, 15))}},
					{at: 40, records: []world.Record{failed(t.agent(102, 15), "msg_exceed")}},
					{at: 60, asking: true},
					{at: 80, closed: true, records: []world.Record{t.closing(103, 70, world.ByAgent)}},
				}
			},
			want: []string{"failures whatsapp msg_exceed 1", "messages whatsapp agent 1", "messages whatsapp customer 1"},
		},
	})
}
