package collector

import (
	"cmp"
	"context"
	"slices"

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
					emit(n.delivered, c.channel, c.name, "delivered")
					emit(n.failed, c.channel, c.name, "failed")
					emit(n.pending, c.channel, c.name, "pending")
				}
			},
		},
		{
			name: "conversation_channel_received_messages_today", kind: prometheus.GaugeValue, stage: StageStable,
			help:   "Customers' messages since midnight of the system. The system's own count, at most 10 minutes old; it begins anew at its midnight.",
			labels: []string{"channel", "name"},
			samples: func(v *view, emit emit) {
				for c, n := range v.traffic {
					emit(n.received, c.channel, c.name)
				}
			},
		},
	}
}

// channelName is what a channel is told apart by. The provider is empty for what
// is counted without it.
type channelName struct{ channel, name, provider string }

// maxChannelNames is how many channels of a target have a label of their own; the
// rest share "(other)". No system that answers people has as many.
const maxChannelNames = 256

// traffic is what came and went by the channels of one name.
type traffic struct{ delivered, failed, pending, received float64 }

// add adds the counts of one channel.
func (t traffic) add(c *conversation.Traffic) traffic {
	delivered, failed := float64(c.Delivered), float64(c.Failed)
	t.delivered += delivered
	t.failed += failed
	t.pending += max(0, float64(c.Sent)-delivered-failed)
	t.received += float64(c.Received)
	return t
}

// plausible reports whether a channel tells counts that can be.
func plausible(c *conversation.Traffic) bool {
	return c != nil && min(c.Sent, c.Delivered, c.Failed, c.Received) >= 0
}

// readChannels reads what the group "channels" shows.
func (t *Target) readChannels(_ context.Context, v *view) outcome {
	b := v.besides()
	o := b.channels.outcome(groupChannels)
	for _, c := range b.channels.list {
		o.partial = o.partial || !c.UpTold || !plausible(c.Today)
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
	v.channelsLapsed = make(map[channelName]bool)
	untold := make(map[channelName]bool)
	for i, with := range channelNames(b.channels.list, l) {
		c := &b.channels.list[i]
		if up, ok := v.channelsUp[with]; c.UpTold {
			v.channelsUp[with] = c.Up && (up || !ok)
		}
		if c.Lapsed {
			v.channelsLapsed[with] = true
		}
		as := channelName{channel: with.channel, name: with.name}
		if !plausible(c.Today) {
			untold[as] = true
			continue
		}
		v.traffic[as] = v.traffic[as].add(c.Today)
	}
	for as := range untold {
		delete(v.traffic, as)
	}
}

// channelNames gives the labels of each channel.
func channelNames(list []conversation.Channel, l labels) []channelName {
	names := make([]channelName, 0, len(list))
	for _, c := range list {
		names = append(names, channelName{l.channel(c.Kind), conversation.Label(c.Name), conversation.Label(c.Provider)})
	}
	ordered := slices.Clone(names)
	slices.SortFunc(ordered, compareChannels)
	ordered = slices.Compact(ordered)
	for i := range names {
		if at, _ := slices.BinarySearchFunc(ordered, names[i], compareChannels); at >= maxChannelNames {
			names[i].name, names[i].provider = other, other
		}
	}
	return names
}

func compareChannels(a, b channelName) int {
	return cmp.Or(cmp.Compare(a.channel, b.channel), cmp.Compare(a.name, b.name), cmp.Compare(a.provider, b.provider))
}
