package main

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"conversation_exporter/simulator/world"
	simyeastar "conversation_exporter/simulator/yeastar"
)

// Of the health of the only target of these tests.
const (
	isWhole  = `scrape_collector_partial{collector="sessions",target="pbx"} 0`
	isPart   = `scrape_collector_partial{collector="sessions",target="pbx"} 1`
	wentWell = `scrape_collector_success{collector="sessions",target="pbx"} 1`
	failed   = `scrape_collector_success{collector="sessions",target="pbx"} 0`
)

// page writes rows as an answer.
func page(rows ...string) string { return `{"errcode":0,"list":[` + strings.Join(rows, ",") + `]}` }

// row is a session in a queue, or in none where that is 0.
func row(id, message, queue int) string {
	return fmt.Sprintf(`{"id":%d,"type":"sms","is_close":0,"is_archived":0,"expire":-1,"collection":"regular","last_msg_id":%d,"queue_id":%d,"pickup_member_id":9}`, id, message, queue)
}

// Objects that a system tells twice, or that look alike, must not take the whole
// exposition with them, nor count twice.
func TestLesson15WhatIsToldTwiceCountsOnce(t *testing.T) {
	one := "      viewers: {queue_members: false, api: false, extensions: [1001]}\n"
	two := "      viewers: {queue_members: false, api: false, extensions: [1001, 1002]}\n"
	for name, c := range map[string]struct {
		viewers string
		pages   map[string]string // by cursor
		queues  string
		want    float64
		support float64
	}{
		"on two pages": {one, map[string]string{
			"": page(row(5, 50, 0), row(4, 40, 0)), "40": page(row(4, 39, 0), row(3, 30, 0)), "30": page(row(5, 20, 0)),
		}, "", 3, 0},
		"on one page":                  {one, map[string]string{"": page(row(5, 50, 0), row(5, 50, 0)), "50": page(row(4, 40, 0))}, "", 2, 0},
		"on one page, in other queues": {one, map[string]string{"": page(row(5, 50, 1), row(5, 49, 2))}, `{"id":1,"name":"Support"},{"id":2,"name":"Sales"}`, 1, 1},
		"two queues of one name":       {one, map[string]string{"": page(row(5, 50, 1), row(4, 40, 2))}, `{"id":1,"name":"Support"},{"id":2,"name":"Support"}`, 2, 2},
		"names that differ in blanks":  {one, map[string]string{"": page(row(5, 50, 1), row(4, 40, 2))}, `{"id":1,"name":"Support"},{"id":2,"name":" Support\t"}`, 2, 2},
		"several viewers":              {two, map[string]string{"": page(row(5, 50, 1), row(4, 40, 1)), "40": page()}, `{"id":1,"name":"Support"}`, 2, 2},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, stubPBX(t, func(endpoint string, query url.Values) string {
				switch endpoint {
				case "message_session/search":
					if p := c.pages[query.Get("first_msg_id")]; p != "" {
						return p
					}
					return page()
				case "message_queue/list", "message_queue/query":
					n := strings.Count(c.queues, `"id"`)
					return fmt.Sprintf(`{"errcode":0,"total_number":%d,"list":[%s]}`, n, strings.ReplaceAll(c.queues, `"}`, `","assignment_mode":"manual","members":[]}`))
				}
				return `{"errcode":0}`
			}), c.viewers)
			for range 2 { // What is remembered must not count again.
				e := r.scrape(t)
				if n := e.sum(t, "conversation_open_sessions", ""); n != c.want {
					t.Errorf("%v sessions, want %v:\n%s", n, c.want, strings.Join(e.samples("conversation_open_sessions"), "\n"))
				}
				if n := e.sum(t, "conversation_open_sessions", `queue="Support"`); n != c.support {
					t.Errorf("%v sessions in queues called Support, want %v", n, c.support)
				}
				e.wants(t, wentWell)
				e.plain(t, name)
			}
		})
	}
}

// A field that is not told must not change which labels there are, nor hide the
// session.
func TestLesson16AMissingFieldLeavesTheLabelsAsTheyAre(t *testing.T) {
	fields := map[string]string{
		"type": `"whatsapp"`, "is_close": "0", "is_archived": "0", "expire": "3600", "collection": `"regular"`,
		"last_msg_id": "70", "queue_id": "1", "pickup_member_id": "9",
	}
	queue := map[string]string{"name": `"Support"`, "assignment_mode": `"manual"`, "members": `[{"ext_num":"1001"}]`}
	for _, field := range slices.Concat([]string{"none"}, keys(fields), keys(queue)) {
		for _, how := range []string{"is missing", "is null", "is empty"} {
			t.Run(field+" "+how, func(t *testing.T) {
				write := func(first string, all map[string]string) string {
					parts := []string{first}
					for _, name := range keys(all) {
						value := all[name]
						if name == field {
							value = map[string]string{"is null": "null", "is empty": `""`}[how]
							if name == "members" && how == "is empty" {
								value = "[]"
							}
						}
						if value != "" {
							parts = append(parts, fmt.Sprintf("%q:%s", name, value))
						}
					}
					return "{" + strings.Join(parts, ",") + "}"
				}
				e := newRig(t, stubPBX(t, func(endpoint string, _ url.Values) string {
					switch endpoint {
					case "message_session/search":
						return page(write(`"id":7`, fields))
					case "message_queue/list", "message_queue/query":
						return `{"errcode":0,"total_number":1,"list":[` + write(`"id":1`, queue) + `]}`
					}
					return `{"errcode":0}`
				}), "      viewers: {queue_members: true, api: true}\n").scrape(t)
				if n := e.sum(t, "conversation_open_sessions", ""); n != 1 {
					t.Errorf("%v sessions, want 1:\n%s", n, e.text)
				}
				labelsAre(t, e, "conversation_open_sessions", "channel", "origin", "queue", "state", "target")
				labelsAre(t, e, "conversation_reply_window_sessions", "awaiting", "channel", "queue", "remaining", "target")
				e.plain(t, field+" "+how)
			})
		}
	}
}

func keys(m map[string]string) []string {
	var list []string
	for name := range m {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

// labelsAre checks the names of the labels of every sample of a metric.
func labelsAre(t *testing.T, e exposition, metric string, want ...string) {
	t.Helper()
	for _, sample := range e.samples(metric) {
		var got []string
		for i, part := range strings.Split(sample[len(metric)+1:], `="`) {
			if i > 0 {
				_, part, _ = strings.Cut(part, `"`)
			}
			if name := strings.Trim(part, ","); !strings.HasPrefix(name, "}") {
				got = append(got, name)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s has the labels %q, want %q", sample, got, want)
		}
	}
}

// A list of which the PBX refuses a page in the middle is exported as far as it
// was read, and says so; it is not sold as the whole.
func TestLesson19APageThatFailsIsSaid(t *testing.T) {
	r := newRig(t, stubPBX(t, func(endpoint string, query url.Values) string {
		switch cursor := query.Get("first_msg_id"); {
		case endpoint != "message_session/search":
			return `{"errcode":0,"list":[]}`
		case cursor == "":
			return page(row(10, 100, 0), row(9, 90, 0))
		case cursor == "90":
			return page(row(8, 80, 0), row(7, 70, 0))
		default:
			return `{"errcode":10005}`
		}
	}), "      viewers: {queue_members: false, api: true}\n")
	for range 2 {
		e := r.scrape(t)
		e.wants(t, failed, isPart, `up{target="pbx"} 1`)
		if n := e.sum(t, "conversation_open_sessions", ""); n != 4 {
			t.Errorf("%v sessions, want the 4 of the two pages that were told", n)
		}
	}
}

// Prometheus gives a sample its instant, and every value can be added up.
func TestLesson25NoInstantsAndNoValuesThatPoisonSums(t *testing.T) {
	sim, r := simulated(t)
	if err := sim.World.Prefill(60, 26*time.Hour); err != nil {
		t.Fatal(err)
	}
	r.scrape(t).plain(t, "in good order")
	for name, fault := range map[string]simyeastar.Fault{
		"a viewer fails": {Endpoint: "message_session/search", Viewer: "1001", Code: 10005},
		"nothing works":  {Kind: simyeastar.HTML},
	} {
		lift := sim.Yeastar.Inject(fault)
		r.scrape(t).plain(t, name)
		lift()
	}
	sim.World.Advance(48 * time.Hour)
	r.scrape(t).plain(t, "all windows over")
}

// The windows are by our clock and the PBX's own seconds left, so that a PBX
// whose clock is wrong changes nothing.
func TestLesson25AClockOfThePBXThatIsWrongChangesNothing(t *testing.T) {
	var want []string
	for _, skew := range []time.Duration{0, 2 * time.Hour, -2 * time.Hour} {
		sim, r := simulated(t)
		sim.Yeastar.Set(func(sw *simyeastar.Switches) { sw.DateSkew = skew })
		for _, age := range []time.Duration{time.Hour, 3 * time.Hour, 20 * time.Hour, 40 * time.Minute, 10 * time.Minute} {
			if _, err := sim.World.Open(world.Opening{QueueID: world.QueueSupport}); err != nil {
				t.Fatal(err)
			}
			sim.World.Advance(age)
		}
		e := r.scrape(t)
		var got []string
		for _, metric := range []string{"open_sessions", "reply_window_sessions", "reply_window_next_expiry_timestamp_seconds", "scrape_timestamp_seconds", "scrape_collector_duration_seconds"} {
			got = append(got, e.samples("conversation_"+metric)...)
		}
		e.wants(t, wentWell, isWhole, `reply_window_sessions{awaiting="unknown",channel="whatsapp",queue="Support",remaining="expired",target="pbx"} 1`)
		if want == nil {
			want = got
		}
		if !slices.Equal(got, want) {
			t.Errorf("with a clock that is %v ahead\n%s\nwant\n%s", skew, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// What was read once is not shown again once it is over.
func TestLesson25AClosedSessionDisappears(t *testing.T) {
	sim, r := simulated(t)
	id, err := sim.World.Open(world.Opening{QueueID: world.QueueSupport})
	if err != nil {
		t.Fatal(err)
	}
	const waits = `open_sessions{channel="whatsapp",origin="regular",queue="Support",state="queued",target="pbx"} `
	const ends = "conversation_reply_window_next_expiry_timestamp_seconds"
	e := r.scrape(t)
	e.wants(t, waits+"1")
	if n := len(e.samples(ends)); n != 1 {
		t.Errorf("%d windows end next, want 1", n)
	}
	if err := sim.World.Close(id, world.ByAgent); err != nil {
		t.Fatal(err)
	}
	e = r.scrape(t)
	e.wants(t, waits+"0", wentWell, isWhole)
	if n := e.sum(t, "conversation_open_sessions", "") + e.sum(t, "conversation_reply_window_sessions", "") + float64(len(e.samples(ends))); n != 0 {
		t.Errorf("something of the closed session is left:\n%s", e.text)
	}
}

// The very first scrape says either what there is or that nothing could be read.
func TestLesson25TheFirstScrapeSaysSomething(t *testing.T) {
	sim, r := simulated(t)
	if _, err := sim.World.Open(world.Opening{QueueID: world.QueueSales}); err != nil {
		t.Fatal(err)
	}
	e := r.scrape(t)
	e.wants(t, `up{target="pbx"} 1`, wentWell)
	if n := e.sum(t, "conversation_open_sessions", ""); n != 1 {
		t.Errorf("the first scrape shows %v sessions, want 1", n)
	}
	sim, r = simulated(t)
	sim.Yeastar.Inject(simyeastar.Fault{Kind: simyeastar.Plain})
	e = r.scrape(t)
	e.wants(t, `up{target="pbx"} 0`, failed, isWhole)
	if n := len(e.samples("conversation_open_sessions")); n != 0 {
		t.Errorf("the first scrape of a PBX that fails shows %d series of sessions, want none", n)
	}
}
