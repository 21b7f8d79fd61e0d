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

// offer is what a scrape may choose from.
type offer struct {
	// groups are those of the targets that are read.
	groups []string
	// named are the groups that may be asked for: on the page of one target those of
	// the others too, as one scrape job asks all of them for the same.
	named []string
	// exporter is true where the exporter's own metrics are among it.
	exporter bool
	// off says of a group that exists why it is not among it.
	off string
}

// offEverywhere names both places that may decide, as a target with the key is not
// moved by the flag.
const offEverywhere = "off for every target: name it in a target's key collectors or, for targets without that key, switch it on by --collector.GROUP"

// metricsOffer is what /metrics has.
func (h *Handler) metricsOffer() offer {
	if h.opts.NoTargets {
		return offer{exporter: true, off: "not on this page, because of --no-web.metrics-targets: ask " + probePath + "?" + paramTarget + "=NAME for one target"}
	}
	on := h.opts.Collector.On()
	return offer{groups: on, named: on, exporter: true, off: offEverywhere}
}

// probeOffer is what a target with these groups has on its own page.
func (h *Handler) probeOffer(on []string) offer {
	return offer{groups: on, named: h.opts.Collector.On(), off: offEverywhere}
}

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
func choose(r *http.Request, from offer) (choice, error) {
	// A query that is read in part only would answer with more than was asked for.
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return choice{}, fmt.Errorf("the parameters are not written as a URL has them; %s", from.menu())
	}
	collect, exclude := query[paramCollect], query[paramExclude]
	if len(collect) > 0 && len(exclude) > 0 {
		return choice{}, fmt.Errorf("use either %s or %s, not both; %s", paramCollect, paramExclude, from.menu())
	}
	for _, name := range collect {
		if err := from.check(name); err != nil {
			return choice{}, err
		}
	}
	for _, name := range exclude {
		// What is not there anyhow may be left out.
		if name != groupExporter && !exists(name) {
			return choice{}, from.noGroup(name)
		}
	}
	c := choice{exporter: from.exporter, targets: true}
	switch {
	case len(collect) > 0:
		c.exporter = slices.Contains(collect, groupExporter)
		c.groups = slices.DeleteFunc(slices.Clone(from.groups), func(g string) bool { return !slices.Contains(collect, g) })
		// A target that has none of them tells of its health all the same.
		c.targets = slices.ContainsFunc(collect, exists)
	case len(exclude) > 0:
		c.exporter = from.exporter && !slices.Contains(exclude, groupExporter)
		// The health of the targets stays, even where no group does.
		c.groups = slices.DeleteFunc(append([]string{}, from.groups...), func(g string) bool { return slices.Contains(exclude, g) })
	}
	c.requests = c.targets && r.Method != http.MethodHead
	c.targets = c.targets && wantsTargets(r.Method, query[paramName])
	return c, nil
}

// check refuses a name that no metric could come of.
func (o offer) check(name string) error {
	switch {
	case slices.Contains(o.named, name), o.exporter && name == groupExporter:
		return nil
	case name == groupExporter:
		return fmt.Errorf("the exporter's own metrics are not among those of a target; %s", o.menu())
	case exists(name):
		return fmt.Errorf("the group %s is %s; %s", name, strings.ReplaceAll(o.off, "GROUP", name), o.menu())
	}
	return o.noGroup(name)
}

// noGroup refuses a name that is none of a group.
func (o offer) noGroup(name string) error {
	return fmt.Errorf("there is no group %.40q; %s", name, o.menu())
}

// exists reports whether there is a group of the targets of that name, be it on or
// off.
func exists(name string) bool {
	return slices.ContainsFunc(collector.Groups(), func(g collector.GroupInfo) bool { return g.Name == name })
}

// menu lists what a scrape may choose from.
func (o offer) menu() string {
	names := slices.Clone(o.named)
	if o.exporter {
		names = append(names, groupExporter)
	}
	switch len(names) {
	case 0:
		return "there is nothing to choose from"
	case 1:
		return "there is only " + names[0]
	}
	return "there are " + strings.Join(names, ", ")
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
