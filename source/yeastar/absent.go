package yeastar

import (
	"errors"
	"sync"
	"time"

	"conversation_exporter/conversation"
)

// absences are the endpoints that the PBX has said not to have. That is an answer
// and no failure, so it is taken as told for as long as a list is; else a PBX with
// old firmware would count failed requests for ever.
type absences struct {
	mu    sync.Mutex
	known map[string]absence
}

// absence is one such answer.
type absence struct {
	err error
	at  time.Time
}

// absent returns what the PBX has answered of late where it does not have an
// endpoint; nil where that is to be asked.
func (s *Source) absent(path string) error {
	s.absences.mu.Lock()
	defer s.absences.mu.Unlock()
	if a, ok := s.absences.known[path]; ok && s.opts.Clock.Now().Before(a.at.Add(directoryLife)) {
		return a.err
	}
	return nil
}

// noteAbsence takes note of an endpoint that the PBX does not have, if nothing
// depends on it: without those that tell whose sessions to list there is no list
// at all, so they are asked for again in each pass.
func (s *Source) noteAbsence(path string, err error) {
	viewers := s.opts.Viewers
	needed := path == pathQueueList && viewers.QueueMembers || path == pathExtensions && viewers.AllExtensions
	if needed || !errors.Is(err, conversation.ErrUnsupported) {
		return
	}
	s.absences.mu.Lock()
	defer s.absences.mu.Unlock()
	if s.absences.known == nil {
		s.absences.known = make(map[string]absence)
	}
	s.absences.known[path] = absence{err, s.opts.Clock.Now()}
}
