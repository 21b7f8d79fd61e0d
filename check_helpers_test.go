package main

import (
	"time"

	simyeastar "conversation_exporter/simulator/yeastar"
)

// latency sets how late every answer of a simulated PBX is.
func latency(d time.Duration) func(*simyeastar.Switches) {
	return func(sw *simyeastar.Switches) { sw.Latency = d }
}

// hang is the fault of an endpoint that never answers.
func hang(endpoint string) simyeastar.Fault {
	return simyeastar.Fault{Kind: simyeastar.Hang, Endpoint: endpoint}
}
