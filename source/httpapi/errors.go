package httpapi

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
)

// Reason is the kind of a failure, one word of a short list.
type Reason string

// The kinds of failure.
const (
	// ReasonTimeout: no answer before the deadline.
	ReasonTimeout Reason = "timeout"
	// ReasonConnection: no connection, or one that broke.
	ReasonConnection Reason = "connection"
	// ReasonTLS: the handshake failed.
	ReasonTLS Reason = "tls"
	// ReasonRedirect: an answer that sends us elsewhere, which is never followed.
	ReasonRedirect Reason = "http_3xx"
	// ReasonHTTP4xx: a status of 400 to 499.
	ReasonHTTP4xx Reason = "http_4xx"
	// ReasonHTTP5xx: a status of 500 and more.
	ReasonHTTP5xx Reason = "http_5xx"
	// ReasonThrottled: the status 429.
	ReasonThrottled Reason = "throttled"
	// ReasonAuth: the status 401 or 403, or a proxy's 407.
	ReasonAuth Reason = "auth"
	// ReasonDecode: an answer that is not what was documented.
	ReasonDecode Reason = "decode"
	// ReasonTooLarge: an answer beyond the cap.
	ReasonTooLarge Reason = "too_large"
	// ReasonRefused: a call that is not on the list; it was never made.
	ReasonRefused Reason = "refused"
)

// Error is why a call failed. Its text holds no URL, no token and no byte of an
// answer.
type Error struct {
	// Endpoint is the vendor's path below the API's root.
	Endpoint string
	// Reason is the kind of failure.
	Reason Reason
	// Status is the HTTP status, where that is the failure.
	Status int
	// Sent is true if the request may have reached the system.
	Sent bool
	// Text says in words what happened and, where it is known, the remedy.
	Text string
	// Certificate is what the server showed, where that was refused; else nil.
	Certificate *Certificate
	// OtherScheme is true where the port may be one of HTTPS that was called by HTTP.
	OtherScheme bool
	// unasked is true where the time was over before the call had its turn.
	unasked bool
	// cause is only ever a context's error, which holds nothing of the request.
	cause error
}

// Remedies that several sentences have.
const (
	remedySlow   = "look whether the system hangs or is overloaded, or allow it more time (scrape_timeout of Prometheus, or timeout)"
	remedyBroken = "look whether the system restarts or is overloaded, and at what stands in front of it"
)

// NoAnswer is what is told where an answer was waited for in vain.
const NoAnswer = "no answer in time: " + remedySlow

// Error implements error.
func (e *Error) Error() string { return e.Endpoint + ": " + e.Text }

// Key leaves out the instant until which a system wants to be left alone, and why
// it was not a call's turn: a system that is slow is silent in one pass and not in
// the next.
func (e *Error) Key() string {
	switch {
	case e.Reason == ReasonThrottled:
		return e.Endpoint + ": " + string(e.Reason)
	case e.unasked:
		return e.Endpoint + ": not asked in time"
	default:
		return e.Error()
	}
}

// Unwrap gives the context's error where the deadline or a cancellation is why.
func (e *Error) Unwrap() error { return e.cause }

// progress is how far a call has come.
type progress int32

const (
	// waiting: for a place among the requests under way, or for the rate limit.
	waiting progress = iota
	// connecting: a connection is being made.
	connecting
	// sent: the request may have reached the system.
	sent
)

// call is one call under way.
type call struct {
	endpoint, host string
	// reading is true for a call that only reads, once for one that is never repeated.
	reading, once bool
	come          atomic.Int32
	// silence is that of the system.
	silence *silence
}

// reach notes how far the call has come; a second try of the transport does not
// take back what the first may have sent.
func (c *call) reach(p progress) {
	for now := c.come.Load(); now < int32(p); now = c.come.Load() {
		if c.come.CompareAndSwap(now, int32(p)) {
			return
		}
	}
}

// failure turns what the HTTP client says into an Error. The client's own words
// are not kept: url.Error prints the whole URL, and others quote the server.
func (c *call) failure(ctx context.Context, err error) *Error {
	var urlErr *url.Error
	if errors.As(err, &urlErr) {
		err = urlErr.Err
	}
	come := progress(c.come.Load())
	e := &Error{Endpoint: c.endpoint, Sent: come == sent}
	switch {
	case errors.Is(err, context.Canceled):
		e.Reason, e.Text, e.cause = ReasonTimeout, "nobody waits for the answer any more", context.Canceled
	case errors.Is(err, context.DeadlineExceeded), isTimeout(err):
		e.Reason, e.Text, e.unasked = ReasonTimeout, c.tooLate(come), come == waiting
		// The network has limits of its own, which leave the scrape its time.
		if e.cause = ctx.Err(); come == waiting {
			e.cause = context.DeadlineExceeded
		}
	default:
		e.Reason, e.Text = describe(err, come == sent)
		e.Certificate = refusedCertificate(err)
	}
	return e
}

// tooLate says what the time was spent on.
func (c *call) tooLate(come progress) string {
	switch {
	case come == waiting && c.silence.on():
		return "not asked, as the system did not answer in time: " + remedySlow
	case come == waiting:
		return "the time was over before this was asked: allow the scrape more time, or raise requests_per_second"
	case come == connecting:
		return "no connection to " + c.host + " in time: a firewall may be in between, or the address is wrong"
	default:
		return NoAnswer
	}
}

// Expired is what waiting for another's call ends with when the context does. The
// text says what was waited for.
func Expired(ctx context.Context, endpoint, text string) *Error {
	return &Error{Endpoint: endpoint, Reason: ReasonTimeout, Text: text, cause: ctx.Err()}
}

func isTimeout(err error) bool {
	var netErr net.Error
	return errors.As(err, &netErr) && netErr.Timeout()
}

// describe names the kind of an error and puts it into words of our own.
func describe(err error, sent bool) (Reason, string) {
	if reason, text := describeTLS(err); reason != "" {
		return reason, text
	}
	var (
		dns    *net.DNSError
		op     *net.OpError
		errno  syscall.Errno
		stream streamError
	)
	who, key, remedy := "", "url", "look whether the system is up, and check host and port in url"
	if errors.As(err, &op) && op.Op == "proxyconnect" {
		err, who, key, remedy = op.Err, "the proxy ", "proxy_url", "look whether the proxy is up, and check proxy_url"
	}
	switch {
	case errors.As(err, &dns):
		return ReasonConnection, fmt.Sprintf("the name %s does not resolve: check the host in %s", dns.Name, key)
	case errors.As(err, &op) && op.Op == "dial" && errors.As(err, &errno):
		return ReasonConnection, fmt.Sprintf("connecting to %s%s failed (%s): %s", who, op.Addr, errno.Error(), remedy)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.As(err, &stream):
		return ReasonConnection, "the connection was closed before the answer was whole: " + remedyBroken
	case errors.Is(err, errFile):
		return ReasonTLS, "a file that the settings name is not a regular file, or too long: check tls_config and http_headers"
	case errors.Is(err, os.ErrNotExist), errors.Is(err, os.ErrPermission):
		return ReasonTLS, "a file that the settings name cannot be read: check tls_config and http_headers"
	case !sent:
		return ReasonConnection, "the request could not be sent: check scheme and port in url, and proxy_url, tls_config and http_headers where they are set"
	default:
		return ReasonConnection, "the other side does not speak HTTP as expected: check scheme and port in url"
	}
}

// streamError is what the HTTP client's error for a reset HTTP/2 stream, which
// has no exported name, lets itself be taken for.
type streamError struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

// Error implements error.
func (streamError) Error() string { return "the stream was reset" }

// describeTLS does so for what a handshake can end with; the Reason is empty
// for anything else.
func describeTLS(err error) (Reason, string) {
	var (
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
		record    tls.RecordHeaderError
		op        *net.OpError
		verify    *tls.CertificateVerificationError
	)
	switch {
	case errors.Is(err, errPin):
		return ReasonTLS, errPin.Error() + ": if it was renewed on purpose, set the new certificate_sha256"
	case errors.As(err, &authority):
		return ReasonTLS, "the certificate is signed by an authority that is not known here: set tls_config.ca_file, or certificate_sha256 for a generic certificate"
	case errors.As(err, &host):
		return ReasonTLS, "the certificate is for another host: set tls_config.server_name, or certificate_sha256 for a generic certificate"
	case errors.As(err, &invalid), errors.As(err, &verify):
		return ReasonTLS, "the certificate is not valid (expired, not yet valid or misused): renew it, or check this machine's clock"
	case errors.As(err, &record):
		return ReasonTLS, "the port does not speak TLS: check scheme and port in url"
	case errors.As(err, &op) && op.Op == "remote error":
		// crypto/tls says so of an alert, and words it by a list of its own.
		return ReasonTLS, "the other side refused the handshake (" + strings.TrimPrefix(op.Err.Error(), "tls: ") + "): check tls_config, or what the other side asks of a client"
	case errors.Is(err, http.ErrSchemeMismatch):
		return ReasonTLS, "the port speaks plain HTTP: write http:// in url, or the HTTPS port"
	case strings.HasPrefix(err.Error(), "tls: "):
		return ReasonTLS, "the other side does not speak TLS as expected: check the port in url, and min_version and max_version in tls_config where they are set"
	}
	return "", ""
}

// suspectTLS says so where url may say http:// to a port of HTTPS, which answers
// with a 400 or hangs up.
func (e *Error) suspectTLS() {
	e.OtherScheme = true
	meaning, _, _ := strings.Cut(e.Text, ": ")
	e.Text = meaning + "; it may be a port of HTTPS, and url says http://: write https:// in url, or the port of HTTP"
}

// statusError judges the HTTP status; it is nil for 200.
func statusError(endpoint string, resp *http.Response) *Error {
	code := resp.StatusCode
	e := &Error{Endpoint: endpoint, Status: code, Sent: true}
	switch {
	case code == http.StatusOK:
		return nil
	case code < 300:
		e.Reason, e.Text = ReasonDecode, fmt.Sprintf("the answer has a status that the API does not use (HTTP %d): check scheme, host and port in url", code)
	case code < 400:
		e.Reason, e.Text = ReasonRedirect, describeRedirect(resp)
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		e.Reason, e.Text = ReasonAuth, fmt.Sprintf("access was refused (HTTP %d): something in front of the API asks for credentials of its own", code)
	case code == http.StatusProxyAuthRequired:
		e.Reason, e.Text = ReasonAuth, "the proxy asks for credentials (HTTP 407): write them into proxy_url"
	case code == http.StatusTooManyRequests:
		e.Reason, e.Text = ReasonThrottled, "too many requests (HTTP 429): lower requests_per_second"
	case code == http.StatusMisdirectedRequest:
		e.Reason, e.Text = ReasonHTTP4xx, "the server is not, or not any more, the one for this address (HTTP 421)"
	case code >= 500:
		e.Reason, e.Text = ReasonHTTP5xx, fmt.Sprintf("the server failed (HTTP %d): it, or what it stands behind, does not answer", code)
	default:
		e.Reason, e.Text = ReasonHTTP4xx, fmt.Sprintf("there is no such API at this address (HTTP %d): check scheme, host and port in url", code)
	}
	return e
}

// describeRedirect says where an answer sends us on to. To set url to where it is
// already would be of no help.
func describeRedirect(resp *http.Response) string {
	host := redirectHost(resp)
	if host == resp.Request.URL.Scheme+"://"+resp.Request.URL.Host {
		return "the address sends us on to another page of the same host, such as that of a login or a single sign-on, and redirects are never followed: check the way to sign in, and the path in url"
	}
	return "the address sends us on to " + host + ", and redirects are never followed: if that is right, set url to it"
}

// redirectHost is the scheme and host that a redirect names, without its path
// and query: those may hold the token. Nor may a server put it into the host.
func redirectHost(resp *http.Response) string {
	const elsewhere = "a place it does not name"
	loc, err := resp.Location()
	if err != nil || !hostPattern(loc.Host) || loc.Scheme != "http" && loc.Scheme != "https" {
		return elsewhere
	}
	for _, values := range resp.Request.URL.Query() {
		for _, v := range values {
			if len(v) >= 8 && strings.Contains(loc.Host, v) {
				return elsewhere
			}
		}
	}
	return loc.Scheme + "://" + loc.Host
}

// hostPattern reports whether a text looks like a host and no more.
func hostPattern(host string) bool {
	const longest = 253 // as DNS allows
	return host != "" && len(host) <= longest && !strings.ContainsFunc(host, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(".:[]-_", r))
	})
}
