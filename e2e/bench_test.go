package e2e

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// BenchmarkProcess measures the whole program from outside: how long a scrape
// takes over real sockets, and the most memory that the process ever had. The
// simulator is a process of its own. Run it with `make bench-process`.
func BenchmarkProcess(b *testing.B) {
	for _, sessions := range []int{10_000, 100_000} {
		b.Run(strconv.Itoa(sessions), func(b *testing.B) {
			config := startSimulator(b, "--still", "--sessions="+strconv.Itoa(sessions))
			config = strings.Replace(all(config), "  demo:\n", "  demo:\n    timeout: 120s\n    min_interval: 0s\n", 1)
			p, address := startExporter(b, config)
			idle := memory(b, p)
			begun := time.Now()
			mustGet(b, address+"/metrics") // The first one reads the messages of every session.
			first := time.Since(begun).Seconds()
			for b.Loop() {
				if metrics := mustGet(b, address+"/metrics"); sum(b, metrics, "conversation_open_sessions") != sessions {
					b.Fatalf("not all of the sessions were read: %s", p.output())
				}
			}
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/scrape")
			b.ReportMetric(first, "s/first")
			b.ReportMetric(idle, "MiB-idle")
			b.ReportMetric(memory(b, p), "MiB-peak")
		})
	}
}

// memory is the most memory that a process has had so far, in MiB.
func memory(tb testing.TB, p *process) float64 {
	tb.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		tb.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			if err != nil {
				tb.Fatal(err)
			}
			return kib / 1024
		}
	}
	tb.Fatal("the kernel does not tell the memory of a process")
	return 0
}
