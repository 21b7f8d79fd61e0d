package collector

import (
	"time"

	"conversation_exporter/conversation"
)

// entry is what is remembered of one session: how it was last shown, and what
// its records came to. There may be 150,000 of them, so it is kept small.
type entry struct {
	// facts are what is settled of the records (R13).
	facts conversation.Facts
	// open is what is not settled; nil where there is no such thing.
	open *unsettled
	// counted is the last record of which was counted what counts when it is read.
	counted int64
	// floor is the record that nothing counts at or below (R19).
	floor int64
	// listed is the last message that was shown or, where a status leads the session,
	// its version; read is what listed was at the last reading, unread if there was none.
	listed, read int64
	shownBy      *conversation.ViewerSet
	// seen is when it was last shown, in nanoseconds.
	seen int64
	// firstUnread is the oldest message that the customer has not read, 0 for none.
	firstUnread int64
	// asked is when its records were read last, floorAt the instant that a lost
	// window must end after, told the end of the reply window as it was listed or, where
	// a status leads the session, its own end; all in Unix seconds.
	asked, floorAt, told uint32
	// requested, started and automated are when the customer asked for the session, when
	// an agent took it, and when a listing last showed it with a bot; entered is when it
	// came into its queue or, of one that does not wait, would have if it waits next.
	// Only a session that a status leads has them.
	requested, started, automated, entered conversation.Instant
	// pass is the pass that showed it last.
	pass uint32
	// channel and queue say where it was listed, waited is the queue that it waited
	// in at the last reading, if it did: indices of what the ledger knows.
	channel, queue, waited uint16
	// customerUnread counts the messages that the customer has not read.
	customerUnread uint16
	flags          entryFlags
	state, sure    stateCode
	// tries counts the readings whose records ended before what was listed, or with a
	// closing that no status has told.
	tries uint8
	word  word
}

// unsettled is what is known of a session of which a message is under way.
type unsettled struct {
	shown   conversation.Facts
	sending conversation.Sending
}

// unread is the reading of an entry that was never read.
const unread = -1

// entryFlags are what is true of an entry, a bit each.
type entryFlags uint16

const (
	// isCampaign is set for a session that a campaign began.
	isCampaign entryFlags = 1 << iota
	// isClosed is set once a list or a record has shown the session closed.
	isClosed
	// isSure is set where it is sure who had the session at the last listing.
	isSure
	// hasWindow is set where the last listing told a reply window.
	hasWindow
	// wasAsked is set once a session has been read that is not listed any more.
	wasAsked
	// hasFloor is set once it is known what the session is measured against.
	hasFloor
	// byStatus is set for a session that a status leads.
	byStatus
	// isFresh is set where somebody had written just before the last listing, askAgain
	// where that was so at an earlier one, so that a message may have been missed.
	isFresh
	askAgain
	// isSilent is set where the last listing did not tell when anybody last wrote.
	isSilent
	// sawOpen is set once a listing has shown it open, sawWaiting once one has shown
	// that nobody had taken it, pickUpDue while its pick-up is still to be counted.
	sawOpen
	sawWaiting
	pickUpDue
	// sawEntry is set where a listing that showed the session in its queue is all that
	// tells when it came there.
	sawEntry
)

func (e *entry) is(flag entryFlags) bool { return e.flags&flag != 0 }

func (e *entry) set(flag entryFlags, on bool) {
	e.flags &^= flag
	if on {
		e.flags |= flag
	}
}

// shown is what the gauges show: everything that was read, as if what is under
// way will arrive.
func (e *entry) shown() *conversation.Facts {
	if e.open != nil {
		return &e.open.shown
	}
	return &e.facts
}

// known reports whether the records are read up to what was listed. What came
// between the listing and the reading is listed later.
func (e *entry) known() bool {
	return e.listed == e.read || e.read != unread && e.listed == e.shown().Last
}

// settled reports whether nothing of the session is still to be settled.
func (e *entry) settled() bool { return e.open == nil || e.open.shown == e.facts }

// origin is how the session came to be.
func (e *entry) origin() conversation.Origin {
	if e.is(isCampaign) {
		return conversation.OriginCampaign
	}
	return conversation.OriginRegular
}

// tell takes note of the reply window that a listing told (R12).
func (e *entry) tell(w conversation.Window, at time.Time) {
	had := e.is(hasWindow)
	e.set(hasWindow, w.Has)
	if !w.Has {
		e.told = 0
		return
	}
	last := int64(0)
	if had {
		last = int64(e.told)
	}
	told := at.Unix()
	if w.End.After(at) {
		// Rounded up, so that a window told to last an hour has an hour left.
		told = w.End.Add(time.Second - 1).Unix()
	} else if !w.End.Equal(at) {
		told = w.End.Unix()
	}
	e.told = seconds(settleWindow(told, last, at.Unix()))
}

// windowJitter is by how many seconds the end of a window may differ from what
// is remembered without being another window (R12).
const windowJitter = 60

// settleWindow keeps the end of a window that is told anew at every pass, a
// little earlier or later each time (R12). The system's own word that a window
// is over beats an end that we remember to be still to come.
func settleWindow(told, last, listed int64) int64 {
	over := told <= listed
	switch {
	case last == 0:
		return told
	case over:
		return min(last, told)
	case told-last < windowJitter && last-told < windowJitter:
		return last
	default:
		return told
	}
}

// window is the reply window as it is known now: that of the customer's last
// message, as far as it is read.
func (e *entry) window() conversation.Window {
	if e.known() && e.read != unread {
		return windowOf(e.shown().Window.Unix(), e.is(hasWindow))
	}
	return windowOf(int64(e.told), e.is(hasWindow))
}

func windowOf(end int64, has bool) conversation.Window {
	if !has {
		return conversation.Window{}
	}
	return conversation.Window{Has: true, End: time.Unix(end, 0).UTC()}
}

// stateCode is a state as a small number; 0 is none.
type stateCode uint8

// states are those that have a code, in the order of their codes.
func states() [6]conversation.State {
	return [...]conversation.State{
		conversation.StateArriving, conversation.StateQueued, conversation.StateAssigned,
		conversation.StateAutomated, conversation.StateShared, conversation.StateArchived,
	}
}

func codeOf(s conversation.State) stateCode {
	for i, known := range states() {
		if s == known {
			return stateCode(i) + 1
		}
	}
	return 0
}

func (c stateCode) state() conversation.State {
	if c == 0 {
		return ""
	}
	return states()[c-1]
}
