package collector

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"conversation_exporter/conversation"
)

// The stages of a metric.
const (
	// StageStable is that of a metric whose name, labels and meaning stay.
	StageStable = "stable"
	// StageExperimental is that of a metric that may change or go.
	StageExperimental = "experimental"
)

// emit takes one sample: its value and the values of the family's labels.
type emit func(value float64, labels ...string)

// emitDistribution takes one histogram and the values of the family's labels.
type emitDistribution func(d distribution, labels ...string)

// family is one metric: what it is called and means, and the pure function that
// turns what a pass knows of a target into its samples.
type family struct {
	name   string
	help   string
	kind   prometheus.ValueType // of samples
	labels []string             // those after target
	stage  string
	// samples must do nothing but look at the view and emit.
	samples func(v *view, emit emit)
	// distributions is what a histogram has instead.
	distributions func(v *view, emit emitDistribution)
}

// group is what is switched on and off as one.
type group struct {
	name string
	// summary completes the sentence "Export …".
	summary string
	// byDefault is true for a group that is on unless it is switched off.
	byDefault bool
	// read reads what the group shows, and tells how that went.
	read     func(*Target, context.Context, *view) outcome
	families func() []family
}

// groups is the list of all groups. A new group is a file with its list of
// families, and one line here.
func groups() []group {
	return []group{
		{name: groupSessions, summary: "open sessions and reply windows", byDefault: true, read: (*Target).readSessions, families: sessionFamilies},
		{name: groupMessages, summary: "who is unanswered, messages, responses and lost windows", byDefault: true, read: (*Target).readMessages, families: messageFamilies},
		{name: groupQueues, summary: "message queues and how many of their agents are there", byDefault: true, read: (*Target).readQueues, families: queueFamilies},
		{name: groupChannels, summary: "whether channels are connected, and their messages of today", byDefault: true, read: (*Target).readChannels, families: channelFamilies},
		{name: groupAgents, summary: "who has how many sessions and is there, by agent", read: (*Target).readAgents, families: agentFamilies},
	}
}

// Metric describes one exported metric, for the documentation.
type Metric struct {
	// Group is the group's name; empty for those that are always exported.
	Group string
	// Name, Help, Type, Labels and Stage are as exported.
	Name, Help, Type string
	Labels           []string
	Stage            string
}

// GroupInfo describes one group of metrics that can be switched on and off.
type GroupInfo struct {
	// Name is how flags and configuration call it.
	Name string
	// Summary completes the sentence "Export …".
	Summary string
	// Default is true for a group that is on unless it is switched off.
	Default bool
}

// Groups lists the groups in the order in which they are documented.
func Groups() []GroupInfo {
	list := make([]GroupInfo, 0, len(groups()))
	for _, g := range groups() {
		list = append(list, GroupInfo{Name: g.name, Summary: g.summary, Default: g.byDefault})
	}
	return list
}

// Metrics lists every metric of a target, in the order in which they are
// documented.
func Metrics() []Metric {
	var list []Metric
	add := func(groupName string, families []family) {
		for _, f := range families {
			list = append(list, Metric{
				Group: groupName, Name: f.name, Help: f.help, Type: f.typeName(),
				Labels: append([]string{"target"}, f.labels...), Stage: f.stage,
			})
		}
	}
	for _, g := range groups() {
		add(g.name, g.families())
	}
	add("", healthFamilies())
	return list
}

func (f *family) typeName() string {
	switch {
	case f.distributions != nil:
		return "histogram"
	case f.kind == prometheus.CounterValue:
		return "counter"
	default:
		return "gauge"
	}
}

// described is a family with its descriptor, which is made once.
type described struct {
	family
	// group is the group's name; empty for those that are always exported.
	group string
	desc  *prometheus.Desc
}

// describe makes the descriptors of a group's families.
func describe(group string, families []family) []described {
	list := make([]described, 0, len(families))
	for _, f := range families {
		desc := prometheus.NewDesc(f.name, f.help, append([]string{"target"}, f.labels...), nil)
		list = append(list, described{family: f, group: group, desc: desc})
	}
	return list
}

// collect sends the samples of one target, if it has this group.
func (d described) collect(v *view, ch chan<- prometheus.Metric) {
	if d.group != "" && !v.has(d.group) {
		return
	}
	send := func(m prometheus.Metric, err error) {
		if err != nil {
			m = prometheus.NewInvalidMetric(d.desc, err)
		}
		ch <- m
	}
	target := conversation.Label(v.target)
	if d.distributions != nil {
		d.distributions(v, func(h distribution, labels ...string) {
			send(prometheus.NewConstHistogram(d.desc, h.count, h.sum, h.byBound(), append([]string{target}, labels...)...))
		})
		return
	}
	d.samples(v, func(value float64, labels ...string) {
		send(prometheus.NewConstMetric(d.desc, d.kind, value, append([]string{target}, labels...)...))
	})
}

// unixSeconds gives an instant as Prometheus counts them.
func unixSeconds(t time.Time) float64 {
	return float64(t.UnixMilli()) / 1000
}

// truth gives a yes or no as Prometheus counts them.
func truth(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
