package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "conversation_exporter/"

// rooms says which rooms of ours each room may import. A room is a folder with
// all below it; the files at the top are the room ".".
func rooms() map[string][]string {
	return map[string][]string{
		".":                  {"config", "web", "collector", "simulator"},
		"web":                {"collector"},
		"config":             {"source/yeastar", "source/superoffice", "source/httpapi", "conversation"},
		"collector":          {"conversation"},
		"source/yeastar":     {"source/httpapi", "conversation"},
		"source/superoffice": {"source/httpapi", "conversation"},
		"source/sourcetest":  {"conversation"},
		"source/httpapi":     nil,
		"conversation":       nil,
		"simulator":          nil,
	}
}

// roomOf finds the room that a folder belongs to; it is empty for none.
func roomOf(dir string) string {
	for room := range rooms() {
		if dir == room || strings.HasPrefix(dir, room+"/") {
			return room
		}
	}
	return ""
}

// sources calls see for each Go file of the module that is not a test, with its
// room and imports.
func sources(t *testing.T, see func(file, room string, imports []string)) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if path != "." && (strings.HasPrefix(d.Name(), ".") || path == "e2e" || d.Name() == "testdata") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		var imports []string
		for _, spec := range parsed.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			imports = append(imports, name)
		}
		see(path, roomOf(filepath.ToSlash(filepath.Dir(path))), imports)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestRoomsImportWhatTheHouseAllows(t *testing.T) {
	seen := 0
	sources(t, func(file, room string, imports []string) {
		if room == "" {
			t.Errorf("%s is in no room of the house", file)
		}
		for _, name := range imports {
			ours, ok := strings.CutPrefix(name, module)
			if !ok {
				continue
			}
			seen++
			if other := roomOf(ours); other != room && !slices.Contains(rooms()[room], other) {
				t.Errorf("%s: the room %s may not import %s", file, room, ours)
			}
			if room == "." && roomOf(ours) == "simulator" && file != "demo.go" {
				t.Errorf("%s: the simulator is for the demo only", file)
			}
		}
	})
	if seen < 10 {
		t.Errorf("only %d imports of ours were seen", seen)
	}
}

func TestLibrariesStayInTheirRooms(t *testing.T) {
	sources(t, func(file, room string, imports []string) {
		for _, name := range imports {
			switch {
			case strings.HasPrefix(name, "github.com/prometheus/client_golang"):
				if !slices.Contains([]string{"collector", "source/httpapi", "web"}, room) {
					t.Errorf("%s imports %s", file, name)
				}
			case name == "log/slog", strings.HasPrefix(name, "github.com/tjhop/slog-gokit"):
				if file != "logging.go" {
					t.Errorf("%s imports %s: only the bridge to the web toolkit does", file, name)
				}
			}
		}
	})
}

func TestFilesAreNotTooLong(t *testing.T) {
	sources(t, func(file, _ string, _ []string) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		limit := 400
		if file == "main.go" {
			limit = 250
		}
		if n := strings.Count(string(text), "\n"); n > limit {
			t.Errorf("%s has %d lines, more than %d", file, n, limit)
		}
	})
}

// The collector never names a vendor, and a source never names a metric. The
// client under the sources is no source: the metrics of requests are its own.
func TestWordsStayInTheirRooms(t *testing.T) {
	sources(t, func(file, room string, _ []string) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		lower := strings.ToLower(string(text))
		if room == "collector" || room == "conversation" {
			for _, vendor := range []string{"yeastar", "superoffice", "pbx", "errcode"} {
				if strings.Contains(strings.ReplaceAll(lower, `such as "yeastar"`, ""), vendor) {
					t.Errorf("%s names %s", file, vendor)
				}
			}
		}
		if strings.HasPrefix(room, "source/") && room != "source/httpapi" && strings.Contains(strings.ReplaceAll(lower, `"conversation_exporter/`, ""), `"conversation_`) {
			t.Errorf("%s names a metric", file)
		}
	})
}
