package yeastar

import (
	"fmt"
	"time"
)

const (
	// skewMost is what no clock should be wrong by, so that it is warned of. The
	// warning ends a little below, lest it come and go at the limit.
	skewMost = time.Minute
	// skewReset is what no clock runs wrong by: it was set. Times from before are
	// corrected all the same, as nothing tells them from those after it.
	skewReset = 24 * time.Hour
)

// clockError says by how much the clock of the PBX is ahead of ours.
type clockError time.Duration

// Error implements error.
func (e clockError) Error() string {
	skew := time.Duration(e)
	way := "ahead of"
	if skew < 0 {
		way = "behind"
	}
	text := fmt.Sprintf("the clock of the PBX is %s %s ours, which is corrected", skew.Abs().Round(time.Second), way)
	if skew.Abs() > skewReset {
		text += ", but wrongly for messages from before a clock was set so"
	}
	return text + ": let both the PBX and this machine take their time from a time server (NTP)"
}

// Key leaves out the figure, which changes from answer to answer.
func (clockError) Key() string { return "the clock of the PBX is wrong" }

// warnings are what an operator should know although nothing is missing.
func (s *Source) warnings() []error {
	warnings := s.tokens.warnings()
	skew, told := s.client.Skew()
	s.mu.Lock()
	defer s.mu.Unlock()
	most := skewMost
	if s.clockTold {
		most -= skewLeast
	}
	if s.clockTold = told && skew.Abs() > most; s.clockTold {
		warnings = append(warnings, clockError(skew))
	}
	return warnings
}
