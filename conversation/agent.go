package conversation

// Presence is whether an agent can take a conversation now.
type Presence string

// The presences of an agent.
const (
	// PresenceUnknown means that the system did not tell.
	PresenceUnknown Presence = ""
	// PresencePresent means that the agent is there and can be reached.
	PresencePresent Presence = "present"
	// PresenceAway means that the agent is not there, or wants no conversation.
	PresenceAway Presence = "away"
)

// Agent is a person who answers customers.
type Agent struct {
	// ID is the system's own word for the agent, such as the number of the
	// extension, as it stands in Session.Agent. It is an internal one, not a
	// customer's.
	ID string
	// Name is the agent's name as colleagues know it; it may be empty. It is
	// exported only where the configuration asks for names.
	Name string
	// Presence is whether the agent can take a conversation now.
	Presence Presence
	// Queues are the ids of the queues that the agent is a member of.
	Queues []int64
}
