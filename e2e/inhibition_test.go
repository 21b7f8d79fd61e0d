package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// made is an alert of the rules as somebody could make it: its name, how bad it is, and
// whether it is about a target.
type made struct {
	name, severity string
	ofTarget       bool
}

// everyAlert reads all alerts of the rules.
func everyAlert(t testing.TB) (list []made) {
	t.Helper()
	var file struct {
		Groups []struct {
			Rules []struct {
				Alert  string            `yaml:"alert"`
				Expr   string            `yaml:"expr"`
				Labels map[string]string `yaml:"labels"`
			} `yaml:"rules"`
		} `yaml:"groups"`
	}
	if err := yaml.Unmarshal([]byte(read(t, rulesFile)), &file); err != nil {
		t.Fatal(err)
	}
	ofExporter := regexp.MustCompile(`\bup\{|conversation_exporter_`)
	for _, group := range file.Groups {
		for _, r := range group.Rules {
			if r.Alert != "" {
				list = append(list, made{r.Alert, r.Labels["severity"], !ofExporter.MatchString(r.Expr)})
			}
		}
	}
	if len(list) < 10 {
		t.Fatalf("only %d alerts", len(list))
	}
	return list
}

// at are the labels of the alert at an exporter and a target.
func (m made) at(instance, target string) map[string]string {
	labels := map[string]string{"alertname": m.name, "severity": m.severity, "job": "conversation", "instance": instance}
	if m.ofTarget {
		labels["target"], labels["channel"], labels["queue"] = target, "whatsapp", "Support"
	}
	return labels
}

// send gives alerts to Alertmanager, as Prometheus does.
func (s *stack) send(t testing.TB, alerts ...map[string]string) {
	t.Helper()
	var message []map[string]any
	for _, labels := range alerts {
		message = append(message, map[string]any{"labels": labels})
	}
	body, err := json.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.alertmanager+"/api/v2/alerts", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("Alertmanager answers %s", resp.Status)
	}
}

// in are labels of an alert with another of the job.
func in(job string, labels map[string]string) map[string]string {
	labels["job"] = job
	return labels
}

// inhibitions are alerts that inhibit others, by their names, those that each must make silent,
// and those of which nothing must be held back, as they are of another target, exporter or job.
func inhibitions(t testing.TB) (sources map[string]map[string]string, silent map[string][]map[string]string, heard []map[string]string) {
	t.Helper()
	about := func(name, instance, target string) map[string]string {
		labels := made{name, "critical", true}.at(instance, target)
		delete(labels, "channel")
		delete(labels, "queue")
		return labels
	}
	sources = map[string]map[string]string{
		targetDown:      about(targetDown, "a", "t"),
		targetUnread:    about(targetUnread, "f", "t"),
		exporterDown:    made{exporterDown, "critical", false}.at("c", ""),
		exporterMissing: in("lost", map[string]string{"alertname": exporterMissing, "severity": "critical"}),
	}
	silent = make(map[string][]map[string]string)
	hold := func(by string, labels map[string]string) { silent[by] = append(silent[by], labels) }
	for _, m := range everyAlert(t) {
		switch {
		case m.name == exporterMissing: // Nothing inhibits it.
			continue
		case m.name == exporterDown:
			heard = append(heard, in("lost", m.at(m.name, "")))
			continue
		case m.name == targetDown:
		case m.ofTarget:
			hold(targetDown, m.at("a", "t"))
			heard = append(heard, m.at("a", "u"), m.at("b", "t"), m.at("d", "t"))
		default:
			heard = append(heard, m.at("a", ""), m.at("d", ""))
		}
		hold(exporterDown, m.at("c", "t"))
		// Each is an exporter of its own, so that nothing else is there that could inhibit it.
		hold(exporterMissing, in("lost", m.at(m.name, "t")))
		switch {
		case m.name == "ConversationChannelDown":
			heard = append(heard, m.at("f", "t"))
		case m.ofTarget && m.name != targetDown && m.name != targetUnread:
			hold(targetUnread, m.at("f", "t"))
		}
	}
	return sources, silent, heard
}

// By the sample configuration, each alert that there is falls silent when its target or its
// exporter is down, its target cannot be read or no exporter is scraped, and none when it is another's.
func TestEachAlertIsInhibited(t *testing.T) {
	for _, p := range pairs(t) {
		t.Run(p.name, func(t *testing.T) {
			s := &stack{notices: listen(t)}
			s.startAlertmanager(t, p)
			sources, silent, heard := inhibitions(t)
			s.send(t, heard...)
			for source, labels := range sources {
				s.send(t, append(silent[source], labels)...)
			}
			var fingerprints []string
			for source, labels := range sources {
				var by alert
				eventually(t, source, func() (err error) {
					by, err = s.one(source, labels)
					return err
				})
				fingerprints = append(fingerprints, by.Fingerprint)
				for _, labels := range silent[source] {
					if got := s.inhibited(t, labels["alertname"], labels); !slices.Contains(got, by.Fingerprint) {
						t.Errorf("%v is inhibited by %v, want %s", labels, got, source)
					}
				}
			}
			for _, labels := range heard {
				a, err := s.one(labels["alertname"], labels)
				if err != nil || slices.ContainsFunc(a.InhibitedBy, func(by string) bool { return slices.Contains(fingerprints, by) }) {
					t.Errorf("%v is inhibited by one of another target or exporter: %v, %v", labels, a, err)
				}
			}
			s.silencesOfTheRunbooks(t, p)
			s.silencedInhibits(t, p)
		})
	}
}

// silencedInhibits sees that, as the pages say, who is silenced inhibits all the same. At this
// exporter there is nothing else that could inhibit.
func (s *stack) silencedInhibits(t *testing.T, p pair) {
	t.Helper()
	nobody, waits := made{noAgents, "critical", true}.at("e", "t"), made{notPickedUp, "warning", true}.at("e", "t")
	said(t, p.amtool, "silence", "add", "--alertmanager.url="+s.alertmanager, "--comment=a test", "alertname="+noAgents, "instance=e")
	s.send(t, nobody, waits)
	by := s.inhibited(t, notPickedUp, waits)
	if there, err := s.one(noAgents, nobody); err != nil || !slices.Contains(by, there.Fingerprint) {
		t.Errorf("%s is inhibited by %v, want %v, %v", notPickedUp, by, there, err)
	}
}

// silencesOfTheRunbooks types what the pages say is to be typed.
func (s *stack) silencesOfTheRunbooks(t *testing.T, p pair) {
	t.Helper()
	pages, err := filepath.Glob("../docs/runbooks/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatalf("no runbooks: %v", err)
	}
	command := regexp.MustCompile(`(?m)^amtool (silence add (?:.*\\\n)*.*)$`)
	for _, page := range pages {
		found := command.FindAllStringSubmatch(read(t, page), -1)
		// Of the watchdog, a silence is what it raises its alarm for.
		if silenced := filepath.Base(page) != watchdog+".md"; silenced != (len(found) > 0) {
			t.Errorf("%s says how to silence %d times", page, len(found))
		}
		for _, typed := range found {
			text := replace(t, typed[1], "http://localhost:9093", s.alertmanager)
			out, err := exec.CommandContext(t.Context(), "sh", "-c", fmt.Sprintf("'%s' %s", p.amtool, text)).CombinedOutput()
			if err != nil || !regexp.MustCompile(`^[0-9a-f-]{36}\n$`).Match(out) {
				t.Errorf("%s: %s: %v\n%s", page, text, err, out)
			}
			name := strings.TrimSuffix(filepath.Base(page), ".md")
			if alert := regexp.MustCompile(`alertname=(\w+)`).FindStringSubmatch(text); alert != nil && alert[1] != name {
				t.Errorf("%s silences %s", page, alert[1])
			}
		}
	}
}
