package yeastar

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"conversation_exporter/simulator/world"
)

// moved is a session to which everything happened that moves one.
func (p *pbx) moved() int64 {
	id := p.open(world.Opening{API: true})
	p.must(p.world.HandOver(id, world.QueueSupport))
	p.must(p.world.PickUp(id, 502))
	p.must(p.world.TransferToExtension(id, "1005"))
	p.must(p.world.AgentWrites(id, ""))
	p.must(p.world.Close(id, world.ByTimeout))
	return id
}

func TestWhatRecordsMayLeaveOut(t *testing.T) {
	p := signedIn(t)
	id := p.moved()
	at := p.world.Now()
	for name, c := range map[string]struct {
		change  func(*Switches)
		senders []string // by the order of the records
		params  int
		receive int64
	}{
		"nothing":       {func(*Switches) {}, []string{"+9990000000001", "api", "1002", "1002", "1005", ""}, 2, at.Unix()},
		"MovesBySystem": {func(sw *Switches) { sw.MovesBySystem = true }, []string{"+9990000000001", "", "", "", "1005", ""}, 2, at.Unix()},
		"NoParam":       {func(sw *Switches) { sw.NoParam = true }, []string{"+9990000000001", "api", "1002", "1002", "1005", ""}, 0, at.Unix()},
		"NoReceiveTime": {func(sw *Switches) { sw.NoReceiveTime = true }, []string{"+9990000000001", "api", "1002", "1002", "1005", ""}, 2, 0},
		"everything":    {func(sw *Switches) { sw.NoParam, sw.NoReceiveTime, sw.MovesBySystem = true, true, true }, []string{"+9990000000001", "", "", "", "1005", ""}, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			p.server.Set(func(sw *Switches) { *sw = Switches{}; c.change(sw) })
			rows := recordsOf(p.messages(id))
			slices.Reverse(rows)
			var senders []string
			params := 0
			for _, row := range rows {
				sender, _ := row["sender"].(map[string]any)
				senders = append(senders, sender["user_no"].(string))
				if sender["user_no"] == "" && sender["user_type"] != 0.0 {
					t.Errorf("nobody has the type %v", sender["user_type"])
				}
				if row["param"] != "" {
					params++
				}
				if row["send_time"] != float64(at.Unix()) || row["receive_time"] != float64(c.receive) {
					t.Errorf("times %v and %v", row["send_time"], row["receive_time"])
				}
			}
			if !slices.Equal(senders, c.senders) || params != c.params {
				t.Errorf("senders %q, %d params", senders, params)
			}
		})
	}
}

func TestClockSkew(t *testing.T) {
	p := signedIn(t)
	id := p.open(world.Opening{API: true})
	at := p.world.Now()
	for _, skew := range []time.Duration{90 * time.Second, -time.Hour, 0} {
		p.server.Set(func(sw *Switches) { sw.ClockSkew = skew })
		wrong := at.Add(skew)
		r := recordsOf(p.messages(id))[0]
		if r["send_time"] != float64(wrong.Unix()) || r["receive_time"] != float64(wrong.Unix()) {
			t.Errorf("times %v and %v", r["send_time"], r["receive_time"])
		}
		answer := p.send(http.MethodGet, Root+"system/information?"+p.query(nil), "x", "")
		if got := answer.header.Get("Date"); got != wrong.Format(http.TimeFormat) {
			t.Errorf("Date is %s", got)
		}
		data, _ := p.decoded(answer.text)["data"].(map[string]any)
		if data["timestamp"] != float64(wrong.Unix()) || data["system_time"] != wrong.In(p.world.Zone()).Format(time.DateTime) {
			t.Errorf("information: %v", data)
		}
		if row := p.search("api").rows("list")[0]; row["expire"] != 86400.0 {
			t.Errorf("expire %v: the windows are not wrong", row["expire"])
		}
	}
	p.server.Set(func(sw *Switches) { sw.ClockSkew, sw.DateSkew = time.Minute, time.Second })
	answer := p.send(http.MethodGet, Root+"system/information?"+p.query(nil), "x", "")
	if got := answer.header.Get("Date"); got != at.Add(61*time.Second).Format(http.TimeFormat) {
		t.Errorf("with both: Date is %s", got)
	}
}

func TestMessagesUnsupported(t *testing.T) {
	p := signedIn(t)
	p.server.Set(func(sw *Switches) { sw.MessagesUnsupported = true })
	for endpoint, want := range map[string]int{
		"message/get": codeNoInterface, "message/query": codeNoInterface,
		"message_session/get": codeParameter, "message_session/query": codeParameter, "message_session/search": codeParameter,
	} {
		if got := p.get(endpoint).code(); got != want {
			t.Errorf("%s: %d", endpoint, got)
		}
	}
}

func TestHowMessagesAreWritten(t *testing.T) {
	p := signedIn(t)
	id := p.open(world.Opening{API: true})
	text := func(endpoint string, params ...string) string {
		return p.send(http.MethodGet, Root+endpoint+"?"+p.query(params), "x", "").text
	}
	page := []string{"id", strconv.FormatInt(id, 10), "ids", "1", "page_size", "5"}
	empty := append([]string{"last_msg_id", "1"}, page...)
	if got := text("message/get", empty...); !strings.Contains(got, `"records":[]`) {
		t.Errorf("no records: %s", got)
	}
	p.server.Set(func(sw *Switches) { sw.NullLists, sw.NumbersAsStrings = true, true })
	if got := text("message/get", empty...); !strings.Contains(got, `"records":null`) {
		t.Errorf("no records: %s", got)
	}
	for _, endpoint := range []string{"message/get", "message/query"} {
		got := text(endpoint, page...)
		for _, want := range []string{`"msg_id":"1"`, `"session_id":"1"`, `"user_type":"3"`, `"receive_time":"1788249600"`, `"msg_type":"0"`} {
			if !strings.Contains(got, want) {
				t.Errorf("%s: %s is not in %s", endpoint, want, got)
			}
		}
	}
	if got := text("message_session/get", page...); !strings.Contains(got, `"id":"1"`) {
		t.Errorf("a session: %s", got)
	}
}

func TestClosedForgets(t *testing.T) {
	p := signedIn(t)
	open, closed := p.open(world.Opening{QueueID: world.QueueSupport}), p.open(world.Opening{QueueID: world.QueueSupport})
	p.must(p.world.PickUp(open, 501))
	p.must(p.world.PickUp(closed, 501))
	p.must(p.world.Close(closed, world.ByAgent))
	for _, forgets := range []bool{true, false} {
		p.server.Set(func(sw *Switches) { sw.ClosedForgets = forgets })
		for _, row := range p.search("1001", "is_closed", "2").rows("list") {
			known := row["queue_id"] == 3.0 && row["pickup_member_id"] == 501.0
			if known == (forgets && row["is_close"] == 1.0) {
				t.Errorf("forgets %t: %v", forgets, row)
			}
		}
	}
}

func BenchmarkMessagesOf50(b *testing.B) {
	w := world.New(world.Options{Arrivals: 1})
	if err := w.Prefill(10_000, 0); err != nil {
		b.Fatal(err)
	}
	w.Advance(24 * time.Hour)
	s := New(w, Options{Forgetful: true})
	g, _ := s.tokens.good("192.0.2.1", w.Now(), Switches{})
	ids := make([]string, 50)
	for i := range ids {
		ids[i] = strconv.Itoa(i*100 + 1)
	}
	path := Root + "message/query?page_size=10&access_token=" + g.access + "&ids=" + strings.Join(ids, ",")
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequestWithContext(context.Background(), http.MethodGet, path, nil)
		r.Header.Set("User-Agent", "bench")
		answer := httptest.NewRecorder()
		s.ServeHTTP(answer, r)
		if answer.Body.Len() < 100_000 {
			b.Fatal(answer.Body.String())
		}
	}
}
