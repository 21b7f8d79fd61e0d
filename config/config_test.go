package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"conversation_exporter/source/httpapi"
	"conversation_exporter/source/yeastar"
)

// canary stands for a secret in the tests. No key and no name of a target or of
// a variable can hold it.
const canary = "s3cr3t+Canary/9="

// groups are the collectors that the tests know.
func groups() []string { return []string{"sessions", "messages", "queues"} }

// testOptions read files without the environment.
func testOptions() Options {
	return Options{Collectors: groups(), LookupEnv: func(string) (string, bool) { return "", false }}
}

// block is a target with a PBX and what a test adds: first to the PBX's block,
// then to the target's.
func block(inner, outer string) string {
	return "targets:\n  t:\n    yeastar:\n      url: https://pbx.example.com\n      client_id: monitor\n" + inner + outer
}

// parseOne parses a text that must be right and have one target.
func parseOne(t *testing.T, text string, opts Options) (Target, yeastar.Options) {
	t.Helper()
	cfg, err := Parse(filepath.Join("testdata", "inline.yml"), []byte(text), opts)
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	if len(cfg.Targets) != 1 {
		t.Fatalf("got %d targets, want 1", len(cfg.Targets))
	}
	return cfg.Targets[0], optionsOf(t, cfg.Targets[0])
}

// optionsOf is what a target hands to its source.
func optionsOf(t *testing.T, target Target) yeastar.Options {
	t.Helper()
	b, ok := target.system().(*yeastarBlock)
	if !ok {
		t.Fatalf("the system is a %T", target.system())
	}
	return b.options(target, Runtime{UserAgent: "test/1", Clock: httpapi.SystemClock{}})
}

// reveal asks for the secret as a sign-in does.
func reveal(t *testing.T, opts yeastar.Options) string {
	t.Helper()
	secret, err := opts.Secret()
	if err != nil {
		t.Fatalf("Secret: %v", err)
	}
	return secret.Reveal()
}

// TestBadFiles compares the whole error text of each bad file. With UPDATE=1 it
// writes the texts instead.
func TestBadFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/bad-*.yml")
	if err != nil || len(files) < 25 {
		t.Fatalf("found %d bad files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			cfg, err := Load(file, testOptions())
			if err == nil {
				t.Fatalf("accepted: %+v", cfg)
			}
			golden := strings.TrimSuffix(file, ".yml") + ".err"
			got := err.Error() + "\n"
			if os.Getenv("UPDATE") != "" {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%swant\n%s", got, want)
			}
			if strings.Contains(got, "hunter2") {
				t.Error("the error shows a secret")
			}
			for line := range strings.Lines(got) {
				checkForm(t, file, line)
			}
		})
	}
}

// checkForm checks that a line is file, line number, key path and sentence.
func checkForm(t *testing.T, file, line string) {
	t.Helper()
	rest, ok := strings.CutPrefix(line, file+":")
	number, rest, found := strings.Cut(rest, ": ")
	var n int
	if _, err := fmt.Sscanf(number, "%d", &n); !ok || !found || err != nil || n < 1 || !strings.Contains(rest, ": ") {
		t.Errorf("the line has not the form file:line: key.path: sentence: %s", line)
	}
}

func TestExample(t *testing.T) {
	cfg, err := Load("testdata/example.yml", testOptions())
	if err != nil {
		t.Fatal(err)
	}
	names := make([]string, 0, len(cfg.Targets))
	for _, target := range cfg.Targets {
		names = append(names, target.Name)
	}
	if want := []string{"branch.north", "cloud-desk", "head-office", "service-desk"}; !slices.Equal(names, want) {
		t.Fatalf("targets %v, want %v", names, want)
	}

	branch, office := cfg.Targets[0], cfg.Targets[2]
	branch.system, office.system = nil, nil
	want := Target{Name: "head-office", Timeout: 10 * time.Second, MinInterval: 10 * time.Second, Concurrency: 4, RequestsPerSecond: 10, PageSize: 100, MaxPages: 1000}
	if !reflect.DeepEqual(office, want) {
		t.Errorf("defaults: got %+v, want %+v", office, want)
	}
	want = Target{
		Name: "branch.north", Collectors: []string{"sessions"}, Timeout: 20 * time.Second,
		MinInterval: 10 * time.Second, Concurrency: 2, RequestsPerSecond: 5, PageSize: 200, MaxPages: 500,
	}
	if !reflect.DeepEqual(branch, want) {
		t.Errorf("got %+v, want %+v", branch, want)
	}
}

func TestYeastarOptions(t *testing.T) {
	cfg, err := Load("testdata/example.yml", testOptions())
	if err != nil {
		t.Fatal(err)
	}
	branch, office := optionsOf(t, cfg.Targets[0]), optionsOf(t, cfg.Targets[2])
	if got := reveal(t, office); got != "an example secret" {
		t.Errorf("secret %q", got)
	}
	if want := (yeastar.Viewers{QueueMembers: true, API: true}); !reflect.DeepEqual(office.Viewers, want) {
		t.Errorf("default viewers %+v", office.Viewers)
	}
	if office.APIDestination != yeastar.DestinationAutomation || office.UserAgent != "test/1" || office.Clock == nil {
		t.Errorf("got %+v", office)
	}
	if want := (yeastar.Viewers{API: true, Extensions: []string{"1000", "0100"}}); !reflect.DeepEqual(branch.Viewers, want) {
		t.Errorf("viewers %+v, want %+v", branch.Viewers, want)
	}
	if branch.URL != "https://192.0.2.10:8088" || branch.APIDestination != yeastar.DestinationAgents || branch.PageSize != 200 ||
		branch.MaxPages != 500 || branch.Concurrency != 2 || branch.RequestsPerSecond != 5 || branch.Transport.CertificateSHA256 == "" {
		t.Errorf("got %+v", branch)
	}
}

func TestGoodValues(t *testing.T) {
	inner := `      client_secret_file: secrets/head-office
      viewers: {queue_members: false, api: false, extensions: all}
      proxy_url: http://user:password@proxy.example.com:3128
      no_proxy: localhost
      proxy_connect_header: {X-Key: [one, two]}
      http_headers:
        X-Key: {values: [a], secrets: [b], files: [secrets/head-office]}
      enable_http2: false
      tls_config: {min_version: TLS12, insecure_skip_verify: true, server_name: pbx}
`
	target, opts := parseOne(t, block(inner, "    requests_per_second: 0\n    timeout: 1m30s\n"), testOptions())
	if target.Timeout != 90*time.Second || target.RequestsPerSecond != 0 || target.Collectors != nil {
		t.Errorf("got %+v", target)
	}
	transport := opts.Transport
	if !opts.Viewers.AllExtensions || transport.EnableHTTP2 == nil || *transport.EnableHTTP2 || !transport.TLS.InsecureSkipVerify {
		t.Errorf("got %+v", opts)
	}
	if got := transport.Headers.Headers["X-Key"].Files; !slices.Equal(got, []string{filepath.Join("testdata", "secrets", "head-office")}) {
		t.Errorf("header files %v", got)
	}
	if transport.Proxy.ProxyURL.Host != "proxy.example.com:3128" || len(transport.Proxy.ProxyConnectHeader["X-Key"]) != 2 {
		t.Errorf("proxy %+v", transport.Proxy)
	}
	for _, address := range []string{"http://pbx", "https://pbx.example.com/", "https://[2001:db8::1]:8088"} {
		text := strings.Replace(block("      client_secret: a\n", ""), "https://pbx.example.com", address, 1)
		if _, opts := parseOne(t, text, testOptions()); opts.URL != strings.TrimSuffix(address, "/") {
			t.Errorf("%s became %s", address, opts.URL)
		}
	}
}

func TestAliases(t *testing.T) {
	text := block("      client_secret: &s abc\n", "  u:\n    yeastar: &pbx\n      url: http://pbx\n      client_id: *s\n      client_secret: *s\n  v:\n    yeastar: *pbx\n")
	cfg, err := Parse("inline.yml", []byte(text), testOptions())
	if err != nil {
		t.Fatal(err)
	}
	if opts := optionsOf(t, cfg.Targets[2]); opts.ClientID != "abc" || reveal(t, opts) != "abc" {
		t.Errorf("got %+v", opts)
	}
}

// A target may be named like a system.
func TestTargetNamedLikeASystem(t *testing.T) {
	text := strings.Replace(block("      client_secret: a\n", "    timeout: 5s\n"), "  t:", "  yeastar:", 1)
	if target, _ := parseOne(t, text, testOptions()); target.Name != "yeastar" || target.Timeout != 5*time.Second {
		t.Errorf("got %+v", target)
	}
}

func TestOpen(t *testing.T) {
	target, _ := parseOne(t, block("      client_secret: a\n", ""), testOptions())
	source, err := target.Open(Runtime{UserAgent: "test/1"})
	if err != nil || source == nil {
		t.Fatalf("Open: %v, %v", source, err)
	}
	shared := Runtime{UserAgent: "test/1", SignIns: NewSignIns()}
	if block, ok := target.system().(*yeastarBlock); !ok || block.options(target, shared).SignIns != shared.SignIns {
		t.Error("the memory of sign-ins does not reach the source")
	}
	if _, err := target.Open(Runtime{}); err == nil || !strings.HasPrefix(err.Error(), "target t: ") {
		t.Errorf("Open without a user agent: %v", err)
	}
}

func TestLoadUnreadable(t *testing.T) {
	_, err := Load("testdata/missing.yml", Options{})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("got %v", err)
	}
	if want := "testdata/missing.yml: the file cannot be read: no such file or directory; --config.file names the file to read"; err.Error() != want {
		t.Errorf("got %s, want %s", err, want)
	}
}

func TestDefaultEnvironment(t *testing.T) {
	t.Setenv("CONFIG_TEST_SECRET", "abc")
	opts := Options{ExpandEnv: true}
	if _, got := parseOne(t, block("      client_secret: ${CONFIG_TEST_SECRET}\n", ""), opts); reveal(t, got) != "abc" {
		t.Error("os.LookupEnv is not the default")
	}
}
