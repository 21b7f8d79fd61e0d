// Package httpapi is the one HTTP client under every source. It refuses what is
// not on its list of read-only calls, bounds rate, number and size, follows no
// redirect, and never lets a URL, a token or a body reach an error text.
package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
	"golang.org/x/time/rate"
)

// DefaultMaxBody is how many bytes of one answer are read at the most: 32 MiB.
const DefaultMaxBody = 32 << 20

// maxParts bounds how many values one answer may have: far more than is ever
// asked for. A few bytes each could take a hundred times as much of our memory.
const maxParts = 1_000_000

// Config says what a client may call and how.
type Config struct {
	// BaseURL is scheme and host, and the path of the API's root.
	BaseURL string
	// Routes are the calls that are allowed.
	Routes []Route
	// Bases says whether another address than BaseURL may be called, for systems that
	// tell where they live; nil means that none may.
	Bases func(base *url.URL) bool
	// Transport is how the system is reached.
	Transport TransportConfig
	// Dial makes connections in place of the network's own way, for tests; nil means
	// that way.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Header is sent with every request. Nothing in it is secret.
	Header http.Header
	// UserAgent is sent with every request.
	UserAgent string
	// Concurrency bounds the requests under way at once.
	Concurrency int
	// RequestsPerSecond bounds the rate of requests; 0 means no limit.
	RequestsPerSecond float64
	// MaxBody bounds the bytes of an answer; DefaultMaxBody where it is 0.
	MaxBody int64
	// Clock drives the rate limit and the waits, and stamps the answers.
	Clock Clock
	// Jitter picks the wait before a retry, up to a bound; at random where it is
	// nil.
	Jitter func(bound time.Duration) time.Duration
	// Target is the name under which Metrics counts.
	Target string
	// Metrics counts the requests; nil means that nobody wants to know.
	Metrics *Metrics
}

// Client calls one system. It may be used by many goroutines.
type Client struct {
	base   *url.URL
	bases  func(base *url.URL) bool
	header http.Header
	// routes has an entry for each route that is allowed: whether it only reads.
	routes    map[Route]bool
	userAgent string
	slots     *semaphore.Weighted
	limit     *rate.Limiter
	maxBody   int64
	clock     Clock
	jitter    func(bound time.Duration) time.Duration
	counts    *counts
	throttle  throttle
	// skew is the clock of the system less ours; nil until it was told.
	skew atomic.Pointer[time.Duration]
	// tired is true from when a call was repeated in vain until one succeeds.
	tired atomic.Bool
	// known has the scheme and host of each base at which a call has succeeded, so that
	// it is right; there are as many as systems have hosts, which are few.
	known   sync.Map
	silence silence
	// reading makes the calls that may be repeated, single all others; see
	// TransportConfig.roundTripper.
	reading, single *http.Client
}

// New makes a client. It opens no connection.
func New(cfg Config) (*Client, error) {
	base, err := url.Parse(cfg.BaseURL)
	if err != nil {
		// The parser's own words quote the URL, which may hold a password.
		return nil, errors.New("the base URL cannot be parsed")
	}
	reading, err := cfg.Transport.roundTripper(keepConnections, cfg.Dial)
	if err != nil {
		return nil, err
	}
	single, err := cfg.Transport.roundTripper(newConnections, cfg.Dial)
	if err != nil {
		return nil, err
	}
	c := &Client{
		base:      base,
		bases:     cfg.Bases,
		header:    cfg.Header,
		routes:    make(map[Route]bool, len(cfg.Routes)),
		userAgent: cfg.UserAgent,
		slots:     semaphore.NewWeighted(int64(max(cfg.Concurrency, 1))),
		maxBody:   cfg.MaxBody,
		clock:     cfg.Clock,
		jitter:    cfg.Jitter,
		reading:   newHTTPClient(reading),
		single:    newHTTPClient(single),
	}
	for _, r := range cfg.Routes {
		c.routes[Route{Method: r.Method, Path: r.Path}] = r.Reads || r.Method == http.MethodGet
	}
	if c.maxBody <= 0 {
		c.maxBody = DefaultMaxBody
	}
	if c.clock == nil {
		c.clock = SystemClock{}
	}
	if c.jitter == nil {
		c.jitter = fullJitter
	}
	if cfg.RequestsPerSecond > 0 {
		c.limit = rate.NewLimiter(rate.Limit(cfg.RequestsPerSecond), max(1, int(cfg.RequestsPerSecond)))
	}
	metrics := cfg.Metrics
	if metrics == nil {
		metrics = NewMetrics()
	}
	c.counts = metrics.counts(cfg.Target, cfg.Routes)
	return c, nil
}

func newHTTPClient(rt http.RoundTripper) *http.Client {
	return &http.Client{
		Transport: rt,
		// A redirect would carry the token on in Referer, or repeat the
		// sign-in's body to another host.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Do makes one call, and repeats it where that may help and the deadline allows
// it. It decodes the JSON answer into out and returns our clock at the moment
// the answer was whole. Every error is an *Error, or what Still or Judge gave.
func (c *Client) Do(ctx context.Context, req Request, out any) (time.Time, error) {
	reads, allowed := c.routes[Route{Method: req.Method, Path: req.Path}]
	if !allowed {
		return time.Time{}, &Error{Endpoint: req.Path, Reason: ReasonRefused, Text: req.Method + " is not on the list of calls that only read"}
	}
	base, err := c.at(req)
	if err != nil {
		return time.Time{}, err
	}
	req.Base, req.reads = base, reads && !req.Once
	for attempts := 1; ; attempts++ {
		at, v := c.attempt(ctx, req, out)
		if v.Err == nil {
			c.tired.Store(false)
			return at, nil
		}
		if !c.again(ctx, req, v, attempts) {
			return time.Time{}, v.Err
		}
		forget(out)
	}
}

// attempt makes one attempt at a call, and counts it.
func (c *Client) attempt(ctx context.Context, req Request, out any) (time.Time, Verdict) {
	call := &call{
		endpoint: req.Path, host: req.Base.Host, once: req.Once, silence: &c.silence,
		reading: c.routes[Route{Method: req.Method, Path: req.Path}],
	}
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		ConnectStart: func(string, string) { call.reach(connecting) },
		// With HTTP/2 the answer may break before the transport tells that it has
		// written the request, so to have a connection is to have sent it.
		GotConn: func(httptrace.GotConnInfo) { call.reach(sent) },
	})
	httpReq, err := c.newRequest(traced, req)
	if err != nil {
		return time.Time{}, Verdict{Err: call.failure(ctx, err)}
	}
	if e := c.admit(ctx, call); e != nil {
		return time.Time{}, e.verdict()
	}
	defer c.slots.Release(1)
	if req.Still != nil {
		if err := req.Still(); err != nil {
			return time.Time{}, Verdict{Err: err}
		}
	}

	c.counts.began(req.Path)
	began := time.Now()
	at, v := c.exchange(ctx, call, httpReq, out)
	if v.Err == nil && req.Judge != nil {
		v = req.Judge()
	}
	if !abandoned(v.Err) {
		c.counts.ended(req.Path, time.Since(began), v.Reason)
	}
	return at, v
}

// exchange sends a request and reads its answer.
func (c *Client) exchange(ctx context.Context, call *call, req *http.Request, out any) (time.Time, Verdict) {
	client := c.single
	if req.Method == http.MethodGet {
		client = c.reading
	}
	c.silence.began(call)
	defer c.silence.left(call) // An answer may be more than its decoder can take.
	resp, err := client.Do(req)
	if err != nil {
		e := call.failure(ctx, err)
		c.silence.ended(call, e)
		if c.strangerByHTTP(req.URL) && e.Reason == ReasonConnection && e.Sent {
			e.suspectTLS()
		}
		return time.Time{}, e.verdict()
	}
	now := c.clock.Now()
	c.throttle.ask(resp, now)
	e := c.read(ctx, call, resp, out)
	c.silence.ended(call, e)
	if e != nil {
		if c.strangerByHTTP(req.URL) && e.Status == http.StatusBadRequest {
			e.suspectTLS()
		}
		return time.Time{}, e.verdict()
	}
	c.known.Store(root(req.URL), true)
	c.told(resp, now)
	return c.clock.Now(), Verdict{}
}

// strangerByHTTP reports whether an address says http:// and no call has succeeded
// there yet. A client may call several bases, and one says nothing of another.
func (c *Client) strangerByHTTP(u *url.URL) bool {
	if u.Scheme != "http" {
		return false
	}
	_, known := c.known.Load(root(u))
	return !known
}

// root is the scheme and host of an address.
func root(u *url.URL) string { return u.Scheme + "://" + u.Host }

// told notes the clock of the system. An error's Date may be that of something
// in front of it.
func (c *Client) told(resp *http.Response, now time.Time) {
	if resp.StatusCode != http.StatusOK {
		return
	}
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		skew := date.Sub(now)
		c.skew.Store(&skew)
		c.counts.told(skew)
	}
}

// Skew is the clock of the system, by the Date header of its last good answer,
// less ours. It is false until the system has told one.
func (c *Client) Skew() (skew time.Duration, told bool) {
	if last := c.skew.Load(); last != nil {
		return *last, true
	}
	return 0, false
}

// CloseIdle closes the connections that are not in use.
func (c *Client) CloseIdle() {
	c.reading.CloseIdleConnections()
	c.single.CloseIdleConnections()
}

// admit waits until the system may be called, for a place among the requests
// under way and for the rate limit. It holds a place when it returns nil.
func (c *Client) admit(ctx context.Context, call *call) *Error {
	for {
		if e := c.standBack(ctx, call); e != nil {
			return e
		}
		if err := c.slots.Acquire(ctx, 1); err != nil {
			return call.failure(ctx, err)
		}
		if err := c.keepPace(ctx, call.once); err != nil {
			c.slots.Release(1)
			return call.failure(ctx, err)
		}
		if c.throttle.left(c.clock.Now()) == 0 {
			return nil
		}
		// While this one waited for its turn, another was told to stand back.
		c.slots.Release(1)
	}
}

// keepPace waits for the rate limit. A call that is made once, such as the one
// that gives a token back, does not.
func (c *Client) keepPace(ctx context.Context, once bool) error {
	if c.limit == nil || once {
		return nil
	}
	now := c.clock.Now()
	place := c.limit.ReserveN(now, 1)
	if err := c.clock.Sleep(ctx, place.DelayFrom(now)); err != nil {
		place.CancelAt(c.clock.Now())
		return err
	}
	return nil
}

// read is the one place where a response body is read: it checks the status,
// caps the size, closes the body and decodes it. No byte of the body reaches an
// error: a server may echo the URL with its token, or a customer's words.
func (c *Client) read(ctx context.Context, call *call, resp *http.Response, out any) *Error {
	defer resp.Body.Close() //nolint:errcheck // The body was read as far as it matters.
	endpoint := call.endpoint
	if e := statusError(endpoint, resp); e != nil {
		return e
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, c.maxBody+1))
	if err != nil {
		return call.failure(ctx, err)
	}
	if int64(len(text)) > c.maxBody {
		return &Error{Endpoint: endpoint, Reason: ReasonTooLarge, Sent: true, Text: fmt.Sprintf("the answer is larger than %d bytes: lower page_size, or look at what stands in front of the system", c.maxBody)}
	}
	if bytes.Count(text, []byte{','}) > maxParts {
		return &Error{Endpoint: endpoint, Reason: ReasonTooLarge, Sent: true, Text: fmt.Sprintf("the answer has more than %d parts: lower page_size, or look at what stands in front of the system", maxParts)}
	}
	if err := json.Unmarshal(text, out); err != nil {
		return &Error{Endpoint: endpoint, Reason: ReasonDecode, Sent: true, Text: describeBody(text, err)}
	}
	return nil
}

// describeBody says why an answer could not be decoded without quoting it.
func describeBody(text []byte, err error) string {
	trimmed := bytes.TrimSpace(text)
	var typeErr *json.UnmarshalTypeError
	switch {
	case len(trimmed) == 0:
		return "the answer is empty"
	case trimmed[0] == '<':
		return "the answer is a web page, not the API's: check that the address and port are those of the system itself"
	case errors.As(err, &typeErr) && typeErr.Field == "":
		return "the answer as a whole is not of the documented kind"
	case errors.As(err, &typeErr):
		return fmt.Sprintf("the field %q of the answer is not of the documented kind", typeErr.Field)
	case json.Valid(text):
		return "a field of the answer is not of the documented kind"
	default:
		return "the answer is not whole JSON"
	}
}
