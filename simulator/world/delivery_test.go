package world

import (
	"errors"
	"testing"
	"time"
)

// delivered gives delivery and failure of a session's last record.
func delivered(t *testing.T, w *World, id int64) (Delivery, string) {
	t.Helper()
	records, err := w.Records(id, 0, 1)
	must(t, err)
	return records[0].Delivery, records[0].Failure
}

func TestMessagesOfAStillWorldArriveAtOnce(t *testing.T) {
	for name, c := range map[string]struct {
		opening Opening
		act     func(w *World, id int64) error
		want    Delivery
	}{
		"customer":      {Opening{API: true}, (*World).CustomerWrites, ""},
		"API":           {Opening{API: true}, (*World).APIWrites, Sent},
		"agent":         {Opening{Extension: "1001"}, func(w *World, id int64) error { return w.AgentWrites(id, "") }, Sent},
		"template":      {Opening{API: true, Campaign: true}, func(*World, int64) error { return nil }, Sent},
		"agent first":   {Opening{Extension: "1001", Outbound: true}, func(*World, int64) error { return nil }, Sent},
		"no message":    {Opening{API: true}, func(w *World, id int64) error { return w.Close(id, ByAgent) }, ""},
		"to the closed": {Opening{API: true}, func(w *World, id int64) error { return errors.Join(w.Close(id, ByAgent), w.AgentReopens(id, "1001")) }, Sent},
	} {
		t.Run(name, func(t *testing.T) {
			w := still(t)
			id := opened(t, w, c.opening)
			must(t, c.act(w, id))
			if got, _ := delivered(t, w, id); got != c.want {
				t.Errorf("%q", got)
			}
		})
	}
}

func TestDeliveriesThatAreHeld(t *testing.T) {
	w := still(t)
	w.HoldDeliveries(true)
	id := opened(t, w, Opening{Extension: "1001"})
	last := func() int64 { must(t, w.AgentWrites(id, "")); return get(t, w, id).LastMessageID }
	one := last()
	w.Advance(100 * time.Hour)
	if got, _ := delivered(t, w, id); got != Sending {
		t.Fatalf("after days: %q", got)
	}
	must(t, w.Deliver(id, one))
	if got, why := delivered(t, w, id); got != Sent || why != "" {
		t.Errorf("delivered: %q, %q", got, why)
	}
	for name, err := range map[string]error{
		"delivered again": w.Deliver(id, one), "failed after that": w.Fail(id, one, "x"), "of the customer": w.Deliver(id, 1),
	} {
		if !errors.Is(err, ErrNotAllowed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	must(t, w.FailLate(id, one, "service_error"))
	if got, why := delivered(t, w, id); got != Failed || why != "service_error" {
		t.Errorf("failed late: %q, %q", got, why)
	}
	two := last()
	if err := w.FailLate(id, two, "x"); !errors.Is(err, ErrNotAllowed) {
		t.Errorf("failed late while it is sent: %v", err)
	}
	must(t, w.Fail(id, two, ""))
	if got, why := delivered(t, w, id); got != Failed || why == "" {
		t.Errorf("failed: %q, %q", got, why)
	}
	for name, err := range map[string]error{
		"no record": w.Deliver(id, 99), "no session": w.Deliver(99, two), "another's": w.Fail(opened(t, w, Opening{API: true}), two, "x"),
	} {
		if !errors.Is(err, ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if s := get(t, w, id); s.LastMessageID != two || !s.LastRecord.Equal(w.Now()) {
		t.Errorf("a delivery is a record of its own: %+v", s)
	}
	w.HoldDeliveries(false)
	last()
	if got, _ := delivered(t, w, id); got != Sent {
		t.Errorf("no longer held: %q", got)
	}
}

func TestDeliveriesOfALivelyWorldCanBeHeld(t *testing.T) {
	w := New(Options{Arrivals: 1})
	w.HoldDeliveries(true)
	id := opened(t, w, Opening{Extension: "1001"})
	must(t, w.AgentWrites(id, ""))
	w.Advance(10 * time.Hour)
	if got, _ := delivered(t, w, id); got != Sending {
		t.Errorf("%q", got)
	}
	must(t, w.Deliver(id, get(t, w, id).LastMessageID))
	w.HoldDeliveries(false)
	must(t, w.AgentWrites(id, ""))
	w.Advance(10 * time.Hour)
	if got, _ := delivered(t, w, id); got == Sending {
		t.Error("it never ended")
	}
}

func TestAgentsReopen(t *testing.T) {
	w := still(t)
	id := opened(t, w, Opening{QueueID: QueueSupport})
	if err := w.AgentReopens(id, "1001"); !errors.Is(err, ErrNotAllowed) {
		t.Errorf("an open session: %v", err)
	}
	must(t, w.Close(id, ByTimeout))
	if err := w.AgentReopens(id, "9"); !errors.Is(err, ErrNotFound) {
		t.Errorf("nobody: %v", err)
	}
	must(t, w.AgentReopens(id, "1020"))
	s := get(t, w, id)
	if s.Closed || s.Reason != "" || s.QueueID != 0 || s.Extension != "1020" {
		t.Errorf("%+v", s)
	}
	if viewers, _ := w.Viewers(id); len(viewers) != 1 || viewers[0] != "1020" {
		t.Errorf("seen by %v", viewers)
	}
}
