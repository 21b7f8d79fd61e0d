package conversation

import "time"

// replyWindow is how long WhatsApp and Facebook allow a free reply after the
// customer's message (R12).
const replyWindow = 24 * 60 * 60

// windowJitter is by how many seconds two tellings of one end may differ.
const windowJitter = 60

// Tell takes note of the end of the reply window as a listing told it (R12). The
// customer's last message decides the end as long as the system agrees.
func (f *Facts) Tell(told Window, listedAt time.Time) {
	if !told.Has {
		f.Window = 0
		return
	}
	end, now := told.End.Unix(), listedAt.Unix()
	own := int64(0)
	if f.Inbound != 0 {
		own = f.Inbound.Unix() + replyWindow
	}
	over := !told.End.After(listedAt)
	switch {
	case over && own != 0 && own <= now+windowJitter, !over && own != 0 && near(own, end):
		f.Window = clamped(own)
	case over && f.Window != 0 && f.Window.Unix() < end:
		// It was known to end earlier; 0 says only that it is over.
	case !over && f.Window != 0 && near(f.Window.Unix(), end) && f.Window.Unix()-end != windowJitter && end-f.Window.Unix() != windowJitter:
		// The same end, told a moment earlier or later.
	default:
		f.Window = clamped(end)
	}
}

func near(a, b int64) bool { return a-b <= windowJitter && b-a <= windowJitter }

// window is the reply window after a message of the customer (R12).
func (f *folding) window(at Instant) {
	f.facts.Inbound, f.facts.Window = at, 0
	if f.windowed {
		f.facts.Window = clamped(at.Unix() + replyWindow)
	}
	f.facts.set(decided, false)
}

// expire decides the window that ended before a record (R33).
func (f *folding) expire(r *Record) {
	if f.undecided() && r.At.Unix() > f.facts.Window.Unix() {
		f.decide(r.ID)
	}
}

// undecided reports whether there is a window whose customer waits.
func (f *folding) undecided() bool {
	return f.facts.Window != 0 && f.facts.Unanswered != 0 && !f.facts.is(decided)
}

// decide says once what became of a window: lost, if people had the session. Beyond a
// message that is under way it waits until that is settled.
func (f *folding) decide(by int64) {
	if f.unsettled {
		return
	}
	f.facts.set(decided, true)
	if f.facts.Window <= f.facts.lost {
		return // The customer's messages are dated back, or the system told an end twice.
	}
	if f.facts.Owner == OwnerQueue || f.facts.Owner == OwnerPeople {
		f.facts.lost = f.facts.Window
		f.emit(Event{Kind: EventWindowLost, Record: by, End: f.facts.Window.Unix()})
	}
}
