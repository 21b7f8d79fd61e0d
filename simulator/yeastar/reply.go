package yeastar

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
)

// The vendor's error codes, from the page "Error Code and Error Message".
const (
	codeInternal     = -2
	codeFailure      = -1
	codeSuccess      = 0
	codePartial      = 1
	codeProcessing   = 2
	codeNoInterface  = 10001
	codeTokenExpired = 10004
	codeDenied       = 10005
	codeSyntax       = 40001
	codeParameter    = 40002
	codeNotFound     = 60001
	codeLimit        = 60002
	codeIPBlocked    = 70004
	codeOverload     = 70082
	codeForbidden    = 70084
	codeIPForbidden  = 70087
)

// message gives the errmsg of a code.
func message(code int) string {
	switch code {
	case codeInternal:
		return "INTERNAL SERVER ERROR"
	case codeSuccess:
		return "SUCCESS"
	case codePartial:
		return "PARTIAL SUCCESS"
	case codeProcessing:
		return "PROCESSING"
	case codeNoInterface:
		return "INTERFACE NOT EXISTED"
	case codeTokenExpired:
		return "TOKEN EXPIRED"
	case codeDenied:
		return "ACCESS DENIED"
	case codeSyntax:
		return "PARAMETER SYNTAX ERROR"
	case codeParameter:
		return "PARAMETER ERROR"
	case codeNotFound:
		return "DATA NOT FOUND"
	case codeLimit:
		return "MAX LIMITATION EXCEEDED"
	case codeIPBlocked:
		return "ACCOUNT IP BLOCKED"
	case codeOverload:
		return "OVERLOAD_TASK_RUNNING"
	case codeForbidden:
		return "ACTION FORBIDDEN"
	case codeIPForbidden:
		return "IP FORBIDDEN"
	default:
		return "FAILURE"
	}
}

// reply is the body of an answer.
type reply struct {
	fields map[string]any
}

func failure(code int) reply {
	return reply{fields: map[string]any{"errcode": code, "errmsg": message(code)}}
}

func success() reply { return failure(codeSuccess) }

// with adds a field.
func (r reply) with(name string, value any) reply {
	fields := maps.Clone(r.fields)
	fields[name] = value
	return reply{fields: fields}
}

// withList adds a list; where it is empty and the switch says so, it is null.
func withList[T any](r reply, name string, list []T, sw Switches) reply {
	if len(list) == 0 {
		if sw.NullLists {
			return r.with(name, nil)
		}
		list = []T{}
	}
	return r.with(name, list)
}

// invalid is one entry of invalid_param_list.
type invalid struct {
	Field      string `json:"field"`
	Validation string `json:"validation_type,omitempty"`
	Value      string `json:"value,omitempty"`
}

func invalidParams(list []invalid) reply {
	return failure(codeParameter).with("invalid_param_list", list)
}

func (r reply) encode(sw Switches) ([]byte, error) {
	body, err := json.Marshal(r.fields)
	if err != nil {
		return nil, fmt.Errorf("encode an answer: %w", err)
	}
	if !sw.NumbersAsStrings {
		return body, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var fields map[string]any
	if err := decoder.Decode(&fields); err != nil {
		return nil, fmt.Errorf("read an answer again: %w", err)
	}
	for name, value := range fields {
		if name != "errcode" {
			fields[name] = stringly(value)
		}
	}
	if body, err = json.Marshal(fields); err != nil {
		return nil, fmt.Errorf("encode an answer with strings: %w", err)
	}
	return body, nil
}

// stringly replaces every number in a decoded value by a string.
func stringly(value any) any {
	switch v := value.(type) {
	case json.Number:
		return v.String()
	case []any:
		for i := range v {
			v[i] = stringly(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = stringly(v[name])
		}
	}
	return value
}
