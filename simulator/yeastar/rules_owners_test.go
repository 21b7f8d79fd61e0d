package yeastar

import (
	"testing"

	"conversation_exporter/simulator/world"
)

func TestR6ExpectedOwners(t *testing.T) {
	api := []world.Viewer{world.API}
	play(t, "closed", []takes{
		{
			name: "seen waiting",
			play: func(t *tape) []shown {
				return []shown{
					{at: 20, queue: support, records: []world.Record{t.customer(101, 10)}},
					{at: 60, queue: support, closed: true, records: []world.Record{t.closing(102, 30, world.ByCustomer)}},
				}
			},
			want: []string{"closed Support abandoned agent 1"},
		},
		{
			name: "never seen before it was closed",
			play: func(t *tape) []shown {
				return []shown{{at: 60, queue: support, closed: true, records: []world.Record{t.customer(101, 10), t.closing(102, 30, world.ByTimeout)}}}
			},
			want: []string{"closed Support abandoned agent 1"},
		},
		{
			name: "never seen, and picked up by the closed row",
			play: func(t *tape) []shown {
				return []shown{{at: 60, queue: support, member: member, closed: true, records: []world.Record{t.customer(101, 10), t.closing(102, 30, world.ByCustomer)}}}
			},
			want: []string{"closed Support customer agent 1"},
		},
		{
			name: "picked up by a record since it was seen waiting",
			play: func(t *tape) []shown {
				return []shown{
					{at: 20, queue: support, records: []world.Record{t.customer(101, 10)}},
					{at: 60, queue: support, closed: true, records: []world.Record{t.picked(102, 20), t.closing(103, 30, world.ByCustomer)}},
				}
			},
			want: []string{"closed Support customer agent 1"},
		},
		{
			name: "a record beats the closed row",
			play: func(t *tape) []shown {
				return []shown{{at: 60, closed: true, records: []world.Record{
					t.customer(101, 10), t.queued(102, 20, world.SideAgent), t.closing(103, 30, world.ByTimeout),
				}}}
			},
			want: []string{"closed (none) abandoned agent 1"},
		},
		{
			name: "an open row beats the record",
			play: func(t *tape) []shown {
				return []shown{
					{at: 25, queue: community, records: []world.Record{t.customer(101, 10), t.queued(102, 20, world.SideAgent)}},
					{at: 60, queue: community, closed: true, records: []world.Record{t.closing(103, 30, world.ByCustomer)}},
				}
			},
			want: []string{"closed Community customer agent 1"},
		},
		{
			name: "an open row of later messages holds for all of the stretch",
			play: func(t *tape) []shown {
				return []shown{
					{at: 25, queue: community, records: []world.Record{t.customer(101, 10), t.queued(102, 12, world.SideAgent), t.customer(103, 20)}},
					{at: 60, closed: true, records: []world.Record{t.closing(104, 30, world.ByCustomer)}},
				}
			},
			want: []string{"closed (none) customer agent 1"},
		},
		{
			name: "an open row is no word on what came before the last move",
			play: func(t *tape) []shown {
				return []shown{
					{at: 20, by: api, records: []world.Record{t.customer(101, 10)}},
					{at: 60, closed: true, records: []world.Record{t.moved(102, 25, world.SideSystem, "1001"), t.closing(103, 30, world.ByTimeout)}},
				}
			},
			want: []string{"closed (none) timeout agent 1"},
		},
		{
			name: "given to the API by a record",
			play: func(t *tape) []shown {
				return []shown{{at: 60, closed: true, records: []world.Record{
					t.customer(101, 10), t.moved(102, 20, world.SideAgent, "api"), t.closing(103, 30, world.ByCustomer),
				}}}
			},
			want: []string{"closed (none) customer customer 1"},
		},
		{
			name: "given to people at the API", setup: peopleAtTheAPI,
			play: func(t *tape) []shown {
				return []shown{{at: 60, by: api, closed: true, records: []world.Record{
					t.customer(101, 10), t.moved(102, 20, world.SideAgent, "api"), t.closing(103, 30, world.ByCustomer),
				}}}
			},
			want: []string{"closed (none) customer agent 1"},
		},
		{
			name: "automated by the closed row",
			play: func(t *tape) []shown {
				return []shown{{at: 60, by: api, closed: true, records: []world.Record{t.customer(101, 10), t.closing(102, 30, world.ByTimeout)}}}
			},
			want: []string{"closed (none) timeout customer 1"},
		},
		{
			name: "automated by the closed row, but not every viewer was read",
			play: func(t *tape) []shown {
				return []shown{{at: 60, by: api, unswept: []world.Viewer{"1002"}, closed: true, records: []world.Record{
					t.customer(101, 10), t.closing(102, 30, world.ByTimeout),
				}}}
			},
			want: []string{"closed (none) timeout agent 1"},
		},
		{
			name: "automated by the closed row, but a page of a viewer's list never came",
			play: func(t *tape) []shown {
				return []shown{{at: 60, by: api, cut: []list{{"1002", true}}, closed: true, records: []world.Record{t.customer(101, 10), t.closing(102, 30, world.ByTimeout)}}}
			},
			want: []string{"closed (none) timeout agent 1"},
		},
		{
			name: "automated by the closed row, and only the list of open ones is cut",
			play: func(t *tape) []shown {
				return []shown{{at: 60, by: api, cut: []list{{"1002", false}}, closed: true, records: []world.Record{t.customer(101, 10), t.closing(102, 30, world.ByTimeout)}}}
			},
			want: []string{"closed (none) timeout customer 1"},
		},
		{
			name: "automated by the closed row, but nobody told who is in the queues",
			play: func(t *tape) []shown {
				return []shown{{at: 60, by: api, unlisted: "message_queue/list", closed: true, records: []world.Record{t.customer(101, 10), t.closing(102, 30, world.ByTimeout)}}}
			},
			want: []string{"closed (none) timeout agent 1"},
		},
		{
			name: "automated by the closed row, and nobody asks for the extensions",
			play: func(t *tape) []shown {
				return []shown{{at: 60, by: api, unlisted: "extension/list", closed: true, records: []world.Record{t.customer(101, 10), t.closing(102, 30, world.ByTimeout)}}}
			},
			want: []string{"closed (none) timeout customer 1"},
		},
		{
			name: "an earlier sure row beats one that is not",
			play: func(t *tape) []shown {
				return []shown{
					{at: 20, by: api, records: []world.Record{t.customer(101, 10)}},
					{at: 30, by: api, deaf: []world.Viewer{"1001"}, records: []world.Record{t.customer(102, 25)}},
					{at: 60, by: []world.Viewer{nobody}, records: []world.Record{t.closing(103, 50, world.ByTimeout)}},
				}
			},
			want: []string{"closed (none) timeout customer 1"},
		},
		{
			name: "a closed row holds for a stretch that was settled while its closing was not",
			play: func(t *tape) []shown {
				return []shown{
					{at: 60, by: api, closed: true, records: []world.Record{t.customer(101, 10), sending(t.api(102, 20)), t.closing(103, 30, world.ByAgent)}},
					{at: 90, by: api, records: []world.Record{t.customer(104, 80)}},
					{at: 700, by: api, records: []world.Record{t.api(102, 20)}},
				}
			},
			want: []string{"closed (none) agent customer 1"},
		},
		{
			name: "the first listing is forgotten where the first message is under way",
			play: func(t *tape) []shown {
				return []shown{
					{at: 60, by: api, records: []world.Record{sending(t.api(101, 10)), t.customer(102, 20)}},
					{at: 90, by: api, deaf: []world.Viewer{"1001"}, closed: true, records: []world.Record{t.api(101, 10), t.closing(103, 80, world.ByAgent)}},
				}
			},
			want: []string{"closed (none) agent agent 1"},
		},
		{
			name: "the owner before a closing is not the owner after it",
			play: func(t *tape) []shown {
				return []shown{
					{at: 20, by: api, records: []world.Record{t.customer(101, 10)}},
					{at: 60, queue: support, closed: true, records: []world.Record{
						t.closing(102, 30, world.ByCustomer), t.customer(103, 40), t.closing(104, 50, world.ByCustomer),
					}},
				}
			},
			want: []string{"closed Support abandoned agent 1", "closed Support customer customer 1"},
		},
		{
			name: "the owner after a closing is not the owner before it",
			play: func(t *tape) []shown {
				return []shown{{at: 60, by: api, records: []world.Record{
					t.customer(101, 10), t.closing(102, 30, world.ByTimeout), t.customer(103, 40),
				}}}
			},
			want: []string{"closed (none) timeout agent 1"},
		},
		{
			name: "taken by the first message out of a queue of mode auto",
			play: func(t *tape) []shown {
				return []shown{
					{at: 20, queue: sales, records: []world.Record{t.customer(101, 10)}},
					{at: 60, queue: sales, member: member, closed: true, records: []world.Record{
						t.agent(102, 25), t.customer(103, 30), t.closing(104, 50, world.ByCustomer),
					}},
				}
			},
			want: []string{"closed Sales customer agent 1"},
		},
		{
			name: "answered out of a queue of mode manual it still waits",
			play: func(t *tape) []shown {
				return []shown{
					{at: 20, queue: support, records: []world.Record{t.customer(101, 10)}},
					{at: 60, queue: support, closed: true, records: []world.Record{t.agent(102, 25), t.closing(103, 50, world.ByCustomer)}},
				}
			},
			want: []string{"closed Support abandoned customer 1"},
		},
	})
}

func TestR11ExpectedClosings(t *testing.T) {
	by := func(records func(t *tape) []world.Record) func(t *tape) []shown {
		return func(t *tape) []shown { return []shown{{at: 60, closed: true, records: records(t)}} }
	}
	play(t, "closed started", []takes{
		{
			name: "by an agent",
			play: by(func(t *tape) []world.Record {
				return []world.Record{t.customer(101, 10), t.closing(102, 20, world.ByAgent)}
			}),
			want: []string{"closed (none) agent agent 1", "started (none) regular 1"},
		},
		{
			name: "by the customer, when he had his answer", setup: campaign,
			play: by(func(t *tape) []world.Record {
				return []world.Record{t.customer(101, 10), t.agent(102, 15), t.closing(103, 20, world.ByCustomer)}
			}),
			want: []string{"closed (none) customer customer 1", "started (none) campaign 1"},
		},
		{
			name: "by a time limit, when nobody had written to us",
			play: by(func(t *tape) []world.Record {
				return []world.Record{t.agent(101, 10), t.closing(103, 20, world.ByTimeout)}
			}),
			want: []string{"closed (none) timeout customer 1", "started (none) regular 1"},
		},
		{
			name: "by an agent while it waits",
			play: func(t *tape) []shown {
				return []shown{{at: 60, queue: support, closed: true, records: []world.Record{t.customer(101, 10), t.closing(102, 20, world.ByAgent)}}}
			},
			want: []string{"closed Support agent agent 1", "started Support regular 1"},
		},
		{
			name: "in a queue without pick-up nobody is abandoned",
			play: func(t *tape) []shown {
				return []shown{{at: 60, queue: community, closed: true, records: []world.Record{t.customer(101, 10), t.closing(102, 20, world.ByCustomer)}}}
			},
			want: []string{"closed Community customer agent 1", "started Community regular 1"},
		},
		{
			name: "without a record",
			play: func(t *tape) []shown {
				return []shown{
					{at: 20, records: []world.Record{t.customer(101, 10)}},
					{at: 60, closed: true, asking: true},
					{at: 120, by: []world.Viewer{nobody}, asking: true},
				}
			},
			want: []string{"closed (none) other agent 1", "started (none) regular 1"},
		},
		{
			name: "without a record, which is found only later",
			play: func(t *tape) []shown {
				return []shown{
					{at: 20, records: []world.Record{t.customer(101, 10)}},
					{at: 60, closed: true, silent: true, records: []world.Record{t.agent(102, 30)}},
					{at: 120, by: []world.Viewer{nobody}, asking: true},
				}
			},
			want: []string{"closed (none) other customer 1", "started (none) regular 1"},
		},
		{
			name: "without a record, and who had it was told by a record",
			play: func(t *tape) []shown {
				return []shown{{at: 60, by: []world.Viewer{world.API}, closed: true, records: []world.Record{
					t.customer(101, 10), t.queued(102, 20, world.SideSystem),
				}}}
			},
			want: []string{"closed (none) other agent 1", "started (none) regular 1"},
		},
		{
			name: "without a record, and opened again",
			play: func(t *tape) []shown {
				return []shown{
					{at: 20, by: []world.Viewer{world.API}, records: []world.Record{t.customer(101, 10), t.api(102, 11)}},
					{at: 60, unswept: []world.Viewer{"1002"}, by: []world.Viewer{world.API}, closed: true, asking: true},
					{at: 120, records: []world.Record{t.customer(103, 110)}},
					{at: 180, closed: true, records: []world.Record{t.closing(104, 170, world.ByAgent)}},
				}
			},
			want: []string{"closed (none) agent agent 1", "closed (none) other customer 1", "started (none) regular 2"},
		},
		{
			name: "before the mark",
			play: by(func(t *tape) []world.Record {
				return []world.Record{t.customer(98, -20), t.closing(99, -10, world.ByAgent), t.customer(101, 10), t.closing(102, 20, world.ByAgent)}
			}),
			want: []string{"closed (none) agent agent 1", "started (none) regular 1"},
		},
	})
}

func TestR22ExpectedStarts(t *testing.T) {
	play(t, "started", []takes{
		{
			name: "new, whoever wrote", setup: campaign,
			play: func(t *tape) []shown {
				return []shown{{at: 60, records: []world.Record{template(t.api(101, 10)), t.customer(102, 20)}}}
			},
			want: []string{"started (none) campaign 1"},
		},
		{
			name: "not read from its start", setup: old,
			play: func(t *tape) []shown {
				return []shown{{at: 60, records: []world.Record{t.agent(100, -10), t.customer(101, 10)}}}
			},
		},
		{
			name: "opened again by one of our people",
			play: func(t *tape) []shown {
				return []shown{{at: 60, records: []world.Record{
					t.customer(99, -10), t.closing(100, -5, world.ByAgent), failed(t.agent(101, 10), "send_fail"), t.customer(102, 20),
				}}}
			},
			want: []string{"started (none) regular 1"},
		},
		{
			name: "not by the API",
			play: func(t *tape) []shown {
				return []shown{{at: 60, records: []world.Record{t.customer(99, -10), t.closing(100, -5, world.ByAgent), t.api(101, 10)}}}
			},
		},
		{
			name: "not while more of its records was asked for in vain",
			play: func(t *tape) []shown {
				return []shown{
					{at: 20, records: []world.Record{t.customer(101, 10)}, stuck: true},
					{at: 40, asking: true, queue: support, stuck: true},
					{at: 60, records: []world.Record{t.queued(102, 50, world.SideAgent)}, queue: support},
				}
			},
			want: []string{"started Support regular 1"},
		},
		{
			name: "closed and opened again in one reading",
			play: func(t *tape) []shown {
				return []shown{
					{at: 20, queue: support, records: []world.Record{t.customer(101, 10)}},
					{at: 60, queue: support, records: []world.Record{t.closing(102, 20, world.ByCustomer), t.customer(103, 30), t.customer(104, 40)}},
				}
			},
			want: []string{"started Support regular 2"},
		},
	})
}
