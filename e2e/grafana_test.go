package e2e

import (
	"os"
	"os/exec"
	"testing"
)

// Without node the test is left out, but not in CI.
func TestDashboardsAreOfGrafanasTypes(t *testing.T) {
	for _, name := range []string{"node", "npm"} {
		if _, err := exec.LookPath(name); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
	if out, err := exec.Command("../scripts/dashboards.sh", "check").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
