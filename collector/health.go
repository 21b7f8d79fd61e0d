package collector

import (
	"github.com/prometheus/client_golang/prometheus"
)

// healthFamilies are the metrics that say how good the others are. They are
// always exported.
func healthFamilies() []family {
	return append(targetFamilies(), append(readingFamilies(), recordFamilies()...)...)
}

// targetFamilies tell of the target and its last pass as a whole.
func targetFamilies() []family {
	return []family{
		{
			name: "conversation_up", kind: prometheus.GaugeValue, stage: StageStable,
			help: "1 if at least one call with valid credentials succeeded in this pass, else 0. Absent where another scrape's pass left no time for one.",
			samples: func(v *view, emit emit) {
				if v.began {
					emit(truth(v.up))
				}
			},
		},
		{
			name: "conversation_target_info", kind: prometheus.GaugeValue, stage: StageStable,
			help:   "Always 1. The kind of system and its version; the version is empty until the system has told it.",
			labels: []string{"system", "version"},
			samples: func(v *view, emit emit) {
				if v.info.System != "" {
					emit(1, v.info.System, v.info.Version)
				}
			},
		},
		{
			name: "conversation_scrape_timestamp_seconds", kind: prometheus.GaugeValue, stage: StageStable,
			help: "Unix time of the end of the pass that the values of this target are from.",
			samples: func(v *view, emit emit) {
				if v.began {
					emit(unixSeconds(v.end))
				}
			},
		},
		{
			name: "conversation_scrape_folded_queues", kind: prometheus.GaugeValue, stage: StageStable,
			help: "Queues beyond the first 256, which share the queue label \"(other)\". Absent where the sessions could not be read.",
			samples: func(v *view, emit emit) {
				if v.tallies != nil {
					emit(float64(v.folded))
				}
			},
		},
	}
}

// readingFamilies tell how the reading of each group went.
func readingFamilies() []family {
	return []family{
		{
			name: "conversation_scrape_collector_success", kind: prometheus.GaugeValue, stage: StageStable,
			help:   "0 if an error occurred while this group of metrics was read, else 1.",
			labels: []string{"collector"},
			samples: func(v *view, emit emit) {
				for _, o := range v.outcomes {
					emit(truth(o.success), o.group)
				}
			},
		},
		{
			name: "conversation_scrape_collector_partial", kind: prometheus.GaugeValue, stage: StageStable,
			help:   "1 if the exported values of this group leave something out, else 0. Also 0 where nothing is exported; success is then 0.",
			labels: []string{"collector"},
			samples: func(v *view, emit emit) {
				for _, o := range v.outcomes {
					emit(truth(o.partial), o.group)
				}
			},
		},
		{
			name: "conversation_scrape_collector_timeout", kind: prometheus.GaugeValue, stage: StageStable,
			help:   "1 if the deadline of the scrape cut the reading of this group short, else 0.",
			labels: []string{"collector"},
			samples: func(v *view, emit emit) {
				for _, o := range v.outcomes {
					emit(truth(o.timedOut), o.group)
				}
			},
		},
		{
			name: "conversation_scrape_collector_duration_seconds", kind: prometheus.GaugeValue, stage: StageStable,
			help:   "How long the reading of this group took.",
			labels: []string{"collector"},
			samples: func(v *view, emit emit) {
				for _, o := range v.outcomes {
					if v.began {
						emit(o.took.Seconds(), o.group)
					}
				}
			},
		},
	}
}

// recordFamilies tell what was left out of the group "messages".
func recordFamilies() []family {
	return []family{
		{
			name: "conversation_scrape_pending_sessions", kind: prometheus.GaugeValue, stage: StageStable,
			help: "Sessions whose messages are still to be read. They are left out of the metrics of messages.",
			samples: func(v *view, emit emit) {
				if v.backlogs != nil && v.has(groupMessages) {
					emit(float64(v.pending))
				}
			},
		},
		{
			name: "conversation_messages_skipped_total", kind: prometheus.CounterValue, stage: StageStable,
			help: "Records that were passed over, at the least, because a session had too many new ones: 500 in a pass, 200 at the first reading.",
			samples: func(v *view, emit emit) {
				if v.counts != nil && v.has(groupMessages) {
					emit(v.counts.skipped)
				}
			},
		},
		{
			name: "conversation_records_dropped_total", kind: prometheus.CounterValue, stage: StageStable,
			help:   "Records that were not used: future, because their time is more than 60 seconds ahead of our clock.",
			labels: []string{"reason"},
			samples: func(v *view, emit emit) {
				if v.counts != nil && v.has(groupMessages) {
					emit(v.counts.dropped, "future")
				}
			},
		},
	}
}
