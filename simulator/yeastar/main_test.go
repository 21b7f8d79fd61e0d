package yeastar

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"conversation_exporter/simulator/world"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pbx is a server over a still world, reached through real HTTP.
type pbx struct {
	t      *testing.T
	world  *world.World
	server *Server
	http   *httptest.Server
	token  string
}

func newPBX(t *testing.T) *pbx {
	t.Helper()
	w := world.New(world.Options{Still: true})
	p := &pbx{t: t, world: w, server: New(w, Options{})}
	p.serve()
	return p
}

func (p *pbx) serve() {
	p.http = httptest.NewServer(p.server)
	p.t.Cleanup(p.http.Close)
}

// startTLS serves over TLS instead.
func (p *pbx) startTLS() {
	p.http = httptest.NewTLSServer(p.server)
	p.t.Cleanup(p.http.Close)
}

// signedIn gives a server with a token in hand.
func signedIn(t *testing.T) *pbx {
	t.Helper()
	p := newPBX(t)
	p.token = p.login(DefaultClientSecret).text("access_token")
	return p
}

// body is a decoded answer.
type body map[string]any

func (b body) code() int {
	n, ok := b["errcode"].(float64)
	if !ok {
		return 99999
	}
	return int(n)
}

func (b body) text(name string) string {
	s, _ := b[name].(string)
	return s
}

// rows gives a list of objects; nil if the field is something else.
func (b body) rows(name string) []map[string]any {
	list, _ := b[name].([]any)
	var rows []map[string]any
	for _, entry := range list {
		row, _ := entry.(map[string]any)
		rows = append(rows, row)
	}
	return rows
}

// received is an answer that was read to its end.
type received struct {
	header http.Header
	closed bool // the connection is
	text   string
}

// send makes one request as it is given, and reads the answer.
func (p *pbx) send(method, path, userAgent, content string) received {
	p.t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, p.http.URL+path, strings.NewReader(content))
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header["User-Agent"] = []string{userAgent}
	answer, err := p.http.Client().Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	if answer.StatusCode != http.StatusOK {
		p.t.Errorf("%s %s: status %d", method, path, answer.StatusCode)
	}
	return received{header: answer.Header, closed: answer.Close, text: string(text)}
}

func (p *pbx) decoded(text string) body {
	p.t.Helper()
	var b body
	if err := json.Unmarshal([]byte(text), &b); err != nil {
		p.t.Fatalf("%v in %q", err, text)
	}
	return b
}

func (p *pbx) post(endpoint, content string) body {
	p.t.Helper()
	return p.decoded(p.send(http.MethodPost, Root+endpoint, "test", content).text)
}

func (p *pbx) login(secret string) body {
	p.t.Helper()
	return p.post("get_token", `{"username":"`+DefaultClientID+`","password":"`+secret+`"}`)
}

// get asks an endpoint with the token; params come in pairs of name and value.
func (p *pbx) get(endpoint string, params ...string) body {
	p.t.Helper()
	return p.decoded(p.send(http.MethodGet, Root+endpoint+"?"+p.query(params), "test", "").text)
}

func (p *pbx) query(params []string) string {
	q := url.Values{"access_token": {p.token}}
	for i := 0; i+1 < len(params); i += 2 {
		q.Set(params[i], params[i+1])
	}
	return q.Encode()
}

// search lists what a viewer sees, "api" or an extension's number.
func (p *pbx) search(viewer string, params ...string) body {
	p.t.Helper()
	given := map[string]string{"page_size": "1000", "user_type": "1", "user_no": viewer, "is_archived": "2", "is_closed": "0", "collection": "all"}
	if viewer == "api" {
		given["user_type"] = "9"
	}
	for i := 0; i+1 < len(params); i += 2 {
		given[params[i]] = params[i+1]
	}
	var pairs []string
	for name, value := range maps.All(given) {
		pairs = append(pairs, name, value)
	}
	return p.get("message_session/search", pairs...)
}

// open opens a session that must be possible.
func (p *pbx) open(o world.Opening) int64 {
	p.t.Helper()
	id, err := p.world.Open(o)
	if err != nil {
		p.t.Fatal(err)
	}
	return id
}

func (p *pbx) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// ids gives the session ids of a list.
func ids(b body) []int64 {
	out := []int64{}
	for _, row := range b.rows("list") {
		id, _ := row["id"].(float64)
		out = append(out, int64(id))
	}
	return out
}
