package yeastar

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"strconv"
)

// number is an integer as the PBX sends it: a JSON number, the same in quotes,
// or nothing at all. The vendor documents integers, yet builds differ.
type number int64

// errKind is what a field ends with whose value is of another kind than T. The JSON
// library adds the name of the field to it. The value, which may be anything, is
// not quoted.
func errKind[T any]() error {
	return &json.UnmarshalTypeError{Value: "value", Type: reflect.TypeFor[T]()}
}

// UnmarshalJSON implements json.Unmarshaler. null and "" are 0.
func (n *number) UnmarshalJSON(text []byte) error {
	if v, ok := digits(text); ok {
		*n = number(v)
		return nil
	}
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
		return errKind[number]()
	}
	*n = number(f)
	return nil
}

// digits reads what almost every number is: some digits and no more. It saves
// the text that the library would make of them.
func digits(text []byte) (v int64, ok bool) {
	const most = 18 // More may not fit into 64 bits.
	if len(text) == 0 || len(text) > most {
		return 0, false
	}
	for _, c := range text {
		if c < '0' || c > '9' {
			return 0, false
		}
		v = v*10 + int64(c-'0')
	}
	return v, true
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

// text is a string as the PBX sends it; a bare number counts as its digits.
type text string

// UnmarshalJSON implements json.Unmarshaler. null is "".
func (t *text) UnmarshalJSON(raw []byte) error {
	raw = bytes.TrimSpace(raw)
	if string(raw) == "null" {
		*t = ""
		return nil
	}
	if len(raw) >= 2 && raw[0] == '"' && bytes.IndexByte(raw, '\\') < 0 {
		*t = word(raw[1 : len(raw)-1])
		return nil
	}
	if len(raw) > 0 && raw[0] == '"' {
		return json.Unmarshal(raw, (*string)(t))
	}
	if _, err := strconv.ParseFloat(string(raw), 64); err != nil {
		return errKind[text]()
	}
	*t = text(raw)
	return nil
}

// shown is a text that is only for show: of another kind, it counts as untold. One
// odd name must not cost the whole list.
type shown string

// UnmarshalJSON implements json.Unmarshaler; it never fails.
func (s *shown) UnmarshalJSON(raw []byte) error {
	var t text
	if t.UnmarshalJSON(raw) != nil {
		t = ""
	}
	*s = shown(t)
	return nil
}

// word makes a text of bytes, without a copy for those that come again and again.
func word(b []byte) text {
	switch string(b) {
	case "":
		return ""
	case "whatsapp":
		return "whatsapp"
	case "facebook":
		return "facebook"
	case "sms":
		return "sms"
	case "livechat":
		return "livechat"
	case "campaign":
		return "campaign"
	default:
		return text(b)
	}
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
	List  []T    `json:"list"`
	Data  []T    `json:"data"`
	Total number `json:"total_number"`
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
	Name           shown  `json:"name"`
	AssignmentMode shown  `json:"assignment_mode"`
	// Members is nil where the PBX does not tell them, which is not the same as
	// a queue without any.
	Members []struct {
		ID          number `json:"id"`
		ExtensionID number `json:"extension_id"`
		Number      text   `json:"ext_num"`
	} `json:"members"`
}

// extensionRow is one extension. The name of its user is a colleague's, not a
// customer's; it is shown only where the configuration asks for names.
type extensionRow struct {
	Number         text  `json:"number"`
	Name           shown `json:"caller_id_name"`
	PresenceStatus shown `json:"presence_status"`
	// Online is untold where the PBX leaves it out or writes it in a form of its own.
	Online online `json:"online_status"`
}

// online tells which clients of an extension are online.
type online struct {
	told    bool
	clients onlineClients
}

type onlineClients struct {
	SIPPhone device `json:"sip_phone"`
	Desktop  device `json:"linkus_desktop"`
	Mobile   device `json:"linkus_mobile"`
	Web      device `json:"linkus_web"`
}

// UnmarshalJSON implements json.Unmarshaler. It never fails: the extensions are
// needed even where nobody can tell which of them are there.
func (o *online) UnmarshalJSON(text []byte) error {
	*o = online{}
	if err := json.Unmarshal(text, &o.clients); err != nil || len(text) == 0 || text[0] != '{' {
		return nil //nolint:nilerr // See above.
	}
	o.told = true
	return nil
}

// device tells whether a client or a telephone of an extension is online.
type device struct {
	Status     number   `json:"status"`
	StatusList []device `json:"status_list"`
}

// channelRow is one message channel with its counts. Its telephone numbers are
// not fields of it.
type channelRow struct {
	ID        number `json:"id"`
	Name      shown  `json:"name"`
	Type      shown  `json:"type"`
	Provider  shown  `json:"channel"`
	Status    shown  `json:"status"`
	Sent      maybe  `json:"sent"`
	Delivered maybe  `json:"delivered"`
	Failed    maybe  `json:"failed"`
	Received  maybe  `json:"received"`
}

// systemAnswer is what system/information answers, as far as it concerns us.
type systemAnswer struct {
	envelope
	Data struct {
		FirmwareVersion shown `json:"firmware_version"`
		// SystemTime is the PBX's own time of day, in the form of its settings.
		SystemTime shown `json:"system_time"`
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
