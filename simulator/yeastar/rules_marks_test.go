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
			name: "a lost window neither, that was told while it was gone",
			play: func(t *tape) []shown {
				return []shown{
					{at: day - 1000, records: []world.Record{t.customer(101, 10)}},
					{at: day + 100, by: []world.Viewer{nobody}, asking: true},
					{at: day + 4000, by: []world.Viewer{nobody}},
					{at: day + 9000, asking: true},
				}
			},
			want: []string{"lost (none) 1", "messages whatsapp customer 1", "started (none) regular 1"},
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
