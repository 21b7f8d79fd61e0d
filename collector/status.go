package collector

import "time"

// Status is what the last passes over one target told, in words for people. It holds
// names of targets, channels and queues, counts and times; nothing of a customer.
type Status struct {
	// Target is the target's name.
	Target string
	// Passed is false until a first pass has ended; the rest is then empty, but for
	// Groups and Progress.
	Passed bool
	// System and Version tell what the target is.
	System, Version string
	// Up is true if the target accepted our credentials in the last pass.
	Up bool
	// Ended is the end of the last pass, whatever groups it read, Took its length.
	Ended time.Time
	Took  time.Duration
	// Problems say what failed where each group was read last and, where it is known,
	// the remedy.
	Problems []string
	// Failure is the last failure, which may be over; nil where there was none.
	Failure *Failure
	// Progress is how far the pass under way is; nil where none is.
	Progress *Progress
	// Groups tell how the last reading of each group went, those that are off
	// included.
	Groups []GroupStatus
	// States are those that the system's sessions can have, in order.
	States []StateStatus
	// Waits are the customers who wait.
	Waits
	// Messages is true where messages were read, so that where nobody waits, nobody
	// does.
	Messages bool
	// Pending counts the sessions whose messages are still to be read, Read the others
	// while there are any.
	Pending, Read int
	// Unattended are the queues in which customers wait and no agent is present.
	Unattended []UnattendedStatus
	// Agents counts the agents of all queues, Present those who are there; both are 0
	// where that is not known.
	Agents, Present int
	// ChannelsDown are the channels that are not connected.
	ChannelsDown []ChannelStatus
	// Places are the counts by channel and queue; nil where nothing was read.
	Places []PlaceStatus
}

// Waits are the customers of a target who wait longest; nil where nobody does.
type Waits struct {
	// PickUp is who is longest in a queue, by when he entered it.
	PickUp *Wait
	// Queued is who is in a queue and has been owed an answer for longest, which may be
	// from before he entered it; Assigned is the one whom an agent has, and Shared the
	// one of a queue whose sessions nobody picks up.
	Queued, Assigned, Shared *Wait
	// Closing is the unanswered one whose reply window ends next.
	Closing *Wait
}

// Wait is a customer who waits.
type Wait struct {
	// At is since when, or when the window ends.
	At time.Time
	// Channel, Queue and State are the labels; State may be empty.
	Channel, Queue, State string
}

// UnattendedStatus is a queue in which customers wait and no agent is present.
type UnattendedStatus struct {
	// Queue is the label.
	Queue string
	// Waiting counts the customers, Agents those who could pick them up.
	Waiting, Agents int
}

// ChannelStatus is a connection to a messaging service.
type ChannelStatus struct {
	// Channel, Name and Provider are the labels.
	Channel, Name, Provider string
	// Lapsed is true where its subscription is over.
	Lapsed bool
}

// StateStatus is one state that a session can have.
type StateStatus struct {
	// Name is the label, Meaning explains it.
	Name, Meaning string
}

// GroupStatus is how the last reading of one group went.
type GroupStatus struct {
	// Name is the group's name.
	Name string
	// On is true where the group is switched on, Passed where it was read, or tried.
	// Without both the rest is empty.
	On, Passed bool
	// Unsupported is true where the system has no such thing.
	Unsupported bool
	// Success, Partial and TimedOut are as in the health metrics.
	Success, Partial, TimedOut bool
	// Ended is the end of the pass that read it.
	Ended time.Time
}

// PlaceStatus counts the sessions of one channel and queue.
type PlaceStatus struct {
	// Channel and Queue are the labels.
	Channel, Queue string
	// Open counts the open sessions by state.
	Open map[string]int
	// Windows counts the reply windows by the time left.
	Windows map[string]int
	// NextExpiry is when the next open window ends; zero where none is open.
	NextExpiry time.Time
}

// Status tells of the last passes of every target, in the order of their names. It
// starts none.
func (c *Collector) Status() []Status {
	targets := c.all()
	list := make([]Status, 0, len(targets))
	for _, t := range targets {
		list = append(list, t.status())
	}
	return list
}
