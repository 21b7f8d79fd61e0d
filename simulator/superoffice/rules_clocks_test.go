package superoffice

import (
	"testing"

	"conversation_exporter/simulator/world"
)

func TestR14ExpectedStates(t *testing.T) {
	bot := world.ChatOpening{Topic: world.TopicOrders, Bot: true}
	tell(t, "open unanswered queued idle", []tale{
		{name: "a form", opening: world.ChatOpening{Status: world.ChatForm}, steps: []step{seeing(30)}, want: []string{"open Support arriving 1"}},
		{name: "the queue", steps: []step{seeing(31)}, want: []string{"open Support queued 1", "queued Support 07:55:01", "unanswered Support queued lt_5m 1"}},
		{
			name: "an agent who owes an answer", steps: []step{picks(10), seeing(301)},
			want: []string{"idle Support agent 08:15:10", "open Support assigned 1", "unanswered Support assigned 5m_15m 1"},
		},
		{
			name: "an agent who has answered", steps: []step{picks(10), answers(20), seeing(30)},
			want: []string{"idle Support customer 08:15:20", "open Support assigned 1"},
		},
		{
			name: "a bot owes nobody an answer", opening: bot, steps: []step{bots(5), asks(10), seeing(30)},
			want: []string{"idle Orders customer 08:15:10", "open Orders automated 1"},
		},
		{
			name: "a bot, told by each chat's own page", opening: bot, switches: func(sw *Switches) { sw.DynamicStatus = 403 },
			steps: []step{bots(5), asks(10), looking(30, look{plain: true})},
			want:  []string{"idle Orders customer 08:15:10", "open Orders automated 1"},
		},
	})
}

func TestR15ExpectedClocks(t *testing.T) {
	tell(t, "oldest unread customer_unread inbound", []tale{
		{name: "who waits, waits since he wrote", steps: []step{asks(20), seeing(30)}, want: []string{"inbound 07:55:20", "oldest Support queued 07:55:01", "unread Support 2"}},
		{
			name: "a welcome is no answer", steps: []step{picks(10), seeing(30)},
			want: []string{"customer_unread Support 1", "inbound 07:55:01", "oldest Support assigned 07:55:01", "unread Support 1"},
		},
		{
			name: "a link is one", steps: []step{
				picks(10), does(20, func(d *world.Desk, id int64) error { return d.AgentSendsLink(id) }), does(21, (*world.Desk).Read), asks(40), asks(50), seeing(60),
			},
			want: []string{"inbound 07:55:50", "oldest Support assigned 07:55:40", "unread Support 2"},
		},
		{
			name: "an ending ends the wait", steps: []step{picks(10), finishes(20, world.ByAgent), does(21, (*world.Desk).Read), asks(40), seeing(60)},
			want: []string{"inbound 07:55:40", "oldest Support assigned 07:55:40", "unread Support 1"},
		},
		{
			name: "what was read before is read again", steps: []step{picks(10), seeing(20), does(30, (*world.Desk).Read), seeing(40)},
			want: []string{"inbound 07:55:01", "oldest Support assigned 07:55:01", "unread Support 1"},
		},
		{
			name: "who has written nothing waits since he came", opening: world.ChatOpening{Status: world.ChatFAQ}, steps: []step{
				// The message is not to be had.
				{at: 20, do: func(c *crm, id int64) {
					c.must(c.desk.Enter(id, world.ChatWaiting))
					c.server.Set(func(sw *Switches) { sw.Vanished = []int64{id} })
				}},
				seeing(60),
			},
			want: []string{"oldest Support queued 07:55:01", "unread Support 0"},
		},
	})
}

func TestR16ExpectedQueues(t *testing.T) {
	tell(t, "queued pickup", []tale{
		{name: "who came at once", steps: []step{seeing(60), picks(80), seeing(90)}, want: []string{"pickup Support 1 79"}},
		{
			name: "who was seen in a form", opening: world.ChatOpening{Status: world.ChatForm},
			steps: []step{seeing(30), does(40, func(d *world.Desk, id int64) error { return d.Enter(id, world.ChatWaiting) }), seeing(60)},
			want:  []string{"queued Support 07:55:30"},
		},
		{
			name: "who was picked up after a form", opening: world.ChatOpening{Status: world.ChatForm},
			steps: []step{seeing(30), does(40, func(d *world.Desk, id int64) error { return d.Enter(id, world.ChatWaiting) }), seeing(60), picks(70), seeing(90), seeing(120)},
			want:  []string{"pickup Support 1 40"},
		},
		{
			name: "who came and went", steps: []step{picks(20), answers(30), finishes(40, world.ByAgent), seeing(60), seeing(120)},
			want: []string{"pickup Support 1 19"},
		},
		{name: "who was picked up before anybody looked", early: true, steps: []step{seeing(10)}, want: []string{"queued Support 07:55:00"}},
		{
			name: "whom a bot had", opening: world.ChatOpening{Bot: true}, steps: []step{bots(5), seeing(10), resets(20), seeing(30), picks(40), seeing(50)},
			want: []string{"pickup Support 1 30"},
		},
	})
}

func TestR16ExpectedHandOvers(t *testing.T) {
	bot := world.ChatOpening{Bot: true}
	tell(t, "handovers oldest response first transfers", []tale{
		{
			name: "seen with the bot before", opening: bot, steps: []step{bots(5), seeing(10), resets(20), seeing(30), seeing(60)},
			want: []string{"handovers Support 1", "oldest Support queued 07:55:10"},
		},
		{
			name: "the bot wrote after that", opening: bot, steps: []step{bots(5), seeing(10), bots(15), resets(20), seeing(30)},
			want: []string{"handovers Support 1", "oldest Support queued 07:55:15"},
		},
		{
			name: "seen before the bot wrote, and after", opening: bot, steps: []step{seeing(10), bots(15), resets(20), seeing(30)},
			want: []string{"oldest Support queued 07:55:15"},
		},
		{
			name: "never seen with the bot that wrote", opening: bot, steps: []step{bots(5), resets(20), seeing(30), seeing(60)},
			want: []string{"handovers Support 1", "oldest Support queued 07:55:05"},
		},
		{name: "still the bot's", opening: bot, steps: []step{bots(5), seeing(30)}},
		{name: "closed as the bot's", opening: bot, steps: []step{bots(5), seeing(10), finishes(20, world.ByCustomer), seeing(60)}},
		{
			name: "answered before anybody looked", opening: bot, steps: []step{bots(5), resets(20), picks(30), answers(45), finishes(50, world.ByAgent), seeing(60)},
			want: []string{"first Support 1 40", "handovers Support 1", "response Support 1 40"},
		},
		{
			name: "moved to a colleague", steps: []step{picks(10), does(20, func(d *world.Desk, id int64) error { return d.Offer(id, "1002") }), does(25, (*world.Desk).Accept), seeing(30)},
			want: []string{"oldest Support assigned 07:55:01", "transfers Support agent 1"},
		},
	})
}
