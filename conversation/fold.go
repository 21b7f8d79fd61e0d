package conversation

// Owner is who has a session for a stretch of time.
type Owner uint8

// The owners of a session.
const (
	// OwnerUnknown is an owner whom neither a record nor a listing has told.
	OwnerUnknown Owner = iota
	// OwnerAutomation is a bot or an automation.
	OwnerAutomation
	// OwnerQueue is a queue in which the session waits to be picked up.
	OwnerQueue
	// OwnerPeople is an agent, or all agents of a queue without pick-up.
	OwnerPeople
)
