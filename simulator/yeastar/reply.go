package yeastar

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
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
	if !sw.NumbersAsStrings && !sw.ErrcodeAsString {
		return body, nil
	}
	return rewrite(body, func(name string, value any) any {
		if name == "errcode" && !sw.ErrcodeAsString || name != "errcode" && !sw.NumbersAsStrings {
			return value
		}
		return stringly(value)
	})
}

// rewrite changes the values of an encoded object.
func rewrite(body []byte, change func(name string, value any) any) ([]byte, error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var fields map[string]any
	if err := decoder.Decode(&fields); err != nil {
		return nil, fmt.Errorf("read an answer again: %w", err)
	}
	for name, value := range fields {
		fields[name] = change(name, value)
	}
	body, err := json.Marshal(fields)
	if err != nil {
		return nil, fmt.Errorf("encode a changed answer: %w", err)
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

// disfigure gives an answer whose fields are not of the documented kinds. What
// says that it succeeded stays, so that the rest is looked at.
func disfigure(body []byte, kind Kind) []byte {
	changed, err := rewrite(body, func(name string, value any) any {
		switch {
		case name == "errcode" || name == "errmsg":
			return value
		case kind == WrongShapes:
			return misshapen(value)
		default:
			return mistyped(value)
		}
	})
	if err != nil {
		return body // it is an answer of our own, which can be read
	}
	return changed
}

// mistyped changes the single values and leaves lists and objects in place.
func mistyped(value any) any {
	switch v := value.(type) {
	case json.Number:
		return map[string]any{"value": v}
	case string:
		return []any{v}
	case []any:
		for i := range v {
			v[i] = mistyped(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = mistyped(v[name])
		}
	}
	return value
}

// misshapen changes lists and objects and leaves single values in place.
func misshapen(value any) any {
	switch v := value.(type) {
	case []any:
		return "a list of " + strconv.Itoa(len(v))
	case map[string]any:
		return []any{v}
	default:
		return value
	}
}
