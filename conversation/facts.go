package conversation

import (
	"math"
	"time"
)

// Owner is who has a session for a stretch of time.
type Owner uint8

// The owners of a session.
const (
	// OwnerUnknown is an owner whom neither a record nor a listing has told.
	OwnerUnknown Owner = iota
	// OwnerAutomation is a bot or an automation.
	OwnerAutomation
	// OwnerQueue is a queue in which the session waits to be picked up.
	OwnerQueue
	// OwnerPeople is an agent, or all agents of a queue without pick-up.
	OwnerPeople
)

// OwnerOf is the owner that a state tells of.
func OwnerOf(s State) Owner {
	switch s {
	case StateAutomated:
		return OwnerAutomation
	case StateQueued:
		return OwnerQueue
	case StateAssigned, StateShared, StateArchived:
		return OwnerPeople
	default:
		return OwnerUnknown
	}
}

// flags are what is true of a session, a bit each: there may be many sessions.
type flags uint16

const (
	// isClosed is set between a closing and the message that reopens.
	isClosed flags = 1 << iota
	// firstDue is set while the first response of the stretch may still come.
	firstDue
	// apiWrote is set once an automation has written under the present owner.
	apiWrote
	// autoPickUp is set while the first reply picks the session up.
	autoPickUp
	// decided is set once it is known whether the window was lost.
	decided
	// whole is set while the records are known since the start or the reopening, so
	// that the customer's first message among them is his first.
	whole
	// byRequest is set while Unanswered is the customer's request and no message.
	byRequest
	// startTold is set once a session has started and ended without a record; one that
	// comes later counts for neither.
	startTold
	// served is set once one of our people has written in the present stretch.
	served
)

// Instant is a point in time in Unix seconds, until 2106; 0 is none. It is small,
// since there are several to a session.
type Instant uint32

// InstantOf is a time as an Instant: 0 for the zero Time, and for those that are out
// of its range the nearest that is in it.
func InstantOf(t time.Time) Instant {
	if t.IsZero() {
		return 0
	}
	return clamped(t.Unix())
}

// Unix is the instant in Unix seconds.
func (i Instant) Unix() int64 { return int64(i) }

func clamped(unix int64) Instant {
	return Instant(min(max(unix, 0), math.MaxUint32)) // #nosec G115 -- bounded
}

// Facts are what the records of one session come to. There are as many as sessions.
// The zero Facts know nothing.
type Facts struct {
	// Last is the id of the last record that was folded.
	Last int64
	// began is the id of the record that began the present stretch, 0 where that is
	// not known.
	began int64
	// Unanswered is the customer's first message since the last good reply or
	// closing, or his request where he has written none; HandedOver is the last
	// hand-over by a bot.
	Unanswered, HandedOver Instant
	// Entered is when the session came into its queue. Of one that a status leads no
	// record tells that.
	Entered Instant
	// Inbound is the customer's last message, Window the end of its reply window.
	Inbound, Window Instant
	// lost is the end of the last window that was lost.
	lost Instant
	// Unread counts the customer's messages since Unanswered.
	Unread uint32
	// Owner is who has the session.
	Owner Owner
	flags flags
}

// Awaits reports whether the customer is owed an answer (R1, R2).
func (f *Facts) Awaits() bool { return f.Unanswered != 0 && f.Owner != OwnerAutomation }

// Awaiting is whose turn it is.
func (f *Facts) Awaiting() Awaiting {
	if f.Awaits() {
		return AwaitingAgent
	}
	return AwaitingCustomer
}

// Clock is since when the customer has waited for a human (R1, R3), and whether
// he does.
func (f *Facts) Clock() (since int64, waits bool) {
	return max(f.Unanswered, f.HandedOver).Unix(), f.Awaits()
}

// LastLost is the end of the last window that was lost, in Unix seconds, or 0.
func (f *Facts) LastLost() int64 { return f.lost.Unix() }

// Closed reports whether the records end with a closing.
func (f *Facts) Closed() bool { return f.is(isClosed) }

func (f *Facts) is(flag flags) bool { return f.flags&flag != 0 }

func (f *Facts) set(flag flags, on bool) {
	f.flags &^= flag
	if on {
		f.flags |= flag
	}
}

// close is what a closing does to what is known (R1).
func (f *Facts) close() {
	f.Unanswered, f.HandedOver, f.Entered, f.Unread = 0, 0, 0, 0
	f.Owner, f.flags = OwnerUnknown, f.flags&decided|isClosed
}
