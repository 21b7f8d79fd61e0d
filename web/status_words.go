package web

import (
	"fmt"
	"slices"
	"time"

	"conversation_exporter/collector"
)

// The moods of a target and of a group.
const (
	moodOK      = "ok"
	moodPartial = "partial"
	moodFailed  = "failed"
	moodUnread  = "unread"
)

// trouble orders the moods, the worst first.
func trouble(mood string) int {
	switch mood {
	case moodFailed:
		return 0
	case moodPartial:
		return 1
	case moodUnread:
		return 2
	default:
		return 3
	}
}

// mood sums a target up.
func mood(s collector.Status) (word, verdict string) {
	if !s.Passed {
		return moodUnread, "not read yet"
	}
	on, lost, whole := false, false, true
	for _, g := range s.Groups {
		on = on || g.On
		if !g.Passed || g.Unsupported {
			continue
		}
		whole = whole && g.Success && !g.Partial
		// Who waits is what all else is for.
		lost = lost || !g.Success && !g.Partial && (g.Name == "sessions" || g.Name == "messages")
	}
	switch {
	case lost:
		return moodFailed, "could not be read"
	case !whole:
		return moodPartial, "read in part"
	case !s.Up:
		return moodFailed, "did not answer"
	case !on:
		return moodUnread, "answers, but no group of metrics is switched on"
	default:
		return moodOK, "read in full"
	}
}

// groupOf says how the last reading of a group went. Its time is told where it was
// not the last pass that read it.
func groupOf(g collector.GroupStatus, last, now time.Time) groupData {
	d := groupData{Name: g.Name}
	d.Mood, d.Words = groupMood(g)
	if g.Passed && g.Ended.Before(last) {
		ended := at(g.Ended, now)
		d.At = &ended
	}
	return d
}

func groupMood(g collector.GroupStatus) (word, words string) {
	switch {
	case !g.On:
		return moodUnread, "off"
	case !g.Passed:
		return moodUnread, "not read yet"
	case g.Unsupported:
		return moodUnread, "this system has no such thing"
	case !g.Success && !g.Partial && g.TimedOut:
		return moodFailed, "timed out"
	case g.TimedOut:
		return moodPartial, "partial, as the time was over"
	case !g.Success && !g.Partial:
		return moodFailed, "failed"
	case !g.Success:
		return moodPartial, "partial, as something failed"
	case g.Partial:
		return moodPartial, "partial"
	default:
		return moodOK, "ok"
	}
}

// attention says what somebody should see to beside the customers who wait.
func attention(s collector.Status) []string {
	list := make([]string, 0, len(s.Unattended)+len(s.ChannelsDown))
	for _, q := range s.Unattended {
		waiting, agents := fmt.Sprintf("%d customers wait", q.Waiting), fmt.Sprintf("none of its %d agents is there", q.Agents)
		if q.Waiting == 1 {
			waiting = "1 customer waits"
		}
		if q.Agents == 0 {
			agents = "it has no agents"
		}
		list = append(list, fmt.Sprintf("Queue %s: %s, and %s.", q.Queue, waiting, agents))
	}
	for _, c := range s.ChannelsDown {
		name := c.Channel + " channel " + c.Name
		if c.Provider != "" {
			name += " (" + c.Provider + ")"
		}
		why := ""
		if c.Lapsed {
			why = ": its subscription is over, renew the plan"
		}
		list = append(list, "The "+name+" is not connected"+why+".")
	}
	return list
}

// owed says who waits longest and which window closes next. Where some messages
// are still to be read it does not say that nobody waits.
func owed(s collector.Status, now time.Time) []owedData {
	if !s.Messages {
		return nil
	}
	list := make([]owedData, 0, 6)
	add := func(what, none string, w *collector.Wait, in func(at time.Time) string) {
		switch {
		case w != nil:
			list = append(list, owedData{What: what, Time: in(w.At), Where: where(w)})
		case s.Pending == 0 && none != "":
			list = append(list, owedData{What: none})
		}
	}
	since := func(at time.Time) string { return "for " + brief(now.Sub(at)) }
	add("Longest wait for a pick-up", "Nobody waits to be picked up", s.PickUp, since)
	if q := s.Queued; q != nil && (s.PickUp == nil || s.PickUp.At.Sub(q.At) >= time.Minute) {
		// He had waited before he came into this queue.
		add("Longest wait for an answer in a queue", "", q, since)
	}
	nobody := "Nobody waits for an agent's answer"
	if s.Shared != nil {
		nobody = ""
	}
	add("Longest wait for an agent's answer", nobody, s.Assigned, since)
	add("Longest wait in a shared queue", "", s.Shared, since)
	none := "No window is about to close unanswered"
	if !windowed(s) {
		none = "" // A system without reply windows has none that could close.
	}
	add("Next window to close unanswered", none, s.Closing, func(at time.Time) string { return "in " + brief(at.Sub(now)) })
	if s.Pending > 0 {
		text := fmt.Sprintf("Messages still to be read: %d sessions", s.Pending)
		if s.Read > 0 {
			text = fmt.Sprintf("Messages are read of %d of %d sessions; the rest follows with the next scrapes", s.Read, s.Read+s.Pending)
		}
		list = append(list, owedData{What: text})
	}
	return list
}

// windowed reports whether sessions of a target have reply windows.
func windowed(s collector.Status) bool {
	return slices.ContainsFunc(s.Places, func(p collector.PlaceStatus) bool { return len(p.Windows) > 0 })
}

// where says where somebody waits.
func where(w *collector.Wait) string {
	text := w.Channel + ", " + w.Queue
	if w.Queue == "(none)" {
		text = w.Channel + ", no queue"
	}
	if w.State != "" {
		text += ", " + w.State
	}
	return text
}

// longer returns who of two has waited longer, of whom there may be none.
func longer(a, b *collector.Wait) *collector.Wait {
	if a == nil || b != nil && b.At.Before(a.At) {
		return b
	}
	return a
}

// at writes an instant, with its day where that is not clear.
func at(t, now time.Time) instantData {
	age := now.Sub(t)
	format := "15:04:05 UTC"
	if age >= 12*time.Hour {
		format = "2006-01-02 15:04:05 UTC"
	}
	return instantData{Text: t.UTC().Format(format), ISO: t.UTC().Format(time.RFC3339), Age: brief(age) + " ago"}
}

// brief writes a length of time in its largest unit, or two.
func brief(d time.Duration) string {
	d = max(d, 0)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	default:
		return fmt.Sprintf("%d h %02d min", int(d.Hours()), int(d.Minutes())%60)
	}
}
