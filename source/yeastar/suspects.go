package yeastar

import (
	"sync"

	"conversation_exporter/conversation"
)

// suspects are sessions whose records were asked for in vain, until the deadline,
// in several passes in a row. One of them may be what the PBX cannot tell: it must
// not keep the others of its batch from being read, pass after pass.
type suspects struct {
	mu sync.Mutex
	// misses counts in how many passes in a row.
	misses map[int64]int
}

// missesToSuspect is from how many misses on a session is asked for last, and alone.
const missesToSuspect = 2

// missed notes sessions for which the time was over while they were asked for.
func (s *suspects) missed(threads []*thread) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.misses == nil {
		s.misses = make(map[int64]int)
	}
	for _, t := range threads {
		s.misses[t.want.Session]++
	}
}

// cleared notes that a session was read.
func (s *suspects) cleared(session int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.misses, session)
}

// last puts the suspects behind the others, and forgets those that nobody wants.
func (s *suspects) last(wants []conversation.Want) (ordered []conversation.Want, alone int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.misses) == 0 {
		return wants, 0
	}
	var behind []conversation.Want
	wanted := make(map[int64]int, len(s.misses))
	for _, w := range wants {
		n := s.misses[w.Session]
		if n > 0 {
			wanted[w.Session] = n
		}
		if n >= missesToSuspect {
			behind = append(behind, w)
		} else {
			ordered = append(ordered, w)
		}
	}
	s.misses = wanted
	return append(ordered, behind...), len(behind)
}
