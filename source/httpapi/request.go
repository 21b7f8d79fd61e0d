package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Route is one call that a source may make. Everything else is refused before a
// connection is opened: some systems delete by GET.
type Route struct {
	Method string
	// Path is the vendor's path below the API's root; {id} in it is for Request.ID.
	Path string
	// Reads is true for a POST that only reads, as a GET does, so that it may wait
	// and be repeated.
	Reads bool
}

// Request is one call.
type Request struct {
	Method string
	// Path is the vendor's path below the API's root; it names the endpoint.
	Path string
	// ID takes the place of {id} in the path.
	ID string
	// Base is called in place of the client's own address; nil means that one.
	Base *url.URL
	// Header is sent beside the client's own. It may hold what signs in, so its
	// values cannot print themselves.
	Header map[string]Secret
	// Query may hold a token; it is never printed.
	Query url.Values
	// Body is sent as JSON; nil means no body.
	Body any
	// Once is true for a GET that does more than read and is never repeated.
	Once bool
	// Still is asked when it is the call's turn: an error means that it is not to be
	// made any more. Nil means that it always is.
	Still func() error
	// Judge says what the decoded answer means, where its status alone does not
	// tell; nil means that every answer which can be decoded is good.
	Judge func() Verdict
	// reads is true for a call that may be repeated.
	reads bool
}

// at is the address that a request is for. Another one than the client's own must
// be allowed.
func (c *Client) at(req Request) (*url.URL, error) {
	if req.Base == nil {
		return c.base, nil
	}
	if c.bases == nil || !c.bases(req.Base) {
		return nil, &Error{Endpoint: req.Path, Reason: ReasonRefused, Text: "the address is not one that the credentials may be sent to"}
	}
	return req.Base, nil
}

// newRequest builds the request of a call.
func (c *Client) newRequest(ctx context.Context, req Request) (*http.Request, error) {
	u := *req.Base.JoinPath(strings.ReplaceAll(req.Path, "{id}", url.PathEscape(req.ID)))
	u.RawQuery = encode(req.Query)
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
	for name, values := range c.header {
		httpReq.Header[name] = values
	}
	for name, value := range req.Header {
		httpReq.Header.Set(name, value.Reveal())
	}
	httpReq.Header.Set("User-Agent", c.userAgent)
	httpReq.Header.Set("Accept", "application/json")
	if body != nil {
		httpReq.Header.Set("Content-Type", "application/json")
	}
	return httpReq, nil
}

// encode writes a query. Some systems take a blank only as %20, and names that begin
// with $ only as they are.
func encode(query url.Values) string {
	return strings.NewReplacer("+", "%20", "%24", "$").Replace(query.Encode())
}
