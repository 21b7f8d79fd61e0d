package yeastar

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strconv"
)

// number is an integer as the PBX sends it: a JSON number, the same in quotes,
// or nothing at all. The vendor documents integers, yet builds differ.
type number int64

// errNumber is what a field ends with that should hold a number and does not. It
// does not quote the value, which may be anything.
var errNumber = errors.New("not a number")

// UnmarshalJSON implements json.Unmarshaler. null and "" are 0.
func (n *number) UnmarshalJSON(text []byte) error {
	text = bytes.Trim(bytes.TrimSpace(bytes.Trim(text, `"`)), " ")
	if len(text) == 0 || string(text) == "null" {
		*n = 0
		return nil
	}
	if v, err := strconv.ParseInt(string(text), 10, 64); err == nil {
		*n = number(v)
		return nil
	}
	// Some encoders write integers as 1.0 or 1e3; beyond 2^53 that would lose digits.
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return errNumber
	}
	*n = number(f)
	return nil
}

// maybe is a number that may not be told at all, which null and "" mean too.
type maybe struct {
	n    int64
	told bool
}

// UnmarshalJSON implements json.Unmarshaler.
func (m *maybe) UnmarshalJSON(text []byte) error {
	var n number
	if err := n.UnmarshalJSON(text); err != nil {
		return err
	}
	bare := string(bytes.Trim(bytes.TrimSpace(text), `" `))
	*m = maybe{n: int64(n), told: bare != "" && bare != "null"}
	return nil
}

// rowsAllowed bounds the rows of one answer: far more than is ever asked for,
// and far less than what a few bytes each could take of our memory.
const rowsAllowed = 100_000

// list is a list of rows, which is decoded row by row.
type list[T any] []T

// UnmarshalJSON implements json.Unmarshaler. null is an empty list.
func (l *list[T]) UnmarshalJSON(text []byte) error {
	*l = nil
	dec := json.NewDecoder(bytes.NewReader(text))
	open, err := dec.Token()
	if err != nil || open == nil {
		return err
	}
	if open != json.Delim('[') {
		return &json.UnmarshalTypeError{Value: "no list"}
	}
	for dec.More() {
		if len(*l) == rowsAllowed {
			return &json.UnmarshalTypeError{Value: "too many rows"}
		}
		var row T
		if err := dec.Decode(&row); err != nil {
			return err
		}
		*l = append(*l, row)
	}
	return nil
}

// text is a string as the PBX sends it; a bare number counts as its digits.
type text string

// UnmarshalJSON implements json.Unmarshaler. null is "".
func (t *text) UnmarshalJSON(raw []byte) error {
	raw = bytes.TrimSpace(raw)
	if string(raw) == "null" {
		*t = ""
		return nil
	}
	if len(raw) > 0 && raw[0] == '"' {
		return json.Unmarshal(raw, (*string)(t))
	}
	if _, err := strconv.ParseFloat(string(raw), 64); err != nil {
		return errors.New("not a text")
	}
	*t = text(raw)
	return nil
}

// envelope is what every answer of the PBX begins with. The HTTP status is 200
// whatever happened, so errcode alone tells.
type envelope struct {
	Errcode           maybe  `json:"errcode"`
	BlockExpireTime   number `json:"block_expire_time"`
	InvalidParamsList []struct {
		Field text `json:"field"`
	} `json:"invalid_param_list"`
}

func (e *envelope) status() *envelope { return e }

// answer is any decoded answer.
type answer interface{ status() *envelope }

// tokenAnswer is what get_token and refresh_token answer. The times are
// durations in seconds (vendor's page "Get Access Token").
type tokenAnswer struct {
	envelope
	AccessToken        string `json:"access_token"`
	AccessTokenExpire  number `json:"access_token_expire_time"`
	RefreshToken       string `json:"refresh_token"`
	RefreshTokenExpire number `json:"refresh_token_expire_time"`
}

// sessionRow is one row of message_session/search. The customer's number, name
// and picture are deliberately not fields of it.
type sessionRow struct {
	ID             number `json:"id"`
	Type           text   `json:"type"`
	IsClose        number `json:"is_close"`
	IsArchived     number `json:"is_archived"`
	Expire         maybe  `json:"expire"`
	Collection     text   `json:"collection"`
	LastMsgID      number `json:"last_msg_id"`
	QueueID        number `json:"queue_id"`
	PickupMemberID number `json:"pickup_member_id"`
}

// rows is a list that some builds call "list" and others "data".
type rows[T any] struct {
	envelope
	List  list[T] `json:"list"`
	Data  list[T] `json:"data"`
	Total number  `json:"total_number"`
}

func (r *rows[T]) all() []T {
	if len(r.List) > 0 {
		return r.List
	}
	return r.Data
}

// queueRow is one message queue, in the list (id and name) and in the query.
type queueRow struct {
	ID             number `json:"id"`
	Name           text   `json:"name"`
	AssignmentMode text   `json:"assignment_mode"`
	// Members is nil where the PBX does not tell them, which is not the same as
	// a queue without any.
	Members []struct {
		Number text `json:"ext_num"`
	} `json:"members"`
}

// extensionRow is one extension; the name of its user is not asked for.
type extensionRow struct {
	Number text `json:"number"`
}

// systemAnswer is what system/information answers, as far as it concerns us.
type systemAnswer struct {
	envelope
	Data struct {
		FirmwareVersion text `json:"firmware_version"`
	} `json:"data"`
}

// joinIDs writes ids as the PBX takes them: "1,2,3".
func joinIDs(ids []int64) string {
	var b []byte
	for i, id := range ids {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, id, 10)
	}
	return string(b)
}
