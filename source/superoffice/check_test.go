package superoffice

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"conversation_exporter/conversation"
)

// allGroups are the groups of metrics.
func allGroups() []string { return []string{"sessions", "messages", "queues", "channels", "agents"} }

// check checks a source, and gives each finding in a line, by what was tried.
func check(t *testing.T, src *Source) map[string]string {
	t.Helper()
	found := make(map[string]string)
	for _, f := range src.Check(t.Context(), 10*time.Second, allGroups()...) {
		if _, twice := found[f.What]; twice {
			t.Errorf("%s is told twice", f.What)
		}
		found[f.What] = strings.TrimSpace(fmt.Sprintf("%s: %s -> %s", f.Verdict, f.Meaning, f.Remedy))
		if f.Verdict != conversation.VerdictOK && f.Verdict != conversation.VerdictUntried && f.Remedy == "" {
			t.Errorf("%s has no remedy", f.What)
		}
	}
	noCanary(t, found)
	return found
}

// tells expects findings that begin so, and no other one that is not ok.
func tells(t *testing.T, found, want map[string]string) {
	t.Helper()
	for what, text := range found {
		if begin, ok := want[what]; ok && !strings.HasPrefix(text, begin) || !ok && !strings.HasPrefix(text, "ok:") {
			t.Errorf("%s: %s", what, text)
		}
	}
	for what := range want {
		if _, ok := found[what]; !ok {
			t.Errorf("%s is not told: %v", what, found)
		}
	}
}

func TestACheckCallsEachEndpointOnceAndTellsWhatWorks(t *testing.T) {
	s := newStub(t)
	s.dynamic = "oneOf"
	s.chats = []chat{{id: 1, topic: 3, status: 5, started: ago(time.Hour), fetched: ago(3 * time.Second)}}
	tells(t, check(t, s.source(t, nil)), map[string]string{
		whatSignIn: "ok: SuperOffice 10.2.8", pathTopics: "ok: 2 topics", pathTopic: "ok", pathIsOpen: "ok", pathSessions: "ok: 1 open session", pathDynamic: "ok",
		pathMessages: "ok", pathPresence: "ok: 2 chat users", whatZone: "ok: the dates of sessions agree", whatClock: "ok",
	})
	seen := make(map[string]bool)
	for _, r := range s.requests {
		path := strings.Fields(r)[1]
		if seen[path] && path != "MDOList/chatchannel" {
			t.Errorf("%s was called twice", path)
		}
		seen[path] = true
	}
}

func TestACheckTellsWhatIsWrong(t *testing.T) {
	talking := func(fetched time.Duration) []chat {
		return []chat{{id: 1, topic: 3, status: 5, started: ago(time.Hour), fetched: ago(fetched)}}
	}
	failing := func(part string, status int) func(*http.Request) int {
		return func(r *http.Request) int {
			if strings.HasSuffix(r.URL.Path, part) {
				return status
			}
			return 0
		}
	}
	for name, row := range map[string]struct {
		change func(*stub)
		want   map[string]string
	}{
		"nobody chats": {func(s *stub) { s.chats = nil }, map[string]string{whatZone: "note: nobody chats now", pathMessages: "ok: there is no session"}},
		"two hours ahead": {func(s *stub) { s.chats = talking(-2 * time.Hour) }, map[string]string{
			whatZone: "failed: the dates of sessions are off by 2h, which must be the time zone: it seems to be UTC+02:00 -> set time_zone",
		}},
		"an hour behind": {func(s *stub) { s.chats = talking(time.Hour + 5*time.Second) }, map[string]string{whatZone: "failed: the dates of sessions are off by -1h, "}},
		"somebody is gone": {func(s *stub) { s.chats = talking(23 * time.Minute) }, map[string]string{
			whatZone: "note: nobody chats now",
		}},
		"no Dynamic": {func(s *stub) { s.dynamic = "" }, map[string]string{pathDynamic: "note: it cannot be used here", pathSession: "ok"}},
		"old":        {func(s *stub) { s.old = true }, map[string]string{pathSessions: "note: this version does not list the status"}},
		"no rights": {func(s *stub) { s.fail = failing("/ChatSession", http.StatusForbidden) }, map[string]string{
			pathSessions: "failed: the user may not read this (HTTP 403) -> give its role",
		}},
		"messages fail": {func(s *stub) { s.fail = failing("/Messages", http.StatusBadGateway) }, map[string]string{pathMessages: "failed: the server failed"}},
		"refused midway": {func(s *stub) { s.fail = failing("/ChatSession", http.StatusUnauthorized) }, map[string]string{
			pathSessions: "failed: SuperOffice does not accept the credentials", pathDynamic: "not tried", pathMessages: "not tried", whatZone: "not tried", pathPresence: "not tried",
		}},
		"refused at Dynamic": {func(s *stub) { s.fail = failing("/Archive/Dynamic", http.StatusUnauthorized) }, map[string]string{
			pathDynamic: "note: it cannot be used here, so who has a session is asked for session by session", pathSession: "ok", pathMessages: "ok", pathPresence: "ok",
		}},
		"nothing there": {func(s *stub) { s.fail = failing("", http.StatusNotFound) }, map[string]string{
			whatSignIn: "failed: SuperOffice does not have this (HTTP 404) -> check the path in url", whatRest: "not tried",
		}},
		"a proxy asks": {func(s *stub) { s.fail = failing("", http.StatusProxyAuthRequired) }, map[string]string{
			whatSignIn: "failed: the proxy asks for credentials (HTTP 407) -> write them into proxy_url", whatRest: "not tried",
		}},
		"all is forbidden": {func(s *stub) { s.fail = failing("", http.StatusForbidden) }, map[string]string{
			pathTopics: "failed: the user may not read this", pathSessions: "failed: the user may not read this", pathDynamic: "note: it cannot be used here",
			pathMessages: "not tried: no session is known", whatZone: "not tried: no session is known", pathPresence: "failed: the user may not read this",
		}},
		"no presence":       {func(s *stub) { s.answers["/so/api/v1/"+pathPresence] = "" }, map[string]string{pathPresence: "not available: this version"}},
		"no topic":          {func(s *stub) { s.answers["/so/api/v1/MDOList/chatchannel"] = `[{"Id":0,"Name":"All"}]` }, map[string]string{pathTopics: "failed: the user is told no chat topic -> give the role of the user the rights to Service"}},
		"wrong credentials": {func(s *stub) { s.authorization = "Basic other" }, map[string]string{whatSignIn: "failed: SuperOffice refuses the credentials -> check basic_auth", whatRest: "not tried"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStub(t)
			s.dynamic, s.chats = "in", talking(3*time.Second)
			row.change(s)
			before := s.wrong()
			tells(t, check(t, s.source(t, func(o *Options) { o.RequestsPerSecond = 0 })), row.want)
			if n := s.wrong() - before; n > 1 {
				t.Errorf("%d tries to sign in", n)
			}
		})
	}
}

func TestACheckOfTheCloudNamesTheHost(t *testing.T) {
	c := newCloud(t)
	c.grant, c.dynamic = c.refresh, "in"
	c.chats = []chat{{id: 1, topic: 3, status: 5, fetched: ago(time.Second)}}
	tells(t, check(t, c.online(t, withRefreshToken)), map[string]string{pathState: "ok: the tenant lives at online2.superoffice.com", whatSignIn: "ok: SuperOffice Release_10.5"})

	unknown := newCloud(t)
	unknown.grant, unknown.state = unknown.refresh, http.StatusNotFound
	tells(t, check(t, unknown.online(t, withRefreshToken)), map[string]string{pathState: "failed: the cloud does not know the tenant -> check online.customer and online.environment", whatRest: "not tried"})
}

// What the client says and what the check adds to it is told once, and in the keys
// that a person has written.
func TestACheckOfAPlaceThatIsNoneTellsHowToReachIt(t *testing.T) {
	const between = "check online.environment, and whether a firewall or a proxy is in between"
	away := func(*http.Request) int { return http.StatusServiceUnavailable }
	t.Run("on site", func(t *testing.T) {
		s := newStub(t)
		s.Close()
		found := check(t, s.source(t, nil))
		if got := found[whatSignIn]; got != "failed: connecting to "+s.Listener.Addr().String()+" failed (connection refused) -> look whether the system is up, and check host and port in url" {
			t.Errorf("told %v", found)
		}
	})
	t.Run("on site, by the scheme of another port", func(t *testing.T) {
		s := newStub(t)
		s.fail = away
		secure := httptest.NewUnstartedServer(s)
		secure.Config.ErrorLog = log.New(io.Discard, "", 0)
		secure.StartTLS()
		t.Cleanup(secure.Close)
		s.URL = strings.Replace(secure.URL, "https://", "http://", 1)
		tells(t, check(t, s.source(t, nil)), map[string]string{whatSignIn: "failed: there is no such API at this address (HTTP 400); it may be a port of HTTPS, and url says http:// -> write https:// in url", whatRest: "not tried"})
	})
	t.Run("on site, a page", func(t *testing.T) {
		s := newStub(t)
		s.answers["/so/api/v1/MDOList/chatchannel"] = "<html>" + canary + "</html>"
		tells(t, check(t, s.source(t, nil)), map[string]string{whatSignIn: "failed: the answer is a web page, not the API's -> check that url is the root of a SuperOffice installation", whatRest: "not tried"})
	})
	t.Run("on site, restarting", func(t *testing.T) {
		s := newStub(t)
		s.fail = away
		tells(t, check(t, s.source(t, nil)), map[string]string{whatSignIn: "failed: the server failed (HTTP 503) -> look whether SuperOffice is being restarted", whatRest: "not tried"})
	})
	t.Run("in the cloud", func(t *testing.T) {
		c := newCloud(t)
		src := c.online(t, withRefreshToken)
		c.tls.Close()
		found := check(t, src)
		if got := found[pathState]; !strings.HasPrefix(got, "failed: connecting to ") || !strings.HasSuffix(got, "(connection refused) -> "+between) {
			t.Errorf("told %v", found)
		}
	})
	t.Run("in the cloud, no such host", func(t *testing.T) {
		c := newCloud(t)
		src := c.source(t, func(o *Options) {
			o.URL, o.Authorization = "", nil
			o.Online = &Online{Environment: EnvironmentOnline, Customer: "Cust12345", ClientSecret: o.Authorization}
			withRefreshToken(o.Online)
			o.Dial = func(context.Context, string, string) (net.Conn, error) {
				return nil, &net.DNSError{Err: "no such host", Name: "online.superoffice.com", IsNotFound: true}
			}
		})
		tells(t, check(t, src), map[string]string{pathState: "failed: the name online.superoffice.com does not resolve -> " + between, whatRest: "not tried"})
	})
}
