package world

import "strconv"

// Team is who works in a world, and through what customers reach them.
type Team struct {
	Agents   []Agent
	Queues   []Queue
	Channels []Channel
}

// The ids of the queues in DefaultTeam.
const (
	QueueSupport   = 3
	QueueBilling   = 4
	QueueSales     = 5
	QueueCommunity = 6
)

// firstMember keeps the ids of memberships away from those of extensions.
const firstMember = 501

// DefaultTeam gives 24 agents with the extensions 1001 to 1024, four queues
// (two manual, one auto, one without pick-up) and five channels, of which two are
// for SMS.
func DefaultTeam() Team {
	team := Team{
		Channels: []Channel{
			{ID: 1, Medium: WhatsApp, Name: "WhatsApp", Provider: "whatsapp", DID: "+999100001"},
			{ID: 2, Medium: Facebook, Name: "Facebook", Provider: "facebook", DID: "+99910000000000002"},
			{ID: 3, Medium: SMS, Name: "Hotline SMS", Provider: "twilio", DID: "+999100003"},
			{ID: 4, Medium: Livechat, Name: "Website", Provider: "livechat", DID: "+999100004"},
			{ID: 5, Medium: SMS, Name: "Service SMS", Provider: "telnyx", DID: "+999100005"},
		},
	}
	for i := 1; i <= 24; i++ {
		agent := Agent{
			ID: 100 + i, Number: strconv.Itoa(1000 + i), Name: "Canary Agent " + strconv.Itoa(i),
			Presence: Available, Clients: defaultClients(i),
		}
		if i%7 == 0 {
			agent.Presence = Away
		}
		if i%11 == 0 {
			agent.Presence = OffWork
		}
		team.Agents = append(team.Agents, agent)
	}
	member := firstMember
	add := func(id int, name string, mode Mode, agents []Agent) {
		queue := Queue{ID: id, Name: name, Mode: mode}
		for _, agent := range agents {
			queue.Members = append(queue.Members, Member{ID: member, Number: agent.Number})
			member++
		}
		team.Queues = append(team.Queues, queue)
	}
	add(QueueSupport, "Support", ModeManual, team.Agents[:10])
	add(QueueBilling, "Billing", ModeManual, team.Agents[8:14])
	add(QueueSales, "Sales", ModeAuto, team.Agents[12:19])
	add(QueueCommunity, "Community", ModeNone, team.Agents[17:21])
	return team
}

// defaultClients gives every sort of client to some agents. One says that he is
// there and has none on, and of those who are off, one has left his phone on.
func defaultClients(i int) Clients {
	switch {
	case i == 5 || i == 11:
		return 0
	case i%4 == 1:
		return Desktop | Phone
	case i%4 == 2:
		return Phone
	case i%4 == 3:
		return Web | Mobile
	default:
		return Desktop
	}
}
