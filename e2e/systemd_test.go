package e2e

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// activate starts the exporter as systemd does that has opened the sockets for
// it: they are its files from 3 on, and the environment says so. $$ is the
// process that exec then becomes.
func activate(t *testing.T, pid string, listeners []net.Listener, args ...string) *process {
	t.Helper()
	cmd := exec.Command("sh", append([]string{"-c", `LISTEN_PID=` + pid + ` exec "$0" "$@"`, binary(t, "EXPORTER"), "--web.systemd-socket"}, args...)...)
	cmd.Env = append(os.Environ(), fmt.Sprintf("LISTEN_FDS=%d", len(listeners)))
	for _, l := range listeners {
		file, err := l.(interface{ File() (*os.File, error) }).File()
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		cmd.ExtraFiles = append(cmd.ExtraFiles, file)
	}
	return runCommand(t, cmd)
}

func TestSocketActivation(t *testing.T) {
	config := write(t, "conversation_exporter.yml", startSimulator(t, "--still", "--sessions=20"))
	var listeners []net.Listener
	for range 2 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		listeners = append(listeners, l)
	}
	// The password is "demo".
	auth := write(t, "web.yml", "basic_auth_users:\n  prometheus: $2a$04$.JUy.OIIoXye8QbbhUI6NuJi5nHRwU3Zjxd3wbFuWNwvbF2I9Xe0C\n")
	p := activate(t, "$$", listeners, "--config.file="+config, "--web.config.file="+auth)
	for _, l := range listeners {
		// Nobody waits for it to start: the socket does.
		address := l.Addr().String()
		if metrics := mustGet(t, "http://prometheus:demo@"+address+"/metrics"); !strings.Contains(metrics, `conversation_up{target="demo"} 1`) {
			t.Errorf("%s: %s", address, metrics)
		}
		if status, _, err := get("http://" + address + "/metrics"); status != 401 || err != nil {
			t.Errorf("%s without a password: %d, %v", address, status, err)
		}
	}
	if strings.Contains(p.output(), ":10720") {
		t.Errorf("it listens on its own address too: %s", p.output())
	}
	if code := p.terminate(t); code != 0 {
		t.Errorf("exit code %d: %s", code, p.output())
	}
}

// Sockets that are for another process are not taken.
func TestSocketsOfAnotherProcess(t *testing.T) {
	config := write(t, "conversation_exporter.yml", startSimulator(t, "--still", "--sessions=20"))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	p := activate(t, "1", []net.Listener{l}, "--config.file="+config)
	<-p.done
	p.cmd.Wait()
	if code := p.cmd.ProcessState.ExitCode(); code != 1 || !strings.Contains(p.output(), "no socket came from systemd") {
		t.Errorf("exit code %d: %s", code, p.output())
	}
}
