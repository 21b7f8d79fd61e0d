package collector

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"conversation_exporter/conversation"
)

// checking is a source that can be checked.
type checking struct {
	*fake
	check func(ctx context.Context, limit time.Duration, groups []string) []conversation.Finding
}

func (c checking) Check(ctx context.Context, limit time.Duration, groups ...string) []conversation.Finding {
	return c.check(ctx, limit, groups)
}

// checkAll checks targets and returns what was told, a line for each finding.
func checkAll(ctx context.Context, targets ...*Target) (lines []string) {
	New(targets...).Check(ctx, func(c Checked) {
		lines = append(lines, fmt.Sprintf("%s works: %t", c.Target, c.Works()))
		for _, f := range c.Findings {
			lines = append(lines, fmt.Sprintf("%s: %s %s", f.What, f.Verdict, f.Meaning))
		}
	})
	return lines
}

func TestChecksAreToldInOrderAndRunBeside(t *testing.T) {
	var running, most atomic.Int64
	var targets []*Target
	var want []string
	for i := range 40 {
		name := fmt.Sprintf("t%02d", i)
		source := checking{&fake{}, func(_ context.Context, limit time.Duration, groups []string) []conversation.Finding {
			most.Store(max(most.Load(), running.Add(1)))
			defer running.Add(-1)
			time.Sleep(time.Duration(40-i) * 100 * time.Microsecond)
			return []conversation.Finding{{What: fmt.Sprint(groups), Verdict: conversation.VerdictNote, Meaning: limit.String()}}
		}}
		targets = append(targets, NewTarget(Options{Name: name, Source: source, Groups: []string{"sessions"}, Timeout: 7 * time.Second}))
		want = append(want, name+" works: true", "[sessions]: note 7s")
	}
	if got := checkAll(context.Background(), targets...); !slices.Equal(got, want) {
		t.Errorf("told %s", strings.Join(got, "\n"))
	}
	if n := most.Load(); n < 2 || n > checksAtOnce {
		t.Errorf("%d checks at the same time, want some and at most %d", n, checksAtOnce)
	}
}

func TestAFaultInACheckStaysThere(t *testing.T) {
	bad := NewTarget(Options{Name: "bad", Timeout: time.Second, Source: checking{&fake{}, func(context.Context, time.Duration, []string) []conversation.Finding {
		panic("canary")
	}}})
	good := NewTarget(Options{Name: "good", Timeout: time.Second, Source: checking{&fake{}, func(context.Context, time.Duration, []string) []conversation.Finding {
		return []conversation.Finding{{What: "sign-in", Verdict: conversation.VerdictOK}}
	}}})
	got := strings.Join(checkAll(context.Background(), bad, good), "\n")
	want := "bad works: false\nthe target: failed checking the target: a fault of the exporter: string\ngood works: true\nsign-in: ok "
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// A source that has no check of its own is at least asked what it is.
func TestASourceWithoutACheck(t *testing.T) {
	down := &fake{clock: &clock{at: start()}, infoErr: errors.New("no answer")}
	up := &fake{clock: &clock{at: start()}}
	got := strings.Join(checkAll(context.Background(),
		NewTarget(Options{Name: "down", Source: down, Timeout: time.Second}), NewTarget(Options{Name: "up", Source: up, Timeout: time.Second})), "\n")
	if want := "down works: false\nversion: failed no answer\nup works: true\nversion: ok "; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if !down.closed || !up.closed {
		t.Error("a source was left open")
	}
}

// Nobody signs in once the check was ended.
func TestNoCheckBeginsAfterTheEnd(t *testing.T) {
	ended, end := context.WithCancel(context.Background())
	end()
	target := NewTarget(Options{Name: "t", Timeout: time.Second, Source: checking{&fake{}, func(context.Context, time.Duration, []string) []conversation.Finding {
		t.Error("it was checked")
		return nil
	}}})
	checkAll(ended, target)
}
