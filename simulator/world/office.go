package world

import (
	"fmt"
	"slices"
	"time"
)

// office lets agents come and go, and links break and mend, in a lively world.
// It has dice of its own and touches no session: who is there changes nothing of
// what people do, who answer at any time of the day in this world.
type office struct {
	dice
	w *World
	// rosters are the agents', in their order.
	rosters []roster
	// left are the channels whose links are somebody else's to change.
	left map[int]bool
}

// roster is when an agent works, and with what.
type roster struct {
	// begins is the minute of the day at which his shift begins.
	begins int
	// eats is how many minutes later he goes to lunch.
	eats    int
	clients Clients
	// travels tells that he is on a trip until his shift ends.
	travels bool
	// ate tells that he has had lunch in this shift.
	ate bool
	// left tells that his presence is somebody else's to change.
	left bool
}

// A shift is of eight hours, and every agent has one on each day.
const (
	minutesOfDay   = 24 * 60
	minutesOfShift = 8 * 60
)

func newOffice(w *World, d dice) *office {
	o := &office{dice: d, w: w, left: make(map[int]bool)}
	for i := range w.agents {
		o.rosters = append(o.rosters, o.roster(i))
	}
	for _, c := range w.channels {
		o.left[c.ID] = c.Link != Connected // the team says so
	}
	return o
}

// roster spreads the agents over three shifts, so that somebody is always there.
func (o *office) roster(i int) roster {
	early := (6*60 + i%3*minutesOfShift + 15*o.rng.IntN(5)) % minutesOfDay
	r := roster{begins: early, eats: 150 + 10*o.rng.IntN(15)}
	r.ate = o.into(&r) > r.eats // before the world began
	switch luck := o.rng.Float64(); {
	case luck < 0.5:
		r.clients = Desktop
	case luck < 0.7:
		r.clients = Web
	case luck < 0.85:
		r.clients = Mobile
	default:
		r.clients = Phone
	}
	if o.chance(0.4) {
		r.clients |= Phone
	}
	if o.chance(0.2) {
		r.clients |= Mobile
	}
	return r
}

func (o *office) start() {
	for i := range o.rosters {
		o.turn(i)
	}
	for i := range o.w.channels {
		o.w.after(o.exp(10*time.Hour), func() { o.breaks(i) })
	}
}

// turn decides what an agent does next, until when, and lets that happen.
func (o *office) turn(i int) {
	r, agent := &o.rosters[i], &o.w.agents[i]
	if r.left {
		return
	}
	into := o.into(r)
	if into >= minutesOfShift {
		r.ate, r.travels = false, o.chance(0.05)
		agent.Presence, agent.Clients = OffWork, r.clients&Phone // a phone stays on its desk
		if o.chance(0.2) {
			agent.Clients |= r.clients & Mobile
		}
		o.then(i, time.Duration(minutesOfDay-into)*time.Minute)
		return
	}
	rest := time.Duration(minutesOfShift-into) * time.Minute
	o.then(i, min(o.works(r, agent, into), rest))
}

// into is how many minutes ago an agent's shift began the last time.
func (o *office) into(r *roster) int {
	now := o.w.clock.Now().In(o.w.zone)
	return (now.Hour()*60 + now.Minute() - r.begins + minutesOfDay) % minutesOfDay
}

// then looks at an agent again. The minute that has begun is over by then.
func (o *office) then(i int, d time.Duration) {
	o.w.after(max(d, time.Minute), func() { o.turn(i) })
}

// works is an agent in his shift: he is there, and now and then he is not.
func (o *office) works(r *roster, agent *Agent, into int) time.Duration {
	was := agent.Presence
	agent.Presence, agent.Clients = Available, r.clients
	switch luck := o.rng.Float64(); {
	case r.travels:
		agent.Presence, agent.Clients = BusinessTrip, Mobile
		return minutesOfShift * time.Minute
	case into >= r.eats && !r.ate:
		r.ate = true
		agent.Presence, agent.Clients = Lunch, r.clients&^Web
		return o.between(30*time.Minute, 45*time.Minute)
	case was != Available: // back again
	case luck < 0.5:
		agent.Presence = Away
		return o.between(3*time.Minute, 12*time.Minute)
	case luck < 0.75:
		agent.Presence = Busy
		return o.between(10*time.Minute, 30*time.Minute)
	case luck < 0.9: // he says that he is there, and nothing of his is on
		agent.Clients = 0
		return o.between(2*time.Minute, 15*time.Minute)
	}
	return o.between(20*time.Minute, 90*time.Minute)
}

// breaks lets a link break for a while.
func (o *office) breaks(i int) {
	channel := &o.w.channels[i]
	if o.left[channel.ID] {
		return
	}
	reasons := [...]string{"canary: the provider does not answer", "canary: signing in failed"}
	channel.Link, channel.Trouble = Broken, reasons[o.rng.IntN(len(reasons))]
	o.w.after(o.between(2*time.Minute, 25*time.Minute), func() {
		if !o.left[channel.ID] {
			channel.Link, channel.Trouble = Connected, ""
		}
	})
	o.w.after(time.Hour+o.exp(10*time.Hour), func() { o.breaks(i) })
}

// leaveLink leaves a channel's link alone from now on, and leaveAgent an agent.
func (o *office) leaveLink(channelID int) { o.left[channelID] = true }

func (o *office) leaveAgent(i int) { o.rosters[i].left = true }

// Agents gives copies of all agents.
func (w *World) Agents() []Agent {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.agents)
}

// SetPresence changes what an agent says of himself, and whether he is online: by
// his desktop client alone, or by nothing. In a lively world he then stays so.
func (w *World) SetPresence(number string, p Presence, online bool) error {
	clients := Clients(0)
	if online {
		clients = Desktop
	}
	return w.setAgent(number, func(a *Agent) { a.Presence, a.Clients = p, clients })
}

// SetClients changes which of an agent's clients are connected. In a lively world
// he then stays so.
func (w *World) SetClients(number string, clients Clients) error {
	return w.setAgent(number, func(a *Agent) { a.Clients = clients })
}

func (w *World) setAgent(number string, change func(*Agent)) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	i, ok := w.agentIndex[number]
	if !ok {
		return fmt.Errorf("set the presence of extension %s: %w", number, ErrNotFound)
	}
	change(&w.agents[i])
	if w.office != nil {
		w.office.leaveAgent(i)
	}
	return nil
}
