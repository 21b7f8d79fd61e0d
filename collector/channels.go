package collector

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"conversation_exporter/conversation"
)

// groupChannels is the group that tells of the connections to messaging services.
const groupChannels = "channels"

// channelFamilies is the group "channels".
func channelFamilies() []family {
	return []family{
		{
			name: "conversation_channel_up", kind: prometheus.GaugeValue, stage: StageStable,
			help: "1 while the channel is connected to its messaging service, else 0. name is what the administrator called the channel, " +
				"provider the service. Of several that are called the same, 0 where one is not connected.",
			labels: []string{"channel", "name", "provider"},
			samples: func(v *view, emit emit) {
				for c, up := range v.channelsUp {
					emit(truth(up), c.channel, c.name, c.provider)
				}
			},
		},
		{
			name: "conversation_channel_sent_messages_today", kind: prometheus.GaugeValue, stage: StageStable,
			help: "Our messages since midnight of the system, by outcome: delivered, failed, or pending (sent less both, never below 0). " +
				"They are the system's own counts, at most 10 minutes old, and begin anew at its midnight.",
			labels: []string{"channel", "name", "outcome"},
			samples: func(v *view, emit emit) {
				for c, n := range v.traffic {
					emit(float64(n.Delivered), c.channel, c.name, "delivered")
					emit(float64(n.Failed), c.channel, c.name, "failed")
					emit(float64(n.pending), c.channel, c.name, "pending")
				}
			},
		},
		{
			name: "conversation_channel_received_messages_today", kind: prometheus.GaugeValue, stage: StageStable,
			help:   "Customers' messages since midnight of the system. The system's own count, at most 10 minutes old; it begins anew at its midnight.",
			labels: []string{"channel", "name"},
			samples: func(v *view, emit emit) {
				for c, n := range v.traffic {
					emit(float64(n.Received), c.channel, c.name)
				}
			},
		},
	}
}

// channelName is what a channel is told apart by. The provider is empty for what
// is counted without it.
type channelName struct{ channel, name, provider string }

// traffic is what came and went by the channels of one name.
type traffic struct {
	conversation.Traffic
	pending int64
}

// readChannels reads what the group "channels" shows.
func (t *Target) readChannels(_ context.Context, v *view) outcome {
	b := v.besides()
	o := b.channels.outcome(groupChannels)
	for _, c := range b.channels.list {
		o.partial = o.partial || !c.UpTold || c.Today == nil
	}
	return o
}

// showChannels makes the group's numbers. The counts of channels that are called
// the same add up; what one of them does not tell is told of none of them.
func (b *beside) showChannels(v *view, l labels) {
	if b.channels.err != nil {
		return
	}
	v.channelsUp, v.traffic = make(map[channelName]bool), make(map[channelName]traffic)
	untold := make(map[channelName]bool)
	for _, c := range b.channels.list {
		as := channelName{channel: l.channel(c.Kind), name: conversation.Label(c.Name)}
		with := as
		with.provider = conversation.Label(c.Provider)
		if up, ok := v.channelsUp[with]; c.UpTold {
			v.channelsUp[with] = c.Up && (up || !ok)
		}
		if c.Today == nil {
			untold[as] = true
			continue
		}
		sum := v.traffic[as]
		sum.Sent += c.Today.Sent
		sum.Delivered += c.Today.Delivered
		sum.Failed += c.Today.Failed
		sum.Received += c.Today.Received
		sum.pending += max(0, c.Today.Sent-c.Today.Delivered-c.Today.Failed)
		v.traffic[as] = sum
	}
	for as := range untold {
		delete(v.traffic, as)
	}
}
