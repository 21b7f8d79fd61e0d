package e2e

import (
	"fmt"
	"net/http/httptest"
	"regexp"
	"testing"
	"time"

	"conversation_exporter/simulator"
	"conversation_exporter/simulator/superoffice"
	"conversation_exporter/simulator/world"
)

// deskTarget is the SuperOffice of the stack, which tells opening hours and limits of its own.
const deskTarget = "service-desk"

// deskLimit is the limit of its topics: the least that SuperOffice takes, and twelve times
// the one that the rules in a hurry take where there is none.
const deskLimit = time.Minute

// desk is a simulated SuperOffice in which nothing happens by itself.
type desk struct {
	sim *simulator.Simulator
	url string
}

// startDesk makes a world of which the topic Support is always open, and Returns never.
func startDesk(t testing.TB) *desk {
	t.Helper()
	d := &desk{sim: simulator.New(simulator.Options{
		World:       world.Options{Still: true, Start: time.Now()},
		SuperOffice: superoffice.Options{Zone: time.UTC},
	})}
	for _, topic := range d.sim.World.Desk().Topics() {
		topic.WarnNew = deskLimit
		if topic.ID == world.TopicReturns {
			topic.Hours = &world.Hours{}
		}
		d.sim.World.Desk().SetTopic(topic)
	}
	server := httptest.NewServer(d.sim.SuperOffice)
	t.Cleanup(server.Close)
	d.url = server.URL
	go d.sim.Run(t.Context())
	return d
}

// block is its target in the configuration.
func (d *desk) block() string {
	return fmt.Sprintf("  %s:\n    requests_per_second: 0\n    min_interval: 0s\n    superoffice:\n      url: %s\n      basic_auth: {username: %q, password: %q}\n      time_zone: UTC\n",
		deskTarget, d.url+superoffice.Base, d.sim.SuperOffice.User(), d.sim.SuperOffice.Password())
}

// waits has a visitor chat, whom nobody picks up.
func (d *desk) waits(t testing.TB, topic int) (chat int64) {
	t.Helper()
	chat, err := d.sim.World.Desk().Open(world.ChatOpening{Topic: topic})
	if err != nil {
		t.Fatal(err)
	}
	return chat
}

// answers has an agent of the topic Support pick the chat up, and answer.
func (d *desk) answers(t testing.TB, chat int64) {
	t.Helper()
	for _, topic := range d.sim.World.Desk().Topics() {
		if topic.ID != world.TopicSupport {
			continue
		}
		if err := d.sim.World.Desk().PickUp(chat, topic.Members[0]); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.sim.World.Desk().AgentWrites(chat); err != nil {
		t.Fatal(err)
	}
}

// theDeskHasItsLimit sees that the administrator's own limit holds, that a topic which is
// closed is left out, though a visitor waits in it for as long, and that it ends with the answer.
func (s *stack) theDeskHasItsLimit(t *testing.T, chat int64) {
	t.Helper()
	labels := s.with(deskTarget, map[string]string{"severity": "warning", "channel": "chat", "queue": "Support"})
	s.hears(t, "supervisors", notPickedUp, labels, true)
	heard, _ := s.notices.heard(notPickedUp, labels)
	words := regexp.MustCompile(`^1 waiting in queue Support of ` + deskTarget + ` \(chat\), the first for \d+m `)
	if text := heard[0].Annotations["description"]; !words.MatchString(text) {
		t.Errorf("with a limit of %v the first notice says %q", deskLimit, text)
	}
	late := fmt.Sprintf(`count(time() - conversation_queued_oldest_timestamp_seconds{target=%q,queue="Returns"} > %v and on (target, queue) conversation_queue_open == 0)`,
		deskTarget, deskLimit.Seconds())
	eventually(t, late, func() error {
		_, err := instant(s.prometheus, late)
		return err
	})
	s.desk.answers(t, chat)
	s.hears(t, "supervisors", notPickedUp, labels, false)
	if heard, _ := s.notices.heard(notPickedUp, s.with(deskTarget, map[string]string{"queue": "Returns"})); len(heard) > 0 {
		t.Errorf("of a topic that is closed came: %v", heard)
	}
}
