package web

import (
	"math"
	"strconv"
	"time"
)

// timeoutHeader is where Prometheus tells how long it will wait, in seconds.
const timeoutHeader = "X-Prometheus-Scrape-Timeout-Seconds"

// longestScrape bounds what a scraper may ask for.
const longestScrape = 120 * time.Second

// scrapeLimit reads the scraper's timeout and takes off the smaller of offset
// and a tenth of it, so that the answer is there before the scraper leaves. It
// is 0 where there is no header; ok is false where the header is junk.
func scrapeLimit(header string, offset time.Duration) (limit time.Duration, ok bool) {
	if header == "" {
		return 0, true
	}
	seconds, err := strconv.ParseFloat(header, 64)
	if err != nil || math.IsNaN(seconds) || math.IsInf(seconds, 0) || seconds <= 0 {
		return 0, false
	}
	limit = time.Duration(min(seconds, longestScrape.Seconds()) * float64(time.Second))
	limit -= min(max(offset, 0), limit/10)
	// Less than a nanosecond would mean no limit at all.
	return max(limit, 1), true
}
