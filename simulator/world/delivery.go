package world

import (
	"fmt"
	"time"
)

// Every message to the customer has a delivery. In a still world it is Sent at
// once, unless deliveries are held; in a lively one it begins as Sending, and
// its fate is decided later. A change of it is no record of its own, and gives
// the session no new last message.

// HoldDeliveries decides whether messages from now on stay Sending, until
// Deliver or Fail is called for them. Those already written stay as they are.
func (w *World) HoldDeliveries(hold bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.held = hold
}

// firstDelivery is what a new message to the customer has.
func (w *World) firstDelivery() Delivery {
	if w.held || w.people != nil {
		return Sending
	}
	return Sent
}

// Deliver lets a message arrive that is being sent.
func (w *World) Deliver(id, record int64) error {
	return w.do("deliver a message of", id, func(s *session) error {
		return w.settle(s, record, Sending, "")
	})
}

// Fail lets a message fail that is being sent, for a reason.
func (w *World) Fail(id, record int64, reason string) error {
	return w.do("fail a message of", id, func(s *session) error {
		return w.settle(s, record, Sending, failure(reason))
	})
}

// FailLate lets a message fail that had been Sent already. Nobody in a lively
// world does this; it is for tests of what a system should not tell.
func (w *World) FailLate(id, record int64, reason string) error {
	return w.do("fail a message of", id, func(s *session) error {
		return w.settle(s, record, Sent, failure(reason))
	})
}

// failure makes sure that a failed message has a reason.
func failure(reason string) string {
	if reason == "" {
		return failUnknown
	}
	return reason
}

// settle ends a delivery that is in the given state: without a reason to fail
// it has arrived.
func (w *World) settle(s *session, record int64, from Delivery, reason string) error {
	i, ok := s.find(record)
	if !ok {
		return fmt.Errorf("record %d: %w", record, ErrNotFound)
	}
	e := &s.records[i]
	if have := w.terms.list[e.delivery].text; have != string(from) {
		return fmt.Errorf("record %d has the delivery %q: %w", record, have, ErrNotAllowed)
	}
	to := Sent
	if reason != "" {
		to = Failed
	}
	e.delivery, e.why = w.terms.of(string(to), 0), w.terms.of(reason, 0)
	w.meters[s.ChannelID].settled(w.day(time.Unix(e.at, 0)), w.today(), from, to)
	return nil
}
