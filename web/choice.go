package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"conversation_exporter/collector"
)

// groupExporter is the name by which a scrape chooses the exporter's own metrics.
const groupExporter = "exporter"

// The parameters by which a scrape chooses groups, and the library's own, by
// which it chooses metrics.
const (
	paramCollect = "collect[]"
	paramExclude = "exclude[]"
	paramName    = "name[]"
)

// choice is what a scrape asks for.
type choice struct {
	// exporter is true where the exporter's own metrics are wanted, targets where
	// those of the targets are.
	exporter, targets bool
	// requests is true where those of the requests to the targets are, which need
	// no pass.
	requests bool
	// groups are the groups that are wanted of the targets; nil means all.
	groups []string
}

// choose reads what a scrape asks for. The error is the sentence for a scraper
// that asks for what cannot be.
func choose(r *http.Request, on []string) (choice, error) {
	// A query that is read in part only would answer with more than was asked for.
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return choice{}, fmt.Errorf("the parameters are not written as a URL has them; %s", menu(on))
	}
	collect, exclude := query[paramCollect], query[paramExclude]
	if len(collect) > 0 && len(exclude) > 0 {
		return choice{}, fmt.Errorf("use either %s or %s, not both; %s", paramCollect, paramExclude, menu(on))
	}
	for _, name := range slices.Concat(collect, exclude) {
		if err := checkGroup(name, on); err != nil {
			return choice{}, err
		}
	}
	c := choice{exporter: true, targets: true}
	switch {
	case len(collect) > 0:
		c.exporter = slices.Contains(collect, groupExporter)
		c.groups = slices.DeleteFunc(slices.Clone(on), func(g string) bool { return !slices.Contains(collect, g) })
		c.targets = len(c.groups) > 0
	case len(exclude) > 0:
		c.exporter = !slices.Contains(exclude, groupExporter)
		// The health of the targets stays, even where no group does.
		c.groups = slices.DeleteFunc(append([]string{}, on...), func(g string) bool { return slices.Contains(exclude, g) })
	}
	c.requests = c.targets && r.Method != http.MethodHead
	c.targets = c.targets && wantsTargets(r.Method, query[paramName])
	return c, nil
}

// checkGroup refuses a name that no metric could come of.
func checkGroup(name string, on []string) error {
	switch {
	case name == groupExporter, slices.Contains(on, name):
		return nil
	case slices.ContainsFunc(collector.Groups(), func(g collector.GroupInfo) bool { return g.Name == name }):
		return fmt.Errorf("the group %s is off for every target: switch it on by --collector.%s; %s", name, name, menu(on))
	}
	return fmt.Errorf("there is no group %.40q; %s", name, menu(on))
}

// menu lists what a scrape may choose from.
func menu(on []string) string {
	return "there are " + strings.Join(append(slices.Clone(on), groupExporter), ", ")
}

// wantsTargets reports whether a scrape asks for any metric of a target: HEAD
// asks for none, and the parameter name[], which the library knows, may ask for
// others only.
func wantsTargets(method string, names []string) bool {
	if method == http.MethodHead || len(names) == 0 {
		return method != http.MethodHead
	}
	return slices.ContainsFunc(collector.Metrics(), func(m collector.Metric) bool { return slices.Contains(names, m.Name) })
}
