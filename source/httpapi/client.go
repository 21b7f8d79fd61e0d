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
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"time"

	"golang.org/x/sync/semaphore"
	"golang.org/x/time/rate"
)

// DefaultMaxBody is how many bytes of one answer are read at the most: 32 MiB.
const DefaultMaxBody = 32 << 20

// Route is one call that a source may make. Everything else is refused before a
// connection is opened: some systems delete by GET.
type Route struct {
	Method string
	// Path is the vendor's path below the API's root.
	Path string
}

// Config says what a client may call and how.
type Config struct {
	// BaseURL is scheme and host, and the path of the API's root.
	BaseURL string
	// Routes are the calls that are allowed.
	Routes []Route
	// Transport is how the system is reached.
	Transport TransportConfig
	// UserAgent is sent with every request.
	UserAgent string
	// Concurrency bounds the requests under way at once.
	Concurrency int
	// RequestsPerSecond bounds the rate of requests; 0 means no limit.
	RequestsPerSecond float64
	// MaxBody bounds the bytes of an answer; DefaultMaxBody where it is 0.
	MaxBody int64
	// Clock drives the rate limit and stamps the answers.
	Clock Clock
}

// Client calls one system. It may be used by many goroutines.
type Client struct {
	base      *url.URL
	routes    map[Route]bool
	http      *http.Client
	userAgent string
	slots     *semaphore.Weighted
	limit     *rate.Limiter
	maxBody   int64
	clock     Clock
}

// New makes a client. It opens no connection.
func New(cfg Config) (*Client, error) {
	base, err := url.Parse(cfg.BaseURL)
	if err != nil {
		// The parser's own words quote the URL, which may hold a password.
		return nil, errors.New("the base URL cannot be parsed")
	}
	rt, err := cfg.Transport.roundTripper()
	if err != nil {
		return nil, err
	}
	c := &Client{
		base:      base,
		routes:    make(map[Route]bool, len(cfg.Routes)),
		userAgent: cfg.UserAgent,
		slots:     semaphore.NewWeighted(int64(max(cfg.Concurrency, 1))),
		maxBody:   cfg.MaxBody,
		clock:     cfg.Clock,
		http: &http.Client{
			Transport: rt,
			// A redirect would carry the token on in Referer, or repeat the
			// sign-in's body to another host.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	for _, r := range cfg.Routes {
		c.routes[r] = true
	}
	if c.maxBody <= 0 {
		c.maxBody = DefaultMaxBody
	}
	if c.clock == nil {
		c.clock = SystemClock{}
	}
	if cfg.RequestsPerSecond > 0 {
		c.limit = rate.NewLimiter(rate.Limit(cfg.RequestsPerSecond), max(1, int(cfg.RequestsPerSecond)))
	}
	return c, nil
}

// Request is one call.
type Request struct {
	Method string
	// Path is the vendor's path below the API's root; it names the endpoint.
	Path string
	// Query may hold a token; it is never printed.
	Query url.Values
	// Body is sent as JSON; nil means no body.
	Body any
}

// Do makes one call and decodes its JSON answer into out. It returns our clock
// at the moment the answer was whole. Every error is an *Error.
func (c *Client) Do(ctx context.Context, req Request, out any) (time.Time, error) {
	if !c.routes[Route{req.Method, req.Path}] {
		return time.Time{}, &Error{Endpoint: req.Path, Reason: ReasonRefused, Text: req.Method + " is not on the list of calls that only read"}
	}
	call := &call{endpoint: req.Path, host: c.base.Host}
	if err := c.admit(ctx); err != nil {
		return time.Time{}, call.failure(ctx, err)
	}
	defer c.slots.Release(1)

	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		ConnectStart: func(string, string) { call.reach(connecting) },
		WroteHeaders: func() { call.reach(sent) },
	})
	httpReq, err := c.newRequest(traced, req)
	if err != nil {
		return time.Time{}, call.failure(ctx, err)
	}
	resp, err := c.http.Do(httpReq)
	if err != nil {
		return time.Time{}, call.failure(ctx, err)
	}
	if err := c.read(ctx, call, resp, out); err != nil {
		return time.Time{}, err
	}
	return c.clock.Now(), nil
}

// CloseIdle closes the connections that are not in use.
func (c *Client) CloseIdle() { c.http.CloseIdleConnections() }

// admit waits for a place among the requests under way and for the rate limit.
// It holds a place when it returns nil.
func (c *Client) admit(ctx context.Context) error {
	if err := c.slots.Acquire(ctx, 1); err != nil {
		return err
	}
	if c.limit == nil {
		return nil
	}
	now := c.clock.Now()
	place := c.limit.ReserveN(now, 1)
	if err := c.clock.Sleep(ctx, place.DelayFrom(now)); err != nil {
		place.CancelAt(c.clock.Now())
		c.slots.Release(1)
		return err
	}
	return nil
}

func (c *Client) newRequest(ctx context.Context, req Request) (*http.Request, error) {
	u := *c.base
	u.Path = strings.TrimSuffix(u.Path, "/") + "/" + req.Path
	u.RawQuery = req.Query.Encode()
	var body io.Reader
	if req.Body != nil {
		text, err := json.Marshal(req.Body)
		if err != nil {
			return nil, errors.New("encoding the request failed")
		}
		body = bytes.NewReader(text)
	}
	httpReq, err := http.NewRequestWithContext(ctx, req.Method, u.String(), body)
	if err != nil {
		return nil, errors.New("building the request failed")
	}
	httpReq.Header.Set("User-Agent", c.userAgent)
	httpReq.Header.Set("Accept", "application/json")
	if body != nil {
		httpReq.Header.Set("Content-Type", "application/json")
	}
	return httpReq, nil
}

// read is the one place where a response body is read: it checks the status,
// caps the size, closes the body and decodes it. No byte of the body reaches an
// error: a server may echo the URL with its token, or a customer's words.
func (c *Client) read(ctx context.Context, call *call, resp *http.Response, out any) error {
	defer resp.Body.Close() //nolint:errcheck // The body was read as far as it matters.
	endpoint := call.endpoint
	if err := statusError(endpoint, resp); err != nil {
		return err
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, c.maxBody+1))
	if err != nil {
		return call.failure(ctx, err)
	}
	if int64(len(text)) > c.maxBody {
		return &Error{Endpoint: endpoint, Reason: ReasonTooLarge, Sent: true, Text: fmt.Sprintf("the answer is larger than %d bytes", c.maxBody)}
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
	default:
		return "the answer is not whole JSON"
	}
}
