package yeastar

import (
	"net/http"
	"testing"
	"time"

	"conversation_exporter/simulator/world"
)

// channels asks for all channels over a range and gives the rows.
func (p *pbx) channels(over string) []map[string]any {
	p.t.Helper()
	return p.get("message_channel/list", "page", "1", "page_size", "100", "time_range", over).rows("list")
}

// The text is as the vendor's page has it, but for the order of the outer fields.
func TestChannelFields(t *testing.T) {
	p := signedIn(t)
	id := p.open(world.Opening{Medium: world.SMS, Extension: "1001"})
	p.must(p.world.AgentWrites(id, ""))
	p.world.HoldDeliveries(true)
	p.must(p.world.AgentWrites(id, ""))
	p.must(p.world.Fail(id, 3, "x"))
	p.must(p.world.AgentWrites(id, ""))
	text := p.send(http.MethodGet, Root+"message_channel/list?"+p.query([]string{"page", "3", "page_size", "1", "time_range", "today"}), "x", "").text
	const want = `{"errcode":0,"errmsg":"SUCCESS","list":[{"id":3,"status":"status_connect_succ","reason":"","name":"Hotline SMS",` +
		`"channel":"twilio","type":"sms","number":["+999100003"],"sent":3,"delivered":1,"failed":1,"received":1}],"total_number":5}`
	if text != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
	p.server.Set(func(sw *Switches) { sw.NumbersAsStrings = true })
	if row := p.channels("today")[2]; row["id"] != "3" || row["sent"] != "3" || row["received"] != "1" {
		t.Errorf("numbers as strings: %v", row)
	}
}

func TestChannelParameters(t *testing.T) {
	p := signedIn(t)
	for name, c := range map[string]struct {
		params []string
		want   int
		rows   int
		field  string // that is wrong
	}{
		"all":             {[]string{"page", "1", "page_size", "9", "time_range", "all"}, codeSuccess, 5, ""},
		"a page":          {[]string{"page", "2", "page_size", "3", "time_range", "today"}, codeSuccess, 2, ""},
		"behind the end":  {[]string{"page", "9", "page_size", "3", "time_range", "today"}, codeSuccess, 0, ""},
		"no page":         {[]string{"page_size", "9", "time_range", "today"}, codeParameter, 0, "page"},
		"no page size":    {[]string{"page", "1", "time_range", "today"}, codeParameter, 0, "page_size"},
		"no range":        {[]string{"page", "1", "page_size", "9"}, codeParameter, 0, "time_range"},
		"an empty range":  {[]string{"page", "1", "page_size", "9", "time_range", ""}, codeParameter, 0, "time_range"},
		"another range":   {[]string{"page", "1", "page_size", "9", "time_range", "last_year"}, codeParameter, 0, "time_range"},
		"in capitals":     {[]string{"page", "1", "page_size", "9", "time_range", "Today"}, codeParameter, 0, "time_range"},
		"not a page":      {[]string{"page", "0", "page_size", "9", "time_range", "today"}, codeParameter, 0, "page"},
		"not a page size": {[]string{"page", "1", "page_size", "x", "time_range", "today"}, codeParameter, 0, "page_size"},
	} {
		t.Run(name, func(t *testing.T) {
			b := p.get("message_channel/list", c.params...)
			if b.code() != c.want || len(b.rows("list")) != c.rows {
				t.Errorf("got %v", b)
			}
			if bad := b.rows("invalid_param_list"); (len(bad) > 0) != (c.field != "") || c.field != "" && bad[0]["field"] != c.field {
				t.Errorf("wrong are %v", bad)
			}
		})
	}
	p.server.Set(func(sw *Switches) { sw.NumberedPageSizeLimit = 2 })
	if got := p.channels("today"); len(got) != 2 {
		t.Errorf("with a limit there are %d rows", len(got))
	}
}

func TestChannelStatus(t *testing.T) {
	p := signedIn(t)
	status := func() [2]any { row := p.channels("today")[0]; return [2]any{row["status"], row["reason"]} }
	for _, c := range []struct {
		link    world.Link
		trouble string
		want    string
	}{
		{world.Broken, "canary: no answer", "status_connect_fail"},
		{world.Lapsed, "", "status_sub_invalid"},
		{world.Connected, "", "status_connect_succ"},
	} {
		p.must(p.world.SetLink(1, c.link, c.trouble))
		if got := status(); got != [2]any{c.want, c.trouble} {
			t.Errorf("%s: %v", c.link, got)
		}
	}
	p.server.Set(func(sw *Switches) { sw.PlanLapsed = true })
	for _, row := range p.channels("today") {
		if row["status"] != "status_sub_invalid" {
			t.Errorf("the plan has lapsed: %v", row)
		}
	}
	p.server.Set(func(sw *Switches) { sw.PlanLapsed = false })
	if got := status(); got != [2]any{"status_connect_succ", ""} {
		t.Errorf("the plan is back: %v", got)
	}
}

// The PBX's day begins where it stands: half an hour past a full hour of UTC.
func TestChannelCountsBeginAnewAtThePBXsMidnight(t *testing.T) {
	p := signedIn(t)
	id := p.open(world.Opening{API: true})
	p.must(p.world.APIWrites(id))
	received := func(over string) any { return p.channels(over)[0]["received"] }
	midnight := time.Date(2026, time.September, 1, 18, 30, 0, 0, time.UTC)
	at := func(when time.Time) {
		p.world.AdvanceTo(when)
		p.token = p.login(DefaultClientSecret).text("access_token")
	}
	at(midnight.Add(-time.Second))
	for _, over := range []string{"today", "last_7_days", "last_30_days", "this_month", "all"} {
		if got := received(over); got != 1.0 {
			t.Errorf("%s, before midnight: %v", over, got)
		}
	}
	data, _ := p.get("system/information")["data"].(map[string]any)
	if data["system_time"] != "2026-09-01 23:59:59" || data["timestamp"] != float64(midnight.Unix()-1) {
		t.Errorf("information: %v", data)
	}
	at(midnight)
	for over, want := range map[string]any{"today": 0.0, "yesterday": 1.0, "last_7_days": 1.0, "last_30_days": 1.0, "this_month": 1.0, "all": 1.0} {
		if got := received(over); got != want {
			t.Errorf("%s, at midnight: %v, want %v", over, got, want)
		}
	}
	at(midnight.AddDate(0, 0, 7))
	for over, want := range map[string]any{"yesterday": 0.0, "last_7_days": 0.0, "last_30_days": 1.0} {
		if got := received(over); got != want {
			t.Errorf("%s, a week later: %v, want %v", over, got, want)
		}
	}
}

func TestOutcomesWhenKnown(t *testing.T) {
	p := signedIn(t)
	p.world.HoldDeliveries(true)
	id := p.open(world.Opening{API: true})
	p.must(p.world.APIWrites(id))
	p.world.Advance(24 * time.Hour)
	p.must(p.world.Deliver(id, 2))
	p.token = p.login(DefaultClientSecret).text("access_token")
	for on, want := range map[bool][2]float64{false: {0, 0}, true: {0, 1}} {
		p.server.Set(func(sw *Switches) { sw.OutcomesWhenKnown = on })
		if row := p.channels("today")[0]; row["sent"] != want[0] || row["delivered"] != want[1] {
			t.Errorf("switch %t: %v", on, row)
		}
	}
}

// The faults of other endpoints are also those of these.
func TestFaultsOfChannelsAndExtensions(t *testing.T) {
	p := signedIn(t)
	for _, endpoint := range []string{"message_channel/list", "extension/list", "message_queue/list", "message_queue/query"} {
		ask := func() body {
			return p.get(endpoint, "page", "1", "page_size", "9", "time_range", "today", "ids", "3")
		}
		for _, code := range []int{codeDenied, codeNoInterface, codeInternal, codeProcessing, codeOverload} {
			p.server.FailEndpoint(endpoint, code)
			if got := ask().code(); got != code {
				t.Errorf("%s: %d, want %d", endpoint, got, code)
			}
			if got := p.get("system/information").code(); got != codeSuccess {
				t.Errorf("%s fails another with %d", endpoint, got)
			}
		}
		p.server.FailEndpoint(endpoint, 0)
		p.server.Inject(Fault{Kind: EmptyObject, Endpoint: endpoint, Times: 1})
		if got := ask(); len(got) != 0 {
			t.Errorf("%s: %v", endpoint, got)
		}
		if got := ask().code(); got != codeSuccess {
			t.Errorf("%s, lifted: %d", endpoint, got)
		}
	}
	p.server.Inject(Fault{Kind: CursorIgnored, Endpoint: "message_channel/list"})
	if got := p.get("message_channel/list", "page", "2", "page_size", "2", "time_range", "today").rows("list"); len(got) != 2 || got[0]["id"] != 1.0 {
		t.Errorf("a page that is not the one that was asked for: %v", got)
	}
}
