package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// watchedTarget is a target in a scene: where it is read, what is known of it, and what the fleet
// shows of it.
type watchedTarget struct {
	job, instance, name string
	kind                string            // the label system
	facts               map[string]string // series without job, instance and target
	columns             map[string]string // of the fleet
	alerts              string            // those on customers that hold
}

// fleetRow is what the table of the fleet shows of a target.
type fleetRow struct {
	labels  string
	system  string
	columns map[string]string
	alerts  string
}

// scene is what Prometheus knows in one situation, and what the figures show in it.
type scene struct {
	name    string
	systems []watchedTarget
	beside  []string          // beside every figure
	figures map[string]string // that differ from those where all is well
	nothing bool              // no other figure shows anything
	target  string            // that is chosen at the head; all, where there is none
}

// figure is what a figure shows, by its title, and what stands beside it.
func (w scene) figure(title string) []string {
	own, is := w.figures[title]
	if !is && !w.nothing {
		own = wellFigures()[title]
	}
	if own == "" {
		return w.beside
	}
	return append(slices.Clone(w.beside), own)
}

// column is what a column of the fleet shows, by the labels of its rows. L is not shown:
// it brings the label system to each row. The worst queues are each a row, such as in
// "Sales 300 orange; Support 120".
func (w scene) column(title string) map[string][]string {
	shown := make(map[string][]string)
	for _, r := range w.rows() {
		text := r.columns[title]
		switch {
		case title == "L" && r.system != "":
			shown[r.labels+`,system="`+r.system+`"`] = []string{"1"}
		case title == "Worst queues" && text != "":
			for row := range strings.SplitSeq(text, "; ") {
				queue, wait, _ := strings.Cut(row, " ")
				shown[r.labels+`,queue="`+queue+`"`] = []string{wait}
			}
		case text != "":
			shown[r.labels] = []string{text}
		}
	}
	return shown
}

// waited are the columns of a target in which the longest wait for a pick-up is so long, in a
// queue with that limit, and of the colour that it has beyond it.
func waited(queue string, seconds, limit float64, colour string) map[string]string {
	wait, times := strconv.FormatFloat(seconds, 'f', -1, 64), strconv.FormatFloat(seconds/limit, 'f', -1, 64)
	return map[string]string{"pick-up wait": wait, "of limit": strings.TrimSpace(times + " × " + colour), "Worst queues": strings.TrimSpace(queue + " " + wait + " " + colour)}
}

// noLimit are those of one in which that customer waits in a queue that is closed, or nobody.
func noLimit(seconds string) map[string]string {
	return map[string]string{"pick-up wait": seconds, "of limit": "", "Worst queues": ""}
}

// series are all that Prometheus has, those of somebody else's job among them.
func (w scene) series() map[string]string {
	all := map[string]string{`up{job="node",instance="n:1"}`: "0"}
	for _, s := range w.systems {
		place := fmt.Sprintf(`job="%s",instance="%s"`, s.job, s.instance)
		for fact, values := range s.facts {
			name, labels, _ := strings.Cut(strings.TrimSuffix(fact, "}"), "{")
			if labels != "" {
				labels = "," + labels
			}
			if name != "up" && name != "conversation_exporter_build_info" {
				labels = fmt.Sprintf(`,target="%s"`, s.name) + labels
			}
			all[name+"{"+place+labels+"}"] = values
		}
	}
	return all
}

func (w scene) rows() (list []fleetRow) {
	for _, s := range w.systems {
		if s.columns != nil {
			labels := fmt.Sprintf(`job="%s",instance="%s",target="%s"`, s.job, s.instance, s.name)
			list = append(list, fleetRow{labels, s.kind, s.columns, s.alerts})
		}
	}
	return list
}

// read are the facts of a target that was read, by its groups.
func read(groups ...string) map[string]string {
	facts := map[string]string{"up": "1", "conversation_up": "1", "conversation_scrape_timestamp_seconds": "-119s"}
	for _, g := range groups {
		facts[`conversation_scrape_collector_success{collector="`+g+`"}`] = "1"
		facts[`conversation_scrape_collector_partial{collector="`+g+`"}`] = "0"
	}
	return facts
}

// merged puts maps together; of one key the last counts, and an empty value takes it away.
func merged(list ...map[string]string) map[string]string {
	all := make(map[string]string)
	for _, m := range list {
		maps.Copy(all, m)
	}
	maps.DeleteFunc(all, func(_, value string) bool { return value == "" })
	return all
}

// pbx is a Yeastar where nobody need do anything: each wait is just at its limit, others
// wait far longer who do not count, and windows end whose customer has his answer.
func pbx() watchedTarget {
	return watchedTarget{"conversation", "a:1", "pbx", "yeastar", merged(read("sessions", "messages", "queues", "channels"), map[string]string{
		`conversation_exporter_build_info`:                                                                              "1",
		`conversation_target_info{system="yeastar",version="37"}`:                                                       "1",
		`conversation_open_sessions{channel="whatsapp",queue="Sales",origin="regular",state="queued"}`:                  "2",
		`conversation_open_sessions{channel="whatsapp",queue="Sales",origin="regular",state="assigned"}`:                "3",
		`conversation_open_sessions{channel="sms",queue="Open",origin="regular",state="shared"}`:                        "1",
		`conversation_queued_oldest_timestamp_seconds{channel="whatsapp",queue="Sales"}`:                                "-300s",
		`conversation_unanswered_sessions{channel="whatsapp",queue="Sales",state="queued",age="lt_5m"}`:                 "2",
		`conversation_unanswered_sessions{channel="whatsapp",queue="Sales",state="assigned",age="15m_1h"}`:              "1",
		`conversation_unanswered_sessions{channel="whatsapp",queue="Sales",state="archived",age="ge_24h"}`:              "7",
		`conversation_unanswered_sessions{channel="sms",queue="Open",state="shared",age="5m_15m"}`:                      "1",
		`conversation_unanswered_oldest_timestamp_seconds{channel="whatsapp",queue="Sales",state="queued"}`:             "-2500s",
		`conversation_unanswered_oldest_timestamp_seconds{channel="whatsapp",queue="Sales",state="assigned"}`:           "-1800s",
		`conversation_unanswered_oldest_timestamp_seconds{channel="whatsapp",queue="Sales",state="archived"}`:           "-90000s",
		`conversation_unanswered_oldest_timestamp_seconds{channel="sms",queue="Open",state="shared"}`:                   "-600s",
		`conversation_unread_messages{channel="whatsapp",queue="Sales"}`:                                                "4",
		`conversation_unread_messages{channel="sms",queue="Open"}`:                                                      "1",
		`conversation_reply_window_sessions{channel="whatsapp",queue="Sales",awaiting="agent",remaining="expired"}`:     "1",
		`conversation_reply_window_sessions{channel="whatsapp",queue="Sales",awaiting="agent",remaining="lt_15m"}`:      "0",
		`conversation_reply_window_sessions{channel="whatsapp",queue="Sales",awaiting="agent",remaining="15m_30m"}`:     "0",
		`conversation_reply_window_sessions{channel="whatsapp",queue="Sales",awaiting="agent",remaining="30m_1h"}`:      "0",
		`conversation_reply_window_sessions{channel="whatsapp",queue="Sales",awaiting="agent",remaining="1h_4h"}`:       "2",
		`conversation_reply_window_sessions{channel="whatsapp",queue="Sales",awaiting="customer",remaining="lt_15m"}`:   "6",
		`conversation_reply_window_sessions{channel="whatsapp",queue="Sales",awaiting="customer",remaining="30m_1h"}`:   "1",
		`conversation_reply_window_next_expiry_timestamp_seconds{channel="whatsapp",queue="Sales",awaiting="agent"}`:    "+5000s",
		`conversation_reply_window_next_expiry_timestamp_seconds{channel="whatsapp",queue="Sales",awaiting="customer"}`: "+400s",
		`conversation_reply_window_next_expiry_timestamp_seconds{channel="sms",queue="Open",awaiting="agent"}`:          "+9000s",
		`conversation_reply_windows_lost_total{channel="whatsapp",queue="Sales"}`:                                       "0",
		`conversation_message_failures_total{channel="whatsapp",reason="other"}`:                                        "0",
		`conversation_sending_oldest_timestamp_seconds{channel="whatsapp"}`:                                             "-900s",
		`conversation_channel_up{channel="whatsapp",name="Main",provider="meta"}`:                                       "1",
		`conversation_agents{presence="present"}`:                                                                       "3",
		`conversation_agents{presence="away"}`:                                                                          "2",
		`conversation_queue_agents{queue="Sales",presence="present"}`:                                                   "2",
		`conversation_queue_agents{queue="Sales",presence="away"}`:                                                      "0",
		`conversation_queue_agents{queue="Open",presence="present"}`:                                                    "0",
	}), map[string]string{
		"state": "calm", "waiting": "2", "pick-up wait": "300", "of limit": "1 ×", "Worst queues": "Sales 300", "no agent": "0", "channels down": "0", "unanswered": "4", "answer wait": "1800", "closing, 1 h": "0",
		"next window": "5000", "lost, 24 h": "0", "agents": "3", "failed, 24 h": "0", "age": "119",
	}, ""}
}

// chat is a SuperOffice where nobody need do anything: an administrator has set limits, and
// the wait is just at that of agents for a new session.
func chat() watchedTarget {
	return watchedTarget{"conversation", "a:1", "chat", "superoffice", merged(read("sessions", "messages", "queues"), map[string]string{
		`conversation_target_info{system="superoffice",version=""}`:                                         "1",
		`conversation_open_sessions{channel="chat",queue="Support",origin="regular",state="queued"}`:        "1",
		`conversation_open_sessions{channel="chat",queue="Support",origin="regular",state="assigned"}`:      "1",
		`conversation_queued_oldest_timestamp_seconds{channel="chat",queue="Support"}`:                      "-120s",
		`conversation_queue_warning_threshold_seconds{queue="Support",event="new_session",level="agent"}`:   "120",
		`conversation_queue_warning_threshold_seconds{queue="Support",event="new_session",level="manager"}`: "100",
		`conversation_queue_warning_threshold_seconds{queue="Support",event="new_message",level="agent"}`:   "60",
		`conversation_queue_open{queue="Support"}`:                                                          "1",
		`conversation_unanswered_sessions{channel="chat",queue="Support",state="queued",age="lt_5m"}`:       "1",
		`conversation_unanswered_oldest_timestamp_seconds{channel="chat",queue="Support",state="assigned"}`: "-70s",
		`conversation_unread_messages{channel="chat",queue="Support"}`:                                      "1",
		`conversation_agents{presence="present"}`:                                                           "1",
		`conversation_agents{presence="away"}`:                                                              "3",
		`conversation_queue_agents{queue="Support",presence="present"}`:                                     "1",
		`conversation_queue_agents{queue="Support",presence="away"}`:                                        "3",
	}), map[string]string{
		"state": "calm", "waiting": "1", "pick-up wait": "120", "of limit": "1 ×", "Worst queues": "Support 120", "no agent": "0", "unanswered": "1", "answer wait": "70", "agents": "1", "age": "119",
	}, ""}
}

// wellFigures are the figures where both are well.
func wellFigures() map[string]string {
	return map[string]string{
		"Source": "read", "Waiting for a pick-up": "3", "Longest wait for a pick-up": "300", "Unanswered": "5",
		"Longest wait for an answer": "1800", "Agents present": "4", "Queues with no agent present": "0",
		"Windows closing within the hour": "0", "Next window closes in": "5000", "Windows lost in 24 h": "0",
		"Not delivered in 24 h": "0", "Unread messages": "6", "Targets read": "2", "Targets in trouble": "0",
	}
}

// with is a target of which other facts are known.
func (s watchedTarget) with(facts map[string]string) watchedTarget {
	s.facts = merged(s.facts, facts)
	return s
}

// seen is a target of which the fleet shows other things; an empty one is a dash.
func (s watchedTarget) seen(columns map[string]string) watchedTarget {
	s.columns = merged(s.columns, columns)
	return s
}

// at is a target that is read elsewhere.
func (s watchedTarget) at(job, instance string) watchedTarget {
	s.job, s.instance = job, instance
	return s
}

// told is a target on whose customers these alerts hold.
func (s watchedTarget) told(alerts string) watchedTarget {
	s.alerts = alerts
	return s
}

// unread is a target whose exporter has not been scraped since so many minutes ago. All that is
// shown of it is that.
func (s watchedTarget) unread(since string) watchedTarget {
	facts := map[string]string{"up": "0"}
	for fact, values := range s.facts {
		if fact != "up" {
			facts[fact] = values + " until " + since
		}
	}
	s.facts = facts
	return s.nowhere("not read red")
}

// nowhere is a target of which only the state is shown.
func (s watchedTarget) nowhere(state string) watchedTarget {
	s.columns = map[string]string{"state": state}
	return s
}

// notRead are the facts of groups that could not be read, or only in part.
func notRead(partial string, groups ...string) map[string]string {
	facts := make(map[string]string)
	for _, g := range groups {
		facts[`conversation_scrape_collector_success{collector="`+g+`"}`] = "0"
		facts[`conversation_scrape_collector_partial{collector="`+g+`"}`] = partial
	}
	return facts
}

// only are the facts of a target that begin so.
func (s watchedTarget) only(prefixes ...string) watchedTarget {
	s.facts = maps.Collect(func(yield func(string, string) bool) {
		for fact, values := range s.facts {
			if slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(fact, p) }) && !yield(fact, values) {
				return
			}
		}
	})
	return s
}
