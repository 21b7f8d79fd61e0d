package collector

import (
	"maps"

	"conversation_exporter/conversation"
)

// tally counts what was read, as of now, by place.
func (t *Target) tally(v *view) {
	list, b := v.list, v.besides()
	v.list, v.besides = nil, nil
	now := t.opts.Now()
	if list == nil || list.failed != nil {
		t.show(v, b, t.known.learn(b.queues.list, now))
		t.showAgents(v, b, nil, nil)
		t.publish()
		return
	}
	b.agree(list)
	sessions := t.ledger.settle(list.sessions, now, list.cover)
	l := t.known.learn(list.queues, now, sessions, list.closed, t.ledger.sessions())
	t.show(v, b, l)
	t.showAgents(v, b, sessions, list)
	tallies, backlogs := make(map[place]*tally), make(map[place]*backlog)
	for i := range sessions {
		s := &sessions[i]
		at := l.place(s.Channel, s.Queue)
		if tallies[at] == nil {
			tallies[at], backlogs[at] = newTally(), newBacklog()
		}
		e := t.ledger.entries[s.ID]
		tallies[at].count(*s, now)
		backlogs[at].add(s.State, e, now)
		backlogs[at].silence(s, e, v.info.IdleTimeout)
		t.known.remember(at, *s)
	}
	for _, q := range list.queues {
		if q.Channel != "" {
			t.known.know(l.place(q.Channel, q))
		}
	}
	for i := range list.closed {
		s := &list.closed[i]
		t.known.remember(l.place(s.Channel, s.Queue), *s)
	}
	t.count(l)
	t.known.forget(now, l, tallies)
	t.known.fill(tallies, backlogs, v.info.States, t.ledger.messages && t.lacking == nil)
	v.tallies, v.folded = tallies, l.folded
	if v.has(groupMessages) {
		t.settleCounts(v.info.Failures)
	}
	if v.messages {
		v.backlogs, v.sending, v.inbound = backlogs, l.byChannel(t.ledger.sending(), earlier), maps.Clone(t.counts.inbound)
	}
	t.publish()
}

// show makes the numbers of queues and channels, under the labels of this pass.
func (t *Target) show(v *view, b *beside, l labels) {
	for _, c := range b.channels.list {
		t.known.learnChannel(c.Kind, t.opts.Now())
	}
	b.showQueues(v, l)
	b.showChannels(v, l)
}

// sessions are those of which something is to be counted, as far as their labels go.
func (l *ledger) sessions() []conversation.Session {
	list := make([]conversation.Session, 0, len(l.events))
	for _, e := range l.events {
		list = append(list, conversation.Session{Channel: e.channel, Queue: e.queue})
	}
	return list
}

// count adds what was read and not counted yet, under the labels of this pass. A
// place that was not exported yet shows its zeros first: increase() does not see
// the first event of a series that begins with it.
func (t *Target) count(l labels) {
	var wait []countable
	for _, e := range t.ledger.events {
		at := l.place(e.channel, e.queue)
		t.known.know(at)
		if !t.counts.began(at) {
			wait = append(wait, e)
			continue
		}
		t.counts.add(at, e)
	}
	t.ledger.events = wait
	for channel, at := range l.byChannel(t.ledger.inbound, later) {
		t.counts.inbound[channel] = at
	}
}

// settleCounts gives every known place its zeros and forgets those that are gone.
func (t *Target) settleCounts(failures []string) {
	for at := range t.known.places {
		t.counts.begin(at, failures)
	}
	t.counts.keep(t.known.places)
}

// publish makes a copy of the counters for those who look beside the passes. There
// is none until there is a baseline (R19).
func (t *Target) publish() {
	if t.ledger.marks.exist() {
		t.published.Store(t.counts.clone())
	}
}

// byChannel gives instants by channel under the channels' labels.
func (l labels) byChannel(instants map[string]int64, better func(a, b int64) bool) map[string]int64 {
	m := make(map[string]int64, len(instants))
	for channel, at := range instants {
		label := l.channel(channel)
		if known, ok := m[label]; !ok || better(at, known) {
			m[label] = at
		}
	}
	return m
}

func earlier(a, b int64) bool { return a < b }

func later(a, b int64) bool { return a > b }
