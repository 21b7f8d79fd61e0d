package superoffice

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"conversation_exporter/source/httpapi"
)

// statusError is an answer whose HTTP status means something else here than the
// client can know.
type statusError struct {
	text  string
	cause *httpapi.Error
}

// Error implements error.
func (e statusError) Error() string {
	return fmt.Sprintf("%s: %s (HTTP %d)", e.cause.Endpoint, e.text, e.cause.Status)
}

// Unwrap returns what the client said.
func (e statusError) Unwrap() error { return e.cause }

// describeStatus says what a status means; it is empty where the client's own words
// will do.
func describeStatus(status int) string {
	switch status {
	case http.StatusBadRequest:
		return "SuperOffice does not accept the request: its version may be too old"
	case http.StatusUnauthorized:
		return "SuperOffice does not accept the credentials for this call: give the user the rights to Service and to chat"
	case http.StatusForbidden:
		return "the user may not read this: give its role the rights to Service and to chat"
	case http.StatusNotFound:
		return "SuperOffice does not have this: check the path in url, or its version may be too old"
	default:
		return ""
	}
}

// explain puts an error of the client into words of this system.
func explain(err error) error {
	var transport *httpapi.Error
	if !errors.As(err, &transport) || transport.OtherScheme {
		return err
	}
	if text := describeStatus(transport.Status); text != "" {
		return statusError{text, transport}
	}
	if transport.Reason == httpapi.ReasonDecode && !strings.Contains(transport.Text, ": ") {
		return fmt.Errorf("%w: %s", err, remedyAddress)
	}
	return err
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
}

// Error implements error.
func (e credentialsError) Error() string {
	return fmt.Sprintf("%s: SuperOffice refuses the credentials: check %s; a changed secret file is tried at once", e.endpoint, e.keys)
}
