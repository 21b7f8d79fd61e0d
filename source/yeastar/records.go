package yeastar

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"conversation_exporter/conversation"
)

// msgRecord is the vendor's Msg_Record (pages "Query Messages in a Message
// Session" and "Query Messages in Multiple Message Sessions"). The text, its
// files, and the sender's name, number and picture are deliberately not fields
// of it. A field that is not of the documented kind fails nothing: one odd record
// must not take away those of fifty sessions.
type msgRecord struct {
	SessionID      loose      `json:"session_id"`
	MsgID          loose      `json:"msg_id"`
	DeliveryStatus loose      `json:"delivery_status"`
	Sender         senderType `json:"sender"`
	MsgKind        loose      `json:"msg_kind"`
	MsgType        loose      `json:"msg_type"`
	SendTime       loose      `json:"send_time"`
	ReceiveTime    loose      `json:"receive_time"`
	Param          move       `json:"param"`
	SendError      sendError  `json:"send_error"`
}

// The values of msg_type. 4 is a notice that a type of message is not supported,
// 8 is one about a call; neither says or moves anything.
const (
	typeMessage       = 0
	typeTransferred   = 1
	typeClosedAgent   = 2
	typeClosedTimeout = 3
	typePickedUp      = 5
	typeQueued        = 6
	typeClosedVisitor = 7
)

// The values of user_type: whom a record is from. 6 and 7 are not documented.
const (
	userExtension = 1
	userSMS       = 2
	userWhatsApp  = 3
	userFacebook  = 4
	userLivechat  = 5
	userRecipient = 8
	userAPI       = 9
)

// loose is a number that may be anything: what is none is -1, which no field of a
// record means anything by.
type loose struct{ maybe }

// UnmarshalJSON implements json.Unmarshaler; it never fails.
func (l *loose) UnmarshalJSON(raw []byte) error {
	if l.maybe.UnmarshalJSON(raw) != nil {
		l.maybe = maybe{n: -1, told: true}
	}
	return nil
}

// senderType is the user_type of a sender, all that is taken of him.
type senderType struct{ loose }

// UnmarshalJSON implements json.Unmarshaler; it never fails.
func (s *senderType) UnmarshalJSON(raw []byte) error {
	var sender struct {
		UserType loose `json:"user_type"`
	}
	if json.Unmarshal(raw, &sender) == nil {
		s.loose = sender.UserType
	}
	return nil
}

// sendError is why a message could not be delivered: a word of the vendor's enum
// (page "Query Messages in a Message Session"), "other", or nothing.
type sendError string

// failureOther stands for what is not in the enum, which may be any text.
const failureOther = "other"

// UnmarshalJSON implements json.Unmarshaler; it never fails.
func (e *sendError) UnmarshalJSON(raw []byte) error {
	var word text
	switch err := word.UnmarshalJSON(raw); {
	case err == nil && word == "":
		*e = ""
	case err == nil && slices.Contains(sendErrors(), sendError(word)):
		*e = sendError(word)
	default:
		*e = failureOther
	}
	return nil
}

// failures are the reasons by which failed messages are counted.
func failures() []string {
	list := make([]string, 0, len(sendErrors())+1)
	for _, reason := range sendErrors() {
		list = append(list, string(reason))
	}
	return append(list, failureOther)
}

// sendErrors is the vendor's enum.
func sendErrors() []sendError {
	return []sendError{
		"invalid_webhook_request", "unsupported_callback_type", "resource_not_found", "invalid_did_number", "auth_fail",
		"auth_not_exit", "request_fail", "send_fail", "exceeds_size_limit", "too_many_request", "unsupport_media_type",
		"invalid_param", "invalid_phone_number", "exceeds_time_limit", "service_unavailable", "service_error",
		"unknown_error", "template_not_exist", "msg_exceed",
	}
}

// threadRow is one session's records. The list of one session may come as an
// object by itself or as a list of one.
type threadRow struct {
	SessionID loose      `json:"session_id"`
	Records   recordList `json:"records"`
}

// recordList is a list of records; some encoders write an empty one as {}.
type recordList []msgRecord

// UnmarshalJSON implements json.Unmarshaler.
func (l *recordList) UnmarshalJSON(raw []byte) error {
	return unmarshalList(raw, (*[]msgRecord)(l))
}

// threadRows is a list of threads, or a single one.
type threadRows []threadRow

// UnmarshalJSON implements json.Unmarshaler.
func (l *threadRows) UnmarshalJSON(raw []byte) error {
	if raw = bytes.TrimSpace(raw); len(raw) > 0 && raw[0] == '{' && !emptyObject(raw) {
		*l = make(threadRows, 1)
		return json.Unmarshal(raw, &(*l)[0])
	}
	return unmarshalList(raw, (*[]threadRow)(l))
}

// unmarshalList reads a list; null, "" and {} are empty ones.
func unmarshalList[T any](raw []byte, list *[]T) error {
	if raw = bytes.TrimSpace(raw); string(raw) == `""` || emptyObject(raw) {
		*list = nil
		return nil
	}
	return json.Unmarshal(raw, list)
}

func emptyObject(raw []byte) bool {
	return len(raw) >= 2 && raw[0] == '{' && len(bytes.TrimSpace(raw[1:len(raw)-1])) == 0
}

// threadsAnswer is what message/get and message/query answer.
type threadsAnswer struct {
	envelope
	Data threadRows `json:"data"`
	List threadRows `json:"list"`
}

func (a *threadsAnswer) all() threadRows {
	if len(a.Data) > 0 {
		return a.Data
	}
	return a.List
}

// bySession gives the records of each session, and how many there are in all.
func (a *threadsAnswer) bySession() (lists map[int64][]msgRecord, total int) {
	lists = make(map[int64][]msgRecord)
	for _, row := range a.all() {
		total += len(row.Records)
		if session := row.SessionID.n; session > 0 {
			lists[session] = append(lists[session], row.Records...)
			continue
		}
		for _, rec := range row.Records {
			lists[rec.SessionID.n] = append(lists[rec.SessionID.n], rec)
		}
	}
	return lists, total
}

// errNoRecordID is what a session ends with whose records cannot be told apart.
var errNoRecordID = errors.New("a record of the answer has no msg_id")

// decoder puts records into conversation's words.
type decoder struct {
	// automation is true where what the API writes is written by a program.
	automation bool
	// skew is by how much the clock of the PBX is ahead of ours.
	skew time.Duration
}

// skewLeast is the difference of the clocks beyond which times are corrected
// (R34). The header that tells it has whole seconds, and answers take time.
const skewLeast = 5 * time.Second

func (s *Source) newDecoder() decoder {
	d := decoder{automation: s.opts.APIDestination == DestinationAutomation}
	if skew, told := s.client.Skew(); told && skew.Abs() > skewLeast {
		d.skew = skew
	}
	return d
}

// record is rules R9 to R11 for one record. A msg_type that is not told is 0: an
// encoder that leaves out zeros would leave out this one.
func (d decoder) record(in *msgRecord) (conversation.Record, error) {
	if in.MsgID.n <= 0 {
		return conversation.Record{}, errNoRecordID
	}
	r := conversation.Record{ID: in.MsgID.n, At: d.at(in.SendTime, in.ReceiveTime)}
	switch in.MsgType.n {
	case typeMessage:
		d.message(&r, in)
	case typeTransferred:
		r.Kind, r.ByBot = conversation.KindTransferred, d.byBot(in)
		switch in.Param.to {
		case partyAPI:
			r.To, r.ToBot = conversation.ToAPI, d.automation
		case partyExtension:
			r.To = conversation.ToAgent
		}
	case typeQueued:
		r.Kind, r.ByBot, r.To = conversation.KindQueued, d.byBot(in), conversation.ToQueue
	case typePickedUp:
		r.Kind = conversation.KindPickedUp
	case typeClosedAgent:
		r.Kind, r.Reason = conversation.KindClosed, conversation.ClosedByAgent
	case typeClosedTimeout:
		r.Kind, r.Reason = conversation.KindClosed, conversation.ClosedByTimeout
	case typeClosedVisitor:
		r.Kind, r.Reason = conversation.KindClosed, conversation.ClosedByCustomer
	}
	return r, nil
}

// message fills in what only messages have. One from a sender that is not
// documented stays of KindOther: it starts and stops nothing (R9).
func (d decoder) message(r *conversation.Record, in *msgRecord) {
	switch in.Sender.n {
	case userSMS, userWhatsApp, userFacebook, userLivechat, userRecipient:
		r.Sender = conversation.SenderCustomer
		r.At = d.at(in.ReceiveTime, in.SendTime)
	case userExtension:
		r.Sender, r.Human = conversation.SenderAgent, true
	case userAPI:
		r.Sender, r.Human = conversation.SenderAPI, !d.automation
	default:
		return
	}
	r.Kind = conversation.KindMessage
	r.Template = in.MsgKind.n == 1
	if r.Sender == conversation.SenderCustomer || !in.DeliveryStatus.told {
		return
	}
	switch in.DeliveryStatus.n {
	case 0:
		r.Delivery = conversation.DeliverySending
	case 1:
		r.Delivery = conversation.DeliverySent
	case 2:
		r.Delivery, r.Failure = conversation.DeliveryFailed, string(in.SendError)
		if r.Failure == "" {
			r.Failure = failureOther
		}
	}
}

// byBot reports whether a move's own record says that an automation made it. The
// vendor does not say who the sender of such a record is, so either will do.
func (d decoder) byBot(in *msgRecord) bool {
	return d.automation && (in.Sender.n == userAPI || in.Param.from == partyAPI)
}

// at is the first of two times that is told, by our clock; zero where neither is.
func (d decoder) at(first, second loose) time.Time {
	const latest = 253402300799 // The end of the year 9999; more would overflow.
	for _, t := range []loose{first, second} {
		if t.n > 0 {
			return time.Unix(min(t.n, latest), 0).Add(-d.skew)
		}
	}
	return time.Time{}
}

// fillTimes gives each record without a time that of the record before it, which
// it cannot be older than; the first ones that of the record after them, and
// where no record tells any, our clock at the answer. So it is never 1970, and
// never a time at which it cannot have happened.
func fillTimes(records []conversation.Record, readAt time.Time) {
	last := readAt
	if i := slices.IndexFunc(records, func(r conversation.Record) bool { return !r.At.IsZero() }); i >= 0 {
		last = records[i].At
	}
	for i := range records {
		if records[i].At.IsZero() {
			records[i].At = last
		}
		last = records[i].At
	}
}
