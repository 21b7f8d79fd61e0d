package superoffice

import (
	"errors"
	"time"
)

// errDate is what a text ends with that should be a date and is none. It does not
// quote the text, which may be anything.
var errDate = errors.New("not a date")

// earliest is the first year that a date of a chat can have: SuperOffice writes
// 0001-01-01 where there is none, and its database has other such years.
const earliest = 1970

// parseDate reads a date as SuperOffice writes it: with an offset (Z, +02:00 or
// +0200) or without, with up to seven digits of a fraction or none (vendor's pages
// "GET ChatSession/{id}/Messages", "SO-TimeZone"). Without an offset it is in the
// zone, and in the hour that is there twice when the clocks go back it is the
// later one that is not after now, as far as the clocks agree. It is zero where there is no date.
func parseDate(text string, zone *time.Location, now time.Time) (time.Time, error) {
	const longest = len("2006-01-02T15:04:05.0000000-07:00")
	if text == "" {
		return time.Time{}, nil
	}
	if len(text) > longest {
		return time.Time{}, errDate
	}
	t, marked, err := parseForm(text)
	switch {
	case err != nil:
		return time.Time{}, err
	case t.Year() < earliest:
		return time.Time{}, nil
	case marked:
		return t.UTC(), nil
	default:
		return inZone(t, zone, now).UTC(), nil
	}
}

// parseForm reads one of the forms, and reports whether it has an offset.
func parseForm(text string) (t time.Time, marked bool, err error) {
	const plain = "2006-01-02T15:04:05"
	if t, err := time.Parse(plain, text); err == nil {
		return t, false, nil
	}
	for _, form := range []string{plain + "Z07:00", plain + "Z0700"} {
		if t, err := time.Parse(form, text); err == nil {
			return t, true, nil
		}
	}
	return time.Time{}, false, errDate
}

// inZone takes the digits of a date as those of a clock in the zone. When the
// clocks go back an hour is there twice, when they go forward one is not there.
func inZone(digits time.Time, zone *time.Location, now time.Time) time.Time {
	local := time.Date(digits.Year(), digits.Month(), digits.Day(), digits.Hour(), digits.Minute(), digits.Second(), digits.Nanosecond(), zone)
	var chosen time.Time
	for _, near := range []time.Duration{-12 * time.Hour, 12 * time.Hour} {
		_, offset := local.Add(near).Zone()
		t := digits.Add(-time.Duration(offset) * time.Second)
		_, here := t.In(zone).Zone()
		switch {
		case here != offset:
			// By this offset the zone has no such time.
		case chosen.IsZero(), t.After(chosen) && !t.After(now.Add(skewLeast)):
			chosen = t
		}
	}
	if chosen.IsZero() {
		return local
	}
	return chosen
}

// dates read the dates of one answer.
type dates struct {
	// zone is that of dates without an offset.
	zone *time.Location
	// skew is by how much the clock of the system is ahead of ours.
	skew time.Duration
	// now is our clock at the answer.
	now time.Time
	// twice remembers dates of the session; nil where that does not matter.
	twice   *twice
	session int64
}

// of are those of one session.
func (d dates) of(session int64) dates {
	d.session = session
	return d
}

// skewLeast is the difference of the clocks beyond which times are corrected
// (R34). The header that tells it has whole seconds, and answers take time.
const skewLeast = 5 * time.Second

// raw gives a date by the clock of the system; zero where there is none, or where
// it cannot be read.
func (d dates) raw(text string) time.Time {
	t, err := parseDate(text, d.zone, d.now.Add(d.skew))
	if err != nil {
		return time.Time{}
	}
	return t
}

// at gives a date by our clock. It may lie in the future.
func (d dates) at(text string) time.Time {
	return d.ours(d.raw(text))
}

// ours gives by our clock what is by that of the system.
func (d dates) ours(t time.Time) time.Time {
	if t.IsZero() || d.skew.Abs() <= skewLeast {
		return t
	}
	return t.Add(-d.skew)
}

// aheadMost is how far what has happened may lie in the future to be taken for now
// (R34).
const aheadMost = time.Minute

// past gives the date of something that has happened, by our clock. It never lies
// in the future: nobody has waited for less than no time. One that lies there by more
// than the clocks may differ, as in a wrong zone, is none: taken for now it would be
// another one in each pass, and who waits would never have waited.
func (d dates) past(text string) time.Time {
	return d.believed(d.at(text))
}

func (d dates) believed(t time.Time) time.Time {
	switch {
	case t.After(d.now.Add(aheadMost)):
		return time.Time{}
	case t.After(d.now):
		return d.now
	default:
		return t
	}
}

// once is like past for a date of the session that does not change: what it was first
// read as it stays.
func (d dates) once(text string) (at, told time.Time) {
	told = d.raw(text)
	if d.twice != nil && isTwice(told, d.zone) {
		told = d.twice.first(dated{d.session, text}, told, d.now)
	}
	return d.believed(d.ours(told)), told
}
