package yeastar

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"conversation_exporter/conversation"
	"conversation_exporter/source/httpapi"
)

// class is what can be done about an error code.
type class int

const (
	// classMend: somebody must change a setting; asking again is of no use.
	classMend class = iota
	// classRetry: the PBX may answer better in a moment.
	classRetry
	// classSignIn: the token is not accepted any more.
	classSignIn
	// classPause: the PBX wants to be left alone for a while.
	classPause
	// classUnsupported: this PBX has no such endpoint.
	classUnsupported
	// classGone: what was asked for does not exist (any more).
	classGone
)

// The codes that the sign-in treats each in its own way.
const (
	codeFailure       = -1
	codeSuccess       = 0
	codePartial       = 1
	codeTokenExpired  = 10004
	codeParameter     = 40002
	codeNotFound      = 60001
	codeTooManyTokens = 60002
	codeAddressBlock  = 70004
	codeAddressForbid = 70087
)

// codeInfo is what is known of an error code.
type codeInfo struct {
	class class
	text  string
}

// describeCode gives class and sentence of an error code of the vendor's page
// "Error Code and Error Message"; 70123 is known from client code only. A code
// that is not there, the text of which is empty, is told by its number alone.
func describeCode(code int64) codeInfo {
	switch code {
	case -2:
		return codeInfo{classRetry, "the PBX had an internal error"}
	case codeFailure:
		return codeInfo{classRetry, "the PBX failed without saying why"}
	case 2:
		return codeInfo{classRetry, "the PBX is still busy with this request"}
	case 10001:
		return codeInfo{classUnsupported, "this PBX does not have this interface: its firmware is too old, or it has no messaging (Enterprise or Ultimate plan)"}
	case 10002, 10003:
		return codeInfo{classMend, "this PBX no longer serves version 1.0 of the API"}
	case codeTokenExpired:
		return codeInfo{classSignIn, "the PBX does not accept the token any more"}
	case 10005:
		return codeInfo{classMend, "the application may not call this: give it the permission under Integrations > API"}
	case 40001, codeParameter:
		return codeInfo{classMend, "the PBX does not accept a parameter"}
	case 40003, 40004, 60101, 70091, 70093, 70106:
		return codeInfo{classMend, "the PBX complains of a change, and the exporter never asks for one: check what stands in front of the PBX"}
	case codeNotFound:
		return codeInfo{classGone, "the PBX does not know what was asked for"}
	case codeTooManyTokens:
		return codeInfo{classPause, "the application already has 8 tokens in use: stop other programs that use this Client ID, or wait 30 minutes, for which an exporter that was killed leaves its own"}
	case codeAddressBlock:
		return codeInfo{classPause, "the PBX has blocked this address after failed sign-ins: check client_id and the secret, remove the address under Security > Security Rules > Blocked IPs, and restart the exporter"}
	case 70082:
		return codeInfo{classRetry, "the PBX is overloaded by a heavy task"}
	case 70084:
		return codeInfo{classMend, "the PBX forbids this action"}
	case codeAddressForbid:
		return codeInfo{classMend, "the PBX refuses this address: add it under Integrations > API > allowed IPs"}
	case 70120:
		return codeInfo{classMend, "the organisation feature of this PBX is switched off: switch it on in the PBX"}
	case 70123:
		return codeInfo{classMend, "the API is switched off: switch it on under Integrations > API"}
	case codePartial:
		return codeInfo{classMend, "the PBX answered in part, and without what matters"}
	default:
		return codeInfo{class: classMend}
	}
}

// codeError is an answer whose errcode is not success. It is
// conversation.ErrUnsupported where the endpoint does not exist.
type codeError struct {
	endpoint string
	code     int64
	// fields are the names of the parameters that the PBX complains of, only as
	// far as we sent them: a foreign text must not pass through.
	fields []string
	// blockExpire is block_expire_time of the answer, 0 where there is none.
	blockExpire int64
}

// newCodeError judges an envelope; it is nil for success.
func newCodeError(endpoint string, env *envelope) *codeError {
	// Code 1 is "partial success": the data that came is good.
	if env.Errcode.n == codeSuccess || env.Errcode.n == codePartial {
		return nil
	}
	e := &codeError{endpoint: endpoint, code: env.Errcode.n, blockExpire: int64(env.BlockExpireTime)}
	for _, p := range env.InvalidParamsList {
		if ourParameter(string(p.Field)) {
			e.fields = append(e.fields, string(p.Field))
		}
	}
	return e
}

// ourParameter reports whether a name is one of the parameters that we send.
func ourParameter(name string) bool {
	switch name {
	case "page", "page_size", "user_type", "user_no", "collection", "first_msg_id", "is_archived", "is_closed", "is_pickup", "ids", "id", "last_msg_id":
		return true
	}
	return false
}

func (e *codeError) class() class { return describeCode(e.code).class }

// reason is what the failure is counted under. The codes are the PBX's to choose,
// so only those that are documented have a series of their own.
func (e *codeError) reason() httpapi.Reason {
	switch {
	case e.code == codeSuccess:
		// It says that it went well, and lacks what was asked for.
		return httpapi.ReasonDecode
	case describeCode(e.code).text == "":
		return "errcode_other"
	}
	return httpapi.Reason("errcode_" + strconv.FormatInt(e.code, 10))
}

// Error implements error.
func (e *codeError) Error() string {
	text := describeCode(e.code).text
	if text == "" {
		text = "the PBX answered with an error"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", e.endpoint, text)
	if len(e.fields) > 0 {
		fmt.Fprintf(&b, ": %s", strings.Join(e.fields, ", "))
	}
	fmt.Fprintf(&b, " (errcode %d)", e.code)
	return b.String()
}

// Is makes errors.Is(err, conversation.ErrUnsupported) true for an endpoint
// that this PBX does not have.
func (e *codeError) Is(target error) bool {
	return target == conversation.ErrUnsupported && e.class() == classUnsupported
}

// signInError marks what a call ended with because there was no token for it: no
// other call could be made either.
type signInError struct{ error }

// Unwrap returns what signing in ended with.
func (e signInError) Unwrap() error { return e.error }

// refusedWith reports whether the PBX answered with a code.
func refusedWith(err error, code int64) bool {
	var refused *codeError
	return errors.As(err, &refused) && refused.code == code
}

// credentialsError is a refusal by get_token that means wrong credentials. It is
// no codeError: elsewhere the same code means something else.
type credentialsError struct {
	endpoint string
	code     int64
}

// Error implements error.
func (e credentialsError) Error() string {
	return fmt.Sprintf("%s: the PBX refuses the credentials: check client_id and the secret against Integrations > API; a changed secret file is tried at once, while each restart is one more try, and after 5 the PBX blocks this address (errcode %d)",
		e.endpoint, e.code)
}

// withheldError is why a sign-in was not even tried.
type withheldError struct{ error }

// Unwrap returns what withheld it.
func (e withheldError) Unwrap() error { return e.error }
