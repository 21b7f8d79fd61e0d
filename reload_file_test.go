package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A pipe, or a file without end, must neither hang the program nor fill its memory.
func TestAConfigurationThatIsNoFile(t *testing.T) {
	_, url := still(t)
	file := write(t, "good.yml", "targets:\n"+targetBlock("office", url, "", ""))
	p := start(t, "--config.file="+file)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(file, 0o600); err != nil {
		t.Skip(err)
	}
	const want = "good.yml: the file cannot be read: this is not a regular file; --config.file names the file to read\n"
	if code, stdout, stderr := once("--config.check", "--config.file="+file); code != 1 || stdout != "" || !strings.HasSuffix(stderr, want) {
		t.Errorf("exit code %d\nstdout: %s\nstderr: %s", code, stdout, stderr)
	}
	if status, text := p.post(t, "/-/reload"); status != 500 || !strings.HasSuffix(text, want) {
		t.Errorf("the reload: %d %s", status, text)
	}
	hangUp(t)
	p.logged(t, "the configuration was not reloaded", 2)
	p.stop(t)
}

// A typo in target_files and a reload that fails are told to whoever looks at the
// page or asks for the reload, not only in the log.
func TestWhatIsWrongWithTheConfigurationIsOnThePage(t *testing.T) {
	pbx := newPBX(t, 3)
	file := filepath.Join(t.TempDir(), "fleet.yml")
	rewrite(t, file, pbx.block("a", ""))
	p := start(t, "--config.file="+file)
	page := func(wants map[string]bool) {
		t.Helper()
		_, got := p.get(t, "/")
		for text, want := range wants {
			if strings.Contains(got, text) != want {
				t.Errorf("%q is on the page: %t", text, !want)
			}
		}
		if strings.Contains(got, pbx.ClientSecret()) {
			t.Error("the secret is on the page")
		}
	}
	const doubtsHead, failedHead = "The configuration may not say what was meant:", "The last reload failed"
	warning := file + ":11: target_files[0]: no file matches this glob, so it adds no target; globs begin at the directory of this file"
	page(map[string]bool{doubtsHead: false, failedHead: false, "its configuration was read": true})
	rewrite(t, file, pbx.block("a", ""), "target_files: [tragets/*.yml]\n")
	status, answer := p.post(t, "/-/reload")
	if want := "conversation_exporter has read its configuration: 1 target(s), of which 0 added and 0 changed; 0 removed.\n" +
		"the configuration may not say what was meant: " + warning + "\n"; status != http.StatusOK || answer != want {
		t.Errorf("the reload: %d %s, want %s", status, answer, want)
	}
	page(map[string]bool{doubtsHead: true, warning: true, failedHead: false})
	rewrite(t, file, strings.Replace(pbx.block("a", ""), "client_id:", "client_di:", 1))
	if status, _ := p.post(t, "/-/reload"); status != http.StatusInternalServerError {
		t.Errorf("a bad file: %d", status)
	}
	page(map[string]bool{doubtsHead: true, failedHead: true, "targets.a.yeastar.client_di: this key is not known": true})
	rewrite(t, file, pbx.block("a", ""))
	if status, answer := p.post(t, "/-/reload"); status != http.StatusOK || strings.Count(answer, "\n") != 1 {
		t.Errorf("the last reload: %d %s", status, answer)
	}
	page(map[string]bool{doubtsHead: false, failedHead: false})
}
