package yeastar

import (
	"net/http"
	"strings"
	"testing"

	"conversation_exporter/simulator/world"
)

// extension gives an extension's row, or nil.
func (p *pbx) extension(number string) map[string]any {
	p.t.Helper()
	for _, row := range p.get("extension/list", "page", "1", "page_size", "100").rows("data") {
		if row["number"] == number {
			return row
		}
	}
	return nil
}

// The text is as the vendor's page has it. The status of the phone itself is wrong.
func TestExtensionFields(t *testing.T) {
	p := signedIn(t)
	p.must(p.world.SetPresence("1001", world.Lunch, false))
	p.must(p.world.SetClients("1001", world.Phone|world.Mobile))
	text := p.send(http.MethodGet, Root+"extension/list?"+p.query([]string{"page", "1", "page_size", "1"}), "x", "").text
	const want = `{"data":[{"id":101,"number":"1001","caller_id_name":"Canary Agent 1","role_name":"Employee","email_addr":"canary.agent.1001@example.invalid",` +
		`"mobile_number":"+9990001001","presence_status":"lunch","custom_presence_status":"","online_status":{` +
		`"linkus_desktop":{"status":0,"ext_dev_type":"desktop"},"linkus_mobile":{"status":1,"ext_dev_type":"mobile"},"linkus_web":{"status":0,"ext_dev_type":"web"},` +
		`"sip_phone":{"status":0,"status_list":[{"status":0,"ext_dev_type":"sip"},{"status":1,"ext_dev_type":"sip"}]}}}],` +
		`"errcode":0,"errmsg":"SUCCESS","total_number":24}`
	if text != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
	p.server.Set(func(sw *Switches) { sw.NumbersAsStrings = true })
	text = p.send(http.MethodGet, Root+"extension/list?"+p.query([]string{"page", "1", "page_size", "1"}), "x", "").text
	if !strings.Contains(text, `"linkus_mobile":{"ext_dev_type":"mobile","status":"1"}`) || !strings.Contains(text, `"id":"101"`) {
		t.Errorf("numbers as strings: %s", text)
	}
}

func TestPresenceStatus(t *testing.T) {
	p := signedIn(t)
	for presence, want := range map[world.Presence]string{
		world.Available: "available", world.Away: "away", world.Lunch: "lunch",
		world.Busy: "do_not_disturb", world.BusinessTrip: "business_trip", world.OffWork: "off_work",
	} {
		p.must(p.world.SetPresence("1001", presence, true))
		row := p.extension("1001")
		if row["presence_status"] != want || row["custom_presence_status"] != "" {
			t.Errorf("%s: %v", presence, row)
		}
	}
}

func TestOnlineStatus(t *testing.T) {
	p := signedIn(t)
	for name, c := range map[string]struct {
		clients world.Clients
		want    string // the clients that are connected
	}{
		"nothing": {0, ""}, "desktop": {world.Desktop, "linkus_desktop"}, "mobile": {world.Mobile, "linkus_mobile"},
		"web": {world.Web, "linkus_web"}, "phone": {world.Phone, "sip_phone"},
		"two": {world.Web | world.Phone, "linkus_web sip_phone"},
	} {
		t.Run(name, func(t *testing.T) {
			p.must(p.world.SetClients("1001", c.clients))
			online, _ := p.extension("1001")["online_status"].(map[string]any)
			var on []string
			for _, client := range []string{"linkus_desktop", "linkus_mobile", "linkus_web", "sip_phone"} {
				status, _ := online[client].(map[string]any)
				connected := status["status"] == 1.0
				if client == "sip_phone" {
					lies := connected
					connected = false
					for _, entry := range body(status).rows("status_list") {
						connected = connected || entry["status"] == 1.0
					}
					if lies == connected {
						t.Error("the status of the phone can be relied upon")
					}
				}
				if connected {
					on = append(on, client)
				}
			}
			if got := strings.Join(on, " "); got != c.want {
				t.Errorf("connected is %s, want %s", got, c.want)
			}
		})
	}
}

func TestExtensionsThatAreNotToldWhole(t *testing.T) {
	p := signedIn(t)
	for name, c := range map[string]struct {
		change           func(*Switches)
		presence, online bool
	}{
		"whole":       {func(*Switches) {}, true, true},
		"no presence": {func(sw *Switches) { sw.NoPresenceStatus = true }, false, true},
		"no clients":  {func(sw *Switches) { sw.NoOnlineStatus = true }, true, false},
	} {
		p.server.Set(func(sw *Switches) { *sw = Switches{}; c.change(sw) })
		row := p.extension("1001")
		_, presence := row["presence_status"]
		_, online := row["online_status"]
		if row == nil || presence != c.presence || online != c.online {
			t.Errorf("%s: %v", name, row)
		}
	}
	p.server.Set(func(sw *Switches) { *sw = Switches{HiddenExtensions: []string{"1001", "1020"}} })
	b := p.get("extension/list", "page", "1", "page_size", "100")
	if p.extension("1001") != nil || p.extension("1002") == nil || len(b.rows("data")) != 22 || b["total_number"] != 22.0 {
		t.Errorf("hidden: %v", b)
	}
	member := body(p.get("message_queue/query", "ids", "3").rows("list")[0]).rows("members")[0]
	if member["ext_num"] != "1001" || member["extension_id"] != 101.0 {
		t.Errorf("the member: %v", member)
	}
}

func TestWhoPickedASessionUp(t *testing.T) {
	p := signedIn(t)
	waiting, picked := p.open(world.Opening{QueueID: 4}), p.open(world.Opening{QueueID: 4})
	p.must(p.world.PickUp(picked, 512))
	member := body(p.get("message_queue/query", "ids", "4").rows("list")[0]).rows("members")[1]
	for on, want := range map[bool]any{false: member["id"], true: member["extension_id"]} {
		p.server.Set(func(sw *Switches) { sw.PickupByExtension = on })
		for _, row := range p.search("1010").rows("list") {
			expected := want
			if row["id"] == float64(waiting) {
				expected = 0.0
			}
			if row["pickup_member_id"] != expected {
				t.Errorf("switch %t: %v, want %v", on, row, expected)
			}
		}
	}
	if member["id"] != 512.0 || member["extension_id"] != 110.0 || member["ext_num"] != "1010" {
		t.Errorf("%v", member)
	}
}
