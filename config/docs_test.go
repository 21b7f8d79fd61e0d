package config

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	promconfig "github.com/prometheus/common/config"
)

// keysOf lists the keys of a type and of all types below it.
func keysOf(t reflect.Type) []string {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return keysOf(t.Elem())
	case reflect.Struct:
	default:
		return nil
	}
	if t == reflect.TypeFor[promconfig.Headers]() {
		return keysOf(reflect.TypeFor[promconfig.Header]())
	}
	var keys []string
	for _, f := range fieldsOf(t) {
		keys = append(keys, f.key)
		keys = append(keys, keysOf(f.typ)...)
	}
	return keys
}

// TestDocumentNamesEveryKey keeps docs/configuration.md complete.
func TestDocumentNamesEveryKey(t *testing.T) {
	text, err := os.ReadFile("../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	keys := keysOf(reflect.TypeFor[fileBlock]())
	if len(keys) < 35 {
		t.Fatalf("found only the keys %v", keys)
	}
	for _, key := range keys {
		if !strings.Contains(string(text), "\n| `"+key+"` |") {
			t.Errorf("docs/configuration.md has no row for the key %s", key)
		}
	}
}

// TestDocumentExamples reads the whole files that the document shows.
func TestDocumentExamples(t *testing.T) {
	text, err := os.ReadFile("../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	// A private key must be one, and none is kept in the repository.
	key := filepath.Join(t.TempDir(), "application.key")
	if err := os.WriteFile(key, []byte(rsaKey(t)), 0o600); err != nil {
		t.Fatal(err)
	}
	found := false
	for _, part := range strings.Split(string(text), "```yaml\n")[1:] {
		example, _, _ := strings.Cut(part, "```")
		if !strings.HasPrefix(example, "targets:") {
			continue
		}
		found = true
		example = strings.ReplaceAll(example, "/run/secrets/application.key", key)
		example = strings.ReplaceAll(example, "/run/secrets/", "secrets/")
		if _, err := Parse("testdata/example.md", []byte(example), testOptions()); err != nil {
			t.Error(err)
		}
	}
	if !found {
		t.Error("docs/configuration.md shows no file")
	}
}
