package collector

import (
	"maps"

	"conversation_exporter/conversation"
)

// series tells one series of a metric from the others: the values of its labels,
// in the order of the family's labels.
type series [4]string

// counts are the counters and histograms of a target. They only grow; those of a
// place go with it.
type counts struct {
	counters   map[conversation.EventKind]map[series]float64
	histograms map[conversation.EventKind]map[series]distribution
	// skipped counts the records that were passed over (R29), dropped those that
	// lay in the future (R34).
	skipped, dropped float64
	// inbound is the newest message of a customer, by channel, in Unix seconds.
	inbound map[string]int64
}

func newCounts() *counts {
	return &counts{
		counters:   make(map[conversation.EventKind]map[series]float64),
		histograms: make(map[conversation.EventKind]map[series]distribution),
		inbound:    make(map[string]int64),
	}
}

// clone makes a copy of what is exported that does not change any more. Views have
// a copy of inbound by themselves.
func (c *counts) clone() *counts {
	copied := newCounts()
	for kind, m := range c.counters {
		copied.counters[kind] = maps.Clone(m)
	}
	for kind, m := range c.histograms {
		copied.histograms[kind] = maps.Clone(m)
	}
	copied.skipped, copied.dropped = c.skipped, c.dropped
	return copied
}

// buckets are the upper bounds of all histograms, in seconds.
func buckets() [12]float64 {
	return [...]float64{5, 15, 30, 60, 120, 300, 600, 1800, 3600, 14400, 28800, 86400}
}

// distribution is one histogram.
type distribution struct {
	count uint64
	sum   float64
	// within has the values up to each bound, those of lower bounds included.
	within [12]uint64
}

func (d distribution) with(seconds float64) distribution {
	d.count++
	d.sum += seconds
	for i, bound := range buckets() {
		if seconds <= bound {
			d.within[i]++
		}
	}
	return d
}

// byBound gives the buckets as client_golang takes them.
func (d distribution) byBound() map[float64]uint64 {
	m := make(map[float64]uint64, len(d.within))
	for i, bound := range buckets() {
		m[bound] = d.within[i]
	}
	return m
}

// add counts one event at a place.
func (c *counts) add(at place, e countable) {
	switch e.Kind {
	case conversation.EventMessage:
		c.more(e.Kind, series{at.channel, string(e.Sender)}, 1)
	case conversation.EventTemplate:
		c.more(e.Kind, series{at.channel}, 1)
	case conversation.EventFailed:
		c.more(e.Kind, series{at.channel, e.Failure}, 1)
	case conversation.EventStarted:
		c.more(e.Kind, series{at.channel, at.queue, string(e.origin)}, 1)
	case conversation.EventClosed:
		c.more(e.Kind, series{at.channel, at.queue, string(e.Reason), string(e.Awaiting)}, 1)
	case conversation.EventTransferred:
		c.more(e.Kind, series{at.channel, at.queue, string(e.To)}, 1)
	case conversation.EventHandedOver, conversation.EventWindowLost:
		c.more(e.Kind, series{at.channel, at.queue}, 1)
	case conversation.EventFirstResponse, conversation.EventResponse, conversation.EventPickedUp:
		m := c.of(e.Kind)
		s := series{at.channel, at.queue}
		m[s] = m[s].with(float64(e.Seconds))
	case conversation.EventDropped:
		c.dropped++
	}
}

// more adds to a counter, which comes into being by it.
func (c *counts) more(kind conversation.EventKind, s series, n float64) {
	m := c.counters[kind]
	if m == nil {
		m = make(map[series]float64)
		c.counters[kind] = m
	}
	m[s] += n
}

func (c *counts) of(kind conversation.EventKind) map[series]distribution {
	m := c.histograms[kind]
	if m == nil {
		m = make(map[series]distribution)
		c.histograms[kind] = m
	}
	return m
}

// begin gives a place its zeros: a counter that is there before its first event
// lets increase() see that. failures are the reasons that the system can tell.
func (c *counts) begin(at place, failures []string) {
	for _, sender := range senders() {
		c.more(conversation.EventMessage, series{at.channel, string(sender)}, 0)
	}
	c.more(conversation.EventTemplate, series{at.channel}, 0)
	for _, reason := range failures {
		c.more(conversation.EventFailed, series{at.channel, reason}, 0)
	}
	for _, origin := range origins() {
		c.more(conversation.EventStarted, series{at.channel, at.queue, string(origin)}, 0)
	}
	for _, reason := range closeReasons() {
		for _, awaiting := range sides() {
			c.more(conversation.EventClosed, series{at.channel, at.queue, string(reason), string(awaiting)}, 0)
		}
	}
	for _, to := range destinations() {
		c.more(conversation.EventTransferred, series{at.channel, at.queue, string(to)}, 0)
	}
	own := series{at.channel, at.queue}
	c.more(conversation.EventHandedOver, own, 0)
	c.more(conversation.EventWindowLost, own, 0)
	for _, kind := range []conversation.EventKind{conversation.EventFirstResponse, conversation.EventResponse, conversation.EventPickedUp} {
		if m := c.of(kind); m[own].count == 0 {
			m[own] = distribution{}
		}
	}
}

// began reports whether a place has its zeros.
func (c *counts) began(at place) bool {
	_, ok := c.counters[conversation.EventWindowLost][series{at.channel, at.queue}]
	return ok
}

// keep drops what belongs to places that are no longer known.
func (c *counts) keep(places map[place]*knownPlace) {
	channels := make(map[string]bool)
	for at := range places {
		channels[at.channel] = true
	}
	gone := func(kind conversation.EventKind, s series) bool {
		switch kind {
		case conversation.EventMessage, conversation.EventTemplate, conversation.EventFailed:
			return !channels[s[0]]
		default:
			return places[place{s[0], s[1]}] == nil
		}
	}
	for kind, m := range c.counters {
		maps.DeleteFunc(m, func(s series, _ float64) bool { return gone(kind, s) })
	}
	for kind, m := range c.histograms {
		maps.DeleteFunc(m, func(s series, _ distribution) bool { return gone(kind, s) })
	}
	maps.DeleteFunc(c.inbound, func(channel string, _ int64) bool { return !channels[channel] })
}

func senders() []conversation.Sender {
	return []conversation.Sender{conversation.SenderCustomer, conversation.SenderAgent, conversation.SenderBot, conversation.SenderAPI}
}

func origins() []conversation.Origin {
	return []conversation.Origin{conversation.OriginRegular, conversation.OriginCampaign}
}

func closeReasons() []conversation.CloseReason {
	return []conversation.CloseReason{
		conversation.ClosedByAgent, conversation.ClosedByCustomer, conversation.ClosedByTimeout,
		conversation.ClosedAbandoned, conversation.ClosedAsTicket, conversation.ClosedOtherwise,
	}
}

func destinations() []conversation.Destination {
	return []conversation.Destination{conversation.ToQueue, conversation.ToAgent, conversation.ToAPI}
}

// sides are those that may be awaited once the messages are read.
func sides() []conversation.Awaiting {
	return []conversation.Awaiting{conversation.AwaitingAgent, conversation.AwaitingCustomer}
}
