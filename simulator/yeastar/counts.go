package yeastar

import (
	"slices"

	"conversation_exporter/simulator/world"
)

// labels are those of a session at a reading.
type labels struct {
	place  Place
	origin string
	// from gives the place under which the pick-up by a record counts.
	from func(record int) Place
}

// deedKind is what kind of thing is counted.
type deedKind int

const (
	deedMessage deedKind = iota
	deedTemplate
	deedFailure
	deedStart
	deedClosing
	deedLoss
	deedMove
	deedFirstResponse
	deedResponse
	deedPickUp
)

// settles tells whether a thing is counted when it is settled, and not when it is
// read (R18).
func (k deedKind) settles() bool {
	switch k {
	case deedFailure, deedClosing, deedLoss, deedFirstResponse, deedResponse:
		return true
	default:
		return false
	}
}

// deed names a thing that is counted once: its kind, and the record that
// completes it. For a lost window it is the message whose window it was.
type deed struct {
	kind deedKind
	id   int64
}

// event is one thing that happened, and how it is counted.
type event struct {
	deed
	add func(*Counts)
}

// failureReason is the vendor's word for why a message failed, if it is one of
// those that are documented.
func failureReason(word string) string {
	known := []string{
		"invalid_webhook_request", "unsupported_callback_type", "resource_not_found", "invalid_did_number", "auth_fail",
		"auth_not_exit", "request_fail", "send_fail", "exceeds_size_limit", "too_many_request", "unsupport_media_type",
		"invalid_param", "invalid_phone_number", "exceeds_time_limit", "service_unavailable", "service_error",
		"unknown_error", "template_not_exist", "msg_exceed",
	}
	if slices.Contains(known, word) {
		return word
	}
	return "other"
}

// senderOf is who is counted as the sender of a message; a notice of the system
// has none.
func senderOf(s world.Side) string {
	switch s {
	case world.SideCustomer:
		return "customer"
	case world.SideAgent:
		return "agent"
	case world.SideAPI:
		return "api"
	default:
		return ""
	}
}
