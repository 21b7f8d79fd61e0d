package yeastar

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"conversation_exporter/simulator/world"
)

// attempt is what came of one request over a connection of its own.
type attempt struct {
	status int
	header http.Header
	text   string
	// err is why there was no answer; bodyErr why it was not whole.
	err, bodyErr error
}

// try makes a request and takes whatever comes. Redirects are not followed.
func (p *pbx) try(ctx context.Context, method, path, content string) attempt {
	p.t.Helper()
	r, err := http.NewRequestWithContext(ctx, method, p.http.URL+path, strings.NewReader(content))
	p.must(err)
	transport := p.http.Client().Transport.(*http.Transport).Clone()
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(r)
	if err != nil {
		return attempt{err: err}
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	return attempt{status: answer.StatusCode, header: answer.Header, text: string(text), bodyErr: err}
}

// queues asks for the list of queues, the answer to which is order.
func (p *pbx) queues() attempt {
	p.t.Helper()
	return p.try(context.Background(), http.MethodGet, Root+"message_queue/list?"+p.query([]string{"page", "1", "page_size", "1"}), "")
}

const order = `{"errcode":0,"errmsg":"SUCCESS","list":[{"id":3,"name":"Support"}],"total_number":4}`

func TestAnswersThatAreNotThePBXs(t *testing.T) {
	p := signedIn(t)
	at := p.world.Now()
	for name, c := range map[string]struct {
		fault  Fault
		status int
		kind   string
		header [2]string
		text   string
	}{
		"plain":           {Fault{Kind: Plain}, 500, typeText, [2]string{}, "this went wrong\n"},
		"plain 404":       {Fault{Kind: Plain, Status: 404}, 404, typeText, [2]string{}, "this went wrong\n"},
		"html":            {Fault{Kind: HTML}, 200, typeHTML, [2]string{}, "<!DOCTYPE html>"},
		"html 502":        {Fault{Kind: HTML, Status: 502}, 502, typeHTML, [2]string{}, "Bad Gateway"},
		"html 503":        {Fault{Kind: HTML, Status: 503}, 503, typeHTML, [2]string{}, "Service Unavailable"},
		"html 504":        {Fault{Kind: HTML, Status: 504}, 504, typeHTML, [2]string{}, "Gateway Timeout"},
		"empty":           {Fault{Kind: Empty}, 200, typeJSON, [2]string{"Content-Length", "0"}, ""},
		"empty object":    {Fault{Kind: EmptyObject}, 200, typeJSON, [2]string{}, "{}"},
		"garbage":         {Fault{Kind: Garbage}, 200, typeJSON, [2]string{}, "\xff\xfe not JSON"},
		"throttle":        {Fault{Kind: Throttle, Wait: 90 * time.Second}, 429, typeText, [2]string{"Retry-After", "90"}, "too many"},
		"throttle by 503": {Fault{Kind: Throttle, Wait: time.Millisecond, Status: 503}, 503, typeText, [2]string{"Retry-After", "1"}, "too many"},
		"throttle until": {
			Fault{Kind: ThrottleUntil, Wait: time.Minute},
			429, typeText,
			[2]string{"Retry-After", at.Add(time.Minute).Format(http.TimeFormat)},
			"too many",
		},
		"redirect":     {Fault{Kind: Redirect, Location: "https://pbx.invalid/x"}, 302, typeText, [2]string{"Location", "https://pbx.invalid/x"}, ""},
		"redirect 307": {Fault{Kind: Redirect, Location: "/y", Status: 307}, 307, typeText, [2]string{"Location", "/y"}, ""},
		"truncated":    {Fault{Kind: Truncated}, 200, typeJSON, [2]string{}, order[:len(order)/2]},
		"wrong types": {
			Fault{Kind: WrongTypes},
			200, typeJSON,
			[2]string{},
			`{"errcode":0,"errmsg":"SUCCESS","list":[{"id":{"value":3},"name":["Support"]}],"total_number":{"value":4}}`,
		},
		"wrong shapes": {Fault{Kind: WrongShapes}, 200, typeJSON, [2]string{}, `{"errcode":0,"errmsg":"SUCCESS","list":"a list of 1","total_number":4}`},
		"drip":         {Fault{Kind: Drip, Wait: time.Microsecond}, 200, typeJSON, [2]string{}, order},
		"latency":      {Fault{Kind: Latency, Wait: time.Microsecond}, 200, typeJSON, [2]string{}, order},
	} {
		t.Run(name, func(t *testing.T) {
			lift := p.server.Inject(c.fault)
			got := p.queues()
			lift()
			if got.err != nil || got.bodyErr != nil || got.status != c.status || got.header.Get("Content-Type") != c.kind || !strings.Contains(got.text, c.text) {
				t.Fatalf("got %+v", got)
			}
			if whole := strings.HasPrefix(c.text, "{"); whole && got.text != c.text || c.text == "" && got.text != "" {
				t.Errorf("the body is %q", got.text)
			}
			if name, want := c.header[0], c.header[1]; name != "" && got.header.Get(name) != want {
				t.Errorf("%s is %q, want %q", name, got.header.Get(name), want)
			}
			if got.header.Get("Date") != at.Format(http.TimeFormat) {
				t.Errorf("Date is %s", got.header.Get("Date"))
			}
			if after := p.queues(); after.text != order {
				t.Errorf("after it was lifted: %+v", after)
			}
		})
	}
}

func TestConnectionsThatBreak(t *testing.T) {
	for _, secure := range []bool{false, true} {
		for name, c := range map[string]struct {
			kind Kind
			good func(attempt) bool
		}{
			"reset": {Reset, func(a attempt) bool { return errors.Is(a.err, syscall.ECONNRESET) }},
			"lost":  {Lost, func(a attempt) bool { return errors.Is(a.err, syscall.ECONNRESET) }},
			"midway": {ResetMidway, func(a attempt) bool {
				// What was under way may be lost with the connection.
				return errors.Is(a.err, syscall.ECONNRESET) || a.status == 200 && errors.Is(a.bodyErr, syscall.ECONNRESET) && len(a.text) < len(order)
			}},
			"after the headers": {CloseAfterHeaders, func(a attempt) bool {
				return a.status == 200 && a.text == "" && errors.Is(a.bodyErr, io.ErrUnexpectedEOF)
			}},
		} {
			t.Run(name, func(t *testing.T) {
				p := newPBX(t)
				if secure {
					p.http.Close()
					p.startTLS()
				}
				p.token = p.login(DefaultClientSecret).text("access_token")
				p.server.Inject(Fault{Kind: c.kind, Times: 1})
				if got := p.queues(); !c.good(got) {
					t.Errorf("over TLS: %t: %+v", secure, got)
				}
				if got := p.queues(); got.text != order {
					t.Errorf("afterwards: %+v", got)
				}
			})
		}
	}
}

func TestLostAnswersHaveBeenGivenAndResetsHaveNot(t *testing.T) {
	for kind, spent := range map[Kind]bool{Lost: true, Truncated: true, Reset: false, Plain: false} {
		p := newPBX(t)
		b := p.login(DefaultClientSecret)
		refresh := `{"refresh_token":"` + b.text("refresh_token") + `"}`
		p.server.Inject(Fault{Kind: kind, Endpoint: "refresh_token", Times: 1})
		p.try(t.Context(), http.MethodPost, Root+"refresh_token", refresh)
		if got := p.post("refresh_token", refresh).code(); (got == codeTokenExpired) != spent {
			t.Errorf("kind %d: the refresh token then gives %d", kind, got)
		}
	}
}

func TestHangAndSlowAnswersEndWithTheClient(t *testing.T) {
	p := signedIn(t)
	for name, c := range map[string]struct {
		fault                    Fault
		method, endpoint, params string
	}{
		"hang":       {Fault{Kind: Hang}, http.MethodGet, "extension/list", "?" + p.query(nil)},
		"hang login": {Fault{Kind: Hang}, http.MethodPost, "get_token", ""},
		"latency":    {Fault{Kind: Latency, Wait: time.Hour}, http.MethodPost, "get_token", ""},
		"drip":       {Fault{Kind: Drip, Wait: time.Hour}, http.MethodGet, "extension/list", "?" + p.query(nil)},
	} {
		t.Run(name, func(t *testing.T) {
			defer p.server.Inject(c.fault)()
			before := p.server.Requests(c.endpoint)
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan attempt)
			go func() { done <- p.try(ctx, c.method, Root+c.endpoint+c.params, `{"username":"a","password":"b"}`) }()
			for p.server.Requests(c.endpoint) == before {
				runtime.Gosched()
			}
			cancel()
			if got := <-done; got.err == nil && got.bodyErr == nil {
				t.Errorf("there was an answer: %+v", got)
			}
		})
	}
	// Close waits for the handlers: one that did not notice would hold it up.
	p.http.Close()
}

func TestHugeTakesNoMemory(t *testing.T) {
	p := signedIn(t)
	p.server.Inject(Fault{Kind: Huge, Times: 1})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.http.URL+Root+"message_queue/list?"+p.query([]string{"page", "1", "page_size", "1"}), nil)
	p.must(err)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	answer, err := p.http.Client().Do(r)
	p.must(err)
	defer func() { _ = answer.Body.Close() }()
	n, err := io.Copy(io.Discard, answer.Body)
	p.must(err)
	runtime.ReadMemStats(&after)
	if n <= 32<<20 {
		t.Errorf("%d bytes", n)
	}
	if taken := after.TotalAlloc - before.TotalAlloc; taken > 8<<20 {
		t.Errorf("it took %d bytes of memory", taken)
	}
	p.server.Inject(Fault{Kind: Huge, Size: 100_000, Times: 1})
	var b struct {
		Padding string `json:"padding"`
		Total   int    `json:"total_number"`
	}
	if err := json.Unmarshal([]byte(p.queues().text), &b); err != nil || len(b.Padding) != 100_000 || b.Total != 4 {
		t.Errorf("%d bytes of padding, %d queues, %v", len(b.Padding), b.Total, err)
	}
}

// hits tells which of some requests a fault hit.
func hits(t *testing.T, seed uint64, f Fault) []bool {
	t.Helper()
	s := New(world.New(world.Options{Still: true}), Options{Seed: seed})
	s.Inject(Fault{Kind: Latency, Share: 0.5}) // has a chance of its own
	s.Inject(f)
	c := &call{endpoint: "extension/list"}
	list := make([]bool, 200)
	for i := range list {
		_, list[i] = s.fault(c, f.Kind)
	}
	return list
}

func TestShareOfTheRequests(t *testing.T) {
	count := func(list []bool) (n int) {
		for _, hit := range list {
			if hit {
				n++
			}
		}
		return n
	}
	f := Fault{Kind: Refuse, Code: codeInternal, Share: 0.25}
	one := hits(t, 1, f)
	if n := count(one); n < 25 || n > 75 {
		t.Errorf("%d of 200 were hit", n)
	}
	if !slices.Equal(one, hits(t, 1, f)) {
		t.Error("the same seed hit others")
	}
	if slices.Equal(one, hits(t, 2, f)) {
		t.Error("another seed hit the same")
	}
	f.Times = 3
	if n := count(hits(t, 1, f)); n != 3 {
		t.Errorf("of a share, three times: %d", n)
	}
}

func TestFaultsOfAShareLeaveTheWorldAlone(t *testing.T) {
	records := func(meddle bool) (list []world.Record) {
		w := world.New(world.Options{Seed: 3, Observe: func(r world.Record) { list = append(list, r) }})
		s := New(w, Options{Seed: 3})
		s.Inject(Fault{Kind: Plain, Share: 0.5})
		for range 60 {
			w.Advance(time.Minute)
			if meddle {
				s.fault(&call{}, Plain)
			}
		}
		return list
	}
	if quiet := records(false); len(quiet) < 1000 || !slices.Equal(quiet, records(true)) {
		t.Errorf("of %d records some are others", len(quiet))
	}
}

func TestFaultsMeetTheirRequestsAlone(t *testing.T) {
	p := signedIn(t)
	p.server.Inject(Fault{Kind: HTML, Endpoint: "message_session/search", Viewer: "1001", Times: 1})
	p.server.Inject(Fault{Kind: Latency, Wait: time.Microsecond})
	p.server.Inject(Fault{Code: codeOverload, Endpoint: "extension/list"})
	p.server.Inject(Fault{Code: codeDenied})
	if got := p.search("api").code(); got != codeDenied {
		t.Errorf("a fault of all endpoints: %d", got)
	}
	if got := p.get("extension/list").code(); got != codeOverload {
		t.Errorf("the first of two: %d", got)
	}
	path := Root + "message_session/search?" + p.query([]string{"user_type", "1", "user_no", "1001", "page_size", "9"})
	if got := p.try(t.Context(), http.MethodGet, path, ""); !strings.HasPrefix(got.text, "<!DOCTYPE") {
		t.Errorf("on the way and in the PBX: %+v", got)
	}
	if got := p.search("1001").code(); got != codeDenied {
		t.Errorf("after its time: %d", got)
	}
	p.server.ClearFaults()
	if got := p.search("1001").code(); got != codeSuccess {
		t.Errorf("after all were cleared: %d", got)
	}
}

// Every kind acts somewhere: none of them may leave an answer as it was.
func TestEveryKindHasItsPlace(t *testing.T) {
	placed := slices.Concat([]Kind{Refuse, Latency, NoMembers, NoAssignmentMode, ForeignRecords}, frontKinds(), backKinds(), pagingKinds())
	slices.Sort(placed)
	for i, kind := range placed {
		if int(kind) != i {
			t.Fatalf("kind %d is missing, or there twice", i)
		}
	}
	if last := placed[len(placed)-1]; last != ForeignRecords {
		t.Errorf("the last kind is %d", last)
	}
}

// Over HTTP/2 there is no connection to take: the answer is broken off.
func TestWithoutAConnectionOfItsOwnTheAnswerIsBrokenOff(t *testing.T) {
	p := newPBX(t)
	p.http.Close()
	p.http = httptest.NewUnstartedServer(p.server)
	p.http.EnableHTTP2 = true
	p.http.StartTLS()
	t.Cleanup(p.http.Close)
	p.token = p.login(DefaultClientSecret).text("access_token")
	p.server.Inject(Fault{Kind: Reset, Times: 1})
	if got := p.queues(); got.err == nil {
		t.Errorf("there was an answer: %+v", got)
	}
	if got := p.queues(); got.text != order {
		t.Errorf("afterwards: %+v", got)
	}
}
