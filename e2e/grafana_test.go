package e2e

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// unavailable is the exit code of scripts/dashboards.sh where node or its packages cannot
// be had.
const unavailable = 69

// dashboards runs scripts/dashboards.sh with more in its environment, and tells how it ended.
func dashboards(t *testing.T, environment ...string) (code int, out string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "../scripts/dashboards.sh", "check")
	cmd.Env = append(os.Environ(), environment...)
	text, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(text)
}

// Without node or its packages the test is left out, but not in CI.
func TestDashboardsAreOfGrafanasTypes(t *testing.T) {
	switch code, out := dashboards(t); {
	case code == unavailable && os.Getenv("CI") != "true":
		t.Skip(out)
	case code != 0:
		t.Errorf("exit code %d\n%s", code, out)
	}
}

// Where node or the network is missing, the dashboards are not wrong: that has a code of its
// own, and comes soon. A package that is not the one of the lock file is no such case.
func TestDashboardsThatCannotBeCheckedAreNotWrong(t *testing.T) {
	if _, err := exec.LookPath("npm"); err != nil {
		t.Skip(err)
	}
	without := t.TempDir()
	for _, name := range []string{"bash", "dirname"} {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(without, name)); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		environment []string
		code        int
		say         string
	}{
		"no node":        {[]string{"PATH=" + without}, unavailable, "node is not on the PATH"},
		"no registry":    {fresh(t, "http://"+freeAddress(t)), unavailable, "could not be had"},
		"other packages": {fresh(t, otherPackages(t)), 1, "are not those of its lock file"},
	} {
		t.Run(name, func(t *testing.T) {
			if code, out := dashboards(t, test.environment...); code != test.code || !strings.Contains(out, test.say) {
				t.Errorf("exit code %d, want %d and %q\n%s", code, test.code, test.say, out)
			}
		})
	}
}

// fresh is the environment of a machine that has no package yet, and this registry.
func fresh(t *testing.T, registry string) []string {
	t.Helper()
	return []string{"CI=", "npm_config_registry=" + registry, "npm_config_cache=" + t.TempDir(), "TOOLS=" + filepath.Join(t.TempDir(), "to ols")}
}

// otherPackages is a registry that has every package of the lock file by name and version,
// and something else in it.
func otherPackages(t *testing.T) (url string) {
	t.Helper()
	type release struct {
		Name    string            `json:"name"`
		Version string            `json:"version"`
		Dist    map[string]string `json:"dist,omitempty"`
	}
	var lock struct {
		Packages map[string]release `json:"packages"`
	}
	if err := json.Unmarshal([]byte(read(t, "grafana/package-lock.json")), &lock); err != nil {
		t.Fatal(err)
	}
	packages := make(map[string]map[string]release)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, "/")
		_ = json.NewEncoder(w).Encode(map[string]any{"name": name, "versions": packages[name]})
	}))
	url = "http://" + server.Listener.Addr().String()
	for key, p := range lock.Packages {
		if key == "" { // The folder itself.
			continue
		}
		if p.Name == "" { // One that is installed by another name has its own here.
			p.Name = key[strings.LastIndex(key, "node_modules/")+len("node_modules/"):]
		}
		if packages[p.Name] == nil {
			packages[p.Name] = make(map[string]release)
		}
		p.Dist = map[string]string{"tarball": url + "/other.tgz"}
		packages[p.Name][p.Version] = p
	}
	server.Start()
	t.Cleanup(server.Close)
	return url
}
