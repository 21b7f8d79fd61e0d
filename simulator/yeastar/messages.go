package yeastar

import (
	"cmp"
	"math"
	"slices"

	"conversation_exporter/simulator/world"
)

// threadInfo is one session's messages, as message/get and message/query of
// the pages "Query Messages in a Message Session" and "... in Multiple Message
// Sessions" tell them.
type threadInfo struct {
	SessionID int64       `json:"session_id"`
	Records   []msgRecord `json:"records"`
}

// getMessages answers message/get: a page of one session's records.
func (s *Server) getMessages(c *call) reply {
	size, id, below := c.messagePageSize(), int64(c.params.required("id")), c.params.cursor("last_msg_id")
	if len(c.params.bad) > 0 {
		return invalidParams(c.params.bad)
	}
	threads := s.world.Threads([]int64{id}, below, size)
	if len(threads) == 0 {
		return failure(codeNotFound)
	}
	w := s.newWriter(c)
	if f, ok := s.fault(c, recordKinds()...); ok {
		info := w.bound(id, s.strayRecords(w, f.Kind, recordPage{id: id, below: below, size: size}))
		s.note(c, s.real(f.Kind, info))
		s.cameTo(c, id, goesOn(info.Records, below))
		return success().with("data", info)
	}
	s.note(c, threads)
	s.cameTo(c, id, true)
	return success().with("data", w.thread(&threads[0]))
}

// queryMessages answers message/query: the newest records of several sessions.
// Sessions that there are not are missing from the answer.
func (s *Server) queryMessages(c *call) reply {
	size, asked := c.messagePageSize(), c.ids("ids", c.switches.MessageIDLimit)
	if len(c.params.bad) > 0 {
		return invalidParams(c.params.bad)
	}
	threads := s.world.Threads(sessionIDs(asked), 0, size)
	if len(threads) == 0 {
		return failure(codeNotFound)
	}
	if c.switches.MessageQueryGlobal {
		threads = newestOfAll(threads, size)
	}
	w := s.newWriter(c)
	f, stray := s.fault(c, DuplicateRows, ForeignRecords)
	list := make([]threadInfo, 0, len(threads))
	for i := range threads {
		info := w.thread(&threads[i])
		if stray {
			info = w.bound(info.SessionID, s.strayRecords(w, f.Kind, recordPage{id: info.SessionID, size: size}))
		}
		list = append(list, info)
	}
	if stray {
		threads = s.real(f.Kind, list...)
	}
	s.note(c, threads)
	return withList(success(), "data", list, c.switches)
}

// messagePageSize reads how many records of a session are asked for.
func (c *call) messagePageSize() int {
	size := c.params.required("page_size")
	if limit := c.switches.MessagePageSizeLimit; limit > 0 {
		size = min(size, limit)
	}
	return size
}

// sessionIDs makes session ids of numbers, each of them once.
func sessionIDs(asked []int) []int64 {
	ids := make([]int64, 0, len(asked))
	for _, n := range asked {
		if !slices.Contains(ids, int64(n)) {
			ids = append(ids, int64(n))
		}
	}
	return ids
}

// newestOfAll leaves the newest records of all sessions together. A session
// that has none among them is not shown.
func newestOfAll(threads []world.Thread, size int) []world.Thread {
	var all []int64
	for i := range threads {
		for j := range threads[i].Records {
			all = append(all, threads[i].Records[j].ID)
		}
	}
	slices.SortFunc(all, func(a, b int64) int { return cmp.Compare(b, a) })
	if len(all) <= size {
		return threads
	}
	least := all[size-1]
	for i := range threads {
		threads[i].Records = slices.DeleteFunc(threads[i].Records, func(r world.Record) bool { return r.ID < least })
	}
	return slices.DeleteFunc(threads, func(t world.Thread) bool { return len(t.Records) == 0 })
}

// goesOn tells whether a page is what was asked for, which is not what comes before a
// record if all that it shows comes after.
func goesOn(page []msgRecord, below int64) bool {
	alone := len(page) == 1 && page[0].MsgID == below
	return below == 0 || len(page) == 0 || alone || slices.ContainsFunc(page, func(r msgRecord) bool { return r.MsgID < below })
}

// cameTo remembers whether the answer is the page of a session that was asked for.
func (s *Server) cameTo(c *call, id int64, came bool) {
	if shown := c.shown; shown != nil && came {
		c.shown = func() {
			shown()
			s.notes.came(id, c.now)
		}
	}
}

// real gives the records of answers that are as in the world: those of another
// session, and those that are made up, are left out.
func (s *Server) real(kind Kind, infos ...threadInfo) []world.Thread {
	if kind == EndlessRows {
		return nil
	}
	ids := make([]int64, 0, len(infos))
	told := make(map[int64]bool)
	for _, info := range infos {
		ids = append(ids, info.SessionID)
		for _, r := range info.Records {
			told[r.MsgID] = told[r.MsgID] || r.SessionID == info.SessionID
		}
	}
	threads := s.world.Threads(ids, 0, math.MaxInt32)
	for i := range threads {
		threads[i].Records = slices.DeleteFunc(threads[i].Records, func(r world.Record) bool { return !told[r.ID] })
	}
	return threads
}

// note remembers what the answer will have shown of some sessions.
func (s *Server) note(c *call, threads []world.Thread) {
	if s.notes == nil {
		return
	}
	c.shown = func() {
		for i := range threads {
			s.notes.thread(threads[i].Session.ID, threads[i].Records, c.now)
		}
	}
}
