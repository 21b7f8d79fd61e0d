package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"conversation_exporter/simulator"
	"conversation_exporter/simulator/world"
)

// system is a simulated PBX in which nothing happens by itself. It can die.
type system struct {
	sim     *simulator.Simulator
	address string
	server  *httptest.Server
}

// startSystem makes a world without customers, and serves it. In the queue Billing
// nobody is there.
func startSystem(t testing.TB) *system {
	t.Helper()
	s := &system{address: freeAddress(t)}
	s.begin(t, 0)
	for _, queue := range s.sim.World.Queues() {
		for _, member := range queue.Members {
			if queue.ID != world.QueueBilling {
				continue
			}
			if err := s.sim.World.SetPresence(member.Number, world.Away, true); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.live(t)
	t.Cleanup(func() { s.server.Close() })
	return s
}

// begin makes another world of it. In one of which something is past, a customer has
// written at its beginning, and somebody has the conversation and has not answered.
func (s *system) begin(t testing.TB, past time.Duration) {
	t.Helper()
	s.sim = simulator.New(simulator.Options{World: world.Options{Still: true, Start: time.Now().Add(-past)}})
	if past > 0 {
		// A PBX gives no number twice, so those of the world before are used up.
		for range 20 {
			if err := s.sim.World.Close(s.waits(t, world.QueueSupport), world.ByCustomer); err != nil {
				t.Fatal(err)
			}
		}
		s.pickUp(t, s.waits(t, world.QueueSupport))
		s.sim.World.AdvanceTo(time.Now())
	}
	go s.sim.Run(t.Context())
}

// live serves the PBX, at the address that it had before.
func (s *system) live(t testing.TB) {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	s.server = &httptest.Server{Listener: listener, Config: &http.Server{Handler: s.sim.Yeastar, ReadHeaderTimeout: patience}}
	s.server.Start()
}

// die breaks every connection, and refuses new ones.
func (s *system) die() {
	s.server.CloseClientConnections()
	s.server.Close()
}

// waits opens a conversation in a queue, which nobody picks up.
func (s *system) waits(t testing.TB, queue int) (session int64) {
	t.Helper()
	session, err := s.sim.World.Open(world.Opening{QueueID: queue})
	if err != nil {
		t.Fatal(err)
	}
	return session
}

// pickUp has a conversation of the queue Support picked up.
func (s *system) pickUp(t testing.TB, session int64) (agent string) {
	t.Helper()
	for _, queue := range s.sim.World.Queues() {
		if queue.ID != world.QueueSupport {
			continue
		}
		agent = queue.Members[0].Number
		if err := s.sim.World.PickUp(session, queue.Members[0].ID); err != nil {
			t.Fatal(err)
		}
	}
	return agent
}

// answers has the conversation picked up, and the customer answered.
func (s *system) answers(t testing.TB, session int64) {
	t.Helper()
	if err := s.sim.World.AgentWrites(session, s.pickUp(t, session)); err != nil {
		t.Fatal(err)
	}
}

// alert is one of which Alertmanager tells, by its webhook or when it is asked.
type alert struct {
	Receiver    string
	Labels      map[string]string
	Annotations map[string]string
	Fingerprint string
	// Firing tells a notice of an alert from that of its end.
	Firing bool
	// InhibitedBy are the fingerprints of those that make it silent.
	InhibitedBy []string
}

// is tells whether the alert has the name and the labels, among others.
func (a alert) is(name string, labels map[string]string) bool {
	for label, value := range labels {
		if a.Labels[label] != value {
			return false
		}
	}
	return a.Labels["alertname"] == name
}

// listener hears what Alertmanager sends to its receivers.
type listener struct {
	url    string
	mu     sync.Mutex
	alerts []alert
	bodies strings.Builder
}

func listen(t testing.TB) *listener {
	t.Helper()
	l := &listener{}
	server := httptest.NewServer(l)
	t.Cleanup(server.Close)
	l.url = server.URL
	return l
}

// ServeHTTP is the webhook of every receiver, whose name is the path.
func (l *listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var message struct {
		Receiver string `json:"receiver"`
		Alerts   []struct {
			Status      string            `json:"status"`
			Labels      map[string]string `json:"labels"`
			Annotations map[string]string `json:"annotations"`
			Fingerprint string            `json:"fingerprint"`
		} `json:"alerts"`
	}
	if err == nil {
		err = json.Unmarshal(body, &message)
	}
	if err != nil || "/"+message.Receiver != r.URL.Path {
		http.Error(w, fmt.Sprintf("a message to %s: %v", message.Receiver, err), http.StatusBadRequest)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.bodies.Write(body)
	for _, a := range message.Alerts {
		l.alerts = append(l.alerts, alert{
			Receiver: message.Receiver, Labels: a.Labels, Annotations: a.Annotations, Fingerprint: a.Fingerprint, Firing: a.Status == "firing",
		})
	}
}

// heard are the notices of an alert so far, and all the text that came.
func (l *listener) heard(name string, labels map[string]string) (found []alert, text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, a := range l.alerts {
		if a.is(name, labels) {
			found = append(found, a)
		}
	}
	return found, l.bodies.String()
}

// stack is all that stands between a customer and who is told: four systems, the
// exporter, a real Prometheus and a real Alertmanager by the sample configurations.
type stack struct {
	// muted is a target for which the hours of the sample configuration hold.
	muted *system
	dying *system
	other *system
	desk  *desk

	exporter     *process
	exporterArgs []string

	prometheusServer  *process
	prometheusProgram string
	prometheusArgs    []string

	address      string // of the exporter
	prometheus   string // URL
	alertmanager string // URL
	notices      *listener
	// labels are those of the scrape of a target.
	labels func(target string) map[string]string
}

// The targets, of which the sample configuration of Alertmanager knows the first as
// one without opening hours.
const (
	mutedTarget = "head-office"
	dyingTarget = "reception"
	otherTarget = "showroom"
)

// startStack starts everything. A fleet is found at /sd, where each target is an
// instance.
func startStack(t testing.TB, p pair, fleet bool) *stack {
	t.Helper()
	s := &stack{muted: startSystem(t), dying: startSystem(t), other: startSystem(t), desk: startDesk(t), address: freeAddress(t), notices: listen(t)}
	var config strings.Builder
	config.WriteString("targets:\n")
	for target, system := range map[string]*system{mutedTarget: s.muted, dyingTarget: s.dying, otherTarget: s.other} {
		fmt.Fprintf(&config, "  %s:\n    requests_per_second: 0\n    min_interval: 0s\n    yeastar:\n      url: http://%s\n      client_id: %s\n      client_secret: %s\n",
			target, system.address, system.sim.ClientID(), system.sim.ClientSecret())
	}
	config.WriteString(s.desk.block())
	sample := sampleStatic
	s.exporterArgs = []string{"--web.listen-address=" + s.address, "--config.file=" + write(t, "conversation_exporter.yml", config.String())}
	s.labels = func(target string) map[string]string {
		return map[string]string{"job": "conversation", "instance": s.address, "target": target}
	}
	if fleet {
		sample = sampleFleet
		s.exporterArgs = append(s.exporterArgs, "--no-web.metrics-targets")
		s.labels = func(target string) map[string]string {
			return map[string]string{"job": "conversation", "instance": target, "target": target}
		}
	}
	s.startExporter(t)
	s.startAlertmanager(t, p)
	s.startPrometheus(t, p, sample)
	return s
}

func (s *stack) startExporter(t testing.TB) {
	t.Helper()
	s.exporter = run(t, binary(t, "EXPORTER"), s.exporterArgs...)
	s.exporter.expect(t, `msg="Listening on" address=(\S+)`)
}

// startAlertmanager takes the sample configuration in a hurry, with our receivers,
// and hours in which it is always night.
func (s *stack) startAlertmanager(t testing.TB, p pair) {
	t.Helper()
	s.startAlertmanagerWith(t, p, func(text string) string { return hurried(t, text) })
}

// startAlertmanagerWith takes the sample configuration at another pace.
func (s *stack) startAlertmanagerWith(t testing.TB, p pair, pace func(text string) string) {
	t.Helper()
	text := pace(read(t, sampleAlertmanager))
	text = replace(t, text, "http://localhost:9099", s.notices.url)
	text = replace(t, text, "end_time: '07:00'", "end_time: '24:00'")
	address := freeAddress(t)
	s.alertmanager = "http://" + address
	server := run(t, p.alertmanager, "--config.file="+write(t, "alertmanager.yml", text), "--storage.path="+t.TempDir(),
		"--web.listen-address="+address, "--cluster.listen-address=")
	server.ready(t, s.alertmanager)
}

// startPrometheus takes the sample configuration and the rules in a hurry.
func (s *stack) startPrometheus(t testing.TB, p pair, sample string, more ...string) {
	t.Helper()
	rules := write(t, "conversation.rules.yml", hurried(t, read(t, rulesFile)))
	said(t, p.promtool, "check", "rules", rules)
	text := hurried(t, read(t, sample))
	text = replace(t, text, "../../dashboards/rules/"+filepath.Base(rulesFile), rules)
	text = replace(t, text, "- watchdog.rules.yml", "- "+write(t, "watchdog.rules.yml", hurried(t, read(t, rulesWatchdog))))
	text = replace(t, text, "localhost:10720", s.address)
	text = replace(t, text, "localhost:9093", strings.TrimPrefix(s.alertmanager, "http://"))
	// Half a second would be a thing of the machine that the tests run on.
	text = replace(t, text, "scrape_timeout: 500ms", "scrape_timeout: 1000ms")
	address := freeAddress(t)
	s.prometheus = "http://" + address
	s.prometheusProgram = p.prometheus
	s.prometheusArgs = []string{"--config.file=" + write(t, "prometheus.yml", text), "--storage.tsdb.path=" + t.TempDir(), "--web.listen-address=" + address}
	for _, flag := range sampleFlags(t, sample) {
		name, value, _ := strings.Cut(flag, "=")
		s.prometheusArgs = append(s.prometheusArgs, name+"="+hurryDuration(t, value))
	}
	s.prometheusArgs = append(s.prometheusArgs, more...)
	s.runPrometheus(t)
}

func (s *stack) runPrometheus(t testing.TB) {
	t.Helper()
	s.prometheusServer = run(t, s.prometheusProgram, s.prometheusArgs...)
	s.prometheusServer.ready(t, s.prometheus)
}

// sampleFlags are the flags with which a sample says that Prometheus is to be started on it.
func sampleFlags(t testing.TB, sample string) []string {
	t.Helper()
	command := regexp.MustCompile(`(?m)^#   prometheus --config\.file=\S+(.*)$`).FindStringSubmatch(read(t, sample))
	if command == nil {
		t.Fatalf("%s does not say how to start Prometheus", sample)
	}
	return strings.Fields(command[1])
}

// ready waits until a Prometheus or an Alertmanager is.
func (p *process) ready(t testing.TB, url string) {
	t.Helper()
	eventually(t, url+"/-/ready", func() error {
		status, _, err := get(url + "/-/ready")
		if err != nil || status != http.StatusOK {
			return fmt.Errorf("%d, %w; it wrote:\n%s", status, err, p.output())
		}
		return nil
	})
}

// with adds labels to those of a target's scrape.
func (s *stack) with(target string, more map[string]string) map[string]string {
	labels := s.labels(target)
	maps.Copy(labels, more)
	return labels
}

// standing are the alerts that Alertmanager has now.
func (s *stack) standing(name string, labels map[string]string) ([]alert, error) {
	status, body, err := get(s.alertmanager + "/api/v2/alerts")
	if err != nil || status != http.StatusOK {
		return nil, fmt.Errorf("ask Alertmanager for its alerts: %d, %w", status, err)
	}
	var all []struct {
		Labels      map[string]string `json:"labels"`
		Fingerprint string            `json:"fingerprint"`
		Status      struct {
			InhibitedBy []string `json:"inhibitedBy"`
		} `json:"status"`
	}
	if err := json.Unmarshal([]byte(body), &all); err != nil {
		return nil, fmt.Errorf("read the alerts of Alertmanager: %w", err)
	}
	var found []alert
	for _, one := range all {
		a := alert{Labels: one.Labels, Fingerprint: one.Fingerprint, InhibitedBy: one.Status.InhibitedBy, Firing: true}
		if a.is(name, labels) {
			found = append(found, a)
		}
	}
	return found, nil
}
