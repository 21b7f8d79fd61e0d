package yeastar

import (
	"slices"
	"time"
)

// Cursor is whether the row that first_msg_id names is given once more.
type Cursor int

// The two readings of the vendor's "ID of the first message to retrieve".
const (
	// Exclusive starts a page after the row that the cursor names.
	Exclusive Cursor = iota
	// Inclusive starts a page with that row.
	Inclusive
)

// KeepAlive is how long connections last that the client would use again.
type KeepAlive int

// What a PBX may do to a connection after an answer. The vendor's request
// overview says that it closes it, but not whether it tells so.
const (
	// KeepOpen leaves the connection to the client.
	KeepOpen KeepAlive = iota
	// DropIdle closes it after each answer without having told so.
	DropIdle
	// DropNext closes it when the next request arrives, which is not answered.
	DropNext
)

// Switches decide what the vendor leaves open, and what goes wrong. The zero
// value is a PBX in good order.
type Switches struct {
	// Cursor says whether pages overlap by a row.
	Cursor Cursor
	// PageSizeLimit clamps the page_size of session lists; 0 means no limit.
	PageSizeLimit int
	// NumberedPageSizeLimit clamps the page_size of the lists that are paged by
	// number, of queues, channels and extensions; 0 means no limit.
	NumberedPageSizeLimit int
	// MessagePageSizeLimit clamps the page_size of message/get and message/query;
	// 0 means no limit.
	MessagePageSizeLimit int
	// MessageIDLimit is how many ids message/query takes at a time; more are
	// refused with 40002. 0 means no limit.
	MessageIDLimit int
	// MessageQueryGlobal counts the page_size of message/query over all sessions
	// asked for, the newest records first, instead of for each. Sessions without
	// a record among them are missing.
	MessageQueryGlobal bool
	// MessagesOldestFirst turns the records of each page around.
	MessagesOldestFirst bool
	// NoReceiveTime makes receive_time 0.
	NoReceiveTime bool
	// MovesBySystem names nobody as the sender of transfers, moves into queues,
	// pick-ups and automatic closings, instead of who caused them.
	MovesBySystem bool
	// NoParam leaves param empty, which tells who moved a session whither.
	NoParam bool
	// MessagesUnsupported answers 10001 to message/get and message/query alone.
	MessagesUnsupported bool
	// GetAsData answers message_session/get under data instead of list.
	GetAsData bool
	// ClosedForgets makes queue_id and pickup_member_id of closed rows 0.
	ClosedForgets bool
	// PickupByExtension makes pickup_member_id the id of the extension, and not that
	// of its membership in the queue: the vendor calls either an agent's id.
	PickupByExtension bool
	// HiddenExtensions are the numbers of those that extension/list does not name,
	// whatever queues they are members of.
	HiddenExtensions []string
	// NoPresenceStatus and NoOnlineStatus leave these fields out of extension/list.
	NoPresenceStatus, NoOnlineStatus bool
	// PlanLapsed gives every channel the status of a plan that does not have it.
	PlanLapsed bool
	// OutcomesWhenKnown counts in a channel's delivered and failed what became known
	// in the range, instead of what became of the messages that were sent in it: then
	// they may be more than sent. The vendor does not say which.
	OutcomesWhenKnown bool
	// QueueIDLimit is how many ids message_queue/query takes at a time; more are
	// refused with 40002. 0 means no limit.
	QueueIDLimit int
	// DropExtraIDs answers the first QueueIDLimit or MessageIDLimit ids instead of
	// refusing more.
	DropExtraIDs bool
	// OldFirmware answers 10001 to all message endpoints, as a PBX does that is
	// older than they are.
	OldFirmware bool
	// UnknownExtensionFails answers 60001 for a user_no that does not exist,
	// instead of an empty list.
	UnknownExtensionFails bool
	// CloseConnections ends the connection after each answer, as the vendor's
	// request overview says the PBX does.
	CloseConnections bool
	// KeepAlive is what becomes of connections that CloseConnections leaves open.
	KeepAlive KeepAlive
	// TokenLimit is how many access tokens are valid at a time; 0 means 8, which
	// is what the vendor says.
	TokenLimit int
	// TokenCalls is after how many calls an access token dies; 0 means never.
	// Only calls that are made while the switch is on count.
	TokenCalls int
	// LoginKillsTokens ends all earlier tokens by each get_token, as one field
	// note says, against the vendor's page.
	LoginKillsTokens bool
	// RefreshKeepsToken leaves the old access token valid when it is refreshed.
	RefreshKeepsToken bool
	// AllowedIPs are the only addresses that may call; empty means all.
	AllowedIPs []string
	// BumpBetweenPages lets the customer of the next page's first session write
	// as soon as a page is given, so that the session escapes the paging.
	BumpBetweenPages bool
	// NumbersAsStrings writes every number but errcode as a string.
	NumbersAsStrings bool
	// ErrcodeAsString writes errcode as a string.
	ErrcodeAsString bool
	// NullLists writes empty lists as null.
	NullLists bool
	// Latency holds every answer back by real time.
	Latency time.Duration
	// DateSkew is by how much the Date header is ahead of the PBX's own clock.
	DateSkew time.Duration
	// ClockSkew is by how much the PBX's own clock is ahead, by which it dates
	// everything: the Date header, records and system/information alike. Its day
	// begins with the world's all the same.
	ClockSkew time.Duration
}

func (sw Switches) clone() Switches {
	sw.AllowedIPs, sw.HiddenExtensions = slices.Clone(sw.AllowedIPs), slices.Clone(sw.HiddenExtensions)
	return sw
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
