package web

import (
	"fmt"
	"net/url"
	"time"

	"conversation_exporter/collector"
)

// targetData is one target on the page.
type targetData struct {
	collector.Status
	now time.Time
	// Mood is one word for the whole, Verdict says it in words.
	Mood, Verdict string
	// EndedAt is the end of the last pass; TookText is how long that took.
	EndedAt  instantData
	TookText string
	// Under is the pass under way; nil where there is none.
	Under *underData
	// Failing tells since when the last failure lasts, Past of one that is over.
	Failing, Past *failureData
	// Attention are sentences about what somebody should see to.
	Attention []string
	// Owed are the customers to look at first.
	Owed []owedData
	// Read says how the last reading of each group went.
	Read       []groupData
	Rows       []rowData
	Total      rowData
	HasWindows bool
	// Stale is true where nobody has scraped the target for a while.
	Stale bool
	// Probe is the link to the target's own metrics.
	Probe string
}

// instantData is an instant in words, for machines, and its age.
type instantData struct{ Text, ISO, Age string }

// underData is a pass under way.
type underData struct {
	Since instantData
	// First is true for the first pass of all.
	First bool
	// Phase is what it is at.
	Phase string
}

// failureData is the last failure.
type failureData struct {
	Text        string
	Since, Last instantData
}

// owedData is one customer who waits, in words.
type owedData struct {
	// What says what is owed, Time for how long, or until when.
	What, Time string
	// Where is the channel, the queue and the state.
	Where string
}

// groupData is how the last reading of a group went.
type groupData struct {
	Name, Mood, Words string
	// At is when that was, where it was not in the last pass.
	At *instantData
}

// rowData is one row of the table.
type rowData struct {
	Channel, Queue string
	Open           []int
	Sum            int
	// Soon, Hour and Expired count reply windows: less than 15 minutes left,
	// less than an hour left (the former included), and over.
	Soon, Hour, Expired int
	// Windowed is false where the channel has no reply windows.
	Windowed     bool
	Next, NextIn string
}

// staleAfter is how old a pass may be before the page says that it is old.
const staleAfter = 5 * time.Minute

func (p *page) targetOf(s collector.Status, now time.Time) targetData {
	t := targetData{Status: s, now: now}
	t.Mood, t.Verdict = mood(s)
	t.Probe = p.prefix + probePath + "?" + url.Values{paramTarget: {s.Target}}.Encode()
	if u := s.Progress; u != nil {
		t.Under = &underData{Since: at(u.Since, now), First: !s.Passed, Phase: u.Phase}
		if u.Of > 0 {
			t.Under.Phase += fmt.Sprintf(", %d of %d sessions", u.Read, u.Of)
		}
	}
	if !s.Passed {
		return t
	}
	if age := now.Sub(s.Ended); age >= staleAfter {
		t.Mood, t.Verdict, t.Stale = moodUnread, "not read for "+brief(age), true
	}
	t.EndedAt, t.TookText = at(s.Ended, now), fmt.Sprintf("%.2f s", s.Took.Seconds())
	if f := s.Failure; f != nil {
		told := &failureData{Text: f.Text, Since: at(f.Since, now), Last: at(f.Last, now)}
		switch {
		case !f.Over:
			t.Failing = told
		case len(s.Problems) == 0:
			t.Past = told
		}
	}
	t.Attention, t.Owed = attention(s), owed(s, now)
	for _, g := range s.Groups {
		t.Read = append(t.Read, groupOf(g, s.Ended, now))
	}
	t.count()
	return t
}

// count makes the rows of the table.
func (t *targetData) count() {
	t.Total = rowData{Open: make([]int, len(t.States))}
	for _, place := range t.Places {
		row := rowOf(place, t.States, t.now)
		t.Rows = append(t.Rows, row)
		t.HasWindows = t.HasWindows || row.Windowed
		for i, n := range row.Open {
			t.Total.Open[i] += n
		}
		t.Total.Sum += row.Sum
		t.Total.Soon += row.Soon
		t.Total.Hour += row.Hour
		t.Total.Expired += row.Expired
	}
}

// brief writes how long somebody waits, or how long a window is still open.
func (t *targetData) brief(w *collector.Wait) string {
	if w == nil {
		return ""
	}
	return brief(t.now.Sub(w.At).Abs())
}

func rowOf(place collector.PlaceStatus, states []collector.StateStatus, now time.Time) rowData {
	row := rowData{Channel: place.Channel, Queue: place.Queue, Windowed: len(place.Windows) > 0}
	for _, state := range states {
		row.Open = append(row.Open, place.Open[state.Name])
	}
	// A system that failed to tell its states has sessions all the same.
	for _, n := range place.Open {
		row.Sum += n
	}
	row.Soon = place.Windows["lt_15m"]
	row.Hour = row.Soon + place.Windows["15m_30m"] + place.Windows["30m_1h"]
	row.Expired = place.Windows["expired"]
	if !place.NextExpiry.IsZero() {
		row.Next = place.NextExpiry.UTC().Format("15:04 UTC")
		row.NextIn = "in " + brief(place.NextExpiry.Sub(now))
	}
	return row
}
