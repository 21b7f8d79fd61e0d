package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"conversation_exporter/simulator/world"
)

const (
	targetUnread = "ConversationTargetUnread"
	watchdog     = "ConversationWatchdog"

	rulesWatchdog = "../deploy/prometheus/watchdog.rules.yml"
)

// Sign-in works, and the list of sessions cannot be had: those who can mend it are told, no
// customer is taken for served, and with the list the alert on who still waits is back.
func TestATargetThatIsReachedAndNotReadIsTold(t *testing.T) {
	t.Parallel()
	s := startStack(t, pairs(t)[0], false)
	session := s.other.waits(t, world.QueueSupport)
	s.hears(t, "supervisors", notPickedUp, s.waiting(otherTarget), true)
	s.other.sim.Yeastar.FailEndpoint("message_session/search", 10005)
	by := s.inhibited(t, notPickedUp, s.waiting(otherTarget))
	unread := s.hears(t, "operators", targetUnread, s.with(otherTarget, map[string]string{"severity": "critical"}), true)
	if len(by) != 1 || by[0] != unread.Fingerprint {
		t.Errorf("the alert on the customer was inhibited by %v, want %s", by, unread.Fingerprint)
	}
	up := fmt.Sprintf("conversation_up{target=%q}", otherTarget)
	if got, err := instant(s.prometheus, up); err != nil || got != "1" {
		t.Errorf("%s is %s, %v", up, got, err)
	}
	s.other.sim.Yeastar.FailEndpoint("message_session/search", 0)
	s.hears(t, "operators", targetUnread, s.labels(otherTarget), false)
	s.stands(t, otherTarget)
	s.other.answers(t, session)
	s.hears(t, "supervisors", notPickedUp, s.waiting(otherTarget), false)
	for _, name := range []string{targetDown, "ConversationDataIncomplete"} {
		if heard, _ := s.notices.heard(name, nil); len(heard) > 0 {
			t.Errorf("beside it came: %v", heard)
		}
	}
	if heard, _ := s.notices.heard(notPickedUp, s.waiting(otherTarget)); len(heard) != 2 {
		t.Errorf("of the customer came: %v", heard)
	}
}

// As long as Prometheus and Alertmanager live, the watchdog hears it, whatever else is
// wrong: here there is no exporter.
func TestTheWatchdogHearsThatPrometheusLives(t *testing.T) {
	t.Parallel()
	for _, p := range pairs(t) {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			s := &stack{notices: listen(t), address: freeAddress(t)}
			s.startAlertmanager(t, p)
			// The first alert of a Prometheus is lost, as it has not looked for Alertmanager then;
			// the next is a minute later.
			s.startPrometheus(t, p, sampleStatic, "--rules.alert.resend-delay=5s")
			s.hears(t, "operators", exporterDown, nil, true)
			eventually(t, "the third notice to the watchdog", func() error {
				heard, _ := s.notices.heard(watchdog, map[string]string{"severity": "none"})
				for _, a := range heard {
					if a.Receiver != "watchdog" || !a.Firing {
						t.Fatalf("it came as %v", a)
					}
				}
				if len(heard) < 3 {
					return fmt.Errorf("there are %d", len(heard))
				}
				return nil
			})
		})
	}
}

// What is critical is told at once, though its queue or target has just been told of for
// something less, whose next message is 5 minutes away. The end of the watchdog's alert is told to
// nobody: it would be taken for a sign of life.
func TestWhatIsCriticalDoesNotWait(t *testing.T) {
	for _, p := range pairs(t) {
		t.Run(p.name, func(t *testing.T) {
			s := &stack{notices: listen(t)}
			s.startAlertmanagerWith(t, p, func(text string) string {
				text = replace(t, text, "group_interval: 1m", "group_interval: 1s")
				return regexp.MustCompile(`group_wait: \d+s`).ReplaceAllString(text, "group_wait: 100ms")
			})
			for _, of := range []struct{ receiver, target, queue, less, more string }{
				{"operators", dyingTarget, "", "ConversationDeliveryFailing", "ConversationChannelDown"},
				{"supervisors", otherTarget, "Support", "ConversationBacklog", noAgents},
			} {
				at := map[string]string{"job": "conversation", "instance": "a", "target": of.target}
				labels := map[string]string{"queue": of.queue, "severity": "warning"}
				s.raise(t, of.less, at, labels, time.Hour)
				s.hears(t, of.receiver, of.less, nil, true)
				labels["severity"] = "critical"
				s.raise(t, of.more, at, labels, time.Hour)
				s.hears(t, of.receiver, of.more, nil, true)
			}
			// At night the supervisors are not told of what is critical either.
			night := map[string]string{"job": "conversation", "instance": "a", "target": mutedTarget}
			s.raise(t, noAgents, night, map[string]string{"queue": "Support", "severity": "critical"}, time.Hour)
			s.raise(t, targetDown, night, map[string]string{"severity": "critical"}, time.Hour)
			s.hears(t, "operators", targetDown, night, true)

			s.raise(t, watchdog, nil, map[string]string{"severity": "none"}, time.Hour)
			s.hears(t, "watchdog", watchdog, nil, true)
			s.raise(t, watchdog, nil, map[string]string{"severity": "none"}, -time.Second)
			s.raise(t, targetDown, night, map[string]string{"severity": "critical"}, -time.Second)
			s.hears(t, "operators", targetDown, night, false)
			time.Sleep(2 * time.Second) // The group of the watchdog's alert has its turn every second.
			if heard, _ := s.notices.heard(watchdog, nil); !heard[len(heard)-1].Firing {
				t.Errorf("the end was told: %v", heard)
			}
			if heard, _ := s.notices.heard(noAgents, night); len(heard) > 0 {
				t.Errorf("at night came: %v", heard)
			}
		})
	}
}

// raise sends an alert to Alertmanager as Prometheus does, which ends after a while or has ended.
func (s *stack) raise(t *testing.T, name string, at, more map[string]string, lasts time.Duration) {
	t.Helper()
	labels := map[string]string{"alertname": name}
	for _, some := range []map[string]string{at, more} {
		for label, value := range some {
			labels[label] = value
		}
	}
	body, err := json.Marshal([]map[string]any{{
		"labels": labels, "startsAt": time.Now().Add(-time.Minute), "endsAt": time.Now().Add(lasts),
	}})
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.alertmanager+"/api/v2/alerts", strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("Alertmanager answers %s", resp.Status)
	}
}
