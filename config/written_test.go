package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// twoTargets is a file in which each of two targets has a secret and what a test
// adds to the first's and to the second's block.
func twoTargets(first, second string) string {
	const one = "  t%d:\n    yeastar:\n      url: https://pbx.example.com\n      client_id: monitor\n      client_secret_file: secret\n%s"
	return "targets:\n" + fmt.Sprintf(one, 1, first) + fmt.Sprintf(one, 2, second)
}

func TestTokenFile(t *testing.T) {
	dir := t.TempDir()
	for name, mode := range map[string]os.FileMode{"secret": 0o600, "private": 0o600, "public": 0o644, "f.yml": 0o600} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(canary), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "state"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("state", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(filepath.Join(dir, "private"), filepath.Join(dir, "twin")); err != nil {
		t.Fatal(err)
	}
	const (
		relative = "; relative paths begin at the directory of this file"
		twice    = ":13: targets.t2.yeastar.token_file: is the file of targets.t1.yeastar.token_file too; give each target a file of its own"
		secret   = ":7: targets.t1.yeastar.token_file: is the file of targets.t1.yeastar.client_secret_file, which would be overwritten; name a file of its own"
	)
	file := filepath.Join(dir, "f.yml")
	for name, tc := range map[string]struct{ first, second, want string }{
		"not there yet":           {"token.json", "", ""},
		"in a directory":          {"state/token.json", "", ""},
		"absolute":                {filepath.Join(dir, "token.json"), "", ""},
		"private":                 {"private", "state/private", ""},
		"empty":                   {`""`, "", ":7: targets.t1.yeastar.token_file: must not be empty"},
		"no text":                 {"[a]", "", ":7: targets.t1.yeastar.token_file: must be a text; quote it if it is one"},
		"others may read it":      {"public", "", ":7: targets.t1.yeastar.token_file: others may read or change this file, which holds a token; take their rights with chmod 600" + relative},
		"a directory":             {"state", "", ":7: targets.t1.yeastar.token_file: this is not a regular file; name one that may be created and replaced" + relative},
		"no such directory":       {"absent/" + canary, "", ":7: targets.t1.yeastar.token_file: no file can be written in its directory: no such file or directory; make a directory that the exporter may write to" + relative},
		"of two targets":          {"token.json", "./state/../token.json", twice},
		"of two targets, by link": {"state/token.json", "link/token.json", twice},
		"of two targets, twins":   {"private", "twin", twice},
		"the secret":              {"secret", "", secret},
		"the configuration":       {"f.yml", "", ":7: targets.t1.yeastar.token_file: is this configuration itself; name a file of its own, which the exporter may replace"},
	} {
		add := func(path string) string {
			if path == "" {
				return ""
			}
			return "      token_file: " + path + "\n"
		}
		cfg, err := Parse(file, []byte(twoTargets(add(tc.first), add(tc.second))), testOptions())
		got := ""
		if err != nil {
			got = strings.TrimPrefix(err.Error(), file)
		}
		if got != tc.want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, tc.want)
		}
		if err != nil {
			continue
		}
		want := filepath.Join(dir, strings.TrimPrefix(tc.first, dir))
		if path := optionsOf(t, cfg.Targets[0]).TokenFile; path != want {
			t.Errorf("%s: the path is %s, want %s", name, path, want)
		}
	}
	entries, err := os.ReadDir(filepath.Join(dir, "state"))
	if err != nil || len(entries) != 0 {
		t.Errorf("the check left %v behind, %v", entries, err)
	}
}
