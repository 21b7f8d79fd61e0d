package yeastar

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"conversation_exporter/simulator/world"
)

// recordPage is what was asked for of one session's records.
type recordPage struct {
	id, below int64
	size      int
}

// recordKinds are those faults of paging that act on message/get.
func recordKinds() []Kind {
	return []Kind{CursorIgnored, CursorCircle, EndlessRows, DuplicateRows, ForeignRecords}
}

// strayRecords gives a page of records that is not what was asked for, the
// newest first.
func (s *Server) strayRecords(w *writer, kind Kind, p recordPage) []msgRecord {
	read := func(id int64) []msgRecord {
		var list []msgRecord
		for _, t := range s.world.Threads([]int64{id}, 0, math.MaxInt32) {
			list = w.records(&t)
		}
		return list
	}
	all := read(p.id)
	switch kind {
	case EndlessRows:
		return endlessRecords(all, p)
	case ForeignRecords:
		all = slices.Concat(all, read(s.neighbour(p.id)))
		slices.SortFunc(all, func(a, b msgRecord) int { return cmp.Compare(b.MsgID, a.MsgID) })
	case CursorIgnored:
		p.below = 0
	}
	rest := all
	if p.below > 0 {
		rest = slices.DeleteFunc(slices.Clone(all), func(r msgRecord) bool { return r.MsgID >= p.below })
	}
	rows := slices.Clone(rest[:min(p.size, len(rest))])
	switch kind {
	case CursorCircle:
		for p.below > 0 && len(rows) < p.size && len(all) > 0 {
			rows = append(rows, all[:min(p.size-len(rows), len(all))]...)
		}
	case DuplicateRows:
		var twice []msgRecord
		for _, r := range rows[:min((p.size+1)/2, len(rows))] {
			twice = append(twice, r, r)
		}
		return twice[:min(p.size, len(twice))]
	}
	return rows
}

// neighbour finds another session near to one; without any, it gives none's id.
func (s *Server) neighbour(id int64) int64 {
	const near = 100
	for away := int64(1); away <= near; away++ {
		for _, other := range [...]int64{id + away, id - away} {
			if _, ok := s.world.Session(other); ok {
				return other
			}
		}
	}
	return 0
}

// endlessRecords gives a page of the real records and then of invented ones, as
// endless does with sessions.
func endlessRecords(all []msgRecord, p recordPage) []msgRecord {
	const most = 1000
	below, size := p.below, min(p.size, most)
	if below <= 0 {
		below = math.MaxInt64
	}
	rows := make([]msgRecord, 0, size)
	for _, r := range all {
		if r.MsgID += beyond; r.MsgID < below && len(rows) < size {
			rows = append(rows, r)
		}
	}
	if len(all) == 0 {
		return rows
	}
	oldest := all[len(all)-1]
	for id := min(below, beyond) - 1; len(rows) < size && id > 0; id-- {
		rows = append(rows, msgRecord{
			SessionID: p.id, MsgID: id, DeliveryStatus: deliveryStatus(world.Sent), Sender: oldest.Sender,
			MsgBody: fmt.Sprintf("canary text that was invented, %d", id), SendTime: oldest.SendTime, ReceiveTime: oldest.ReceiveTime,
		})
	}
	return rows
}
