package config

import (
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"conversation_exporter/conversation"
)

// Defaults of a target, and the longest time that a scrape may take.
const (
	defaultTimeout           = 10 * time.Second
	maxTimeout               = 120 * time.Second
	defaultMinInterval       = 10 * time.Second
	defaultConcurrency       = 4
	defaultRequestsPerSecond = 10
	defaultPageSize          = 100
	minPageSize              = 2 // A page of one cannot tell a cursor that stands still.
	defaultMaxPages          = 1000
)

// fileBlock is a whole file. A target file has no more than targets.
type fileBlock struct {
	Targets     targetBlocks `yaml:"targets"`
	TargetFiles []string     `yaml:"target_files"`
}

// targetBlocks are the targets by name.
type targetBlocks map[string]targetBlock

// targetBlock is one target: its system's block and how it is read.
type targetBlock struct {
	Systems           systemBlocks  `yaml:",inline"`
	Collectors        []string      `yaml:"collectors"`
	Timeout           time.Duration `yaml:"timeout"`
	MinInterval       time.Duration `yaml:"min_interval"`
	Concurrency       int           `yaml:"concurrency"`
	RequestsPerSecond float64       `yaml:"requests_per_second"`
	PageSize          int           `yaml:"page_size"`
	MaxPages          int           `yaml:"max_pages"`
	AgentNames        bool          `yaml:"agent_names"`
}

// systemBlocks has a field for each system that the exporter can read; a new
// system is a line here. A target fills exactly one of them.
type systemBlocks struct {
	Yeastar     *yeastarBlock     `yaml:"yeastar"`
	Superoffice *superofficeBlock `yaml:"superoffice"`
}

// system is the block of one system.
type system interface {
	// check notes what is wrong with the block at the place, and makes its paths
	// relative to the file.
	check(p place, c checks)
	// open makes the source that the block describes.
	open(t Target, rt Runtime) (conversation.Source, error)
	// resolved is a block that equals that of another one which means the same,
	// however each was written.
	resolved() system
}

// checks is what the blocks are checked against.
type checks struct {
	dir        string
	collectors []string
}

// checkKey is the rule for the names of targets.
func (targetBlocks) checkKey(name string) string {
	if regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`).MatchString(name) {
		return ""
	}
	return "the name of a target must be 1 to 64 letters, digits, _, . or -"
}

// checkEntry finds the block of a system where a target should be, as the name
// above it was forgotten. A target may be named like a system, so its keys
// decide.
func (targetBlocks) checkEntry(e entry) string {
	n := e.value
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	systems := fieldsOf(reflect.TypeFor[systemBlocks]())
	i := slices.IndexFunc(systems, func(f field) bool { return f.key == e.key })
	if i < 0 || hasKeyOf(n, systems) || !hasKeyOf(n, fieldsOf(systems[i].typ.Elem())) {
		return ""
	}
	return "the name of the target is missing above the name of its system; write one of your choice here, and " + e.key + " and its keys below it"
}

// setDefaults fills in what holds where the file is silent.
func (b *targetBlock) setDefaults() {
	b.Timeout = defaultTimeout
	b.MinInterval = defaultMinInterval
	b.Concurrency = defaultConcurrency
	b.RequestsPerSecond = defaultRequestsPerSecond
	b.PageSize = defaultPageSize
	b.MaxPages = defaultMaxPages
}

// check notes what is wrong with the file beyond its form.
func (b *fileBlock) check(root place, c checks) {
	at := root.key("targets")
	for _, name := range slices.Sorted(maps.Keys(b.Targets)) {
		if target := at.key(name); b.Targets.checkKey(name) == "" && !target.refused() {
			b.Targets[name].check(target, c)
		}
	}
}

// check notes what is wrong with one target.
func (b targetBlock) check(p place, c checks) {
	b.checkSystems(p, c)
	if p.has("collectors") {
		b.checkCollectors(p.key("collectors"), c.collectors)
	}
	if b.Timeout <= 0 || b.Timeout > maxTimeout {
		p.key("timeout").fail("must be above 0s and at most %.0fs", maxTimeout.Seconds())
	}
	if b.MinInterval < 0 || b.MinInterval > maxTimeout {
		p.key("min_interval").fail("must be at least 0s, which means none, and at most %.0fs", maxTimeout.Seconds())
	}
	if b.Concurrency < 1 {
		p.key("concurrency").fail("must be at least 1")
	}
	if b.RequestsPerSecond < 0 {
		p.key("requests_per_second").fail("must be at least 0; 0 means no limit")
	}
	if b.PageSize < minPageSize {
		p.key("page_size").fail("must be at least %d", minPageSize)
	}
	if b.MaxPages < 1 {
		p.key("max_pages").fail("must be at least 1")
	}
}

// checkSystems notes it if the target has not exactly one system, and what is
// wrong with the blocks of those it has.
func (b targetBlock) checkSystems(p place, c checks) {
	var names, present []string
	blocks := reflect.ValueOf(b.Systems)
	for _, f := range fieldsOf(blocks.Type()) {
		names = append(names, f.key)
		if !p.has(f.key) {
			continue
		}
		present = append(present, f.key)
		if block := blocks.FieldByIndex(f.index); !block.IsNil() {
			block.Interface().(system).check(p.key(f.key), c) //nolint:errcheck,forcetypeassert // Each field of systemBlocks is a system.
		}
	}
	switch {
	case len(present) == 0:
		p.add(nil, "the target must have the block of its system: %s", strings.Join(names, " or "))
	case len(present) > 1:
		p.add(nil, "the target has more than one system (%s); make a target of each", strings.Join(present, ", "))
	}
}

// checkCollectors notes groups that do not exist or stand twice.
func (b targetBlock) checkCollectors(p place, known []string) {
	if len(b.Collectors) == 0 {
		p.fail("the list is empty; remove the key to read what the flags choose")
	}
	for i, name := range b.Collectors {
		at := p.index(i)
		near := Nearest(name, known)
		switch {
		case slices.Contains(b.Collectors[:i], name):
			at.fail("this group stands twice in the list")
		case slices.Contains(known, name):
		case near != "":
			at.fail("there is no such group; did you mean %s? the known groups are %s", near, strings.Join(known, ", "))
		default:
			at.fail("there is no such group; the known groups are %s", strings.Join(known, ", "))
		}
	}
}

// system is the block of the target's system, nil where there is none.
func (b systemBlocks) system() system {
	blocks := reflect.ValueOf(b)
	for i := range blocks.NumField() {
		if s, ok := blocks.Field(i).Interface().(system); ok && !blocks.Field(i).IsNil() {
			return s
		}
	}
	return nil
}

// targets are those of the file, once it is known to be right.
func (b *fileBlock) targets() []Target {
	list := make([]Target, 0, len(b.Targets))
	for name, t := range b.Targets {
		block := t.Systems.system()
		list = append(list, Target{
			Name:              name,
			Collectors:        t.Collectors,
			Timeout:           t.Timeout,
			MinInterval:       t.MinInterval,
			Concurrency:       t.Concurrency,
			RequestsPerSecond: t.RequestsPerSecond,
			PageSize:          t.PageSize,
			MaxPages:          t.MaxPages,
			AgentNames:        t.AgentNames,
			system:            func() system { return block },
		})
	}
	return list
}
