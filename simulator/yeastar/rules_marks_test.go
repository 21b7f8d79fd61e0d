package yeastar

import (
	"testing"

	"conversation_exporter/simulator/world"
)

func TestR19R20R21ExpectedBaseline(t *testing.T) {
	play(t, "messages response started lost", []takes{
		{
			name: "what is at the mark or below does not count",
			play: func(t *tape) []shown {
				return []shown{{at: 60, records: []world.Record{t.customer(99, -20), t.customer(100, -10), t.agent(101, 10)}}}
			},
			want: []string{"messages whatsapp agent 1", "response (none) 1 30 1"},
		},
		{
			name: "the mark is of all lists", bare: true,
			play: func(t *tape) []shown {
				return []shown{{other: map[world.Viewer]int64{world.API: 100, "1002": 103}, records: []world.Record{
					t.customer(101, -20), t.agent(102, -10),
				}}, {at: 60, records: []world.Record{t.customer(103, 1), t.customer(104, 2)}}}
			},
			want: []string{"messages whatsapp customer 1"},
		},
		{
			name: "a viewer that is read later marks what it shows", bare: true,
			play: func(t *tape) []shown {
				return []shown{
					{deaf: []world.Viewer{"1002"}, other: map[world.Viewer]int64{"1001": 100}},
					{at: 60, by: []world.Viewer{"1002"}, records: []world.Record{t.customer(101, 10), t.agent(102, 20)}},
					{at: 120, by: []world.Viewer{"1002"}, records: []world.Record{t.customer(103, 70)}},
				}
			},
			want: []string{"messages whatsapp customer 1"},
		},
		{
			name: "of several marks the lowest", bare: true,
			play: func(t *tape) []shown {
				return []shown{
					{deaf: []world.Viewer{"1002"}, other: map[world.Viewer]int64{"1001": 100}},
					{at: 60, by: []world.Viewer{"1001", "1002"}, records: []world.Record{t.customer(101, 10), t.agent(102, 20)}},
				}
			},
			want: []string{"messages whatsapp agent 1", "messages whatsapp customer 1", "response (none) 1 10 1", "started (none) regular 1"},
		},
		{
			name: "not of one who shows it later", bare: true,
			play: func(t *tape) []shown {
				return []shown{
					{deaf: []world.Viewer{"1002"}, other: map[world.Viewer]int64{"1001": 100}},
					{at: 60, by: []world.Viewer{"1002"}, records: []world.Record{t.customer(101, 10)}},
					{at: 120, by: []world.Viewer{"1001"}, asking: true},
				}
			},
		},
		{
			name: "no mark without the closed sessions", bare: true,
			play: func(t *tape) []shown {
				return []shown{
					{unswept: []world.Viewer{"1001"}, other: map[world.Viewer]int64{"1002": 100}},
					{at: 60, unswept: []world.Viewer{"1001"}, records: []world.Record{t.customer(101, 10), t.agent(102, 20)}},
					{at: 120, records: []world.Record{t.customer(103, 70)}},
					{at: 180, records: []world.Record{t.customer(104, 130), t.agent(105, 140)}},
				}
			},
			want: []string{"messages whatsapp agent 1", "messages whatsapp customer 1", "response (none) 1 70 0"},
		},
		{
			name: "a window that ended by the mark's time",
			play: func(t *tape) []shown {
				return []shown{{at: 120, records: []world.Record{t.customer(90, -86400)}}}
			},
		},
		{
			name: "a window that ended later",
			play: func(t *tape) []shown {
				return []shown{{at: 120, records: []world.Record{t.customer(90, -86399)}}}
			},
			want: []string{"lost (none) 1"},
		},
	})
}

func TestR23ExpectedSweeps(t *testing.T) {
	play(t, "started closed messages", []takes{
		{
			name: "what was closed before the first pass was never there", bare: true,
			play: func(t *tape) []shown {
				return []shown{
					{closed: true, records: []world.Record{t.customer(98, -20), t.closing(99, -10, world.ByAgent)}},
					{at: 60, closed: true, asking: true},
					{at: 120, records: []world.Record{t.customer(101, 110)}},
				}
			},
			want: []string{"messages whatsapp customer 1", "started (none) regular 1"},
		},
		{
			name: "one who came and went between two passes",
			play: func(t *tape) []shown {
				return []shown{{at: 60, closed: true, records: []world.Record{t.customer(101, 10), t.closing(102, 20, world.ByCustomer)}}}
			},
			want: []string{"closed (none) customer agent 1", "messages whatsapp customer 1", "started (none) regular 1"},
		},
		{
			name: "its records are read only later",
			play: func(t *tape) []shown {
				return []shown{
					{at: 60, closed: true, silent: true, records: []world.Record{t.customer(101, 10), t.closing(102, 20, world.ByCustomer)}},
					{at: 120, closed: true},
					{at: 180, by: []world.Viewer{nobody}, asking: true},
				}
			},
			want: []string{"closed (none) customer agent 1", "messages whatsapp customer 1", "started (none) regular 1"},
		},
	})
}

func TestR24ExpectedClosingsOfWhatIsGone(t *testing.T) {
	play(t, "closed", []takes{
		{
			name: "a record says that it is closed",
			play: func(t *tape) []shown {
				return []shown{
					{at: 20, queue: support, records: []world.Record{t.customer(101, 10)}},
					{at: 60, by: []world.Viewer{nobody}, records: []world.Record{t.closing(102, 30, world.ByTimeout)}},
				}
			},
			want: []string{"closed Support abandoned agent 1"},
		},
		{
			name: "none does",
			play: func(t *tape) []shown {
				return []shown{
					{at: 20, queue: support, records: []world.Record{t.customer(101, 10)}},
					{at: 60, by: []world.Viewer{nobody}, asking: true},
					{at: 3000, by: []world.Viewer{nobody}, asking: true},
				}
			},
		},
	})
}

func TestR25ExpectedOfWhatWasForgotten(t *testing.T) {
	day := float64(86400)
	play(t, "messages closed started response first lost", []takes{
		{
			name: "nothing counts twice",
			play: func(t *tape) []shown {
				return []shown{
					{at: 20, records: []world.Record{t.customer(101, 10)}},
					{at: 60, closed: true, records: []world.Record{t.agent(102, 30), t.closing(103, 40, world.ByAgent)}},
					{at: 4000, by: []world.Viewer{nobody}},
					{at: 8000, by: []world.Viewer{nobody}},
					{at: 9000, records: []world.Record{t.customer(104, 8990)}},
					{at: 9060, records: []world.Record{t.agent(105, 9010)}},
				}
			},
			want: []string{
				"closed (none) agent customer 1", "first (none) 2 40 2", "messages whatsapp agent 2", "messages whatsapp customer 2",
				"response (none) 2 40 2", "started (none) regular 2",
			},
		},
		{
			name: "a lost window neither",
			play: func(t *tape) []shown {
				return []shown{
					{at: 20, records: []world.Record{t.customer(101, 10)}},
					{at: day + 100, asking: true},
					{at: day + 4000, by: []world.Viewer{nobody}},
					{at: day + 8000, by: []world.Viewer{nobody}},
					{at: day + 9000, asking: true},
				}
			},
			want: []string{"lost (none) 1", "messages whatsapp customer 1", "started (none) regular 1"},
		},
	})
}

// What was shown in part is no reading, until the gap is closed.
func TestR32ExpectedGaps(t *testing.T) {
	many := func(t *tape, from, to int64) []world.Record {
		var list []world.Record
		for id := from; id <= to; id++ {
			list = append(list, t.customer(id, float64(id-100)))
		}
		return list
	}
	play(t, "messages", []takes{
		{
			name: "a first read that does not reach the mark", setup: old,
			play: func(t *tape) []shown {
				t.records = many(t, 95, 109)
				return []shown{{at: 60, only: true, records: many(t, 110, 120)}}
			},
		},
		{
			name: "one that does", setup: old,
			play: func(t *tape) []shown {
				return []shown{{at: 60, only: true, records: many(t, 100, 120)}}
			},
			want: []string{"messages whatsapp customer 20"},
		},
		{
			name: "a later read that does not meet what is known, and one that does",
			play: func(t *tape) []shown {
				return []shown{
					{at: 60, records: many(t, 101, 120)},
					{at: 70, only: true, records: many(t, 131, 140)},
				}
			},
			want: []string{"messages whatsapp customer 20"},
		},
		{
			name: "one that does",
			play: func(t *tape) []shown {
				return []shown{
					{at: 60, records: many(t, 101, 120)},
					{at: 70, only: true, records: many(t, 131, 140)},
					{at: 80, only: true, records: many(t, 120, 140)},
				}
			},
			want: []string{"messages whatsapp customer 40"},
		},
		{
			name: "not up to the last message that is listed",
			play: func(t *tape) []shown {
				return []shown{
					{at: 60, records: many(t, 101, 120)},
					{at: 70, last: 122, records: many(t, 121, 121)},
				}
			},
			want: []string{"messages whatsapp customer 20"},
		},
	})
}

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
