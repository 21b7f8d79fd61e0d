package main

import (
	"crypto/tls"
	"io"
	stdlog "log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"conversation_exporter/simulator"
	"conversation_exporter/simulator/world"
	simyeastar "conversation_exporter/simulator/yeastar"
)

// secure serves a simulated PBX over TLS with a certificate.
func secure(t *testing.T, sim *simulator.Simulator, c *simulator.Certificate) (url string) {
	t.Helper()
	server := httptest.NewUnstartedServer(sim.Yeastar)
	server.TLS = c.ServerConfig()
	server.Config.ErrorLog = stdlog.New(io.Discard, "", 0) // Failed handshakes are what is tested.
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL
}

// check runs the online check on one target and returns its output with all
// white space as single spaces.
func check(t *testing.T, block string) (code int, text string) {
	t.Helper()
	code, stdout, stderr := once("--config.check-online", "--config.file="+write(t, "config.yml", "targets:\n"+block))
	noCanary(t, stdout, stderr)
	for line := range strings.Lines(stdout) {
		if words := strings.Fields(line); len(line) > checkWidth+1 && len(words) > 2 && !strings.Contains(line, "config.yml") {
			t.Errorf("the line is wider than %d columns: %s", checkWidth, line)
		}
	}
	return code, strings.Join(strings.Fields(stdout), " ") + stderr
}

// finding is a part of a PBX that is not as it should be.
type finding struct {
	// spoil makes it so, and inner is added to the block yeastar.
	spoil func(*simulator.Simulator)
	inner string
	code  int
	// want are parts of the output, and not is no part of it.
	want []string
	not  string
}

func (f finding) check(t *testing.T) {
	t.Helper()
	sim, url := still(t)
	if _, err := sim.World.Open(world.Opening{QueueID: world.QueueSupport}); err != nil {
		t.Fatal(err)
	}
	if f.spoil != nil {
		f.spoil(sim)
	}
	before := sim.Yeastar.Requests("get_token")
	code, text := check(t, targetBlock("office", url, "", f.inner))
	if code != f.code {
		t.Errorf("exit code %d, want %d", code, f.code)
	}
	for _, want := range f.want {
		if !strings.Contains(text, want) {
			t.Errorf("the output does not have %q", want)
		}
	}
	if f.not != "" && strings.Contains(text, f.not) {
		t.Errorf("the output has %q", f.not)
	}
	if t.Failed() {
		t.Log(text)
	}
	if n := sim.Yeastar.Requests("get_token") - before; n != 1 {
		t.Errorf("%d requests of get_token, want 1", n)
	}
	kept := strings.Contains(text, "8 tokens") || strings.Contains(text, "could not be given back")
	if n := sim.Yeastar.LiveTokens(); n > 0 && !kept {
		t.Errorf("%d tokens were not given back", n)
	}
}

func fails(endpoint string, code int) func(*simulator.Simulator) {
	return func(sim *simulator.Simulator) { sim.Yeastar.FailEndpoint(endpoint, code) }
}

func faulty(f simyeastar.Fault) func(*simulator.Simulator) {
	return func(sim *simulator.Simulator) { sim.Yeastar.Inject(f) }
}

func switched(change func(*simyeastar.Switches)) func(*simulator.Simulator) {
	return func(sim *simulator.Simulator) { sim.Yeastar.Set(change) }
}

func TestTheOnlineCheckTellsWhatThePBXAnswers(t *testing.T) {
	for name, f := range map[string]finding{
		"all is well": {nil, "", 0, []string{
			"config.yml is good: 1 target(s) office: all that is needed works ok get_token ok system/information firmware 83.20.0.128; the time zone of the PBX is UTC+05:30, so what it counts by the day begins anew at 18:30 UTC ok message_queue/list 4 message queues ok message_queue/query 21 queue members ok message_session/search (the API) no open session ok message_session/search (extension 1001) 1 open session ok message/query ok message/get ok clock it agrees with ours ok del_token All that is needed works: 1 target(s).",
		}, "extension/list"},
		"the sign-in answers 40002": {fails("get_token", 40002), "", 1, []string{
			"FAILED get_token the PBX refuses the credentials (errcode 40002) -> compare client_id and the secret with Integrations > API before the next try: after 5 failures within 10 minutes the PBX blocks this address NOT TRIED all other endpoints", "1 of 1 target(s) cannot be read as configured",
		}, "del_token"},
		"not among the allowed addresses": {switched(func(sw *simyeastar.Switches) { sw.AllowedIPs = []string{"192.0.2.1"} }), "", 1, []string{
			"FAILED get_token the PBX refuses this address (errcode 70087) -> add it under Integrations > API > allowed IPs",
		}, ""},
		"all tokens in use": {useUp, "", 1, []string{
			"FAILED get_token the application already has 8 tokens in use (errcode 60002) -> stop other programs that use this Client ID, or wait 30 minutes",
		}, ""},
		"the API is switched off": {fails("get_token", 70123), "", 1, []string{"FAILED get_token the API is switched off (errcode 70123) -> switch it on under Integrations > API"}, ""},
		"a permission is missing": {fails("message/query", 10005), "", 1, []string{
			"FAILED message/query the application may not call this (errcode 10005) -> give it the permission under Integrations > API ok message/get", "ok del_token",
		}, ""},
		"a permission for the lists is missing": {fails("message_session/search", 10005), "", 1, []string{
			"FAILED message_session/search (the API) the application", "FAILED message_session/search (extension 1001) the application", "ok message/query",
		}, ""},
		"firmware without messages": {switched(func(sw *simyeastar.Switches) { sw.OldFirmware = true }), "", 1, []string{
			"NOT AVAILABLE message_queue/list this PBX does not have this interface (errcode 10001) -> update the firmware to 37.20, 83.20, 84.20 or later (this one has 83.20.0.128), and check that the plan is Enterprise or Ultimate; for a PBX without message queues, set viewers.queue_members: false",
			"NOT AVAILABLE message_session/search (the API)", "NOT AVAILABLE message/get",
		}, ""},
		"messages that nobody needs": {switched(func(sw *simyeastar.Switches) { sw.MessagesUnsupported = true }), "", 1, []string{"NOT AVAILABLE message/query", "else switch the group messages off"}, ""},
		"a token that is refused": {fails("message_queue/list", 10004), "", 1, []string{
			"FAILED message_queue/list the PBX does not accept the token that it has just issued (errcode 10004) -> another program may be signing in with the same Client ID; give each program its own",
			"NOT TRIED message_session/search (the API) it was not asked after the answer of message_queue/list",
		}, ""},
		"blocked in the middle": {fails("message_queue/query", 70004), "", 1, []string{
			"FAILED message_queue/query the PBX has blocked this address after failed sign-ins, until about", "NOT TRIED message/get",
		}, ""},
		"overloaded":      {fails("message_queue/list", 70082), "", 1, []string{"FAILED message_queue/list the PBX is overloaded by a heavy task (errcode 70082) -> try again in a minute"}, ""},
		"an unknown code": {fails("message/get", 77777), "", 1, []string{"FAILED message/get the PBX answered with an error (errcode 77777) -> look the code up"}, ""},
		"members that are not told": {faulty(simyeastar.Fault{Kind: simyeastar.NoMembers}), "", 1, []string{
			"FAILED message_queue/query the PBX does not tell the members of Support, Billing, Sales and 1 more, so nobody knows whose sessions to list -> give the application the permission to read message queues",
		}, ""},
		"an extension that is not listed": {nil, "      viewers: {extensions: [1001, 4711]}\n", 1, []string{
			"ok extension/list 24 extensions FAILED viewers.extensions the PBX does not list extension 4711, whose sessions nobody will see -> correct viewers.extensions",
		}, ""},
		"an extension that cannot be looked up": {fails("extension/list", 10005), "      viewers: {extensions: [1001]}\n", 0, []string{
			"note extension/list whether viewers.extensions exist could not be checked: the application may not call this (errcode 10005)",
		}, ""},
		"viewers that are not told": {fails("extension/list", 10005), "      viewers: {api: false, queue_members: false, extensions: all}\n", 1, []string{
			"FAILED extension/list the application may not call this (errcode 10005)", "NOT TRIED message_session/search whose sessions to list was not told, as said above",
		}, "there is nobody"},
		"every extension": {nil, "      viewers: {api: false, queue_members: false, extensions: all}\n", 0, []string{"ok extension/list 24 extensions ok message_session/search (extension 1001) 1 open session"}, "the API"},
		"a small page of extensions": {switched(func(sw *simyeastar.Switches) { sw.NumberedPageSizeLimit = 20 }), "      viewers: {extensions: [1024]}\n", 0, []string{
			"note extension/list the PBX announces 24 extensions, and gives only 20 of the 24 that were asked for in a page",
		}, "does not list"},
		"pages that are capped": {func(sim *simulator.Simulator) {
			sim.Yeastar.Set(func(sw *simyeastar.Switches) { sw.PageSizeLimit = 10 })
			for range 15 {
				_, _ = sim.World.Open(world.Opening{API: true})
			}
		}, "", 0, []string{"note message_session/search (the API) the PBX gives no more than 10 sessions in a page, and page_size is 100: nothing is lost by that -> set page_size: 10"}, ""},
		"a clock a little ahead": {switched(func(sw *simyeastar.Switches) { sw.ClockSkew = 20 * time.Second }), "", 0, []string{
			"note clock the clock of the PBX is", "ahead of ours, which is corrected -> let both the PBX and this machine take their time from a time server (NTP)",
		}, ""},
		"a clock far behind": {switched(func(sw *simyeastar.Switches) { sw.ClockSkew = -2 * time.Minute }), "", 0, []string{
			"note clock the clock of the PBX is 2m", "behind ours, which is corrected -> let both",
		}, "FAILED"},
		"a clock that was reset": {switched(func(sw *simyeastar.Switches) { sw.ClockSkew = -48 * time.Hour }), "", 0, []string{
			"note clock the clock of the PBX is 48h0m", "behind ours, which is corrected, but wrongly for messages from before a clock was set so -> let both",
		}, "FAILED"},
		"a web page": {faulty(simyeastar.Fault{Kind: simyeastar.HTML}), "", 1, []string{
			"FAILED get_token the answer is a web page, not the API's -> check that the address and port are those of the system itself",
		}, ""},
		"another host": {faulty(simyeastar.Fault{Kind: simyeastar.Redirect, Location: "https://pbx.example.com/openapi/v1.0/get_token?x=canary"}), "", 1, []string{
			"FAILED get_token the address sends us on to https://pbx.example.com, and redirects are never followed -> if that is right, set url to it",
		}, ""},
		"something that fails in front": {faulty(simyeastar.Fault{Kind: simyeastar.HTML, Status: 502}), "", 1, []string{"FAILED get_token the server failed (HTTP 502) -> it, or what it stands behind, does not answer"}, ""},
		"no answer": {func(sim *simulator.Simulator) { sim.Yeastar.Inject(hang("message_queue/list")) }, "", 1, []string{
			"FAILED message_queue/list no answer in time -> look whether the system hangs or is overloaded, or allow it more time (scrape_timeout of Prometheus, or timeout)", "ok message/get",
		}, ""},
		"an answer of another kind":         {faulty(simyeastar.Fault{Kind: simyeastar.WrongShapes, Endpoint: "message_queue/list"}), "", 1, []string{"FAILED message_queue/list the field"}, ""},
		"a token that cannot be given back": {fails("del_token", 10005), "", 0, []string{"note del_token the token could not be given back, and stays in use for 30 minutes"}, ""},
	} {
		t.Run(name, f.check)
	}
}

// useUp takes all tokens that the PBX has.
func useUp(sim *simulator.Simulator) {
	for range 8 {
		body := strings.NewReader(`{"username":"` + sim.ClientID() + `","password":"` + sim.ClientSecret() + `"}`)
		r := httptest.NewRequest(http.MethodPost, simyeastar.Root+"get_token", body)
		r.Header.Set("User-Agent", "another program")
		sim.Yeastar.ServeHTTP(httptest.NewRecorder(), r)
	}
}

// Whoever mends a secret runs the check again and again, and the fifth failure
// would block the address.
func TestTheOnlineCheckTriesWrongCredentialsOnce(t *testing.T) {
	sim, url := still(t)
	for n := 1; n <= 6; n++ {
		code, text := check(t, targetBlock("office", url, "wrong", ""))
		want := "FAILED get_token the PBX refuses the credentials (errcode -1) -> compare client_id and the secret"
		if n > 5 {
			want = "FAILED get_token the PBX has blocked this address after failed sign-ins, until about "
		}
		if code != 1 || !strings.Contains(text, want) || n > 5 && !strings.Contains(text, " UTC (errcode 70004) -> check client_id and the secret, then remove the address under") {
			t.Errorf("run %d: exit code %d: %s", n, code, text)
		}
		if tries := sim.Yeastar.Requests("get_token"); tries != n {
			t.Errorf("%d tries in %d runs", tries, n)
		}
	}
	if n := sim.Yeastar.Requests("(unknown)") + sim.Yeastar.Requests("system/information"); n != 0 {
		t.Errorf("%d other requests were made", n)
	}
}

func TestTheOnlineCheckOfQueuesWithoutMembers(t *testing.T) {
	team := world.DefaultTeam()
	for i := range team.Queues {
		team.Queues[i].Members = nil
	}
	sim := simulator.New(simulator.Options{World: world.Options{Start: time.Now(), Still: true, Team: &team}})
	server := httptest.NewServer(sim.Yeastar)
	defer server.Close()
	code, text := check(t, targetBlock("office", server.URL, "", ""))
	if code != 0 || !strings.Contains(text, "note viewers no message queue has a member, so that only what is routed to the API is seen -> make agents members") {
		t.Errorf("with the API: exit code %d: %s", code, text)
	}
	code, text = check(t, targetBlock("office", server.URL, "", "      viewers: {api: false}\n"))
	if code != 1 || !strings.Contains(text, "FAILED viewers there is nobody whose sessions could be listed: no message queue has a member -> make agents members") {
		t.Errorf("without the API: exit code %d: %s", code, text)
	}
}

func TestTheOnlineCheckTellsOfCertificates(t *testing.T) {
	makers := map[string]func() (*simulator.Certificate, error){"self-signed": simulator.SelfSigned, "issued": simulator.Issued, "expired": simulator.Expired}
	for name, tc := range map[string]struct {
		maker string
		// inner may hold CA and PIN.
		inner string
		code  int
		want  string
	}{
		"a CA that is trusted":    {"issued", "      tls_config: {ca_file: CA}\n", 0, "ok get_token"},
		"a pin":                   {"self-signed", "      certificate_sha256: PIN\n", 0, "ok get_token"},
		"not trusted":             {"issued", "", 1, "FAILED get_token the certificate is signed by an authority that is not known here; the one that was shown is for 127.0.0.1, ::1, localhost, valid from"},
		"for no host at all":      {"self-signed", "", 1, "the one that was shown is for no host, valid from"},
		"not trusted and how to":  {"issued", "", 1, "and its SHA-256 is PIN -> set tls_config.ca_file, or certificate_sha256 for a generic certificate; to pin this one, compare its SHA-256 with that of the certificate on the PBX itself, and if they are the same set certificate_sha256 to it"},
		"for no host and how to":  {"self-signed", "", 1, "and its SHA-256 is PIN -> compare its SHA-256 with that of the certificate on the PBX itself, and if they are the same set certificate_sha256 to it"},
		"another host":            {"issued", "      tls_config: {ca_file: CA, server_name: pbx.example.com}\n", 1, "FAILED get_token the certificate is for another host; the one that was shown is for 127.0.0.1"},
		"another host and how to": {"issued", "      tls_config: {ca_file: CA, server_name: pbx.example.com}\n", 1, "SHA-256 is PIN -> set tls_config.server_name"},
		"expired":                 {"expired", "      tls_config: {ca_file: CA}\n", 1, "FAILED get_token the certificate is not valid (expired, not yet valid or misused); the one that was shown"},
		"another pin":             {"issued", "      certificate_sha256: " + strings.Repeat("0", 64) + "\n", 1, "SHA-256 is PIN -> if it was renewed on purpose, set the new certificate_sha256"},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := makers[tc.maker]()
			if err != nil {
				t.Fatal(err)
			}
			sim, _ := still(t)
			fill := strings.NewReplacer("CA", write(t, "ca.pem", string(c.CAPEM())), "PIN", c.SHA256())
			code, text := check(t, targetBlock("office", secure(t, sim, c), "", fill.Replace(tc.inner)))
			if code != tc.code || !strings.Contains(text, fill.Replace(tc.want)) {
				t.Errorf("exit code %d, want %d and %s: %s", code, tc.code, fill.Replace(tc.want), text)
			}
			if n := sim.Yeastar.Requests("get_token"); n != 1-tc.code {
				t.Errorf("%d requests of get_token", n)
			}
		})
	}
}

func TestTheOnlineCheckTellsOfAddresses(t *testing.T) {
	c, err := simulator.Issued()
	if err != nil {
		t.Fatal(err)
	}
	sim, plain := still(t)
	overTLS := secure(t, sim, c)
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	absent := httptest.NewServer(http.NotFoundHandler())
	defer absent.Close()
	rude, err := tls.Listen("tcp", "127.0.0.1:0", c.ServerConfig())
	if err != nil {
		t.Fatal(err)
	}
	defer rude.Close()
	go turnAway(rude)
	for name, tc := range map[string]struct{ url, want string }{
		"http to a port of https":       {strings.Replace(overTLS, "https:", "http:", 1), "it may be a port of HTTPS, and url says http:// -> write https:// in url, or the port of HTTP"},
		"http to another port of https": {"http://" + rude.Addr().String(), "it may be a port of HTTPS, and url says http:// -> write https:// in url, or the port of HTTP"},
		"https to a port of http":       {strings.Replace(plain, "http:", "https:", 1), "the port speaks plain HTTP -> write http:// in url, or the HTTPS port"},
		"a port where nobody listens":   {closed.URL, "failed (connection refused) -> look whether the system is up, and check host and port in url; a PBX on site answers HTTPS on port 8088 unless that was changed"},
		"a name that does not exist":    {"https://pbx.invalid", "the name pbx.invalid does not resolve -> check the host in url"},
		"no such API":                   {absent.URL, "there is no such API at this address (HTTP 404) -> check scheme, host and port in url"},
	} {
		t.Run(name, func(t *testing.T) {
			code, text := check(t, targetBlock("office", tc.url, "", ""))
			if code != 1 || !strings.Contains(text, "FAILED get_token ") || !strings.Contains(text, tc.want) {
				t.Errorf("exit code %d: %s", code, text)
			}
		})
	}
	if n := sim.Yeastar.Requests("get_token"); n != 0 {
		t.Errorf("%d requests of get_token", n)
	}
}

// turnAway ends each connection once something has been said on it that is no TLS.
func turnAway(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		_, _ = conn.Read(make([]byte, 1))
		_ = conn.Close()
	}
}

// One that hangs must not keep the others from being checked, and the targets are
// told in the order of their names.
func TestTheOnlineCheckOfManyTargets(t *testing.T) {
	hung := hangingServer(t)
	_, url := still(t)
	var blocks strings.Builder
	for _, name := range []string{"d", "b", "a", "c"} {
		blocks.WriteString(targetBlock(name, url, "", ""))
	}
	blocks.WriteString(strings.Replace(targetBlock("ab", hung.URL, "", ""), "5s", "500ms", 1))
	code, text := check(t, blocks.String())
	last := -1
	for _, part := range []string{" a: all that", " ab: cannot be read", "FAILED get_token no answer in time", " b: all that", " c: all that", " d: all that", "1 of 5 target(s) cannot be read"} {
		at := strings.Index(text, part)
		if at <= last {
			t.Errorf("%q is not in its place: %s", part, text)
		}
		last = at
	}
	if code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
}

func TestTheOnlineCheckBeginsWithTheConfiguration(t *testing.T) {
	bad := write(t, "bad.yml", strings.ReplaceAll(goodConfig, "url:", "uri:"))
	code, stdout, stderr := once("--config.check-online", "--config.file="+bad)
	if code != 1 || stdout != "" || !strings.Contains(stderr, "bad.yml:4: targets.office.yeastar.uri: ") {
		t.Errorf("exit code %d\nstdout: %s\nstderr: %s", code, stdout, stderr)
	}
}

func TestTheOnlineCheckOfTheDemo(t *testing.T) {
	code, stdout, stderr := once("--demo", "--config.check-online", "--collector.disable-defaults", "--collector.sessions", "--collector.messages")
	if code != 0 || !strings.Contains(stdout, "demo-pbx: all that is needed works") || !strings.Contains(stdout, "demo-desk: all that is needed works") {
		t.Errorf("exit code %d\nstdout: %s\nstderr: %s", code, stdout, stderr)
	}
	noCanary(t, stdout, stderr)
}

// A secret that is looked for and not found is a failure of this target alone.
func TestTheOnlineCheckOfASecretThatVanishes(t *testing.T) {
	sim, url := still(t)
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("canary-secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	block := strings.Replace(targetBlock("office", url, "", ""), "client_secret: canary-secret", "client_secret_file: "+secret, 1)
	if code, text := check(t, block); code != 0 {
		t.Errorf("exit code %d: %s", code, text)
	}
	if n := sim.Yeastar.Requests("get_token"); n != 1 {
		t.Errorf("%d requests of get_token", n)
	}
}
