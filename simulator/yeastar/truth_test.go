package yeastar

import (
	"testing"
	"time"

	"conversation_exporter/simulator/world"
)

// truth counts what happened to one session of a world.
func (l *live) truth(o TruthOptions) Totals {
	sessions := make(map[int64]world.Session)
	var records []world.Record
	for id, list := range l.records {
		if s, ok := l.world.Session(id); ok {
			sessions[id] = s
		}
		for _, r := range list {
			if fate, ok := l.fates[r.ID]; ok {
				r.Delivery = fate
			}
			records = append(records, r)
		}
	}
	o.Queues, o.Until = l.world.Queues(), l.world.Now()
	return Truth(records, sessions, o)
}

func TestTruth(t *testing.T) {
	for name, c := range map[string]struct {
		opening world.Opening
		act     func(l *live, id int64)
		options TruthOptions
		want    Totals
	}{
		"answered": {world.Opening{Extension: "1001"}, func(l *live, id int64) {
			l.must(l.world.AgentWrites(id, ""))
			l.must(l.world.Close(id, world.ByAgent))
		}, TruthOptions{}, Totals{Messages: 2, Started: 1, Closed: 1, Responses: 1, FirstResponses: 1}},
		"after the mark": {world.Opening{Extension: "1001"}, func(l *live, id int64) {
			l.must(l.world.AgentWrites(id, ""))
		}, TruthOptions{After: 1}, Totals{Messages: 1, Responses: 1, FirstResponses: 1}},
		"a failed template": {world.Opening{Extension: "1001", Campaign: true}, func(l *live, id int64) {
			l.fates[l.last(id)] = world.Failed
		}, TruthOptions{}, Totals{Messages: 1, Templates: 1, Failures: 1, Started: 1}},
		"out of a queue of mode auto, and given away": {world.Opening{QueueID: sales}, func(l *live, id int64) {
			l.after(10)
			l.must(l.world.AgentWrites(id, "1015"))
			l.must(l.world.AgentWrites(id, "1015"))
			l.must(l.world.TransferToExtension(id, "1001"))
		}, TruthOptions{}, Totals{Messages: 3, Started: 1, Transfers: 1, Responses: 1, FirstResponses: 1, PickUps: 1}},
		"out of a queue of mode auto, and opened again": {world.Opening{QueueID: sales}, func(l *live, id int64) {
			l.must(l.world.AgentWrites(id, "1015"))
			l.must(l.world.Close(id, world.ByAgent))
			l.must(l.world.CustomerWrites(id))
			l.must(l.world.AgentWrites(id, "1015"))
		}, TruthOptions{}, Totals{Messages: 4, Started: 2, Closed: 1, Responses: 2, FirstResponses: 2, PickUps: 2}},
		"out of a queue of mode auto, given away, and picked up out of another": {world.Opening{QueueID: sales}, func(l *live, id int64) {
			l.after(10)
			l.must(l.world.AgentWrites(id, "1015"))
			l.must(l.world.TransferToQueue(id, support))
			l.after(10)
			l.must(l.world.PickUp(id, member))
		}, TruthOptions{}, Totals{Messages: 2, Started: 1, Transfers: 1, Responses: 1, FirstResponses: 1, PickUps: 2}},
		"picked up": {world.Opening{QueueID: support}, func(l *live, id int64) {
			l.must(l.world.PickUp(id, member))
		}, TruthOptions{}, Totals{Messages: 1, Started: 1, PickUps: 1}},
		"handed over, and given to a bot": {world.Opening{API: true}, func(l *live, id int64) {
			l.must(l.world.HandOver(id, support))
			l.must(l.world.PickUp(id, member))
			l.must(l.world.TransferToAPI(id))
		}, TruthOptions{}, Totals{Messages: 1, Started: 1, HandOvers: 1, PickUps: 1, Transfers: 1}},
		"people at the API": {world.Opening{API: true}, func(l *live, id int64) {
			l.must(l.world.APIWrites(id))
			l.must(l.world.HandOver(id, support))
		}, TruthOptions{AgentsDestination: true}, Totals{Messages: 2, Started: 1, Transfers: 1, Responses: 1, FirstResponses: 1}},
		"lost": {world.Opening{QueueID: support}, func(l *live, _ int64) { l.after(86461) }, TruthOptions{}, Totals{Messages: 1, Started: 1, Lost: 1}},
		"lost in time": {world.Opening{QueueID: support}, func(l *live, _ int64) {
			l.after(86461)
		}, TruthOptions{Since: time.Date(2027, time.January, 1, 0, 0, 0, 0, time.UTC)}, Totals{Messages: 1, Started: 1}},
		"not lost by a bot": {world.Opening{API: true}, func(l *live, _ int64) { l.after(86461) }, TruthOptions{}, Totals{Messages: 1, Started: 1}},
		"not lost by a bot that then gave it away": {world.Opening{API: true}, func(l *live, id int64) {
			l.after(86461)
			l.must(l.world.HandOver(id, support))
		}, TruthOptions{}, Totals{Messages: 1, Started: 1, HandOvers: 1}},
		"lost by people at the API": {world.Opening{API: true}, func(l *live, _ int64) {
			l.after(86461)
		}, TruthOptions{AgentsDestination: true}, Totals{Messages: 1, Started: 1, Lost: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLive(t)
			id := l.open(c.opening)
			c.act(l, id)
			if got := l.truth(c.options); got != c.want {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
		})
	}
}

// Where everything is shown at once, what is to be counted is what happened, though
// some found an answer before anybody saw them wait.
func TestExpectAgreesWithTheTruth(t *testing.T) {
	l := newLive(t)
	l.world = world.New(world.Options{Seed: 3, Arrivals: 3, Observe: func(r world.Record) { l.records[r.Session] = append(l.records[r.Session], r) }})
	l.server = New(l.world, Options{})
	l.world.Advance(2 * time.Hour)
	before := len(l.records)
	l.pass()
	var o TruthOptions
	for _, list := range l.records {
		o.After = max(o.After, list[len(list)-1].ID)
	}
	o.Since = l.world.Now()
	read := make(map[int64]int) // how many records were shown
	var e Expected
	for range 360 {
		l.after(10)
		l.lists()
		for id, list := range l.records {
			if len(list) != read[id] {
				l.thread(id)
				read[id] = len(list)
			}
		}
		e = l.server.Expect(l.options)
	}
	got, want := e.Counted.Totals(), l.truth(o)
	if got != want || want.Responses < 100 || want.PickUps < 100 || want.HandOvers == 0 || want.Transfers == 0 {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	t.Logf("%d sessions, %d of them old: %+v", len(l.records), before, want)
}
