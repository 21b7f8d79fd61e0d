package superoffice

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"

	"conversation_exporter/conversation"
)

// messageType is who a message is for (vendor's enum ChatMessageType).
type messageType int64

const (
	typeToCustomer messageType = 1
	typeToUser     messageType = 2
)

// special is what else a message is (vendor's enum ChatMessageSpecialType; one of
// its names is misspelt).
type special int64

const (
	specialNone             special = 0
	specialURL              special = 2
	specialTransferred      special = 6
	specialDeleted          special = 8
	specialClosedByUser     special = 10
	specialClosedByCustomer special = 11
	specialClosedByIdle     special = 12
	specialReopened         special = 14
	specialBotMessage       special = 16
	specialOptions          special = 17
	// specialOther is any that says nothing to us, also one that is not known.
	specialOther special = -1
)

// typeOf reads the type by its name or number; 0 for any other.
func typeOf(s scalar) messageType {
	if n, told := s.number(); told {
		return messageType(n)
	}
	switch strings.ToLower(s.text) {
	case "tocustomer":
		return typeToCustomer
	case "touser":
		return typeToUser
	default:
		return 0
	}
}

// specialOf does so for the special type. One that is not told is none.
func specialOf(s scalar) special {
	if !s.told {
		return specialNone
	}
	if n, told := s.number(); told {
		return special(n)
	}
	switch strings.ToLower(s.text) {
	case "none":
		return specialNone
	case "url":
		return specialURL
	case "transferedsession", "transferredsession":
		return specialTransferred
	case "sessiondeleted":
		return specialDeleted
	case "closedbyuser":
		return specialClosedByUser
	case "closedbycustomer":
		return specialClosedByCustomer
	case "closedbyidle":
		return specialClosedByIdle
	case "reopenedbycustomer":
		return specialReopened
	case "botmessage":
		return specialBotMessage
	case "options":
		return specialOptions
	default:
		return specialOther
	}
}

// errNoMessageID is what a session ends with whose messages cannot be told apart.
var errNoMessageID = errors.New("a message of the answer has no ChatMessageId")

// ahead is by how much what a person writes may lie in the future by our clock: the
// difference of the clocks is corrected beyond skewLeast only, and then in whole seconds
// as it was first told. A bot's message lies there by minutes.
const ahead = 2 * skewLeast

// recordOf is rules R15 to R17 for one message. What happens to a session is told
// by the special type, whomever the message is for.
func recordOf(row *messageRow, d dates) (conversation.Record, error) {
	r := conversation.Record{ID: row.ID.id(), At: d.at(row.Posted.text)}
	if r.ID == 0 {
		return r, errNoMessageID
	}
	to, kind := typeOf(row.Type), specialOf(row.SpecialType)
	if read, told := row.ReadByCustomer.number(); told && to == typeToCustomer {
		r.ReadByCustomer = conversation.ReceiptUnread
		if read != 0 {
			r.ReadByCustomer = conversation.ReceiptRead
		}
	}
	switch {
	case kind == specialTransferred:
		r.Kind, r.To = conversation.KindTransferred, conversation.ToAgent
	case kind == specialClosedByUser:
		r.Kind, r.Reason = conversation.KindClosed, conversation.ClosedByAgent
	case kind == specialClosedByCustomer:
		r.Kind, r.Reason = conversation.KindClosed, conversation.ClosedByCustomer
	case kind == specialClosedByIdle:
		r.Kind, r.Reason = conversation.KindClosed, conversation.ClosedByTimeout
	case kind == specialDeleted:
		r.Kind, r.Reason = conversation.KindClosed, conversation.ClosedOtherwise
	case kind == specialReopened:
		r.Kind = conversation.KindReopened
	case to == typeToUser:
		r.Kind, r.Sender = conversation.KindMessage, conversation.SenderCustomer
	case kind == specialBotMessage, kind == specialOptions:
		byBot(&r, d.now)
	case to == typeToCustomer && (kind == specialNone || kind == specialURL):
		if r.Kind, r.Sender, r.Human = conversation.KindMessage, conversation.SenderAgent, true; r.At.After(d.now.Add(ahead)) {
			byBot(&r, d.now)
		}
	}
	return r, nil
}

// byBot makes a record a bot's message. A bot may set when its message is to be shown,
// even in the future, and it was written all the same.
func byBot(r *conversation.Record, now time.Time) {
	r.Kind, r.Sender, r.Human = conversation.KindMessage, conversation.SenderBot, false
	if r.At.After(now) {
		r.At = now
	}
}

// recordsOf puts the messages of one session into order, each once. A message whose
// time cannot be read is as old as the one before it.
func recordsOf(rows []messageRow, d dates) ([]conversation.Record, error) {
	records := make([]conversation.Record, 0, len(rows))
	for i := range rows {
		r, err := recordOf(&rows[i], d)
		if err != nil {
			return nil, err
		}
		records = append(records, r)
	}
	slices.SortStableFunc(records, func(a, b conversation.Record) int { return cmp.Compare(a.ID, b.ID) })
	records = slices.CompactFunc(records, func(a, b conversation.Record) bool { return a.ID == b.ID })
	fillTimes(records, d.now)
	return records, nil
}

// fillTimes gives each record without a time that of the one before it, and those at
// the head that of the first which has one; or now, where that lies in the future, as a
// record that is none of a message's may.
func fillTimes(records []conversation.Record, now time.Time) {
	last := now
	if i := slices.IndexFunc(records, func(r conversation.Record) bool { return !r.At.IsZero() }); i >= 0 {
		last = records[i].At
	}
	for i := range records {
		if records[i].At.IsZero() {
			records[i].At = last
			if last.After(now) {
				records[i].At = now
			}
		}
		last = records[i].At
	}
}
