package yeastar

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"conversation_exporter/source/httpapi"
)

// keeping makes the path of a token file, and what makes a source use it.
func keeping(t *testing.T) (path string, use func(*Options)) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "token.json")
	return path, func(o *Options) { o.TokenFile = path }
}

// inFile reads a token file, which must be there and be private.
func inFile(t *testing.T, path string) memory {
	t.Helper()
	info, err := os.Stat(path)
	must(t, err)
	if mode := info.Mode(); mode != 0o600 {
		t.Errorf("the file has the mode %s, want 0600", mode)
	}
	text, err := os.ReadFile(path)
	must(t, err)
	var m memory
	must(t, json.Unmarshal(text, &m))
	return m
}

// alone checks which files are in the directory of a token file.
func alone(t *testing.T, path string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	must(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if fmt.Sprint(names) != fmt.Sprint(want) {
		t.Errorf("the directory holds %v, want %v", names, want)
	}
}

// A program that is killed gives nothing back, and the PBX allows 8 tokens.
func TestATokenOutlivesCrashes(t *testing.T) {
	p := newPBX(t)
	path, use := keeping(t)
	for range 20 {
		read(t, p.source(t, use))
	}
	if n := p.Yeastar.Requests(pathGetToken); n != 1 {
		t.Errorf("%d sign-ins in 20 runs, want 1", n)
	}
	alone(t, path, "token.json")
	m := inFile(t, path)
	times := fmt.Sprint(m.IssuedAt, m.AccessUntil, m.RefreshUntil, m.Issued)
	if want := fmt.Sprint(start(), start().Add(accessLife), start().Add(refreshLife), []time.Time{start()}); times != want || m.Access == "" || m.Refresh == "" {
		t.Errorf("the file's times are %s, want %s", times, want)
	}
	// A renewed token is kept too, and a refresh token outlives its token.
	p.World.Advance(40 * time.Minute)
	read(t, p.source(t, use))
	if again := inFile(t, path); again.Access == m.Access || !again.AccessUntil.Equal(start().Add(40*time.Minute+accessLife)) {
		t.Error("the renewed token was not kept")
	}
	read(t, p.source(t, use))
	if n, m := p.Yeastar.Requests(pathGetToken), p.Yeastar.Requests(pathRefreshToken); n != 1 || m != 1 {
		t.Errorf("%d sign-ins and %d refreshes, want 1 and 1", n, m)
	}
	p.World.Advance(25 * time.Hour)
	read(t, p.source(t, use))
	if n, m := p.Yeastar.Requests(pathGetToken), p.Yeastar.Requests(pathRefreshToken); n != 2 || m != 1 {
		t.Errorf("after both have ended: %d sign-ins and %d refreshes, want 2 and 1", n, m)
	}
}

func TestACleanExitRemovesTheTokenFile(t *testing.T) {
	p := newPBX(t)
	path, use := keeping(t)
	s := p.source(t, use)
	read(t, s)
	// A crash may have left this; it holds a token as well.
	must(t, os.WriteFile(freshName(path), []byte("{}"), 0o600))
	must(t, s.Close(context.Background()))
	if n := p.Yeastar.LiveTokens(); n != 0 {
		t.Errorf("%d tokens in use", n)
	}
	alone(t, path)
}

// One that ends before its first scrape, as its address is taken, must leave
// the token of the one that runs.
func TestAnUnusedSourceLeavesTheTokenFile(t *testing.T) {
	p := newPBX(t)
	path, use := keeping(t)
	read(t, p.source(t, use))
	must(t, p.source(t, use).Close(context.Background()))
	if n := p.Yeastar.LiveTokens(); n != 1 {
		t.Errorf("%d tokens in use, want 1", n)
	}
	alone(t, path, "token.json")
}

// A token that could not be given back serves the next start.
func TestAFailedExitKeepsTheTokenFile(t *testing.T) {
	p := newPBX(t)
	path, use := keeping(t)
	s := p.source(t, use)
	read(t, s)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Close(ctx); err == nil {
		t.Error("the token was given back without time")
	}
	alone(t, path, "token.json")
	last := p.source(t, use)
	read(t, last)
	if n := p.Yeastar.Requests(pathGetToken); n != 1 {
		t.Errorf("%d sign-ins, want 1", n)
	}
	// Where the PBX says that there is no such token, nothing is left to keep.
	p.Yeastar.RevokeTokens()
	if err := last.Close(context.Background()); err == nil {
		t.Error("a refusal was not told")
	}
	alone(t, path)
}

func TestABadTokenFileIsReplaced(t *testing.T) {
	p := newPBX(t)
	path, use := keeping(t)
	good := p.source(t, use)
	read(t, good)
	whole, err := os.ReadFile(path)
	must(t, err)
	for name, tc := range map[string]struct {
		text string
		mode os.FileMode
	}{
		"empty":                  {"", 0o600},
		"a word":                 {"token", 0o600},
		"cut":                    {string(whole[:len(whole)/2]), 0o600},
		"zeros":                  {strings.Repeat("\x00", len(whole)), 0o600},
		"null":                   {"null", 0o600},
		"a list":                 {"[]", 0o600},
		"another format":         {strings.Replace(string(whole), `"version":1`, `"version":2`, 1), 0o600},
		"wrong kinds":            {strings.Replace(string(whole), `"access_token":"`, `"access_token":["x"],"x":"`, 1), 0o600},
		"a time that is none":    {strings.Replace(string(whole), `"issued_at":"`, `"issued_at":"x`, 1), 0o600},
		"too long":               {string(whole) + strings.Repeat(" ", maxTokenFile), 0o600},
		"a token too long":       {strings.Replace(string(whole), `"access_token":"`, `"access_token":"`+strings.Repeat("x", maxKeptToken), 1), 0o600},
		"readable by the group":  {string(whole), 0o640},
		"readable by others":     {string(whole), 0o604},
		"executable by somebody": {string(whole), 0o601},
		"of another PBX":         {strings.Replace(string(whole), digestOf(p.url), digestOf("https://pbx.example.com"), 1), 0o600},
		"of another application": {strings.Replace(string(whole), digestOf(p.url, p.ClientID()), digestOf(p.url, "other"), 1), 0o600},
		"a token that has ended": {strings.Replace(string(whole), `"access_until":"2026-03-02T09:30`, `"refresh_token":"","access_until":"2026-03-02T08:59`, 1), 0o600},
	} {
		must(t, os.WriteFile(path, []byte(tc.text), tc.mode))
		must(t, os.Chmod(path, tc.mode))
		before := p.Yeastar.Requests(pathGetToken)
		s := p.source(t, use)
		read(t, s)
		if n := p.Yeastar.Requests(pathGetToken) - before; n != 1 {
			t.Errorf("%s: %d sign-ins, want 1", name, n)
		}
		if inFile(t, path).Access == "" {
			t.Errorf("%s: the file was not replaced", name)
		}
		must(t, s.Close(context.Background()))
		alone(t, path)
	}
}

// The PBX may have forgotten the token, as it was restarted too.
func TestADeadTokenOfTheFileCostsOneSignIn(t *testing.T) {
	p := newPBX(t)
	_, use := keeping(t)
	for i := range 5 {
		read(t, p.source(t, use))
		p.Yeastar.RevokeTokens()
		if n := p.Yeastar.Requests(pathGetToken); n != i+1 {
			t.Fatalf("run %d: %d sign-ins", i+1, n)
		}
	}
	// One that was issued in this run and never works is still no reason to go on.
	for _, endpoint := range []string{pathSearch, pathQueueList, pathSystem} {
		p.Yeastar.FailEndpoint(endpoint, 10004)
	}
	s := p.source(t, use)
	for range 5 {
		listOnce(s)
	}
	if n := p.Yeastar.Requests(pathGetToken); n != 6 {
		t.Errorf("%d sign-ins, want 6", n)
	}
}

// Who restarts it again and again with a wrong secret must not get the address
// blocked, whether by kill or cleanly.
func TestSafetyOfSignInOverRestarts(t *testing.T) {
	for _, clean := range []bool{false, true} {
		p := newPBX(t)
		path, use := keeping(t)
		wrong := func(o *Options) {
			use(o)
			o.Secret = func() (httpapi.Secret, error) { return httpapi.NewSecret("canary-wrong"), nil }
		}
		var text string
		for i := range 9 {
			s := p.source(t, func(o *Options) {
				wrong(o)
				if i%2 == 1 { // The address is what is blocked, whatever the Client ID.
					o.ClientID = "another"
				}
			})
			text = listOnce(s)
			if clean {
				must(t, s.Close(context.Background()))
			}
			p.World.Advance(time.Minute)
		}
		if n := p.Yeastar.Requests(pathGetToken); n != failuresAllowed {
			t.Errorf("clean %t: %d tries in 9 restarts, want %d", clean, n, failuresAllowed)
		}
		want := "signing in waits until 09:10:00 UTC: 4 sign-ins failed within 10 minutes, and after 5 the PBX blocks this address; " + waitsAlone + "; the last one: it was before this start, so its reason is not known"
		if text != want {
			t.Errorf("clean %t: %q, want %q", clean, text, want)
		}
		whole, err := os.ReadFile(path)
		must(t, err)
		if m := inFile(t, path); m.Access != "" || len(m.Failures) != failuresAllowed || strings.Contains(string(whole), "canary") {
			t.Errorf("clean %t: the file holds %s", clean, whole)
		}
		p.World.Advance(10 * time.Minute)
		last := p.source(t, use)
		read(t, last)
		must(t, last.Close(context.Background()))
		alone(t, path)
	}
}

// A clock that was wrong must not stop the exporter for years.
func TestTimesInTheFutureDoNotCount(t *testing.T) {
	p := newPBX(t)
	path, use := keeping(t)
	never := time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	m := memory{Version: tokenFormat, PBX: digestOf(p.url), Target: digestOf(p.url, p.ClientID()), Access: "junk", IssuedAt: never, AccessUntil: never}
	for range 20 {
		m.Failures, m.Issued = append(m.Failures, never), append(m.Issued, never)
	}
	text, err := json.Marshal(m)
	must(t, err)
	must(t, os.WriteFile(path, text, 0o600))
	read(t, p.source(t, use))
	if m := inFile(t, path); len(m.Failures) != 0 || len(m.Issued) != 1 || m.AccessUntil.Year() != 2026 {
		t.Errorf("kept: %v %v %v", m.Failures, m.Issued, m.AccessUntil)
	}
}

// Where the file cannot be written, the token serves all the same, and each pass
// tells it.
func TestATokenFileThatCannotBeWritten(t *testing.T) {
	p := newPBX(t)
	path, _ := keeping(t)
	gone := filepath.Join(filepath.Dir(path), "gone", "token.json")
	s := p.source(t, func(o *Options) { o.TokenFile = gone })
	read(t, s)
	if _, cover, err := s.OpenSessions(context.Background()); err != nil || !cover.Complete() || len(cover.Warnings) != 1 || !strings.HasPrefix(cover.Warnings[0].Error(), "writing the token file: ") {
		t.Errorf("coverage = %+v, error %v", cover, err)
	}
	if n := p.Yeastar.Requests(pathGetToken); n != 1 {
		t.Errorf("%d sign-ins, want 1", n)
	}
	must(t, s.Close(context.Background())) // Now there is nothing to be kept, and no file.
	blocked := filepath.Join(filepath.Dir(path), "directory")
	must(t, os.MkdirAll(filepath.Join(blocked, "full"), 0o700))
	s = p.source(t, func(o *Options) { o.TokenFile = blocked })
	read(t, s)
	err := s.Close(context.Background())
	if err == nil || !strings.HasPrefix(err.Error(), "giving the token back: removing the token file: ") || strings.Contains(err.Error(), "canary") {
		t.Errorf("error = %v", err)
	}
	if n := p.Yeastar.LiveTokens(); n != 0 {
		t.Errorf("%d tokens in use", n)
	}
}

func TestTheMemoryOfATokenFileDoesNotPrintItself(t *testing.T) {
	m := memory{Access: "canary", Refresh: "canary"}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		if text := fmt.Sprintf(verb, m) + fmt.Sprintf(verb, &m) + fmt.Sprintf(verb, []memory{m}); strings.Contains(text, "canary") || strings.Contains(text, "63616e617279") {
			t.Errorf("%s prints %s", verb, text)
		}
	}
}

func TestCheckTokenFile(t *testing.T) {
	dir := t.TempDir()
	file := func(name string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		must(t, os.WriteFile(path, []byte("canarytoken"), 0o600))
		must(t, os.Chmod(path, mode))
		return path
	}
	const open = "others may read or change this file, which holds a token; take their rights with chmod 600"
	for path, want := range map[string]string{
		filepath.Join(dir, "none"):           "",
		file("good", 0o600):                  "",
		file("read-only", 0o400):             "",
		file("group", 0o640):                 open,
		file("others", 0o604):                open,
		file("writable", 0o602):              open,
		dir:                                  "this is not a regular file; name one that may be created and replaced",
		filepath.Join(dir, "absent", "file"): "no file can be written in its directory: no such file or directory; make a directory that the exporter may write to",
		filepath.Join(dir, "good", "file"):   "the file cannot be looked at: not a directory",
	} {
		text := ""
		if err := CheckTokenFile(path); err != nil {
			text = err.Error()
		}
		if text != want {
			t.Errorf("%s: %q, want %q", path, text, want)
		}
	}
	alone(t, filepath.Join(dir, "x"), "good", "group", "others", "read-only", "writable")
	if runtime.GOOS == "linux" {
		err := CheckTokenFile("/proc/token.json")
		if err == nil || !strings.HasPrefix(err.Error(), "no file can be written in its directory: ") {
			t.Errorf("a directory that nobody may write to: %v", err)
		}
	}
}
