package conversation

import (
	"slices"
	"time"
)

// Kind is what a record of a conversation tells.
type Kind uint8

// The kinds of a record.
const (
	// KindOther is anything that neither says something nor moves the session,
	// such as a note on a call.
	KindOther Kind = iota
	// KindMessage is something said to the other side.
	KindMessage
	// KindTransferred is a move to an agent or to the API.
	KindTransferred
	// KindQueued is a move into a queue.
	KindQueued
	// KindPickedUp is an agent who takes the session out of its queue.
	KindPickedUp
	// KindClosed is the end of the session, which may be opened again.
	KindClosed
	// KindReopened is a customer who opens the session again, before he writes.
	KindReopened
)

// Sender is who wrote a message.
type Sender string

// The senders of messages. System notices are of KindOther.
const (
	SenderCustomer Sender = "customer"
	SenderAgent    Sender = "agent"
	SenderBot      Sender = "bot"
	SenderAPI      Sender = "api"
)

// Delivery is how far a message of ours has come.
type Delivery uint8

// The deliveries of a message.
const (
	// DeliveryUntold is that of messages for which the system tells none; they
	// count as delivered.
	DeliveryUntold Delivery = iota
	// DeliverySending is a message that is still under way.
	DeliverySending
	// DeliverySent is a message that was delivered.
	DeliverySent
	// DeliveryFailed is a message that could not be delivered.
	DeliveryFailed
)

// Receipt is whether the customer has read a message.
type Receipt uint8

// The receipts of a message.
const (
	// ReceiptUntold is that of messages for which the system tells none, and of the
	// customer's own.
	ReceiptUntold Receipt = iota
	// ReceiptUnread is a message that the customer has not read. That may change
	// without any other sign, so such a message is to be read again.
	ReceiptUnread
	// ReceiptRead is one that he has read.
	ReceiptRead
)

// Destination is where a transfer leads.
type Destination string

// The destinations of a transfer.
const (
	// ToUntold is a transfer whose record does not say where it leads.
	ToUntold Destination = ""
	ToQueue  Destination = "queue"
	ToAgent  Destination = "agent"
	ToAPI    Destination = "api"
)

// CloseReason is why a session was closed.
type CloseReason string

// The reasons of a closing. Abandoned is what a closing by the customer or by a
// time limit is called while the session waits in a queue.
const (
	ClosedByAgent    CloseReason = "agent"
	ClosedByCustomer CloseReason = "customer"
	ClosedByTimeout  CloseReason = "timeout"
	ClosedAbandoned  CloseReason = "abandoned"
	ClosedAsTicket   CloseReason = "ticket"
	ClosedOtherwise  CloseReason = "other"
)

// Record is one entry of a conversation: a message, or something that happened
// to the session. It holds no text and no name.
type Record struct {
	// ID is the system's own number, above 0; a later record has a higher one.
	ID int64
	// At is when it happened, by our clock.
	At time.Time
	// Kind is what it tells.
	Kind Kind
	// Sender is who wrote a message.
	Sender Sender
	// Human is true for a message that a person of ours wrote to the customer, and
	// that may therefore answer him.
	Human bool
	// ByBot is true for a move whose own record says that an automation made it.
	ByBot bool
	// To is where a transfer leads, and ToBot is true where an automation is there.
	To    Destination
	ToBot bool
	// Reason is why a session was closed.
	Reason CloseReason
	// Template is true for a template message.
	Template bool
	// Delivery is how far a message of ours has come.
	Delivery Delivery
	// Failure is why a message could not be delivered, in the system's own enum or
	// "other"; never its text.
	Failure string
	// ReadByCustomer is whether the customer has read what was written to him.
	ReadByCustomer Receipt
}

// Answers reports whether a record is a good reply (R5): a person's message that
// did not fail and, in a campaign's session, is no template. One that is still
// being sent is good for the time being.
func (r *Record) Answers(campaign bool) bool {
	return r.Kind == KindMessage && r.Human && r.Delivery != DeliveryFailed && (!campaign || !r.Template)
}

// Sending reports whether a record is a message that is still under way.
func (r *Record) Sending() bool { return r.Kind == KindMessage && r.Delivery == DeliverySending }

// Want asks for the records of one session.
type Want struct {
	// Session is the session's id.
	Session int64
	// After is the last record that is known: what is above it is wanted. 0 means
	// that nothing is known, and the read is the session's first.
	After int64
	// Listed is the id of the newest message that the listing showed; 0 where the
	// session is not listed. A thread that ends below it is looked for elsewhere.
	Listed int64
	// Floor is the record that a first read must reach: nothing at or below it
	// counts.
	Floor int64
	// Queued is true for a first read of a session that waits in a queue, whose
	// entry into it must be reached.
	Queued bool
	// Campaign is true for a session that a campaign began.
	Campaign bool
	// Limit is how many records are read at most.
	Limit int
}

// Reached reports whether the records that were read go back far enough (R29). A
// read of what is new must close the gap to the last record that is known. A
// first read must reach the floor, the last good reply that has arrived or
// closing, the last message of the customer unless a closing comes after it and,
// for a session that waits, its entry into the queue.
func (w Want) Reached(records []Record) bool {
	if w.After > 0 {
		return slices.ContainsFunc(records, func(r Record) bool { return r.ID <= w.After })
	}
	var floor, answer, customer, entry bool
	for i := range records {
		r := &records[i]
		closed := r.Kind == KindClosed
		floor = floor || r.ID <= w.Floor
		answer = answer || closed || r.Answers(w.Campaign) && !r.Sending()
		customer = customer || closed || r.Kind == KindMessage && r.Sender == SenderCustomer
		entry = entry || closed || r.Kind == KindQueued
	}
	return floor && answer && customer && (entry || !w.Queued)
}

// Thread is the answer to a Want: the records of one session, the gap to what
// was known closed.
type Thread struct {
	// Session is the session's id.
	Session int64
	// Records are in ascending order of their ids. Some may be known already.
	Records []Record
	// FromStart is true where the first record is the first of the session.
	FromStart bool
	// Skipped counts, at the least, the records that were passed over because
	// there were more than the limit.
	Skipped int
	// ReadAt is our clock when the answer arrived.
	ReadAt time.Time
}

// Mark is how far the closed sessions were swept. The zero Mark is before the
// first sweep.
type Mark struct {
	// Viewers has, for each viewer whose list of closed sessions was read to its
	// end, the message id of its first row then; 0 for an empty list.
	Viewers map[string]int64
	// Session is the highest id of a session that the sweep has told or passed over, 0
	// where sessions are not told by their ids.
	Session int64
	// Message is the highest id that any message of the system had, 0 where the system
	// does not tell.
	Message int64
	// Time is when the sweep was made, by the clock of the system; zero where it does
	// not matter. Told are the sessions of the sweep that ended so shortly before that
	// the next one meets them again, and when they did.
	Time time.Time
	Told map[int64]time.Time
}
