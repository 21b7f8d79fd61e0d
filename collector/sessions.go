package collector

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"conversation_exporter/conversation"
)

// groupSessions is the group that tells what is open.
const groupSessions = "sessions"

// sessionFamilies is the group "sessions": gauges of the list of open sessions.
func sessionFamilies() []family {
	return []family{
		{
			name: "conversation_open_sessions",
			help: "Open sessions that the system shows, to the configured viewers where it has such, each once, by channel, queue, origin (regular, campaign) and " +
				"state (arriving, queued, assigned, automated, shared, archived). The sum is all that is open and shown.",
			kind:   prometheus.GaugeValue,
			labels: []string{"channel", "queue", "origin", "state"},
			stage:  StageStable,
			samples: func(v *view, emit emit) {
				for at, t := range v.tallies {
					for as, n := range t.open {
						emit(float64(n), at.channel, at.queue, string(as.origin), string(as.state))
					}
				}
			},
		},
		{
			name: "conversation_reply_window_sessions",
			help: "Open sessions that have a reply window and no automation, by whose turn it is (agent, customer, unknown while messages " +
				"are not read) and the time left at the end of the pass, lower bound inclusive.",
			kind:   prometheus.GaugeValue,
			labels: []string{"channel", "queue", "awaiting", "remaining"},
			stage:  StageStable,
			samples: func(v *view, emit emit) {
				for at, t := range v.tallies {
					for in, n := range t.windows {
						emit(float64(n), at.channel, at.queue, string(in.awaiting), in.remaining)
					}
				}
			},
		},
		{
			name: "conversation_reply_window_next_expiry_timestamp_seconds",
			help: "Unix time at which the next reply window that is still open ends. Absent when none is open. Without messages " +
				"it is the system's own seconds left added to our clock, kept while a new value differs by less than 60 seconds.",
			kind:   prometheus.GaugeValue,
			labels: []string{"channel", "queue", "awaiting"},
			stage:  StageStable,
			samples: func(v *view, emit emit) {
				for at, t := range v.tallies {
					for awaiting, end := range t.nextExpiry {
						emit(unixSeconds(end), at.channel, at.queue, string(awaiting))
					}
				}
			},
		},
	}
}

// remainings are the values of the label remaining, shortest first.
func remainings() []string {
	return []string{"expired", "lt_15m", "15m_30m", "30m_1h", "1h_4h", "ge_4h"}
}

// remaining names the class of the time that is left of a window. The lower
// bound belongs to the class, but a window without any time left is over.
func remaining(left time.Duration) string {
	switch {
	case left <= 0:
		return "expired"
	case left < 15*time.Minute:
		return "lt_15m"
	case left < 30*time.Minute:
		return "15m_30m"
	case left < time.Hour:
		return "30m_1h"
	case left < 4*time.Hour:
		return "1h_4h"
	default:
		return "ge_4h"
	}
}

// place is where sessions are counted: a channel and a queue, as labels.
type place struct{ channel, queue string }

// kind is what a session is counted as.
type kind struct {
	origin conversation.Origin
	state  conversation.State
}

// window is what a reply window is counted as.
type window struct {
	awaiting  conversation.Awaiting
	remaining string
}

// tally is what was counted at one place.
type tally struct {
	open       map[kind]int
	windows    map[window]int
	nextExpiry map[conversation.Awaiting]time.Time
}

func newTally() *tally {
	return &tally{open: make(map[kind]int), windows: make(map[window]int), nextExpiry: make(map[conversation.Awaiting]time.Time)}
}

// count adds one session to the tally of its place, as of the end of the pass.
func (t *tally) count(s conversation.Session, end time.Time) {
	t.open[kind{s.Origin, s.State}]++
	if !s.Window.Has || s.State == conversation.StateAutomated {
		return
	}
	t.windows[window{s.Awaiting, remaining(s.Window.End.Sub(end))}]++
	if next, ok := t.nextExpiry[s.Awaiting]; s.Window.End.After(end) && (!ok || s.Window.End.Before(next)) {
		t.nextExpiry[s.Awaiting] = s.Window.End
	}
}
