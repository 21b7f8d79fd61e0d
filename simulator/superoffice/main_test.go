package superoffice

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"conversation_exporter/simulator/world"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// crm is a server over a still world, reached through real HTTP.
type crm struct {
	t      *testing.T
	world  *world.World
	desk   *world.Desk
	server *Server
	http   *httptest.Server
	header http.Header
	host   string // where requests say that they go; empty for where they go
	root   string
}

// start is a Monday of a zone that is not that of UTC.
func start() time.Time { return time.Date(2026, time.February, 2, 7, 55, 0, 0, time.UTC) }

// oslo is a zone without change: an hour ahead.
func oslo() *time.Location { return time.FixedZone("CET", 3600) }

func newCRM(t *testing.T, o Options) *crm {
	t.Helper()
	w := world.New(world.Options{Still: true, Start: start(), Zone: oslo()})
	c := &crm{t: t, world: w, desk: w.Desk(), server: New(w, o), header: http.Header{"Accept-Language": {"en"}}, root: Base}
	c.http = httptest.NewServer(c.server)
	t.Cleanup(c.http.Close)
	return c
}

// onsite gives a server on the premises, with the credentials in hand.
func onsite(t *testing.T) *crm {
	t.Helper()
	c := newCRM(t, Options{})
	r := http.Request{Header: c.header}
	r.SetBasicAuth(DefaultUser, DefaultPassword)
	return c
}

// cloud gives a tenant of the cloud.
func cloud(t *testing.T) *crm {
	t.Helper()
	c := newCRM(t, Options{Cloud: true})
	c.host, c.root = c.server.Host(), "/"+DefaultCustomer
	return c
}

// received is an answer that was read to its end.
type received struct {
	code   int
	status string
	header http.Header
	text   string
}

// send makes one request as it is given, and reads the answer.
func (c *crm) send(method, path, content string) received {
	c.t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, c.http.URL+path, strings.NewReader(content))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header = c.header.Clone()
	if c.host != "" {
		r.Host = c.host
	}
	client := *c.http.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	answer, err := client.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return received{code: answer.StatusCode, status: answer.Status, header: answer.Header, text: string(text)}
}

// get asks an endpoint; params come in pairs of name and value.
func (c *crm) get(endpoint string, params ...string) received {
	c.t.Helper()
	q := url.Values{}
	for i := 0; i+1 < len(params); i += 2 {
		q.Set(params[i], params[i+1])
	}
	return c.send(http.MethodGet, c.root+"/api/v1/"+endpoint+"?"+q.Encode(), "")
}

// object reads an answer that is an object, with 200.
func (r received) object(t *testing.T) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal([]byte(r.text), &out); err != nil || r.code != http.StatusOK {
		t.Fatalf("%d %s (%v)", r.code, r.text, err)
	}
	return out
}

// array reads an answer that is a list of objects, with 200.
func (r received) array(t *testing.T) []map[string]any {
	t.Helper()
	var out []map[string]any
	if err := json.Unmarshal([]byte(r.text), &out); err != nil || r.code != http.StatusOK {
		t.Fatalf("%d %s (%v)", r.code, r.text, err)
	}
	return out
}

// rows gives the rows of a list.
func (r received) rows(t *testing.T) []map[string]any {
	t.Helper()
	list, ok := r.object(t)["value"].([]any)
	if !ok {
		t.Fatalf("no list in %s", r.text)
	}
	out := make([]map[string]any, 0, len(list))
	for _, entry := range list {
		row, _ := entry.(map[string]any)
		out = append(out, row)
	}
	return out
}

// numbers gives one number of each row.
func numbers(rows []map[string]any, name string) []int64 {
	out := make([]int64, 0, len(rows))
	for _, row := range rows {
		n, _ := row[name].(float64)
		out = append(out, int64(n))
	}
	return out
}

func (c *crm) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

// open opens a chat that must be possible.
func (c *crm) open(o world.ChatOpening) int64 {
	c.t.Helper()
	id, err := c.desk.Open(o)
	c.must(err)
	return id
}

// sample is a chat like that of the reference's sample answers: asked for, picked
// up 71 seconds later, answered, and the visitor wrote last.
func (c *crm) sample() int64 {
	c.t.Helper()
	id := c.open(world.ChatOpening{Topic: world.TopicSupport})
	c.world.Advance(71 * time.Second)
	c.must(c.desk.PickUp(id, "1001"))
	c.must(c.desk.Read(id))
	c.world.Advance(88 * time.Second)
	c.must(c.desk.AgentWrites(id))
	c.world.Advance(110 * time.Second)
	c.must(c.desk.VisitorWrites(id))
	return id
}

// everyStatus opens a chat in each status, and gives them by their status.
func (c *crm) everyStatus() map[int]int64 {
	c.t.Helper()
	out := map[int]int64{}
	support := world.ChatOpening{Topic: world.TopicSupport}
	out[1] = c.open(world.ChatOpening{Topic: world.TopicReturns, Status: world.ChatForm})
	out[2] = c.open(world.ChatOpening{Topic: world.TopicAdvice, Status: world.ChatFAQ})
	out[3] = c.open(world.ChatOpening{Topic: world.TopicReturns, Status: world.ChatOffline})
	for n := 4; n <= 11; n++ {
		out[n] = c.open(support)
	}
	for _, n := range []int{5, 6, 7} {
		c.must(c.desk.PickUp(out[n], "1001"))
	}
	c.must(c.desk.AgentWrites(out[6]))
	c.must(c.desk.Finish(out[7], world.ByAgent))
	c.must(c.desk.Delete(out[8]))
	c.must(c.desk.Close(out[9]))
	c.must(c.desk.Post(out[10]))
	c.must(c.desk.Leave(out[11]))
	return out
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// yes and no tell whether a decoded value is true, or false.
func yes(v any) bool {
	on, ok := v.(bool)
	return ok && on
}

func no(v any) bool {
	on, ok := v.(bool)
	return ok && !on
}
