package yeastar

import (
	"testing"

	"conversation_exporter/simulator/world"
)

func TestR13R18ExpectedSettling(t *testing.T) {
	play(t, "response failures closed", []takes{
		{
			name: "one that is still being sent, at 9:59",
			play: func(t *tape) []shown {
				return []shown{
					{at: 60, records: []world.Record{t.customer(101, 10), sending(t.agent(102, 20))}},
					{at: 619, asking: true},
				}
			},
		},
		{
			name: "at 10:00",
			play: func(t *tape) []shown {
				return []shown{
					{at: 60, records: []world.Record{t.customer(101, 10), sending(t.agent(102, 20))}},
					{at: 619, asking: true},
					{at: 620, asking: true},
				}
			},
			want: []string{"response (none) 1 10 1"},
		},
		{
			name: "not at 10:00, where nothing was read again",
			play: func(t *tape) []shown {
				return []shown{{at: 60, records: []world.Record{t.customer(101, 10), sending(t.agent(102, 20))}}, {at: 620}, {at: 680}}
			},
		},
		{
			name: "nor when it is closed and no longer listed",
			play: func(t *tape) []shown {
				return []shown{
					{at: 60, closed: true, records: []world.Record{t.customer(101, 10), sending(t.agent(102, 20)), t.closing(103, 30, world.ByAgent)}},
					{at: 619, by: []world.Viewer{nobody}},
					{at: 620, by: []world.Viewer{nobody}},
				}
			},
		},
		{
			name: "once it was read again, though it is no longer listed",
			play: func(t *tape) []shown {
				return []shown{
					{at: 60, closed: true, records: []world.Record{t.customer(101, 10), sending(t.agent(102, 20)), t.closing(103, 30, world.ByAgent)}},
					{at: 620, by: []world.Viewer{nobody}},
					{at: 640, by: []world.Viewer{nobody}, asking: true},
				}
			},
			want: []string{"closed (none) agent customer 1", "response (none) 1 10 1"},
		},
		{
			name: "it failed in time",
			play: func(t *tape) []shown {
				return []shown{
					{at: 60, records: []world.Record{t.customer(101, 10), sending(t.agent(102, 20))}},
					{at: 100, records: []world.Record{failed(t.agent(102, 20), "send_fail")}},
					{at: 210, records: []world.Record{t.agent(103, 200)}},
				}
			},
			want: []string{"failures whatsapp send_fail 1", "response (none) 1 190 0"},
		},
		{
			name: "it failed too late, and the customer was answered",
			play: func(t *tape) []shown {
				return []shown{
					{at: 60, records: []world.Record{t.customer(101, 10), sending(t.agent(102, 20))}},
					{at: 620, asking: true},
					{at: 700, records: []world.Record{failed(t.agent(102, 20), "send_fail")}},
					{at: 900, records: []world.Record{t.agent(103, 890)}},
				}
			},
			want: []string{"response (none) 1 10 1"},
		},
		{
			name: "it had failed when it was ten minutes old and read again",
			play: func(t *tape) []shown {
				return []shown{
					{at: 60, records: []world.Record{t.customer(101, 10), sending(t.agent(102, 20))}},
					{at: 640, records: []world.Record{failed(t.agent(102, 20), "send_fail")}},
				}
			},
			want: []string{"failures whatsapp send_fail 1"},
		},
		{
			name: "it failed after it was sent",
			play: func(t *tape) []shown {
				return []shown{
					{at: 60, records: []world.Record{t.customer(101, 10), t.agent(102, 20)}},
					{at: 100, records: []world.Record{failed(t.agent(102, 20), "send_fail"), t.agent(103, 90)}},
				}
			},
			want: []string{"response (none) 1 10 1"},
		},
		{
			name: "what comes after it waits with it",
			play: func(t *tape) []shown {
				return []shown{{at: 60, closed: true, records: []world.Record{
					t.customer(101, 10), sending(t.agent(102, 20)), t.agent(103, 30), failed(t.api(104, 35), "send_fail"), t.closing(105, 40, world.ByAgent),
				}}}
			},
		},
		{
			name: "what comes before it does not",
			play: func(t *tape) []shown {
				return []shown{{at: 60, records: []world.Record{
					t.customer(101, 10), t.agent(102, 20), failed(t.api(103, 25), "send_fail"), t.closing(104, 30, world.ByAgent), sending(t.api(105, 40)),
				}}}
			},
			want: []string{"closed (none) agent customer 1", "failures whatsapp send_fail 1", "response (none) 1 10 1"},
		},
		{
			name: "what comes after one that failed counts then, as it is then",
			play: func(t *tape) []shown {
				return []shown{
					{at: 60, records: []world.Record{t.customer(101, 10), sending(t.agent(102, 20)), t.agent(103, 30)}},
					{at: 90, records: []world.Record{failed(t.agent(102, 20), "send_fail")}},
				}
			},
			want: []string{"failures whatsapp send_fail 1", "response (none) 1 20 1"},
		},
		{
			name: "a bot's message is no less under way",
			play: func(t *tape) []shown {
				return []shown{{at: 60, records: []world.Record{t.customer(101, 10), sending(t.api(102, 20)), t.agent(103, 30)}}}
			},
		},
		{
			name: "an old one that is still being sent settles at once",
			play: func(t *tape) []shown {
				return []shown{{at: 3600, records: []world.Record{t.customer(101, 10), sending(t.agent(102, 20))}}}
			},
			want: []string{"response (none) 1 10 1"},
		},
	})
}
