package e2e

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"reflect"
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

// prometheusFile is all that a sample configuration of Prometheus may have. A setting by which a target
// could say that it is another job is not among it.
type prometheusFile struct {
	Global struct {
		EvaluationInterval string `yaml:"evaluation_interval"`
	}
	RuleFiles []string `yaml:"rule_files"`
	Alerting  struct {
		Alertmanagers []struct {
			StaticConfigs []staticTargets `yaml:"static_configs"`
		}
	}
	ScrapeConfigs []scrapeJob `yaml:"scrape_configs"`
}

type scrapeJob struct {
	JobName        string                 `yaml:"job_name"`
	ScrapeInterval string                 `yaml:"scrape_interval"`
	ScrapeTimeout  string                 `yaml:"scrape_timeout"`
	StaticConfigs  []staticTargets        `yaml:"static_configs"`
	HTTPSDConfigs  []struct{ URL string } `yaml:"http_sd_configs"`
}

type staticTargets struct{ Targets []string }

// promtool takes each value that is one. Which are right is said here: the rules are made for these
// jobs and intervals, and the ports are those on which the programs listen unless they are told otherwise.
func TestTheSamplesOfPrometheusAreForTheRules(t *testing.T) {
	exporter := []staticTargets{{Targets: []string{"localhost:10720"}}}
	for sample, jobs := range map[string][]scrapeJob{
		sampleStatic: {{JobName: "conversation", ScrapeInterval: "60s", ScrapeTimeout: "30s", StaticConfigs: exporter}},
		sampleFleet: {
			{JobName: "conversation", ScrapeInterval: "60s", ScrapeTimeout: "30s", HTTPSDConfigs: []struct{ URL string }{{URL: "http://localhost:10720/sd"}}},
			{JobName: "conversation_exporter", ScrapeInterval: "60s", StaticConfigs: exporter},
		},
	} {
		var want, got prometheusFile
		want.Global.EvaluationInterval = "30s"
		want.RuleFiles = []string{"../../dashboards/rules/conversation.rules.yml", "watchdog.rules.yml"}
		want.Alerting.Alertmanagers = append(want.Alerting.Alertmanagers, struct {
			StaticConfigs []staticTargets `yaml:"static_configs"`
		}{[]staticTargets{{Targets: []string{"localhost:9093"}}}})
		want.ScrapeConfigs = jobs
		decoder := yaml.NewDecoder(strings.NewReader(read(t, sample)))
		decoder.KnownFields(true)
		if err := decoder.Decode(&got); err != nil {
			t.Errorf("%s: %v", sample, err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s is\n%+v, want\n%+v", sample, got, want)
		}
		command := "#   prometheus --config.file=" + strings.TrimPrefix(sample, "../") + " "
		if !strings.Contains(read(t, sample), command) {
			t.Errorf("%s does not say %s", sample, command)
		}
	}
	listens := regexp.MustCompile(`--web\.listen-address=\S*:(\d+)`)
	for _, p := range pairs(t) {
		for program, port := range map[string]string{p.prometheus: "9090", p.alertmanager: "9093"} {
			// The help of some ends with an exit code.
			out, _ := exec.CommandContext(t.Context(), program, "--help").CombinedOutput()
			if found := listens.FindSubmatch(bytes.ReplaceAll(out, []byte(`"`), nil)); found == nil || string(found[1]) != port {
				t.Errorf("%s listens on %s, want %s", program, found, port)
			}
		}
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
	if len(sources.Datasources) != 1 || sources.APIVersion != 1 {
		t.Fatalf("the data sources are %v", sources)
	}
	// The port is that of Prometheus, see above.
	if s := sources.Datasources[0]; s.Type != "prometheus" || s.Access != "proxy" || s.URL != "http://localhost:9090" || !s.IsDefault || s.Editable || s.JSONData.HTTPMethod != "POST" {
		t.Errorf("the data source is %v", s)
	}
	// A rate over four scrapes wants to know how long one is.
	if interval := "scrape_interval: " + sources.Datasources[0].JSONData.TimeInterval; !strings.Contains(read(t, sampleStatic), interval) {
		t.Errorf("the scrape interval of the data source is another: %s", interval)
	}
	if len(boards.Providers) != 1 || boards.Providers[0].Type != "file" || boards.Providers[0].Options.Path != "${CONVERSATION_DASHBOARDS}" || boards.APIVersion != 1 {
		t.Errorf("the dashboards are %v", boards)
	}
	foldersOfTheProvisioning(t)
}

// foldersOfTheProvisioning sees that the folders are those that the file says to make or to name.
func foldersOfTheProvisioning(t *testing.T) {
	t.Helper()
	text := read(t, "../deploy/grafana/provisioning/dashboards/conversation.yml")
	for _, said := range []string{
		"GF_PATHS_PROVISIONING=$clone/deploy/grafana/provisioning CONVERSATION_DASHBOARDS=$clone/dashboards ",
		"/etc/grafana/provisioning/datasources deploy/grafana/provisioning/datasources/conversation.yml\n",
		"/etc/grafana/provisioning/dashboards deploy/grafana/provisioning/dashboards/conversation.yml\n",
		"CONVERSATION_DASHBOARDS=/var/lib/grafana/dashboards/conversation >>/etc/default/grafana-server\n",
		"-t /var/lib/grafana/dashboards/conversation dashboards/*.json\n",
	} {
		if !strings.Contains(text, said) {
			t.Errorf("the file does not say %s", said)
		}
	}
	for _, there := range []string{"../dashboards/*.json", "../deploy/grafana/provisioning/datasources/*.yml"} {
		if files, err := filepath.Glob(there); err != nil || len(files) == 0 {
			t.Errorf("%s is not there: %v", there, err)
		}
	}
	if page := read(t, "../README.md"); !strings.Contains(page, "(deploy/grafana/provisioning)") {
		t.Error("the README does not say where the provisioning is")
	}
}
