package yeastar

import (
	"slices"

	"conversation_exporter/simulator/world"
)

// QueueInfoKey is what a queue's mode is told by.
type QueueInfoKey struct{ Queue, AssignmentMode string }

// QueueAgentsKey is what the members of a queue are counted by.
type QueueAgentsKey struct{ Queue, Presence string }

// QueueGauges are the gauges of the group queues. What was never told is absent;
// what was told to be nothing is 0.
type QueueGauges struct {
	// Info has the queues whose mode was told.
	Info map[QueueInfoKey]int
	// Agents counts the members of queues, and All every member once, by presence.
	Agents map[QueueAgentsKey]int
	All    map[string]int
}

// ChannelUpKey is what the link of a channel is told by.
type ChannelUpKey struct{ Channel, Name, Provider string }

// ChannelSentKey is what messages to customers are counted by.
type ChannelSentKey struct{ Channel, Name, Outcome string }

// ChannelReceivedKey is what messages of customers are counted by.
type ChannelReceivedKey struct{ Channel, Name string }

// ChannelGauges are the gauges of the group channels, with their zeros.
type ChannelGauges struct {
	Up       map[ChannelUpKey]int
	Sent     map[ChannelSentKey]int
	Received map[ChannelReceivedKey]int
}

// AgentGauges are the gauges of the group agents by extension number, with their
// zeros.
type AgentGauges struct {
	Sessions map[string]int
	// Present is 1 for an agent who is present and 0 for one who is away.
	Present map[string]int
}

// The words of presence and of outcomes.
const (
	presencePresent  = "present"
	presenceAway     = "away"
	outcomeDelivered = "delivered"
	outcomeFailed    = "failed"
	outcomePending   = "pending"
)

func newQueueGauges() QueueGauges {
	return QueueGauges{Info: make(map[QueueInfoKey]int), Agents: make(map[QueueAgentsKey]int), All: make(map[string]int)}
}

func newChannelGauges() ChannelGauges {
	return ChannelGauges{
		Up: make(map[ChannelUpKey]int), Sent: make(map[ChannelSentKey]int), Received: make(map[ChannelReceivedKey]int),
	}
}

func newAgentGauges() AgentGauges {
	return AgentGauges{Sessions: make(map[string]int), Present: make(map[string]int)}
}

// groups adds what the last answers about queues, channels and agents have told.
func (e *Expected) groups(r *reader) {
	d := r.notes.directory
	if r.options.Queues {
		e.Queues.add(d)
	}
	if r.options.Channels {
		e.Channels.add(d)
	}
	if r.options.Agents {
		e.Agents.add(d, r.options.AllExtensions)
	}
}

func (g *QueueGauges) add(d *directory) {
	names := d.queueNames()
	informed := make(map[string]bool)
	for _, q := range d.queues.rows {
		name, ok := names[q.ID]
		if !ok {
			name = otherQueues
		}
		told := d.details[q.ID]
		if told.AssignmentMode != "" && !informed[name] { // of one name the first counts
			g.Info[QueueInfoKey{name, told.AssignmentMode}] = 1
			informed[name] = true
		}
		present, away := d.presences(numbersOf(told.Members))
		if !d.extensions.told || told.Members == nil || len(told.Members) > 0 && present+away == 0 {
			continue
		}
		g.Agents[QueueAgentsKey{name, presencePresent}] += present
		g.Agents[QueueAgentsKey{name, presenceAway}] += away
	}
	members := d.members()
	present, away := d.presences(members)
	if d.extensions.told && d.queues.told && (len(members) == 0 || present+away > 0) {
		g.All[presencePresent], g.All[presenceAway] = present, away
	}
}

func (g *ChannelGauges) add(d *directory) {
	for _, c := range d.channels.rows {
		channel, name := label(c.Type), label(c.Name)
		key := ChannelUpKey{channel, name, label(c.Channel)}
		up := flag(c.Status == statusConnected)
		if have, ok := g.Up[key]; ok {
			up = min(up, have)
		}
		g.Up[key] = up
		g.Sent[ChannelSentKey{channel, name, outcomeDelivered}] += c.Delivered
		g.Sent[ChannelSentKey{channel, name, outcomeFailed}] += c.Failed
		g.Sent[ChannelSentKey{channel, name, outcomePending}] += max(c.Sent-c.Delivered-c.Failed, 0)
		g.Received[ChannelReceivedKey{channel, name}] += c.Received
	}
}

func (g *AgentGauges) add(d *directory, all bool) {
	for _, number := range d.agents(all) {
		if present, told := d.present(number); told {
			g.Present[label(number)] = flag(present)
		}
	}
}

// hold gives every agent his sessions, and those others theirs who have some.
func (g *AgentGauges) hold(d *directory, sessions map[int64]ExpectedSession, all bool) {
	for _, number := range d.agents(all) {
		g.Sessions[label(number)] = 0
	}
	for _, s := range sessions {
		if s.agent != "" && (s.State == world.Assigned || s.State == world.Archived) {
			g.Sessions[label(s.agent)]++
		}
	}
}

// queueNames gives the label of each listed queue that has one of its own.
func (d *directory) queueNames() map[int]string {
	queues := make([]world.Queue, 0, len(d.queues.rows))
	for _, q := range d.queues.rows {
		queues = append(queues, world.Queue{ID: q.ID, Name: q.Name})
	}
	return queueNames(queues)
}

// members gives the extension numbers of all members of all listed queues.
func (d *directory) members() []string {
	list := make([]string, 0, len(d.extensions.rows))
	for _, q := range d.queues.rows {
		list = append(list, numbersOf(d.details[q.ID].Members)...)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// agents gives the members and, where the sessions of all extensions are listed,
// those extensions too.
func (d *directory) agents(all bool) []string {
	list := d.members()
	if !all {
		return list
	}
	for _, e := range d.extensions.rows {
		list = append(list, e.Number)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func numbersOf(members []memberInfo) []string {
	list := make([]string, 0, len(members))
	for _, m := range members {
		list = append(list, m.ExtNum)
	}
	return list
}

// presences counts who is present and who is away. Those of whom nothing was told
// are neither.
func (d *directory) presences(numbers []string) (present, away int) {
	for _, number := range numbers {
		switch is, told := d.present(number); {
		case is:
			present++
		case told:
			away++
		}
	}
	return present, away
}

// present tells whether an extension is there: it says so, and one of its Linkus
// clients or its SIP phone is connected. Without either fact nobody can tell.
func (d *directory) present(number string) (present, told bool) {
	i := slices.IndexFunc(d.extensions.rows, func(e extensionInfo) bool { return e.Number == number })
	if i < 0 || d.extensions.rows[i].PresenceStatus == "" || d.extensions.rows[i].OnlineStatus == nil {
		return false, false
	}
	e := d.extensions.rows[i]
	online := slices.ContainsFunc(e.OnlineStatus["sip_phone"].StatusList, func(c clientStatus) bool { return c.Status == 1 })
	for _, client := range [...]string{"linkus_desktop", "linkus_mobile", "linkus_web"} {
		online = online || e.OnlineStatus[client].Status == 1
	}
	return online && e.PresenceStatus == available, true
}

// agent is the number of the extension that has a session: the one that picked
// it up, if that member of the queue was told, or else the one that shows it.
func (d *directory) agent(s *world.Session) string {
	if s.QueueID == 0 || s.MemberID == 0 {
		return s.Extension
	}
	if slices.Contains(numbersOf(d.details[s.QueueID].Members), s.Extension) {
		return s.Extension
	}
	return ""
}
