package conversation

// Channel is one connection to a messaging service, by which messages come and go.
type Channel struct {
	// Kind is what Session.Channel calls it, such as "whatsapp".
	Kind string
	// Name is the channel's name as the administrator wrote it.
	Name string
	// Provider is the service behind it, such as "twilio".
	Provider string
	// Up is true while the channel is connected, UpTold where the system tells.
	Up, UpTold bool
	// Lapsed is true where it is not connected because its subscription is over: no
	// setting mends that, somebody has to renew it.
	Lapsed bool
	// Today is what came and went since midnight of the system; nil where the
	// system does not tell.
	Today *Traffic
}

// Traffic counts messages of a channel.
type Traffic struct {
	// Sent are ours, of which Delivered arrived and Failed did not; the rest is
	// under way. Received are the customers'.
	Sent, Delivered, Failed, Received int64
}
