package yeastar

import "conversation_exporter/simulator/figures"

// What is expected of the messages has the same form in every dialect.
type (
	// Place is where sessions are counted.
	Place = figures.Place
	// StateKey is what waits are told by.
	StateKey = figures.StateKey
	// UnansweredKey is what unanswered sessions are counted by.
	UnansweredKey = figures.UnansweredKey
	// Gauges are the gauges of the messages.
	Gauges = figures.Gauges
	// MessageKey is what messages are counted by.
	MessageKey = figures.MessageKey
	// FailureKey is what failed messages are counted by.
	FailureKey = figures.FailureKey
	// StartKey is what started sessions are counted by.
	StartKey = figures.StartKey
	// CloseKey is what closed sessions are counted by.
	CloseKey = figures.CloseKey
	// TransferKey is what transfers are counted by.
	TransferKey = figures.TransferKey
	// Histogram is what a histogram must show.
	Histogram = figures.Histogram
	// Counts are the counters and histograms of the messages.
	Counts = figures.Counts
	// Totals are counts without their labels.
	Totals = figures.Totals
)
