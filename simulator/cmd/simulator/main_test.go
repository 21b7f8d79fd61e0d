package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestFlagsThatAreRefused(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"all interfaces":                    {[]string{"--listen-address=:0"}, "--allow-remote"},
		"another interface":                 {[]string{"--listen-address=0.0.0.0:0"}, "--allow-remote"},
		"a name":                            {[]string{"--listen-address=pbx.invalid:0"}, "--allow-remote"},
		"no port":                           {[]string{"--listen-address=127.0.0.1"}, "--allow-remote"},
		"negative sessions":                 {[]string{"--sessions=-1"}, "below 0"},
		"no chats":                          {[]string{"--chats=0"}, "above 0"},
		"another interface for SuperOffice": {[]string{"--superoffice-listen-address=:0"}, "--allow-remote"},
		"negative chats":                    {[]string{"--chat-sessions=-1"}, "below 0"},
		"no speed":                          {[]string{"--speed=0"}, "above 0"},
		"unknown cursor":                    {[]string{"--cursor=both"}, "inclusive"},
		"unknown time zone":                 {[]string{"--time-zone=Nowhere/Town"}, "--time-zone"},
		"unknown flag":                      {[]string{"--nothing"}, "nothing"},
		"an argument":                       {[]string{"nothing"}, "nothing"},
		"no such secret file":               {[]string{"--client-secret-file=" + empty + ".x"}, "client secret"},
		"an empty secret file":              {[]string{"--client-secret-file=" + empty}, "is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			err := run(t.Context(), c.args, io.Discard, io.Discard)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want something about %q", err, c.want)
			}
		})
	}
}

func TestLoopback(t *testing.T) {
	for address, want := range map[string]bool{
		"127.0.0.1:1": true, "[::1]:1": true, "localhost:1": true, "127.9.9.9:1": true,
		"[::]:1": false, ":1": false, "192.0.2.1:1": false,
	} {
		if got := loopback(address); got != want {
			t.Errorf("%s: %t", address, got)
		}
	}
}

func TestHelpIsNoError(t *testing.T) {
	var out bytes.Buffer
	if err := run(t.Context(), []string{"--help"}, io.Discard, &out); err != nil || !strings.Contains(out.String(), "--page-size-limit") {
		t.Errorf("%v: %s", err, out.String())
	}
}

// until cancels a context when what it waits for has been written.
type until struct {
	bytes.Buffer
	text   string
	cancel context.CancelFunc
}

func (u *until) Write(b []byte) (int, error) {
	n, err := u.Buffer.Write(b)
	if strings.Contains(u.String(), u.text) {
		u.cancel()
	}
	return n, err
}

func TestRunIntroducesItselfAndStops(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("of my own\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		want string
		not  string
	}{
		"default":       {nil, "\n      client_id: canary-client\n      client_secret: canary-secret\n", "_file"},
		"a secret file": {[]string{"--client-secret-file=" + secret, "--client-id=me"}, "\n      client_id: me\n      client_secret_file: ", "of my own"},
		"over TLS":      {[]string{"--https"}, "\n      url: https://127.0.0.1:", "url: http://"},
		"SuperOffice, too": {
			[]string{"--superoffice-listen-address=127.0.0.1:0", "--time-zone=Europe/Oslo"},
			"/SuperOffice\n      basic_auth: { username: canary-monitor, password: canary-password }\n      time_zone: Europe/Oslo\n", "_file",
		},
		"SuperOffice, here": {[]string{"--superoffice-listen-address=127.0.0.1:0"}, "\n      time_zone: UTC\n", "Local"},
		"over TLS, pin":     {[]string{"--https"}, "\n      client_secret: canary-secret\n      certificate_sha256: ", "_file"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			out := &until{text: c.want[strings.LastIndex(strings.TrimSpace(c.want), "\n")+1:], cancel: cancel}
			args := append([]string{"--listen-address=127.0.0.1:0", "--still", "--sessions=40", "--chat-sessions=40", "--cursor=inclusive"}, c.args...)
			if err := run(ctx, args, out, io.Discard); err != nil {
				t.Fatal(err)
			}
			text := out.String()
			if !strings.Contains(text, c.want) || strings.Contains(text, c.not) ||
				!strings.Contains(text, "\ntargets:\n  demo:\n    yeastar:\n      url: http") {
				t.Errorf("it printed:\n%s", text)
			}
		})
	}
}

func TestBuildTakesTheSwitches(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("of my own\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	o, err := parse([]string{"--client-secret-file=" + secret, "--client-id=me", "--still", "--time-zone=UTC"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	s, err := build(o)
	if err != nil {
		t.Fatal(err)
	}
	if s.ClientID() != "me" || s.ClientSecret() != "of my own" {
		t.Errorf("credentials %q and %q", s.ClientID(), s.ClientSecret())
	}
	if zone := s.World.Zone().String(); zone != "UTC" {
		t.Errorf("time zone %s", zone)
	}
	if err := s.Wind(s.World.Now().Add(1), 0); err != nil || s.World.Opened() != 0 {
		t.Errorf("a still world has %d sessions (%v)", s.World.Opened(), err)
	}
}
