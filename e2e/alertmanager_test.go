package e2e

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

// alertmanagerFile is all that the sample configuration of Alertmanager may have. What is not in
// it, nobody has thought through here.
type alertmanagerFile struct {
	Receivers []struct {
		Name           string
		WebhookConfigs []struct {
			URL          string
			SendResolved *bool `yaml:"send_resolved"`
		} `yaml:"webhook_configs"`
	}
	TimeIntervals []struct {
		Name          string
		TimeIntervals []hours `yaml:"time_intervals"`
	} `yaml:"time_intervals"`
	Route        route
	InhibitRules []inhibition `yaml:"inhibit_rules"`
}

// inhibition says which alerts are silent while which fire.
type inhibition struct {
	SourceMatchers []string `yaml:"source_matchers"`
	TargetMatchers []string `yaml:"target_matchers"`
	Equal          []string
}

// hours are times of some days of the week, or of each.
type hours struct {
	Location string
	Times    []struct {
		StartTime string `yaml:"start_time"`
		EndTime   string `yaml:"end_time"`
	}
	Weekdays []string
}

// route is one of the tree by which an alert finds who is told of it.
type route struct {
	Receiver          string
	Matchers          []string
	GroupBy           []string `yaml:"group_by"`
	GroupWait         string   `yaml:"group_wait"`
	GroupInterval     string   `yaml:"group_interval"`
	RepeatInterval    string   `yaml:"repeat_interval"`
	MuteTimeIntervals []string `yaml:"mute_time_intervals"`
	Routes            []route
}

// readAlertmanagerFile reads the sample, and fails for a key that it does not know.
func readAlertmanagerFile(t testing.TB) (file alertmanagerFile) {
	t.Helper()
	decoder := yaml.NewDecoder(strings.NewReader(read(t, sampleAlertmanager)))
	decoder.KnownFields(true)
	if err := decoder.Decode(&file); err != nil {
		t.Fatal(err)
	}
	return file
}

// match tells whether labels fit all matchers. A label that is not there is empty.
func match(t testing.TB, matchers []string, labels map[string]string) bool {
	t.Helper()
	for _, matcher := range matchers {
		found := regexp.MustCompile(`^(\w+) (=|!=|=~|!~) "([^"]*)"$`).FindStringSubmatch(matcher)
		if found == nil {
			t.Fatalf("nobody can tell what %s is", matcher)
		}
		pattern := found[3]
		if !strings.HasSuffix(found[2], "~") {
			pattern = regexp.QuoteMeta(pattern)
		}
		if regexp.MustCompile(`^(?:`+pattern+`)$`).MatchString(labels[found[1]]) == strings.HasPrefix(found[2], "!") {
			return false
		}
	}
	return true
}

// of is the route of an alert with what it has from those above: all but the hours in which
// it is mute, which Alertmanager does not hand down.
func (r route) of(t testing.TB, labels map[string]string) route {
	t.Helper()
	for _, child := range r.Routes {
		if !match(t, child.Matchers, labels) {
			continue
		}
		for value, above := range map[*string]string{
			&child.Receiver: r.Receiver, &child.GroupWait: r.GroupWait, &child.GroupInterval: r.GroupInterval, &child.RepeatInterval: r.RepeatInterval,
		} {
			if *value == "" {
				*value = above
			}
		}
		if child.GroupBy == nil {
			child.GroupBy = r.GroupBy
		}
		return child.of(t, labels)
	}
	return r
}

// has tells whether an instant is within the hours.
func (h hours) has(t testing.TB, at time.Time) bool {
	t.Helper()
	location, err := time.LoadLocation(h.Location)
	if err != nil {
		t.Fatal(err)
	}
	at = at.In(location)
	if h.Weekdays != nil && !slices.Contains(h.Weekdays, strings.ToLower(at.Weekday().String())) {
		return false
	}
	minutes := func(text string) int {
		hour, minute, _ := strings.Cut(text, ":")
		hours, err := strconv.Atoi(hour)
		if err != nil {
			t.Fatal(err)
		}
		rest, err := strconv.Atoi(minute)
		if err != nil {
			t.Fatal(err)
		}
		return 60*hours + rest
	}
	within := h.Times == nil
	for _, span := range h.Times {
		now := 60*at.Hour() + at.Minute()
		within = within || minutes(span.StartTime) <= now && now < minutes(span.EndTime)
	}
	return within
}

// mute tells whether nobody is told of what takes the route at an instant.
func (f alertmanagerFile) mute(t testing.TB, r route, at time.Time) bool {
	t.Helper()
	for _, interval := range f.TimeIntervals {
		if slices.Contains(r.MuteTimeIntervals, interval.Name) && slices.ContainsFunc(interval.TimeIntervals, func(h hours) bool { return h.has(t, at) }) {
			return true
		}
	}
	return false
}

// How an alert is told: to whom, in one message with which others, how long after it fires, how long after
// the message before, how often again, and whether also at night where a target tells no opening hours.
const (
	toOperators        = "operators by target, queue after 30s, 5m, 4h, at any hour"
	toOperatorsAtOnce  = "operators by target, queue, alertname after 10s, 1m, 4h, at any hour"
	toSupervisors      = "supervisors by target, queue after 30s, 5m, 1h, by day"
	toSupervisorsSoon  = "supervisors by target, queue, alertname after 10s, 1m, 1h, by day"
	ofWindowsThatClose = "supervisors by target, queue after 10s, 1m, 15m, by day"
	ofWindowsLost      = "supervisors by target, queue after 10s, 1m, 15m, at any hour"
	ofTheWatchdog      = "watchdog by target, queue after 0s, 1m, 2m, at any hour"
)

// eachIsTold says it of every alert, by its name and severity.
func eachIsTold() map[string]string {
	return map[string]string{
		"ConversationExporterDown/critical":    toOperatorsAtOnce,
		"ConversationExporterMissing/critical": toOperatorsAtOnce,
		"ConversationTargetDown/critical":      toOperatorsAtOnce,
		"ConversationTargetUnread/critical":    toOperatorsAtOnce,
		"ConversationChannelDown/critical":     toOperatorsAtOnce,
		"ConversationScrapesFailing/warning":   toOperators,
		"ConversationReloadFailed/warning":     toOperators,
		"ConversationDataIncomplete/warning":   toOperators,
		"ConversationChannelSilent/warning":    toOperators,
		"ConversationDeliveryFailing/warning":  toOperators,
		"ConversationDeliveryStuck/warning":    toSupervisors,
		"ConversationNotPickedUp/warning":      toSupervisors,
		"ConversationBacklog/warning":          toSupervisors,
		"ConversationForgotten/warning":        toSupervisors,
		"ConversationUnanswered/warning":       toSupervisors,
		"ConversationSlowReplies/warning":      toSupervisors,
		"ConversationNoAgents/critical":        toSupervisorsSoon,
		"ConversationWindowExpiring/warning":   ofWindowsThatClose,
		"ConversationWindowExpiring/critical":  ofWindowsThatClose,
		"ConversationWindowLost/warning":       ofWindowsLost,
		watchdog + "/none":                     ofTheWatchdog,
	}
}

// Whoever adds an alert decides how it is told.
func TestEachAlertIsToldInTime(t *testing.T) {
	file, want := readAlertmanagerFile(t), eachIsTold()
	for _, interval := range file.TimeIntervals {
		for _, h := range interval.TimeIntervals {
			// Of the weekend no instant below would tell, as the nights are around it.
			if h.Location != "Europe/Oslo" {
				t.Errorf("%s has hours of %q", interval.Name, h.Location)
			}
		}
	}
	for _, m := range append(everyAlert(t), made{watchdog, "none", false}) {
		how := want[m.name+"/"+m.severity]
		if how == "" {
			t.Errorf("nobody has said how %s, %s, is told", m.name, m.severity)
		}
		for target, closes := range map[string]bool{mutedTarget: true, "branch-17": true, otherTarget: false, "my-branch-1": false, "head-office-2": false} {
			labels := m.at("a", target)
			r := file.Route.of(t, labels)
			told := fmt.Sprintf("%s by %s after %s, %s, %s, ", r.Receiver, strings.Join(r.GroupBy, ", "), r.GroupWait, r.GroupInterval, r.RepeatInterval)
			if !strings.HasPrefix(how, told) {
				t.Errorf("%v is told to %swant %s", labels, told, how)
			}
			file.keepsTheHours(t, r, labels, closes && strings.HasSuffix(how, "by day"))
		}
	}
}

// keepsTheHours sees that an alert is mute when nobody is there, or at no hour.
func (f alertmanagerFile) keepsTheHours(t *testing.T, r route, labels map[string]string, byDay bool) {
	t.Helper()
	oslo, err := time.LoadLocation("Europe/Oslo")
	if err != nil {
		t.Fatal(err)
	}
	for local, night := range theHours() {
		at, err := time.ParseInLocation(time.DateTime, local+":00", oslo)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.mute(t, r, at); got != (night && byDay) {
			t.Errorf("at %s, mute is %t of %v", at.Format(time.RFC1123), got, labels)
		}
	}
}

// theHours are instants in Oslo, in winter and summer, and whether nobody is there.
func theHours() map[string]bool {
	all := make(map[string]bool)
	for _, monday := range []string{"2026-01-12", "2026-07-13"} {
		for at, night := range map[string]bool{
			"00:00": true, "06:59": true, "07:00": false, "07:59": false, "10:00": false, "16:59": false, "17:00": false, "19:59": false, "20:00": true, "23:59": true,
		} {
			all[monday+" "+at] = night
		}
	}
	for _, day := range []string{"2026-01-17", "2026-01-18", "2026-07-18", "2026-07-19"} { // A Saturday and a Sunday, twice.
		all[day+" 12:00"] = true
		all[day+" 03:00"] = true
	}
	for _, day := range []string{"2026-01-16", "2026-07-14", "2026-07-15", "2026-01-15"} { // From Tuesday to Friday.
		all[day+" 12:00"] = false
		all[day+" 03:00"] = true
	}
	return all
}

// A label too few, and an outage silences what has nothing to do with it; one too many, and
// it silences nothing.
func TestEachInhibitionComparesItsLabels(t *testing.T) {
	want := map[string][]string{
		`alertname = "ConversationExporterDown"`:               {"instance", "job"},
		`alertname = "ConversationExporterMissing"`:            {"job"},
		`alertname = "ConversationTargetDown"`:                 {"instance", "job", "target"},
		`alertname = "ConversationTargetUnread"`:               {"instance", "job", "target"},
		`alertname = "ConversationNoAgents"`:                   {"instance", "job", "queue", "target"},
		`alertname =~ "Conversation.+", severity = "critical"`: {"alertname", "channel", "instance", "job", "queue", "target"},
	}
	got := make(map[string][]string)
	for _, i := range readAlertmanagerFile(t).InhibitRules {
		slices.Sort(i.Equal)
		got[strings.Join(i.SourceMatchers, ", ")] = i.Equal
	}
	if !maps.EqualFunc(got, want, slices.Equal) {
		t.Errorf("the labels are %v, want %v", got, want)
	}
}

// Who has an Alertmanager already copies what the README has: the same, of the outages.
func TestTheReadmeInhibitsAsTheSample(t *testing.T) {
	var page alertmanagerFile
	block := regexp.MustCompile("(?s)```yaml\n(inhibit_rules:.*?)```").FindStringSubmatch(read(t, "../README.md"))
	if block == nil {
		t.Fatal("it says nothing of inhibition")
	}
	if err := yaml.Unmarshal([]byte(block[1]), &page); err != nil {
		t.Fatal(err)
	}
	flat := func(rules []inhibition) (all []string) {
		for _, i := range rules {
			all = append(all, strings.ReplaceAll(fmt.Sprint(i), " ", ""))
		}
		return all
	}
	sample := readAlertmanagerFile(t).InhibitRules
	outages := slices.DeleteFunc(sample, func(i inhibition) bool {
		return !regexp.MustCompile(`"Conversation\w+(Down|Missing|Unread)"`).MatchString(i.SourceMatchers[0])
	})
	if got, want := flat(page.InhibitRules), flat(outages); !slices.Equal(got, want) {
		t.Errorf("it has\n%s, want\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// Who is told of the beginning is told of the end, but for the watchdog. There is nobody else.
func TestEachReceiverIsToldOfTheEnd(t *testing.T) {
	got := make(map[string]string)
	for _, r := range readAlertmanagerFile(t).Receivers {
		for _, w := range r.WebhookConfigs {
			got[r.Name] += fmt.Sprintf("%s, the end: %t;", w.URL, w.SendResolved == nil || *w.SendResolved)
		}
	}
	want := map[string]string{
		"supervisors": "http://localhost:9099/supervisors, the end: true;",
		"operators":   "http://localhost:9099/operators, the end: true;",
		"watchdog":    "http://localhost:9099/watchdog, the end: false;",
	}
	if !maps.Equal(got, want) {
		t.Errorf("the receivers are %v, want %v", got, want)
	}
}

// Of who comes second in a queue the repetition tells. What ends while it is inhibited is not told as
// resolved, as the pages say, and what begins anew after it comes with the repetition as well. An hour is
// a second here.
func TestWhoComesSecondIsTold(t *testing.T) {
	for _, p := range pairs(t) {
		t.Run(p.name, func(t *testing.T) {
			s := &stack{notices: listen(t)}
			s.startAlertmanagerWith(t, p, func(text string) string { return hurried(t, hurried(t, text)) })
			at := map[string]string{"job": "conversation", "instance": "a", "target": otherTarget}
			support := map[string]string{"queue": "Support", "channel": "whatsapp", "severity": "warning"}
			critical := map[string]string{"severity": "critical"}
			again := func(since int) {
				t.Helper()
				eventually(t, fmt.Sprintf("notice %d", since+1), func() error {
					heard, _ := s.notices.heard(notPickedUp, at)
					if len(heard) <= since {
						return fmt.Errorf("there are %d", len(heard))
					}
					return nil
				})
			}
			s.raise(t, notPickedUp, at, support, time.Hour)
			again(0)
			again(1) // The second customer.
			s.raise(t, targetDown, at, critical, time.Hour)
			s.hears(t, "operators", targetDown, at, true)
			s.raise(t, notPickedUp, at, support, -time.Second)
			eventually(t, "the end", func() error {
				if found, err := s.standing(notPickedUp, at); err != nil || len(found) > 0 {
					return fmt.Errorf("there are %v, %w", found, err)
				}
				return nil
			})
			time.Sleep(time.Second) // The group of the queue has its turn twelve times a second.
			s.raise(t, targetDown, at, critical, -time.Second)
			s.hears(t, "operators", targetDown, at, false)
			before, _ := s.notices.heard(notPickedUp, at)
			s.raise(t, notPickedUp, at, support, time.Hour)
			again(len(before))
			heard, _ := s.notices.heard(notPickedUp, at)
			for _, a := range heard {
				if !a.Firing {
					t.Errorf("what ended while it was inhibited was told: %v", a)
				}
			}
		})
	}
}
