package world

import (
	"math/rand/v2"
	"time"
)

// The second halves of the generators' seeds: each has a stream of its own, so
// that none of them changes what the others decide.
const (
	seedStream   = 0x636f6e766572   // what people do
	officeStream = 0x6f6666696365   // who is there, and what breaks
	lineStream   = 0x6368616e6e656c // over which channel a customer writes
	// what visitors who chat do, and who answers them
	visitorStream = 0x76697369746f72
)

// dice decide what happens by chance.
type dice struct{ rng *rand.Rand }

// newDice gives the dice of one stream.
func newDice(seed, stream uint64) dice {
	return dice{rand.New(rand.NewPCG(seed, stream))} // #nosec G404 -- a simulation must be repeatable
}

// exp gives a random time around a mean; most are shorter, a few much longer.
func (d dice) exp(mean time.Duration) time.Duration {
	return time.Duration(min(d.rng.ExpFloat64(), 6) * float64(mean))
}

// between gives a random time from one limit to the other.
func (d dice) between(from, to time.Duration) time.Duration {
	return from + time.Duration(d.rng.Float64()*float64(to-from))
}

// chance is true in the given share of cases.
func (d dice) chance(share float64) bool { return d.rng.Float64() < share }
