package main

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	simyeastar "conversation_exporter/simulator/yeastar"
)

// asProgram in the environment makes the test binary the program itself: a pipe
// that breaks kills a process only where it is the standard output.
const asProgram = "CONVERSATION_EXPORTER_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	goleak.VerifyTestMain(m)
}

// Who pipes the output into head must not cost the exporter one of its tokens.
func TestAReaderThatLeavesCostsNoToken(t *testing.T) {
	for _, flag := range []string{"--once", "--config.check-online"} {
		t.Run(flag, func(t *testing.T) {
			quick, quickURL := still(t)
			slow, slowURL := still(t)
			// The first result is written while the other target is still read.
			slow.Yeastar.Inject(simyeastar.Fault{Kind: simyeastar.Latency, Endpoint: "system/information", Wait: time.Second, Times: 1})
			file := write(t, "two.yml", "targets:\n"+targetBlock("a", quickURL, "", "")+targetBlock("b", slowURL, "", ""))
			read, written, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			var stderr output
			cmd := exec.CommandContext(t.Context(), os.Args[0], flag, "--config.file="+file)
			cmd.Env = append(os.Environ(), asProgram+"=1")
			cmd.Stdout, cmd.Stderr = written, &stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			if err := written.Close(); err != nil {
				t.Fatal(err)
			}
			if flag == "--config.check-online" {
				if line, err := bufio.NewReaderSize(read, 16).ReadString('\n'); err != nil || !strings.Contains(line, "is good") {
					t.Errorf("the first line is %q: %v", line, err)
				}
			}
			if err := read.Close(); err != nil {
				t.Fatal(err)
			}
			var exit *exec.ExitError
			if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 1 || !strings.Contains(stderr.String(), "broken pipe") {
				t.Errorf("ended with %v: %s", err, stderr.String())
			}
			for name, sim := range map[string]*simyeastar.Server{"a": quick.Yeastar, "b": slow.Yeastar} {
				if taken, given := sim.Requests("get_token"), sim.Requests("del_token"); taken != 1 || given != 1 {
					t.Errorf("%s: %d tokens were taken and %d given back", name, taken, given)
				}
			}
		})
	}
}

// fullDisk is a file that takes nothing.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

func TestAResultThatCannotBeWrittenIsAFailure(t *testing.T) {
	sim, url := still(t)
	file := write(t, "good.yml", "targets:\n"+targetBlock("office", url, "", ""))
	for _, flag := range []string{"--once", "--config.check-online", "--config.check"} {
		var stderr output
		code := run([]string{flag, "--config.file=" + file}, fullDisk{}, &stderr, make(chan os.Signal))
		if text := stderr.String(); code != 1 || strings.Count(text, "not written") != 1 || !strings.Contains(text, "no space left on device") {
			t.Errorf("%s: exit code %d: %s", flag, code, text)
		}
	}
	if n := sim.Yeastar.LiveTokens(); n != 0 {
		t.Errorf("%d tokens were not given back", n)
	}
}

// slowReader looks how many tokens are in use when something is written.
type slowReader struct {
	tokens func() int
	most   int
}

func (s *slowReader) Write(text []byte) (int, error) {
	s.most = max(s.most, s.tokens())
	return len(text), nil
}

// A pager that is not read on must not keep tokens in use.
func TestOnceHoldsNoTokenWhileItWrites(t *testing.T) {
	sim, url := still(t)
	out := &slowReader{tokens: sim.Yeastar.LiveTokens}
	file := write(t, "good.yml", "targets:\n"+targetBlock("office", url, "", ""))
	if code := run([]string{"--once", "--config.file=" + file}, out, io.Discard, make(chan os.Signal)); code != 0 || out.most != 0 {
		t.Errorf("exit code %d; %d tokens were in use while the metrics were written", code, out.most)
	}
}
