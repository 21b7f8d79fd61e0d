package superoffice

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"conversation_exporter/conversation"
)

// zone holds what shows whether the dates of sessions are in the zone that they are
// taken for (R34). The client of a customer who is there asks for news every few
// seconds, so the newest of these instants is a clock that can be compared.
type zone struct {
	mu sync.Mutex
	// fetched is what each session told in the pass before.
	fetched map[int64]time.Time
	at      time.Time
	// proved is true once a clock agreed, until one does not.
	proved bool
	// off is by how much the dates are ahead of what they should be; 0 for none.
	off time.Duration
}

const (
	// zoneSlack is how much a clock of a client may differ and still agree.
	zoneSlack = 90 * time.Second
	// zoneStep is what all zones are multiples of.
	zoneStep = 15 * time.Minute
	// zoneWidest is how far two zones are apart at the most.
	zoneWidest = 27 * time.Hour
)

// WrongZoneError says that the dates of sessions are in another time zone than they
// are taken for.
type WrongZoneError struct {
	// Off is by how much they are ahead.
	Off time.Duration
	// Likely is the offset from UTC that they are most likely in.
	Likely string
}

// Error implements error.
func (e *WrongZoneError) Error() string {
	way := "ahead of"
	if e.Off < 0 {
		way = "behind"
	}
	return fmt.Sprintf("the dates of sessions are %s %s the clock, so time_zone is wrong: set it to the zone of the SuperOffice server, which now seems to be %s", span(e.Off.Abs()), way, e.Likely)
}

// span writes a difference of quarters of an hour without its zeros.
func span(d time.Duration) string {
	text := strings.TrimSuffix(d.String(), "0s")
	if strings.HasSuffix(text, "h0m") {
		return strings.TrimSuffix(text, "0m")
	}
	return text
}

// see looks at the sessions of one pass, and tells in the coverage that the zone is
// wrong. It reports whether the zone is not proved.
func (z *zone) see(sessions []facts, d dates, cover *conversation.Coverage) (unproved bool) {
	z.mu.Lock()
	defer z.mu.Unlock()
	now := d.now.Add(d.skew)
	before, passed := z.fetched, d.now.Sub(z.at)
	z.fetched, z.at = make(map[int64]time.Time, len(sessions)), d.now
	for i := range sessions {
		f := &sessions[i]
		if f.fetched.IsZero() || !f.status.ongoing() {
			continue
		}
		z.fetched[f.id] = f.fetched
		last, known := before[f.id]
		// A client that is gone has asked at any time in the past, so only one that asks
		// on shows that the dates are behind. Nobody has asked in the future.
		asks := known && passed > 0 && (f.fetched.Sub(last)-passed).Abs() <= zoneSlack && f.fetched.After(last)
		off := f.fetched.Sub(now)
		switch step := off.Round(zoneStep); {
		case off.Abs() <= zoneSlack:
			z.proved, z.off = true, 0
		case step.Abs() > zoneWidest || (off-step).Abs() > zoneSlack:
		case step > 0 || asks:
			z.proved, z.off = false, step
		}
	}
	if z.off != 0 {
		cover.Problems = append(cover.Problems, &WrongZoneError{z.off, likelyZone(d, z.off)})
	} else if slices.ContainsFunc(sessions, func(f facts) bool { return f.ahead }) {
		cover.Warnings = append(cover.Warnings, errAhead)
	}
	return !z.proved
}

// errAhead is told beside sessions of which a date is left out.
var errAhead = errors.New("dates of sessions lie in the future, which is not believed: look whether the clock of the SuperOffice server is right, and whether time_zone is")

// wrong reports whether the dates of sessions are known to be in another zone.
func (z *zone) wrong() bool {
	z.mu.Lock()
	defer z.mu.Unlock()
	return z.off != 0
}

// offOf is by how much the newest clock of a client is off, to the next quarter of an
// hour, for those who look only once: 0 where it agrees. It is not known where no
// client asks, or its clock is near to no quarter, as that of one who is gone.
func offOf(sessions []facts, d dates) (off time.Duration, known bool) {
	var newest time.Time
	for i := range sessions {
		if f := &sessions[i]; f.status.ongoing() && f.fetched.After(newest) {
			newest = f.fetched
		}
	}
	if newest.IsZero() {
		return 0, false
	}
	off = newest.Sub(d.now.Add(d.skew))
	step := off.Round(zoneStep)
	slack := zoneSlack
	if step < 0 {
		slack = 30 * time.Second // It may be the last word of somebody who is gone.
	}
	if step.Abs() > zoneWidest || (off-step).Abs() > slack {
		return 0, false
	}
	return step, true
}

// likelyZone is the offset from UTC that dates are in which are ahead by so much.
func likelyZone(d dates, off time.Duration) string {
	_, seconds := d.now.In(d.zone).Zone()
	offset := time.Duration(seconds)*time.Second + off
	return "UTC" + time.Unix(0, 0).In(time.FixedZone("", int(offset/time.Second))).Format("-07:00")
}
