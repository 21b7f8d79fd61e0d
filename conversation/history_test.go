package conversation

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Histories are written in seconds from the epoch, which is any instant.
const (
	epoch  = 1_800_000_000
	minute = 60
	hour   = 60 * minute
	day    = 24 * hour
	week   = 7 * day
)

func instant(s int64) time.Time { return time.Unix(epoch+s, 0) }

// at begins a record of a history: at(30).agent() is an agent's message.
func at(s int64) second { return second(s) }

type second int64

// entry is a record that is being written. Its id is its place in the history,
// unless it has one.
type entry Record

func (s second) entry(k Kind) entry { return entry{At: instant(int64(s)), Kind: k} }

func (s second) customer() entry {
	r := s.entry(KindMessage)
	r.Sender = SenderCustomer
	return r
}

func (s second) agent() entry {
	r := s.entry(KindMessage)
	r.Sender, r.Human = SenderAgent, true
	return r
}

func (s second) api() entry {
	r := s.entry(KindMessage)
	r.Sender = SenderAPI
	return r
}

func (s second) bot() entry {
	r := s.entry(KindMessage)
	r.Sender = SenderBot
	return r
}

func (s second) note() entry     { return s.entry(KindOther) }
func (s second) queued() entry   { return s.entry(KindQueued) }
func (s second) pickedUp() entry { return s.entry(KindPickedUp) }

// moved is a transfer that does not say where it leads.
func (s second) moved() entry { return s.entry(KindTransferred) }

func (s second) toAgent() entry {
	r := s.moved()
	r.To = ToAgent
	return r
}

func (s second) toBot() entry {
	r := s.moved()
	r.To, r.ToBot = ToAPI, true
	return r
}

func (s second) closed(why CloseReason) entry {
	r := s.entry(KindClosed)
	r.Reason = why
	return r
}

func (r entry) byBot() entry    { r.ByBot = true; return r }
func (r entry) human() entry    { r.Human = true; return r }
func (r entry) template() entry { r.Template = true; return r }
func (r entry) sending() entry  { r.Delivery = DeliverySending; return r }
func (r entry) sent() entry     { r.Delivery = DeliverySent; return r }
func (r entry) failed() entry   { r.Delivery, r.Failure = DeliveryFailed, "other"; return r }
func (r entry) id(n int64) entry {
	r.ID = n
	return r
}

// history numbers the records from 1.
func history(entries ...entry) []Record {
	out := make([]Record, len(entries))
	for i, e := range entries {
		out[i] = Record(e)
		if e.ID == 0 {
			out[i].ID = int64(i + 1)
		}
	}
	return out
}

// view is what a listing shows that is being written; the clock of the reading
// is also that of the listing.
type view Seen

// gone is a session that is not listed, read from its start.
func gone(now int64) view { return view{FromStart: true, Now: instant(now)} }

// open is a listed session, read from its start.
func open(owner Owner, listed, now int64) view {
	v := gone(now)
	v.Told, v.Owner, v.Listed, v.ListedAt = true, owner, listed, v.Now
	return v
}

// row is a session of the list of closed ones.
func row(owner Owner, listed, now int64) view {
	v := open(owner, listed, now)
	v.Closed = true
	return v
}

func (v view) auto() view     { v.Auto = true; return v }
func (v view) campaign() view { v.Campaign = true; return v }

// midway is a session that was not read from its start.
func (v view) midway() view { v.FromStart = false; return v }

// until is a listing that tells an open reply window and its end, over one that
// tells that it is over.
func (v view) until(end int64) view { v.Window = Window{Has: true, End: instant(end)}; return v }
func (v view) over() view           { v.Window = Window{Has: true, End: v.ListedAt}; return v }

// fold reads a history at once.
func fold(records []Record, v view) Folded { return Fold(Facts{}, records, Seen(v)) }

// waiting is who waits: since when, and with how many unread messages.
func waiting(f *Facts) string {
	since, waits := f.Clock()
	if !waits {
		return "nobody"
	}
	return fmt.Sprintf("since %d, %d unread", since-epoch, f.Unread)
}

// told are the events of some kinds, in words.
func told(events []Event, kinds ...EventKind) string {
	var out []string
	for _, e := range events {
		if slices.Contains(kinds, e.Kind) {
			out = append(out, word(e))
		}
	}
	return strings.Join(out, ", ")
}

// word is one event with the record that decides it and what its kind names.
func word(e Event) string {
	switch e.Kind {
	case EventMessage:
		return fmt.Sprintf("%d %s", e.Record, e.Sender)
	case EventTemplate:
		return fmt.Sprintf("%d template", e.Record)
	case EventDropped:
		return fmt.Sprintf("%d dropped", e.Record)
	case EventStarted:
		return fmt.Sprintf("%d started", e.Record)
	case EventTransferred:
		return fmt.Sprintf("%d to %s", e.Record, e.To)
	case EventHandedOver:
		return fmt.Sprintf("%d handed over", e.Record)
	case EventPickedUp:
		return fmt.Sprintf("%d picked up after %d", e.Record, e.Seconds)
	case EventFailed:
		return fmt.Sprintf("%d failed: %s", e.Record, e.Failure)
	case EventFirstResponse:
		return fmt.Sprintf("%d first after %d", e.Record, e.Seconds)
	case EventResponse:
		return fmt.Sprintf("%d response after %d", e.Record, e.Seconds)
	case EventClosed:
		return fmt.Sprintf("%d closed: %s, %s", e.Record, e.Reason, e.Awaiting)
	case EventWindowLost:
		return fmt.Sprintf("%d lost at %d", e.Record, e.End-epoch)
	default:
		return "?"
	}
}
