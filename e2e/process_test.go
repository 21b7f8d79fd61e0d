// Package e2e tests the program as its users run it: the real binary, real
// sockets, a real Prometheus. It is a module of its own, so that what it needs
// is no dependency of the exporter. `make e2e` builds and fetches everything.
package e2e

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait for another process.
const patience = 60 * time.Second

// binary is the path of a program that `make e2e` provides.
func binary(t testing.TB, variable string) string {
	t.Helper()
	path := os.Getenv(variable)
	if path == "" {
		t.Fatalf("%s is not set: run make e2e", variable)
	}
	return path
}

// process is a program under test.
type process struct {
	cmd  *exec.Cmd
	done chan struct{}
	mu   sync.Mutex
	text strings.Builder
}

// run starts a program, which is ended with the test.
func run(t testing.TB, path string, args ...string) *process {
	t.Helper()
	return runCommand(t, exec.Command(path, args...))
}

// runCommand starts a program that was prepared, which is ended with the test.
func runCommand(t testing.TB, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{cmd: cmd, done: make(chan struct{})}
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p.cmd.Stdout, p.cmd.Stderr = writer, writer
	release, err := startLocked(p.cmd)
	if err != nil {
		release()
		t.Fatal(err)
	}
	writer.Close()
	go func() {
		defer close(p.done)
		lines := bufio.NewScanner(reader)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			p.mu.Lock()
			p.text.WriteString(lines.Text() + "\n")
			p.mu.Unlock()
		}
	}()
	t.Cleanup(func() {
		p.cmd.Process.Kill()
		p.cmd.Wait()
		<-p.done
		reader.Close()
		release()
	})
	return p
}

// startLocked starts a program that is killed when the tests are. It is started by a thread
// that is there until release, as the kernel goes by that thread and not by the process, and Go
// ends threads that it has too many of.
func startLocked(cmd *exec.Cmd) (release func(), err error) {
	dieWithUs(cmd)
	started, released := make(chan error), make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		started <- cmd.Start()
		<-released
	}()
	return func() { close(released) }, <-started
}

// output is what the program has written so far.
func (p *process) output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

// expect waits for a line that fits and returns its first submatch.
func (p *process) expect(t testing.TB, pattern string) string {
	t.Helper()
	re := regexp.MustCompile(pattern)
	var found []string
	eventually(t, "the output "+pattern+" of "+filepath.Base(p.cmd.Path), func() error {
		if found = re.FindStringSubmatch(p.output()); found == nil {
			return fmt.Errorf("it wrote:\n%s", p.output())
		}
		return nil
	})
	return found[len(found)-1]
}

// terminate asks the program to end and returns its exit code.
func (p *process) terminate(t testing.TB) int {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-p.done
	p.cmd.Wait()
	return p.cmd.ProcessState.ExitCode()
}

// eventually repeats a check until it succeeds.
func eventually(t testing.TB, what string, check func() error) {
	t.Helper()
	var err error
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if err = check(); err == nil {
			return
		}
	}
	t.Fatalf("%s did not come: %v", what, err)
}

// get fetches a page.
func get(url string) (status int, body string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return 0, "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text), err
}

// mustGet fetches a page that must be there.
func mustGet(t testing.TB, url string) string {
	t.Helper()
	status, body, err := get(url)
	if err != nil || status != http.StatusOK {
		t.Fatalf("%s: %d, %v", url, status, err)
	}
	return body
}

// write makes a file in a folder of the test's own.
func write(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
