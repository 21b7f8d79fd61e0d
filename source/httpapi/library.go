package httpapi

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"time"
)

// Library is a client for libraries that bring the words of a protocol, such as
// OAuth, and want to make their calls themselves: it makes them under the same
// list of routes, limits and counts. The paths of the routes begin at the root of
// the host. Nothing is repeated, and an answer of 200, 400 or 401 is the library's
// to judge; any other is an *Error.
func (c *Client) Library() *http.Client {
	client := newHTTPClient(library{c})
	// Some make calls that outlive the context of who asked.
	client.Timeout = libraryTimeout
	return client
}

const (
	// libraryTimeout bounds a call of a library.
	libraryTimeout = 30 * time.Second
	// libraryBody bounds an answer to one: tokens, keys and metadata are small.
	libraryBody = 1 << 20
)

// library makes the calls of a library.
type library struct{ client *Client }

// RoundTrip implements http.RoundTripper.
func (l library) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		defer req.Body.Close() //nolint:errcheck // It is a text in memory.
	}
	c, path := l.client, strings.TrimPrefix(req.URL.Path, "/")
	reads, allowed := c.routes[Route{Method: req.Method, Path: path}]
	if !allowed || req.URL.RawQuery != "" {
		return nil, &Error{Endpoint: "sign-in", Reason: ReasonRefused, Text: "a library wants to make a call that is not on the list"}
	}
	if _, err := c.at(Request{Path: path, Base: &url.URL{Scheme: req.URL.Scheme, Host: req.URL.Host}}); err != nil {
		return nil, err
	}
	call := &call{endpoint: path, host: req.URL.Host, reading: reads}
	ctx := httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
		ConnectStart: func(string, string) { call.reach(connecting) },
		GotConn:      func(httptrace.GotConnInfo) { call.reach(sent) },
	})
	if e := c.admit(ctx, call); e != nil {
		return nil, e
	}
	defer c.slots.Release(1)
	c.counts.began(path)
	began := time.Now()
	resp, failed := l.exchange(ctx, call, req)
	var reason Reason
	switch {
	case failed != nil:
		reason = failed.Reason
	case resp.StatusCode == http.StatusUnauthorized:
		reason = ReasonAuth
	case resp.StatusCode != http.StatusOK:
		reason = ReasonHTTP4xx
	}
	if failed == nil || !errors.Is(failed, context.Canceled) {
		c.counts.ended(path, time.Since(began), reason)
	}
	if failed != nil {
		return nil, failed
	}
	return resp, nil
}

// exchange sends a request and reads its answer whole.
func (l library) exchange(ctx context.Context, call *call, req *http.Request) (*http.Response, *Error) {
	c := l.client
	sent := req.Clone(ctx)
	sent.Header.Set("User-Agent", c.userAgent)
	sent.RequestURI = ""
	resp, err := c.single.Do(sent) //nolint:gosec // RoundTrip has checked host and path.
	if err != nil {
		return nil, call.failure(ctx, err)
	}
	defer resp.Body.Close() //nolint:errcheck // The body was read as far as it matters.
	now := c.clock.Now()
	c.throttle.ask(resp, now)
	switch resp.StatusCode {
	case http.StatusOK, http.StatusBadRequest, http.StatusUnauthorized:
	default:
		if e := statusError(call.endpoint, resp); e != nil {
			return nil, e
		}
	}
	most := min(c.maxBody, libraryBody)
	text, err := io.ReadAll(io.LimitReader(resp.Body, most+1))
	if err != nil {
		return nil, call.failure(ctx, err)
	}
	if int64(len(text)) > most {
		return nil, &Error{Endpoint: call.endpoint, Reason: ReasonTooLarge, Sent: true, Text: "the answer is too large: look at what stands in front of the system"}
	}
	c.told(resp, now)
	resp.Body = io.NopCloser(bytes.NewReader(text))
	return resp, nil
}
