package yeastar

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestRefusalsBeforeAnyData(t *testing.T) {
	p := signedIn(t)
	token := "?access_token=" + p.token
	for name, c := range map[string]struct {
		method, path, agent string
		want                int
	}{
		"in order":              {http.MethodGet, Root + "system/information" + token, "x", codeSuccess},
		"no User-Agent":         {http.MethodGet, Root + "system/information" + token, "", codeParameter},
		"no User-Agent, login":  {http.MethodPost, Root + "get_token", "", codeParameter},
		"unknown path":          {http.MethodGet, Root + "message_session/count" + token, "x", codeNoInterface},
		"outside the root":      {http.MethodGet, "/", "x", codeNoInterface},
		"another version":       {http.MethodGet, "/openapi/v2.0/extension/list" + token, "x", codeNoInterface},
		"POST of a list":        {http.MethodPost, Root + "extension/list" + token, "x", codeNoInterface},
		"GET of a login":        {http.MethodGet, Root + "get_token", "x", codeNoInterface},
		"DELETE of a token":     {http.MethodDelete, Root + "del_token" + token, "x", codeNoInterface},
		"no token":              {http.MethodGet, Root + "extension/list", "x", codeTokenExpired},
		"empty token":           {http.MethodGet, Root + "extension/list?access_token=", "x", codeTokenExpired},
		"wrong token":           {http.MethodGet, Root + "extension/list?access_token=abc", "x", codeTokenExpired},
		"revoking a wrong one":  {http.MethodGet, Root + "del_token?access_token=abc", "x", codeTokenExpired},
		"wrong token, no param": {http.MethodGet, Root + "message_session/search?access_token=abc", "x", codeTokenExpired},
	} {
		t.Run(name, func(t *testing.T) {
			text := p.send(c.method, c.path, c.agent, "").text
			b := p.decoded(text)
			if b.code() != c.want || b.text("errmsg") != message(c.want) {
				t.Errorf("got %s, want code %d", text, c.want)
			}
		})
	}
}

func TestBearerIsIgnored(t *testing.T) {
	p := signedIn(t)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.http.URL+Root+"extension/list", nil)
	p.must(err)
	r.Header.Set("Authorization", "Bearer "+p.token)
	answer, err := p.http.Client().Do(r)
	p.must(err)
	defer func() { _ = answer.Body.Close() }()
	text := make([]byte, 512)
	n, _ := answer.Body.Read(text)
	if got := p.decoded(string(text[:n])).code(); got != codeTokenExpired {
		t.Errorf("code %d", got)
	}
}

func TestDateIsTheVirtualClocks(t *testing.T) {
	p := signedIn(t)
	p.world.Advance(20 * time.Minute)
	answer := p.send(http.MethodGet, Root+"system/information?"+p.query(nil), "x", "")
	at, err := http.ParseTime(answer.header.Get("Date"))
	p.must(err)
	if want := p.world.Now().Truncate(time.Second); !at.Equal(want) {
		t.Errorf("Date is %s, the clock says %s", at, want)
	}
	if list := answer.header.Values("Date"); len(list) != 1 {
		t.Errorf("%d Date headers", len(list))
	}
}

func TestCloseConnections(t *testing.T) {
	for _, on := range []bool{false, true} {
		p := signedIn(t)
		p.server.Set(func(sw *Switches) { sw.CloseConnections = on })
		answer := p.send(http.MethodGet, Root+"system/information?"+p.query(nil), "x", "")
		if answer.closed != on {
			t.Errorf("switch %t: the connection is closed: %t", on, answer.closed)
		}
	}
}

func TestAllowedIPs(t *testing.T) {
	p := signedIn(t)
	p.server.Set(func(sw *Switches) { sw.AllowedIPs = []string{"192.0.2.1"} })
	if got := p.login(DefaultClientSecret).code(); got != codeIPForbidden {
		t.Errorf("login: code %d", got)
	}
	if got := p.get("extension/list").code(); got != codeIPForbidden {
		t.Errorf("list: code %d", got)
	}
	p.server.Set(func(sw *Switches) { sw.AllowedIPs = []string{"192.0.2.1", "127.0.0.1"} })
	if got := p.get("extension/list").code(); got != codeSuccess {
		t.Errorf("an allowed address: code %d", got)
	}
}

func TestFaults(t *testing.T) {
	p := signedIn(t)
	code := func(viewer string) int { return p.search(viewer).code() }
	p.server.FailEndpoint("message_session/search", codeDenied)
	if code("1001") != codeDenied || code("api") != codeDenied || p.get("extension/list").code() != codeSuccess {
		t.Error("an endpoint's fault does not fail just that endpoint")
	}
	p.server.FailEndpoint("message_session/search", 0)
	p.server.FailViewer("1001", codeInternal)
	p.server.FailViewer("api", codeOverload)
	if code("1001") != codeInternal || code("api") != codeOverload || code("1002") != codeSuccess {
		t.Error("a viewer's fault does not fail just that viewer")
	}
	p.server.FailViewer("1001", 0)
	if code("1001") != codeSuccess || code("api") != codeOverload {
		t.Error("clearing a viewer's fault does not clear just that")
	}
	p.server.ClearFaults()
	p.server.Inject(Fault{Endpoint: "extension/list", Code: codeProcessing, Times: 2})
	got := [3]int{p.get("extension/list").code(), p.get("extension/list").code(), p.get("extension/list").code()}
	if got != [3]int{codeProcessing, codeProcessing, codeSuccess} {
		t.Errorf("a fault for two requests gave %v", got)
	}
	p.server.FailEndpoint("get_token", codeLimit)
	if got := p.login(DefaultClientSecret).code(); got != codeLimit {
		t.Errorf("a failing login gave %d", got)
	}
}

func TestLatencyHoldsBackUntilTheClientGoes(t *testing.T) {
	p := signedIn(t)
	p.server.Set(func(sw *Switches) { sw.Latency = time.Hour })
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.http.URL+Root+"extension/list?"+p.query(nil), nil)
	p.must(err)
	client := *p.http.Client()
	client.Timeout = 50 * time.Millisecond
	if answer, err := client.Do(r); err == nil {
		_ = answer.Body.Close()
		t.Fatal("the answer was not held back")
	}
	if got := p.server.Requests("extension/list"); got != 1 {
		t.Errorf("%d requests counted", got)
	}
	p.server.Set(func(sw *Switches) { sw.Latency = time.Millisecond })
	if got := p.get("extension/list").code(); got != codeSuccess {
		t.Errorf("code %d", got)
	}
}

func TestRequestsAreCounted(t *testing.T) {
	p := signedIn(t)
	p.search("1001")
	p.search("1001", "page_size", "")
	p.get("system/information")
	p.get("nothing/like/this")
	for endpoint, want := range map[string]int{
		"get_token": 1, "message_session/search": 2, "system/information": 1, "message_queue/list": 0, unknown: 1,
	} {
		if got := p.server.Requests(endpoint); got != want {
			t.Errorf("%s: %d, want %d", endpoint, got, want)
		}
	}
}

func TestNumbersAsStrings(t *testing.T) {
	p := signedIn(t)
	p.server.Set(func(sw *Switches) { sw.NumbersAsStrings = true })
	text := p.send(http.MethodGet, Root+"message_queue/list?"+p.query([]string{"page", "1", "page_size", "1"}), "x", "").text
	const want = `{"errcode":0,"errmsg":"SUCCESS","list":[{"id":"3","name":"Support"}],"total_number":"4"}`
	if text != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
}

func TestNullLists(t *testing.T) {
	p := signedIn(t)
	for on, want := range map[bool]string{
		false: `{"errcode":0,"errmsg":"SUCCESS","list":[]}`, true: `{"errcode":0,"errmsg":"SUCCESS","list":null}`,
	} {
		p.server.Set(func(sw *Switches) { sw.NullLists = on })
		query := p.query([]string{"page_size", "9", "user_type", "9"})
		if text := p.send(http.MethodGet, Root+"message_session/search?"+query, "x", "").text; text != want {
			t.Errorf("switch %t: %s", on, text)
		}
	}
}

func TestCatalogue(t *testing.T) {
	p := signedIn(t)
	queues := p.get("message_queue/list", "page", "2", "page_size", "3")
	if rows := queues.rows("list"); len(rows) != 1 || rows[0]["name"] != "Community" || queues["total_number"] != 4.0 || len(rows[0]) != 2 {
		t.Errorf("second page of queues: %v", queues)
	}
	for name, want := range map[string]int{"": codeParameter, "x": codeParameter, "99": codeNotFound, "99,3": codeSuccess} {
		if got := p.get("message_queue/query", "ids", name).code(); got != want {
			t.Errorf("queues %q: code %d, want %d", name, got, want)
		}
	}
	rows := p.get("message_queue/query", "ids", "3,6").rows("list")
	if len(rows) != 2 || rows[0]["assignment_mode"] != "manual" || rows[1]["assignment_mode"] != "none" {
		t.Fatalf("queues: %v", rows)
	}
	member := body(rows[0]).rows("members")[0]
	if member["id"] != 501.0 || member["extension_id"] != 101.0 || member["ext_num"] != "1001" || member["caller_id_name"] != "Canary Agent 1" {
		t.Errorf("member: %v", member)
	}
	if data, _ := p.get("message_queue/get", "id", "5")["data"].(map[string]any); data["assignment_mode"] != "auto" {
		t.Errorf("queue 5: %v", data)
	}
	if got := p.get("message_queue/get", "id", "99").code(); got != codeNotFound {
		t.Errorf("queue 99: code %d", got)
	}
	extensions := p.get("extension/list", "page", "2", "page_size", "20", "sort_by", "number", "order_by", "desc")
	list := extensions.rows("data")
	if len(list) != 4 || list[0]["number"] != "1004" || list[0]["id"] != 104.0 || extensions["total_number"] != 24.0 {
		t.Errorf("extensions: %v", extensions)
	}
	if got := len(p.get("extension/list").rows("data")); got != 20 {
		t.Errorf("without a page size %d extensions", got)
	}
	if got := p.get("extension/list", "page", "99999", "page_size", "2147483647").rows("data"); len(got) != 0 {
		t.Errorf("far behind the end: %v", got)
	}
	data, _ := p.get("system/information")["data"].(map[string]any)
	if data["firmware_version"] != "83.20.0.128" || data["timestamp"] != float64(p.world.Now().Unix()) {
		t.Errorf("information: %v", data)
	}
}

func TestPersonalThingsAreMarked(t *testing.T) {
	p := signedIn(t)
	for _, row := range p.get("extension/list").rows("data") {
		name, _ := row["caller_id_name"].(string)
		mobile, _ := row["mobile_number"].(string)
		mail, _ := row["email_addr"].(string)
		if !strings.HasPrefix(name, "Canary Agent ") || !strings.HasPrefix(mobile, "+999000") || !strings.HasPrefix(mail, "canary.") {
			t.Errorf("%v", row)
		}
	}
	if len(p.token) != 32 || !strings.HasPrefix(p.token, "canarytoken") {
		t.Errorf("token %q", p.token)
	}
}
