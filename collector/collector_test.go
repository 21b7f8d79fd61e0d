package collector

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/common/expfmt"

	"conversation_exporter/conversation"
)

// health are the metrics that say how a pass went.
func health() []string {
	return []string{
		"conversation_up", "conversation_target_info", "conversation_open_sessions", "conversation_scrape_collector_success",
		"conversation_scrape_collector_partial", "conversation_scrape_collector_timeout", "conversation_scrape_folded_queues",
		"conversation_scrape_timestamp_seconds", "conversation_scrape_collector_duration_seconds",
	}
}

// bare leaves HELP and TYPE out of an exposition.
func bare(t *testing.T, c prometheus.Collector) string {
	t.Helper()
	text, err := testutil.CollectAndFormat(c, expfmt.TypeTextPlain, health()...)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "#") {
			lines = append(lines, strings.TrimPrefix(strings.ReplaceAll(strings.TrimSuffix(line, "\n"), `target="desk"`, "T"), "conversation_"))
		}
	}
	return strings.Join(lines, "\n")
}

func TestLesson19FailuresAreAbsentAndSaid(t *testing.T) {
	timedOut := fmt.Errorf("listing: %w", context.DeadlineExceeded)
	for name, tc := range map[string]struct {
		set  func(*fake)
		want []string // success, partial, timeout, up
		data bool
	}{
		"all is read":               {func(*fake) {}, []string{"1", "0", "0", "1"}, true},
		"nothing is read":           {func(f *fake) { f.err, f.down = errors.New("no route"), true }, []string{"0", "0", "0", "0"}, false},
		"refused, credentials good": {func(f *fake) { f.err = errors.New("permission") }, []string{"0", "0", "0", "1"}, false},
		"no answer in time":         {func(f *fake) { f.err, f.down = timedOut, true }, []string{"0", "0", "1", "0"}, false},
		"a viewer failed": {func(f *fake) {
			f.cover = conversation.Coverage{Read: 1, Failed: []string{"x"}, Problems: []error{errors.New("extension 1001")}}
		}, []string{"0", "1", "0", "1"}, true},
		"the deadline cut a list": {func(f *fake) {
			f.cover = conversation.Coverage{Read: 1, Cut: []conversation.CutViewer{{Name: "y"}}, TimedOut: true, Problems: []error{timedOut}}
		}, []string{"1", "1", "1", "1"}, true},
		"the page limit cut a list": {func(f *fake) {
			f.cover = conversation.Coverage{Cut: []conversation.CutViewer{{Name: "y"}}, Problems: []error{fmt.Errorf("x: %w", conversation.ErrPageLimit)}}
		}, []string{"1", "1", "0", "1"}, true},
		"a state is assumed": {func(f *fake) { f.cover = conversation.Coverage{Read: 1, Assumed: 1} }, []string{"1", "1", "0", "1"}, true},
		"a fault without a failed viewer": {func(f *fake) {
			f.cover = conversation.Coverage{Read: 1, Problems: []error{errors.New("queues")}}
		}, []string{"0", "1", "0", "1"}, true},
		"a panic": {func(f *fake) { f.during = func(context.Context) { panic("canary") } }, []string{"0", "0", "0", "1"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench()
			b.sessions = []conversation.Session{session(1, "sms")}
			b.scrape() // So that there is something that could go on being shown.
			tc.set(b.fake)
			s := b.scrape()
			for i, metric := range []string{"scrape_collector_success", "scrape_collector_partial", "scrape_collector_timeout", "up"} {
				if v, ok := value(t, s, "conversation_"+metric); v != tc.want[i] || !ok {
					t.Errorf("%s = %q, want %s", metric, v, tc.want[i])
				}
			}
			for _, metric := range []string{"conversation_open_sessions", "conversation_scrape_folded_queues"} {
				if _, ok := value(t, s, metric); ok != tc.data {
					t.Errorf("%s is there: %t, want %t", metric, ok, tc.data)
				}
			}
		})
	}
}

func TestHealth(t *testing.T) {
	b := newBench()
	b.sessions = []conversation.Session{session(1, "sms")}
	b.during = func(context.Context) { b.clock.advance(1500 * time.Millisecond) }
	want := strings.Join([]string{
		`open_sessions{channel="sms",origin="regular",queue="(none)",state="assigned",T} 1`,
		`open_sessions{channel="sms",origin="regular",queue="(none)",state="automated",T} 0`,
		`open_sessions{channel="sms",origin="regular",queue="(none)",state="queued",T} 0`,
		`scrape_collector_duration_seconds{collector="sessions",T} 1.5`,
		`scrape_collector_partial{collector="sessions",T} 0`,
		`scrape_collector_success{collector="sessions",T} 1`,
		`scrape_collector_timeout{collector="sessions",T} 0`,
		`scrape_folded_queues{T} 0`,
		`scrape_timestamp_seconds{T} 1.7724420015e+09`,
		`target_info{system="fake",T,version="1.2"} 1`,
		`up{T} 1`,
	}, "\n")
	if got := bare(t, b.scrape()); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestWithoutGroupsOnlyHealthIsExported(t *testing.T) {
	b := newBench([]string{}...)
	b.target.opts.Groups = nil
	b.during = func(context.Context) { t.Error("the sessions were listed") }
	want := "scrape_timestamp_seconds{T} 1.772442e+09\ntarget_info{system=\"fake\",T,version=\"1.2\"} 1\nup{T} 1"
	if got := bare(t, b.scrape()); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestLesson10OneTargetLeavesTheOthers(t *testing.T) {
	good, hung := newBench(), newBench()
	good.sessions = []conversation.Session{session(1, "sms")}
	hung.target.opts.Name = "hung"
	hung.down = true
	hung.during = func(ctx context.Context) { <-ctx.Done() }
	hung.err = context.DeadlineExceeded
	c := New(good.target, hung.target)
	s := c.Scrape(context.Background(), Request{Arrived: time.Now(), Limit: 50 * time.Millisecond})
	if v, _ := value(t, s, "conversation_open_sessions", `state="assigned"`, `target="desk"`); v != "1" {
		t.Errorf("the good target shows %q sessions", v)
	}
	if v, _ := value(t, s, "conversation_scrape_collector_timeout", `target="hung"`); v != "1" {
		t.Errorf("the hung target's timeout is %q", v)
	}
	if v, _ := value(t, s, "conversation_up", `target="hung"`); v != "0" {
		t.Errorf("the hung target's up is %q", v)
	}
}

func TestTheDeadlineRunsFromTheArrival(t *testing.T) {
	b := newBench()
	arrived, calls := time.Now().Add(-200*time.Millisecond), 0
	for _, tc := range []struct{ limit, want time.Duration }{{0, 10 * time.Second}, {time.Second, time.Second}, {90 * time.Second, 90 * time.Second}} {
		b.during = func(ctx context.Context) {
			calls++
			deadline, ok := ctx.Deadline()
			if got := deadline.Sub(arrived); !ok || got != tc.want {
				t.Errorf("limit %s: the deadline is %s after the arrival, want %s", tc.limit, got, tc.want)
			}
		}
		b.collector.Scrape(context.Background(), Request{Arrived: arrived, Limit: tc.limit})
	}
	if calls != 3 {
		t.Errorf("%d passes, want 3", calls)
	}
}

func TestAScrapeThatArrivesTooLateStartsNoPass(t *testing.T) {
	b := newBench()
	b.during = func(context.Context) { t.Error("a pass was made") }
	for range 100 {
		b.collector.Scrape(context.Background(), Request{Arrived: time.Now().Add(-time.Minute)})
	}
}

// A scrape that must wait for another's pass answers within its own time.
func TestLesson13WaitingForAnotherPassIsPartOfTheTime(t *testing.T) {
	b := newBench()
	inside, leave := make(chan struct{}), make(chan struct{})
	b.during = func(context.Context) { close(inside); <-leave }
	var wg sync.WaitGroup
	wg.Go(func() { b.scrape() })
	<-inside
	s := b.collector.Scrape(context.Background(), Request{Arrived: time.Now(), Limit: 20 * time.Millisecond})
	close(leave)
	wg.Wait()
	if v, _ := value(t, s, "conversation_scrape_collector_timeout"); v != "1" {
		t.Errorf("timeout = %q, want 1", v)
	}
	for _, metric := range []string{"conversation_open_sessions", "conversation_up", "conversation_target_info"} {
		if _, ok := value(t, s, metric); ok {
			t.Errorf("a pass that never began exports %s", metric)
		}
	}
}

func TestOnePassAtATime(t *testing.T) {
	b := newBench()
	under, most := 0, 0
	var mu sync.Mutex
	b.during = func(context.Context) {
		mu.Lock()
		under++
		most = max(most, under)
		mu.Unlock()
		time.Sleep(time.Millisecond)
		mu.Lock()
		under--
		mu.Unlock()
	}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() { b.scrape() })
	}
	wg.Wait()
	if most != 1 {
		t.Errorf("%d passes at a time", most)
	}
}

func TestLesson17APanicShowsNothingOfItsValue(t *testing.T) {
	b := newBench()
	b.during = func(context.Context) { panic("canary") }
	b.scrape()
	if got := b.logs.String(); strings.Contains(got, `err="listing the open sessions: a fault of the exporter: canary`) || !strings.Contains(got, "a fault of the exporter: string") {
		t.Errorf("log = %s", got)
	}
	b.during = func(context.Context) { none := make([]int, 0); _ = none[len(b.sessions)+1] }
	if v, _ := value(t, b.scrape(), "conversation_scrape_collector_success"); v != "0" {
		t.Errorf("success = %q after a panic", v)
	}
	if status := b.collector.Status(); !strings.Contains(status[0].Problems[0], "index out of range") {
		t.Errorf("problems = %q", status[0].Problems)
	}
}

func TestAFaultWhileCountingIsContained(t *testing.T) {
	b := newBench()
	b.sessions = []conversation.Session{session(1, "sms")}
	b.target.ledger = nil
	s := b.scrape()
	if v, _ := value(t, s, "conversation_scrape_collector_success"); v != "0" {
		t.Errorf("success = %q", v)
	}
	if _, ok := value(t, s, "conversation_open_sessions"); ok {
		t.Error("sessions are exported")
	}
	if !strings.Contains(b.logs.String(), "counting the sessions: a fault of the exporter") {
		t.Errorf("log = %s", b.logs.String())
	}
}

func TestStatus(t *testing.T) {
	b := newBench()
	if s := b.collector.Status(); len(s) != 1 || s[0].Target != "desk" || s[0].Passed {
		t.Errorf("before any pass: %+v", s)
	}
	support := conversation.Queue{ID: 1, Name: "Support"}
	one := windowed(session(1, "whatsapp"), start().Add(10*time.Minute))
	one.Queue = support
	two := windowed(session(2, "whatsapp"), start().Add(5*time.Minute))
	two.Queue, two.Awaiting = support, conversation.AwaitingAgent
	b.sessions = []conversation.Session{one, two, session(3, "sms")}
	b.cover = conversation.Coverage{Read: 1, Failed: []string{"x"}, Problems: []error{errors.New("extension 1001: no permission")}}
	b.scrape()
	s := b.collector.Status()[0]
	if !s.Passed || !s.Up || s.System != "fake" || s.Version != "1.2" || !s.Ended.Equal(start()) || len(s.Places) != 2 {
		t.Errorf("status = %+v", s)
	}
	place := s.Places[1]
	if place.Channel != "whatsapp" || place.Open["assigned"] != 2 || place.Windows["lt_15m"] != 2 || !place.NextExpiry.Equal(start().Add(5*time.Minute)) {
		t.Errorf("place = %+v", place)
	}
	if g := s.Groups[0]; g.Success || !g.Partial || len(s.Problems) != 1 || s.Problems[0] != "extension 1001: no permission" {
		t.Errorf("group = %+v, problems = %q", g, s.Problems)
	}
}

func TestCloseClosesEverySource(t *testing.T) {
	a, b := newBench(), newBench()
	if err := New(a.target, b.target).Close(context.Background()); err != nil || !a.closed || !b.closed {
		t.Errorf("closed %t and %t, error %v", a.closed, b.closed, err)
	}
}

// What is documented is what is exported, and the linter of the format has no
// complaint.
func TestEveryMetricIsDescribed(t *testing.T) {
	b := newStory()
	b.target.opts.Groups = append(b.target.opts.Groups, groupQueues, groupChannels, groupAgents)
	b.queues = append(b.queues, conversation.Queue{
		ID: 9, Name: "Sales", Mode: "manual", AgentsTold: true, Open: conversation.OpeningOpen, Limits: conversation.Limits{NewSessionAgent: time.Minute},
	})
	b.agents = []conversation.Agent{{ID: "1001", Presence: conversation.PresencePresent, Queues: []int64{9}}}
	b.channels = []conversation.Channel{{Kind: "sms", Name: "Hotline", Provider: "twilio", Up: true, UpTold: true, Today: &conversation.Traffic{}}}
	b.scrape()
	b.open(1, func(listed *conversation.Session) {
		waits(listed)
		listed.Window = conversation.Window{Has: true, End: start().Add(time.Hour)}
		listed.Transfer = conversation.TransferNone
	})
	b.customer(1)
	b.sending(1)
	b.customer(1)
	b.info = conversation.Info{ReadsTold: true, IdleTimeout: time.Hour}
	b.open(2, func(listed *conversation.Session) { listed.ByStatus, listed.LastActivity = true, start() })
	b.clock.advance(time.Minute)
	problems, err := testutil.CollectAndLint(b.scrape())
	if err != nil || len(problems) != 0 {
		t.Errorf("lint: %v, %v", problems, err)
	}
	helps := make(map[string]string)
	for _, m := range Metrics() {
		if n := testutil.CollectAndCount(b.scrape(), m.Name); n == 0 {
			t.Errorf("%s is documented and not exported", m.Name)
		}
		if helps[m.Help] != "" {
			t.Errorf("%s and %s have one help text", m.Name, helps[m.Help])
		}
		helps[m.Help] = m.Name
		for _, l := range m.Labels {
			if strings.Contains(l, "customer") || strings.Contains(l, "session") || strings.HasSuffix(l, "_id") {
				t.Errorf("%s has the label %s", m.Name, l)
			}
		}
	}
	if n, want := len(Metrics()), 3+19+6+3+2+11; n != want {
		t.Errorf("%d metrics, want %d", n, want)
	}
}

func BenchmarkPass(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		b.Run(fmt.Sprintf("%d sessions", n), func(b *testing.B) {
			bench := newBench()
			for i := range n {
				s := windowed(session(int64(i+1), "whatsapp"), start().Add(time.Duration(i)*time.Second))
				s.Queue = conversation.Queue{ID: int64(i%40 + 1), Name: fmt.Sprint("queue ", i%40)}
				bench.sessions = append(bench.sessions, s)
			}
			b.ReportAllocs()
			for b.Loop() {
				bench.scrape()
			}
		})
	}
}
