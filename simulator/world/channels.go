package world

import (
	"fmt"
	"slices"
	"time"
)

// DefaultZone is where a world is by default: in a place whose day begins
// neither with that of UTC nor at a full hour of it.
func DefaultZone() *time.Location {
	const ahead = 5*time.Hour + 30*time.Minute
	return time.FixedZone("+0530", int(ahead/time.Second))
}

// Zone is the time zone of the place.
func (w *World) Zone() *time.Location { return w.zone }

// Period is a part of the past, in days of the place.
type Period string

// The periods that messages are counted over. All but Yesterday reach up to now.
const (
	Today     Period = "today"
	Yesterday Period = "yesterday"
	Last7     Period = "last 7 days"
	Last30    Period = "last 30 days"
	ThisMonth Period = "this month"
	AllTime   Period = "all"
)

// Traffic is how many messages went over a channel in a period.
type Traffic struct {
	// Sent counts the messages to customers, those that are under way among them.
	Sent int
	// Delivered and Failed count what became of the messages that were sent in
	// the period.
	Delivered, Failed int
	// Arrived and Bounced count the same in the period in which it became known.
	// One that failed after it was sent has done both.
	Arrived, Bounced int
	// Received counts the messages of customers.
	Received int
}

func (t *Traffic) add(o Traffic) {
	t.Sent += o.Sent
	t.Delivered += o.Delivered
	t.Failed += o.Failed
	t.Arrived += o.Arrived
	t.Bounced += o.Bounced
	t.Received += o.Received
}

// meter counts what goes over a channel. Days are kept as long as any period
// reaches back, so it does not grow.
type meter struct {
	all  Traffic
	days []dayTraffic // the oldest first
}

type dayTraffic struct {
	day int
	Traffic
}

// longestPeriod is how many days a period has at most: a month's.
const longestPeriod = 31

// count adds to a day, which no longer matters where it is too long ago.
func (m *meter) count(day, today int, t Traffic) {
	m.all.add(t)
	if day <= today-longestPeriod {
		return
	}
	i, ok := slices.BinarySearchFunc(m.days, day, func(d dayTraffic, day int) int { return d.day - day })
	if !ok {
		m.days = slices.Insert(m.days, i, dayTraffic{day: day})
	}
	m.days[i].add(t)
	m.days = slices.DeleteFunc(m.days, func(d dayTraffic) bool { return d.day <= today-longestPeriod })
}

// settled counts what has become of a message that was sent on a day.
func (m *meter) settled(day, today int, from, to Delivery) {
	switch {
	case to == Sent:
		m.count(day, today, Traffic{Delivered: 1})
		m.count(today, today, Traffic{Arrived: 1})
	case from == Sent:
		m.count(day, today, Traffic{Delivered: -1, Failed: 1})
		m.count(today, today, Traffic{Bounced: 1})
	default:
		m.count(day, today, Traffic{Failed: 1})
		m.count(today, today, Traffic{Bounced: 1})
	}
}

// since adds up the days from one to another.
func (m *meter) since(from, to int) Traffic {
	var sum Traffic
	for i := range m.days {
		if d := &m.days[i]; d.day >= from && d.day <= to {
			sum.add(d.Traffic)
		}
	}
	return sum
}

// day numbers the days of the place.
func (w *World) day(at time.Time) int {
	year, month, day := at.In(w.zone).Date()
	return int(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / int64(24*time.Hour/time.Second))
}

func (w *World) today() int { return w.day(w.clock.Now()) }

// meter counts a record, if it is a message.
func (w *World) meter(s *session, r *Record) {
	if r.Kind != KindMessage {
		return
	}
	t := Traffic{Sent: 1}
	switch {
	case r.Side == SideCustomer:
		t = Traffic{Received: 1}
	case r.Delivery == Sent:
		t.Delivered, t.Arrived = 1, 1
	}
	day := w.day(r.At)
	w.meters[s.ChannelID].count(day, day, t)
}

// Channels gives copies of all channels.
func (w *World) Channels() []Channel {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.channels)
}

// Line is a channel and what went over it.
type Line struct {
	Channel
	Traffic Traffic
}

// Lines gives all channels and what went over them in a period, at one instant.
// A period that is none has had no messages.
func (w *World) Lines(p Period) []Line {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := make([]Line, 0, len(w.channels))
	for _, c := range w.channels {
		list = append(list, Line{Channel: c, Traffic: w.traffic(w.meters[c.ID], p)})
	}
	return list
}

func (w *World) traffic(m *meter, p Period) Traffic {
	today := w.today()
	switch p {
	case Today:
		return m.since(today, today)
	case Yesterday:
		return m.since(today-1, today-1)
	case Last7:
		return m.since(today-6, today)
	case Last30:
		return m.since(today-29, today)
	case ThisMonth:
		return m.since(today+1-w.clock.Now().In(w.zone).Day(), today)
	case AllTime:
		return m.all
	default:
		return Traffic{}
	}
}

// SetLink changes how a channel is connected, and why it is not. In a lively
// world it then stays so. Messages go over it as before: what customers and
// agents do is another matter.
func (w *World) SetLink(channelID int, link Link, trouble string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	i := slices.IndexFunc(w.channels, func(c Channel) bool { return c.ID == channelID })
	if i < 0 {
		return fmt.Errorf("set the link of channel %d: %w", channelID, ErrNotFound)
	}
	w.channels[i].Link, w.channels[i].Trouble = link, trouble
	if w.office != nil {
		w.office.leaveLink(channelID)
	}
	return nil
}

// channelFor gives the channel that a session begins on. Most customers know the
// first one of a medium.
func (w *World) channelFor(o Opening) (*Channel, error) {
	fitting := w.carriers[o.Medium]
	if o.Channel != 0 {
		for _, i := range fitting {
			if w.channels[i].ID == o.Channel {
				return &w.channels[i], nil
			}
		}
		return nil, fmt.Errorf("channel %d of %s: %w", o.Channel, o.Medium, ErrNotFound)
	}
	switch n := len(fitting); {
	case n == 0:
		return nil, fmt.Errorf("channel %s: %w", o.Medium, ErrNotFound)
	case n > 1 && w.people != nil:
		return &w.channels[fitting[min(w.lines.rng.IntN(n), w.lines.rng.IntN(n))]], nil
	default:
		return &w.channels[fitting[0]], nil
	}
}
