package collector

import (
	"testing"
	"time"

	"conversation_exporter/conversation"
)

// What the message metrics say of a session that a status leads.
func TestASessionThatAStatusLeadsTellsAStory(t *testing.T) {
	d := newDesk()
	d.is(t, 0, map[string]string{
		`messages_total{channel="chat",sender="customer"}`:             "0",
		`open_sessions{channel="chat",queue="Support",state="queued"}`: "0", `customer_unread_messages{queue="Support"}`: "0",
	})
	d.clock.advance(30 * time.Second)
	d.arrive(7)
	d.writes(7)
	d.is(t, 30*time.Second, map[string]string{
		`unanswered_sessions{queue="Support",state="queued",age="lt_5m"}`: "1", `queued_oldest_timestamp_seconds{queue="Support"}`: "1.77244203e+09",
		`unanswered_oldest_timestamp_seconds{queue="Support",state="queued"}`: "1.77244203e+09", `unread_messages{queue="Support"}`: "1",
		`started_sessions_total{queue="Support",origin="regular"}`: "1", `messages_total{sender="customer"}`: "1",
		`idle_next_expiry_timestamp_seconds`: "", `scrape_collector_partial{collector="messages"}`: "0", `scrape_pending_sessions`: "0",
	})
	d.taken(7)
	d.clock.advance(10 * time.Second)
	d.answers(7)
	d.is(t, 20*time.Second, map[string]string{
		`unanswered_sessions{state="queued",age="lt_5m"}`: "0", `queued_oldest_timestamp_seconds`: "", `unread_messages{queue="Support"}`: "0",
		`pickup_seconds_sum{queue="Support"}`: "30", `pickup_seconds_count{queue="Support"}`: "1",
		`first_response_seconds_sum{queue="Support"}`: "40", `response_seconds_count{queue="Support"}`: "1",
		`customer_unread_messages{channel="chat",queue="Support"}`: "1",
		// 9:01:10 and twenty minutes.
		`idle_next_expiry_timestamp_seconds{channel="chat",queue="Support",awaiting="customer"}`: "1.77244327e+09",
	})
	d.reads(7)
	d.writes(7)
	d.is(t, 5*time.Minute, map[string]string{
		`unanswered_sessions{state="assigned",age="5m_15m"}`: "1", `customer_unread_messages{queue="Support"}`: "0",
		`idle_next_expiry_timestamp_seconds{awaiting="customer"}`: "", `idle_next_expiry_timestamp_seconds{awaiting="agent"}`: "1.77244329e+09",
	})
	d.ends(7, conversation.ClosedByAgent, "")
	d.is(t, time.Minute, map[string]string{
		`open_sessions{state="assigned"}`: "0", `closed_sessions_total{queue="Support",reason="agent",awaiting="agent"}`: "1",
		`idle_next_expiry_timestamp_seconds`: "", `pickup_seconds_count{queue="Support"}`: "1",
	})
}

// The status decides whose turn it is, the messages decide only since when. Where they
// do not tell that, the session is pending and not unanswered (R14).
func TestR14TheStatusDecides(t *testing.T) {
	d := newDesk()
	d.is(t, 0, nil)
	d.arrive(1)
	d.writes(1)
	d.taken(1)
	d.answers(1)
	d.chats[1].Awaiting = conversation.AwaitingAgent // The answer came after the listing.
	d.is(t, time.Minute, map[string]string{
		`unanswered_sessions{state="assigned",age="lt_5m"}`: "", `unanswered_oldest_timestamp_seconds`: "", `scrape_pending_sessions`: "1",
		`scrape_collector_success{collector="messages"}`: "1", `scrape_collector_partial{collector="messages"}`: "1",
	})
	d.chats[1].Awaiting = conversation.AwaitingCustomer
	d.is(t, time.Minute, map[string]string{
		`unanswered_sessions{state="assigned",age="lt_5m"}`: "0", `scrape_pending_sessions`: "0", `scrape_collector_partial{collector="messages"}`: "0",
	})
	// A message that came after the listing does not make it the agent's turn.
	d.writes(1)
	d.chats[1].Awaiting = conversation.AwaitingCustomer
	d.is(t, time.Minute, map[string]string{`unanswered_sessions{state="assigned",age="lt_5m"}`: "0", `unread_messages{queue="Support"}`: "0"})
}

// Who has asked for a conversation and written nothing waits since he asked (R15).
func TestR15TheRequestIsTheClock(t *testing.T) {
	d := newDesk()
	d.is(t, 0, nil)
	d.clock.advance(time.Second)
	d.arrive(1)
	d.add(1, conversation.Record{}) // a notice
	d.is(t, time.Minute, map[string]string{
		`unanswered_oldest_timestamp_seconds{state="queued"}`: "1.772442001e+09", `unread_messages{queue="Support"}`: "0",
		`unanswered_sessions{state="queued",age="lt_5m"}`: "1", `started_sessions_total{queue="Support",origin="regular"}`: "1",
	})
	d.writes(1)
	d.is(t, time.Minute, map[string]string{`unanswered_oldest_timestamp_seconds{state="queued"}`: "1.772442061e+09", `unread_messages{queue="Support"}`: "1"})
	// The first answer to a request is a first response, too.
	d.arrive(2)
	d.add(2, conversation.Record{})
	d.clock.advance(15 * time.Second)
	d.taken(2)
	d.answers(2)
	d.is(t, time.Minute, map[string]string{`first_response_seconds_sum{queue="Support"}`: "15"})
}

// Entered is the later of the request and the last pass that saw another state, and the
// pick-up is what the list says (R16).
func TestR16QueueAndPickUp(t *testing.T) {
	d := newDesk()
	d.is(t, 0, nil)
	d.arrive(1)
	d.bot(1)
	d.is(t, time.Minute, map[string]string{`unanswered_sessions{state="queued",age="lt_5m"}`: "0", `bot_handovers_total{queue="Support"}`: "0"})
	d.is(t, time.Minute, nil) // 9:02
	d.clock.advance(30 * time.Second)
	d.waits(1)
	d.writes(1) // 9:02:30
	d.is(t, 30*time.Second, map[string]string{
		`queued_oldest_timestamp_seconds{queue="Support"}`: "1.77244212e+09", `bot_handovers_total{queue="Support"}`: "1",
		`unanswered_oldest_timestamp_seconds{state="queued"}`: "1.77244215e+09",
	})
	d.clock.advance(time.Minute)
	d.taken(1) // 9:04
	d.answers(1)
	d.is(t, time.Minute, map[string]string{
		`pickup_seconds_sum{queue="Support"}`: "120", `pickup_seconds_count{queue="Support"}`: "1", `bot_handovers_total{queue="Support"}`: "1",
		`first_response_seconds_sum{queue="Support"}`: "90",
	})
	// Put back into the queue, it is picked up again.
	d.waits(1)
	d.is(t, time.Minute, map[string]string{`queued_oldest_timestamp_seconds{queue="Support"}`: "1.7724423e+09"})
	d.clock.advance(30 * time.Second)
	d.taken(1)
	d.is(t, 30*time.Second, map[string]string{`pickup_seconds_sum{queue="Support"}`: "210", `pickup_seconds_count{queue="Support"}`: "2"})
	d.is(t, time.Minute, map[string]string{`pickup_seconds_count{queue="Support"}`: "2"})
}

// The clock of who was with a bot begins with what came last: his first message, the
// bot's last, or the last pass that saw the bot have him (R16).
func TestR16TheClockOfAHandOver(t *testing.T) {
	for name, tc := range map[string]struct {
		write, bot, pass time.Duration // before the hand-over
		want             string
	}{
		"the pass":        {50 * time.Second, 40 * time.Second, 10 * time.Second, "1.77244211e+09"},
		"the bot":         {50 * time.Second, 20 * time.Second, 30 * time.Second, "1.7724421e+09"},
		"the first words": {5 * time.Second, 20 * time.Second, 30 * time.Second, "1.772442115e+09"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk()
			d.is(t, 0, nil)
			d.arrive(1)
			d.bot(1)
			handOver := start().Add(2 * time.Minute)
			for before := 60 * time.Second; before > 0; before -= time.Second {
				d.clock.advance(handOver.Add(-before).Sub(d.clock.now()))
				if before == tc.write {
					d.writes(1)
				}
				if before == tc.bot {
					d.bot(1)
				}
				if before == tc.pass {
					d.is(t, 0, nil)
				}
			}
			d.clock.advance(time.Second)
			d.waits(1)
			d.is(t, time.Minute, map[string]string{`unanswered_oldest_timestamp_seconds{state="queued"}`: tc.want})
		})
	}
}

// A session that is met for the first time, with a bot's messages and without a bot, was
// handed over. A bot that comes to help counts for none.
func TestR16AHandOverThatNobodySaw(t *testing.T) {
	d := newDesk()
	d.is(t, 0, nil)
	d.clock.advance(time.Minute)
	d.arrive(1)
	d.bot(1)
	d.bot(1)
	d.waits(1)
	d.writes(1)
	d.is(t, time.Minute, map[string]string{`bot_handovers_total{queue="Support"}`: "1"})
	d.taken(1)
	d.is(t, time.Minute, nil)
	d.bot(1)
	d.taken(1)
	d.is(t, time.Minute, map[string]string{`bot_handovers_total{queue="Support"}`: "1", `messages_total{sender="bot"}`: "3"})
	d.arrive(2)
	d.writes(2)
	d.taken(2)
	d.is(t, time.Minute, nil)
	d.bot(2)
	d.taken(2)
	d.is(t, time.Minute, map[string]string{`bot_handovers_total{queue="Support"}`: "1", `messages_total{sender="bot"}`: "4"})
	// A colleague takes it over: that is a transfer.
	d.add(1, conversation.Record{Kind: conversation.KindTransferred, To: conversation.ToAgent})
	d.touch(1)
	d.is(t, time.Minute, map[string]string{`bot_handovers_total{queue="Support"}`: "1", `transfers_total{queue="Support",to="agent"}`: "1"})
}

// Who had a session that is over, as far as its row tells: a queue keeps it until
// somebody takes it, and in a form nobody is owed anything.
func TestR14WhoHadIt(t *testing.T) {
	for name, tc := range map[string]struct {
		open, row conversation.State
		want      string
	}{
		"a queue, for all that the row tells": {conversation.StateQueued, conversation.StateAutomated, `reason="abandoned",awaiting="agent"`},
		"a bot":                               {conversation.StateAutomated, conversation.StateAutomated, `reason="customer",awaiting="customer"`},
		"a form":                              {conversation.StateArriving, conversation.StateArriving, `reason="customer",awaiting="customer"`},
		"a form, then a bot":                  {conversation.StateArriving, conversation.StateAutomated, `reason="customer",awaiting="customer"`},
		"an agent":                            {conversation.StateQueued, conversation.StateAssigned, `reason="customer",awaiting="agent"`},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk()
			d.is(t, 0, nil)
			d.clock.advance(time.Second)
			c := d.arrive(1)
			d.writes(1)
			c.State = tc.open
			d.is(t, time.Minute, nil)
			if c.State = tc.row; tc.row == conversation.StateAssigned {
				c.Started = d.clock.now()
			}
			d.ends(1, conversation.ClosedByCustomer, "")
			if tc.row == conversation.StateAutomated {
				c.Awaiting = conversation.AwaitingCustomer
			}
			d.is(t, time.Minute, map[string]string{`closed_sessions_total{queue="Support",` + tc.want + `}`: "1"})
		})
	}
}

// Records of before we looked do not count, nor does what a list tells of then (R21).
func TestR21Baseline(t *testing.T) {
	for name, tc := range map[string]struct {
		top      int64
		unproved bool
		// new is what the first words of a new session count for.
		new string
	}{
		"by time":                         {0, false, "1"},
		"by id":                           {1001, false, "1"},
		"while the time zone is unproved": {0, true, "0"},
		"by id, the zone unproved":        {1001, true, "1"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk()
			d.top, d.unproved = tc.top, tc.unproved
			d.arrive(1)
			d.writes(1) // 1001
			d.clock.advance(time.Minute)
			d.taken(1)
			d.is(t, time.Minute, map[string]string{
				`messages_total{sender="customer"}`: "0", `started_sessions_total{queue="Support",origin="regular"}`: "0", `pickup_seconds_count{queue="Support"}`: "0",
				`unanswered_sessions{state="assigned",age="lt_5m"}`: "1",
			})
			d.clock.advance(10 * time.Second)
			d.answers(1)
			d.arrive(2)
			d.writes(2)
			d.is(t, time.Minute, map[string]string{
				`messages_total{sender="agent"}`: "1", `response_seconds_count{queue="Support"}`: "1", `first_response_seconds_count{queue="Support"}`: "1",
				`messages_total{sender="customer"}`: tc.new, `started_sessions_total{queue="Support",origin="regular"}`: tc.new,
			})
			// What was seen to happen counts in any case.
			d.taken(2)
			d.ends(1, "", "")
			d.is(t, time.Minute, map[string]string{`pickup_seconds_count{queue="Support"}`: "1", `closed_sessions_total{reason="other",awaiting="customer"}`: "1"})
		})
	}
}
