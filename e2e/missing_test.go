package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"conversation_exporter/simulator/world"
)

// Something between Prometheus and the exporter answers for /sd with an empty list: every alert on
// customers ends, and none is told as resolved, as they wait as before.
func TestAnEmptyListOfTargetsEndsNoWait(t *testing.T) {
	t.Parallel()
	for _, p := range pairs(t) {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			s := &stack{notices: listen(t), other: startSystem(t)}
			config := fmt.Sprintf("targets:\n  %s:\n    requests_per_second: 0\n    min_interval: 0s\n    yeastar:\n      url: http://%s\n      client_id: %s\n      client_secret: %s\n",
				otherTarget, s.other.address, s.other.sim.ClientID(), s.other.sim.ClientSecret())
			_, url, _ := startFleet(t, config, "--no-web.metrics-targets")
			s.address = strings.TrimPrefix(url, "http://")
			targets := mustGet(t, url+"/sd")
			var empty atomic.Bool
			list := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				if empty.Load() {
					fmt.Fprint(w, "[]")
					return
				}
				fmt.Fprint(w, targets)
			}))
			defer list.Close()
			const sd = "      - url: http://localhost:10720/sd\n"
			sample := replace(t, read(t, sampleFleet), sd, "      - url: "+list.URL+"\n        refresh_interval: 60s\n")
			s.startAlertmanager(t, p)
			s.startPrometheus(t, p, write(t, "prometheus-fleet.yml", sample))

			at := map[string]string{"job": "conversation", "instance": otherTarget, "target": otherTarget, "queue": "Support"}
			s.other.waits(t, world.QueueSupport)
			s.hears(t, "supervisors", notPickedUp, at, true)
			empty.Store(true)
			s.hears(t, "operators", exporterMissing, nil, true)
			eventually(t, "the end of the alert on the customer", func() error {
				if found, err := s.standing(notPickedUp, at); err != nil || len(found) > 0 {
					return fmt.Errorf("there are %v, %w", found, err)
				}
				return nil
			})
			empty.Store(false)
			s.hears(t, "operators", exporterMissing, nil, false)
			eventually(t, "the alert on the customer", func() error {
				a, err := s.one(notPickedUp, at)
				if err == nil && len(a.InhibitedBy) > 0 {
					err = fmt.Errorf("it is inhibited by %v", a.InhibitedBy)
				}
				return err
			})
			heard, _ := s.notices.heard(notPickedUp, at)
			for _, a := range heard {
				if !a.Firing {
					t.Errorf("who waits was told as served: %v", a)
				}
			}
		})
	}
}
