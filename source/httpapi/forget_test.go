package httpapi

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/common/expfmt"
)

// seriesOf counts the series of a target, whatever their metric.
func seriesOf(t *testing.T, m *Metrics, target string) int {
	t.Helper()
	var names []string
	for _, metric := range Exported() {
		names = append(names, metric.Name)
	}
	text, err := testutil.CollectAndFormat(m, expfmt.TypeTextPlain, names...)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Count(string(text), `target="`+target+`"`)
}

func TestAForgottenTargetHasNoSeries(t *testing.T) {
	m := NewMetrics()
	arrived, answer := make(chan struct{}), make(chan struct{})
	held := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", "Mon, 02 Mar 2026 09:00:00 GMT")
		arrived <- struct{}{}
		<-answer
		_, _ = w.Write([]byte(`{"errcode":3}`))
	})
	config := func(target string) Config { return Config{BaseURL: held.URL, Metrics: m, Target: target} }
	old, other := newClient(t, config("old")), newClient(t, config("other"))

	// call makes one call, and does something while it is under way.
	call := func(c *Client, meanwhile func()) {
		var wg sync.WaitGroup
		wg.Go(func() { _ = judged(t.Context(), c, Request{Method: http.MethodPost}) })
		<-arrived
		meanwhile()
		answer <- struct{}{}
		wg.Wait()
	}
	call(old, func() {})
	call(other, func() {})
	whole := seriesOf(t, m, "other")
	if n := seriesOf(t, m, "old"); n != whole || n < 4 {
		t.Fatalf("%d series before, %d of the other target", n, whole)
	}
	call(old, func() { m.Forget("old") })
	// One that begins after the reload, as a pass was still under way.
	call(old, func() {})
	if n := seriesOf(t, m, "old"); n != 0 {
		t.Errorf("%d series of a target that was forgotten", n)
	}
	if n := seriesOf(t, m, "other"); n != whole {
		t.Errorf("%d series of the other target, want %d", n, whole)
	}

	// A later reload brings the target back; the client of old still counts nothing.
	again := newClient(t, config("old"))
	call(old, func() {})
	checkFamily(t, m, "conversation_api_requests_total", `
		{endpoint="message_session/search",target="old"} 0
		{endpoint="message_session/search",target="other"} 1`)
	call(again, func() {})
	checkFamily(t, m, "conversation_api_requests_total", `
		{endpoint="message_session/search",target="old"} 1
		{endpoint="message_session/search",target="other"} 1`)
	m.Forget("nobody")
}

// Where a reload changes a target, the old and the new client count together.
func TestClientsOfOneTargetCountTogether(t *testing.T) {
	m := NewMetrics()
	srv := newServer(t, answer("{}"))
	for range 2 {
		c := newClient(t, Config{BaseURL: srv.URL, Metrics: m, Target: "a"})
		if err := get(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	checkFamily(t, m, "conversation_api_requests_total", `{endpoint="message_session/search",target="a"} 2`)
}
