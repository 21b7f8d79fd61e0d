package collector

import (
	"slices"
	"strconv"
	"time"

	"conversation_exporter/conversation"
)

const (
	// other is the label of all channels or queues beyond the limit.
	other = "(other)"
	// noQueue is the label of sessions that are in no queue.
	noQueue = "(none)"
	// The limits keep a target from making ever more series.
	maxChannels = 16
	maxQueues   = 256
	// pairLife is how long the pairs of a queue stay that is no longer there.
	pairLife = time.Hour
)

// known is what a target remembers of its labels, so that a place with nothing
// in it shows 0 and not nothing. It has no lock of its own.
type known struct {
	// channels are those that have a label of their own.
	channels map[string]knownName
	// windowed are the channels that ever had a reply window.
	windowed map[string]bool
	places   map[place]*knownPlace
	// queues are those that exist or were seen of late, by id.
	queues map[int64]knownName
}

// knownName is a label and when what it names was last there.
type knownName struct {
	name string
	seen time.Time
}

type knownPlace struct {
	// campaign is true once a campaign's session was seen here.
	campaign bool
	// gone is since when the queue was no longer there; zero while it is.
	gone time.Time
}

func newKnown() *known {
	return &known{
		channels: make(map[string]knownName), windowed: make(map[string]bool),
		places: make(map[place]*knownPlace), queues: make(map[int64]knownName),
	}
}

// labels maps what a pass told to label values.
type labels struct {
	channels map[string]knownName
	queues   map[int64]string
	// folded counts the queues that share "(other)".
	folded int
}

// learn takes note of the channels and queues of a pass. queues is nil where
// the list could not be read; then what was seen within the hour stays.
func (k *known) learn(queues []conversation.Queue, now time.Time, lists ...[]conversation.Session) labels {
	if queues != nil {
		clear(k.queues)
	}
	for _, q := range queues {
		k.queues[q.ID] = knownName{q.Name, now}
		if q.Channel != "" {
			k.learnChannel(q.Channel, now)
		}
	}
	for _, sessions := range lists {
		for i := range sessions {
			s := &sessions[i]
			if s.Queue.ID != 0 {
				k.queues[s.Queue.ID] = knownName{s.Queue.Name, now}
			}
			k.learnChannel(s.Channel, now)
		}
	}
	ids := make([]int64, 0, len(k.queues))
	for id, q := range k.queues {
		if now.Sub(q.seen) >= pairLife {
			delete(k.queues, id)
			continue
		}
		ids = append(ids, id)
	}
	slices.Sort(ids)
	named := ids[:min(len(ids), maxQueues)]
	l := labels{channels: k.channels, queues: make(map[int64]string, len(named)), folded: len(ids) - len(named)}
	for _, id := range named {
		l.queues[id] = queueLabel(id, k.queues[id].name)
	}
	return l
}

// learnChannel gives a channel a label of its own while there is one left. Where
// there is none, a channel that nobody has seen for an hour gives up its own.
func (k *known) learnChannel(channel string, now time.Time) {
	known, ok := k.channels[channel]
	if !ok {
		if len(k.channels) >= maxChannels && !k.dropChannel(now) {
			return
		}
		known.name = conversation.Label(channel)
	}
	known.seen = now
	k.channels[channel] = known
}

// dropChannel forgets a channel that has been gone for an hour, if there is one.
func (k *known) dropChannel(now time.Time) bool {
	for channel, known := range k.channels {
		if now.Sub(known.seen) < pairLife {
			continue
		}
		delete(k.channels, channel)
		delete(k.windowed, known.name)
		for at := range k.places {
			if at.channel == known.name {
				delete(k.places, at)
			}
		}
		return true
	}
	return false
}

// queueLabel is a queue's name, or its number where the name says nothing or is
// one that stands for something else.
func queueLabel(id int64, name string) string {
	name = conversation.Label(name)
	if name == "" || name == noQueue || name == other {
		return "(queue " + strconv.FormatInt(id, 10) + ")"
	}
	return name
}

// place is where a session of a channel and a queue is counted.
func (l labels) place(channel string, queue conversation.Queue) place {
	at := place{channel: l.channel(channel), queue: noQueue}
	if queue.ID != 0 {
		name, ok := l.queues[queue.ID]
		if !ok {
			name = other
		}
		at.queue = name
	}
	return at
}

// channel is the label of a channel.
func (l labels) channel(channel string) string {
	if known, ok := l.channels[channel]; ok {
		return known.name
	}
	return other
}

// know notes that something was at a place.
func (k *known) know(at place) *knownPlace {
	p, ok := k.places[at]
	if !ok {
		p = &knownPlace{}
		k.places[at] = p
	}
	return p
}

// remember notes where sessions were seen and what they were.
func (k *known) remember(at place, s conversation.Session) {
	p := k.know(at)
	p.campaign = p.campaign || s.Origin == conversation.OriginCampaign
	if s.Window.Has {
		k.windowed[at.channel] = true
	}
}

// forget drops the places of queues that have been gone for an hour.
func (k *known) forget(now time.Time, l labels, seen map[place]*tally) {
	there := map[string]bool{noQueue: true, other: l.folded > 0}
	for _, name := range l.queues {
		there[name] = true
	}
	for at, p := range k.places {
		switch {
		case there[at.queue] || seen[at] != nil:
			p.gone = time.Time{}
		case p.gone.IsZero():
			p.gone = now
		case now.Sub(p.gone) >= pairLife:
			delete(k.places, at)
		}
	}
}

// fill gives every known place its zeros: each state that the system has, each
// class of time left on channels with windows, each age of who waits. Where
// messages are not read, whose turn it is is not known, and where some are still
// to be read, a zero of theirs might be untrue.
func (k *known) fill(tallies map[place]*tally, backlogs map[place]*backlog, states []conversation.State, messages bool) {
	for at, p := range k.places {
		t, b := tallies[at], backlogs[at]
		if t == nil {
			t, b = newTally(), newBacklog()
			tallies[at], backlogs[at] = t, b
		}
		for _, state := range states {
			t.open[kind{conversation.OriginRegular, state}] += 0
			if p.campaign {
				t.open[kind{conversation.OriginCampaign, state}] += 0
			}
		}
		b.fill(states)
		if !k.windowed[at.channel] {
			continue
		}
		awaited := sides()
		switch {
		case !messages:
			awaited = []conversation.Awaiting{conversation.AwaitingUnknown}
		case b.pending > 0:
			awaited = nil
		}
		for _, awaiting := range awaited {
			for _, class := range remainings() {
				t.windows[window{awaiting, class}] += 0
			}
		}
	}
}
