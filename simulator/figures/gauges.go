package figures

import (
	"time"

	"conversation_exporter/simulator/world"
)

// Place is where sessions are counted.
type Place struct{ Channel, Queue string }

// StateKey is what waits are told by.
type StateKey struct {
	Place
	State world.State
}

// UnansweredKey is what unanswered sessions are counted by.
type UnansweredKey struct {
	StateKey
	Age string
}

// Gauges are the gauges of the messages. What there is none of is absent from
// the maps.
type Gauges struct {
	// QueuedOldest is when the session entered its queue that waits longest.
	QueuedOldest map[Place]time.Time
	Unanswered   map[UnansweredKey]int
	// UnansweredOldest is the clock of the customer who waits longest.
	UnansweredOldest map[StateKey]time.Time
	Unread           map[Place]int
	// LastInbound is the newest message of a customer that was ever shown, and
	// SendingOldest the oldest message that is still being sent, by channel.
	LastInbound, SendingOldest map[string]time.Time
	// CustomerUnread are our messages that customers have not read, and NextIdle the
	// earliest end by idleness, for systems that tell these; others leave them empty.
	CustomerUnread map[Place]int
	NextIdle       map[IdleKey]time.Time
}

// IdleKey is what the next end by idleness is given by.
type IdleKey struct {
	Place
	Awaiting string
}

// NewGauges gives gauges of nothing.
func NewGauges() Gauges {
	return Gauges{
		QueuedOldest: make(map[Place]time.Time), Unanswered: make(map[UnansweredKey]int), UnansweredOldest: make(map[StateKey]time.Time),
		Unread: make(map[Place]int), LastInbound: make(map[string]time.Time), SendingOldest: make(map[string]time.Time),
		CustomerUnread: make(map[Place]int), NextIdle: make(map[IdleKey]time.Time),
	}
}

// Earliest keeps the earlier of two times.
func Earliest[K comparable](m map[K]time.Time, key K, at time.Time) {
	if have, ok := m[key]; !ok || at.Before(have) {
		m[key] = at
	}
}

// Wait adds a customer who is owed an answer, and how many of his messages wait.
func (g *Gauges) Wait(key StateKey, clock, now time.Time, unread int) {
	g.Unanswered[UnansweredKey{key, AgeClass(now.Sub(clock))}]++
	Earliest(g.UnansweredOldest, key, clock)
	g.Unread[key.Place] += unread
}

// AgeClass names how long a customer has waited; lower bounds belong to their
// class.
func AgeClass(age time.Duration) string {
	classes := [...]struct {
		from time.Duration
		name string
	}{
		{24 * time.Hour, "ge_24h"},
		{4 * time.Hour, "4h_24h"},
		{time.Hour, "1h_4h"},
		{15 * time.Minute, "15m_1h"},
		{5 * time.Minute, "5m_15m"},
	}
	for _, c := range classes {
		if age >= c.from {
			return c.name
		}
	}
	return "lt_5m"
}
