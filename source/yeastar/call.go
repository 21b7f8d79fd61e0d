package yeastar

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"conversation_exporter/source/httpapi"
)

// apiRoot is the path of version 1.0 of the API on every PBX.
const apiRoot = "/openapi/v1.0"

// The endpoints that are called. All of them only read, but for the three of
// the sign-in, which take and give back tokens.
const (
	pathGetToken     = "get_token"
	pathRefreshToken = "refresh_token"
	pathDelToken     = "del_token"
	pathSearch       = "message_session/search"
	pathMessageQuery = "message/query"
	pathMessageGet   = "message/get"
	pathQueueList    = "message_queue/list"
	pathQueueQuery   = "message_queue/query"
	pathExtensions   = "extension/list"
	pathSystem       = "system/information"
	pathChannels     = "message_channel/list"
)

// routes is the list of allowed calls. The PBX deletes by GET, so the method
// alone protects nothing.
func routes() []httpapi.Route {
	return []httpapi.Route{
		{Method: http.MethodPost, Path: pathGetToken},
		{Method: http.MethodPost, Path: pathRefreshToken},
		{Method: http.MethodGet, Path: pathDelToken},
		{Method: http.MethodGet, Path: pathSearch},
		{Method: http.MethodGet, Path: pathMessageQuery},
		{Method: http.MethodGet, Path: pathMessageGet},
		{Method: http.MethodGet, Path: pathQueueList},
		{Method: http.MethodGet, Path: pathQueueQuery},
		{Method: http.MethodGet, Path: pathExtensions},
		{Method: http.MethodGet, Path: pathSystem},
		{Method: http.MethodGet, Path: pathChannels},
	}
}

// exchange makes one call. The client counts what the errcode of the answer
// means, and repeats the call where the PBX may answer better in a moment.
func exchange(ctx context.Context, client *httpapi.Client, req httpapi.Request, out answer) (time.Time, error) {
	req.Judge = func() httpapi.Verdict { return judge(req.Path, out) }
	// Giving a token back twice would fail where the first answer was lost.
	req.Once = req.Path == pathDelToken
	return client.Do(ctx, req, out)
}

// judge says what an answer means. The HTTP status is 200 whatever happened.
func judge(endpoint string, out answer) httpapi.Verdict {
	env := out.status()
	if !env.Errcode.told {
		return httpapi.Verdict{Reason: httpapi.ReasonDecode, Err: &httpapi.Error{
			Endpoint: endpoint, Reason: httpapi.ReasonDecode, Sent: true,
			Text: "the answer has no errcode: check that url is a P-Series PBX whose API is switched on",
		}}
	}
	failed := newCodeError(endpoint, env)
	if token, ok := out.(*tokenAnswer); ok && failed == nil && token.AccessToken == "" {
		failed = &codeError{endpoint: endpoint, code: env.Errcode.n}
	}
	if failed == nil {
		return httpapi.Verdict{}
	}
	return httpapi.Verdict{Err: failed, Reason: failed.reason(), Retry: failed.class() == classRetry}
}

// get reads one endpoint with a token. A token that the PBX does not accept any
// more is replaced once. It returns our clock at the answer.
func get[T any, P interface {
	*T
	answer
}](ctx context.Context, s *Source, path string, query url.Values,
) (P, time.Time, error) {
	for attempt := 0; ; attempt++ {
		token, err := s.tokens.get(ctx)
		if err != nil {
			return nil, time.Time{}, signInError{err}
		}
		out := P(new(T))
		at, err := exchange(ctx, s.client, withToken(path, query, token), out)
		var refused *codeError
		switch {
		case err == nil:
			s.tokens.accepted(token)
			return out, at, nil
		case errors.As(err, &refused) && refused.class() == classSignIn && attempt == 0:
			s.tokens.reject(token)
		case errors.As(err, &refused) && refused.code == codeAddressBlock:
			return nil, time.Time{}, signInError{s.tokens.blocked(refused)}
		default:
			return nil, time.Time{}, err
		}
	}
}

// withToken builds a GET request. The PBX takes the token in the query alone,
// so from here on the URL is a secret.
func withToken(path string, query url.Values, token httpapi.Secret) httpapi.Request {
	full := url.Values{"access_token": {token.Reveal()}}
	for key, values := range query {
		full[key] = values
	}
	return httpapi.Request{Method: http.MethodGet, Path: path, Query: full}
}
