package web

import (
	"context"
	"errors"
	"iter"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"conversation_exporter/collector"
	"conversation_exporter/conversation"
)

func TestGroupsAreToldInWords(t *testing.T) {
	on := func(g collector.GroupStatus) collector.GroupStatus {
		g.Name, g.On, g.Passed = "queues", true, true
		return g
	}
	for _, c := range []struct {
		group       collector.GroupStatus
		mood, words string
	}{
		{on(collector.GroupStatus{Success: true}), "ok", "ok"},
		{on(collector.GroupStatus{Success: true, Partial: true}), "partial", "partial"},
		{on(collector.GroupStatus{Partial: true}), "partial", "partial, as something failed"},
		{on(collector.GroupStatus{Success: true, Partial: true, TimedOut: true}), "partial", "partial, as the time was over"},
		{on(collector.GroupStatus{TimedOut: true}), "failed", "timed out"},
		{on(collector.GroupStatus{}), "failed", "failed"},
		{on(collector.GroupStatus{Unsupported: true}), "unread", "this system has no such thing"},
		{collector.GroupStatus{On: true}, "unread", "not read yet"},
		{collector.GroupStatus{}, "unread", "off"},
	} {
		if mood, words := groupMood(c.group); mood != c.mood || words != c.words {
			t.Errorf("%+v is %s, %q, want %s, %q", c.group, mood, words, c.mood, c.words)
		}
	}
}

// A group that is read less often is told with its time.
func TestStatusPageTellsTheTimeOfAGroupThatIsReadLessOften(t *testing.T) {
	clock := newFakeClock()
	target := collector.NewTarget(collector.Options{Name: "a", Source: &fakeSource{now: clock.Now}, Groups: []string{"sessions", "queues", "channels"}, Timeout: time.Minute, Now: clock.Now})
	s := newSite(t, Options{Now: clock.Now}, target)
	s.get(t, "/metrics?collect[]=queues&collect[]=channels")
	clock.advance(2 * time.Minute)
	s.get(t, "/metrics?collect[]=sessions")
	want := []string{
		"sessions ok", "messages off", "queues ok 12:00:00 UTC, 2 min ago", "channels this system has no such thing 12:00:00 UTC, 2 min ago", "agents off",
	}
	section := parse(t, s.get(t, "/").body).all("section")[0]
	if got := section.below("groups"); !slices.Equal(got, want) || section.texts("h2")[0] != "a read in full" {
		t.Errorf("the groups are %q, want %q", got, want)
	}
}

// A failure is told while it lasts and after it is over.
func TestStatusPageTellsTheLastFailure(t *testing.T) {
	clock := newFakeClock()
	source := &fakeSource{now: clock.Now}
	s := newSite(t, Options{Now: clock.Now}, collector.NewTarget(collector.Options{Name: "a", Source: source, Groups: []string{"sessions"}, Timeout: time.Minute, Now: clock.Now}))
	source.open = func(context.Context) ([]conversation.Session, conversation.Coverage, error) {
		return nil, conversation.Coverage{}, errors.New("get_token: the secret is wrong: write the right one to its file")
	}
	s.get(t, "/metrics")
	clock.advance(time.Minute)
	s.get(t, "/metrics")
	facts := func() string { return strings.Join(parse(t, s.get(t, "/").body).all("section")[0].texts("p"), "\n") }
	if got := facts(); !strings.HasSuffix(got, "It has failed since 12:00:00 UTC, 1 min ago.") {
		t.Errorf("while it fails: %q", got)
	}
	source.open = nil
	clock.advance(time.Minute)
	s.get(t, "/metrics")
	clock.advance(2 * time.Minute)
	const want = "Last failure 12:01:00 UTC, 3 min ago: get_token: the secret is wrong: write the right one to its file. Since then it is fine."
	if got := facts(); !strings.HasSuffix(got, want) {
		t.Errorf("after it: %q, want the end %q", got, want)
	}
}

// While the very first pass is under way the page tells how far that is.
func TestStatusPageTellsHowFarAPassIs(t *testing.T) {
	clock := newFakeClock()
	listed, done := make(chan struct{}), make(chan struct{})
	source := &fakeSource{now: clock.Now, open: func(context.Context) ([]conversation.Session, conversation.Coverage, error) {
		close(listed)
		<-done
		return nil, conversation.Coverage{Read: 1}, nil
	}}
	target := collector.NewTarget(collector.Options{Name: "a", Source: source, Groups: []string{"sessions"}, Timeout: time.Minute, Now: clock.Now})
	s := newSite(t, Options{Now: clock.Now}, target)
	scraped := make(chan struct{})
	go func() {
		defer close(scraped)
		collector.New(target).Scrape(t.Context(), collector.Request{Arrived: time.Now(), Limit: time.Minute})
	}()
	<-listed
	clock.advance(4 * time.Second)
	const want = "The first pass is under way, begun 12:00:00 UTC, 4 s ago: signing in and listing the open sessions."
	section := parse(t, s.get(t, "/").body).all("section")[0]
	if got := section.texts("p"); !slices.Equal(got, []string{want}) {
		t.Errorf("the page says %q, want %q", got, want)
	}
	close(done)
	<-scraped
	if got := s.get(t, "/").body; strings.Contains(got, "under way") {
		t.Errorf("after the pass:\n%s", got)
	}
	p := &page{}
	reading := p.targetOf(collector.Status{Passed: true, Progress: &collector.Progress{Since: clock.Now(), Phase: "reading messages", Read: 12, Of: 345}}, clock.Now())
	if got := reading.Under; got.First || got.Phase != "reading messages, 12 of 345 sessions" {
		t.Errorf("reading is told as %+v", got)
	}
}

func TestWhoWaitsIsToldInWords(t *testing.T) {
	now := newFakeClock().Now()
	wait := func(minutes int, queue, state string) *collector.Wait {
		return &collector.Wait{At: now.Add(-time.Duration(minutes) * time.Minute), Channel: "sms", Queue: queue, State: state}
	}
	closing := &collector.Wait{At: now.Add(9 * time.Minute), Channel: "sms", Queue: "Sales"}
	for _, c := range []struct {
		name   string
		status collector.Status
		want   []string
	}{
		{"messages are off", collector.Status{}, nil},
		{"nobody", collector.Status{Messages: true, Places: []collector.PlaceStatus{{Windows: map[string]int{"expired": 0}}}}, []string{"Nobody waits to be picked up", "Nobody waits for an agent's answer", "No window is about to close unanswered"}},
		{"nobody, and no windows", collector.Status{Messages: true, Places: []collector.PlaceStatus{{Channel: "chat"}}}, []string{"Nobody waits to be picked up", "Nobody waits for an agent's answer"}},
		{
			"each kind",
			collector.Status{Messages: true, Waits: collector.Waits{PickUp: wait(1, "Sales", "queued"), Queued: wait(1, "Sales", "queued"), Assigned: wait(2, "Sales", "assigned"), Shared: wait(90, "Open", "shared"), Closing: closing}},
			[]string{
				"Longest wait for a pick-up for 1 min sms, Sales, queued", "Longest wait for an agent's answer for 2 min sms, Sales, assigned",
				"Longest wait in a shared queue for 1 h 30 min sms, Open, shared", "Next window to close unanswered in 9 min sms, Sales",
			},
		},
		{
			"had waited before he came into the queue",
			collector.Status{Messages: true, Waits: collector.Waits{PickUp: wait(1, "Sales", "queued"), Queued: wait(40, "Sales", "queued"), Shared: wait(3, "(none)", "shared"), Closing: closing}},
			[]string{
				"Longest wait for a pick-up for 1 min sms, Sales, queued", "Longest wait for an answer in a queue for 40 min sms, Sales, queued",
				"Longest wait in a shared queue for 3 min sms, no queue, shared", "Next window to close unanswered in 9 min sms, Sales",
			},
		},
		{"some are still to be read", collector.Status{Messages: true, Pending: 30, Read: 12}, []string{"Messages are read of 12 of 42 sessions; the rest follows with the next scrapes"}},
		{"none was read", collector.Status{Messages: true, Pending: 30}, []string{"Messages still to be read: 30 sessions"}},
	} {
		var got []string
		for _, o := range owed(c.status, now) {
			got = append(got, strings.TrimSpace(o.What+" "+o.Time)+strings.TrimRight(" "+o.Where, " "))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestWhatNeedsSomebodyIsToldInWords(t *testing.T) {
	got := attention(collector.Status{
		Unattended:   []collector.UnattendedStatus{{Queue: "Sales", Waiting: 1, Agents: 3}, {Queue: "Night", Waiting: 2}},
		ChannelsDown: []collector.ChannelStatus{{Channel: "sms", Name: "Hotline", Provider: "twilio"}, {Channel: "facebook", Name: "Page", Lapsed: true}},
	})
	want := []string{
		"Queue Sales: 1 customer waits, and none of its 3 agents is there.", "Queue Night: 2 customers wait, and it has no agents.",
		"The sms channel Hotline (twilio) is not connected.", "The facebook channel Page is not connected: its subscription is over, renew the plan.",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// agents is a system that has agents with names, and a customer in a session.
type agents struct{ *fakeSource }

func (agents) Agents(context.Context) ([]conversation.Agent, error) {
	return []conversation.Agent{{ID: "1001", Name: "Canary Agent", Presence: conversation.PresencePresent, Queues: []int64{1}}}, nil
}

func (agents) Messages(_ context.Context, wants []conversation.Want) iter.Seq2[conversation.Thread, error] {
	return func(yield func(conversation.Thread, error) bool) {
		for _, w := range wants {
			if !yield(conversation.Thread{Session: w.Session, FromStart: true, ReadAt: time.Now()}, nil) {
				return
			}
		}
	}
}

// The page names nobody: no agent, not even where their names are labels.
func TestStatusPageNamesNobody(t *testing.T) {
	for _, names := range []bool{false, true} {
		clock := newFakeClock()
		source := agents{office(clock)}
		source.now = clock.Now
		source.queues = func() []conversation.Queue {
			return []conversation.Queue{{ID: 1, Name: "Sales", Mode: "manual", AgentsTold: true}}
		}
		s := newSite(t, Options{Now: clock.Now}, collector.NewTarget(collector.Options{
			Name: "a", Source: source, Groups: []string{"sessions", "messages", "queues", "agents"}, AgentNames: names, Timeout: time.Minute, Now: clock.Now,
		}))
		if text := s.get(t, "/metrics").body; strings.Contains(text, "Canary") != names {
			t.Errorf("the metrics have names: %t, want %t", !names, names)
		}
		page := s.get(t, "/").body
		if strings.Contains(strings.ToLower(page), "canary") || !strings.Contains(page, "1 of 1 agents are there") {
			t.Errorf("the page is\n%s", page)
		}
	}
}

// Every colour of a text stands out from what is behind it as far as WCAG asks of
// level AA, in both schemes.
func TestColoursStandOut(t *testing.T) {
	light, dark, ok := strings.Cut(pageStyle, "@media (prefers-color-scheme: dark)")
	if !ok {
		t.Fatal("there is no dark scheme")
	}
	dark, _, _ = strings.Cut(dark, "* {")
	for scheme, text := range map[string]string{"light": light, "dark": dark} {
		colours := make(map[string]float64)
		for _, part := range strings.Split(text, "--")[1:] {
			name, value, _ := strings.Cut(strings.TrimSpace(part), ":")
			value, _, _ = strings.Cut(strings.TrimSpace(value), ";")
			colours[name] = luminance(t, value)
		}
		if len(colours) != 13 {
			t.Errorf("the %s scheme has %d colours", scheme, len(colours))
		}
		for _, pair := range strings.Fields("ink/ground soft/ground ink/card soft/card faint/card ok/card partial/card failed/card unread/card ink/hot ink/warm") {
			front, back, _ := strings.Cut(pair, "/")
			bright, dim := max(colours[front], colours[back]), min(colours[front], colours[back])
			if ratio := (bright + 0.05) / (dim + 0.05); ratio < 4.5 {
				t.Errorf("%s: %s has the contrast %.2f, less than 4.5", scheme, pair, ratio)
			}
		}
		// It is no text, but the only sign that a table goes on.
		if ratio := (max(colours["shade"], colours["card"]) + 0.05) / (min(colours["shade"], colours["card"]) + 0.05); ratio < 2.4 {
			t.Errorf("%s: the shade of a table that is cut has the contrast %.2f, less than 2.4", scheme, ratio)
		}
	}
}

// luminance is how bright a colour is, as WCAG has it.
func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	if len(colour) != 7 {
		t.Fatalf("%q is no colour", colour)
	}
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(colour[1+2*i:3+2*i], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(n) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}
