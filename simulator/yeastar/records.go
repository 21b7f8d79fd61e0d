package yeastar

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"conversation_exporter/simulator/world"
)

// msgRecord is the vendor's Msg_Record, from the page "Query Messages in a
// Message Session".
type msgRecord struct {
	SessionID        int64    `json:"session_id"`
	MsgID            int64    `json:"msg_id"`
	DeliveryStatus   int      `json:"delivery_status"`
	Sender           userInfo `json:"sender"`
	MsgType          int      `json:"msg_type"`
	MsgKind          int      `json:"msg_kind"`
	MsgBody          string   `json:"msg_body"`
	MsgFiles         string   `json:"msg_files"`
	SendTime         int64    `json:"send_time"`
	ReceiveTime      int64    `json:"receive_time"`
	Param            string   `json:"param"`
	SendError        string   `json:"send_error"`
	SendErrorMsg     string   `json:"send_error_msg"`
	Tag              string   `json:"tag"`
	WhatsAppMsgParam string   `json:"whatsapp_msg_param"`
}

// The values of msg_type that a world gives rise to.
const (
	typeMessage     = 0
	typeTransferred = 1
	typeClosed      = 2
	typeTimedOut    = 3
	typePickedUp    = 5
	typeQueued      = 6
	typeVisitorLeft = 7
)

// The values of user_type of those who are no customers.
const (
	senderExtension = 1
	senderAPI       = 9
)

// writer puts records into the vendor's form.
type writer struct {
	switches Switches
	agents   map[string]world.Agent
}

func (s *Server) newWriter(c *call) *writer {
	w := &writer{switches: c.switches, agents: make(map[string]world.Agent)}
	for _, a := range s.world.Agents() {
		w.agents[a.Number] = a
	}
	return w
}

func (w *writer) thread(t *world.Thread) threadInfo { return w.bound(t.Session.ID, w.records(t)) }

// bound puts records, the newest first, under their session and in the order
// that is shown.
func (w *writer) bound(id int64, records []msgRecord) threadInfo {
	if w.switches.MessagesOldestFirst {
		slices.Reverse(records)
	}
	if len(records) == 0 && w.switches.NullLists {
		records = nil
	}
	return threadInfo{SessionID: id, Records: records}
}

func (w *writer) records(t *world.Thread) []msgRecord {
	list := make([]msgRecord, 0, len(t.Records))
	for i := range t.Records {
		list = append(list, w.record(&t.Session, &t.Records[i]))
	}
	return list
}

func (w *writer) record(s *world.Session, r *world.Record) msgRecord {
	at := r.At.Add(w.switches.ClockSkew).Unix()
	m := msgRecord{
		SessionID: r.Session, MsgID: r.ID, DeliveryStatus: deliveryStatus(r.Delivery), Sender: w.sender(s, r),
		MsgType: msgType(r), MsgKind: flag(r.Template), MsgBody: fmt.Sprintf("canary text of message %d", r.ID),
		SendTime: at, ReceiveTime: at, Param: w.param(r), SendError: r.Failure,
	}
	if w.switches.NoReceiveTime {
		m.ReceiveTime = 0
	}
	if r.Kind != world.KindMessage {
		m.MsgBody = fmt.Sprintf("canary notice %d", r.ID)
	}
	if r.Failure != "" {
		m.SendErrorMsg = "canary provider: " + r.Failure
	}
	return m
}

func deliveryStatus(d world.Delivery) int {
	const sending, sent, failed = 0, 1, 2
	switch d {
	case world.Sending:
		return sending
	case world.Failed:
		return failed
	default: // what is no message to the customer has arrived by being there
		return sent
	}
}

func msgType(r *world.Record) int {
	switch r.Kind {
	case world.KindTransferred:
		return typeTransferred
	case world.KindQueued:
		return typeQueued
	case world.KindPickedUp:
		return typePickedUp
	case world.KindClosed:
		switch r.Reason {
		case world.ByCustomer:
			return typeVisitorLeft
		case world.ByTimeout:
			return typeTimedOut
		default:
			return typeClosed
		}
	default:
		return typeMessage
	}
}

// sender is who caused a record. The vendor does not say who that is for what
// happens to a session.
func (w *writer) sender(s *world.Session, r *world.Record) userInfo {
	switch kind := msgType(r); kind {
	case typeTransferred, typeTimedOut, typePickedUp, typeQueued:
		if w.switches.MovesBySystem {
			return userInfo{}
		}
	}
	switch r.Side {
	case world.SideCustomer:
		return userInfo{UserNo: s.Customer.Number, UserType: userType(s), Username: s.Customer.Name}
	case world.SideAgent:
		return w.agent(r.Number)
	case world.SideAPI:
		return userInfo{UserNo: string(world.API), UserType: senderAPI}
	default:
		return userInfo{}
	}
}

func (w *writer) agent(number string) userInfo {
	a := w.agents[number]
	return userInfo{UserID: a.ID, UserNo: number, UserType: senderExtension, Username: a.Name}
}

// party is one end of a transfer: a user, or a queue.
type party struct {
	UserType int    `json:"user_type,omitempty"`
	UserNo   string `json:"user_no,omitempty"`
	Type     string `json:"type,omitempty"`
	ID       int    `json:"id,omitempty"`
	Name     string `json:"name,omitempty"`
}

// param tells who moved a session whither, as text that holds JSON.
func (w *writer) param(r *world.Record) string {
	const queue = "queue"
	if w.switches.NoParam || r.Kind != world.KindTransferred && r.Kind != world.KindQueued {
		return ""
	}
	var ends struct {
		From party `json:"from"`
		To   party `json:"to"`
	}
	switch {
	case r.Side == world.SideAgent:
		ends.From = party{UserType: senderExtension, UserNo: r.Number}
	case r.Side == world.SideAPI:
		ends.From = party{UserType: senderAPI, UserNo: string(world.API)}
	case r.FromQueue != 0:
		ends.From = party{Type: queue, ID: r.FromQueue}
	}
	switch {
	case r.Kind == world.KindQueued:
		ends.To = party{Type: queue, ID: r.ToQueue, Name: r.To}
	case r.To == string(world.API):
		ends.To = party{UserType: senderAPI, UserNo: r.To}
	default:
		ends.To = party{UserType: senderExtension, UserNo: r.To}
	}
	text, err := json.Marshal(ends)
	if err != nil {
		return ""
	}
	return string(text)
}

// clock is the PBX's own clock, which may be ahead of the world's.
func (c *call) clock() time.Time { return c.now.Add(c.switches.ClockSkew) }
