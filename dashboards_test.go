package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestDashboardsAreOfOneForm(t *testing.T) {
	uids := make(map[string]string)
	for _, d := range readDashboards(t) {
		text, err := os.ReadFile(filepath.Join(dashboardsDir, d.file))
		if err != nil {
			t.Fatal(err)
		}
		var want bytes.Buffer
		if err := json.Indent(&want, text, "", "  "); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(bytes.TrimRight(want.Bytes(), "\n"), bytes.TrimSuffix(text, []byte("\n"))) {
			t.Errorf("%s is not indented by two spaces", d.file)
		}
		if other := uids[d.UID]; d.UID == "" || other != "" {
			t.Errorf("%s has the uid %q, as has %q", d.file, d.UID, other)
		}
		uids[d.UID] = d.file
		if d.Title == "" || d.Description == "" || d.Version < 1 || d.SchemaVersion < 39 || d.Refresh == "" {
			t.Errorf("%s has no title, description, version, schemaVersion or refresh", d.file)
		}
		if d.Editable {
			t.Errorf("%s can be changed where it was provisioned, and the next start undoes that", d.file)
		}
		if !slices.Equal(d.Tags, []string{"conversation_exporter"}) {
			t.Errorf("%s has the tags %q", d.file, d.Tags)
		}
		if len(d.Links) != 1 || d.Links[0].Type != "dashboards" || !slices.Equal(d.Links[0].Tags, d.Tags) || !d.Links[0].IncludeVars || !d.Links[0].KeepTime {
			t.Errorf("%s does not lead to the others with what is chosen: %+v", d.file, d.Links)
		}
	}
	fleet, err := os.ReadFile(dashboardsDir + "/fleet.json")
	if err != nil {
		t.Fatal(err)
	}
	link := regexp.MustCompile(`"/d/([a-z-]+)/[a-z-]+\?`).FindSubmatch(fleet)
	if link == nil || uids[string(link[1])] != "conversations.json" {
		t.Errorf("a row of the fleet leads to %q, which is not the conversations", link)
	}
}

func TestDashboardsHaveTheSameVariables(t *testing.T) {
	exports, _ := exportedSeries(t)
	metric := regexp.MustCompile(`conversation_[a-z_]+`)
	names := []string{"datasource", "job", "instance", "target", "channel", "queue"}
	for _, d := range readDashboards(t) {
		for i, v := range d.Templating.List {
			if i >= len(names) || v.Name != names[i] {
				t.Fatalf("%s: variable %d is %q, want %q", d.file, i, v.Name, names)
			}
			if v.Label == "" {
				t.Errorf("%s: the variable %s has no label", d.file, v.Name)
			}
			if i == 0 {
				if v.Type != "datasource" || string(v.Query) != `"prometheus"` || v.Label != "Data source" {
					t.Errorf("%s: the variable datasource is %+v", d.file, v)
				}
				continue
			}
			if v.Type != "query" || v.Datasource.UID != "${datasource}" || !v.Multi || !v.IncludeAll || v.AllValue != ".+" || v.Refresh != 2 {
				t.Errorf("%s: the variable %s is %+v", d.file, v.Name, v)
			}
			if !strings.HasSuffix(v.asks(), ", "+v.Name+")") || !strings.HasPrefix(v.asks(), "label_values(") {
				t.Errorf("%s: the variable %s asks for %s", d.file, v.Name, v.asks())
			}
			if name := metric.FindString(v.asks()); !slices.Contains(exports[name].labels, v.Name) {
				t.Errorf("%s: the variable %s asks %s, which has no such label", d.file, v.Name, name)
			}
			for _, before := range names[1:min(i, 4)] {
				if !strings.Contains(v.asks(), fmt.Sprintf(`%s=~"$%s"`, before, before)) {
					t.Errorf("%s: the variable %s does not follow %s", d.file, v.Name, before)
				}
			}
		}
		if len(d.Templating.List) != len(names) {
			t.Errorf("%s has %d variables, want %q", d.file, len(d.Templating.List), names)
		}
	}
}

// Each panel says what it shows and what one does with it: that is two sentences at
// the least.
func TestEveryPanelSaysWhatItShows(t *testing.T) {
	for _, d := range readDashboards(t) {
		ids, titles := make(map[int]bool), make(map[string]bool)
		for _, p := range append(d.all(), rows(d)...) {
			if p.ID == 0 || ids[p.ID] {
				t.Errorf("%s has the id %d of another", d.where(p), p.ID)
			}
			ids[p.ID] = true
		}
		for _, p := range d.all() {
			if p.Title == "" || titles[p.Title] {
				t.Errorf("%s: the panel %d has no title of its own", d.where(p), p.ID)
			}
			titles[p.Title] = true
			if !strings.HasSuffix(p.Description, ".") || len(regexp.MustCompile(`[.:?] `).FindAllString(p.Description, -1)) < 1 {
				t.Errorf("%s: the description does not say what it shows and what to do with it: %q", d.where(p), p.Description)
			}
			if p.FieldConfig.Defaults.Unit == "" {
				t.Errorf("%s has no unit", d.where(p))
			}
			if none := p.FieldConfig.Defaults.NoValue; !strings.Contains(none, "not read") && (p.Type != "table" || none != "–") {
				t.Errorf("%s says %q where there is no data, which may be nothing or not read", d.where(p), none)
			}
			if p.Datasource.UID != "${datasource}" || p.Datasource.Type != "prometheus" {
				t.Errorf("%s asks %+v", d.where(p), p.Datasource)
			}
		}
		overlaps(t, d.file, d.Panels)
		for _, p := range d.Panels {
			overlaps(t, d.file, p.Panels)
		}
	}
}

func rows(d dashboard) []panel {
	return slices.DeleteFunc(slices.Clone(d.Panels), func(p panel) bool { return p.Type != "row" })
}

// overlaps tells of panels that lie upon each other, or beyond the 24 columns.
func overlaps(t *testing.T, file string, panels []panel) {
	t.Helper()
	taken := make(map[[2]int]string)
	for _, p := range panels {
		g := p.GridPos
		if g.W < 1 || g.H < 1 || g.X < 0 || g.X+g.W > 24 {
			t.Errorf("%s: %q lies at %+v", file, p.Title, g)
		}
		for x := g.X; x < g.X+g.W; x++ {
			for y := g.Y; y < g.Y+g.H; y++ {
				if other, is := taken[[2]int{x, y}]; is {
					t.Fatalf("%s: %q lies upon %q", file, p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
	}
}

// A figure is of this moment, so that the last value from before an outage is not
// shown for it; and beside it stands how many targets are not read (red) or not whole
// (orange), by the same two queries everywhere. What they and the figures return is in
// TestFiguresMeanWhatTheySay.
func TestNoFigureIsCalmWhileATargetIsNotRead(t *testing.T) {
	const target = `on (job, instance, target`
	read := regexp.MustCompile(regexp.QuoteMeta(`max by (job, instance, target) (conversation_`) + `(?:` +
		`scrape_collector_success\{[^}]*collector="(?:sessions|messages|queues|channels)"\} == 1 unless ` + regexp.QuoteMeta(target) + `, collector\) conversation_scrape_collector_partial\{[^}]*\} == 1|` +
		`up\{[^}]*\} == 1(?: unless ` + regexp.QuoteMeta(target) + `\) \(conversation_scrape_collector_partial\{[^}]*\} == 1 or conversation_scrape_collector_success\{[^}]*\} == 0\) )?)\) \* 0\b`)
	beside := make(map[string]string)
	marks := make(map[string]string)
	for _, d := range readDashboards(t) {
		for _, p := range d.all() {
			for _, q := range p.Targets {
				if strings.Contains(q.Expr, "vector(") {
					t.Errorf("%s shows a number that nobody has read: %s", d.where(p), q.Expr)
				}
				if expr := strings.ReplaceAll(oneLine(q.Expr), "( ", "("); strings.Count(expr, "* 0") != len(read.FindAllString(expr, -1)) {
					t.Errorf("%s shows a 0 that does not depend on the reading: %s", d.where(p), q.Expr)
				}
			}
			if p.Type != "stat" {
				continue
			}
			for _, q := range p.Targets {
				if !q.Instant {
					t.Errorf("%s %s is not of this moment", d.where(p), q.RefID)
				}
			}
			for ref, says := range map[string][2]string{"B": {"suffix: not read", "red"}, "C": {"suffix: not whole", "orange"}} {
				i := slices.IndexFunc(p.Targets, func(q query) bool { return q.RefID == ref })
				if i < 0 {
					t.Fatalf("%s has no query %s", d.where(p), ref)
				}
				if first := beside[ref]; first != "" && first != p.Targets[i].Expr {
					t.Errorf("%s counts by another condition than the others: %s", d.where(p), p.Targets[i].Expr)
				}
				beside[ref] = p.Targets[i].Expr
				if colour := fmt.Sprint(p.property(ref, "color")); p.property(ref, "unit") != says[0] || colour != "map[fixedColor:"+says[1]+" mode:fixed]" {
					t.Errorf("%s does not say %q in %s", d.where(p), says[0], says[1])
				}
			}
		}
		// Grafana marks the times at which the value is above 0.
		for _, a := range d.Annotations.List {
			if first := marks[a.Name]; !strings.HasSuffix(a.Target.Expr, ") + 1") || first != "" && first != a.Target.Expr {
				t.Errorf("%s: the annotation %s marks %s", d.file, a.Name, a.Target.Expr)
			}
			marks[a.Name] = a.Target.Expr
			if !a.Enable || a.Datasource.UID != "${datasource}" || a.Target.Datasource.UID != "${datasource}" || a.Target.Interval != "1m" {
				t.Errorf("%s: the annotation %s is %+v", d.file, a.Name, a)
			}
		}
		if len(d.Annotations.List) != 2 {
			t.Errorf("%s does not mark the times in which a target or the exporter was down", d.file)
		}
	}
}
