package httpapi

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
)

// canaryCore is the part of the canary that no encoding but base64 and
// hexadecimal changes; the rest is what encodings do change.
const (
	canaryCore = "cAnArY7Qz"
	canary     = canaryCore + `/+ =&%"<é`
)

// canaryForms are the ways in which a token may hide in a text.
func canaryForms() []string {
	forms := []string{
		canaryCore, canary, url.QueryEscape(canary), url.PathEscape(canary), html.EscapeString(canary),
		strconv.Quote(canary), hex.EncodeToString([]byte(canaryCore)),
	}
	// The text in base64 depends on how many bytes of others stand before it.
	for before := range 3 {
		raw := append(make([]byte, before), canaryCore...)
		whole := raw[(3-before)%3+before : len(raw)-len(raw)%3]
		forms = append(forms, base64.StdEncoding.EncodeToString(whole))
	}
	return forms
}

// checkNoCanary prints an error and all behind it in every way.
func checkNoCanary(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		checkTextNoCanary(t, fmt.Sprintf(verb, err))
	}
	switch wrapped := err.(type) { //nolint:errorlint // The chain is walked link by link.
	case interface{ Unwrap() error }:
		checkNoCanary(t, wrapped.Unwrap())
	case interface{ Unwrap() []error }:
		for _, one := range wrapped.Unwrap() {
			checkNoCanary(t, one)
		}
	}
}

func checkTextNoCanary(t *testing.T, text string) {
	t.Helper()
	for _, form := range canaryForms() {
		if strings.Contains(strings.ToLower(text), strings.ToLower(form)) {
			t.Errorf("the token, in the form %s, is in: %s", form, text)
		}
	}
}

// TestCanaryIsFound shows that the search behind the tests below finds a token.
func TestCanaryIsFound(t *testing.T) {
	for _, text := range []string{
		"a" + canary + "b", url.Values{"access_token": {canary}}.Encode(), fmt.Sprintf("%q", canary), fmt.Sprintf("%x", canary),
		base64.StdEncoding.EncodeToString([]byte(canary)), base64.URLEncoding.EncodeToString([]byte("x" + canary)),
		base64.RawStdEncoding.EncodeToString([]byte("xy" + canary)), html.EscapeString(`{"` + canary),
	} {
		found := false
		for _, form := range canaryForms() {
			found = found || strings.Contains(text, form)
		}
		if !found {
			t.Errorf("the token is not found in %s", text)
		}
	}
}

// failing is one way in which a call fails.
type failing struct {
	name string
	// start makes the other side, and says how it is reached. What it puts for
	// ADDRESS replaces that word in the text.
	start  func(t *testing.T) (cfg Config, address string)
	reason Reason
	text   string
	sent   bool
}

// unsendable is what is told of a call that fails before a byte is sent, for a
// reason that has no words of its own.
const unsendable = "the request could not be sent: check scheme and port in url, and proxy_url, tls_config and http_headers where they are set"

// check makes the call in a context that does not end.
func (f failing) check(t *testing.T) {
	t.Helper()
	f.checkIn(t, t.Context(), nil)
}

// checkIn makes the call with the token in the query, and again with the token
// in the body too. is is the context's error that the failure must be.
func (f failing) checkIn(t *testing.T, ctx context.Context, is error) { //nolint:revive // A test comes before its context.
	t.Helper()
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		t.Run(method, func(t *testing.T) {
			cfg, address := f.start(t)
			req := Request{Method: method, Path: searchPath, Query: url.Values{"access_token": {canary}}, Once: true}
			if method == http.MethodPost {
				req.Body = map[string]string{"password": canary}
			}
			var out struct {
				ErrCode int            `json:"errcode"`
				Data    map[string]int `json:"data"`
			}
			at, err := newClient(t, cfg).Do(ctx, req, &out)
			e := asError(t, err)
			if want := strings.ReplaceAll(f.text, "ADDRESS", address); e.Text != want || err.Error() != searchPath+": "+want {
				t.Errorf("got the text %q,\nwant %q", err, searchPath+": "+want)
			}
			if e.Reason != f.reason || e.Sent != f.sent || e.Endpoint != searchPath {
				t.Errorf("got reason %s, sent %t, endpoint %s; want %s, %t, %s", e.Reason, e.Sent, e.Endpoint, f.reason, f.sent, searchPath)
			}
			for _, end := range []error{context.DeadlineExceeded, context.Canceled} {
				if got, want := errors.Is(err, end), errors.Is(is, end); got != want {
					t.Errorf("errors.Is(err, %v) is %t, want %t", end, got, want)
				}
			}
			if !at.IsZero() {
				t.Errorf("a failed call has the time %v", at)
			}
			checkNoCanary(t, err)
		})
	}
}

// served is the start of a case whose other side is one handler. It must be
// called once and no more: nothing is repeated.
func served(h http.HandlerFunc) func(*testing.T) (Config, string) {
	return func(t *testing.T) (Config, string) {
		s := newServer(t, h)
		t.Cleanup(func() {
			if n := s.requests.Load(); n != 1 {
				t.Errorf("the server had %d requests, want 1", n)
			}
		})
		return Config{BaseURL: s.URL, MaxBody: 256}, addressOf(t, s.URL)
	}
}

// echo answers with everything that the request told.
func echo(status int, kind, before string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", kind)
		w.Header().Set("X-Echo", r.URL.String())
		w.WriteHeader(status)
		fmt.Fprintf(w, "%s%s %s %s %s", before, r.URL, canary, r.URL.Query().Get("access_token"), body)
	}
}

// TestLesson01NoTokenInStatusErrors is about answers that are whole.
func TestLesson01NoTokenInStatusErrors(t *testing.T) {
	const noAPI = "there is no such API at this address (HTTP %d): check scheme, host and port in url"
	const refused = "access was refused (HTTP %d): something in front of the API asks for credentials of its own"
	const failed = "the server failed (HTTP %d): it, or what it stands behind, does not answer"
	const unused = "the answer has a status that the API does not use (HTTP %d): check scheme, host and port in url"
	cases := []struct {
		status int
		reason Reason
		text   string
	}{
		{http.StatusCreated, ReasonDecode, unused},
		{http.StatusNoContent, ReasonDecode, unused},
		{http.StatusBadRequest, ReasonHTTP4xx, "there is no such API at this address (HTTP %d)" + perhapsTLS},
		{http.StatusUnauthorized, ReasonAuth, refused},
		{http.StatusForbidden, ReasonAuth, refused},
		{http.StatusNotFound, ReasonHTTP4xx, noAPI},
		{http.StatusProxyAuthRequired, ReasonAuth, "the proxy asks for credentials (HTTP %d): write them into proxy_url"},
		{http.StatusTooManyRequests, ReasonThrottled, "too many requests (HTTP %d): lower requests_per_second"},
		{http.StatusInternalServerError, ReasonHTTP5xx, failed},
		{http.StatusBadGateway, ReasonHTTP5xx, failed},
		{599, ReasonHTTP5xx, failed},
	}
	for _, c := range cases {
		f := failing{start: served(echo(c.status, "text/html", "<html>")), reason: c.reason, text: fmt.Sprintf(c.text, c.status), sent: true}
		t.Run(strconv.Itoa(c.status), func(t *testing.T) { f.check(t) })
	}
}

// TestLesson01NoTokenInBodyErrors is about answers of status 200 that cannot be
// read.
func TestLesson01NoTokenInBodyErrors(t *testing.T) {
	const page = "the answer is a web page, not the API's: check that the address and port are those of the system itself"
	const broken = "the answer is not whole JSON"
	cases := []struct {
		name, body string
		reason     Reason
		text       string
	}{
		{"web page", "<!DOCTYPE html><html>" + canary, ReasonDecode, page},
		{"web page after space", "\r\n\t <html>" + canary, ReasonDecode, page},
		{"empty", "", ReasonDecode, "the answer is empty"},
		{"only space", " \n", ReasonDecode, "the answer is empty"},
		{"truncated", `{"errcode":0,"data":{"` + canaryCore, ReasonDecode, broken},
		{"plain text", canary, ReasonDecode, broken},
		{"two documents", `{"errcode":0}{"errcode":"` + canaryCore + `"}`, ReasonDecode, broken},
		{"wrong field type", `{"errcode":"` + canaryCore + `"}`, ReasonDecode, `the field "errcode" of the answer is not of the documented kind`},
		{"wrong type in a map", `{"data":{"` + canaryCore + `":"` + canaryCore + `"}}`, ReasonDecode, `the field "data" of the answer is not of the documented kind`},
		{"wrong type of the whole", `["` + canaryCore + `"]`, ReasonDecode, "the answer as a whole is not of the documented kind"},
		{"a text", `"` + canaryCore + `"`, ReasonDecode, "the answer as a whole is not of the documented kind"},
		{"over the cap", `{"errmsg":"` + strings.Repeat(canaryCore, 40) + `"}`, ReasonTooLarge, "the answer is larger than 256 bytes: lower page_size, or look at what stands in front of the system"},
	}
	for _, c := range cases {
		f := failing{start: served(answer(c.body)), reason: c.reason, text: c.text, sent: true}
		t.Run(c.name, func(t *testing.T) { f.check(t) })
	}
	t.Run("echo", func(t *testing.T) {
		failing{start: served(echo(http.StatusOK, "application/json", "{")), reason: ReasonDecode, text: broken, sent: true}.check(t)
	})
}

// choosy is a field that refuses every value in words of its own.
type choosy struct{}

// UnmarshalJSON implements json.Unmarshaler.
func (*choosy) UnmarshalJSON(text []byte) error { return errors.New(string(text)) }

// An answer that is whole JSON is not said to be none, whoever refuses its field.
func TestAnAnswerWithARefusedFieldIsStillJSON(t *testing.T) {
	s := newServer(t, answer(`{"data":"`+canaryCore+`"}`))
	var out struct {
		Data choosy `json:"data"`
	}
	_, err := newClient(t, Config{BaseURL: s.URL}).Do(t.Context(), Request{Method: http.MethodGet, Path: searchPath}, &out)
	if e := asError(t, err); e.Reason != ReasonDecode || e.Text != "a field of the answer is not of the documented kind" {
		t.Errorf("got %#v", e)
	}
	checkNoCanary(t, err)
}
