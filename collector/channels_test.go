package collector

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"conversation_exporter/conversation"
)

func TestChannels(t *testing.T) {
	sms := func(up bool, today *conversation.Traffic) conversation.Channel {
		return conversation.Channel{Kind: "sms", Name: "Hotline", Provider: "twilio", Up: up, UpTold: true, Today: today}
	}
	for name, tc := range map[string]struct {
		channels []conversation.Channel
		err      error
		want     string
		health   string
	}{
		"what is sent and neither arrived nor failed is pending": {
			channels: []conversation.Channel{sms(true, &conversation.Traffic{Sent: 120, Delivered: 110, Failed: 3, Received: 88})},
			want: `channel_received_messages_today{channel="sms",name="Hotline"} 88
channel_sent_messages_today{channel="sms",name="Hotline",outcome="delivered"} 110
channel_sent_messages_today{channel="sms",name="Hotline",outcome="failed"} 3
channel_sent_messages_today{channel="sms",name="Hotline",outcome="pending"} 7
channel_up{channel="sms",name="Hotline",provider="twilio"} 1
`,
			health: "1 0 0",
		},
		"pending is never below 0": {
			channels: []conversation.Channel{sms(false, &conversation.Traffic{Sent: 1, Delivered: 2})},
			want: `channel_received_messages_today{channel="sms",name="Hotline"} 0
channel_sent_messages_today{channel="sms",name="Hotline",outcome="delivered"} 2
channel_sent_messages_today{channel="sms",name="Hotline",outcome="failed"} 0
channel_sent_messages_today{channel="sms",name="Hotline",outcome="pending"} 0
channel_up{channel="sms",name="Hotline",provider="twilio"} 0
`,
			health: "1 0 0",
		},
		"channels that are called the same add up, and are down where one is": {
			channels: []conversation.Channel{
				sms(true, &conversation.Traffic{Sent: 2, Delivered: 1, Received: 5}), sms(false, &conversation.Traffic{Sent: 4, Delivered: 4, Received: 1}),
				{Kind: "sms", Name: "Hotline", Provider: "telnyx", Up: true, UpTold: true, Today: &conversation.Traffic{Received: 1}},
			},
			want: `channel_received_messages_today{channel="sms",name="Hotline"} 7
channel_sent_messages_today{channel="sms",name="Hotline",outcome="delivered"} 5
channel_sent_messages_today{channel="sms",name="Hotline",outcome="failed"} 0
channel_sent_messages_today{channel="sms",name="Hotline",outcome="pending"} 1
channel_up{channel="sms",name="Hotline",provider="telnyx"} 1
channel_up{channel="sms",name="Hotline",provider="twilio"} 0
`,
			health: "1 0 0",
		},
		"what is not told is absent": {
			channels: []conversation.Channel{sms(true, nil), {Kind: "whatsapp", Name: "Desk", Provider: "whatsapp", Today: &conversation.Traffic{Received: 1}}},
			want: `channel_received_messages_today{channel="whatsapp",name="Desk"} 1
channel_sent_messages_today{channel="whatsapp",name="Desk",outcome="delivered"} 0
channel_sent_messages_today{channel="whatsapp",name="Desk",outcome="failed"} 0
channel_sent_messages_today{channel="whatsapp",name="Desk",outcome="pending"} 0
channel_up{channel="sms",name="Hotline",provider="twilio"} 1
`,
			health: "1 1 0",
		},
		"counts that cannot be are not told": {
			channels: []conversation.Channel{sms(true, &conversation.Traffic{Sent: -1, Received: 3})},
			want:     "channel_up{channel=\"sms\",name=\"Hotline\",provider=\"twilio\"} 1\n",
			health:   "1 1 0",
		},
		"absurd counts add up": {
			channels: []conversation.Channel{sms(true, &conversation.Traffic{Sent: math.MaxInt64, Received: math.MaxInt64}), sms(true, &conversation.Traffic{Sent: math.MaxInt64, Received: math.MaxInt64})},
			want: `channel_received_messages_today{channel="sms",name="Hotline"} 1.8446744073709552e+19
channel_sent_messages_today{channel="sms",name="Hotline",outcome="delivered"} 0
channel_sent_messages_today{channel="sms",name="Hotline",outcome="failed"} 0
channel_sent_messages_today{channel="sms",name="Hotline",outcome="pending"} 1.8446744073709552e+19
channel_up{channel="sms",name="Hotline",provider="twilio"} 1
`,
			health: "1 0 0",
		},
		"a failure exports nothing":                   {err: errors.New("message_channel/list: no permission"), health: "0 0 0"},
		"a deadline exports nothing":                  {err: context.DeadlineExceeded, health: "0 0 1"},
		"a system without channels has no such group": {err: conversation.ErrUnsupported, health: "absent absent absent"},
		"no channel is no failure":                    {channels: []conversation.Channel{}, health: "1 0 0"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(groupChannels)
			b.channels, b.channelErr = tc.channels, tc.err
			got := samplesOf(t, b, "conversation_channel_up", "conversation_channel_sent_messages_today", "conversation_channel_received_messages_today")
			if got != tc.want {
				t.Errorf("got\n%swant\n%s", got, tc.want)
			}
			if got := verdict(t, b, groupChannels); got != tc.health {
				t.Errorf("success, partial and timeout are %s, want %s", got, tc.health)
			}
		})
	}
}

func TestChannelsBeyondTheLimitShareALabel(t *testing.T) {
	b := newBench(groupChannels)
	for i := range maxChannelNames + 40 {
		b.channels = append(b.channels, conversation.Channel{
			Kind: "sms", Name: fmt.Sprintf("Line %03d", i), Provider: "twilio", Up: true, UpTold: true, Today: &conversation.Traffic{Received: 1},
		})
	}
	s := b.scrape()
	if n := testutil.CollectAndCount(s, "conversation_channel_up"); n != maxChannelNames+1 {
		t.Errorf("%d channels are shown, want %d", n, maxChannelNames+1)
	}
	if v, _ := value(t, s, "conversation_channel_received_messages_today", `name="(other)"`); v != "40" {
		t.Errorf("the rest received %q messages, want 40", v)
	}
}
