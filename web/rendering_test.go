package web

import (
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"conversation_exporter/collector"
)

func TestTheTimeForWritingIsTakenOffTheTargets(t *testing.T) {
	for _, c := range []struct {
		took  []time.Duration
		limit time.Duration
		want  time.Duration
	}{
		{nil, 10 * time.Second, 10 * time.Second},
		{[]time.Duration{99 * time.Millisecond}, 10 * time.Second, 10 * time.Second},
		{[]time.Duration{time.Second}, 10 * time.Second, 9 * time.Second},
		{[]time.Duration{time.Second, 10 * time.Millisecond, 10 * time.Millisecond}, 10 * time.Second, 9 * time.Second},
		{[]time.Duration{time.Second, 2 * time.Second, time.Second, time.Second}, 10 * time.Second, 8 * time.Second},
		// A long one, and a few quick ones.
		{[]time.Duration{10 * time.Second, 5 * time.Millisecond, 5 * time.Millisecond, 5 * time.Millisecond}, 30 * time.Second, 30 * time.Second},
		{[]time.Duration{10 * time.Millisecond, time.Second}, 10 * time.Second, 9 * time.Second},
		{[]time.Duration{time.Minute}, 9 * time.Second, 6 * time.Second},
		{[]time.Duration{time.Minute}, 0, 0}, // Each target's own time counts.
	} {
		var r rendering
		for _, took := range c.took {
			r.note(took)
		}
		if got := r.leave(c.limit); got != c.want {
			t.Errorf("after %v, %v are left of %v; want %v", c.took, got, c.limit, c.want)
		}
	}
}

// slowReader takes a second for each piece.
type slowReader struct{ *httptest.ResponseRecorder }

func (s slowReader) Write(text []byte) (int, error) {
	time.Sleep(time.Second)
	return s.ResponseRecorder.Write(text)
}

// Who reads slowly takes no time from the scrapes of others.
func TestASlowReaderTakesNoTimeFromOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHandler(t, Options{}, target("a", &fakeSource{open: oneSession}))
		w := slowReader{httptest.NewRecorder()}
		begun := time.Now()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
		if took := time.Since(begun); took < time.Second || !strings.Contains(w.Body.String(), oneSessionSample("a")) {
			t.Errorf("the answer took %v: %s", took, w.Body)
		}
		if got := h.rendering.leave(10 * time.Second); got != 10*time.Second {
			t.Errorf("the next scrape has %v of 10 s", got)
		}
	})
}

// A scrape of the exporter alone is no measure for one of all targets.
func TestOnlyScrapesOfTargetsTellHowLongWritingTakes(t *testing.T) {
	h := newHandler(t, Options{}, []*collector.Target{target("a", &fakeSource{open: oneSession})}...)
	h.rendering.note(time.Minute)
	answered(t, h, "/metrics?collect[]=exporter", "10")
	if got := h.rendering.took; got != [rendersKept]time.Duration{time.Minute} {
		t.Errorf("it is %v now", got)
	}
}
