// Package figures is what an exporter must show of the messages of a simulated
// system, in the form that all dialects share. It knows the metrics and no rule.
package figures
