package superoffice

import (
	"context"
	"encoding/base64"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	promconfig "github.com/prometheus/common/config"

	"conversation_exporter/conversation"
	"conversation_exporter/simulator"
	sim "conversation_exporter/simulator/superoffice"
	"conversation_exporter/simulator/world"
	"conversation_exporter/source/httpapi"
)

// crm is the simulated SuperOffice in which nothing happens by itself, and a way to it.
type crm struct {
	*simulator.Simulator
	desk *world.Desk
	http *httptest.Server
	ca   string

	mu sync.Mutex
	// slim is true for a server that answers in the mode Slim whatever was asked.
	slim bool
	// refused counts the answers 401; asked are the requests, with what they asked for.
	refused int
	asked   []string
	headers []http.Header
}

// counted notes the status of an answer.
type counted struct {
	http.ResponseWriter
	crm *crm
}

func (c counted) WriteHeader(status int) {
	if status == http.StatusUnauthorized {
		c.crm.mu.Lock()
		c.crm.refused++
		c.crm.mu.Unlock()
	}
	c.ResponseWriter.WriteHeader(status)
}

// Unwrap lets the simulator reach the connection.
func (c counted) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// ServeHTTP implements http.Handler.
func (c *crm) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	c.asked = append(c.asked, r.Method+" "+r.URL.Path+" "+strings.ReplaceAll(r.URL.RawQuery, "%20", " "))
	c.headers = append(c.headers, r.Header.Clone())
	if c.slim {
		r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "$mode=Full", "$mode=Slim", 1)
	}
	c.mu.Unlock()
	c.SuperOffice.ServeHTTP(counted{w, c}, r)
}

// newWorld is one whose server is in Oslo, which is not UTC in any part of the year,
// unless the options say otherwise.
func newWorld(t *testing.T, o sim.Options) *crm {
	t.Helper()
	if o.Zone == nil {
		o.Zone = oslo(t)
	}
	c := &crm{Simulator: simulator.New(simulator.Options{World: world.Options{Start: start(), Still: true, Zone: o.Zone}, SuperOffice: o})}
	c.desk = c.World.Desk()
	return c
}

// newCRM is an installation on site.
func newCRM(t *testing.T) *crm { t.Helper(); return newCRMIn(t, nil) }

// newCRMIn is one whose server is in a zone.
func newCRMIn(t *testing.T, zone *time.Location) *crm {
	t.Helper()
	c := newWorld(t, sim.Options{Zone: zone})
	c.http = httptest.NewServer(c)
	t.Cleanup(c.http.Close)
	return c
}

// newTenantOf is a tenant of the cloud, behind real TLS under the names of the cloud.
func newTenantOf(t *testing.T) *crm {
	t.Helper()
	c := newWorld(t, sim.Options{Cloud: true})
	certificate, err := simulator.IssuedFor("*.superoffice.com")
	must(t, err)
	c.http = httptest.NewUnstartedServer(c)
	c.http.TLS = certificate.ServerConfig()
	c.http.StartTLS()
	c.ca = string(certificate.CAPEM())
	t.Cleanup(c.http.Close)
	return c
}

func secret(text string) func() (httpapi.Secret, error) {
	return func() (httpapi.Secret, error) { return httpapi.NewSecret(text), nil }
}

// changing is a secret that a test changes between passes.
func changing(text *string) func() (httpapi.Secret, error) {
	return func() (httpapi.Secret, error) { return httpapi.NewSecret(*text), nil }
}

func basicOf(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

// options are those of a Source that reads an installation with Basic, or a tenant with
// a refresh token.
func (c *crm) options() Options {
	o := Options{
		URL: c.http.URL + sim.Base, UserAgent: "test", Clock: c.World.Clock(), Jitter: func(time.Duration) time.Duration { return 0 },
		Authorization: secret(basicOf(c.SuperOffice.User(), c.SuperOffice.Password())), TimeZone: c.SuperOffice.Zone(),
	}
	if c.ca == "" {
		return o
	}
	o.URL, o.Authorization = "", nil
	o.Online = &Online{
		Environment: EnvironmentOnline, Customer: c.SuperOffice.Customer(), ClientID: c.SuperOffice.ClientID(),
		ClientSecret: secret(c.SuperOffice.ClientSecret()), RefreshToken: secret(c.SuperOffice.RefreshToken()),
	}
	o.Transport.TLS = promconfig.TLSConfig{CA: c.ca}
	o.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, c.http.Listener.Addr().String())
	}
	return o
}

// asSystemUser signs in as the system user instead, with the key in either form.
func (c *crm) asSystemUser(t *testing.T, inXML bool) func(*Options) {
	t.Helper()
	read := c.SuperOffice.PrivateKeyPEM
	if inXML {
		read = c.SuperOffice.PrivateKeyXML
	}
	key, err := read()
	must(t, err)
	return func(o *Options) {
		o.Online.RefreshToken, o.Online.SystemUserToken, o.Online.PrivateKey = nil, secret(c.SuperOffice.SystemUser()), secret(string(key))
	}
}

// source makes a Source of the options, unless change says otherwise.
func (c *crm) source(t *testing.T, change func(*Options)) *Source {
	t.Helper()
	o := c.options()
	if change != nil {
		change(&o)
	}
	src, err := New(o)
	must(t, err)
	t.Cleanup(func() { must(t, src.Close(context.Background())) })
	return src
}

// set changes the switches of the server.
func (c *crm) set(change func(*sim.Switches)) { c.SuperOffice.Set(change) }

// open opens a chat that must be possible.
func (c *crm) open(t *testing.T, o world.ChatOpening) int64 {
	t.Helper()
	id, err := c.desk.Open(o)
	must(t, err)
	return id
}

// taken opens a chat that an agent has, who has answered where that is said.
func (c *crm) taken(t *testing.T, agent string, answered bool) int64 {
	t.Helper()
	id := c.open(t, world.ChatOpening{Topic: world.TopicSupport})
	must(t, c.desk.PickUp(id, agent))
	if answered {
		must(t, c.desk.AgentWrites(id))
	}
	return id
}

// kinds opens a chat of each kind, and gives them by what they are.
func (c *crm) kinds(t *testing.T) map[string]int64 {
	t.Helper()
	ids := map[string]int64{
		"form":    c.open(t, world.ChatOpening{Topic: world.TopicReturns, Status: world.ChatForm}),
		"answers": c.open(t, world.ChatOpening{Topic: world.TopicAdvice, Status: world.ChatFAQ}),
		"offline": c.open(t, world.ChatOpening{Topic: world.TopicReturns, Status: world.ChatOffline}),
		"queued":  c.open(t, world.ChatOpening{Topic: world.TopicSupport}),
	}
	c.World.Advance(time.Minute)
	ids["owed"], ids["answered"] = c.taken(t, "1001", false), c.taken(t, "1001", true)
	ids["offered"] = c.taken(t, "1002", false)
	must(t, c.desk.Offer(ids["offered"], "1003"))
	ids["bot"] = c.open(t, world.ChatOpening{Topic: world.TopicOrders, Bot: true})
	must(t, c.desk.BotWrites(ids["bot"], false))
	ids["bot asked"] = c.open(t, world.ChatOpening{Topic: world.TopicOrders, Bot: true})
	must(t, c.desk.BotWrites(ids["bot asked"], true))
	must(t, c.desk.VisitorWrites(ids["bot asked"]))
	c.World.Advance(time.Minute)
	return ids
}

// agent gives the id of an agent by his number, as sessions have it.
func (c *crm) agent(number string) string {
	id, _ := c.SuperOffice.AgentIDs(number)
	return strconv.FormatInt(id, 10)
}

// expectKinds holds that the chats of kinds are told by R14.
func (c *crm) expectKinds(t *testing.T, ids map[string]int64, sessions map[int64]conversation.Session) {
	t.Helper()
	want := map[string]struct {
		state    conversation.State
		awaiting conversation.Awaiting
		agent    string
		transfer bool
	}{
		"form": {conversation.StateArriving, conversation.AwaitingCustomer, "", false}, "answers": {conversation.StateArriving, conversation.AwaitingCustomer, "", false},
		"offline": {conversation.StateArriving, conversation.AwaitingCustomer, "", false}, "queued": {conversation.StateQueued, conversation.AwaitingAgent, "", false},
		"owed":     {conversation.StateAssigned, conversation.AwaitingAgent, c.agent("1001"), false},
		"answered": {conversation.StateAssigned, conversation.AwaitingCustomer, c.agent("1001"), false},
		"offered":  {conversation.StateAssigned, conversation.AwaitingAgent, c.agent("1002"), true},
		"bot":      {conversation.StateAutomated, conversation.AwaitingCustomer, "", false}, "bot asked": {conversation.StateAutomated, conversation.AwaitingCustomer, "", false},
	}
	if len(sessions) != len(want) {
		t.Errorf("%d sessions, want %d", len(sessions), len(want))
	}
	for kind, w := range want {
		got := sessions[ids[kind]]
		if got.State != w.state || got.Awaiting != w.awaiting || got.Agent != w.agent || (got.Transfer == conversation.TransferPending) != w.transfer || !got.StateSure {
			t.Errorf("%s: told as %+v, want %+v", kind, got, w)
		}
	}
}

// expectTimes holds that the dates of a chat are told as they are, by our clock.
func (c *crm) expectTimes(t *testing.T, got conversation.Session) {
	t.Helper()
	chat, ok := c.desk.Chat(got.ID)
	if !ok {
		t.Fatalf("there is no chat %d", got.ID)
	}
	for what, pair := range map[string][2]time.Time{
		"requested": {got.Requested, chat.Requested}, "started": {got.Started, chat.Started}, "idle": {got.LastActivity, chat.Idle}, "ended": {got.Ended, chat.Ended},
	} {
		if !pair[0].Equal(pair[1]) {
			t.Errorf("chat %d was %s at %s, and told is %s", got.ID, what, pair[1], pair[0])
		}
	}
}

// requests are those of which a part is told.
func (c *crm) requests(part string) (found []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.asked {
		if strings.Contains(r, part) {
			found = append(found, r)
		}
	}
	return found
}

// thread reads all messages of a chat, and expects that nothing was lost.
func (c *crm) thread(t *testing.T, src *Source, want conversation.Want) []conversation.Record {
	t.Helper()
	threads, errs := gather(t, src, want)
	if len(errs) != 0 || len(threads) != 1 {
		t.Fatalf("told %+v, errors %v", threads, errs)
	}
	return threads[want.Session].Records
}

// idsOf are the ids of the sessions, in order.
func idsOf(sessions map[int64]conversation.Session) []int64 {
	ids := make([]int64, 0, len(sessions))
	for id := range sessions {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}
