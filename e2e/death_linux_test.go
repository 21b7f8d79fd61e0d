package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMain has the tests end with the go command that runs them, which hands no signal on. It
// stays on the thread that it has asked for.
func TestMain(m *testing.M) {
	runtime.LockOSThread()
	if _, _, err := syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_PDEATHSIG, uintptr(syscall.SIGTERM), 0); err != 0 {
		fmt.Fprintf(os.Stderr, "ask to end with the go command: %v\n", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// dieWithUs has the kernel kill the program when the thread that starts it ends, as it does
// with the process: no cleanup of a test runs when the tests are killed or time out.
func dieWithUs(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
}

// aliveFor tells whether a process is there that has not ended, or becomes one that has within
// the time.
func aliveFor(pid int, patience time.Duration) bool {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil || strings.Contains(string(stat), ") Z ") {
			return false
		}
	}
	return true
}

// What the tests have started ends with them, however they end: killed, asked to, or by
// their own time limit.
func TestNothingIsLeftOfTestsThatAreKilled(t *testing.T) {
	for name, end := range map[string]struct {
		args   []string
		signal syscall.Signal
	}{
		"killed":     {nil, syscall.SIGKILL},
		"terminated": {nil, syscall.SIGTERM},
		"timed out":  {[]string{"-test.timeout=2s"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(os.Args[0], append(end.args, "-test.run=^TestLeavesAProgramBehind$")...)
			cmd.Env = append(os.Environ(), "LEAVE_A_PROGRAM=1")
			tests := runCommand(t, cmd)
			pid, err := strconv.Atoi(tests.expect(t, `left (\d+)`))
			if err != nil {
				t.Fatal(err)
			}
			if end.signal != 0 {
				if !aliveFor(pid, time.Second) {
					t.Fatal("the program ended before the tests did")
				}
				if err := cmd.Process.Signal(end.signal); err != nil {
					t.Fatal(err)
				}
			}
			if aliveFor(pid, 10*time.Second) {
				t.Error("the program was left over")
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		})
	}
}

// TestLeavesAProgramBehind is what the test above runs and ends. The thread from which
// the program was started is over by then, and that is no reason for it to end.
func TestLeavesAProgramBehind(t *testing.T) {
	if os.Getenv("LEAVE_A_PROGRAM") == "" {
		t.Skip("it never ends; another test runs it")
	}
	pid := make(chan int)
	var leave func()
	leave = func() {
		runtime.LockOSThread() // The thread ends with this function,
		if syscall.Gettid() == os.Getpid() {
			go leave() // but the first one never does.
			select {}
		}
		pid <- runCommand(t, exec.Command("sleep", "600")).cmd.Process.Pid
	}
	go leave()
	fmt.Fprintf(os.Stdout, "left %d\n", <-pid)
	select {}
}
