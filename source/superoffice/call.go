package superoffice

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"conversation_exporter/source/httpapi"
)

// staleMost is how often a call is begun anew because what it carries came into doubt
// while it waited for its turn.
const staleMost = 3

// apiVersion is the version of the API below its root.
const apiVersion = "v1"

// The endpoints that are called. All of them only read, the one by POST too; those
// of the cloud's sign-in bring tokens.
const (
	pathSessions = "ChatSession"
	pathSession  = "ChatSession/{id}"
	pathMessages = "ChatSession/{id}/Messages"
	pathDynamic  = "Archive/Dynamic"
	pathColumns  = "Archive/ChatSession$metadata"
	pathTopics   = "MDOList/chatchannel"
	pathTopic    = "ChatTopic/{id}"
	pathIsOpen   = "ChatTopic/{id}/IsOpen"
	pathPresence = "Agents/Chat/GetChatPresence"
	// pathVersion stands beside the versions of the API, above the root of each.
	pathVersion = "api"
	// These are at the host of the cloud's environment, not at the tenant's.
	pathState        = "api/state/{id}"
	pathToken        = "login/common/oauth/tokens" //nolint:gosec // It is a path.
	pathSystemUser   = "Login/api/PartnerSystemUser/Authenticate"
	pathOpenID       = "login/.well-known/openid-configuration"
	pathOpenIDKeys   = "login/.well-known/jwks"
	headerAuthorized = "Authorization"
	headerAppToken   = "SO-AppToken"
)

// routes is the list of allowed calls. ChatSession/{id} deletes by DELETE and
// changes by PUT, and most of Agents does more than read.
func routes(o Options) []httpapi.Route {
	list := []httpapi.Route{{Method: http.MethodPost, Path: pathPresence, Reads: true}}
	for _, path := range []string{pathSessions, pathSession, pathMessages, pathDynamic, pathColumns, pathTopics, pathTopic, pathIsOpen} {
		list = append(list, httpapi.Route{Method: http.MethodGet, Path: path})
	}
	switch {
	case o.Online == nil:
		list = append(list, httpapi.Route{Method: http.MethodGet, Path: pathVersion})
	case o.Online.RefreshToken != nil:
		list = append(list, httpapi.Route{Method: http.MethodGet, Path: pathState}, httpapi.Route{Method: http.MethodPost, Path: pathToken})
	default:
		list = append(list, httpapi.Route{Method: http.MethodGet, Path: pathState}, httpapi.Route{Method: http.MethodPost, Path: pathSystemUser},
			httpapi.Route{Method: http.MethodGet, Path: pathOpenID}, httpapi.Route{Method: http.MethodGet, Path: pathOpenIDKeys})
	}
	return list
}

// header is what every request carries. Labels in a language of their own would
// come without Accept-Language. Where a zone is configured nothing is asked of the
// server's own, since installations differ in what they make of it: some convert,
// some only mark, and some mark as UTC what is not.
func header(o Options) http.Header {
	h := http.Header{"Accept-Language": {"en"}}
	if o.TimeZone == nil {
		// The spelling is the vendor's (page "SO-TimeZone").
		h["SO-TimeZone"] = []string{"UTC, includeTZOffset"}
	}
	return h
}

// bases says which addresses may be called beside the configured one: in the cloud
// what is SuperOffice's own, by https only, and else only the installation itself.
func bases(o Options) func(*url.URL) bool {
	if o.Online != nil {
		return inCloud
	}
	own, err := url.Parse(o.URL)
	return func(u *url.URL) bool { return err == nil && u.Scheme == own.Scheme && u.Host == own.Host }
}

// inCloud reports whether an address is one of SuperOffice's own.
func inCloud(u *url.URL) bool {
	const domain = ".superoffice.com"
	host := strings.ToLower(u.Hostname())
	return u.Scheme == "https" && u.User == nil && u.Port() == "" && u.RawQuery == "" && u.Fragment == "" &&
		len(host) > len(domain) && strings.HasSuffix(host, domain) && !strings.HasPrefix(host, ".")
}

// asked is one call that reads.
type asked struct {
	path  string
	id    int64
	query url.Values
	post  bool
	// judge says whether the decoded answer is one.
	judge func() httpapi.Verdict
}

// request builds the call.
func (a asked) request(base *url.URL, p pass) httpapi.Request {
	req := httpapi.Request{Method: http.MethodGet, Path: a.path, Query: a.query, Base: base, Header: p.header, Judge: a.judge}
	if a.id != 0 {
		req.ID = strconv.FormatInt(a.id, 10)
	}
	if a.post {
		req.Method, req.Body = http.MethodPost, struct{}{}
	}
	return req
}

// get makes a call that reads. Where what signs in is not accepted any more it is
// proved or replaced once, and where the tenant has moved to another host it is
// followed once. It returns our clock at the answer.
func (s *Source) get(ctx context.Context, a asked, out any) (time.Time, error) {
	signedIn, followed := false, false
	for stale := 0; ; {
		p, err := s.signIn.get(ctx)
		if err != nil {
			return time.Time{}, signInError{err}
		}
		base, err := s.home.base(ctx)
		if err != nil {
			return time.Time{}, signInError{err}
		}
		req := a.request(base, p)
		still, ended := s.signIn.carrying(p)
		req.Still = still
		at, err := s.client.Do(ctx, req, out)
		ended()
		switch {
		case err == nil:
			s.signIn.accepted()
			return at, nil
		case errors.Is(err, errStale):
			if stale++; stale > staleMost {
				return time.Time{}, signInError{fmt.Errorf("signing in: %w", errUnproven)}
			}
		case refusedWith(err, http.StatusUnauthorized) && !signedIn && s.signIn.reject(p):
			signedIn = true
		case followed:
			return time.Time{}, s.explain(err)
		default:
			if err := s.follow(ctx, base, err); err != nil {
				return time.Time{}, err
			}
			followed = true
		}
	}
}

// follow looks where the tenant lives now, where a failure may mean that it has moved
// or does not run. It gives nil where the call may be made at another address, else
// what to end it with.
func (s *Source) follow(ctx context.Context, base *url.URL, err error) error {
	var transport *httpapi.Error
	if !errors.As(err, &transport) || !mayHaveMoved(transport) || !s.home.left(base) || ctx.Err() != nil {
		return s.explain(err)
	}
	next, failed := s.home.base(ctx)
	switch {
	case failed != nil:
		return signInError{failed}
	case next.String() == base.String():
		return s.explain(err)
	default:
		return nil
	}
}

// mayHaveMoved reports whether a failure is one of a host that a tenant has left, or
// on which it does not run.
func mayHaveMoved(e *httpapi.Error) bool {
	switch e.Reason {
	case httpapi.ReasonConnection, httpapi.ReasonTimeout, httpapi.ReasonRedirect, httpapi.ReasonHTTP5xx, httpapi.ReasonDecode:
		return true
	}
	return e.Status == http.StatusMisdirectedRequest
}

// refusedWith reports whether the server answered with an HTTP status.
func refusedWith(err error, status int) bool {
	var transport *httpapi.Error
	return errors.As(err, &transport) && transport.Status == status
}

// dates are those of an answer that came at an instant.
func (s *Source) dates(at time.Time) dates {
	d := dates{zone: s.opts.TimeZone, now: at, twice: &s.twice}
	if d.zone == nil {
		d.zone = time.UTC
	}
	if skew, told := s.client.Skew(); told {
		d.skew = s.steady(skew)
	}
	return d
}

// steady gives the difference of the clocks as it was measured first, until it has
// really changed: it is told in whole seconds, and dates that were corrected by
// another second each time would look like changes.
func (s *Source) steady(skew time.Duration) time.Duration {
	const jitter = 3 * time.Second
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.skewTold && (skew-s.skew).Abs() <= jitter {
		return s.skew
	}
	s.skew, s.skewTold = skew, true
	return skew
}

// utc are those of an answer whose dates without an offset are UTC whatever the
// zone (vendor's page "GET ChatSession/{id}/Messages": "UTC timestamp").
func (d dates) utc() dates {
	d.zone = time.UTC
	return d
}
