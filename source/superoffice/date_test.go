package superoffice

import (
	"testing"
	"time"
)

// oslo is a zone whose clocks go forward and back.
func oslo(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Oslo")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func TestEachFormOfADateIsRead(t *testing.T) {
	for text, want := range map[string]string{
		"2026-02-03T08:55:01":               "2026-02-03T07:55:01Z",
		"2026-07-03T08:55:01":               "2026-07-03T06:55:01Z",
		"2026-02-03T08:55:01Z":              "2026-02-03T08:55:01Z",
		"2026-02-03T08:55:01+02:00":         "2026-02-03T06:55:01Z",
		"2026-02-03T08:55:01+0200":          "2026-02-03T06:55:01Z",
		"2026-02-03T08:55:01-0500":          "2026-02-03T13:55:01Z",
		"2026-02-03T08:55:01.5":             "2026-02-03T07:55:01.5Z",
		"2026-02-03T08:55:01.1234567Z":      "2026-02-03T08:55:01.1234567Z",
		"2016-07-21T14:13:48.4445574+02:00": "2016-07-21T12:13:48.4445574Z",
		"2016-07-21T14:13:48.44+0200":       "2016-07-21T12:13:48.44Z",
	} {
		got, err := parseDate(text, oslo(t), time.Time{})
		if err != nil || got.Format(time.RFC3339Nano) != want {
			t.Errorf("%s is read as %s, error %v; want %s", text, got.Format(time.RFC3339Nano), err, want)
		}
	}
}

func TestQuirk03TheFirstYearIsNoDate(t *testing.T) {
	for _, text := range []string{"", "0001-01-01T00:00:00", "0001-01-01T00:00:00Z", "0001-01-01T01:00:00+01:00", "0001-01-01T00:00:00.0000000", "1760-01-01T00:00:00"} {
		if got, err := parseDate(text, oslo(t), time.Time{}); err != nil || !got.IsZero() {
			t.Errorf("%q is read as %s, error %v", text, got, err)
		}
	}
}

func TestWhatIsNoDateIsRefusedWithoutBeingQuoted(t *testing.T) {
	for _, text := range []string{"2026-02-03", "08:55", "canary", "2026-02-30T00:00:00", "2026-02-03T08:55:01+02:00:00", "2026-02-03T08:55:01.1234567+02:00canary"} {
		if got, err := parseDate(text, time.UTC, time.Time{}); err == nil || err.Error() != "not a date" || !got.IsZero() {
			t.Errorf("%q is read as %s, error %v", text, got, err)
		}
	}
}

// On 25 October 2026 the hour from 2 to 3 is there twice in Oslo.
func TestTheHourThatIsThereTwiceIsNeverInTheFuture(t *testing.T) {
	first := time.Date(2026, time.October, 25, 0, 30, 0, 0, time.UTC)
	second := first.Add(time.Hour)
	for name, row := range map[string]struct{ now, want time.Time }{
		"in the first one":     {first.Add(10 * time.Minute), first},
		"in the second one":    {second.Add(10 * time.Minute), second},
		"a day later":          {second.Add(24 * time.Hour), second},
		"before either (skew)": {first.Add(-time.Hour), first},
	} {
		if got, err := parseDate("2026-10-25T02:30:00", oslo(t), row.now); err != nil || !got.Equal(row.want) {
			t.Errorf("%s: %s, error %v, want %s", name, got, err, row.want)
		}
	}
	// On 29 March the hour from 2 to 3 is not there, yet something comes of it.
	got, err := parseDate("2026-03-29T02:30:00", oslo(t), time.Time{})
	if err != nil || got.Before(time.Date(2026, time.March, 29, 0, 30, 0, 0, time.UTC)) || got.After(time.Date(2026, time.March, 29, 1, 30, 0, 0, time.UTC)) {
		t.Errorf("an hour that is not there is read as %s, error %v", got, err)
	}
}

func TestR34DatesAreByOurClock(t *testing.T) {
	now := time.Date(2026, time.February, 3, 9, 0, 0, 0, time.UTC)
	d := dates{zone: time.UTC, now: now, skew: time.Minute}
	if got := d.at("2026-02-03T09:01:00"); !got.Equal(now) {
		t.Errorf("with a clock that is a minute ahead: %s, want %s", got, now)
	}
	if d.skew = 5 * time.Second; !d.at("2026-02-03T09:01:00").Equal(now.Add(time.Minute)) {
		t.Error("5 seconds are corrected")
	}
	if got := d.past("2026-02-03T09:01:00"); !got.Equal(now) {
		t.Errorf("what has happened lies at %s, after now", got)
	}
	if got := d.past("2026-02-03T09:01:01"); !got.IsZero() {
		t.Errorf("what lies in the future by more than clocks differ is taken for %s", got)
	}
	if got := d.past("canary"); !got.IsZero() {
		t.Errorf("what is no date is read as %s", got)
	}
}
