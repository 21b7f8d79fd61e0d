package collector

import (
	"bytes"
	"context"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-kit/log"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/common/expfmt"
	"go.uber.org/goleak"

	"conversation_exporter/conversation"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start is where the clocks of these tests begin.
func start() time.Time { return time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC) }

// fake is a source that tells what the test says.
type fake struct {
	sessions []conversation.Session
	cover    conversation.Coverage
	err      error
	queues   []conversation.Queue
	queueErr error
	infoErr  error
	// channels and agents are told with their errors.
	channels             []conversation.Channel
	agents               []conversation.Agent
	channelDuring        func()
	channelHangs         bool
	channelErr, agentErr error
	// ended are the rows of the closed list, records those of the sessions.
	ended   []conversation.Session
	records map[int64][]conversation.Record
	// asked is what was wanted last, most how many of that are read in time.
	asked                []conversation.Want
	most, sweeps         int
	sweepErr, messageErr error
	sweepCover           conversation.Coverage
	// slow is how long reading takes by the clock, messageDuring is called meanwhile.
	slow          time.Duration
	messageDuring func(context.Context)
	// down is true where no call succeeds.
	down bool
	// info is told, but for what the fake knows itself.
	info conversation.Info
	// during is called while the sessions are listed.
	during func(context.Context)
	clock  *clock
	closed bool
}

func (f *fake) OpenSessions(ctx context.Context) ([]conversation.Session, conversation.Coverage, error) {
	if f.during != nil {
		f.during(ctx)
	}
	sessions := append([]conversation.Session(nil), f.sessions...)
	for i := range sessions {
		s := &sessions[i]
		s.ListedAt = f.clock.now()
		if s.ShownBy == nil {
			s.ShownBy = conversation.NewViewerSet(viewer)
		}
		if n := len(f.records[s.ID]); n > 0 && s.LastMessage == 0 {
			s.LastMessage = f.records[s.ID][n-1].ID
		}
	}
	return sessions, f.cover, f.err
}

func (f *fake) ClosedSessions(_ context.Context, since conversation.Mark) ([]conversation.Session, conversation.Mark, conversation.Coverage, error) {
	f.sweeps++
	if f.sweepErr != nil {
		return nil, since, conversation.Coverage{}, f.sweepErr
	}
	sessions := append([]conversation.Session(nil), f.ended...)
	for i := range sessions {
		sessions[i].ListedAt, sessions[i].Closed = f.clock.now(), true
	}
	mark, known := since.Viewers[viewer]
	sessions = slices.DeleteFunc(sessions, func(s conversation.Session) bool { return !known || s.LastMessage <= mark })
	return sessions, conversation.Mark{Viewers: map[string]int64{viewer: f.last()}}, f.sweepCover, nil
}

// viewer is who shows all sessions of a fake.
const viewer = "all"

// last is the newest message that there is.
func (f *fake) last() (id int64) {
	for _, records := range f.records {
		for _, r := range records {
			id = max(id, r.ID)
		}
	}
	return id
}

func (*fake) Lookup(context.Context, []int64) ([]conversation.Session, error) {
	return nil, conversation.ErrUnsupported
}

func (f *fake) Messages(ctx context.Context, wants []conversation.Want) iter.Seq2[conversation.Thread, error] {
	return func(yield func(conversation.Thread, error) bool) {
		f.asked = nil
		f.clock.advance(f.slow)
		if f.messageDuring != nil {
			f.messageDuring(ctx)
		}
		if f.messageErr != nil {
			yield(conversation.Thread{}, f.messageErr)
			return
		}
		for i, w := range wants {
			f.asked = append(f.asked, w)
			if f.most > 0 && i >= f.most {
				yield(conversation.Thread{}, context.DeadlineExceeded)
				return
			}
			all := f.records[w.Session]
			from := len(all)
			for from > 0 && !w.Reached(all[from:]) {
				from--
			}
			thread := conversation.Thread{Session: w.Session, Records: slices.Clone(all[from:]), FromStart: from == 0, ReadAt: f.clock.now()}
			if more := len(thread.Records) - w.Limit; more > 0 {
				thread.Records, thread.Skipped, thread.FromStart = thread.Records[more:], more, false
			}
			if !yield(thread, nil) || ctx.Err() != nil {
				return
			}
		}
	}
}

func (f *fake) Queues(context.Context) ([]conversation.Queue, error) { return f.queues, f.queueErr }

func (f *fake) Channels(ctx context.Context) ([]conversation.Channel, error) {
	if during := f.channelDuring; during != nil {
		f.channelDuring = nil
		during()
	}
	if f.channelHangs {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return f.channels, f.channelErr
}

func (f *fake) Agents(context.Context) ([]conversation.Agent, error) { return f.agents, f.agentErr }

func (f *fake) Info(context.Context) (conversation.Info, error) {
	info := conversation.Info{
		System: "fake", Version: "1.2", States: []conversation.State{conversation.StateQueued, conversation.StateAssigned, conversation.StateAutomated},
		Failures: []string{"send_fail", "other"},
	}
	info.ReadsTold, info.IdleTimeout = f.info.ReadsTold, f.info.IdleTimeout
	if !f.down {
		info.AcceptedAt = f.clock.now()
	}
	return info, f.infoErr
}

func (f *fake) Close(context.Context) error { f.closed = true; return nil }

// clock is a clock that the test moves.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// bench is a target on a fake source, with what it logs.
type bench struct {
	*fake
	clock     *clock
	logs      *bytes.Buffer
	target    *Target
	collector *Collector
}

func newBench(groups ...string) *bench {
	b := &bench{clock: &clock{at: start()}, logs: &bytes.Buffer{}}
	b.fake = &fake{clock: b.clock}
	if groups == nil {
		groups = []string{groupSessions}
	}
	b.target = NewTarget(Options{
		Name: "desk", Source: b.fake, Groups: groups, Timeout: 10 * time.Second, Now: b.clock.now,
		Logger: log.NewLogfmtLogger(log.NewSyncWriter(b.logs)),
	})
	b.collector = New(b.target)
	return b
}

// scrape makes a pass.
func (b *bench) scrape() prometheus.Collector {
	return b.collector.Scrape(context.Background(), Request{Arrived: time.Now()})
}

// expect makes a pass and compares the metrics of the given names.
func (b *bench) expect(t *testing.T, text string, names ...string) {
	t.Helper()
	if err := testutil.CollectAndCompare(b.scrape(), strings.NewReader(text), names...); err != nil {
		t.Error(err)
	}
}

// value makes a pass and returns the sample of a metric whose labels all appear
// in its text; ok is false where there is none.
func value(t *testing.T, c prometheus.Collector, name string, labels ...string) (value string, ok bool) {
	t.Helper()
	text, err := testutil.CollectAndFormat(c, expfmt.TypeTextPlain, name)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		match := !strings.HasPrefix(line, "#")
		for _, l := range labels {
			match = match && strings.Contains(line, l)
		}
		if match {
			return line[strings.LastIndex(line, " ")+1 : len(line)-1], true
		}
	}
	return "", false
}

// session makes an open session that an agent has.
func session(id int64, channel string) conversation.Session {
	return conversation.Session{
		ID: id, Channel: channel, Origin: conversation.OriginRegular, State: conversation.StateAssigned, StateSure: true,
		Awaiting: conversation.AwaitingUnknown,
	}
}

// windowed gives a session a reply window that ends at an instant.
func windowed(s conversation.Session, end time.Time) conversation.Session {
	s.Window = conversation.Window{Has: true, End: end}
	return s
}
