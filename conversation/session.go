// Package conversation holds the vendor-neutral words of the exporter: what a
// session, a queue and a reply window are, whatever system they were read from,
// and the Source, the one door through which every system is read.
//
// It knows no vendor, no clock and no network.
package conversation

import "time"

// State is who an open session rests with. The states are disjoint: every open
// session is in exactly one of them.
type State string

// The states of an open session (design, section 3).
const (
	// StateArriving is a visitor in a form that precedes the conversation.
	StateArriving State = "arriving"
	// StateQueued is a session in a queue that nobody has picked up.
	StateQueued State = "queued"
	// StateAssigned is a session that an agent has.
	StateAssigned State = "assigned"
	// StateAutomated is a session that a bot or an automation has.
	StateAutomated State = "automated"
	// StateShared is a session in a queue without pick-up, so nobody ever will.
	StateShared State = "shared"
	// StateArchived is open but put away by everybody who sees it.
	StateArchived State = "archived"
)

// Meaning explains the state to who has never seen its name.
func (s State) Meaning() string {
	switch s {
	case StateArriving:
		return "in a form before the conversation"
	case StateQueued:
		return "in a queue, nobody has picked it up"
	case StateAssigned:
		return "an agent has it"
	case StateAutomated:
		return "a bot or an automation has it"
	case StateShared:
		return "in a queue without pick-up"
	case StateArchived:
		return "open, but put away by everybody who sees it"
	default:
		return ""
	}
}

// Origin is how a session came to be.
type Origin string

// The origins of a session.
const (
	// OriginRegular is a session begun by a customer, an agent or an API.
	OriginRegular Origin = "regular"
	// OriginCampaign is a session begun by a bulk campaign.
	OriginCampaign Origin = "campaign"
)

// Awaiting is whose turn it is in a session.
type Awaiting string

// The sides that may be awaited.
const (
	// AwaitingAgent means that the customer is owed an answer.
	AwaitingAgent Awaiting = "agent"
	// AwaitingCustomer means that the next word is the customer's.
	AwaitingCustomer Awaiting = "customer"
	// AwaitingUnknown means that the messages were not read.
	AwaitingUnknown Awaiting = "unknown"
)

// Session is one conversation with one customer, open or closed. It holds nothing that
// could name the customer: no number, no address, no text.
type Session struct {
	// ID is the system's own number of the session, unique in one target.
	ID int64
	// Channel is the system's word for the channel, such as "whatsapp".
	Channel string
	// Queue is the queue that handles the session; its ID is 0 where there is none.
	Queue Queue
	// Agent is the Agent.ID of who has the session; empty where nobody has it, or
	// where it is not known who.
	Agent string
	// Origin is how the session came to be.
	Origin Origin
	// State is who the session rests with.
	State State
	// StateSure is false where a view was missing that could have told another
	// state; what is remembered of the session is then worth more than State.
	StateSure bool
	// Awaiting is whose turn it is, as far as the list itself tells.
	Awaiting Awaiting
	// LastMessage is the id of the newest message, 0 where the list does not tell.
	LastMessage int64
	// ByStatus is true where the system leads the session by a status: then the list
	// tells whose turn it is, who has it and whether it is over, and no record tells
	// how it came into a queue, from a bot or to the agent who picked it up.
	ByStatus bool
	// LastActivity is when anybody last wrote, by the system's own account; zero where
	// the list does not tell. A system may have told it before the message itself.
	LastActivity time.Time
	// Requested is when the customer asked for the conversation, Started when an agent
	// took it, Ended when it was closed; each is zero where that is not so or not told.
	Requested, Started, Ended time.Time
	// Closed is true for a session that is over; State is then how it was left.
	Closed bool
	// CloseReason is why a session is over, where the list itself tells; it beats what
	// the records say. Else it is empty.
	CloseReason CloseReason
	// Transfer is whether the session is offered to a colleague.
	Transfer Transfer
	// Window is the time in which a free reply is allowed.
	Window Window
	// ShownBy are the viewers that showed the session in this pass.
	ShownBy *ViewerSet
	// ListedAt is our clock when the answer that listed the session arrived.
	ListedAt time.Time
}

// Transfer is whether a session is offered to a colleague who has yet to accept it.
type Transfer uint8

// The answers to that.
const (
	// TransferUntold means that the system does not tell, or could not be asked.
	TransferUntold Transfer = iota
	// TransferNone means that it is offered to nobody.
	TransferNone
	// TransferPending means that somebody has yet to accept it.
	TransferPending
)

// Window is the time after a customer's message in which the channel allows a
// free reply. The zero Window means that the session has none.
type Window struct {
	// Has is true for a session that has a reply window, open or over.
	Has bool
	// End is when the window ends or ended, by our clock.
	End time.Time
}

// Queue is a waiting line that agents pick sessions up from.
type Queue struct {
	// ID is the system's own number of the queue, 0 for no queue.
	ID int64
	// Name is the queue's name as people know it.
	Name string
	// Mode is the system's word for how its sessions come to an agent; empty where
	// that was never told.
	Mode string
	// AutoPickUp is true for a queue in which the first reply picks a session up,
	// without a record that says so.
	AutoPickUp bool
	// Channel is the one channel whose sessions the queue gets; empty where it gets
	// those of several.
	Channel string
	// AgentsTold is true where the system has told who the queue's agents are.
	AgentsTold bool
	// Open is whether it is within the queue's opening hours. A session's own Queue
	// does not tell.
	Open Opening
	// Limits are those that the system itself warns of. A session's own Queue has none.
	Limits Limits
}

// Opening is whether a queue is within its opening hours.
type Opening uint8

// The answers to that.
const (
	// OpeningUntold means that the system does not tell, or could not be asked.
	OpeningUntold Opening = iota
	// OpeningClosed means that it is outside.
	OpeningClosed
	// OpeningOpen means that it is within them, or has none.
	OpeningOpen
)

// Limits are how long a customer of a queue may wait before the system itself
// warns somebody. 0 means that it warns nobody, or does not tell.
type Limits struct {
	// NewSessionAgent and NewSessionManager are for a session that nobody has picked
	// up, NewMessageAgent and NewMessageManager for a message without an answer.
	NewSessionAgent, NewSessionManager, NewMessageAgent, NewMessageManager time.Duration
}
