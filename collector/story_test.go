package collector

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"conversation_exporter/conversation"
)

// story is a bench with sessions in which something is said. Each record gets the
// next id of the system and the time of the bench's clock.
type story struct {
	*bench
	next int64
}

func newStory() *story {
	s := &story{bench: newBench(groupSessions, groupMessages), next: 1000}
	s.records = make(map[int64][]conversation.Record)
	s.queues = []conversation.Queue{}
	return s
}

// open lists a session.
func (s *story) open(id int64, change func(*conversation.Session)) {
	listed := session(id, "whatsapp")
	if change != nil {
		change(&listed)
	}
	s.sessions = append(s.sessions, listed)
}

// waits makes a session wait in a queue.
func waits(listed *conversation.Session) {
	listed.State, listed.Queue = conversation.StateQueued, conversation.Queue{ID: 3, Name: "Support"}
}

// at returns the listed session.
func (s *story) at(id int64) *conversation.Session {
	for i := range s.sessions {
		if s.sessions[i].ID == id {
			return &s.sessions[i]
		}
	}
	return nil
}

// leave takes a session off the list of the open ones.
func (s *story) leave(id int64) conversation.Session {
	for i := range s.sessions {
		if listed := s.sessions[i]; listed.ID == id {
			s.sessions = append(s.sessions[:i:i], s.sessions[i+1:]...)
			return listed
		}
	}
	return conversation.Session{}
}

// end moves a session to the list of the closed ones.
func (s *story) end(id int64, reason conversation.CloseReason) {
	s.add(id, conversation.Record{Kind: conversation.KindClosed, Reason: reason})
	listed := s.leave(id)
	listed.LastMessage = s.next
	if listed.ShownBy == nil {
		listed.ShownBy = conversation.NewViewerSet(viewer)
	}
	s.ended = append(s.ended, listed)
}

// add adds a record and returns its id.
func (s *story) add(id int64, r conversation.Record) int64 {
	s.next++
	r.ID = s.next
	if r.At.IsZero() {
		r.At = s.clock.now()
	}
	s.records[id] = append(s.records[id], r)
	return r.ID
}

func (s *story) customer(id int64) int64 {
	return s.add(id, conversation.Record{Kind: conversation.KindMessage, Sender: conversation.SenderCustomer})
}

func (s *story) agent(id int64) int64 {
	return s.add(id, conversation.Record{Kind: conversation.KindMessage, Sender: conversation.SenderAgent, Human: true, Delivery: conversation.DeliverySent})
}

// sending adds an agent's message that is under way.
func (s *story) sending(id int64) int64 {
	return s.add(id, conversation.Record{Kind: conversation.KindMessage, Sender: conversation.SenderAgent, Human: true, Delivery: conversation.DeliverySending})
}

// deliver ends the sending of a message, well or with a failure.
func (s *story) deliver(id, record int64, failure string) {
	for i := range s.records[id] {
		if r := &s.records[id][i]; r.ID == record {
			r.Delivery, r.Failure = conversation.DeliverySent, failure
			if failure != "" {
				r.Delivery = conversation.DeliveryFailed
			}
		}
	}
}

func (s *story) pickUp(id int64) {
	s.add(id, conversation.Record{Kind: conversation.KindPickedUp})
	s.at(id).State = conversation.StateAssigned
}

// is makes a pass after the given time and holds samples against what they must
// be: each is a part of a line of the exposition and its value; "" means absent.
func (s *story) is(t *testing.T, after time.Duration, want map[string]string) prometheus.Collector {
	t.Helper()
	s.clock.advance(after)
	c := s.scrape()
	if len(s.target.ledger.events) > 0 {
		c = s.scrape() // A place that is new shows its zeros first.
	}
	holds(t, c, want)
	return c
}

// holds compares samples; a name is that of a metric, its labels follow in braces.
func holds(t *testing.T, c prometheus.Collector, want map[string]string) {
	t.Helper()
	for what, value := range want {
		name, labels, _ := strings.Cut(strings.TrimSuffix(what, "}"), "{")
		var all []string
		if labels != "" {
			all = strings.Split(labels, ",")
		}
		if got := sample(t, c, name, all); got != value {
			t.Errorf("%s is %q, want %q", what, got, value)
		}
	}
}

// sample returns the value of one line; the name may be that of a histogram's
// count or sum.
func sample(t *testing.T, c prometheus.Collector, name string, labels []string) string {
	t.Helper()
	family := name
	for _, suffix := range []string{"_count", "_sum", "_bucket"} {
		if strings.HasSuffix(name, "seconds"+suffix) {
			family = strings.TrimSuffix(name, suffix)
		}
	}
	if family != name {
		labels = append([]string{name + "{"}, labels...)
	}
	v, _ := value(t, c, "conversation_"+family, labels...)
	return v
}

// cancelled makes a pass that nobody waits for any more.
func (s *story) cancelled(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	during := s.during
	s.during = func(pass context.Context) { cancel(); <-pass.Done() }
	defer func() { s.during = during }()
	s.collector.Scrape(ctx, Request{Arrived: time.Now()})
}
