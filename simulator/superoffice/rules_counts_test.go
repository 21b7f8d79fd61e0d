package superoffice

import (
	"testing"

	"conversation_exporter/simulator/world"
)

func TestR17ExpectedClosings(t *testing.T) {
	tell(t, "closed", []tale{
		{name: "by the agent", steps: []step{picks(10), answers(20), finishes(30, world.ByAgent), seeing(60), seeing(120)}, want: []string{"closed Support agent customer 1"}},
		{name: "unanswered, by the customer", steps: []step{picks(10), finishes(30, world.ByCustomer), seeing(60)}, want: []string{"closed Support customer agent 1"}},
		{name: "by idleness", steps: []step{picks(10), answers(20), finishes(30, world.ByTimeout), seeing(60)}, want: []string{"closed Support timeout customer 1"}},
		{name: "out of the queue", steps: []step{seeing(10), finishes(30, world.ByCustomer), seeing(60)}, want: []string{"closed Support abandoned agent 1"}},
		{name: "left", steps: []step{does(30, (*world.Desk).Leave), seeing(60)}, want: []string{"closed Support abandoned agent 1"}},
		{name: "made a request", steps: []step{picks(10), answers(20), does(30, (*world.Desk).Post), seeing(60)}, want: []string{"closed Support ticket customer 1"}},
		{name: "put away", steps: []step{picks(10), does(30, (*world.Desk).Close), seeing(60)}, want: []string{"closed Support other agent 1"}},
		{
			name: "by a bot, that owes nothing", opening: world.ChatOpening{Bot: true}, steps: []step{asks(5), seeing(10), finishes(30, world.ByCustomer), seeing(60)},
			want: []string{"closed Support customer customer 1"},
		},
		{
			name: "ended, put away and looked at again", steps: []step{
				picks(10), answers(20), finishes(30, world.ByAgent), seeing(40), does(50, (*world.Desk).Close), looking(60, look{unswept: true}), seeing(70),
			},
			want: []string{"closed Support agent customer 1"},
		},
		{
			name: "ended and deleted", steps: []step{picks(10), answers(20), finishes(30, world.ByCustomer), does(40, (*world.Desk).Delete), seeing(60)},
			want: []string{"closed Support customer customer 1"},
		},
		{
			name: "told only when its messages were read", steps: []step{picks(10), seeing(20), answers(25), finishes(30, world.ByAgent), looking(60, look{deaf: true})},
		},
	})
}

func TestR18ExpectedResponses(t *testing.T) {
	tell(t, "first response messages", []tale{
		{
			name: "the first and the second", steps: []step{picks(10), answers(21), asks(30), asks(35), answers(45), answers(50), seeing(60)},
			want: []string{"first Support 1 20", "messages agent 3", "messages customer 3", "response Support 2 35"},
		},
		{
			name: "counted once", steps: []step{picks(10), answers(21), seeing(30), seeing(40), looking(50, look{plain: true})},
			want: []string{"first Support 1 20", "messages agent 1", "messages customer 1", "response Support 1 20"},
		},
		{
			name: "the first after a reopening", steps: []step{picks(10), answers(21), finishes(30, world.ByAgent), asks(40), answers(43), seeing(60)},
			want: []string{"first Support 2 23", "messages agent 2", "messages customer 2", "response Support 2 23"},
		},
		{
			name: "a bot's messages", opening: world.ChatOpening{Bot: true}, steps: []step{bots(5), does(6, func(d *world.Desk, id int64) error { return d.BotWrites(id, true) }), seeing(60)},
			want: []string{"messages bot 2", "messages customer 1"},
		},
	})
}

func TestR21ExpectedBaseline(t *testing.T) {
	blind := func(sw *Switches) { sw.DynamicStatus = 403 }
	tell(t, "messages started closed first response pickup", []tale{
		{
			name: "what was before does not count", early: true, steps: []step{picks(10), answers(20), finishes(30, world.ByAgent), seeing(60)},
			want: []string{"closed Support agent customer 1", "first Support 1 20", "messages agent 1", "pickup Support 1 10", "response Support 1 20"},
		},
		{
			name: "without ids, and once a clock agrees", switches: blind, early: true, steps: []step{
				picks(10), asks(15), looking(20, look{plain: true}), answers(30), looking(60, look{plain: true}),
			},
			// The first look, at the start, found nobody whose browser asks.
			want: []string{"first Support 1 30", "messages agent 1", "messages customer 1", "pickup Support 1 10", "response Support 1 30"},
		},
		{
			name: "without ids and without a clock the first reading is the baseline", switches: blind, steps: []step{
				looking(20, look{plain: true}), asks(25), looking(30, look{plain: true}),
			},
			want: []string{"messages customer 1"},
		},
	})
}

func TestR22ExpectedStarts(t *testing.T) {
	tell(t, "started closed", []tale{
		{name: "the first message", steps: []step{seeing(30), asks(40), seeing(60)}, want: []string{"started Support 1"}},
		{
			name: "taken up again between two passes", steps: []step{picks(10), answers(20), seeing(25), finishes(30, world.ByAgent), asks(40), seeing(60), seeing(120)},
			want: []string{"closed Support agent customer 1", "started Support 2"},
		},
		{
			name: "ended twice", steps: []step{picks(10), answers(20), finishes(30, world.ByAgent), seeing(35), asks(40), answers(45), finishes(50, world.ByCustomer), seeing(60)},
			want: []string{"closed Support agent customer 1", "closed Support customer customer 1", "started Support 2"},
		},
		{
			name: "a form without a word", opening: world.ChatOpening{Status: world.ChatOffline}, steps: []step{does(40, (*world.Desk).Post), seeing(60)},
			want: []string{"closed Support ticket customer 1", "started Support 1"},
		},
	})
}

func TestR23ExpectedSweeps(t *testing.T) {
	tell(t, "messages closed started", []tale{
		{
			name: "who came and went between two passes", steps: []step{picks(10), answers(20), finishes(30, world.ByAgent), seeing(60)},
			want: []string{"closed Support agent customer 1", "messages agent 1", "messages customer 1", "started Support 1"},
		},
		{
			name: "who was over before", early: true, steps: []step{seeing(60)},
		},
	})
}

func TestR24ExpectedOfWhoIsGone(t *testing.T) {
	tell(t, "open closed", []tale{
		{
			name: "gone is not closed", steps: []step{seeing(10), does(20, (*world.Desk).Clean), looking(60, look{unswept: true})},
		},
		{
			name: "his status tells", steps: []step{picks(5), seeing(10), finishes(20, world.ByAgent), looking(60, look{unswept: true})},
			want: []string{"closed Support agent agent 1"},
		},
		{
			name: "in the list, yet not there", steps: []step{
				seeing(10), {at: 20, do: func(c *crm, id int64) { c.server.Set(func(sw *Switches) { sw.Vanished = []int64{id} }) }}, looking(60, look{plain: true}),
			},
		},
	})
}

func TestR25ExpectedOfTheForgotten(t *testing.T) {
	tell(t, "messages started handovers", []tale{
		{
			name: "nothing counts twice", opening: world.ChatOpening{Bot: true}, steps: []step{
				bots(5), seeing(10), resets(20), seeing(30), looking(4000, look{blind: true}), asks(4010), seeing(4020),
			},
			want: []string{"handovers Support 1", "messages bot 1", "messages customer 2", "started Support 1"},
		},
	})
}

func TestR28ExpectedIsWhatWasShownLast(t *testing.T) {
	tell(t, "messages customer_unread oldest", []tale{
		{
			name: "not what nobody read", steps: []step{seeing(10), asks(20), looking(30, look{deaf: true})},
			want: []string{"messages customer 1", "oldest Support queued 07:55:01"},
		},
		{
			name: "the marks of what was read, as they were then", steps: []step{picks(5), seeing(10), does(20, (*world.Desk).Read), looking(30, look{deaf: true})},
			want: []string{"customer_unread Support 1", "messages customer 1", "oldest Support assigned 07:55:01"},
		},
	})
}
