package superoffice

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"
)

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

func TestRefusalsBeforeAnyDataOnThePremises(t *testing.T) {
	c := onsite(t)
	right, ticket := c.header.Get("Authorization"), "SOTicket "+c.server.Ticket()
	for name, r := range map[string]struct {
		method, path, credentials string
		want                      int
	}{
		"in order":                  {http.MethodGet, "/SuperOffice/api/v1/ChatSession", right, 200},
		"under another path":        {http.MethodGet, "/crm.web/api/v1/ChatSession", right, 200},
		"under no path":             {http.MethodGet, "/api/v1/ChatSession", right, 200},
		"in capital letters":        {http.MethodGet, "/SuperOffice/API/V1/CHATSESSION", right, 200},
		"with a ticket":             {http.MethodGet, "/SuperOffice/api/v1/ChatSession", ticket, 200},
		"with a ticket in capitals": {http.MethodGet, "/SuperOffice/api/v1/ChatSession", strings.ToUpper(ticket[:8]) + ticket[8:], 200},
		"without credentials":       {http.MethodGet, "/SuperOffice/api/v1/ChatSession", "", 401},
		"with a wrong password":     {http.MethodGet, "/SuperOffice/api/v1/ChatSession", basic(DefaultUser, "x"), 401},
		"with another user":         {http.MethodGet, "/SuperOffice/api/v1/ChatSession", basic("x", DefaultPassword), 401},
		"with a wrong ticket":       {http.MethodGet, "/SuperOffice/api/v1/ChatSession", "SOTicket 7T:x", 401},
		"with the cloud's token":    {http.MethodGet, "/SuperOffice/api/v1/ChatSession", "Bearer 8A:x", 401},
		"version, without any":      {http.MethodGet, "/SuperOffice/api", "", 200},
		"unknown path":              {http.MethodGet, "/SuperOffice/api/v1/Contact", right, 404},
		"no list of topics":         {http.MethodGet, "/SuperOffice/api/v1/ChatTopic", right, 404},
		"the cloud's sign-in":       {http.MethodPost, "/Login/api/PartnerSystemUser/Authenticate", right, 404},
		"DELETE of a chat":          {http.MethodDelete, "/SuperOffice/api/v1/ChatSession/4001", right, 405},
		"POST of a chat":            {http.MethodPost, "/SuperOffice/api/v1/ChatSession", right, 405},
		"GET of a method":           {http.MethodGet, "/SuperOffice/api/v1/Agents/Chat/GetChatPresence", right, 200},
	} {
		t.Run(name, func(t *testing.T) {
			c.header.Set("Authorization", r.credentials)
			if got := c.send(r.method, r.path, ""); got.code != r.want {
				t.Errorf("%d %s", got.code, got.text)
			}
		})
	}
	if got := c.server.Denied(); got != 2 {
		t.Errorf("%d wrong passwords were counted", got)
	}
}

func TestUnauthorizedTellsWhyOrNothing(t *testing.T) {
	c := onsite(t)
	c.header.Del("Authorization")
	if got := c.get("ChatSession"); !strings.Contains(got.text, `"ErrorType":"SoSecurityException"`) || got.header.Get("WWW-Authenticate") == "" {
		t.Errorf("%s %v", got.text, got.header)
	}
	c.server.Set(func(sw *Switches) { sw.BareUnauthorized = true })
	if got := c.get("ChatSession"); got.code != 401 || got.text != "" {
		t.Errorf("%d %q", got.code, got.text)
	}
}

func TestTicketLastsSixHoursFromItsLastUse(t *testing.T) {
	c := onsite(t)
	c.header.Set("Authorization", "SOTicket "+c.server.Ticket())
	for _, step := range []struct {
		after time.Duration
		want  int
	}{{0, 200}, {6*time.Hour - time.Second, 200}, {6*time.Hour - time.Second, 200}, {6 * time.Hour, 401}, {0, 401}} {
		c.world.Advance(step.after)
		if got := c.get("ChatSession").code; got != step.want {
			t.Errorf("after %s more: %d", step.after, got)
		}
	}
	if c.server.LiveTokens() != 0 {
		t.Error("the ticket is still held")
	}
}

func TestVersionIsAPageUnlessJSONIsAskedFor(t *testing.T) {
	c := onsite(t)
	if got := c.send(http.MethodGet, "/SuperOffice/api", ""); !strings.HasPrefix(got.header.Get("Content-Type"), "text/html") {
		t.Errorf("%v", got.header)
	}
	c.header.Set("Accept", "application/json")
	if got := c.send(http.MethodGet, "/SuperOffice/api/", "").object(t); got["NetServerVersion"] != "10.3.5.605" || got["Version"] != "v1" {
		t.Errorf("%v", got)
	}
}

func TestDateIsTheVirtualClocks(t *testing.T) {
	c := onsite(t)
	c.world.Advance(20 * time.Minute)
	for _, skew := range []time.Duration{0, 90 * time.Second} {
		c.server.Set(func(sw *Switches) { sw.DateSkew = skew })
		answer := c.get("ChatSession")
		at, err := http.ParseTime(answer.header.Get("Date"))
		c.must(err)
		if want := c.world.Now().Add(skew).Truncate(time.Second); !at.Equal(want) {
			t.Errorf("Date is %s, not %s", at, want)
		}
	}
}

func TestRequestsAreCountedByEndpoint(t *testing.T) {
	c := onsite(t)
	id := c.sample()
	c.get("chatsession/" + itoa(id) + "/messages")
	c.get("ChatSession/" + itoa(id))
	c.get("ChatSession/" + itoa(id) + "/Messages")
	c.get("nothing")
	for endpoint, want := range map[string]int{"ChatSession/{id}/Messages": 2, "ChatSession/{id}": 1, "(unknown)": 1, "ChatSession": 0} {
		if got := c.server.Requests(endpoint); got != want {
			t.Errorf("%s: %d", endpoint, got)
		}
	}
}

func TestQuirk16CustomReasonPhrases(t *testing.T) {
	c := onsite(t)
	id := c.sample()
	if got := c.get("ChatSession/" + itoa(id)); got.status != "200 OK" {
		t.Errorf("by default: %s", got.status)
	}
	c.server.Set(func(sw *Switches) { sw.CustomReasons = true })
	if got := c.get("ChatSession/" + itoa(id)); got.status != "200 ChatSessionEntity found." {
		t.Errorf("found: %s", got.status)
	}
	if got := c.get("ChatSession/1"); got.status != "404 ChatSession Not Found" || !strings.Contains(got.text, "SoNotFoundException") {
		t.Errorf("not found: %s %s", got.status, got.text)
	}
}
