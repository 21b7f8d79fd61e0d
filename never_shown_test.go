package main

import (
	"fmt"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"conversation_exporter/collector"
	simyeastar "conversation_exporter/simulator/yeastar"

	"conversation_exporter/simulator/world"
)

// What happens and what the API shows of it are two things. This measures the
// difference over a calm week, for docs/never-shown.md; it takes a while, so that
// it runs only by `make never-shown`.
func TestWhatTheAPINeverShows(t *testing.T) {
	if os.Getenv("NEVER_SHOWN") == "" {
		t.Skip("make never-shown")
	}
	intervals := []time.Duration{15 * time.Second, time.Minute, 5 * time.Minute, 30 * time.Minute}
	columns := make([]simyeastar.Totals, 0, len(intervals))
	truths := make([]simyeastar.Totals, 0, len(intervals))
	for _, every := range intervals {
		shown, truth := calmDays(t, every, 2*24*time.Hour)
		columns, truths = append(columns, shown), append(truths, truth)
	}
	var b strings.Builder
	names := reflect.TypeFor[simyeastar.Totals]()
	for i := range names.NumField() {
		fmt.Fprintf(&b, "| %s ", names.Field(i).Name)
		for j := range columns {
			shown, truth := reflect.ValueOf(columns[j]).Field(i).Int(), reflect.ValueOf(truths[j]).Field(i).Int()
			fmt.Fprintf(&b, "| %d of %d ", shown, truth)
		}
		b.WriteString("|\n")
	}
	t.Logf("counted of what happened, by interval %v:\n%s", intervals, b.String())
}

// calmDays lets an exporter scrape at an even interval for so long, and returns
// what it counted and what happened.
func calmDays(t *testing.T, every, long time.Duration) (counted, happened simyeastar.Totals) {
	t.Helper()
	var records []world.Record
	w := newWeek(t, world.Options{
		Start: time.Date(2026, time.March, 2, 6, 0, 0, 0, time.UTC), Seed: 5, Arrivals: 0.7, Team: smallTeam(), KeepClosed: 30 * 24 * time.Hour,
		Observe: func(r world.Record) { records = append(records, r) },
	})
	w.sim.World.Advance(26 * time.Hour)
	var last map[string]string
	scrape := func() { last = w.scrape(t, collector.Request{}) }
	scrape()
	o := simyeastar.TruthOptions{Queues: w.sim.World.Queues(), After: records[len(records)-1].ID, Since: w.sim.World.Now()}
	for end := w.sim.World.Now().Add(long); w.sim.World.Now().Before(end); {
		w.sim.World.Advance(every)
		scrape()
	}
	o.Until = w.sim.World.Now()
	sessions := make(map[int64]world.Session)
	for i := range records {
		r := &records[i]
		if s, ok := w.sim.World.Session(r.Session); ok {
			sessions[r.Session] = s
		}
	}
	final := make([]world.Record, 0, len(records))
	for id := range sessions {
		thread, err := w.sim.World.Records(id, 0, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		final = append(final, thread...)
	}
	return totalsOf(last), simyeastar.Truth(final, sessions, o)
}

// totalsOf adds up the counters of a scrape.
func totalsOf(lines map[string]string) simyeastar.Totals {
	sum := func(name string) (n int) {
		for line, value := range lines {
			if strings.HasPrefix(line, "conversation_"+name+"{") {
				v, _ := strconv.ParseFloat(value, 64) // It is of our own making.
				n += int(v)
			}
		}
		return n
	}
	return simyeastar.Totals{
		Messages: sum("messages_total"), Templates: sum("template_messages_total"), Failures: sum("message_failures_total"),
		Started: sum("started_sessions_total"), Closed: sum("closed_sessions_total"), Lost: sum("reply_windows_lost_total"),
		Transfers: sum("transfers_total"), HandOvers: sum("bot_handovers_total"),
		FirstResponses: sum("first_response_seconds_count"), Responses: sum("response_seconds_count"), PickUps: sum("pickup_seconds_count"),
	}
}
