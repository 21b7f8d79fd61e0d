package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"testing"
	"time"
)

// active tells since when an alert that fires is so, by what Prometheus says.
func (s *stack) active(name string) (time.Time, error) {
	status, body, err := get(s.prometheus + "/api/v1/alerts")
	if err != nil || status != http.StatusOK {
		return time.Time{}, fmt.Errorf("ask Prometheus for its alerts: %d, %w", status, err)
	}
	var answer struct {
		Data struct {
			Alerts []struct {
				Labels   map[string]string `json:"labels"`
				State    string            `json:"state"`
				ActiveAt time.Time         `json:"activeAt"`
			} `json:"alerts"`
		} `json:"data"`
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		return time.Time{}, fmt.Errorf("read the alerts of Prometheus: %w", err)
	}
	for _, a := range answer.Data.Alerts {
		if a.Labels["alertname"] == name && a.State == "firing" {
			return a.ActiveAt, nil
		}
	}
	return time.Time{}, fmt.Errorf("%s does not fire in %s", name, body)
}

// Prometheus is restarted while a target and an exporter are down. Were their alerts to begin
// anew, Alertmanager would tell after 4 minutes that all is well, a minute or two before
// they fire again.
func TestWhatFiresOutlastsARestartOfPrometheus(t *testing.T) {
	t.Parallel()
	for _, p := range pairs(t) {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			s := &stack{notices: listen(t), address: freeAddress(t)}
			config := branches("http://"+freeAddress(t), 1, "")
			s.exporterArgs = []string{"--web.listen-address=" + s.address, "--config.file=" + write(t, "conversation_exporter.yml", config)}
			s.startExporter(t)
			s.startAlertmanager(t, p)
			sample := replace(t, read(t, sampleStatic), "[localhost:10720]", "[localhost:10720, '"+freeAddress(t)+"']")
			s.startPrometheus(t, p, write(t, "prometheus.yml", sample))
			for _, name := range []string{targetDown, exporterDown} {
				eventually(t, name, func() error {
					_, err := s.active(name)
					return err
				})
			}
			if code := s.prometheusServer.terminate(t); code != 0 {
				t.Fatalf("exit code %d: %s", code, s.prometheusServer.output())
			}
			restart := time.Now()
			s.runPrometheus(t)
			for _, name := range []string{targetDown, exporterDown} {
				eventually(t, name, func() error {
					since, err := s.active(name)
					if err == nil && since.After(restart) {
						t.Errorf("%s has begun anew, %s after the restart", name, since.Sub(restart))
					}
					return err
				})
			}
		})
	}
}

// An alert that has to last for less than the flag says is begun anew all the same.
func TestEveryAlertThatHasToLastIsRestored(t *testing.T) {
	for _, sample := range []string{sampleStatic, sampleFleet} {
		flag := regexp.MustCompile(`^--rules\.alert\.for-grace-period=(.+)$`)
		found := []string(nil)
		for _, given := range sampleFlags(t, sample) {
			if match := flag.FindStringSubmatch(given); match != nil {
				found = match
			}
		}
		if found == nil {
			t.Errorf("%s: Prometheus is started without the flag", sample)
			continue
		}
		grace, err := time.ParseDuration(found[1])
		if err != nil {
			t.Fatal(err)
		}
		lasts := regexp.MustCompile(`(?m)^ +for: (\S+)$`).FindAllStringSubmatch(read(t, rulesFile), -1)
		if len(lasts) < 10 {
			t.Errorf("only %d alerts have to last", len(lasts))
		}
		for _, last := range lasts {
			if d, err := time.ParseDuration(last[1]); err != nil || d < grace {
				t.Errorf("%s: an alert that has to last for %s is not restored, %v", sample, last[1], err)
			}
		}
		if want := "--rules.alert.for-grace-period=" + found[1]; !regexp.MustCompile("`" + want + "`").MatchString(read(t, "../README.md")) {
			t.Errorf("the README does not say %s", want)
		}
	}
}
