package conversation

// EventKind is what a counter or a histogram counts.
type EventKind uint8

// The kinds of an event.
const (
	// EventMessage is a message, by its Sender; system notices are none.
	EventMessage EventKind = iota
	// EventTemplate is a template message.
	EventTemplate
	// EventDropped is a record that was dropped because it lies in the future (R34).
	EventDropped
	// EventStarted is a session that became open: new, or reopened.
	EventStarted
	// EventTransferred is a move that no bot made, by To.
	EventTransferred
	// EventHandedOver is a move from a bot to people.
	EventHandedOver
	// EventPickedUp is a pick-up, Seconds after the entry into the queue.
	EventPickedUp
	// EventFailed is a message of ours that could not be delivered, by Failure.
	EventFailed
	// EventFirstResponse is the first good reply to a customer, Seconds after
	// the clock began; EventResponse is each of them.
	EventFirstResponse
	EventResponse
	// EventClosed is a closing, by Reason and Awaiting.
	EventClosed
	// EventWindowLost is a reply window that ended, at End, with the customer
	// unanswered (R33).
	EventWindowLost
)

// Settled reports whether an event is counted only when its record is settled
// (R18), since the delivery of a message decides it.
func (k EventKind) Settled() bool { return k >= EventFailed }

// Event is one thing that counts. The fields that its kind does not name are empty.
type Event struct {
	Kind EventKind
	// Record is the record that decides it (R20). Told is true where none does, but
	// the list itself.
	Record int64
	Told   bool
	// Seconds is how long it took.
	Seconds int64
	// End is when a lost window ended, in Unix seconds.
	End int64
	// Moved is, for a pick-up, the last of the records before it that moved the
	// session, closings and pick-ups included; 0 where none of those that were folded did.
	Moved    int64
	Sender   Sender
	To       Destination
	Failure  string
	Reason   CloseReason
	Awaiting Awaiting
}
