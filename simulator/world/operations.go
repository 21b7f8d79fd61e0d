package world

import (
	"fmt"
	"slices"
	"strconv"
)

// Opening says how a session begins. Exactly one of QueueID, Extension and API
// says where.
type Opening struct {
	// Medium is what the customer writes through; WhatsApp by default.
	Medium Medium
	// Channel is the id of one of the medium's channels; by default a still world
	// takes the first of them, and a lively one leaves it to chance.
	Channel int
	// QueueID is the queue it waits in.
	QueueID int
	// Extension is the number of the agent it goes straight to.
	Extension string
	// API routes it to the programming interface.
	API bool
	// Outbound tells that we wrote first, and not the customer.
	Outbound bool
	// Campaign tells that a campaign's template wrote first.
	Campaign bool
}

// Open begins a session with a new customer and gives its id.
func (w *World) Open(o Opening) (int64, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s, err := w.open(o)
	if err != nil {
		return 0, fmt.Errorf("open a session: %w", err)
	}
	return s.ID, nil
}

func (w *World) open(o Opening) (*session, error) {
	if o.Medium == "" {
		o.Medium = WhatsApp
	}
	channel, err := w.channelFor(o)
	if err != nil {
		return nil, err
	}
	if err = w.checkPlace(o); err != nil {
		return nil, err
	}
	now := w.second()
	w.lastSession++
	w.opened++
	s := &session{Session: Session{
		ID: w.lastSession, Medium: o.Medium, ChannelID: channel.ID, DID: channel.DID, Customer: canary(o.Medium, w.lastSession),
		QueueID: o.QueueID, Extension: o.Extension, API: o.API, Campaign: o.Campaign, Opened: now,
	}}
	if s.QueueID != 0 {
		s.Entered = now
	}
	w.sessions[s.ID] = s
	r := Record{Kind: KindMessage, Side: SideCustomer, Template: o.Campaign}
	switch {
	case o.Campaign || o.Outbound && o.API:
		r.Side = SideAPI
	case o.Outbound:
		r.Side, r.Number = SideAgent, o.Extension
	}
	w.record(s, r)
	return s, nil
}

func (w *World) checkPlace(o Opening) error {
	places := 0
	if o.QueueID != 0 {
		places++
		if w.queue(o.QueueID) == nil {
			return fmt.Errorf("queue %d: %w", o.QueueID, ErrNotFound)
		}
	}
	if o.Extension != "" {
		places++
		if _, ok := w.agentIndex[o.Extension]; !ok {
			return fmt.Errorf("extension %s: %w", o.Extension, ErrNotFound)
		}
	}
	if o.API {
		places++
	}
	if places != 1 {
		return fmt.Errorf("one of queue, extension and API: %w", ErrNotAllowed)
	}
	return nil
}

// canary makes a customer whose name and number show wherever they leak.
func canary(m Medium, id int64) Customer {
	digits := strconv.FormatInt(id, 10)
	width := 7
	if m == Facebook {
		width = 11 // seventeen digits in all, as Facebook's ids have
	}
	for len(digits) < width {
		digits = "0" + digits
	}
	return Customer{Name: "Canary Customer " + strconv.FormatInt(id, 10), Number: "+999000" + digits}
}

// do runs one operation on a session.
func (w *World) do(what string, id int64, operation func(*session) error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.sessions[id]
	err := ErrNotFound
	if s != nil {
		err = operation(s)
	}
	if err != nil {
		return fmt.Errorf("%s session %d: %w", what, id, err)
	}
	return nil
}

// CustomerWrites adds a message of the customer. A closed session is opened
// again by it: it waits in its queue again, or goes back to its direct owner.
func (w *World) CustomerWrites(id int64) error {
	return w.do("write to", id, func(s *session) error { w.customerWrites(s); return nil })
}

func (w *World) customerWrites(s *session) {
	if s.Closed {
		s.Closed, s.Reason, s.ArchivedBy = false, "", nil
		if s.QueueID != 0 {
			s.MemberID, s.Extension, s.Entered = 0, "", w.second()
		}
	}
	w.record(s, Record{Kind: KindMessage, Side: SideCustomer})
}

// AgentWrites adds an agent's message. The number may be empty where an agent
// has the session; in a queue any member may write, and in a queue of mode auto
// has it from then on.
func (w *World) AgentWrites(id int64, number string) error {
	return w.do("answer", id, func(s *session) error { return w.agentWrites(s, number) })
}

func (w *World) agentWrites(s *session, number string) error {
	switch {
	case s.Closed:
		return ErrClosed
	case s.API:
		return fmt.Errorf("it belongs to the API: %w", ErrNotAllowed)
	case s.Extension != "":
		if number != "" && number != s.Extension {
			return fmt.Errorf("extension %s does not have it: %w", number, ErrNotAllowed)
		}
		number = s.Extension
	default:
		q := w.queue(s.QueueID)
		member := memberOf(q, number)
		if member == 0 {
			return fmt.Errorf("extension %s is not in its queue: %w", number, ErrNotAllowed)
		}
		if q.Mode == ModeAuto {
			s.MemberID, s.Extension, s.PickedUp = member, number, w.second()
		}
	}
	w.record(s, Record{Kind: KindMessage, Side: SideAgent, Number: number})
	return nil
}

// AgentReopens lets an agent write to a closed session, which is opened again by
// it and is then his, without a queue.
func (w *World) AgentReopens(id int64, number string) error {
	return w.do("reopen", id, func(s *session) error { return w.agentReopens(s, number) })
}

func (w *World) agentReopens(s *session, number string) error {
	if !s.Closed {
		return fmt.Errorf("it is open: %w", ErrNotAllowed)
	}
	if _, ok := w.agentIndex[number]; !ok {
		return fmt.Errorf("extension %s: %w", number, ErrNotFound)
	}
	s.Closed, s.Reason, s.ArchivedBy = false, "", nil
	s.QueueID, s.MemberID, s.Extension, s.API = 0, 0, number, false
	w.record(s, Record{Kind: KindMessage, Side: SideAgent, Number: number})
	return nil
}

// APIWrites adds a message that was sent through the programming interface, by
// a bot as a rule.
func (w *World) APIWrites(id int64) error {
	return w.do("write by the API to", id, w.apiWrites)
}

func (w *World) apiWrites(s *session) error {
	if s.Closed {
		return ErrClosed
	}
	if !s.API {
		return fmt.Errorf("it does not belong to the API: %w", ErrNotAllowed)
	}
	w.record(s, Record{Kind: KindMessage, Side: SideAPI})
	return nil
}

// PickUp gives a waiting session to a member of its queue.
func (w *World) PickUp(id int64, memberID int) error {
	return w.do("pick up", id, func(s *session) error { return w.pickUp(s, memberID) })
}

func (w *World) pickUp(s *session, memberID int) error {
	q := w.queue(s.QueueID)
	switch {
	case s.Closed:
		return ErrClosed
	case q == nil || s.MemberID != 0:
		return fmt.Errorf("it does not wait: %w", ErrNotAllowed)
	case q.Mode == ModeNone:
		return fmt.Errorf("queue %d has no pick-up: %w", q.ID, ErrNotAllowed)
	}
	i := slices.IndexFunc(q.Members, func(m Member) bool { return m.ID == memberID })
	if i < 0 {
		return fmt.Errorf("member %d of queue %d: %w", memberID, q.ID, ErrNotFound)
	}
	s.MemberID, s.Extension = memberID, q.Members[i].Number
	w.record(s, Record{Kind: KindPickedUp, Side: SideAgent, Number: s.Extension})
	return nil
}

// TransferToQueue moves a session into a queue, where it waits.
func (w *World) TransferToQueue(id int64, queueID int) error {
	return w.do("transfer", id, func(s *session) error { return w.toQueue(s, queueID) })
}

// HandOver moves a session that the API has into a queue, as a bot does.
func (w *World) HandOver(id int64, queueID int) error {
	return w.do("hand over", id, func(s *session) error {
		if !s.API {
			return fmt.Errorf("it does not belong to the API: %w", ErrNotAllowed)
		}
		return w.toQueue(s, queueID)
	})
}

func (w *World) toQueue(s *session, queueID int) error {
	q := w.queue(queueID)
	if q == nil {
		return fmt.Errorf("queue %d: %w", queueID, ErrNotFound)
	}
	return w.move(s, Session{QueueID: queueID}, Record{Kind: KindQueued, To: q.Name, ToQueue: q.ID})
}

// TransferToExtension moves a session straight to an agent.
func (w *World) TransferToExtension(id int64, number string) error {
	return w.do("transfer", id, func(s *session) error { return w.toExtension(s, number) })
}

func (w *World) toExtension(s *session, number string) error {
	if _, ok := w.agentIndex[number]; !ok {
		return fmt.Errorf("extension %s: %w", number, ErrNotFound)
	}
	return w.move(s, Session{Extension: number}, Record{Kind: KindTransferred, To: number})
}

// TransferToAPI moves a session to the programming interface.
func (w *World) TransferToAPI(id int64) error {
	return w.do("transfer", id, w.toAPI)
}

func (w *World) toAPI(s *session) error {
	return w.move(s, Session{API: true}, Record{Kind: KindTransferred, To: string(API)})
}

// move gives a session a new owner; who had it caused the record.
func (w *World) move(s *session, owner Session, r Record) error {
	if s.Closed {
		return ErrClosed
	}
	r.Side, r.Number, r.FromQueue = SideAgent, s.Extension, s.QueueID
	switch {
	case s.API:
		r.Side = SideAPI
	case s.Extension == "":
		r.Side = SideSystem
	}
	s.QueueID, s.MemberID, s.Extension, s.API = owner.QueueID, 0, owner.Extension, owner.API
	s.ArchivedBy = nil
	w.record(s, r)
	return nil
}

// Archive puts a session away for one viewer, who must see it. It takes no
// record, so the last message id stays.
func (w *World) Archive(id int64, v Viewer) error {
	return w.do("archive", id, func(s *session) error { return w.archive(s, v) })
}

func (w *World) archive(s *session, v Viewer) error {
	if !slices.Contains(w.viewers(s), v) {
		return fmt.Errorf("viewer %s does not see it: %w", v, ErrNotAllowed)
	}
	if !s.IsArchivedBy(v) {
		s.ArchivedBy = append(s.ArchivedBy, v)
	}
	return nil
}

// Unarchive takes a session out again for one viewer.
func (w *World) Unarchive(id int64, v Viewer) error {
	return w.do("unarchive", id, func(s *session) error {
		s.ArchivedBy = slices.DeleteFunc(s.ArchivedBy, func(have Viewer) bool { return have == v })
		return nil
	})
}

// Close ends an open session for a reason.
func (w *World) Close(id int64, why Reason) error {
	return w.do("close", id, func(s *session) error { return w.close(s, why) })
}

func (w *World) close(s *session, why Reason) error {
	if s.Closed {
		return ErrClosed
	}
	r := Record{Kind: KindClosed, Side: SideSystem, Reason: why}
	switch {
	case why == ByCustomer:
		r.Side = SideCustomer
	case why == ByAgent && s.API:
		r.Side = SideAPI
	case why == ByAgent:
		r.Side, r.Number = SideAgent, s.Extension
		if q := w.queue(s.QueueID); r.Number == "" && q != nil && len(q.Members) > 0 {
			r.Number = q.Members[0].Number // it waits: one of those who see it does so
		}
	}
	s.Closed, s.Reason = true, why
	w.record(s, r)
	return nil
}
