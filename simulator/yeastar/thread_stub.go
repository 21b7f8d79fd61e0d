package yeastar

import (
	"time"

	"conversation_exporter/simulator/world"
)

// thread notes the records of a session that an answer shows.
func (n *notes) thread(_ int64, _ []world.Record, _ time.Time) {}

// closedPage notes one page of a viewer's list of closed sessions.
func (n *notes) closedPage(_ world.Query, _ []world.Session, _ time.Time) {}
