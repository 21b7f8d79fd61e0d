package yeastar

import (
	"testing"

	"conversation_exporter/simulator/world"
)

func TestR33ExpectedLostWindows(t *testing.T) {
	// The customer writes at 10, so that the window ends at this.
	end := float64(86410)
	one := func(t *tape) shown { return shown{at: 60, records: []world.Record{t.customer(101, 10)}} }
	list := func(more func(t *tape) []shown) func(t *tape) []shown {
		return func(t *tape) []shown { return append([]shown{one(t)}, more(t)...) }
	}
	lost, kept := []string{"lost (none) 1"}, []string(nil)
	gone := []world.Viewer{nobody}
	play(t, "lost", []takes{
		{name: "a minute after its end", want: kept, play: list(func(*tape) []shown { return []shown{{at: end + 60}} })},
		{name: "a second later", want: lost, play: list(func(*tape) []shown { return []shown{{at: end + 61}} })},
		{name: "once", want: lost, play: list(func(*tape) []shown { return []shown{{at: end + 61}, {at: end + 90}, {at: end + 4000, asking: true}} })},
		{name: "at the first of the readings that came so late", want: lost, play: list(func(t *tape) []shown {
			return []shown{{at: end + 500, asking: true}, {at: end + 600, records: []world.Record{t.agent(102, end+550)}}}
		})},
		{name: "a reply at its end", want: kept, play: list(func(t *tape) []shown {
			return []shown{{at: end + 90, records: []world.Record{t.agent(102, end)}}}
		})},
		{name: "a reply a second after it", want: lost, play: list(func(t *tape) []shown {
			return []shown{{at: end + 10, records: []world.Record{t.agent(102, end+1)}}}
		})},
		{name: "a late reply that is still being sent", want: kept, play: list(func(t *tape) []shown {
			return []shown{{at: end + 10, records: []world.Record{sending(t.agent(102, end+1))}}}
		})},
		{name: "a reply that failed", want: lost, play: list(func(t *tape) []shown {
			return []shown{{at: end + 90, records: []world.Record{failed(t.agent(102, end-60), "send_fail")}}}
		})},
		{name: "a reply that is still being sent", want: kept, play: list(func(t *tape) []shown {
			return []shown{{at: end + 90, records: []world.Record{sending(t.agent(102, end-60))}}}
		})},
		{name: "a reply that then fails", want: lost, play: list(func(t *tape) []shown {
			return []shown{
				{at: end + 90, records: []world.Record{sending(t.agent(102, end-60))}},
				{at: end + 120, records: []world.Record{failed(t.agent(102, end-60), "send_fail")}},
			}
		})},
		{name: "a reply that is taken for delivered", want: kept, play: list(func(t *tape) []shown {
			return []shown{{at: end + 90, records: []world.Record{sending(t.agent(102, end-60))}}, {at: end + 700, asking: true}}
		})},
		{name: "another message at its end", want: kept, play: list(func(t *tape) []shown {
			return []shown{{at: end + 90, records: []world.Record{t.customer(102, end)}}}
		})},
		{name: "another message after it", want: lost, play: list(func(t *tape) []shown {
			return []shown{{at: end + 10, records: []world.Record{t.customer(102, end+1)}}}
		})},
		{name: "and that one's", want: []string{"lost (none) 2"}, play: list(func(t *tape) []shown {
			return []shown{{at: end + 10, records: []world.Record{t.customer(102, end+1)}}, {at: 2*end + 90}}
		})},
		{name: "a record of any kind after it", want: []string{"lost Support 1"}, play: list(func(t *tape) []shown {
			return []shown{{at: end + 10, queue: support, records: []world.Record{t.queued(102, end+1, world.SideAgent)}}}
		})},
		{name: "closed by an agent before it", want: kept, play: list(func(t *tape) []shown {
			return []shown{{at: end + 90, closed: true, records: []world.Record{t.closing(102, end-1, world.ByAgent)}}}
		})},
		{name: "closed by the customer at its end", want: kept, play: list(func(t *tape) []shown {
			return []shown{{at: end + 90, closed: true, records: []world.Record{t.closing(102, end, world.ByCustomer)}}}
		})},
		{name: "closed by an agent after it", want: lost, play: list(func(t *tape) []shown {
			return []shown{{at: end + 10, closed: true, records: []world.Record{t.closing(102, end+1, world.ByAgent)}}}
		})},
		{name: "closed by the time limit before it", want: lost, play: list(func(t *tape) []shown {
			return []shown{{at: end - 50, closed: true, records: []world.Record{t.closing(102, end-60, world.ByTimeout)}}}
		})},
		{name: "closed by the time limit after an answer", want: kept, play: list(func(t *tape) []shown {
			return []shown{{at: end + 90, closed: true, records: []world.Record{t.agent(102, end-100), t.closing(103, end-60, world.ByTimeout)}}}
		})},
		{name: "closed by the time limit, opened again and never answered", want: []string{"lost (none) 2"}, play: list(func(t *tape) []shown {
			return []shown{
				{at: end + 100, records: []world.Record{t.closing(102, end-60, world.ByTimeout), t.customer(103, end+90)}},
				{at: 2*end + 200, asking: true},
			}
		})},
		{name: "before it is listed again", want: kept, play: list(func(*tape) []shown { return []shown{{at: end + 61, by: gone}} })},
		{name: "when its records are read instead", want: lost, play: list(func(*tape) []shown { return []shown{{at: end + 61, by: gone, asking: true}} })},
		{name: "nobody was owed an answer", want: kept, play: func(t *tape) []shown {
			return []shown{{at: 60, records: []world.Record{t.customer(101, 10), t.agent(102, 20)}}, {at: end + 500}}
		}},
		{name: "while it waits", want: []string{"lost Support 1"}, play: func(t *tape) []shown {
			return []shown{{at: 60, queue: support, records: []world.Record{t.customer(101, 10)}}, {at: end + 500, queue: support}}
		}},
		{name: "in a queue without pick-up", want: []string{"lost Community 1"}, play: func(t *tape) []shown {
			return []shown{{at: 60, queue: community, records: []world.Record{t.customer(101, 10)}}, {at: end + 500, queue: community}}
		}},
		{name: "put away", want: lost, play: func(t *tape) []shown {
			return []shown{{at: 60, put: true, records: []world.Record{t.customer(101, 10)}}, {at: end + 500, put: true}}
		}},
		{name: "put away, while a viewer was not read", want: lost, play: func(t *tape) []shown {
			deaf := []world.Viewer{"1002"}
			return []shown{{at: 60, put: true, deaf: deaf, records: []world.Record{t.customer(101, 10)}}, {at: end + 500, put: true, deaf: deaf}}
		}},
		{name: "it ends earlier by what is told", want: lost, play: func(t *tape) []shown {
			return []shown{{at: 60, inbound: -7200, records: []world.Record{t.customer(101, 10)}}, {at: end - 7210 + 61, inbound: -7200}}
		}},
		{name: "it ends a minute earlier by what is told", want: kept, play: func(t *tape) []shown {
			return []shown{{at: 60, inbound: -50, records: []world.Record{t.customer(101, 10)}}, {at: end + 30, inbound: -50}}
		}},
		{name: "a bot has it", want: kept, play: func(t *tape) []shown {
			by := []world.Viewer{world.API}
			return []shown{{at: 60, by: by, records: []world.Record{t.customer(101, 10)}}, {at: end + 500, by: by}}
		}},
		{name: "a bot had it", want: kept, play: func(t *tape) []shown {
			by := []world.Viewer{world.API}
			return []shown{
				{at: 60, by: by, records: []world.Record{t.customer(101, 10)}},
				{at: end + 30, queue: support, records: []world.Record{t.queued(102, end+10, world.SideAPI)}},
				{at: end + 500, queue: support},
			}
		}},
		{name: "a bot gave it away in time", want: []string{"lost Support 1"}, play: func(t *tape) []shown {
			by := []world.Viewer{world.API}
			return []shown{
				{at: 60, by: by, records: []world.Record{t.customer(101, 10)}},
				{at: end + 500, queue: support, records: []world.Record{t.queued(102, end, world.SideAPI)}},
			}
		}},
		{name: "people have it at the API", setup: peopleAtTheAPI, want: lost, play: func(t *tape) []shown {
			by := []world.Viewer{world.API}
			return []shown{{at: 60, by: by, records: []world.Record{t.customer(101, 10)}}, {at: end + 500, by: by}}
		}},
		{name: "who had it was never seen, and later is", want: kept, play: func(t *tape) []shown {
			by, deaf := []world.Viewer{world.API}, []world.Viewer{"1002"}
			return []shown{
				{at: 60, by: by, deaf: deaf, records: []world.Record{t.customer(101, 10)}},
				{at: end + 61, by: by, deaf: deaf},
				{at: end + 90},
			}
		}},
		{name: "who had it was seen just in time", want: lost, play: func(t *tape) []shown {
			by, deaf := []world.Viewer{world.API}, []world.Viewer{"1002"}
			return []shown{{at: 60, by: by, deaf: deaf, records: []world.Record{t.customer(101, 10)}}, {at: end + 61}}
		}},
		{name: "it has none", want: kept, setup: func(t *tape) { t.session.Medium = world.SMS }, play: func(t *tape) []shown {
			return []shown{{at: 60, records: []world.Record{t.customer(101, 10)}}, {at: end + 500}}
		}},
		{name: "two messages, one window", want: lost, play: func(t *tape) []shown {
			return []shown{{at: 60, records: []world.Record{t.customer(101, 10), t.customer(102, 20)}}, {at: end + 71}}
		}},
	})
}
