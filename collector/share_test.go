package collector

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"conversation_exporter/conversation"
)

// counted is a bench whose passes are counted.
func counted(minInterval time.Duration) (*bench, *atomic.Int32) {
	b := newBench()
	b.target.opts.MinInterval = minInterval
	b.sessions = []conversation.Session{session(1, "sms")}
	n := new(atomic.Int32)
	b.during = func(context.Context) { n.Add(1) }
	return b, n
}

func TestLesson14ScrapesThatOverlapShareOnePass(t *testing.T) {
	b, passes := counted(0)
	inside, leave := make(chan struct{}), make(chan struct{})
	b.during = func(context.Context) {
		if passes.Add(1) == 1 {
			close(inside)
			<-leave
		}
	}
	results := make(chan prometheus.Collector, 30)
	var wg sync.WaitGroup
	wg.Go(func() { results <- b.scrape() })
	<-inside
	for range 29 {
		wg.Go(func() { results <- b.scrape() })
	}
	for b.waiters() < 30 {
		time.Sleep(time.Millisecond)
	}
	close(leave)
	wg.Wait()
	close(results)
	if n := passes.Load(); n != 1 {
		t.Errorf("30 scrapes at once made %d passes", n)
	}
	for s := range results {
		if v, _ := value(t, s, "conversation_open_sessions", `state="assigned"`); v != "1" {
			t.Errorf("one of them shows %q sessions", v)
		}
	}
}

// waiters tells how many scrapes wait for the pass under way.
func (b *bench) waiters() int {
	b.target.share.mu.Lock()
	defer b.target.share.mu.Unlock()
	if b.target.share.run == nil {
		return 0
	}
	return b.target.share.run.waiters
}

func TestAPassIsTakenOverUntilItIsOld(t *testing.T) {
	b, passes := counted(10 * time.Second)
	first, _ := value(t, b.scrape(), "conversation_scrape_timestamp_seconds")
	b.clock.advance(9 * time.Second)
	s := b.scrape()
	if again, _ := value(t, s, "conversation_scrape_timestamp_seconds"); again != first || passes.Load() != 1 {
		t.Errorf("after 9 seconds: %d passes, the timestamp is %s and was %s", passes.Load(), again, first)
	}
	b.clock.advance(time.Second)
	if later, _ := value(t, b.scrape(), "conversation_scrape_timestamp_seconds"); later == first || passes.Load() != 2 {
		t.Errorf("after 10 seconds: %d passes, the timestamp is still %s", passes.Load(), later)
	}
	// A clock that was set back must not keep an old pass for ever.
	b.clock.advance(-time.Hour)
	if b.scrape(); passes.Load() != 3 {
		t.Errorf("after the clock was set back: %d passes", passes.Load())
	}
}

// What a short deadline has cut serves only the scrape that set it.
func TestAPassThatWasCutIsNotTakenOver(t *testing.T) {
	b, passes := counted(10 * time.Second)
	b.during = func(ctx context.Context) {
		if passes.Add(1) == 1 {
			<-ctx.Done()
			b.cover = conversation.Coverage{Cut: []conversation.CutViewer{{Name: "a"}}, TimedOut: true}
		}
	}
	s := b.collector.Scrape(context.Background(), Request{Arrived: time.Now(), Limit: 20 * time.Millisecond})
	if v, _ := value(t, s, "conversation_scrape_collector_partial"); v != "1" {
		t.Errorf("partial = %q, want what the pass had when it was cut", v)
	}
	b.cover = conversation.Coverage{Read: 1}
	if v, _ := value(t, b.scrape(), "conversation_scrape_collector_partial"); v != "0" || passes.Load() != 2 {
		t.Errorf("the next scrape: partial = %q after %d passes", v, passes.Load())
	}
}

// A pass has the deadline of the scrape that began it, which is told what it had
// by then. A scrape that joined it and has time left makes a pass of its own.
func TestAPassEndsForTheScrapeThatBeganIt(t *testing.T) {
	b, passes := counted(0)
	inside := make(chan struct{})
	b.during = func(ctx context.Context) {
		if passes.Add(1) == 1 {
			close(inside)
			<-ctx.Done()
		}
	}
	var wg sync.WaitGroup
	var short, long prometheus.Collector
	wg.Go(func() {
		short = b.collector.Scrape(context.Background(), Request{Arrived: time.Now(), Limit: 100 * time.Millisecond})
	})
	<-inside
	wg.Go(func() {
		long = b.collector.Scrape(context.Background(), Request{Arrived: time.Now(), Limit: time.Minute})
	})
	for b.waiters() < 2 {
		time.Sleep(time.Millisecond)
	}
	wg.Wait()
	for name, s := range map[string]prometheus.Collector{"the one that began it": short, "the one that joined": long} {
		if v, _ := value(t, s, "conversation_open_sessions", `state="assigned"`); v != "1" {
			t.Errorf("%s shows %q sessions", name, v)
		}
	}
	if n := passes.Load(); n != 2 {
		t.Errorf("%d passes, want one each", n)
	}
}

// One that joins and has less time is told nothing, and the log says why.
func TestAScrapeThatHasLessTimeThanThePassIsToldSo(t *testing.T) {
	b, _ := counted(0)
	inside, leave := make(chan struct{}), make(chan struct{})
	b.during = func(context.Context) { close(inside); <-leave }
	var wg sync.WaitGroup
	wg.Go(func() { b.scrape() })
	<-inside
	for range 3 {
		s := b.collector.Scrape(context.Background(), Request{Arrived: time.Now(), Limit: 20 * time.Millisecond})
		for _, metric := range []string{"conversation_open_sessions", "conversation_up", "conversation_scrape_collector_duration_seconds"} {
			if _, ok := value(t, s, metric); ok {
				t.Errorf("%s is exported", metric)
			}
		}
	}
	close(leave)
	wg.Wait()
	if n := strings.Count(b.logs.String(), "scrape less often, or allow more time"); n != 1 {
		t.Errorf("the log says so %d times: %s", n, b.logs.String())
	}
}

func TestAPassEndsWhenNobodyWaits(t *testing.T) {
	b, _ := counted(0)
	inside, ended := make(chan struct{}), make(chan error, 1)
	b.during = func(ctx context.Context) {
		close(inside)
		<-ctx.Done()
		ended <- ctx.Err()
	}
	ctx, leave := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() { b.collector.Scrape(ctx, Request{Arrived: time.Now()}) })
	}
	<-inside
	for b.waiters() < 3 {
		time.Sleep(time.Millisecond)
	}
	leave()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the pass ended with %v", err)
	}
	wg.Wait()
}

// A scrape that wants more than the pass under way waits and makes its own.
func TestAScrapeThatWantsOtherGroupsMakesItsOwnPass(t *testing.T) {
	b, passes := counted(time.Minute)
	b.collector.Scrape(context.Background(), Request{Arrived: time.Now(), Groups: []string{}})
	if passes.Load() != 0 {
		t.Fatalf("a scrape without groups listed the sessions")
	}
	if v, _ := value(t, b.scrape(), "conversation_open_sessions", `state="assigned"`); v != "1" || passes.Load() != 1 {
		t.Errorf("it shows %q sessions after %d passes", v, passes.Load())
	}
	s := b.collector.Scrape(context.Background(), Request{Arrived: time.Now(), Groups: []string{}})
	if _, ok := value(t, s, "conversation_open_sessions"); ok || passes.Load() != 1 {
		t.Errorf("a scrape without groups: sessions %t, %d passes", ok, passes.Load())
	}
	if v, _ := value(t, s, "conversation_up"); v != "1" {
		t.Errorf("up = %q", v)
	}
}

func TestPanicsAreCounted(t *testing.T) {
	b, _ := counted(0)
	b.during = func(context.Context) { panic("canary") }
	for range 3 {
		b.scrape()
	}
	if n := b.collector.Panics(); n != 3 {
		t.Errorf("%v panics were counted, want 3", n)
	}
}

func TestR26SessionsOfAFailedViewerAreHeld(t *testing.T) {
	a, c := conversation.NewViewerSet("a"), conversation.NewViewerSet("b", "c")
	shown := func(id int64, by *conversation.ViewerSet) conversation.Session {
		s := session(id, "sms")
		s.ShownBy = by
		return s
	}
	for name, tc := range map[string]struct {
		step  time.Duration // between passes
		cover conversation.Coverage
		held  int // for how many passes session 2 is held
	}{
		"nothing failed":                   {time.Minute, conversation.Coverage{Read: 3}, 0},
		"another viewer failed":            {time.Minute, conversation.Coverage{Read: 2, Failed: []string{"a"}}, 0},
		"one that showed it failed":        {time.Minute, conversation.Coverage{Read: 2, Failed: []string{"c"}}, 5},
		"scraped seldom: two passes":       {10 * time.Minute, conversation.Coverage{Read: 2, Failed: []string{"c"}}, 2},
		"cut, and its round has not begun": {10 * time.Minute, conversation.Coverage{Read: 2, Cut: []conversation.CutViewer{{Name: "b"}}}, 9},
		"cut, and its round is over":       {10 * time.Minute, conversation.Coverage{Read: 2, Cut: []conversation.CutViewer{{Name: "b", Since: start().Add(time.Second)}}}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench()
			b.sessions = []conversation.Session{shown(1, a), shown(2, c)}
			b.cover = conversation.Coverage{Read: 3}
			b.scrape()
			b.sessions, b.cover = b.sessions[:1], tc.cover
			for pass := 1; pass < 10; pass++ {
				b.clock.advance(tc.step)
				want := "1"
				if pass <= tc.held {
					want = "2"
				}
				if v, _ := value(t, b.scrape(), "conversation_open_sessions", `state="assigned"`); v != want {
					t.Errorf("pass %d: %s sessions, want %s", pass, v, want)
				}
			}
			// It comes back as it was.
			b.sessions, b.cover = []conversation.Session{shown(1, a), shown(2, c)}, conversation.Coverage{Read: 3}
			if v, _ := value(t, b.scrape(), "conversation_open_sessions", `state="assigned"`); v != "2" {
				t.Errorf("when all is read again: %s sessions", v)
			}
		})
	}
}

// A viewer that failed earlier than the others lost a session still counts among
// those who showed it last.
func TestR26AViewerThatFailedBeforeTheOthersStillHolds(t *testing.T) {
	b := newBench()
	s := session(1, "sms")
	s.ShownBy = conversation.NewViewerSet("a", "b")
	b.sessions = []conversation.Session{s}
	b.scrape()
	b.cover = conversation.Coverage{Read: 1, Failed: []string{"a"}}
	b.sessions[0].ShownBy = conversation.NewViewerSet("b")
	b.scrape()
	b.sessions = nil
	if v, _ := value(t, b.scrape(), "conversation_open_sessions", `state="assigned"`); v != "1" {
		t.Errorf("%s sessions, want the one that the failed viewer showed", v)
	}
}

// A held session shows its last facts, and its window goes on closing.
func TestR26AHeldSessionKeepsItsFacts(t *testing.T) {
	b := newBench()
	s := windowed(session(1, "whatsapp"), start().Add(16*time.Minute))
	s.Queue, s.State, s.Origin = conversation.Queue{ID: 3, Name: "Support"}, conversation.StateQueued, conversation.OriginCampaign
	s.ShownBy = conversation.NewViewerSet("a")
	b.sessions = []conversation.Session{s}
	b.scrape()
	b.sessions, b.cover = nil, conversation.Coverage{Read: 1, Failed: []string{"a"}, Problems: []error{errors.New("a")}}
	b.clock.advance(2 * time.Minute)
	c := b.scrape()
	for metric, labels := range map[string][]string{
		"conversation_open_sessions":         {`queue="Support"`, `origin="campaign"`, `state="queued"`},
		"conversation_reply_window_sessions": {`queue="Support"`, `remaining="lt_15m"`},
	} {
		if v, _ := value(t, c, metric, labels...); v != "1" {
			t.Errorf("%s = %q", metric, v)
		}
	}
	if v, _ := value(t, c, "conversation_scrape_collector_partial"); v != "1" {
		t.Errorf("partial = %q", v)
	}
}

// A scrape that leaves a group out says nothing of how that group fares.
func TestAPassOfSomeGroupsSaysNothingOfTheOthers(t *testing.T) {
	b, _ := counted(0)
	b.err = errors.New("no route")
	b.scrape()
	b.collector.Scrape(context.Background(), Request{Arrived: time.Now(), Groups: []string{}})
	want := "level=error msg=\"reading failed\" target=desk err=\"no route\"\n"
	if got := b.logs.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if s := b.collector.Status()[0]; !s.Groups[0].Passed || s.Groups[0].Success || len(s.Problems) != 1 {
		t.Errorf("status = %+v", s)
	}
	b.err = nil
	b.scrape()
	if got := b.logs.String(); got != want+"level=info msg=\"reading works again\" target=desk\n" {
		t.Errorf("got\n%s", got)
	}
}

// Scrapes that choose other groups by turns cost the system no more than one pass of
// each choice within min_interval, and many choices no more than a pass of all.
func TestScrapesThatChooseByTurnsTakeOverWhatWasRead(t *testing.T) {
	b := newBench(groupSessions, groupQueues, groupChannels, groupAgents)
	b.target.opts.MinInterval = 10 * time.Second
	b.queues = []conversation.Queue{}
	listed, asked := 0, 0
	b.during = func(context.Context) { listed++ }
	ask := func(groups ...string) {
		asked++
		b.collector.Scrape(context.Background(), Request{Arrived: time.Now(), Groups: groups})
	}
	for range 5 {
		ask(groupSessions)
		ask(groupChannels)
		b.clock.advance(time.Second)
	}
	if listed != 1 || len(b.target.share.fresh) != 2 {
		t.Errorf("%d scrapes listed the sessions %d times, and %d passes are kept", asked, listed, len(b.target.share.fresh))
	}
	ask(groupQueues)
	ask(groupAgents)
	before := listed
	for range 5 {
		ask(groupQueues, groupChannels) // The fifth choice: all is read.
		ask(groupSessions, groupAgents)
		ask(groupSessions, groupQueues, groupChannels, groupAgents)
	}
	if listed != before+1 || len(b.target.share.fresh) != 1 {
		t.Errorf("many choices listed the sessions %d times more, want once; %d passes are kept", listed-before, len(b.target.share.fresh))
	}
	b.clock.advance(10 * time.Second)
	ask(groupSessions)
	if listed != before+2 || len(b.target.share.fresh) != 1 {
		t.Errorf("after min_interval: listed %d times, %d passes are kept", listed, len(b.target.share.fresh))
	}
}
