package e2e

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// The samples are in folders of deploy/.
const (
	sampleStatic       = "../deploy/prometheus/prometheus.yml"
	sampleFleet        = "../deploy/prometheus/prometheus-fleet.yml"
	sampleAlertmanager = "../deploy/alertmanager/alertmanager.yml"
	rulesFile          = "../dashboards/rules/conversation.rules.yml"
)

// pair is a Prometheus and an Alertmanager of one age.
type pair struct {
	name                                       string
	prometheus, promtool, alertmanager, amtool string
}

// pairs are the oldest that the rules run on, as a distribution has them, and the
// current ones.
func pairs(t testing.TB) []pair {
	t.Helper()
	current := binary(t, "CURRENT")
	return []pair{
		{"the distribution's", binary(t, "PROMETHEUS"), binary(t, "PROMTOOL"), binary(t, "ALERTMANAGER"), binary(t, "AMTOOL")},
		{
			"current", filepath.Join(current, "prometheus"), filepath.Join(current, "promtool"),
			filepath.Join(current, "alertmanager"), filepath.Join(current, "amtool"),
		},
	}
}

// said runs a program to its end, which must be a good one, and tells what it said.
func said(t testing.TB, program string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput()
	if err != nil {
		t.Errorf("%s %s: %v\n%s", filepath.Base(program), strings.Join(args, " "), err, out)
	}
	return string(out)
}

func TestTheSamplesAreTakenAsTheyAre(t *testing.T) {
	tests, err := filepath.Glob("../dashboards/rules/*.test.yml")
	if err != nil || len(tests) == 0 {
		t.Fatalf("no tests of the rules: %v", err)
	}
	for _, p := range pairs(t) {
		t.Run(p.name, func(t *testing.T) {
			for _, file := range []string{sampleStatic, sampleFleet} {
				if out := said(t, p.promtool, "check", "config", file); !strings.Contains(out, "2 rule files found") || strings.Contains(out, "WARN") {
					t.Errorf("%s: %s", file, out)
				}
			}
			if out := said(t, p.amtool, "check-config", sampleAlertmanager); !strings.Contains(out, "6 inhibit rules") {
				t.Error(out)
			}
			said(t, p.promtool, "check", "rules", rulesFile)
			said(t, p.promtool, append([]string{"test", "rules"}, tests...)...)
		})
	}
}

// Whoever adds an alert decides who is told of it.
func TestEachAlertGoesToWhomItConcerns(t *testing.T) {
	receivers := map[string]string{
		"ConversationExporterDown":    "operators",
		"ConversationExporterMissing": "operators",
		"ConversationScrapesFailing":  "operators",
		"ConversationTargetDown":      "operators",
		"ConversationTargetUnread":    "operators",
		"ConversationReloadFailed":    "operators",
		"ConversationDataIncomplete":  "operators",
		"ConversationChannelDown":     "operators",
		"ConversationChannelSilent":   "operators",
		"ConversationDeliveryFailing": "operators",
		"ConversationDeliveryStuck":   "supervisors",
		"ConversationNotPickedUp":     "supervisors",
		"ConversationNoAgents":        "supervisors",
		"ConversationBacklog":         "supervisors",
		"ConversationForgotten":       "supervisors",
		"ConversationUnanswered":      "supervisors",
		"ConversationWindowExpiring":  "supervisors",
		"ConversationWindowLost":      "supervisors",
		"ConversationSlowReplies":     "supervisors",
		"ConversationWatchdog":        "watchdog",
	}
	for _, found := range regexp.MustCompile(`- alert: (\w+)`).FindAllStringSubmatch(read(t, rulesFile), -1) {
		if receivers[found[1]] == "" {
			t.Errorf("nobody has said who is told of %s", found[1])
		}
	}
	for _, p := range pairs(t) {
		t.Run(p.name, func(t *testing.T) {
			for name, want := range receivers {
				for _, more := range []string{"target=head-office severity=warning", "target=service-desk severity=warning", "target=head-office severity=critical"} {
					said(t, p.amtool, append([]string{
						"config", "routes", "test", "--config.file=" + sampleAlertmanager, "--verify.receivers=" + want,
						"alertname=" + name, "job=conversation", "queue=Support",
					}, strings.Fields(more)...)...)
				}
			}
		})
	}
}

// There is no Grafana that could be asked, so the files are held against the keys of
// its documentation: it passes over a mistyped one without a word.
func TestTheProvisioningOfGrafanaIsWellFormed(t *testing.T) {
	var sources struct {
		APIVersion  int `yaml:"apiVersion"`
		Datasources []struct {
			Name, Type, Access, URL, UID string
			IsDefault                    bool `yaml:"isDefault"`
			Editable                     bool
			JSONData                     struct {
				TimeInterval string `yaml:"timeInterval"`
				HTTPMethod   string `yaml:"httpMethod"`
			} `yaml:"jsonData"`
		}
	}
	var boards struct {
		APIVersion int `yaml:"apiVersion"`
		Providers  []struct {
			Name, Folder, Type    string
			AllowUIUpdates        bool `yaml:"allowUiUpdates"`
			DisableDeletion       bool `yaml:"disableDeletion"`
			UpdateIntervalSeconds int  `yaml:"updateIntervalSeconds"`
			Options               struct{ Path string }
		}
	}
	for file, into := range map[string]any{"datasources": &sources, "dashboards": &boards} {
		decoder := yaml.NewDecoder(strings.NewReader(read(t, "../deploy/grafana/provisioning/"+file+"/conversation.yml")))
		decoder.KnownFields(true)
		if err := decoder.Decode(into); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
	}
	if len(sources.Datasources) != 1 || sources.Datasources[0].Type != "prometheus" || sources.APIVersion != 1 {
		t.Errorf("the data source is %v", sources)
	}
	// A rate over four scrapes wants to know how long one is.
	if interval := "scrape_interval: " + sources.Datasources[0].JSONData.TimeInterval; !strings.Contains(read(t, sampleStatic), interval) {
		t.Errorf("the scrape interval of the data source is another: %s", interval)
	}
	if len(boards.Providers) != 1 || boards.Providers[0].Type != "file" || boards.Providers[0].Options.Path != "${CONVERSATION_DASHBOARDS}" || boards.APIVersion != 1 {
		t.Errorf("the dashboards are %v", boards)
	}
}
