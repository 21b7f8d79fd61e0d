package e2e

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// keeping gives the target a token file, and returns its path.
func keeping(t *testing.T, config string) (with, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "token.json")
	return strings.Replace(config, "    yeastar:\n", "    yeastar:\n      token_file: "+path+"\n", 1), path
}

// kill ends a program as nothing can be done about.
func (p *process) kill(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-p.done
}

// The PBX allows 8 tokens at a time and a program that is killed gives none back.
func TestATokenFileOutlivesNineKills(t *testing.T) {
	config, path := keeping(t, all(startSimulator(t, "--still", "--sessions=20")))
	var last string
	for i := range 10 {
		p, address := startExporter(t, config)
		if metrics := mustGet(t, address+"/metrics"); !strings.Contains(metrics, `conversation_up{target="demo"} 1`) {
			t.Fatalf("run %d: %s", i+1, p.output())
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if last != "" && string(text) != last {
			t.Errorf("run %d wrote another token", i+1)
		}
		last = string(text)
		info, err := os.Stat(path)
		if err != nil || info.Mode() != 0o600 {
			t.Errorf("run %d: the file's mode is %v, %v", i+1, info.Mode(), err)
		}
		if i < 9 {
			p.kill(t)
		} else if code := p.terminate(t); code != 0 {
			t.Errorf("exit code %d", code)
		}
		if strings.Contains(p.output(), "canary") {
			t.Errorf("run %d: something secret was logged: %s", i+1, p.output())
		}
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file is still there after a clean exit: %v", err)
	}
}

// Without the file, this is what would happen; it shows that the test above
// tests something.
func TestNineKillsWithoutATokenFile(t *testing.T) {
	config := all(startSimulator(t, "--still", "--sessions=20"))
	var metrics string
	for range 9 {
		p, address := startExporter(t, config)
		metrics = mustGet(t, address+"/metrics")
		p.kill(t)
	}
	if !strings.Contains(metrics, `conversation_up{target="demo"} 0`) {
		t.Error("nine tokens were issued: the simulator does not bound them")
	}
}

// Whoever restarts the exporter again and again with a wrong secret does not get
// the address blocked, as long as there is a token file.
func TestAMistypedSecretAndManyRestarts(t *testing.T) {
	good, path := keeping(t, startSimulator(t, "--still", "--sessions=20"))
	wrong := strings.Replace(good, "client_secret: canary-secret", "client_secret: canary-secrte", 1)
	var output string
	for range 7 {
		p, address := startExporter(t, wrong)
		mustGet(t, address+"/metrics")
		p.kill(t)
		output = p.output()
	}
	if want := "4 sign-ins failed within 10 minutes, and after 5 the PBX blocks this address"; !strings.Contains(output, want) {
		t.Errorf("the last run does not tell it: %s", output)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	_, address := startExporter(t, good)
	if metrics := mustGet(t, address+"/metrics"); !strings.Contains(metrics, `conversation_up{target="demo"} 1`) {
		t.Errorf("the address was blocked: %s", metrics)
	}
}

// What cannot keep a token is told by the check, and at the start.
func TestATokenFileThatOthersMayRead(t *testing.T) {
	config, path := keeping(t, startSimulator(t, "--still", "--sessions=20"))
	if err := os.WriteFile(path, []byte("canary"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	file := write(t, "conversation_exporter.yml", config)
	for _, args := range [][]string{{"--config.check"}, {"--web.listen-address=127.0.0.1:0"}} {
		out, err := exec.Command(binary(t, "EXPORTER"), append(args, "--config.file="+file)...).CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 1 {
			t.Errorf("%v: %v", args, err)
		}
		if want := "targets.demo.yeastar.token_file: others may read or change this file"; !strings.Contains(string(out), want) || strings.Contains(string(out), "canary") {
			t.Errorf("%v: %s", args, out)
		}
	}
}
