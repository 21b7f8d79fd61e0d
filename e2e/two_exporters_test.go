package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// Two exporters that are found at /sd may have a target of one name: with the lines that the
// sample has for that, each is an instance of its own. Without them Prometheus mixes the two in
// one series, and says nothing. On the oldest Prometheus, while the
// current one finds a fleet in TestWhoIsLeftWaitingIsTold.
func TestTwoExportersOfAFleet(t *testing.T) {
	text := read(t, sampleFleet)
	for _, line := range []string{"relabel_configs:", "  - source_labels: [__address__, __param_target]", "    separator: /", "    target_label: instance"} {
		text = replace(t, text, "    # "+line+"\n", "    "+line+"\n")
	}
	const sd = "      - url: http://localhost:10720/sd\n"
	var addresses []string
	for range 2 {
		_, address, _ := startFleet(t, branches(branch(t), 1, ""), "--no-web.metrics-targets")
		addresses = append(addresses, strings.TrimPrefix(address, "http://"))
	}
	text = replace(t, text, sd, sd+fmt.Sprintf("      - url: http://%s/sd\n", addresses[1]))
	s := &stack{address: addresses[0], alertmanager: "http://" + freeAddress(t)}
	s.startPrometheus(t, pairs(t)[0], write(t, "prometheus-fleet.yml", text))
	for _, address := range addresses {
		query := fmt.Sprintf(`sum(conversation_up{job="conversation",instance="%s/branch-000",target="branch-000"})`, address)
		eventually(t, query, func() error {
			got, err := instant(s.prometheus, query)
			if err == nil && got != "1" {
				err = fmt.Errorf("it is %s", got)
			}
			return err
		})
	}
}
