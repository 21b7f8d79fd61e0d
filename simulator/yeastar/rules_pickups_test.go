package yeastar

import (
	"testing"

	"conversation_exporter/simulator/world"
)

func TestR10ExpectedPickUps(t *testing.T) {
	play(t, "pickup", []takes{
		{
			name: "from the customer's first message",
			play: func(t *tape) []shown {
				return []shown{{at: 60, queue: support, member: member, records: []world.Record{t.customer(101, 10), t.customer(102, 15), t.picked(103, 40)}}}
			},
			want: []string{"pickup Support 1 30 1"},
		},
		{
			name: "from the latest move into a queue",
			play: func(t *tape) []shown {
				return []shown{{at: 60, queue: support, member: member, records: []world.Record{
					t.customer(101, 10), t.queued(102, 20, world.SideSystem), t.queued(103, 35, world.SideSystem), t.picked(104, 40),
				}}}
			},
			want: []string{"pickup Support 1 5 1"},
		},
		{
			name: "from no move into a queue before the closing",
			play: func(t *tape) []shown {
				return []shown{{at: 200, queue: support, member: member, records: []world.Record{
					t.customer(101, 10), t.queued(102, 20, world.SideSystem), t.closing(103, 30, world.ByCustomer), t.customer(104, 100), t.picked(105, 130),
				}}}
			},
			want: []string{"pickup Support 1 30 1"},
		},
		{
			name: "each time",
			play: func(t *tape) []shown {
				return []shown{{at: 300, queue: support, member: member, records: []world.Record{
					t.customer(101, 10), t.picked(102, 20), t.queued(103, 100, world.SideAgent), t.picked(104, 170),
				}}}
			},
			want: []string{"pickup Support 2 80 1"},
		},
		{
			name: "from an entry that is not known", setup: old,
			play: func(t *tape) []shown {
				return []shown{{at: 60, queue: support, member: member, records: []world.Record{t.agent(90, -100), t.customer(101, 10), t.picked(102, 20)}}}
			},
		},
		{
			name: "by the first message out of a queue of mode auto, though it failed",
			play: func(t *tape) []shown {
				return []shown{
					{at: 15, queue: sales, records: []world.Record{t.customer(101, 10)}},
					{at: 60, queue: sales, member: member, records: []world.Record{failed(t.agent(102, 30), "send_fail"), t.agent(103, 40)}},
				}
			},
			want: []string{"pickup Sales 1 20 1"},
		},
		{
			name: "by a message that is still being sent, at once",
			play: func(t *tape) []shown {
				return []shown{
					{at: 15, queue: sales, records: []world.Record{t.customer(101, 10)}},
					{at: 60, queue: sales, member: member, records: []world.Record{sending(t.agent(102, 30))}},
				}
			},
			want: []string{"pickup Sales 1 20 1"},
		},
		{
			name: "by the first message after a move into a queue of mode auto",
			play: func(t *tape) []shown {
				return []shown{{at: 60, queue: sales, member: member, records: []world.Record{
					t.customer(101, 10), t.queued(102, 20, world.SideAgent), t.agent(103, 30),
				}}}
			},
			want: []string{"pickup Sales 1 10 1"},
		},
		{
			name: "by a message before it was moved on into a queue of mode auto",
			play: func(t *tape) []shown {
				return []shown{{at: 60, queue: sales, records: []world.Record{
					t.customer(101, 10), t.queued(102, 20, world.SideAgent), t.agent(103, 30), t.queued(104, 40, world.SideAgent),
				}}}
			},
		},
		{
			name: "by the first message since the start in a queue of mode auto, which nobody saw it wait in",
			play: func(t *tape) []shown {
				return []shown{{at: 60, queue: sales, member: member, records: []world.Record{t.customer(101, 10), t.agent(102, 30)}}}
			},
			want: []string{"pickup Sales 1 20 1"},
		},
		{
			name: "by the first message since the reopening there, though it is listed only when it is closed",
			play: func(t *tape) []shown {
				return []shown{{at: 60, queue: sales, member: member, closed: true, records: []world.Record{
					t.customer(101, 10), t.closing(102, 15, world.ByCustomer), t.customer(103, 20), t.agent(104, 30), t.closing(105, 40, world.ByAgent),
				}}}
			},
			want: []string{"pickup Sales 1 10 1"},
		},
		{
			name: "by no message since a transfer, which nobody saw it wait after",
			play: func(t *tape) []shown {
				return []shown{{at: 60, queue: sales, member: member, records: []world.Record{
					t.customer(101, 10), t.moved(102, 20, world.SideSystem, ""), t.agent(103, 30),
				}}}
			},
		},
		{
			name: "by a message out of a queue of another mode",
			play: func(t *tape) []shown {
				return []shown{
					{at: 15, queue: support, records: []world.Record{t.customer(101, 10)}},
					{at: 60, queue: support, records: []world.Record{t.agent(102, 30)}},
				}
			},
		},
		{
			name: "again after it was closed",
			play: func(t *tape) []shown {
				return []shown{
					{at: 15, queue: sales, records: []world.Record{t.customer(101, 10)}},
					{at: 60, queue: sales, records: []world.Record{t.agent(102, 30), t.closing(103, 40, world.ByAgent), t.customer(104, 50)}},
					{at: 120, queue: sales, member: member, records: []world.Record{t.agent(105, 110)}},
				}
			},
			want: []string{"pickup Sales 2 80 2"},
		},
		{
			name: "by people at the API", setup: peopleAtTheAPI,
			play: func(t *tape) []shown {
				return []shown{
					{at: 15, queue: sales, records: []world.Record{t.customer(101, 10)}},
					{at: 60, queue: sales, records: []world.Record{t.api(102, 30)}},
				}
			},
			want: []string{"pickup Sales 1 20 1"},
		},
		{
			name: "under the queue in which it was listed last",
			play: func(t *tape) []shown {
				return []shown{
					{at: 15, queue: support, records: []world.Record{t.customer(101, 10)}},
					{at: 60, by: []world.Viewer{"1002"}, records: []world.Record{t.picked(102, 30), t.moved(103, 40, world.SideAgent, "1002")}},
				}
			},
			want: []string{"pickup Support 1 20 1"},
		},
		{
			name: "unless it was moved since",
			play: func(t *tape) []shown {
				return []shown{
					{at: 15, queue: support, records: []world.Record{t.customer(101, 10)}},
					{at: 60, queue: sales, member: member, records: []world.Record{t.queued(102, 20, world.SideSystem), t.picked(103, 30)}},
				}
			},
			want: []string{"pickup Sales 1 10 1"},
		},
		{
			name: "before the mark",
			play: func(t *tape) []shown {
				return []shown{{at: 60, queue: support, member: member, records: []world.Record{t.customer(99, -20), t.picked(100, -10)}}}
			},
		},
	})
}
