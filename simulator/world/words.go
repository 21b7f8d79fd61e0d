// Package world is a small world of customers and agents who write to each
// other, on a virtual clock with a seed: the same seed and the same advances
// give the same conversations. It knows no HTTP and no vendor's words; the
// dialects serve it.
package world

import (
	"errors"
	"slices"
	"time"
)

// What an operation on a world can be refused for.
var (
	// ErrNotFound says that there is no such session, queue or agent.
	ErrNotFound = errors.New("not found")
	// ErrClosed says that the session is closed.
	ErrClosed = errors.New("session is closed")
	// ErrNotAllowed says that the session's owner or queue does not allow it.
	ErrNotAllowed = errors.New("not allowed")
)

// ReplyWindow is how long after a customer's message WhatsApp and Facebook
// allow a free reply.
const ReplyWindow = 24 * time.Hour

// Medium is what a conversation goes over.
type Medium string

// The media that customers write through.
const (
	WhatsApp Medium = "whatsapp"
	Facebook Medium = "facebook"
	SMS      Medium = "sms"
	Livechat Medium = "livechat"
)

// HasWindow tells whether free replies end some time after the customer's last
// message.
func (m Medium) HasWindow() bool { return m == WhatsApp || m == Facebook }

// Mode is how sessions of a queue find their agent.
type Mode string

// The modes of a queue.
const (
	// ModeNone has no pick-up: all members see and answer a session for ever.
	ModeNone Mode = "none"
	// ModeAuto gives the session to the first member who replies.
	ModeAuto Mode = "auto"
	// ModeManual gives the session to the member who picks it up.
	ModeManual Mode = "manual"
)

// Presence is what agents say of themselves.
type Presence string

// The presences of an agent.
const (
	Available    Presence = "available"
	Away         Presence = "away"
	Lunch        Presence = "lunch"
	Busy         Presence = "busy"
	BusinessTrip Presence = "trip"
	OffWork      Presence = "off"
)

// Clients are the programs and devices of an agent that are connected.
type Clients uint8

// What an agent may be reached by.
const (
	Desktop Clients = 1 << iota
	Mobile
	Web
	Phone
)

// Has tells whether one of the given is among them.
func (c Clients) Has(one Clients) bool { return c&one != 0 }

// Agent is a person with an extension.
type Agent struct {
	// ID is the extension's id, which is not its number.
	ID int
	// Number is the extension's number, such as "1001".
	Number string
	// Name is the agent's name, a marked canary.
	Name string
	// Presence is what the agent says of himself.
	Presence Presence
	// Clients are those of the agent's clients that are connected.
	Clients Clients
}

// Member is an agent's membership of one queue.
type Member struct {
	// ID is the id of the membership; it differs from the extension's id.
	ID int
	// Number is the agent's extension number.
	Number string
}

// Queue is where sessions wait for an agent.
type Queue struct {
	ID      int
	Name    string
	Mode    Mode
	Members []Member
}

// Link is whether a channel is connected with its provider.
type Link string

// The links of a channel.
const (
	Connected Link = "connected"
	// Broken is a link that does not work at the moment.
	Broken Link = "broken"
	// Lapsed is one that is no longer paid for.
	Lapsed Link = "lapsed"
)

// Channel is one of the business's own addresses.
type Channel struct {
	ID     int
	Medium Medium
	Name   string
	// Provider is who carries the messages.
	Provider string
	// DID is the number or page that customers write to; it starts with +999.
	DID string
	// Link is Connected by default; Trouble is why it is not, if it is not.
	Link    Link
	Trouble string
}

// Customer is who writes; name and number are marked canaries.
type Customer struct {
	Name   string
	Number string
}

// Viewer is whose list of sessions is asked for: an extension's number, or API.
type Viewer string

// API is the viewer of what is routed to the programming interface.
const API Viewer = "api"

// Reason is why a session was closed.
type Reason string

// The reasons of a closing.
const (
	ByAgent    Reason = "agent"
	ByCustomer Reason = "customer"
	ByTimeout  Reason = "timeout"
)

// State is what an open session is in, seen from all sides at once.
type State string

// The states of an open session; they are disjoint.
const (
	Queued    State = "queued"
	Assigned  State = "assigned"
	Automated State = "automated"
	Shared    State = "shared"
	Archived  State = "archived"
)

// Session is one conversation with one customer. The world hands out copies.
type Session struct {
	ID     int64
	Medium Medium
	// ChannelID is the channel that it goes over, DID the address of that.
	ChannelID int
	DID       string
	Customer  Customer
	// QueueID is the queue that handles the session; 0 where there is none.
	QueueID int
	// MemberID is who picked it up from that queue; 0 while nobody has.
	MemberID int
	// Extension is the number of the agent who has it, picked up or directly.
	Extension string
	// API tells that it is routed to the programming interface.
	API bool
	// Campaign tells that a campaign started it.
	Campaign bool
	Closed   bool
	// Reason is why it was closed; empty while it is open.
	Reason Reason
	// LastMessageID is the id of the last record of any kind.
	LastMessageID int64
	// ArchivedBy are the viewers who have put it away.
	ArchivedBy []Viewer
	Opened     time.Time
	// LastRecord is the time of the last record of any kind.
	LastRecord time.Time
	// LastInbound is the time of the customer's last message; zero without any.
	LastInbound time.Time
	// LastOutbound is the time of the last message to the customer; zero without any.
	LastOutbound time.Time
	// Entered is when it came into its queue the last time; zero without a queue.
	Entered  time.Time
	PickedUp time.Time
	Ended    time.Time
}

// WindowEnd is when free replies end, and whether they end at all. A session
// of a windowed medium whose customer never wrote has a zero end: it is over.
func (s *Session) WindowEnd() (time.Time, bool) {
	if !s.Medium.HasWindow() {
		return time.Time{}, false
	}
	if s.LastInbound.IsZero() {
		return time.Time{}, true
	}
	return s.LastInbound.Add(ReplyWindow), true
}

// IsArchivedBy tells whether the viewer has put the session away.
func (s *Session) IsArchivedBy(v Viewer) bool { return slices.Contains(s.ArchivedBy, v) }

// Kind is what a record tells.
type Kind uint8

// The kinds of a record.
const (
	KindMessage Kind = iota
	KindTransferred
	KindQueued
	KindPickedUp
	KindClosed
)

// Side is who caused a record.
type Side uint8

// The sides of a conversation.
const (
	SideCustomer Side = iota
	SideAgent
	SideAPI
	SideSystem
)

// Delivery is how far a message to the customer has come.
type Delivery string

// The deliveries of a message.
const (
	Sending Delivery = "sending"
	Sent    Delivery = "sent"
	Failed  Delivery = "failed"
)

// Record is one entry of a conversation: a message, or something that happened
// to the session.
type Record struct {
	ID      int64
	Session int64
	At      time.Time
	Kind    Kind
	Side    Side
	// Number is the extension of the agent who caused it, if one did.
	Number string
	// To names the destination of a move.
	To string
	// ToQueue is the id of the queue that it was moved into; 0 for all else.
	ToQueue int
	// FromQueue is the id of the queue that it was moved out of; 0 without one.
	FromQueue int
	// Template tells that the message is a template of a campaign.
	Template bool
	// Reason is why a closing closed the session.
	Reason Reason
	// Delivery is how far a message to the customer has come; empty for all else.
	Delivery Delivery
	// Failure is why it could not be delivered, once it failed.
	Failure string
}
