package collector

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"conversation_exporter/conversation"
)

func TestOneLineForEachFailureAndOneWhenItIsOver(t *testing.T) {
	b := newBench()
	for range 3 {
		b.scrape()
	}
	if got := b.logs.String(); got != "" {
		t.Errorf("scrapes that succeed log %q", got)
	}
	b.err = errors.New("no route")
	for range 3 {
		b.scrape()
	}
	b.err = errors.New("permission")
	b.scrape()
	b.err = nil
	for range 3 {
		b.scrape()
	}
	want := `level=error msg="reading failed" target=desk err="no route"
level=error msg="reading failed" target=desk err=permission
level=info msg="reading works again" target=desk
`
	if got := b.logs.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestAScrapeThatWasAbandonedSaysNothingOfTheTarget(t *testing.T) {
	b := newBench()
	b.scrape()
	ctx, leave := context.WithCancel(context.Background())
	b.during = func(ctx context.Context) { leave(); <-ctx.Done() }
	b.err = fmt.Errorf("listing: %w", context.Canceled)
	b.collector.Scrape(ctx, Request{Arrived: time.Now()})
	if got := b.logs.String(); got != "" {
		t.Errorf("it logs %q", got)
	}
	if s := b.collector.Status()[0]; !s.Groups[0].Success {
		t.Errorf("the status is that of the abandoned pass: %+v", s)
	}
}

// Two losses are two lines, and a queue list that fails is one of them.
func TestEachProblemIsToldByItself(t *testing.T) {
	b := newBench()
	b.err = errors.New("one\ntwo")
	b.cover.Problems = []error{errors.New("one"), errors.New("two")}
	b.scrape()
	if got := b.collector.Status()[0].Problems; len(got) != 2 || got[0] != "one" || got[1] != "two" {
		t.Errorf("problems = %q", got)
	}
	b.err, b.queueErr = nil, errors.New("two")
	b.scrape()
	if got := b.collector.Status()[0].Problems; len(got) != 2 {
		t.Errorf("problems = %q", got)
	}
	b.cover.Problems, b.queueErr = nil, errors.New("no queues")
	s := b.scrape()
	if v, _ := value(t, s, "conversation_scrape_collector_success"); v != "0" {
		t.Errorf("success = %q although the queues could not be read", v)
	}
	if v, _ := value(t, s, "conversation_scrape_collector_partial"); v != "1" {
		t.Errorf("partial = %q although the queues could not be read", v)
	}
}

// When signing in fails, every list fails with it, and one line tells it.
func TestAProblemThatSeveralListsMeetIsToldOnce(t *testing.T) {
	b := newBench(groupSessions, groupMessages, groupQueues, groupChannels)
	b.err = errors.New("signing in: the secret is wrong")
	b.queueErr, b.channelErr = fmt.Errorf("listing the queues: %w", b.err), fmt.Errorf("listing the channels: %w", b.err)
	b.scrape()
	if got := b.collector.Status()[0].Problems; len(got) != 1 || got[0] != b.err.Error() {
		t.Errorf("problems = %q", got)
	}
	if got := b.logs.String(); strings.Count(got, "the secret is wrong") != 1 {
		t.Errorf("the log has\n%s", got)
	}
}

// A warning is told in the log and on the page, and changes no value.
func TestWarningsAreToldAndChangeNothing(t *testing.T) {
	b := newBench()
	b.cover = conversation.Coverage{Read: 1, Warnings: []error{errors.New("writing the token file: no space left")}}
	s := b.scrape()
	for metric, want := range map[string]string{"success": "1", "partial": "0", "timeout": "0"} {
		if v, _ := value(t, s, "conversation_scrape_collector_"+metric); v != want {
			t.Errorf("%s = %q", metric, v)
		}
	}
	if got := b.collector.Status()[0].Problems; len(got) != 1 || !strings.Contains(b.logs.String(), "no space left") {
		t.Errorf("problems = %q, log = %s", got, b.logs.String())
	}
}

// With every group off, a dead target still says why.
func TestADeadTargetSaysWhy(t *testing.T) {
	b := newBench()
	b.target.opts.Groups = nil
	b.down, b.infoErr = true, errors.New("no route")
	b.scrape()
	if got := b.collector.Status()[0]; got.Up || len(got.Problems) != 1 || got.Problems[0] != "no route" {
		t.Errorf("status = %+v", got)
	}
}

// A loss whose list of viewers changes at every pass is one loss, and one that
// lasts is told again after an hour.
func TestALossThatLastsIsToldOnceAnHour(t *testing.T) {
	b := newBench()
	b.sessions = []conversation.Session{session(1, "sms")}
	cause := errors.New("no answer in time")
	for i := range 130 {
		b.cover = conversation.Coverage{Read: 1, Failed: []string{"x"}, Problems: []error{
			&conversation.LossError{Doing: "listing the sessions of", Of: fmt.Sprint("extension ", i), Cause: cause},
		}}
		b.scrape()
		b.clock.advance(time.Minute)
	}
	want := `level=warn msg="reading failed" target=desk err="listing the sessions of extension 0: no answer in time"
level=warn msg="reading still fails" target=desk since=2026-03-02T09:00:00Z err="listing the sessions of extension 60: no answer in time"
level=warn msg="reading still fails" target=desk since=2026-03-02T09:00:00Z err="listing the sessions of extension 120: no answer in time"
`
	if got := b.logs.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// A problem that comes and goes is logged once, not each time it comes; once it
// stays it is logged again, and after 10 quiet minutes it is new.
func TestAProblemThatComesAndGoesIsNotLoggedEachTime(t *testing.T) {
	b := newBench()
	pass := func(fails bool) {
		b.err = nil
		if fails {
			b.err = errors.New("no time")
		}
		b.scrape()
		b.clock.advance(time.Minute)
	}
	lines := func() string {
		defer b.logs.Reset()
		var all []string
		for line := range strings.Lines(b.logs.String()) {
			all = append(all, strings.TrimSuffix(strings.SplitN(line, `msg="`, 2)[1][:15], `"`))
		}
		return strings.Join(all, ", ")
	}
	for range 8 {
		pass(true)
		pass(false)
	}
	if got := lines(); got != "reading failed, reading works a" {
		t.Errorf("what comes and goes is logged as: %s", got)
	}
	pass(true)
	pass(true)
	pass(true)
	if got := lines(); got != "reading failed" {
		t.Errorf("what stays then is logged as: %s", got)
	}
	for range 11 {
		pass(false)
	}
	if got := lines(); got != "reading works a" {
		t.Errorf("its end is logged as: %s", got)
	}
	pass(true)
	if got := lines(); got != "reading failed" {
		t.Errorf("after a quiet time it is logged as: %s", got)
	}
}

// A scrape whose own pass does not end is not told that another one is to blame.
func TestAScrapeWhoseOwnPassIsSlowIsToldSo(t *testing.T) {
	b := newBench()
	release := make(chan struct{})
	b.during = func(context.Context) { <-release }
	s := b.collector.Scrape(context.Background(), Request{Arrived: time.Now(), Limit: 20 * time.Millisecond})
	close(release)
	if _, ok := value(t, s, "conversation_up"); ok {
		t.Error("it is told whether the target is up")
	}
	if got := b.logs.String(); !strings.Contains(got, errSlow.Error()) {
		t.Errorf("log = %s", got)
	}
	b.target.read(context.Background(), []string{groupSessions}) // So that the pass has ended.
}
