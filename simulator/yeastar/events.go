package yeastar

import (
	"time"

	"conversation_exporter/simulator/world"
)

// events gives everything that a history tells and that can be counted now
// (R18), but for lost windows.
func (h *history) events(l labels) []event {
	var list []event
	for i := range h.records {
		list = append(list, h.said(i, l)...)
		list = append(list, h.moved(i, l)...)
		if i < h.settled {
			list = append(list, h.settledEvents(i, l)...)
		}
	}
	return list
}

// said are the events of a message when it is read.
func (h *history) said(i int, l labels) []event {
	var list []event
	r := &h.records[i]
	if h.starts(i) {
		list = append(list, event{deed{deedStart, r.ID}, func(c *Counts) { c.Started[StartKey{Place: l.place, Origin: l.origin}]++ }})
	}
	sender := senderOf(r.Side)
	if r.Kind != world.KindMessage || sender == "" {
		return list
	}
	list = append(list, event{deed{deedMessage, r.ID}, func(c *Counts) { c.Messages[MessageKey{Channel: l.place.Channel, Sender: sender}]++ }})
	if r.Template {
		list = append(list, event{deed{deedTemplate, r.ID}, func(c *Counts) { c.Templates[l.place.Channel]++ }})
	}
	return list
}

// moved are the events of a record that moves the session.
func (h *history) moved(i int, l labels) []event {
	var list []event
	r := &h.records[i]
	to := ""
	switch {
	case r.Kind == world.KindQueued:
		to = "queue"
	case r.Kind == world.KindTransferred && r.To == string(world.API):
		to = "api"
	case r.Kind == world.KindTransferred:
		to = "agent"
	}
	switch {
	case to == "":
	case h.handsOver(i):
		list = append(list, event{deed{deedMove, r.ID}, func(c *Counts) { c.HandOvers[l.place]++ }})
	default:
		list = append(list, event{deed{deedMove, r.ID}, func(c *Counts) { c.Transfers[TransferKey{Place: l.place, To: to}]++ }})
	}
	if entered, known := h.entered(i); known && h.picks(i) {
		place, seconds := l.from(i), max(r.At.Sub(entered), 0).Seconds()
		list = append(list, event{deed{deedPickUp, r.ID}, func(c *Counts) { c.PickUp[place] = c.PickUp[place].With(seconds) }})
	}
	return list
}

// settledEvents are the events of a record that is settled.
func (h *history) settledEvents(i int, l labels) []event {
	var list []event
	r := &h.records[i]
	if r.Kind == world.KindMessage && r.Side != world.SideCustomer && r.Delivery == world.Failed {
		key := FailureKey{Channel: l.place.Channel, Reason: failureReason(r.Failure)}
		list = append(list, event{deed{deedFailure, r.ID}, func(c *Counts) { c.Failures[key]++ }})
	}
	if h.closing(i) {
		key := h.closed(i, l.place)
		list = append(list, event{deed{deedClosing, r.ID}, func(c *Counts) { c.Closed[key]++ }})
	}
	if took, ok := h.responds(i); ok {
		seconds := took.Seconds()
		list = append(list, event{deed{deedResponse, r.ID}, func(c *Counts) { c.Response[l.place] = c.Response[l.place].With(seconds) }})
		if h.respondsFirst(i) {
			list = append(list, event{deed{deedFirstResponse, r.ID}, func(c *Counts) {
				c.FirstResponse[l.place] = c.FirstResponse[l.place].With(seconds)
			}})
		}
	}
	return list
}

// closed is rule R11: why a session was closed, and whose turn it was.
func (h *history) closed(i int, place Place) CloseKey {
	key := CloseKey{Place: place, Reason: "other", Awaiting: awaitingCustomer}
	waits := h.holderBefore(i) == holderQueue
	switch why := h.records[i].Reason; {
	case why == world.ByAgent:
		key.Reason = "agent"
	case waits && (why == world.ByCustomer || why == world.ByTimeout):
		key.Reason = "abandoned"
	case why == world.ByCustomer:
		key.Reason = "customer"
	case why == world.ByTimeout:
		key.Reason = "timeout"
	}
	if _, owed := h.clock(i); owed {
		key.Awaiting = awaitingAgent
	}
	return key
}

// verdict is what becomes of the window of one message of the customer.
type verdict struct {
	message int64
	end     time.Time
	// decided is false while it is open, or not settled; lost is by R33.
	decided, lost bool
	// due is when time alone would decide it.
	due time.Time
}

// outlook is what a reading knows of windows.
type outlook struct {
	at time.Time
	// fresh tells that the session was shown in this very pass: one that was not
	// may have been answered since.
	fresh bool
	// has tells that there are windows at all; end is that of the last message of
	// the customer, where it is not a day after it.
	has bool
	end time.Time
}

// windows is rule R33, for every window that was not replaced by another while
// it was open.
func (h *history) windows(o outlook) []verdict {
	if !o.has {
		return nil
	}
	var list []verdict
	for i := range h.records {
		if !h.customer(i) {
			continue
		}
		end := h.records[i].At.Add(world.ReplyWindow)
		if !o.end.IsZero() && i == h.latest(len(h.records), h.customer) {
			end = o.end
		}
		next := h.earliest(i, len(h.records), func(j int) bool {
			return h.customer(j) || h.records[j].At.After(end) || h.closing(j) && h.records[j].Reason == world.ByTimeout
		})
		replaced := next >= 0 && h.customer(next) && !h.records[next].At.After(end)
		if !replaced {
			list = append(list, h.verdict(i, next, end, o))
		}
	}
	return list
}

// verdict decides one window: by the record that ends it, else by the time.
func (h *history) verdict(i, next int, end time.Time, o outlook) verdict {
	v := verdict{message: h.records[i].ID, end: end}
	if next < 0 {
		v.due = end.Add(jitter)
		v.decided = o.fresh && h.settled == len(h.records) && o.at.After(v.due)
		next = len(h.records)
	} else {
		v.decided = next < h.settled
	}
	if v.decided {
		_, owed := h.clock(next)
		who := h.holderBefore(next)
		v.lost = owed && (who == holderQueue || who == holderPeople)
	}
	return v
}
