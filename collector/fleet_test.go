package collector

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"conversation_exporter/conversation"
)

// member makes a target on a fake source with one session, and tells what it is
// asked.
func member(name string) (*Target, *fake) {
	c := &clock{at: start()}
	f := &fake{clock: c, sessions: []conversation.Session{session(1, "sms")}, cover: conversation.Coverage{Read: 1}}
	return NewTarget(Options{Name: name, Source: f, Groups: []string{groupSessions}, Timeout: 10 * time.Second, Now: c.now}), f
}

// stubborn closes only when the test says so.
type stubborn struct {
	*fake
	release chan struct{}
}

func (s stubborn) Close(context.Context) error { <-s.release; return nil }

// targetsOf lists the targets that a scrape tells of.
func targetsOf(t *testing.T, c *Collector, r Request) (names []string) {
	t.Helper()
	r.Arrived = time.Now()
	s := c.Scrape(t.Context(), r)
	for _, name := range []string{"a", "b", "c"} {
		if v, ok := value(t, s, "conversation_open_sessions", `state="assigned"`, `target="`+name+`"`); ok && v == "1" {
			names = append(names, name)
		}
	}
	return names
}

func TestTargetsAreInTheOrderOfTheirNames(t *testing.T) {
	b, _ := member("b")
	a, _ := member("a")
	c := New(b, a)
	if got := c.Names(); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("the names are %v", got)
	}
	if s := c.Status(); len(s) != 2 || s[0].Target != "a" || s[1].Target != "b" {
		t.Errorf("status = %+v", s)
	}
}

func TestAScrapeMayNameItsTarget(t *testing.T) {
	a, sourceA := member("a")
	b, _ := member("b")
	c := New(a, b)
	for want, names := range map[string][]string{"": {"a", "b"}, "b": {"b"}, "c": nil, "A": nil} {
		if got := targetsOf(t, c, Request{Target: want}); !slices.Equal(got, names) {
			t.Errorf("a scrape of %q tells of %v", want, got)
		}
	}
	if sourceA.sweeps != 0 {
		t.Error("the closed sessions were read")
	}
	if groups, ok := c.OnFor("a"); !ok || !slices.Equal(groups, []string{groupSessions}) {
		t.Errorf("the groups of a are %v, %t", groups, ok)
	}
	if _, ok := c.OnFor("c"); ok {
		t.Error("there is a target c")
	}
}

func TestReplaceKeepsWhatStays(t *testing.T) {
	a, _ := member("a")
	b, sourceB := member("b")
	c := New(a, b)
	targetsOf(t, c, Request{})
	d, _ := member("c")
	closed, err := c.Replace(t.Context(), d, a)
	if err != nil {
		t.Fatal(err)
	}
	<-closed
	if got := targetsOf(t, c, Request{}); !slices.Equal(got, []string{"a", "c"}) || !sourceB.closed {
		t.Errorf("a scrape tells of %v; b is closed: %t", got, sourceB.closed)
	}
	if c.find("a") != a || a.hasLeft() || !b.hasLeft() {
		t.Error("a did not stay, or b did")
	}
	if len(a.ledger.entries) != 1 {
		t.Error("a has forgotten its session")
	}
	if err := c.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := c.Replace(t.Context(), b); !errors.Is(err, ErrClosed) {
		t.Errorf("after the end: %v", err)
	}
	if err := c.Close(t.Context()); err != nil {
		t.Errorf("a second Close: %v", err)
	}
}

func TestPanicsNeverFall(t *testing.T) {
	a, sourceA := member("a")
	b, sourceB := member("b")
	sourceA.during = func(context.Context) { panic("canary") }
	c := New(a)
	targetsOf(t, c, Request{})
	closed, err := c.Replace(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	<-closed
	if n := c.Panics(); n != 1 {
		t.Errorf("%v panics after the target went, want 1", n)
	}
	sourceB.during = sourceA.during
	targetsOf(t, c, Request{})
	if n := c.Panics(); n != 2 {
		t.Errorf("%v panics, want 2", n)
	}
}

// A scrape that reads a target as it is replaced is told of the new one, and
// nothing of one that is gone. Neither waits for a source that hangs.
func TestAScrapeReadsOnWithWhoeverTakesThePlace(t *testing.T) {
	for name, obeys := range map[string]bool{"the source ends with its pass": true, "the source hangs": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, sourceA := member("a")
				b, sourceB := member("b")
				sourceA.during = func(ctx context.Context) {
					if obeys {
						<-ctx.Done()
						return
					}
					time.Sleep(time.Minute)
				}
				sourceB.during = sourceA.during
				c := New(a, b)
				var got []string
				var wg sync.WaitGroup
				wg.Go(func() { got = targetsOf(t, c, Request{Limit: 30 * time.Second}) })
				synctest.Wait()
				next, _ := member("a")
				begun := time.Now()
				closed, err := c.Replace(t.Context(), next)
				if took := time.Since(begun); err != nil || took != 0 {
					t.Errorf("replacing took %v, %v", took, err)
				}
				wg.Wait()
				if !slices.Equal(got, []string{"a"}) {
					t.Errorf("the scrape tells of %v, want the a that is there now", got)
				}
				<-closed
				if took := time.Since(begun); took > cutTime || obeys && took != 0 {
					t.Errorf("the targets had ended after %v", took)
				}
				time.Sleep(2 * time.Minute) // What hangs ends before the test does.
			})
		})
	}
}

// A source that does not even close is left to itself, and the log says so once.
func TestATargetThatDoesNotCloseIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		hung := stubborn{b.fake, make(chan struct{})}
		b.target.opts.Source = hung
		next, _ := member("desk")
		begun := time.Now()
		closed, err := b.collector.Replace(t.Context(), next)
		if err != nil {
			t.Fatal(err)
		}
		// The one that follows waits for it no longer than that either.
		b.collector.Scrape(t.Context(), Request{Arrived: time.Now(), Limit: time.Minute})
		if took := time.Since(begun); took != leaveTime+partingTime {
			t.Errorf("the next one was read after %v, want %v", took, leaveTime+partingTime)
		}
		<-closed
		want := "level=warn msg=\"closing a target failed\" target=desk err=\"" + errHangs.Error() + "\"\n"
		if got := b.logs.String(); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		close(hung.release)
	})
}

// A target is not read before all those have ended that had its name, whether they
// were replaced one after the other or removed in between.
func TestATargetWaitsForAllThatHadItsName(t *testing.T) {
	for name, between := range map[string]bool{"replaced twice": true, "removed and added again": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				first, source := member("a")
				slow := stubborn{source, make(chan struct{})}
				first.opts.Source = slow
				c := New(first)
				second, _ := member("a")
				third, _ := member("a")
				var targets []*Target
				if between {
					targets = append(targets, second)
				}
				for _, next := range [][]*Target{targets, {third}} {
					if _, err := c.Replace(t.Context(), next...); err != nil {
						t.Fatal(err)
					}
				}
				begun := time.Now()
				time.AfterFunc(3*time.Second, func() { close(slow.release) })
				if got := targetsOf(t, c, Request{Limit: time.Minute}); !slices.Equal(got, []string{"a"}) || time.Since(begun) != 3*time.Second {
					t.Errorf("a scrape tells of %v after %v, want a after 3s", got, time.Since(begun))
				}
			})
		})
	}
}

func TestAScrapeAfterTheEndTellsNothing(t *testing.T) {
	a, _ := member("a")
	c := New(a)
	if err := c.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := targetsOf(t, c, Request{}); len(got) != 0 {
		t.Errorf("a scrape tells of %v", got)
	}
}

// The end of the program waits for those too that were replaced just before.
func TestCloseWaitsForThoseThatWereReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, source := member("a")
		slow := stubborn{source, make(chan struct{})}
		a.opts.Source = slow
		c := New(a)
		if _, err := c.Replace(t.Context()); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := c.Close(ctx); err != nil || time.Since(begun) != time.Second {
			t.Errorf("the end came after %v, %v", time.Since(begun), err)
		}
		close(slow.release)
		synctest.Wait()
		if len(c.leaving) != 0 {
			t.Error("it is still leaving")
		}
	})
}

// Scrapes, probes and replacements at once: nothing is told twice, none is
// missing that always stays, and nothing is left behind.
func TestLesson08ScrapesWhileTargetsAreReplaced(t *testing.T) {
	steady, _ := member("steady")
	make10 := func(round int) []*Target {
		targets := []*Target{steady}
		for i := range 10 {
			target, f := member(fmt.Sprintf("t%d", (round+i)%15))
			switch i % 3 {
			case 1:
				f.during = func(ctx context.Context) {
					select {
					case <-ctx.Done():
					case <-time.After(10 * time.Millisecond):
					}
				}
			case 2:
				f.during = func(context.Context) { panic("canary") }
			}
			targets = append(targets, target)
		}
		return targets
	}
	c := New(make10(0)...)
	var stop atomic.Bool
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for !stop.Load() {
				r := Request{Arrived: time.Now(), Limit: time.Minute}
				if i%2 == 0 {
					r.Target = "steady"
				}
				s := c.Scrape(t.Context(), r)
				if v, _ := value(t, s, "conversation_open_sessions", `target="steady"`); v != "1" {
					t.Errorf("the steady target shows %q sessions", v)
				}
				c.Status()
				c.Names()
			}
		})
	}
	before := 0.0
	for round := range 60 {
		if _, err := c.Replace(t.Context(), make10(round)...); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Millisecond)
		if now := c.Panics(); now < before {
			t.Errorf("the panics fell from %v to %v", before, now)
		} else {
			before = now
		}
	}
	stop.Store(true)
	wg.Wait()
	if before == 0 {
		t.Error("no target has ever panicked")
	}
	if err := c.Close(t.Context()); err != nil && !strings.Contains(err.Error(), "panic") {
		t.Error(err)
	}
}
