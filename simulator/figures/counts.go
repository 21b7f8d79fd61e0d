package figures

import "maps"

// MessageKey is what messages are counted by.
type MessageKey struct{ Channel, Sender string }

// FailureKey is what failed messages are counted by.
type FailureKey struct{ Channel, Reason string }

// StartKey is what started sessions are counted by.
type StartKey struct {
	Place
	Origin string
}

// CloseKey is what closed sessions are counted by.
type CloseKey struct {
	Place
	Reason, Awaiting string
}

// TransferKey is what transfers are counted by.
type TransferKey struct {
	Place
	To string
}

// Bounds gives the upper bounds of the buckets of all histograms, in seconds.
func Bounds() [12]float64 {
	return [12]float64{5, 15, 30, 60, 120, 300, 600, 1800, 3600, 14400, 28800, 86400}
}

// Histogram is what a histogram must show.
type Histogram struct {
	Count int
	// Sum is in seconds.
	Sum float64
	// AtMost counts, for each of the bounds, the values up to it.
	AtMost [12]int
}

// With adds a value.
func (h Histogram) With(seconds float64) Histogram {
	h.Count++
	h.Sum += seconds
	for i, bound := range Bounds() {
		if seconds <= bound {
			h.AtMost[i]++
		}
	}
	return h
}

// Counts are the counters and histograms of the messages. What never happened
// is absent from the maps.
type Counts struct {
	Messages  map[MessageKey]int
	Templates map[string]int
	Failures  map[FailureKey]int
	Started   map[StartKey]int
	Closed    map[CloseKey]int
	Lost      map[Place]int
	Transfers map[TransferKey]int
	HandOvers map[Place]int

	FirstResponse, Response, PickUp map[Place]Histogram
}

// NewCounts gives counts in which nothing has happened.
func NewCounts() *Counts {
	return &Counts{
		Messages: make(map[MessageKey]int), Templates: make(map[string]int), Failures: make(map[FailureKey]int),
		Started: make(map[StartKey]int), Closed: make(map[CloseKey]int), Lost: make(map[Place]int),
		Transfers: make(map[TransferKey]int), HandOvers: make(map[Place]int),
		FirstResponse: make(map[Place]Histogram), Response: make(map[Place]Histogram), PickUp: make(map[Place]Histogram),
	}
}

// Clone gives a copy that does not change any more.
func (c *Counts) Clone() *Counts {
	return &Counts{
		Messages: maps.Clone(c.Messages), Templates: maps.Clone(c.Templates), Failures: maps.Clone(c.Failures),
		Started: maps.Clone(c.Started), Closed: maps.Clone(c.Closed), Lost: maps.Clone(c.Lost),
		Transfers: maps.Clone(c.Transfers), HandOvers: maps.Clone(c.HandOvers),
		FirstResponse: maps.Clone(c.FirstResponse), Response: maps.Clone(c.Response), PickUp: maps.Clone(c.PickUp),
	}
}

// Totals are counts without their labels.
type Totals struct {
	Messages, Templates, Failures, Started, Closed, Lost, Transfers, HandOvers int
	FirstResponses, Responses, PickUps                                         int
}

// Totals adds each metric up over its labels.
func (c *Counts) Totals() Totals {
	return Totals{
		Messages: total(c.Messages), Templates: total(c.Templates), Failures: total(c.Failures),
		Started: total(c.Started), Closed: total(c.Closed), Lost: total(c.Lost),
		Transfers: total(c.Transfers), HandOvers: total(c.HandOvers),
		FirstResponses: observations(c.FirstResponse), Responses: observations(c.Response), PickUps: observations(c.PickUp),
	}
}

func total[K comparable](m map[K]int) int {
	sum := 0
	for _, n := range m {
		sum += n
	}
	return sum
}

func observations(m map[Place]Histogram) int {
	sum := 0
	for _, h := range m {
		sum += h.Count
	}
	return sum
}
