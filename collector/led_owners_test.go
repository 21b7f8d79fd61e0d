package collector

import (
	"testing"
	"time"

	"conversation_exporter/conversation"
)

// Who was taken by an agent since the last listing was with people when he was answered
// and when he left, and not in the queue or with the bot that he was listed with (R16).
func TestR16TakenSinceTheLastListing(t *testing.T) {
	d := newDesk()
	d.is(t, 0, nil)
	d.clock.advance(time.Second)
	d.arrive(1)
	d.writes(1)
	d.arrive(2)
	d.writes(2)
	d.bot(2)
	d.is(t, 29*time.Second, nil)
	d.clock.advance(10 * time.Second)
	for id := int64(1); id <= 2; id++ {
		d.taken(id)
		d.answers(id)
		d.ends(id, conversation.ClosedByCustomer, "")
	}
	d.is(t, time.Minute, map[string]string{
		`closed_sessions_total{reason="customer",awaiting="customer"}`: "2", `closed_sessions_total{reason="abandoned",awaiting="customer"}`: "0",
		`bot_handovers_total{queue="Support"}`: "1", `first_response_seconds_count{queue="Support"}`: "2",
		// The second waits since the last listing that showed him with the bot.
		`first_response_seconds_sum{queue="Support"}`: "49", `pickup_seconds_count{queue="Support"}`: "2",
	})
}

// A transfer tells nothing of who had the session before: that was the agent who took it
// from the bot.
func TestR16ATransferAfterAHandOver(t *testing.T) {
	d := newDesk()
	d.is(t, 0, nil)
	d.clock.advance(time.Second)
	d.arrive(1)
	d.writes(1)
	d.bot(1)
	d.is(t, time.Minute, nil)
	d.taken(1)
	d.answers(1)
	d.add(1, conversation.Record{Kind: conversation.KindTransferred, To: conversation.ToAgent})
	d.is(t, time.Minute, map[string]string{
		`bot_handovers_total{queue="Support"}`: "1", `transfers_total{queue="Support",to="agent"}`: "1", `first_response_seconds_count{queue="Support"}`: "1",
	})
}

// A closed session that is opened again into its queue came there after the listing that
// showed it closed (R16).
func TestR16BackIntoTheQueue(t *testing.T) {
	d := newDesk()
	d.is(t, 0, nil)
	d.clock.advance(time.Second)
	d.arrive(1)
	d.writes(1)
	d.is(t, 59*time.Second, nil)
	c := d.chats[1]
	c.State = conversation.StateAutomated // A closed row does not tell that it waited.
	d.ends(1, conversation.ClosedByTimeout, "")
	d.is(t, time.Minute, nil) // 9:02
	d.clock.advance(time.Minute)
	c.Closed, c.Ended = false, time.Time{}
	d.waits(1)
	d.add(1, conversation.Record{Kind: conversation.KindReopened})
	d.writes(1)
	d.is(t, time.Minute, map[string]string{`queued_oldest_timestamp_seconds{queue="Support"}`: "1.77244212e+09"})
}

// A session that a bot had and has again had it when it was closed between, and is handed
// over once when it comes to people.
func TestR16ABotsSessionThatIsOpenedAgain(t *testing.T) {
	reopen := func(d *desk) {
		d.add(1, conversation.Record{Kind: conversation.KindClosed, Reason: conversation.ClosedByCustomer})
		d.add(1, conversation.Record{Kind: conversation.KindReopened})
		d.writes(1)
	}
	for name, seen := range map[string]bool{"met for the first time": false, "seen before": true} {
		t.Run(name, func(t *testing.T) {
			d := newDesk()
			d.is(t, 0, nil)
			d.clock.advance(time.Second)
			d.arrive(1)
			d.writes(1)
			d.bot(1)
			if seen {
				d.is(t, time.Minute, nil)
			}
			reopen(d)
			d.bot(1)
			d.is(t, time.Minute, map[string]string{
				`closed_sessions_total{reason="customer",awaiting="customer"}`: "1", `closed_sessions_total{reason="customer",awaiting="agent"}`: "0",
				`bot_handovers_total{queue="Support"}`: "0",
			})
			reopen(d)
			d.waits(1)
			d.is(t, time.Minute, map[string]string{`bot_handovers_total{queue="Support"}`: "1", `closed_sessions_total{reason="customer",awaiting="customer"}`: "2"})
		})
	}
}

// Where it is not sure who has a session, whom an agent has taken people have; else it
// stays with the bot that surely had it.
func TestR14WhoHasItIsNotSure(t *testing.T) {
	for name, tc := range map[string]struct {
		taken bool
		state string
		want  string
	}{"taken": {true, "assigned", "1"}, "not taken": {false, "automated", "0"}} {
		t.Run(name, func(t *testing.T) {
			d := newDesk()
			d.is(t, 0, nil)
			d.clock.advance(time.Second)
			c := d.arrive(1)
			d.writes(1)
			d.bot(1)
			d.is(t, time.Minute, nil)
			if tc.taken {
				d.taken(1)
			} else {
				d.writes(1)
			}
			c.StateSure, c.State = false, conversation.StateAssigned
			d.is(t, time.Minute, map[string]string{
				`open_sessions{state="` + tc.state + `"}`: "1", `bot_handovers_total{queue="Support"}`: tc.want,
			})
			d.ends(1, conversation.ClosedByCustomer, "")
			awaited := map[bool]string{true: "agent", false: "customer"}[tc.taken]
			c.State = map[bool]conversation.State{true: conversation.StateAssigned, false: conversation.StateAutomated}[tc.taken]
			d.is(t, time.Minute, map[string]string{`closed_sessions_total{reason="customer",awaiting="` + awaited + `"}`: "1"})
		})
	}
}

// Who was taken, left and came back between two passes left an agent, and no queue.
func TestR16TakenAndBackAgain(t *testing.T) {
	d := newDesk()
	d.is(t, 0, nil)
	d.clock.advance(time.Second)
	d.arrive(1)
	d.writes(1)
	d.is(t, time.Minute, nil)
	d.taken(1)
	d.add(1, conversation.Record{Kind: conversation.KindClosed, Reason: conversation.ClosedByCustomer})
	d.add(1, conversation.Record{Kind: conversation.KindReopened})
	d.writes(1)
	d.is(t, time.Minute, map[string]string{
		`closed_sessions_total{reason="customer",awaiting="agent"}`: "1", `closed_sessions_total{reason="abandoned",awaiting="agent"}`: "0",
	})
}

// Nobody saw a bot have a session that was closed when it was met: that it is opened
// again and waits is no hand-over.
func TestR16ABotThatNobodySaw(t *testing.T) {
	d := newDesk()
	d.is(t, 0, nil)
	d.clock.advance(time.Second)
	c := d.arrive(1)
	d.writes(1)
	d.bot(1)
	d.ends(1, conversation.ClosedByCustomer, "")
	d.is(t, time.Minute, map[string]string{`closed_sessions_total{reason="customer",awaiting="customer"}`: "1"})
	c.Closed, c.Ended = false, time.Time{}
	d.add(1, conversation.Record{Kind: conversation.KindReopened})
	d.writes(1)
	d.waits(1)
	d.is(t, time.Minute, map[string]string{`bot_handovers_total{queue="Support"}`: "0", `open_sessions{state="queued"}`: "1"})
}

// A session that is met for the first time, a bot's messages in it and an agent who has
// taken it, was handed over, even where it is not sure who has it now.
func TestR14TakenAndNotSure(t *testing.T) {
	d := newDesk()
	d.is(t, 0, nil)
	d.clock.advance(time.Second)
	c := d.arrive(1)
	d.writes(1)
	d.bot(1)
	d.taken(1)
	c.StateSure = false
	d.is(t, time.Minute, map[string]string{`bot_handovers_total{queue="Support"}`: "1", `unanswered_sessions{state="assigned",age="lt_5m"}`: "1"})
}
