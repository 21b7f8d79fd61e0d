package web

import (
	"math"
	"strconv"
	"testing"
	"time"
)

// TestLesson11TimeoutHeader shows the time that is left of what a scraper says.
func TestLesson11TimeoutHeader(t *testing.T) {
	const usual = 500 * time.Millisecond
	cases := []struct {
		header string
		offset time.Duration
		want   time.Duration
		ok     bool
	}{
		{"", usual, 0, true},
		{"1e-12", usual, 1, true},
		{"1e-9", usual, 1, true},
		{"0.1", usual, 90 * time.Millisecond, true},
		{"0.5", usual, 450 * time.Millisecond, true},
		{"1", usual, 900 * time.Millisecond, true},
		{"5", usual, 4500 * time.Millisecond, true},
		{"10", usual, 9500 * time.Millisecond, true},
		{"+10.0", usual, 9500 * time.Millisecond, true},
		{"30", usual, 29500 * time.Millisecond, true},
		{"119", usual, 118500 * time.Millisecond, true},
		{"120", usual, 119500 * time.Millisecond, true},
		{"121", usual, 119500 * time.Millisecond, true},
		{"1e6", usual, 119500 * time.Millisecond, true},
		{"1e308", usual, 119500 * time.Millisecond, true},
		{"10", 0, 10 * time.Second, true},
		{"10", -time.Second, 10 * time.Second, true},
		{"10", time.Hour, 9 * time.Second, true},
		{"10", time.Millisecond, 9999 * time.Millisecond, true},
		{"0", usual, 0, false},
		{"-0", usual, 0, false},
		{"-1", usual, 0, false},
		{"1e-400", usual, 0, false},
		{"1e400", usual, 0, false},
		{"-1e400", usual, 0, false},
		{"NaN", usual, 0, false},
		{"Inf", usual, 0, false},
		{"+Inf", usual, 0, false},
		{"-Inf", usual, 0, false},
		{"infinity", usual, 0, false},
		{"abc", usual, 0, false},
		{" 5", usual, 0, false},
		{"5 ", usual, 0, false},
		{"5s", usual, 0, false},
		{"5,0", usual, 0, false},
		{"\x00", usual, 0, false},
	}
	for _, c := range cases {
		got, ok := scrapeLimit(c.header, c.offset)
		if got != c.want || ok != c.ok {
			t.Errorf("%q less %v: got %v, %t; want %v, %t", c.header, c.offset, got, ok, c.want, c.ok)
		}
	}
}

// FuzzTimeoutHeader looks for a header that leaves no time, or more than the
// scraper has.
func FuzzTimeoutHeader(f *testing.F) {
	for _, header := range []string{"", "0.1", "0.5", "1", "10", "119", "120", "1e6", "0", "-1", "NaN", "Inf", "+Inf", "1e400", "abc", " 5", "1e-12", "0x1p-3", "1_0"} {
		f.Add(header, int64(500*time.Millisecond))
		f.Add(header, int64(math.MaxInt64))
		f.Add(header, int64(math.MinInt64))
	}
	f.Fuzz(func(t *testing.T, header string, offset int64) {
		limit, ok := scrapeLimit(header, time.Duration(offset))
		seconds, err := strconv.ParseFloat(header, 64)
		good := err == nil && seconds > 0 && seconds <= math.MaxFloat64
		switch {
		case header == "":
			if limit != 0 || !ok {
				t.Errorf("no header gives %v, %t", limit, ok)
			}
		case ok != good:
			t.Errorf("%q is good: %t, want %t", header, ok, good)
		case !ok && limit != 0:
			t.Errorf("the bad header %q gives %v", header, limit)
		case ok && (limit <= 0 || limit > longestScrape):
			t.Errorf("%q gives %v, beyond what is allowed", header, limit)
		// Neither a Duration nor a float64 is exact: 7.56 s are 7.5600000000000005 as such.
		case ok && limit > time.Nanosecond && (limit-time.Nanosecond).Seconds() > seconds:
			t.Errorf("%q gives %v, more than the scraper has", header, limit)
		// Below ten nanoseconds there is no tenth to take off.
		case ok && offset > 0 && limit > 10 && limit.Seconds() >= seconds:
			t.Errorf("%q gives %v, which leaves no time for the answer", header, limit)
		}
	})
}
