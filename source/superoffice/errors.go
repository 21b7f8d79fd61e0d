package superoffice

import (
	"errors"
	"fmt"
	"net/http"

	"conversation_exporter/source/httpapi"
)

// statusError is an answer whose HTTP status means something else here than the
// client can know.
type statusError struct {
	advice
	cause *httpapi.Error
}

// Error implements error.
func (e statusError) Error() string {
	return fmt.Sprintf("%s: %s (HTTP %d)", e.cause.Endpoint, e.sentence(), e.cause.Status)
}

// Unwrap returns what the client said.
func (e statusError) Unwrap() error { return e.cause }

// remedyError is a failure of the client with the remedy that it has here.
type remedyError struct {
	advice
	cause *httpapi.Error
}

// Error implements error.
func (e remedyError) Error() string { return e.cause.Endpoint + ": " + e.sentence() }

// Unwrap returns what the client said.
func (e remedyError) Unwrap() error { return e.cause }

// describeStatus says what a status means; it is empty where the client's own words
// will do.
func describeStatus(status int, online bool) string {
	switch {
	case status == http.StatusBadRequest:
		return "SuperOffice does not accept the request: update it, as its version may be too old"
	case status == http.StatusUnauthorized:
		return "SuperOffice does not accept the credentials for this call: give the user the rights to Service and to chat"
	case status == http.StatusForbidden:
		return "the user may not read this: give its role the rights to Service and to chat"
	case status == http.StatusNotFound:
		return "SuperOffice does not have this: check the path in url, or update it, as its version may be too old"
	case status == http.StatusMisdirectedRequest && online:
		return "the tenant is not at this host any more, and the cloud does not tell another one: it is asked again each minute; see status.superoffice.com if this lasts"
	default:
		return ""
	}
}

// explain puts an error of the client into words of this system.
func (s *Source) explain(err error) error { return explain(err, s.opts.Online != nil) }

func explain(err error, online bool) error {
	var transport *httpapi.Error
	if !errors.As(err, &transport) || transport.OtherScheme {
		return err
	}
	if text := describeStatus(transport.Status, online); text != "" {
		return statusError{adviceOf(text).fit(online), transport}
	}
	return remedied(err, online)
}

// remedied gives an error of the client the remedy that it has here, in the keys that
// the configuration of the target has.
func remedied(err error, online bool) error {
	var transport *httpapi.Error
	if !errors.As(err, &transport) {
		return err
	}
	a := connecting(transport).fit(online)
	if a.sentence() == transport.Text {
		return err
	}
	return remedyError{a, transport}
}

// odd judges an answer that is JSON, but not what was asked for: a gap must not pass for
// "none".
func odd(endpoint, text string) httpapi.Verdict {
	return httpapi.Verdict{Reason: httpapi.ReasonDecode, Err: &httpapi.Error{Endpoint: endpoint, Reason: httpapi.ReasonDecode, Sent: true, Text: text}}
}

// tooLarge judges an answer that has more than can be kept.
func tooLarge(endpoint, text string) httpapi.Verdict {
	return httpapi.Verdict{Reason: httpapi.ReasonTooLarge, Err: &httpapi.Error{Endpoint: endpoint, Reason: httpapi.ReasonTooLarge, Sent: true, Text: text}}
}

// remedyAddress is what to do where something answers that is not SuperOffice.
const remedyAddress = "check scheme, host, port and path in url, and what stands in front of SuperOffice"

// signInError marks what a call ended with because there was nothing to sign in
// with: no other call could be made either.
type signInError struct{ error }

// Unwrap returns what signing in ended with.
func (e signInError) Unwrap() error { return e.error }

// credentialsError is a refusal that means wrong credentials.
type credentialsError struct {
	endpoint string
	// keys are those of the configuration that may be wrong.
	keys string
	// text is what was answered, where that may mean something else too.
	text string
}

// meaning says what was answered.
func (e credentialsError) meaning() string {
	if e.text != "" {
		return e.text
	}
	return "SuperOffice refuses the credentials"
}

// Error implements error. The pause that follows is not ended by a reload that finds
// nothing changed.
func (e credentialsError) Error() string {
	return fmt.Sprintf("%s: %s: check %s; a changed secret or block is tried at once, and where only SuperOffice was mended, a restart of the exporter tries at once", e.endpoint, e.meaning(), e.keys)
}
