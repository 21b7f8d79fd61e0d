package yeastar

import (
	"math"
	"slices"

	"conversation_exporter/simulator/world"
)

// listPage gives one page of a list of sessions, and whether all that it shows
// exists: the rows of a list that never ends do not.
func (s *Server) listPage(c *call, query world.Query) (rows []world.Session, exists bool, err error) {
	if f, ok := s.fault(c, pagingKinds()...); ok {
		rows, err = s.strayPage(f.Kind, query)
		return rows, f.Kind != EndlessRows, err
	}
	size := query.Limit
	query.Limit++ // one row more, to know who leads the next page
	rows, err = s.world.List(query)
	if len(rows) > size {
		if next := rows[size]; c.switches.BumpBetweenPages && !next.Closed {
			_ = s.world.CustomerWrites(next.ID) // it may have been dropped meanwhile
		}
		rows = rows[:size]
	}
	return rows, true, err
}

// strayPage gives a page of a list whose cursor does not work as it should.
func (s *Server) strayPage(kind Kind, query world.Query) ([]world.Session, error) {
	const most = 1000 // rows that are made up for one page
	cursor, size := query.Cursor, min(query.Limit, most)
	query.Cursor, query.Limit = 0, math.MaxInt32
	all, err := s.world.List(query)
	if err != nil {
		return nil, err
	}
	if kind == EndlessRows {
		return endless(all, cursor, size), nil
	}
	if kind == CursorRising {
		slices.Reverse(all)
		from := slices.IndexFunc(all, func(r world.Session) bool { return r.LastMessageID > cursor })
		return window(all, from, size), nil
	}
	from := 0
	if cursor > 0 && kind != CursorIgnored {
		from = slices.IndexFunc(all, func(r world.Session) bool {
			return r.LastMessageID < cursor || query.Inclusive && r.LastMessageID == cursor
		})
	}
	switch kind {
	case CursorCircle:
		rows := slices.Clone(window(all, from, size))
		for cursor > 0 && len(rows) < size && len(all) > 0 {
			rows = append(rows, all[:min(size-len(rows), len(all))]...)
		}
		return rows, nil
	case DuplicateRows:
		var rows []world.Session
		for _, r := range window(all, from, (size+1)/2) {
			rows = append(rows, r, r)
		}
		return rows[:min(size, len(rows))], nil
	case RepeatedRows:
		if from < 0 {
			from = len(all)
		}
		if cursor > 0 {
			from = max(0, from-size/2)
		}
	}
	return window(all, from, size), nil
}

// window cuts out size rows; from is below 0 where nothing is left.
func window(all []world.Session, from, size int) []world.Session {
	if from < 0 {
		return nil
	}
	return all[from:min(from+size, len(all))]
}

// beyond is above all message ids of a world. An endless list has the ids of
// real messages above it, and those of invented ones below.
const beyond = 1 << 40

// endless gives a page of the real sessions and then of invented ones.
func endless(all []world.Session, cursor int64, size int) []world.Session {
	if cursor <= 0 {
		cursor = math.MaxInt64
	}
	rows := make([]world.Session, 0, size)
	for _, r := range all {
		if r.LastMessageID += beyond; r.LastMessageID < cursor && len(rows) < size {
			rows = append(rows, r)
		}
	}
	for id := min(cursor, beyond) - 1; len(rows) < size && id > 0; id-- {
		rows = append(rows, world.Session{
			ID: 2*beyond - id, Medium: world.SMS, DID: "+999100003", LastMessageID: id,
			Customer: world.Customer{Name: "Canary Customer Invented", Number: "+9990000000000"},
		})
	}
	return rows
}
