package world

import (
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// still makes a world in which nothing happens by itself.
func still(t *testing.T) *World {
	t.Helper()
	return New(Options{Still: true})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// opened opens a session and gives its id.
func opened(t *testing.T, w *World, o Opening) int64 {
	t.Helper()
	id, err := w.Open(o)
	must(t, err)
	return id
}

// get gives a session that must be there.
func get(t *testing.T, w *World, id int64) Session {
	t.Helper()
	s, ok := w.Session(id)
	if !ok {
		t.Fatalf("session %d is not there", id)
	}
	return s
}

func advanced(o Options, d time.Duration) *World {
	w := New(o)
	w.Advance(d)
	return w
}
