package e2e

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"conversation_exporter/simulator/world"
)

const (
	notPickedUp    = "ConversationNotPickedUp"
	noAgents       = "ConversationNoAgents"
	windowExpiring = "ConversationWindowExpiring"
	targetDown     = "ConversationTargetDown"
	exporterDown   = "ConversationExporterDown"

	exporterMissing = "ConversationExporterMissing"
)

// From the customer to who is told, on real parts: a customer is left waiting, and the
// alert arrives; target and exporter die, and all else is silent; they recover, and it
// ends when somebody has answered.
func TestWhoIsLeftWaitingIsTold(t *testing.T) {
	t.Parallel()
	for i, p := range pairs(t) {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			s := startStack(t, p, i > 0)
			night, day := s.muted.waits(t, world.QueueSupport), s.dying.waits(t, world.QueueSupport)
			chat := s.desk.waits(t, world.TopicSupport)
			s.desk.waits(t, world.TopicReturns)
			s.customerIsLeftWaiting(t)
			s.dying.die()
			showroom := s.targetIsDown(t)
			s.dying.live(t)
			s.targetRecovers(t, day)
			s.theDeskHasItsLimit(t, chat)
			s.exporterIsDown(t, showroom)
			s.nobodyIsThere(t)
			s.windowCloses(t)
			s.muted.answers(t, night)
			s.nothingCameOfTheNight(t)
		})
	}
}

// What the demo shows on its page is told, too: somebody waits there at any hour.
func TestTheDemoIsTold(t *testing.T) {
	s := &stack{notices: listen(t)}
	s.exporter = run(t, binary(t, "EXPORTER"), "--demo", "--web.listen-address=127.0.0.1:0")
	s.address = strings.TrimPrefix(s.exporter.expect(t, `Open (http://\S+)/ in a browser`), "http://")
	current := pairs(t)[1]
	s.startAlertmanager(t, current)
	s.startPrometheus(t, current, sampleStatic)
	s.hears(t, "supervisors", notPickedUp, map[string]string{
		"job": "conversation", "instance": s.address, "target": "demo-pbx", "severity": "warning",
	}, true)
}

// waiting are the labels of the alert on a target's customer.
func (s *stack) waiting(target string) map[string]string {
	return s.with(target, map[string]string{"alertname": notPickedUp, "severity": "warning", "channel": "whatsapp", "queue": "Support"})
}

func (s *stack) customerIsLeftWaiting(t *testing.T) {
	t.Helper()
	want := s.waiting(dyingTarget)
	got := s.hears(t, "supervisors", notPickedUp, want, true)
	if !maps.Equal(got.Labels, want) {
		t.Errorf("the labels are %v, want %v", got.Labels, want)
	}
	for annotation, part := range map[string]string{
		"summary":     "nobody has picked the conversation up",
		"description": "1 waiting in queue Support of " + dyingTarget + " (whatsapp), the first for ",
		"runbook_url": "docs/runbooks/" + notPickedUp + ".md",
	} {
		if !strings.Contains(got.Annotations[annotation], part) {
			t.Errorf("the %s is %q, without %q", annotation, got.Annotations[annotation], part)
		}
	}
	s.stands(t, mutedTarget)
}

// targetIsDown sees that those who can mend it are told, and that what the target had
// to tell is neither repeated nor resolved. A customer of another target is still heard of.
func (s *stack) targetIsDown(t *testing.T) (session int64) {
	t.Helper()
	by := s.inhibited(t, notPickedUp, s.waiting(dyingTarget))
	down := s.hears(t, "operators", targetDown, s.labels(dyingTarget), true)
	if want := s.with(dyingTarget, map[string]string{"alertname": targetDown, "severity": "critical"}); !maps.Equal(down.Labels, want) {
		t.Errorf("the labels are %v, want %v", down.Labels, want)
	}
	if !slices.Contains(by, down.Fingerprint) {
		t.Errorf("the alert on the customer was inhibited by %v, want %s", by, down.Fingerprint)
	}
	session = s.other.waits(t, world.QueueSupport)
	s.hears(t, "supervisors", notPickedUp, s.waiting(otherTarget), true)
	s.stands(t, otherTarget)

	// keep_firing_for ends, and not even that is told.
	query := fmt.Sprintf("count(ALERTS{alertname=%q,target=%q}) or vector(0)", notPickedUp, dyingTarget)
	eventually(t, query, func() error {
		got, err := instant(s.prometheus, query)
		if err == nil && got != "0" {
			err = fmt.Errorf("it is %s", got)
		}
		return err
	})
	s.hears(t, "operators", targetDown, s.labels(dyingTarget), true)
	if heard, _ := s.notices.heard(notPickedUp, s.labels(dyingTarget)); len(heard) != 1 {
		t.Errorf("while the target was down came: %v", heard)
	}
	return session
}

// targetRecovers sees that the customer who still waits is known again, and that it
// ends with the answer.
func (s *stack) targetRecovers(t *testing.T, session int64) {
	t.Helper()
	s.hears(t, "operators", targetDown, s.labels(dyingTarget), false)
	s.stands(t, dyingTarget)
	s.dying.answers(t, session)
	s.hears(t, "supervisors", notPickedUp, s.waiting(dyingTarget), false)
}

// exporterIsDown sees the same for all targets at once.
func (s *stack) exporterIsDown(t *testing.T, session int64) {
	t.Helper()
	labels := s.labels(otherTarget)
	delete(labels, "target")
	if err := s.exporter.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	by := s.inhibited(t, notPickedUp, s.waiting(otherTarget))
	if down := s.hears(t, "operators", exporterDown, labels, true); !slices.Contains(by, down.Fingerprint) {
		t.Errorf("the alert on the customer was inhibited by %v, want %s", by, down.Fingerprint)
	}
	s.startExporter(t)
	s.hears(t, "operators", exporterDown, labels, false)
	s.stands(t, otherTarget)
	s.other.answers(t, session)
	s.hears(t, "supervisors", notPickedUp, s.waiting(otherTarget), false)
}

// nobodyIsThere sees that a queue without agents is told as such, and not again as one
// where nobody picks up.
func (s *stack) nobodyIsThere(t *testing.T) {
	t.Helper()
	s.other.waits(t, world.QueueBilling)
	labels := s.with(otherTarget, map[string]string{"queue": "Billing"})
	by := s.inhibited(t, notPickedUp, labels)
	if a := s.hears(t, "supervisors", noAgents, labels, true); !slices.Contains(by, a.Fingerprint) {
		t.Errorf("the alert on the customer was inhibited by %v, want %s", by, a.Fingerprint)
	}
	if heard, _ := s.notices.heard(notPickedUp, labels); len(heard) > 0 {
		t.Errorf("of the queue without agents came: %v", heard)
	}
}

// windowCloses sees that the last quarter of an hour is told beside the hour, which
// then says nothing more.
func (s *stack) windowCloses(t *testing.T) {
	t.Helper()
	s.other.die()
	s.other.begin(t, world.ReplyWindow-35*time.Second)
	s.other.live(t)
	warning := s.with(otherTarget, map[string]string{"severity": "warning", "queue": "Support"})
	critical := s.with(otherTarget, map[string]string{"severity": "critical", "queue": "Support"})
	s.hears(t, "supervisors", windowExpiring, warning, true)
	by := s.inhibited(t, windowExpiring, warning)
	if a := s.hears(t, "supervisors", windowExpiring, critical, true); !slices.Contains(by, a.Fingerprint) {
		t.Errorf("the warning was inhibited by %v, want %s", by, a.Fingerprint)
	}
}

// hears waits for a notice to a receiver that an alert fires, or that it has ended.
func (s *stack) hears(t *testing.T, receiver, name string, labels map[string]string, firing bool) (last alert) {
	t.Helper()
	eventually(t, fmt.Sprintf("a notice to %s of %s %v, firing %t,", receiver, name, labels, firing), func() error {
		heard, text := s.notices.heard(name, labels)
		if len(heard) == 0 {
			return fmt.Errorf("nothing of it in:\n%s", text)
		}
		last = heard[len(heard)-1]
		if last.Receiver != receiver || last.Firing != firing {
			return fmt.Errorf("the last is %v", last)
		}
		return nil
	})
	return last
}

// one is the alert of that name and with those labels that Alertmanager has now.
func (s *stack) one(name string, labels map[string]string) (alert, error) {
	found, err := s.standing(name, labels)
	if err == nil && len(found) != 1 {
		err = fmt.Errorf("there are %d", len(found))
	}
	if err != nil {
		return alert{}, err
	}
	return found[0], nil
}

// stands waits until the alert on a target's customer is there, and nothing inhibits it.
func (s *stack) stands(t *testing.T, target string) {
	t.Helper()
	eventually(t, "the alert on a customer of "+target, func() error {
		a, err := s.one(notPickedUp, s.waiting(target))
		if err == nil && len(a.InhibitedBy) > 0 {
			err = fmt.Errorf("it is inhibited by %v", a.InhibitedBy)
		}
		return err
	})
}

// inhibited waits until something inhibits an alert, and tells what.
func (s *stack) inhibited(t *testing.T, name string, labels map[string]string) (by []string) {
	t.Helper()
	eventually(t, fmt.Sprintf("the inhibition of %s %v", name, labels), func() error {
		a, err := s.one(name, labels)
		if by = a.InhibitedBy; err == nil && len(by) == 0 {
			err = errors.New("nothing inhibits it")
		}
		return err
	})
	return by
}

// nothingCameOfTheNight looks for notices that the hours should have held back, and
// for customers' data in any.
func (s *stack) nothingCameOfTheNight(t *testing.T) {
	t.Helper()
	muted, text := s.notices.heard(notPickedUp, s.labels(mutedTarget))
	if len(muted) > 0 {
		t.Errorf("at night came: %v", muted)
	}
	for _, canary := range []string{"canary", "+999"} {
		if strings.Contains(strings.ToLower(text), canary) {
			t.Errorf("%q leaked: %s", canary, text)
		}
	}
}
