package collector

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"conversation_exporter/conversation"
)

// groupMessages is the group that tells what is owed to customers.
const groupMessages = "messages"

// messageFamilies is the group "messages": what the records of the sessions come to.
func messageFamilies() []family {
	return slices.Concat(backlogFamilies(), statusFamilies(), messageChannelFamilies(), flowFamilies(), responseFamilies())
}

// backlogFamilies are the gauges of what waits now.
func backlogFamilies() []family {
	return []family{
		{
			name: "conversation_queued_oldest_timestamp_seconds", kind: prometheus.GaugeValue, stage: StageStable,
			help: "Unix time at which the longest-waiting session in state queued entered its queue: the last move into it, else the " +
				"customer's first message since the start or reopening; where no record tells moves, his request, or the last listing that showed it elsewhere. Absent when none waits.",
			labels: []string{"channel", "queue"},
			samples: func(v *view, emit emit) {
				for at, b := range v.backlogs {
					if b.queued != 0 {
						emit(float64(b.queued), at.channel, at.queue)
					}
				}
			},
		},
		{
			name: "conversation_unanswered_sessions", kind: prometheus.GaugeValue, stage: StageStable,
			help: "Open sessions whose customer is owed an answer by a human, by state (queued, assigned, shared, archived) and by the age of the " +
				"first message since the last human reply, closing or hand-over by a bot, else of the request, lower bound inclusive.",
			labels: []string{"channel", "queue", "state", "age"},
			samples: func(v *view, emit emit) {
				for at, b := range v.backlogs {
					for as, n := range b.unanswered {
						emit(float64(n), at.channel, at.queue, string(as.state), as.age)
					}
				}
			},
		},
		{
			name: "conversation_unanswered_oldest_timestamp_seconds", kind: prometheus.GaugeValue, stage: StageStable,
			help: "Unix time since when the customer waits who has waited longest for a human: his first message since the last human " +
				"reply, closing or hand-over by a bot, else his request. Absent when nobody waits.",
			labels: []string{"channel", "queue", "state"},
			samples: func(v *view, emit emit) {
				for at, b := range v.backlogs {
					for state, since := range b.oldest {
						emit(float64(since), at.channel, at.queue, string(state))
					}
				}
			},
		},
		{
			name: "conversation_unread_messages", kind: prometheus.GaugeValue, stage: StageStable,
			help: "Messages of customers since the last human reply or closing, in sessions that are unanswered. The system does not tell what an " +
				"agent has read, so a message that was read and not answered counts too.",
			labels: []string{"channel", "queue"},
			samples: func(v *view, emit emit) {
				for at, b := range v.backlogs {
					if b.pending == 0 || b.unread > 0 {
						emit(float64(b.unread), at.channel, at.queue)
					}
				}
			},
		},
	}
}

// statusFamilies are the gauges of what only some systems tell of their sessions.
func statusFamilies() []family {
	return []family{
		{
			name: "conversation_customer_unread_messages", kind: prometheus.GaugeValue, stage: StageStable,
			help: "Messages to customers, in open sessions, that they have not read. What they read later without anything else happening is seen within " +
				"a minute or, where many have unread messages, as soon as their turn comes. Absent where the system does not tell.",
			labels: []string{"channel", "queue"},
			samples: func(v *view, emit emit) {
				for at, b := range v.backlogs {
					if v.info.ReadsTold && (b.pending == 0 || b.customerUnread > 0) {
						emit(float64(b.customerUnread), at.channel, at.queue)
					}
				}
			},
		},
		{
			name: "conversation_idle_next_expiry_timestamp_seconds", kind: prometheus.GaugeValue, stage: StageStable,
			help: "Unix time at which the first open session that an agent or a bot has will be ended by the system if nobody writes: the last message and " +
				"idle_timeout. Absent when there is none, and where idle_timeout is not configured.",
			labels: []string{"channel", "queue", "awaiting"},
			samples: func(v *view, emit emit) {
				for at, b := range v.backlogs {
					if b.restless {
						continue // The first end may be another one.
					}
					for awaiting, end := range b.idle {
						emit(float64(end), at.channel, at.queue, string(awaiting))
					}
				}
			},
		},
	}
}

// messageChannelFamilies are the gauges of a channel as a whole.
func messageChannelFamilies() []family {
	return []family{
		{
			name: "conversation_last_inbound_message_timestamp_seconds", kind: prometheus.GaugeValue, stage: StageStable,
			help:   "Unix time of the newest message of a customer that was read. Absent until one was.",
			labels: []string{"channel"},
			samples: func(v *view, emit emit) {
				for channel, at := range v.inbound {
					emit(float64(at), channel)
				}
			},
		},
		{
			name: "conversation_sending_oldest_timestamp_seconds", kind: prometheus.GaugeValue, stage: StageStable,
			help:   "Unix time of the oldest message of ours that is still being sent. Absent when none is. One that is stuck is looked at every ten minutes.",
			labels: []string{"channel"},
			samples: func(v *view, emit emit) {
				for channel, at := range v.sending {
					emit(float64(at), channel)
				}
			},
		},
	}
}

// counter makes the pure function of a counter's family: the series of one kind
// of event, of whose labels the family has n.
func counter(kind conversation.EventKind, n int) func(*view, emit) {
	return func(v *view, emit emit) {
		if v.counts == nil {
			return
		}
		for s, value := range v.counts.counters[kind] {
			emit(value, s[:n]...)
		}
	}
}

// flowFamilies count what goes on.
func flowFamilies() []family {
	return []family{
		{
			name: "conversation_messages_total", kind: prometheus.CounterValue, stage: StageStable,
			help: "Messages since the start of the exporter, by sender (customer, agent, bot, api), those that failed included. Notices of the system, an automatic welcome too, do " +
				"not count. Counted once, when the session is read.",
			labels: []string{"channel", "sender"}, samples: counter(conversation.EventMessage, 2),
		},
		{
			name: "conversation_template_messages_total", kind: prometheus.CounterValue, stage: StageStable,
			help:   "WhatsApp template messages since the start of the exporter; messages_total counts them too.",
			labels: []string{"channel"}, samples: counter(conversation.EventTemplate, 1),
		},
		{
			name: "conversation_message_failures_total", kind: prometheus.CounterValue, stage: StageStable,
			help: "Messages of ours that could not be delivered, by the system's reason, once a message. A failure that is reported after \"sent\", or " +
				"more than ten minutes late, is missed.",
			labels: []string{"channel", "reason"}, samples: counter(conversation.EventFailed, 2),
		},
		{
			name: "conversation_started_sessions_total", kind: prometheus.CounterValue, stage: StageStable,
			help:   "Sessions that became open since the start of the exporter: new ones, and closed ones that were opened again by a message.",
			labels: []string{"channel", "queue", "origin"}, samples: counter(conversation.EventStarted, 3),
		},
		{
			name: "conversation_closed_sessions_total", kind: prometheus.CounterValue, stage: StageStable,
			help: "Closings, by reason (agent, customer, timeout, abandoned: by customer or timeout while it waited in a queue, ticket, other) and by who " +
				"was awaited then. Only a record or a status counts: a session that is merely no longer shown does not.",
			labels: []string{"channel", "queue", "reason", "awaiting"}, samples: counter(conversation.EventClosed, 4),
		},
		{
			name: "conversation_reply_windows_lost_total", kind: prometheus.CounterValue, stage: StageStable,
			help: "Reply windows that ended while the customer was owed an answer by a human, once a window. A reply stamped at or before the end " +
				"saves it; the time in which a bot has the session loses none.",
			labels: []string{"channel", "queue"}, samples: counter(conversation.EventWindowLost, 2),
		},
		{
			name: "conversation_transfers_total", kind: prometheus.CounterValue, stage: StageStable,
			help:   "Moves of a session to a queue, an agent or the API, without hand-overs by a bot. The queue is the one in which the session was found afterwards.",
			labels: []string{"channel", "queue", "to"}, samples: counter(conversation.EventTransferred, 3),
		},
		{
			name: "conversation_bot_handovers_total", kind: prometheus.CounterValue, stage: StageExperimental,
			help:   "Observed hand-overs of a session from a bot to people: by a record, or where no record tells that, a session that was listed with a bot and then without.",
			labels: []string{"channel", "queue"}, samples: counter(conversation.EventHandedOver, 2),
		},
	}
}

// histogram makes the pure function of a histogram's family.
func histogram(kind conversation.EventKind) func(*view, emitDistribution) {
	return func(v *view, emit emitDistribution) {
		if v.counts == nil {
			return
		}
		for s, d := range v.counts.histograms[kind] {
			emit(d, s[:2]...)
		}
	}
}

// responseFamilies tell how long people take.
func responseFamilies() []family {
	return []family{
		{
			name: "conversation_first_response_seconds", stage: StageStable,
			help: "Time from the customer's first message, or request where there is none, or from the hand-over by a bot if that is later, to the first human reply that did not fail. " +
				"Once a session from its start or reopening to its closing, only if it was read from there, and not if an agent wrote first.",
			labels: []string{"channel", "queue"}, distributions: histogram(conversation.EventFirstResponse),
		},
		{
			name: "conversation_response_seconds", stage: StageStable,
			help: "Time from the customer's first message since the last human reply, or from the hand-over by a bot if that is later, to the " +
				"human reply, each time. A reply that fails is none.",
			labels: []string{"channel", "queue"}, distributions: histogram(conversation.EventResponse),
		},
		{
			name: "conversation_pickup_seconds", stage: StageStable,
			help:   "Time from the entry into the queue to the pick-up, by a record or as the list itself tells it, each time, by the queue that the session left.",
			labels: []string{"channel", "queue"}, distributions: histogram(conversation.EventPickedUp),
		},
	}
}
