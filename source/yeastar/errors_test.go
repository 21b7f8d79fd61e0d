package yeastar

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"conversation_exporter/conversation"
)

func TestErrorCodes(t *testing.T) {
	for code, want := range map[int64]codeInfo{
		-2:    {classRetry, "internal error"},
		-1:    {classRetry, "without saying why"},
		2:     {classRetry, "busy"},
		10001: {classUnsupported, "firmware is too old"},
		10002: {classMend, "version 1.0"},
		10003: {classMend, "version 1.0"},
		10004: {classSignIn, "token"},
		10005: {classMend, "permission under Integrations > API"},
		40001: {classMend, "parameter"},
		40002: {classMend, "parameter"},
		40003: {classMend, "complains of a change"},
		40004: {classMend, "complains of a change"},
		60101: {classMend, "complains of a change"},
		70091: {classMend, "complains of a change"},
		70093: {classMend, "complains of a change"},
		70106: {classMend, "complains of a change"},
		70120: {classMend, "organisation"},
		60001: {classGone, "does not know"},
		60002: {classPause, "8 tokens"},
		70004: {classPause, "Blocked IPs"},
		70082: {classRetry, "overloaded"},
		70084: {classMend, "forbids"},
		70087: {classMend, "allowed IPs"},
		70123: {classMend, "switched off"},
	} {
		got := describeCode(code)
		if got.class != want.class || !strings.Contains(got.text, want.text) {
			t.Errorf("code %d: class %d, %q; want class %d and %q", code, got.class, got.text, want.class, want.text)
		}
		err := newCodeError(pathSearch, &envelope{Errcode: maybe{n: code, told: true}})
		if text := err.Error(); !strings.HasSuffix(text, "(errcode "+strconv.FormatInt(code, 10)+")") {
			t.Errorf("code %d: the text %q does not end with the code", code, text)
		}
		if got := errors.Is(err, conversation.ErrUnsupported); got != (want.class == classUnsupported) {
			t.Errorf("code %d: unsupported %t", code, got)
		}
	}
}

func TestSuccessIsNoError(t *testing.T) {
	for _, code := range []int64{codeSuccess, codePartial} {
		if err := newCodeError(pathSearch, &envelope{Errcode: maybe{n: code, told: true}}); err != nil {
			t.Errorf("code %d: %v", code, err)
		}
	}
}

// What the PBX says is not repeated: it may quote the request, token and all.
func TestNothingOfTheAnswerReachesTheText(t *testing.T) {
	stub := newStub(t, func(endpoint string, _ url.Values) string {
		if endpoint == pathSearch {
			return `{"errcode":40002,"errmsg":"canary","submsg":"canary","invalid_param_list":[{"field":"page_size","value":"canary"},{"field":"canary"}]}`
		}
		return `{"errcode":0}`
	})
	_, _, err := stub.source(t, nil).OpenSessions(context.Background())
	want := "listing the sessions of extension 1001: message_session/search: the PBX does not accept a parameter: page_size (errcode 40002)"
	if err == nil || err.Error() != want {
		t.Errorf("error = %v, want %s", err, want)
	}
}

// A part is shown, and said to be a part.
func TestPartialSuccess(t *testing.T) {
	stub := newStub(t, func(endpoint string, _ url.Values) string {
		if endpoint == pathSearch {
			return `{"errcode":1,"list":[{"id":1,"type":"sms","last_msg_id":5}]}`
		}
		return `{"errcode":0}`
	})
	sessions, cover, err := stub.source(t, nil).OpenSessions(context.Background())
	must(t, err)
	if len(sessions) != 1 || len(cover.Cut) != 1 || len(cover.Failed) != 0 || !errors.Is(cover.Problems[0], conversation.ErrPart) {
		t.Errorf("sessions = %+v, coverage = %+v", sessions, cover)
	}
}

// A code that the vendor does not list is told by its number.
func TestUnknownCode(t *testing.T) {
	err := newCodeError(pathSearch, &envelope{Errcode: maybe{n: 99999, told: true}})
	if want := "message_session/search: the PBX answered with an error (errcode 99999)"; err.Error() != want || err.class() != classMend {
		t.Errorf("got %q of class %d, want %q of class %d", err, err.class(), want, classMend)
	}
}
