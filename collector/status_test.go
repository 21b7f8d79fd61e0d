package collector

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"conversation_exporter/conversation"
)

// scrapeOf makes a pass over some groups only.
func (b *bench) scrapeOf(groups ...string) {
	b.collector.Scrape(context.Background(), Request{Arrived: time.Now(), Groups: groups})
}

// groupOf is how the last reading of a group went.
func (b *bench) groupOf(name string) GroupStatus {
	groups := b.collector.Status()[0].Groups
	return groups[slices.IndexFunc(groups, func(g GroupStatus) bool { return g.Name == name })]
}

// A target that is only ever asked for some of its groups at a time is read all
// the same, and each group's last reading is told.
func TestTheStatusKeepsTheLastViewOfEachGroup(t *testing.T) {
	s := newStory()
	s.target.opts.Groups = append(s.target.opts.Groups, groupQueues)
	s.queues = []conversation.Queue{queue(3, "Support")}
	s.open(1, nil)
	s.customer(1)
	s.scrapeOf(groupMessages)
	if st := s.collector.Status()[0]; !st.Passed || st.System != "fake" || !st.Messages || st.Assigned == nil || len(st.Places) != 1 {
		t.Errorf("after a scrape of the messages alone: %+v", st)
	}
	s.clock.advance(time.Minute)
	s.sessions = nil
	s.scrapeOf(groupSessions)
	st := s.collector.Status()[0]
	if !st.Ended.Equal(start().Add(time.Minute)) || st.Assigned == nil || len(st.Places) != 1 || st.Places[0].Open["assigned"] != 0 {
		t.Errorf("after one of the sessions: %+v", st)
	}
	for name, want := range map[string]GroupStatus{
		groupSessions: {On: true, Passed: true, Success: true, Ended: start().Add(time.Minute)},
		groupMessages: {On: true, Passed: true, Success: true, Ended: start()},
		groupQueues:   {On: true},
		groupChannels: {},
	} {
		want.Name = name
		if got := s.groupOf(name); got != want {
			t.Errorf("the group is %+v, want %+v", got, want)
		}
	}
}

// What failed while one group was read stays, until that group is read again.
func TestAScrapeOfOtherGroupsDoesNotEndAFailure(t *testing.T) {
	s := newStory()
	s.open(1, nil)
	s.customer(1)
	s.messageErr = errors.New("message/query: no permission: give the application the scope")
	s.scrapeOf(groupMessages)
	s.clock.advance(time.Minute)
	s.scrapeOf(groupSessions)
	st := s.collector.Status()[0]
	if want := []string{s.messageErr.Error()}; !slices.Equal(st.Problems, want) || st.Failure == nil || st.Failure.Over {
		t.Errorf("problems %q, failure %+v", st.Problems, st.Failure)
	}
	s.messageErr = nil
	s.scrapeOf(groupMessages)
	if st := s.collector.Status()[0]; len(st.Problems) != 0 || !st.Failure.Over {
		t.Errorf("problems %q, failure %+v", st.Problems, st.Failure)
	}
}

func TestTheLastFailureIsKeptWhenItIsOver(t *testing.T) {
	b := newBench()
	b.scrape()
	if f := b.collector.Status()[0].Failure; f != nil {
		t.Errorf("without any there is the failure %+v", f)
	}
	b.err = errors.New("the secret is wrong: check it " + strings.Repeat("é", 1000))
	for range 3 {
		b.scrape()
		b.clock.advance(time.Minute)
	}
	b.err = nil
	b.scrape()
	f := b.collector.Status()[0].Failure
	if f == nil || !f.Over || !f.Since.Equal(start()) || !f.Last.Equal(start().Add(2*time.Minute)) {
		t.Fatalf("failure = %+v", f)
	}
	if !strings.HasPrefix(f.Text, "the secret is wrong: check it é") || !strings.HasSuffix(f.Text, "é …") || len(f.Text) > 1010 {
		t.Errorf("its text is %q", f.Text)
	}
	// A limit that was reached and a warning are no failures.
	b.cover = conversation.Coverage{Read: 1, Problems: []error{conversation.ErrPageLimit}, Warnings: []error{errors.New("no space left")}}
	b.scrape()
	st := b.collector.Status()[0]
	if again := st.Failure; !again.Over || !again.Last.Equal(f.Last) || len(st.Problems) != 2 {
		t.Errorf("problems %q, failure %+v", st.Problems, again)
	}
	// Nor does a system that told nothing in time get away with none.
	b.cover, b.err = conversation.Coverage{}, fmt.Errorf("no answer in time: %w", context.DeadlineExceeded)
	b.scrape()
	if st := b.collector.Status()[0]; st.Failure.Over || !strings.Contains(st.Failure.Text, "no answer in time") {
		t.Errorf("failure %+v", st.Failure)
	}
}

func TestTheStatusTellsWhatASystemDoesNotHave(t *testing.T) {
	s := newStory()
	s.target.opts.Groups = append(s.target.opts.Groups, groupChannels, groupQueues)
	s.channelErr = fmt.Errorf("channels: %w", conversation.ErrUnsupported)
	s.queues, s.queueErr = nil, errors.New("no queues")
	s.scrape()
	if g := s.groupOf(groupChannels); !g.Passed || !g.Unsupported || g.Success {
		t.Errorf("channels: %+v", g)
	}
	if g := s.groupOf(groupQueues); !g.Passed || g.Unsupported || g.Success || g.Partial {
		t.Errorf("queues: %+v", g)
	}
}

// Customers who wait in a queue, with an agent and in a shared queue are told
// apart, and those of a queue with nobody there and channels that are down.
func TestTheStatusTellsWhoWaitsWhere(t *testing.T) {
	s := newStory()
	s.target.opts.Groups = append(s.target.opts.Groups, groupQueues, groupChannels, groupAgents)
	s.queues = []conversation.Queue{queue(3, "Support"), queue(4, "Sales"), queue(5, "Community"), queue(6, "Night"), queue(7, "Holidays")}
	s.queues[4].Open = conversation.OpeningClosed // Nobody need be there now.
	s.agents = []conversation.Agent{agent("1001", there, 4, 5), agent("1002", away, 3, 4), agent("1003", away, 3, 6, 7)}
	s.channels = []conversation.Channel{
		{Kind: "whatsapp", Name: "Line", Provider: "twilio", Up: true, UpTold: true},
		{Kind: "sms", Name: "Hotline", Provider: "twilio", UpTold: true},
		{Kind: "sms", Name: "Desk", Provider: "twilio", UpTold: true, Lapsed: true},
		{Kind: "sms", Name: "Desk", Provider: "twilio", Up: true, UpTold: true},
		{Kind: "facebook", Name: "Page", Provider: "meta"},
	}
	in := func(id int64, name string, state conversation.State) func(*conversation.Session) {
		return func(listed *conversation.Session) {
			listed.State, listed.Queue = state, conversation.Queue{ID: id, Name: name}
		}
	}
	for i, change := range []func(*conversation.Session){
		in(5, "Community", conversation.StateShared), in(4, "Sales", conversation.StateAssigned), in(3, "Support", conversation.StateQueued),
		in(4, "Sales", conversation.StateQueued), in(3, "Support", conversation.StateArchived), in(7, "Holidays", conversation.StateQueued),
	} {
		id := int64(i + 1)
		s.open(id, change)
		s.customer(id)
		if id == 3 {
			s.clock.advance(time.Minute)
			s.add(id, conversation.Record{Kind: conversation.KindQueued})
		}
		s.clock.advance(time.Minute)
	}
	s.scrape()
	st := s.collector.Status()[0]
	at := func(minutes int) time.Time { return start().Add(time.Duration(minutes) * time.Minute) }
	for what, pair := range map[string][2]*Wait{
		"pick-up":  {st.PickUp, {At: at(3), Channel: "whatsapp", Queue: "Support", State: "queued"}},
		"queued":   {st.Queued, {At: at(2), Channel: "whatsapp", Queue: "Support", State: "queued"}},
		"assigned": {st.Assigned, {At: at(1), Channel: "whatsapp", Queue: "Sales", State: "assigned"}},
		"shared":   {st.Shared, {At: at(0), Channel: "whatsapp", Queue: "Community", State: "shared"}},
	} {
		if pair[0] == nil || *pair[0] != *pair[1] {
			t.Errorf("%s: %+v, want %+v", what, pair[0], pair[1])
		}
	}
	if want := []UnattendedStatus{{Queue: "Support", Waiting: 1, Agents: 2}}; !slices.Equal(st.Unattended, want) {
		t.Errorf("unattended: %+v, want %+v", st.Unattended, want)
	}
	if want := []ChannelStatus{{Channel: "sms", Name: "Desk", Provider: "twilio", Lapsed: true}, {Channel: "sms", Name: "Hotline", Provider: "twilio"}}; !slices.Equal(st.ChannelsDown, want) {
		t.Errorf("channels: %+v, want %+v", st.ChannelsDown, want)
	}
	if st.Present != 1 || st.Agents != 3 {
		t.Errorf("%d of %d agents are there", st.Present, st.Agents)
	}
	// What two passes told that are far apart is not held together.
	s.clock.advance(together)
	s.scrapeOf(groupSessions)
	if st := s.collector.Status()[0]; len(st.Unattended) != 0 {
		t.Errorf("unattended, by old agents: %+v", st.Unattended)
	}
}

// watched is a source that calls each after every session that was read.
type watched struct {
	*fake
	each func()
}

func (w watched) Messages(ctx context.Context, wants []conversation.Want) iter.Seq2[conversation.Thread, error] {
	return func(yield func(conversation.Thread, error) bool) {
		for thread, err := range w.fake.Messages(ctx, wants) {
			if !yield(thread, err) {
				return
			}
			w.each()
		}
	}
}

// While a pass is under way the status tells what it is at, during the very first
// one too.
func TestTheStatusTellsHowFarAPassIs(t *testing.T) {
	s := newStory()
	s.target.opts.Groups = append(s.target.opts.Groups, groupChannels)
	var seen []string
	look := func() {
		p := s.collector.Status()[0].Progress
		seen = append(seen, fmt.Sprintf("%s %d of %d since %s", p.Phase, p.Read, p.Of, p.Since.Format("15:04")))
	}
	s.target.opts.Source = watched{s.fake, look}
	s.during = func(context.Context) { look() }
	for id := range int64(3) {
		s.open(id+1, nil)
		s.customer(id + 1)
	}
	s.scrape()
	s.clock.advance(time.Minute)
	s.customer(1)
	s.at(1).LastMessage = 0
	s.scrape()
	want := []string{
		"signing in and listing the open sessions 0 of 0 since 09:00",
		"reading messages 1 of 3 since 09:00", "reading messages 2 of 3 since 09:00", "reading messages 3 of 3 since 09:00",
		"listing the open sessions 0 of 0 since 09:01",
		"reading messages 1 of 1 since 09:01",
	}
	if !slices.Equal(seen, want) {
		t.Errorf("it told\n%s\nwant\n%s", strings.Join(seen, "\n"), strings.Join(want, "\n"))
	}
	if p := s.collector.Status()[0].Progress; p != nil {
		t.Errorf("after the pass: %+v", p)
	}
}

// A cold start on a large system tells how far it is: a line a minute at most, and
// one when all is read.
func TestAColdStartTellsHowFarItIs(t *testing.T) {
	s := newStory()
	for id := range int64(10) {
		s.open(id+1, nil)
		s.customer(id + 1)
	}
	s.most = 2
	for range 6 {
		s.scrape()
		if st := s.collector.Status()[0]; st.Pending > 0 && st.Read+st.Pending != 10 {
			t.Errorf("%d are read and %d pending", st.Read, st.Pending)
		}
		s.clock.advance(30 * time.Second)
	}
	var lines []string
	for line := range strings.Lines(s.logs.String()) {
		if strings.HasPrefix(line, "level=info") && !strings.Contains(line, "works again") {
			lines = append(lines, line)
		}
	}
	want := `level=info msg="messages are still to be read" target=desk sessions_read=2 sessions_remaining=8
level=info msg="messages are still to be read" target=desk sessions_read=6 sessions_remaining=4
level=info msg="all messages are read" target=desk sessions_read=10
`
	if got := strings.Join(lines, ""); got != want {
		t.Errorf("the log has\n%s\nwant\n%s", got, want)
	}
}

// A session that cannot be read is a failure, and no long reading.
func TestASessionThatFailsIsNoColdStart(t *testing.T) {
	s := newStory()
	s.open(1, nil)
	s.customer(1)
	s.messageErr = errors.New("no permission")
	for range 3 {
		s.scrape()
		s.clock.advance(time.Minute)
	}
	if strings.Contains(s.logs.String(), "still to be read") {
		t.Errorf("the log has\n%s", s.logs.String())
	}
}
