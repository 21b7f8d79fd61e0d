package collector

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/common/expfmt"

	"conversation_exporter/conversation"
)

// samplesOf makes a pass and returns the lines of the named metrics, without their
// comments and the target.
func samplesOf(t *testing.T, b *bench, names ...string) string {
	t.Helper()
	text, err := testutil.CollectAndFormat(b.scrape(), expfmt.TypeTextPlain, names...)
	if err != nil {
		t.Fatal(err)
	}
	var lines strings.Builder
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "#") {
			line = strings.TrimPrefix(line, "conversation_")
			line = strings.ReplaceAll(strings.ReplaceAll(line, `,target="desk"}`, "}"), `{target="desk"}`, "")
			lines.WriteString(line)
		}
	}
	return lines.String()
}

// verdict is how a pass says that the reading of a group went.
func verdict(t *testing.T, b *bench, group string) string {
	t.Helper()
	s := b.scrape()
	label := `collector="` + group + `"`
	var all []string
	for _, name := range []string{"success", "partial", "timeout"} {
		v, ok := value(t, s, "conversation_scrape_collector_"+name, label)
		if !ok {
			v = "absent"
		}
		all = append(all, v)
	}
	return strings.Join(all, " ")
}

func agent(id string, presence conversation.Presence, queues ...int64) conversation.Agent {
	return conversation.Agent{ID: id, Name: "Agent " + id, Presence: presence, Queues: queues}
}

func queue(id int64, name string) conversation.Queue {
	return conversation.Queue{ID: id, Name: name, Mode: "manual", AgentsTold: true}
}

const (
	there   = conversation.PresencePresent
	away    = conversation.PresenceAway
	unknown = conversation.PresenceUnknown
)

// What is read beside the sessions does not wait for them, nor they for it.
func TestTheGroupsAreReadAtTheSameTime(t *testing.T) {
	b := newBench(groupSessions, groupChannels)
	b.sessions = []conversation.Session{session(1, "sms")}
	listing := make(chan struct{})
	b.during = func(ctx context.Context) {
		select {
		case <-listing:
		case <-ctx.Done():
			t.Error("the channels wait for the sessions")
		}
	}
	b.channelDuring = func() { close(listing) }
	b.channels = []conversation.Channel{}
	if got := verdict(t, b, groupChannels); got != "1 0 0" {
		t.Errorf("success, partial and timeout are %s", got)
	}
}

func TestAFaultBesideTheSessionsIsContained(t *testing.T) {
	b := newBench(groupSessions, groupQueues, groupChannels)
	b.sessions = []conversation.Session{session(1, "sms")}
	b.queues = []conversation.Queue{}
	b.channelDuring = func() { panic("a fault") }
	s := b.scrape()
	if v, _ := value(t, s, "conversation_scrape_collector_success", `collector="channels"`); v != "0" {
		t.Errorf("success of the channels is %q", v)
	}
	for _, group := range []string{groupSessions, groupQueues} {
		if v, _ := value(t, s, "conversation_scrape_collector_success", `collector="`+group+`"`); v != "1" {
			t.Errorf("success of the %s is %q", group, v)
		}
	}
	if b.collector.Panics() != 1 || !strings.Contains(b.logs.String(), "a fault") {
		t.Errorf("%v panics, log %s", b.collector.Panics(), b.logs)
	}
}

// A source that hangs costs the group that asks it, not the others.
func TestAHangingChannelListLeavesTheOthers(t *testing.T) {
	b := newBench(groupSessions, groupChannels)
	b.sessions = []conversation.Session{session(1, "sms")}
	b.channelHangs = true
	s := b.collector.Scrape(context.Background(), Request{Arrived: time.Now(), Limit: 400 * time.Millisecond})
	if v, _ := value(t, s, "conversation_scrape_collector_timeout", `collector="channels"`); v != "1" {
		t.Errorf("timeout of the channels is %q", v)
	}
	if v, _ := value(t, s, "conversation_open_sessions", `channel="sms"`, `state="assigned"`); v != "1" {
		t.Errorf("open sessions are %q", v)
	}
}

// The queues are told twice in a pass, and may change in between: then the later
// list counts, and none of them is shown as one of the many that share a label.
func TestTheQueuesOfAPassAreOneList(t *testing.T) {
	first := told[conversation.Queue]{list: []conversation.Queue{queue(1, "Support"), queue(2, "Old")}}
	other := &beside{queues: first}
	other.agree(&listing{queues: first.list[:1]})
	if len(other.queues.list) != 1 {
		t.Errorf("queues = %+v, want those of the later list", other.queues.list)
	}
	list := &listing{}
	other.agree(list)
	if len(list.queues) != 1 {
		t.Errorf("queues = %+v, want those that were told", list.queues)
	}
}
