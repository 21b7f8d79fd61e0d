package world

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestClockMovesOnlyForward(t *testing.T) {
	w := still(t)
	start := w.Now()
	w.Advance(time.Hour)
	w.AdvanceTo(start)
	w.Advance(-time.Minute)
	if got := w.Now(); !got.Equal(start.Add(time.Hour)) {
		t.Errorf("the clock says %s, want an hour after %s", got, start)
	}
}

func TestClockSleep(t *testing.T) {
	w := still(t)
	woken := make(chan error)
	go func() { woken <- w.Clock().Sleep(t.Context(), time.Minute) }()
	for asleep := false; !asleep; {
		w.Clock().mu.Lock()
		asleep = w.Clock().moved != nil
		w.Clock().mu.Unlock()
	}
	w.Advance(59 * time.Second)
	select {
	case err := <-woken:
		t.Fatalf("woke a second early (%v)", err)
	default:
	}
	w.Advance(time.Second)
	must(t, <-woken)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.Clock().Sleep(ctx, time.Minute); !errors.Is(err, context.Canceled) {
		t.Errorf("with an ended context Sleep gave %v", err)
	}
}

func TestRunMovesWithRealTime(t *testing.T) {
	w := still(t)
	start := w.Now()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.Run(ctx, 3600)
	}()
	// A virtual hour is a real second at this speed; however long it takes.
	must(t, w.Clock().Sleep(t.Context(), time.Minute))
	cancel()
	<-done
	if w.Now().Sub(start) < time.Minute {
		t.Error("the clock did not move")
	}
	stopped := w.Now()
	w.Advance(time.Second)
	if got := w.Now().Sub(stopped); got != time.Second {
		t.Errorf("after Run had ended the clock moved by %s", got)
	}
}
