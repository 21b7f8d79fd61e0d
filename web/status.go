package web

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // The page's template and style are part of the binary.
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"time"

	"conversation_exporter/collector"
)

//go:embed status.html
var pageTemplate string

//go:embed status.css
var pageStyle string

// page is the status page. It shows the last pass of each target and never
// starts one.
type page struct {
	opts     Options
	template *template.Template
	policy   string
}

func newPage(opts Options) (*page, error) {
	t, err := template.New("status").Parse(pageTemplate)
	if err != nil {
		return nil, fmt.Errorf("preparing the status page: %w", err)
	}
	sum := sha256.Sum256([]byte(pageStyle))
	return &page{
		opts: opts, template: t,
		// Nothing but the page's own style may be loaded or run.
		policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
			"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	}, nil
}

// ServeHTTP implements http.Handler.
func (p *page) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	var body bytes.Buffer
	if err := p.template.Execute(&body, p.data()); err != nil {
		say(w, http.StatusInternalServerError, "The status page could not be made.")
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", p.policy)
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("Cache-Control", "no-store")
	w.Write(body.Bytes())
}

// pageData is what the template shows.
type pageData struct {
	Style         template.CSS
	Version       string
	TelemetryPath string
	Targets       []targetData
}

// targetData is one target on the page.
type targetData struct {
	collector.Status
	// Mood is one word for the whole: ok, partial, failed or unread.
	Mood string
	// Verdict says the mood in words.
	Verdict string
	// EndedText, Age and TookText tell of the last pass.
	EndedText, EndedISO, Age, TookText string
	Rows                               []rowData
	Total                              rowData
	HasWindows                         bool
	// Owed are the customers to look at first.
	Owed []owedData
	// Stale is true where nobody has scraped the target for a while.
	Stale bool
}

// owedData is one customer who waits, in words.
type owedData struct {
	// What says what is owed, Time for how long, or until when.
	What, Time string
	// Where is the channel, the queue and the state.
	Where string
}

// staleAfter is how old a pass may be before the page says that it is old.
const staleAfter = 5 * time.Minute

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

func (p *page) data() pageData {
	d := pageData{
		Style:   template.CSS(pageStyle), //nolint:gosec // It is a file of ours, not input.
		Version: p.opts.Version, TelemetryPath: p.opts.TelemetryPath,
	}
	now := p.opts.Now()
	for _, s := range p.opts.Collector.Status() {
		d.Targets = append(d.Targets, targetOf(s, now))
	}
	return d
}

func targetOf(s collector.Status, now time.Time) targetData {
	t := targetData{Status: s}
	t.Mood, t.Verdict = mood(s)
	if !s.Passed {
		return t
	}
	age := now.Sub(s.Ended)
	if age >= staleAfter {
		t.Mood, t.Verdict = "unread", "not read for "+brief(age)
		t.Stale = true
	}
	t.EndedText = s.Ended.UTC().Format("15:04:05 UTC")
	if age >= 12*time.Hour {
		t.EndedText = s.Ended.UTC().Format("2006-01-02 15:04:05 UTC")
	}
	t.EndedISO = s.Ended.UTC().Format(time.RFC3339)
	t.Age = brief(age) + " ago"
	t.TookText = fmt.Sprintf("%.2f s", s.Took.Seconds())
	t.Owed = owed(s, now)
	t.Total = rowData{Open: make([]int, len(s.States))}
	for _, place := range s.Places {
		row := rowOf(place, s.States, now)
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
	return t
}

// owed says who waits longest and which window closes next. Where some messages
// are still to be read it does not say that nobody waits.
func owed(s collector.Status, now time.Time) []owedData {
	if !s.Messages {
		return nil
	}
	list := make([]owedData, 0, 4)
	add := func(what, none string, w *collector.Wait, in func(at time.Time) string) {
		switch {
		case w != nil:
			where := w.Channel + ", " + w.Queue
			if w.State != "" {
				where += ", " + w.State
			}
			list = append(list, owedData{What: what, Time: in(w.At), Where: where})
		case s.Pending == 0:
			list = append(list, owedData{What: none})
		}
	}
	since := func(at time.Time) string { return "for " + brief(now.Sub(at)) }
	add("Longest wait for a pick-up", "Nobody waits to be picked up", s.WaitsForPickUp, since)
	add("Longest wait for an answer", "Nobody waits for an answer", s.WaitsForAnswer, since)
	add("Next window to close unanswered", "No window is about to close unanswered", s.Closing, func(at time.Time) string { return "in " + brief(at.Sub(now)) })
	if s.Pending > 0 {
		list = append(list, owedData{What: fmt.Sprintf("Messages still to be read: %d sessions", s.Pending)})
	}
	return list
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

// mood sums a target up.
func mood(s collector.Status) (word, verdict string) {
	if !s.Passed {
		return "unread", "not read yet"
	}
	partial := false
	for _, g := range s.Groups {
		if !g.Success && !g.Partial {
			return "failed", "could not be read"
		}
		partial = partial || g.Partial
	}
	switch {
	case partial:
		return "partial", "read in part"
	case !s.Up:
		return "failed", "did not answer"
	case len(s.Groups) == 0:
		return "unread", "answers, but no group of metrics is switched on"
	default:
		return "ok", "read in full"
	}
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
