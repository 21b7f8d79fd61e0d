package config

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

func TestExpandEnvironment(t *testing.T) {
	env := map[string]string{
		"PBX_SECRET": "from the environment\n", "EMPTY": "", "DOLLAR": "$such ${as} this", "BLANK": canary + " ", "LATIN1": canary + "\xe9",
	}
	opts := testOptions()
	opts.ExpandEnv = true
	opts.LookupEnv = func(name string) (string, bool) {
		value, ok := env[name]
		return value, ok
	}

	inner := "      client_secret: ${PBX_SECRET}\n      http_headers: {X-Key: {secrets: [\"${PBX_SECRET}\"], values: [\"${PBX_SECRET}\"]}}\n"
	_, got := parseOne(t, block(inner, ""), opts)
	header := got.Transport.Headers.Headers["X-Key"]
	if reveal(t, got) != "from the environment" || header.Secrets[0] != "from the environment" {
		t.Error("the variable was not expanded, or its newline was kept")
	}
	if header.Values[0] != "${PBX_SECRET}" {
		t.Error("a variable was expanded in a key that holds no secret")
	}
	for reference, want := range map[string]string{`"${PBX_SECRET}\n"`: "from the environment", "${DOLLAR}": env["DOLLAR"]} {
		if _, got := parseOne(t, block("      client_secret: "+reference+"\n", ""), opts); reveal(t, got) != want {
			t.Errorf("%s is not the variable's value", reference)
		}
	}

	for reference, want := range map[string]string{
		"${UNSET}":     "the environment variable UNSET is not set",
		"${EMPTY}":     "must not be empty",
		`"${no-name}"`: "no environment variable can have",
		"$PBX_SECRET":  "looks like $NAME",
		"a${DOLLAR}":   "has ${NAME} beside other text",
		"${DOLLAR} a":  "has ${NAME} beside other text",
		"${BLANK}":     "the secret begins or ends with white space",
		"${LATIN1}":    "the secret is not UTF-8",
	} {
		_, err := Parse("f.yml", []byte(block("      client_secret: "+reference+"\n", "")), opts)
		if err == nil || !strings.HasPrefix(err.Error(), "f.yml:6: targets.t.yeastar.client_secret: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", reference, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "Canary") {
			t.Errorf("the error shows a secret: %v", err)
		}
	}
}

func TestSecretFileIsReadAtEachSignIn(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "secret")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("first\n")
	// The path is relative to the directory of the file, not to the working directory.
	cfg, err := Parse(filepath.Join(dir, "conversation_exporter.yml"), []byte(block("      client_secret_file: secret\n", "")), testOptions())
	if err != nil {
		t.Fatal(err)
	}
	opts := optionsOf(t, cfg.Targets[0])
	for text, want := range map[string]string{
		"a\n": "a", "b\r\n": "b", "d": "d", "e f\n": "e f", "$g ${h} i": "$g ${h} i",
	} {
		write(text)
		if got := reveal(t, opts); got != want {
			t.Errorf("of %q the secret is %q, want %q", text, got, want)
		}
	}
	for text, want := range map[string]string{
		"": "is empty", strings.Repeat("x", maxSecretBytes+1): "too long",
		canary + "\n\n":            "the secret begins or ends with white space",
		canary + "\r\n\r\n":        "the secret begins or ends with white space",
		"\u00a0" + canary:          "the secret begins or ends with white space",
		canary + " \n":             "the secret begins or ends with white space",
		" \t\n":                    "the secret is white space only",
		canary + "\n" + canary:     "the secret holds a control character",
		canary + "\x00":            "the secret holds a control character",
		"\ufeff" + canary + "\n":   "the secret holds a byte order mark",
		"\xff\xfea\x00" + canary:   "the secret is not UTF-8",
		canary + "\u0085" + canary: "the secret holds a control character",
	} {
		write(text)
		_, err := opts.Secret()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("of %q: got %v, want %s", text, err, want)
		}
		if err != nil && (strings.Contains(err.Error(), "Canary") || !strings.Contains(err.Error(), path)) {
			t.Errorf("the error shows the secret or not the file: %v", err)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := opts.Secret(); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("the error does not name the file: %v", err)
	}
}

// canaryFiles are files with the canary at places where secrets end up, by
// right or by mistake.
func canaryFiles() []string {
	const secretFile = "      client_secret_file: secrets/head-office\n"
	files := []string{
		canary,
		"- " + canary,
		"targets: " + canary,
		canary + ": {}\n",
		block("      client_secret: \""+canary+"\n", ""),
		block("      client_secret: *"+canary+"\n", ""),
		block("      client_secret: &"+canary+" a\n", ""),
		block("      client_secret: !"+canary+" a\n", ""),
		block("      client_secret: !!int "+canary+"\n", ""),
		block("      client_secret:"+canary+"\n", ""),
		block("      client_secret="+canary+"\n", ""),
		block("      \"client_secret="+canary+"\": a\n", ""),
		block("      client_secret: "+canary+"\n      client_secret: "+canary+"\n", ""),
		block("      \"x="+canary+"\": a\n      \"x="+canary+"\": a\n", ""),
		block("      client_secret: ["+canary+"]\n", ""),
		block("      client_secret: {"+canary+": "+canary+"}\n", ""),
		block("      client_secret: "+canary+"\n", "    timeout: 0s\n"),
		block("      client_secret: \"${"+canary+"}\"\n", ""),
		block("      client_secret_file: "+canary+"\n", ""),
		block("      password: "+canary+"\n", ""),
		block("      client_secret: "+canary+"\n      client_secret_file: "+canary+"\n", ""),
		strings.Replace(block(secretFile, "    timeout: 0s\n"), "https://", "https://admin:"+canary+"@", 1),
		strings.Replace(block(secretFile, ""), "pbx.example.com", "pbx.example.com?access_token="+canary, 1),
		strings.Replace(block(secretFile, ""), "https://pbx.example.com", canary, 1),
		"targets:\n  \"" + canary + "\":\n    timeout: 1\n",
		"targets:\n  yeastar:\n    client_secret: " + canary + "\n",
		"targets:\n  t:\n    client_secret: " + canary + "\n",
		"client_secret: " + canary + "\n",
		block("      client_secret: \" "+canary+"\"\n", ""),
		block("      client_secret: \""+canary+"\\n\\n\"\n", ""),
		block("      client_secret: \""+canary+"\\0\"\n", ""),
		block("      client_secret: \"\\ufeff"+canary+"\"\n", ""),
		block("      client_secret: $s3cr3tCanary\n", ""),
		block("      client_secret: ${NAME}"+canary+"\n", ""),
		block("      client_secret: "+canary+"${NAME}\n", ""),
		block("      client_secret: "+canary+"\n", "\ttimeout: "+canary+"\n"),
		block("      client_secret: "+canary+"\n     \tviewers: "+canary+"\n", ""),
		block("      client_secret: |\n\t"+canary+"\n", ""),
		block("      client_secret:"+canary+"\n      viewers: {}\n", ""),
		strings.Replace(block(secretFile, ""), "client_id: monitor", "client_id:"+canary, 1),
		strings.Replace(block(secretFile, ""), "client_id: monitor", "client_id: \""+canary+" \"", 1),
	}
	for _, line := range []string{
		"viewers: " + canary, "viewers: {extensions: " + canary + "}", "viewers: {extensions: [" + canary + "]}", "viewers: {api: " + canary + "}",
		"api_destination: " + canary, "certificate_sha256: " + canary, "enable_http2: " + canary,
		"proxy_url: http://user:" + canary + "@proxy:port", "proxy_url: \"http://user:" + canary + "@proxy:3128/%zz\"", "proxy_url: " + canary,
		"proxy_connect_header: {X: " + canary + "}", "proxy_connect_header: {X: [" + canary + "]}", "proxy_connect_header: {\"" + canary + "\": [a]}",
		"http_headers: " + canary, "http_headers: {X: " + canary + "}", "http_headers: {X: {values: " + canary + "}}",
		"http_headers: {Authorization: {secrets: [" + canary + "]}}", "http_headers: {X: {files: [" + canary + "]}}", "http_headers: {\"" + canary + "\": {}}",
		"timeout: " + canary, "extensions: " + canary, "key: " + canary, "secrets: [" + canary + "]", "viewers: {client_secret: " + canary + "}",
		"tls_config: {key: " + canary + "}", "tls_config: {cert: " + canary + ", key: " + canary + "}", "tls_config: {key_file: " + canary + "}",
		"tls_config: {min_version: " + canary + "}", "tls_config: {key: [" + canary + "]}", "tls_config: {ca: " + canary + "}", "tls_config: {key_ref: " + canary + "}",
	} {
		files = append(files, block(secretFile+"      "+line+"\n", "    timeout: 0s\n"))
	}
	for _, key := range []string{"timeout", "concurrency", "requests_per_second", "page_size", "max_pages", "collectors", "secret"} {
		files = append(files, block(secretFile, "    "+key+": "+canary+"\n"), block(secretFile, "    "+key+": ["+canary+"]\n"))
	}
	return files
}

// TestLesson04ErrorsShowNoSecret puts a secret wherever it may end up.
func TestLesson04ErrorsShowNoSecret(t *testing.T) {
	for _, text := range canaryFiles() {
		for _, expand := range []bool{false, true} {
			opts := testOptions()
			opts.ExpandEnv = expand
			_, err := Parse("testdata/inline.yml", []byte(text), opts)
			if err == nil {
				t.Errorf("accepted:\n%s", text)
				continue
			}
			if strings.Contains(err.Error(), "Canary") || strings.Contains(err.Error(), "s3cr3t") {
				t.Errorf("the error shows a secret: %v\n%s", err, text)
			}
		}
	}
}

// TestLesson04ConfigShowsNoSecret prints a configuration in every way.
func TestLesson04ConfigShowsNoSecret(t *testing.T) {
	inner := "      client_secret: " + canary + "\n      http_headers: {X: {secrets: [" + canary + "]}}\n" +
		"      proxy_url: http://user:" + canary[:6] + "@proxy:3128\n      proxy_connect_header: {X: [" + canary + "]}\n"
	cfg, err := Parse("inline.yml", []byte(block(inner, "")), testOptions())
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, v := range []any{cfg, *cfg, cfg.Targets, cfg.Targets[0], &cfg.Targets[0]} {
		texts = append(texts, fmt.Sprintf("%v %+v %#v %s", v, v, v, v))
		asJSON, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		asYAML, err := yaml.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(asJSON), string(asYAML))
	}
	for _, text := range texts {
		if strings.Contains(text, canary[:6]) {
			t.Errorf("a secret is shown: %s", text)
		}
	}
}

// FuzzParse looks for panics and for errors that show a secret.
func FuzzParse(f *testing.F) {
	for _, text := range canaryFiles() {
		f.Add([]byte(text))
	}
	files, err := filepath.Glob("testdata/*.yml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		cfg, err := Parse("testdata/inline.yml", text, testOptions())
		switch {
		case err == nil && len(cfg.Targets) == 0:
			t.Error("a configuration without a target")
		case err != nil && strings.Contains(err.Error(), canary):
			t.Errorf("the error shows a secret: %v", err)
		}
		if err != nil {
			for line := range strings.Lines(err.Error()) {
				file, _, _ := strings.Cut(line, ":") // It may be one that target_files names.
				checkForm(t, file, line)
			}
		}
	})
}
