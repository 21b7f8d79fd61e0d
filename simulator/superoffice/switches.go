package superoffice

import (
	"slices"
	"time"
)

// Dates is how the dates of chats are written. Those of messages are in UTC.
type Dates int

// The ways of writing dates.
const (
	// DatesUnmarked are in the server's zone, and nothing says so, whatever was
	// asked for.
	DatesUnmarked Dates = iota
	// DatesTagged are in the server's zone, and carry its offset where
	// includeTZOffset was asked for.
	DatesTagged
	// DatesPretended are in the server's zone, and called UTC where includeTZOffset
	// was asked for: what an installation does that knows one zone only.
	DatesPretended
	// DatesConverted are in the zone that was asked for, as the vendor's page says,
	// and carry its offset where that was asked for, too. It knows UTC alone.
	DatesConverted
)

// NextLink is how a list tells that it goes on.
type NextLink int

// The forms of odata.nextLink.
const (
	// NextNull is there and null, whether the list goes on or not.
	NextNull NextLink = iota
	// NextAbsent is not there at all.
	NextAbsent
	// NextURL names the next page where there is one, under a host that a client
	// cannot reach, as behind a proxy.
	NextURL
)

// Missing is what is answered for a chat that is not there.
type Missing int

// The answers for what is not there.
const (
	// MissingFails is 404.
	MissingFails Missing = iota
	// MissingEmpty is an empty list; of an entity it is null.
	MissingEmpty
	// MissingNull is null with 200.
	MissingNull
)

// Nobody is how a chat without an agent is written.
type Nobody int

// The forms of nobody. In the entity it is null but for NobodySystem.
const (
	// NobodyZero is the id 0, NobodyNull is null, NobodyMinus is -1.
	NobodyZero Nobody = iota
	NobodyNull
	NobodyMinus
	// NobodySystem is the system user, whose id is 1.
	NobodySystem
)

// Columns is what becomes of a column that a provider does not know.
type Columns int

// The answers to unknown columns.
const (
	// ColumnsRefused answers 400.
	ColumnsRefused Columns = iota
	// ColumnsDropped leaves the cell out, ColumnsEmpty leaves it empty; a filter
	// over it is refused all the same.
	ColumnsDropped
	ColumnsEmpty
)

// Switches decide what the vendor leaves open, and what goes wrong. The zero
// value is a server in good order.
type Switches struct {
	// Dates is how the dates of chats are written (quirk 3).
	Dates Dates
	// DateFraction is how many digits of a fraction dates have.
	DateFraction int
	// ColonInOffset writes +02:00 instead of +0200.
	ColonInOffset bool
	// PostedLocal writes the dates of messages in the server's zone, against what
	// the vendor says.
	PostedLocal bool
	// BotDelay is by how much the messages of bots are dated ahead (quirk 14).
	BotDelay time.Duration

	// NumericKeys writes PrimaryKey as a number in Slim rows, too (quirk 1).
	NumericKeys bool
	// RawAsText writes RawValue of Full rows as texts.
	RawAsText bool
	// LogicalLists writes the ids of lists in Slim rows instead of labels (quirk 4).
	LogicalLists bool
	// NextLink is how a list tells that it goes on (quirk 5).
	NextLink NextLink
	// TopDefault is how many rows a page has without $top; 0 means 1000. TopLimit
	// is how many it has at most; 0 means no limit.
	TopDefault, TopLimit int
	// AllowBounds lets le and ge work on numbers (quirk 11).
	AllowBounds bool
	// UnfilteredRefused answers 400 to a list of sessions without $filter.
	UnfilteredRefused bool
	// OldServer lacks the columns that came after 2021: duration, timeInQueue,
	// queueLength, rating, agent and status.
	OldServer bool
	// UnknownColumns is what becomes of unknown columns.
	UnknownColumns Columns
	// RunningTimes gives timeInQueue and duration of what is not over yet up to
	// now, instead of 0.
	RunningTimes bool

	// DynamicStatus is the HTTP status of the dynamic provider where it does not
	// work, such as 403 or 404; 0 lets it work.
	DynamicStatus int
	// DynamicLacks are columns that it does not know, as "chat_session.idle".
	DynamicLacks []string
	// DynamicEquals makes it refuse oneOf and notOneOf.
	DynamicEquals bool
	// DynamicNumbers writes bools as 0 and 1, DynamicLabels enums by their labels.
	DynamicNumbers, DynamicLabels bool

	// Missing is what is answered for the messages of a chat that is not there,
	// MissingEntity for the chat itself.
	Missing, MissingEntity Missing
	// Vanished are chats that lists show, and that are not there when asked for.
	Vanished []int64
	// HiddenTopics are topics whose chats the user has no right to see.
	HiddenTopics []int
	// AfterInclusive begins with the message of "after", NewestFirst is the order
	// of messages.
	AfterInclusive, NewestFirst bool
	// InboundUnread writes ReadByCustomer 0 on what the customer wrote himself.
	InboundUnread bool
	// ReadMark is what ReadByCustomer is for a message that was read; 0 means 1
	// (quirk 10).
	ReadMark int
	// NullUnselected writes null for all that $select leaves out of an entity,
	// also for numbers and dates (quirk 7).
	NullUnselected bool
	// Nobody is how a chat without an agent is written (quirk 17).
	Nobody Nobody
	// NumericEnums writes enums as numbers, UnknownEnums some with values that no
	// documentation has (quirk 15).
	NumericEnums, UnknownEnums bool
	// ResetRenews makes the time of the hand-over the time of the request.
	ResetRenews bool
	// PresenceByAssociate makes UserId the id of the associate.
	PresenceByAssociate bool
	// NullPresence answers null for the list of presences (quirk 6).
	NullPresence bool

	// CustomReasons writes the vendor's own reason phrases (quirk 16). Each answer
	// that has one ends its connection then.
	CustomReasons bool
	// BareUnauthorized answers 401 without a body.
	BareUnauthorized bool
	// TimestampTolerance is by how much the time in a signed token may be off;
	// 0 means five minutes.
	TimestampTolerance time.Duration
	// SignInStatus is the HTTP status of a system user's sign-in that failed; 0
	// means 200, with IsSuccessful false.
	SignInStatus int
	// JWTForeignKey signs the tokens with a key that no list has, JWTUnsigned not
	// at all, and JWTNoTicket leaves the ticket out.
	JWTForeignKey, JWTUnsigned, JWTNoTicket bool
	// ConsentRevoked ends what the tenant has allowed the application.
	ConsentRevoked bool
	// State is the state of the tenant; empty means Running.
	State string
	// StateHost is the host that the state names, wherever the tenant is.
	StateHost string

	// CloseConnections ends the connection after each answer.
	CloseConnections bool
	// Latency holds every answer back by real time.
	Latency time.Duration
	// DateSkew is by how much the Date header is ahead of the server's own clock.
	DateSkew time.Duration
	// ClockSkew is by how much the server's own clock is ahead, by which it dates
	// everything.
	ClockSkew time.Duration
}

func (sw Switches) clone() Switches {
	sw.DynamicLacks, sw.Vanished, sw.HiddenTopics = slices.Clone(sw.DynamicLacks), slices.Clone(sw.Vanished), slices.Clone(sw.HiddenTopics)
	return sw
}

// down tells whether the API of the tenant is away in its state.
func (sw *Switches) down() bool {
	return sw.State != "" && sw.State != stateRunning && sw.State != stateMaintained
}

// Set changes the switches, for all requests from now on. The function gets
// the present ones and must not call the server.
func (s *Server) Set(change func(*Switches)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := s.switches.clone()
	change(&next)
	s.switches = next.clone()
}
